/* Inside the recurrent layers: the three cells, and what runs one over all steps. */
#ifndef CLGRAD_NN_RECURRENT_CELL_H
#define CLGRAD_NN_RECURRENT_CELL_H

#include "clgrad/recurrent.h"
#include "tensor/context.h"

typedef enum cg_cell { CG_CELL_TANH, CG_CELL_RELU, CG_CELL_LSTM, CG_CELL_GRU } cg_cell;

/* The gates G of a cell. */
int cg_cell_gates(cg_cell cell);

/*
 * One cell over all steps of one direction. a (B, T, G H): the products of the inputs, with the biases that are added to
 * them; w (H, G H); h0, c0 (B, H), c0 for an LSTM; b (G H) or NULL is added to h w, for a GRU. Gives (1, B, T, H), for an
 * LSTM (2, B, T, H): h_t, then c_t. One recorded operation, whose rule goes back through time by itself. T > 0.
 */
cg_tensor *cg_sequence(cg_cell cell, cg_tensor *a, cg_tensor *w, cg_tensor *h0, cg_tensor *c0, cg_tensor *b);

/* All layers and directions of x (B, T, I); `op` is named in errors. What the three public functions are. */
cg_tensor *cg_recurrent(const char *op, cg_cell cell, cg_tensor *x, cg_recurrent_state start,
                        const cg_recurrent_weights *weights, cg_recurrent_options options,
                        cg_recurrent_state *end);

/* Whether the options are in range; CG_ERROR_ARGUMENT naming `op` if not. */
bool cg_recurrent_check_options(cg_device *dev, const char *op, const cg_recurrent_options *options);

#endif
