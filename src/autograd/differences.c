/*
 * Differences: f at a few points on both sides of each element.
 *
 * The best step balances what the formula leaves out, O(h^p), against the rounding of f, u |f| / h: it lies near
 * u^(1 / (p + 1)) times the scale of x. Near u itself, as one reads at times, the difference has no digit left.
 */
#include "autograd/differences.h"

#include <math.h>
#include <stdlib.h>

#include "autograd/tape.h"
#include "core/shape.h"

typedef struct stencil {
    double f32, f64; /* the step for scale 1 */
    int points;      /* on each side */
    double weight[3];
} stencil;

static const stencil stencils[] = {
    /* eps^(1/3) of eps = 2^-23, 2^-52: f' = (f1 - f-1) / 2 h + O(h^2) */
    [CG_DIFFERENCE_CENTRAL] = {4.92e-3, 6.06e-6, 1, {0.5}},
    /* f' = (45 (f1 - f-1) - 9 (f2 - f-2) + (f3 - f-3)) / 60 h + O(h^6) */
    [CG_DIFFERENCE_SEVEN] = {0.1, 3e-3, 3, {45.0 / 60, -9.0 / 60, 1.0 / 60}},
};

typedef struct job {
    const char *op;
    cg_function *f;
    void *context;
    int n;
    cg_tensor *const *x;
    cg_tensor *moved; /* the input whose elements move */
    const stencil *s;
} job;

static cg_status value_of(const job *j, double *value) {
    cg_device *dev = cg_device_of(j->x[0]);
    cg_scope *scope = cg_scope_begin(dev);
    if (!scope) return dev->error.code;
    cg_tensor *y = j->f(j->context, j->n, j->x);
    cg_status status = y ? cg_item(y, value) : dev->error.code;
    if (!y && status == CG_OK)
        status = CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s: the function gave no result", j->op);
    cg_scope_end(scope);
    return status;
}

/* Element k of the input's copy on the host, and the value it really has after rounding. */
static double put(cg_dtype dtype, void *host, int64_t k, double value) {
    if (dtype == CG_F64) return ((double *)host)[k] = value;
    return ((float *)host)[k] = (float)value;
}

static double get(cg_dtype dtype, const void *host, int64_t k) {
    return dtype == CG_F64 ? ((const double *)host)[k] : (double)((const float *)host)[k];
}

/* f where element k is `value`; *stands is where it really was. */
static cg_status value_at(const job *j, void *host, size_t bytes, int64_t k, double value, double *f,
                          double *stands) {
    *stands = put(j->moved->storage->dtype, host, k, value);
    cg_status status = cg_copy_from_host(j->moved, host, bytes);
    return status ? status : value_of(j, f);
}

static cg_status slope_at(const job *j, void *host, size_t bytes, int64_t k, double *slope) {
    const cg_dtype dtype = j->moved->storage->dtype;
    const double centre = get(dtype, host, k);
    const double h = (dtype == CG_F64 ? j->s->f64 : j->s->f32) * fmax(1.0, fabs(centre));
    double sum = 0;
    cg_status status = CG_OK;
    for (int p = 1; p <= j->s->points && status == CG_OK; p++) {
        double up, down, high, low;
        status = value_at(j, host, bytes, k, centre + p * h, &up, &high);
        if (status == CG_OK) status = value_at(j, host, bytes, k, centre - p * h, &down, &low);
        if (status == CG_OK) sum += j->s->weight[p - 1] * (up - down) * (2 * p * h / (high - low));
    }
    put(dtype, host, k, centre);
    *slope = sum / h;
    return status;
}

cg_status cg_differences(const char *op, cg_function *f, void *context, int n, cg_tensor *const *copy,
                         int input, cg_difference difference, double *slope) {
    const job j = {.op = op,
                   .f = f,
                   .context = context,
                   .n = n,
                   .x = copy,
                   .moved = copy[input],
                   .s = &stencils[difference]};
    const int64_t numel = cg_numel(j.moved);
    const size_t bytes = (size_t)numel * cg_dtype_size(j.moved->storage->dtype);
    cg_device *dev = j.moved->storage->dev;
    void *host = malloc(bytes ? bytes : 1);
    if (!host) return CG_FAIL(&dev->error, CG_ERROR_MEMORY, "%s: out of host memory", op);
    cg_status status = cg_to_host(j.moved, host, bytes);
    for (int64_t k = 0; k < numel && status == CG_OK; k++) status = slope_at(&j, host, bytes, k, &slope[k]);
    if (status == CG_OK) status = cg_copy_from_host(j.moved, host, bytes);
    free(host);
    return status;
}

cg_tensor *cg_differences_copy(cg_tensor *x) {
    return cg_require_grad(cg_to_device(cg_detach(x), cg_device_of(x)), true);
}

/* --- what users call ------------------------------------------------------------------------------------------ */

/* The slopes by one input as a tensor like it. */
static cg_tensor *gradient_by(cg_function *f, void *context, int n, cg_tensor *const *copy, int input,
                              cg_difference difference) {
    const cg_tensor *x = copy[input];
    const int64_t numel = cg_numel(x);
    cg_device *dev = x->storage->dev;
    double *slope = malloc((2 * (size_t)numel + 1) * sizeof *slope);
    void *host = slope ? slope + numel : NULL;
    if (!slope) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "numerical_gradient: out of host memory");
        return NULL;
    }
    cg_tensor *out = NULL;
    if (cg_differences("numerical_gradient", f, context, n, copy, input, difference, slope) == CG_OK) {
        for (int64_t k = 0; k < numel; k++) put(x->storage->dtype, host, k, slope[k]);
        out = cg_from_host(dev, x->storage->dtype, x->shape, host);
    }
    free(slope);
    return out;
}

static cg_status numerical_gradient(cg_device *dev, cg_function *f, void *context, int n, cg_tensor *const *x,
                                    cg_difference difference, cg_tensor **copy, cg_tensor **out) {
    for (int i = 0; i < n; i++) {
        copy[i] = cg_differences_copy(x[i]);
        if (!copy[i]) return dev->error.code;
    }
    for (int i = 0; i < n; i++) {
        out[i] = gradient_by(f, context, n, copy, i, difference);
        if (!out[i]) return dev->error.code;
    }
    return CG_OK;
}

cg_status cg_numerical_gradient(cg_function *f, void *context, int n, cg_tensor *const *x,
                                cg_difference difference, cg_tensor **out) {
    for (int i = 0; i < n; i++) out[i] = NULL;
    if (!f || n < 1 || (unsigned)difference > CG_DIFFERENCE_SEVEN) return CG_ERROR_ARGUMENT;
    for (int i = 0; i < n; i++)
        if (!x[i]) return CG_ERROR_ARGUMENT;
    cg_device *dev = cg_device_of(x[0]);
    cg_tensor **copy = calloc((size_t)n, sizeof(cg_tensor *));
    if (!copy) return CG_FAIL(&dev->error, CG_ERROR_MEMORY, "numerical_gradient: out of host memory");
    cg_status status = numerical_gradient(dev, f, context, n, x, difference, copy, out);
    for (int i = 0; i < n && status; i++) out[i] = NULL;
    free(copy);
    return status;
}
