/*
 * A recurrent cell over all steps, forward and back through time.
 *
 * The input products a_t = x_t W_ih + b come in, made by one product for all steps. A step is one product with the state and
 * one program for all gates. The rule computes the gates of all steps again, from the states it finds in the result, by one
 * product; then it goes back step by step, where all that depends on the step is linear in the gradient dh_t of its state:
 *
 *     tanh, relu   b = h_{t-1} w            h_t = f(a + b)                  da = db = dh f'(a + b)
 *     GRU          b = h_{t-1} w + bias     r, z = sigmoid(a + b), n = tanh(a + r b), h_t = n + z (h_{t-1} - n)
 *                  da = dh (P_r, P_z, P_n), db = dh (P_r, P_z, r P_n), and z dh goes to h_{t-1} at once, where
 *                  P_n = (1 - z)(1 - n^2), P_z = (h_{t-1} - n) z (1 - z), P_r = P_n b_n r (1 - r)
 *     LSTM         i, f, o = sigmoid(a + b), g = tanh(a + b), c_t = f c_{t-1} + i g, h_t = o tanh(c_t)
 *                  dc = dc_t + dh o (1 - tanh(c_t)^2), da = db = (dc g i (1 - i), dc c_{t-1} f (1 - f), dc i (1 - g^2),
 *                  dh tanh(c_t) o (1 - o)), and f dc goes to c_{t-1}
 *
 * dh_{t-1} = db w^T + what went at once + the gradient of the result. All of it is made of public operations, so that it
 * can be differentiated again.
 */
#include <stdlib.h>

#include "autograd/tape.h"
#include "clgrad/linalg.h"
#include "nn/recurrent_cell.h"
#include "ops/op.h"
#include "ops/reduction.h"

int cg_cell_gates(cg_cell cell) { return cell == CG_CELL_LSTM ? 4 : cell == CG_CELL_GRU ? 3 : 1; }

/* Step t of x (B, T, ...). */
static cg_tensor *step_of(cg_tensor *x, int64_t t) { return cg_squeeze(cg_slice(x, 1, t, t + 1, 1), 1); }

/* Gate k of G in the last axis (.., G H). */
static cg_tensor *gate(cg_tensor *x, int k, int gates) {
    const int64_t h = cg_size(x, -1) / gates;
    return cg_slice(x, -1, k * h, (k + 1) * h, 1);
}

/* --- forward -------------------------------------------------------------------------------------------------- */

/* The gates of all rows: k = 0 .. G - 1 of f(a + b). */
static cg_tensor *summed(cg_tensor *a, cg_tensor *b, int k, int gates) {
    return cg_add(gate(a, k, gates), gate(b, k, gates));
}

typedef struct lstm_gates {
    cg_tensor *i, *f, *g, *o;
} lstm_gates;

static lstm_gates lstm_gates_of(cg_tensor *a, cg_tensor *b) {
    return (lstm_gates){cg_sigmoid(summed(a, b, 0, 4)), cg_sigmoid(summed(a, b, 1, 4)),
                        cg_tanh(summed(a, b, 2, 4)), cg_sigmoid(summed(a, b, 3, 4))};
}

typedef struct gru_gates {
    cg_tensor *r, *z, *n, *bn;
} gru_gates;

static gru_gates gru_gates_of(cg_tensor *a, cg_tensor *b) {
    gru_gates s = {
        .r = cg_sigmoid(summed(a, b, 0, 3)), .z = cg_sigmoid(summed(a, b, 1, 3)), .bn = gate(b, 2, 3)};
    s.n = cg_tanh(cg_add(gate(a, 2, 3), cg_mul(s.r, s.bn)));
    return s;
}

