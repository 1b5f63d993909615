/*
 * Random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011) indexed by element. Element i of a
 * stream depends on (seed, stream, i) alone: the same bits on every device, with any number of threads. docs/random.md
 * tells how each distribution is made.
 *
 * Each device has one generator. A call takes the next stream number, so that the same calls in the same
 * order give the same numbers after the same cg_seed; cg_beta, cg_categorical and weighted choices with replacement
 * take two. Streams are counted modulo 2^48.
 *
 * Errors, of all: CG_ERROR_SHAPE for a shape, CG_ERROR_DTYPE for a dtype, CG_ERROR_ARGUMENT for a parameter that is not
 * as said. No gradient, but cg_shuffle and cg_dropout.
 */
#ifndef CLGRAD_RANDOM_H
#define CLGRAD_RANDOM_H

#include "tensor.h"

CG_BEGIN_DECLS

/* --- The generator ---------------------------------------------------------------------------------------------- */

/* Starts the device's generator anew from `seed`; a device starts with seed 0. */
CG_API void cg_seed(cg_device *dev, uint64_t seed);

/* The generator's state: seed and number of the next stream. For saving beside weights. */
CG_API void cg_seed_get(const cg_device *dev, uint64_t *seed, uint64_t *stream);

/* Puts the generator back where cg_seed_get found it. */
CG_API void cg_seed_set(cg_device *dev, uint64_t seed, uint64_t stream);

/*
 * A seed for an independent generator, made of the device's next stream: give each thread, device or worker one, as
 * cg_seed(worker, cg_seed_split(dev)). 0 for NULL.
 */
CG_API uint64_t cg_seed_split(cg_device *dev);

/* The generator's state as a tensor, i64 (2): seed and next stream, to be saved with others in a file. */
CG_API cg_tensor *cg_random_state(cg_device *dev);

/*
 * Puts the device's generator back to a state that cg_random_state gave, on any device. Reads it: one round trip.
 * Errors: CG_ERROR_SHAPE for another dtype or shape, CG_ERROR_ARGUMENT for what is no state.
 */
CG_API cg_status cg_random_restore(cg_device *dev, cg_tensor *state);

/* --- Real numbers ----------------------------------------------------------------------------------------------- */

/*
 * Uniform between low and high: low + (high - low) u, u in [0, 1) of 24 bits (f32) or 53 bits (f64). dtype f32 or
 * f64. high itself is left out for (0, 1); for other bounds the last rounding may reach it.
 */
CG_API cg_tensor *cg_uniform(cg_device *dev, cg_dtype dtype, cg_dims shape, double low, double high);

/* Normal with the given mean and standard deviation, by Box and Muller. dtype f32 or f64. */
CG_API cg_tensor *cg_normal(cg_device *dev, cg_dtype dtype, cg_dims shape, double mean, double std);

/* Exponential with mean `scale`, finite and >= 0: -scale log(1 - u), u as for cg_uniform. dtype f32 or f64. */
CG_API cg_tensor *cg_exponential(cg_device *dev, cg_dtype dtype, cg_dims shape, double scale);

/*
 * Gamma with shape parameter a > 0 and scale >= 0, density x^(a-1) e^(-x/scale) / (Gamma(a) scale^a), by Marsaglia and
 * Tsang (2000), a < 1 by way of a + 1. dtype f32 or f64; what is too small for it is 0.
 */
CG_API cg_tensor *cg_gamma(cg_device *dev, cg_dtype dtype, cg_dims shape, double a, double scale);

/*
 * Beta with parameters a, b > 0, density x^(a-1) (1-x)^(b-1) / B(a, b), of two gamma variates in logarithms, which small
 * parameters do not make 0 / 0. dtype f32 or f64.
 */
CG_API cg_tensor *cg_beta(cg_device *dev, cg_dtype dtype, cg_dims shape, double a, double b);

/* --- Whole numbers and truth values ---------------------------------------------------------------------------- */

