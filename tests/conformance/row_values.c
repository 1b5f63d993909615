/*
 * Every row of elementwise.def against its reference: values, layouts, special values, probes. On OpenCL, where each
 * row and type is a kernel to be built, a few rows stand for all here, and row_batches.c has the others.
 */
#include "support/device_test.h"
#include "support/row_check.h"

#include <math.h>

/* What to apply a row to: up to three tensors of one dtype and shape, and their elements as numbers. */
typedef struct row_input {
    cg_arg arg[3];
    catalog_row_operands values;
} row_input;

static row_input make_input(cg_device *dev, int row, cg_dtype t, cg_dims shape, test_layout layout,
                            uint64_t seed) {
    int64_t n = ref_count(shape.rank, shape.dim);
    const long double *values[3] = {NULL, NULL, NULL};
    row_input in = {.values = {0}};
    for (int i = 0; i < catalog_row_at(row)->tensors; i++) {
        void *data = random_values(t, n, cg_rows[row].lo, cg_rows[row].hi, &seed);
        bool condition = cg_rows[row].class == CG_CLASS_SELECT && i == 0;
        for (int64_t j = 0; condition && j < n; j += 2) value_set(t, data, j, 0);
        in.arg[i] = cg_arg_tensor(layout_tensor(dev, t, shape, layout, data));
        values[i] = to_values(t, data, n);
    }
    if (cg_rows[row].signature == CG_SIG_PARAM) {
        in.arg[1] = cg_arg_real(catalog_row_parameter((int)(seed % 4)));
        long double *y = scratch((size_t)n * sizeof *y);
        cg_dtype result = catalog_row_result(row, t);
        for (int64_t j = 0; j < n; j++) y[j] = result == CG_F32 ? (float)in.arg[1].real : in.arg[1].real;
        values[1] = y;
    }
    in.values = (catalog_row_operands){values[0], values[1], values[2]};
    return in;
}

static void run_case(cg_device *dev, int row, cg_dtype t, cg_dims shape, test_layout layout, uint64_t seed) {
    check_case("%s %s %s %s seed %llu", cg_rows[row].name, cg_dtype_name(t), shape_text(shape),
               layout_name(layout), (unsigned long long)seed);
    row_input in = make_input(dev, row, t, shape, layout, seed);
    cg_tensor *got = catalog_row_apply(row, in.arg[0], in.arg[1], in.arg[2]);
    check_row(got, row, t, shape, in.values);
    if (!got) cg_error_clear(dev);
}

/* Whether a row is tried in a dtype: on OpenCL one of each class. */
static bool in_turn(cg_device *dev, int row, cg_dtype t) {
    if (!device_has(dev, t) || !catalog_row_accepts(row, t)) return false;
    return !device_is_opencl(dev) || row == CG_ROW_add || row == CG_ROW_sub || row == CG_ROW_div ||
           row == CG_ROW_lt || row == CG_ROW_where || row == CG_ROW_elu;
}

/* Every row in every dtype. */
DEVICE_TEST_ONCE(small_rows, every_dtype) {
    for (int row = 0; row < CG_ROW_COUNT; row++) {
        cg_scope *scope = cg_scope_begin(dev);
        for (int t = CG_F32; t <= CG_BOOL; t++)
            if (in_turn(dev, row, (cg_dtype)t))
                run_case(dev, row, (cg_dtype)t, cg_shape(67), LAYOUT_CONTIGUOUS, (uint64_t)(row + 1));
        cg_scope_end(scope);
        scratch_free_all();
    }
}

/* Each row goes through the same loops; on OpenCL, where it must be built, two stand for all. */
static bool representative(cg_device *dev, int row) {
    return !device_is_opencl(dev) || row == CG_ROW_add || row == CG_ROW_where;
}