/* h_t and c_t of (B, G H) products and the states before; both computed, in one program. */
static bool step(cg_cell cell, cg_tensor *a, cg_tensor *b, cg_tensor **h, cg_tensor **c) {
    if (cell == CG_CELL_LSTM) {
        const lstm_gates s = lstm_gates_of(a, b);
        *c = cg_add(cg_mul(s.f, *c), cg_mul(s.i, s.g));
        *h = cg_mul(s.o, cg_tanh(*c));
    } else if (cell == CG_CELL_GRU) {
        const gru_gates s = gru_gates_of(a, b);
        *h = cg_add(s.n, cg_mul(s.z, cg_sub(*h, s.n)));
    } else {
        *h = cell == CG_CELL_TANH ? cg_tanh(cg_add(a, b)) : cg_relu(cg_add(a, b));
    }
    if (!*h) return false;
    if (*c) (*c)->storage->saved++; /* a further output of the program that computes h */
    const bool ok = cg_eval(*h) && (!*c || cg_eval(*c));
    if (*c) (*c)->storage->saved--;
    return ok;
}

/* (1 or 2, B, T, H) of the states of all steps. */
static cg_tensor *join_states(cg_cell cell, int64_t steps, cg_tensor *const *h, cg_tensor *const *c) {
    cg_tensor *all[2] = {cg_stack((int)steps, h, 1), NULL};
    if (cell != CG_CELL_LSTM) return cg_unsqueeze(all[0], 0);
    all[1] = cg_stack((int)steps, c, 1);
    return cg_stack(2, all, 0);
}

static cg_tensor *run(cg_cell cell, cg_tensor *a, cg_tensor *w, cg_tensor *h0, cg_tensor *c0,
                      cg_tensor *bias) {
    const int64_t steps = cg_size(a, 1);
    cg_tensor **h = calloc(2 * (size_t)steps, sizeof(cg_tensor *)), **c = h ? h + steps : NULL, *out = NULL;
    if (!h) {
        CG_FAIL(&a->storage->dev->error, CG_ERROR_MEMORY, "recurrent: out of host memory");
        return NULL;
    }
    bool ok = true;
    for (int64_t t = 0; t < steps && ok; t++) {
        h[t] = t ? h[t - 1] : h0;
        c[t] = t ? c[t - 1] : c0;
        cg_tensor *b = cg_linear(h[t], w, bias), *at = step_of(a, t);
        ok = b && at && step(cell, at, b, &h[t], &c[t]);
    }
    if (ok) out = join_states(cell, steps, h, c);
    free(h);
    return out;
}

/* --- back ----------------------------------------------------------------------------------------------------- */

/* What the rule knows of all steps at once. */
typedef struct past {
    const cg_rule_call *call;
    cg_cell cell;
    int gates;
    int64_t steps;
    cg_tensor *before;  /* h_{t-1}, (B, T, H) */
    cg_tensor *b;       /* before w + bias, (B, T, G H) */
    cg_tensor *h, *c;   /* the result */
    cg_tensor *gh, *gc; /* its gradient */
    cg_tensor *pa, *pb; /* da = dh pa, db = dh pb, (B, T, G, H); an LSTM has one for dc, of i, f, g, in pa */
    cg_tensor *po;      /* LSTM: of o, (B, T, 1, H) */
    cg_tensor *keep;    /* GRU: z; LSTM: f */
    cg_tensor *to_c;    /* LSTM: o (1 - tanh(c)^2) */
    cg_tensor *dh0, *dc0; /* of the states before the first step */
    cg_tensor **dh, **dc; /* of every step */
} past;

/* x_0, then all but the last step of x. */
static cg_tensor *shifted(cg_tensor *first, cg_tensor *x) {
    cg_tensor *parts[2] = {cg_unsqueeze(first, 1), cg_slice(x, 1, 0, cg_size(x, 1) - 1, 1)};
    return cg_size(x, 1) == 1 ? parts[0] : cg_concat(2, parts, 1);
}

static cg_tensor *part(cg_tensor *x, int i) { return cg_squeeze(cg_slice(x, 0, i, i + 1, 1), 0); }

/* s (1 - s) */
static cg_tensor *slope(cg_tensor *s) { return cg_mul(s, cg_sub(1, s)); }

/* 1 - t^2 */
static cg_tensor *tanh_slope(cg_tensor *t) { return cg_sub(1, cg_square(t)); }

