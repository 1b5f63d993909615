#include "reference/reference.h"

#include <math.h>

void ref_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c[4] = {counter[0], counter[1], counter[2], counter[3]}, k[2] = {key[0], key[1]};
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = UINT64_C(0xD2511F53) * c[0], p1 = UINT64_C(0xCD9E8D57) * c[2];
        uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ c[1] ^ k[0], (uint32_t)p1,
                            (uint32_t)(p0 >> 32) ^ c[3] ^ k[1], (uint32_t)p0};
        for (int i = 0; i < 4; i++) c[i] = next[i];
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
    for (int i = 0; i < 4; i++) out[i] = c[i];
}

/* The words of one block: the key is the seed, the counter is (block, stream), low halves first. */
static void block_words(uint64_t seed, uint64_t stream, uint64_t block, uint32_t w[4]) {
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream,
                                 (uint32_t)(stream >> 32)};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    ref_philox(counter, key, w);
}

static long double u24(uint32_t w) { return ldexpl((long double)(w >> 8), -24); }

static long double u53(uint32_t low, uint32_t high) {
    return ldexpl((long double)((((uint64_t)high << 32) | low) >> 11), -53);
}

long double ref_uniform(bool wide, uint64_t seed, uint64_t stream, uint64_t i) {
    uint32_t w[4];
    block_words(seed, stream, wide ? i / 2 : i / 4, w);
    return wide ? u53(w[2 * (i % 2)], w[2 * (i % 2) + 1]) : u24(w[i % 4]);
}

long double ref_normal(bool wide, uint64_t seed, uint64_t stream, uint64_t i) {
    const long double two_pi = 6.283185307179586476925286766559005768L;
    uint32_t w[4];
    block_words(seed, stream, wide ? i / 2 : i / 4, w);
    unsigned pair = wide ? 0 : 2 * (unsigned)(i % 4 / 2);
    long double u = wide ? u53(w[0], w[1]) : u24(w[pair]);
    long double v = wide ? u53(w[2], w[3]) : u24(w[pair + 1]);
    long double r = sqrtl(-2 * logl(u + ldexpl(1, wide ? -53 : -24)));
    return i % 2 ? r * sinl(two_pi * v) : r * cosl(two_pi * v);
}
