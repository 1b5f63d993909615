/* Operations on tensors. */
#include "plain/faults/faults.h"

#include "host/blocks.h"

static bool elementwise(fixture *f) {
    cg_tensor *y = cg_add(cg_mul(cg_reshape(f->x, cg_shape(N)), 2), cg_full(f->dev, CG_F32, cg_shape(N), 1));
    cg_tensor *view =
        cg_slice(cg_transpose(cg_reshape(y, cg_shape(3, 4)), 0, 1), 0, CG_SLICE_OPEN, CG_SLICE_OPEN, -1);
    return holds(cg_where(cg_gt(view, 0), cg_cast(cg_cast(view, CG_I32), CG_F32), cg_neg(view)), 162);
}

static bool long_chain(fixture *f) {
    cg_tensor *y = f->x;
    for (int i = 0; i < 60; i++) y = cg_add(y, 0.5 * i);
    return holds(y, 46 + 12 * 0.5 * 59 * 30);
}

static bool products(fixture *f) {
    cg_tensor *y = cg_linear(f->x, f->w, NULL), *p = cg_softmax(cg_matmul(y, cg_transpose(f->w, 0, 1)), 0);
    return holds(p, 4) && holds(cg_argmax(p, cg_axes(1), true), 0) &&
           holds(cg_log_softmax(cg_zeros(f->dev, CG_F32, cg_shape(3)), 0), -3.2958);
}

/* Compositions with a scope of their own, the rule of a product, an object that keeps tensors. */
static bool statistics(fixture *f) {
    cg_tensor *x = cg_require_grad(cg_mul(f->x, 0.5), true);
    cg_tensor *y = cg_add(cg_std(x, cg_axes(1), 1, false), cg_norm(x, 2, cg_axes(1), false));
    y = cg_add(cg_add(y, cg_logsumexp(x, cg_axes(-1), false)), cg_prod(x, cg_axes(1), false));
    if (!y || cg_backward(cg_sum(y, CG_ALL_AXES, false)) != CG_OK) return false;
    cg_scaler *s = cg_scaler_fit_zscore(f->x, cg_axes(1), 0),
              *t = cg_scaler_fit_minmax(f->x, CG_ALL_AXES, 0, 1);
    bool ok = s && t && holds(cg_scaler_apply(s, f->x), 0) &&
              holds(cg_scaler_invert(t, cg_scaler_apply(t, f->x)), 46) &&
              holds(cg_corrcoef(cg_slice(f->x, 0, 0, 1, 1)), 1);
    cg_scaler_free(s);
    cg_scaler_free(t);
    return ok && holds(cg_any(f->x, CG_ALL_AXES, false), 1) && holds(cg_zscore(f->x, CG_ALL_AXES, 0), 0);
}

/* Densities with parameters of every kind, statistics in f64, a fit whose steps are many operations. */
static bool probability(fixture *f) {
    cg_tensor *x = cg_require_grad(cg_sigmoid(f->x), true), *a;
    cg_description d;
    if (cg_beta_fit(cg_detach(x), cg_axes(1), false, &a, NULL) != CG_OK) return false;
    if (cg_describe(x, cg_axes(1), 0, false, &d) != CG_OK) return false;
    cg_tensor *y = cg_add(cg_mul(a, 1e-9), cg_add(d.std, cg_skewness(x, cg_axes(1), false, false)));
    y = cg_add(y, cg_sum(cg_normal_log_pdf(x, 0, cg_reshape(d.mean, cg_shape(3, 1))), cg_axes(1), false));
    y = cg_add(y, cg_sum(cg_beta_pdf(x, 2, 3), cg_axes(1), false));
    if (!y || cg_backward(cg_sum(y, CG_ALL_AXES, false)) != CG_OK) return false;
    return holds(cg_average(f->x, cg_slice(f->w, 0, 0, 1, 1), CG_ALL_AXES, false), 46 / 12.0) &&
           holds(cg_binomial_pmf(cg_full(f->dev, CG_F32, cg_shape(2), 1), 2, 0.5), 1) &&
           holds(cg_categorical_pmf(f->labels, cg_ones(f->dev, CG_F32, cg_shape(3))), 3) &&
           holds(cg_entropy(cg_ones(f->dev, CG_F32, cg_shape(4)), 0), 0);
}

