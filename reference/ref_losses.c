#include "reference/ref_losses.h"

#include <math.h>

/* --- One element ------------------------------------------------------------------------------------------- */

long double ref_mae(long double y, long double t) { return fabsl(y - t); }

long double ref_mse(long double y, long double t) { return (y - t) * (y - t); }

long double ref_huber(long double y, long double t, long double delta) {
    long double d = fabsl(y - t);
    return d > delta ? delta * (d - delta / 2) : d * d / 2;
}

long double ref_smooth_l1(long double y, long double t, long double beta) {
    long double d = fabsl(y - t);
    return d >= beta ? d - beta / 2 : d * d / (2 * beta);
}

long double ref_hinge(long double y, long double t) {
    long double margin = 1 - y * t;
    return margin < 0 ? 0 : margin;
}

static long double clamped_log(long double log) { return log < -100 ? -100 : log; }

long double ref_binary_cross_entropy(long double p, long double t) {
    return -t * clamped_log(logl(p)) - (1 - t) * clamped_log(log1pl(-p));
}

long double ref_binary_cross_entropy_logits(long double x, long double t, long double w) {
    long double tail = log1pl(expl(-fabsl(x)));
    return w * t * (tail + (x < 0 ? -x : 0)) + (1 - t) * (tail + (x > 0 ? x : 0));
}

long double ref_kl_div(long double x, long double t) { return t == 0 ? 0 : t * (logl(t) - x); }

long double ref_kl_div_size(long double x, long double t) {
    return t == 0 ? 0 : fabsl(t) * (fabsl(logl(t)) + fabsl(x));
}

ref_array ref_loss_reduce(ref_loss_reduction reduction, ref_array loss) {
    if (reduction == REF_LOSS_NONE) return loss;
    ref_array sum = ref_array_reduce(REF_SUM, loss, (1u << loss.rank) - 1, false);
    if (reduction == REF_LOSS_MEAN) sum.v[0] /= (long double)loss.n;
    return sum;
}

/* --- Classes ------------------------------------------------------------------------------------------------- */

/* One sample: class c is at x[c * step]. */
typedef struct sample {
    const long double *x;
    int64_t classes, step;
} sample;

static long double log_p(ref_class_form form, sample s, int64_t c) {
    long double x = s.x[c * s.step], largest = -(long double)INFINITY, sum = 0;
    if (form == REF_LOG_P) return x;
    if (form == REF_P) return clamped_log(logl(x));
    for (int64_t i = 0; i < s.classes; i++)
        if (s.x[i * s.step] > largest) largest = s.x[i * s.step];
    for (int64_t i = 0; i < s.classes; i++) sum += expl(s.x[i * s.step] - largest);
    return x - largest - logl(sum);
}

/* The error of log_softmax is in proportion to the logits it is a difference of. */
static long double log_p_size(ref_class_form form, sample s, int64_t c) {
    if (form != REF_LOGITS) return fabsl(log_p(form, s, c));
    long double largest = 0;
    for (int64_t i = 0; i < s.classes; i++)
        if (fabsl(s.x[i * s.step]) > largest) largest = fabsl(s.x[i * s.step]);
    return 2 * largest + logl((long double)s.classes);
}

static long double weight_of(const ref_class_loss *l, int64_t c) { return l->weight ? l->weight[c] : 1; }

/* target[c * step] for distributions; *label is -1 then. */
static long double sample_loss(const ref_class_loss *l, sample s, const long double *target, int64_t label) {
    long double loss = 0;
    if (!l->soft && (label < 0 || label >= s.classes)) return (long double)NAN;
    for (int64_t c = 0; c < s.classes; c++) {
        long double q = l->soft ? target[c * s.step] : c == label;
        q = (1 - (long double)l->smoothing) * q + (long double)l->smoothing / (long double)s.classes;
        if (q == 0) continue;
        loss += weight_of(l, c) * q * (l->size ? log_p_size(l->form, s, c) : -log_p(l->form, s, c));
    }
    return loss;
}

ref_array ref_class_losses(const ref_class_loss *l) {
    int axis = l->x.rank == 1 ? 0 : 1, rank = 0;
    int64_t outer, inner, shape[REF_MAX_RANK], classes = l->x.shape[axis];
    ref_array_around(l->x, axis, &outer, &inner);
    for (int a = 0; a < l->x.rank; a++)
        if (a != axis) shape[rank++] = l->x.shape[a];
    ref_array loss = ref_array_new(rank, shape);
    long double total = 0, sum = 0;
    for (int64_t i = 0; i < outer * inner; i++) {
        int64_t first = i / inner * classes * inner + i % inner,
                label = l->soft ? -1 : (int64_t)l->target.v[i];
        if (l->ignore && label == l->ignore_index) continue;
        loss.v[i] = sample_loss(l, (sample){l->x.v + first, classes, inner}, l->target.v + first, label);
        total += l->soft || label < 0 || label >= classes ? 1 : weight_of(l, label);
        sum += loss.v[i];
    }
    if (l->reduction == REF_LOSS_NONE) return loss;
    return ref_array_scalar(l->reduction == REF_LOSS_SUM ? sum : sum / total);
}
