/* Losses of class labels: cross-entropy from logits, and from log-probabilities or probabilities. */
#include "ops/index.h"
#include "ops/losses.h"

/* --- softmax and cross-entropy -------------------------------------------------------------------------------- */

/*
 * Inputs: logits, labels, and softmax(logits) - one_hot(labels) as the forward pass formed it. Only where the
 * gradient is to be differentiated again is it composed anew, from the logits.
 */
static void cross_entropy_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *difference = call->x[2];
    if (call->create_graph) {
        cg_tensor *hot = cg_one_hot(call->x[1], call->shape[0].dim[1], call->dtype[0]);
        difference = cg_sub(cg_softmax(call->x[0], 1), hot);
    }
    dx[0] = cg_mul(difference, cg_unsqueeze(call->g, 1));
}

static const cg_rule cross_entropy_rule = {"cross_entropy", cross_entropy_backward};

/* The loss of each row, and in input[2] its gradient, if that will be wanted. */
static cg_tensor *fused_rows(cg_tensor **input) {
    cg_device *dev = input[0]->storage->dev;
    cg_tensor *x = cg_tensor_dense(input[0]), *labels = cg_tensor_dense(input[1]);
    cg_dims rows = cg_shape(input[0]->shape.dim[0]);
    cg_tensor *loss = cg_tensor_make(dev, "cross_entropy", input[0]->storage->dtype, &rows);
    if (!x || !labels || !loss) return NULL;
    cg_softmax_xent_request r = {.dtype = x->storage->dtype,
                                 .rows = x->shape.dim[0],
                                 .cols = x->shape.dim[1],
                                 .x = cg_tensor_operand(x),
                                 .label = cg_tensor_operand(labels),
                                 .loss = cg_tensor_operand(loss)};
    if (cg_recording(dev, 1, input)) {
        input[2] = cg_tensor_make(dev, "cross_entropy", x->storage->dtype, &x->shape);
        if (!input[2]) return NULL;
        r.grad = cg_tensor_operand(input[2]);
    }
    return cg_hw_softmax_xent(dev->hw, &r) ? NULL : loss;
}

static cg_tensor *cross_entropy_rows(cg_tensor *x, cg_tensor *label) {
    cg_tensor *input[3] = {x, label, NULL};
    cg_tensor *loss = fused_rows(input);
    return cg_record_op(loss, &cross_entropy_rule, 3, input, CG_KEEP(0) | CG_KEEP(1) | CG_KEEP(2), NULL);
}

/* --- the element at the label ----------------------------------------------------------------------------------- */

/* dx is g at the label: one program. Compared in the dtype of x where that can tell all classes apart. */
static void pick_backward(const cg_rule_call *call, cg_tensor **dx) {
    int64_t classes = call->shape[0].dim[1];
    cg_dtype dtype = classes <= INT64_C(1) << 24 ? call->dtype[0] : CG_I64;
    cg_tensor *number = cg_arange(call->dev, dtype, 0, (double)classes, 1);
    cg_tensor *hot = cg_eq(cg_unsqueeze(call->x[1], 1), number);
    dx[0] = cg_where(hot, cg_unsqueeze(call->g, 1), 0.0);
}

static const cg_rule pick_rule = {"pick", pick_backward};

/* x[n, label[n]] for x (N, C) and i64 labels (N); NaN for a label outside [0, C). */
static cg_tensor *pick(cg_tensor *x, cg_tensor *label) {
    if (!x || !label) return NULL;
    int64_t classes = x->shape.dim[1];
    cg_tensor *place =
        cg_where(cg_ge(label, 0), label, classes); /* a negative one would count from the end */
    cg_tensor *column = place ? cg_unsqueeze(place, 1) : NULL;
    cg_tensor *picked = column ? cg_index_gather("pick", x, 1, column, true) : NULL;
    cg_tensor *input[] = {x, label};
    return cg_record_op(cg_reshape(picked, label->shape), &pick_rule, 2, input, CG_KEEP(1), NULL);
}

/* --- samples that count, and for how much ----------------------------------------------------------------------- */

typedef struct labelled {
    cg_class_rows rows;
    cg_tensor *label;   /* (samples); i64, and a class also for ignored ones, if there are options */
    cg_tensor *counted; /* which samples are not ignored; NULL: all */
    cg_tensor *weight;  /* of each sample; NULL: 1 */
} labelled;

/* An ignored label is replaced by class 0, so that nothing it touches is NaN; its loss is taken out at the end. */
static bool ignore_label(labelled *l, const cg_cross_entropy_options *options) {
    if (!options->ignore) return true;
    l->counted = cg_ne(l->label, options->ignore_index);
    l->label = cg_where(l->counted, l->label, 0);
    return l->label != NULL;
}

