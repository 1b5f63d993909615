/*
 * The scans of one T. A file includes this once, after T, BITS (the signed integer of its size), CG_BITS, LOWEST,
 * HIGHEST, SUM_NEUTRAL, SUM_LOSS (1 for reals), ISNAN(x) and CG_SCAN_TABLE.
 */
#include "host/cpu/isa.h"
#include "host/cpu/isa/vector_bytes.h"

#include <string.h>

#define VEC_LANES (VEC_BYTES * 8 / CG_BITS)

/* A loop over registers must vanish, or they live in memory. */
#if defined(__clang__)
#define CG_UNROLL _Pragma("clang loop unroll(full)")
#else
#define CG_UNROLL _Pragma("GCC unroll 16")
#endif

enum {
    BLOCK = 32, /* of all instruction sets, so that all give the same bits */
    BLOCK_VECS = BLOCK / VEC_LANES,
    FEW = 16,
    LINE = 64 / sizeof(T), /* elements of a line of the cache */
    AHEAD = 6              /* rows that are fetched before they are needed */
};

/* A register of T in memory, and what a comparison of two gives. */
typedef T vec __attribute__((vector_size(VEC_BYTES), aligned(sizeof(T)), may_alias));
typedef BITS vec_bits __attribute__((vector_size(VEC_BYTES), aligned(sizeof(T))));

static inline vec vec_of(T x) { return x - (vec){0}; } /* -0 as it is */

static inline vec pick(vec_bits first, vec a, vec b) {
    return (vec)((first & (vec_bits)a) | (~first & (vec_bits)b));
}

static inline vec vec_add(vec a, vec b) { return a + b; }
static inline vec vec_mul(vec a, vec b) { return a * b; }
static inline vec vec_max(vec a, vec b) { return pick((vec_bits)(a > b) | (vec_bits)(ISNAN(a)), a, b); }
static inline vec vec_min(vec a, vec b) { return pick((vec_bits)(a < b) | (vec_bits)(ISNAN(a)), a, b); }

/* SPREADn: where the index has bit n, the last element of the n before; elsewhere f. */
#define SHUFFLE __builtin_shufflevector
#if VEC_LANES == 2
#define SPREAD1(f, v) SHUFFLE(f, v, 0, 2)
#define SPREAD_LAST(v) SHUFFLE(v, v, 1, 1)
#define REVERSED(v) SHUFFLE(v, v, 1, 0)
#elif VEC_LANES == 4
#define SPREAD1(f, v) SHUFFLE(f, v, 0, 4, 2, 6)
#define SPREAD2(f, v) SHUFFLE(f, v, 0, 1, 5, 5)
#define SPREAD_LAST(v) SHUFFLE(v, v, 3, 3, 3, 3)
#define REVERSED(v) SHUFFLE(v, v, 3, 2, 1, 0)
#elif VEC_LANES == 8
#define SPREAD1(f, v) SHUFFLE(f, v, 0, 8, 2, 10, 4, 12, 6, 14)
#define SPREAD2(f, v) SHUFFLE(f, v, 0, 1, 9, 9, 4, 5, 13, 13)
#define SPREAD4(f, v) SHUFFLE(f, v, 0, 1, 2, 3, 11, 11, 11, 11)
#define SPREAD_LAST(v) SHUFFLE(v, v, 7, 7, 7, 7, 7, 7, 7, 7)
#define REVERSED(v) SHUFFLE(v, v, 7, 6, 5, 4, 3, 2, 1, 0)
#else
#define SPREAD1(f, v) SHUFFLE(f, v, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30)
#define SPREAD2(f, v) SHUFFLE(f, v, 0, 1, 17, 17, 4, 5, 21, 21, 8, 9, 25, 25, 12, 13, 29, 29)
#define SPREAD4(f, v) SHUFFLE(f, v, 0, 1, 2, 3, 19, 19, 19, 19, 8, 9, 10, 11, 27, 27, 27, 27)
#define SPREAD8(f, v) SHUFFLE(f, v, 0, 1, 2, 3, 4, 5, 6, 7, 23, 23, 23, 23, 23, 23, 23, 23)
#define SPREAD_LAST(v) SHUFFLE(v, v, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15)
#define REVERSED(v) SHUFFLE(v, v, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#endif

#define SCAN(name) sum_##name
#define COMBINE(a, b) ((a) + (b))
#define VCOMBINE(a, b) vec_add(a, b)
#define NEUTRAL SUM_NEUTRAL
#define LOSS SUM_LOSS
#define IN_ORDER 0
#include "host/cpu/isa/scan_kind.h"

#define SCAN(name) max_##name
#define COMBINE(a, b) ((((a) > (b)) | (ISNAN(a) != 0)) ? (a) : (b))
#define VCOMBINE(a, b) vec_max(a, b)
#define NEUTRAL LOWEST
#define LOSS 0
#define IN_ORDER 0
#include "host/cpu/isa/scan_kind.h"

#define SCAN(name) min_##name
#define COMBINE(a, b) ((((a) < (b)) | (ISNAN(a) != 0)) ? (a) : (b))
#define VCOMBINE(a, b) vec_min(a, b)
#define NEUTRAL HIGHEST
#define LOSS 0
#define IN_ORDER 0
#include "host/cpu/isa/scan_kind.h"

/* A product of some factors may overflow where that of all before it would not: 1e-30, 1e30, 1e30. */
#define SCAN(name) prod_##name
#define COMBINE(a, b) ((a) * (b))
#define VCOMBINE(a, b) vec_mul(a, b)
#define NEUTRAL ((T)1)
#define LOSS 0
#define IN_ORDER 1
#include "host/cpu/isa/scan_kind.h"

extern const cg_scans_isa CG_SCAN_TABLE;

const cg_scans_isa CG_SCAN_TABLE = {.kind = {&sum_kind, &max_kind, &min_kind, &prod_kind}};
