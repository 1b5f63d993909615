#include "reference/reference.h"
#include "host/cpu/isa.h"
#include "support/device_test.h"

#include <float.h>
#include <math.h>
#include <string.h>

/*
 * The bound held here: exp is within 1 ULP, the sum within log2 n + 2, the difference x - m rounds once and
 * is scaled by exp, and the division rounds once more.
 */
static double bound(int64_t n, long double spread) {
    return 8 + 2 * log2((double)n + 1) + 2 * (double)spread;
}

static void run_case(cg_device *dev, cg_dtype t, cg_dims shape, int axis, test_layout layout, double size,
                     uint64_t seed) {
    cg_scope *scope = cg_scope_begin(dev);
    check_case("%s %s axis %d %s, values to %g, seed %llu", cg_dtype_name(t), shape_text(shape), axis,
               layout_name(layout), size, (unsigned long long)seed);
    int64_t n = ref_count(shape.rank, shape.dim), length = shape.dim[axis], step = 1;
    for (int i = axis + 1; i < shape.rank; i++) step *= shape.dim[i];
    void *data = random_values(t, n, -size, size, &seed);
    cg_tensor *x = layout_tensor(dev, t, shape, layout, data);
    const long double *in = to_values(t, data, n);
    long double *want = scratch((size_t)n * sizeof *want), *log = scratch((size_t)n * sizeof *log);
    long double *scale = scratch((size_t)n * sizeof *scale);
    for (int64_t i = 0; i < n; i++) {
        if (i / step % length) continue;
        ref_softmax(false, length, step, in + i, want + i);
        ref_softmax(true, length, step, in + i, log + i);
    }
    for (int64_t i = 0; i < n; i++) scale[i] = fmaxl(1, fabsl(log[i]));
    check_within(cg_softmax(x, axis), t, shape, want, bound(length, 2 * size), want);
    check_within(cg_log_softmax(x, axis - shape.rank), t, shape, log, 4 + log2((double)length + 1), scale);
    cg_scope_end(scope);
    scratch_free_all();
}

DEVICE_TEST_ONCE(small_softmax, every_axis_and_layout) {
    static const cg_dims shapes[] = {{1, {1}}, {1, {65}}, {2, {5, 67}}, {3, {3, 4, 5}}, {4, {2, 1, 3, 7}}};
    int turn = 0;
    for (int s = 0; s < 5; s++)
        for (int axis = 0; axis < shapes[s].rank; axis++)
            for (int layout = 0; layout < LAYOUT_COUNT; layout++, turn++) {
                if (!layout_fits((test_layout)layout, shapes[s])) continue;
                if (device_is_opencl(dev) && turn % 3) continue;
                run_case(dev, CG_F32, shapes[s], axis, (test_layout)layout, 3, (uint64_t)turn + 1);
                if (cg_device_properties(dev)->has_f64)
                    run_case(dev, CG_F64, shapes[s], axis, (test_layout)layout, 3, (uint64_t)turn + 1);
            }
}

DEVICE_TEST_ONCE(softmax, row_lengths) {
    static const int64_t lengths[] = {1,   2,   15,  16,   17,   63,   64,   65,
                                      127, 255, 257, 1000, 1023, 1025, 4097, 50257};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        run_case(dev, CG_F32, cg_shape(i % 2 ? 3 : 1, lengths[i]), 1, LAYOUT_CONTIGUOUS, 8, i + 1);
    if (cg_device_properties(dev)->has_f64)
        run_case(dev, CG_F64, cg_shape(37, 31), 1, LAYOUT_CONTIGUOUS, 8, 3);
    run_case(dev, CG_F32, cg_shape(1031, 10), 1, LAYOUT_CONTIGUOUS, 8, 1);
    run_case(dev, CG_F32, cg_shape(10, 1031), 0, LAYOUT_CONTIGUOUS, 8, 1);
    run_case(dev, CG_F32, cg_shape(200, 300), 1, LAYOUT_CONTIGUOUS, 80, 2);
}

