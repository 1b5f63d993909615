/* Dropout, which evaluation leaves out. */
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
    return cg_module_keeping(dev, "dropout", dropout_forward, &p, sizeof p);
}
