#include "reference/reference.h"
#include "support/device_test.h"

#include <math.h>

/* The set of axes in a bit mask, alternately counted from the front and from the end. */
static cg_axis_set axes_of(unsigned mask, int rank) {
    int axis[CG_MAX_RANK], n = 0;
    for (int i = 0; i < rank; i++)
        if (mask >> i & 1) {
            axis[n] = n % 2 ? i - rank : i;
            n++;
        }
    return cg_axes_of(n, axis);
}

static cg_dims reduced_shape(cg_dims shape, unsigned mask, bool keepdims) {
    cg_dims out = {.rank = 0};
    for (int i = 0; i < shape.rank; i++)
        if (!(mask >> i & 1) || keepdims) out.dim[out.rank++] = mask >> i & 1 ? 1 : shape.dim[i];
    return out;
}

/* log2 n + 2, the promise of reduce.h, n elements to a sum. */
static double bound(int64_t n, int64_t sums) {
    return n ? log2((double)n / (double)(sums ? sums : 1)) + 2 : 0;
}

typedef struct reduce_case {
    cg_dtype dtype;
    cg_dims shape;
    unsigned mask;
    bool keepdims;
    const long double *x;
} reduce_case;

static void check_sums(cg_tensor *x, const reduce_case *c) {
    cg_dims out = reduced_shape(c->shape, c->mask, c->keepdims);
    int64_t n = ref_count(c->shape.rank, c->shape.dim), sums = ref_count(out.rank, out.dim);
    long double *want = scratch((size_t)sums * sizeof *want), *size = scratch((size_t)sums * sizeof *size);
    ref_reduce(REF_SUM, c->shape.rank, c->shape.dim, c->mask, c->x, want);
    ref_reduce(REF_SUM_ABS, c->shape.rank, c->shape.dim, c->mask, c->x, size);
    bool real = c->dtype == CG_F32 || c->dtype == CG_F64;
    cg_tensor *sum = cg_sum(x, axes_of(c->mask, c->shape.rank), c->keepdims);
    cg_tensor *mean = cg_mean(x, axes_of(c->mask, c->shape.rank), c->keepdims);
    if (real)
        check_within(sum, c->dtype, out, want, bound(n, sums), size);
    else
        check_equal(sum, CG_I64, out, want);
    for (int64_t i = 0; i < sums; i++) {
        want[i] /= (long double)n / (long double)sums;
        size[i] /= (long double)n / (long double)sums;
    }
    check_within(mean, real ? c->dtype : CG_F32, out, want, bound(n, sums) + 1, size);
}

static void check_extremes(cg_device *dev, cg_tensor *x, const reduce_case *c) {
    cg_dims out = reduced_shape(c->shape, c->mask, c->keepdims);
    cg_axis_set axes = axes_of(c->mask, c->shape.rank);
    int64_t n = ref_count(c->shape.rank, c->shape.dim), sums = ref_count(out.rank, out.dim);
    if (n == 0 && sums > 0) {
        CHECK_FAILS(dev, cg_max(x, axes, c->keepdims), CG_ERROR_SHAPE, "max");
        CHECK_FAILS(dev, cg_min(x, axes, c->keepdims), CG_ERROR_SHAPE, "min");
        return;
    }
    if (n == 0 && c->mask) return; /* no result, so nothing without elements: either answer is right */
    long double *want = scratch((size_t)sums * sizeof *want);
    ref_reduce(REF_MAX, c->shape.rank, c->shape.dim, c->mask, c->x, want);
    check_equal(cg_max(x, axes, c->keepdims), c->dtype, out, want);
    ref_reduce(REF_MIN, c->shape.rank, c->shape.dim, c->mask, c->x, want);
    check_equal(cg_min(x, axes, c->keepdims), c->dtype, out, want);
}

static void run_case(cg_device *dev, cg_dtype t, cg_dims shape, unsigned mask, test_layout layout,
                     uint64_t seed) {
    cg_scope *scope = cg_scope_begin(dev);
    check_case("%s %s axes mask %u, %s, seed %llu", cg_dtype_name(t), shape_text(shape), mask,
               layout_name(layout), (unsigned long long)seed);
    int64_t n = ref_count(shape.rank, shape.dim);
    void *data = random_values(t, n, -9, 9, &seed);
    cg_tensor *x = layout_tensor(dev, t, shape, layout, data);
    reduce_case c = {t, shape, mask, seed % 2, to_values(t, data, n)};
    check_sums(x, &c);
    check_extremes(dev, x, &c);
    cg_scope_end(scope);
    scratch_free_all();
}

