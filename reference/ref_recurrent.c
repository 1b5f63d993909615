#include "reference/ref_recurrent.h"

#include <math.h>

#include "reference/scratch.h"

enum { GATES = 4 };

static int gates_of(ref_cell cell) { return cell == REF_LSTM ? 4 : cell == REF_GRU ? 3 : 1; }

static long double sigmoid(long double x) { return 1 / (1 + expl(-x)); }

/* A state and how far off it may be. */
typedef struct cell_state {
    long double h, c, off_h, off_c;
} cell_state;

/* What a gate gets from the input and from the state, and how far off that may be. */
typedef struct gate_input {
    long double a, b, off_a, off_b;
} gate_input;

/* Gate g of hidden unit j for row x (I) and the states before (H of them). */
static gate_input input_of(const ref_recurrent *r, const long double *x, const cell_state *before, int64_t j,
                           int g) {
    const int64_t inputs = r->w_ih.shape[0], hidden = r->w_hh.shape[0], columns = r->w_hh.shape[1];
    const int64_t column = g * hidden + j;
    gate_input s = {r->b_ih.v ? r->b_ih.v[column] : 0, r->b_hh.v ? r->b_hh.v[column] : 0, 0, 0};
    s.off_a = fabsl(s.a);
    s.off_b = fabsl(s.b);
    for (int64_t k = 0; k < inputs; k++) {
        const long double product = x[k] * r->w_ih.v[k * columns + column];
        s.a += product;
        s.off_a += fabsl(product);
    }
    for (int64_t k = 0; k < hidden; k++) {
        const long double w = r->w_hh.v[k * columns + column];
        s.b += before[k].h * w;
        s.off_b += fabsl(before[k].h * w) + before[k].off_h * fabsl(w);
    }
    return s;
}

static cell_state next_state(ref_cell cell, const gate_input *s, cell_state before) {
    long double sum[GATES], off[GATES];
    for (int g = 0; g < gates_of(cell); g++) {
        sum[g] = s[g].a + s[g].b;
        off[g] = s[g].off_a + s[g].off_b + 1;
    }
    cell_state now = {0};
    switch (cell) {
    case REF_TANH:
        return (cell_state){.h = tanhl(sum[0]), .off_h = off[0]};
    case REF_RELU:
        return (cell_state){.h = sum[0] > 0 ? sum[0] : 0, .off_h = off[0]};
    case REF_LSTM:
        now.c = sigmoid(sum[1]) * before.c + sigmoid(sum[0]) * tanhl(sum[2]);
        now.h = sigmoid(sum[3]) * tanhl(now.c);
        now.off_c = before.off_c + fabsl(before.c) * (off[1] + 1) + off[0] + off[2] + fabsl(now.c);
        now.off_h = now.off_c + off[3] + 1;
        return now;
    default:
        break;
    }
    const long double reset = sigmoid(sum[0]), z = sigmoid(sum[1]), n = tanhl(s[2].a + reset * s[2].b);
    now.h = (1 - z) * n + z * before.h;
    now.off_h = off[2] + fabsl(s[2].b) * (off[0] + 1) + (fabsl(before.h) + 1) * (off[1] + 1) + before.off_h;
    return now;
}

/* One step of one sample: the states of all hidden units. */
static void advance(const ref_recurrent *r, const long double *x, cell_state *state, cell_state *room) {
    const int64_t hidden = r->w_hh.shape[0];
    for (int64_t j = 0; j < hidden; j++) {
        gate_input s[GATES];
        for (int g = 0; g < gates_of(r->cell); g++) s[g] = input_of(r, x, state, j, g);
        room[j] = next_state(r->cell, s, state[j]);
    }
    for (int64_t j = 0; j < hidden; j++) state[j] = room[j];
}

ref_array ref_recurrent_run(const ref_recurrent *r, ref_array x, ref_array h, ref_array c, ref_array *size) {
    const int64_t batch = x.shape[0], steps = x.shape[1], inputs = x.shape[2], hidden = r->w_hh.shape[0];
    ref_array y = ref_array_new(3, (int64_t[]){batch, steps, hidden});
    cell_state *state = scratch((size_t)(2 * hidden) * sizeof *state);
    if (size) *size = ref_array_like(y);
    for (int64_t b = 0; b < batch; b++) {
        for (int64_t j = 0; j < hidden; j++)
            state[j] = (cell_state){h.v[b * hidden + j], c.v[b * hidden + j], 0, 0};
        for (int64_t step = 0; step < steps; step++) {
            const int64_t t = r->reverse ? steps - 1 - step : step, at = b * steps + t;
            advance(r, x.v + at * inputs, state, state + hidden);
            for (int64_t j = 0; j < hidden; j++) {
                y.v[at * hidden + j] = state[j].h;
                if (size) size->v[at * hidden + j] = state[j].off_h;
            }
        }
        for (int64_t j = 0; j < hidden; j++) {
            h.v[b * hidden + j] = state[j].h;
            c.v[b * hidden + j] = state[j].c;
        }
    }
    return y;
}
