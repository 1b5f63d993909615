/* Reductions of few elements, which the CPU backend does without a plan, give the bits of the plan. */
#include "core/rows.h"
#include "support/device_test.h"
#include "support/requests.h"

enum { LONGEST = 300 };

static cg_operand input(cg_operand from, int64_t step) {
    from.stride[0] = LONGEST; /* of rows, not of columns: longer than a step */
    from.stride[1] = step;
    return from;
}

/* kind over n elements of x, or of x y, as one axis, and as the only row of a matrix, for which there is no short way. */
static void check_both(cg_device *dev, cg_reduce_kind kind, const cg_program *p, int64_t n, int64_t step,
                       const cg_operand *x) {
    float value[2];
    for (int way = 0; way < 2; way++) {
        cg_reduce_request r = {.kind = kind, .program = p, .rank = 1 + way, .n_kept = way};
        r.shape[0] = way ? 1 : n;
        r.shape[way] = n;
        for (int i = 0; i < p->n_inputs; i++) {
            r.in[i] = input(x[i], step);
            if (!way) r.in[i].stride[0] = step;
        }
        r.out = put(dev, CG_F32, 1, NULL);
        r.out.stride[0] = 1;
        CHECK(dev->hw->backend->reduce(dev->hw, &r) == CG_OK);
        value[way] = *(const float *)take(dev, r.out, 1);
    }
    check_case("kind %d of %lld, step %lld, %d rows", (int)kind, (long long)n, (long long)step, p->n_instrs);
    check_bits(&value[0], &value[1], 1, sizeof(float));
}

CPU_TEST(small_reductions, few_elements_are_a_row) {
    float a[2 * LONGEST], b[2 * LONGEST];
    for (int i = 0; i < 2 * LONGEST; i++) {
        a[i] = 1 + 0.001F * (float)((i * 37) % 101 - 50);
        b[i] = 1 + 0.002F * (float)((i * 53) % 89 - 44);
    }
    const cg_operand x[] = {put(dev, CG_F32, 2 * LONGEST, a), put(dev, CG_F32, 2 * LONGEST, b)};
    const cg_program plain = cg_program_identity(CG_F32);
    cg_program product = {.type = CG_F32, .n_inputs = 2, .n_outputs = 1};
    product.output[0] = (uint8_t)cg_program_push(&product, CG_ROW_mul, 0, 1, 0);
    const int64_t sizes[] = {2, 3, 7, 8, 9, 16, 17, 31, 64, 100, 127, 128, 200, 255, 256, 257, 300};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int kind = CG_REDUCE_SUM; kind <= CG_REDUCE_PROD; kind++)
            for (int step = 1; step <= 2; step++) {
                check_both(dev, (cg_reduce_kind)kind, &plain, sizes[i], step, x);
                check_both(dev, (cg_reduce_kind)kind, &product, sizes[i], step, x);
            }
    drop(dev, x[0]);
    drop(dev, x[1]);
}

CPU_TEST(small_reductions, other_dtypes) {
    cg_tensor *x = cg_from_i32(dev, cg_shape(5), (const int32_t[]){7, -3, 2, 9, -4});
    check_item(cg_sum(x, CG_ALL_AXES, false), 11, 0);
    check_item(cg_max(x, CG_ALL_AXES, false), 9, 0);
    check_item(cg_sum(cg_gt(x, 0), CG_ALL_AXES, false), 3, 0);
    check_item(cg_min(cg_cast(x, CG_F64), CG_ALL_AXES, false), -4, 0);
    cg_tensor *same = cg_expand(cg_slice(x, 0, 1, 2, 1), cg_shape(6));
    check_item(cg_sum(same, CG_ALL_AXES, false), -18, 0);
}
