/* What sorting, searching and scans share. All of it works along the last axis, of tensors of rank 1 or more. */
#ifndef CLGRAD_OPS_ORDER_H
#define CLGRAD_OPS_ORDER_H

#include "clgrad/sorting.h"
#include "ops/op.h"

/* x with a scalar made (1), so that there is an axis. Recorded. */
cg_tensor *cg_order_line(cg_tensor *x);

/* `axis` (0..rank-1) swapped with the last: a view, recorded. The same call swaps back. */
cg_tensor *cg_order_swap_last(cg_tensor *x, int axis);

/* The sorted rows of x and the places they came from; a NULL pointer asks for none. False on an error. Not recorded. */
bool cg_order_sort(const char *op, cg_tensor *x, bool descending, cg_tensor **values, cg_tensor **index);

/* The places of the first k elements of the sorted rows of x, (..., k); k is at least 1. NULL on an error. Not recorded. */
cg_tensor *cg_order_first(const char *op, cg_tensor *x, int64_t k, bool descending);

/*
 * The places of values among sorted ones, i64, in the shape of values. sorted is (n), or has values' leading axes.
 * Both have the same dtype. Not recorded.
 */
cg_tensor *cg_order_search(const char *op, cg_tensor *sorted, cg_tensor *values, bool right);

/* The running reduction along `axis`; dtype f32, f64, i32 or i64. Not recorded. */
cg_tensor *cg_order_scan(const char *op, cg_reduce_kind kind, cg_tensor *x, int axis, bool reverse);

/* 0, 1, ..., n - 1 as i64, made on the device. */
cg_tensor *cg_order_places(cg_device *dev, int64_t n);

/*
 * The rule of a result that holds x[..., index[..., j]] already: inputs x and index, of which index is kept. Operations
 * that sort x use it under their own name.
 */
void cg_order_pick_backward(const cg_rule_call *call, cg_tensor **dx);

#endif
