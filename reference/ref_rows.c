/*
 * What each row of elementwise.def must compute: its definition in long double, and its bound. Bounds follow
 * the promises in include/clgrad/ops.h and activations.h; where those are silent, the error that the parts of the formula add
 * up to.
 */
#include "reference/reference.h"

#include "reference/ref_special.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* A definition in x, y, z (those it does not use are named all the same). */
#define REAL(name, formula)                                                                                  \
    static long double real_##name(long double x, long double y, long double z) {                            \
        (void)x, (void)y, (void)z;                                                                           \
        return formula;                                                                                      \
    }

/* The same on integers: 64 bits that wrap; the caller cuts to the dtype. */
#define INTEGER(name, formula)                                                                               \
    static int64_t integer_##name(int64_t x, int64_t y, int64_t z) {                                         \
        (void)x, (void)y, (void)z;                                                                           \
        return formula;                                                                                      \
    }

#define WRAP(operation) (int64_t)((uint64_t)x operation(uint64_t) y)

static const long double sqrt_half = 0.707106781186547524400844362104849039L;
static const long double sqrt_2_pi = 0.797884560802865355879892119868763737L; /* sqrt(2 / pi) */

static long double logistic(long double t) { return t < 0 ? expl(t) / (1 + expl(t)) : 1 / (1 + expl(-t)); }
static long double normal_cdf(long double t) { return erfcl(-t * sqrt_half) / 2; }
static long double normal_pdf(long double t) { return sqrt_2_pi / 2 * expl(-t * t / 2); }
static long double gelu_inner(long double t) { return sqrt_2_pi * (t + 0.044715L * t * t * t); }

/* x f(x) where f decays faster than x grows: 0 at the end of the range, not inf * 0. */
static long double damped(long double x, long double f) { return f == 0 ? 0 : x * f; }

static long double smooth_step(long double t) { return t > 0 ? t + log1pl(expl(-t)) : log1pl(expl(t)); }

/* NumPy's divmod: the remainder of truncation is exact; where the signs differ, one divisor more. */
static long double remainder_like_divisor(long double x, long double y) {
    long double r = fmodl(x, y);
    if (r == 0) return copysignl(0, y);
    return (r < 0) != (y < 0) ? r + y : r;
}

static long double floor_of_quotient(long double x, long double y) {
    if (y == 0) return x / y;
    long double r = fmodl(x, y), n = (x - r) / y;
    if (r != 0 && (r < 0) != (y < 0)) n -= 1;
    return n == 0 ? copysignl(0, x / y) : rintl(n);
}

static int64_t floor_of_integers(int64_t x, int64_t y) {
    if (y == 0) return 0;
    if (y == -1) return (int64_t)(0 - (uint64_t)x);
    return x / y - (x % y != 0 && (x < 0) != (y < 0));
}

static int64_t rest(int64_t x, int64_t n, int64_t y) {
    return (int64_t)((uint64_t)x - (uint64_t)n * (uint64_t)y);
}

/* --- arithmetic ----------------------------------------------------------------------------------------- */
REAL(add, x + y)
REAL(sub, x - y)
REAL(mul, x *y)
REAL(div, x / y)
REAL(neg, -x)
REAL(abs, fabsl(x))
REAL(sign, isnan(x) ? x : (long double)((x > 0) - (x < 0)))
REAL(square, x *x)
REAL(sqrt, sqrtl(x))
REAL(pow, powl(x, y))
REAL(minimum, isnan(x) || isnan(y) ? (long double)NAN : fminl(x, y))
REAL(maximum, isnan(x) || isnan(y) ? (long double)NAN : fmaxl(x, y))
REAL(where, x != 0 ? y : z)
REAL(lerp, x + z * (y - x))
REAL(clamp, isnan(x) || isnan(y) || isnan(z) ? (long double)NAN : fminl(fmaxl(x, y), z))
REAL(reciprocal, 1 / x)
REAL(rsqrt, 1 / sqrtl(x))
REAL(hypot, hypotl(x, y))
REAL(copysign, isnan(y) ? y : copysignl(x, y))
REAL(mod, remainder_like_divisor(x, y))
REAL(fmod, fmodl(x, y))
REAL(floor_divide, floor_of_quotient(x, y))
REAL(floor, floorl(x))
REAL(ceil, ceill(x))
REAL(round, rintl(x))
REAL(trunc, truncl(x))
INTEGER(add, WRAP(+))
INTEGER(sub, WRAP(-))
INTEGER(mul, WRAP(*))
INTEGER(neg, (int64_t)(0 - (uint64_t)x))
INTEGER(abs, x < 0 ? (int64_t)(0 - (uint64_t)x) : x)
INTEGER(sign, (x > 0) - (x < 0))
INTEGER(square, (int64_t)((uint64_t)x *(uint64_t)x))
INTEGER(minimum, x < y ? x : y)
INTEGER(maximum, x > y ? x : y)
INTEGER(where, x != 0 ? y : z)
INTEGER(clamp, x < y ? (y < z ? y : z) : (x < z ? x : z))
INTEGER(mod, y == 0 ? 0 : rest(x, floor_of_integers(x, y), y))
INTEGER(fmod, y == 0 || y == -1 ? 0 : x % y)
INTEGER(floor_divide, floor_of_integers(x, y))
INTEGER(itself, x)

