/* The recurrent layers as modules. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "clgrad/random.h"
#include "core/shape.h"
#include "nn/module.h"
#include "nn/recurrent_cell.h"

typedef struct layer {
    cg_cell cell;
    cg_recurrent_options options;
    cg_recurrent_weights
        *weights; /* room for them; filled anew for each call, since tensors may be replaced */
} layer;

static int directions_of(const cg_recurrent_options *options) { return options->bidirectional ? 2 : 1; }

static int layers_of(const cg_recurrent_options *options) { return options->layers ? options->layers : 1; }

static const char *const names[] = {
    [CG_CELL_TANH] = "rnn", [CG_CELL_RELU] = "rnn", [CG_CELL_LSTM] = "lstm", [CG_CELL_GRU] = "gru"};

/* The parameters lie in the order they were added: layer by layer, direction by direction. */
static cg_tensor *run(layer *l, cg_module *self, cg_tensor *x, cg_recurrent_state start,
                      cg_recurrent_state *end) {
    const cg_slot *slot = self->own[CG_PARAMETERS].slot;
    cg_recurrent_options options = l->options;
    for (int k = 0; k < layers_of(&options) * directions_of(&options); k++) {
        l->weights[k] = (cg_recurrent_weights){.w_ih = slot[0].tensor, .w_hh = slot[1].tensor};
        slot += 2;
        if (options.no_bias) continue;
        l->weights[k].b_ih = slot[0].tensor;
        l->weights[k].b_hh = slot[1].tensor;
        slot += 2;
    }
    if (!self->training) options.dropout = 0;
    return cg_recurrent(names[l->cell], l->cell, x, start, l->weights, options, end);
}

static cg_tensor *forward(void *context, cg_module *self, cg_tensor *x) {
    return run(context, self, x, (cg_recurrent_state){0}, NULL);
}

cg_tensor *cg_recurrent_forward(cg_module *module, cg_tensor *x, cg_recurrent_state start,
                                cg_recurrent_state *end) {
    if (end) *end = (cg_recurrent_state){0};
    if (!module || !x) return NULL;
    layer *l = module->context;
    if (module->forward != forward || (start.c && l->cell != CG_CELL_LSTM)) {
        CG_FAIL(&module->dev->error, CG_ERROR_ARGUMENT, "recurrent_forward: a module %s %s", module->name,
                module->forward != forward ? "is not recurrent" : "has no state c");
        return NULL;
    }
    return run(l, module, x, start, end);
}

/* --- making ---------------------------------------------------------------------------------------------------- */

static cg_status add(cg_module *module, const char *kind, int l, bool reverse, cg_dims shape, double bound) {
    char name[64];
    snprintf(name, sizeof name, "%s_l%d%s", kind, l, reverse ? "_reverse" : "");
    cg_tensor *value = cg_uniform(module->dev, CG_F32, shape, -bound, bound);
    return value ? cg_module_add_parameter(module, name, value) : module->dev->error.code;
}

static cg_status add_direction(cg_module *module, const layer *s, int l, bool reverse, int64_t inputs,
                               int64_t hidden) {
    const int64_t columns = cg_cell_gates(s->cell) * hidden;
    const double bound = 1 / sqrt((double)hidden);
    cg_status status = add(module, "weight_ih", l, reverse, cg_shape(inputs, columns), bound);
    if (status == CG_OK) status = add(module, "weight_hh", l, reverse, cg_shape(hidden, columns), bound);
    if (s->options.no_bias) return status;
    if (status == CG_OK) status = add(module, "bias_ih", l, reverse, cg_shape(columns), bound);
    if (status == CG_OK) status = add(module, "bias_hh", l, reverse, cg_shape(columns), bound);
    return status;
}

static cg_status add_parameters(cg_module *module, const layer *s, int64_t inputs, int64_t hidden) {
    cg_status status = CG_OK;
    const int directions = directions_of(&s->options);
    for (int l = 0; l < layers_of(&s->options); l++)
        for (int d = 0; d < directions && status == CG_OK; d++)
            status = add_direction(module, s, l, d == 1, l ? directions * hidden : inputs, hidden);
    return status;
}

static void layer_free(void *context) {
    layer *s = context;
    free(s->weights);
    free(s);
}

static layer *layer_new(cg_device *dev, cg_cell cell, cg_recurrent_options options) {
    layer *s = malloc(sizeof *s);
    cg_recurrent_weights *weights =
        calloc((size_t)(layers_of(&options) * directions_of(&options)), sizeof *weights);
    if (!s || !weights) {
        free(s);
        free(weights);
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "%s_module: out of host memory", names[cell]);
        return NULL;
    }
    *s = (layer){.cell = cell, .options = options, .weights = weights};
    return s;
}

static cg_module *make(cg_device *dev, cg_cell cell, int64_t inputs, int64_t hidden,
                       cg_recurrent_options options) {
    if (!dev || !cg_recurrent_check_options(dev, names[cell], &options)) return NULL;
    if (inputs < 1 || hidden < 1 || inputs > CG_SIZE_LIMIT || hidden > CG_SIZE_LIMIT) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s_module: %lld inputs, %lld hidden, expected 1 to %lld",
                names[cell], (long long)inputs, (long long)hidden, (long long)CG_SIZE_LIMIT);
        return NULL;
    }
    layer *s = layer_new(dev, cell, options);
    cg_module *module = s ? cg_module_new(dev, names[cell], forward, layer_free, s) : NULL;
    if (!module) {
        if (s) layer_free(s);
        return NULL;
    }
    cg_scope *scope = cg_scope_begin(dev);
    bool ok = scope && add_parameters(module, s, inputs, hidden) == CG_OK;
    cg_scope_end(scope);
    if (ok) return module;
    cg_module_free(module);
    return NULL;
}

cg_module *cg_rnn_module(cg_device *dev, int64_t inputs, int64_t hidden, cg_recurrent_options options) {
    return make(dev, options.relu ? CG_CELL_RELU : CG_CELL_TANH, inputs, hidden, options);
}

cg_module *cg_lstm_module(cg_device *dev, int64_t inputs, int64_t hidden, cg_recurrent_options options) {
    return make(dev, CG_CELL_LSTM, inputs, hidden, options);
}

cg_module *cg_gru_module(cg_device *dev, int64_t inputs, int64_t hidden, cg_recurrent_options options) {
    return make(dev, CG_CELL_GRU, inputs, hidden, options);
}