/* Sorting, searching, counting, quantiles: requests with several results, sizes read back, objects of results. */
static bool order(fixture *f) {
    cg_tensor *x = cg_require_grad(cg_mul(f->x, 1), true), *values, *places;
    if (cg_topk(x, 2, 1, true, &values, &places) != CG_OK) return false;
    cg_tensor *y = cg_add(cg_sum(cg_sort(x, 1, true), cg_axes(1), false), cg_median(x, cg_axes(1), false));
    y = cg_add(cg_add(y, cg_sum(values, cg_axes(1), false)), cg_sum(cg_cumsum(x, 1), cg_axes(1), false));
    if (!y || cg_backward(cg_sum(y, CG_ALL_AXES, false)) != CG_OK) return false;
    cg_unique_result u;
    if (cg_unique(f->labels, &u) != CG_OK) return false;
    return holds(u.values, 3) && holds(cg_argsort(f->x, 1, false), 18) && holds(places, 15) &&
           holds(cg_histogram(f->x, 4, -10, 14), 12) && holds(cg_bincount(f->labels, 5), 3) &&
           holds(cg_searchsorted(cg_sort(cg_flatten(f->x, 0, 1), 0, false), f->w, false), 48);
}

/* Parts written into new tensors, and elements picked by index and mask; their way back. */
static bool shapes(fixture *f) {
    cg_tensor *x = cg_require_grad(cg_mul(f->x, 1), true), *halves[2];
    if (cg_split(x, 2, 1, halves) != CG_OK) return false;
    cg_tensor *y = cg_concat(2, (cg_tensor *[]){halves[1], halves[0]}, 1);
    y = cg_add(cg_roll(cg_tril(y, 1), 1, 0), cg_flip(cg_triu(y, 0), cg_axes(1)));
    y = cg_sum(
        cg_pad(cg_tile(y, 2, (const int64_t[]){2, 1}), (const int64_t[]){1, -1}, (const int64_t[]){0, 2}, 3),
        CG_ALL_AXES, false);
    y = cg_add(y, cg_sum(cg_masked_select(x, cg_gt(f->x, 0)), CG_ALL_AXES, false));
    y = cg_add(y, cg_sum(cg_take_along_axis(x, cg_argsort(f->x, 1, false), 1), CG_ALL_AXES, false));
    if (!y || cg_backward(y) != CG_OK) return false;
    cg_tensor *copy = cg_clone(f->x);
    if (cg_assign(copy, cg_add(f->x, 1)) != CG_OK) return false;
    return holds(cg_nonzero(cg_gt(f->x, 0)), 26) && holds(cg_trace(f->w), 4) &&
           holds(cg_index_add(f->w, 0, f->labels, f->x), 62) && holds(copy, 58);
}

/* Factorizations block by block, which the public operations do for large matrices only. */
static bool blocks(fixture *f) {
    enum { ROWS = 70, SIZE = ROWS * ROWS };
    cg_hw *hw = f->dev->hw;
    static float a[SIZE];
    for (int i = 0; i < SIZE; i++) a[i] = i % (ROWS + 1) ? 0.01F : 2;
    cg_operand x[4];
    bool ok = true;
    for (int i = 0; i < 4; i++) {
        x[i] = (cg_operand){.buffer = cg_hw_alloc(hw, sizeof a), .dtype = CG_F32, .stride = {SIZE, ROWS}};
        ok = ok && x[i].buffer && cg_hw_upload(hw, x[i].buffer, 0, a, sizeof a) == CG_OK;
    }
    const cg_factor_request r = {
        .dtype = CG_F32, .batch = 1, .m = ROWS, .n = ROWS, .a = x[0], .out = {x[1], x[2]}, .info = x[3]};
    const cg_solve_triangular_request s = {
        .dtype = CG_F32, .lower = true, .batch = 1, .n = ROWS, .r = ROWS, .a = x[0], .x = x[1]};
    ok = ok && cg_blocked_lu(hw, &r) == CG_OK && cg_blocked_cholesky(hw, &r) == CG_OK &&
         cg_blocked_qr(hw, &r) == CG_OK && cg_blocked_solve_triangular(hw, &s) == CG_OK;
    for (int i = 0; i < 4; i++) cg_hw_free(hw, x[i].buffer);
    return ok;
}

static bool losses(fixture *f) {
    cg_tensor *x = cg_require_grad(cg_mul(f->x, 0.1), true), *p = cg_softmax(x, 1);
    cg_cross_entropy_options options = {.weight = cg_ones(f->dev, CG_F32, cg_shape(4)), .smoothing = 0.1};
    if (!options.weight) return false; /* none would be the default */
    cg_tensor *y =
        cg_add(cg_cross_entropy_with(x, f->labels, CG_MEAN, options), cg_huber_loss(x, p, CG_SUM, 1));
    y = cg_add(y, cg_kl_div_loss(cg_log_softmax(x, 1), cg_detach(p), CG_SUM));
    y = cg_add(y, cg_nll_loss(cg_log_softmax(x, 1), f->labels, CG_MEAN, (cg_cross_entropy_options){0}));
    return y && cg_backward(y) == CG_OK;
}

