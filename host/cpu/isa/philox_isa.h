/* The random numbers of kernels/philox.h, a batch of blocks at a time. */
#ifndef CLGRAD_HOST_CPU_ISA_PHILOX_ISA_H
#define CLGRAD_HOST_CPU_ISA_PHILOX_ISA_H

#include <stdint.h>

struct cg_random_request;

/* Blocks; a power of two, so that the lower half of a counter never wraps within a batch. */
enum { CG_PHILOX_BATCH = 64 };

/* Writes all elements of a stream's blocks from `block` on, a multiple of the batch. */
typedef void cg_philox_batch(const struct cg_random_request *r, uint64_t block, void *out);

typedef struct cg_philox_isa {
    cg_philox_batch *uniform, *normal, *exponential, *gamma; /* of T; gamma: LOG_GAMMA, too */
} cg_philox_isa;

typedef struct cg_philox_whole_isa {
    cg_philox_batch *integers32, *integers64, *bernoulli, *binomial;
} cg_philox_whole_isa;

#endif
