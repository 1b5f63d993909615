/* The gradient of every operation that is not a row, and the gradient of that. */
#include "support/device_test.h"
#include "support/gradients.h"
#include "support/operations.h"

#include <string.h>

static void run(cg_device *dev, const operation *op, bool second) {
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x[3];
    check_case("%s of %s: %s", second ? "second gradient" : "gradient", op->name, op->how);
    operation_inputs(dev, op, x);
    if (second)
        check_second_gradient(op->call, NULL, op->n, x);
    else
        check_gradient(op->call, NULL, op->n, x);
    cg_scope_end(scope);
    scratch_free_all();
}

/*
 * Rules are compositions, the same on every backend: on OpenCL, where each needs kernels to be built, those
 * operations take their turn that have kernels of their own.
 */
static bool in_turn(const cg_device *dev, const operation *op) {
    static const char *const some[] = {"softmax", "matmul", "linear", "cross_entropy", "index_select"};
    bool listed = !device_is_opencl(dev);
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        listed |= !strcmp(some[i], op->name) && operation_is_first(op);
    return listed && op->call && cg_device_properties(dev)->has_f64;
}

DEVICE_TEST(operations, gradients) {
    for (int i = 0; i < operation_count(); i++)
        if (in_turn(dev, operation_at(i))) run(dev, operation_at(i), false);
}

DEVICE_TEST(operations, second_gradients) {
    if (device_is_opencl(dev)) return;
    for (int i = 0; i < operation_count(); i++)
        if (operation_at(i)->call) run(dev, operation_at(i), true);
}

/* The f32 gradient is the f64 gradient, rounded: the same rule in another dtype. */
DEVICE_TEST_ONCE(operations, gradients_in_f32) {
    for (int i = 0; i < operation_count(); i++) {
        const operation *op = operation_at(i);
        if (!in_turn(dev, op) || !strcmp(op->name, "cast")) continue;
        cg_scope *scope = cg_scope_begin(dev);
        check_case("f32 gradient of %s: %s", op->name, op->how);
        cg_tensor *x[3], *wide[3] = {0}, *narrow[3] = {0};
        operation_inputs(dev, op, x);
        for (int k = 0; k < op->n; k++) {
            narrow[k] = cg_require_grad(cg_cast(x[k], CG_F32), true);
            wide[k] = cg_require_grad(cg_cast(cg_detach(narrow[k]), CG_F64), true);
        }
        CHECK(cg_backward(cg_sum(op->call(NULL, op->n, wide), CG_ALL_AXES, false)) == CG_OK);
        CHECK(cg_backward(cg_sum(op->call(NULL, op->n, narrow), CG_ALL_AXES, false)) == CG_OK);
        for (int k = 0; k < op->n; k++)
            check_within(cg_grad_of(narrow[k]), CG_F32, op->shape[k], read_values(cg_grad_of(wide[k])), 64,
                         NULL);
        cg_scope_end(scope);
        scratch_free_all();
    }
}
