/*
 * kernels/elementary.h: the library's own elementary functions, one text for C11 and OpenCL C 1.2.
 *
 * Every function is a branch-free polynomial: no tables, no loops, no libm, no contraction, so that the same
 * text vectorises in C, runs on any OpenCL device and gives the same bits in both, for scalars and vectors.
 * There is no include guard: the includer decides how often, and with which type, the text is used.
 *
 * The includer defines the vocabulary (src/core/elementary_c.h for C, a generated prelude for OpenCL):
 *   T            real type (float, double or an OpenCL vector of them)
 *   I, U         signed and unsigned integers of T's width and lane count
 *   CG_BITS      32 or 64, the width of a lane
 *   C(v)         real constant; v is one decimal literal, perhaps with a leading minus
 *   CI(v) CU(v)  integer constants of at most 32 bits
 *   AS_I(x) AS_U(x) AS_T(x)     bit casts
 *   FMA(a,b,c) SQRT(x) FABS(x)  correctly rounded
 *   FN           qualifier of a function (static inline, in C also always_inline)
 * A comparison is used only as the condition of ?: (it is 1 in scalars, -1 in vectors), whose arms have one
 * type.  Shifts to the left and sums that wrap are done in U.  Needed: rounding to nearest, no fast-math,
 * FP_CONTRACT off, subnormals kept.
 *
 * Method, in short: an integer n is taken from a real with the magic-number trick (adding 1.5 * 2^mantissa
 * leaves n in the low bits), a power of two is built in the exponent field, and where the last bits matter
 * a value is kept as an unevaluated sum of two T (high, low).  Coefficients: minimax polynomials by Remez,
 * see tools/elementary_coefficients.py.
 *
 * Errors are in units in the last place (ulp) of the exact result, subnormal results included.  "Bound" is
 * what is promised and what tests/elementary_sweep.c holds; "measured" is the largest error seen: over all
 * 2^32 inputs for the f32 functions of one argument, else over 2^22 points (f64) or 2^24 (pow in f32).  NaN
 * gives NaN; signs of zeros, infinities, overflow and gradual underflow are those of C's libm.  The sign and
 * payload of a NaN result are not promised.
 */

