/* The gradient checkers: first and second derivatives against differences over 7 points. */
#include <math.h>
#include <stdlib.h>

#include "autograd/differences.h"
#include "autograd/walk.h"
#include "clgrad/ops.h"
#include "clgrad/reduce.h"

enum { MOST = 16 }; /* inputs */

/*
 * Contracts y to one number with fixed weights between 0.5 and 1.5 that are all different, so that errors of single
 * elements neither cancel nor hide; `which` chooses among several such weights.
 */
static cg_tensor *contract(const char *op, cg_tensor *y, int which) {
    if (!y) return NULL;
    cg_device *dev = cg_device_of(y);
    int64_t n = cg_numel(y);
    double *w = malloc((size_t)(n ? n : 1) * sizeof *w);
    if (!w) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "%s: out of host memory", op);
        return NULL;
    }
    for (int64_t i = 0; i < n; i++) w[i] = 0.5 + fmod(0.6180339887498949 * (double)(i + 1 + 5 * which), 1.0);
    cg_tensor *weight = cg_from_f64(dev, cg_shape_get(y), w);
    free(w);
    return cg_sum(cg_mul(y, weight), CG_ALL_AXES, false);
}

static void compare(double analytic, double slope, double rtol, double atol, int input, int64_t element,
                    cg_gradcheck_result *r) {
    double error = fabs(analytic - slope) / (atol + rtol * fmax(fabs(analytic), fabs(slope)));
    if (error <= r->worst) return; /* a NaN is not: it becomes the worst */
    if (isnan(r->worst)) return;
    *r = (cg_gradcheck_result){
        .worst = error, .analytic = analytic, .numerical = slope, .input = input, .element = element};
}

typedef struct check {
    const char *op;
    cg_function *f;
    void *context;
    bool second; /* of second derivatives */
    int n;
    double rtol, atol;
    cg_gradcheck_result *result;
} check;

/* <w, f(x)> */
static cg_tensor *first_order(void *context, int n, cg_tensor *const *x) {
    const check *c = context;
    return contract(c->op, c->f(c->context, n, x), 0);
}

/* sum_j <w_j, d/dx_j <w, f(x)>> */
static cg_tensor *second_order(void *context, int n, cg_tensor *const *x) {
    const check *c = context;
    cg_tensor *g[MOST], *sum = NULL, *y = first_order(context, n, x);
    if (!y || cg_grad(y, NULL, n, x, true, g) != CG_OK) return NULL;
    for (int i = 0; i < n; i++) {
        cg_tensor *part = contract(c->op, g[i], i + 1);
        sum = i ? cg_add(sum, part) : part;
    }
    return sum;
}

static cg_status check_input(check *c, cg_tensor **copy, int input, cg_tensor *gradient) {
    const int64_t numel = cg_numel(copy[input]);
    const size_t bytes = (size_t)numel * sizeof(double);
    double *slope = malloc(2 * bytes + 1), *analytic = slope ? slope + numel : NULL;
    if (!slope)
        return CG_FAIL(&cg_device_of(copy[0])->error, CG_ERROR_MEMORY, "%s: out of host memory", c->op);
    cg_status status = cg_differences(c->op, c->second ? second_order : first_order, c, c->n, copy, input,
                                      CG_DIFFERENCE_SEVEN, slope);
    if (status == CG_OK) status = cg_to_host(gradient, analytic, bytes);
    for (int64_t i = 0; i < numel && status == CG_OK; i++)
        compare(analytic[i], slope[i], c->rtol, c->atol, input, i, c->result);
    free(slope);
    return status;
}

/* Copies of the inputs that the checker may write to, and their gradients. */
static cg_status prepare(check *c, cg_tensor *const *x, cg_tensor **copy, cg_tensor **gradient) {
    cg_device *dev = cg_device_of(x[0]);
    cg_tensor *leaf[MOST];
    for (int i = 0; i < c->n; i++) {
        copy[i] = cg_differences_copy(x[i]);
        leaf[i] = cg_differences_copy(x[i]);
        if (!leaf[i] || !copy[i]) return dev->error.code;
    }
    cg_tensor *y = c->second ? second_order(c, c->n, leaf) : first_order(c, c->n, leaf);
    if (!y) return dev->error.code ? dev->error.code : CG_ERROR_STATE;
    const cg_grad_request r = {.op = c->op, .y = y, .n = c->n, .x = leaf, .unused_is_zero = c->second};
    return cg_grad_do(&r, gradient);
}

static cg_status run_check(check *c, cg_tensor *const *x) {
    *c->result = (cg_gradcheck_result){0};
    if (!c->f || c->n < 1 || c->n > MOST || !x[0]) return CG_ERROR_ARGUMENT;
    cg_device *dev = cg_device_of(x[0]);
    for (int i = 0; i < c->n; i++)
        if (!x[i] || cg_dtype_of(x[i]) != CG_F64)
            return CG_FAIL(&dev->error, CG_ERROR_DTYPE, "%s: input %d must be f64", c->op, i);
    cg_scope *scope = cg_scope_begin(dev);
    if (!scope) return dev->error.code;
    cg_tensor *copy[MOST], *gradient[MOST];
    cg_status status = prepare(c, x, copy, gradient);
    for (int i = 0; i < c->n && status == CG_OK; i++) status = check_input(c, copy, i, gradient[i]);
    c->result->passed = status == CG_OK && c->result->worst <= 1;
    cg_scope_end(scope);
    return status;
}

cg_status cg_gradcheck(cg_function *f, void *context, int n, cg_tensor *const *x, double rtol, double atol,
                       cg_gradcheck_result *result) {
    check c = {
        .op = "gradcheck", .f = f, .context = context, .n = n, .rtol = rtol, .atol = atol, .result = result};
    return run_check(&c, x);
}

cg_status cg_gradgradcheck(cg_function *f, void *context, int n, cg_tensor *const *x, double rtol,
                           double atol, cg_gradcheck_result *result) {
    check c = {.op = "gradgradcheck",
               .f = f,
               .context = context,
               .second = true,
               .n = n,
               .rtol = rtol,
               .atol = atol,
               .result = result};
    return run_check(&c, x);
}
