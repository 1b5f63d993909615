/* Penalties on the parameters as terms of a loss. */
#include "clgrad/ops.h"
#include "clgrad/optim.h"
#include "clgrad/reduce.h"
#include "optim/gradient_list.h"

/* The sum over all parameters of the sum of term(p). */
static cg_tensor *penalty(const cg_module *module, const char *op, cg_tensor *(*term)(cg_tensor *)) {
    cg_gradient_list list;
    if (!module || cg_gradient_list_make(module, op, false, &list) != CG_OK) return NULL;
    cg_tensor *sum = list.n ? NULL : cg_zeros(module->dev, CG_F32, cg_shape());
    for (int i = 0; i < list.n; i++) {
        cg_tensor *part = cg_sum(term(list.parameter[i]), CG_ALL_AXES, false);
        sum = i ? cg_add(sum, part) : part;
    }
    cg_gradient_list_free(&list);
    return sum;
}

static cg_tensor *size_of(cg_tensor *x) { return cg_abs(x); }
static cg_tensor *square_of(cg_tensor *x) { return cg_square(x); }

cg_tensor *cg_l1_penalty(const cg_module *module) { return penalty(module, "l1_penalty", size_of); }

cg_tensor *cg_l2_penalty(const cg_module *module) { return penalty(module, "l2_penalty", square_of); }
