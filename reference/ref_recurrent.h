/* Recurrent cells, element by element as their formulas stand. */
#ifndef CLGRAD_REFERENCE_REF_RECURRENT_H
#define CLGRAD_REFERENCE_REF_RECURRENT_H

#include "reference/ref_array.h"

typedef enum ref_cell { REF_TANH, REF_RELU, REF_LSTM, REF_GRU } ref_cell;

/* One layer in one direction. Gates: i, f, g, o of an LSTM, r, z, n of a GRU. */
typedef struct ref_recurrent {
    ref_cell cell;
    bool reverse;         /* from the last step to the first */
    ref_array w_ih, w_hh; /* (I, G H), (H, G H) */
    ref_array b_ih, b_hh; /* (G H); one without elements (v NULL) is 0 */
} ref_recurrent;

/*
 * x (B, T, I) -> h_t (B, T, H). h, c (B, H) hold the states before, and after it those after the last step; c is for an LSTM.
 * size, unless NULL, gets what an error of a few u in each operation of each step can come to, in units of u.
 */
ref_array ref_recurrent_run(const ref_recurrent *r, ref_array x, ref_array h, ref_array c, ref_array *size);

#endif
