#include "catalog/values.h"

#include "reference/scratch.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define LOAD(type) (((const type *)data)[i])

long double value_get(cg_dtype dtype, const void *data, int64_t i) {
    switch (dtype) {
    case CG_F32:
        return LOAD(float);
    case CG_F64:
        return LOAD(double);
    case CG_I32:
        return LOAD(int32_t);
    case CG_I64:
        return (long double)LOAD(int64_t);
    case CG_U8:
    case CG_BOOL:
        return LOAD(uint8_t);
    }
    return (long double)NAN;
}

#define STORE(type) (((type *)data)[i] = (type)v)

void value_set(cg_dtype dtype, void *data, int64_t i, long double v) {
    switch (dtype) {
    case CG_F32:
        STORE(float);
        break;
    case CG_F64:
        STORE(double);
        break;
    case CG_I32:
        STORE(int32_t);
        break;
    case CG_I64:
        STORE(int64_t);
        break;
    case CG_U8:
        STORE(uint8_t);
        break;
    case CG_BOOL:
        ((uint8_t *)data)[i] = v != 0;
        break;
    }
}

uint64_t random_bits(uint64_t *seed) {
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double random_unit(uint64_t *seed) { return (double)(random_bits(seed) >> 11) * 0x1p-53; }

int64_t random_below(uint64_t *seed, int64_t n) { return (int64_t)(random_bits(seed) % (uint64_t)n); }

void random_fill(cg_dtype dtype, void *data, int64_t n, double lo, double hi, uint64_t *seed) {
    bool real = dtype == CG_F32 || dtype == CG_F64;
    if (dtype == CG_U8 && lo < 0) lo = 0;
    if (dtype == CG_BOOL) {
        lo = 0;
        hi = 1;
    }
    for (int64_t i = 0; i < n; i++) {
        double u = random_unit(seed);
        value_set(dtype, data, i,
                  real ? lo + (hi - lo) * u : floor(ceil(lo) + (floor(hi) - ceil(lo) + 1) * u));
    }
}

void *random_values(cg_dtype dtype, int64_t n, double lo, double hi, uint64_t *seed) {
    void *data = scratch((size_t)n * cg_dtype_size(dtype));
    random_fill(dtype, data, n, lo, hi, seed);
    return data;
}

double unit_roundoff(cg_dtype dtype) { return dtype == CG_F64 ? 0x1p-53 : 0x1p-24; }

double ulp_error(cg_dtype dtype, long double got, long double exact) {
    bool wide = dtype == CG_F64;
    int mantissa = wide ? 52 : 23, least = wide ? -1022 : -126, most = wide ? 1023 : 127;
    if (isnan(got) || isnan(exact)) return isnan(got) && isnan(exact) ? 0 : (double)INFINITY;
    if (isinf(got) && got == (wide ? (long double)(double)exact : (long double)(float)exact)) return 0;
    if (isinf(exact)) return (double)INFINITY;
    if (isinf(got)) got = copysignl(ldexpl(1, most + 1), got);
    int exponent = exact == 0 ? least : ilogbl(exact);
    if (exponent < least) exponent = least;
    if (exponent > most) exponent = most;
    return (double)(fabsl(got - exact) / ldexpl(1, exponent - mantissa));
}

double scaled_error(cg_dtype dtype, long double got, long double exact, long double scale) {
    if (got == exact || (isnan(got) && isnan(exact))) return 0;
    long double error = fabsl(got - exact) - ldexpl(1, dtype == CG_F64 ? -1074 : -149);
    if (isnan(error) || isinf(exact)) return (double)INFINITY;
    return error <= 0 ? 0 : (double)(error / (unit_roundoff(dtype) * scale));
}

/* Thresholds of the functions under test lie near 1, ln(max), 2^24 and the limits of the format. */
static const double common[] = {0.0,      -0.0,     1,         -1,     0.5,   -0.5,  2,     -2,   3,
                                -3,       1.5,      -2.5,      10,     -10,   50,    -50,   88,   -88,
                                100,      -100,     200,       -200,   1e3,   -1e3,  1e6,   -1e6, 16777215,
                                16777216, 16777217, -16777217, 1e14,   -1e14, 1e30,  -1e30, 1e-3, -1e-3,
                                1e-8,     -1e-8,    1e-20,     -1e-20, 1e-30, -1e-30};
enum { COMMON = sizeof common / sizeof *common };

static const double limits_f32[] = {
    FLT_MAX,   -(double)FLT_MAX, FLT_MIN,   -(double)FLT_MIN, 0x1p-149,
    -0x1p-149, 0x1p-130,         -0x1p-130, FLT_EPSILON,      1 + (double)FLT_EPSILON};
static const double limits_f64[] = {DBL_MAX,    -DBL_MAX,  DBL_MIN,    -DBL_MIN,    0x1p-1074,
                                    -0x1p-1074, 0x1p-1040, -0x1p-1040, DBL_EPSILON, 1 + DBL_EPSILON};
enum { LIMITS = sizeof limits_f64 / sizeof *limits_f64 };

int special_count(void) { return COMMON + LIMITS + 3; }

double special_value(cg_dtype dtype, int i) {
    if (i < COMMON) return common[i];
    i -= COMMON;
    if (i < LIMITS) return dtype == CG_F64 ? limits_f64[i] : limits_f32[i];
    i -= LIMITS;
    return i == 0 ? (double)INFINITY : i == 1 ? -(double)INFINITY : (double)NAN;
}