/* clang-format off */
#if CG_BITS == 64
#define T_MANT CU(52)                   /* bits of the mantissa field */
#define T_TOP CU(63)                    /* position of the sign bit */
#define T_ONE (CU(0x3ff) << CU(52))     /* bits of 1.0 */
#define T_INF AS_T(CU(0x7ff) << CU(52))
#define T_NAN AS_T(CU(0xfff) << CU(51))
#define T_MAGIC C(6755399441055744.0)   /* 1.5 * 2^52 */
#define T_WHOLE C(4503599627370496.0)   /* 2^52: from here on every number is an integer */
#define T_WHOLE_BIASED C(4503599627371519.0)        /* 2^52 + 1023 */
#define T_WHOLE_BIASED_TINY C(4503599627371573.0)   /* the same + 54 */
#define T_UPSCALE C(18014398509481984.0)            /* 2^54 */
#define T_MIN C(2.2250738585072014e-308)
#define T_TINY C(1.0e-17)               /* x is so small that x + x * x == x */
#define T_EXP_MAX C(710.0)              /* exp overflows; at -T_EXP_LOW it is 0 */
#define T_EXP_MIN C(-746.0)
#define T_EXPM1_MIN C(-38.0)
#define T_LOG2E C(1.4426950408889634)
#define T_LOG2E_LO C(2.0355273740931033e-17)
#define T_LOG10E C(0.43429448190325182)
#define T_LOG10E_LO C(1.0983196502167651e-17)
#define T_LN2 C(0.69314718055994529)
#define T_LN2_LO C(2.3190468138462996e-17)
#define T_LN2_SHORT C(0.6931471805601177)           /* times an exponent: exact */
#define T_LN2_REST C(-1.7239444525614835e-13)
#define T_LOG10_2_SHORT C(0.30102999566406652)
#define T_LOG10_2_REST C(-8.5323443170571066e-14)
#define T_PI_2 C(1.5707963267948966)
#define T_PI_2_LO C(6.123233995736766e-17)
#define T_PI_2_LOLO C(-1.4973849048591698e-33)
#define T_TURN_MAX C(2.0e15)             /* n of the reduction by pi/2 must fit the magic number */
#define T_2_PI C(0.63661977236758138)
#define T_2PI C(6.2831853071795862)
#define T_2PI_LO C(2.4492935982947064e-16)
#define T_SQRT_HALF C(0.70710678118654757)
#else
#define T_MANT CU(23)
#define T_TOP CU(31)
#define T_ONE CU(0x3f800000)
#define T_INF AS_T(CU(0x7f800000))
#define T_NAN AS_T(CU(0x7fc00000))
#define T_MAGIC C(12582912.0)
#define T_WHOLE C(8388608.0)
#define T_WHOLE_BIASED C(8388735.0)
#define T_WHOLE_BIASED_TINY C(8388759.0)
#define T_UPSCALE C(16777216.0)
#define T_MIN C(1.17549435e-38)
#define T_TINY C(1.0e-8)
#define T_EXP_MAX C(89.0)
#define T_EXP_MIN C(-105.0)
#define T_EXPM1_MIN C(-18.0)
#define T_LOG2E C(1.44269502)
#define T_LOG2E_LO C(1.92596303e-08)
#define T_LOG10E C(0.434294492)
#define T_LOG10E_LO C(-1.010305e-08)
#define T_LN2 C(0.693147182)
#define T_LN2_LO C(-1.90465421e-09)
#define T_LN2_SHORT C(0.693145752)
#define T_LN2_REST C(1.42860677e-06)
#define T_LOG10_2_SHORT C(0.301025391)
#define T_LOG10_2_REST C(4.60503907e-06)
#define T_PI_2 C(1.57079637)
#define T_PI_2_LO C(-4.37113883e-08)
#define T_PI_2_LOLO C(-1.71512451e-15)
#define T_TURN_MAX C(4.0e6)
#define T_2_PI C(0.636619747)
#define T_2PI C(6.28318548)
#define T_2PI_LO C(-1.74845553e-07)
#define T_SQRT_HALF C(0.707106769)
#endif
#define T_SIGN (CU(1) << T_TOP)
/* clang-format on */

/* ---- pieces ---- */

/* |x| with the sign of s; x must not be negative */
FN T t_k_sign(T x, T s) { return AS_T(AS_U(x) | (AS_U(s) & T_SIGN)); }

/* 2^n for t = n + T_MAGIC, n within the normal exponents */
FN T t_k_power(T t) { return AS_T((AS_U(t) << T_MANT) + T_ONE); }

/* p * 2^n for t = n + T_MAGIC, in two steps: overflow to inf and one rounding in the subnormal range */
FN T t_k_scale(T p, T t) {
    U n = AS_U(t);
    U first = n >> CU(1);
    return (p * AS_T((first << T_MANT) + T_ONE)) * AS_T(((n - first) << T_MANT) + T_ONE);
}

/* (exp(r) - 1 - r) / r^2 for |r| <= ln(2)/2; times r: error 2^-28.7 (f32), 2^-60.8 (f64) */
FN T t_k_exp_tail(T r) {
#if CG_BITS == 64
    T q = C(2.092456332671379e-09);
    q = FMA(q, r, C(2.510914797533601e-08));
    q = FMA(q, r, C(2.7557242369743213e-07));
    q = FMA(q, r, C(2.7557243909636405e-06));
    q = FMA(q, r, C(2.4801587361014249e-05));
    q = FMA(q, r, C(0.00019841269886403592));
    q = FMA(q, r, C(0.0013888888888866605));
    q = FMA(q, r, C(0.0083333333333215302));
    q = FMA(q, r, C(0.041666666666666699));
    q = FMA(q, r, C(0.16666666666666677));
    return FMA(q, r, C(0.5));
#else
    T q = C(0.000199143469);
    q = FMA(q, r, C(0.00139410968));
    q = FMA(q, r, C(0.0083332723));
    q = FMA(q, r, C(0.041666355));
    q = FMA(q, r, C(0.166666672));
    return FMA(q, r, C(0.5));
#endif
}

