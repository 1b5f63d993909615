/* The multi-layer perceptron. */
#include <string.h>

#include "clgrad/models.h"
#include "models/assembly.h"
#include "tensor/context.h"

/* He's variance is made for activations that are zero on one side, Xavier's for the others. */
static cg_init init_for(const char *activation) {
    static const char *const one_sided[] = {"relu", "leaky_relu", "relu6", "gelu",     "gelu_tanh", "swish",
                                            "silu", "hardswish",  "mish",  "softplus", "elu",       "celu"};
    for (size_t i = 0; i < sizeof one_sided / sizeof *one_sided; i++)
        if (strcmp(activation, one_sided[i]) == 0) return CG_INIT_HE;
    return CG_INIT_XAVIER;
}

static cg_status add_layers(cg_module *net, int n, const int64_t *sizes, const char *activation) {
    cg_device *dev = cg_module_device(net);
    cg_status status = CG_OK;
    cg_assembly_add(net, NULL, cg_flatten_module(dev), &status);
    for (int i = 0; i + 1 < n; i++) {
        bool last = i + 2 == n;
        cg_init init = last ? CG_INIT_XAVIER : init_for(activation);
        cg_assembly_add(net, NULL, cg_linear_module(dev, sizes[i], sizes[i + 1], init), &status);
        if (!last) cg_assembly_add(net, NULL, cg_activation_module(dev, activation), &status);
    }
    return status;
}

static bool sizes_are_positive(cg_device *dev, int n, const int64_t *sizes) {
    for (int i = 0; i < n; i++)
        if (sizes[i] < 1) {
            CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "mlp: size %d is %lld, expected at least 1", i,
                    (long long)sizes[i]);
            return false;
        }
    return true;
}

cg_module *cg_mlp(cg_device *dev, int n, const int64_t *sizes, const char *activation) {
    if (!dev) return NULL;
    if (n < 2 || !sizes || !activation) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "mlp: expected at least 2 sizes and an activation, got %d",
                n);
        return NULL;
    }
    if (!sizes_are_positive(dev, n, sizes)) return NULL;
    cg_module *net = cg_sequential(dev);
    return net ? cg_assembly_end(net, add_layers(net, n, sizes, activation)) : NULL;
}
