/*
 * Elementwise operations, activations with their derivatives, conversion of dtype.
 *
 * COMMON RULES. Shapes broadcast by NumPy's rules. An operand of an arithmetic operation or comparison is a
 * tensor or a C number: cg_mul(x, 0.5), cg_sub(1, x). Dtypes are promoted bool < u8 < i32 < i64 < f32 < f64;
 * a number takes the tensor's dtype, except that a real number makes an integer tensor f32, and an integer
 * number makes a bool tensor i64. "FLOAT" operations turn integers and bool into f32. NaN goes in, NaN comes
 * out. Elementwise work is deferred and fused: the work happens when a value is needed.
 *
 * Errors, of every operation here: CG_ERROR_SHAPE where shapes do not broadcast, CG_ERROR_DEVICE_MISMATCH
 * where operands live on different devices, CG_ERROR_DTYPE where the dtype is refused; the result is NULL.
 *
 * Bounds are in ULP of the result's dtype against the exact value (f32 / f64), on every device.
 */
#ifndef CLGRAD_OPS_H
#define CLGRAD_OPS_H

#include "tensor.h"

CG_BEGIN_DECLS

/* An operand: a tensor or a number. Users write the tensor or the number; the macros below make this of it. */
typedef enum cg_arg_kind { CG_ARG_TENSOR, CG_ARG_INTEGER, CG_ARG_REAL } cg_arg_kind;
typedef struct cg_arg {
    cg_arg_kind kind;
    cg_tensor *tensor;
    int64_t integer;
    double real;
#ifdef __cplusplus
    cg_arg(cg_tensor *x) : kind(CG_ARG_TENSOR), tensor(x), integer(0), real(0) {}
    cg_arg(int x) : kind(CG_ARG_INTEGER), tensor(nullptr), integer(x), real(0) {}
    cg_arg(int64_t x) : kind(CG_ARG_INTEGER), tensor(nullptr), integer(x), real(0) {}
    cg_arg(float x) : kind(CG_ARG_REAL), tensor(nullptr), integer(0), real(x) {}
    cg_arg(double x) : kind(CG_ARG_REAL), tensor(nullptr), integer(0), real(x) {}
#endif
} cg_arg;

/* --- Arithmetic ----------------------------------------------------------------------------------------- */

/* x + y. Gradient to both. Exact rounding. bool: or. */
CG_API cg_tensor *cg_add(cg_arg x, cg_arg y);

/* x - y. Gradient to both. Exact rounding. bool is refused, as in NumPy. */
CG_API cg_tensor *cg_sub(cg_arg x, cg_arg y);

/* x y. Gradient to both. Exact rounding. bool: and. */
CG_API cg_tensor *cg_mul(cg_arg x, cg_arg y);

/* x / y, FLOAT. Gradient to both. Exact rounding; 2.5 ULP on a GPU that has no exact division. */
CG_API cg_tensor *cg_div(cg_arg x, cg_arg y);

/* x^y, FLOAT, with C's special cases. Gradient to both: y x^(y-1), x^y log(x). Bound 1 / 2. */
CG_API cg_tensor *cg_pow(cg_arg x, cg_arg y);

/* The smaller; NaN wins. Gradient to the smaller, to x where they are equal. */
CG_API cg_tensor *cg_minimum(cg_arg x, cg_arg y);

/* The larger; NaN wins. Gradient to the larger, to x where they are equal. */
CG_API cg_tensor *cg_maximum(cg_arg x, cg_arg y);

/* -x. Gradient. bool is refused. */
CG_API cg_tensor *cg_neg(cg_tensor *x);

/* |x|. Gradient sign(x), 0 at 0. */
CG_API cg_tensor *cg_abs(cg_tensor *x);

/* -1, 0 or 1 by the sign of x; 0 for -0.0. Its gradient is zero. bool is refused. */
CG_API cg_tensor *cg_sign(cg_tensor *x);

/* x^2. Gradient 2 x. */
CG_API cg_tensor *cg_square(cg_tensor *x);

/* The square root, FLOAT; NaN for x < 0. Gradient 1 / (2 sqrt(x)). Exact rounding; 3 ULP on some GPUs. */
CG_API cg_tensor *cg_sqrt(cg_tensor *x);

