/*
 * Gradients by reverse-mode differentiation.
 *
 * Operations on tensors that require a gradient are recorded. cg_backward walks the record from a scalar and
 * adds to the gradient of every leaf. A gradient rule is itself a composition of operations, so gradients
 * have gradients (cg_grad with create_graph). An operation without a rule is an error, never a zero.
 */
#ifndef CLGRAD_AUTOGRAD_H
#define CLGRAD_AUTOGRAD_H

#include "tensor.h"

CG_BEGIN_DECLS

/*
 * Makes a tensor a leaf whose gradient is wanted, or no longer. dtype f32 or f64. Returns x. Errors:
 * CG_ERROR_DTYPE for integers, CG_ERROR_STATE for the result of a recorded operation.
 */
CG_API cg_tensor *cg_require_grad(cg_tensor *x, bool wanted);

/* Whether operations on x are recorded. */
CG_API bool cg_requires_grad(const cg_tensor *x);

/*
 * The gradient of every leaf y depends on, added to what cg_grad_of already holds. y has one element.
 * The record behind y is released as it is used: a second cg_backward through it is CG_ERROR_STATE.
 */
CG_API cg_status cg_backward(cg_tensor *y);

/* The gradient that cg_backward has gathered in leaf x; NULL if none. Lives as long as x or cg_zero_grad. */
CG_API cg_tensor *cg_grad_of(const cg_tensor *x);

/* Forgets the gathered gradient of a leaf. */
CG_API void cg_zero_grad(cg_tensor *x);

/*
 * d(sum_i seed_i y_i) / dx_j for n tensors x_j: out[j] gets a tensor of x_j's shape, owned by the innermost
 * scope. seed NULL is 1, for y with one element. create_graph records the gradients too, so that they can be
 * differentiated again, and keeps y's record. The leaves' own gradients are left alone.
 * Errors: CG_ERROR_GRADIENT if y does not depend on an x_j; all out[j] are then NULL.
 */
CG_API cg_status cg_grad(cg_tensor *y, cg_tensor *seed, int n, cg_tensor *const *x, bool create_graph,
                         cg_tensor **out);

/* The same values as x, outside the record. */
CG_API cg_tensor *cg_detach(cg_tensor *x);

/* Stops recording on this device until the matching cg_no_grad_end; may be nested. */
CG_API void cg_no_grad_begin(cg_device *dev);

/* Ends the innermost cg_no_grad_begin. */
CG_API void cg_no_grad_end(cg_device *dev);

/* A function of n tensors for the gradient checker; `context` is the caller's. Any shape of result. */
typedef cg_tensor *cg_function(void *context, int n, cg_tensor *const *x);

/* What the gradient checker found worst. */
typedef struct cg_gradcheck_result {
    bool passed;
    double worst;     /* |analytic - numerical| / (atol + rtol max(|analytic|, |numerical|)): <= 1 passes */
    double analytic;  /* at the worst element */
    double numerical; /* */
    int input;        /* which input, and which of its elements */
    int64_t element;  /* */
} cg_gradcheck_result;

/*
 * Compares the gradient of f with a numerical one: central differences over 7 points with step h = 3e-3
 * max(1, |x|), in f64, whose error is near 1e-12 for smooth f. f's result is contracted with fixed weights that are
 * all different, so that errors of single elements do not cancel. x: n f64 tensors; nothing within 3 h of a
 * kink. rtol 1e-9 and atol 1e-9 are reached by every operation of this library.
 * Errors: CG_ERROR_DTYPE if an input is not f64, and what f reports.
 */
CG_API cg_status cg_gradcheck(cg_function *f, void *context, int n, cg_tensor *const *x, double rtol,
                              double atol, cg_gradcheck_result *result);

CG_END_DECLS
#endif