/* Every shape in every layout. */
DEVICE_TEST_ONCE(small_rows, every_layout) {
    static const cg_dtype types[] = {CG_F32, CG_F64, CG_I32, CG_U8};
    for (int row = 0; row < CG_ROW_COUNT; row++) {
        if (!representative(dev, row)) continue;
        for (int i = 0; i < test_shape_count(); i++) {
            cg_scope *scope = cg_scope_begin(dev);
            cg_dtype t = device_is_opencl(dev) ? CG_F32 : types[(row + i) % 4];
            for (int layout = 0; layout < LAYOUT_COUNT; layout++)
                if (device_has(dev, t) && layout_fits((test_layout)layout, test_shape(i)))
                    run_case(dev, row, t, test_shape(i), (test_layout)layout, (uint64_t)(i + 1));
            cg_scope_end(scope);
            scratch_free_all();
        }
    }
}

/* Element i of operand `which` in a sweep over all pairs of special values, the third operand scattered. */
static double special_operand(cg_dtype t, int which, int64_t i) {
    int n = special_count();
    int64_t choice = which == 0 ? i % n : which == 1 ? i / n : (i * 7 + i / n * 13) % n;
    return special_value(t, (int)choice);
}

static void run_specials(cg_device *dev, int row, cg_dtype t, double parameter) {
    check_case("%s %s special values, parameter %g", cg_rows[row].name, cg_dtype_name(t), parameter);
    int64_t n =
        catalog_row_at(row)->tensors == 1 ? special_count() : (int64_t)special_count() * special_count();
    cg_arg arg[3] = {0};
    const long double *values[3] = {NULL, NULL, NULL};
    for (int k = 0; k < cg_rows[row].arity; k++) {
        bool is_parameter = cg_rows[row].signature == CG_SIG_PARAM && k == 1;
        void *data = scratch((size_t)n * cg_dtype_size(t));
        for (int64_t i = 0; i < n; i++)
            value_set(t, data, i, is_parameter ? parameter : special_operand(t, k, i));
        values[k] = to_values(t, data, n);
        arg[k] =
            is_parameter ? cg_arg_real(parameter) : cg_arg_tensor(cg_from_host(dev, t, cg_shape(n), data));
    }
    cg_tensor *got = catalog_row_apply(row, arg[0], arg[1], arg[2]);
    check_row(got, row, t, cg_shape(n), (catalog_row_operands){values[0], values[1], values[2]});
}

/* Signed zeros, subnormals, limits, infinities, NaN: each alone and each with each. */
CPU_TEST(rows, special_values) {
    for (int row = 0; row < CG_ROW_COUNT; row++) {
        cg_scope *scope = cg_scope_begin(dev);
        for (int t = CG_F32; t <= CG_F64; t++) {
            if (!device_has(dev, (cg_dtype)t)) continue;
            for (int i = 0; i < (cg_rows[row].signature == CG_SIG_PARAM ? 4 : 1); i++)
                run_specials(dev, row, (cg_dtype)t, catalog_row_parameter(i));
        }
        cg_scope_end(scope);
        scratch_free_all();
    }
}

/* Many points within the domain, where the bound is tightest. */
CPU_TEST(rows, random_values) {
    int64_t n = 20011;
    for (int row = 0; row < CG_ROW_COUNT; row++) {
        cg_scope *scope = cg_scope_begin(dev);
        for (int t = CG_F32; t <= CG_F64; t++)
            if (device_has(dev, (cg_dtype)t))
                run_case(dev, row, (cg_dtype)t, cg_shape(n), LAYOUT_CONTIGUOUS, (uint64_t)(1000 + row));
        cg_scope_end(scope);
        scratch_free_all();
    }
}

/* The value each row states, from a table: it holds where row and reference might share a mistake. */
CPU_TEST(rows, probes) {
    for (int row = 0; row < CG_ROW_COUNT; row++) {
        const double *probe = cg_rows[row].probe;
        for (int t = CG_F32; t <= CG_F64; t++) {
            if (!device_has(dev, (cg_dtype)t)) continue;
            check_case("%s %s probe (%g, %g, %g)", cg_rows[row].name, cg_dtype_name((cg_dtype)t), probe[0],
                       probe[1], probe[2]);
            cg_arg arg[3];
            for (int i = 0; i < 3; i++) {
                void *data = scratch(3 * cg_dtype_size((cg_dtype)t));
                for (int k = 0; k < 3; k++) value_set((cg_dtype)t, data, k, probe[i]);
                arg[i] = cg_arg_tensor(cg_from_host(dev, (cg_dtype)t, cg_shape(3), data));
            }
            if (cg_rows[row].signature == CG_SIG_PARAM) arg[1] = cg_arg_real(probe[1]);
            long double want[3] = {probe[3], probe[3], probe[3]}, scale[3];
            for (int k = 0; k < 3; k++) scale[k] = fmaxl(1, fabsl(probe[3]));
            cg_tensor *got = cg_cast(catalog_row_apply(row, arg[0], arg[1], arg[2]), (cg_dtype)t);
            check_within(got, (cg_dtype)t, cg_shape(3), want, 8, scale);
        }
    }
}

