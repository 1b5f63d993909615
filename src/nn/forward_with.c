/* A network as a function of its weights: others stand in for its parameters while it runs. */
#include <stdlib.h>

#include "core/shape.h"
#include "nn/module.h"

static bool fits(const cg_entry *entry, const cg_tensor *x) {
    const cg_tensor *own = *entry->tensor;
    cg_error *err = &own->storage->dev->error;
    if (!x) return false;
    if (!cg_dims_equal(&own->shape, &x->shape)) {
        CG_FAIL(err, CG_ERROR_SHAPE, "forward_with: %s is %s, expected %s", entry->path,
                CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&own->shape));
        return false;
    }
    if (own->storage->dtype != x->storage->dtype) {
        CG_FAIL(err, CG_ERROR_DTYPE, "forward_with: %s is %s, expected %s", entry->path,
                cg_dtype_name(x->storage->dtype), cg_dtype_name(own->storage->dtype));
        return false;
    }
    return true;
}

/* Puts value[i] in place of entry i, and what was there into value[i]. */
static void exchange(const cg_entries *list, cg_tensor **value) {
    for (int i = 0; i < list->n; i++) {
        cg_tensor *own = *list->entry[i].tensor;
        *list->entry[i].tensor = value[i];
        value[i] = own;
    }
}

cg_tensor *cg_forward_with(cg_module *module, cg_tensor *const *parameter, cg_tensor *x) {
    if (!module || !parameter || !x) return NULL;
    const cg_entries *list = cg_module_tree(module, CG_PARAMETERS);
    if (!list) return NULL;
    for (int i = 0; i < list->n; i++)
        if (!fits(&list->entry[i], parameter[i])) return NULL;
    cg_tensor **value = calloc((size_t)list->n + 1, sizeof(cg_tensor *));
    if (!value) {
        CG_FAIL(&module->dev->error, CG_ERROR_MEMORY, "forward_with: out of host memory");
        return NULL;
    }
    for (int i = 0; i < list->n; i++) value[i] = parameter[i];
    exchange(list, value);
    cg_tensor *y = cg_forward(module, x);
    exchange(list, value);
    free(value);
    return y;
}
