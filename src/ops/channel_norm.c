/* Group and batch norm: x (N, C, ...) with a weight and a bias for each channel. */
#include "ops/standardize.h"

/* x (N, C, ...) as real numbers; NULL with an error naming `op` for another rank. */
static cg_tensor *channels_of(const char *op, cg_tensor *x) {
    if (x->shape.rank >= 2) return cg_op_real(x);
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: expected (N, C, ...), got %s", op,
            CG_SHAPE_STR(&x->shape));
    return NULL;
}

/* *w, called `what` in an error and of shape (C), as `dtype` in `shape`; NULL stays NULL. False with an error. */
static bool channel_operand(const char *op, const char *what, const cg_tensor *x, cg_dtype dtype,
                            cg_dims shape, cg_tensor **w) {
    if (!*w) return true;
    if ((*w)->shape.rank != 1 || (*w)->shape.dim[0] != x->shape.dim[1]) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: expected %s of shape (%lld,) for x %s, got %s",
                op, what, (long long)x->shape.dim[1], CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&(*w)->shape));
        return false;
    }
    *w = cg_reshape(cg_op_cast(*w, dtype), shape);
    return *w != NULL;
}

/* --- group norm ---------------------------------------------------------------------------------------------- */

/* As (N, G, C/G, L): the last two axes share a mean. */
cg_tensor *cg_group_norm(cg_tensor *x, int64_t groups, cg_tensor *weight, cg_tensor *bias, double epsilon) {
    const char *op = "group_norm";
    if (!x || !cg_op_same_device(op, x->storage->dev, 2, (cg_tensor *[]){weight, bias}) ||
        !cg_check_epsilon(op, x, epsilon))
        return NULL;
    cg_tensor *real = channels_of(op, x);
    if (!real) return NULL;
    const int64_t channels = x->shape.dim[1];
    if (groups < 1 || channels % groups) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT,
                "%s: %lld groups do not divide the channels of %s", op, (long long)groups,
                CG_SHAPE_STR(&x->shape));
        return NULL;
    }
    const int64_t each = channels / groups;
    cg_dtype dtype = real->storage->dtype;
    if (!channel_operand(op, "a weight", x, dtype, cg_shape(groups, each, 1), &weight) ||
        !channel_operand(op, "a bias", x, dtype, cg_shape(groups, each, 1), &bias))
        return NULL;
    cg_standardizing how = {.op = op, .mask = 3u << 2, .centre = true, .epsilon = epsilon};
    int64_t length = 1;
    for (int i = 2; i < x->shape.rank; i++) length *= x->shape.dim[i];
    cg_tensor *grouped = cg_reshape(real, cg_shape(x->shape.dim[0], groups, each, length));
    return cg_reshape(cg_standardize(&how, grouped, weight, bias, NULL), x->shape);
}

/* --- batch norm ---------------------------------------------------------------------------------------------- */

typedef struct batch_norm {
    cg_tensor *x;             /* (N, C, ...) */
    unsigned mask;            /* all axes but that of C */
    cg_tensor *weight, *bias; /* (C, 1, ...) or NULL */
    cg_tensor *mean, *var;    /* (C), what is running; or NULL */
    bool by_batch;            /* else by the running values */
    double momentum, epsilon;
} batch_norm;

static const char batch_norm_name[] = "batch_norm";

/* A running value: (C), real, without a gradient; its elements, not its record. */
static bool check_running(const char *what, const cg_tensor *x, cg_tensor *running) {
    cg_error *err = &x->storage->dev->error;
    cg_tensor *same = running;
    if (!channel_operand(batch_norm_name, what, x, running->storage->dtype, running->shape, &same))
        return false;
    if (cg_dtype_is_float(running->storage->dtype) && !cg_requires_grad(running)) return true;
    CG_FAIL(err, CG_ERROR_DTYPE, "%s: expected %s to be f32 or f64 without a gradient, got %s%s",
            batch_norm_name, what, cg_dtype_name(running->storage->dtype),
            cg_requires_grad(running) ? " with one" : "");
    return false;
}

static bool check_batch_norm(const cg_tensor *x, const batch_norm *b) {
    cg_error *err = &x->storage->dev->error;
    if (!(b->momentum >= 0 && b->momentum <= 1)) {
        CG_FAIL(err, CG_ERROR_ARGUMENT, "%s: expected momentum from 0 to 1, got %g", batch_norm_name,
                b->momentum);
        return false;
    }
    if (!b->mean != !b->var) {
        CG_FAIL(err, CG_ERROR_ARGUMENT, "%s: running mean and variance are given together or not at all",
                batch_norm_name);
        return false;
    }
    return !b->mean ||
           (check_running("a running mean", x, b->mean) && check_running("a running variance", x, b->var));
}

