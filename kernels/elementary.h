/*
 * kernels/elementary.h: the library's own elementary functions, one text for C11 and OpenCL C 1.2.
 *
 * Here are the vocabulary, the pieces and what needs only those: rounding, exponentials, logarithms, powers and
 * the functions of networks.  arithmetic.h, error_function.h, hyperbolic.h, trigonometry.h, gamma_function.h and
 * beta_function.h have the others, each to be included after this file, and only where it is used: a kernel that does
 * without them compiles sooner.
 *
 * Every function is branch-free: polynomials, loops only of a fixed count, no tables, no libm, no contraction, so that
 * the same text vectorises in C, runs on any OpenCL device and gives the same bits in both, for scalars and vectors.
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
 * what is promised and what tests/elementary_sweep.c holds; "measured" is the largest error seen: over 2^22
 * points (f64), 2^24 (two arguments in f32) or, for one argument in f32, all 2^32 or at least 2^29 of them,
 * spread evenly.  NaN gives NaN (but hypot(inf, NaN) is inf and pow(1, NaN) is 1, as in C); signs of zeros,
 * infinities, overflow and gradual underflow are those of C's libm.  The sign and payload of a NaN
 * result are not promised.
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
#define T_SQRT_HALF C(0.707106769)
#endif
#define T_SIGN (CU(1) << T_TOP)
/* clang-format on */

/* ---- pieces ---- */

/* |x| with the sign of s; x must not be negative */
FN T t_k_sign(T x, T s) { return AS_T(AS_U(x) | (AS_U(s) & T_SIGN)); }

/*
 * x > limit ? above : other with both computed first. In an arm of ?: the compiler may compute only the lanes that take it,
 * and leave in the others what makes subnormal numbers, which are slow.
 */
FN T t_k_above(T x, T limit, T above, T other) { return (x > limit) ? above : other; }

/* 2^n for t = n + T_MAGIC, n within the normal exponents */
FN T t_k_power(T t) { return AS_T((AS_U(t) << T_MANT) + T_ONE); }

/* p * 2^n for t = n + T_MAGIC, in two steps: overflow to inf and one rounding in the subnormal range */
FN T t_k_scale(T p, T t) {
    U n = AS_U(t);
    U first = n >> CU(1);
    return (p * AS_T((first << T_MANT) + T_ONE)) * AS_T(((n - first) << T_MANT) + T_ONE);
}

