/* The gradient checker: analytic gradients against central differences over 7 points. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/tape.h"
#include "clgrad/manipulation.h"
#include "clgrad/ops.h"
#include "clgrad/reduce.h"
#include "core/shape.h"

/*
 * Contracts f's result to one number with fixed weights between 0.5 and 1.5 that are all different, so that
 * errors of single elements neither cancel nor hide.
 */
static cg_tensor *contract(cg_tensor *y) {
    if (!y) return NULL;
    cg_device *dev = cg_device_of(y);
    int64_t n = cg_numel(y);
    double *w = malloc((size_t)(n ? n : 1) * sizeof *w);
    if (!w) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "gradcheck: out of host memory");
        return NULL;
    }
    for (int64_t i = 0; i < n; i++) w[i] = 0.5 + fmod(0.6180339887498949 * (double)(i + 1), 1.0);
    cg_tensor *weight = cg_from_f64(dev, cg_shape_get(y), w);
    free(w);
    return cg_sum(cg_mul(y, weight), CG_ALL_AXES, false);
}

static cg_status value_of(cg_function *f, void *context, int n, cg_tensor *const *x, double *value) {
    cg_device *dev = cg_device_of(x[0]);
    cg_scope *scope = cg_scope_begin(dev);
    if (!scope) return dev->error.code;
    cg_tensor *y = contract(f(context, n, x));
    cg_status status = y ? cg_item(y, value) : dev->error.code;
    cg_scope_end(scope);
    return status || y ? status : CG_ERROR_STATE;
}

/* f'(x) = (45 (f1 - f-1) - 9 (f2 - f-2) + (f3 - f-3)) / 60 h + O(h^6) */
static cg_status numerical(cg_function *f, void *context, int n, cg_tensor **x, int input, double *host,
                           int64_t element, double *slope) {
    static const double weight[3] = {45.0 / 60, -9.0 / 60, 1.0 / 60};
    size_t bytes = (size_t)cg_numel(x[input]) * sizeof *host;
    double centre = host[element], h = 3e-3 * fmax(1.0, fabs(centre)), sum = 0;
    cg_status status = CG_OK;
    for (int k = 1; k <= 3 && status == CG_OK; k++) {
        double up, down;
        host[element] = centre + k * h;
        double span = host[element];
        status = cg_copy_from_host(x[input], host, bytes);
        if (status == CG_OK) status = value_of(f, context, n, x, &up);
        host[element] = centre - k * h;
        span -= host[element]; /* what was really stepped, after rounding */
        if (status == CG_OK) status = cg_copy_from_host(x[input], host, bytes);
        if (status == CG_OK) status = value_of(f, context, n, x, &down);
        if (status == CG_OK) sum += weight[k - 1] * (up - down) * (2 * k * h / span);
    }
    host[element] = centre;
    *slope = sum / h;
    return status ? status : cg_copy_from_host(x[input], host, bytes);
}

static void compare(double analytic, double slope, double rtol, double atol, int input, int64_t element,
                    cg_gradcheck_result *r) {
    double error = fabs(analytic - slope) / (atol + rtol * fmax(fabs(analytic), fabs(slope)));
    if (error <= r->worst) return; /* a NaN is not: it becomes the worst */
    if (isnan(r->worst)) return;
    *r = (cg_gradcheck_result){
        .worst = error, .analytic = analytic, .numerical = slope, .input = input, .element = element};
}

static cg_status check_input(cg_function *f, void *context, int n, cg_tensor **x, int input,
                             cg_tensor *gradient, double rtol, double atol, cg_gradcheck_result *r) {
    int64_t numel = cg_numel(x[input]);
    size_t bytes = (size_t)numel * sizeof(double);
    double *host = malloc(2 * bytes + 1), *analytic = host ? host + numel : NULL;
    if (!host) return CG_FAIL(&cg_device_of(x[0])->error, CG_ERROR_MEMORY, "gradcheck: out of host memory");
    cg_status status = cg_to_host(x[input], host, bytes);
    if (status == CG_OK) status = cg_to_host(gradient, analytic, bytes);
    for (int64_t i = 0; i < numel && status == CG_OK; i++) {
        double slope = 0;
        status = numerical(f, context, n, x, input, host, i, &slope);
        if (status == CG_OK) compare(analytic[i], slope, rtol, atol, input, i, r);
    }
    free(host);
    return status;
}

/* Copies of the inputs that the checker may write to, and their gradients. */
static cg_status prepare(cg_function *f, void *context, int n, cg_tensor *const *x, cg_tensor **copy,
                         cg_tensor **gradient) {
    cg_device *dev = cg_device_of(x[0]);
    cg_tensor *leaf[CG_RULE_INPUTS * 4];
    for (int i = 0; i < n; i++) {
        cg_tensor *plain = cg_detach(x[i]);
        copy[i] = cg_require_grad(cg_to_device(plain, dev), true); /* f may itself take gradients */
        leaf[i] = cg_require_grad(cg_to_device(plain, dev), true);
        if (!leaf[i] || !copy[i]) return dev->error.code;
    }
    cg_tensor *y = contract(f(context, n, leaf));
    if (!y) return dev->error.code ? dev->error.code : CG_ERROR_STATE;
    return cg_grad(y, NULL, n, leaf, false, gradient);
}

cg_status cg_gradcheck(cg_function *f, void *context, int n, cg_tensor *const *x, double rtol, double atol,
                       cg_gradcheck_result *result) {
    enum { MOST = CG_RULE_INPUTS * 4 };
    *result = (cg_gradcheck_result){0};
    if (n < 1 || n > MOST || !x[0]) return CG_ERROR_ARGUMENT;
    cg_device *dev = cg_device_of(x[0]);
    for (int i = 0; i < n; i++)
        if (!x[i] || cg_dtype_of(x[i]) != CG_F64)
            return CG_FAIL(&dev->error, CG_ERROR_DTYPE, "gradcheck: input %d must be f64", i);
    cg_scope *scope = cg_scope_begin(dev);
    if (!scope) return dev->error.code;
    cg_tensor *copy[MOST], *gradient[MOST];
    cg_status status = prepare(f, context, n, x, copy, gradient);
    for (int i = 0; i < n && status == CG_OK; i++)
        status = check_input(f, context, n, copy, i, gradient[i], rtol, atol, result);
    result->passed = status == CG_OK && result->worst <= 1;
    cg_scope_end(scope);
    return status;
}