/* x = n ln2 + r + *lo, x within the range of exp; *t becomes n + T_MAGIC; f32 makes do without lo */
FN T t_k_exp_reduce(T x, T *lo, T *t) {
    *t = FMA(x, T_LOG2E, T_MAGIC);
    T n = *t - T_MAGIC;
    T a = FMA(n, -T_LN2, x); /* exact */
#if CG_BITS == 64
    T b = n * -T_LN2_LO;
    T r = a + b;
    *lo = b - (r - a);
    return r;
#else
    *lo = C(0.0);
    return FMA(n, -T_LN2_LO, a);
#endif
}

/* exp(r + l) - 1 for |r| <= ln(2)/2; f32 leaves out l and one rounding */
FN T t_k_expm1_small(T r, T l) {
#if CG_BITS == 64
    return r + FMA(r * r, t_k_exp_tail(r), l);
#else
    (void)l;
    return FMA(r * r, t_k_exp_tail(r), r);
#endif
}

/* exp(h + l) as a pair scaled by 2^-n, h within the range of exp, l small; *t becomes n + T_MAGIC */
FN T t_k_exp_pair(T h, T l, T *lo, T *t) {
    *t = FMA(h, T_LOG2E, T_MAGIC);
    T n = *t - T_MAGIC;
    T a = FMA(n, -T_LN2, h);
    T b = FMA(n, -T_LN2_LO, l);
    T r = a + b;
    T s = C(1.0) + r;
    *lo = (r - (s - C(1.0))) + FMA(r * r, t_k_exp_tail(r), b - (r - a));
    return s;
}

/* x = m * 2^e with m in [sqrt(1/2), sqrt(2)), x > 0 (subnormals too); returns f = m - 1 (exact) */
FN T t_k_split(T x, T *e) {
    U root = AS_U(T_SQRT_HALF);
    T y = (x < T_MIN) ? x * T_UPSCALE : x;
    T biased = (x < T_MIN) ? T_WHOLE_BIASED_TINY : T_WHOLE_BIASED;
    U u = AS_U(y) + (T_ONE - root);
    *e = AS_T((u >> T_MANT) | AS_U(T_WHOLE)) - biased;
    return AS_T((u & ((CU(1) << T_MANT) - CU(1))) + root) - C(1.0);
}

/* log(1 + f) - f for 1 + f in [sqrt(1/2), sqrt(2)] */
FN T t_k_log_tail(T f) {
    T h = C(0.5) * (f * f);
#if CG_BITS == 64
    T s = f / (C(2.0) + f);
    T z = s * s;
    T p = C(0.13236123339035949);
    p = FMA(p, z, C(0.13252007074919958));
    p = FMA(p, z, C(0.15386994709768975));
    p = FMA(p, z, C(0.18181778233181611));
    p = FMA(p, z, C(0.22222222608297634));
    p = FMA(p, z, C(0.28571428569404134));
    p = FMA(p, z, C(0.40000000000004937));
    p = FMA(p, z, C(0.66666666666666663));
    return FMA(s, FMA(z, p, h), -h);
#else
    T p = C(0.0674661994);
    p = FMA(p, f, C(-0.11675626));
    p = FMA(p, f, C(0.118881576));
    p = FMA(p, f, C(-0.124055929));
    p = FMA(p, f, C(0.142195538));
    p = FMA(p, f, C(-0.166679963));
    p = FMA(p, f, C(0.200021192));
    p = FMA(p, f, C(-0.250000089));
    p = FMA(p, f, C(0.333333135));
    return FMA(f * f * f, p, -h);
#endif
}

/* e * ln(2) + log(1 + f); the exact part is summed as a pair */
FN T t_k_log_sum(T e, T f) {
    T y = t_k_log_tail(f);
    T a = e * T_LN2_SHORT;
    T h = a + f;
    T l = f - (h - a);
    return h + (l + FMA(e, T_LN2_REST, y));
}

