/* Recurrent layers. Values and gradients of single layers are in the catalog; here is what is put together. */
#include "reference/ref_recurrent.h"
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>
#include <string.h>

typedef enum kind { RNN, RELU, LSTM, GRU, KINDS } kind;

static const int gates[KINDS] = {1, 1, 4, 3};
static const ref_cell cells[KINDS] = {REF_TANH, REF_RELU, REF_LSTM, REF_GRU};

static cg_tensor *run(kind k, cg_tensor *x, cg_recurrent_state start, const cg_recurrent_weights *w,
                      cg_recurrent_options options, cg_recurrent_state *end) {
    cg_recurrent_state none = {0};
    if (!end) end = &none;
    options.relu = k == RELU;
    if (k == LSTM) return cg_lstm(x, start, w, options, end);
    return k == GRU ? cg_gru(x, start.h, w, options, &end->h) : cg_rnn(x, start.h, w, options, &end->h);
}

/* --- small values by hand ---------------------------------------------------------------------------------------- */

static cg_tensor *of(cg_device *dev, cg_dims shape, const double *v) { return cg_from_f64(dev, shape, v); }

/* One input, one hidden, two steps, with biases: each formula written out. */
CPU_TEST(recurrent, by_hand) {
    static const double x[2] = {0.5, -1}, w_ih[4] = {0.1, 0.2, 0.3, 0.4}, w_hh[4] = {0.5, -0.6, 0.7, -0.8},
                        b_ih[4] = {0.01, 0.02, 0.03, 0.04}, b_hh[4] = {-0.1, 0.2, -0.3, 0.4};
    for (kind k = RNN; k < KINDS; k++) {
        check_case("cell %d", (int)k);
        const cg_dims columns = cg_shape(gates[k]), matrix = cg_shape(1, gates[k]);
        const cg_recurrent_weights w = {of(dev, matrix, w_ih), of(dev, matrix, w_hh), of(dev, columns, b_ih),
                                        of(dev, columns, b_hh)};
        long double h = 0.25L, c = -0.5L, want[2];
        for (int t = 0; t < 2; t++) {
            long double a[4], b[4], s[4];
            for (int g = 0; g < 4; g++) {
                a[g] = (long double)x[t] * w_ih[g] + b_ih[g];
                b[g] = h * w_hh[g] + b_hh[g];
                s[g] = 1 / (1 + expl(-a[g] - b[g]));
            }
            if (k == RNN) h = tanhl(a[0] + b[0]);
            if (k == RELU) h = a[0] + b[0] > 0 ? a[0] + b[0] : 0;
            if (k == LSTM) {
                c = s[1] * c + s[0] * tanhl(a[2] + b[2]);
                h = s[3] * tanhl(c);
            }
            if (k == GRU) h = (1 - s[1]) * tanhl(a[2] + s[0] * b[2]) + s[1] * h;
            want[t] = h;
        }
        const cg_recurrent_state start = {of(dev, cg_shape(1, 1, 1), (const double[]){0.25}),
                                          k == LSTM ? of(dev, cg_shape(1, 1, 1), (const double[]){-0.5})
                                                    : NULL};
        cg_recurrent_state end = {0};
        check_within(run(k, of(dev, cg_shape(1, 2, 1), x), start, &w, (cg_recurrent_options){0}, &end),
                     CG_F64, cg_shape(1, 2, 1), want, 16, NULL);
        check_within(end.h, CG_F64, cg_shape(1, 1, 1), &h, 16, NULL);
        if (k == LSTM) check_within(end.c, CG_F64, cg_shape(1, 1, 1), &c, 16, NULL);
    }
}

/* --- layers and directions ---------------------------------------------------------------------------------------- */

enum { B = 2, T = 3, I = 2, H = 3, LAYERS = 2, SETS = 2 * LAYERS };

typedef struct net {
    kind k;
    cg_tensor *x, *h0, *c0;
    cg_recurrent_weights w[SETS];
} net;