/* Every set of axes of every rank; layouts and dtypes take turns. */
DEVICE_TEST_ONCE(small_reduce, every_axis_set) {
    static const cg_dims some[] = {{0, {0}},       {1, {7}},          {2, {3, 5}},
                                   {3, {4, 1, 6}}, {4, {2, 3, 2, 3}}, {5, {2, 1, 3, 2, 2}},
                                   {2, {0, 3}},    {3, {2, 0, 3}}};
    static const cg_dtype types[] = {CG_F32, CG_I32, CG_F64, CG_U8, CG_I64, CG_BOOL};
    unsigned turn = 0;
    for (size_t s = 0; s < sizeof some / sizeof *some; s++)
        for (unsigned mask = 0; mask < 1u << some[s].rank; mask++, turn++) {
            if (device_is_opencl(dev) && turn % 4) continue; /* each is up to four kernels to build */
            cg_dtype t = types[device_is_opencl(dev) ? turn / 4 % 2 : turn % 6];
            test_layout layout = (test_layout)(turn / 3 % LAYOUT_COUNT);
            if (!device_has(dev, t)) t = CG_F32;
            if (!layout_fits(layout, some[s])) layout = LAYOUT_CONTIGUOUS;
            run_case(dev, t, some[s], mask, layout, turn + 1);
        }
}

