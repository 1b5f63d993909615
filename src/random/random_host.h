/* The generator on the host, for what is decided there: shuffles, splits. */
#ifndef CLGRAD_RANDOM_HOST_H
#define CLGRAD_RANDOM_HOST_H

#include <stdint.h>

/* Number i of stream (seed, stream): in [0, 1), 53 bits, the f64 uniform of kernels/philox.h. */
double cg_random_double(uint64_t seed, uint64_t stream, uint64_t i);

#endif
