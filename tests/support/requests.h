/* Operands of backend requests (host/backend.h) made from host arrays, and the values to fill them with. */
#ifndef CLGRAD_TESTS_REQUESTS_H
#define CLGRAD_TESTS_REQUESTS_H

#include "host/backend.h"
#include "support/device_test.h"
#include "tensor/context.h"

static inline bool is_real(cg_dtype t) { return t == CG_F32 || t == CG_F64; }

/*
 * n elements on the device, with some in front of them, so that no buffer begins where its elements do. Without data
 * all bits are set, to show what was not written.
 */
cg_operand put(cg_device *dev, cg_dtype t, int64_t n, const void *data);

/* Its n elements in scratch memory, after a look at what lies in front of them. Frees the buffer. */
void *take(cg_device *dev, cg_operand o, int64_t n);

/* Frees the buffer. */
void drop(cg_device *dev, cg_operand o);

/* n elements of `size` bytes are the same. */
bool check_bits(const void *got, const void *want, int64_t n, size_t size);

/* |got - want| <= factor[i] u scale[i] for reals, equal where scale is NULL; NaN equals NaN. */
bool check_near(cg_dtype t, const void *got, int64_t n, const long double *want, const long double *factor,
                const long double *scale);

/* TIES has few different values; SPECIAL NaN with payloads, signed zeros, infinities, limits. */
typedef enum filling { RANDOM, TIES, RISING, FALLING, CONSTANT, SPECIAL, FILLINGS } filling;

/* n values in scratch memory. */
void *filled(cg_dtype t, int64_t n, filling how, uint64_t seed);

/* Whole numbers that fit a sum of many; reals as they come. */
void *small_values(cg_dtype t, int64_t n, uint64_t seed);

/* Factors whose products are exact in any order: signs, and for reals 2 and 1/2 in turn. */
void *exact_factors(cg_dtype t, int64_t n, uint64_t seed);

#endif