/* condition ? x : y, elementwise; a condition that is not bool is compared with 0. Gradient to x and y. */
CG_API cg_tensor *cg_where(cg_arg condition, cg_arg x, cg_arg y);

/* Linear interpolation x + w (y - x), FLOAT. Gradient to all three. */
CG_API cg_tensor *cg_lerp(cg_arg x, cg_arg y, cg_arg w);

/* e^x, FLOAT. Gradient. Bound 1 / 2. */
CG_API cg_tensor *cg_exp(cg_tensor *x);

/* The natural logarithm, FLOAT: -inf at 0, NaN below. Gradient 1 / x. Bound 1 / 2. */
CG_API cg_tensor *cg_log(cg_tensor *x);

/*
 * The error function 2/sqrt(pi) int_0^x exp(-t^2) dt, FLOAT. Gradient 2/sqrt(pi) exp(-x^2). Bound 3 / 2.
 * Source: Abramowitz and Stegun 7.1.1; the listing 21 of the pseudocode paper leaves its step undefined.
 */
CG_API cg_tensor *cg_erf(cg_tensor *x);

/* --- Comparisons: the result is bool and has no gradient ------------------------------------------------- */

/* x == y; false where one is NaN. */
CG_API cg_tensor *cg_eq(cg_arg x, cg_arg y);

/* x != y; true where one is NaN. */
CG_API cg_tensor *cg_ne(cg_arg x, cg_arg y);

/* x < y; false where one is NaN. */
CG_API cg_tensor *cg_lt(cg_arg x, cg_arg y);

/* x <= y; false where one is NaN. */
CG_API cg_tensor *cg_le(cg_arg x, cg_arg y);

/* x > y; false where one is NaN. */
CG_API cg_tensor *cg_gt(cg_arg x, cg_arg y);

/* x >= y; false where one is NaN. */
CG_API cg_tensor *cg_ge(cg_arg x, cg_arg y);

/* --- Activations and their derivatives (all FLOAT but relu) ------------------------------------------------ */

/* max(0, x). Gradient: 1 for x > 0, else 0. Listing 22 of the pseudocode paper zeroes the other side. */
CG_API cg_tensor *cg_relu(cg_tensor *x);

/* The derivative of relu from its input: 1 for x > 0, else 0. Its own gradient is zero. */
CG_API cg_tensor *cg_relu_grad(cg_tensor *x);

/* The derivative of relu from its output y: 1 for y > 0, else 0. Its own gradient is zero. */
CG_API cg_tensor *cg_relu_grad_out(cg_tensor *y);

/* x for x > 0, else slope x. Gradient 1 or slope. */
CG_API cg_tensor *cg_leaky_relu(cg_tensor *x, double slope);

/* The derivative of leaky_relu from its input. Its own gradient is zero. */
CG_API cg_tensor *cg_leaky_relu_grad(cg_tensor *x, double slope);

/* The derivative of leaky_relu from its output, for slope >= 0. Its own gradient is zero. */
CG_API cg_tensor *cg_leaky_relu_grad_out(cg_tensor *y, double slope);

/* The logistic function 1 / (1 + exp(-x)), sound in both tails. Gradient s (1 - s). Bound 3 / 2. */
CG_API cg_tensor *cg_sigmoid(cg_tensor *x);

/* The derivative of sigmoid from its input, s(x) s(-x): no cancellation for large x. Gradient. */
CG_API cg_tensor *cg_sigmoid_grad(cg_tensor *x);

/* The derivative of sigmoid from its output, y (1 - y). Gradient. */
CG_API cg_tensor *cg_sigmoid_grad_out(cg_tensor *y);

/* The hyperbolic tangent. Gradient 1 - tanh^2. Bound 3 / 2. */
CG_API cg_tensor *cg_tanh(cg_tensor *x);

/* The derivative of tanh from its input, 4 s(2x) s(-2x). Listing 37 of the pseudocode paper takes the output. */
CG_API cg_tensor *cg_tanh_grad(cg_tensor *x);

/* The derivative of tanh from its output, 1 - y^2. Gradient. */
CG_API cg_tensor *cg_tanh_grad_out(cg_tensor *y);

/* Swish (SiLU) x s(x), s the logistic function. Gradient s + x s (1 - s). */
CG_API cg_tensor *cg_swish(cg_tensor *x);