/* False for a NULL operand, or with an error. */
static bool prepare(const char *op, cg_tensor *x, cg_tensor *labels, const cg_cross_entropy_options *options,
                    labelled *l) {
    *l = (labelled){0};
    if (!x || !labels || !cg_class_rows_of(op, x, options, &l->rows)) return false;
    l->label = cg_class_labels(op, x, &l->rows, labels);
    bool plain = !options->weight && !options->ignore && options->smoothing == 0;
    if (!plain) l->label = cg_op_cast(l->label, CG_I64);
    if (!l->label || !ignore_label(l, options)) return false;
    if (l->rows.weight) l->weight = cg_index_select(l->rows.weight, 0, l->label);
    return l->weight || !l->rows.weight;
}

/* The number of samples that count, or the sum of their weights. */
static cg_tensor *total_weight(const labelled *l, cg_dtype dtype) {
    cg_tensor *one = l->weight;
    if (!one) one = cg_ones(l->label->storage->dev, dtype, l->label->shape);
    if (l->counted) one = cg_where(l->counted, one, 0.0);
    return cg_sum(one, CG_ALL_AXES, false);
}

static cg_tensor *finish(const labelled *l, cg_tensor *loss, cg_reduction reduction) {
    if (l->counted) loss = cg_where(l->counted, loss, 0.0);
    if (reduction == CG_NONE) return cg_reshape(loss, l->rows.samples);
    bool share = reduction == CG_MEAN && (l->counted || l->weight);
    cg_tensor *whole = cg_loss_finish(loss, share ? CG_SUM : reduction);
    return share && whole ? cg_div(whole, total_weight(l, whole->storage->dtype)) : whole;
}

static cg_tensor *weighted(const labelled *l, cg_tensor *loss) {
    return l->weight ? cg_mul(loss, l->weight) : loss;
}

/* --- the losses ---------------------------------------------------------------------------------------------- */

/*
 * (1 - s) w[label] l + s / C sum_c w[c] l(c), from the loss l of the label alone: l(c) = l + x[label] - x[c], so that
 * one reduction over the logits is all it takes. Differences of logits are small where they matter.
 */
static cg_tensor *smoothed(const labelled *p, cg_tensor *l, double s) {
    cg_tensor *x = p->rows.x, *w = p->rows.weight;
    cg_tensor *rest = cg_sub(cg_unsqueeze(pick(x, p->label), 1), x);
    double share = s / (double)p->rows.classes;
    if (!w) return cg_add(l, cg_mul(cg_sum(rest, cg_axes(1), false), share));
    cg_tensor *others =
        cg_add(cg_mul(l, cg_sum(w, CG_ALL_AXES, false)), cg_sum(cg_mul(rest, w), cg_axes(1), false));
    return cg_add(cg_mul(weighted(p, l), 1 - s), cg_mul(others, share));
}

cg_tensor *cg_cross_entropy_with(cg_tensor *logits, cg_tensor *labels, cg_reduction reduction,
                                 cg_cross_entropy_options options) {
    labelled l;
    if (!prepare("cross_entropy", logits, labels, &options, &l)) return NULL;
    cg_tensor *loss = cross_entropy_rows(l.rows.x, l.label);
    loss = loss && options.smoothing > 0 ? smoothed(&l, loss, options.smoothing) : weighted(&l, loss);
    return finish(&l, loss, reduction);
}

cg_tensor *cg_cross_entropy(cg_tensor *logits, cg_tensor *labels, cg_reduction reduction) {
    return cg_cross_entropy_with(logits, labels, reduction, (cg_cross_entropy_options){0});
}

/* What is at the label, for a loss that has no smoothing: other classes are not looked at. */
static cg_tensor *at_label(const char *op, cg_tensor *x, cg_tensor *labels,
                           const cg_cross_entropy_options *options, labelled *l) {
    if (!prepare(op, x, labels, options, l)) return NULL;
    if (options->smoothing == 0) return pick(l->rows.x, cg_op_cast(l->label, CG_I64));
    CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT,
            "%s: there is no smoothing here (got %g): cross_entropy_with has it", op, options->smoothing);
    return NULL;
}

cg_tensor *cg_nll_loss(cg_tensor *log_p, cg_tensor *labels, cg_reduction reduction,
                       cg_cross_entropy_options options) {
    labelled l;
    cg_tensor *picked = at_label("nll_loss", log_p, labels, &options, &l);
    return picked ? finish(&l, weighted(&l, cg_neg(picked)), reduction) : NULL;
}

cg_tensor *cg_sparse_categorical_cross_entropy(cg_tensor *p, cg_tensor *labels, cg_reduction reduction,
                                               cg_cross_entropy_options options) {
    labelled l;
    cg_tensor *picked = at_label("sparse_categorical_cross_entropy", p, labels, &options, &l);
    return picked ? finish(&l, weighted(&l, cg_neg(cg_loss_log(picked))), reduction) : NULL;
}
