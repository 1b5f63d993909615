/*
 * map_many, one program over many segments, as the backend does it and as it is composed of maps: constants of the
 * request or of each segment, inputs that are one element.
 */
#include "core/rows.h"
#include "host/compose.h"
#include "support/device_test.h"
#include "support/requests.h"

enum { MOST = 41, CONST_A = 3, CONST_B };

/* out 0 = x a + s, out 1 = (x - y) b: inputs x, y and the single s, all small whole numbers, so every result is exact */
static cg_program two_outputs(void) {
    cg_program p = {.type = CG_F32, .n_inputs = 3, .n_consts = 2, .n_outputs = 2};
    const int scaled = cg_program_push(&p, CG_ROW_mul, 0, CONST_A, 0);
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_add, scaled, 2, 0);
    p.output[1] =
        (uint8_t)cg_program_push(&p, CG_ROW_mul, cg_program_push(&p, CG_ROW_sub, 0, 1, 0), CONST_B, 0);
    return p;
}

typedef struct segments {
    int n;
    int64_t length[MOST];
    float x[MOST][600], y[MOST][600], s[MOST];
    cg_segment segment[MOST];
} segments;

/* Output 0 is written over x. */
static segments *make_segments(cg_device *dev, int n, int64_t longest) {
    segments *all = scratch(sizeof *all);
    all->n = n;
    for (int k = 0; k < n; k++) {
        all->length[k] = 1 + k * (longest - 1) / (n > 1 ? n - 1 : 1);
        for (int64_t i = 0; i < all->length[k]; i++) {
            all->x[k][i] = (float)((i * 7 + k) % 50 - 20);
            all->y[k][i] = (float)((i * 3 + 5 * k) % 40);
        }
        all->s[k] = (float)(100 * k);
        cg_segment *segment = &all->segment[k];
        *segment = (cg_segment){.n = all->length[k]};
        segment->in[0] = segment->out[0] = put(dev, CG_F32, all->length[k], all->x[k]);
        segment->in[1] = put(dev, CG_F32, all->length[k], all->y[k]);
        segment->in[2] = put(dev, CG_F32, 1, &all->s[k]);
        segment->out[1] = put(dev, CG_F32, all->length[k], NULL);
        segment->consts[0].f = k + 2;
        segment->consts[1].f = 3 - k;
    }
    return all;
}

static void check_segments(cg_device *dev, const segments *all, bool own) {
    for (int k = 0; k < all->n; k++) {
        float want[2][600];
        const float a = own ? (float)(k + 2) : -3, b = own ? (float)(3 - k) : 5;
        for (int64_t i = 0; i < all->length[k]; i++) {
            want[0][i] = all->x[k][i] * a + all->s[k];
            want[1][i] = (all->x[k][i] - all->y[k][i]) * b;
        }
        check_case("segment %d of %d, %s constants", k, all->n, own ? "own" : "shared");
        const cg_segment *segment = &all->segment[k];
        check_bits(take(dev, segment->out[0], all->length[k]), want[0], all->length[k], sizeof(float));
        check_bits(take(dev, segment->out[1], all->length[k]), want[1], all->length[k], sizeof(float));
        drop(dev, segment->in[1]);
        drop(dev, segment->in[2]);
    }
    scratch_free_all();
}

static void run(cg_device *dev, int n, int64_t longest, bool own, bool composed) {
    const cg_program program = two_outputs();
    segments *all = make_segments(dev, n, longest);
    const cg_map_many_request r = {.program = &program,
                                   .n_segments = n,
                                   .segment = all->segment,
                                   .consts = {{.f = -3}, {.f = 5}},
                                   .own_consts = own,
                                   .single = 1u << 2};
    CHECK((composed ? cg_compose_map_many(dev->hw, &r) : cg_hw_map_many(dev->hw, &r)) == CG_OK);
    check_segments(dev, all, own);
}

DEVICE_TEST_ONCE(small_map_many, constants_and_single_inputs) {
    const int64_t longest = device_is_slow(dev) ? 40 : 600;
    for (int own = 0; own < 2; own++) {
        run(dev, 3, longest, own, false);
        run(dev, MOST, longest, own, false);
        run(dev, 3, longest, own, true);
    }
}
