/*
 * Loads and stores of elements kept as another dtype than T: included once for each dtype that a program's
 * operands have, with STORED_AS set to its number. Gives stored_<dtype> and, for a pointer p to it,
 *   load_<dtype>(p)             W neighbours
 *   splat_<dtype>(p)            one element in all lanes
 *   load_some_<dtype>(p, s, n)  lanes l < n from p[l s], the others 0
 *   load_rows_<dtype>(p, r, s, period, j, n)  the same from p[row r + column s], where j + l = row period + column
 *   store_<dtype>, store_some_<dtype>   the same way back
 *   store_long_<dtype>(p, v)    one integer
 * What a conversion does: src/core/expr.h.
 */
#if STORED_AS == CG_F32
#define STORED float
#define NAMED(f) f##_f32
#elif STORED_AS == CG_F64
#define STORED double
#define NAMED(f) f##_f64
#elif STORED_AS == CG_I32
#define STORED int
#define NAMED(f) f##_i32
#elif STORED_AS == CG_I64
#define STORED long
#define NAMED(f) f##_i64
#elif STORED_AS == CG_U8
#define STORED uchar
#define NAMED(f) f##_u8
#else
#define STORED uchar
#define NAMED(f) f##_bool
#endif

#define TO_STORED LANES(GLUE(convert_, STORED))
#define ONE_TO_STORED GLUE(convert_, STORED)

typedef STORED NAMED(stored);
typedef LANES(STORED) NAMED(stored_lanes);
typedef LANES(STORED) ANYWHERE(STORED) NAMED(stored_anywhere);

FN NAMED(stored_lanes) NAMED(from_lanes)(T v) {
#if STORED_AS == CG_BOOL && REAL
    return TO_STORED(min(AS_U(v) << CU(1), CU(1))); /* without the sign: 0 for both zeros, 1 for all else */
#elif STORED_AS == CG_BOOL
    return TO_STORED(min(AS_U(v), CU(1)));
#elif STORED_AS == CG_U8 && REAL
    return TO_STORED(LANES(convert_int)(v));
#else
    return TO_STORED(v);
#endif
}

FN T NAMED(load)(const __global STORED *p) {
#if ALIGNED
    return TO_T(*(const __global NAMED(stored_lanes) *)p);
#else
    return TO_T(LOAD_ANYWHERE(NAMED(stored_anywhere), p));
#endif
}

FN T NAMED(splat)(const __global STORED *p) { return (T)(TO_TS(*p)); }

FN T NAMED(load_some)(const __global STORED *p, INDEX step, INDEX n) {
    TS lane[W];
#if W > 4 /* a loop, which is compiled in less time */
    VSTORE((T)(0), lane);
    for (int l = 0; l < (int)min((INDEX)W, n); l++)
        lane[l] = TO_TS(p[l * step]);
#else
#pragma unroll
    for (int l = 0; l < W; l++)
        lane[l] = l < n ? TO_TS(p[l * step]) : (TS)0;
#endif
    return VLOAD(lane);
}

/* The row of a lane is counted from that of lane 0: (column + l) / period by a multiplication, exact up to 2^10. */
FN T NAMED(load_rows)(const __global STORED *p, INDEX row_step, INDEX step, INDEX period, INDEX j, INDEX n) {
    TS lane[W];
    INDEX at[W];
    const INDEX row = divide(j, period), column = j - row * period;
    const INDEX_LANES number = (INDEX_LANES)LANE_LIST;
    const INDEX_LANES below = ((number + column) * (divide(65536, period) + 1)) >> 16;
    VSTORE(row * row_step + column * step + number * step + below * (row_step - period * step), at);
#pragma unroll
    for (int l = 0; l < W; l++)
        lane[l] = l < n ? TO_TS(p[at[l]]) : (TS)0;
    return VLOAD(lane);
}

FN void NAMED(store)(__global STORED *p, T v) {
#if ALIGNED
    *(__global NAMED(stored_lanes) *)p = NAMED(from_lanes)(v);
#else
    STORE_ANYWHERE(NAMED(stored_anywhere), NAMED(from_lanes)(v), p);
#endif
}

FN void NAMED(store_some)(__global STORED *p, INDEX step, INDEX n, T v) {
    STORED lane[W];
    VSTORE(NAMED(from_lanes)(v), lane);
#if W > 4
    for (int l = 0; l < (int)min((INDEX)W, n); l++)
        p[l * step] = lane[l];
#else
#pragma unroll
    for (int l = 0; l < W; l++)
        if (l < n) p[l * step] = lane[l];
#endif
}

FN void NAMED(store_long)(__global STORED *p, long v) {
#if STORED_AS == CG_BOOL
    *p = v != 0;
#else
    *p = ONE_TO_STORED(v);
#endif
}

#undef TO_STORED
#undef ONE_TO_STORED
#undef STORED
#undef NAMED
#undef STORED_AS
