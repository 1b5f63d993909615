/* What the losses share: operands of one dtype and shape, the reduction, logarithms that stay finite. */
#ifndef CLGRAD_OPS_LOSSES_H
#define CLGRAD_OPS_LOSSES_H

#include "clgrad/loss.h"
#include "ops/op.h"

/*
 * Brings x[0..n-1] to one real dtype and, by broadcasting, to one shape, so that what a loss makes of them is one
 * program. False for a NULL operand, or with an error naming `op`.
 */
bool cg_loss_operands(const char *op, int n, cg_tensor **x);

/* The losses reduced; NULL for NULL. */
cg_tensor *cg_loss_finish(cg_tensor *loss, cg_reduction reduction);

/*
 * max(log(x), -100) and max(log(1 - x), -100): 0 and 1 are finite. The gradients divide by max(x, 1e-12), and by
 * max(1 - x, 1e-12): they are finite too, and exact for all but the smallest x.
 */
cg_tensor *cg_loss_log(cg_tensor *x);
cg_tensor *cg_loss_log1m(cg_tensor *x);

/* --- Losses of classes (class_axis.c) ----------------------------------------------------------------------- */

/* Predictions of classes with their axis last: x (samples, C). */
typedef struct cg_class_rows {
    cg_tensor *x;
    cg_tensor *weight; /* (C), of x's dtype; or NULL */
    int64_t classes;
    cg_dims samples; /* the shape of the losses: that of the predictions without the class axis */
} cg_class_rows;

/*
 * Predictions (C), (N, C) or (N, C, d1, ...) as rows, with the weight and the smoothing of the options checked.
 * False with an error naming `op`.
 */
bool cg_class_rows_of(const char *op, cg_tensor *x, const cg_cross_entropy_options *options,
                      cg_class_rows *rows);

/* A tensor of the predictions' shape, such as a target, as (samples, C). */
cg_tensor *cg_class_rows_like(cg_tensor *x);

/* labels, whose shape must be rows->samples, as i64 (samples). NULL with an error naming `op`. */
cg_tensor *cg_class_labels(const char *op, const cg_tensor *x, const cg_class_rows *rows, cg_tensor *labels);

#endif