static net make_net(cg_device *dev, kind k, uint64_t seed) {
    net n = {.k = k, .x = random_f64(dev, cg_shape(B, T, I), -1, 1, 0, &seed)};
    n.h0 = random_f64(dev, cg_shape(SETS, B, H), -1, 1, 0, &seed);
    if (k == LSTM) n.c0 = random_f64(dev, cg_shape(SETS, B, H), -1, 1, 0, &seed);
    for (int i = 0; i < SETS; i++) {
        n.w[i].w_ih = random_f64(dev, cg_shape(i < 2 ? I : 2 * H, gates[k] * H), -1, 1, 0, &seed);
        n.w[i].w_hh = random_f64(dev, cg_shape(H, gates[k] * H), -1, 1, 0, &seed);
        n.w[i].b_ih = random_f64(dev, cg_shape(gates[k] * H), -1, 1, 0, &seed);
        n.w[i].b_hh = random_f64(dev, cg_shape(gates[k] * H), -1, 1, 0, &seed);
    }
    return n;
}

/* Slice i of the first axis. */
static ref_array part_of(ref_array x, int64_t i) {
    ref_array p = ref_array_new(x.rank - 1, x.shape + 1);
    memcpy(p.v, x.v + i * p.n, (size_t)p.n * sizeof *p.v);
    return p;
}

/* Both directions of all layers by the naive reference. */
static ref_array reference(const net *n, long double *h_n, long double *c_n) {
    ref_array x = read_array(n->x), h0 = read_array(n->h0), c0 = {0};
    if (n->c0) c0 = read_array(n->c0);
    for (int layer = 0; layer < LAYERS; layer++) {
        ref_array out = ref_array_new(3, (int64_t[]){B, T, 2 * H});
        for (int d = 0; d < 2; d++) {
            const int k = 2 * layer + d;
            ref_array h = part_of(h0, k), c = part_of(n->c0 ? c0 : h0, k), y;
            const ref_recurrent r = {.cell = cells[n->k],
                                     .reverse = d == 1,
                                     .w_ih = read_array(n->w[k].w_ih),
                                     .w_hh = read_array(n->w[k].w_hh),
                                     .b_ih = read_array(n->w[k].b_ih),
                                     .b_hh = read_array(n->w[k].b_hh)};
            y = ref_recurrent_run(&r, x, h, c, NULL);
            for (int64_t i = 0; i < B * T; i++)
                memcpy(out.v + i * 2 * H + d * H, y.v + i * H, H * sizeof *y.v);
            memcpy(h_n + (int64_t)k * B * H, h.v, B * H * sizeof *h.v);
            memcpy(c_n + (int64_t)k * B * H, c.v, B * H * sizeof *c.v);
        }
        x = out;
    }
    return x;
}

static const cg_recurrent_options deep = {.layers = LAYERS, .bidirectional = true};

CPU_TEST(recurrent, layers_and_directions) {
    for (kind k = RNN; k < KINDS; k++) {
        check_case("cell %d", (int)k);
        const net n = make_net(dev, k, 11);
        long double h_n[SETS * B * H], c_n[SETS * B * H];
        const ref_array want = reference(&n, h_n, c_n);
        cg_recurrent_state end = {0};
        cg_tensor *y = run(k, n.x, (cg_recurrent_state){n.h0, n.c0}, n.w, deep, &end);
        check_within(y, CG_F64, cg_shape(B, T, 2 * H), want.v, 2000, NULL);
        check_within(end.h, CG_F64, cg_shape(SETS, B, H), h_n, 2000, NULL);
        if (k == LSTM) check_within(end.c, CG_F64, cg_shape(SETS, B, H), c_n, 2000, NULL);
        CHECK(k == LSTM || !end.c);
        check_case("cell %d, without the last states, from states 0 and from none", (int)k);
        cg_tensor *zero = cg_zeros(dev, CG_F64, cg_shape(SETS, B, H));
        check_same_bits(run(k, n.x, (cg_recurrent_state){zero, k == LSTM ? zero : NULL}, n.w, deep, NULL),
                        run(k, n.x, (cg_recurrent_state){0}, n.w, deep, NULL));
    }
}