/* --- exponentials --------------------------------------------------------------------------------------- */
REAL(exp, expl(x))
REAL(log, logl(x))
REAL(erf, erfl(x))
REAL(erfc, erfcl(x))
REAL(exp2, exp2l(x))
REAL(expm1, expm1l(x))
REAL(log1p, log1pl(x))
REAL(log2, log2l(x))
REAL(log10, log10l(x))
REAL(xlogy, x == 0 && !isnan(y) ? 0 : x * logl(y))

REAL(xlog1py, x == 0 && !isnan(y) ? 0 : x * log1pl(y))

/* --- special functions ---------------------------------------------------------------------------------- */
REAL(lgamma, ref_lgamma(x))
REAL(digamma, ref_digamma(x))
REAL(zeta, ref_zeta(x, y))
REAL(betainc, ref_betainc(x, y, z))

/* --- trigonometric and hyperbolic ----------------------------------------------------------------------- */
REAL(sin, sinl(x))
REAL(cos, cosl(x))
REAL(tan, tanl(x))
REAL(asin, asinl(x))
REAL(acos, acosl(x))
REAL(atan, atanl(x))
REAL(atan2, atan2l(x, y))
REAL(sinh, sinhl(x))
REAL(cosh, coshl(x))
REAL(asinh, asinhl(x))
REAL(acosh, acoshl(x))
REAL(atanh, atanhl(x))

/* --- comparisons ---------------------------------------------------------------------------------------- */
REAL(eq, x == y)
REAL(ne, x != y)
REAL(lt, x < y)
REAL(le, x <= y)
REAL(gt, x > y)
REAL(ge, x >= y)
INTEGER(eq, x == y)
INTEGER(ne, x != y)
INTEGER(lt, x < y)
INTEGER(le, x <= y)
INTEGER(gt, x > y)
INTEGER(ge, x >= y)

/* --- logic ---------------------------------------------------------------------------------------------- */
REAL(logical_and, x != 0 && y != 0)
REAL(logical_or, x != 0 || y != 0)
REAL(logical_xor, (x != 0) != (y != 0))
REAL(logical_not, x == 0)
REAL(isnan, isnan(x) != 0)
REAL(isinf, isinf(x) != 0)
REAL(isfinite, isfinite(x) != 0)
INTEGER(logical_and, x &&y)
INTEGER(logical_or, x || y)
INTEGER(logical_xor, !x != !y)
INTEGER(logical_not, !x)
INTEGER(never, 0)
INTEGER(always, 1)

