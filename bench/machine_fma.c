/* The arithmetic limit: independent chains of multiply-adds that never leave the registers. */
#include "machine_limits.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/*
 * Chains enough to hide 4 to 5 cycles of latency on 2 units, which together with the factors fit 16
 * registers; not more, since compilers unroll a loop of up to 16 turns, and only then is an array a set of
 * registers.
 */
enum { CHAINS = 12, UNROLL = 8 };

/* Where results go, so that the loops are not removed. */
static _Thread_local volatile float sink;

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static double with_avx512(long rounds) {
    __m512 chain[CHAINS], x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(0.001f);
    for (int c = 0; c < CHAINS; c++) chain[c] = _mm512_set1_ps((float)c);
    for (long r = 0; r < rounds; r++)
        for (int u = 0; u < UNROLL; u++)
            for (int c = 0; c < CHAINS; c++) chain[c] = _mm512_fmadd_ps(chain[c], x, y);
    for (int c = 0; c < CHAINS; c++) sink = _mm512_cvtss_f32(chain[c]);
    return 2.0 * 16 * CHAINS * UNROLL * (double)rounds;
}

__attribute__((target("avx2,fma"))) static double with_avx2(long rounds) {
    __m256 chain[CHAINS], x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(0.001f);
    for (int c = 0; c < CHAINS; c++) chain[c] = _mm256_set1_ps((float)c);
    for (long r = 0; r < rounds; r++)
        for (int u = 0; u < UNROLL; u++)
            for (int c = 0; c < CHAINS; c++) chain[c] = _mm256_fmadd_ps(chain[c], x, y);
    for (int c = 0; c < CHAINS; c++) sink = _mm256_cvtss_f32(chain[c]);
    return 2.0 * 8 * CHAINS * UNROLL * (double)rounds;
}
#endif

typedef float lanes __attribute__((vector_size(16)));

/* A multiplication and an addition where the target has no fused form. */
static double with_vectors(long rounds) {
    lanes chain[CHAINS], x = {0.999f, 0.998f, 0.997f, 0.996f}, y = {0.001f, 0.002f, 0.003f, 0.004f};
    for (int c = 0; c < CHAINS; c++) chain[c] = x * (float)c;
    for (long r = 0; r < rounds; r++)
        for (int u = 0; u < UNROLL; u++)
            for (int c = 0; c < CHAINS; c++) chain[c] = chain[c] * x + y;
    for (int c = 0; c < CHAINS; c++) sink = chain[c][0];
    return 2.0 * 4 * CHAINS * UNROLL * (double)rounds;
}

double machine_multiply_add(long rounds) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return with_avx512(rounds);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return with_avx2(rounds);
#endif
    return with_vectors(rounds);
}

const char *machine_instructions(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return "AVX-512";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "AVX2 with FMA";
#endif
    return "128-bit vectors";
}
