/* The first program of the README: learns that y = 3 x + 0.5. */
#include <clgrad/clgrad.h>

int main(void) {
    cg_device *dev = cg_device_open(NULL); /* a GPU if there is one, else the CPU; CLGRAD_DEVICE overrides */
    if (!dev) return fprintf(stderr, "%s\n", cg_error_message(NULL)), 1;

    cg_tensor *x = cg_normal(dev, CG_F32, cg_shape(256, 1), 0, 1);
    cg_tensor *target = cg_add(cg_mul(x, 3), 0.5); /* what is to be learnt: 3 x + 0.5 */
    cg_module *net = cg_linear_module(dev, 1, 1, CG_INIT_XAVIER);
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){.lr = 0.1});

    for (int step = 0; step < 200; step++) {
        cg_scope *scope = cg_scope_begin(dev); /* every temporary of the step is released at its end */
        cg_backward(cg_mse_loss(cg_forward(net, x), target, CG_MEAN));
        cg_optimizer_step(adam);
        cg_scope_end(scope);
    }
    cg_print(stdout, cg_parameter(net, 0, NULL)); /* [[3.0000]] f32 (1, 1) */
    bool failed = cg_error_code(dev) != CG_OK;    /* the first error, if any, of all that was done */
    if (failed) fprintf(stderr, "%s\n", cg_error_message(dev));
    cg_optimizer_free(adam);
    cg_module_free(net);
    cg_device_close(dev);
    return failed;
}
