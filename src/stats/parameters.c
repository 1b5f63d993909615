#include "stats/parameters.h"

#include <math.h>

enum { MOST = 4 };

/* Only tensors have a device; without one there is nowhere to keep the error but the thread. */
static cg_device *device_of(const char *op, int n, const cg_arg *x, cg_tensor **t) {
    for (int i = 0; i < n; i++) {
        t[i] = x[i].kind == CG_ARG_TENSOR ? x[i].tensor : NULL;
        if (x[i].kind == CG_ARG_TENSOR && !t[i]) return NULL;
    }
    cg_device *dev = cg_device_of_any(n, t);
    if (dev) return cg_op_same_device(op, dev, n, t) ? dev : NULL;
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    CG_FAIL(err, CG_ERROR_ARGUMENT, "%s: at least one operand must be a tensor", op);
    return NULL;
}

bool cg_density_operands(const char *op, int n, cg_arg *x) {
    cg_tensor *t[MOST] = {0};
    cg_device *dev = device_of(op, n, x, t);
    if (!dev) return false;
    cg_dtype dtype = CG_F32;
    cg_dims shape = {0};
    for (int i = 0; i < n; i++) {
        if (!t[i]) continue;
        if (t[i]->storage->dtype == CG_F64) dtype = CG_F64;
        if (cg_broadcast_shapes(shape, t[i]->shape, &shape)) continue;
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "%s: shapes do not broadcast: %s and %s", op,
                CG_SHAPE_STR(&shape), CG_SHAPE_STR(&t[i]->shape));
        return false;
    }
    for (int i = 0; i < n; i++) {
        double v = x[i].kind == CG_ARG_INTEGER ? (double)x[i].integer : x[i].real;
        if (t[i] || i == 0)
            x[i] = cg_arg_tensor(t[i] ? cg_op_cast(t[i], dtype) : cg_full(dev, dtype, cg_shape(), v));
        else
            x[i] = cg_arg_real(v);
        if (x[i].kind == CG_ARG_TENSOR && !x[i].tensor) return false;
    }
    return true;
}

static bool is_number(cg_arg x) { return x.kind != CG_ARG_TENSOR; }

cg_arg cg_parameter_map(cg_arg x, double (*host)(double), cg_tensor *(*device)(cg_tensor *)) {
    return is_number(x) ? cg_arg_real(host(x.real)) : cg_arg_tensor(device(x.tensor));
}

cg_arg cg_parameter_add(cg_arg x, cg_arg y) {
    return is_number(x) && is_number(y) ? cg_arg_real(x.real + y.real) : cg_arg_tensor(cg_add(x, y));
}

cg_arg cg_parameter_sub(cg_arg x, cg_arg y) {
    return is_number(x) && is_number(y) ? cg_arg_real(x.real - y.real) : cg_arg_tensor(cg_sub(x, y));
}

static double positive_number(double x) { return x > 0 ? x : (double)NAN; }
static cg_tensor *positive_tensor(cg_tensor *x) { return cg_where(cg_gt(x, 0), x, (double)NAN); }
cg_arg cg_parameter_positive(cg_arg x) { return cg_parameter_map(x, positive_number, positive_tensor); }

static double probability_number(double x) { return x >= 0 && x <= 1 ? x : (double)NAN; }
static cg_tensor *probability_tensor(cg_tensor *x) {
    return cg_where(cg_logical_and(cg_ge(x, 0), cg_le(x, 1)), x, (double)NAN);
}
cg_arg cg_parameter_probability(cg_arg x) {
    return cg_parameter_map(x, probability_number, probability_tensor);
}

static double count_number(double x) { return x >= 0 && floor(x) == x ? x : (double)NAN; }
static cg_tensor *count_tensor(cg_tensor *x) {
    return cg_where(cg_logical_and(cg_ge(x, 0), cg_eq(cg_floor(x), x)), x, (double)NAN);
}
cg_arg cg_parameter_whole(cg_arg x) { return cg_parameter_map(x, count_number, count_tensor); }

cg_tensor *cg_parameter_tensor(cg_tensor *like, cg_arg x) {
    if (!like || !is_number(x)) return like ? x.tensor : NULL;
    return cg_full(like->storage->dev, like->storage->dtype, cg_shape(), x.real);
}

cg_tensor *cg_parameter_value(cg_tensor *like, cg_arg x, double v) {
    if (is_number(x)) return cg_parameter_tensor(like, cg_arg_real(isnan(x.real) ? x.real : v));
    return cg_where(cg_isnan(x.tensor), x, v);
}

static void no_backward(const cg_rule_call *call, cg_tensor **dx) { (void)call, (void)dx; }

static const cg_rule no_rule = {"a count or label", no_backward};

cg_tensor *cg_without_gradient(cg_tensor *k) {
    return k ? cg_record_op(cg_tensor_alias(k), &no_rule, 1, &k, CG_KEEP_NOTHING, NULL) : NULL;
}
