/* A decoder-only transformer over tokens. */
#include "clgrad/attention.h"
#include "clgrad/autograd.h"
#include "clgrad/manipulation.h"
#include "clgrad/models.h"
#include "clgrad/normalization.h"
#include "clgrad/ops.h"
#include "clgrad/random.h"
#include "core/shape.h"
#include "models/assembly.h"
#include "nn/module.h"
#include "tensor/context.h"

static const double EPSILON = 1e-5;
enum { EXPANSION = 4, MAX_LAYERS = 1024 };

/* --- tokens and places as vectors ------------------------------------------------------------------------------ */

/* x (B, T) -> token[x] + position[0..T-1], (B, T, width). */
static cg_tensor *embed_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)context;
    cg_tensor *position = cg_module_parameter_named(self, "position");
    if (cg_rank(x) != 2 || cg_size(x, 1) > cg_size(position, 0)) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE,
                "transformer: expected tokens (B, T) with T <= %lld, got %s", (long long)cg_size(position, 0),
                CG_SHAPE_STR(&x->shape));
        return NULL;
    }
    return cg_add(cg_embedding(cg_module_parameter_named(self, "token"), x, CG_NO_PADDING),
                  cg_slice(position, 0, 0, cg_size(x, 1), 1));
}

static cg_status add_table(cg_module *module, const char *name, int64_t rows, int64_t width) {
    cg_device *dev = cg_module_device(module);
    cg_scope *scope = cg_scope_begin(dev);
    if (!scope) return dev->error.code;
    cg_tensor *start = cg_normal(dev, CG_F32, cg_shape(rows, width), 0, 0.02); /* as GPT-2 */
    cg_status status = start ? cg_module_add_parameter(module, name, start) : dev->error.code;
    cg_scope_end(scope);
    return status;
}

static cg_module *embedding(cg_device *dev, const cg_transformer_options *o) {
    cg_module *module = cg_module_new(dev, "token_and_position", embed_forward, NULL, NULL);
    if (module && add_table(module, "token", o->vocabulary, o->width) == CG_OK &&
        add_table(module, "position", o->context, o->width) == CG_OK)
        return module;
    cg_module_free(module);
    return NULL;
}

/* --- blocks --------------------------------------------------------------------------------------------------------- */

static void add_dropout(cg_module *net, double p, cg_status *status) {
    if (p > 0) cg_assembly_add(net, "dropout", cg_dropout_module(cg_module_device(net), p), status);
}

/* x + attention(norm(x)), each position seeing itself and what stands before. */
static cg_module *attention_half(cg_device *dev, const cg_transformer_options *o) {
    cg_module *inner = cg_sequential(dev);
    cg_status status = CG_OK;
    cg_assembly_add(inner, "norm", cg_layer_norm_module(dev, cg_shape(o->width), EPSILON), &status);
    cg_assembly_add(inner, "attention",
                    cg_multi_head_attention_module(
                        dev, o->width, o->heads,
                        (cg_multi_head_attention_options){.causal = true, .dropout = o->dropout}),
                    &status);
    add_dropout(inner, o->dropout, &status);
    return cg_residual_module(cg_assembly_end(inner, status), NULL);
}

/* x + mlp(norm(x)). */
static cg_module *mlp_half(cg_device *dev, const cg_transformer_options *o) {
    cg_module *inner = cg_sequential(dev);
    cg_status status = CG_OK;
    cg_assembly_add(inner, "norm", cg_layer_norm_module(dev, cg_shape(o->width), EPSILON), &status);
    cg_assembly_add(inner, "expand", cg_linear_module(dev, o->width, EXPANSION * o->width, CG_INIT_XAVIER),
                    &status);
    cg_assembly_add(inner, "gelu", cg_activation_module(dev, "gelu"), &status);
    cg_assembly_add(inner, "contract", cg_linear_module(dev, EXPANSION * o->width, o->width, CG_INIT_XAVIER),
                    &status);
    add_dropout(inner, o->dropout, &status);
    return cg_residual_module(cg_assembly_end(inner, status), NULL);
}

static cg_module *block(cg_device *dev, const cg_transformer_options *o) {
    cg_module *module = cg_sequential(dev);
    cg_status status = CG_OK;
    cg_assembly_add(module, "attention", attention_half(dev, o), &status);
    cg_assembly_add(module, "mlp", mlp_half(dev, o), &status);
    return cg_assembly_end(module, status);
}

/* --- the whole -------------------------------------------------------------------------------------------------------- */

static void set_defaults(cg_transformer_options *o) {
    if (o->context == 0) o->context = 64;
    if (o->width == 0) o->width = 64;
    if (o->heads == 0) o->heads = 4;
    if (o->layers == 0) o->layers = 2;
}

static bool is_size(int64_t size) { return size >= 1 && size <= CG_SIZE_LIMIT; }

static bool check(cg_device *dev, const cg_transformer_options *o) {
    if (is_size(o->vocabulary) && is_size(o->context) && is_size(o->width) && o->heads >= 1 &&
        o->layers >= 1 && o->layers <= MAX_LAYERS && o->width % o->heads == 0 && o->dropout >= 0 &&
        o->dropout < 1)
        return true;
    CG_FAIL(
        &dev->error, CG_ERROR_ARGUMENT,
        "transformer: expected a vocabulary, context and width of 1 to 2^31, heads >= 1 that divide width, 1 "
        "to %d layers and 0 <= dropout < 1, got vocabulary %lld, context %lld, width %lld, heads %lld, "
        "layers "
        "%lld, dropout %g",
        MAX_LAYERS, (long long)o->vocabulary, (long long)o->context, (long long)o->width, (long long)o->heads,
        (long long)o->layers, o->dropout);
    return false;
}

cg_module *cg_transformer(cg_device *dev, cg_transformer_options options) {
    if (!dev) return NULL;
    set_defaults(&options);
    if (!check(dev, &options)) return NULL;
    cg_module *net = cg_sequential(dev);
    if (!net) return NULL;
    cg_status status = CG_OK;
    cg_assembly_add(net, "embedding", embedding(dev, &options), &status);
    add_dropout(net, options.dropout, &status);
    for (int64_t i = 0; i < options.layers && status == CG_OK; i++) {
        char name[32];
        snprintf(name, sizeof name, "block%lld", (long long)i);
        cg_assembly_add(net, name, block(dev, &options), &status);
    }
    cg_assembly_add(net, "norm", cg_layer_norm_module(dev, cg_shape(options.width), EPSILON), &status);
    cg_assembly_add(net, "output", cg_linear_module(dev, options.width, options.vocabulary, CG_INIT_XAVIER),
                    &status);
    return cg_assembly_end(net, status);
}
