/* Gradients, of first and higher order. */
#include "plain/faults/faults.h"

static bool backward(fixture *f) {
    cg_tensor *w = cg_require_grad(cg_clone(f->w), true);
    cg_tensor *loss = cg_cross_entropy(cg_tanh(cg_matmul(f->x, w)), f->labels, CG_SUM);
    static double expected = (double)NAN; /* of the first run, which has no fault */
    if (cg_backward(loss) != CG_OK) return false;
    if (isnan(expected))
        return cg_item(cg_sum(cg_abs(cg_grad_of(w)), CG_ALL_AXES, false), &expected) == CG_OK;
    return holds(cg_abs(cg_grad_of(w)), expected);
}

static bool second_derivative(fixture *f) {
    cg_tensor *x = cg_require_grad(cg_clone(f->x), true), *g = NULL, *h = NULL;
    cg_tensor *y = cg_sum(cg_mul(cg_square(x), x), CG_ALL_AXES, false);
    if (cg_grad(y, NULL, 1, &x, true, &g) != CG_OK) return false;
    return cg_grad(cg_sum(g, CG_ALL_AXES, false), NULL, 1, &x, false, &h) == CG_OK && holds(h, 6 * 46);
}

static cg_tensor *identity_hook(void *context, cg_tensor *g) {
    ++*(int *)context;
    return cg_mul(g, 1);
}

static bool hooks(fixture *f) {
    int calls = 0;
    cg_tensor *w = cg_require_grad(f->w, true), *y = cg_retain_grad(cg_matmul(f->x, w));
    bool ok = cg_register_hook(w, identity_hook, &calls, NULL) > 0 &&
              cg_backward_with(cg_sum(cg_square(y), CG_ALL_AXES, false),
                               (cg_backward_options){.create_graph = true}) == CG_OK;
    ok = ok && cg_backward(cg_sum(cg_grad_of(w), CG_ALL_AXES, false)) == CG_OK;
    cg_zero_grad(w);
    return ok;
}

static cg_tensor *tanh_of_product(void *context, int n, cg_tensor *const *x) {
    (void)n;
    return cg_tanh(cg_matmul(x[0], context ? context : x[1]));
}

static bool checkpoint(fixture *f) {
    cg_tensor *w = cg_require_grad(f->w, true), *y = cg_checkpoint(tanh_of_product, w, 1, &f->x);
    const bool ok = cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_OK;
    cg_zero_grad(w);
    return ok;
}

static cg_tensor *sum_of_product(void *context, int n, cg_tensor *const *x) {
    return cg_sum(tanh_of_product(context, n, x), CG_ALL_AXES, false);
}

static bool products_of_derivatives(fixture *f) {
    cg_tensor *x[2] = {f->x, f->w}, *out[4], *y;
    return cg_jvp(tanh_of_product, NULL, 2, x, x, false, out, &y) == CG_OK &&
           cg_hvp(sum_of_product, NULL, 2, x, x, true, out, NULL) == CG_OK;
}

static bool matrices_of_derivatives(fixture *f) {
    cg_tensor *x[2] = {cg_from_f32(f->dev, cg_shape(1, 2), x_data),
                       cg_from_f32(f->dev, cg_shape(2, 1), x_data)};
    cg_tensor *out[4];
    return cg_jacobian(tanh_of_product, NULL, 2, x, false, out) == CG_OK &&
           cg_hessian(sum_of_product, NULL, 2, x, false, out) == CG_OK &&
           cg_numerical_gradient(sum_of_product, NULL, 2, x, CG_DIFFERENCE_CENTRAL, out) == CG_OK;
}

static bool anomaly(fixture *f) {
    cg_anomaly_begin(f->dev);
    cg_tensor *w = cg_require_grad(f->w, true);
    const bool ok = cg_backward(cg_sum(cg_exp(cg_mul(w, 0.5)), CG_ALL_AXES, false)) == CG_OK;
    cg_anomaly_end(f->dev);
    cg_zero_grad(w);
    return ok;
}

const fault_scenario fault_gradients[] = {
    {"backward", backward, CG_OK},
    {"hooks", hooks, CG_OK},
    {"checkpoint", checkpoint, CG_OK},
    {"vjp, jvp, hvp", products_of_derivatives, CG_OK},
    {"jacobian, hessian", matrices_of_derivatives, CG_OK},
    {"anomaly", anomaly, CG_OK},
    {"second derivative", second_derivative, CG_OK},
    {0},
};
