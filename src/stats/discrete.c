/* Probabilities of whole numbers: Bernoulli, binomial, categorical. */
#include "stats/parameters.h"

#include <math.h>

#include "ops/index.h"

static const double infinity = (double)INFINITY;

/* NaN where k is, else v where p is valid: what stands outside the support. */
static cg_tensor *elsewhere(cg_tensor *k, cg_arg p, double v) {
    return cg_where(cg_isnan(k), k, cg_parameter_value(k, p, v));
}

/* --- Bernoulli ----------------------------------------------------------------------------------------------- */

static bool bernoulli_operands(const char *op, cg_arg x[2]) {
    if (!cg_density_operands(op, 2, x)) return false;
    x[0] = cg_arg_tensor(cg_without_gradient(x[0].tensor));
    x[1] = cg_parameter_probability(x[1]);
    return true;
}

cg_tensor *(cg_bernoulli_pmf)(cg_arg k, cg_arg p) {
    cg_arg x[] = {k, p};
    if (!bernoulli_operands("bernoulli_pmf", x)) return NULL;
    cg_tensor *other = cg_where(cg_eq(x[0], 0), cg_sub(1, cg_parameter_tensor(x[0].tensor, x[1])),
                                elsewhere(x[0].tensor, x[1], 0));
    return cg_where(cg_eq(x[0], 1), cg_parameter_tensor(x[0].tensor, x[1]), other);
}

/* k log(p) + (n - k) log(1 - p), 0 log(0) = 0. */
static cg_tensor *log_power(cg_tensor *k, cg_tensor *rest, cg_tensor *p) {
    return cg_add(cg_xlogy(k, p), cg_xlog1py(rest, cg_neg(p)));
}

cg_tensor *(cg_bernoulli_log_pmf)(cg_arg k, cg_arg p) {
    cg_arg x[] = {k, p};
    if (!bernoulli_operands("bernoulli_log_pmf", x)) return NULL;
    cg_tensor *valid = cg_logical_or(cg_eq(x[0], 0), cg_eq(x[0], 1)), *inside = cg_where(valid, x[0], 0.0);
    cg_tensor *value = log_power(inside, cg_sub(1, inside), cg_parameter_tensor(x[0].tensor, x[1]));
    return cg_where(valid, value, elsewhere(x[0].tensor, x[1], -infinity));
}

/* --- binomial ------------------------------------------------------------------------------------------------- */

/* log(n! / (k! (n - k)!)) */
static cg_tensor *log_choices(cg_tensor *n, cg_tensor *k, cg_tensor *rest) {
    cg_tensor *orders = cg_add(cg_lgamma(cg_add(k, 1)), cg_lgamma(cg_add(rest, 1)));
    return cg_sub(cg_lgamma(cg_add(n, 1)), orders);
}

static cg_tensor *binomial_log_pmf(const char *op, cg_arg k_, cg_arg n_, cg_arg p_) {
    cg_arg x[] = {k_, n_, p_};
    if (!cg_density_operands(op, 3, x)) return NULL;
    cg_tensor *k = cg_without_gradient(x[0].tensor);
    cg_tensor *n = cg_without_gradient(cg_parameter_tensor(k, cg_parameter_whole(x[1])));
    cg_arg probability = cg_parameter_probability(x[2]);
    cg_tensor *p = cg_parameter_tensor(k, probability);
    cg_tensor *within = cg_logical_and(cg_ge(k, 0), cg_le(k, n));
    cg_tensor *valid = cg_logical_and(within, cg_eq(cg_floor(k), k));
    cg_tensor *inside = cg_where(valid, k, 0.0), *rest = cg_sub(n, inside);
    cg_tensor *value = cg_add(log_choices(n, inside, rest), log_power(inside, rest, p));
    cg_tensor *outside = cg_where(cg_isnan(n), n, elsewhere(k, probability, -infinity));
    return cg_where(valid, value, outside);
}

cg_tensor *(cg_binomial_log_pmf)(cg_arg k, cg_arg n, cg_arg p) {
    return binomial_log_pmf("binomial_log_pmf", k, n, p);
}

cg_tensor *(cg_binomial_pmf)(cg_arg k, cg_arg n, cg_arg p) {
    cg_tensor *log_pmf = binomial_log_pmf("binomial_pmf", k, n, p);
    return log_pmf ? cg_exp(log_pmf) : NULL;
}

/* --- categorical ----------------------------------------------------------------------------------------------- */

/* The shape of labels and of p without its last axis, broadcast; false with an error. */
static bool batch_of(const char *op, const cg_tensor *labels, const cg_tensor *p, cg_dims *batch) {
    cg_dims rows = p->shape;
    rows.rank -= p->shape.rank > 0;
    bool fits = p->shape.rank > 0 && p->shape.dim[p->shape.rank - 1] > 0 &&
                cg_broadcast_shapes(labels->shape, rows, batch);
    if (!fits)
        CG_FAIL(&p->storage->dev->error, CG_ERROR_SHAPE,
                "%s: labels %s and probabilities %s: expected (...) and (..., C), C > 0, that broadcast", op,
                CG_SHAPE_STR(&labels->shape), CG_SHAPE_STR(&p->shape));
    return fits;
}

static bool whole(const char *op, const cg_tensor *labels) {
    cg_dtype t = labels->storage->dtype;
    if (!cg_dtype_is_float(t)) return true;
    CG_FAIL(&labels->storage->dev->error, CG_ERROR_DTYPE, "%s: labels %s are %s, expected whole numbers", op,
            CG_SHAPE_STR(&labels->shape), cg_dtype_name(t));
    return false;
}

/* p[..., label], and 1 where *valid is false: the label is not one. */
static cg_tensor *picked(const char *op, cg_tensor *labels, cg_tensor *p, cg_tensor **valid) {
    cg_dims batch;
    if (!labels || !p || !cg_op_same_device(op, p->storage->dev, 1, &labels) || !whole(op, labels) ||
        !batch_of(op, labels, p, &batch))
        return NULL;
    int64_t classes = p->shape.dim[p->shape.rank - 1];
    cg_dims column = batch, rows = batch;
    if (batch.rank == CG_MAX_RANK) {
        CG_FAIL(&p->storage->dev->error, CG_ERROR_SHAPE,
                "%s: labels of shape %s and an axis of probabilities: too many axes", op,
                CG_SHAPE_STR(&batch));
        return NULL;
    }
    column.dim[column.rank++] = 1;
    rows.dim[rows.rank++] = classes;
    cg_tensor *label = cg_expand(cg_op_cast(labels, CG_I64), batch);
    *valid = cg_logical_and(cg_ge(label, 0), cg_lt(label, classes));
    cg_tensor *index = cg_reshape(cg_where(*valid, label, 0), column);
    cg_tensor *value = cg_take_along_axis(cg_expand(cg_op_real(p), rows), index, -1);
    return cg_where(*valid, cg_reshape(value, batch), 1);
}

cg_tensor *cg_categorical_pmf(cg_tensor *labels, cg_tensor *p) {
    cg_tensor *valid = NULL, *value = picked("categorical_pmf", labels, p, &valid);
    return value ? cg_where(valid, value, 0) : NULL;
}

cg_tensor *cg_categorical_log_pmf(cg_tensor *labels, cg_tensor *p) {
    cg_tensor *valid = NULL, *value = picked("categorical_log_pmf", labels, p, &valid);
    return value ? cg_where(valid, cg_log(value), -infinity) : NULL;
}
