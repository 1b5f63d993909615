/*
 * The same program over many contiguous segments in one launch: out[s][i] = program(in[s][i]).
 *
 * Segment s of SEGMENTS has its own pointers and offsets. The segments are cut into chunks of `chunk` elements
 * (a multiple of W) that are numbered through: segment s starts with chunk number first<s>. In the GPU style ITEMS
 * neighbouring work-items share a chunk, so that they touch neighbouring memory; in the CPU style one does it.
 * With OWN_CONSTS each segment has its own constants too.
 */
#include "prelude.h"
#include "program.h"
#include "hooks.h"

#ifndef SEGMENTS
#define SEGMENTS 2
#endif
#ifndef ITEMS
#define ITEMS 1
#endif
#ifndef OWN_CONSTS
#define OWN_CONSTS 0
#endif

#if SEGMENTS == 1
#define EACH_NEXT_SEGMENT(X, a)
#elif SEGMENTS == 2
#define EACH_NEXT_SEGMENT(X, a) X(1, a)
#elif SEGMENTS == 4
#define EACH_NEXT_SEGMENT(X, a) X(1, a) X(2, a) X(3, a)
#elif SEGMENTS == 8
#define EACH_NEXT_SEGMENT(X, a) X(1, a) X(2, a) X(3, a) X(4, a) X(5, a) X(6, a) X(7, a)
#else
#define EACH_NEXT_SEGMENT(X, a)                                                                              \
    X(1, a) X(2, a) X(3, a) X(4, a) X(5, a) X(6, a) X(7, a) X(8, a)                                          \
    X(9, a) X(10, a) X(11, a) X(12, a) X(13, a) X(14, a) X(15, a)
#endif

/* the operands of segment s: pointers and offsets; a parameter for each */
#define SEGMENT_IN(k, s) , const __global IN##k(stored) *in##k##_of##s, const INDEX in##k##_o##s
#define SEGMENT_OUT(k, s) , __global OUT##k(stored) *out##k##_of##s, const INDEX out##k##_o##s
#if OWN_CONSTS
#define SEGMENT_CONST(k, s) , const TS c##k##_of##s
#define TAKE_FIRST_CONST(k, a) TS c##k = c##k##_of0;
#define TAKE_CONST(k, s) c##k = number >= first##s ? c##k##_of##s : c##k;
#define SHARED_CONST(k, a)
#else
#define SEGMENT_CONST(k, s)
#define TAKE_FIRST_CONST(k, a)
#define TAKE_CONST(k, s)
#define SHARED_CONST(k, a) HOOK_CONST(k, a)
#endif
#define SEGMENT_PARAMS(s, a)                                                                                 \
    , const INDEX first##s, const INDEX length##s                                                            \
      EACH_INPUT(SEGMENT_IN, s) EACH_OUTPUT(SEGMENT_OUT, s) EACH_CONST(SEGMENT_CONST, s)

/* the operands of the segment that a chunk belongs to: those of segment 0, unless a later one has begun */
#define TAKE_FIRST_IN(k, a)                                                                                  \
    const __global IN##k(stored) *in##k = in##k##_of0;                                                       \
    INDEX in##k##_at = in##k##_o0;
#define TAKE_FIRST_OUT(k, a)                                                                                 \
    __global OUT##k(stored) *out##k = out##k##_of0;                                                          \
    INDEX out##k##_at = out##k##_o0;
#define TAKE_IN(k, s)                                                                                        \
    in##k = number >= first##s ? in##k##_of##s : in##k;                                                      \
    in##k##_at = number >= first##s ? in##k##_o##s : in##k##_at;
#define TAKE_OUT(k, s)                                                                                       \
    out##k = number >= first##s ? out##k##_of##s : out##k;                                                   \
    out##k##_at = number >= first##s ? out##k##_o##s : out##k##_at;
#define TAKE_SEGMENT(s, a)                                                                                   \
    EACH_INPUT(TAKE_IN, s)                                                                                   \
    EACH_OUTPUT(TAKE_OUT, s)                                                                                 \
    EACH_CONST(TAKE_CONST, s)                                                                                \
    first = number >= first##s ? first##s : first;                                                           \
    length = number >= first##s ? length##s : length;

__kernel void map_many(const INDEX chunks, const INDEX chunk SEGMENT_PARAMS(0, )
                           EACH_NEXT_SEGMENT(SEGMENT_PARAMS, ) EACH_CONST(SHARED_CONST, )) {
    const INDEX number = (INDEX)(get_global_id(0) / ITEMS), item = (INDEX)(get_global_id(0) & (ITEMS - 1));
    if (number >= chunks) return;
    INDEX first = first0, length = length0;
    EACH_INPUT(TAKE_FIRST_IN, )
    EACH_OUTPUT(TAKE_FIRST_OUT, )
    EACH_CONST(TAKE_FIRST_CONST, )
    EACH_NEXT_SEGMENT(TAKE_SEGMENT, )
    const INDEX begin = (number - first) * chunk, end = min(begin + chunk, length);
    for (INDEX j = begin + item * W; j < end; j += ITEMS * W) {
        PROGRAM_VALUES
        if (j + W <= end)
            { PROGRAM_LOAD(j) }
        else
            PROGRAM_LOAD_SOME(j, end - j)
        PROGRAM_BODY
        if (j + W <= end)
            { PROGRAM_STORE(j) }
        else
            PROGRAM_STORE_SOME(j, end - j)
    }
}
