/* Dropout, which evaluation leaves out. */
#include <stdlib.h>

#include "clgrad/random.h"
#include "nn/module.h"

static cg_tensor *dropout_forward(void *context, cg_module *self, cg_tensor *x) {
    return self->training ? cg_dropout(x, *(const double *)context) : x;
}

cg_module *cg_dropout_module(cg_device *dev, double p) {
    if (!dev) return NULL;
    if (!(p >= 0 && p <= 1)) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "dropout_module: p is %g, expected 0 <= p <= 1", p);
        return NULL;
    }
    double *kept = malloc(sizeof *kept);
    if (!kept) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "dropout_module: out of host memory");
        return NULL;
    }
    *kept = p;
    cg_module *module = cg_module_new(dev, "dropout", dropout_forward, free, kept);
    if (!module) free(kept);
    return module;
}
