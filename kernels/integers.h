/*
 * kernels/integers.h: what those t_ functions are for integers that rows of class NUMBER use. One text for C and
 * OpenCL C, for scalars and vectors; T is the integer type, C(v) a constant of it, FN the qualifier of a function.
 * There is no include guard, as in elementary.h.
 *
 * No division may trap. A divisor of 0 gives 0, as in NumPy; -1 has the remainder 0, which INT_MIN % -1 would not
 * say; so both are replaced by 1.
 */

FN T t_k_divisor(T y) { return (y == C(0.0)) ? C(1.0) : ((y == C(-1.0)) ? C(1.0) : y); }

/* x - n y with n = trunc(x / y): the sign of x */
FN T t_fmod(T x, T y) { return x % t_k_divisor(y); }

/* x - n y with n = floor(x / y): the sign of y */
FN T t_mod(T x, T y) {
    T r = t_fmod(x, y);
    T moved = ((r ^ y) < C(0.0)) ? r + y : r;
    return (r == C(0.0)) ? r : moved;
}

/* floor(x / y) */
FN T t_floor_divide(T x, T y) {
    T d = t_k_divisor(y);
    T q = x / d;
    T r = x % d;
    T moved = ((r ^ d) < C(0.0)) ? q - C(1.0) : q;
    q = (r == C(0.0)) ? q : moved;
    q = (y == C(-1.0)) ? C(0.0) - x : q;
    return (y == C(0.0)) ? C(0.0) : q;
}

/* An integer is its own nearest integer. */
FN T t_floor(T x) { return x; }
FN T t_ceil(T x) { return x; }
FN T t_rint(T x) { return x; }
FN T t_trunc(T x) { return x; }