/* a logarithm: r where 0 < x < inf (as bits, less 1), else its value at 0, inf, NaN and below 0 */
FN T t_k_log_special(T x, T r) {
    T y = (x < C(0.0)) ? T_NAN : x;
    y = (x == C(0.0)) ? -T_INF : y;
    return ((AS_U(x) - CU(1)) < (AS_U(T_INF) - CU(1))) ? r : y;
}

/* sin(h + l) and cos(h + l) for |h| <= pi/4 and a little more */
FN T t_k_sin(T h, T l) {
    T z = h * h;
#if CG_BITS == 64
    T p = C(-7.3886124481592981e-13);
    p = FMA(p, z, C(1.6054282992931583e-10));
    p = FMA(p, z, C(-2.5052070622671797e-08));
    p = FMA(p, z, C(2.7557319072637893e-06));
    p = FMA(p, z, C(-0.00019841269840959857));
    p = FMA(p, z, C(0.00833333333333304));
    p = FMA(p, z, C(-0.16666666666666666));
#else
    T p = C(2.83124086e-06);
    p = FMA(p, z, C(-0.000198530048));
    p = FMA(p, z, C(0.0083333794));
    p = FMA(p, z, C(-0.166666672));
#endif
    return h + FMA(z * h, p, l);
}

FN T t_k_cos(T h, T l) {
    T z = h * h;
#if CG_BITS == 64
    T p = C(4.6056027839475234e-14);
    p = FMA(p, z, C(-1.1467141939717726e-11));
    p = FMA(p, z, C(2.0876724385241115e-09));
    p = FMA(p, z, C(-2.7557319070502835e-07));
    p = FMA(p, z, C(2.4801587301200492e-05));
    p = FMA(p, z, C(-0.0013888888888888404));
    p = FMA(p, z, C(0.041666666666666664));
#else
    T p = C(-2.89181514e-07);
    p = FMA(p, z, C(2.48224478e-05));
    p = FMA(p, z, C(-0.00138889812));
    p = FMA(p, z, C(0.0416666679));
#endif
    T hz = C(0.5) * z;
    T w = C(1.0) - hz;
    return w + (((C(1.0) - w) - hz) + FMA(z * z, p, -(h * l)));
}

/* the quadrant q of sin: sin, cos, -sin, -cos */
FN T t_k_quadrant(U q, T h, T l) {
    T s = t_k_sin(h, l);
    T c = t_k_cos(h, l);
    T y = ((q & CU(1)) == CU(0)) ? s : c;
    return AS_T(AS_U(y) ^ ((q & CU(2)) << (T_TOP - CU(1))));
}

/* x - n * pi/2 as a pair (three-part Cody-Waite with FMA); *t becomes n + T_MAGIC */
FN T t_k_reduce(T x, T *lo, T *t) {
    *t = FMA(x, T_2_PI, T_MAGIC);
    T n = *t - T_MAGIC;
    T r = FMA(n, -T_PI_2, x);
    T p = n * T_PI_2_LO;
    T pl = FMA(n, T_PI_2_LO, -p);
    T h = r - p;
    T l = FMA(n, -T_PI_2_LOLO, ((r - h) - p) - pl);
    *lo = (FABS(x) > T_TURN_MAX) ? x - x : l; /* 0, or NaN from inf */
    return (FABS(x) > T_TURN_MAX) ? x - x : h;
}

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
    return t_k_scale(FMA(q, e, FMA(q, el, ql * e)), t);
}

