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

/*
 * SHARES<k>: the input in whose place output k is written, in every segment; 99: it is elsewhere. So the step of an
 * optimizer has half the parameters, and a launch twice the segments.
 */
#ifndef SHARES0
#define SHARES0 99
#endif
#ifndef SHARES1
#define SHARES1 99
#endif
#ifndef SHARES2
#define SHARES2 99
#endif
#ifndef SHARES3
#define SHARES3 99
#endif
#ifndef SHARES4
#define SHARES4 99
#endif
#ifndef SHARES5
#define SHARES5 99
#endif

#define NEXT_2(X, a) X(1, a)
#define NEXT_4(X, a) NEXT_2(X, a) X(2, a) X(3, a)
#define NEXT_8(X, a) NEXT_4(X, a) X(4, a) X(5, a) X(6, a) X(7, a)
#define NEXT_16(X, a)                                                                                        \
    NEXT_8(X, a) X(8, a) X(9, a) X(10, a) X(11, a) X(12, a) X(13, a) X(14, a) X(15, a)
#define NEXT_32(X, a)                                                                                        \
    NEXT_16(X, a) X(16, a) X(17, a) X(18, a) X(19, a) X(20, a) X(21, a) X(22, a) X(23, a)                    \
    X(24, a) X(25, a) X(26, a) X(27, a) X(28, a) X(29, a) X(30, a) X(31, a)
#if SEGMENTS == 1
#define EACH_NEXT_SEGMENT(X, a)
#else
#define EACH_NEXT_SEGMENT(X, a) GLUE(NEXT_, SEGMENTS)(X, a)
#endif

/* X_<input>(k, s) of output k, X_99 for one of its own */
#define BY_SHARING(X, k, s) GLUE(GLUE(X, _), SHARES##k)(k, s)

/* the operands of segment s: pointers, then offsets, so that none is padded; a parameter for each */
#define SEGMENT_IN(k, s) , const __global IN##k(stored) *in##k##_of##s
#define SEGMENT_OUT(k, s) BY_SHARING(POINTER, k, s)
#define SEGMENT_IN_AT(k, s) , const INDEX in##k##_o##s
#define SEGMENT_OUT_AT(k, s) BY_SHARING(OFFSET, k, s)
#define POINTER_99(k, s) , __global OUT##k(stored) *out##k##_of##s
#define OFFSET_99(k, s) , const INDEX out##k##_o##s
#define POINTER_0(k, s)
#define POINTER_1(k, s)
#define POINTER_2(k, s)
#define POINTER_3(k, s)
#define POINTER_4(k, s)
#define POINTER_5(k, s)
#define POINTER_6(k, s)
#define POINTER_7(k, s)
#define OFFSET_0(k, s)
#define OFFSET_1(k, s)
#define OFFSET_2(k, s)
#define OFFSET_3(k, s)
#define OFFSET_4(k, s)
#define OFFSET_5(k, s)
#define OFFSET_6(k, s)
#define OFFSET_7(k, s)
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
    EACH_INPUT(SEGMENT_IN, s) EACH_OUTPUT(SEGMENT_OUT, s) EACH_CONST(SEGMENT_CONST, s)                       \
    , const INDEX first##s, const INDEX length##s                                                            \
      EACH_INPUT(SEGMENT_IN_AT, s) EACH_OUTPUT(SEGMENT_OUT_AT, s)

/* the operands of the segment that a chunk belongs to: those of segment 0, unless a later one has begun */
#define TAKE_FIRST_IN(k, a)                                                                                  \
    const __global IN##k(stored) *in##k = in##k##_of0;                                                       \
    INDEX in##k##_at = in##k##_o0;
#define TAKE_FIRST_OUT(k, a) BY_SHARING(FIRST, k, a)
#define FIRST_99(k, a)                                                                                       \
    __global OUT##k(stored) *out##k = out##k##_of0;                                                          \
    INDEX out##k##_at = out##k##_o0;
#define IN_PLACE(k, input)                                                                                   \
    __global OUT##k(stored) *out##k = (__global OUT##k(stored) *)in##input;                                  \
    const INDEX out##k##_at = in##input##_at;
#define LATER_0(k, s)
#define LATER_1(k, s)
#define LATER_2(k, s)
#define LATER_3(k, s)
#define LATER_4(k, s)
#define LATER_5(k, s)
#define LATER_6(k, s)
#define LATER_7(k, s)
#define FIRST_0(k, a)
#define FIRST_1(k, a)
#define FIRST_2(k, a)
#define FIRST_3(k, a)
#define FIRST_4(k, a)
#define FIRST_5(k, a)
#define FIRST_6(k, a)
#define FIRST_7(k, a)
#define LAST_99(k, a)
#define LAST_0(k, a) IN_PLACE(k, 0)
#define LAST_1(k, a) IN_PLACE(k, 1)
#define LAST_2(k, a) IN_PLACE(k, 2)
#define LAST_3(k, a) IN_PLACE(k, 3)
#define LAST_4(k, a) IN_PLACE(k, 4)
#define LAST_5(k, a) IN_PLACE(k, 5)
#define LAST_6(k, a) IN_PLACE(k, 6)
#define LAST_7(k, a) IN_PLACE(k, 7)
#define TAKE_LAST_OUT(k, a) BY_SHARING(LAST, k, a)
#define TAKE_IN(k, s)                                                                                        \
    in##k = number >= first##s ? in##k##_of##s : in##k;                                                      \
    in##k##_at = number >= first##s ? in##k##_o##s : in##k##_at;
#define TAKE_OUT(k, s) BY_SHARING(LATER, k, s)
#define LATER_99(k, s)                                                                                        \
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
    EACH_OUTPUT(TAKE_LAST_OUT, )
    const INDEX begin = (number - first) * chunk, end = min(begin + chunk, length);
    PROGRAM_WALK(begin + item * W, end, ITEMS * W)
}
