/* A table of vectors, looked up by number. */

#include "clgrad/activations.h"
#include "clgrad/manipulation.h"
#include "clgrad/random.h"
#include "nn/module.h"

static cg_tensor *embedding_forward(void *context, cg_module *self, cg_tensor *x) {
    return cg_embedding(self->own[CG_PARAMETERS].slot[0].tensor, x, *(const int64_t *)context);
}

/* N(0, 1), but 0 in the row of the padding. */
static cg_tensor *first_weight(cg_device *dev, int64_t count, int64_t width, int64_t padding) {
    cg_tensor *weight = cg_normal(dev, CG_F32, cg_shape(count, width), 0, 1);
    if (padding == CG_NO_PADDING) return weight;
    cg_tensor *rows = cg_unsqueeze(cg_arange(dev, CG_I64, 0, (double)count, 1), -1);
    return cg_where(cg_eq(rows, padding < 0 ? padding + count : padding), 0.0, weight);
}

static bool check_embedding_module(cg_device *dev, int64_t count, int64_t width, int64_t padding) {
    if (count >= 1 && width >= 1 && (padding == CG_NO_PADDING || (padding >= -count && padding < count)))
        return true;
    if (padding == CG_NO_PADDING)
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "embedding_module: %lld rows of %lld, expected at least 1",
                (long long)count, (long long)width);
    else
        CG_FAIL(
            &dev->error, CG_ERROR_ARGUMENT,
            "embedding_module: %lld rows of %lld, padding %lld: expected at least 1, and a row as padding",
            (long long)count, (long long)width, (long long)padding);
    return false;
}

static cg_status add_weight(cg_module *module, int64_t count, int64_t width, int64_t padding) {
    cg_scope *scope = cg_scope_begin(module->dev);
    cg_tensor *weight = scope ? first_weight(module->dev, count, width, padding) : NULL;
    cg_status status = weight ? cg_module_add_parameter(module, "weight", weight) : module->dev->error.code;
    cg_scope_end(scope);
    return status;
}

cg_module *cg_embedding_module(cg_device *dev, int64_t count, int64_t width, int64_t padding) {
    if (!dev || !check_embedding_module(dev, count, width, padding)) return NULL;
    cg_module *module = cg_module_keeping(dev, "embedding", embedding_forward, &padding, sizeof padding);
    if (module && add_weight(module, count, width, padding) == CG_OK) return module;
    cg_module_free(module);
    return NULL;
}