/* log|x| as a pair for x > 0: 2 atanh(f / (2 + f)) with the first terms of the series carried as pairs */
FN T t_k_log_pair(T x, T *lo) {
    T e;
    T f = t_k_split(x, &e);
    T d = C(2.0) + f;
    T dl = f - (d - C(2.0));
    T inverse = C(1.0) / d;
    T s = f * inverse;
    T sl = FMA(-s, dl, FMA(-s, d, f)) * inverse;
    T z = s * s;
    T zl = FMA(C(2.0) * s, sl, FMA(s, s, -z));
#if CG_BITS == 64
    T third = C(0.33333333333333331);
    T third_lo = C(1.8503717077085941e-17);
    T w = C(0.060220375656223367);
    w = FMA(w, z, C(0.058337870528520318));
    w = FMA(w, z, C(0.066683568052269826));
    w = FMA(w, z, C(0.076922726238559766));
    w = FMA(w, z, C(0.090909095333973358));
    w = FMA(w, z, C(0.11111111107817886));
    w = FMA(w, z, C(0.14285714285727386));
    w = FMA(w, z, C(0.19999999999999979));
#else
    T third = C(0.333333343);
    T third_lo = C(-9.93410776e-09);
    T w = C(0.0977820233);
    w = FMA(w, z, C(0.110898644));
    w = FMA(w, z, C(0.142859861));
    w = FMA(w, z, C(0.199999988));
#endif
    w = w * z;
    T q = third + w;
    T ql = (w - (q - third)) + third_lo;
    T p = z * q;
    T pl = FMA(z, ql, FMA(zl, q, FMA(z, q, -p)));
    T m = s + s;
    T ml = sl + sl;
    T u = m * p;
    T ul = FMA(m, pl, FMA(ml, p, FMA(m, p, -u)));
    T a = e * T_LN2_SHORT;
    T h = a + m;
    T l = m - (h - a);
    T g = h + u;
    T k = (u - (g - h)) + l + (ml + FMA(e, T_LN2_REST, ul));
    T sum = g + k;
    *lo = k - (sum - g);
    return sum;
}

/* (x + xl) / (d + dl); the low parts count in f64 only, f32 can afford its error and not the instructions */
FN T t_k_quotient(T x, T xl, T d, T dl) {
#if CG_BITS == 64
    T inverse = C(1.0) / d;
    T q = x * inverse;
    return FMA(FMA(-q, d, x) + FMA(-q, dl, xl), inverse, q);
#else
    (void)xl;
    (void)dl;
    return x / d;
#endif
}

/* ---- rounding to integers; exact, the sign of a zero kept ---- */

/* nearest integer, halves to even */
FN T t_rint(T x) {
    T a = FABS(x);
    T r = (a + T_WHOLE) - T_WHOLE;
    return t_k_sign((a < T_WHOLE) ? r : a, x);
}

FN T t_floor(T x) {
    T r = t_rint(x);
    T y = r - ((r > x) ? C(1.0) : C(0.0));
    return t_k_sign(FABS(y), x);
}

FN T t_ceil(T x) {
    T r = t_rint(x);
    T y = r + ((r < x) ? C(1.0) : C(0.0));
    return t_k_sign(FABS(y), x);
}

FN T t_trunc(T x) { return t_k_sign(t_floor(FABS(x)), x); }

/* ---- exponentials ---- */

/* exp(x): x = n ln2 + r, exp(r) = 1 + (r + r^2 P(r)).
 * Bound: f32 1, f64 1; measured 0.99, 0.83 */
FN T t_exp(T x) {
    T a = (x > T_EXP_MAX) ? T_EXP_MAX : x;
    a = (a < T_EXP_MIN) ? T_EXP_MIN : a;
    T rl, t;
    T r = t_k_exp_reduce(a, &rl, &t);
    return t_k_scale(C(1.0) + t_k_expm1_small(r, rl), t);
}

/* 2^x: x = n + r, then exp(r ln2) with r ln2 as a pair.
 * Bound: f32 1, f64 1; measured 0.85, 0.86 */
FN T t_exp2(T x) {
#if CG_BITS == 64
    T a = (x > C(1025.0)) ? C(1025.0) : x;
    a = (a < C(-1080.0)) ? C(-1080.0) : a;
#else
    T a = (x > C(129.0)) ? C(129.0) : x;
    a = (a < C(-152.0)) ? C(-152.0) : a;
#endif
    T t = a + T_MAGIC;
    T r = a - (t - T_MAGIC);
    T h = r * T_LN2;
    T l = FMA(r, T_LN2_LO, FMA(r, T_LN2, -h));
    return t_k_scale(C(1.0) + (h + FMA(h * h, t_k_exp_tail(h), l)), t);
}

