/*
 * kernels/error_function.h: erf, erfc and gelu, in the vocabulary of elementary.h, which must come first.
 */

/* ---- pieces ---- */

/* erf(x) / x - 1 for z = x^2 <= 0.86 (f32) or 0.26 (f64) */
FN T t_k_erf_small(T z) {
#if CG_BITS == 64
    T p = C(-4.4543117113317179e-07);
    p = FMA(p, z, C(1.987323697043728e-06));
    p = FMA(p, z, C(-1.509378244004031e-05));
    p = FMA(p, z, C(0.00012059777367114496));
    p = FMA(p, z, C(-0.00085483953476741279));
    p = FMA(p, z, C(0.0052239782418034859));
    p = FMA(p, z, C(-0.026866170676347625));
    p = FMA(p, z, C(0.11283791671034298));
    p = FMA(p, z, C(-0.37612638903184525));
    return FMA(p, z, C(0.12837916709551259));
#else
    T p = C(7.96841123e-05);
    p = FMA(p, z, C(-0.000804362935));
    p = FMA(p, z, C(0.00519193662));
    p = FMA(p, z, C(-0.0268555861));
    p = FMA(p, z, C(0.112836242));
    p = FMA(p, z, C(-0.376126289));
    return FMA(p, z, C(0.128379166));
#endif
}

/* (1 + 2a) exp(a^2) erfc(a) for a >= 0.5 as a pair: a polynomial in t = (a - k) / (a + k) */
FN T t_k_erfc_shape(T a, T *lo) {
#if CG_BITS == 64
    T first = C(1.2530080582697296);
    T first_lo = C(4.4162570769812779e-17);
    T t = (a - C(3.0)) / (a + C(3.0));
    T p = C(-3.9415419983906021e-09);
    p = FMA(p, t, C(-1.1070060147830955e-08));
    p = FMA(p, t, C(3.3219030718438408e-08));
    p = FMA(p, t, C(9.9899420372625267e-08));
    p = FMA(p, t, C(-1.3317589427004132e-07));
    p = FMA(p, t, C(-6.1595855759169373e-07));
    p = FMA(p, t, C(3.519665630438911e-07));
    p = FMA(p, t, C(3.4724901664447629e-06));
    p = FMA(p, t, C(-7.2977225591036076e-07));
    p = FMA(p, t, C(-2.0100730080976252e-05));
    p = FMA(p, t, C(4.9491015472026564e-06));
    p = FMA(p, t, C(0.0001250994183179975));
    p = FMA(p, t, C(-0.00010515974912790779));
    p = FMA(p, t, C(-0.00077983228609336042));
    p = FMA(p, t, C(0.0018886903553404911));
    p = FMA(p, t, C(0.0025293918177497635));
    p = FMA(p, t, C(-0.023770514918477044));
    p = FMA(p, t, C(0.068308027343868913));
    p = FMA(p, t, C(-0.11927366341531349));
    p = FMA(p, t, C(0.12964515870276389));
    p = FMA(p, t, C(-0.047562294353450676));
    p = FMA(p, t, C(-0.1356211061245812));
#else
    T first = C(1.27697837);
    T first_lo = C(7.71431008e-09);
    T t = (a - C(2.0)) / (a + C(2.0));
    T p = C(0.000232494465);
    p = FMA(p, t, C(-0.000320521707));
    p = FMA(p, t, C(-0.00148355518));
    p = FMA(p, t, C(0.00122300046));
    p = FMA(p, t, C(0.00873133074));
    p = FMA(p, t, C(-0.00802606903));
    p = FMA(p, t, C(-0.0542211011));
    p = FMA(p, t, C(0.164050728));
    p = FMA(p, t, C(-0.166030347));
    p = FMA(p, t, C(-0.0927638188));
#endif
    p = p * t;
    T g = first + p;
    *lo = (p - (g - first)) + first_lo;
    return g;
}

/* erfc(a) for a >= 0.5: exp(-a^2) * shape / (1 + 2a), every factor a pair */
FN T t_k_erfc_large(T x) {
#if CG_BITS == 64
    T a = (x > C(27.5)) ? C(27.5) : x;
#else
    T a = (x > C(10.2)) ? C(10.2) : x;
#endif
    T h = a * a;
    T l = FMA(a, a, -h);
    T el, t, gl;
    T e = t_k_exp_pair(-h, -l, &el, &t);
    T g = t_k_erfc_shape(a, &gl);
    T d = FMA(C(2.0), a, C(1.0));
    T dl = C(1.0) - (d - C(2.0) * a);
    T inverse = C(1.0) / d;
    T q = g * inverse;
    T ql = (FMA(-q, d, g) + FMA(-q, dl, gl)) * inverse;
    return t_k_scale_down(FMA(q, e, FMA(q, el, ql * e)), t);
}

#if CG_BITS == 32
#define T_NORMAL_MAX C(14.5) /* above it 1 - Phi is 0 */

