/*
 * Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011), one text
 * for C and OpenCL C. What a stream holds, the same bits on every backend:
 *
 *   key      (low, high) half of the seed
 *   counter  (block low, block high, stream low, stream high)
 *   words    w0 w1 w2 w3 = philox(counter, key), 128 bits for each block number
 *
 *            f32: 4 elements a block                     f64: 2 elements a block
 *   uniform  element 4 b + j = u24(wj)                   element 2 b + j = u53(w[2j], w[2j+1])
 *   normal   elements 4 b + 2 j, 4 b + 2 j + 1           elements 2 b, 2 b + 1
 *              = box_muller(u24(w[2j]), u24(w[2j+1]))      = box_muller(u53(w0, w1), u53(w2, w3))
 *
 *   exponential  as uniform, of which it is -log(1 - u)
 *
 *   u24(w) = (w >> 8) 2^-24     u53(low, high) = (high 2^21 + (low >> 11)) 2^-53, both in [0, 1)
 *   box_muller(u, v) = r cos(2 pi v), r sin(2 pi v), where r = sqrt(-2 log(u + step)) and the step of u,
 *   2^-24 or 2^-53, moves it into (0, 1]
 *
 * Where a number may be refused and drawn again, each element owns a sub-stream: the words at its place in the same
 * block of attempts t = 0, 1, .., the attempt being in the upper 16 bits of the counter's last word. So no element's
 * numbers depend on another's, and streams of these kinds are below 2^48.
 *
 *   integers   element 4 b + j of i32: word j of block b; element 2 b + j of i64: words 2 j (low) and 2 j + 1
 *   bernoulli  element 4 b + j: word j of block b of attempt 0, and of attempt 1 where the first leaves it open
 *   gamma      element b: block b of attempt t (f32), or of attempts 2 t and 2 t + 1 (f64); gamma.h
 *   binomial   element b: block b of attempt t; binomial.h
 *   seeds      of split generators: the first two words of block 0 of attempt 2^16 - 1
 *
 * Written in the vocabulary of elementary.h, which must come first, and in
 *   PHILOX_W            the type of words: 32 unsigned bits, scalar or, in OpenCL, a vector as wide as T
 *   PHILOX_MULHI(a, b)  the upper 32 bits of the product
 *   PHILOX_T(w)         words below 2^31 as T
 * whose defaults here are scalar. To use vectors in OpenCL, define PHILOX_W and PHILOX_T before.
 */
#ifndef CLGRAD_KERNELS_PHILOX_H
#define CLGRAD_KERNELS_PHILOX_H

#ifdef __OPENCL_C_VERSION__
#ifndef PHILOX_W
#define PHILOX_W uint
#define PHILOX_T(w) ((T)(w))
#endif
#define PHILOX_KEY uint
#define PHILOX_LONG ulong
#define PHILOX_MULHI(a, b) mul_hi((PHILOX_W)(a), b)
#else
#define PHILOX_W uint32_t
#define PHILOX_KEY uint32_t
#define PHILOX_LONG uint64_t
#define PHILOX_MULHI(a, b) ((uint32_t)(((uint64_t)(a) * (b)) >> 32))
#define PHILOX_T(w) ((T)(int32_t)(w)) /* signed: a conversion every instruction set has */
#endif

typedef struct {
    PHILOX_W w0, w1, w2, w3;
} philox_words;

FN philox_words philox_round(philox_words c, PHILOX_KEY k0, PHILOX_KEY k1) {
    philox_words d;
    d.w0 = PHILOX_MULHI(0xCD9E8D57u, c.w2) ^ c.w1 ^ k0;
    d.w1 = 0xCD9E8D57u * c.w2;
    d.w2 = PHILOX_MULHI(0xD2511F53u, c.w0) ^ c.w3 ^ k1;
    d.w3 = 0xD2511F53u * c.w0;
    return d;
}

