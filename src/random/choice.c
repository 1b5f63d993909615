/* Picking: orders, shuffles, choices with and without replacement, categories by weight. */
#include "clgrad/autograd.h"
#include "clgrad/random.h"
#include "clgrad/sorting.h"
#include "ops/op.h"
#include "ops/reduction.h"
#include "random/draw.h"

#include <math.h>

/* --- Orders: the places of random keys of 64 bits ----------------------------------------------------------------- */

static cg_tensor *order_of(cg_device *dev, const char *op, int64_t n) {
    const cg_dims shape = cg_shape(n);
    const cg_random_request keys = {
        .kind = CG_RANDOM_INTEGERS, .dtype = CG_I64, .integers = {INT64_MIN, UINT64_MAX, 1}};
    return cg_argsort(cg_random_draw(dev, op, &shape, keys), 0, false);
}

cg_tensor *cg_permutation(cg_device *dev, int64_t n) {
    cg_scope *scope = dev ? cg_values_begin(dev) : NULL;
    return cg_values_end(scope, scope ? order_of(dev, "permutation", n) : NULL);
}

cg_tensor *cg_shuffle(cg_tensor *x, int axis) {
    const int at = x ? cg_op_axis("shuffle", x, axis) : -1;
    if (at < 0) return NULL;
    return cg_index_select(x, at, cg_permutation(x->storage->dev, x->shape.dim[at]));
}

/* --- Categories ----------------------------------------------------------------------------------------------------- */

static bool check_weights(const char *op, const cg_tensor *x) {
    cg_device *dev = x->storage->dev;
    if (!cg_random_check_real(dev, op, x->storage->dtype)) return false;
    if (x->shape.rank > 0 && x->shape.dim[x->shape.rank - 1] > 0) return true;
    CG_FAIL(&dev->error, CG_ERROR_SHAPE, "%s: expected weights (..., K) of K > 0 categories, got %s", op,
            CG_SHAPE_STR(&x->shape));
    return false;
}

/* Rows of weights over their largest one, and which rows can be drawn from at all: (..., 1). */
typedef struct weights {
    cg_tensor *share, *valid;
} weights;

static weights weights_of(cg_tensor *x) {
    cg_tensor *top = cg_max(x, cg_axes(-1), true), *bottom = cg_min(x, cg_axes(-1), true);
    cg_tensor *valid = cg_logical_and(cg_ge(bottom, 0), cg_logical_and(cg_gt(top, 0), cg_isfinite(top)));
    return (weights){.share = cg_where(valid, cg_div(x, top), 0.0), .valid = valid};
}

/*
 * floor(u total / 2^62) + 1 for u uniform in [0, 2^62), total at most 2^62: uniform in 1..total to 2^-62. In halves of
 * 31 bits, so that no product reaches 2^63.
 */
static cg_tensor *up_to(cg_tensor *total, const cg_dims *shape) {
    cg_device *dev = total->storage->dev;
    const double half = 0x1p31;
    const cg_random_request words = {
        .kind = CG_RANDOM_INTEGERS, .dtype = CG_I32, .integers = {0, UINT64_C(1) << 31, 0}};
    cg_tensor *u0 = cg_op_cast(cg_random_draw(dev, "categorical", shape, words), CG_I64);
    cg_tensor *u1 = cg_op_cast(cg_random_draw(dev, "categorical", shape, words), CG_I64);
    cg_tensor *t0 = cg_mod(total, half), *t1 = cg_floor_divide(total, half);
    cg_tensor *middle = cg_add(cg_mul(u1, t0), cg_mul(u0, t1));
    middle = cg_add(middle, cg_floor_divide(cg_mul(u0, t0), half));
    return cg_add(cg_add(cg_mul(u1, t1), cg_floor_divide(middle, half)), 1);
}

