/* The generator on the host, for what is decided there: splits, and the constants of distributions. */
#ifndef CLGRAD_RANDOM_HOST_H
#define CLGRAD_RANDOM_HOST_H

#include "host/backend.h"

/* Number i of stream (seed, stream): in [0, 1), 53 bits, the f64 uniform of kernels/philox.h. */
double cg_random_double(uint64_t seed, uint64_t stream, uint64_t i);

/* A seed made of a stream, of words that no numbers are made of. */
uint64_t cg_random_seed(uint64_t seed, uint64_t stream);

/*
 * The constants of kernels/gamma.h for a shape a > 0, and of kernels/binomial.h for n trials of probability p, made
 * with the library's own functions: the same bits on every machine.
 */
cg_random_gamma cg_random_gamma_of(double a);
cg_random_binomial cg_random_binomial_of(double n, double p);

#endif