/* --- activations ---------------------------------------------------------------------------------------- */
REAL(relu, isnan(x) ? x : x > 0 ? x : 0)
INTEGER(relu, x > 0 ? x : 0)
REAL(relu_grad, isnan(x) ? x : (long double)(x > 0))
REAL(leaky_relu, x > 0 ? x : x * y)
REAL(leaky_relu_grad, isnan(x) ? x : x > 0 ? 1 : y)
REAL(sigmoid, logistic(x))
REAL(sigmoid_grad, logistic(x) * logistic(-x))
REAL(sigmoid_grad_out, x *(1 - x))
REAL(tanh, tanhl(x))
REAL(tanh_grad, 1 / (coshl(x) * coshl(x)))
REAL(tanh_grad_out, (1 - x) * (1 + x))
REAL(swish, x *logistic(x))
REAL(swish_grad, logistic(x) + damped(x, logistic(x) * logistic(-x)))
REAL(swish_beta, x *logistic(y *x))
REAL(swish_beta_grad, logistic(y *x) + damped(y * x, logistic(y *x) * logistic(-y * x)))
REAL(gelu, x *normal_cdf(x))
REAL(gelu_grad, normal_cdf(x) + damped(x, normal_pdf(x)))
REAL(gelu_tanh, x *logistic(2 * gelu_inner(x)))
REAL(gelu_tanh_grad,
     logistic(2 * gelu_inner(x)) + damped(2 * sqrt_2_pi * x * (1 + 3 * 0.044715L * x * x),
                                          logistic(2 * gelu_inner(x)) * logistic(-2 * gelu_inner(x))))

/* --- rectifiers and their smooth kin --------------------------------------------------------------------- */
static const long double selu_scale = 1.0507009873554804934193349852946L;
static const long double selu_alpha = 1.6732632423543772848170429916717L;

static long double within(long double t, long double lo, long double hi) {
    return t < lo ? lo : t > hi ? hi : t;
}

/* 1 inside (lo, hi), 0 outside; NaN stays. */
static long double inside(long double t, long double lo, long double hi) {
    return isnan(t) ? t : (long double)(t > lo && t < hi);
}

REAL(relu6, within(x, 0, 6))
INTEGER(relu6, x<0 ? 0 : x> 6 ? 6 : x)
REAL(relu6_grad, inside(x, 0, 6))
REAL(hardtanh, within(x, -1, 1))
INTEGER(hardtanh, x<-1 ? -1 : x> 1 ? 1 : x)
REAL(hardtanh_grad, inside(x, -1, 1))
REAL(hardsigmoid, within(x + 3, 0, 6) / 6)
REAL(hardsigmoid_grad, inside(x, -3, 3) / 6)
REAL(hardsigmoid_grad_out, inside(x, 0, 1) / 6)
REAL(hardswish, x <= -3 ? 0 : x * (within(x + 3, 0, 6) / 6))
REAL(hardswish_grad, x <= -3 ? 0 : x >= 3 ? 1 : (x + 1.5L) / 3)
REAL(prelu, x > 0 ? x : x * y)
REAL(prelu_grad, isnan(x) ? x : x > 0 ? 1 : y)
REAL(elu, x > 0 ? x : y * expm1l(x))
REAL(elu_grad, x > 0 ? 1 : y * expl(x))
REAL(elu_grad_out, x > 0 ? 1 : x + y)
REAL(selu, selu_scale *(x > 0 ? x : selu_alpha * expm1l(x)))
REAL(selu_grad, selu_scale *(x > 0 ? 1 : selu_alpha * expl(x)))
REAL(selu_grad_out, x > 0 ? selu_scale : x + selu_scale * selu_alpha)
REAL(celu, x > 0 ? x : y * expm1l(x / y))
REAL(celu_grad, x > 0 ? 1 : expl(x / y))
REAL(celu_grad_out, x > 0 ? 1 : 1 + x / y)
REAL(softplus, smooth_step(x))
REAL(softplus_grad_out, -expm1l(-x))
REAL(log_sigmoid, -smooth_step(-x))
REAL(log_sigmoid_grad, logistic(-x))
REAL(log_sigmoid_grad_out, -expm1l(x))
REAL(softsign, isinf(x) ? copysignl(1, x) : x / (1 + fabsl(x)))
REAL(softsign_grad, 1 / ((1 + fabsl(x)) * (1 + fabsl(x))))
REAL(softsign_grad_out, (1 - fabsl(x)) * (1 - fabsl(x)))
REAL(mish, damped(x, tanhl(smooth_step(x))))
REAL(mish_grad,
     tanhl(smooth_step(x)) + damped(x, logistic(x) / (coshl(smooth_step(x)) * coshl(smooth_step(x)))))