/* How many elements share a channel; 0 with an error if they are too few to be normalized by themselves. */
static int64_t channel_count(const cg_tensor *x, const batch_norm *b, bool training) {
    const int64_t n = cg_reduction_count(&b->x->shape, b->mask);
    if (n >= 2 || !training) return n;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: training on %lld elements for each channel of %s",
            batch_norm_name, (long long)n, CG_SHAPE_STR(&x->shape));
    return 0;
}

/* running += momentum (now - running) */
static bool update(cg_tensor *running, cg_tensor *now, double momentum) {
    return now && cg_assign(running, cg_lerp(running, now, momentum)) == CG_OK;
}

static bool update_running(const batch_norm *b, cg_tensor *moments, int64_t n) {
    cg_scope *scope = cg_values_begin(b->x->storage->dev);
    if (!scope) return false;
    cg_dims channels = b->mean->shape;
    cg_tensor *mean = cg_reshape(cg_slice(moments, 0, CG_MOMENT_MEAN, CG_MOMENT_MEAN + 1, 1), channels);
    cg_tensor *var = cg_reshape(cg_slice(moments, 0, CG_MOMENT_VAR, CG_MOMENT_VAR + 1, 1), channels);
    bool ok = update(b->mean, mean, b->momentum) &&
              update(b->var, cg_mul(var, (double)n / (double)(n - 1)), b->momentum);
    cg_values_end(scope, NULL);
    return ok;
}

/* The shape of a number for each channel, over x. */
static cg_dims each_channel(const batch_norm *b) {
    cg_dims shape = cg_shape(b->x->shape.dim[1]);
    while (shape.rank < b->x->shape.rank - 1) shape.dim[shape.rank++] = 1;
    return shape;
}

static cg_tensor *by_batch(const batch_norm *b, bool training, int64_t n) {
    cg_standardizing how = {.op = batch_norm_name, .mask = b->mask, .centre = true, .epsilon = b->epsilon};
    cg_tensor *moments = NULL, *y = cg_standardize(&how, b->x, b->weight, b->bias, &moments);
    if (!y || !training || !b->mean) return y;
    if (!moments) return y;                                      /* no channel */
    if (cg_checkpoint_recomputing(b->x->storage->dev)) return y; /* the first run has updated them */
    return update_running(b, moments, n) ? y : NULL;
}

static cg_tensor *by_running(const batch_norm *b) {
    const cg_dtype dtype = b->x->storage->dtype;
    const cg_dims column = each_channel(b);
    cg_tensor *mean = cg_reshape(cg_op_cast(b->mean, dtype), column);
    cg_tensor *rstd = cg_reciprocal(cg_sqrt(cg_add(cg_op_cast(b->var, dtype), b->epsilon)));
    cg_tensor *y = cg_mul(cg_sub(b->x, mean), cg_reshape(rstd, column));
    if (b->weight) y = cg_mul(y, b->weight);
    return b->bias ? cg_add(y, b->bias) : y;
}

cg_tensor *cg_batch_norm(cg_tensor *x, cg_tensor *weight, cg_tensor *bias, cg_tensor *running_mean,
                         cg_tensor *running_var, bool training, double momentum, double epsilon) {
    batch_norm b = {.weight = weight,
                    .bias = bias,
                    .mean = running_mean,
                    .var = running_var,
                    .by_batch = training || !running_mean,
                    .momentum = momentum,
                    .epsilon = epsilon};
    cg_tensor *operand[] = {weight, bias, running_mean, running_var};
    if (!x || !cg_op_same_device(batch_norm_name, x->storage->dev, 4, operand) ||
        !cg_check_epsilon(batch_norm_name, x, epsilon))
        return NULL;
    b.x = channels_of(batch_norm_name, x);
    if (!b.x || !check_batch_norm(x, &b)) return NULL;
    b.mask = ((1u << x->shape.rank) - 1) & ~(1u << 1);
    const cg_dtype dtype = b.x->storage->dtype;
    const cg_dims column = each_channel(&b);
    const int64_t n = channel_count(x, &b, training);
    if ((training && n == 0) || !channel_operand(batch_norm_name, "a weight", x, dtype, column, &b.weight) ||
        !channel_operand(batch_norm_name, "a bias", x, dtype, column, &b.bias))
        return NULL;
    return b.by_batch ? by_batch(&b, training, n) : by_running(&b);
}
