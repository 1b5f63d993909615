/*
 * Elementwise operations and conversion of dtype; activations.h has the activations.
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

/* x + y. Gradient g to both. Exact rounding. bool: or. */
CG_API cg_tensor *cg_add(cg_arg x, cg_arg y);

/* x - y. Gradient g to x, -g to y. Exact rounding. bool is refused, as in NumPy. */
CG_API cg_tensor *cg_sub(cg_arg x, cg_arg y);

/* x y. Gradient g y to x, g x to y. Exact rounding. bool: and. */
CG_API cg_tensor *cg_mul(cg_arg x, cg_arg y);

/* x / y, FLOAT. Gradient g / y to x, -g x / y^2 to y. Exact rounding; 2.5 ULP on a GPU without exact division. */
CG_API cg_tensor *cg_div(cg_arg x, cg_arg y);

/* x^y, FLOAT, with C's special cases. Gradient to both: y x^(y-1), x^y log(x). Bound 1 / 2. */
CG_API cg_tensor *cg_pow(cg_arg x, cg_arg y);

/* The smaller; NaN wins. Gradient to the smaller, to x where they are equal. */
CG_API cg_tensor *cg_minimum(cg_arg x, cg_arg y);

/* The larger; NaN wins. Gradient to the larger, to x where they are equal. */
CG_API cg_tensor *cg_maximum(cg_arg x, cg_arg y);

/* -x. Gradient -1. bool is refused. */
CG_API cg_tensor *cg_neg(cg_tensor *x);

/* |x|. Gradient sign(x), 0 at 0. */
CG_API cg_tensor *cg_abs(cg_tensor *x);

/* -1, 0 or 1 by the sign of x; 0 for -0.0. Its gradient is zero. bool is refused. */
CG_API cg_tensor *cg_sign(cg_tensor *x);

/* x^2. Gradient 2 x. */
CG_API cg_tensor *cg_square(cg_tensor *x);

/* The square root, FLOAT; NaN for x < 0. Gradient 1 / (2 sqrt(x)). Exact rounding; 3 ULP on some GPUs. */
CG_API cg_tensor *cg_sqrt(cg_tensor *x);

/* condition ? x : y, elementwise; a condition that is not bool is compared with 0. Gradient to the one taken. */
CG_API cg_tensor *cg_where(cg_arg condition, cg_arg x, cg_arg y);

/* Linear interpolation x + w (y - x), FLOAT. Gradient: 1 - w to x, w to y, y - x to w. */
CG_API cg_tensor *cg_lerp(cg_arg x, cg_arg y, cg_arg w);

/*
 * x within [lo, hi]: min(max(x, lo), hi), so hi where lo > hi. NaN in any operand gives NaN. Gradient to x where
 * lo <= x <= hi, else to the bound that is the result.
 */
CG_API cg_tensor *cg_clamp(cg_arg x, cg_arg lo, cg_arg hi);

/* 1 / x, FLOAT. Gradient -1 / x^2. Exact rounding; 2.5 ULP on a GPU that has no exact division. */
CG_API cg_tensor *cg_reciprocal(cg_tensor *x);

/* 1 / sqrt(x), FLOAT; NaN for x < 0. Gradient -x^(-3/2) / 2. Bound 2 / 2. */
CG_API cg_tensor *cg_rsqrt(cg_tensor *x);

/*
 * sqrt(x^2 + y^2), FLOAT, without overflow on the way; infinite if one is, even beside NaN, as in C.
 * Gradient x / out and y / out, 0 where both are 0. Bound 2 / 2.
 */
CG_API cg_tensor *cg_hypot(cg_arg x, cg_arg y);

/* |x| with the sign of y, FLOAT; NaN in y gives NaN. Gradient to x: sign(x) sign(y), 0 at x = 0; to y zero. */
CG_API cg_tensor *cg_copysign(cg_arg x, cg_arg y);

/* --- Remainders and rounding ---------------------------------------------------------------------------- */

/*
 * x - y floor(x / y): the remainder with the sign of y, NumPy's mod and Python's %. A zero y gives NaN, for
 * integers 0. Gradient to x: 1; to y: -floor(x / y). Exact rounding: the remainder has no error, the sum with y
 * where the signs differ has one.
 */
CG_API cg_tensor *cg_mod(cg_arg x, cg_arg y);

/*
 * x - y trunc(x / y): the remainder with the sign of x, C's fmod. A zero y gives NaN, for integers 0. Gradient to
 * x: 1; to y: -trunc(x / y). Exact.
 */
CG_API cg_tensor *cg_fmod(cg_arg x, cg_arg y);

/*
 * floor(x / y), of the exact quotient. A zero y gives x / 0 (infinite or NaN), for integers 0; an infinite x gives
 * NaN, as in NumPy. The smallest integer by -1 is itself. Its gradient is zero. Exact to 2^24 / 2^53, then bound 1.
 */
CG_API cg_tensor *cg_floor_divide(cg_arg x, cg_arg y);

