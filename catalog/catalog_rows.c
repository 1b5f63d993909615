#include "catalog/catalog_rows.h"

#include "catalog/values.h"
#include "reference/scratch.h"

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

#define TENSORS_UNARY 1
#define TENSORS_PARAM 1
#define TENSORS_BINARY 2
#define TENSORS_TERNARY 3
#define DOMAIN(low, high) low, high

static const catalog_row rows[CG_ROW_COUNT] = {
#define CG_ROW(id, sig, cls, text, range, check, rule)                                                       \
    [CG_ROW_##id] = {#id, CG_SIG_##sig, CG_CLASS_##cls, TENSORS_##sig, range},
#include "core/elementwise.def"
#undef CG_ROW
};

const catalog_row *catalog_row_at(int row) { return &rows[row]; }

cg_tensor *catalog_row_apply(int row, cg_arg x, cg_arg y, cg_arg z) {
    const row_function *f = &functions[row];
    switch (rows[row].signature) {
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

static bool is_real(cg_dtype t) { return t == CG_F32 || t == CG_F64; }

bool catalog_row_accepts(int row, cg_dtype t) { return t != CG_BOOL || rows[row].class != CG_CLASS_SIGNED; }

cg_dtype catalog_row_result(int row, cg_dtype t) {
    if (rows[row].class == CG_CLASS_COMPARE) return CG_BOOL;
    return rows[row].class == CG_CLASS_FLOAT && !is_real(t) ? CG_F32 : t;
}

double catalog_row_parameter(int i) {
    static const double parameters[] = {0.25, 2, 0.01, 1};
    return parameters[(size_t)i % (sizeof parameters / sizeof *parameters)];
}

/* --- Against the reference -------------------------------------------------------------------------------- */

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

static bool promised(const ref_row *ref, long double x, long double y, long double z) {
    return ref->limit == 0 || fmaxl(fmaxl(fabsl(x), fabsl(y)), fabsl(z)) < ref->limit;
}

/* One real element: NULL if it is within both bounds, else the unit of the error that is not. */
static const char *fault(const ref_row *ref, cg_dtype t, long double got, long double want, long double scale,
                         double *error) {
    const bool wide = t == CG_F64;
    const double ulp = wide ? ref->ulp_f64 : ref->ulp_f32, scaled = wide ? ref->scaled_f64 : ref->scaled_f32;
    *error = ulp_error(t, got, want);
    if (*error == 0 && got == 0 && ref->signed_zero && !signbit(got) != !signbit(want))
        return "(sign of zero)";
    if (isnan(got) != isnan(want)) return "(NaN)";
    if (*error > ulp) return "ULP";
    if (scaled == 0 || *error == 0) return NULL;
    *error = scaled_error(t, got, want, scale);
    return *error > scaled ? "u scale" : NULL;
}

static void set_fault(catalog_verdict *v, int64_t i, const long double *in, long double got, long double want,
                      double error, const char *unit) {
    v->ok = false;
    v->at = i;
    snprintf(v->text, sizeof v->text,
             "element %lld: (%.21Lg, %.21Lg, %.21Lg) gives %.21Lg, expected %.21Lg: off by %.4g %s",
             (long long)i, in[0], in[1], in[2], got, want, error, unit);
}

/* The largest share of a bound that an error takes. */
static double share_of(const ref_row *ref, cg_dtype t, long double got, long double want, long double scale) {
    const bool wide = t == CG_F64;
    const double ulp = wide ? ref->ulp_f64 : ref->ulp_f32, scaled = wide ? ref->scaled_f64 : ref->scaled_f32;
    const double error = ulp_error(t, got, want);
    const double by_ulp = error == 0 ? 0 : ulp == 0 ? (double)INFINITY : isinf(ulp) ? 0 : error / ulp;
    return scaled > 0 && error > 0 ? fmax(by_ulp, scaled_error(t, got, want, scale) / scaled) : by_ulp;
}

static void verify_real(catalog_verdict *v, const ref_row *ref, cg_dtype t, int64_t i, const long double *in,
                        long double got) {
    if (!promised(ref, in[0], in[1], in[2])) return;
    const long double want = ref->real(in[0], in[1], in[2]);
    const long double scale = ref->scale ? ref->scale(in[0], in[1], in[2]) : 1;
    double error;
    const char *unit = fault(ref, t, got, want, scale, &error);
    if (unit && v->ok) set_fault(v, i, in, got, want, error, unit);
    v->worst = fmax(v->worst, share_of(ref, t, got, want, scale));
    const double ulp = ulp_error(t, got, want);
    if (ulp > v->ulp) v->ulp = ulp;
}

static void verify_integer(catalog_verdict *v, const ref_row *ref, cg_dtype t, int64_t i,
                           const long double *in, long double got) {
    const long double want = narrow(t, ref->integer((int64_t)in[0], (int64_t)in[1], (int64_t)in[2]));
    if (got != want && v->ok) set_fault(v, i, in, got, want, (double)fabsl(got - want), "");
}

catalog_verdict catalog_row_verify(const cg_tensor *got, int row, cg_dtype t, int64_t n,
                                   catalog_row_operands in) {
    const ref_row *ref = ref_row_find(rows[row].name);
    const cg_dtype result = catalog_row_result(row, t);
    const size_t bytes = (size_t)n * cg_dtype_size(result);
    catalog_verdict v = {.ok = true};
    void *data = scratch(bytes);
    if (!got || !ref || cg_dtype_of(got) != result || cg_to_host(got, data, bytes) != CG_OK) {
        snprintf(v.text, sizeof v.text, "%s",
                 !ref                         ? "there is no reference"
                 : !got                       ? "no result"
                 : cg_dtype_of(got) != result ? "the result has another dtype than documented"
                                              : cg_error_message(cg_device_of(got)));
        v.ok = false;
        return v;
    }
    const bool real = is_real(t) || rows[row].class == CG_CLASS_FLOAT;
    for (int64_t i = 0; i < n; i++) {
        const long double operands[] = {in.x[i], in.y ? in.y[i] : 0, in.z ? in.z[i] : 0};
        if (real)
            verify_real(&v, ref, result == CG_BOOL ? t : result, i, operands, value_get(result, data, i));
        else
            verify_integer(&v, ref, result, i, operands, value_get(result, data, i));
    }
    return v;
}