/* --- pieces of losses ------------------------------------------------------------------------------------ */
REAL(huber, fabsl(x) <= y ? x * x / 2 : y * (fabsl(x) - y / 2))
REAL(huber_grad, within(x, -y, y))
REAL(smooth_l1, fabsl(x) < y ? x * x / (2 * y) : fabsl(x) - y / 2)
REAL(smooth_l1_grad, isnan(x) ? x : fabsl(x) < y ? x / y : (long double)((x > 0) - (x < 0)))

/* --- what an error is measured against, where ULP are not enough ---------------------------------------- */
REAL(scale_x, fmaxl(1, fabsl(x)))                            /* functions near x, with zeros between */
REAL(scale_lerp, fabsl(z *(y - x)) + fabsl(x + z * (y - x))) /* y - x is rounded before it is scaled */
REAL(scale_celu, expl(x / y) * (3 + fabsl(x / y)))           /* the quotient is rounded before exp */
REAL(scale_near_alpha, 1 + fabsl(x) + fabsl(x / y))          /* sums that cancel */
REAL(scale_lgamma, fabsl(ref_lgamma(x)) + (x < 0 ? 1 + ref_lgamma(1 - x) : 0)) /* reflection */
REAL(scale_digamma, 1 + fabsl(ref_digamma(x)) + (x < 0 ? 2 * fabsl(ref_digamma(1 - x)) : 0))
REAL(scale_zeta, ref_zeta(x, y) * (1 + x)) /* each offset is rounded before its power is taken */
REAL(scale_betainc, ref_betainc_size(x, y, z))
REAL(scale_selu, 1.7580993408473769L + fabsl(x))

/* Rounding once: half a unit, and a little for the rounding of the long double. */
#define EXACT .ulp_f32 = 0.501, .ulp_f64 = 0.501, .signed_zero = true
#define CHOSEN .ulp_f32 = 0, .ulp_f64 = 0
#define ULP(f32, f64) .ulp_f32 = (f32), .ulp_f64 = (f64)
#define SCALED(f32, f64, of) .scaled_f32 = (f32), .scaled_f64 = (f64), .scale = real_##of
#define BOTH(row) .real = real_##row, .integer = integer_##row
#define UNBOUNDED ULP((double)INFINITY, (double)INFINITY)
#define FINITE .limit = (double)INFINITY

