/* Modules one after the other. */
#include "nn/module.h"

/* What goes from layer to layer is let go of when the next layer is done: the record keeps what it needs of it. */
static cg_tensor *forward_tidy(cg_module *self, cg_tensor *x) {
    cg_tensor *between = NULL;
    for (int i = 0; i < self->n_children; i++) {
        cg_scope *scope = cg_scope_begin(self->dev);
        cg_tensor *y = scope ? cg_retain(cg_forward(self->child[i].module, x)) : NULL;
        if (scope) cg_scope_drop(scope);
        cg_release(between);
        x = between = y;
    }
    if (!between || cg_scope_adopt(self->dev, between)) return x;
    cg_release(between);
    return NULL;
}

static cg_tensor *sequential_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)context;
    if (self->tidy) return forward_tidy(self, x);
    for (int i = 0; i < self->n_children; i++) x = cg_forward(self->child[i].module, x);
    return x;
}

cg_module *cg_sequential(cg_device *dev) {
    return cg_module_new(dev, "sequential", sequential_forward, NULL, NULL);
}

cg_status cg_sequential_add(cg_module *net, cg_module *layer) {
    if (!net || !layer) return cg_module_add(net, NULL, layer); /* which frees the layer */
    if (net->forward != sequential_forward) {
        cg_status status =
            CG_FAIL(&net->dev->error, CG_ERROR_ARGUMENT, "sequential_add: %s is not a sequential", net->name);
        if (!cg_module_contains(layer, net)) cg_module_free(layer); /* as cg_module_add */
        return status;
    }
    char number[16];
    snprintf(number, sizeof number, "%d", net->n_children);
    return cg_module_add(net, number, layer);
}
