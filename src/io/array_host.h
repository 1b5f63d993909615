/* The insides of cg_array (array.h): made with an error of the caller's. */
#ifndef CLGRAD_IO_ARRAY_HOST_H
#define CLGRAD_IO_ARRAY_HOST_H

#include "clgrad/array.h"
#include "core/error.h"

/* cg_array_new that reports to err; `what` begins the message. */
cg_status cg_array_make(cg_array *array, cg_dtype dtype, cg_dims shape, const char *what, cg_error *err);

/* Whether an array is one that can be read: a valid shape and dtype, and data where it has elements. */
bool cg_array_valid(const cg_array *array, int64_t *numel);

#endif
