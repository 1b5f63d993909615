/*
 * How a T that is not bytes converts to and from storage (the rules are in core/expr.h). A file includes this
 * after T and the four casts that can be out of range: CG_FROM_F32(x), CG_FROM_F64(x) to T, and CG_TO_I32(x),
 * CG_TO_I64(x) from T.
 *
 * A real is clamped to the reals next to an integer's range, so that the cast is always defined.
 */
#include <stdint.h>

static inline float clamp_f32(float x, float low, float high) {
    float y = x > low ? x : low; /* NaN becomes low */
    return y < high ? y : high;
}

static inline double clamp_f64(double x, double low, double high) {
    double y = x > low ? x : low;
    return y < high ? y : high;
}

/* The upper bounds are the largest reals below 2^31 and 2^63. */
static inline int32_t f32_to_i32(float x) { return (int32_t)clamp_f32(x, -0x1p31f, 0x1.fffffep30f); }
static inline int64_t f32_to_i64(float x) { return (int64_t)clamp_f32(x, -0x1p63f, 0x1.fffffep62f); }
static inline int32_t f64_to_i32(double x) { return (int32_t)clamp_f64(x, -0x1p31, 2147483647.0); }
static inline int64_t f64_to_i64(double x) { return (int64_t)clamp_f64(x, -0x1p63, 0x1.fffffffffffffp62); }

#define CG_TO_T(x) ((T)(x))
#define CG_TO_F32(x) ((float)(x))
#define CG_TO_F64(x) ((double)(x))
#define CG_TO_U8(x) ((uint8_t)CG_TO_I32(x))
#define CG_TO_BOOL(x) ((uint8_t)((x) != 0))
#define CG_STORAGE(X)                                                                                        \
    X(CG_F32, float, f32, CG_FROM_F32, CG_TO_F32)                                                            \
    X(CG_F64, double, f64, CG_FROM_F64, CG_TO_F64)                                                           \
    X(CG_I32, int32_t, i32, CG_TO_T, CG_TO_I32)                                                              \
    X(CG_I64, int64_t, i64, CG_TO_T, CG_TO_I64)                                                              \
    X(CG_U8, uint8_t, u8, CG_TO_T, CG_TO_U8)                                                                 \
    X(CG_BOOL, uint8_t, bool, CG_TO_T, CG_TO_BOOL)
