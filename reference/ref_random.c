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

/* --- Numbers that may be refused: the attempt stands in the upper 16 bits of the counter -------------------------- */

static void attempt_words(uint64_t seed, uint64_t stream, uint64_t attempt, uint64_t block, uint32_t w[4]) {
    block_words(seed, stream | attempt << 48, block, w);
}

/* The upper `bits` bits of a product of two numbers of so many bits, by multiplication on paper in base 2^16. */
static uint64_t upper_half(int bits, uint64_t a, uint64_t b, uint64_t *low) {
    uint64_t digit[8] = {0};
    for (int i = 0; i < 4; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < 4; j++) {
            uint64_t t = digit[i + j] + (a >> 16 * i & 0xffff) * (b >> 16 * j & 0xffff) + carry;
            digit[i + j] = t & 0xffff;
            carry = t >> 16;
        }
        digit[i + 4] = carry;
    }
    uint64_t high = 0;
    *low = 0;
    for (int i = bits / 16 - 1; i >= 0; i--) {
        *low = *low << 16 | digit[i];
        high = high << 16 | digit[i + bits / 16];
    }
    return high;
}

int64_t ref_integers(bool wide, uint64_t seed, uint64_t stream, uint64_t i, int64_t low, int64_t high) {
    const uint64_t range = (uint64_t)high - (uint64_t)low;
    const uint64_t least = wide ? (UINT64_MAX % range + 1) % range : (UINT64_C(1) << 32) % range;
    for (uint64_t attempt = 0;; attempt++) {
        uint32_t w[4];
        uint64_t rest, value;
        attempt_words(seed, stream, attempt, wide ? i / 2 : i / 4, w);
        const uint64_t word = wide ? (uint64_t)w[2 * (i % 2) + 1] << 32 | w[2 * (i % 2)] : w[i % 4];
        /* a range of 2^32 has 33 bits: there the word is the number itself */
        if (!wide && range >> 32) return low + (int64_t)word;
        value = upper_half(wide ? 64 : 32, word, range, &rest);
        if (rest >= least) return (int64_t)((uint64_t)low + value);
    }
}

bool ref_bernoulli(uint64_t seed, uint64_t stream, uint64_t i, double p) {
    uint32_t upper[4], lower[4];
    attempt_words(seed, stream, 0, i / 4, upper);
    attempt_words(seed, stream, 1, i / 4, lower);
    const uint64_t word = (uint64_t)upper[i % 4] << 32 | lower[i % 4];
    return (long double)word < roundl(ldexpl(p, 64));
}

long double ref_exponential(bool wide, uint64_t seed, uint64_t stream, uint64_t i) {
    return -logl(1 - ref_uniform(wide, seed, stream, i));
}

/* Marsaglia and Tsang's acceptance as they write it. */
long double ref_gamma(bool wide, uint64_t seed, uint64_t stream, uint64_t i, long double a,
                      long double *scale) {
    const long double two_pi = 6.283185307179586476925286766559005768L, step = ldexpl(1, wide ? -53 : -24);
    const long double d = (a < 1 ? a + 1 : a) - 1 / 3.0L, c = 1 / sqrtl(9 * d);
    for (uint64_t attempt = 0;; attempt++) {
        uint32_t v[4], w[4];
        attempt_words(seed, stream, wide ? 2 * attempt : attempt, i, v);
        attempt_words(seed, stream, 2 * attempt + 1, i, w);
        const long double first = wide ? u53(v[0], v[1]) : u24(v[0]),
                          second = wide ? u53(v[2], v[3]) : u24(v[1]);
        const long double x = sqrtl(-2 * logl(first + step)) * cosl(two_pi * second);
        const long double u = (wide ? u53(w[0], w[1]) : u24(v[2])) + step;
        const long double boost = (wide ? u53(w[2], w[3]) : u24(v[3])) + step;
        const long double root = 1 + c * x, volume = root * root * root;
        if (root <= 0 || logl(u) >= x * x / 2 + d - d * volume + d * logl(volume)) continue;
        const long double factor = a < 1 ? powl(boost, 1 / a) : 1;
        *scale = factor * d * (volume + 3 * root * root * c * (1 + fabsl(x)));
        return factor * d * volume;
    }
}

/* --- binomial: inversion, or Hoermann's BTRS with the probabilities by lgamma --------------------------------------- */

static long double log_binomial(long double n, long double p, long double k) {
    const long double ways = lgammal(n + 1) - lgammal(k + 1) - lgammal(n - k + 1);
    return ways + k * logl(p) + (n - k) * log1pl(-p);
}

static long double inversion(long double u, long double n, long double p) {
    long double f = expl(n * log1pl(-p)), sum = f, k = 0;
    while (u >= sum && k < n) {
        f *= (n - k) / (k + 1) * p / (1 - p);
        sum += f;
        k++;
    }
    return k;
}

/* Below 0 if it is refused. */
static long double btrs(long double u, long double v, long double n, long double p) {
    const long double deviation = sqrtl(n * p * (1 - p)), b = 1.15L + 2.53L * deviation;
    const long double a = -0.0873L + 0.0248L * b + 0.01L * p, alpha = (2.83L + 5.1L / b) * deviation;
    const long double us = 0.5L - fabsl(u - 0.5L);
    const long double k = floorl((2 * a / us + b) * (u - 0.5L) + n * p + 0.5L);
    if (us >= 0.07L && v <= 0.92L - 4.2L / b) return k;
    if (k < 0 || k > n) return -1;
    const long double ratio = log_binomial(n, p, k) - log_binomial(n, p, floorl((n + 1) * p));
    return logl(v * alpha / (a / (us * us) + b)) <= ratio ? k : -1;
}

int64_t ref_binomial(uint64_t seed, uint64_t stream, uint64_t i, int64_t n, double p) {
    const long double q = p > 0.5 ? 1 - p : p;
    long double k = -1;
    for (uint64_t attempt = 0; k < 0; attempt++) {
        uint32_t w[4];
        attempt_words(seed, stream, attempt, i, w);
        const long double u = u53(w[0], w[1]), v = u53(w[2], w[3]);
        k = n * q < 10 ? inversion(u, n, q) : btrs(u, v, n, q);
    }
    return p > 0.5 ? n - (int64_t)k : (int64_t)k;
}
