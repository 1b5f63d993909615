/* Recurrent networks of several layers and directions. */
#include "nn/recurrent_cell.h"

#include <stdlib.h>

#include "clgrad/linalg.h"
#include "clgrad/random.h"
#include "ops/op.h"

enum { MAX_LAYERS = 1024 };

typedef struct network {
    const char *op;
    cg_cell cell;
    cg_device *dev;
    int layers, directions;
    int64_t batch, steps, hidden;
    double dropout;
    cg_tensor *h0, *c0; /* (L D, B, H) or NULL */
    cg_tensor **h, **c; /* the states after the last step, [L D] */
} network;

/* --- checks ---------------------------------------------------------------------------------------------------- */

bool cg_recurrent_check_options(cg_device *dev, const char *op, const cg_recurrent_options *options) {
    if (options->layers >= 0 && options->layers <= MAX_LAYERS && options->dropout >= 0 &&
        options->dropout <= 1)
        return true;
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT,
            "%s: %d layers, dropout %g: expected 0 to %d layers, 0 <= dropout <= 1", op, options->layers,
            options->dropout, MAX_LAYERS);
    return false;
}

/* Whether x, if there is one, has the shape and x0's dtype and device. */
static bool check_like(const network *n, const cg_tensor *x0, const char *what, cg_tensor *x, cg_dims shape) {
    if (!x) return true;
    if (!cg_op_same_device(n->op, n->dev, 1, &x)) return false;
    if (x->storage->dtype != x0->storage->dtype) {
        CG_FAIL(&n->dev->error, CG_ERROR_DTYPE, "%s: %s is %s, x is %s", n->op, what,
                cg_dtype_name(x->storage->dtype), cg_dtype_name(x0->storage->dtype));
        return false;
    }
    if (cg_dims_equal(&x->shape, &shape)) return true;
    CG_FAIL(&n->dev->error, CG_ERROR_SHAPE, "%s: %s is %s, expected %s for x %s", n->op, what,
            CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&shape), CG_SHAPE_STR(&x0->shape));
    return false;
}

static bool check_x(const network *n, const cg_tensor *x, const cg_recurrent_weights *w) {
    if (!cg_dtype_is_float(x->storage->dtype)) {
        CG_FAIL(&n->dev->error, CG_ERROR_DTYPE, "%s: expected f32 or f64, got %s", n->op,
                cg_dtype_name(x->storage->dtype));
        return false;
    }
    if (x->shape.rank == 3 && x->shape.dim[1] > 0 && w->w_hh->shape.rank == 2) return true;
    CG_FAIL(&n->dev->error, CG_ERROR_SHAPE,
            "%s: expected x (B, T, I) with T > 0 and w_hh (H, G H), got %s and %s", n->op,
            CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&w->w_hh->shape));
    return false;
}

static bool check_weights(const network *n, const cg_tensor *x, const cg_recurrent_weights *w) {
    const int64_t columns = cg_cell_gates(n->cell) * n->hidden;
    for (int k = 0; k < n->layers * n->directions; k++) {
        const int64_t inputs = k < n->directions ? x->shape.dim[2] : n->directions * n->hidden;
        if (!w[k].w_ih || !w[k].w_hh) return false;
        if (!check_like(n, x, "w_ih", w[k].w_ih, cg_shape(inputs, columns)) ||
            !check_like(n, x, "w_hh", w[k].w_hh, cg_shape(n->hidden, columns)) ||
            !check_like(n, x, "b_ih", w[k].b_ih, cg_shape(columns)) ||
            !check_like(n, x, "b_hh", w[k].b_hh, cg_shape(columns)))
            return false;
    }
    return true;
}

static bool check(network *n, const cg_tensor *x, const cg_recurrent_weights *w) {
    if (!check_x(n, x, w)) return false;
    n->batch = x->shape.dim[0];
    n->steps = x->shape.dim[1];
    n->hidden = w->w_hh->shape.dim[0];
    const cg_dims states = cg_shape(n->layers * n->directions, n->batch, n->hidden);
    return check_weights(n, x, w) && check_like(n, x, "h0", n->h0, states) &&
           check_like(n, x, "c0", n->c0, states);
}

/* --- layers ---------------------------------------------------------------------------------------------------- */

static cg_tensor *part(cg_tensor *x, int64_t i) { return cg_squeeze(cg_slice(x, 0, i, i + 1, 1), 0); }

/* The state that layer and direction k starts from. */
static cg_tensor *start_of(const network *n, cg_tensor *all, int k, cg_dtype dtype) {
    return all ? part(all, k) : cg_zeros(n->dev, dtype, cg_shape(n->batch, n->hidden));
}