/* Everything that comes out, of everything that goes in: x, the states, and the weights of the last direction. */
static cg_tensor *everything(void *context, int n, cg_tensor *const *x) {
    const net *given = context;
    (void)n;
    net use = *given;
    cg_recurrent_state end = {0};
    cg_tensor *states = x[1];
    use.h0 = given->c0 ? cg_slice(states, 0, 0, SETS, 1) : states;
    use.c0 = given->c0 ? cg_slice(states, 0, SETS, 2 * SETS, 1) : NULL;
    cg_recurrent_weights *w = &use.w[SETS - 1];
    const int64_t rows = 2 * H;
    w->w_ih = cg_slice(x[2], 0, 0, rows, 1);
    w->w_hh = cg_slice(x[2], 0, rows, rows + H, 1);
    w->b_ih = cg_squeeze(cg_slice(x[2], 0, rows + H, rows + H + 1, 1), 0);
    w->b_hh = cg_squeeze(cg_slice(x[2], 0, rows + H + 1, rows + H + 2, 1), 0);
    cg_tensor *y = run(use.k, x[0], (cg_recurrent_state){use.h0, use.c0}, use.w, deep, &end);
    cg_tensor *parts[3] = {cg_reshape(y, cg_shape(cg_numel(y))), cg_reshape(end.h, cg_shape(cg_numel(end.h))),
                           NULL};
    if (end.c) parts[2] = cg_reshape(end.c, cg_shape(cg_numel(end.c)));
    return cg_concat(end.c ? 3 : 2, parts, 0);
}

CPU_TEST(recurrent, gradients) {
    for (kind k = RNN; k < KINDS; k++) {
        if (k == RELU) continue; /* kinks; the catalog has it away from them */
        check_case("cell %d", (int)k);
        uint64_t seed = 23;
        net n = make_net(dev, k, 12);
        cg_tensor *both[2] = {n.h0, n.c0};
        cg_tensor *x[3] = {n.x, k == LSTM ? cg_concat(2, both, 0) : n.h0,
                           random_f64(dev, cg_shape(3 * H + 2, gates[k] * H), -1, 1, 0, &seed)};
        check_gradient(everything, &n, 3, x);
        if (k == GRU) check_second_gradient(everything, &n, 3, x);
    }
}

/* The rule goes through time by itself; the record of single steps gives the same, of second order too. */
static cg_tensor *step_by_step(void *context, int n, cg_tensor *const *x) {
    const kind k = *(const kind *)context;
    cg_tensor *h = x[1], *c = x[1], *out[T];
    (void)n;
    for (int t = 0; t < T; t++) {
        cg_tensor *a = cg_matmul(cg_squeeze(cg_slice(x[0], 1, t, t + 1, 1), 1), x[2]),
                  *b = cg_matmul(h, x[3]);
        cg_tensor *g[4][2];
        for (int i = 0; i < gates[k]; i++) {
            g[i][0] = cg_slice(a, 1, i * H, (i + 1) * H, 1);
            g[i][1] = cg_slice(b, 1, i * H, (i + 1) * H, 1);
        }
#define SUM(i) cg_add(g[i][0], g[i][1])
        if (k == LSTM) {
            c = cg_add(cg_mul(cg_sigmoid(SUM(1)), c), cg_mul(cg_sigmoid(SUM(0)), cg_tanh(SUM(2))));
            h = cg_mul(cg_sigmoid(SUM(3)), cg_tanh(c));
        } else if (k == GRU) {
            cg_tensor *z = cg_sigmoid(SUM(1));
            cg_tensor *m = cg_tanh(cg_add(g[2][0], cg_mul(cg_sigmoid(SUM(0)), g[2][1])));
            h = cg_add(cg_mul(cg_sub(1, z), m), cg_mul(z, h));
        } else {
            h = cg_tanh(SUM(0));
        }
        out[t] = h;
    }
    return cg_stack(T, out, 1);
}

