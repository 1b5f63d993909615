/* A block whose output is added to its input. */
#include "clgrad/ops.h"
#include "core/shape.h"
#include "nn/module.h"

static cg_tensor *residual_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)context;
    cg_tensor *inner = cg_forward(self->child[0].module, x);
    cg_tensor *beside = self->n_children > 1 ? cg_forward(self->child[1].module, x) : x;
    if (!inner || !beside) return NULL;
    if (cg_dims_equal(&inner->shape, &beside->shape)) return cg_add(inner, beside);
    CG_FAIL(&self->dev->error, CG_ERROR_SHAPE, "residual_module: the inner module gives %s, the shortcut %s",
            CG_SHAPE_STR(&inner->shape), CG_SHAPE_STR(&beside->shape));
    return NULL;
}

/* Both children belong to the module, or are gone. A shortcut that is a part of something goes with that. */
static cg_status add_children(cg_module *module, cg_module *inner, cg_module *shortcut) {
    const bool is_part = shortcut && shortcut->parent;
    cg_status status = cg_module_add(module, "inner", inner);
    if (status == CG_OK && shortcut) return cg_module_add(module, "shortcut", shortcut);
    if (status && !is_part) cg_module_free(shortcut);
    return status;
}

static void free_both(cg_module *inner, cg_module *shortcut) {
    const bool gone = shortcut && (shortcut == inner || shortcut->parent);
    cg_module_free(inner);
    if (!gone) cg_module_free(shortcut);
}

cg_module *cg_residual_module(cg_module *inner, cg_module *shortcut) {
    cg_module *module = NULL;
    if (inner && inner == shortcut)
        CG_FAIL(&inner->dev->error, CG_ERROR_ARGUMENT,
                "residual_module: the %s is inner module and shortcut at once", inner->name);
    else if (inner && (shortcut || inner->dev->error.code == CG_OK))
        module = cg_module_new(inner->dev, "residual", residual_forward, NULL, NULL);
    if (!module) {
        free_both(inner, shortcut);
        return NULL;
    }
    if (add_children(module, inner, shortcut) == CG_OK) return module;
    cg_module_free(module);
    return NULL;
}
