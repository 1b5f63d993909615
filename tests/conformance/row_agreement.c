/* The same bits on the CPU backend and on an OpenCL device, and on one device with fusion and without. */
#include "support/device_test.h"
#include "support/row_calls.h"

#include <math.h>

/* A sweep over the domain with the special values in front. */
static void *sweep(cg_dtype t, int64_t n, double lo, double hi, uint64_t *seed) {
    void *data = random_values(t, n, lo, hi, seed);
    for (int i = 0; i < special_count(); i++) value_set(t, data, i, special_value(t, i));
    return data;
}

static cg_tensor *apply_on(cg_device *dev, int row, cg_dtype t, int64_t n, void *const *data) {
    cg_arg arg[3];
    for (int i = 0; i < 3; i++) arg[i] = cg_arg_tensor(cg_from_host(dev, t, cg_shape(n), data[i]));
    if (cg_rows[row].signature == CG_SIG_PARAM) arg[1] = cg_arg_real(0.25);
    return row_apply(row, arg[0], arg[1], arg[2]);
}

/*
 * Rows that round once must agree bit for bit; for the others the texts are the same, but a driver may
 * contract: they stay within twice the bound, and it is said how many differ.
 */
static void compare(const cg_tensor *a, const cg_tensor *b, int row, cg_dtype t) {
    const ref_row *ref = ref_row_find(cg_rows[row].name);
    double bound = t == CG_F64 ? ref->ulp_f64 : ref->ulp_f32;
    if (bound < 0.6) {
        check_same_bits(a, b);
        return;
    }
    const long double *va = read_values(a), *vb = read_values(b);
    int64_t different = 0;
    for (int64_t i = 0; va && vb && i < cg_numel(a); i++) {
        if (va[i] == vb[i] || (isnan(va[i]) && isnan(vb[i]))) continue;
        different++;
        if (isfinite(bound))
            CHECK_MSG(ulp_error(t, va[i], vb[i]) <= 2 * bound, "element %lld: %.17Lg and %.17Lg",
                      (long long)i, va[i], vb[i]);
    }
    if (different)
        cr_log_info("%s %s: %lld of %lld elements differ", cg_rows[row].name, cg_dtype_name(t),
                    (long long)different, (long long)cg_numel(a));
}

OPENCL_TEST(rows, same_bits_as_the_cpu) {
    cg_device *cpu = cg_device_open("cpu");
    if (!CHECK(cpu != NULL)) return;
    enum { N = 4099 };
    for (int row = 0; row < CG_ROW_COUNT; row++) {
        for (int t = CG_F32; t <= CG_F64; t++) {
            if (t == CG_F64 && !cg_device_properties(dev)->has_f64) continue;
            check_case("%s %s", cg_rows[row].name, cg_dtype_name((cg_dtype)t));
            cg_scope *here = cg_scope_begin(dev), *there = cg_scope_begin(cpu);
            uint64_t seed = (uint64_t)row + 1;
            void *data[3];
            for (int i = 0; i < 3; i++)
                data[i] = sweep((cg_dtype)t, N, cg_rows[row].lo, cg_rows[row].hi, &seed);
            compare(apply_on(dev, row, (cg_dtype)t, N, data), apply_on(cpu, row, (cg_dtype)t, N, data), row,
                    (cg_dtype)t);
            cg_scope_end(here);
            cg_scope_end(there);
            scratch_free_all();
        }
    }
    CHECK_MSG(cg_error_code(cpu) == CG_OK, "%s", cg_error_message(cpu));
    cg_device_close(cpu);
}

/* y = x through every row of one tensor, forced once: long programs with several outputs. */
static cg_tensor *chain(cg_tensor *x, int length, cg_tensor **middle) {
    cg_tensor *y = x;
    int row = 0;
    for (int i = 0; i < length; row = (row + 1) % CG_ROW_COUNT) {
        if (cg_rows[row].signature != CG_SIG_UNARY || cg_rows[row].lo >= 0 || row == CG_ROW_exp) continue;
        y = cg_add(cg_mul(row_apply(row, cg_arg_tensor(y), cg_arg_tensor(NULL), cg_arg_tensor(NULL)), 0.5),
                   x);
        if (i++ == length / 2) *middle = y;
    }
    return y;
}

/* Fused and not, on one device: equal bits, also of what is read half way. */
DEVICE_TEST(rows, same_bits_fused) {
    cg_device *plain = target_open_again(dev, false);
    if (!plain) return;
    enum { N = 1031 };
    uint64_t seed = 9;
    float *data = random_values(CG_F32, N, -3, 3, &seed);
    for (int length = 1; length <= (device_is_opencl(dev) ? 13 : 40); length += 4) {
        check_case("a chain of %d times 3 rows, seed 9", length);
        cg_tensor *a = NULL, *b = NULL;
        cg_tensor *y = chain(cg_from_f32(dev, cg_shape(N), data), length, &a);
        cg_tensor *z = chain(cg_from_f32(plain, cg_shape(N), data), length, &b);
        check_same_bits(y, z);
        check_same_bits(a, b);
    }
    CHECK_MSG(cg_error_code(plain) == CG_OK, "%s", cg_error_message(plain));
    cg_device_close(plain);
}