static cg_tensor *at_once(void *context, int n, cg_tensor *const *x) {
    const kind k = *(const kind *)context;
    (void)n;
    cg_tensor *h0 = cg_unsqueeze(x[1], 0);
    const cg_recurrent_weights w = {.w_ih = x[2], .w_hh = x[3]};
    return run(k, x[0], (cg_recurrent_state){h0, k == LSTM ? h0 : NULL}, &w, (cg_recurrent_options){0}, NULL);
}

CPU_TEST(recurrent, agrees_with_single_steps) {
    for (kind k = RNN; k < KINDS; k++) {
        if (k == RELU) continue;
        check_case("cell %d", (int)k);
        uint64_t seed = 31;
        cg_tensor *x[4] = {random_f64(dev, cg_shape(B, T, I), -1, 1, 0, &seed),
                           random_f64(dev, cg_shape(B, H), -1, 1, 0, &seed),
                           random_f64(dev, cg_shape(I, gates[k] * H), -1, 1, 0, &seed),
                           random_f64(dev, cg_shape(H, gates[k] * H), -1, 1, 0, &seed)};
        cg_tensor *y[2], *g[2][4], *second[2][4];
        for (int how = 0; how < 2; how++) {
            cg_tensor *leaf[4], *sum = NULL;
            for (int i = 0; i < 4; i++) leaf[i] = cg_require_grad(cg_clone(x[i]), true);
            y[how] = (how ? at_once : step_by_step)(&k, 4, leaf);
            CHECK(cg_grad(total(cg_exp(y[how])), NULL, 4, leaf, true, g[how]) == CG_OK);
            for (int i = 0; i < 4; i++) {
                cg_tensor *part = total(cg_square(g[how][i]));
                sum = sum ? cg_add(sum, part) : part;
            }
            CHECK(cg_grad(sum, NULL, 4, leaf, false, second[how]) == CG_OK);
        }
        check_within(y[1], CG_F64, cg_shape(B, T, H), read_values(y[0]), 16, NULL);
        for (int i = 0; i < 4; i++) {
            const long double *first = read_values(g[0][i]), *again = read_values(second[0][i]);
            check_within(g[1][i], CG_F64, cg_shape_get(x[i]), first, 2000, NULL);
            check_within(second[1][i], CG_F64, cg_shape_get(x[i]), again, 1e5, NULL);
        }
    }
}

/* --- dropout ------------------------------------------------------------------------------------------------------- */

/* Between layers only, and the random numbers are those of cg_dropout. */
CPU_TEST(recurrent, dropout) {
    const net n = make_net(dev, GRU, 13);
    cg_recurrent_options one = {.bidirectional = true, .dropout = 0.5},
                         two = {.layers = 2, .bidirectional = true, .dropout = 0.5};
    cg_tensor *plain = cg_gru(n.x, NULL, n.w, (cg_recurrent_options){.bidirectional = true}, NULL);
    check_same_bits(cg_gru(n.x, NULL, n.w, one, NULL), plain);
    cg_seed(dev, 5);
    cg_tensor *got = cg_gru(n.x, NULL, n.w, two, NULL);
    cg_seed(dev, 5);
    check_same_bits(got, cg_gru(cg_dropout(plain, 0.5), NULL, n.w + 2, one, NULL));
}

/* --- modules ------------------------------------------------------------------------------------------------------- */

typedef cg_module *maker(cg_device *dev, int64_t inputs, int64_t hidden, cg_recurrent_options options);

static maker *const makers[KINDS] = {cg_rnn_module, cg_rnn_module, cg_lstm_module, cg_gru_module};

