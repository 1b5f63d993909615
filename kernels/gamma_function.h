/*
 * kernels/gamma_function.h: the logarithm of the gamma function and its derivatives, in the vocabulary of elementary.h;
 * elementary.h and trigonometry.h must come first.
 */

/* clang-format off */
#if CG_BITS == 64
#define T_STIRLING C(8.0)               /* from here on Stirling's formula */
#define T_GAMMA_STEPS 6                 /* factors that bring what is below it to 2 */
#define T_DIGAMMA_STEPS 8               /* terms that bring 0 to it */
#define T_ZETA_TERMS 8
#define T_ZETA_FAR C(8.0)               /* the same number */
#define T_REFLECT_TINY C(1.0e-9)        /* below it sin(pi x) is pi x */
#else
#define T_STIRLING C(4.0)
#define T_GAMMA_STEPS 2
#define T_DIGAMMA_STEPS 4
#define T_ZETA_TERMS 5
#define T_ZETA_FAR C(5.0)
#define T_REFLECT_TINY C(1.0e-5)
#endif
/* clang-format on */

/* ---- pieces ---- */

/* log Gamma(2 + t) for |t| <= 1/2: t P(t), which is exact at 0 */
FN T t_k_lgamma_near(T t) {
#if CG_BITS == 64
    T p = C(-1.3614260763402638e-07);
    p = FMA(p, t, C(2.7879995546047927e-07));
    p = FMA(p, t, C(-4.2808976567286927e-07));
    p = FMA(p, t, C(9.1999001449206248e-07));
    p = FMA(p, t, C(-2.0459823269486934e-06));
    p = FMA(p, t, C(4.3847318334035039e-06));
    p = FMA(p, t, C(-9.4381902400328148e-06));
    p = FMA(p, t, C(2.0505584397495095e-05));
    p = FMA(p, t, C(-4.4926390652268472e-05));
    p = FMA(p, t, C(9.9457674397528605e-05));
    p = FMA(p, t, C(-0.00022315474732321732));
    p = FMA(p, t, C(0.00050966951534870254));
    p = FMA(p, t, C(-0.0011927539121673347));
    p = FMA(p, t, C(0.0028905103310367616));
    p = FMA(p, t, C(-0.0073855510286641056));
    p = FMA(p, t, C(0.020580808427780335));
    p = FMA(p, t, C(-0.067352301053198171));
    p = FMA(p, t, C(0.32246703342411326));
    return t * FMA(p, t, C(0.42278433509846713));
#else
    T p = C(-0.000257207488);
    p = FMA(p, t, C(0.000570347707));
    p = FMA(p, t, C(-0.00118416478));
    p = FMA(p, t, C(0.00287882658));
    p = FMA(p, t, C(-0.00738643901));
    p = FMA(p, t, C(0.020581631));
    p = FMA(p, t, C(-0.0673522651));
    p = FMA(p, t, C(0.322467029));
    return t * FMA(p, t, C(0.422784328));
#endif
}

/* what Stirling's formula adds to (x - 1/2) (log(x) - 1): (log(2 pi) - 1) / 2 + P(1 / x^2) / x */
FN T t_k_lgamma_far(T inverse) {
    T z = inverse * inverse;
#if CG_BITS == 64
    T p = C(0.0016826727897724489);
    p = FMA(p, z, C(0.0048891511172558843));
    p = FMA(p, z, C(-0.0018840969046284958));
    p = FMA(p, z, C(0.00084136471548664599));
    p = FMA(p, z, C(-0.00059523567725753852));
    p = FMA(p, z, C(0.00079365078583319281));
    p = FMA(p, z, C(-0.0027777777777666024));
    p = FMA(p, z, C(0.083333333333333329));
#else
    T p = C(-0.00059577747);
    p = FMA(p, z, C(0.000800256559));
    p = FMA(p, z, C(-0.00277805328));
    p = FMA(p, z, C(0.0833333358));
#endif
    return FMA(p, inverse, C(0.41893853320467274));
}

/*
 * log Gamma(x) for x > 0, inf at 0.  Below T_STIRLING x = n + t with n whole and |t| <= 1/2, and the recurrence leads
 * to 2 + t: Gamma(x) is Gamma(2 + t) times (x - 1) ... (2 + t), or divided by x or x (x + 1).  Near the zeros at 1 and 2
 * both parts vanish, so that the relative error stays small.
 */
FN T t_k_lgamma_positive(T x) {
    T b = (x < T_STIRLING) ? x : C(2.0);
    T n = t_rint(b);
    T p = C(1.0), f = b, k = C(2.5);
    for (int i = 0; i < T_GAMMA_STEPS; i++) {
        f = f - C(1.0);
        p = (n > k) ? p * f : p;
        k = k + C(1.0);
    }
    T d = (n < C(0.5)) ? b * (b + C(1.0)) : b;
    p = (n < C(1.5)) ? d : p;
    T l = t_log((x < T_STIRLING) ? p : x);
    T near = t_k_lgamma_near(b - n) + ((n < C(1.5)) ? -l : l);
    T far = FMA(x - C(0.5), l - C(1.0), t_k_lgamma_far(C(1.0) / x));
    return (x < T_STIRLING) ? near : far;
}