/* Products of another kind with an epilogue, chunks in scopes of their own, two results of which one is recorded. */
static bool distances(fixture *f) {
    cg_tensor *x = cg_require_grad(cg_mul(f->x, 0.5), true), *d, *places;
    if (cg_nearest_neighbors(x, f->w, 2, &d, &places) != CG_OK) return false;
    cg_tensor *y = cg_add(cg_sum(cg_cdist(x, f->w, 2), cg_axes(1), false), cg_sum(d, cg_axes(1), false));
    y = cg_add(y, cg_sum(cg_squared_distances(x, x), cg_axes(1), false));
    y = cg_add(
        y, cg_add(cg_angle(x, cg_ones(f->dev, CG_F32, cg_shape(4)), -1), cg_cosine_similarity(x, f->x, 1)));
    if (!y || cg_backward(cg_sum(y, CG_ALL_AXES, false)) != CG_OK) return false;
    return holds(places, 3) && holds(cg_cdist(f->w, f->w, 1), 0) &&
           holds(cg_cosine_similarity_matrix(f->w, f->w), 16);
}

static bool creation(fixture *f) {
    cg_seed(f->dev, 1);
    cg_tensor *u = cg_uniform(f->dev, CG_F32, cg_shape(40), 1, 1), *p = cg_permutation(f->dev, 9);
    cg_tensor *picked = cg_index_select(cg_eye(f->dev, CG_F32, 9), 0, p);
    return holds(u, 40) && holds(picked, 9) && holds(cg_linspace(f->dev, CG_F32, 0, 1, 5), 2.5) &&
           holds(cg_one_hot(f->labels, 4, CG_I32), 3) &&
           holds(cg_normal(f->dev, CG_F32, cg_shape(3), 2, 0), 6);
}

/* Factorizations, their reports and permutations on the host, and gradients by kept factors. */
static bool solvers(fixture *f) {
    cg_tensor *w = cg_require_grad(cg_add(f->w, cg_mul(cg_eye(f->dev, CG_F32, 4), 4)), true), *b, *p, *lu, *x;
    if (!w) return false;
    b = cg_transpose(f->x, 0, 1);
    cg_tensor *y = cg_add(cg_det(w), cg_sum(cg_solve(w, b), CG_ALL_AXES, false));
    y = cg_add(y, cg_sum(cg_cholesky(w), CG_ALL_AXES, false));
    if (cg_lstsq(w, b, -1, &x, NULL, NULL, NULL) != CG_OK || cg_lu_factor(w, &lu, &p) != CG_OK) return false;
    y = cg_add(y, cg_sum(cg_add(x, cg_lu_solve(lu, p, b, true)), CG_ALL_AXES, false));
    if (!y || cg_backward(y) != CG_OK) return false;
    return holds(y, 512 + 3 * 46 / 8.0 + 11.1058) && holds(cg_inverse(w), 0.5);
}

/* Factorizations with several results, recorded apart; an object that keeps what it was fitted to. */
static bool decompositions(fixture *f) {
    cg_tensor *x = cg_require_grad(cg_mul(f->x, 1), true), *q, *r, *u, *s, *vh, *w, *v, *wr, *wi;
    cg_tensor *square = cg_matmul(x, cg_transpose(x, 0, 1));
    if (cg_qr(x, CG_QR_REDUCED, &q, &r) || cg_svd(x, false, &u, &s, &vh) || cg_eigh(square, &w, &v))
        return false;
    cg_tensor *y = cg_add(cg_sum(r, CG_ALL_AXES, false), cg_sum(u, CG_ALL_AXES, false));
    y = cg_add(cg_add(y, cg_sum(w, CG_ALL_AXES, false)), cg_sum(cg_mul(v, v), CG_ALL_AXES, false));
    y = cg_add(y, cg_matrix_norm(cg_pinv(cg_low_rank(x, 2), 1e-3), CG_NORM_NUC, false));
    if (!y || cg_backward(y) != CG_OK || cg_eigvals(f->w, &wr, &wi) != CG_OK) return false;
    cg_pca *pca = cg_pca_fit(f->x, 2, true);
    bool ok = pca && holds(cg_pca_transform(pca, f->x), 0);
    cg_pca_free(pca);
    return ok && holds(wr, 4) && holds(cg_matrix_rank(f->w, -1), 1) && holds(w, 650) &&
           cg_orthogonal(f->dev, CG_F32, 2, 3, 1) != NULL;
}

