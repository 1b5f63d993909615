/* Multi-head attention: one map to queries, keys and values, the heads side by side, one map back. */
#include "clgrad/attention.h"
#include "clgrad/linalg.h"
#include "clgrad/manipulation.h"
#include "clgrad/random.h"
#include "core/shape.h"
#include "nn/module.h"

typedef struct attention_context {
    int64_t width, heads;
    cg_multi_head_attention_options options;
} attention_context;

enum { IN_WEIGHT, OUT_WEIGHT, IN_BIAS, OUT_BIAS }; /* as the parameters are added */

static cg_tensor *parameter(const cg_module *module, int i) {
    return i < module->own[CG_PARAMETERS].n ? module->own[CG_PARAMETERS].slot[i].tensor : NULL;
}

/* --- forward ---------------------------------------------------------------------------------------------------- */

/* x (B, T, parts width) -> part number `part` as (B, H, T, width / H), a view. */
static cg_tensor *heads_of(const attention_context *c, cg_tensor *x, int64_t part) {
    if (!x) return NULL;
    cg_tensor *own = cg_slice(x, 2, part * c->width, (part + 1) * c->width, 1);
    if (!own) return NULL;
    cg_dims shape = cg_shape(cg_size(x, 0), cg_size(x, 1), c->heads, c->width / c->heads);
    return cg_transpose(cg_reshape(own, shape), 1, 2);
}

/* x times the columns first..last-1, counted in widths, of the map to queries, keys and values. */
static cg_tensor *mapped(const attention_context *c, const cg_module *self, cg_tensor *x, int64_t first,
                         int64_t last) {
    cg_tensor *w = cg_slice(parameter(self, IN_WEIGHT), 1, first * c->width, last * c->width, 1);
    cg_tensor *b = parameter(self, IN_BIAS);
    if (b) b = cg_slice(b, 0, first * c->width, last * c->width, 1);
    return cg_linear(x, w, b);
}

static bool check_input(const attention_context *c, const cg_module *self, const char *what,
                        const cg_tensor *x) {
    if (x->shape.rank == 3 && cg_size(x, 2) == c->width) return true;
    CG_FAIL(&self->dev->error, CG_ERROR_SHAPE, "multi_head_attention: expected %s (B, T, %lld), got %s", what,
            (long long)c->width, CG_SHAPE_STR(&x->shape));
    return false;
}

static cg_tensor *attend(const attention_context *c, cg_module *self, cg_tensor *x, cg_tensor *memory,
                         cg_tensor *mask) {
    if (!check_input(c, self, "x", x) || (memory && !check_input(c, self, "memory", memory))) return NULL;
    cg_tensor *q = mapped(c, self, x, 0, memory ? 1 : 3), *kv = memory ? mapped(c, self, memory, 1, 3) : q;
    const int64_t first = memory ? 0 : 1;
    cg_attention_options options = {.causal = c->options.causal};
    if (cg_module_training(self)) options.dropout = c->options.dropout;
    cg_tensor *y = cg_scaled_dot_product_attention(heads_of(c, q, 0), heads_of(c, kv, first),
                                                   heads_of(c, kv, first + 1), mask, options);
    cg_tensor *together = cg_reshape(cg_transpose(y, 1, 2), x->shape);
    return cg_linear(together, parameter(self, OUT_WEIGHT), parameter(self, OUT_BIAS));
}

static cg_tensor *attention_forward(void *context, cg_module *self, cg_tensor *x) {
    return attend(context, self, x, NULL, NULL);
}

cg_tensor *cg_multi_head_attention_forward(cg_module *module, cg_tensor *x, cg_tensor *memory,
                                           cg_tensor *mask) {
    if (!module || !x) return NULL;
    if (module->forward == attention_forward) return attend(module->context, module, x, memory, mask);
    CG_FAIL(&module->dev->error, CG_ERROR_ARGUMENT, "multi_head_attention: %s is another kind of module",
            module->name);
    return NULL;
}

/* --- how it is made ------------------------------------------------------------------------------------------- */

static cg_status add(cg_module *module, const char *name, cg_tensor *value) {
    return value ? cg_module_add_parameter(module, name, value) : module->dev->error.code;
}

static cg_status add_parameters(cg_module *module, int64_t width, bool has_bias) {
    cg_device *dev = module->dev;
    cg_status status = add(module, "in_weight", cg_xavier_uniform(dev, CG_F32, width, 3 * width));
    if (status == CG_OK) status = add(module, "out_weight", cg_xavier_uniform(dev, CG_F32, width, width));
    if (status != CG_OK || !has_bias) return status;
    status = add(module, "in_bias", cg_zeros(dev, CG_F32, cg_shape(3 * width)));
    return status == CG_OK ? add(module, "out_bias", cg_zeros(dev, CG_F32, cg_shape(width))) : status;
}

static bool check(cg_device *dev, int64_t width, int64_t heads, double dropout) {
    if (width < 1 || heads < 1 || width % heads)
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT,
                "multi_head_attention_module: %lld heads do not divide a width of %lld", (long long)heads,
                (long long)width);
    else if (width > CG_SIZE_LIMIT)
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT,
                "multi_head_attention_module: a width of %lld, expected at most %lld", (long long)width,
                (long long)CG_SIZE_LIMIT);
    else if (!(dropout >= 0 && dropout < 1))
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT,
                "multi_head_attention_module: expected dropout from 0 to below 1, got %g", dropout);
    else
        return true;
    return false;
}

cg_module *cg_multi_head_attention_module(cg_device *dev, int64_t width, int64_t heads,
                                          cg_multi_head_attention_options options) {
    if (!dev || !check(dev, width, heads, options.dropout)) return NULL;
    const attention_context context = {width, heads, options};
    cg_module *module =
        cg_module_keeping(dev, "multi_head_attention", attention_forward, &context, sizeof context);
    cg_scope *scope = module ? cg_scope_begin(dev) : NULL;
    bool ok = scope && add_parameters(module, width, !options.no_bias) == CG_OK;
    cg_scope_end(scope);
    if (ok) return module;
    cg_module_free(module);
    return NULL;
}