/* One layer in one direction: the outputs (B, T, H), in the order of x, and the last states. */
static cg_tensor *direction(const network *n, cg_tensor *x, const cg_recurrent_weights *w, int k,
                            bool backward) {
    const cg_dtype dtype = x->storage->dtype;
    /* A GRU multiplies b_hh by its reset gate; for the others the two biases are one. */
    const bool gru = n->cell == CG_CELL_GRU, lstm = n->cell == CG_CELL_LSTM;
    cg_tensor *b = gru || !w->b_hh ? w->b_ih : w->b_ih ? cg_add(w->b_ih, w->b_hh) : w->b_hh;
    if (!gru && (w->b_ih || w->b_hh) && !b) return NULL;
    cg_tensor *a = cg_linear(backward ? cg_flip(x, cg_axes(1)) : x, w->w_ih, b);
    cg_tensor *all = cg_sequence(n->cell, a, w->w_hh, start_of(n, n->h0, k, dtype),
                                 lstm ? start_of(n, n->c0, k, dtype) : NULL, gru ? w->b_hh : NULL);
    cg_tensor *h = part(all, 0);
    n->h[k] = cg_squeeze(cg_slice(h, 1, n->steps - 1, n->steps, 1), 1);
    if (lstm) n->c[k] = cg_squeeze(cg_slice(part(all, 1), 1, n->steps - 1, n->steps, 1), 1);
    return backward ? cg_flip(h, cg_axes(1)) : h;
}

static cg_tensor *layers(const network *n, cg_tensor *x, const cg_recurrent_weights *w) {
    for (int layer = 0; layer < n->layers && x; layer++) {
        cg_tensor *out[2] = {NULL, NULL};
        if (layer && n->dropout > 0) x = cg_dropout(x, n->dropout);
        for (int d = 0; d < n->directions && x; d++) {
            const int k = layer * n->directions + d;
            out[d] = direction(n, x, &w[k], k, d == 1);
        }
        x = n->directions == 1 ? out[0] : cg_concat(2, out, 2);
    }
    return x;
}

/* The states of all layers, (L D, B, H). */
static bool end_states(const network *n, cg_recurrent_state *end) {
    const int count = n->layers * n->directions;
    *end = (cg_recurrent_state){.h = cg_stack(count, n->h, 0)};
    if (n->cell == CG_CELL_LSTM) end->c = cg_stack(count, n->c, 0);
    return end->h && (n->cell != CG_CELL_LSTM || end->c);
}

cg_tensor *cg_recurrent(const char *op, cg_cell cell, cg_tensor *x, cg_recurrent_state start,
                        const cg_recurrent_weights *weights, cg_recurrent_options options,
                        cg_recurrent_state *end) {
    if (end) *end = (cg_recurrent_state){0};
    if (!x || !weights || !weights->w_hh) return NULL;
    network n = {.op = op,
                 .cell = cell,
                 .dev = x->storage->dev,
                 .layers = options.layers ? options.layers : 1,
                 .directions = options.bidirectional ? 2 : 1,
                 .dropout = options.dropout,
                 .h0 = start.h,
                 .c0 = start.c};
    if (!cg_recurrent_check_options(n.dev, op, &options) || !check(&n, x, weights)) return NULL;
    const size_t count = (size_t)(n.layers * n.directions);
    n.h = calloc(2 * count, sizeof(cg_tensor *));
    n.c = n.h ? n.h + count : NULL;
    if (!n.h) {
        CG_FAIL(&n.dev->error, CG_ERROR_MEMORY, "%s: out of host memory", op);
        return NULL;
    }
    cg_tensor *out = layers(&n, x, weights);
    if (out && end && !end_states(&n, end)) {
        *end = (cg_recurrent_state){0};
        out = NULL;
    }
    free(n.h);
    return out;
}

/* --- what users call ------------------------------------------------------------------------------------------ */

static cg_tensor *without_c(const char *op, cg_cell cell, cg_tensor *x, cg_tensor *h0,
                            const cg_recurrent_weights *weights, cg_recurrent_options options,
                            cg_tensor **h_n) {
    cg_recurrent_state end;
    cg_tensor *out =
        cg_recurrent(op, cell, x, (cg_recurrent_state){.h = h0}, weights, options, h_n ? &end : NULL);
    if (h_n) *h_n = end.h;
    return out;
}

cg_tensor *cg_rnn(cg_tensor *x, cg_tensor *h0, const cg_recurrent_weights *weights,
                  cg_recurrent_options options, cg_tensor **h_n) {
    return without_c("rnn", options.relu ? CG_CELL_RELU : CG_CELL_TANH, x, h0, weights, options, h_n);
}

cg_tensor *cg_gru(cg_tensor *x, cg_tensor *h0, const cg_recurrent_weights *weights,
                  cg_recurrent_options options, cg_tensor **h_n) {
    return without_c("gru", CG_CELL_GRU, x, h0, weights, options, h_n);
}

cg_tensor *cg_lstm(cg_tensor *x, cg_recurrent_state start, const cg_recurrent_weights *weights,
                   cg_recurrent_options options, cg_recurrent_state *end) {
    return cg_recurrent("lstm", CG_CELL_LSTM, x, start, weights, options, end);
}