/* exp(x) - 1: 2^n (exp(r) - 1) + (2^n - 1), halved so that 2^n cannot overflow before the result does.
 * Bound: f32 2, f64 2; measured 1.44, 1.58 */
FN T t_expm1(T x) {
    T a = (x > T_EXP_MAX) ? T_EXP_MAX : x;
    a = (a < T_EXPM1_MIN) ? T_EXPM1_MIN : a;
    T rl, t;
    T r = t_k_exp_reduce(a, &rl, &t);
    T p = t_k_expm1_small(r, rl);
    T s = t_k_power(t - C(1.0));
    T y = C(2.0) * FMA(s, p, s - C(0.5));
    return (FABS(x) < T_TINY) ? x : y;
}

/* ---- logarithms ---- */

/* log(x): x = m 2^e, e ln2 + log(m).
 * Bound: f32 1, f64 1; measured 0.82, 0.83 */
FN T t_log(T x) {
    T e;
    T f = t_k_split(x, &e);
    return t_k_log_special(x, t_k_log_sum(e, f));
}

/* log2(x): e + f log2(e) as a pair, the tail scaled.
 * Bound: f32 1, f64 1; measured 0.98, 0.87 */
FN T t_log2(T x) {
    T e;
    T f = t_k_split(x, &e);
    T p = f * T_LOG2E;
    T pl = FMA(f, T_LOG2E_LO, FMA(f, T_LOG2E, -p));
    T h = e + p;
    T l = p - (h - e);
    pl = FMA(FMA(f, f, -(f * f)), C(-0.5) * T_LOG2E, pl); /* what the tail loses of f^2 / 2 */
    return t_k_log_special(x, h + (l + FMA(t_k_log_tail(f), T_LOG2E, pl)));
}

/* log10(x): as log2, with e log10(2) in two parts.
 * Bound: f32 1, f64 1; measured 0.88, 0.85 */
FN T t_log10(T x) {
    T e;
    T f = t_k_split(x, &e);
    T p = f * T_LOG10E;
    T pl = FMA(f, T_LOG10E_LO, FMA(f, T_LOG10E, -p));
    T a = e * T_LOG10_2_SHORT;
    T h = a + p;
    T l = FMA(e, T_LOG10_2_REST, p - (h - a));
    return t_k_log_special(x, h + (l + FMA(t_k_log_tail(f), T_LOG10E, pl)));
}

/* log(1 + x): u = 1 + x is split as in log, its rounding error added to f.
 * Bound: f32 2, f64 2; measured 1.44, 1.34 */
FN T t_log1p(T x) {
    U root = AS_U(T_SQRT_HALF);
    T u = C(1.0) + x;
    T c = (x > C(1.0)) ? C(1.0) - (u - x) : x - (u - C(1.0));
    U b = AS_U(u) + (T_ONE - root);
    U biased = b >> T_MANT;
    T e = AS_T(biased | AS_U(T_WHOLE)) - T_WHOLE_BIASED;
    T m = AS_T((b & ((CU(1) << T_MANT) - CU(1))) + root);
    T four_over = AS_T(T_SIGN - (biased << T_MANT)); /* 4 * 2^-e */
    T f = FMA(C(0.25) * c, four_over, m - C(1.0));
    T y = t_k_log_sum(e, f);
    y = t_k_log_special(u, y);
    return (FABS(x) < T_TINY) ? x : y;
}

/* x^y with the special cases of C: exp(y log|x|), the logarithm and the product as pairs.
 * Bound: f32 1, f64 1.5; measured 0.79, 0.92 */
