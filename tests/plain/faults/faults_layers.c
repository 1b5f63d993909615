/* Layers, models and their states. */
#include "plain/faults/faults.h"

static bool recurrent(fixture *f) {
    cg_module *net = cg_lstm_module(f->dev, 2, 2, (cg_recurrent_options){.layers = 2, .bidirectional = true});
    cg_recurrent_state end;
    cg_tensor *x = cg_reshape(f->x, cg_shape(2, 3, 2));
    cg_tensor *y = cg_recurrent_forward(net, x, (cg_recurrent_state){0}, &end);
    const bool ok = cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_OK;
    cg_module_free(net);
    return ok;
}

static bool modules(fixture *f) {
    cg_module *net = cg_mlp(f->dev, 3, (const int64_t[]){4, 3, 2}, "gelu");
    cg_optimizer *sgd = cg_sgd(net, (cg_sgd_options){.lr = 0.1, .momentum = 0.9});
    bool ok = sgd && cg_forward(net, f->x) != NULL && cg_parameter(net, 3, NULL) != NULL;
    cg_optimizer_free(sgd);
    cg_module_free(net);
    return ok;
}

/* Layers of normalization and attention, forward and backward, one of them with buffers. */
static bool networks(fixture *f) {
    cg_multi_head_attention_options options = {.dropout = 0.1};
    cg_module *layer[] = {cg_layer_norm_module(f->dev, cg_shape(4), 1e-5),
                          cg_multi_head_attention_module(f->dev, 4, 2, options),
                          cg_batch_norm_module(f->dev, 3, 0.1, 1e-5)};
    cg_tensor *x = cg_reshape(f->x, cg_shape(1, 3, 4));
    for (int i = 0; i < 3; i++) x = cg_forward(layer[i], x);
    cg_tensor *heads = cg_scaled_dot_product_attention(x, x, x, NULL, (cg_attention_options){.causal = true});
    bool ok = cg_backward(cg_sum(cg_square(heads), CG_ALL_AXES, false)) == CG_OK;
    for (int i = 0; i < 3; i++) {
        ok = ok && layer[i] && cg_grad_of(cg_parameter(layer[i], 0, NULL));
        cg_module_free(layer[i]);
    }
    return ok;
}

static bool add_layers(cg_module *net) {
    cg_device *dev = cg_module_device(net);
    cg_tensor *mean = cg_ones(dev, CG_F32, cg_shape(4));
    return cg_module_add_buffer(net, "mean", mean) == CG_OK &&
           cg_module_add(net, "embedding", cg_embedding_module(dev, 3, 4, 0)) == CG_OK &&
           cg_module_add(net, "prelu", cg_prelu_module(dev, 1)) == CG_OK &&
           cg_module_add(net, "block",
                         cg_residual_module(cg_linear_module(dev, 4, 4, CG_INIT_HE),
                                            cg_dropout_module(dev, 0.5))) == CG_OK &&
           cg_module_add(net, "shape", cg_reshape_module(dev, cg_shape(2, 2))) == CG_OK &&
           cg_module_add(net, "softmax", cg_softmax_module(dev, -1)) == CG_OK;
}

/* A shortcut that is the inner module, or in it, is freed with that, whichever of the steps fails. */
static bool refused_shortcut(cg_device *dev, bool part) {
    cg_module *inner = part ? cg_sequential(dev) : cg_linear_module(dev, 4, 4, CG_INIT_HE);
    if (part) (void)cg_sequential_add(inner, cg_linear_module(dev, 4, 4, CG_INIT_HE));
    cg_module *shortcut = part ? cg_module_child(inner, "0") : inner;
    if (!shortcut) {
        cg_module_free(inner);
        return false;
    }
    const bool refused = !cg_residual_module(inner, shortcut);
    const cg_status code = cg_error_code(dev);
    if (code != (part ? CG_ERROR_STATE : CG_ERROR_ARGUMENT)) return false;
    cg_error_clear(dev);
    return refused;
}

static bool layers(fixture *f) {
    if (!refused_shortcut(f->dev, false) || !refused_shortcut(f->dev, true)) return false;
    cg_module *net = cg_sequential(f->dev);
    bool ok = net && add_layers(net) && cg_module_buffer(net, 0, NULL) != NULL;
    cg_tensor *weight[4];
    for (int i = 0; i < 4 && ok; i++) ok = (weight[i] = cg_parameter(net, i, NULL)) != NULL;
    ok = ok && holds(cg_forward_with(net, weight, f->labels), 6);
    cg_module_free(net);
    return ok;
}

/* The fixture's network is as it was, whichever of the steps fails. */
static bool states(fixture *f) {
    cg_module_state *state = cg_module_state_save(f->net);
    bool ok = state && cg_module_state_restore(f->net, state) == CG_OK;
    cg_module_state_free(state);
    cg_module *copy = cg_mlp(f->dev, 2, (const int64_t[]){4, 2}, "relu");
    ok = ok && copy && cg_module_set_dtype(copy, CG_F64) == CG_OK &&
         cg_dtype_of(cg_parameter(copy, 1, NULL)) == CG_F64;
    cg_module_free(copy);
    return ok;
}

static bool models(fixture *f) {
    cg_transformer_options tiny = {
        .vocabulary = 3, .context = 3, .width = 2, .heads = 1, .layers = 1, .dropout = 0.1};
    cg_module *writer = cg_transformer(f->dev, tiny), *reader = cg_model(f->dev, "mlp:2", cg_shape(4), 2),
              *viewer = cg_lenet(f->dev, cg_shape(1, 4, 4), 2);
    bool ok = writer && viewer && cg_forward(writer, cg_reshape(f->labels, cg_shape(1, 3))) &&
              cg_forward(reader, f->x);
    cg_module_free(viewer);
    cg_module_free(reader);
    cg_module_free(writer);
    return ok;
}

static bool save(fixture *f) { return cg_module_save(f->net, other_path) == CG_OK; }

static bool load(fixture *f) { return cg_module_load(f->net, weights_path) == CG_OK; }

const fault_scenario fault_layers[] = {
    {"recurrent", recurrent, CG_OK},   {"modules", modules, CG_OK},     {"layers", layers, CG_OK},
    {"states", states, CG_OK},         {"models", models, CG_OK},       {"networks", networks, CG_OK},
    {"save", save, CG_ERROR_ARGUMENT}, {"load", load, CG_ERROR_FORMAT}, {0},
};
