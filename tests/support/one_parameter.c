#include "support/one_parameter.h"

static cg_tensor *identity(void *context, cg_module *self, cg_tensor *x) {
    (void)context, (void)self;
    return x;
}

cg_module *no_parameters(cg_device *dev) { return cg_custom_module(dev, "parameters", identity, NULL, NULL); }

cg_module *one_parameter(cg_device *dev, cg_dtype t, double *start) {
    cg_module *module = no_parameters(dev);
    void *data = scratch(ONE_PARAMETER * cg_dtype_size(t));
    for (int i = 0; i < ONE_PARAMETER; i++) {
        start[i] = 1 - 0.5 * i;
        value_set(t, data, i, start[i]);
    }
    CHECK(cg_module_add_parameter(module, "p", cg_from_host(dev, t, cg_shape(ONE_PARAMETER), data)) == CG_OK);
    return module;
}
