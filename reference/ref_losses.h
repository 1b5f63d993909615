/* Losses in long double, from their definitions. */
#ifndef CLGRAD_REFERENCE_REF_LOSSES_H
#define CLGRAD_REFERENCE_REF_LOSSES_H

#include "reference/ref_array.h"

typedef enum ref_loss_reduction { REF_LOSS_MEAN, REF_LOSS_SUM, REF_LOSS_NONE } ref_loss_reduction;

/* --- Losses of one element: y a prediction, t its target ------------------------------------------------- */
long double ref_mae(long double y, long double t);
long double ref_mse(long double y, long double t);
long double ref_huber(long double y, long double t, long double delta);
long double ref_smooth_l1(long double y, long double t, long double beta);
long double ref_hinge(long double y, long double t);

/* -(w t log(p) + (1 - t) log(1 - p)), logarithms at least -100 from a probability; exact for p = sigmoid(x). */
long double ref_binary_cross_entropy(long double p, long double t);
long double ref_binary_cross_entropy_logits(long double x, long double t, long double w);

/* t (log t - x) and t (|log t| + |x|), 0 for t = 0. */
long double ref_kl_div(long double x, long double t);
long double ref_kl_div_size(long double x, long double t);

/* The losses of elements reduced. */
ref_array ref_loss_reduce(ref_loss_reduction reduction, ref_array loss);

/* --- Losses of classes ----------------------------------------------------------------------------------- */

/* What the predictions are. */
typedef enum ref_class_form { REF_LOGITS, REF_LOG_P, REF_P } ref_class_form;

typedef struct ref_class_loss {
    ref_class_form form;
    ref_loss_reduction reduction;
    ref_array x;      /* classes along axis 1, or along the only axis */
    ref_array target; /* labels, or (soft) distributions */
    bool soft;
    const long double *weight; /* one for each class; NULL: 1 */
    double smoothing;
    bool ignore;
    int64_t ignore_index;
    bool size; /* in place of each log(p[c]) what its rounding error is in proportion to */
} ref_class_loss;

/* -sum_c w[c] q[c] log(p[c]), q the smoothed target; the mean is over the weights of the labels that count. */
ref_array ref_class_losses(const ref_class_loss *l);

#endif