/* Every distribution; sums that they always have, so that a wrong result shows. */
static bool distributions(fixture *f) {
    const cg_dims n = cg_shape(70);
    cg_tensor *x = cg_require_grad(cg_mul(f->x, 1), true), *weight = cg_ones(f->dev, CG_F32, cg_shape(5));
    cg_seed(f->dev, 3);
    cg_tensor *state = cg_random_state(f->dev);
    cg_tensor *whole = cg_add(cg_integers(f->dev, CG_I64, n, 2, 3), cg_binomial(f->dev, n, 4, 1));
    cg_tensor *real = cg_add(cg_exponential(f->dev, CG_F32, n, 0), cg_gamma(f->dev, CG_F32, n, 0.5, 0));
    real = cg_add(real, cg_ge(cg_beta(f->dev, CG_F32, n, 2, 0.5), 0));
    cg_tensor *places = cg_add(cg_choice(f->dev, 5, 5, false), cg_choice_weighted(weight, 5, false));
    cg_tensor *picked = cg_mul(cg_add(cg_categorical(weight, 70), cg_choice(f->dev, 9, 70, true)), 0);
    cg_tensor *y = cg_sum(cg_add(cg_dropout(x, 0.5), cg_shuffle(x, 1)), CG_ALL_AXES, false);
    if (!y || cg_backward(y) != CG_OK || cg_random_restore(f->dev, state) != CG_OK) return false;
    return holds(whole, 70 * 6) && holds(real, 70) && holds(places, 20) && holds(picked, 0) &&
           holds(cg_bernoulli(f->dev, n, 1), 70);
}

static bool survivors(fixture *f) {
    cg_scope *scope = cg_scope_begin(f->dev);
    cg_tensor *kept = cg_retain(cg_exp(cg_mul(f->x, 0)));
    cg_scope_end(scope);
    bool ok = scope && kept && holds(kept, 12);
    cg_release(kept);
    return ok;
}

/* A layer, its gradients, both poolings and theirs. */
static bool convolution(fixture *f) {
    cg_module *layer = cg_conv2d_module(f->dev, 2, 3, 3, 3, (cg_conv_options){.padding = {1, 1}});
    cg_module *pool = cg_max_pool2d_module(f->dev, 2, 2, (cg_pool_options){0});
    cg_tensor *x = cg_uniform(f->dev, CG_F32, cg_shape(2, 2, 6, 7), -1, 1);
    cg_tensor *y = cg_forward(pool, cg_forward(layer, x));
    cg_tensor *mean =
        cg_adaptive_avg_pool2d(cg_avg_pool2d(y, 2, 2, (cg_pool_options){.stride = {1, 1}}), 3, 1);
    const bool ok = cg_backward(cg_sum(mean, CG_ALL_AXES, false)) == CG_OK;
    cg_tensor *columns = cg_unfold(x, 2, 3, (cg_conv_options){.padding = {1, 0}});
    cg_tensor *back = cg_fold(columns, (cg_fold_size){6, 7, 2, 3}, (cg_conv_options){.padding = {1, 0}});
    cg_module_free(layer);
    cg_module_free(pool);
    return ok && back;
}

static bool second_device(fixture *f) {
    cg_device *dev = cg_device_open("cpu");
    cg_tensor *y = dev ? cg_to_device(f->x, dev) : NULL;
    bool ok = y && holds(y, 46);
    CHECK_MSG(ok || cg_error_code(dev) != CG_OK, "no error was kept");
    f->second_device_failed = !ok && dev;
    if (f->second_device_failed) check_memory_error(cg_error_code(dev), cg_error_message(dev));
    cg_device_close(dev);
    return ok;
}

static bool printing(fixture *f) {
    FILE *null = fopen("/dev/null", "w");
    bool ok = null && cg_print(null, f->x) == CG_OK;
    if (null) fclose(null);
    return ok;
}

const fault_scenario fault_operations[] = {
    {"elementwise", elementwise, CG_OK},
    {"long chain", long_chain, CG_OK},
    {"products", products, CG_OK},
    {"statistics", statistics, CG_OK},
    {"probability", probability, CG_OK},
    {"order", order, CG_OK},
    {"shapes", shapes, CG_OK},
    {"losses", losses, CG_OK},
    {"distances", distances, CG_OK},
    {"creation", creation, CG_OK},
    {"solvers", solvers, CG_OK},
    {"decompositions", decompositions, CG_OK},
    {"blocks", blocks, CG_OK},
    {"distributions", distributions, CG_OK},
    {"survivors", survivors, CG_OK},
    {"convolution", convolution, CG_OK},
    {"print", printing, CG_OK},
    {"second device", second_device, CG_OK},
    {0},
};
