/* Activations by name, and the softmax over an axis. */
#include <string.h>

#include "clgrad/activations.h"
#include "clgrad/reduce.h"
#include "nn/module.h"

static cg_tensor *leaky_relu_usual(cg_tensor *x) { return cg_leaky_relu(x, 0.01); }
static cg_tensor *elu_usual(cg_tensor *x) { return cg_elu(x, 1); }
static cg_tensor *celu_usual(cg_tensor *x) { return cg_celu(x, 1); }
static cg_tensor *softmax_last(cg_tensor *x) { return cg_softmax(x, -1); }
static cg_tensor *log_softmax_last(cg_tensor *x) { return cg_log_softmax(x, -1); }
static cg_tensor *glu_last(cg_tensor *x) { return cg_glu(x, -1); }
static cg_tensor *swiglu_last(cg_tensor *x) { return cg_swiglu(x, -1); }

typedef struct activation {
    const char *name;
    cg_tensor *(*apply)(cg_tensor *x);
} activation;

static const activation activations[] = {
    {"relu", cg_relu},
    {"leaky_relu", leaky_relu_usual},
    {"relu6", cg_relu6},
    {"sigmoid", cg_sigmoid},
    {"log_sigmoid", cg_log_sigmoid},
    {"hardsigmoid", cg_hardsigmoid},
    {"tanh", cg_tanh},
    {"hardtanh", cg_hardtanh},
    {"swish", cg_swish},
    {"silu", cg_swish},
    {"hardswish", cg_hardswish},
    {"gelu", cg_gelu},
    {"gelu_tanh", cg_gelu_tanh},
    {"elu", elu_usual},
    {"selu", cg_selu},
    {"celu", celu_usual},
    {"softplus", cg_softplus},
    {"softsign", cg_softsign},
    {"mish", cg_mish},
    {"softmax", softmax_last},
    {"log_softmax", log_softmax_last},
    {"glu", glu_last},
    {"swiglu", swiglu_last},
};

enum { ACTIVATIONS = sizeof activations / sizeof *activations };

static cg_tensor *activation_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)self;
    return ((const activation *)context)->apply(x);
}

static void unknown(cg_device *dev, const char *name) {
    char list[512] = "";
    for (int i = 0; i < ACTIVATIONS; i++) {
        if (i) strcat(list, ", ");
        strcat(list, activations[i].name);
    }
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "activation_module: unknown activation %s, expected one of %s",
            name ? name : "(null)", list);
}

cg_module *cg_activation_module(cg_device *dev, const char *name) {
    if (!dev) return NULL;
    for (int i = 0; name && i < ACTIVATIONS; i++)
        if (strcmp(name, activations[i].name) == 0)
            return cg_module_new(dev, name, activation_forward, NULL, (void *)&activations[i]);
    unknown(dev, name);
    return NULL;
}

static cg_tensor *softmax_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)self;
    return cg_softmax(x, *(const int *)context);
}

cg_module *cg_softmax_module(cg_device *dev, int axis) {
    return cg_module_keeping(dev, "softmax", softmax_forward, &axis, sizeof axis);
}