/* Integers wrap and never trap, at the ends of their range. */
CPU_TEST(rows, integer_limits) {
    static const int64_t i32[] = {INT32_MIN, INT32_MIN + 1, -1, 0, 1, 46341, INT32_MAX - 1, INT32_MAX};
    static const int64_t i64[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, 3037000500, INT64_MAX - 1, INT64_MAX};
    static const int64_t u8[] = {0, 1, 2, 15, 16, 127, 128, 255};
    static const struct {
        cg_dtype dtype;
        const int64_t *values;
    } sets[] = {{CG_I32, i32}, {CG_I64, i64}, {CG_U8, u8}};
    for (int row = 0; row < CG_ROW_COUNT; row++) {
        if (cg_rows[row].class == CG_CLASS_FLOAT) continue;
        for (int s = 0; s < 3; s++) {
            cg_dtype t = sets[s].dtype;
            if (!in_turn(dev, row, t)) continue;
            check_case("%s %s limits", cg_rows[row].name, cg_dtype_name(t));
            cg_arg arg[3] = {0};
            const long double *values[3];
            for (int k = 0; k < 3; k++) {
                void *data = scratch(64 * cg_dtype_size(t));
                for (int i = 0; i < 64; i++)
                    value_set(t, data, i,
                              (long double)sets[s].values[(k == 0   ? i
                                                           : k == 1 ? i / 8
                                                                    : 3 * i + i / 8) %
                                                          8]);
                values[k] = to_values(t, data, 64);
                arg[k] = cg_arg_tensor(cg_from_host(dev, t, cg_shape(8, 8), data));
            }
            check_row(catalog_row_apply(row, arg[0], arg[1], arg[2]), row, t, cg_shape(8, 8),
                      (catalog_row_operands){values[0], values[1], values[2]});
        }
    }
}

/* Both signs and quotients of every size: the domain of these rows has neither. */
CPU_TEST(rows, remainders) {
    static const int rows[] = {CG_ROW_mod, CG_ROW_fmod, CG_ROW_floor_divide};
    enum { N = 1024 };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (int t = CG_F32; t <= CG_I64; t++) {
            if (!in_turn(dev, rows[r], (cg_dtype)t)) continue;
            check_case("%s %s, both signs", cg_rows[rows[r]].name, cg_dtype_name((cg_dtype)t));
            uint64_t seed = 21;
            void *x = random_values((cg_dtype)t, N, -100, 100, &seed);
            void *y = random_values((cg_dtype)t, N, -9, 9, &seed);
            for (int64_t i = 0; i < N; i += 2) { /* x = n y, and x = 2^k x, k to 90 */
                long double v = value_get((cg_dtype)t, y, i), w = value_get((cg_dtype)t, x, i);
                bool real = t == CG_F32 || t == CG_F64;
                value_set((cg_dtype)t, x, i, i % 4 || !real ? v * (i % 61 - 30) : ldexpl(w, (int)(i % 90)));
            }
            cg_tensor *got = catalog_row_apply(
                rows[r], cg_arg_tensor(cg_from_host(dev, (cg_dtype)t, cg_shape(N), x)),
                cg_arg_tensor(cg_from_host(dev, (cg_dtype)t, cg_shape(N), y)), cg_arg_tensor(NULL));
            check_row(
                got, rows[r], (cg_dtype)t, cg_shape(N),
                (catalog_row_operands){to_values((cg_dtype)t, x, N), to_values((cg_dtype)t, y, N), NULL});
        }
}
