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

/* Both children belong to the module, or are gone. */
static cg_status add_children(cg_module *module, cg_module *inner, cg_module *shortcut) {
    cg_status status = cg_module_add(module, "inner", inner);
    if (status == CG_OK && shortcut) return cg_module_add(module, "shortcut", shortcut);
    if (status) cg_module_free(shortcut);
    return status;
}

cg_module *cg_residual_module(cg_module *inner, cg_module *shortcut) {
    cg_module *module = NULL;
    if (inner && (shortcut || inner->dev->error.code == CG_OK))
        module = cg_custom_module(inner->dev, "residual", residual_forward, NULL, NULL);
    if (!module) {
        cg_module_free(inner);
        cg_module_free(shortcut);
        return NULL;
    }
    if (add_children(module, inner, shortcut) == CG_OK) return module;
    cg_module_free(module);
    return NULL;
}
