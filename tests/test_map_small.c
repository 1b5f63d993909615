/* Maps of few elements, which the CPU backend runs without a plan, are those of many elements: the same bits. */
#include "core/rows.h"
#include "support/device_test.h"
#include "support/requests.h"

enum { LONG = 3000 };

/* A program of several rows and outputs: constants, a broadcast, conversions, a comparison. */
static void compute(cg_tensor *x, cg_tensor *y, cg_tensor *number, cg_tensor **out) {
    cg_tensor *flag = cg_gt(cg_mul(x, 3), cg_add(y, 0.25));
    out[0] = cg_where(flag, cg_exp(x), cg_div(y, cg_add(cg_square(number), 1.5)));
    out[1] = flag;
    out[2] = cg_add(cg_cast(y, CG_F64), x);
    out[3] = cg_cast(cg_mul(x, 17), CG_U8);
    out[4] = cg_clone(flag);
    out[5] = cg_maximum(cg_sub(2, x), number);
}

enum { OUTPUTS = 6 };

static cg_tensor *part(cg_tensor *x, int64_t begin, int64_t n, int64_t step) {
    return cg_slice(x, 0, begin, begin + n * step, step);
}

static void check_part(cg_tensor *x, cg_tensor *y, cg_tensor *number, int64_t n, int64_t step) {
    check_case("%lld elements, every %lld", (long long)n, (long long)step);
    cg_tensor *whole[OUTPUTS], *some[OUTPUTS];
    compute(x, y, number, whole);
    compute(part(x, 1, n, step), part(y, 1, n, step), number, some);
    for (int i = 0; i < OUTPUTS; i++) check_same_bits(some[i], part(whole[i], 1, n, step));
}

CPU_TEST(small_maps, few_elements_are_as_many) {
    float a[LONG], b[LONG];
    for (int i = 0; i < LONG; i++)
        a[i] = 0.013F * (float)(i % 301) - 1.7F, b[i] = 0.021F * (float)(i % 97) - 0.9F;
    cg_tensor *x = cg_from_f32(dev, cg_shape(LONG), a), *y = cg_from_f32(dev, cg_shape(LONG), b);
    cg_tensor *number = cg_from_f32(dev, cg_shape(1), (const float[]){0.7F});
    for (int64_t n = 1; n < 40; n++) check_part(x, y, number, n, 1);
    const int64_t sizes[] = {63, 64, 65, 100, 128, 255, 256, 257, 400};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        check_part(x, y, number, sizes[i], 1);
        check_part(x, y, number, sizes[i], 3);
    }
    check_part(x, y, number, 8, 2);
}

/* out 0 = x + y lies over x, which out 1 = x x still has to read; out 2 = x over y, which nothing reads any more. */
CPU_TEST(small_maps, results_over_inputs) {
    enum { N = 23 };
    float x[N], y[N], want[3][N];
    for (int i = 0; i < N; i++) {
        x[i] = (float)(2 * i - 11), y[i] = 0.5F * (float)i;
        want[0][i] = x[i] + y[i], want[1][i] = x[i] * x[i], want[2][i] = x[i];
    }
    cg_program p = {.type = CG_F32, .n_inputs = 2, .n_outputs = 3};
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_add, 0, 1, 0);
    p.output[1] = (uint8_t)cg_program_push(&p, CG_ROW_mul, 0, 0, 0);
    p.output[2] = 0;
    cg_map_request r = {.program = &p, .rank = 1, .shape = {N}};
    r.in[0] = r.out[0] = put(dev, CG_F32, N, x);
    r.in[1] = r.out[2] = put(dev, CG_F32, N, y);
    r.out[1] = put(dev, CG_F32, N, NULL);
    for (int i = 0; i < 2; i++) r.in[i].stride[0] = 1;
    for (int j = 0; j < 3; j++) r.out[j].stride[0] = 1;
    CHECK(cg_hw_map(dev->hw, &r) == CG_OK);
    for (int j = 0; j < 3; j++) check_bits(take(dev, r.out[j], N), want[j], N, sizeof(float));
}
