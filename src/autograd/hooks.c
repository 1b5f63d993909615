/* Hooks: functions of the caller's that see the gradient of a tensor on its way, and may replace it. */
#include <stdlib.h>

#include "autograd/node.h"
#include "core/shape.h"

int64_t cg_register_hook(cg_tensor *x, cg_gradient_hook *hook, void *context,
                         void (*release)(void *context)) {
    if (!x || !hook) return 0;
    cg_device *dev = x->storage->dev;
    if (!x->record) {
        CG_FAIL(&dev->error, CG_ERROR_GRADIENT, "register_hook: %s requires no gradient",
                CG_SHAPE_STR(&x->shape));
        return 0;
    }
    cg_hook *made = malloc(sizeof *made);
    if (!made) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "register_hook: out of host memory");
        return 0;
    }
    *made = (cg_hook){.number = (int64_t)++dev->serial, .call = hook, .release = release, .context = context};
    cg_hook **last = &cg_node_of(x)->hooks;
    while (*last) last = &(*last)->next;
    *last = made;
    return made->number;
}

static void hook_free(cg_hook *hook) {
    if (hook->release) hook->release(hook->context);
    free(hook);
}

cg_status cg_remove_hook(cg_tensor *x, int64_t hook) {
    if (!x) return CG_ERROR_ARGUMENT;
    cg_error *err = &x->storage->dev->error;
    cg_node *node = cg_node_of(x);
    cg_hook **at = node ? &node->hooks : NULL;
    while (at && *at && (*at)->number != hook) at = &(*at)->next;
    if (!at || !*at)
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "remove_hook: %s has no hook %lld", CG_SHAPE_STR(&x->shape),
                       (long long)hook);
    if (node->hooks_running)
        return CG_FAIL(err, CG_ERROR_STATE, "remove_hook: a hook of %s is running", CG_SHAPE_STR(&x->shape));
    cg_hook *removed = *at;
    *at = removed->next;
    hook_free(removed);
    return CG_OK;
}

void cg_hooks_release(cg_node *node) {
    for (cg_hook *hook = node->hooks, *next; hook; hook = next) {
        next = hook->next;
        hook_free(hook);
    }
    node->hooks = NULL;
}

static cg_status check_result(const cg_node *node, const cg_tensor *given, const cg_tensor *back,
                              cg_status before) {
    cg_error *err = &node->dev->error;
    if (!back)
        return err->code != before
                   ? err->code
                   : CG_FAIL(err, CG_ERROR_GRADIENT, "backward: a hook gave no gradient for %s",
                             CG_SHAPE_STR(&given->shape));
    if (back->storage->dev != node->dev)
        return CG_FAIL(err, CG_ERROR_DEVICE_MISMATCH, "backward: a hook gave a gradient on another device");
    if (!cg_dims_equal(&back->shape, &given->shape) || back->storage->dtype != given->storage->dtype)
        return CG_FAIL(err, CG_ERROR_SHAPE, "backward: a hook was given %s %s and gave %s %s",
                       cg_dtype_name(given->storage->dtype), CG_SHAPE_STR(&given->shape),
                       cg_dtype_name(back->storage->dtype), CG_SHAPE_STR(&back->shape));
    return CG_OK;
}

cg_status cg_hooks_run(cg_node *node, cg_tensor **g) {
    cg_status status = CG_OK;
    node->hooks_running++;
    for (cg_hook *hook = node->hooks; hook && status == CG_OK; hook = hook->next) {
        cg_status before = node->dev->error.code;
        cg_tensor *back = hook->call(hook->context, *g);
        status = check_result(node, *g, back, before);
        if (status == CG_OK) *g = back;
    }
    node->hooks_running--;
    return status;
}
