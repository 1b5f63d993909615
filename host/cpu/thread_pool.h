/*
 * One pool of threads for the whole process, shared by every CPU device: two pools on the same cores spin
 * against each other and cost 20 to 60 times (docs/decisions).
 */
#ifndef CLGRAD_HOST_CPU_THREAD_POOL_H
#define CLGRAD_HOST_CPU_THREAD_POOL_H

#include <stdint.h>

enum { CG_MAX_THREADS = 256 };

/* What a loop runs for the indices [begin, end); `thread` is in [0, cg_parallel_threads()), one value per thread. */
typedef void cg_loop_body(void *ctx, int64_t begin, int64_t end, int thread);

/* The most threads a loop uses: CLGRAD_THREADS, else the cores this process may use. At least 1. */
int cg_parallel_threads(void);

/*
 * Calls body on disjoint ranges that cover [0, n), in no fixed order, and returns when all are done. Ranges
 * begin at multiples of `grain` (> 0), so that what is computed within one grain does not depend on the number
 * of threads. With n <= grain, with the pool busy for another device, inside a body, and in a forked child
 * that finds no threads, everything runs on the calling thread, with the `thread` it already has.
 */
void cg_parallel_for(int64_t n, int64_t grain, cg_loop_body *body, void *ctx);

#endif
