/*
 * Measures the error of every function of kernels/elementary.h, and of the headers that build on it, against the
 * wider libm and holds its bound.
 *
 *   elementary_sweep [f32|f64] [log2 of the points, 20] [--all] [function ...]
 *
 * One line per function: name, type, largest error in ulp, where, the bound, ok or FAIL; the exit status is 1
 * if any failed.  --all takes all 2^32 inputs of the f32 functions of one argument (10 to 60 s each).  The
 * file is compiled three times: without CG_BITS it is main, with -DCG_BITS=32 and =64 the sweep of that type:
 *   F="-std=c11 -O3 -march=native -ffp-contract=off -fno-math-errno -fno-trapping-math"
 *   for b in 32 64; do cc $F -DCG_BITS=$b -c tests/elementary_sweep.c -o s$b.o; done
 *   cc $F tests/elementary_sweep.c s32.o s64.o -lm -o elementary_sweep
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sweep_f32(int log2_points, int all, char **names);
int sweep_f64(int log2_points, int all, char **names);

#ifndef CG_BITS

int main(int argc, char **argv) {
    int f32 = 1, f64 = 1, all = 0, points = 20, i = 1;
    for (; i < argc; i++) {
        if (!strcmp(argv[i], "f32"))
            f64 = 0;
        else if (!strcmp(argv[i], "f64"))
            f32 = 0;
        else if (!strcmp(argv[i], "--all"))
            all = 1;
        else if (argv[i][0] >= '0' && argv[i][0] <= '9')
            points = atoi(argv[i]);
        else
            break;
    }
    if (points < 1 || points > 40 || (i < argc && argv[i][0] == '-')) {
        fprintf(stderr, "usage: elementary_sweep [f32|f64] [log2 points] [--all] [function ...]\n");
        return 2;
    }
    int bad = 0;
    if (f32) bad += sweep_f32(points, all, argv + i);
    if (f64) bad += sweep_f64(points, all, argv + i);
    return bad != 0;
}

#else

#include "../src/core/elementary_c.h"
#include <float.h>

#if CG_BITS == 64
typedef long double W; /* the type of the reference */
#define REF(f) f##l
#define DTYPE "f64"
#define BOUND(b32, b64) (b64)
#define FAR 1e15
#define MANTISSA 52
#define LOW_EXPONENT (-1022)
#else
typedef double W;
#define REF(f) f
#define DTYPE "f32"
#define BOUND(b32, b64) (b32)
#define FAR 4e6
#define MANTISSA 23
#define LOW_EXPONENT (-126)
#endif

enum { BLOCK = 4096 };

static W ref_sigmoid(W x) { return 1 / (1 + REF(exp)(-x)); }

static W ref_softplus(W x) { return x > 0 ? x + REF(log1p)(REF(exp)(-x)) : REF(log1p)(REF(exp)(x)); }

static W ref_log_sigmoid(W x) { return -ref_softplus(-x); }

static W ref_gelu(W x) { return x * REF(erfc)(-x * REF(sqrt)(0.5)) / 2; }

static W ref_mish(W x) { return isinf(x) && x < 0 ? (W)-0.0 : x * REF(tanh)(ref_softplus(x)); }

static W ref_rsqrt(W x) { return 1 / REF(sqrt)(x); }

/* mod is fmod, moved by y where the signs differ: this sum is the only rounding, and W does not do it better */
static W ref_mod(W x, W y) {
    W r = REF(fmod)(x, y);
    return r == 0 ? REF(copysign)(0, y) : (r < 0) != (y < 0) ? r + y : r;
}

/* sin(2 pi (u + quarters / 4)): the reduction is exact */
static W ref_turn(W u, int quarters) {
    W n = REF(rint)(4 * u);
    if (n != n) return n;
    W a = (u - n / 4) * (W)6.283185307179586476925286766559005768L;
    switch (((int)n + quarters) & 3) {
    case 0:
        return REF(sin)(a);
    case 1:
        return REF(cos)(a);
    case 2:
        return -REF(sin)(a);
    default:
        return -REF(cos)(a);
    }
}

static W ref_sin2pi(W u) { return ref_turn(u, 0); }

static W ref_cos2pi(W u) { return ref_turn(u, 1); }