/* the same for n <= 0 and p near 1, with fewer instructions: 2^n times a power that makes it normal, then that taken away */
FN T t_k_scale_down(T p, T t) {
#if CG_BITS == 64
    T up = C(1.3407807929942597e+154), down = C(7.4583407312002067e-155); /* 2^512 */
#else
    T up = C(18446744073709551616.0), down = C(5.4210108624275222e-20); /* 2^64 */
#endif
    return (p * AS_T((AS_U(t) << T_MANT) + AS_U(up))) * down;
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

/* u + c = (1 + f) * 2^e with 1 + f in [sqrt(1/2), sqrt(2)), for normal u and a c that is small against it */
FN T t_k_split_pair(T u, T c, T *e) {
    U root = AS_U(T_SQRT_HALF);
    U b = AS_U(u) + (T_ONE - root);
    U biased = b >> T_MANT;
    *e = AS_T(biased | AS_U(T_WHOLE)) - T_WHOLE_BIASED;
    T m = AS_T((b & ((CU(1) << T_MANT) - CU(1))) + root);
    T four_over = AS_T(T_SIGN - (biased << T_MANT)); /* 4 * 2^-e */
    return FMA(C(0.25) * c, four_over, m - C(1.0));
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

/* (x + xl) / (d + dl) */
FN T t_k_quotient_of_pairs(T x, T xl, T d, T dl) {
    T inverse = C(1.0) / d;
    T q = x * inverse;
    return FMA(FMA(-q, d, x) + FMA(-q, dl, xl), inverse, q);
}

/* the same, but the low parts count in f64 only: f32 can afford its error and not the instructions */
FN T t_k_quotient(T x, T xl, T d, T dl) {
#if CG_BITS == 64
    return t_k_quotient_of_pairs(x, xl, d, dl);
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

/* exp(-a) for a >= 0, with the bits of exp */
FN T t_k_exp_minus(T a) {
    T b = (a > -T_EXP_MIN) ? T_EXP_MIN : -a;
    T rl, t;
    T r = t_k_exp_reduce(b, &rl, &t);
    return t_k_scale_down(C(1.0) + t_k_expm1_small(r, rl), t);
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
    T u = C(1.0) + x;
    T c = (x > C(1.0)) ? C(1.0) - (u - x) : x - (u - C(1.0));
    T e;
    T f = t_k_split_pair(u, c, &e);
    T y = t_k_log_special(u, t_k_log_sum(e, f));
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

/* 1 / (1 + exp(-x)), as exp(-|x|) / (1 + exp(-|x|)) below 0: relative accuracy in both tails.
 * Bound: f32 3, f64 2; measured 2.41, 1.42 */
FN T t_sigmoid(T x) {
    T e = t_k_exp_minus(FABS(x));
    T top = (x < C(0.0)) ? e : C(1.0);
    T d = C(1.0) + e;
    return t_k_quotient(top, C(0.0), d, e - (d - C(1.0)));
}

/* log(1 + exp(x)) = max(x, 0) + log(1 + e), e = exp(-|x|): in f32 by a polynomial, in f64 by the logarithm, where 1 + e is
 * 2 (1 + (e - 1) / 2) from sqrt(2) on.
 * Bound: f32 2, f64 2; measured 1.86, 1.66 */
FN T t_softplus(T x) {
    T e = t_k_exp_minus(FABS(x));
#if CG_BITS == 64
    T f = (e > C(0.4142)) ? C(0.5) * (e - C(1.0)) : e;
    T n = (e > C(0.4142)) ? C(1.0) : C(0.0);
    T y = t_k_log_sum(n, f);
#else
    T p = C(0.00204243255);
    p = FMA(p, e, C(-0.0134747913));
    p = FMA(p, e, C(0.0416372865));
    p = FMA(p, e, C(-0.0826524943));
    p = FMA(p, e, C(0.124355964));
    p = FMA(p, e, C(-0.161145553));
    p = FMA(p, e, C(0.198936418));
    p = FMA(p, e, C(-0.249878481));
    p = FMA(p, e, C(0.33332625));
    p = FMA(p, e, C(-0.499999851));
    T y = FMA(e * e, p, e);
#endif
    return ((x > C(0.0)) ? x : C(0.0)) + y;
}

/* log(sigmoid(x)) = -softplus(-x).
 * Bound: f32 2, f64 2; measured 1.79, 1.65 */
FN T t_log_sigmoid(T x) { return -t_softplus(-x); }

/* x tanh(softplus(x)) with e = exp(-|x|) and everything in pairs: from 0 x - x e e / (1/2 + e (1 + e)), below
 * x e (2 + e) / (2 + e (2 + e)), whose first e goes in last, for it may underflow sooner than the result.
 * Bound: f32 2, f64 2; measured 1.48, 1.45 */
FN T t_mish(T x) {
#if CG_BITS == 64
    T limit = C(756.0);
#else
    T limit = C(111.0);
#endif
    T a = (FABS(x) > limit) ? limit : FABS(x);
    T pl, t;
    T h = t_k_exp_pair(-a, C(0.0), &pl, &t);
    T p = h + pl;
    pl = pl - (p - h);
    T e = t_k_scale(p, t);
    T el = t_k_scale(pl, t);
    T b = (x < C(0.0)) ? C(2.0) : C(1.0);
    T s = b + e;
    T sl = (e - (s - b)) + el;
    b = (x < C(0.0)) ? C(2.0) : C(0.5);
    T d = FMA(e, s, b);
    T dl = FMA(e, s, b - d) + FMA(e, sl, el * s);
    T f = (x < C(0.0)) ? p : e; /* top = f g */
    T fl = (x < C(0.0)) ? pl : el;
    T g = (x < C(0.0)) ? s : e;
    T gl = (x < C(0.0)) ? sl : el;
    T top = f * g;
    T q = t_k_quotient_of_pairs(top, FMA(f, g, -top) + FMA(f, gl, fl * g), d, dl);
    T y = (x < C(0.0)) ? t_k_scale(a * q, t) : ((a < limit) ? FMA(-a, q, a) : x);
    return t_k_sign(y, x);
}
