/* A convolutional network in the manner of LeNet. */
#include "clgrad/conv.h"
#include "clgrad/models.h"
#include "clgrad/normalization.h"
#include "clgrad/pooling.h"
#include "core/shape.h"
#include "models/assembly.h"
#include "tensor/context.h"

enum { FIRST = 32, SECOND = 64, HIDDEN = 128, KERNEL = 3, WINDOW = 2 };

/* conv 3 x 3 -> batch norm -> relu, which keeps height and width. */
static void add_convolution(cg_module *net, int64_t in, int64_t out, cg_status *status) {
    cg_device *dev = cg_module_device(net);
    const cg_conv_options same = {.padding = {KERNEL / 2, KERNEL / 2}};
    cg_assembly_add(net, NULL, cg_conv2d_module(dev, in, out, KERNEL, KERNEL, same), status);
    cg_assembly_add(net, NULL, cg_batch_norm_module(dev, out, 0.1, 1e-5), status);
    cg_assembly_add(net, NULL, cg_activation_module(dev, "relu"), status);
}

/* Two convolutions; then height and width are halved. */
static void add_stage(cg_module *net, int64_t in, int64_t out, cg_status *status) {
    cg_device *dev = cg_module_device(net);
    add_convolution(net, in, out, status);
    add_convolution(net, out, out, status);
    cg_assembly_add(net, NULL, cg_max_pool2d_module(dev, WINDOW, WINDOW, (cg_pool_options){0}), status);
    cg_assembly_add(net, NULL, cg_dropout_module(dev, 0.25), status);
}

static void add_head(cg_module *net, int64_t features, int64_t classes, cg_status *status) {
    cg_device *dev = cg_module_device(net);
    cg_assembly_add(net, NULL, cg_flatten_module(dev), status);
    cg_assembly_add(net, NULL, cg_linear_module(dev, features, HIDDEN, CG_INIT_HE), status);
    cg_assembly_add(net, NULL, cg_activation_module(dev, "relu"), status);
    cg_assembly_add(net, NULL, cg_dropout_module(dev, 0.5), status);
    cg_assembly_add(net, NULL, cg_linear_module(dev, HIDDEN, classes, CG_INIT_XAVIER), status);
}

static bool check_lenet(cg_device *dev, const cg_dims *sample, int64_t classes) {
    if (sample->rank != 3 || sample->dim[0] < 1 || sample->dim[1] < 4 || sample->dim[2] < 4) {
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "lenet: expected samples (C, H, W) with H, W >= 4, got %s",
                CG_SHAPE_STR(sample));
        return false;
    }
    if (classes < 1) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "lenet: %lld classes, expected at least 1",
                (long long)classes);
        return false;
    }
    return true;
}

cg_module *cg_lenet(cg_device *dev, cg_dims sample, int64_t classes) {
    if (!dev || !check_lenet(dev, &sample, classes)) return NULL;
    cg_module *net = cg_sequential(dev);
    if (!net) return NULL;
    cg_status status = CG_OK;
    add_stage(net, sample.dim[0], FIRST, &status);
    add_stage(net, FIRST, SECOND, &status);
    add_head(net, SECOND * (sample.dim[1] / 4) * (sample.dim[2] / 4), classes, &status);
    return cg_assembly_end(net, status);
}