/* what log(x) - 1 / (2 x) is too much for digamma, by x^2: P(1 / x^2) */
FN T t_k_digamma_far(T z) {
#if CG_BITS == 64
    T p = C(0.15535814419069596);
    p = FMA(p, z, C(-0.29790611670596973));
    p = FMA(p, z, C(0.079594287916153694));
    p = FMA(p, z, C(-0.021037947202962346));
    p = FMA(p, z, C(0.0075752796682585473));
    p = FMA(p, z, C(-0.0041666642120443209));
    p = FMA(p, z, C(0.0039682539612359586));
    p = FMA(p, z, C(-0.0083333333333235962));
    return FMA(p, z, C(0.083333333333333329));
#else
    T p = C(0.00737562822);
    p = FMA(p, z, C(-0.00438530184));
    p = FMA(p, z, C(0.00398365036));
    p = FMA(p, z, C(-0.00833369233));
    return FMA(p, z, C(0.0833333358));
#endif
}

/* digamma(x) for x > 0: 1/x + 1/(x + 1) + ... as one quotient d / p, until Stirling's formula holds at w */
FN T t_k_digamma_positive(T x) {
    T p = C(1.0), d = C(0.0), w = x, k = C(1.0);
    for (int i = 0; i < T_DIGAMMA_STEPS; i++) {
        d = (w < T_STIRLING) ? FMA(d, w, p) : d;
        p = (w < T_STIRLING) ? p * w : p;
        w = (w < T_STIRLING) ? x + k : w;
        k = k + C(1.0);
    }
    T inverse = C(1.0) / w;
    T z = inverse * inverse;
    return (t_log(w) - FMA(z, t_k_digamma_far(z), C(0.5) * inverse)) - d / p;
}

/* ---- the functions ---- */

/*
 * log|Gamma(x)|; below 0 log|pi / sin(pi x)| - log Gamma(1 - x).  Infinite at 0, -1, -2, ... and at both infinities.
 * Error for x > 0 in units of u |result|, below 0 of u (1 + |result| + log Gamma(1 - x)).
 * Bound: f32 8, f64 8; measured 3.2, 5.6
 */
FN T t_lgamma(T x) {
    T a = FABS(x);
    T g = t_k_lgamma_positive((x < C(0.0)) ? C(1.0) + a : x);
    T s = C(0.31830988618379067) * t_sin2pi(C(0.5) * FABS(a - t_rint(a)));
    T below = -t_log((a < T_REFLECT_TINY) ? a : s) - g;
    below = (a < T_WHOLE) ? below : a + T_INF;
    return (x < C(0.0)) ? below : g;
}

/*
 * The derivative of log|Gamma(x)|; below 0 digamma(1 - x) - pi / tan(pi x).  0 gives -inf, -0 inf, -1, -2, ... NaN.
 * Error in units of u (1 + |result|), below 0 of u (1 + |digamma(1 - x)| + |pi / tan(pi x)|).
 * Bound: f32 12, f64 12; measured 3.9, 9.0
 */
FN T t_digamma(T x) {
    T a = FABS(x);
    T g = t_k_digamma_positive((x < C(0.0)) ? C(1.0) + a : x);
    T f = x - t_rint(x);
    T u = C(0.5) * FABS(f);
    T cot = C(3.1415926535897931) * (t_cos2pi(u) / t_sin2pi(u));
    T below = g - ((f < C(0.0)) ? -cot : cot);
    below = (f == C(0.0)) ? T_NAN : below;
    T y = (x < C(0.0)) ? below : g;
    return (x == C(0.0)) ? t_k_sign(T_INF, -x) : y;
}

/*
 * The Hurwitz zeta function, the sum of (q + k)^-s over k = 0, 1, ..., for s > 1 and q > 0, by Euler and Maclaurin: some
 * terms, then with w the first that is not summed w^-s (w / (s - 1) + 1/2 + s/w (B2/2! + (s + 1) (s + 2)/w^2 (B4/4! +
 * ...))).  q = 0 or s = 1 give inf; s < 1 or q < 0 NaN.
 * Error in units of u (1 + s) result, for s up to 100.
 * Bound: f32 2, f64 2; measured 0.9, 0.9
 */
FN T t_zeta(T s, T q) {
    T sum = C(0.0), k = C(0.0);
    for (int i = 0; i < T_ZETA_TERMS; i++) {
        sum = sum + t_pow(q + k, -s);
        k = k + C(1.0);
    }
    T w = q + T_ZETA_FAR;
    T inverse = C(1.0) / w;
    T z = inverse * inverse;
#if CG_BITS == 64
    T p = C(8.5860620562778446e-15);
    p = FMA(p, (s + C(15.0)) * (s + C(16.0)) * z, C(-3.3896802963225829e-13));
    p = FMA(p, (s + C(13.0)) * (s + C(14.0)) * z, C(1.3382536530684679e-11));
    p = FMA(p, (s + C(11.0)) * (s + C(12.0)) * z, C(-5.2841901386874932e-10));
    p = FMA(p, (s + C(9.0)) * (s + C(10.0)) * z, C(2.0876756987868099e-08));
    p = FMA(p, (s + C(7.0)) * (s + C(8.0)) * z, C(-8.2671957671957672e-07));
#else
    T p = C(-8.26719577e-07);
#endif
    p = FMA(p, (s + C(5.0)) * (s + C(6.0)) * z, C(3.3068783068783069e-05));
    p = FMA(p, (s + C(3.0)) * (s + C(4.0)) * z, C(-0.0013888888888888889));
    p = FMA(p, (s + C(1.0)) * (s + C(2.0)) * z, C(0.083333333333333333));
    T y = FMA(t_pow(w, -s), w / (s - C(1.0)) + FMA(s * inverse, p, C(0.5)), sum);
    y = (q == T_INF) ? C(0.0) : y;
    y = (q == C(0.0)) ? T_INF : y;
    y = (s == C(1.0)) ? T_INF : y;
    y = (s < C(1.0)) ? T_NAN : y;
    y = (q < C(0.0)) ? T_NAN : y;
    y = (s == s) ? y : s;
    return (q == q) ? y : q;
}
