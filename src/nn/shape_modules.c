/* Modules that show each sample in another shape. */

#include "clgrad/manipulation.h"
#include "core/shape.h"
#include "nn/module.h"

/* Whether x has an axis of samples. */
static bool has_samples(const char *op, const cg_tensor *x) {
    if (x->shape.rank > 0) return true;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: expected samples along axis 0, got a scalar ()",
            op);
    return false;
}

static cg_tensor *flatten_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)context;
    (void)self;
    if (!has_samples("flatten_module", x)) return NULL;
    int64_t features = 1;
    for (int i = 1; i < x->shape.rank; i++) features *= x->shape.dim[i];
    return x->shape.rank == 2 ? x : cg_reshape(x, cg_shape(x->shape.dim[0], features));
}

cg_module *cg_flatten_module(cg_device *dev) {
    return cg_module_new(dev, "flatten", flatten_forward, NULL, NULL);
}

static cg_tensor *reshape_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)self;
    const cg_dims *sample = context;
    if (!has_samples("reshape_module", x)) return NULL;
    cg_dims shape = {.rank = sample->rank + 1, .dim = {x->shape.dim[0]}};
    for (int i = 0; i < sample->rank; i++) shape.dim[i + 1] = sample->dim[i];
    return cg_reshape(x, shape);
}

static bool is_sample_shape(const cg_dims *sample) {
    if (sample->rank < 0 || sample->rank >= CG_MAX_RANK) return false;
    int open = 0;
    for (int i = 0; i < sample->rank; i++) {
        if (sample->dim[i] < -1) return false;
        open += sample->dim[i] == -1;
    }
    return open <= 1;
}

cg_module *cg_reshape_module(cg_device *dev, cg_dims sample) {
    if (!dev) return NULL;
    if (!is_sample_shape(&sample)) {
        CG_FAIL(
            &dev->error, CG_ERROR_SHAPE,
            "reshape_module: %s is no shape of a sample: expected rank 0 to %d, dims >= 0, one at most -1",
            CG_SHAPE_STR(&sample), CG_MAX_RANK - 1);
        return NULL;
    }
    return cg_module_keeping(dev, "reshape", reshape_forward, &sample, sizeof sample);
}