/* The largest integer <= x, in the dtype of x. Its gradient is zero. Exact. */
CG_API cg_tensor *cg_floor(cg_tensor *x);

/* The smallest integer >= x, in the dtype of x. Its gradient is zero. Exact. */
CG_API cg_tensor *cg_ceil(cg_tensor *x);

/* The nearest integer, halves to the even one, in the dtype of x. Its gradient is zero. Exact. */
CG_API cg_tensor *cg_round(cg_tensor *x);

/* x cut towards zero, in the dtype of x. Its gradient is zero. Exact. */
CG_API cg_tensor *cg_trunc(cg_tensor *x);

/* --- Exponentials, logarithms ---------------------------------------------------------------------------- */

/* e^x, FLOAT. Gradient e^x. Bound 1 / 2. */
CG_API cg_tensor *cg_exp(cg_tensor *x);

/* The natural logarithm, FLOAT: -inf at 0, NaN below. Gradient 1 / x. Bound 1 / 2. */
CG_API cg_tensor *cg_log(cg_tensor *x);

/*
 * The error function 2/sqrt(pi) int_0^x exp(-t^2) dt, FLOAT. Gradient 2/sqrt(pi) exp(-x^2). Bound 3 / 2.
 * Source: Abramowitz and Stegun 7.1.1; the listing 21 of the pseudocode paper leaves its step undefined.
 */
CG_API cg_tensor *cg_erf(cg_tensor *x);

/* 1 - erf(x) without cancellation, FLOAT. Gradient -2/sqrt(pi) exp(-x^2). Bound 3 / 2. */
CG_API cg_tensor *cg_erfc(cg_tensor *x);

/* 2^x, FLOAT. Gradient log(2) 2^x. Bound 1 / 2. */
CG_API cg_tensor *cg_exp2(cg_tensor *x);

/* e^x - 1 without cancellation near 0, FLOAT. Gradient e^x. Bound 2 / 2. */
CG_API cg_tensor *cg_expm1(cg_tensor *x);

/* log(1 + x), exact near 0, FLOAT: -inf at -1, NaN below. Gradient 1 / (1 + x). Bound 2 / 2. */
CG_API cg_tensor *cg_log1p(cg_tensor *x);

/* The logarithm to base 2, FLOAT: -inf at 0, NaN below. Gradient 1 / (x log(2)). Bound 1 / 2. */
CG_API cg_tensor *cg_log2(cg_tensor *x);

/* The logarithm to base 10, FLOAT: -inf at 0, NaN below. Gradient 1 / (x log(10)). Bound 1 / 2. */
CG_API cg_tensor *cg_log10(cg_tensor *x);

/*
 * x log(y), FLOAT; 0 where x = 0, unless y is NaN: what entropies need. Gradient to x: log(y), 0 where x = 0 and
 * y <= 0; to y: x / y, 0 where x = 0. Bound 3 / 3.
 */
CG_API cg_tensor *cg_xlogy(cg_arg x, cg_arg y);

/* --- Trigonometric and hyperbolic functions (all FLOAT; angles in radians) -------------------------------- */

/*
 * The sine. Gradient cos(x). Bound 2 / 2 for |x| to 1e5 / 1e9; from 4e6 / 2e15 on, where neighbouring numbers are
 * radians apart, the result means nothing. NaN for infinite x.
 */
CG_API cg_tensor *cg_sin(cg_tensor *x);

/* The cosine. Gradient -sin(x). Bound and range as of cg_sin. */
CG_API cg_tensor *cg_cos(cg_tensor *x);

/* The tangent. Gradient 1 + tan^2. Bound 3 / 2, in the range of cg_sin. */
CG_API cg_tensor *cg_tan(cg_tensor *x);

/* The arc sine in [-pi/2, pi/2]; NaN for |x| > 1. Gradient 1 / sqrt((1 - x) (1 + x)). Bound 3 / 2. */
CG_API cg_tensor *cg_asin(cg_tensor *x);

/* The arc cosine in [0, pi]; NaN for |x| > 1. Gradient -1 / sqrt((1 - x) (1 + x)). Bound 3 / 2. */
CG_API cg_tensor *cg_acos(cg_tensor *x);

/* The arc tangent in [-pi/2, pi/2]. Gradient 1 / (1 + x^2). Bound 3 / 2. */
CG_API cg_tensor *cg_atan(cg_tensor *x);

/*
 * The angle of the point (x, y) in [-pi, pi], with C's special cases. Gradient to y: x / (x^2 + y^2), to x:
 * -y / (x^2 + y^2); both 0 at the origin. Bound 3 / 2.
 */
CG_API cg_tensor *cg_atan2(cg_arg y, cg_arg x);

/* The hyperbolic sine. Gradient cosh(x). Bound 3 / 2. */
CG_API cg_tensor *cg_sinh(cg_tensor *x);

/* The hyperbolic cosine. Gradient sinh(x). Bound 3 / 2. */
CG_API cg_tensor *cg_cosh(cg_tensor *x);

