/* The random numbers of kernels/philox.h, a batch of blocks at a time. */
#ifndef CLGRAD_HOST_CPU_ISA_PHILOX_ISA_H
#define CLGRAD_HOST_CPU_ISA_PHILOX_ISA_H

#include <stdint.h>

/* Blocks; a power of two, so that the lower half of a counter never wraps within a batch. */
enum { CG_PHILOX_BATCH = 64 };

/* Writes all elements of a stream's blocks from `block` on, a multiple of the batch. */
typedef void cg_philox_batch(uint64_t seed, uint64_t stream, uint64_t block, void *out);

typedef struct cg_philox_isa {
    int per_block; /* elements of T in a block: 4 (f32) or 2 (f64) */
    cg_philox_batch *uniform, *normal;
} cg_philox_isa;

#endif
