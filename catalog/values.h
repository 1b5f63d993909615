/*
 * Host arrays of any dtype, seen as long double, which holds every f64 and every i64 exactly; random values
 * that are the same on every run; errors in units in the last place.
 */
#ifndef CLGRAD_CATALOG_VALUES_H
#define CLGRAD_CATALOG_VALUES_H

#include "clgrad/clgrad.h"

long double value_get(cg_dtype dtype, const void *data, int64_t i);

/* Stores v: rounded for reals; v must fit for the others. */
void value_set(cg_dtype dtype, void *data, int64_t i, long double v);

/* Splitmix64: the state is the seed. */
uint64_t random_bits(uint64_t *seed);

/* Uniform in [0, 1). */
double random_unit(uint64_t *seed);

/* Uniform in [0, n). */
int64_t random_below(uint64_t *seed, int64_t n);

/* n values in [lo, hi]: reals for f32 and f64, whole numbers cut to the dtype's range for the others. */
void random_fill(cg_dtype dtype, void *data, int64_t n, double lo, double hi, uint64_t *seed);

/* The same as new scratch memory (reference/scratch.h). */
void *random_values(cg_dtype dtype, int64_t n, double lo, double hi, uint64_t *seed);

/* The unit roundoff u of a real dtype: 2^-24 or 2^-53. */
double unit_roundoff(cg_dtype dtype);

/*
 * The error of `got` in units in the last place of the exact result, for dtype f32 or f64; 0 for two NaN or
 * a right infinity, infinite where only one of them is NaN or an infinity is wrong. Signs of zeros count as
 * equal.
 */
double ulp_error(cg_dtype dtype, long double got, long double exact);

/*
 * The error in units of u * scale, less the one unit in the last place of a subnormal that no formula can
 * avoid; infinite where only one of the two is a NaN or the same infinity.
 */
double scaled_error(cg_dtype dtype, long double got, long double exact, long double scale);

/* Special values of a real dtype: signed zeros, subnormals, limits, infinities, NaN, halves. */
int special_count(void);
double special_value(cg_dtype dtype, int i);

#endif