/* In whole numbers, whose running sum is the same on every device: shares of 2^bits, K of which stay within 2^62. */
static cg_tensor *pick_categories(cg_tensor *x, const cg_dims *shape) {
    const int64_t categories = x->shape.dim[x->shape.rank - 1];
    int bits = 62;
    while (categories > INT64_C(1) << (62 - bits)) bits--;
    weights w = weights_of(x);
    cg_tensor *sums = cg_cumsum(cg_cast(cg_mul(w.share, ldexp(1, bits)), CG_I64), -1);
    cg_tensor *total = cg_slice(sums, -1, categories - 1, categories, 1);
    if (!total) return NULL;
    return cg_where(w.valid, cg_searchsorted(sums, up_to(total, shape), false), -1);
}

static cg_tensor *categorical(const char *op, cg_tensor *probabilities, int64_t n) {
    if (!check_weights(op, probabilities)) return NULL;
    cg_dims shape = probabilities->shape;
    int64_t numel;
    shape.dim[shape.rank - 1] = n;
    if (cg_tensor_check(probabilities->storage->dev, op, CG_I64, &shape, &numel)) return NULL;
    cg_scope *scope = cg_values_begin(probabilities->storage->dev);
    return cg_values_end(scope, scope ? pick_categories(probabilities, &shape) : NULL);
}

cg_tensor *cg_categorical(cg_tensor *probabilities, int64_t n) {
    return probabilities ? categorical("categorical", probabilities, n) : NULL;
}

/* --- Choices ---------------------------------------------------------------------------------------------------------- */

static bool check_choice(cg_device *dev, const char *op, int64_t n, int64_t k, bool replace) {
    if (k >= 0 && n >= 0 && (k == 0 || n > 0) && (replace || k <= n)) return true;
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s: %lld of %lld %s replacement", op, (long long)k, (long long)n,
            replace ? "with" : "without");
    return false;
}

static cg_tensor *first(cg_tensor *x, int64_t k) {
    cg_tensor *part = cg_slice(x, 0, 0, k, 1);
    return part && k < cg_numel(x) ? cg_clone(part) : part;
}

cg_tensor *cg_choice(cg_device *dev, int64_t n, int64_t k, bool replace) {
    if (!dev || !check_choice(dev, "choice", n, k, replace)) return NULL;
    if (replace) return cg_integers(dev, CG_I64, cg_shape(k), 0, n > 0 ? n : 1);
    cg_scope *scope = cg_values_begin(dev);
    return cg_values_end(scope, scope ? first(order_of(dev, "choice", n), k) : NULL);
}

/*
 * The k smallest of exponential numbers over their weights: what waits less comes first (Efraimidis, Spirakis, Weighted
 * random sampling with a reservoir, IPL 97, 2006). A weight of 0 waits for ever.
 */
static cg_tensor *race(cg_tensor *x, int64_t k) {
    const cg_random_request r = {CG_DRAW_REAL(CG_RANDOM_EXPONENTIAL, x->storage->dtype)};
    weights w = weights_of(x);
    cg_tensor *wait = cg_random_draw(x->storage->dev, "choice_weighted", &x->shape, r);
    cg_tensor *best, *place;
    wait = cg_div(wait, w.share);
    if (!wait || cg_topk(wait, k, 0, false, &best, &place) != CG_OK) return NULL;
    return cg_where(cg_logical_and(w.valid, cg_isfinite(best)), place, -1);
}

cg_tensor *cg_choice_weighted(cg_tensor *weight, int64_t k, bool replace) {
    if (!weight) return NULL;
    cg_device *dev = weight->storage->dev;
    if (weight->shape.rank != 1) {
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "choice_weighted: expected weights (n), got %s",
                CG_SHAPE_STR(&weight->shape));
        return NULL;
    }
    if (!check_choice(dev, "choice_weighted", weight->shape.dim[0], k, replace)) return NULL;
    if (replace) return categorical("choice_weighted", weight, k);
    if (!check_weights("choice_weighted", weight)) return NULL;
    cg_scope *scope = cg_values_begin(dev);
    return cg_values_end(scope, scope ? race(weight, k) : NULL);
}
