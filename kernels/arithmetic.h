/*
 * kernels/arithmetic.h: remainders and roots, in the vocabulary of elementary.h, which must come first.
 */

/* ---- pieces ---- */

#if CG_BITS == 64
#define T_STEP C(51.0)                         /* less than the mantissa has bits: what one step divides */
#define T_COARSE C(453347182355485940514816.0) /* T_MAGIC 2^26: rounds to multiples of 2^26 */
#else
#define T_STEP C(22.0)
#define T_COARSE C(51539607552.0) /* T_MAGIC 2^12 */
#endif

/* |x| = m 2^e with m in [1, 2), x finite and not 0 (subnormals too) */
FN T t_k_mantissa(T x, T *e) {
    T y = (x < T_MIN) ? x * T_UPSCALE : x;
    T biased = (x < T_MIN) ? T_WHOLE_BIASED_TINY : T_WHOLE_BIASED;
    U u = AS_U(y);
    *e = AS_T((u >> T_MANT) | AS_U(T_WHOLE)) - biased;
    return AS_T((u & ((CU(1) << T_MANT) - CU(1))) | T_ONE);
}

/* r - n m for an integer n that leaves |r| < 0.76 m; exact for |r| <= 2^T_STEP m, inverse = 1 / m */
FN T t_k_mod_part(T r, T m, T inverse) { return FMA(T_MAGIC - FMA(r, inverse, T_MAGIC), m, r); }

/*
 * a b 2^(T_STEP + 1) modulo m for multiples a, b of 1 / T_WHOLE up to m / 2 and a little more; so is the result.  The
 * product is a pair; its high part loses first a coarse multiple of m, then what is left of it, then the low part
 * goes in.  Each remainder has few enough bits to be exact.
 */
FN T t_k_mod_product(T a, T b, T m, T inverse) {
    T h = a * b;
    T l = FMA(a, b, -h);
    T q = FMA(h, inverse * T_WHOLE, T_COARSE) - T_COARSE;
    T r = t_k_mod_part(FMA(-q, m, h * T_WHOLE), m, inverse);
    return t_k_mod_part(FMA(l, T_WHOLE, r), m, inverse);
}

/* r 2^(T_STEP n) modulo m for n < 16 (f32) or 64 (f64): r times the squares of squares of 2^T_STEP that n has */
FN T t_k_mod_steps(T r, T m, T inverse, T n) {
    U bits = AS_U(n + T_MAGIC);
    T p = C(0.5); /* 2^T_STEP / T_WHOLE */
    r = t_k_mod_part(r, m, inverse);
    r = ((bits & CU(1)) == CU(0)) ? r : t_k_mod_product(r, p, m, inverse);
    p = t_k_mod_product(p, p, m, inverse);
    r = ((bits & CU(2)) == CU(0)) ? r : t_k_mod_product(r, p, m, inverse);
    p = t_k_mod_product(p, p, m, inverse);
    r = ((bits & CU(4)) == CU(0)) ? r : t_k_mod_product(r, p, m, inverse);
    p = t_k_mod_product(p, p, m, inverse);
    r = ((bits & CU(8)) == CU(0)) ? r : t_k_mod_product(r, p, m, inverse);
#if CG_BITS == 64
    p = t_k_mod_product(p, p, m, inverse);
    r = ((bits & CU(16)) == CU(0)) ? r : t_k_mod_product(r, p, m, inverse);
    p = t_k_mod_product(p, p, m, inverse);
    r = ((bits & CU(32)) == CU(0)) ? r : t_k_mod_product(r, p, m, inverse);
#endif
    return r;
}

/*
 * a modulo b for finite a >= b > 0, exact.  With a = ma 2^(e + d) and b = mb 2^e it is 2^e (ma 2^d modulo mb), where d
 * is n T_STEP and a rest; the widest exponents give n = 12 (f32) or 41 (f64).
 */
FN T t_k_mod(T a, T b) {
    T ea, e;
    T r = t_k_mantissa(a, &ea);
    T m = t_k_mantissa(b, &e);
    T inverse = C(1.0) / m;
    T d = ea - e;
    T n = t_floor((d + C(0.5)) * (C(1.0) / T_STEP));
    r = t_k_mod_part(r * t_k_power(FMA(n, -T_STEP, d) + T_MAGIC), m, inverse);
    r = t_k_mod_steps(r, m, inverse, n);
    r = (r < C(0.0)) ? r + m : r;
    return t_k_scale(r, e + T_MAGIC);
}

/* ---- remainders ---- */

/* fmod(x, y): x - n y with n = trunc(x / y), exact for all x and y; the sign of x.
 * Bound: f32 0, f64 0; measured 0, 0 */
FN T t_fmod(T x, T y) {
    T a = FABS(x);
    T b = FABS(y);
    T r = (a < b) ? a : t_k_mod(a, b);
    r = (a < T_INF) ? r : T_NAN;
    r = (b > C(0.0)) ? r : T_NAN;
    return t_k_sign(r, x);
}

/* mod(x, y): x - n y with n = floor(x / y); the sign of y.  It is fmod, to which y is added where the signs
 * differ: exact but for this one sum, as in NumPy, so that a tiny x of the other sign gives y.
 * Bound: f32 0.5, f64 0.5; measured 0.50, 0.50 */
FN T t_mod(T x, T y) {
    T r = t_fmod(x, y);
    T moved = (((AS_U(r) ^ AS_U(y)) & T_SIGN) == CU(0)) ? r : r + y;
    return (r == C(0.0)) ? t_k_sign(C(0.0), y) : moved;
}

/* floor(x / y), the n of mod.  A quotient that was rounded up to an integer shows in the sign of x - n y, which FMA
 * gets right; beyond the integers that T tells apart it is the quotient.  An infinite x gives NaN, x / 0 is x / 0.
 * Bound: f32 1, f64 1; measured 0.50, 0.50 over 2^20 points (clgrad doctor) */
FN T t_floor_divide(T x, T y) {
    T q = x / y;
    T n = t_floor(q);
    T r = (n == C(0.0)) ? x : FMA(-n, y, x);
    T beyond = (((AS_U(r) ^ AS_U(y)) & T_SIGN) == CU(0)) ? C(0.0) : C(1.0);
    n = (FABS(r) > C(0.0)) ? n - beyond : n;
    return (FABS(x) == T_INF) ? ((y == C(0.0)) ? q : T_NAN) : n;
}

/* ---- roots ---- */

/* hypot(x, y) = sqrt(x^2 + y^2), both first scaled by the same power of two where they are large or small.
 * Bound: f32 1.5, f64 1.5; measured 1.17, 1.16 */
FN T t_hypot(T x, T y) {
#if CG_BITS == 64
    T limit = C(400.0), shift = C(700.0);
#else
    T limit = C(50.0), shift = C(100.0);
#endif
    T a = FABS(x);
    T b = FABS(y);
    T m = (a > b) ? a : b;
    T s = (m < t_k_power(T_MAGIC - limit)) ? shift : C(0.0);
    s = (m > t_k_power(T_MAGIC + limit)) ? -shift : s;
    T p = a * t_k_power(T_MAGIC + s);
    T q = b * t_k_power(T_MAGIC + s);
    T h = SQRT(FMA(p, p, q * q)) * t_k_power(T_MAGIC - s);
    return (a == T_INF) ? a : ((b == T_INF) ? b : h);
}

/* 1 / sqrt(x).
 * Bound: f32 2, f64 2; measured 1.49, 1.49 */
FN T t_rsqrt(T x) { return C(1.0) / SQRT(x); }
