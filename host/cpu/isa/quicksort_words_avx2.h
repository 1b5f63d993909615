/*
 * The names of quicksort_words.h where there is no more than AVX2: registers of 256 bits. A mask is a whole number with a bit
 * for every 32 bits of a register, two for a word of 64.
 */
#ifndef CLGRAD_HOST_CPU_ISA_QUICKSORT_WORDS_AVX2_H
#define CLGRAD_HOST_CPU_ISA_QUICKSORT_WORDS_AVX2_H

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

typedef __m256i word_vec;
typedef uint8_t lane_mask;
enum { LANES = 256 / CG_BITS, MASK_BITS = CG_BITS / 32 };

#if CG_BITS == 32
typedef uint32_t word;
FN word_vec word_all(word x) { return _mm256_set1_epi32((int)x); }
FN word_vec word_min(word_vec a, word_vec b) { return _mm256_min_epu32(a, b); }
FN word_vec word_max(word_vec a, word_vec b) { return _mm256_max_epu32(a, b); }
/* All bits of the lanes in which a is not below b. */
FN word_vec word_not_less(word_vec a, word_vec b) { return _mm256_cmpeq_epi32(_mm256_max_epu32(a, b), a); }
FN word_vec word_sub(word_vec a, word_vec b) { return _mm256_sub_epi32(a, b); }
#define ZIP_LOW _mm256_unpacklo_epi32
#define ZIP_HIGH _mm256_unpackhi_epi32
#else
typedef uint64_t word;
FN word_vec word_all(word x) { return _mm256_set1_epi64x((long long)x); }
FN word_vec word_less_bits(word_vec a, word_vec b) {
    const word_vec top = _mm256_set1_epi64x(INT64_MIN); /* there is a comparison of signed words alone */
    return _mm256_cmpgt_epi64(_mm256_xor_si256(b, top), _mm256_xor_si256(a, top));
}
FN word_vec word_pick(word_vec bits, word_vec a, word_vec b) {
    return _mm256_castpd_si256(
        _mm256_blendv_pd(_mm256_castsi256_pd(a), _mm256_castsi256_pd(b), _mm256_castsi256_pd(bits)));
}
FN word_vec word_min(word_vec a, word_vec b) { return word_pick(word_less_bits(b, a), a, b); }
FN word_vec word_max(word_vec a, word_vec b) { return word_pick(word_less_bits(a, b), a, b); }
FN word_vec word_not_less(word_vec a, word_vec b) {
    return _mm256_xor_si256(word_less_bits(a, b), _mm256_set1_epi64x(-1));
}
FN word_vec word_sub(word_vec a, word_vec b) { return _mm256_sub_epi64(a, b); }
#define ZIP_LOW _mm256_unpacklo_epi64
#define ZIP_HIGH _mm256_unpackhi_epi64
#endif

/* The mask of the lanes of which all bits are set. */
FN lane_mask lanes_of(word_vec v) { return (lane_mask)_mm256_movemask_ps(_mm256_castsi256_ps(v)); }
FN ptrdiff_t lane_count(lane_mask m) { return __builtin_popcount(m) / MASK_BITS; }

/* The lanes whose number has this bit set. */
FN lane_mask lanes_with(int bit) {
    const int of_32_bits = bit * MASK_BITS;
    return (lane_mask)(of_32_bits == 1 ? 0xAA : of_32_bits == 2 ? 0xCC : 0xF0);
}

/* b in the lanes of a mask of lanes_with, else a. */
FN word_vec word_blend(lane_mask m, word_vec a, word_vec b) {
    if (m == 0xAA) return _mm256_blend_epi32(a, b, 0xAA);
    if (m == 0xCC) return _mm256_blend_epi32(a, b, 0xCC);
    return _mm256_blend_epi32(a, b, 0xF0);
}

/* Lane l gets what lane l ^ bits has. */
FN word_vec lanes_xor(word_vec v, int bits) {
#if CG_BITS == 32
    if ((bits & 3) == 3) v = _mm256_shuffle_epi32(v, 0x1B);
    if ((bits & 3) == 1) v = _mm256_shuffle_epi32(v, 0xB1);
    if ((bits & 3) == 2) v = _mm256_shuffle_epi32(v, 0x4E);
    bits >>= 2;
#else
    if (bits & 1) v = _mm256_shuffle_epi32(v, 0x4E);
    bits >>= 1;
#endif
    return bits ? _mm256_permute4x64_epi64(v, 0x4E) : v;
}

/* a0 b0 a1 b1 ... of the lower halves and of the upper halves. */
FN word_vec zip_low(word_vec a, word_vec b) {
    return _mm256_permute2x128_si256(ZIP_LOW(a, b), ZIP_HIGH(a, b), 0x20);
}
FN word_vec zip_high(word_vec a, word_vec b) {
    return _mm256_permute2x128_si256(ZIP_LOW(a, b), ZIP_HIGH(a, b), 0x31);
}

FN word_vec load(const word *p) { return _mm256_loadu_si256((const word_vec *)(const void *)p); }
FN void store(word *p, word_vec v) { _mm256_storeu_si256((word_vec *)(void *)p, v); }

/* The first n lanes, all if there are fewer, none if n < 0. */
FN lane_mask first_lanes(ptrdiff_t n) {
    return (lane_mask)(n >= LANES ? 0xFF : n <= 0 ? 0 : (1 << n * MASK_BITS) - 1);
}

/* All bits of the first n lanes, 0 < n < LANES. */
FN word_vec first_bits(ptrdiff_t n) {
    static const int32_t bits[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return load((const word *)(const void *)(bits + 8 - n * MASK_BITS));
}

/* Of the first n words; the other lanes get the largest word. */
FN word_vec load_first(const word *p, ptrdiff_t n) {
    if (n >= LANES) return load(p);
    if (n <= 0) return word_all((word)-1);
    const word_vec in = first_bits(n), all = word_all((word)-1);
    return _mm256_or_si256(_mm256_maskload_epi32((const int *)(const void *)p, in),
                           _mm256_andnot_si256(in, all));
}

FN void store_first(word *p, ptrdiff_t n, word_vec v) {
    if (n >= LANES)
        store(p, v);
    else if (n > 0)
        _mm256_maskstore_epi32((int *)(void *)p, first_bits(n), v);
}

#endif