COMPOSED_TEST(small_recurrent, modules) {
    for (kind k = RNN; k < KINDS; k++) {
        if (device_is_opencl(dev) && k != LSTM) continue; /* the others need kernels of the same kind */
        check_case("cell %d", (int)k);
        cg_module *m = makers[k](dev, I, H, (cg_recurrent_options){.relu = k == RELU});
        cg_tensor *x = cg_cast(cg_reshape(cg_arange(dev, CG_F32, -6, 6, 1), cg_shape(B, T, I)), CG_F32);
        const cg_recurrent_weights w = {
            cg_module_parameter_named(m, "weight_ih_l0"), cg_module_parameter_named(m, "weight_hh_l0"),
            cg_module_parameter_named(m, "bias_ih_l0"), cg_module_parameter_named(m, "bias_hh_l0")};
        check_is(w.w_ih, CG_F32, cg_shape(I, gates[k] * H));
        check_is(w.w_hh, CG_F32, cg_shape(H, gates[k] * H));
        check_is(w.b_hh, CG_F32, cg_shape(gates[k] * H));
        CHECK(cg_parameter_count(m) == 4);
        cg_tensor *y = cg_forward(m, x);
        check_same_bits(y, run(k, x, (cg_recurrent_state){0}, &w, (cg_recurrent_options){0}, NULL));
        CHECK(cg_backward(total(cg_square(y))) == CG_OK);
        for (int i = 0; i < 4; i++) CHECK(cg_grad_of(cg_parameter(m, i, NULL)) != NULL);
        cg_module_free(m);
    }
}

CPU_TEST(recurrent, module_options) {
    cg_recurrent_options options = {.layers = 2, .bidirectional = true, .dropout = 0.5, .no_bias = true};
    cg_seed(dev, 3);
    cg_module *m = cg_lstm_module(dev, I, H, options);
    CHECK(cg_parameter_count(m) == 8);
    check_is(cg_module_parameter_named(m, "weight_ih_l1_reverse"), CG_F32, cg_shape(2 * H, 4 * H));
    const long double *v = read_values(cg_module_parameter_named(m, "weight_hh_l1"));
    long double largest = 0;
    for (int i = 0; i < H * 4 * H; i++) largest = fmaxl(largest, fabsl(v[i]));
    CHECK_MSG(largest <= 1 / sqrtl(H) && largest > 0.8L / sqrtl(H), "%.3Lf", largest);
    check_case("dropout while it trains, states in and out");
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(B, T, I));
    CHECK(!cg_module_training(m) || (cg_module_train(m, false), true));
    cg_recurrent_state end, after;
    cg_tensor *first = cg_recurrent_forward(m, x, (cg_recurrent_state){0}, &end);
    check_is(first, CG_F32, cg_shape(B, T, 2 * H));
    check_is(end.h, CG_F32, cg_shape(4, B, H));
    check_is(end.c, CG_F32, cg_shape(4, B, H));
    check_same_bits(first, cg_forward(m, x));
    cg_tensor *next = cg_recurrent_forward(m, x, end, &after);
    CHECK(memcmp(read_raw(first), read_raw(next), sizeof(float) * B * T * 2 * H) != 0);
    cg_module_train(m, true);
    CHECK(memcmp(read_raw(first), read_raw(cg_forward(m, x)), sizeof(float) * B * T * 2 * H) != 0);
    check_case("as f64");
    cg_module_train(m, false);
    CHECK(cg_module_set_dtype(m, CG_F64) == CG_OK);
    check_within(cg_forward(m, cg_cast(x, CG_F64)), CG_F64, cg_shape(B, T, 2 * H), read_values(first), 0x1p30,
                 NULL);
    cg_module_free(m);
}

/* A forward LSTM read in two pieces, the states handed on, is one read of the whole. */
CPU_TEST(recurrent, in_pieces) {
    const net n = make_net(dev, LSTM, 14);
    cg_recurrent_options forward = {0};
    cg_recurrent_state end, whole_end;
    cg_tensor *whole = cg_lstm(n.x, (cg_recurrent_state){0}, n.w, forward, &whole_end);
    cg_tensor *first = cg_lstm(cg_slice(n.x, 1, 0, 2, 1), (cg_recurrent_state){0}, n.w, forward, &end);
    cg_tensor *second = cg_lstm(cg_slice(n.x, 1, 2, T, 1), end, n.w, forward, &end);
    cg_tensor *both[2] = {first, second};
    check_within(cg_concat(2, both, 1), CG_F64, cg_shape(B, T, H), read_values(whole), 8, NULL);
    check_within(end.c, CG_F64, cg_shape(1, B, H), read_values(whole_end.c), 8, NULL);
}

