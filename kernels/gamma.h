/*
 * Gamma variates by Marsaglia and Tsang (A simple method for generating gamma variables, ACM TOMS 26, 2000), one text
 * for C and OpenCL C, after elementary.h, trigonometry.h and philox.h; scalar T.
 *
 * For a shape a >= 1, d = a - 1/3, c = 1 / sqrt(9 d), a normal x and a uniform u: with y = c x the result is
 * d (1 + y)^3 if log u < x^2/2 + d - d (1 + y)^3 + 3 d log(1 + y), else the next attempt. That is the same as
 *
 *   log u < 3 d e(y),   e(y) = log(1 + y) - y + y^2/2 - y^3/3 = -y^4/4 + y^5/5 - ..
 *
 * which does not cancel for large d. For a < 1 it is a variate of a + 1 times u'^(1/a).
 */
#ifndef CLGRAD_KERNELS_GAMMA_H
#define CLGRAD_KERNELS_GAMMA_H

/*
 * What an attempt draws: a normal x, and two uniform numbers u and u' in (0, 1] (philox_u24 or philox_u53 + step).
 *   f32, attempt t            x of words 0 and 1, u of word 2, u' of word 3
 *   f64, attempts 2 t, + 1    x of all words of the first, u of words 0 and 1 of the second, u' of 2 and 3
 */
#if CG_BITS == 64
#define GAMMA_ATTEMPTS (PHILOX_ATTEMPTS / 2)
#define GAMMA_STEP PHILOX_STEP53
#else
#define GAMMA_ATTEMPTS PHILOX_ATTEMPTS
#define GAMMA_STEP PHILOX_STEP24
#endif

FN T gamma_normal(T u, T v) { return philox_radius(u, GAMMA_STEP) * t_cos2pi(v); }

/* e(y): its series below 1/8, where the rest is below 3e-9 (f32) or 4e-18 (f64) of 3 d e(y) <= 0.05 there. */
FN T gamma_excess(T y) {
#if CG_BITS == 64
    T p = C(0.047619047619047616);
    p = FMA(p, y, C(-0.05));
    p = FMA(p, y, C(0.05263157894736842));
    p = FMA(p, y, C(-0.055555555555555552));
    p = FMA(p, y, C(0.058823529411764705));
    p = FMA(p, y, C(-0.0625));
    p = FMA(p, y, C(0.066666666666666666));
    p = FMA(p, y, C(-0.071428571428571425));
    p = FMA(p, y, C(0.076923076923076927));
    p = FMA(p, y, C(-0.083333333333333329));
    p = FMA(p, y, C(0.090909090909090912));
#else
    T p = C(0.0909090936);
#endif
    p = FMA(p, y, C(-0.1));
    p = FMA(p, y, C(0.1111111111111111));
    p = FMA(p, y, C(-0.125));
    p = FMA(p, y, C(0.14285714285714285));
    p = FMA(p, y, C(-0.16666666666666666));
    p = FMA(p, y, C(0.2));
    p = FMA(p, y, C(-0.25));
    T z = y * y;
    T far = t_log1p(y) - FMA(y * z, C(0.33333333333333331), FMA(z, C(-0.5), y));
    return (FABS(y) < C(0.125)) ? z * z * p : far;
}

/* Above 0 if y is taken; NaN for y <= -1, which is not. */
FN T gamma_margin(T y, T u, T d) { return FMA(C(3.0) * d, gamma_excess(y), -t_log(u)); }

/* power = 1/a for the shapes below 1, else 0. */
FN T gamma_value(T y, T boost, T d, T power) {
    T v = C(1.0) + y, g = d * (v * v * v);
    return (power > C(0.0)) ? g * t_pow(boost, power) : g;
}

FN T gamma_logarithm(T y, T boost, T log_d, T power) {
    T g = FMA(C(3.0), t_log1p(y), log_d);
    return (power > C(0.0)) ? FMA(power, t_log(boost), g) : g;
}

#endif
