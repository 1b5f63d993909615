#include "support/row_calls.h"

#include "support/compare.h"
#include "catalog/values.h"

#include <math.h>

typedef union row_function {
    cg_tensor *(*unary)(cg_tensor *);
    cg_tensor *(*param)(cg_tensor *, double);
    cg_tensor *(*binary)(cg_arg, cg_arg);
    cg_tensor *(*ternary)(cg_arg, cg_arg, cg_arg);
} row_function;

#define CALL_UNARY(name) .unary = cg_##name
#define CALL_PARAM(name) .param = cg_##name
#define CALL_BINARY(name) .binary = cg_##name
#define CALL_TERNARY(name) .ternary = cg_##name

static const row_function functions[CG_ROW_COUNT] = {
#define CG_ROW(name, signature, ...) [CG_ROW_##name] = {CALL_##signature(name)},
#include "core/elementwise.def"
#undef CG_ROW
};

cg_tensor *row_apply(int row, cg_arg x, cg_arg y, cg_arg z) {
    const row_function *f = &functions[row];
    switch (cg_rows[row].signature) {
    case CG_SIG_UNARY:
        return f->unary(x.tensor);
    case CG_SIG_PARAM:
        return f->param(x.tensor, y.real);
    case CG_SIG_BINARY:
        return f->binary(x, y);
    case CG_SIG_TERNARY:
        return f->ternary(x, y, z);
    }
    return NULL;
}

int row_tensors(int row) { return cg_rows[row].signature == CG_SIG_PARAM ? 1 : cg_rows[row].arity; }

bool row_accepts(int row, cg_dtype t) { return t != CG_BOOL || cg_rows[row].class != CG_CLASS_SIGNED; }

cg_dtype row_result(int row, cg_dtype t) {
    if (cg_rows[row].class == CG_CLASS_COMPARE) return CG_BOOL;
    bool real = t == CG_F32 || t == CG_F64;
    return cg_rows[row].class == CG_CLASS_FLOAT && !real ? CG_F32 : t;
}

double row_parameter(int i) {
    static const double parameters[] = {0.25, 2, 0.01, 1};
    return parameters[(size_t)i % (sizeof parameters / sizeof *parameters)];
}

/* A 64-bit result in the dtype: integers wrap, bool is whether it is not 0. */
static long double narrow(cg_dtype t, int64_t v) {
    switch (t) {
    case CG_I32:
        return (int32_t)(uint32_t)(uint64_t)v;
    case CG_U8:
        return (uint8_t)(uint64_t)v;
    case CG_BOOL:
        return v != 0;
    case CG_I64:
    case CG_F32:
    case CG_F64:
        break;
    }
    return (long double)v;
}

static long double operand(const long double *values, int64_t i) { return values ? values[i] : 0; }

static bool promised(const ref_row *ref, long double x, long double y, long double z) {
    if (ref->limit == 0) return true;
    long double largest = fmaxl(fmaxl(fabsl(x), fabsl(y)), fabsl(z));
    return largest < ref->limit;
}

/* One real element: NULL if it is within both bounds, else what is wrong. */
static const char *fault(const ref_row *ref, cg_dtype t, long double got, long double want, long double scale,
                         double *error) {
    bool wide = t == CG_F64;
    double ulp = wide ? ref->ulp_f64 : ref->ulp_f32, scaled = wide ? ref->scaled_f64 : ref->scaled_f32;
    *error = ulp_error(t, got, want);
    if (*error == 0 && got == 0 && ref->signed_zero && !signbit(got) != !signbit(want))
        return "(sign of zero)";
    if (isnan(got) != isnan(want)) return "(NaN)";
    if (*error > ulp) return "ULP";
    if (scaled == 0 || *error == 0) return NULL;
    *error = scaled_error(t, got, want, scale);
    return *error > scaled ? "u scale" : NULL;
}

static bool check_real(const cg_tensor *got, const ref_row *ref, cg_dtype t, row_operands in) {
    const long double *values = read_values(got);
    bool ok = values != NULL;
    for (int64_t i = 0; ok && i < cg_numel(got); i++) {
        long double x = operand(in.x, i), y = operand(in.y, i), z = operand(in.z, i),
                    want = ref->real(x, y, z);
        if (!promised(ref, x, y, z)) continue;
        double error;
        const char *unit = fault(ref, t, values[i], want, ref->scale ? ref->scale(x, y, z) : 1, &error);
        ok = CHECK_MSG(!unit,
                       "element %lld: (%.21Lg, %.21Lg, %.21Lg) gives %.21Lg, expected %.21Lg: off by %.4g %s",
                       (long long)i, x, y, z, values[i], want, error, unit);
    }
    return ok;
}

static bool check_integer(const cg_tensor *got, const ref_row *ref, row_operands in) {
    const long double *values = read_values(got);
    bool ok = values != NULL;
    for (int64_t i = 0; ok && i < cg_numel(got); i++) {
        int64_t x = (int64_t)operand(in.x, i), y = (int64_t)operand(in.y, i), z = (int64_t)operand(in.z, i);
        long double want = narrow(cg_dtype_of(got), ref->integer(x, y, z));
        ok = CHECK_MSG(values[i] == want, "element %lld: (%lld, %lld, %lld) gives %.21Lg, expected %.21Lg",
                       (long long)i, (long long)x, (long long)y, (long long)z, values[i], want);
    }
    return ok;
}

bool check_row(const cg_tensor *got, int row, cg_dtype t, cg_dims shape, row_operands operands) {
    const ref_row *ref = ref_row_find(cg_rows[row].name);
    if (!CHECK_MSG(ref != NULL, "the row has no reference")) return false;
    cg_dtype result = row_result(row, t);
    if (!check_is(got, result, shape)) return false;
    bool real = t == CG_F32 || t == CG_F64 || cg_rows[row].class == CG_CLASS_FLOAT;
    if (!real) return check_integer(got, ref, operands);
    return check_real(got, ref, result == CG_BOOL ? t : result, operands);
}