FN T t_pow(T x, T y) {
    T ax = FABS(x);
    T ll, el, t;
    T lh = t_k_log_pair(ax, &ll);
    T ph = y * lh;
    T pl = FMA(y, ll, FMA(y, lh, -ph));
    T h = (ph > T_EXP_MAX) ? T_EXP_MAX : ((ph < T_EXP_MIN) ? T_EXP_MIN : ph);
    T e = t_k_exp_pair(h, (h == ph) ? pl : C(0.0), &el, &t);
    T r = t_k_scale(e + el, t);
    T big = (y > C(0.0)) ? T_INF : C(0.0);
    T small = (y > C(0.0)) ? C(0.0) : T_INF;
    r = (ax == C(0.0)) ? small : ((ax == T_INF) ? big : r);
    r = (ax == C(1.0)) ? C(1.0) : r;
    T hy = C(0.5) * y;
    T even = (t_rint(hy) == hy) ? C(1.0) : C(-1.0);
    T whole = (t_rint(y) == y) ? even : T_NAN; /* the sign that a negative x gives */
    T nonzero = (ax == C(0.0)) ? C(1.0) : ((ax == T_INF) ? C(1.0) : whole);
    T factor = (t_rint(y) == y) ? whole : nonzero;
    r = ((AS_U(x) & T_SIGN) == CU(0)) ? r : r * factor;
    r = (x == x) ? r : x;
    r = (y == y) ? r : y;
    return (y == C(0.0)) ? C(1.0) : ((x == C(1.0)) ? C(1.0) : r);
}

/* ---- functions of networks ---- */

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

/* 1 / (1 + exp(-x)), as exp(-|x|) / (1 + exp(-|x|)) below 0: relative accuracy in both tails.
 * Bound: f32 3, f64 2; measured 2.41, 1.42 */
FN T t_sigmoid(T x) {
    T e = t_exp(-FABS(x));
    T top = (x < C(0.0)) ? e : C(1.0);
    T d = C(1.0) + e;
    return t_k_quotient(top, C(0.0), d, e - (d - C(1.0)));
}

/* log(1 + exp(x)) = max(x, 0) + log(1 + e), e = exp(-|x|); from sqrt(2), 1 + e is 2 (1 + (e - 1) / 2).
 * Bound: f32 2, f64 2; measured 1.71, 1.57 */
FN T t_softplus(T x) {
    T e = t_exp(-FABS(x));
    T f = (e > C(0.4142)) ? C(0.5) * (e - C(1.0)) : e;
    T n = (e > C(0.4142)) ? C(1.0) : C(0.0);
    return ((x > C(0.0)) ? x : C(0.0)) + t_k_log_sum(n, f);
}

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

/* ---- sine and cosine ---- */

/* sin(x): x - n pi/2 as a pair, then one of two polynomials by n.  The bound holds for |x| <= 1e5 (f32) or
 * 1e9 (f64); beyond 4e6 or 2e15 the result is one of -1, 0, 1 and means nothing.
 * Bound: f32 1.5, f64 1.5; measured 0.83, 0.81 */
FN T t_sin(T x) {
    T l, t;
    T h = t_k_reduce(x, &l, &t);
    T y = t_k_quadrant(AS_U(t), h, l);
    return (x == C(0.0)) ? x : y;
}

/* cos(x): as sin, with the same range.
 * Bound: f32 1.5, f64 1.5; measured 0.84, 0.80 */
FN T t_cos(T x) {
    T l, t;
    T h = t_k_reduce(x, &l, &t);
    return t_k_quadrant(AS_U(t) + CU(1), h, l);
}

/* sin(2 pi u), u in [0, 1): u - n/4 is exact, times 2 pi as a pair.
 * Bound: f32 1.5, f64 1.5; measured 1.00, 0.96 */
FN T t_sin2pi(T u) {
    T t = FMA(C(4.0), u, T_MAGIC);
    T r = FMA(t - T_MAGIC, C(-0.25), u);
    T h = r * T_2PI;
    T l = FMA(r, T_2PI_LO, FMA(r, T_2PI, -h));
    return t_k_quadrant(AS_U(t), h, l);
}

/* cos(2 pi u), u in [0, 1).
 * Bound: f32 1.5, f64 1.5; measured 0.92, 0.90 */
FN T t_cos2pi(T u) {
    T t = FMA(C(4.0), u, T_MAGIC);
    T r = FMA(t - T_MAGIC, C(-0.25), u);
    T h = r * T_2PI;
    T l = FMA(r, T_2PI_LO, FMA(r, T_2PI, -h));
    return t_k_quadrant(AS_U(t) + CU(1), h, l);
}
