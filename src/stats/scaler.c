/* Scalers: normalization that is fitted on one set and applied to others. */
#include <stdlib.h>

#include "ops/reduction.h"
#include "stats/normalize.h"

struct cg_scaler {
    cg_tensor *shift, *scale; /* retained */
    double offset;
};

/* Takes computed parameters; NULL for a NULL one. */
static cg_scaler *scaler_of(cg_tensor *shift, cg_tensor *scale, double offset) {
    if (!cg_eval(shift) || !cg_eval(scale)) return NULL;
    cg_scaler *s = malloc(sizeof *s);
    if (!s) {
        CG_FAIL(&shift->storage->dev->error, CG_ERROR_MEMORY, "scaler: out of host memory");
        return NULL;
    }
    *s = (cg_scaler){.shift = cg_retain(shift), .scale = cg_retain(scale), .offset = offset};
    return s;
}

static cg_scaler *fit_zscore(cg_tensor *x, unsigned mask, int ddof) {
    cg_tensor *std = cg_std(x, cg_reduction_axes(mask), ddof, true);
    return scaler_of(cg_centre(x, mask), cg_not_zero(std), 0);
}

static cg_scaler *fit_minmax(cg_tensor *x, cg_axis_set axes, double lo, double hi) {
    cg_tensor *least = cg_min(x, axes, true), *range = cg_sub(cg_max(x, axes, true), least);
    return scaler_of(least, cg_not_zero(cg_div(range, hi - lo)), lo);
}

cg_scaler *cg_scaler_fit_zscore(cg_tensor *x, cg_axis_set axes, int ddof) {
    unsigned mask;
    if (!x || !cg_reduction_mask("scaler_fit_zscore", x, axes, &mask)) return NULL;
    cg_device *dev = x->storage->dev;
    int64_t n = cg_reduction_count(&x->shape, mask);
    if (n == 0 || n <= ddof) {
        CG_FAIL(&dev->error, CG_ERROR_SHAPE,
                "scaler_fit_zscore: %lld elements to a deviation, more than ddof %d are needed; x is %s",
                (long long)n, ddof, CG_SHAPE_STR(&x->shape));
        return NULL;
    }
    cg_scope *scope = cg_values_begin(dev);
    if (!scope) return NULL;
    cg_scaler *s = fit_zscore(cg_op_real(x), mask, ddof);
    cg_values_end(scope, NULL);
    return s;
}

cg_scaler *cg_scaler_fit_minmax(cg_tensor *x, cg_axis_set axes, double lo, double hi) {
    unsigned mask;
    if (!x || !cg_minmax_check("scaler_fit_minmax", x, lo, hi) ||
        !cg_reduction_mask("scaler_fit_minmax", x, axes, &mask) ||
        !cg_reduction_not_empty("scaler_fit_minmax", x, mask))
        return NULL;
    cg_scope *scope = cg_values_begin(x->storage->dev);
    if (!scope) return NULL;
    cg_scaler *s = fit_minmax(cg_op_real(x), axes, lo, hi);
    cg_values_end(scope, NULL);
    return s;
}

cg_scaler *cg_scaler_new(cg_tensor *shift, cg_tensor *scale, double offset) {
    if (!shift || !scale) return NULL;
    cg_device *dev = shift->storage->dev;
    cg_dtype dtype = shift->storage->dtype;
    if (!cg_op_same_device("scaler_new", dev, 1, &scale)) return NULL;
    if (!cg_dtype_is_float(dtype) || scale->storage->dtype != dtype) {
        CG_FAIL(&dev->error, CG_ERROR_DTYPE,
                "scaler_new: shift is %s, scale %s; the same real dtype is needed", cg_dtype_name(dtype),
                cg_dtype_name(scale->storage->dtype));
        return NULL;
    }
    if (!cg_dims_equal(&shift->shape, &scale->shape)) {
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "scaler_new: shift is %s, scale %s; the same shape is needed",
                CG_SHAPE_STR(&shift->shape), CG_SHAPE_STR(&scale->shape));
        return NULL;
    }
    return scaler_of(shift, scale, offset);
}

/* Whether the parameters broadcast to x and leave its shape. */
static bool fits(const char *op, const cg_scaler *s, cg_tensor *x) {
    cg_dims common;
    cg_device *dev = s->shift->storage->dev;
    if (!cg_op_same_device(op, dev, 1, &x)) return false;
    if (cg_broadcast_shapes(x->shape, s->shift->shape, &common) && cg_dims_equal(&common, &x->shape))
        return true;
    CG_FAIL(&dev->error, CG_ERROR_SHAPE, "%s: parameters of shape %s do not fit x %s", op,
            CG_SHAPE_STR(&s->shift->shape), CG_SHAPE_STR(&x->shape));
    return false;
}

cg_tensor *cg_scaler_apply(const cg_scaler *s, cg_tensor *x) {
    if (!s || !x || !fits("scaler_apply", s, x)) return NULL;
    return cg_add(cg_div(cg_sub(cg_op_real(x), s->shift), s->scale), s->offset);
}

cg_tensor *cg_scaler_invert(const cg_scaler *s, cg_tensor *y) {
    if (!s || !y || !fits("scaler_invert", s, y)) return NULL;
    return cg_add(cg_mul(cg_sub(cg_op_real(y), s->offset), s->scale), s->shift);
}

cg_status cg_scaler_parameters(const cg_scaler *s, cg_tensor **shift, cg_tensor **scale, double *offset) {
    if (!s) return CG_ERROR_ARGUMENT;
    if (shift) *shift = s->shift;
    if (scale) *scale = s->scale;
    if (offset) *offset = s->offset;
    return CG_OK;
}

void cg_scaler_free(cg_scaler *s) {
    if (!s) return;
    cg_release(s->shift);
    cg_release(s->scale);
    free(s);
}