/* The words of block number (block_hi, block_lo); the key is raised by a Weyl sequence before each round. */
FN philox_words philox_block(PHILOX_W block_lo, PHILOX_W block_hi, PHILOX_KEY stream_lo, PHILOX_KEY stream_hi,
                             PHILOX_KEY seed_lo, PHILOX_KEY seed_hi) {
    philox_words c;
    c.w0 = block_lo;
    c.w1 = block_hi;
    c.w2 = (PHILOX_W)(stream_lo);
    c.w3 = (PHILOX_W)(stream_hi);
    c = philox_round(c, seed_lo, seed_hi);
    c = philox_round(c, seed_lo + 1u * 0x9E3779B9u, seed_hi + 1u * 0xBB67AE85u);
    c = philox_round(c, seed_lo + 2u * 0x9E3779B9u, seed_hi + 2u * 0xBB67AE85u);
    c = philox_round(c, seed_lo + 3u * 0x9E3779B9u, seed_hi + 3u * 0xBB67AE85u);
    c = philox_round(c, seed_lo + 4u * 0x9E3779B9u, seed_hi + 4u * 0xBB67AE85u);
    c = philox_round(c, seed_lo + 5u * 0x9E3779B9u, seed_hi + 5u * 0xBB67AE85u);
    c = philox_round(c, seed_lo + 6u * 0x9E3779B9u, seed_hi + 6u * 0xBB67AE85u);
    c = philox_round(c, seed_lo + 7u * 0x9E3779B9u, seed_hi + 7u * 0xBB67AE85u);
    c = philox_round(c, seed_lo + 8u * 0x9E3779B9u, seed_hi + 8u * 0xBB67AE85u);
    return philox_round(c, seed_lo + 9u * 0x9E3779B9u, seed_hi + 9u * 0xBB67AE85u);
}

/* Uniform in [0, 1) in steps of 2^-24. */
FN T philox_u24(PHILOX_W w) { return PHILOX_T(w >> 8) * C(5.9604644775390625e-8); }

/*
 * Uniform in [0, 1) in steps of 2^-53, for T = double: both halves are exact and so is their sum. The upper
 * word goes in two parts, each below 2^31.
 */
FN T philox_u53(PHILOX_W low, PHILOX_W high) {
    T top = PHILOX_T(high >> 16) * C(1.52587890625e-5) + PHILOX_T(high & 0xFFFFu) * C(2.3283064365386963e-10);
    return top + PHILOX_T(low >> 11) * C(1.1102230246251565e-16);
}

/* The radius of Box-Muller from u in [0, 1) and its step; the pair is r t_cos2pi(v), r t_sin2pi(v). */
FN T philox_radius(T u, T step) { return SQRT(C(-2.0) * t_log(u + step)); }

/* Exponential of mean 1 from u in [0, 1): 1 - u is exact, and 0 comes out as +0. */
FN T philox_exponential(T u) { return C(0.0) - t_log(C(1.0) - u); }

#define PHILOX_STEP24 C(5.9604644775390625e-8)
#define PHILOX_STEP53 C(1.1102230246251565e-16)

/* The upper half of the stream number for attempt t < 2^16. */
#define PHILOX_ATTEMPT(stream_hi, t) ((stream_hi) | (PHILOX_KEY)(t) << 16)
#define PHILOX_ATTEMPTS 0x10000u

/* Words as one of 64 bits. */
FN PHILOX_LONG philox_long(PHILOX_KEY low, PHILOX_KEY high) { return (PHILOX_LONG)high << 32 | low; }

/*
 * The upper half of a b, and in *low the lower one: of the pieces of 32 bits, whose products every instruction set has.
 * Lemire, Fast random integer generation in an interval, ACM TOMACS 29 (2019): for a random word a the upper half is
 * uniform in [0, b) if those a are drawn again whose *low is below 2^64 modulo b.
 */
FN PHILOX_LONG philox_product(PHILOX_LONG a, PHILOX_LONG b, PHILOX_LONG *low) {
    PHILOX_LONG a0 = a & 0xFFFFFFFFu, a1 = a >> 32, b0 = b & 0xFFFFFFFFu, b1 = b >> 32;
    PHILOX_LONG p = a0 * b0, q = a1 * b0 + (p >> 32), r = a0 * b1 + (q & 0xFFFFFFFFu);
    *low = r << 32 | (p & 0xFFFFFFFFu);
    return a1 * b1 + (q >> 32) + (r >> 32);
}

#endif
