/*
 * Vectors of T as wide as the registers of this copy's instruction set, for the few loops that a compiler
 * does not vectorise well by itself (register blocks of a product, transposition). Needs gcc 12 or clang 14.
 * Include after elementary_c.h.
 *
 *   vec        LANES elements of T; the operators of C work on it
 *   vec_mask   which lanes take part in vec_load_part, vec_load_filled and vec_store_part: the first n, for
 *              vec_first(n), 1 <= n <= LANES; in the others a load gives 0 or what `fill` has there
 *   vec_max    a > b ? a : b in each lane: b where one is NaN
 * Memory need not be aligned.
 */
#ifndef CLGRAD_HOST_CPU_ISA_SIMD_H
#define CLGRAD_HOST_CPU_ISA_SIMD_H

#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#define CG_VEC_BYTES 64
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define CG_VEC_BYTES 32
#else
#define CG_VEC_BYTES 16
#endif

/* For a loop of products: its counting takes a port of theirs. */
#if defined(__clang__)
#define CG_UNROLL_TWICE _Pragma("clang loop unroll_count(2)")
#else
#define CG_UNROLL_TWICE _Pragma("GCC unroll 2")
#endif

/* For a loop over registers (arrays of vec, constant bounds): it must vanish, or they live in memory. */
#if defined(__clang__)
#define CG_UNROLL _Pragma("clang loop unroll(full)")
#else
#define CG_UNROLL _Pragma("GCC unroll 16")
#endif

enum { LANES = CG_VEC_BYTES * 8 / CG_BITS };

typedef T vec __attribute__((vector_size(CG_VEC_BYTES)));
typedef T vec_memory __attribute__((vector_size(CG_VEC_BYTES), aligned(CG_BITS / 8), may_alias));

FN vec vec_load(const T *p) { return *(const vec_memory *)p; }
FN void vec_store(T *p, vec v) { *(vec_memory *)p = v; }

