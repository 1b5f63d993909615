/* Tensors against expected values, and errors against expected messages. All report by support/check.h. */
#ifndef CLGRAD_TESTS_COMPARE_H
#define CLGRAD_TESTS_COMPARE_H

#include "clgrad/clgrad.h"
#include "reference/ref_array.h"
#include "support/check.h"

/* The elements row-major in scratch memory; NULL and a failure if there are none to have. */
void *read_raw(const cg_tensor *x);
long double *read_values(const cg_tensor *x);

/* The same in the shape of x, as the reference takes it; empty and a failure if there is nothing to have. */
ref_array read_array(const cg_tensor *x);

/* A long double array of host memory of any dtype, in scratch memory. */
long double *to_values(cg_dtype dtype, const void *data, int64_t n);

/* "(2, 3)" in a static buffer, of which there are four. */
const char *shape_text(cg_dims shape);

bool same_shape(cg_dims a, cg_dims b);

/* x is there and has this dtype and shape. */
bool check_is(const cg_tensor *x, cg_dtype dtype, cg_dims shape);

/* Elements equal `want` (NaN equals NaN), x having dtype and shape. */
bool check_equal(const cg_tensor *x, cg_dtype dtype, cg_dims shape, const long double *want);

/* |x - want| <= ulp units in the last place of want. */
bool check_ulp(const cg_tensor *x, cg_dtype dtype, cg_dims shape, const long double *want, double ulp);

/* |x - want| <= factor u scale[i], u the unit roundoff of the dtype; scale NULL is 1. */
bool check_within(const cg_tensor *x, cg_dtype dtype, cg_dims shape, const long double *want, double factor,
                  const long double *scale);

/* The same bits. */
bool check_same_bits(const cg_tensor *x, const cg_tensor *y);

/* One element equals v. */
bool check_item(const cg_tensor *x, double v, double tolerance);

/* The device keeps an error of this code whose message has all parts, up to a NULL; it is cleared. */
bool check_error(cg_device *dev, cg_status code, ...) __attribute__((sentinel));

/* The error of this thread, which belongs to no device, has `part` in its message. */
bool check_message(const char *part);

/* The call gave NULL and such an error. */
#define CHECK_FAILS(dev, call, code, ...)                                                                    \
    (CHECK_MSG((call) == NULL, "%s should have failed", #call), check_error((dev), (code), __VA_ARGS__, NULL))

#endif
