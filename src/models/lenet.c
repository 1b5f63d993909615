/* A convolutional network in the manner of LeNet. */
#include "clgrad/conv.h"
#include "clgrad/models.h"
#include "clgrad/normalization.h"
#include "clgrad/pooling.h"
#include "core/shape.h"
#include "models/assembly.h"
#include "tensor/context.h"

enum { FIRST = 16, SECOND = 32, THIRD = 64, HIDDEN = 128, KERNEL = 3, WINDOW = 2 };

/* conv 3 x 3 -> batch norm -> relu, which keeps height and width. */
static void add_convolution(cg_module *net, int64_t in, int64_t out, cg_status *status) {
    cg_device *dev = cg_module_device(net);
    const cg_conv_options same = {.padding = {KERNEL / 2, KERNEL / 2}};
    cg_assembly_add(net, NULL, cg_conv2d_module(dev, in, out, KERNEL, KERNEL, same), status);
    cg_assembly_add(net, NULL, cg_batch_norm_module(dev, out, 0.1, 1e-5), status);
    cg_assembly_add(net, NULL, cg_activation_module(dev, "relu"), status);
}

/* The largest of each 2 x 2: height and width are halved. */
static void add_pool(cg_module *net, cg_status *status) {
    cg_assembly_add(
        net, NULL, cg_max_pool2d_module(cg_module_device(net), WINDOW, WINDOW, (cg_pool_options){0}), status);
}

/*
 * Most of the work of a network of this kind is where the image is large: there channels are few. Measured against wider
 * ones on the digits, it loses nothing.
 */
static void add_convolutions(cg_module *net, int64_t channels, cg_status *status) {
    add_convolution(net, channels, FIRST, status);
    add_convolution(net, FIRST, SECOND, status);
    add_pool(net, status);
    add_convolution(net, SECOND, THIRD, status);
    add_pool(net, status);
}

static void add_head(cg_module *net, int64_t features, int64_t classes, cg_status *status) {
    cg_device *dev = cg_module_device(net);
    cg_assembly_add(net, NULL, cg_dropout_module(dev, 0.25), status);
    cg_assembly_add(net, NULL, cg_flatten_module(dev), status);
    cg_assembly_add(net, NULL, cg_linear_module(dev, features, HIDDEN, CG_INIT_HE), status);
    cg_assembly_add(net, NULL, cg_activation_module(dev, "relu"), status);
    cg_assembly_add(net, NULL, cg_dropout_module(dev, 0.5), status);
    cg_assembly_add(net, NULL, cg_linear_module(dev, HIDDEN, classes, CG_INIT_XAVIER), status);
}

/* Height times width after both pools. */
static int64_t pixels_at_end(const cg_dims *sample) { return (sample->dim[1] / 4) * (sample->dim[2] / 4); }

static bool check_lenet(cg_device *dev, const cg_dims *sample, int64_t classes) {
    if (sample->rank != 3 || sample->dim[0] < 1 || sample->dim[1] < 4 || sample->dim[2] < 4) {
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "lenet: expected samples (C, H, W) with H, W >= 4, got %s",
                CG_SHAPE_STR(sample));
        return false;
    }
    bool fits = true;
    for (int i = 0; i < 3; i++) fits = fits && sample->dim[i] <= CG_SIZE_LIMIT;
    if (!fits || pixels_at_end(sample) > CG_SIZE_LIMIT / THIRD) {
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "lenet: samples %s have more than %lld channels or features",
                CG_SHAPE_STR(sample), (long long)CG_SIZE_LIMIT);
        return false;
    }
    if (classes < 1 || classes > CG_SIZE_LIMIT) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "lenet: %lld classes, expected 1 to %lld", (long long)classes,
                (long long)CG_SIZE_LIMIT);
        return false;
    }
    return true;
}

cg_module *cg_lenet(cg_device *dev, cg_dims sample, int64_t classes) {
    if (!dev || !check_lenet(dev, &sample, classes)) return NULL;
    cg_module *net = cg_sequential(dev);
    if (!net) return NULL;
    cg_status status = CG_OK;
    add_convolutions(net, sample.dim[0], &status);
    add_head(net, THIRD * pixels_at_end(&sample), classes, &status);
    return cg_assembly_end(net, status);
}
