/*
 * Special functions: gamma, digamma, polygamma, zeta, the incomplete beta function. The names are SciPy's and PyTorch's.
 *
 * The rules of ops.h hold: shapes broadcast, numbers are operands, all are FLOAT, work is deferred and fused, NaN goes
 * in, NaN comes out. The text is the same for C and OpenCL (kernels/gamma_function.h, beta_function.h) and gives the
 * same bits. u is the unit roundoff of the result's dtype.
 */
#ifndef CLGRAD_SPECIAL_H
#define CLGRAD_SPECIAL_H

#include "ops.h"

CG_BEGIN_DECLS

/*
 * x log(1 + y), FLOAT; 0 where x = 0, unless y is NaN. Gradient to x: log(1 + y), 0 where x = 0 and y <= -1; to y:
 * x / (1 + y), 0 where x = 0. Bound 4 / 4.
 */
CG_API cg_tensor *cg_xlog1py(cg_arg x, cg_arg y);

/*
 * log |Gamma(x)|, FLOAT; infinite at 0, -1, -2, ... and at both infinities. Gradient digamma(x). Error at most
 * 8 u |result| for x > 0, 8 u (1 + |result| + log Gamma(1 - x)) below. By recurrence to [1.5, 2.5] and a polynomial
 * there, Stirling's formula for large x, reflection below 0.
 */
CG_API cg_tensor *cg_lgamma(cg_tensor *x);

/*
 * digamma(x), the derivative of log Gamma(x), FLOAT; -inf at 0, inf at -0, NaN at -1, -2, ... and -inf. Gradient
 * polygamma(1, x). Error at most 12 u (1 + |result|) for x > 0; below, with both terms of the reflection
 * digamma(1 - x) - pi / tan(pi x) in place of the result.
 */
CG_API cg_tensor *cg_digamma(cg_tensor *x);

/*
 * Derivative n of digamma, (-1)^(n+1) n! zeta(n + 1, x), FLOAT; n = 0 is digamma. For n > 0: inf or -inf at 0, NaN for
 * x < 0. Gradient polygamma(n + 1, x). Error as zeta's. Errors: CG_ERROR_ARGUMENT for n outside [0, 99].
 */
CG_API cg_tensor *cg_polygamma(int n, cg_tensor *x);

/*
 * The Hurwitz zeta function sum_k (k + q)^-x over k = 0, 1, ..., FLOAT; zeta(x, 1) is Riemann's. inf for x = 1 or q =
 * 0, NaN for x < 1 or q < 0 (SciPy has values there for whole x). Gradient to q: -x zeta(x + 1, q), of every order;
 * none to x (CG_ERROR_GRADIENT). Error at most 2 u (1 + x) result for x up to 100, by Euler and Maclaurin.
 */
CG_API cg_tensor *cg_zeta(cg_arg x, cg_arg q);

/*
 * The regularized incomplete beta function I_x(a, b) = int_0^x t^(a-1) (1 - t)^(b-1) dt / B(a, b), FLOAT, for a, b > 0
 * and 0 <= x <= 1; NaN for others. Gradient to x: x^(a-1) (1 - x)^(b-1) / B(a, b), of every order; none to a and b
 * (CG_ERROR_GRADIENT). For a and b up to 1000 the error is at most
 *     4 u (1 + |a log(x)| + |b log(1 - x)| + |log Gamma(a + b)| + |log Gamma(1 + h)| + |log Gamma(k)|) part + 4 u result
 * part = result, h = a, k = b for x <= (a + 1) / (a + b + 2), beyond it part = 1 - result, h = b, k = a. A continued
 * fraction of fixed length (Didonato and Morris, ACM TOMS 18, 1992).
 */
CG_API cg_tensor *cg_betainc(cg_arg a, cg_arg b, cg_arg x);

CG_END_DECLS

#ifndef __cplusplus
#define cg_xlog1py(x, y) cg_xlog1py(CG_ARG(x), CG_ARG(y))
#define cg_zeta(x, q) cg_zeta(CG_ARG(x), CG_ARG(q))
#define cg_betainc(a, b, x) cg_betainc(CG_ARG(a), CG_ARG(b), CG_ARG(x))
#endif

#endif