static void lstm_factors(past *p) {
    const lstm_gates s = lstm_gates_of(p->call->x[0], p->b);
    cg_tensor *tc = cg_tanh(p->c), *before = shifted(p->call->x[3], p->c);
    cg_tensor *factor[3] = {cg_mul(s.g, slope(s.i)), cg_mul(before, slope(s.f)),
                            cg_mul(s.i, tanh_slope(s.g))};
    p->pa = cg_stack(3, factor, 2);
    p->po = cg_unsqueeze(cg_mul(tc, slope(s.o)), 2);
    p->to_c = cg_mul(s.o, tanh_slope(tc));
    p->keep = s.f;
}

static void gru_factors(past *p) {
    const gru_gates s = gru_gates_of(p->call->x[0], p->b);
    cg_tensor *n = cg_mul(cg_sub(1, s.z), tanh_slope(s.n));
    cg_tensor *z = cg_mul(cg_sub(p->before, s.n), slope(s.z)), *r = cg_mul(cg_mul(n, s.bn), slope(s.r));
    p->pa = cg_stack(3, (cg_tensor *[]){r, z, n}, 2);
    p->pb = cg_stack(3, (cg_tensor *[]){r, z, cg_mul(n, s.r)}, 2);
    p->keep = s.z;
}

static void plain_factors(past *p) {
    cg_tensor *factor =
        p->cell == CG_CELL_TANH ? tanh_slope(p->h) : cg_cast(cg_gt(p->h, 0), p->h->storage->dtype);
    p->pa = p->pb = cg_unsqueeze(factor, 2);
}

static bool prepare(past *p) {
    const cg_rule_call *call = p->call;
    p->h = part(call->out, 0);
    p->gh = part(call->g, 0);
    if (p->cell == CG_CELL_LSTM) {
        p->c = part(call->out, 1);
        p->gc = part(call->g, 1);
    }
    p->before = shifted(call->x[2], p->h);
    p->b = cg_linear(p->before, call->x[1], p->cell == CG_CELL_GRU ? call->x[3] : NULL);
    if (!p->h || !p->b) return false;
    if (p->cell == CG_CELL_LSTM)
        lstm_factors(p);
    else if (p->cell == CG_CELL_GRU)
        gru_factors(p);
    else
        plain_factors(p);
    return cg_eval(p->pa) && (!p->pb || cg_eval(p->pb)) && (!p->po || cg_eval(p->po)) &&
           (!p->to_c || cg_eval(p->to_c)) && (!p->keep || cg_eval(p->keep));
}

/* d (B, H) times the factors (B, G, H) of a step, as (B, G H). */
static cg_tensor *times(cg_tensor *d, cg_tensor *factor) {
    return cg_flatten(cg_mul(cg_unsqueeze(d, 1), factor), 1, 2);
}

/* From dh_t (and dc_t) to what they make of the states before, without the gradient of the result there. */
static bool step_back(past *p, int64_t t, cg_tensor *wt) {
    cg_tensor *dh = cg_eval(p->dh[t]), *db = NULL;
    if (p->cell == CG_CELL_LSTM) {
        cg_tensor *dc = p->dc[t] = cg_eval(cg_add(p->dc[t], cg_mul(dh, step_of(p->to_c, t))));
        cg_tensor *parts[2] = {times(dc, step_of(p->pa, t)), times(dh, step_of(p->po, t))};
        db = cg_concat(2, parts, 1);
        p->dc0 = cg_mul(dc, step_of(p->keep, t));
    } else {
        db = times(dh, step_of(p->pb, t));
    }
    p->dh0 = cg_matmul(db, wt);
    if (p->cell == CG_CELL_GRU) p->dh0 = cg_add(p->dh0, cg_mul(dh, step_of(p->keep, t)));
    return p->dh0 && (p->cell != CG_CELL_LSTM || p->dc0);
}

