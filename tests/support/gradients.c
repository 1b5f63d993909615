#include "support/gradients.h"

#include "support/compare.h"
#include "catalog/values.h"

#include <math.h>

enum { MOST_INPUTS = 8 };

bool check_gradient(cg_function *f, void *context, int n, cg_tensor *const *x) {
    cg_gradcheck_result r;
    cg_device *dev = cg_device_of(x[0]);
    cg_status status = cg_gradcheck(f, context, n, x, 1e-9, 1e-9, &r);
    if (!CHECK_MSG(status == CG_OK, "cg_gradcheck: %s", cg_error_message(dev))) {
        cg_error_clear(dev);
        return false;
    }
    return CHECK_MSG(r.passed,
                     "gradient of input %d, element %lld: %.17g, numerically %.17g (%.3g of the tolerance)",
                     r.input, (long long)r.element, r.analytic, r.numerical, r.worst);
}

/* Weights that are all different, so that errors of elements do not cancel. */
static cg_tensor *weights_like(cg_tensor *x, int which) {
    int64_t n = cg_numel(x);
    double *w = scratch((size_t)n * sizeof *w);
    for (int64_t i = 0; i < n; i++) w[i] = 0.5 + fmod(0.6180339887498949 * (double)(i + 1 + 7 * which), 1.0);
    return cg_from_f64(cg_device_of(x), cg_shape_get(x), w);
}

/* s(x) = sum_i <w_i, d/dx_i sum(y + y^2 / 2)>, y = f(x): a number whose gradient holds second derivatives. */
static cg_tensor *gradient_product(cg_function *f, void *context, int n, cg_tensor *const *leaf) {
    cg_tensor *g[MOST_INPUTS], *y = f(context, n, leaf), *sum = NULL;
    if (!y) return NULL;
    y = cg_sum(cg_mul(y, cg_add(cg_mul(y, 0.5), 1)), CG_ALL_AXES, false);
    if (!y || cg_grad(y, NULL, n, leaf, true, g) != CG_OK) return NULL;
    for (int i = 0; i < n; i++) {
        cg_tensor *part = cg_sum(cg_mul(g[i], weights_like(g[i], i)), CG_ALL_AXES, false);
        sum = sum ? cg_add(sum, part) : part;
    }
    return sum;
}

static void make_leaves(cg_device *dev, int n, cg_tensor *const *x, double *const *host, cg_tensor **leaf) {
    for (int i = 0; i < n; i++)
        leaf[i] = cg_require_grad(cg_from_f64(dev, cg_shape_get(x[i]), host[i]), true);
}

/* The derivative of s by one element, over 7 points. */
static double numerical(cg_function *f, void *context, int n, cg_tensor *const *x, double *const *host,
                        int input, int64_t element) {
    static const double weight[] = {45.0 / 60, -9.0 / 60, 1.0 / 60};
    double centre = host[input][element], h = 3e-3 * fmax(1, fabs(centre)), slope = 0;
    cg_device *dev = cg_device_of(x[0]);
    for (int k = -3; k <= 3; k++) {
        if (k == 0) continue;
        cg_scope *scope = cg_scope_begin(dev);
        cg_tensor *leaf[MOST_INPUTS];
        double value = (double)NAN;
        host[input][element] = centre + k * h;
        make_leaves(dev, n, x, host, leaf);
        cg_tensor *s = gradient_product(f, context, n, leaf);
        if (s) cg_item(s, &value);
        slope += (k < 0 ? -weight[-k - 1] : weight[k - 1]) * value / h;
        cg_scope_end(scope);
    }
    host[input][element] = centre;
    return slope;
}

bool check_second_gradient(cg_function *f, void *context, int n, cg_tensor *const *x) {
    cg_device *dev = cg_device_of(x[0]);
    cg_tensor *leaf[MOST_INPUTS], *g[MOST_INPUTS];
    double *host[MOST_INPUTS] = {NULL};
    for (int i = 0; i < n; i++) host[i] = read_raw(x[i]);
    make_leaves(dev, n, x, host, leaf);
    cg_tensor *s = gradient_product(f, context, n, leaf);
    /* A linear term, so that s depends on every input even where the second derivatives are zero. */
    for (int i = 0; i < n && s; i++) s = cg_add(s, cg_sum(cg_mul(leaf[i], 0.25), CG_ALL_AXES, false));
    if (!CHECK_MSG(s && cg_grad(s, NULL, n, leaf, false, g) == CG_OK, "second gradient: %s",
                   cg_error_message(dev))) {
        cg_error_clear(dev);
        return false;
    }
    bool ok = true;
    for (int i = 0; i < n; i++) {
        const double *analytic = read_raw(g[i]);
        for (int64_t j = 0; analytic && ok && j < cg_numel(x[i]); j++) {
            double want = numerical(f, context, n, x, host, i, j) + 0.25;
            ok = CHECK_MSG(fabs(analytic[j] - want) <= 1e-6 * fmax(1, fabs(want)),
                           "second gradient of input %d, element %lld: %.17g, numerically %.17g", i,
                           (long long)j, analytic[j], want);
        }
    }
    return ok;
}

cg_tensor *random_f64(cg_device *dev, cg_dims shape, double lo, double hi, double gap, uint64_t *seed) {
    int64_t n = 1;
    for (int i = 0; i < shape.rank; i++) n *= shape.dim[i];
    double *data = random_values(CG_F64, n, lo, hi, seed);
    for (int64_t i = 0; i < n; i++)
        while (fabs(data[i]) < gap) data[i] = lo + (hi - lo) * random_unit(seed);
    return cg_from_f64(dev, shape, data);
}

cg_tensor *total(cg_tensor *x) { return cg_sum(x, CG_ALL_AXES, false); }

cg_tensor *gradient_of(cg_tensor *y, cg_tensor *x, bool create_graph) {
    cg_tensor *g = NULL;
    CHECK(cg_grad(total(y), NULL, 1, &x, create_graph, &g) == CG_OK);
    return g;
}
