/* The smallest training there is: a network with one hidden layer learns the exclusive or. */
#include <clgrad/clgrad.h>

int main(void) {
    const float inputs[] = {0, 0, 0, 1, 1, 0, 1, 1}, outputs[] = {0, 1, 1, 0};
    const int64_t sizes[] = {2, 8, 1};
    cg_device *dev = cg_device_open(NULL);
    if (!dev) {
        fprintf(stderr, "%s\n", cg_error_message(NULL));
        return 1;
    }
    cg_tensor *x = cg_from_f32(dev, cg_shape(4, 2), inputs),
              *target = cg_from_f32(dev, cg_shape(4, 1), outputs);
    cg_module *net = cg_mlp(dev, 3, sizes, "tanh");
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){.lr = 0.05});

    for (int step = 0; step <= 300; step++) {
        cg_scope *scope = cg_scope_begin(dev); /* what a step makes is released with it */
        cg_tensor *loss = cg_mse_loss(cg_forward(net, x), target, CG_MEAN);
        cg_backward(loss);
        cg_optimizer_step(adam);
        double value;
        if (step % 100 == 0 && cg_item(loss, &value) == CG_OK) printf("step %3d  loss %.6f\n", step, value);
        cg_scope_end(scope);
    }
    cg_print(stdout, cg_forward(net, x));

    cg_status status = cg_error_code(dev);
    if (status != CG_OK) fprintf(stderr, "%s\n", cg_error_message(dev));
    cg_optimizer_free(adam);
    cg_module_free(net);
    cg_device_close(dev);
    return status == CG_OK ? 0 : 1;
}
