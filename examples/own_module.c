/*
 * A module of one's own: a gated block y = x + sigmoid(gate(x)) change(x), made of two linear layers, that learns to swap
 * two numbers. Its parameters are listed, trained, saved and printed like those of any other layer.
 */
#include <clgrad/clgrad.h>

/* What the module does. It asks itself for its parts each time: they may have been converted to another dtype. */
static cg_tensor *gated_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)context; /* whatever cg_custom_module was given: sizes, options */
    cg_tensor *gate = cg_sigmoid(cg_forward(cg_module_child(self, "gate"), x));
    return cg_add(x, cg_mul(gate, cg_forward(cg_module_child(self, "change"), x)));
}

/* cg_module_add frees the child if it fails, and NULL gives an error: one check at the end. */
static cg_module *gated_module(cg_device *dev, int64_t width) {
    cg_module *module = cg_custom_module(dev, "gated", gated_forward, NULL, NULL);
    if (cg_module_add(module, "gate", cg_linear_module(dev, width, width, CG_INIT_XAVIER)) == CG_OK &&
        cg_module_add(module, "change", cg_linear_module(dev, width, width, CG_INIT_XAVIER)) == CG_OK)
        return module;
    cg_module_free(module);
    return NULL;
}

/* One step on 64 random pairs; the loss at the end of every 200th. */
static void train_step(cg_module *net, cg_optimizer *adam, int step) {
    cg_device *dev = cg_module_device(net);
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = cg_uniform(dev, CG_F32, cg_shape(64, 2), -1, 1);
    cg_tensor *swapped = cg_flip(x, cg_axes(1)), *loss = cg_mse_loss(cg_forward(net, x), swapped, CG_MEAN);
    cg_backward(loss);
    cg_optimizer_step(adam);
    double value;
    if (step % 200 == 0 && cg_item(loss, &value) == CG_OK) printf("step %4d  loss %.6f\n", step, value);
    cg_scope_end(scope);
}

int main(void) {
    cg_device *dev = cg_device_open(NULL);
    if (!dev) {
        fprintf(stderr, "%s\n", cg_error_message(NULL));
        return 1;
    }
    cg_module *net = cg_sequential(dev);
    cg_sequential_add(net, gated_module(dev, 2));
    cg_sequential_add(net, gated_module(dev, 2));
    cg_module_print(net, stdout);
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){.lr = 0.02});
    for (int step = 0; step <= 1000; step++) train_step(net, adam, step);

    cg_tensor *x = cg_from_f32(dev, cg_shape(1, 2), (const float[]){0.25f, -0.75f});
    cg_print(stdout, cg_forward(net, x));
    cg_status status = cg_error_code(dev);
    if (status != CG_OK) fprintf(stderr, "%s\n", cg_error_message(dev));
    cg_optimizer_free(adam);
    cg_module_free(net);
    cg_device_close(dev);
    return status == CG_OK ? 0 : 1;
}
