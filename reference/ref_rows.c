/*
 * What each row of elementwise.def must compute: its definition in long double, and its bound. Bounds follow
 * the promises in include/clgrad/ops.h; where those are silent, the error that the parts of the formula add
 * up to.
 */
#include "reference/reference.h"

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

/* --- exponentials --------------------------------------------------------------------------------------- */
REAL(exp, expl(x))
REAL(log, logl(x))
REAL(erf, erfl(x))

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

/* --- what an error is measured against, where ULP are not enough ---------------------------------------- */
REAL(scale_x, fmaxl(1, fabsl(x)))                            /* functions near x, with zeros between */
REAL(scale_lerp, fabsl(z *(y - x)) + fabsl(x + z * (y - x))) /* y - x is rounded before it is scaled */

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
    {"exp", .real = real_exp, ULP(1, 2)},
    {"log", .real = real_log, ULP(1, 2)},
    {"erf", .real = real_erf, ULP(3, 2), .signed_zero = true},
    {"eq", BOTH(eq), CHOSEN},
    {"ne", BOTH(ne), CHOSEN},
    {"lt", BOTH(lt), CHOSEN},
    {"le", BOTH(le), CHOSEN},
    {"gt", BOTH(gt), CHOSEN},
    {"ge", BOTH(ge), CHOSEN},
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
};

const ref_row *ref_row_find(const char *name) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, name)) return &rows[i];
    return NULL;
}
