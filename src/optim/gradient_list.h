/* The parameters of a module that want, or have, a gradient. */
#ifndef CLGRAD_OPTIM_GRADIENT_LIST_H
#define CLGRAD_OPTIM_GRADIENT_LIST_H

#include "nn/module.h"

typedef struct cg_gradient_list {
    int n;
    cg_tensor **parameter; /* to be freed */
    bool f64;              /* one of them is f64 */
} cg_gradient_list;

/* Lists the parameters that want a gradient, or, where `gathered`, have one; `op` names the error. */
cg_status cg_gradient_list_make(const cg_module *module, const char *op, bool gathered,
                                cg_gradient_list *list);

void cg_gradient_list_free(cg_gradient_list *list);

#endif
