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

/* The mean and the biased variance of one set; where its first element is. */
static int64_t of_set(const ref_norm *how, const ref_array *x, int64_t set, long double *mean,
                      long double *var) {
    int64_t n = 0, first = -1;
    *mean = *var = 0;
    for (int64_t i = 0; i < x->n; i++) {
        if (set_of(how, x, i) != set) continue;
        if (first < 0) first = i;
        *mean += how->uncentred ? 0 : x->v[i];
        n++;
    }
    *mean /= n;
    for (int64_t i = 0; i < x->n; i++)
        if (set_of(how, x, i) == set) *var += (x->v[i] - *mean) * (x->v[i] - *mean) / n;
    return first;
}

ref_array ref_normalize(const ref_norm *how, ref_array x, ref_array *size, ref_array *mean, ref_array *var) {
    ref_array y = ref_array_like(x);
    int64_t sets = x.n ? set_of(how, &x, x.n - 1) + 1 : 0;
    if (size) *size = ref_array_like(x);
    if (mean) *mean = ref_array_new(1, &sets);
    if (var) *var = ref_array_new(1, &sets);
    for (int64_t set = 0; set < sets; set++) {
        long double m, v;
        const int64_t first = of_set(how, &x, set, &m, &v);
        if (mean) mean->v[set] = m;
        if (var) var->v[set] = v;
        if (how->given_mean) m = how->given_mean->v[set];
        if (how->given_var) v = how->given_var->v[set];
        const long double root = sqrtl(v + how->epsilon), z0 = fabsl((x.v[first] - m) / root);
        for (int64_t i = 0; i < x.n; i++) {
            if (set_of(how, &x, i) != set) continue;
            const int64_t at = weight_of(how, &x, i);
            const long double z = (x.v[i] - m) / root, w = how->weight ? how->weight->v[at] : 1;
            y.v[i] = z * w + (how->bias ? how->bias->v[at] : 0);
            if (size) size->v[i] = (1 + fabsl(z) + z0) * fabsl(w) + fabsl(y.v[i]);
        }
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
    for (int64_t row = 0; row < ref_count(batch + 1, shape); row++) {
        const int64_t b = row / queries, t = row % queries;
        const long double *query = matrix_of(&q, b, batch, shape) + t * d;
        const long double *key = matrix_of(&k, b, batch, shape), *value = matrix_of(&v, b, batch, shape);
        long double most = -INFINITY, largest = 0, sum = 0,
                    *score = scratch((size_t)(keys + 1) * sizeof *score);
        for (int64_t s = 0; s < keys; s++) {
            long double added;
            score[s] = -INFINITY;
            if (!sees(how, t, s, row * keys + s, batch + 2, shape, &added)) continue;
            long double terms = fabsl(added);
            score[s] = added;
            for (int64_t j = 0; j < d; j++) {
                score[s] += how->scale * query[j] * key[s * d + j];
                terms += fabsl(how->scale * query[j] * key[s * d + j]);
            }
            most = fmaxl(most, score[s]);
            largest = fmaxl(largest, terms);
        }
        for (int64_t s = 0; s < keys; s++) sum += score[s] == -INFINITY ? 0 : expl(score[s] - most);
        for (int64_t s = 0; s < keys; s++) {
            const long double p = score[s] == -INFINITY ? 0 : expl(score[s] - most) / sum;
            for (int64_t j = 0; j < e; j++) {
                out.v[row * e + j] += p * value[s * e + j];
                if (size) size->v[row * e + j] += (1 + largest) * p * fabsl(value[s * e + j]);
            }
        }
    }
    return out;
}