/* Sizes around work-groups and blocks, along rows, columns, the middle and everything. */
DEVICE_TEST_ONCE(reduce, large_axes) {
    static const struct {
        cg_dims shape;
        unsigned mask;
    } cases[] = {
        {{1, {63}}, 1},         {{1, {65}}, 1},        {{1, {1025}}, 1},       {{1, {70001}}, 1},
        {{2, {3, 4099}}, 2},    {{2, {4099, 3}}, 1},   {{2, {1031, 67}}, 1},   {{2, {67, 1031}}, 2},
        {{2, {1, 5003}}, 2},    {{2, {5003, 1}}, 1},   {{3, {7, 1021, 5}}, 2}, {{3, {31, 33, 65}}, 5},
        {{2, {1000, 1000}}, 3}, {{2, {2049, 129}}, 2}, {{2, {129, 2049}}, 1},  {{3, {2, 3, 40961}}, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run_case(dev, CG_F32, cases[i].shape, cases[i].mask, LAYOUT_CONTIGUOUS, i + 1);
        if (device_is_opencl(dev) && i % 5 != 3) continue;
        if (device_has(dev, CG_F64))
            run_case(dev, CG_F64, cases[i].shape, cases[i].mask, LAYOUT_CONTIGUOUS, i + 1);
        run_case(dev, CG_I32, cases[i].shape, cases[i].mask,
                 LAYOUT_TRANSPOSED % (cases[i].shape.rank > 1 ? 6 : 1), i + 1);
    }
}

/* A sum of 2^22 like numbers: a running f32 sum is wrong in the third digit. */
DEVICE_TEST_ONCE(reduce, sums_are_trees) {
    enum { N = 1 << 22 };
    cg_tensor *x = cg_eval(cg_full(dev, CG_F32, cg_shape(N), 0.1));
    long double want = (long double)N * (long double)0.1f;
    check_within(cg_sum(x, CG_ALL_AXES, false), CG_F32, cg_shape(), &want, bound(N, 1), &want);
}

/* The same call gives the same bits each time. */
DEVICE_TEST(reduce, is_deterministic) {
    uint64_t seed = 4;
    cg_tensor *x = cg_from_f32(dev, cg_shape(301, 1009), random_values(CG_F32, 301 * 1009, -1, 1, &seed));
    for (unsigned mask = 1; mask < 4; mask++) {
        cg_tensor *first = cg_eval(cg_sum(x, axes_of(mask, 2), false));
        for (int i = 0; i < 3; i++) check_same_bits(cg_sum(x, axes_of(mask, 2), false), first);
    }
}

DEVICE_TEST(small_reduce, special_values) {
    const float data[] = {1, (float)NAN, 3, -INFINITY, 2, INFINITY, -0.0f, 0.0f, -1};
    const long double nan = (long double)NAN, inf = (long double)INFINITY;
    cg_tensor *x = cg_from_f32(dev, cg_shape(3, 3), data);
    check_case("NaN wins");
    check_equal(cg_max(x, cg_axes(1), false), CG_F32, cg_shape(3), (long double[]){nan, inf, 0});
    check_equal(cg_min(x, cg_axes(1), false), CG_F32, cg_shape(3), (long double[]){nan, -inf, -1});
    check_equal(cg_max(x, CG_ALL_AXES, false), CG_F32, cg_shape(), &nan);
    check_case("inf - inf");
    check_equal(cg_sum(x, cg_axes(1), false), CG_F32, cg_shape(3), (long double[]){nan, nan, -1});
    check_case("nothing but -inf");
    cg_tensor *low = cg_full(dev, CG_F32, cg_shape(70), -(double)INFINITY);
    check_equal(cg_max(low, CG_ALL_AXES, false), CG_F32, cg_shape(), (long double[]){-inf});
    check_case("empty sums and means");
    cg_tensor *none = cg_zeros(dev, CG_F32, cg_shape(2, 0));
    check_equal(cg_sum(none, cg_axes(1), false), CG_F32, cg_shape(2), (long double[]){0, 0});
    check_equal(cg_mean(none, cg_axes(1), true), CG_F32, cg_shape(2, 1), (long double[]){nan, nan});
    check_equal(cg_sum(cg_zeros(dev, CG_U8, cg_shape(0)), CG_ALL_AXES, false), CG_I64, cg_shape(),
                (long double[]){0});
    check_case("integers beyond 32 bits");
    cg_tensor *big = cg_full(dev, CG_I32, cg_shape(5), 2000000000);
    check_equal(cg_sum(big, CG_ALL_AXES, false), CG_I64, cg_shape(), (long double[]){10000000000.0L});
    const int64_t most[] = {INT64_MAX - 1, INT64_MAX, INT64_MIN};
    cg_tensor *wide = cg_from_i64(dev, cg_shape(3), most);
    check_equal(cg_max(wide, CG_ALL_AXES, false), CG_I64, cg_shape(),
                (long double[]){(long double)INT64_MAX});
    check_equal(cg_argmax(wide, CG_ALL_AXES, false), CG_I64, cg_shape(), (long double[]){1});
    check_equal(cg_argmin(wide, CG_ALL_AXES, false), CG_I64, cg_shape(), (long double[]){2});
}

static void run_positions(cg_device *dev, cg_dtype t, cg_dims shape, test_layout layout, uint64_t seed) {
    check_case("%s %s %s, seed %llu", cg_dtype_name(t), shape_text(shape), layout_name(layout),
               (unsigned long long)seed);
    int64_t n = ref_count(shape.rank, shape.dim);
    void *data = random_values(t, n, -3, 3, &seed);
    for (int64_t i = 0; i < n; i += 3) value_set(t, data, i, 2); /* ties */
    cg_tensor *x = layout_tensor(dev, t, shape, layout, data);
    const long double *values = to_values(t, data, n);
    for (int axis = 0; axis < shape.rank; axis++) {
        cg_dims out = reduced_shape(shape, 1u << axis, axis % 2);
        long double *want = scratch((size_t)ref_count(out.rank, out.dim) * sizeof *want);
        ref_reduce(REF_ARGMAX, shape.rank, shape.dim, 1u << axis, values, want);
        check_equal(cg_argmax(x, cg_axes(axis), axis % 2), CG_I64, out, want);
        ref_reduce(REF_ARGMIN, shape.rank, shape.dim, 1u << axis, values, want);
        check_equal(cg_argmin(x, cg_axes(axis - shape.rank), axis % 2), CG_I64, out, want);
    }
}

DEVICE_TEST_ONCE(small_reduce, positions) {
    static const cg_dims shapes[] = {{1, {1}}, {1, {65}}, {2, {7, 67}}, {3, {3, 5, 4}}};
    static const cg_dtype types[] = {CG_F32, CG_I32, CG_F64, CG_U8, CG_I64, CG_BOOL};
    for (int i = 0; i < (device_is_opencl(dev) ? 8 : 48); i++) {
        cg_dtype t = types[i / 4 % 6];
        test_layout layout = (test_layout)(i % LAYOUT_COUNT);
        cg_dims shape = shapes[i % 4];
        if (device_has(dev, t) && layout_fits(layout, shape))
            run_positions(dev, t, shape, layout, (uint64_t)i + 1);
    }
    check_case("the first NaN wins, else the first of equals");
    const float data[] = {1, 5, (float)NAN, 7, (float)NAN, 5, 5, 2, -INFINITY, INFINITY, INFINITY, -INFINITY};
    cg_tensor *x = cg_from_f32(dev, cg_shape(3, 4), data);
    check_equal(cg_argmax(x, cg_axes(1), false), CG_I64, cg_shape(3), (long double[]){2, 0, 1});
    check_equal(cg_argmin(x, cg_axes(1), false), CG_I64, cg_shape(3), (long double[]){2, 0, 0});
}

/* argmax over one long axis: the winner at each end and in the middle, twice. */
DEVICE_TEST_ONCE(reduce, positions_in_long_axes) {
    enum { N = 100003 };
    static const int64_t places[] = {0, 1, 63, 64, 50000, N - 2, N - 1};
    for (int i = 0; i < 7; i++) {
        float *data = scratch(N * sizeof *data);
        data[places[i]] = 3;
        data[N - 1] = 3;
        check_case("the first maximum at %lld of %d", (long long)places[i], N);
        check_item(cg_argmax(cg_from_f32(dev, cg_shape(N), data), CG_ALL_AXES, false), (double)places[i], 0);
    }
}

DEVICE_TEST(small_reduce, sum_to) {
    const int32_t data[] = {1, 2, 3, 4, 5, 6};
    cg_tensor *x = cg_cast(cg_from_i32(dev, cg_shape(2, 3), data), CG_F32);
    check_equal(cg_sum_to(x, cg_shape(3)), CG_F32, cg_shape(3), (long double[]){5, 7, 9});
    check_equal(cg_sum_to(x, cg_shape(2, 1)), CG_F32, cg_shape(2, 1), (long double[]){6, 15});
    check_equal(cg_sum_to(x, cg_shape(1, 1)), CG_F32, cg_shape(1, 1), (long double[]){21});
    check_equal(cg_sum_to(x, cg_shape()), CG_F32, cg_shape(), (long double[]){21});
    check_equal(cg_sum_to(x, cg_shape(2, 3)), CG_F32, cg_shape(2, 3), (long double[]){1, 2, 3, 4, 5, 6});
    check_equal(cg_sum_to(cg_zeros(dev, CG_F32, cg_shape(0, 3)), cg_shape(3)), CG_F32, cg_shape(3),
                (long double[]){0, 0, 0});
    CHECK_FAILS(dev, cg_sum_to(x, cg_shape(2)), CG_ERROR_SHAPE, "sum_to", "(2, 3)", "(2,)");
    CHECK_FAILS(dev, cg_sum_to(x, cg_shape(1, 2, 3)), CG_ERROR_SHAPE, "sum_to");
}

DEVICE_TEST(small_reduce, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *none = cg_zeros(dev, CG_F32, cg_shape(2, 0));
    CHECK_FAILS(dev, cg_sum(x, cg_axes(2), false), CG_ERROR_ARGUMENT, "sum", "(2, 3)");
    CHECK_FAILS(dev, cg_mean(x, cg_axes(-3), false), CG_ERROR_ARGUMENT, "mean");
    CHECK_FAILS(dev, cg_max(x, cg_axes(0, -2), false), CG_ERROR_ARGUMENT, "max");
    CHECK_FAILS(dev, cg_sum(x, cg_axes(0, 1, 0, 1, 0, 1, 0, 1, 0), false), CG_ERROR_ARGUMENT, "sum");
    CHECK_FAILS(dev, cg_argmax(x, cg_axes(2), false), CG_ERROR_ARGUMENT, "argmax", "(2, 3)");
    CHECK_FAILS(dev, cg_max(none, cg_axes(1), false), CG_ERROR_SHAPE, "max", "(2, 0)");
    CHECK_FAILS(dev, cg_argmin(none, cg_axes(1), false), CG_ERROR_SHAPE, "argmin", "(2, 0)");
    CHECK(!cg_sum(NULL, CG_ALL_AXES, false) && !cg_mean(NULL, CG_ALL_AXES, false) &&
          !cg_argmax(NULL, CG_ALL_AXES, false));
    CHECK(!cg_max(NULL, CG_ALL_AXES, false) && !cg_min(NULL, CG_ALL_AXES, false) &&
          !cg_argmin(NULL, CG_ALL_AXES, false));
    CHECK(!cg_sum_to(NULL, cg_shape()));
}
