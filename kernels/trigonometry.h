/*
 * kernels/trigonometry.h: sine to arc tangent, in the vocabulary of elementary.h, which must come first.
 */

/* clang-format off */
#if CG_BITS == 64
#define T_PI_2 C(1.5707963267948966)
#define T_PI_2_LO C(6.123233995736766e-17)
#define T_PI_2_LOLO C(-1.4973849048591698e-33)
#define T_TURN_MAX C(2.0e15)            /* n of the reduction by pi/2 must fit the magic number */
#define T_2_PI C(0.63661977236758138)
#define T_2PI C(6.2831853071795862)
#define T_2PI_LO C(2.4492935982947064e-16)
#else
#define T_PI_2 C(1.57079637)
#define T_PI_2_LO C(-4.37113883e-08)
#define T_PI_2_LOLO C(-1.71512451e-15)
#define T_TURN_MAX C(4.0e6)
#define T_2_PI C(0.636619747)
#define T_2PI C(6.28318548)
#define T_2PI_LO C(-1.74845553e-07)
#endif
#define T_PI_4 (C(0.5) * T_PI_2)
#define T_PI_4_LO (C(0.5) * T_PI_2_LO)
/* clang-format on */

/* ---- pieces ---- */

/* sin(h + l) and cos(h + l) as pairs, for |h| <= pi/4 and a little more */
FN T t_k_sin(T h, T l, T *lo) {
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
    p = FMA(z * h, p, l);
    T s = h + p;
    *lo = p - (s - h);
    return s;
}

FN T t_k_cos(T h, T l, T *lo) {
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
    p = ((C(1.0) - w) - hz) + FMA(z * z, p, -(h * l));
    T c = w + p;
    *lo = p - (c - w);
    return c;
}

