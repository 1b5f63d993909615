#include "reference/ref_networks.h"

#include <math.h>

#include "reference/scratch.h"

/* --- normalization -------------------------------------------------------------------------------------------- */

/* The axis of a channel, and the element's weight. */
static int64_t weight_of(const ref_norm *how, const ref_array *x, int64_t i) {
    if (how->kind == REF_LAST_AXES) return i % ref_count((int)how->n, x->shape + x->rank - how->n);
    return i / ref_count(x->rank - 2, x->shape + 2) % x->shape[1];
}

static int64_t set_of(const ref_norm *how, const ref_array *x, int64_t i) {
    const int64_t channel = how->kind == REF_LAST_AXES ? 0 : weight_of(how, x, i);
    switch (how->kind) {
    case REF_LAST_AXES:
        return i / ref_count((int)how->n, x->shape + x->rank - how->n);
    case REF_GROUPS:
        return i / ref_count(x->rank - 1, x->shape + 1) * how->n + channel / (x->shape[1] / how->n);
    default:
        return channel;
    }
}

/* What the sets of an array have: each one's mean, biased variance and first element. */
typedef struct sets_of {
    int64_t n;
    long double *mean, *var, *first;
} sets_of;

static long double *one_for_each(int64_t sets) { return ref_array_new(1, &sets).v; }

/* In one walk over the elements for each sum: the sets may be many. */
static sets_of all_sets(const ref_norm *how, const ref_array *x) {
    const int64_t n = x->n ? set_of(how, x, x->n - 1) + 1 : 0;
    const sets_of s = {n, one_for_each(n), one_for_each(n), one_for_each(n)};
    long double *count = one_for_each(n);
    for (int64_t i = 0; i < x->n; i++) {
        const int64_t set = set_of(how, x, i);
        if (count[set]++ == 0) s.first[set] = x->v[i];
        s.mean[set] += how->uncentred ? 0 : x->v[i];
    }
    for (int64_t set = 0; set < n; set++) s.mean[set] /= count[set];
    for (int64_t i = 0; i < x->n; i++) {
        const int64_t set = set_of(how, x, i);
        const long double distance = x->v[i] - s.mean[set];
        s.var[set] += distance * distance / count[set];
    }
    return s;
}

ref_array ref_normalize(const ref_norm *how, ref_array x, ref_array *size, ref_array *mean, ref_array *var) {
    ref_array y = ref_array_like(x);
    const sets_of sets = all_sets(how, &x);
    if (size) *size = ref_array_like(x);
    if (mean) *mean = ref_array_of(sets.n, sets.mean);
    if (var) *var = ref_array_of(sets.n, sets.var);
    for (int64_t i = 0; i < x.n; i++) {
        const int64_t set = set_of(how, &x, i), at = weight_of(how, &x, i);
        const long double m = how->given_mean ? how->given_mean->v[set] : sets.mean[set];
        const long double v = how->given_var ? how->given_var->v[set] : sets.var[set];
        const long double root = sqrtl(v + how->epsilon), z0 = fabsl((sets.first[set] - m) / root);
        const long double z = (x.v[i] - m) / root, w = how->weight ? how->weight->v[at] : 1;
        y.v[i] = z * w + (how->bias ? how->bias->v[at] : 0);
        if (size) size->v[i] = (1 + fabsl(z) + z0) * fabsl(w) + fabsl(y.v[i]);
    }
    return y;
}

/* --- attention ------------------------------------------------------------------------------------------------ */

/* The broadcast of two shapes of batch axes into the first. */
static void broadcast_into(int *rank, int64_t *shape, int other_rank, const int64_t *other) {
    int64_t both[REF_MAX_RANK];
    const int most = *rank > other_rank ? *rank : other_rank;
    for (int a = 0; a < most; a++) {
        const int mine = a - (most - *rank), its = a - (most - other_rank);
        const int64_t dim = mine < 0 ? 1 : shape[mine], its_dim = its < 0 ? 1 : other[its];
        both[a] = dim == 1 ? its_dim : dim;
    }
    for (int a = 0; a < most; a++) shape[a] = both[a];
    *rank = most;
}

/* The matrix of x that batch number i of `shape` has. */
static const long double *matrix_of(const ref_array *x, int64_t i, int rank, const int64_t *shape) {
    const int64_t elements = x->shape[x->rank - 2] * x->shape[x->rank - 1];
    return x->v + ref_broadcast(i, rank, shape, x->rank - 2, x->shape) * elements;
}

/* Whether key s may be seen; what is added to its score. Element i of the scores of shape `shape`. */
static bool sees(const ref_attention *how, int64_t t, int64_t s, int64_t i, int rank, const int64_t *shape,
                 long double *added) {
    *added = 0;
    if (how->causal && s > t) return false;
    if (!how->mask) return true;
    const long double m = how->mask->v[ref_broadcast(i, rank, shape, how->mask->rank, how->mask->shape)];
    if (how->mask_is_bool) return m != 0;
    *added = m;
    return m != -INFINITY;
}

/*
 * The weights p[s] of one row of scores, and m. `row` counts the rows of the scores, whose shape is batch axes, queries, keys;
 * query and key are those of its matrices.
 */