/* name, reference, the interesting range, the range where the bound holds, the bounds of f32 and f64 */
#define FUNCTIONS(X)                                                                                         \
    X(rint, REF(rint), -100, 100, -HUGE_VAL, HUGE_VAL, 0.5, 0.5)                                             \
    X(floor, REF(floor), -100, 100, -HUGE_VAL, HUGE_VAL, 0.5, 0.5)                                           \
    X(ceil, REF(ceil), -100, 100, -HUGE_VAL, HUGE_VAL, 0.5, 0.5)                                             \
    X(trunc, REF(trunc), -100, 100, -HUGE_VAL, HUGE_VAL, 0.5, 0.5)                                           \
    X(exp, REF(exp), -T_LIMIT, T_LIMIT, -HUGE_VAL, HUGE_VAL, 1, 1)                                           \
    X(exp2, REF(exp2), -T_LIMIT, T_LIMIT, -HUGE_VAL, HUGE_VAL, 1, 1)                                         \
    X(expm1, REF(expm1), -10, 10, -HUGE_VAL, HUGE_VAL, 2, 2)                                                 \
    X(log, REF(log), 0, 4, -HUGE_VAL, HUGE_VAL, 1, 1)                                                        \
    X(log2, REF(log2), 0, 4, -HUGE_VAL, HUGE_VAL, 1, 1)                                                      \
    X(log10, REF(log10), 0, 4, -HUGE_VAL, HUGE_VAL, 1, 1)                                                    \
    X(log1p, REF(log1p), -1, 4, -HUGE_VAL, HUGE_VAL, 2, 2)                                                   \
    X(rsqrt, ref_rsqrt, 0, 4, -HUGE_VAL, HUGE_VAL, 2, 2)                                                     \
    X(sinh, REF(sinh), -T_LIMIT, T_LIMIT, -HUGE_VAL, HUGE_VAL, 2, 2)                                         \
    X(cosh, REF(cosh), -T_LIMIT, T_LIMIT, -HUGE_VAL, HUGE_VAL, 2, 2)                                         \
    X(asinh, REF(asinh), -10, 10, -HUGE_VAL, HUGE_VAL, 2, 2)                                                 \
    X(acosh, REF(acosh), 1, 10, -HUGE_VAL, HUGE_VAL, 2, 2)                                                   \
    X(atanh, REF(atanh), -1, 1, -HUGE_VAL, HUGE_VAL, 2, 2)                                                   \
    X(tanh, REF(tanh), -10, 10, -HUGE_VAL, HUGE_VAL, 3, 2)                                                   \
    X(sigmoid, ref_sigmoid, -T_LIMIT, 40, -HUGE_VAL, HUGE_VAL, 3, 2)                                         \
    X(softplus, ref_softplus, -20, 40, -HUGE_VAL, HUGE_VAL, 2, 2)                                            \
    X(log_sigmoid, ref_log_sigmoid, -20, 40, -HUGE_VAL, HUGE_VAL, 2, 2)                                      \
    X(mish, ref_mish, -T_LIMIT, 40, -HUGE_VAL, HUGE_VAL, 2, 2)                                               \
    X(erf, REF(erf), -6, 6, -HUGE_VAL, HUGE_VAL, 1.5, 1.5)                                                   \
    X(lgamma, REF(lgamma), 0, 40, 0, HUGE_VAL, 8, 8)                                                         \
    X(erfc, REF(erfc), -6, 28, -HUGE_VAL, HUGE_VAL, 1.5, 1.5)                                                \
    X(gelu, ref_gelu, -T_LIMIT, 20, -1e30, HUGE_VAL, 16, 2048)                                               \
    X(sin, REF(sin), -FAR, FAR, -FAR, FAR, 1.5, 1.5)                                                         \
    X(cos, REF(cos), -FAR, FAR, -FAR, FAR, 1.5, 1.5)                                                         \
    X(tan, REF(tan), -FAR, FAR, -FAR, FAR, 3, 1.5)                                                           \
    X(asin, REF(asin), -1, 1, -HUGE_VAL, HUGE_VAL, 1.5, 1.5)                                                 \
    X(acos, REF(acos), -1, 1, -HUGE_VAL, HUGE_VAL, 1.5, 1.5)                                                 \
    X(atan, REF(atan), -10, 10, -HUGE_VAL, HUGE_VAL, 2, 1.5)                                                 \
    X(sin2pi, ref_sin2pi, 0, 1, 0, 1, 1.5, 1.5)                                                              \
    X(cos2pi, ref_cos2pi, 0, 1, 0, 1, 1.5, 1.5)
#define T_LIMIT (CG_BITS == 64 ? 750 : 110)

#define BLOCK_FUNCTION(name, ...)                                                                            \
    static void block_##name(T *restrict y, const T *restrict x) {                                           \
        for (int i = 0; i < BLOCK; i++) y[i] = t_##name(x[i]);                                               \
    }
FUNCTIONS(BLOCK_FUNCTION)

/* name, reference, how pairs are drawn, the bounds of f32 and f64 */
#define PAIR_FUNCTIONS(X)                                                                                    \
    X(pow, REF(pow), power_pair, 1, 1.5)                                                                     \
    X(atan2, REF(atan2), near_pair, 2, 2)                                                                    \
    X(hypot, REF(hypot), near_pair, 1.5, 1.5)                                                                \
    X(fmod, REF(fmod), near_pair, 0, 0)                                                                      \
    X(mod, ref_mod, near_pair, 0.5, 0.5)

