/*
 * Binomial variates, one text for C and OpenCL C, after elementary.h and philox.h; scalar T, which is double.
 *
 * For n trials of probability p <= 1/2 (the host turns p > 1/2 round):
 *   n p < 10   inversion: the probabilities of 0, 1, .. are taken off u until it is used up
 *   else       BTRS (Hoermann, The generation of binomial random variates, J. Stat. Comput. Simul. 46, 1993):
 *              k = floor((2 a / s + b) u + c), s = 1/2 - |u|, u in [-1/2, 1/2), taken if v alpha / (a / s^2 + b) is
 *              at most f(k) / f(m), f the probabilities and m the mode; at once if s >= 0.07 and v <= quick.
 *
 * log f(k), up to what does not depend on k, is Loader's saddle point form (Fast and accurate computation of binomial
 * probabilities, 2000), which keeps its accuracy up to n = 2^53:
 *
 *   -e(k) - e(n - k) - n p h((k - n p) / n p) - n q h((n p - k) / n q) - log(k (n - k) / n) / 2
 *   e(k) = log k! - log(sqrt(2 pi k) (k / e)^k)     h(t) = (1 + t) log(1 + t) - t
 */
#ifndef CLGRAD_KERNELS_BINOMIAL_H
#define CLGRAD_KERNELS_BINOMIAL_H

#define BINOMIAL_STEPS C(128.0) /* of inversion: for n p < 10 the probability of more is below 2^-53 by far */

/* The error of Stirling's formula for k!, k >= 1 whole: a table, from 16 on its series. */
FN T binomial_stirling(T k) {
    T r = C(1.0) / k, z = r * r;
    T e = C(0.00084175084175084175);
    e = FMA(e, z, C(-0.00059523809523809529));
    e = FMA(e, z, C(0.00079365079365079365));
    e = FMA(e, z, C(-0.0027777777777777779));
    e = FMA(e, z, C(0.083333333333333329)) * r;
    e = (k == C(1.0)) ? C(0.08106146679532726) : e;
    e = (k == C(2.0)) ? C(0.0413406959554093) : e;
    e = (k == C(3.0)) ? C(0.02767792568499834) : e;
    e = (k == C(4.0)) ? C(0.020790672103765093) : e;
    e = (k == C(5.0)) ? C(0.016644691189821193) : e;
    e = (k == C(6.0)) ? C(0.013876128823070748) : e;
    e = (k == C(7.0)) ? C(0.01189670994589177) : e;
    e = (k == C(8.0)) ? C(0.010411265261972096) : e;
    e = (k == C(9.0)) ? C(0.009255462182712733) : e;
    e = (k == C(10.0)) ? C(0.00833056343336287) : e;
    e = (k == C(11.0)) ? C(0.007573675487951841) : e;
    e = (k == C(12.0)) ? C(0.00694284010720953) : e;
    e = (k == C(13.0)) ? C(0.006408994188004207) : e;
    e = (k == C(14.0)) ? C(0.0059513701127588475) : e;
    e = (k == C(15.0)) ? C(0.005554733551962801) : e;
    return e;
}

/* mean h((k - mean) / mean) for k > 0 and difference = k - mean. */
FN T binomial_deviance(T difference, T mean) {
    T t = difference / mean;
    T s = C(0.0032679738562091504);
    s = FMA(s, t, C(-0.003676470588235294));
    s = FMA(s, t, C(0.004166666666666667));
    s = FMA(s, t, C(-0.004761904761904762));
    s = FMA(s, t, C(0.005494505494505495));
    s = FMA(s, t, C(-0.00641025641025641));
    s = FMA(s, t, C(0.007575757575757576));
    s = FMA(s, t, C(-0.00909090909090909));
    s = FMA(s, t, C(0.011111111111111112));
    s = FMA(s, t, C(-0.013888888888888888));
    s = FMA(s, t, C(0.017857142857142856));
    s = FMA(s, t, C(-0.023809523809523808));
    s = FMA(s, t, C(0.03333333333333333));
    s = FMA(s, t, C(-0.05));
    s = FMA(s, t, C(0.08333333333333333));
    s = FMA(s, t, C(-0.16666666666666666));
    s = FMA(s, t, C(0.5));
    T near = t * t * s, far = FMA(C(1.0) + t, t_log1p(t), -t);
    return mean * ((FABS(t) < C(0.1)) ? near : far);
}

/* log f(k) + base, where base = log(2 pi) / 2 - e(n) holds what does not depend on k. */
FN T binomial_log(T k, T n, T p, T mean, T base) {
    T rest = n - k, d = k - mean;
    T inner = -binomial_stirling(k) - binomial_stirling(rest) - binomial_deviance(d, mean) -
              binomial_deviance(-d, n - mean) - C(0.5) * t_log(k * (rest / n));
    T none = FMA(n, t_log1p(-p), base), all = FMA(n, t_log(p), base);
    return (k == C(0.0)) ? none : ((rest == C(0.0)) ? all : inner);
}

/* Inversion of u in [0, 1), with odds = p / (1 - p) and none = (1 - p)^n; below 0 if rounding left u unused. */
FN T binomial_inversion(T u, T n, T odds, T none) {
    T k = C(0.0), f = none;
    while (u >= f && k < BINOMIAL_STEPS) {
        u -= f;
        f *= (n - k) * odds / (k + C(1.0));
        k += C(1.0);
    }
    return (u < f) ? k : C(-1.0);
}

/* One attempt of BTRS with u, v in [0, 1) and top = log f(m) + base; below 0 if it is refused. */
FN T binomial_btrs(T u, T v, T n, T p, T mean, T a, T b, T c, T quick, T alpha, T base, T top) {
    T w = u - C(0.5), s = C(0.5) - FABS(w);
    T k = t_floor(FMA(C(2.0) * a / s + b, w, c));
    if (s >= C(0.07) && v <= quick) return k;
    if (!(k >= C(0.0) && k <= n)) return C(-1.0);
    T bound = t_log(v * alpha / (a / (s * s) + b));
    return (bound <= binomial_log(k, n, p, mean, base) - top) ? k : C(-1.0);
}

#endif
