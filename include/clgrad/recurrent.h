/*
 * Recurrent layers over sequences x (B, T, I): batch, steps, inputs; H is the hidden size, G the gates (1, 4, 3 for RNN,
 * LSTM, GRU), D the directions (1 or 2), L the layers.
 *
 * Formulas, order of gates and names of parameters are PyTorch's. A product here is x W, so that weights are stored
 * transposed: weight_ih (I, G H) is PyTorch's weight_ih_l0 (G H, I) transposed, weight_hh (H, G H) its weight_hh_l0;
 * the two biases are the same. Steps are computed with one product each for the state; that of the inputs is one for
 * all steps.
 *
 * Gradients, of all: to x, the states and every weight, of any order. Errors, of all: CG_ERROR_SHAPE for shapes that
 * are not as said; CG_ERROR_DTYPE for dtypes that are not all f32 or all f64; CG_ERROR_ARGUMENT for options out of
 * range.
 */
#ifndef CLGRAD_RECURRENT_H
#define CLGRAD_RECURRENT_H

#include "nn.h"

CG_BEGIN_DECLS

/* The weights of one layer in one direction. */
typedef struct cg_recurrent_weights {
    cg_tensor *w_ih; /* (I, G H), in layers above the first (D H, G H) */
    cg_tensor *w_hh; /* (H, G H) */
    cg_tensor *b_ih; /* (G H); NULL is 0 */
    cg_tensor *b_hh; /* (G H); NULL is 0 */
} cg_recurrent_weights;

/* All zero: one layer, forward, tanh, no dropout, with biases. */
typedef struct cg_recurrent_options {
    int layers;         /* 0 is 1; at most 1024 */
    bool bidirectional; /* a second set of weights runs from the last step to the first; joined, (.., 2 H) */
    double dropout;     /* of the outputs of every layer but the last; in a module while it trains */
    bool relu;          /* cg_rnn: relu instead of tanh */
    bool no_bias;       /* modules: without biases */
} cg_recurrent_options;

/* States for cg_recurrent_forward: h (L D, B, H), c the same for an LSTM and NULL for the others. NULL is 0. */
typedef struct cg_recurrent_state {
    cg_tensor *h, *c;
} cg_recurrent_state;

/*
 * Elman's network: h_t = tanh(x_t W_ih + b_ih + h_{t-1} W_hh + b_hh), or relu. weights[L D]: layer by layer, in each
 * forward, then backward. h0 (L D, B, H) or NULL for 0. Gives the last layer's h_t, (B, T, D H); *h_n, if h_n is not
 * NULL, gets the states after the last step (of the backward direction: after step 0), (L D, B, H). Source: Elman 1990.
 */
CG_API cg_tensor *cg_rnn(cg_tensor *x, cg_tensor *h0, const cg_recurrent_weights *weights,
                         cg_recurrent_options options, cg_tensor **h_n);

/*
 * Long short-term memory. Gates i, f, g, o in this order in the columns of the weights; a = x_t W_ih + b_ih + h_{t-1}
 * W_hh + b_hh; i, f, o = sigmoid(a), g = tanh(a); c_t = f c_{t-1} + i g; h_t = o tanh(c_t). All else as cg_rnn, c as h:
 * `start` and, if end is not NULL, *end hold both. Source: Hochreiter and Schmidhuber 1997, Gers et al. 2000 for f.
 */
CG_API cg_tensor *cg_lstm(cg_tensor *x, cg_recurrent_state start, const cg_recurrent_weights *weights,
                          cg_recurrent_options options, cg_recurrent_state *end);

/*
 * Gated recurrent unit. Gates r, z, n in this order; a = x_t W_ih + b_ih, b = h_{t-1} W_hh + b_hh; r, z = sigmoid(a +
 * b); n = tanh(a + r b); h_t = (1 - z) n + z h_{t-1}. All else as cg_rnn. Source: Cho et al. 2014, with r after the
 * product as in PyTorch and cuDNN.
 */
CG_API cg_tensor *cg_gru(cg_tensor *x, cg_tensor *h0, const cg_recurrent_weights *weights,
                         cg_recurrent_options options, cg_tensor **h_n);

/*
 * A layer of Elman's network with parameters weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, then with the suffix
 * _reverse, then _l1, ..., f32, all U(-1 / sqrt(H), 1 / sqrt(H)). cg_forward gives the outputs of all steps, (B, T, D
 * H), from states 0. Errors: CG_ERROR_ARGUMENT unless inputs and hidden are 1 to 2^31 and the options in range.
 */
CG_API cg_module *cg_rnn_module(cg_device *dev, int64_t inputs, int64_t hidden, cg_recurrent_options options);

/* The same for cg_lstm. */
CG_API cg_module *cg_lstm_module(cg_device *dev, int64_t inputs, int64_t hidden,
                                 cg_recurrent_options options);

/* The same for cg_gru. */
CG_API cg_module *cg_gru_module(cg_device *dev, int64_t inputs, int64_t hidden, cg_recurrent_options options);

/*
 * cg_forward of a module made by one of the three above, from the states `start` and, if end is not NULL, with the
 * states after the last step in *end. Errors: CG_ERROR_ARGUMENT for another module, or a start.c where there is none.
 */
CG_API cg_tensor *cg_recurrent_forward(cg_module *module, cg_tensor *x, cg_recurrent_state start,
                                       cg_recurrent_state *end);

CG_END_DECLS
#endif
