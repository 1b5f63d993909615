/*
 * Anomaly mode. Every operation passes cg_record_op with its result and inputs, recorded or not; there the result is
 * computed and read. What an operation or a rule does inside may go through NaN on its way to a sound result (a `where`
 * picks the other side): only what comes out is looked at.
 */
#include "autograd/anomaly.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/shape.h"

/* The row-major place of the first NaN of x, -1 if there is none, -2 and an error where it cannot be read. */
static int64_t first_nan(cg_tensor *x) {
    const cg_dtype dtype = x->storage->dtype;
    const int64_t n = cg_numel(x);
    if (!cg_dtype_is_float(dtype) || n == 0) return -1;
    const size_t bytes = (size_t)n * cg_dtype_size(dtype);
    void *data = malloc(bytes);
    if (!data) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_MEMORY, "anomaly: out of host memory for %zu bytes", bytes);
        return -2;
    }
    int64_t at = cg_to_host(x, data, bytes) == CG_OK ? 0 : -2;
    while (at >= 0 && at < n && !(dtype == CG_F32 ? isnan(((float *)data)[at]) : isnan(((double *)data)[at])))
        at++;
    free(data);
    return at == n ? -1 : at;
}

/* Whether one of the tensors (NULL is none) has a NaN, or cannot be read. */
static bool any_nan(int n, cg_tensor *const *x) {
    for (int i = 0; i < n; i++)
        if (x[i] && first_nan(x[i]) != -1) return true;
    return false;
}

static void append_shapes(char *text, size_t room, int n, const cg_dims *shape) {
    size_t used = 0;
    *text = 0;
    for (int i = 0; i < n && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s", i ? ", " : "", CG_SHAPE_STR(&shape[i]));
}

bool cg_anomaly_look(cg_tensor *out, const char *name, int n, cg_tensor *const *input) {
    cg_device *dev = out->storage->dev;
    const int64_t at = first_nan(out);
    if (at == -1) return true;
    if (at < 0) return false;
    cg_status before = dev->error.code;
    if (any_nan(n, input)) return dev->error.code == before;
    cg_dims shape[CG_RULE_INPUTS];
    int count = 0;
    for (int i = 0; i < n; i++)
        if (input[i]) shape[count++] = input[i]->shape;
    char shapes[256];
    append_shapes(shapes, sizeof shapes, count, shape);
    CG_FAIL(&dev->error, CG_ERROR_NAN,
            "anomaly: %s of %s gave %s with a NaN at element %lld, and its inputs have none (forward pass)",
            name, shapes, CG_SHAPE_STR(&out->shape), (long long)at);
    return false;
}

bool cg_anomaly_look_gradient(const cg_rule_call *call, const char *name, int i, cg_tensor *dx) {
    cg_device *dev = call->dev;
    const int64_t at = first_nan(dx);
    if (at == -1) return true;
    if (at < 0) return false;
    cg_status before = dev->error.code;
    cg_tensor *const seen[2] = {call->g, call->out};
    if (any_nan(2, seen) || any_nan(CG_RULE_INPUTS, call->x)) return dev->error.code == before;
    CG_FAIL(
        &dev->error, CG_ERROR_NAN,
        "anomaly: the gradient of %s for its input %d %s has a NaN at element %lld, and the gradient of its "
        "result %s has none (backward pass)",
        name, i, CG_SHAPE_STR(&call->shape[i]), (long long)at, CG_SHAPE_STR(&call->g->shape));
    return false;
}

void cg_anomaly_begin(cg_device *dev) {
    if (dev) dev->anomaly++;
}

void cg_anomaly_end(cg_device *dev) {
    if (dev && dev->anomaly) dev->anomaly--;
}
