/*
 * Gradients by reverse-mode differentiation; docs/gradients.md shows all of it with examples.
 *
 * Operations on tensors that require a gradient are recorded. cg_backward walks the record from a scalar and
 * adds to the gradient of every leaf. A gradient rule is itself a composition of operations, so gradients
 * have gradients (create_graph). An operation without a rule is an error, never a zero.
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

/* How cg_backward_with goes; all zero is cg_backward. */
typedef struct cg_backward_options {
    cg_tensor *seed;   /* g of y, in y's shape and dtype; NULL: 1, for y with one element */
    bool retain_graph; /* keeps the record for another walk */
    bool create_graph; /* records the gathered gradients too, to differentiate them; keeps the record */
} cg_backward_options;

/*
 * cg_backward with options: leaf x gathers sum_i seed_i dy_i/dx. With create_graph what cg_grad_of gives is recorded for
 * as long as the scope lasts in which this was called (and what is computed from it in turn for as long as it lasts): so
 * no tensor and its gradient keep each other alive. Errors: CG_ERROR_SHAPE, CG_ERROR_DTYPE for the seed;
 * CG_ERROR_GRADIENT if y depends on nothing that requires a gradient, or an operation on the way has none;
 * CG_ERROR_STATE for a record that was used up, or a value written in place since.
 */
CG_API cg_status cg_backward_with(cg_tensor *y, cg_backward_options options);

/*
 * The gradient that cg_backward has gathered in x, a leaf or a result after cg_retain_grad; NULL if none. Its elements
 * lie row-major in memory of their own, once something has read them. Lives as long as x or cg_zero_grad.
 */
CG_API cg_tensor *cg_grad_of(const cg_tensor *x);

/* Forgets the gathered gradient of a leaf or result. */
CG_API void cg_zero_grad(cg_tensor *x);

/*
 * Has cg_backward gather the gradient of a result too, as it does of leaves; for a leaf there is nothing to do. Returns
 * x.
 * Errors: CG_ERROR_GRADIENT where x is not recorded.
 */
CG_API cg_tensor *cg_retain_grad(cg_tensor *x);

/*
 * What a hook does: it is given the gradient that arrived at a tensor, and returns the one to go on with, that or
 * another of its shape and dtype (owned by a scope, as always). NULL fails the walk. Its operations are recorded under
 * create_graph only.
 */
typedef cg_tensor *cg_gradient_hook(void *context, cg_tensor *gradient);

/*
 * Calls `hook` in every walk through x, a leaf or a result, after all contributions to its gradient have arrived and
 * before it is gathered, given out or goes on: the sum over this walk, not over walks. Several hooks of a tensor run in
 * the order they were registered. Returns a number for cg_remove_hook, > 0; 0 on an error. OWNERSHIP: release(context),
 * which may be NULL, is called once, when the hook is removed or x and its record are gone; not where this call fails.
 * Errors: CG_ERROR_GRADIENT where x is not recorded.
 */
CG_API int64_t cg_register_hook(cg_tensor *x, cg_gradient_hook *hook, void *context,
                                void (*release)(void *context));

/*
 * Removes a hook of x. Errors: CG_ERROR_ARGUMENT where x has none of that number, CG_ERROR_STATE while a hook of x
 * runs.
 */
CG_API cg_status cg_remove_hook(cg_tensor *x, int64_t hook);

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

/* --- Functions and their derivatives ------------------------------------------------------------------------------ */

/*
 * A function of n tensors, of any shape of result; `context` is the caller's. NULL is an error.
 *
 * What follows calls it on stand-ins for x, leaves or results with the same values, so that only what flows through its
 * arguments counts; x need not require a gradient. With create_graph the results are recorded: they can be
 * differentiated again by an x that requires a gradient, and by what else f uses. Results belong to the innermost scope
 * and are all NULL on an error. Errors, of all: CG_ERROR_GRADIENT where f does not depend on an x_j; CG_ERROR_SHAPE,
 * CG_ERROR_DTYPE where a vector is not like its partner, or f has more than one element where one is asked for; what f
 * reports. That a first derivative does not depend on an x_j is no error: its derivative, the second, is 0.
 */
typedef cg_tensor *cg_function(void *context, int n, cg_tensor *const *x);

/*
 * Vector-Jacobian product: out[j] = sum_i v_i dy_i/dx_j, y = f(x). v in the shape of y; NULL is 1, for y with one
 * element. out[j] in the shape of x_j. *y, if y is not NULL, gets f(x).
 */
CG_API cg_status cg_vjp(cg_function *f, void *context, int n, cg_tensor *const *x, cg_tensor *v,
                        bool create_graph, cg_tensor **out, cg_tensor **y);

