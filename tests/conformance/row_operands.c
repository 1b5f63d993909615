/* What rows may be given: broadcast shapes, numbers, mixed dtypes, and what they refuse. */
#include "support/device_test.h"
#include "support/row_check.h"

#include <string.h>

static const cg_dims broadcast_sets[][3] = {
    {{1, {5}}, {0, {0}}, {1, {1}}},
    {{2, {3, 5}}, {1, {5}}, {2, {3, 1}}},
    {{2, {3, 1}}, {2, {1, 5}}, {0, {0}}},
    {{1, {1}}, {3, {2, 1, 4}}, {2, {3, 1}}},
    {{2, {0, 3}}, {1, {1}}, {2, {1, 3}}},
    {{5, {2, 1, 3, 1, 2}}, {4, {4, 1, 5, 1}}, {3, {3, 5, 2}}},
    {{2, {1, 1}}, {2, {67, 33}}, {2, {67, 1}}},
    {{8, {1, 2, 1, 2, 1, 2, 1, 2}}, {7, {1, 3, 1, 2, 1, 1, 2}}, {1, {2}}},
};
enum { BROADCAST_SETS = sizeof broadcast_sets / sizeof *broadcast_sets };

/* The elements of an operand laid out over the shape of the result. */
static const long double *spread(cg_dims out, cg_dims in, const long double *values) {
    int64_t n = ref_count(out.rank, out.dim);
    long double *wide = scratch((size_t)n * sizeof *wide);
    for (int64_t i = 0; i < n; i++) wide[i] = values[ref_broadcast(i, out.rank, out.dim, in.rank, in.dim)];
    return wide;
}

static void run_broadcast(cg_device *dev, int row, const cg_dims *shapes, int rotation) {
    check_case("%s f32 broadcast %s %s %s", cg_rows[row].name, shape_text(shapes[rotation % 3]),
               shape_text(shapes[(1 + rotation) % 3]), shape_text(shapes[(2 + rotation) % 3]));
    uint64_t seed = 7;
    cg_arg arg[3] = {0};
    cg_dims out = cg_shape(), shape[3];
    const long double *values[3] = {NULL, NULL, NULL};
    for (int i = 0; i < catalog_row_at(row)->tensors; i++) {
        shape[i] = shapes[(i + rotation) % 3];
        int64_t n = ref_count(shape[i].rank, shape[i].dim);
        void *data = random_values(CG_F32, n, cg_rows[row].lo, cg_rows[row].hi, &seed);
        arg[i] = cg_arg_tensor(cg_from_host(dev, CG_F32, shape[i], data));
        values[i] = to_values(CG_F32, data, n);
        CHECK(cg_broadcast_shapes(out, shape[i], &out));
    }
    for (int i = 0; i < catalog_row_at(row)->tensors; i++) values[i] = spread(out, shape[i], values[i]);
    check_row(catalog_row_apply(row, arg[0], arg[1], arg[2]), row, CG_F32, out,
              (catalog_row_operands){values[0], values[1], values[2]});
}

DEVICE_TEST_ONCE(small_rows, broadcast) {
    for (int row = 0; row < CG_ROW_COUNT; row++) {
        if (catalog_row_at(row)->tensors < 2) continue;
        if (device_is_opencl(dev) && row != CG_ROW_where) continue;
        for (int i = 0; i < BROADCAST_SETS; i++)
            for (int rotation = 0; rotation < 3; rotation++)
                run_broadcast(dev, row, broadcast_sets[i], rotation);
        scratch_free_all();
    }
}

/* What a tensor and a number make: ops.h, common rules. */
static cg_dtype with_number(cg_dtype tensor, bool real) {
    if (tensor == CG_F32 || tensor == CG_F64) return tensor;
    if (real) return CG_F32;
    return tensor == CG_BOOL ? CG_I64 : tensor;
}

static void run_number(cg_device *dev, int row, cg_dtype t, bool real, bool on_the_left) {
    check_case("%s %s with a%s number %s", cg_rows[row].name, cg_dtype_name(t), real ? " real" : "n integer",
               on_the_left ? "on the left" : "on the right");
    enum { N = 13 };
    uint64_t seed = 3;
    cg_dtype common = with_number(t, real);
    void *data = random_values(t, N, cg_rows[row].lo, cg_rows[row].hi, &seed);
    double number = real ? 1.3 : 2;
    long double rounded = common == CG_F32 ? (float)number : number, constant[N];
    for (int i = 0; i < N; i++) constant[i] = rounded;
    cg_arg tensor = cg_arg_tensor(cg_from_host(dev, t, cg_shape(N), data));
    cg_arg other = real ? cg_arg_real(number) : cg_arg_integer((int64_t)number);
    const long double *values = to_values(t, data, N);
    cg_tensor *got = on_the_left ? catalog_row_apply(row, other, tensor, tensor)
                                 : catalog_row_apply(row, tensor, other, tensor);
    check_row(got, row, common, cg_shape(N),
              on_the_left ? (catalog_row_operands){constant, values, NULL}
                          : (catalog_row_operands){values, constant, NULL});
    if (!got) cg_error_clear(dev);
}

DEVICE_TEST_ONCE(rows, numbers_as_operands) {
    for (int row = 0; row < CG_ROW_COUNT; row++) {
        if (cg_rows[row].signature != CG_SIG_BINARY) continue;
        if (device_is_opencl(dev) && row != CG_ROW_sub) continue;
        for (int t = CG_F32; t <= CG_BOOL; t++)
            for (int way = 0; way < 4; way++) {
                if (t == CG_F64 && (device_is_opencl(dev) || !cg_device_properties(dev)->has_f64)) continue;
                if (catalog_row_accepts(row, with_number((cg_dtype)t, way & 1)))
                    run_number(dev, row, (cg_dtype)t, way & 1, way & 2);
            }
        scratch_free_all();
    }
}

