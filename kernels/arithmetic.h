/*
 * kernels/arithmetic.h: remainders and roots, in the vocabulary of elementary.h, which must come first.
 */

/* ---- pieces ---- */

#if CG_BITS == 64
#define T_STEP C(51.0) /* bits of a quotient that one step finds */
#else
#define T_STEP C(22.0)
#endif

/* |x| = m 2^e with m in [1, 2), x finite and not 0 (subnormals too) */
FN T t_k_mantissa(T x, T *e) {
    T y = (x < T_MIN) ? x * T_UPSCALE : x;
    T biased = (x < T_MIN) ? T_WHOLE_BIASED_TINY : T_WHOLE_BIASED;
    U u = AS_U(y);
    *e = AS_T((u >> T_MANT) | AS_U(T_WHOLE)) - biased;
    return AS_T((u & ((CU(1) << T_MANT) - CU(1))) | T_ONE);
}

/* r - n m for an integer n that leaves |r| < 0.76 m; exact for 0 <= |r| < 2^T_STEP m, inverse = 1 / m */
FN T t_k_mod_part(T r, T m, T inverse) { return FMA(T_MAGIC - FMA(r, inverse, T_MAGIC), m, r); }

/* r 2^T_STEP modulo m where `on` is positive, else r */
FN T t_k_mod_step(T r, T m, T inverse, T on) {
    T next = t_k_mod_part(r * t_k_power(T_STEP + T_MAGIC), m, inverse);
    return (on > C(0.0)) ? next : r;
}

/* n of these steps, of which there are at most six */
FN T t_k_mod_six(T r, T m, T inverse, T n) {
    r = t_k_mod_step(r, m, inverse, n);
    r = t_k_mod_step(r, m, inverse, n - C(1.0));
    r = t_k_mod_step(r, m, inverse, n - C(2.0));
    r = t_k_mod_step(r, m, inverse, n - C(3.0));
    r = t_k_mod_step(r, m, inverse, n - C(4.0));
    return t_k_mod_step(r, m, inverse, n - C(5.0));
}

/*
 * a modulo b for finite a >= b > 0, exact.  With a = ma 2^(e + d) and b = mb 2^e it is 2^e (ma 2^d modulo mb), and d
 * is gone through T_STEP bits at a time, with as many steps as the widest exponents need.
 */
FN T t_k_mod(T a, T b) {
    T ea, e;
    T r = t_k_mantissa(a, &ea);
    T m = t_k_mantissa(b, &e);
    T inverse = C(1.0) / m;
    T d = ea - e;
    T n = t_floor((d + C(0.5)) * (C(1.0) / T_STEP));
    r = t_k_mod_part(r * t_k_power(FMA(n, -T_STEP, d) + T_MAGIC), m, inverse);
    r = t_k_mod_six(r, m, inverse, n);
    r = t_k_mod_six(r, m, inverse, n - C(6.0));
#if CG_BITS == 64
    r = t_k_mod_six(r, m, inverse, n - C(12.0));
    r = t_k_mod_six(r, m, inverse, n - C(18.0));
    r = t_k_mod_six(r, m, inverse, n - C(24.0));
    r = t_k_mod_six(r, m, inverse, n - C(30.0));
    r = t_k_mod_six(r, m, inverse, n - C(36.0));
#endif
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
 * Bound: f32 0.5, f64 0.5; measured ?, ? */
FN T t_mod(T x, T y) {
    T r = t_fmod(x, y);
    T moved = (((AS_U(r) ^ AS_U(y)) & T_SIGN) == CU(0)) ? r : r + y;
    return (r == C(0.0)) ? t_k_sign(C(0.0), y) : moved;
}

/* floor(x / y), the n of mod.  A quotient that was rounded up to an integer shows in the sign of x - n y, which FMA
 * gets right; beyond the integers that T tells apart it is the quotient.  An infinite x gives NaN, x / 0 is x / 0.
 * Bound: f32 1, f64 1; measured 0.50, 0.50 */
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
 * Bound: f32 2, f64 2; measured ?, ? */
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
 * Bound: f32 2, f64 2; measured ?, ? */
FN T t_rsqrt(T x) { return C(1.0) / SQRT(x); }
