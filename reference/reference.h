/*
 * Naive references in long double, written from the definitions. They share nothing with the library: plain
 * loops, libc only, arrays row-major without gaps.
 */
#ifndef CLGRAD_REFERENCE_H
#define CLGRAD_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

enum { REF_MAX_RANK = 8 };

/* --- Indices (ref_index.c) ------------------------------------------------------------------------------ */

int64_t ref_count(int rank, const int64_t *shape);
void ref_unravel(int64_t i, int rank, const int64_t *shape, int64_t *index);
int64_t ref_ravel(int rank, const int64_t *shape, const int64_t *index);

/* The element of an array of in_shape that meets element i of `shape`, which it broadcasts to. */
int64_t ref_broadcast(int64_t i, int rank, const int64_t *shape, int in_rank, const int64_t *in_shape);

/* Python's slice.indices: the first index and the number of elements of start:stop:step over an axis of n. */
void ref_slice(int64_t n, bool has_start, int64_t start, bool has_stop, int64_t stop, int64_t step,
               int64_t *first, int64_t *count);

/* --- Rows (ref_rows.c) ---------------------------------------------------------------------------------- */

typedef long double ref_real(long double x, long double y, long double z);
typedef int64_t ref_integer(int64_t x, int64_t y, int64_t z);

/*
 * What a row must compute, and how well. Both bounds hold: `ulp` in units in the last place, `scaled` in
 * units of u * scale(x, y, z) (u the unit roundoff; 0 stands for no such bound).
 */
typedef struct ref_row {
    const char *name;
    ref_real *real;
    ref_integer *integer; /* NULL where integers become f32 first */
    double ulp_f32, ulp_f64;
    double scaled_f32, scaled_f64;
    ref_real *scale;
    double limit;     /* no promise for arguments of this size and more; 0: for all of them */
    bool signed_zero; /* the sign of a zero result is part of the contract */
} ref_row;

/* NULL if there is no reference of that name. */
const ref_row *ref_row_find(const char *name);

/* --- Reductions, softmax, losses (ref_reduce.c) --------------------------------------------------------- */

typedef enum ref_reduction { REF_SUM, REF_SUM_ABS, REF_MAX, REF_MIN, REF_ARGMAX, REF_ARGMIN } ref_reduction;

/*
 * Reduces the axes whose bit is set in `axes`; out is row-major over the kept axes. NaN wins in max and min;
 * ARG gives the position among the reduced elements: the first NaN, else the first extreme.
 */
void ref_reduce(ref_reduction kind, int rank, const int64_t *shape, unsigned axes, const long double *x,
                long double *out);

/* softmax or its logarithm of n values `step` apart. */
void ref_softmax(bool logarithm, int64_t n, int64_t step, const long double *x, long double *out);

/* logsumexp(x) - x[label]; NaN for a label outside [0, n). */
long double ref_cross_entropy(int64_t n, const long double *x, int64_t label);

/* --- Products (ref_linalg.c) ---------------------------------------------------------------------------- */

/* c = a b and, if not NULL, size = |a| |b|: (m, k) x (k, n) -> (m, n). */
void ref_matmul(int64_t m, int64_t n, int64_t k, const long double *a, const long double *b, long double *c,
                long double *size);

/* --- Random numbers (ref_random.c) ---------------------------------------------------------------------- */

/* The block of Philox 4x32-10 for a counter and a key, by the text of the SC 2011 paper. */
void ref_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Element i of a stream of uniform numbers in [0, 1), of 24 bits or (wide) 53. */
long double ref_uniform(bool wide, uint64_t seed, uint64_t stream, uint64_t i);

/* Element i of a stream of standard normal numbers, by Box and Muller. */
long double ref_normal(bool wide, uint64_t seed, uint64_t stream, uint64_t i);

/* The same of exponential numbers of mean 1, of whole numbers in [low, high) and of truth values. */
long double ref_exponential(bool wide, uint64_t seed, uint64_t stream, uint64_t i);
int64_t ref_integers(bool wide, uint64_t seed, uint64_t stream, uint64_t i, int64_t low, int64_t high);
bool ref_bernoulli(uint64_t seed, uint64_t stream, uint64_t i, double p);

/* Of gamma variates, with what a relative error of its normal and uniform numbers is a multiple of; of binomial ones. */
long double ref_gamma(bool wide, uint64_t seed, uint64_t stream, uint64_t i, long double a,
                      long double *scale);
int64_t ref_binomial(uint64_t seed, uint64_t stream, uint64_t i, int64_t n, double p);

/* --- Optimizers (ref_optim.c) --------------------------------------------------------------------------- */

/* Which, and its numbers by their names in the papers; those of other kinds are not read. */
typedef struct ref_optimizer {
    enum { REF_SGD, REF_ADAM, REF_RMSPROP, REF_ADAGRAD } kind;
    long double lr, weight_decay, l1;
    long double momentum, dampening;   /* SGD, RMSProp */
    long double beta1, beta2, epsilon; /* Adam; epsilon of RMSProp and Adagrad too */
    long double alpha;                 /* RMSProp */
    long double lr_decay, initial;     /* Adagrad */
    bool decoupled, nesterov, amsgrad, centered;
} ref_optimizer;

/* What is remembered of one parameter, 0 before the first step. */
typedef struct ref_moments {
    long double a, b, c;
} ref_moments;

/* Step t = 1, 2, ... of one parameter with gradient g. */
void ref_optimizer_step(const ref_optimizer *o, int t, long double g, long double *p, ref_moments *s);

#endif