static int order(cg_dtype t) {
    static const cg_dtype chain[] = {CG_BOOL, CG_U8, CG_I32, CG_I64, CG_F32, CG_F64};
    for (int i = 0; i < 6; i++)
        if (chain[i] == t) return i;
    return -1;
}

/* bool < u8 < i32 < i64 < f32 < f64, both ways round. */
DEVICE_TEST_ONCE(rows, mixed_dtypes) {
    static const int rows[] = {CG_ROW_add, CG_ROW_mul, CG_ROW_div, CG_ROW_lt, CG_ROW_maximum, CG_ROW_pow};
    enum { N = 9 };
    for (size_t r = 0; r < (device_is_opencl(dev) ? 1u : 6u); r++)
        for (int pair = 0; pair < 36; pair += device_is_opencl(dev) ? 3 : 1) {
            cg_dtype t[2] = {(cg_dtype)(pair / 6), (cg_dtype)(pair % 6)};
            if ((t[0] == CG_F64 || t[1] == CG_F64) && !cg_device_properties(dev)->has_f64) continue;
            check_case("%s of %s and %s", cg_rows[rows[r]].name, cg_dtype_name(t[0]), cg_dtype_name(t[1]));
            uint64_t seed = 5;
            cg_arg arg[2];
            const long double *values[2];
            for (int i = 0; i < 2; i++) {
                void *data = random_values(t[i], N, 1, 5, &seed);
                arg[i] = cg_arg_tensor(cg_from_host(dev, t[i], cg_shape(N), data));
                values[i] = to_values(t[i], data, N);
            }
            cg_dtype common = order(t[0]) > order(t[1]) ? t[0] : t[1];
            check_row(catalog_row_apply(rows[r], arg[0], arg[1], arg[0]), rows[r], common, cg_shape(N),
                      (catalog_row_operands){values[0], values[1], NULL});
        }
}

/* where: the condition is compared with 0 in its own dtype; numbers follow the common rules. */
DEVICE_TEST(rows, where_conditions) {
    const float condition[] = {0.0f, 0.25f, -0.0f, -3.0f, 1e-40f, 0.0f};
    const int32_t a[] = {1, 2, 3, 4, 5, 6}, b[] = {-1, -2, -3, -4, -5, -6};
    const long double picked[] = {-1, 2, -3, 4, 5, -6};
    cg_tensor *c = cg_from_f32(dev, cg_shape(6), condition);
    cg_tensor *x = cg_from_i32(dev, cg_shape(6), a), *y = cg_from_i32(dev, cg_shape(6), b);
    check_case("an f32 condition, i32 values");
    check_equal(cg_where(c, x, y), CG_I32, cg_shape(6), picked);
    check_case("numbers for both values");
    check_equal(cg_where(c, 1.5, 0.5), CG_F32, cg_shape(6), (long double[]){0.5, 1.5, 0.5, 1.5, 1.5, 0.5});
    check_case("a number for one value");
    check_equal(cg_where(c, x, 0), CG_I32, cg_shape(6), (long double[]){0, 2, 0, 4, 5, 0});
    check_equal(cg_where(c, 0.5, x), CG_F32, cg_shape(6), (long double[]){1, 0.5, 3, 0.5, 0.5, 6});
}

/* Every row refuses what it cannot do, and says what, with its own name and the shapes. */
DEVICE_TEST(rows, refusals) {
    cg_tensor *a = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *b = cg_zeros(dev, CG_F32, cg_shape(4, 5));
    cg_tensor *flag = cg_zeros(dev, CG_BOOL, cg_shape(3));
    for (int row = 0; row < CG_ROW_COUNT; row++) {
        const char *name = cg_rows[row].name;
        check_case("%s", name);
        cg_arg x = cg_arg_tensor(a), y = cg_arg_tensor(b), none = cg_arg_tensor(NULL);
        if (catalog_row_at(row)->tensors > 1) {
            CHECK_FAILS(dev, catalog_row_apply(row, x, y, x), CG_ERROR_SHAPE, name, "(2, 3)", "(4, 5)");
            CHECK(catalog_row_apply(row, x, none, x) == NULL && cg_error_code(dev) == CG_OK);
        }
        if (catalog_row_at(row)->tensors > 2)
            CHECK_FAILS(dev, catalog_row_apply(row, x, x, y), CG_ERROR_SHAPE, name, "(4, 5)");
        cg_arg parameter = cg_rows[row].signature == CG_SIG_PARAM ? cg_arg_real(1) : x;
        CHECK(catalog_row_apply(row, none, parameter, x) == NULL && cg_error_code(dev) == CG_OK);
        if (catalog_row_accepts(row, CG_BOOL)) continue;
        x = cg_arg_tensor(flag);
        CHECK_FAILS(dev, catalog_row_apply(row, x, x, x), CG_ERROR_DTYPE, name, "bool");
    }
}

/* Operands of two handles, even of one device, are refused. */
DEVICE_TEST(rows, operands_of_two_devices) {
    cg_device *other = cg_device_open("cpu");
    if (!CHECK(other != NULL)) return;
    cg_tensor *a = cg_ones(dev, CG_F32, cg_shape(2)), *b = cg_ones(other, CG_F32, cg_shape(2));
    CHECK_FAILS(dev, cg_add(a, b), CG_ERROR_DEVICE_MISMATCH, "add");
    cg_error_clear(other);
    cg_device_close(other);
}