/*
 * Jacobian-vector product: *out = sum_j (dy/dx_j) v_j, in the shape of y; v[j] in the shape of x_j. Computed as the
 * derivative of the vector-Jacobian product by its vector. *y as above.
 */
CG_API cg_status cg_jvp(cg_function *f, void *context, int n, cg_tensor *const *x, cg_tensor *const *v,
                        bool create_graph, cg_tensor **out, cg_tensor **y);

/*
 * Hessian-vector product of f with one element: out[j] = sum_k (d2f / dx_j dx_k) v_k, in the shape of x_j. *y as above.
 */
CG_API cg_status cg_hvp(cg_function *f, void *context, int n, cg_tensor *const *x, cg_tensor *const *v,
                        bool create_graph, cg_tensor **out, cg_tensor **y);

/* Jacobian: out[j][i.., k..] = dy[i..] / dx_j[k..], in the shape y.shape + x_j.shape. One walk for each element of y. */
CG_API cg_status cg_jacobian(cg_function *f, void *context, int n, cg_tensor *const *x, bool create_graph,
                             cg_tensor **out);

/*
 * Hessian of f with one element: out[i n + j] = d2f / dx_i dx_j for each pair, in the shape x_i.shape + x_j.shape. One
 * walk for each element of x.
 */
CG_API cg_status cg_hessian(cg_function *f, void *context, int n, cg_tensor *const *x, bool create_graph,
                            cg_tensor **out);

/*
 * y = f(x), of which only x is kept for the gradient: the backward pass computes f again instead of storing what is in
 * between. Gradient: of x, and of all else that f uses and that requires a gradient, parameters for instance, of any
 * order. The random numbers of the second run are those of the first. f must do the same each time it is called and
 * nothing besides (see cg_checkpoint_recomputing), the values it uses must not change until then, and `context` must
 * last as long as the record. Where nothing is recorded this is f(x). Errors: CG_ERROR_STATE if f makes a leaf itself;
 * from the backward pass CG_ERROR_STATE where x or a parameter was written in place since, CG_ERROR_SHAPE where f gave
 * another shape.
 * Source: Chen, Xu, Zhang, Guestrin, arXiv:1604.06174.
 */
CG_API cg_tensor *cg_checkpoint(cg_function *f, void *context, int n, cg_tensor *const *x);

/* Whether a function given to cg_checkpoint is being run again, so that it can leave running means and counts alone. */
CG_API bool cg_checkpoint_recomputing(const cg_device *dev);

/* --- Checking ------------------------------------------------------------------------------------------------------ */

/* Which differences: (f(x + h) - f(x - h)) / 2 h, or those over 7 points, whose error is O(h^6). */
typedef enum cg_difference { CG_DIFFERENCE_CENTRAL, CG_DIFFERENCE_SEVEN } cg_difference;

/*
 * The numerical gradient of f with one element: out[j] in the shape and dtype of x_j, f32 or f64. The step is
 * s max(1, |x_k|): s = eps^(1/3) for central differences (error about eps^(2/3) of f's scale; a step near eps itself
 * leaves no digit), 3e-3 in f64 and eps^(1/7) in f32 for seven points. Evaluates f 2 or 6 times per element, and reads
 * each value. No gradient. Source: Nocedal and Wright, Numerical Optimization, 8.1.
 */
CG_API cg_status cg_numerical_gradient(cg_function *f, void *context, int n, cg_tensor *const *x,
                                       cg_difference difference, cg_tensor **out);

/* What a gradient checker found worst. */
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

/*
 * The same for second derivatives: those of s(x) = sum_j <w_j, d/dx_j <w, f(x)>> with fixed weights, by cg_grad with
 * create_graph, against the differences of s over 7 points. A derivative that was lost on the way counts as 0 and is
 * caught by the differences. rtol 1e-6 and atol 1e-6 are reached by every operation. x, result, errors as cg_gradcheck.
 */
CG_API cg_status cg_gradgradcheck(cg_function *f, void *context, int n, cg_tensor *const *x, double rtol,
                                  double atol, cg_gradcheck_result *result);

/* --- Anomaly mode -------------------------------------------------------------------------------------------------- */

/*
 * Looks at the result of every operation on this device, in the forward pass and in gradients, until the matching
 * cg_anomaly_end; may be nested. The first that has a NaN while no input has one fails with CG_ERROR_NAN and a message
 * that names the operation, the shapes and, in a gradient, the operation whose gradient it is. Slow: every result is
 * computed at once and read. The numbers are the same as without.
 */
CG_API void cg_anomaly_begin(cg_device *dev);

/* Ends the innermost cg_anomaly_begin. */
CG_API void cg_anomaly_end(cg_device *dev);

CG_END_DECLS
#endif
