/* From the W lanes of a T to one element, by halves: always in the same order. */
#ifndef LANES_H
#define LANES_H

FN TS first_lane(const T v) {
#if W == 1
    return v;
#else
    return v.s0;
#endif
}

FN TS lane_sum(const T v) {
#if W == 16
    const GLUE(TS, 8) eight = v.lo + v.hi;
#elif W == 8
    const GLUE(TS, 8) eight = v;
#endif
#if W >= 8
    const GLUE(TS, 4) four = eight.lo + eight.hi;
#elif W == 4
    const GLUE(TS, 4) four = v;
#endif
#if W >= 4
    const GLUE(TS, 2) two = four.lo + four.hi;
#elif W == 2
    const GLUE(TS, 2) two = v;
#endif
#if W >= 2
    return two.lo + two.hi;
#else
    return v;
#endif
}

/* The largest lane; no lane may be NaN. */
FN TS lane_max(const T v) {
#if W == 16
    const GLUE(TS, 8) eight = v.hi > v.lo ? v.hi : v.lo;
#elif W == 8
    const GLUE(TS, 8) eight = v;
#endif
#if W >= 8
    const GLUE(TS, 4) four = eight.hi > eight.lo ? eight.hi : eight.lo;
#elif W == 4
    const GLUE(TS, 4) four = v;
#endif
#if W >= 4
    const GLUE(TS, 2) two = four.hi > four.lo ? four.hi : four.lo;
#elif W == 2
    const GLUE(TS, 2) two = v;
#endif
#if W >= 2
    return two.hi > two.lo ? two.hi : two.lo;
#else
    return v;
#endif
}

#endif