/* The inverse of sinh. Gradient 1 / sqrt(x^2 + 1). Bound 3 / 2. */
CG_API cg_tensor *cg_asinh(cg_tensor *x);

/* The inverse of cosh for x >= 1; NaN below. Gradient 1 / (sqrt(x - 1) sqrt(x + 1)). Bound 3 / 2. */
CG_API cg_tensor *cg_acosh(cg_tensor *x);

/* The inverse of tanh; infinite at -1 and 1, NaN beyond. Gradient 1 / ((1 - x) (1 + x)). Bound 3 / 2. */
CG_API cg_tensor *cg_atanh(cg_tensor *x);

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

/* --- Logic: the result is bool and has no gradient. What is not 0 is true, NaN too. ----------------------- */

/* Both are true. */
CG_API cg_tensor *cg_logical_and(cg_arg x, cg_arg y);

/* One or both are true. */
CG_API cg_tensor *cg_logical_or(cg_arg x, cg_arg y);

/* Exactly one is true. */
CG_API cg_tensor *cg_logical_xor(cg_arg x, cg_arg y);

/* x is 0. */
CG_API cg_tensor *cg_logical_not(cg_tensor *x);

/* x is NaN; never so for integers. */
CG_API cg_tensor *cg_isnan(cg_tensor *x);

/* x is infinite; never so for integers. */
CG_API cg_tensor *cg_isinf(cg_tensor *x);

/* x is neither infinite nor NaN; always so for integers. */
CG_API cg_tensor *cg_isfinite(cg_tensor *x);

/*
 * |x - y| <= atol + rtol |y|, or both the same, infinities too; with equal_nan, NaN is like NaN. The shapes broadcast;
 * the result is bool and has no gradient. Integers are compared as i64, their tolerance is f32.
 */
CG_API cg_tensor *cg_isclose(cg_tensor *x, cg_tensor *y, double rtol, double atol, bool equal_nan);

/* Whether cg_isclose holds for all elements, as a bool of shape (); true for none. */
CG_API cg_tensor *cg_allclose(cg_tensor *x, cg_tensor *y, double rtol, double atol, bool equal_nan);

/* --- Conversion ------------------------------------------------------------------------------------------- */

/*
 * x in another dtype: reals are cut towards zero for integers; anything that is not 0 is true. Gradient
 * between real dtypes. The same dtype gives x itself, as a view.
 */
CG_API cg_tensor *cg_cast(cg_tensor *x, cg_dtype dtype);

/* --- In place --------------------------------------------------------------------------------------------- */

/*
 * Writes value, a tensor or a number, into the memory that x shows: broadcast to x's shape and converted to its dtype.
 * x may be any view but one whose elements share memory. This is the only operation that changes a tensor: what was
 * made from the old elements, computed or still pending, keeps its value. A value that reads x element by element
 * takes one pass over memory, cg_assign(x, cg_mul(x, 0.9)); one that reads it through another view is computed first.
 * No gradient. Errors: CG_ERROR_SHAPE where value does not broadcast to x; CG_ERROR_STATE where a gradient still needs
 * x, where x is recorded (write a cg_detach of it), or where value is; CG_ERROR_ARGUMENT where elements share memory.
 */
CG_API cg_status cg_assign(cg_tensor *x, cg_arg value);

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
#define cg_clamp(x, lo, hi) cg_clamp(CG_ARG(x), CG_ARG(lo), CG_ARG(hi))
#define cg_hypot(x, y) cg_hypot(CG_ARG(x), CG_ARG(y))
#define cg_copysign(x, y) cg_copysign(CG_ARG(x), CG_ARG(y))
#define cg_mod(x, y) cg_mod(CG_ARG(x), CG_ARG(y))
#define cg_fmod(x, y) cg_fmod(CG_ARG(x), CG_ARG(y))
#define cg_floor_divide(x, y) cg_floor_divide(CG_ARG(x), CG_ARG(y))
#define cg_xlogy(x, y) cg_xlogy(CG_ARG(x), CG_ARG(y))
#define cg_atan2(y, x) cg_atan2(CG_ARG(y), CG_ARG(x))
#define cg_logical_and(x, y) cg_logical_and(CG_ARG(x), CG_ARG(y))
#define cg_logical_or(x, y) cg_logical_or(CG_ARG(x), CG_ARG(y))
#define cg_logical_xor(x, y) cg_logical_xor(CG_ARG(x), CG_ARG(y))
#define cg_assign(x, value) cg_assign(x, CG_ARG(value))
#define cg_eq(x, y) cg_eq(CG_ARG(x), CG_ARG(y))
#define cg_ne(x, y) cg_ne(CG_ARG(x), CG_ARG(y))
#define cg_lt(x, y) cg_lt(CG_ARG(x), CG_ARG(y))
#define cg_le(x, y) cg_le(CG_ARG(x), CG_ARG(y))
#define cg_gt(x, y) cg_gt(CG_ARG(x), CG_ARG(y))
#define cg_ge(x, y) cg_ge(CG_ARG(x), CG_ARG(y))
#endif

#endif