CPU_TEST(recurrent, refusals) {
    const net n = make_net(dev, GRU, 15);
    const cg_recurrent_options one = {0};
    check_case("shapes");
    CHECK_FAILS(dev, cg_gru(cg_slice(n.x, 1, 0, 0, 1), NULL, n.w, one, NULL), CG_ERROR_SHAPE, "gru",
                "(2, 0, 2)");
    CHECK_FAILS(dev, cg_gru(n.h0, NULL, n.w, one, NULL), CG_ERROR_SHAPE, "w_ih", "(2, 9)", "(3, 9)");
    CHECK_FAILS(dev, cg_lstm(n.x, (cg_recurrent_state){0}, n.w, one, NULL), CG_ERROR_SHAPE, "lstm",
                "(2, 12)");
    CHECK_FAILS(dev, cg_gru(n.x, n.x, n.w, one, NULL), CG_ERROR_SHAPE, "h0", "(1, 2, 3)");
    CHECK_FAILS(dev, cg_gru(cg_squeeze(cg_slice(n.x, 0, 0, 1, 1), 0), NULL, n.w, one, NULL), CG_ERROR_SHAPE,
                "(3, 2)");
    check_case("dtypes");
    CHECK_FAILS(dev, cg_gru(cg_cast(n.x, CG_F32), NULL, n.w, one, NULL), CG_ERROR_DTYPE, "f64", "f32");
    CHECK_FAILS(dev, cg_gru(cg_cast(n.x, CG_I32), NULL, n.w, one, NULL), CG_ERROR_DTYPE, "i32");
    check_case("options");
    CHECK_FAILS(dev, cg_gru(n.x, NULL, n.w, (cg_recurrent_options){.layers = -1}, NULL), CG_ERROR_ARGUMENT,
                "layers");
    CHECK_FAILS(dev, cg_gru(n.x, NULL, n.w, (cg_recurrent_options){.dropout = 2}, NULL), CG_ERROR_ARGUMENT,
                "dropout");
    CHECK_FAILS(dev, cg_gru_module(dev, 0, 3, one), CG_ERROR_ARGUMENT, "gru_module");
    CHECK_FAILS(dev, cg_lstm_module(dev, 3, INT64_C(1) << 62, one), CG_ERROR_ARGUMENT, "lstm_module",
                "2147483648");
    CHECK_FAILS(dev, cg_lstm_module(dev, INT64_MAX, 3, one), CG_ERROR_ARGUMENT, "lstm_module", "2147483648");
    const cg_recurrent_options endless = {.layers = INT32_MAX, .bidirectional = true};
    CHECK_FAILS(dev, cg_lstm_module(dev, 3, 3, endless), CG_ERROR_ARGUMENT, "layers", "1024");
    CHECK_FAILS(dev, cg_gru(n.x, NULL, n.w, endless, NULL), CG_ERROR_ARGUMENT, "layers", "1024");
    CHECK_FAILS(dev, cg_lstm_module(dev, 3, 3, (cg_recurrent_options){.dropout = -1}), CG_ERROR_ARGUMENT,
                "dropout");
    cg_module *linear = cg_linear_module(dev, 2, 2, CG_INIT_HE), *gru = cg_gru_module(dev, 2, 3, one);
    CHECK_FAILS(dev, cg_recurrent_forward(linear, n.x, (cg_recurrent_state){0}, NULL), CG_ERROR_ARGUMENT,
                "linear");
    CHECK_FAILS(dev, cg_recurrent_forward(gru, n.x, (cg_recurrent_state){.c = n.h0}, NULL), CG_ERROR_ARGUMENT,
                "gru");
    cg_module_free(linear);
    cg_module_free(gru);
    CHECK(cg_gru(NULL, NULL, n.w, one, NULL) == NULL && cg_gru(n.x, NULL, NULL, one, NULL) == NULL);
    CHECK(cg_recurrent_forward(NULL, n.x, (cg_recurrent_state){0}, NULL) == NULL &&
          !cg_rnn_module(NULL, 1, 1, one));
}
