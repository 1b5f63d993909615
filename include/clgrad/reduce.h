/*
 * Reductions over axes, and softmax.
 *
 * `axes` is made by cg_axes(0, -1), or CG_ALL_AXES; negative axes count from the end. keepdims leaves reduced
 * axes with length 1. Sums are trees: the error is at most (log2 n + 2) u sum|x| for n elements, and the
 * same call gives the same bits each time on one device.
 * Errors of all: CG_ERROR_ARGUMENT for an axis out of range or named twice.
 */
#ifndef CLGRAD_REDUCE_H
#define CLGRAD_REDUCE_H

#include "tensor.h"

CG_BEGIN_DECLS

/* A set of axes by value. count = -1: all of them. */
typedef struct cg_axis_set {
    int count;
    int axis[CG_MAX_RANK];
} cg_axis_set;

/* The set axis[0..count-1]; more than CG_MAX_RANK gives an invalid set, which the operation reports. */
CG_API cg_axis_set cg_axes_of(int count, const int *axis);

#ifdef __cplusplus
CG_END_DECLS
template <class... N> inline cg_axis_set cg_axes(N... n) {
    const int axis[sizeof...(N) + 1] = {static_cast<int>(n)..., 0};
    return cg_axes_of(static_cast<int>(sizeof...(N)), axis);
}
CG_BEGIN_DECLS
#define CG_ALL_AXES cg_axes_of(-1, nullptr)
#else
#define cg_axes(...)                                                                                         \
    cg_axes_of((int)(sizeof((int[]){0, __VA_ARGS__}) / sizeof(int)) - 1, &((int[]){0, __VA_ARGS__})[1])
#define CG_ALL_AXES ((cg_axis_set){.count = -1})
#endif

/*
 * The sum over axes. f32, f64: the same dtype; integers and bool: i64. Empty: 0. Gradient: g to every
 * element.
 */
CG_API cg_tensor *cg_sum(cg_tensor *x, cg_axis_set axes, bool keepdims);

/* The arithmetic mean, sum / n; integers and bool give f32. Empty: NaN. Gradient g / n. */
CG_API cg_tensor *cg_mean(cg_tensor *x, cg_axis_set axes, bool keepdims);

/*
 * The largest element; NaN wins. Same dtype. Gradient: g to the largest, shared evenly where several are
 * equal. Errors: CG_ERROR_SHAPE over no elements.
 */
CG_API cg_tensor *cg_max(cg_tensor *x, cg_axis_set axes, bool keepdims);

/* The smallest element; NaN wins. As cg_max. */
CG_API cg_tensor *cg_min(cg_tensor *x, cg_axis_set axes, bool keepdims);

/*
 * The index of the largest element along one axis, i64: the first of equals; the first NaN wins. No
 * gradient. Errors: CG_ERROR_SHAPE over no elements.
 */
CG_API cg_tensor *cg_argmax(cg_tensor *x, int axis, bool keepdims);

/* The index of the smallest element along one axis. As cg_argmax. */
CG_API cg_tensor *cg_argmin(cg_tensor *x, int axis, bool keepdims);

/*
 * The sum down to `shape`, which must broadcast to x's: the gradient of a broadcast. (3, 4) to (4) sums
 * axis 0, to (3, 1) axis 1 with its axis kept. Gradient: broadcast.
 */
CG_API cg_tensor *cg_sum_to(cg_tensor *x, cg_dims shape);

/*
 * softmax(x)_i = exp(x_i - m) / sum_j exp(x_j - m) along `axis`, m = max x: no overflow for finite input. An
 * entry of -inf has probability 0; NaN, +inf or nothing but -inf give NaN. FLOAT.
 * Gradient: y (g - sum(g y)). Source: listing 30 of the pseudocode paper, 11.8.
 */
CG_API cg_tensor *cg_softmax(cg_tensor *x, int axis);

/* log(softmax(x)) along `axis` as x - m - log(sum exp(x - m)). FLOAT. Gradient: g - exp(y) sum(g). */
CG_API cg_tensor *cg_log_softmax(cg_tensor *x, int axis);

/*
 * What a gradient g with respect to y = softmax(x) is with respect to x: y (g - sum(g y)) along `axis`, the product
 * of g with the Jacobian. y and g have one shape. Gradient to both.
 */
CG_API cg_tensor *cg_softmax_grad(cg_tensor *y, cg_tensor *g, int axis);

/* The same for y = log_softmax(x): g - exp(y) sum(g) along `axis`. Gradient to both. */
CG_API cg_tensor *cg_log_softmax_grad(cg_tensor *y, cg_tensor *g, int axis);

/*
 * The Jacobian of softmax at one row y = softmax(x) of shape (C): diag(y) - y y^T, (C, C), computed as
 * y_i (I_ij - y_j). FLOAT. Gradient. Errors: CG_ERROR_SHAPE for another rank.
 */
CG_API cg_tensor *cg_softmax_jacobian(cg_tensor *y);

CG_END_DECLS
#endif
