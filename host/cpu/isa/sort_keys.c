/* Elements to keys and back. */
#include "host/cpu/isa.h"

#include <string.h>

/*
 * A real's bits, read as an integer, order as the real if it is positive, the other way round if it is negative.
 * -0 becomes 0 first: x + 0. A NaN, of either sign, gets the largest key; no other element has it, descending either:
 * that would be the NaN with all bits set.
 */
#define REAL_KEYS(name, T, U, top)                                                                           \
    static void keys_##name(const void *xv, void *keysv, ptrdiff_t n, bool descending, cg_key_span *span) {  \
        const T *x = xv;                                                                                     \
        U *keys = keysv, any = 0, all = (U)-1, special = 0;                                                  \
        const U flip = descending ? (U)-1 : 0;                                                               \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                  \
            U own, bits;                                                                                     \
            const T plain = x[i] + 0;                                                                        \
            memcpy(&own, &x[i], sizeof own);                                                                 \
            memcpy(&bits, &plain, sizeof bits);                                                              \
            const U key = (bits ^ (((U)0 - (bits >> (top))) | (U)1 << (top))) ^ flip;                        \
            const U nan = (U)0 - (U)(plain != plain);                                                        \
            special |= nan | (own ^ bits);                                                                   \
            keys[i] = key | nan;                                                                             \
            any |= key | nan;                                                                                \
            all &= key | nan;                                                                                \
        }                                                                                                    \
        span->any |= any, span->all &= all, span->special |= special != 0;                                   \
    }                                                                                                        \
    static void elements_##name(const void *keysv, void *xv, ptrdiff_t n, bool descending) {                 \
        const U flip = descending ? (U)-1 : 0;                                                               \
        const unsigned char *keys = keysv;                                                                   \
        unsigned char *x = xv;                                                                               \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                  \
            U key;                                                                                           \
            memcpy(&key, keys + (size_t)i * sizeof key, sizeof key);                                         \
            key ^= flip;                                                                                     \
            key ^= ((key >> (top)) - 1) | (U)1 << (top);                                                     \
            memcpy(x + (size_t)i * sizeof key, &key, sizeof key);                                            \
        }                                                                                                    \
    }

#define INTEGER_KEYS(name, T, U, sign)                                                                       \
    static void keys_##name(const void *xv, void *keysv, ptrdiff_t n, bool descending, cg_key_span *span) {  \
        const T *x = xv;                                                                                     \
        U *keys = keysv, any = 0, all = (U)-1;                                                               \
        const U flip = (descending ? (U)-1 : 0) ^ (sign);                                                    \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                  \
            const U key = (U)x[i] ^ flip;                                                                    \
            keys[i] = key;                                                                                   \
            any |= key;                                                                                      \
            all &= key;                                                                                      \
        }                                                                                                    \
        span->any |= any, span->all &= all;                                                                  \
    }                                                                                                        \
    static void elements_##name(const void *keysv, void *xv, ptrdiff_t n, bool descending) {                 \
        const unsigned char *keys = keysv;                                                                   \
        unsigned char *x = xv;                                                                               \
        const U flip = (descending ? (U)-1 : 0) ^ (sign);                                                    \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                  \
            U key;                                                                                           \
            memcpy(&key, keys + (size_t)i * sizeof key, sizeof key);                                         \
            const T element = (T)(key ^ flip);                                                               \
            memcpy(x + (size_t)i * sizeof element, &element, sizeof element);                                \
        }                                                                                                    \
    }

REAL_KEYS(f32, float, uint32_t, 31)
REAL_KEYS(f64, double, uint64_t, 63)
INTEGER_KEYS(i32, int32_t, uint32_t, UINT32_C(1) << 31)
INTEGER_KEYS(i64, int64_t, uint64_t, UINT64_C(1) << 63)
INTEGER_KEYS(u8, uint8_t, uint32_t, 0)

static void pack(const uint32_t *keys, uint64_t *pairs, ptrdiff_t n, uint32_t first) {
    for (ptrdiff_t i = 0; i < n; i++) pairs[i] = (uint64_t)keys[i] << 32 | (first + (uint32_t)i);
}

static void unpack(const uint64_t *pairs, uint32_t *keys, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) keys[i] = (uint32_t)(pairs[i] >> 32);
}

extern const cg_sorts_isa CG_ISA_NAME(cg_sorts);

const cg_sorts_isa CG_ISA_NAME(cg_sorts) = {.keys = {[CG_F32] = keys_f32,
                                                     [CG_F64] = keys_f64,
                                                     [CG_I32] = keys_i32,
                                                     [CG_I64] = keys_i64,
                                                     [CG_U8] = keys_u8,
                                                     [CG_BOOL] = keys_u8},
                                            .pack = pack,
                                            .unpack = unpack,
                                            .elements = {[CG_F32] = elements_f32,
                                                         [CG_F64] = elements_f64,
                                                         [CG_I32] = elements_i32,
                                                         [CG_I64] = elements_i64,
                                                         [CG_U8] = elements_u8,
                                                         [CG_BOOL] = elements_u8}};