static long double weights_of_row(const ref_attention *how, int64_t row, int batch, const int64_t *shape,
                                  int64_t d, const long double *query, const long double *key,
                                  long double *p) {
    const int64_t queries = shape[batch], keys = shape[batch + 1], t = row % queries;
    long double most = -INFINITY, largest = 0, sum = 0;
    for (int64_t s = 0; s < keys; s++) {
        long double added;
        p[s] = -INFINITY;
        if (!sees(how, t, s, row * keys + s, batch + 2, shape, &added)) continue;
        long double terms = fabsl(added);
        p[s] = added;
        for (int64_t j = 0; j < d; j++) {
            p[s] += how->scale * query[j] * key[s * d + j];
            terms += fabsl(how->scale * query[j] * key[s * d + j]);
        }
        most = fmaxl(most, p[s]);
        largest = fmaxl(largest, terms);
    }
    for (int64_t s = 0; s < keys; s++) sum += p[s] == -INFINITY ? 0 : expl(p[s] - most);
    for (int64_t s = 0; s < keys; s++) p[s] = p[s] == -INFINITY ? 0 : expl(p[s] - most) / sum;
    return largest;
}

ref_array ref_attend(const ref_attention *how, ref_array q, ref_array k, ref_array v, ref_array *size) {
    int64_t shape[REF_MAX_RANK] = {0}, keys = k.shape[k.rank - 2], queries = q.shape[q.rank - 2];
    int64_t d = q.shape[q.rank - 1], e = v.shape[v.rank - 1];
    int batch = 0;
    broadcast_into(&batch, shape, q.rank - 2, q.shape);
    broadcast_into(&batch, shape, k.rank - 2, k.shape);
    broadcast_into(&batch, shape, v.rank - 2, v.shape);
    shape[batch] = queries;
    shape[batch + 1] = e;
    ref_array out = ref_array_new(batch + 2, shape);
    if (size) *size = ref_array_like(out);
    shape[batch + 1] = keys;
    long double *p = scratch((size_t)(keys + 1) * sizeof *p);
    for (int64_t row = 0; row < ref_count(batch + 1, shape); row++) {
        const int64_t b = row / queries, t = row % queries;
        const long double *value = matrix_of(&v, b, batch, shape);
        const long double m =
            weights_of_row(how, row, batch, shape, d, matrix_of(&q, b, batch, shape) + t * d,
                           matrix_of(&k, b, batch, shape), p);
        for (int64_t s = 0; s < keys; s++)
            for (int64_t j = 0; j < e; j++) {
                out.v[row * e + j] += p[s] * value[s * e + j];
                if (size) size->v[row * e + j] += (1 + m) * p[s] * fabsl(value[s * e + j]);
            }
    }
    return out;
}

ref_attention_gradient ref_attend_gradient(const ref_attention *how, ref_array q, ref_array k, ref_array v,
                                           ref_array g) {
    ref_attention_gradient r = {ref_array_like(q), ref_array_like(k), ref_array_like(v),
                                ref_array_like(q), ref_array_like(k), ref_array_like(v)};
    const int batch = q.rank - 2;
    const int64_t queries = q.shape[batch], keys = k.shape[batch], d = q.shape[batch + 1],
                  e = v.shape[batch + 1];
    int64_t shape[REF_MAX_RANK] = {0};
    for (int i = 0; i <= batch; i++) shape[i] = q.shape[i];
    shape[batch + 1] = keys;
    long double *p = scratch((size_t)(keys + 1) * sizeof *p);
    for (int64_t row = 0; row < ref_count(batch + 1, shape); row++) {
        const int64_t first = row / queries * keys; /* of the rows of k and v */
        const long double m =
            1 + weights_of_row(how, row, batch, shape, d, q.v + row * d, k.v + first * d, p);
        long double mean = 0, mean_size = 0;
        for (int64_t s = 0; s < keys; s++)
            for (int64_t j = 0; j < e; j++) {
                const long double term = g.v[row * e + j] * v.v[(first + s) * e + j];
                mean += p[s] * term;
                mean_size += p[s] * fabsl(term);
            }
        for (int64_t s = 0; s < keys; s++) {
            long double slope = -mean, slope_size = mean_size;
            for (int64_t j = 0; j < e; j++) {
                const int64_t at = (first + s) * e + j;
                slope += g.v[row * e + j] * v.v[at];
                slope_size += fabsl(g.v[row * e + j] * v.v[at]);
                r.dv.v[at] += p[s] * g.v[row * e + j];
                r.size_v.v[at] += m * p[s] * fabsl(g.v[row * e + j]);
            }
            slope *= how->scale * p[s];
            slope_size *= m * fabsl(how->scale * p[s]);
            for (int64_t j = 0; j < d; j++) {
                const int64_t at = (first + s) * d + j, own = row * d + j;
                r.dq.v[own] += slope * k.v[at];
                r.size_q.v[own] += slope_size * fabsl(k.v[at]);
                r.dk.v[at] += slope * q.v[own];
                r.size_k.v[at] += slope_size * fabsl(q.v[own]);
            }
        }
    }
    return r;
}