#if CG_VEC_BYTES == 64 && CG_BITS == 32
typedef __mmask16 vec_mask;
FN vec_mask vec_first(ptrdiff_t n) { return (vec_mask)(0xFFFFu >> (LANES - n)); }
FN vec vec_load_part(const T *p, vec_mask m) { return (vec)_mm512_maskz_loadu_ps(m, p); }
FN vec vec_load_filled(vec fill, const T *p, vec_mask m) {
    return (vec)_mm512_mask_loadu_ps((__m512)fill, m, p);
}
FN vec vec_max(vec a, vec b) { return (vec)_mm512_max_ps((__m512)a, (__m512)b); }
FN vec vec_min(vec a, vec b) { return (vec)_mm512_min_ps((__m512)a, (__m512)b); }
FN void vec_store_part(T *p, vec_mask m, vec v) { _mm512_mask_storeu_ps(p, m, (__m512)v); }
FN vec vec_all(T x) { return (vec)_mm512_set1_ps(x); }
FN vec vec_fma(vec a, vec b, vec c) { return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
#elif CG_VEC_BYTES == 64
typedef __mmask8 vec_mask;
FN vec_mask vec_first(ptrdiff_t n) { return (vec_mask)(0xFFu >> (LANES - n)); }
FN vec vec_load_part(const T *p, vec_mask m) { return (vec)_mm512_maskz_loadu_pd(m, p); }
FN vec vec_load_filled(vec fill, const T *p, vec_mask m) {
    return (vec)_mm512_mask_loadu_pd((__m512d)fill, m, p);
}
FN vec vec_max(vec a, vec b) { return (vec)_mm512_max_pd((__m512d)a, (__m512d)b); }
FN vec vec_min(vec a, vec b) { return (vec)_mm512_min_pd((__m512d)a, (__m512d)b); }
FN void vec_store_part(T *p, vec_mask m, vec v) { _mm512_mask_storeu_pd(p, m, (__m512d)v); }
FN vec vec_all(T x) { return (vec)_mm512_set1_pd(x); }
FN vec vec_fma(vec a, vec b, vec c) { return (vec)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
#elif CG_VEC_BYTES == 32 && CG_BITS == 32
typedef __m256i vec_mask;
FN vec_mask vec_first(ptrdiff_t n) {
    static const int32_t ones[2 * LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(ones + LANES - n));
}
FN vec vec_load_part(const T *p, vec_mask m) { return (vec)_mm256_maskload_ps(p, m); }
FN vec vec_load_filled(vec fill, const T *p, vec_mask m) {
    return (vec)_mm256_blendv_ps((__m256)fill, _mm256_maskload_ps(p, m), (__m256)m);
}
FN vec vec_max(vec a, vec b) { return (vec)_mm256_max_ps((__m256)a, (__m256)b); }
/* In pieces: AMD's processors up to Zen 4 take 12 cycles for a masked store. */
FN void vec_store_part(T *p, vec_mask m, vec v) {
    int bits = _mm256_movemask_ps((__m256)m);
    if (bits & 0x80) {
        vec_store(p, v);
        return;
    }
    __m128 rest = _mm256_castps256_ps128((__m256)v);
    if (bits & 8) {
        _mm_storeu_ps(p, rest);
        rest = _mm256_extractf128_ps((__m256)v, 1), bits >>= 4, p += 4;
    }
    if (bits & 2) {
        _mm_storel_pi((__m64 *)(void *)p, rest);
        rest = _mm_movehl_ps(rest, rest), bits >>= 2, p += 2;
    }
    if (bits & 1) _mm_store_ss(p, rest);
}
FN vec vec_all(T x) { return (vec)_mm256_set1_ps(x); }
FN vec vec_fma(vec a, vec b, vec c) { return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
#elif CG_VEC_BYTES == 32
typedef __m256i vec_mask;
FN vec_mask vec_first(ptrdiff_t n) {
    static const int64_t ones[2 * LANES] = {-1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(ones + LANES - n));
}
FN vec vec_load_part(const T *p, vec_mask m) { return (vec)_mm256_maskload_pd(p, m); }
FN vec vec_load_filled(vec fill, const T *p, vec_mask m) {
    return (vec)_mm256_blendv_pd((__m256d)fill, _mm256_maskload_pd(p, m), (__m256d)m);
}
FN vec vec_max(vec a, vec b) { return (vec)_mm256_max_pd((__m256d)a, (__m256d)b); }
FN void vec_store_part(T *p, vec_mask m, vec v) {
    int bits = _mm256_movemask_pd((__m256d)m);
    if (bits & 8) {
        vec_store(p, v);
        return;
    }
    __m128d rest = _mm256_castpd256_pd128((__m256d)v);
    if (bits & 2) {
        _mm_storeu_pd(p, rest);
        rest = _mm256_extractf128_pd((__m256d)v, 1), bits >>= 2, p += 2;
    }
    if (bits & 1) _mm_store_sd(p, rest);
}
FN vec vec_all(T x) { return (vec)_mm256_set1_pd(x); }
FN vec vec_fma(vec a, vec b, vec c) { return (vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
#else
typedef ptrdiff_t vec_mask;
FN vec_mask vec_first(ptrdiff_t n) { return n; }
FN vec vec_load_part(const T *p, vec_mask m) {
    vec v = {0};
    for (ptrdiff_t i = 0; i < m; i++) v[i] = p[i];
    return v;
}
FN vec vec_load_filled(vec fill, const T *p, vec_mask m) {
    for (ptrdiff_t i = 0; i < m; i++) fill[i] = p[i];
    return fill;
}
FN vec vec_max(vec a, vec b) {
    for (int i = 0; i < LANES; i++) a[i] = a[i] > b[i] ? a[i] : b[i];
    return a;
}
FN void vec_store_part(T *p, vec_mask m, vec v) {
    for (ptrdiff_t i = 0; i < m; i++) p[i] = v[i];
}
FN vec vec_all(T x) { return x + (vec){0}; }
/* Two roundings: without an instruction of its own an exact fma would be a call for each lane. */
FN vec vec_fma(vec a, vec b, vec c) { return a * b + c; }
#endif

/* p 2^n, n whole, p near 1: t_k_scale with one rounding, where there is an instruction that does it. */
FN vec vec_scale(vec p, vec n) {
#if CG_VEC_BYTES == 64 && CG_BITS == 32
    return (vec)_mm512_scalef_ps((__m512)p, (__m512)n);
#elif CG_VEC_BYTES == 64
    return (vec)_mm512_scalef_pd((__m512d)p, (__m512d)n);
#else
    for (int j = 0; j < LANES; j++) p[j] = t_k_scale(p[j], n[j] + T_MAGIC);
    return p;
#endif
}

/* a0 b0 a1 b1 ... of the lower halves and of the upper halves. */
#if CG_VEC_BYTES * 8 / CG_BITS == 16
FN vec vec_zip_low(vec a, vec b) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
FN vec vec_zip_high(vec a, vec b) {
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
#elif CG_VEC_BYTES * 8 / CG_BITS == 8
FN vec vec_zip_low(vec a, vec b) { return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11); }
FN vec vec_zip_high(vec a, vec b) { return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15); }
#elif CG_VEC_BYTES * 8 / CG_BITS == 4
FN vec vec_zip_low(vec a, vec b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
FN vec vec_zip_high(vec a, vec b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
#else
FN vec vec_zip_low(vec a, vec b) { return __builtin_shufflevector(a, b, 0, 2); }
FN vec vec_zip_high(vec a, vec b) { return __builtin_shufflevector(a, b, 1, 3); }
#endif

/* v[i][j] becomes v[j][i]. */
#if CG_VEC_BYTES == 32
/* In the halves of registers first, as shuffles across them are two each: pairs, for f32 pairs of those, then the halves. */
FN vec vec_pairs_low(vec a, vec b) {
#if CG_BITS == 32
    return (vec)_mm256_unpacklo_ps((__m256)a, (__m256)b);
#else
    return (vec)_mm256_unpacklo_pd((__m256d)a, (__m256d)b);
#endif
}
FN vec vec_pairs_high(vec a, vec b) {
#if CG_BITS == 32
    return (vec)_mm256_unpackhi_ps((__m256)a, (__m256)b);
#else
    return (vec)_mm256_unpackhi_pd((__m256d)a, (__m256d)b);
#endif
}
FN vec vec_quads_low(vec a, vec b) { return (vec)_mm256_unpacklo_pd((__m256d)a, (__m256d)b); }
FN vec vec_quads_high(vec a, vec b) { return (vec)_mm256_unpackhi_pd((__m256d)a, (__m256d)b); }
FN vec vec_lower_halves(vec a, vec b) { return (vec)_mm256_permute2f128_pd((__m256d)a, (__m256d)b, 0x20); }
FN vec vec_upper_halves(vec a, vec b) { return (vec)_mm256_permute2f128_pd((__m256d)a, (__m256d)b, 0x31); }

static inline __attribute__((always_inline)) void vec_transpose(vec v[LANES]) {
    vec u[LANES];
    CG_UNROLL for (int i = 0; i < LANES; i += 2) {
        u[i] = vec_pairs_low(v[i], v[i + 1]);
        u[i + 1] = vec_pairs_high(v[i], v[i + 1]);
    }
#if CG_BITS == 32
    vec w[LANES];
    CG_UNROLL for (int i = 0; i < LANES; i += 2) {
        const int from = i / 4 * 4 + i % 4 / 2;
        w[i] = vec_quads_low(u[from], u[from + 2]);
        w[i + 1] = vec_quads_high(u[from], u[from + 2]);
    }
    CG_UNROLL for (int i = 0; i < LANES; i++) u[i] = w[i];
#endif
    CG_UNROLL for (int i = 0; i < LANES / 2; i++) {
        v[i] = vec_lower_halves(u[i], u[i + LANES / 2]);
        v[i + LANES / 2] = vec_upper_halves(u[i], u[i + LANES / 2]);
    }
}
#else
/* log2 LANES rounds that each zip the lower half of the rows with the upper. */
static inline __attribute__((always_inline)) void vec_transpose(vec v[LANES]) {
    CG_UNROLL for (int round = 1; round < LANES; round *= 2) {
        vec u[LANES];
        CG_UNROLL for (int i = 0; i < LANES / 2; i++) {
            u[2 * i] = vec_zip_low(v[i], v[i + LANES / 2]);
            u[2 * i + 1] = vec_zip_high(v[i], v[i + LANES / 2]);
        }
        CG_UNROLL for (int i = 0; i < LANES; i++) v[i] = u[i];
    }
}
#endif

/*
 * One step of a sum over lanes: the halves of a are added and so are those of b; the results alternate, those
 * of a first. log2 LANES steps sum all lanes, each as a tree that adds half to half.
 */
FN vec vec_fold(vec a, vec b) { return vec_zip_low(a, b) + vec_zip_high(a, b); }

FN T vec_sum(vec v) {
    CG_UNROLL for (int lanes = LANES; lanes > 1; lanes /= 2) { v = vec_fold(v, v); }
    return v[0];
}

FN T vec_largest(vec v) {
    CG_UNROLL for (int lanes = LANES; lanes > 1; lanes /= 2) {
        v = vec_max(vec_zip_low(v, v), vec_zip_high(v, v));
    }
    return v[0];
}

#endif