/* The derivative of swish: s + x s (1 - s). Listing 34 of the pseudocode paper gives the sigmoid alone. */
CG_API cg_tensor *cg_swish_grad(cg_tensor *x);

/* Swish with a parameter, x s(beta x). Gradient to x. */
CG_API cg_tensor *cg_swish_beta(cg_tensor *x, double beta);

/* The derivative of swish_beta from its input. Gradient to x. */
CG_API cg_tensor *cg_swish_beta_grad(cg_tensor *x, double beta);

/*
 * The Gaussian error linear unit x Phi(x) = x erfc(-x / sqrt(2)) / 2, which keeps the lower tail.
 * Gradient Phi(x) + x phi(x). Error at most 2^-22 max(1, |x|) in f32.
 */
CG_API cg_tensor *cg_gelu(cg_tensor *x);

/* The derivative of gelu, Phi(x) + x phi(x). Gradient. */
CG_API cg_tensor *cg_gelu_grad(cg_tensor *x);

/*
 * The tanh form of gelu: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), with the grouping that listing 29
 * of the pseudocode paper gets wrong. Gradient: the exact derivative of this form.
 */
CG_API cg_tensor *cg_gelu_tanh(cg_tensor *x);

/* The exact derivative of gelu_tanh (listing 38 of the pseudocode paper is another function's). Gradient. */
CG_API cg_tensor *cg_gelu_tanh_grad(cg_tensor *x);

/* --- Conversion ------------------------------------------------------------------------------------------- */

/*
 * x in another dtype: reals are cut towards zero for integers; anything that is not 0 is true. Gradient
 * between real dtypes. The same dtype gives x itself, as a view.
 */
CG_API cg_tensor *cg_cast(cg_tensor *x, cg_dtype dtype);

CG_END_DECLS

#ifndef __cplusplus
/* Numbers as operands: a function-like macro of the same name wraps each argument. */
static inline cg_arg cg_arg_tensor(cg_tensor *x) { return (cg_arg){.kind = CG_ARG_TENSOR, .tensor = x}; }
static inline cg_arg cg_arg_integer(int64_t x) { return (cg_arg){.kind = CG_ARG_INTEGER, .integer = x}; }
static inline cg_arg cg_arg_real(double x) { return (cg_arg){.kind = CG_ARG_REAL, .real = x}; }
static inline cg_arg cg_arg_itself(cg_arg x) { return x; }
static inline cg_arg cg_arg_null(const void *x) {
    (void)x;
    return cg_arg_tensor(NULL);
}
#define CG_ARG(v)                                                                                            \
    _Generic((v),                                                                                            \
        cg_tensor *: cg_arg_tensor,                                                                          \
        cg_arg: cg_arg_itself,                                                                               \
        void *: cg_arg_null,                                                                                 \
        float: cg_arg_real,                                                                                  \
        double: cg_arg_real,                                                                                 \
        default: cg_arg_integer)(v)

#define cg_add(x, y) cg_add(CG_ARG(x), CG_ARG(y))
#define cg_sub(x, y) cg_sub(CG_ARG(x), CG_ARG(y))
#define cg_mul(x, y) cg_mul(CG_ARG(x), CG_ARG(y))
#define cg_div(x, y) cg_div(CG_ARG(x), CG_ARG(y))
#define cg_pow(x, y) cg_pow(CG_ARG(x), CG_ARG(y))
#define cg_minimum(x, y) cg_minimum(CG_ARG(x), CG_ARG(y))
#define cg_maximum(x, y) cg_maximum(CG_ARG(x), CG_ARG(y))
#define cg_where(condition, x, y) cg_where(CG_ARG(condition), CG_ARG(x), CG_ARG(y))
#define cg_lerp(x, y, w) cg_lerp(CG_ARG(x), CG_ARG(y), CG_ARG(w))
#define cg_eq(x, y) cg_eq(CG_ARG(x), CG_ARG(y))
#define cg_ne(x, y) cg_ne(CG_ARG(x), CG_ARG(y))
#define cg_lt(x, y) cg_lt(CG_ARG(x), CG_ARG(y))
#define cg_le(x, y) cg_le(CG_ARG(x), CG_ARG(y))
#define cg_gt(x, y) cg_gt(CG_ARG(x), CG_ARG(y))
#define cg_ge(x, y) cg_ge(CG_ARG(x), CG_ARG(y))
#endif

#endif
