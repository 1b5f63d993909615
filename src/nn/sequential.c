/* Modules one after the other, and the perceptron made of them. */
#include <string.h>

#include "nn/module.h"

static cg_tensor *sequential_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)context;
    for (int i = 0; i < self->n_children; i++) x = cg_forward(self->child[i], x);
    return x;
}

cg_module *cg_sequential(cg_device *dev) {
    return cg_custom_module(dev, "sequential", sequential_forward, NULL, NULL);
}

cg_status cg_sequential_add(cg_module *net, cg_module *layer) {
    if (!net || !layer) {
        cg_module_free(layer);
        return CG_ERROR_ARGUMENT;
    }
    cg_status status = CG_OK;
    if (net->forward != sequential_forward)
        status =
            CG_FAIL(&net->dev->error, CG_ERROR_ARGUMENT, "sequential_add: %s is not a sequential", net->name);
    else if (net->dev != layer->dev)
        status = CG_FAIL(&net->dev->error, CG_ERROR_DEVICE_MISMATCH,
                         "sequential_add: %s lives on another device", layer->name);
    else
        status = cg_module_add_child(net, layer);
    if (status) cg_module_free(layer);
    return status;
}

/* He's variance is made for activations that are zero on one side, Xavier's for the others. */
static cg_init init_for(const char *activation) {
    static const char *const one_sided[] = {"relu", "leaky_relu", "gelu", "gelu_tanh", "swish"};
    for (size_t i = 0; i < sizeof one_sided / sizeof *one_sided; i++)
        if (strcmp(activation, one_sided[i]) == 0) return CG_INIT_HE;
    return CG_INIT_XAVIER;
}

static cg_status add_layers(cg_module *net, int n, const int64_t *sizes, const char *activation) {
    cg_status status = CG_OK;
    for (int i = 0; i + 1 < n && status == CG_OK; i++) {
        bool last = i + 2 == n;
        cg_init init = last ? CG_INIT_XAVIER : init_for(activation);
        status = cg_sequential_add(net, cg_linear_module(net->dev, sizes[i], sizes[i + 1], init));
        if (status == CG_OK && !last)
            status = cg_sequential_add(net, cg_activation_module(net->dev, activation));
    }
    return status;
}

cg_module *cg_mlp(cg_device *dev, int n, const int64_t *sizes, const char *activation) {
    if (!dev) return NULL;
    if (n < 2 || !sizes || !activation) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "mlp: expected at least 2 sizes and an activation, got %d",
                n);
        return NULL;
    }
    cg_module *net = cg_sequential(dev);
    if (net && add_layers(net, n, sizes, activation) == CG_OK) return net;
    cg_module_free(net);
    return NULL;
}
