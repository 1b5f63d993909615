/* The layers of pooling: no parameters. */
#include "clgrad/pooling.h"
#include "nn/module.h"

typedef cg_tensor *pooling(cg_tensor *x, int64_t height, int64_t width, cg_pool_options options);

typedef struct pool_layer {
    pooling *apply;
    int64_t height, width;
    cg_pool_options options;
} pool_layer;

static cg_tensor *pool_forward(void *context, cg_module *self, cg_tensor *x) {
    const pool_layer *layer = context;
    (void)self;
    return layer->apply(x, layer->height, layer->width, layer->options);
}

static cg_module *pool_module(cg_device *dev, const char *name, pool_layer value) {
    if (!dev) return NULL;
    if (value.height < 1 || value.width < 1) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s_module: a window of (%lld, %lld) is not possible", name,
                (long long)value.height, (long long)value.width);
        return NULL;
    }
    return cg_module_keeping(dev, name, pool_forward, &value, sizeof value);
}

cg_module *cg_max_pool2d_module(cg_device *dev, int64_t height, int64_t width, cg_pool_options options) {
    return pool_module(dev, "max_pool2d", (pool_layer){cg_max_pool2d, height, width, options});
}

cg_module *cg_avg_pool2d_module(cg_device *dev, int64_t height, int64_t width, cg_pool_options options) {
    return pool_module(dev, "avg_pool2d", (pool_layer){cg_avg_pool2d, height, width, options});
}

static cg_tensor *global_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)context, (void)self;
    return cg_global_avg_pool(x);
}

cg_module *cg_global_avg_pool_module(cg_device *dev) {
    return cg_module_new(dev, "global_avg_pool", global_forward, NULL, NULL);
}
