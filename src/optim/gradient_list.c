#include "optim/gradient_list.h"

#include <stdlib.h>

#include "clgrad/autograd.h"

cg_status cg_gradient_list_make(const cg_module *module, const char *op, bool gathered,
                                cg_gradient_list *list) {
    const int n = cg_parameter_count(module);
    *list = (cg_gradient_list){.parameter = malloc(((size_t)n + 1) * sizeof(cg_tensor *))};
    if (!list->parameter) return CG_FAIL(&module->dev->error, CG_ERROR_MEMORY, "%s: out of host memory", op);
    for (int i = 0; i < n; i++) {
        cg_tensor *x = cg_parameter(module, i, NULL);
        if (!x) {
            cg_gradient_list_free(list);
            return module->dev->error.code;
        }
        if (!(gathered ? cg_grad_of(x) != NULL : cg_requires_grad(x))) continue;
        list->parameter[list->n++] = x;
        list->f64 = list->f64 || x->storage->dtype == CG_F64;
    }
    return CG_OK;
}

void cg_gradient_list_free(cg_gradient_list *list) {
    free(list->parameter);
    *list = (cg_gradient_list){0};
}
