/*
 * kernels/hyperbolic.h: the hyperbolic functions and their inverses, in the vocabulary of elementary.h,
 * which must come first.
 */

#if CG_BITS == 64
#define T_CUBIC C(9.5367431640625e-07) /* below it x + c x^3 is all that a series needs */
#define T_HALF_EXP_MAX C(711.0)
#else
#define T_CUBIC C(0.0009765625)
#define T_HALF_EXP_MAX C(90.0)
#endif
#define T_SQUARE_MAX C(1.0e9) /* above it x^2 + 1 and x^2 - 1 have the root x */

/* ---- pieces ---- */

/* (sinh(x) / x - 1) / x^2 for z = x^2 <= 1; times z: error 2^-31.6 (f32), 2^-63.0 (f64) */
FN T t_k_sinh_tail(T z) {
#if CG_BITS == 64
    T p = C(6.4753729005829812e-15);
    p = FMA(p, z, C(7.5032633414445864e-13));
    p = FMA(p, z, C(1.6061339196222232e-10));
    p = FMA(p, z, C(2.5052089412599457e-08));
    p = FMA(p, z, C(2.7557319310090972e-06));
    p = FMA(p, z, C(0.00019841269841061159));
    p = FMA(p, z, C(0.0083333333333335726));
    return FMA(p, z, C(0.16666666666666666));
#else
    T p = C(2.78226662e-06);
    p = FMA(p, z, C(0.000198428912));
    p = FMA(p, z, C(0.00833331048));
    return FMA(p, z, C(0.166666672));
#endif
}

/* exp(a) / 2 for a >= 0, which overflows only where sinh and cosh do */
FN T t_k_half_exp(T a) {
    T b = (a > T_HALF_EXP_MAX) ? T_HALF_EXP_MAX : a;
    T rl, t;
    T r = t_k_exp_reduce(b, &rl, &t);
    return t_k_scale(C(1.0) + t_k_expm1_small(r, rl), t - C(1.0));
}

/* log(u + c) + n ln2, c small against u */
FN T t_k_log_of_pair(T u, T c, T n) {
    T e;
    T f = t_k_split_pair(u, c, &e);
    return t_k_log_special(u, t_k_log_sum(e + n, f));
}

/* sqrt(g + gl), with the low part of the root */
FN T t_k_sqrt_pair(T g, T gl, T *lo) {
    T q = SQRT(g);
    T d = (q == C(0.0)) ? C(1.0) : q;
    *lo = (FMA(-q, q, g) + gl) * (C(0.5) / d);
    return q;
}

/* ---- the functions ---- */

/* sinh(x): x + x^3 P(x^2) below 1, else (exp(x) - exp(-x)) / 2 with one exponential.
 * Bound: f32 2, f64 2; measured 1.60, 1.56 */
FN T t_sinh(T x) {
    T a = FABS(x);
    T h = t_k_half_exp(a);
    T far = h - C(0.25) / h;
    T near = FMA(a * (a * a), t_k_sinh_tail(a * a), a);
    return t_k_sign((a < C(1.0)) ? near : far, x);
}

/* cosh(x) = (exp(x) + exp(-x)) / 2 with one exponential.
 * Bound: f32 2, f64 2; measured 1.44, 1.26 */
FN T t_cosh(T x) {
    T h = t_k_half_exp(FABS(x));
    return h + C(0.25) / h;
}

/* tanh(x) = m / (m + 2) with m = exp(2|x|) - 1, the sign put back.
 * Bound: f32 3, f64 2; measured 2.42, 1.50 */
FN T t_tanh(T x) {
    T a = FABS(x);
#if CG_BITS == 64
    a = (a > C(20.0)) ? C(20.0) : a;
#else
    a = (a > C(10.0)) ? C(10.0) : a;
#endif
    T rl, t;
    T r = t_k_exp_reduce(a + a, &rl, &t);
    T p = t_k_expm1_small(r, rl);
    T s = t_k_power(t);
    T b = s - C(1.0);
    T m = FMA(s, p, b);
    T ml = FMA(s, p, b - m) + s * (FMA(r * r, t_k_exp_tail(r), rl) - (p - r));
    T d = m + C(2.0);
    return t_k_sign(t_k_quotient(m, ml, d, m - (d - C(2.0))), x);
}

/* asinh(x) = log(x + sqrt(x^2 + 1)), all of it in pairs; near 0 x - x^3 / 6.
 * Bound: f32 2, f64 2; measured 1.51, 1.49 */
FN T t_asinh(T x) {
    T a = FABS(x);
    T b = (a > T_SQUARE_MAX) ? C(1.0) : a;
    T h = b * b;
    T g = C(1.0) + h;
    T gl = ((b < C(1.0)) ? h - (g - C(1.0)) : C(1.0) - (g - h)) + FMA(b, b, -h);
    T ql;
    T q = t_k_sqrt_pair(g, gl, &ql);
    T u = q + b;
    T c = (b - (u - q)) + ql;
    T y = t_k_log_of_pair((a > T_SQUARE_MAX) ? a : u, (a > T_SQUARE_MAX) ? C(0.0) : c,
                          (a > T_SQUARE_MAX) ? C(1.0) : C(0.0));
    T near = FMA(a * (a * a), C(-0.16666666666666666), a);
    return t_k_sign((a < T_CUBIC) ? near : y, x);
}

/* acosh(x) = log(x + sqrt(x^2 - 1)), all of it in pairs.
 * Bound: f32 2, f64 2; measured 1.46, 1.41 */
FN T t_acosh(T x) {
    T b = (x > T_SQUARE_MAX) ? C(1.0) : x;
    T h = b * b;
    T g = h - C(1.0);
    T gl = ((h - g) - C(1.0)) + FMA(b, b, -h);
    T s = g + gl;
    T ql;
    T q = t_k_sqrt_pair(s, gl - (s - g), &ql);
    T u = b + q;
    T c = (q - (u - b)) + ql;
    T y = t_k_log_of_pair((x > T_SQUARE_MAX) ? x : u, (x > T_SQUARE_MAX) ? C(0.0) : c,
                          (x > T_SQUARE_MAX) ? C(1.0) : C(0.0));
    return (x < C(1.0)) ? T_NAN : y;
}

/* atanh(x) = log(1 + 2x / (1 - x)) / 2 with the quotient as a pair, infinite at 1; near 0 x + x^3 / 3.
 * Bound: f32 2, f64 2; measured 1.50, 1.53 */
FN T t_atanh(T x) {
    T a = FABS(x);
    T d = C(1.0) - a;
    T dl = (C(1.0) - d) - a;
    T inverse = C(1.0) / d;
    T q = (a + a) * inverse;
    T ql = (FMA(-q, d, a + a) - q * dl) * inverse;
    T u = C(1.0) + q;
    T c = ((q < C(1.0)) ? q - (u - C(1.0)) : C(1.0) - (u - q)) + ql;
    T y = C(0.5) * t_k_log_of_pair(u, c, C(0.0));
    T near = FMA(a * (a * a), C(0.33333333333333331), a);
    return t_k_sign((a < T_CUBIC) ? near : y, x);
}
