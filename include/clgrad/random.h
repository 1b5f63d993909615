/*
 * Random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011) indexed by element. Element i of a
 * stream depends on (seed, stream, i) alone: the same bits on every device, with any number of threads.
 *
 * Each device has one generator. A call takes the next stream number, so that the same calls in the same
 * order give the same numbers after the same cg_seed.
 */
#ifndef CLGRAD_RANDOM_H
#define CLGRAD_RANDOM_H

#include "tensor.h"

CG_BEGIN_DECLS

/* Starts the device's generator anew from `seed`; a device starts with seed 0. */
CG_API void cg_seed(cg_device *dev, uint64_t seed);

/* The generator's state: seed and number of the next stream. For saving beside weights. */
CG_API void cg_seed_get(const cg_device *dev, uint64_t *seed, uint64_t *stream);

/* Puts the generator back where cg_seed_get found it. */
CG_API void cg_seed_set(cg_device *dev, uint64_t seed, uint64_t stream);

/*
 * Uniform between low and high: low + (high - low) u, u in [0, 1) of 24 bits (f32) or 53 bits (f64). dtype f32 or
 * f64. high itself is left out for (0, 1); for other bounds the last rounding may reach it.
 */
CG_API cg_tensor *cg_uniform(cg_device *dev, cg_dtype dtype, cg_dims shape, double low, double high);

/* Normal with the given mean and standard deviation, by Box and Muller. dtype f32 or f64. */
CG_API cg_tensor *cg_normal(cg_device *dev, cg_dtype dtype, cg_dims shape, double mean, double std);

/*
 * A permutation of 0..n-1, i64, shape (n): Fisher-Yates on the host from the device's generator, uploaded.
 * Errors: n < 0.
 */
CG_API cg_tensor *cg_permutation(cg_device *dev, int64_t n);

/* Xavier (Glorot) uniform: U(-a, a), a = sqrt(6 / (I + O)), for w (I, O). Source: Glorot, Bengio 2010. */
CG_API cg_tensor *cg_xavier_uniform(cg_device *dev, cg_dtype dtype, int64_t fan_in, int64_t fan_out);

/* Xavier normal: N(0, 2 / (I + O)), for w (I, O). */
CG_API cg_tensor *cg_xavier_normal(cg_device *dev, cg_dtype dtype, int64_t fan_in, int64_t fan_out);

/* He (Kaiming) uniform: U(-a, a), a = sqrt(6 / I), for w (I, O) before a relu. Source: He et al. 2015. */
CG_API cg_tensor *cg_he_uniform(cg_device *dev, cg_dtype dtype, int64_t fan_in, int64_t fan_out);

/* He normal: N(0, 2 / I), for w (I, O) before a relu. */
CG_API cg_tensor *cg_he_normal(cg_device *dev, cg_dtype dtype, int64_t fan_in, int64_t fan_out);

/*
 * gain times a random matrix (rows, cols) with orthonormal columns, or rows where cols > rows, evenly distributed among
 * all such (Haar): Q of normal numbers, its columns signed so that R has a positive diagonal (without that LAPACK's signs
 * would favour some). dtype f32 or f64. Errors: CG_ERROR_ARGUMENT unless rows, cols > 0. Source: Saxe et al. 2013;
 * Mezzadri 2007 for the signs.
 */
CG_API cg_tensor *cg_orthogonal(cg_device *dev, cg_dtype dtype, int64_t rows, int64_t cols, double gain);

CG_END_DECLS
#endif
