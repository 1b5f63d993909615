/* Parameters and buffers of a tree in another dtype. */
#include <stdlib.h>

#include "clgrad/autograd.h"
#include "clgrad/ops.h"
#include "core/dtype.h"
#include "nn/module.h"

/* A copy of x in `dtype`, retained, frozen if x is; the same x, retained, where there is nothing to convert. */
static cg_tensor *converted(cg_tensor *x, cg_dtype dtype) {
    if (x->storage->dtype == dtype || !cg_dtype_is_float(x->storage->dtype)) return cg_retain(x);
    cg_no_grad_begin(x->storage->dev);
    cg_tensor *value = cg_eval(cg_cast(x, dtype));
    cg_no_grad_end(x->storage->dev);
    return cg_retain(cg_requires_grad(x) ? cg_require_grad(value, true) : value);
}

/* The new tensors of one kind, all or none of them. */
static cg_tensor **convert_all(const cg_entries *list, cg_device *dev, cg_dtype dtype) {
    cg_tensor **value = calloc((size_t)list->n + 1, sizeof(cg_tensor *));
    if (!value) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "module_set_dtype: out of host memory");
        return NULL;
    }
    for (int i = 0; i < list->n; i++) {
        value[i] = converted(*list->entry[i].tensor, dtype);
        if (value[i]) continue;
        while (i-- > 0) cg_release(value[i]);
        free(value);
        return NULL;
    }
    return value;
}

/* The tensors of a list take the place of the slots' own; or are let go of where `into` is false. */
static void settle(const cg_entries *list, cg_tensor **value, bool into) {
    for (int i = 0; value && i < list->n; i++) {
        cg_tensor *old = into ? *list->entry[i].tensor : value[i];
        if (into) *list->entry[i].tensor = value[i];
        cg_release(old);
    }
    free(value);
}

cg_status cg_module_set_dtype(cg_module *module, cg_dtype dtype) {
    if (!module) return CG_ERROR_ARGUMENT;
    cg_device *dev = module->dev;
    cg_dims scalar = {0};
    int64_t numel;
    if (!cg_dtype_is_float(dtype))
        return CG_FAIL(&dev->error, CG_ERROR_DTYPE, "module_set_dtype: %s, expected f32 or f64",
                       cg_dtype_name(dtype));
    cg_status status = cg_tensor_check(dev, "module_set_dtype", dtype, &scalar, &numel);
    if (status) return status;
    const cg_entries *parameters = cg_module_tree(module, CG_PARAMETERS),
                     *buffers = cg_module_tree(module, CG_BUFFERS);
    cg_scope *scope = parameters && buffers ? cg_scope_begin(dev) : NULL;
    if (!scope) return dev->error.code;
    cg_tensor **p = convert_all(parameters, dev, dtype);
    cg_tensor **b = p ? convert_all(buffers, dev, dtype) : NULL;
    settle(parameters, p, b != NULL);
    settle(buffers, b, b != NULL);
    cg_scope_end(scope);
    return b ? CG_OK : dev->error.code;
}