#define BLOCK_PAIR_FUNCTION(name, ...)                                                                       \
    static void block_##name(T *restrict z, const T *restrict x, const T *restrict y) {                      \
        for (int i = 0; i < BLOCK; i++) z[i] = t_##name(x[i], y[i]);                                         \
    }
PAIR_FUNCTIONS(BLOCK_PAIR_FUNCTION)

static const struct function {
    const char *name;
    void (*block)(T *restrict y, const T *restrict x);
    W (*reference)(W x);
    double low, high, valid_low, valid_high, bound;
} functions[] = {
#define ROW(name, reference, low, high, valid_low, valid_high, b32, b64)                                     \
    {#name, block_##name, reference, low, high, valid_low, valid_high, BOUND(b32, b64)},
    FUNCTIONS(ROW)};

struct worst {
    double error;
    T x, y;
};

/* the error of y in ulp of the exact result; infinite when a NaN, an inf or the sign of a zero is wrong */
static double ulps(T y, W exact) {
    T nearest = (T)exact;
    if (exact != exact || y != y) return (exact != exact) == (y != y) ? 0 : HUGE_VAL;
    if (exact == 0) return y == 0 && !signbit(y) == !signbit(exact) ? 0 : HUGE_VAL;
    if (isinf(nearest) || isinf(y)) return y == nearest ? 0 : HUGE_VAL;
    int e = REF(ilogb)(exact);
    int unit = (e < LOW_EXPONENT ? LOW_EXPONENT : e) - MANTISSA;
    return (double)(REF(fabs)((W)y - exact) * REF(ldexp)(1, -unit / 2) * REF(ldexp)(1, -unit - -unit / 2));
}

static void note(struct worst *w, T x, T second, double error) {
    if (!(error <= w->error)) {
        w->error = error;
        w->x = x;
        w->y = second;
    }
}

static int report(const char *name, const struct worst *w, int pairs, double bound) {
    int ok = w->error <= bound;
    printf("%-11s " DTYPE " %8.4f at %.17g", name, w->error, (double)w->x);
    if (pairs) printf(", %.17g", (double)w->y);
    printf(" bound %g %s\n", bound, ok ? "ok" : "FAIL");
    fflush(stdout);
    return !ok;
}

static uint64_t state;

static uint64_t next(void) /* splitmix64 */
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static T uniform(double low, double high) {
    return (T)(low + (high - low) * ((double)(next() >> 11) * 0x1p-53));
}

static T any_bits(void) { return AS_T((U)(next() >> (64 - CG_BITS))); }

#if CG_BITS == 64
#define T_LARGEST DBL_MAX
#define T_LEAST 0x1p-1074
#define T_NORMAL DBL_MIN
#define T_EPSILON DBL_EPSILON
#else
#define T_LARGEST (double)FLT_MAX
#define T_LEAST 0x1p-149
#define T_NORMAL (double)FLT_MIN
#define T_EPSILON (double)FLT_EPSILON
#endif
static const double specials[] = {0,
                                  1,
                                  2,
                                  3,
                                  4,
                                  5,
                                  10,
                                  0.5,
                                  1.5,
                                  2.5,
                                  0.25,
                                  0.75,
                                  1.0 / 3,
                                  7.5,
                                  100,
                                  1e-3,
                                  1e-10,
                                  1e10,
                                  T_EPSILON,
                                  1 - T_EPSILON / 2,
                                  1 + T_EPSILON,
                                  T_LARGEST,
                                  T_LEAST,
                                  T_NORMAL,
                                  T_NORMAL - T_LEAST,
                                  1 / T_EPSILON,
                                  1 / T_EPSILON + 1,
                                  2 / T_EPSILON,
                                  0.5 / T_EPSILON + 0.5,
                                  HUGE_VAL,
                                  (double)NAN};
enum { SPECIALS = sizeof specials / sizeof *specials };

static T special(int i) {
    T s = (T)specials[i / 2 % SPECIALS];
    return i % 2 ? -s : s;
}

static void check_block(const struct function *f, const T *x, struct worst *w) {
    T y[BLOCK];
    f->block(y, x);
    for (int i = 0; i < BLOCK; i++) {
        W v = (W)x[i];
        if ((v >= (W)f->valid_low && v <= (W)f->valid_high) || v != v)
            note(w, x[i], 0, ulps(y[i], f->reference(v)));
        else if (f->reference != REF(tan) && f->valid_high == FAR && !isinf(v) && !(FABS(y[i]) <= 1))
            note(w, x[i], 0, HUGE_VAL); /* sin and cos stay bounded */
    }
}

static int sweep_one(const struct function *f, int log2_points, int all) {
    struct worst w = {0, 0, 0};
    T x[BLOCK];
    all = all && CG_BITS == 32;
    uint64_t blocks = all ? ((uint64_t)1 << 32) / BLOCK : ((uint64_t)1 << log2_points) / BLOCK + 1;
    for (uint64_t b = 0; b < blocks; b++) {
        for (int i = 0; i < BLOCK; i++) {
            if (all)
                x[i] = AS_T((U)(b * BLOCK + (uint64_t)i));
            else if (b == 0 && i < 2 * SPECIALS)
                x[i] = special(i);
            else if (i % 4 == 0)
                x[i] = any_bits();
            else if (i % 4 == 1) /* bits, but of moderate size */
                x[i] = (T)(ldexp((double)uniform(1, 2), (int)(next() % 72) - 60) * (next() % 2 ? 1 : -1));
            else
                x[i] = uniform(f->low, f->high);
        }
        check_block(f, x, &w);
    }
    return report(f->name, &w, 0, f->bound);
}

/* pairs whose power is spread over the finite range */
static void power_pair(uint64_t k, T *x, T *y) {
    if (k % 8 == 1) {
        *x = uniform(-20, 20);
        *y = (T)((int)(next() % 41) - 20);
    } else {
        *x = k % 2 ? FABS(any_bits()) : uniform(0, 3);
        double size = fabs(log((double)*x));
        *y = uniform(-T_LIMIT, T_LIMIT) / (T)(size > 1e-30 ? size : 1);
    }
}

/* pairs of about one size, of which some are multiples of each other or almost, and pairs of any two sizes */
static void near_pair(uint64_t k, T *x, T *y) {
    T size = (T)ldexp(1, (int)(next() % (CG_BITS == 64 ? 2000 : 240)) - (CG_BITS == 64 ? 1000 : 120));
    *x = uniform(-4, 4) * (k % 2 ? size : 1);
    *y = uniform(-4, 4) * (k % 4 == 1 ? size : 1);
    if (k % 8 >= 6) {
        *x = *y * (T)(int)(next() % 100);
        if (k % 16 >= 14) *x = AS_T(AS_U(*x) + (U)(next() % 3) - 1);
    }
}

static const struct pair_function {
    const char *name;
    void (*block)(T *restrict z, const T *restrict x, const T *restrict y);
    W (*reference)(W x, W y);
    void (*draw)(uint64_t k, T *x, T *y);
    double bound;
} pair_functions[] = {
#define PAIR_ROW(name, reference, draw, b32, b64) {#name, block_##name, reference, draw, BOUND(b32, b64)},
    PAIR_FUNCTIONS(PAIR_ROW)};

/* pairs of specials, of any bits, and the function's own */
static void draw_pair(const struct pair_function *f, uint64_t k, T *x, T *y) {
    if (k < 4 * SPECIALS * SPECIALS) {
        *x = special((int)(k % (2 * SPECIALS)));
        *y = special((int)(k / (2 * SPECIALS)));
    } else if (k % 8 == 0) {
        *x = any_bits();
        *y = any_bits();
    } else {
        f->draw(k, x, y);
    }
}

static int sweep_pairs(const struct pair_function *f, int log2_points) {
    struct worst w = {0, 0, 0};
    T x[BLOCK], y[BLOCK], z[BLOCK];
    uint64_t blocks = ((uint64_t)1 << log2_points) / BLOCK + 1;
    for (uint64_t b = 0; b < blocks; b++) {
        for (int i = 0; i < BLOCK; i++) draw_pair(f, b * BLOCK + (uint64_t)i, x + i, y + i);
        f->block(z, x, y);
        for (int i = 0; i < BLOCK; i++) note(&w, x[i], y[i], ulps(z[i], f->reference((W)x[i], (W)y[i])));
    }
    return report(f->name, &w, 1, f->bound);
}

static int wanted(const char *name, char **names) {
    if (!*names) return 1;
    for (; *names; names++)
        if (!strcmp(*names, name)) return 1;
    return 0;
}

#if CG_BITS == 64
int sweep_f64(int log2_points, int all, char **names)
#else
int sweep_f32(int log2_points, int all, char **names)
#endif
{
    int bad = 0;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        state = i;
        if (wanted(functions[i].name, names)) bad += sweep_one(functions + i, log2_points, all);
    }
    for (size_t i = 0; i < sizeof pair_functions / sizeof *pair_functions; i++) {
        state = i;
        if (wanted(pair_functions[i].name, names)) bad += sweep_pairs(pair_functions + i, log2_points);
    }
    return bad;
}

#endif
