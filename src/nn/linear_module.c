/* The linear layer. */
#include "clgrad/linalg.h"
#include "clgrad/random.h"
#include "nn/module.h"

typedef cg_tensor *initializer(cg_device *dev, cg_dtype dtype, int64_t fan_in, int64_t fan_out);

static initializer *const initializers[] = {
    [CG_INIT_XAVIER] = cg_xavier_uniform,
    [CG_INIT_XAVIER_NORMAL] = cg_xavier_normal,
    [CG_INIT_HE] = cg_he_uniform,
    [CG_INIT_HE_NORMAL] = cg_he_normal,
};

static cg_tensor *linear_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)context;
    return cg_linear(x, self->own[CG_PARAMETERS].slot[0].tensor, self->own[CG_PARAMETERS].slot[1].tensor);
}

static cg_status add_parameters(cg_module *module, int64_t in, int64_t out, cg_init init) {
    cg_tensor *weight = initializers[init](module->dev, CG_F32, in, out);
    if (!weight) return module->dev->error.code;
    cg_status status = cg_module_add_parameter(module, "weight", weight);
    if (status) return status;
    cg_tensor *bias = cg_zeros(module->dev, CG_F32, cg_shape(out));
    return bias ? cg_module_add_parameter(module, "bias", bias) : module->dev->error.code;
}

cg_module *cg_linear_module(cg_device *dev, int64_t in, int64_t out, cg_init init) {
    if (!dev) return NULL;
    if ((unsigned)init >= sizeof initializers / sizeof *initializers) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "linear_module: %d is no initialization", (int)init);
        return NULL;
    }
    if (in < 1 || out < 1) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT,
                "linear_module: expected inputs and outputs from 1 on, got %lld and %lld", (long long)in,
                (long long)out);
        return NULL;
    }
    cg_module *module = cg_module_new(dev, "linear", linear_forward, NULL, NULL);
    cg_scope *scope = module ? cg_scope_begin(dev) : NULL;
    bool ok = scope && add_parameters(module, in, out, init) == CG_OK;
    cg_scope_end(scope);
    if (ok) return module;
    cg_module_free(module);
    return NULL;
}