/* the quadrant q of sin: sin, cos, -sin, -cos */
FN T t_k_quadrant(U q, T h, T l) {
    T sl, cl;
    T s = t_k_sin(h, l, &sl);
    T c = t_k_cos(h, l, &cl);
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

/* (asin(x) / x - 1) / x^2 for z = x^2 <= 1/4; times z: error 2^-27.6 (f32), 2^-59.9 (f64) */
FN T t_k_asin_tail(T z) {
#if CG_BITS == 64
    T p = C(0.032843656775946133);
    p = FMA(p, z, C(-0.021353540235109901));
    p = FMA(p, z, C(0.021966874275444439));
    p = FMA(p, z, C(0.0035953637053665294));
    p = FMA(p, z, C(0.010811077219826055));
    p = FMA(p, z, C(0.011393097840009227));
    p = FMA(p, z, C(0.013981579748393447));
    p = FMA(p, z, C(0.0173515434372047));
    p = FMA(p, z, C(0.022372219196494802));
    p = FMA(p, z, C(0.030381942538905648));
    p = FMA(p, z, C(0.044642857178741918));
    p = FMA(p, z, C(0.074999999999654079));
    return FMA(p, z, C(0.16666666666666788));
#else
    T p = C(0.0422315262);
    p = FMA(p, z, C(0.0241430905));
    p = FMA(p, z, C(0.0454772599));
    p = FMA(p, z, C(0.0749524757));
    return FMA(p, z, C(0.166667536));
#endif
}

/* (atan(x) / x - 1) / x^2 for z = x^2 <= 1/4; times z: error 2^-27.5 (f32), 2^-62.1 (f64) */
FN T t_k_atan_tail(T z) {
#if CG_BITS == 64
    T p = C(-0.0082915854243353378);
    p = FMA(p, z, C(0.023531928762440178));
    p = FMA(p, z, C(-0.037028022108530206));
    p = FMA(p, z, C(0.04585541671182361));
    p = FMA(p, z, C(-0.052289233995369368));
    p = FMA(p, z, C(0.058776010360601816));
    p = FMA(p, z, C(-0.066661965980578247));
    p = FMA(p, z, C(0.076922750406438589));
    p = FMA(p, z, C(-0.090909075435963396));
    p = FMA(p, z, C(0.111111110634597));
    p = FMA(p, z, C(-0.14285714284835013));
    p = FMA(p, z, C(0.19999999999991608));
    return FMA(p, z, C(-0.33333333333333304));
#else
    T p = C(-0.0512437336);
    p = FMA(p, z, C(0.101555154));
    p = FMA(p, z, C(-0.141741738));
    p = FMA(p, z, C(0.199941665));
    return FMA(p, z, C(-0.33333233));
#endif
}

/*
 * The angle between the x axis and the direction (q, p) for p, q >= 0, or with `left` (1, not 0) that to (-q, p):
 * k pi/4 + atan(t), where t is p / q, (p - q) / (p + q) or -q / p, the one within [-1/2, 1/2].
 */
FN T t_k_angle(T p, T q, T left) {
    T sum = p + q;
    T suml = (p < q) ? p - (sum - q) : q - (sum - p);
    T top = (p < C(0.5) * q) ? p : ((q < C(0.5) * p) ? -q : p - q); /* p - q is exact */
    T d = (p < C(0.5) * q) ? q : ((q < C(0.5) * p) ? p : sum);
    T k = (p < C(0.5) * q) ? C(0.0) : ((q < C(0.5) * p) ? C(2.0) : C(1.0));
    T dl = (k == C(1.0)) ? suml : C(0.0);
    T t = t_k_quotient(top, C(0.0), d, dl);
    k = (left == C(0.0)) ? k : C(4.0) - k;
    t = (left == C(0.0)) ? t : -t;
    T b = k * T_PI_4;
    T bl = FMA(k, T_PI_4_LO, FMA(k, T_PI_4, -b));
    T h = b + t;
    T l = t - (h - b);
    return h + (l + FMA(t * (t * t), t_k_atan_tail(t * t), bl));
}

/* ---- sine and cosine ---- */

/* sin(x): x - n pi/2 as a pair, then one of two polynomials by n.  The bound holds for |x| <= 4e6 (f32) or
 * 1e15 (f64); beyond 4e6 or 2e15 the result is one of -1, 0, 1 and means nothing.
 * Bound: f32 1.5, f64 1.5; measured 0.99, 0.89 */
FN T t_sin(T x) {
    T l, t;
    T h = t_k_reduce(x, &l, &t);
    T y = t_k_quadrant(AS_U(t), h, l);
    return (x == C(0.0)) ? x : y;
}

/* cos(x): as sin, with the same range.
 * Bound: f32 1.5, f64 1.5; measured 1.05, 0.81 */
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

/* tan(x): sin and cos as pairs and their quotient, -cos / sin in odd quadrants.  The range is that of sin;
 * beyond 4e6 or 2e15 the result is 0 or infinite and means nothing.
 * Bound: f32 3, f64 1.5; measured 2.30, 1.06 */
FN T t_tan(T x) {
    T l, t, sl, cl;
    T h = t_k_reduce(x, &l, &t);
    T s = t_k_sin(h, l, &sl);
    T c = t_k_cos(h, l, &cl);
    U odd = AS_U(t) & CU(1);
    T y = t_k_quotient((odd == CU(0)) ? s : -c, (odd == CU(0)) ? sl : -cl, (odd == CU(0)) ? c : s,
                       (odd == CU(0)) ? cl : sl);
    return (x == C(0.0)) ? x : y;
}

/* ---- inverses ---- */

/* asin(x): x + x^3 P(x^2); from 1/2, pi/2 - 2 asin(s) with s = sqrt((1 - x) / 2).
 * Bound: f32 1.5, f64 1.5; measured 1.14, 1.09 */
FN T t_asin(T x) {
    T a = FABS(x);
    T z = (a < C(0.5)) ? a * a : FMA(a, C(-0.5), C(0.5));
    T m = (a < C(0.5)) ? a : C(-2.0) * SQRT(z);
    T b = (a < C(0.5)) ? C(0.0) : T_PI_2;
    T bl = (a < C(0.5)) ? C(0.0) : T_PI_2_LO;
    T h = b + m;
    T l = m - (h - b);
    return t_k_sign(h + (l + FMA(m * z, t_k_asin_tail(z), bl)), x);
}

/* acos(x): pi/2 - asin(x) for |x| < 1/2, else 2 asin(s) or pi - 2 asin(s), s = sqrt((1 - |x|) / 2).
 * Bound: f32 1.5, f64 1.5; measured 1.11, 1.07 */
FN T t_acos(T x) {
    T a = FABS(x);
    T z = (a < C(0.5)) ? a * a : FMA(a, C(-0.5), C(0.5));
    T s = C(2.0) * SQRT(z);
    T m = (a < C(0.5)) ? -x : ((x < C(0.0)) ? -s : s);
    T k = (a < C(0.5)) ? C(1.0) : ((x < C(0.0)) ? C(2.0) : C(0.0));
    T h = FMA(k, T_PI_2, m);
    T l = m - FMA(k, -T_PI_2, h);
    return h + (l + FMA(m * z, t_k_asin_tail(z), k * T_PI_2_LO));
}

/* atan(x): the angle of (1, x); from 1e30 it is pi/2.
 * Bound: f32 2, f64 1.5; measured 1.43, 0.95 */
FN T t_atan(T x) {
    T a = FABS(x);
    a = (a > C(1.0e30)) ? C(1.0e30) : a;
    return t_k_sign(t_k_angle(a, C(1.0), C(0.0)), x);
}

/* atan2(y, x): the angle of (x, y), whose two are first scaled by the same power of two where they are large
 * or small.
 * Bound: f32 2, f64 2; measured 1.55, 1.45 */
FN T t_atan2(T y, T x) {
#if CG_BITS == 64
    T large = t_k_power(C(900.0) + T_MAGIC), up = t_k_power(C(200.0) + T_MAGIC), down = t_k_power(C(-200.0) + T_MAGIC);
    T small = t_k_power(C(-900.0) + T_MAGIC);
#else
    T large = t_k_power(C(90.0) + T_MAGIC), up = t_k_power(C(50.0) + T_MAGIC), down = t_k_power(C(-50.0) + T_MAGIC);
    T small = t_k_power(C(-90.0) + T_MAGIC);
#endif
    T ax = FABS(x);
    T ay = FABS(y);
    T q = (ax == T_INF) ? C(1.0) : ((ay == T_INF) ? C(0.0) : ax);
    T p = (ay == T_INF) ? C(1.0) : ((ax == T_INF) ? C(0.0) : ay);
    T top = (p > q) ? p : q;
    T scale = (top > large) ? down : ((top < small) ? up : C(1.0));
    q = (top == C(0.0)) ? C(1.0) : q * scale; /* the angle of (0, 0) is that of (1, 0) */
    T left = ((AS_U(x) & T_SIGN) == CU(0)) ? C(0.0) : C(1.0);
    T r = t_k_sign(t_k_angle(p * scale, q, left), y);
    return (x == x) ? ((y == y) ? r : y) : x;
}