static const ref_row rows[] = {
    {"add", BOTH(add), EXACT},
    {"sub", BOTH(sub), EXACT},
    {"mul", BOTH(mul), EXACT},
    {"div", .real = real_div, EXACT},
    {"neg", BOTH(neg), EXACT},
    {"abs", BOTH(abs), EXACT},
    {"sign", BOTH(sign), CHOSEN},
    {"square", BOTH(square), EXACT},
    {"sqrt", .real = real_sqrt, EXACT},
    {"pow", .real = real_pow, ULP(1, 2), .signed_zero = true},
    {"minimum", BOTH(minimum), CHOSEN},
    {"maximum", BOTH(maximum), CHOSEN},
    {"where", BOTH(where), CHOSEN, .signed_zero = true},
    {"lerp", .real = real_lerp, UNBOUNDED, SCALED(1.01, 1.01, scale_lerp), .limit = 1e37},
    {"clamp", BOTH(clamp), CHOSEN},
    {"reciprocal", .real = real_reciprocal, EXACT},
    {"rsqrt", .real = real_rsqrt, ULP(2, 2)},
    {"hypot", .real = real_hypot, ULP(2, 2), .signed_zero = true},
    {"copysign", .real = real_copysign, CHOSEN, .signed_zero = true},
    {"mod", BOTH(mod), EXACT},
    {"fmod", BOTH(fmod), CHOSEN, .signed_zero = true},
    {"floor_divide", BOTH(floor_divide), ULP(1, 1), .signed_zero = true},
    {"floor", .real = real_floor, .integer = integer_itself, CHOSEN, .signed_zero = true},
    {"ceil", .real = real_ceil, .integer = integer_itself, CHOSEN, .signed_zero = true},
    {"round", .real = real_round, .integer = integer_itself, CHOSEN, .signed_zero = true},
    {"trunc", .real = real_trunc, .integer = integer_itself, CHOSEN, .signed_zero = true},
    {"exp", .real = real_exp, ULP(1, 2)},
    {"log", .real = real_log, ULP(1, 2)},
    {"erf", .real = real_erf, ULP(3, 2), .signed_zero = true},
    {"erfc", .real = real_erfc, ULP(3, 2)},
    {"exp2", .real = real_exp2, ULP(1, 2)},
    {"expm1", .real = real_expm1, ULP(2, 2), .signed_zero = true},
    {"log1p", .real = real_log1p, ULP(2, 2), .signed_zero = true},
    {"log2", .real = real_log2, ULP(1, 2)},
    {"log10", .real = real_log10, ULP(1, 2)},
    {"xlogy", .real = real_xlogy, ULP(3, 3)},
    {"xlog1py", .real = real_xlog1py, ULP(4, 4)},
    {"lgamma", .real = real_lgamma, UNBOUNDED, SCALED(8, 8, scale_lgamma)},
    {"digamma", .real = real_digamma, UNBOUNDED, SCALED(12, 12, scale_digamma)},
    {"zeta", .real = real_zeta, UNBOUNDED, SCALED(2, 2, scale_zeta), .limit = 100},
    {"betainc", .real = real_betainc, UNBOUNDED, SCALED(4, 4, scale_betainc), .limit = 1000},
    {"sin", .real = real_sin, ULP(2, 2), .signed_zero = true, .limit = 1e5},
    {"cos", .real = real_cos, ULP(2, 2), .limit = 1e5},
    {"tan", .real = real_tan, ULP(3, 2), .signed_zero = true, .limit = 1e5},
    {"asin", .real = real_asin, ULP(3, 2), .signed_zero = true},
    {"acos", .real = real_acos, ULP(3, 2)},
    {"atan", .real = real_atan, ULP(3, 2), .signed_zero = true},
    {"atan2", .real = real_atan2, ULP(3, 2), .signed_zero = true},
    {"sinh", .real = real_sinh, ULP(3, 2), .signed_zero = true},
    {"cosh", .real = real_cosh, ULP(3, 2)},
    {"asinh", .real = real_asinh, ULP(3, 2), .signed_zero = true},
    {"acosh", .real = real_acosh, ULP(3, 2)},
    {"atanh", .real = real_atanh, ULP(3, 2), .signed_zero = true},
    {"eq", BOTH(eq), CHOSEN},
    {"ne", BOTH(ne), CHOSEN},
    {"lt", BOTH(lt), CHOSEN},
    {"le", BOTH(le), CHOSEN},
    {"gt", BOTH(gt), CHOSEN},
    {"ge", BOTH(ge), CHOSEN},
    {"logical_and", BOTH(logical_and), CHOSEN},
    {"logical_or", BOTH(logical_or), CHOSEN},
    {"logical_xor", BOTH(logical_xor), CHOSEN},
    {"logical_not", BOTH(logical_not), CHOSEN},
    {"isnan", .real = real_isnan, .integer = integer_never, CHOSEN},
    {"isinf", .real = real_isinf, .integer = integer_never, CHOSEN},
    {"isfinite", .real = real_isfinite, .integer = integer_always, CHOSEN},
    {"relu", BOTH(relu), CHOSEN},
    {"relu_grad", .real = real_relu_grad, CHOSEN},
    {"relu_grad_out", .real = real_relu_grad, CHOSEN},
    {"leaky_relu", .real = real_leaky_relu, EXACT},
    {"leaky_relu_grad", .real = real_leaky_relu_grad, CHOSEN},
    {"leaky_relu_grad_out", .real = real_leaky_relu_grad, CHOSEN},
    {"sigmoid", .real = real_sigmoid, ULP(3, 2)},
    {"sigmoid_grad", .real = real_sigmoid_grad, ULP(7, 5)},
    {"sigmoid_grad_out", .real = real_sigmoid_grad_out, ULP(2, 2)},
    {"tanh", .real = real_tanh, ULP(3, 2), .signed_zero = true},
    {"tanh_grad", .real = real_tanh_grad, ULP(7, 5)},
    {"tanh_grad_out", .real = real_tanh_grad_out, ULP(0.501, 0.501)},
    {"swish", .real = real_swish, ULP(256, 2048), SCALED(4, 4, scale_x), FINITE},
    {"swish_grad", .real = real_swish_grad, UNBOUNDED, SCALED(8, 8, scale_x), FINITE},
    {"swish_beta", .real = real_swish_beta, ULP(256, 2048), SCALED(4, 4, scale_x), FINITE},
    {"swish_beta_grad", .real = real_swish_beta_grad, UNBOUNDED, SCALED(8, 8, scale_x), FINITE},
    {"gelu", .real = real_gelu, ULP(256, 2048), SCALED(4, 4, scale_x), FINITE},
    {"gelu_grad", .real = real_gelu_grad, UNBOUNDED, SCALED(8, 8, scale_x), FINITE},
    {"gelu_tanh", .real = real_gelu_tanh, ULP(256, 2048), SCALED(4, 4, scale_x), FINITE},
    {"gelu_tanh_grad", .real = real_gelu_tanh_grad, UNBOUNDED, SCALED(8, 8, scale_x), FINITE},
    {"relu6", BOTH(relu6), CHOSEN},
    {"relu6_grad", .real = real_relu6_grad, CHOSEN},
    {"relu6_grad_out", .real = real_relu6_grad, CHOSEN},
    {"hardtanh", BOTH(hardtanh), CHOSEN},
    {"hardtanh_grad", .real = real_hardtanh_grad, CHOSEN},
    {"hardtanh_grad_out", .real = real_hardtanh_grad, CHOSEN},
    {"hardsigmoid", .real = real_hardsigmoid, ULP(2, 2)},
    {"hardsigmoid_grad", .real = real_hardsigmoid_grad, ULP(0.501, 0.501)},
    {"hardsigmoid_grad_out", .real = real_hardsigmoid_grad_out, ULP(0.501, 0.501)},
    {"hardswish", .real = real_hardswish, ULP(3, 3)},
    {"hardswish_grad", .real = real_hardswish_grad, ULP(2, 2)},
    {"prelu", .real = real_prelu, EXACT},
    {"prelu_grad", .real = real_prelu_grad, CHOSEN},
    {"elu", .real = real_elu, ULP(4, 4)},
    {"elu_grad", .real = real_elu_grad, ULP(3, 3)},
    {"elu_grad_out", .real = real_elu_grad_out, ULP(0.501, 0.501)},
    {"selu", .real = real_selu, ULP(4, 4), .signed_zero = true},
    {"selu_grad", .real = real_selu_grad, ULP(3, 3)},
    {"selu_grad_out", .real = real_selu_grad_out, UNBOUNDED, SCALED(2, 2, scale_selu)},
    {"celu", .real = real_celu, ULP(5, 5)},
    {"celu_grad", .real = real_celu_grad, UNBOUNDED, SCALED(1, 1, scale_celu)},
    {"celu_grad_out", .real = real_celu_grad_out, UNBOUNDED, SCALED(2, 2, scale_near_alpha)},
    {"softplus", .real = real_softplus, ULP(2, 2)},
    {"softplus_grad", .real = real_sigmoid, ULP(3, 2)},
    {"softplus_grad_out", .real = real_softplus_grad_out, ULP(2, 2)},
    {"log_sigmoid", .real = real_log_sigmoid, ULP(3, 2)},
    {"log_sigmoid_grad", .real = real_log_sigmoid_grad, ULP(3, 2)},
    {"log_sigmoid_grad_out", .real = real_log_sigmoid_grad_out, ULP(2, 2)},
    {"softsign", .real = real_softsign, ULP(2, 2), .signed_zero = true},
    {"softsign_grad", .real = real_softsign_grad, ULP(4, 4)},
    {"softsign_grad_out", .real = real_softsign_grad_out, ULP(2, 2)},
    {"mish", .real = real_mish, ULP(3, 2)},
    {"mish_grad", .real = real_mish_grad, UNBOUNDED, SCALED(8, 8, scale_x)},
    {"huber", .real = real_huber, ULP(2, 2)},
    {"huber_grad", .real = real_huber_grad, CHOSEN},
    {"smooth_l1", .real = real_smooth_l1, ULP(2, 2)},
    {"smooth_l1_grad", .real = real_smooth_l1_grad, ULP(0.501, 0.501)},
};

const ref_row *ref_row_find(const char *name) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, name)) return &rows[i];
    return NULL;
}
