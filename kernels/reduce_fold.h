/*
 * The arithmetic of reductions: accumulators of W lanes, how two are combined, how lanes become one value.
 *
 * KIND says which: 0 sum, 1 max, 2 min, 3 product, 4 argmax, 5 argmin (cg_reduce_kind of host/backend.h). For the last two
 * an accumulator carries the index of its value; of equal ones the lower index wins, and NaN beats every number.
 * ITEMS work-items of a group of GROUP share one result; in the CPU style both are 1.
 * PARTIAL: the result is of one segment only, and reduce_combine.cl makes the rest.
 */
#ifndef REDUCE_FOLD_H
#define REDUCE_FOLD_H

#ifndef KIND
#define KIND 0
#endif
#ifndef ITEMS
#define ITEMS 1
#endif
#ifndef GROUP
#define GROUP 1
#endif
#ifndef PARTIAL
#define PARTIAL 0
#endif
#define IS_ARG (KIND >= 4)
#define IS_MAX (KIND == 1 || KIND == 4)
#define BLOCK 64 /* so many terms are added one after the other; sums of blocks are added on their own */

#if REAL
#define LOWEST ((TS)(-INFINITY))
#define HIGHEST ((TS)(INFINITY))
#elif CG_BITS == 32
#define LOWEST ((TS)(INT_MIN))
#define HIGHEST ((TS)(INT_MAX))
#else
#define LOWEST ((TS)(LONG_MIN))
#define HIGHEST ((TS)(LONG_MAX))
#endif

#if KIND == 0
#define IDENTITY ((TS)(0))
#elif KIND == 3
#define IDENTITY ((TS)(1))
#elif IS_MAX
#define IDENTITY LOWEST
#else
#define IDENTITY HIGHEST
#endif

#if CG_BITS == 32
#define NO_INDEX INT_MAX
#else
#define NO_INDEX LONG_MAX
#endif

/* the product; of integers modulo 2^bits */
#if REAL
#define TIMES(a, b) ((a) * (b))
#define TIMES_ONE(a, b) ((a) * (b))
#else
#define TIMES(a, b) AS_T(AS_U(a) * AS_U(b))
#define TIMES_ONE(a, b) ((TS)((US)(a) * (US)(b)))
#endif

/* whether a cannot take the place of b, if neither is NaN */
#if IS_MAX
#define LOSES(a, b) ((a) <= (b))
#else
#define LOSES(a, b) ((a) >= (b))
#endif

/*
 * W lanes; index counts from the first element that the work-item walks. It is NO_INDEX as long as no value has
 * beaten the identity: where that is so for all, the first element is one of the equal extreme values.
 */
typedef struct {
    T value;
#if IS_ARG
    I index;
#endif
} lanes;

/* one value; index among all reduced elements, LONG_MAX for NO_INDEX */
typedef struct {
    TS value;
#if IS_ARG
    long index;
#endif
} single;

FN lanes lanes_identity(void) {
    lanes a;
    a.value = (T)(IDENTITY);
#if IS_ARG
    a.index = (I)(NO_INDEX);
#endif
    return a;
}

FN single single_identity(void) {
    single a;
    a.value = IDENTITY;
#if IS_ARG
    a.index = LONG_MAX;
#endif
    return a;
}

/* Lanes number l < n of a value; the others do not count. first: the index of lane 0. */
FN lanes lanes_of(T value, I first, INDEX n) {
    lanes a;
    (void)first;
    (void)n;
    a.value = value;
#if W > 1
    if (n < W) a.value = LANE_NUMBERS < (I)((IS)n) ? value : (T)(IDENTITY);
#endif
#if IS_ARG
    a.index = first + LANE_NUMBERS; /* of the others too: the identity is never taken */
#endif
    return a;
}

/* Takes one more value into an accumulator. Later values have higher indices: of equal ones the first stays. */
FN lanes lanes_add(lanes a, lanes b) {
    lanes c;
#if KIND == 0
    c.value = a.value + b.value;
#elif KIND == 3
    c.value = TIMES(a.value, b.value);
#else
    c.value = LOSES(b.value, a.value) ? a.value : (a.value == a.value ? b.value : a.value);
#if IS_ARG
    c.index = LOSES(b.value, a.value) ? a.index : (a.value == a.value ? b.index : a.index);
#endif
#endif
    return c;
}

/* Two values of any indices. */
FN single single_combine(single a, single b) {
#if KIND == 0
    a.value += b.value;
    return a;
#elif KIND == 3
    a.value = TIMES_ONE(a.value, b.value);
    return a;
#else
    const bool number_a = a.value == a.value, number_b = b.value == b.value;
#if IS_ARG
    if (a.value == b.value || (!number_a && !number_b)) return b.index < a.index ? b : a;
#endif
    return !number_a || (number_b && LOSES(b.value, a.value)) ? a : b;
#endif
}

/* The lanes as a tree; base is what their indices count from. */
FN single lanes_to_single(lanes a, long base) {
    single s[W];
    (void)base;
    TS value[W];
    VSTORE(a.value, value);
#if IS_ARG
    IS index[W];
    VSTORE(a.index, index);
#endif
#pragma unroll
    for (int l = 0; l < W; l++) {
        s[l].value = value[l];
#if IS_ARG
        s[l].index = index[l] == NO_INDEX ? LONG_MAX : base + index[l];
#endif
    }
#pragma unroll
    for (int step = W / 2; step > 0; step /= 2)
#pragma unroll
        for (int l = 0; l < step; l++)
            s[l] = single_combine(s[l], s[l + step]);
    return s[0];
}

#if ITEMS > 1
/* The values of ITEMS neighbouring work-items as a tree; all items of the group call it. Item 0 gets the result. */
FN single items_to_single(single a, __local TS *value, __local long *index) {
    const int id = (int)get_local_id(0), item = id & (ITEMS - 1);
    (void)index;
    for (int step = ITEMS / 2; step > 0; step /= 2) {
        value[id] = a.value;
#if IS_ARG
        index[id] = a.index;
#endif
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < step) {
            single b;
            b.value = value[id + step];
#if IS_ARG
            b.index = index[id + step];
#endif
            a = single_combine(a, b);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    return a;
}
#endif

/* Parameters and arguments of a result: indices beside the values only in a partial result that has both */
#if IS_ARG && PARTIAL
#define INDICES_PARAM , __global long *indices
#define STORE_SINGLE(at, s)                                                                                  \
    {                                                                                                        \
        OUT0(store_some)(out0 + (at), 1, 1, (T)((s).value));                                                 \
        indices[at] = (s).index;                                                                             \
    }
#elif IS_ARG
#define INDICES_PARAM
#define STORE_SINGLE(at, s) OUT0(store_long)(out0 + (at), (s).index == LONG_MAX ? 0 : (s).index);
#else
#define INDICES_PARAM
#define STORE_SINGLE(at, s) OUT0(store_some)(out0 + (at), 1, 1, (T)((s).value));
#endif

#endif
