/*
 * Loads and stores of one T. A file includes this once, after
 *   T, CG_CONVERT_TABLE             and
 *   CG_TO_I32(x), CG_TO_I64(x)      T to an integer: never undefined, never a trap
 *   CG_STORAGE(X)                   the storage dtypes as X(dtype, C type, name, to T, from T)
 */
#include "host/cpu/isa.h"

/* The strides that occur most have loops that vectorise. */
#define CG_LOAD(dtype, type, name, to_t, from_t)                                                             \
    static void load_##name(const void *xv, ptrdiff_t stride, void *outv, ptrdiff_t n) {                     \
        const type *x = xv;                                                                                  \
        T *restrict out = outv;                                                                              \
        if (stride == 1) {                                                                                   \
            for (ptrdiff_t i = 0; i < n; i++) out[i] = to_t(x[i]);                                           \
        } else if (stride == 0) {                                                                            \
            const T value = to_t(x[0]);                                                                      \
            for (ptrdiff_t i = 0; i < n; i++) out[i] = value;                                                \
        } else {                                                                                             \
            for (ptrdiff_t i = 0; i < n; i++) out[i] = to_t(x[i * stride]);                                  \
        }                                                                                                    \
    }

#define CG_STORE(dtype, type, name, to_t, from_t)                                                            \
    static void store_##name(const void *xv, void *outv, ptrdiff_t stride, ptrdiff_t n) {                    \
        const T *x = xv;                                                                                     \
        type *restrict out = outv;                                                                           \
        if (stride == 1) {                                                                                   \
            for (ptrdiff_t i = 0; i < n; i++) out[i] = from_t(x[i]);                                         \
        } else {                                                                                             \
            for (ptrdiff_t i = 0; i < n; i++) out[i * stride] = from_t(x[i]);                                \
        }                                                                                                    \
    }

CG_STORAGE(CG_LOAD)
CG_STORAGE(CG_STORE)

static void copy_strided(const void *xv, ptrdiff_t x_stride, void *outv, ptrdiff_t out_stride, ptrdiff_t n) {
    const T *x = xv;
    T *restrict out = outv;
    for (ptrdiff_t i = 0; i < n; i++) out[i * out_stride] = x[i * x_stride];
}

extern const cg_convert_isa CG_CONVERT_TABLE;

#define CG_LOAD_ENTRY(dtype, type, name, to_t, from_t) [dtype] = load_##name,
#define CG_STORE_ENTRY(dtype, type, name, to_t, from_t) [dtype] = store_##name,
const cg_convert_isa CG_CONVERT_TABLE = {
    .copy = copy_strided, .load = {CG_STORAGE(CG_LOAD_ENTRY)}, .store = {CG_STORAGE(CG_STORE_ENTRY)}};
