/* Recurrent layers: one layer in each direction; tests/test_recurrent.c puts several together. */
#include "catalog/catalog.h"
#include "reference/ref_recurrent.h"

#include <string.h>

static ref_array copy_of(ref_array x) {
    ref_array y = ref_array_like(x);
    memcpy(y.v, x.v, (size_t)x.n * sizeof *x.v);
    return y;
}

/* x, w_ih, w_hh, and a fourth: b_hh (G H), or the states (S, B, H) before: h0, then c0. */
static ref_array expected(ref_cell cell, bool states, const ref_array *x, ref_array *size) {
    ref_recurrent r = {.cell = cell, .w_ih = x[1], .w_hh = x[2]};
    ref_array h = ref_array_new(2, (int64_t[]){x[0].shape[0], x[2].shape[0]}), c = ref_array_like(h);
    if (!states) r.b_hh = x[3];
    if (states) memcpy(h.v, x[3].v, (size_t)h.n * sizeof *h.v);
    if (states && cell == REF_LSTM) memcpy(c.v, x[3].v + h.n, (size_t)h.n * sizeof *h.v);
    return ref_recurrent_run(&r, copy_of(x[0]), h, c, size);
}

#define REFERENCE(call_, ...)                                                                                \
    static ref_array ref_of_##call_(const ref_array *x) { return expected(__VA_ARGS__, x, NULL); }           \
    static ref_array size_of_##call_(const ref_array *x) {                                                   \
        ref_array size;                                                                                      \
        expected(__VA_ARGS__, x, &size);                                                                     \
        return size;                                                                                         \
    }

static cg_recurrent_weights with_bias(cg_tensor *const *x) {
    return (cg_recurrent_weights){.w_ih = x[1], .w_hh = x[2], .b_hh = x[3]};
}

static cg_recurrent_weights without(cg_tensor *const *x) {
    return (cg_recurrent_weights){.w_ih = x[1], .w_hh = x[2]};
}

static const cg_recurrent_options forward = {0}, relu = {.relu = true};

static cg_tensor *rnn(cg_tensor *const *x) {
    const cg_recurrent_weights w = with_bias(x);
    return cg_rnn(x[0], NULL, &w, forward, NULL);
}
REFERENCE(rnn, REF_TANH, false)

static cg_tensor *rnn_relu(cg_tensor *const *x) {
    const cg_recurrent_weights w = without(x);
    return cg_rnn(x[0], x[3], &w, relu, NULL);
}
REFERENCE(rnn_relu, REF_RELU, true)

static cg_tensor *gru(cg_tensor *const *x) {
    const cg_recurrent_weights w = with_bias(x);
    return cg_gru(x[0], NULL, &w, forward, NULL);
}
REFERENCE(gru, REF_GRU, false)

static cg_tensor *gru_states(cg_tensor *const *x) {
    const cg_recurrent_weights w = without(x);
    return cg_gru(x[0], x[3], &w, forward, NULL);
}
REFERENCE(gru_states, REF_GRU, true)

static cg_tensor *lstm(cg_tensor *const *x) {
    const cg_recurrent_weights w = with_bias(x);
    return cg_lstm(x[0], (cg_recurrent_state){0}, &w, forward, NULL);
}
REFERENCE(lstm, REF_LSTM, false)

static cg_tensor *lstm_states(cg_tensor *const *x) {
    const cg_recurrent_weights w = without(x);
    const cg_recurrent_state start = {cg_slice(x[3], 0, 0, 1, 1), cg_slice(x[3], 0, 1, 2, 1)};
    return cg_lstm(x[0], start, &w, forward, NULL);
}
REFERENCE(lstm_states, REF_LSTM, true)

/* --- the entries ---------------------------------------------------------------------------------------------- */

#define OF(call_) .call = call_, .reference = ref_of_##call_, .scale = size_of_##call_, .n = 4
/* (I + H + 2) u for the sums, and a few u for each of the functions behind them */
#define COMMON .dtypes = CATALOG_REALS, .bound = 12, .gradient = true
#define IN(...)                                                                                              \
    {                                                                                                        \
        { 3, __VA_ARGS__ }                                                                                   \
    }
#define WEIGHT(...)                                                                                          \
    { {2, __VA_ARGS__}, .lo = -1, .hi = 1 }

const catalog_entry catalog_recurrent[] = {
    {"rnn", "tanh, a bias", OF(rnn), COMMON,
     .x = {IN({2, 3, 2}), WEIGHT({2, 3}), WEIGHT({3, 3}), {{1, {3}}, .lo = -1, .hi = 1}},
     .large = {{3, {32, 64, 128}}, {2, {128, 256}}, {2, {256, 256}}, {1, {256}}}},
    {"rnn", "relu, from states", OF(rnn_relu), COMMON,
     .x = {{{3, {2, 2, 2}}, .lo = 1, .hi = 3},
           {{2, {2, 3}}, .lo = 0.5, .hi = 1},
           {{2, {3, 3}}, .lo = 0.1, .hi = 0.5},
           {{3, {1, 2, 3}}, .lo = 0.5, .hi = 1}}},
    {"lstm", "a bias", OF(lstm), COMMON,
     .x = {IN({2, 3, 2}), WEIGHT({2, 8}), WEIGHT({2, 8}), {{1, {8}}, .lo = -1, .hi = 1}},
     .large = {{3, {32, 64, 128}}, {2, {128, 1024}}, {2, {256, 1024}}, {1, {1024}}}},
    {"lstm", "from states", OF(lstm_states), COMMON,
     .x = {IN({2, 2, 2}), WEIGHT({2, 8}), WEIGHT({2, 8}), {{3, {2, 2, 2}}, .lo = -1, .hi = 1}}},
    {"gru", "a bias", OF(gru), COMMON,
     .x = {IN({2, 3, 2}), WEIGHT({2, 6}), WEIGHT({2, 6}), {{1, {6}}, .lo = -1, .hi = 1}},
     .large = {{3, {32, 64, 128}}, {2, {128, 768}}, {2, {256, 768}}, {1, {768}}}},
    {"gru", "from states", OF(gru_states), COMMON,
     .x = {IN({2, 2, 2}), WEIGHT({2, 6}), WEIGHT({2, 6}), {{3, {1, 2, 2}}, .lo = -1, .hi = 1}}},
    {.name = NULL},
};
