/* Registers of unsigned words of CG_BITS, 32 or 64, for quicksort: names for what AVX-512 has. */
#ifndef CLGRAD_HOST_CPU_ISA_QUICKSORT_WORDS_H
#define CLGRAD_HOST_CPU_ISA_QUICKSORT_WORDS_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define FN static inline __attribute__((always_inline))

/* A loop over registers must vanish, or they live in memory. */
#if defined(__clang__)
#define CG_UNROLL _Pragma("clang loop unroll(full)")
#else
#define CG_UNROLL _Pragma("GCC unroll 16")
#endif

typedef __m512i word_vec;
enum { LANES = 512 / CG_BITS };

#if CG_BITS == 32
typedef uint32_t word;
typedef __mmask16 lane_mask;
#define WORD_OP(name) _mm512_##name##_epi32
#define WORD_OP_UNSIGNED(name) _mm512_##name##_epu32
#define WORD_LESS _mm512_cmplt_epu32_mask
#define ZIP_LOW _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
FN word_vec word_all(word x) { return _mm512_set1_epi32((int)x); }
#else
typedef uint64_t word;
typedef __mmask8 lane_mask;
#define WORD_OP(name) _mm512_##name##_epi64
#define WORD_OP_UNSIGNED(name) _mm512_##name##_epu64
#define WORD_LESS _mm512_cmplt_epu64_mask
#define ZIP_LOW _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15)
FN word_vec word_all(word x) { return _mm512_set1_epi64((long long)x); }
#endif

FN word_vec word_min(word_vec a, word_vec b) { return WORD_OP_UNSIGNED(min)(a, b); }
FN word_vec word_max(word_vec a, word_vec b) { return WORD_OP_UNSIGNED(max)(a, b); }
FN lane_mask word_less(word_vec a, word_vec b) { return WORD_LESS(a, b); }

/* b where the mask says so, else a. */
FN word_vec word_blend(lane_mask m, word_vec a, word_vec b) { return WORD_OP(mask_blend)(m, a, b); }

/* a0 b0 a1 b1 ... of the lower halves and of the upper halves. */
FN word_vec zip_low(word_vec a, word_vec b) { return WORD_OP(permutex2var)(a, ZIP_LOW, b); }
FN word_vec zip_high(word_vec a, word_vec b) { return WORD_OP(permutex2var)(a, ZIP_HIGH, b); }

/* Lane l gets what lane l ^ bits has. */
FN word_vec lanes_xor(word_vec v, int bits) {
#if CG_BITS == 32
    if ((bits & 3) == 3) v = _mm512_shuffle_epi32(v, _MM_PERM_ABCD);
    if ((bits & 3) == 1) v = _mm512_shuffle_epi32(v, _MM_PERM_CDAB);
    if ((bits & 3) == 2) v = _mm512_shuffle_epi32(v, _MM_PERM_BADC);
    bits >>= 2;
#else
    if (bits & 1) v = _mm512_shuffle_epi32(v, _MM_PERM_BADC);
    bits >>= 1;
#endif
    if (bits == 3) return _mm512_shuffle_i64x2(v, v, 0x1B);
    if (bits == 2) return _mm512_shuffle_i64x2(v, v, 0x4E);
    return bits == 1 ? _mm512_shuffle_i64x2(v, v, 0xB1) : v;
}

/* The lanes whose number has this bit set. */
FN lane_mask lanes_with(int bit) {
    return (lane_mask)(bit == 1 ? 0xAAAA : bit == 2 ? 0xCCCC : bit == 4 ? 0xF0F0 : 0xFF00);
}

FN word_vec load(const word *p) { return _mm512_loadu_si512(p); }

/* The first n lanes, all if there are fewer, none if n < 0. */
FN lane_mask first_lanes(ptrdiff_t n) {
    return (lane_mask)(n >= LANES ? (lane_mask)-1 : n <= 0 ? 0 : (1u << n) - 1);
}

/* Of the first n words; the other lanes get the largest word. */
FN word_vec load_first(const word *p, ptrdiff_t n) {
    return WORD_OP(mask_loadu)(word_all((word)-1), first_lanes(n), p);
}
FN void store_first(word *p, ptrdiff_t n, word_vec v) { WORD_OP(mask_storeu)(p, first_lanes(n), v); }

/* The lanes of the mask, side by side in memory. */
FN void store_packed(word *p, lane_mask m, word_vec v) { WORD_OP(mask_compressstoreu)(p, m, v); }

/* count + 1 in the lanes of the mask, and the sum of all lanes. */
FN word_vec word_count(word_vec count, lane_mask m) {
    return WORD_OP(mask_sub)(count, m, count, word_all((word)-1));
}
FN int64_t word_sum(word_vec v) { return (int64_t)(word)WORD_OP(reduce_add)(v); }

FN ptrdiff_t lane_count(lane_mask m) { return __builtin_popcount(m); }

#endif
