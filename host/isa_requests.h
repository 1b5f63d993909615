/*
 * The parts of host/backend.h that the loops of host/cpu/isa see: so a new slot or request in the contract does not compile
 * all of them anew for every instruction set.
 */
#ifndef CLGRAD_HOST_ISA_REQUESTS_H
#define CLGRAD_HOST_ISA_REQUESTS_H

#include "core/dtype.h"

typedef struct cg_buffer cg_buffer; /* memory on a device; each backend defines its own */

/* What is summed over k for element (i, j) of C. */
typedef enum cg_inner {
    CG_INNER_PRODUCT,         /* a[i, k] b[k, j]: the matrix product A B */
    CG_INNER_SQUARED_DISTANCE /* (a[i, k] - b[k, j])^2, the difference rounded before it is squared */
} cg_inner;
enum { CG_INNER_COUNT = CG_INNER_SQUARED_DISTANCE + 1 };

typedef enum cg_random_kind {
    CG_RANDOM_UNIFORM,     /* [0, 1): 24 bits for f32, 53 bits for f64 */
    CG_RANDOM_NORMAL,      /* mean 0, variance 1, by Box-Muller */
    CG_RANDOM_EXPONENTIAL, /* mean 1: -log(1 - uniform) */
    CG_RANDOM_GAMMA,       /* `gamma` */
    CG_RANDOM_LOG_GAMMA,   /* its logarithm, which does not underflow */
    CG_RANDOM_INTEGERS,    /* `integers` */
    CG_RANDOM_BERNOULLI,   /* `chance` */
    CG_RANDOM_BINOMIAL     /* `binomial` */
} cg_random_kind;

/* low + the whole part of range u for a word u of the dtype's width; drawn again where the rest is below `reject`. */
typedef struct cg_random_integers {
    int64_t low;
    uint64_t range, reject; /* 1 to 2^32 (i32) or 2^64 - 1; 2^32 or 2^64 modulo range */
} cg_random_integers;

/* Marsaglia and Tsang's constants for a shape a: d = max(a, a + 1 where a < 1) - 1/3, c = 1 / sqrt(9 d). */
typedef struct cg_random_gamma {
    double d, c, log_d;
    double power; /* 1/a where a < 1: times a uniform number to this power; else 0 */
} cg_random_gamma;

/* The constants of kernels/binomial.h for n trials of p <= 1/2; `flip` turns the result k into n - k. */
typedef struct cg_random_binomial {
    double n, p, odds, none, mean, a, b, c, quick, alpha, base, top;
    bool inversion, flip;
} cg_random_binomial;

/*
 * n values of a Philox 4x32-10 stream into contiguous memory: element i is number `first + i` of stream (seed, stream),
 * the same bits on every backend (kernels/philox.h defines them). Real kinds: f32 or f64, the value is what the kind
 * says times `scale` plus `shift`, each rounded (1 and -0.0 change nothing; LOG_GAMMA takes neither). INTEGERS: i32 or
 * i64. BERNOULLI: bool, true with probability chance / 2^64. BINOMIAL: i64. Kinds that draw again where a number is
 * refused (from GAMMA on) need stream < 2^48.
 */
typedef struct cg_random_request {
    cg_random_kind kind;
    cg_dtype dtype;
    uint64_t seed, stream, first;
    int64_t n;
    cg_buffer *buffer;
    int64_t offset;
    double scale, shift;
    cg_random_gamma gamma;
    cg_random_integers integers;
    uint64_t chance;
    cg_random_binomial binomial;
} cg_random_request;

/* How many elements of the stream one block of 128 bits makes; the kinds from GAMMA on may take more blocks for each. */
static inline int cg_random_per_block(const cg_random_request *r) {
    switch (r->kind) {
    case CG_RANDOM_GAMMA:
    case CG_RANDOM_LOG_GAMMA:
    case CG_RANDOM_BINOMIAL:
        return 1;
    case CG_RANDOM_BERNOULLI:
        return 4;
    default:
        return 16 / (int)cg_dtype_size(r->dtype);
    }
}

#endif
