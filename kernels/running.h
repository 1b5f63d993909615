/*
 * Running sums and the like in W lanes, and loads and stores of the last n < W lanes.
 *
 * KIND: 0 sum, 1 max, 2 min, 3 product (cg_reduce_kind of host/backend.h). A sum of floats keeps beside it what its
 * roundings lost: s = a + x misses exactly (a - (s - t)) + (x - t), t = s - a (Knuth). So the sum of m terms is
 * off by at most (u + m^2 u^2) sum |x|, and the chain of additions is not longer than without.
 */
#ifndef RUNNING_H
#define RUNNING_H

#ifndef KIND
#define KIND 0
#endif
#define COMPENSATED (REAL && KIND == 0)

#if KIND == 0
#define IDENTITY ((TS)(0))
#elif KIND == 3
#define IDENTITY ((TS)(1))
#elif REAL
#define IDENTITY ((TS)(KIND == 1 ? -INFINITY : INFINITY))
#elif CG_BITS == 32
#define IDENTITY ((TS)(KIND == 1 ? INT_MIN : INT_MAX))
#else
#define IDENTITY ((TS)(KIND == 1 ? LONG_MIN : LONG_MAX))
#endif

/* a . b. NaN wins; integers wrap round. */
FN T combine(T a, T b) {
#if KIND == 0 && REAL
    return a + b;
#elif KIND == 0
    return AS_T(AS_U(a) + AS_U(b));
#elif KIND == 3 && REAL
    return a * b;
#elif KIND == 3
    return AS_T(AS_U(a) * AS_U(b));
#elif KIND == 1
    return b <= a ? a : (a == a ? b : a);
#else
    return b >= a ? a : (a == a ? b : a);
#endif
}

typedef struct {
    T value;
#if COMPENSATED
    T lost;
#endif
} running;

FN running running_from(T v) {
    running a;
    a.value = v;
#if COMPENSATED
    a.lost = (T)((TS)0);
#endif
    return a;
}

FN running running_add(running a, T x) {
    running b;
    b.value = combine(a.value, x);
#if COMPENSATED
    const T t = b.value - a.value, lost = (a.value - (b.value - t)) + (x - t);
    b.lost = lost == lost ? a.lost + lost : a.lost; /* of an infinite sum nothing is lost */
#endif
    return b;
}

FN T running_value(running a) {
#if COMPENSATED
    return a.value + a.lost;
#else
    return a.value;
#endif
}

/* Lanes l < n from p; the others are 0. */
FN T load_lanes(const __global TS *p, const INDEX n) {
    if (n >= W) return GLOAD(p);
    TS lane[W];
    for (int l = 0; l < W; l++)
        lane[l] = l < n ? p[l] : (TS)0;
    return VLOAD(lane);
}

FN void store_lanes(T v, __global TS *p, const INDEX n) {
    if (n >= W) {
        GSTORE(v, p);
        return;
    }
    TS lane[W];
    VSTORE(v, lane);
    for (int l = 0; l < n; l++)
        p[l] = lane[l];
}

#endif
