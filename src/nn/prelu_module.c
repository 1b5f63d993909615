/* The rectifier whose slope is trained. */
#include "clgrad/activations.h"
#include "clgrad/manipulation.h"
#include "core/shape.h"
#include "nn/module.h"

/* Slopes (C) against x (N, C, ...): with the axes behind C. One slope broadcasts as it is. */
static cg_tensor *prelu_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)context;
    cg_tensor *slope = self->own[CG_PARAMETERS].slot[0].tensor;
    int64_t channels = cg_numel(slope);
    if (channels == 1) return cg_prelu(x, slope);
    if (x->shape.rank < 2 || x->shape.dim[1] != channels) {
        CG_FAIL(&self->dev->error, CG_ERROR_SHAPE, "prelu_module: expected x (N, %lld, ...), got %s",
                (long long)channels, CG_SHAPE_STR(&x->shape));
        return NULL;
    }
    cg_dims shape = {.rank = x->shape.rank - 1, .dim = {channels}};
    for (int i = 1; i < shape.rank; i++) shape.dim[i] = 1;
    return cg_prelu(x, cg_reshape(slope, shape));
}

cg_module *cg_prelu_module(cg_device *dev, int64_t channels) {
    if (!dev) return NULL;
    if (channels < 1) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "prelu_module: %lld channels, expected at least 1",
                (long long)channels);
        return NULL;
    }
    cg_module *module = cg_module_new(dev, "prelu", prelu_forward, NULL, NULL);
    cg_scope *scope = module ? cg_scope_begin(dev) : NULL;
    cg_tensor *start = scope ? cg_full(dev, CG_F32, cg_shape(channels), 0.25) : NULL;
    bool ok = start && cg_module_add_parameter(module, "weight", start) == CG_OK;
    cg_scope_end(scope);
    if (ok) return module;
    cg_module_free(module);
    return NULL;
}