/* Rows that are done side by side have the bits that each has by itself. */
CPU_TEST(softmax, short_rows_together) {
    const cg_softmax_isa *isa = cg_isa_choose()->softmax[CG_F32];
    uint64_t seed = 8;
    (void)dev;
    for (ptrdiff_t n = 1; n <= CG_SOFTMAX_SHORT / 4; n++)
        for (ptrdiff_t rows = 1; rows <= CG_SOFTMAX_ROWS; rows += 5) {
            float *x = (float *)random_values(CG_F32, rows * n, -90, 4, &seed), out[CG_SOFTMAX_SHORT / 4],
                  max[CG_SOFTMAX_ROWS], sum[CG_SOFTMAX_ROWS], *all = scratch((size_t)(rows * n) * sizeof *x);
            if (n > 3) x[n / 2] = NAN, x[rows * n - 1] = -INFINITY;
            check_case("%td rows of %td", rows, n);
            isa->short_exp_sum(x, rows, n, all, max, sum);
            for (ptrdiff_t i = 0; i < rows; i++) {
                const double m = isa->max(x + i * n, n), s = isa->exp_sum(x + i * n, m, out, n);
                if (isnan(s)) {
                    CHECK(isnan(sum[i]));
                    continue;
                }
                CHECK((double)max[i] == m && (double)sum[i] == s);
                CHECK(memcmp(out, all + i * n, (size_t)n * sizeof *out) == 0);
            }
            scratch_free_all();
        }
}

/* No overflow for finite input; -inf is probability 0; NaN, +inf or nothing but -inf give NaN. */
DEVICE_TEST(small_softmax, special_values) {
    const float low = -INFINITY, high = INFINITY, nan = (float)NAN;
    const float data[] = {low, 0,   0,       1e30f,   1e30f,    -1e30f, FLT_MAX, -FLT_MAX,
                          0,   1,   nan,     2,       high,     0,      1,       low,
                          low, low, FLT_MAX, FLT_MAX, -FLT_MAX, -1e30f, -1e30f,  -1e30f};
    const long double n = (long double)NAN, i = (long double)INFINITY, half = 0.5L, third = 1 / 3.0L;
    const long double want[] = {0, half, half, half, half, 0, 1,    0,    0, n,     n,     n,
                                n, n,    n,    n,    n,    n, half, half, 0, third, third, third};
    const long double h = logl(half), t = logl(third);
    const long double log[] = {-i, h,  h,
                               h,  h,  -1e30f - (long double)1e30f,
                               0,  -i, -(long double)FLT_MAX,
                               n,  n,  n,
                               n,  n,  n,
                               n,  n,  n,
                               h,  h,  -i,
                               t,  t,  t};
    cg_tensor *x = cg_from_f32(dev, cg_shape(8, 3), data);
    check_ulp(cg_softmax(x, 1), CG_F32, cg_shape(8, 3), want, 2);
    check_case("log_softmax");
    check_ulp(cg_log_softmax(x, 1), CG_F32, cg_shape(8, 3), log, 2);
}

DEVICE_TEST(small_softmax, integers_scalars_and_empty) {
    const int32_t data[] = {0, 1, 2};
    long double in[] = {0, 1, 2}, want[3];
    ref_softmax(false, 3, 1, in, want);
    check_within(cg_softmax(cg_from_i32(dev, cg_shape(3), data), 0), CG_F32, cg_shape(3), want, 8, want);
    check_is(cg_softmax(cg_zeros(dev, CG_F32, cg_shape(2, 0)), 1), CG_F32, cg_shape(2, 0));
    check_is(cg_softmax(cg_zeros(dev, CG_F32, cg_shape(0, 2)), 1), CG_F32, cg_shape(0, 2));
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3));
    CHECK_FAILS(dev, cg_softmax(x, 2), CG_ERROR_ARGUMENT, "softmax", "(2, 3)");
    CHECK_FAILS(dev, cg_log_softmax(x, -3), CG_ERROR_ARGUMENT, "log_softmax", "(2, 3)");
    CHECK(!cg_softmax(NULL, 0) && !cg_log_softmax(NULL, 0));
}

/* One pass over pending input, and the sum of each row is 1. */
DEVICE_TEST(small_softmax, of_pending_input) {
    uint64_t seed = 8;
    float *data = random_values(CG_F32, 4 * 33, -2, 2, &seed);
    cg_tensor *x = cg_from_f32(dev, cg_shape(4, 33), data);
    cg_tensor *y = cg_sum(cg_softmax(cg_mul(cg_add(x, 1), 2), 1), cg_axes(1), false);
    check_within(y, CG_F32, cg_shape(4), (long double[]){1, 1, 1, 1}, 16, NULL);
    check_same_bits(x, cg_from_f32(dev, cg_shape(4, 33), data));
}