static bool walk_back(past *p) {
    const bool lstm = p->cell == CG_CELL_LSTM;
    cg_tensor *wt = cg_transpose(p->call->x[1], 0, 1);
    for (int64_t t = p->steps - 1; t >= 0; t--) {
        p->dh[t] = step_of(p->gh, t);
        if (p->dh0) p->dh[t] = cg_add(p->dh[t], p->dh0);
        if (lstm) p->dc[t] = step_of(p->gc, t);
        if (lstm && p->dc0) p->dc[t] = cg_add(p->dc[t], p->dc0);
        if (!p->dh[t] || (lstm && !p->dc[t]) || !step_back(p, t, wt)) return false;
    }
    return true;
}

/* The gradients of all steps' gates, (B, T, G H), from those of the states. */
static cg_tensor *gate_gradient(const past *p, cg_tensor *dh, cg_tensor *dc, cg_tensor *factor) {
    cg_tensor *d = cg_mul(cg_unsqueeze(dc ? dc : dh, 2), factor);
    if (dc) {
        cg_tensor *parts[2] = {d, cg_mul(cg_unsqueeze(dh, 2), p->po)};
        d = cg_concat(2, parts, 2);
    }
    return cg_flatten(d, 2, 3);
}

static cg_tensor *as_rows(cg_tensor *x) { return cg_flatten(x, 0, 1); }

static void results(past *p, cg_tensor **dx) {
    const cg_rule_call *call = p->call;
    const bool lstm = p->cell == CG_CELL_LSTM, gru = p->cell == CG_CELL_GRU;
    cg_tensor *dh = cg_stack((int)p->steps, p->dh, 1), *dc = lstm ? cg_stack((int)p->steps, p->dc, 1) : NULL;
    if (!dh || (lstm && !dc)) return;
    cg_tensor *da = gate_gradient(p, dh, dc, p->pa), *db = da;
    if (gru && (call->wanted[1] || call->wanted[3])) db = gate_gradient(p, dh, NULL, p->pb);
    if (call->wanted[0]) dx[0] = da;
    if (call->wanted[1]) dx[1] = cg_matmul(cg_transpose(as_rows(p->before), 0, 1), as_rows(db));
    if (call->wanted[2]) dx[2] = p->dh0;
    if (call->wanted[3]) dx[3] = lstm ? p->dc0 : cg_sum(as_rows(db), cg_axes(0), false);
}

static void sequence_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_cell cell = (cg_cell)call->attributes->i[0];
    past p = {.call = call, .cell = cell, .gates = cg_cell_gates(cell), .steps = call->shape[0].dim[1]};
    p.dh = calloc(2 * (size_t)p.steps, sizeof(cg_tensor *));
    if (!p.dh) {
        CG_FAIL(&call->dev->error, CG_ERROR_MEMORY, "recurrent: out of host memory");
        return;
    }
    p.dc = p.dh + p.steps;
    if (prepare(&p) && walk_back(&p)) results(&p, dx);
    free(p.dh);
}

static const cg_rule rules[] = {[CG_CELL_TANH] = {"rnn", sequence_backward},
                                [CG_CELL_RELU] = {"rnn", sequence_backward},
                                [CG_CELL_LSTM] = {"lstm", sequence_backward},
                                [CG_CELL_GRU] = {"gru", sequence_backward}};

cg_tensor *cg_sequence(cg_cell cell, cg_tensor *a, cg_tensor *w, cg_tensor *h0, cg_tensor *c0, cg_tensor *b) {
    if (!a || !w || !h0 || (cell == CG_CELL_LSTM && !c0)) return NULL;
    cg_scope *scope = cg_values_begin(a->storage->dev);
    cg_tensor *out = cg_values_end(scope, scope ? run(cell, a, w, h0, c0, b) : NULL);
    cg_tensor *input[4] = {a, w, h0, cell == CG_CELL_LSTM ? c0 : b};
    return cg_record_op(out, &rules[cell], 4, input,
                        CG_KEEP(0) | CG_KEEP(1) | CG_KEEP(2) | CG_KEEP(3) | CG_KEEP_OUT,
                        &(cg_attributes){.i = {cell}});
}
