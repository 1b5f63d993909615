/* Activations by name. */
#include <string.h>

#include "clgrad/activations.h"
#include "nn/module.h"

static cg_tensor *leaky_relu_usual(cg_tensor *x) { return cg_leaky_relu(x, 0.01); }

typedef struct activation {
    const char *name;
    cg_tensor *(*apply)(cg_tensor *x);
} activation;

static const activation activations[] = {
    {"relu", cg_relu},           {"leaky_relu", leaky_relu_usual},
    {"swish", cg_swish},         {"sigmoid", cg_sigmoid},
    {"tanh", cg_tanh},           {"gelu", cg_gelu},
    {"gelu_tanh", cg_gelu_tanh},
};

enum { ACTIVATIONS = sizeof activations / sizeof *activations };

static cg_tensor *activation_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)self;
    return ((const activation *)context)->apply(x);
}

static void unknown(cg_device *dev, const char *name) {
    char list[256] = "";
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
            return cg_custom_module(dev, name, activation_forward, NULL, (void *)&activations[i]);
    unknown(dev, name);
    return NULL;
}