/* Mills' ratio (1 - Phi(a)) / phi(a) of the normal distribution, 0 <= a <= T_NORMAL_MAX: 1 / (a + 3.5) times a polynomial in
 * t = (a - 3.5) / (a + 3.5) */
FN T t_k_mills(T a) {
    T inverse = C(1.0) / (a + C(3.5));
    T t = (a - C(3.5)) * inverse;
    T p = C(0.000446203572);
    p = FMA(p, t, C(-0.00148424273));
    p = FMA(p, t, C(-0.00768269645));
    p = FMA(p, t, C(0.0164675824));
    p = FMA(p, t, C(0.0436100103));
    p = FMA(p, t, C(-0.29093051));
    p = FMA(p, t, C(0.790652275));
    p = FMA(p, t, C(-1.41765225));
    return FMA(p, t, C(1.86597443)) * inverse;
}

/* phi(a) sqrt(2 pi) scaled by 2^-n; *t becomes n + T_MAGIC */
FN T t_k_normal(T a, T *t) {
    T b = C(-0.5) * a;
    T h = b * a;
    T rl;
    T r = t_k_exp_reduce(h, &rl, t) + FMA(b, a, -h);
    return C(1.0) + t_k_expm1_small(r, C(0.0));
}
#endif

/* ---- the functions ---- */

/* erf(x): x + x P(x^2) near 0; beyond, f32: 1 - exp(polynomial), f64: 1 - erfc.
 * Bound: f32 1.5, f64 1.5; measured 1.10, 0.97 */
FN T t_erf(T x) {
    T a = FABS(x);
    T near = FMA(a, t_k_erf_small(a * a), a);
#if CG_BITS == 64
    T far = C(1.0) - t_k_erfc_large(a);
    T y = (a < C(0.5)) ? near : far;
#else
    T b = (a > C(3.95)) ? C(3.95) : a;
    T p = C(-1.66172249e-05);
    p = FMA(p, b, C(0.000390651374));
    p = FMA(p, b, C(-0.00398979429));
    p = FMA(p, b, C(0.0247082952));
    p = FMA(p, b, C(-0.107727967));
    p = FMA(p, b, C(-0.633786023));
    p = FMA(p, b, C(-1.12932336));
    p = FMA(p, b, C(0.00013930822));
    T t = FMA(p, T_LOG2E, T_MAGIC);
    T r = FMA(t - T_MAGIC, -T_LN2, p);
    T far = C(1.0) - (C(1.0) + t_k_expm1_small(r, C(0.0))) * t_k_power(t);
    T y = (a < C(0.925)) ? near : far;
#endif
    return t_k_sign(y, x);
}

/* erfc(x): 1 - erf(x) for |x| < 0.5, else exp(-x^2) times a polynomial, or 2 minus it.
 * Bound: f32 1.5, f64 1.5; measured 0.99, 1.02 */
FN T t_erfc(T x) {
    T a = FABS(x);
    T h = C(1.0) - x;
    T l = (C(1.0) - h) - x;
    T near = h + FMA(-x, t_k_erf_small(a * a), l);
    T far = t_k_erfc_large(a);
    far = (x < C(0.0)) ? C(2.0) - far : far;
    return (a < C(0.5)) ? near : far;
}

/* x Phi(x), Phi the normal distribution. In f32 from a Phi(-a), a = |x|, which x - y takes to the other side; in f64 by erfc,
 * which loses some bits in the lower tail.
 * Bound: f32 16, f64 2048; measured 12.9, 57 */
FN T t_gelu(T x) {
#if CG_BITS == 64
    T a = (x < C(-64.0)) ? C(-64.0) : x; /* erfc is 0 there, and 0 times infinity would be NaN */
    return C(0.5) * a * t_erfc(a * C(-0.7071067811865475244));
#else
    T a = (FABS(x) > T_NORMAL_MAX) ? T_NORMAL_MAX : FABS(x);
    T t;
    T e = t_k_normal(a, &t);
    T y = t_k_scale_down(e * (t_k_mills(a) * (a * C(0.398942280))), t);
    return (x < C(0.0)) ? -y : x - y;
#endif
}

/* Phi(x) + x phi(x), the derivative of gelu.
 * Bound: 8 u |x| */
FN T t_gelu_grad(T x) {
#if CG_BITS == 64
    T normal = C(0.5) * t_erfc(x * C(-0.7071067811865475244));
    return t_k_above(FABS(x), C(64.0), normal, FMA(x * C(0.3989422804014326779), t_exp(C(-0.5) * x * x), normal));
#else
    T a = (FABS(x) > T_NORMAL_MAX) ? T_NORMAL_MAX : FABS(x);
    T t;
    T e = t_k_normal(a, &t);
    T y = t_k_scale_down(e * ((t_k_mills(a) - a) * C(0.398942280)), t);
    return (x < C(0.0)) ? y : C(1.0) - y;
#endif
}