/*
 * Whole numbers from low to high - 1, each with the same probability (Lemire's rejection). dtype i64 or i32.
 * Errors: CG_ERROR_ARGUMENT for low >= high, or beyond the dtype.
 */
CG_API cg_tensor *cg_integers(cg_device *dev, cg_dtype dtype, cg_dims shape, int64_t low, int64_t high);

/* True with probability p, 0 <= p <= 1, rounded to a multiple of 2^-64. bool. */
CG_API cg_tensor *cg_bernoulli(cg_device *dev, cg_dims shape, double p);

/*
 * How many of n trials succeed, each with probability p: i64, 0 <= n <= 2^53, 0 <= p <= 1. By inversion for n min(p, 1
 * - p) below 10, else by Hoermann's BTRS (1993), in double: on a device without f64 the CPU backend does it.
 */
CG_API cg_tensor *cg_binomial(cg_device *dev, cg_dims shape, int64_t n, double p);

/* --- Picking ---------------------------------------------------------------------------------------------------- */

/*
 * One of K categories with probability p_k / sum p, n times for each row: probabilities (..., K), f32 or f64 -> i64
 * (..., n). They need not sum to 1, and count in steps of about K 2^-62 of the largest. The device does not report back:
 * a row that has a NaN, infinite or negative one, or no positive one, gives -1. Errors: CG_ERROR_SHAPE for K = 0 or a
 * scalar, n < 0.
 */
CG_API cg_tensor *cg_categorical(cg_tensor *probabilities, int64_t n);

/*
 * k of the numbers 0..n-1 in random order, i64, (k): independent draws with `replace`, else k different ones.
 * Errors: CG_ERROR_ARGUMENT for k < 0, k > n without replacement, n < 1 with k > 0.
 */
CG_API cg_tensor *cg_choice(cg_device *dev, int64_t n, int64_t k, bool replace);

/*
 * k of the places 0..n-1 by weight: weight (n), f32 or f64 -> i64 (k). With `replace` as cg_categorical. Without, as if
 * drawn one after the other from those that are left (Efraimidis and Spirakis 2006); where fewer than k weights are
 * positive the rest is -1, and a weight below about 10^-37 (f32) or 10^-306 (f64) of the largest may count as 0. All is
 * -1 for weights that are no weights, see there. Errors as cg_choice, CG_ERROR_SHAPE for another rank.
 */
CG_API cg_tensor *cg_choice_weighted(cg_tensor *weight, int64_t k, bool replace);

/* A permutation of 0..n-1, each with the same probability: i64, (n), the order of random keys. Errors: n < 0. */
CG_API cg_tensor *cg_permutation(cg_device *dev, int64_t n);

/*
 * x with its slices along `axis` in random order, any dtype. Gradient: g in the order before. Errors:
 * CG_ERROR_ARGUMENT for the axis.
 */
CG_API cg_tensor *cg_shuffle(cg_tensor *x, int axis);

/*
 * Inverted dropout: 0 with probability p, else x / (1 - p); f32 or f64, 0 <= p <= 1. What is dropped is 0 even where x
 * is NaN; p = 0 gives x, p = 1 zeros. Gradient: g / (1 - p) where x was kept, else 0; nothing is stored for it, its
 * numbers are drawn again. Error at most 2 u |x| / (1 - p). Source: Srivastava et al., JMLR 15 (2014).
 */
CG_API cg_tensor *cg_dropout(cg_tensor *x, double p);

/* --- How weights start ------------------------------------------------------------------------------------------ */

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
 * all such (Haar): Q of normal numbers, its columns signed so that R has a positive diagonal (without that LAPACK's
 * signs would favour some). dtype f32 or f64. Errors: CG_ERROR_ARGUMENT unless rows, cols > 0. Source: Saxe et al.
 * 2013; Mezzadri 2007 for the signs.
 */
CG_API cg_tensor *cg_orthogonal(cg_device *dev, cg_dtype dtype, int64_t rows, int64_t cols, double gain);

CG_END_DECLS
#endif
