/*
 * Every allocation of the library fails once, and from there on (SQLite's loop): a clean error, inputs as
 * they were, nothing leaked. The CPU backend only: a driver that runs out of memory may abort.
 *
 * Linked with --wrap (tests.cmake), so that the library's calls come here, and nobody else's.
 */
#include "clgrad/clgrad.h"
#include "host/blocks.h"
#include "support/check.h"
#include "tensor/context.h"

#ifdef CG_WITH_PNG
enum { PNG = 1 };
#else
enum { PNG = 0 };
#endif

#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the allocator -------------------------------------------------------------------------------------- */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
char *__real_strdup(const char *text);
void __real_free(void *block);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);

static struct {
    bool armed, sticky, fired;
    long countdown;
} fault;

/* The live blocks: an open hash table, so that a block of somebody else's is not counted when freed. */
enum { SLOTS = 1 << 16 };
static void *live[SLOTS];
static long n_live, n_calls; /* blocks that live; blocks ever made */
static void *const deleted = live;

static size_t slot_of(const void *block) { return ((uintptr_t)block >> 4) * 0x9e3779b1u % SLOTS; }

static void *count(void *block) {
    if (!block) return NULL;
    size_t i = slot_of(block);
    while (live[i] && live[i] != deleted) i = (i + 1) % SLOTS;
    live[i] = block;
    n_live++;
    n_calls++;
    return block;
}

static void forget(const void *block) {
    for (size_t i = slot_of(block); live[i]; i = (i + 1) % SLOTS)
        if (live[i] == block) {
            live[i] = deleted;
            n_live--;
            return;
        }
}

static bool fails(void) {
    if (!fault.armed) return false;
    if (fault.fired && fault.sticky) return true;
    if (--fault.countdown != 0) return false;
    fault.fired = true;
    return true;
}

void *__wrap_malloc(size_t bytes) { return fails() ? NULL : count(__real_malloc(bytes)); }
void *__wrap_calloc(size_t n, size_t bytes) { return fails() ? NULL : count(__real_calloc(n, bytes)); }
char *__wrap_strdup(const char *text) { return fails() ? NULL : count(__real_strdup(text)); }

void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
    return fails() ? NULL : count(__real_aligned_alloc(alignment, bytes));
}

void *__wrap_realloc(void *block, size_t bytes) {
    if (fails()) return NULL;
    if (block) forget(block);
    return count(__real_realloc(block, bytes));
}

void __wrap_free(void *block) {
    if (block) forget(block);
    __real_free(block);
}

static void arm(long nth, bool sticky) {
    memset(&fault, 0, sizeof fault);
    fault.countdown = nth;
    fault.sticky = sticky;
    fault.armed = true;
}

static bool disarm(void) {
    fault.armed = false;
    return fault.fired;
}

/* --- what is run under failures ------------------------------------------------------------------------- */

enum { N = 12 };

/* What a scenario works on; made anew for each fault, with an allocator that works. */
typedef struct fixture {
    cg_device *dev;
    cg_tensor *x, *w, *labels;
    cg_module *net;
    cg_optimizer *optimizer;
    float weights[256];        /* of net, before */
    int batches;               /* that a source has given */
    bool second_device_failed; /* the error is on a device that is gone */
} fixture;

static const float x_data[N] = {1, -2, 3, 4, -5, 6, 7, 8, -9, 10, 11, 12};
static char training_path[64], weights_path[64], other_path[64], optimizer_path[64], images_path[64],
    labels_path[64], table_path[64], folder_path[64];

static bool holds(const cg_tensor *x, double sum) {
    double v = 0;
    cg_tensor *s = cg_sum((cg_tensor *)x, CG_ALL_AXES, false);
    return s && cg_item(s, &v) == CG_OK && fabs(v - sum) <= 1e-3 * fmax(1, fabs(sum));
}

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

static bool backward(fixture *f) {
    cg_tensor *w = cg_require_grad(cg_clone(f->w), true);
    cg_tensor *loss = cg_cross_entropy(cg_tanh(cg_matmul(f->x, w)), f->labels, CG_SUM);
    static double expected = (double)NAN; /* of the first run, which has no fault */
    if (cg_backward(loss) != CG_OK) return false;
    if (isnan(expected))
        return cg_item(cg_sum(cg_abs(cg_grad_of(w)), CG_ALL_AXES, false), &expected) == CG_OK;
    return holds(cg_abs(cg_grad_of(w)), expected);
}

static bool second_derivative(fixture *f) {
    cg_tensor *x = cg_require_grad(cg_clone(f->x), true), *g = NULL, *h = NULL;
    cg_tensor *y = cg_sum(cg_mul(cg_square(x), x), CG_ALL_AXES, false);
    if (cg_grad(y, NULL, 1, &x, true, &g) != CG_OK) return false;
    return cg_grad(cg_sum(g, CG_ALL_AXES, false), NULL, 1, &x, false, &h) == CG_OK && holds(h, 6 * 46);
}

static cg_tensor *identity_hook(void *context, cg_tensor *g) {
    ++*(int *)context;
    return cg_mul(g, 1);
}

static bool hooks(fixture *f) {
    int calls = 0;
    cg_tensor *w = cg_require_grad(f->w, true), *y = cg_retain_grad(cg_matmul(f->x, w));
    bool ok = cg_register_hook(w, identity_hook, &calls, NULL) > 0 &&
              cg_backward_with(cg_sum(cg_square(y), CG_ALL_AXES, false),
                               (cg_backward_options){.create_graph = true}) == CG_OK;
    ok = ok && cg_backward(cg_sum(cg_grad_of(w), CG_ALL_AXES, false)) == CG_OK;
    cg_zero_grad(w);
    return ok;
}

static cg_tensor *tanh_of_product(void *context, int n, cg_tensor *const *x) {
    (void)n;
    return cg_tanh(cg_matmul(x[0], context ? context : x[1]));
}

static bool checkpoint(fixture *f) {
    cg_tensor *w = cg_require_grad(f->w, true), *y = cg_checkpoint(tanh_of_product, w, 1, &f->x);
    const bool ok = cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_OK;
    cg_zero_grad(w);
    return ok;
}

static cg_tensor *sum_of_product(void *context, int n, cg_tensor *const *x) {
    return cg_sum(tanh_of_product(context, n, x), CG_ALL_AXES, false);
}

static bool products_of_derivatives(fixture *f) {
    cg_tensor *x[2] = {f->x, f->w}, *out[4], *y;
    return cg_jvp(tanh_of_product, NULL, 2, x, x, false, out, &y) == CG_OK &&
           cg_hvp(sum_of_product, NULL, 2, x, x, true, out, NULL) == CG_OK;
}

static bool matrices_of_derivatives(fixture *f) {
    cg_tensor *x[2] = {cg_from_f32(f->dev, cg_shape(1, 2), x_data),
                       cg_from_f32(f->dev, cg_shape(2, 1), x_data)};
    cg_tensor *out[4];
    return cg_jacobian(tanh_of_product, NULL, 2, x, false, out) == CG_OK &&
           cg_hessian(sum_of_product, NULL, 2, x, false, out) == CG_OK &&
           cg_numerical_gradient(sum_of_product, NULL, 2, x, CG_DIFFERENCE_CENTRAL, out) == CG_OK;
}

static bool anomaly(fixture *f) {
    cg_anomaly_begin(f->dev);
    cg_tensor *w = cg_require_grad(f->w, true);
    const bool ok = cg_backward(cg_sum(cg_exp(cg_mul(w, 0.5)), CG_ALL_AXES, false)) == CG_OK;
    cg_anomaly_end(f->dev);
    cg_zero_grad(w);
    return ok;
}

static bool recurrent(fixture *f) {
    cg_module *net = cg_lstm_module(f->dev, 2, 2, (cg_recurrent_options){.layers = 2, .bidirectional = true});
    cg_recurrent_state end;
    cg_tensor *x = cg_reshape(f->x, cg_shape(2, 3, 2));
    cg_tensor *y = cg_recurrent_forward(net, x, (cg_recurrent_state){0}, &end);
    const bool ok = cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_OK;
    cg_module_free(net);
    return ok;
}

static bool modules(fixture *f) {
    cg_module *net = cg_mlp(f->dev, 3, (const int64_t[]){4, 3, 2}, "gelu");
    cg_optimizer *sgd = cg_sgd(net, (cg_sgd_options){.lr = 0.1, .momentum = 0.9});
    bool ok = sgd && cg_forward(net, f->x) != NULL && cg_parameter(net, 3, NULL) != NULL;
    cg_optimizer_free(sgd);
    cg_module_free(net);
    return ok;
}

/* Layers of normalization and attention, forward and backward, one of them with buffers. */
static bool networks(fixture *f) {
    cg_multi_head_attention_options options = {.dropout = 0.1};
    cg_module *layer[] = {cg_layer_norm_module(f->dev, cg_shape(4), 1e-5),
                          cg_multi_head_attention_module(f->dev, 4, 2, options),
                          cg_batch_norm_module(f->dev, 3, 0.1, 1e-5)};
    cg_tensor *x = cg_reshape(f->x, cg_shape(1, 3, 4));
    for (int i = 0; i < 3; i++) x = cg_forward(layer[i], x);
    cg_tensor *heads = cg_scaled_dot_product_attention(x, x, x, NULL, (cg_attention_options){.causal = true});
    bool ok = cg_backward(cg_sum(cg_square(heads), CG_ALL_AXES, false)) == CG_OK;
    for (int i = 0; i < 3; i++) {
        ok = ok && layer[i] && cg_grad_of(cg_parameter(layer[i], 0, NULL));
        cg_module_free(layer[i]);
    }
    return ok;
}

static bool add_layers(cg_module *net) {
    cg_device *dev = cg_module_device(net);
    cg_tensor *mean = cg_ones(dev, CG_F32, cg_shape(4));
    return cg_module_add_buffer(net, "mean", mean) == CG_OK &&
           cg_module_add(net, "embedding", cg_embedding_module(dev, 3, 4, 0)) == CG_OK &&
           cg_module_add(net, "prelu", cg_prelu_module(dev, 1)) == CG_OK &&
           cg_module_add(net, "block",
                         cg_residual_module(cg_linear_module(dev, 4, 4, CG_INIT_HE),
                                            cg_dropout_module(dev, 0.5))) == CG_OK &&
           cg_module_add(net, "shape", cg_reshape_module(dev, cg_shape(2, 2))) == CG_OK &&
           cg_module_add(net, "softmax", cg_softmax_module(dev, -1)) == CG_OK;
}

/* A shortcut that is the inner module, or in it, is freed with that, whichever of the steps fails. */
static bool refused_shortcut(cg_device *dev, bool part) {
    cg_module *inner = part ? cg_sequential(dev) : cg_linear_module(dev, 4, 4, CG_INIT_HE);
    if (part) (void)cg_sequential_add(inner, cg_linear_module(dev, 4, 4, CG_INIT_HE));
    cg_module *shortcut = part ? cg_module_child(inner, "0") : inner;
    if (!shortcut) {
        cg_module_free(inner);
        return false;
    }
    const bool refused = !cg_residual_module(inner, shortcut);
    const cg_status code = cg_error_code(dev);
    if (code != (part ? CG_ERROR_STATE : CG_ERROR_ARGUMENT)) return false;
    cg_error_clear(dev);
    return refused;
}

static bool layers(fixture *f) {
    if (!refused_shortcut(f->dev, false) || !refused_shortcut(f->dev, true)) return false;
    cg_module *net = cg_sequential(f->dev);
    bool ok = net && add_layers(net) && cg_module_buffer(net, 0, NULL) != NULL;
    cg_tensor *weight[4];
    for (int i = 0; i < 4 && ok; i++) ok = (weight[i] = cg_parameter(net, i, NULL)) != NULL;
    ok = ok && holds(cg_forward_with(net, weight, f->labels), 6);
    cg_module_free(net);
    return ok;
}

/* The fixture's network is as it was, whichever of the steps fails. */
static bool states(fixture *f) {
    cg_module_state *state = cg_module_state_save(f->net);
    bool ok = state && cg_module_state_restore(f->net, state) == CG_OK;
    cg_module_state_free(state);
    cg_module *copy = cg_mlp(f->dev, 2, (const int64_t[]){4, 2}, "relu");
    ok = ok && copy && cg_module_set_dtype(copy, CG_F64) == CG_OK &&
         cg_dtype_of(cg_parameter(copy, 1, NULL)) == CG_F64;
    cg_module_free(copy);
    return ok;
}

static bool models(fixture *f) {
    cg_transformer_options tiny = {
        .vocabulary = 3, .context = 3, .width = 2, .heads = 1, .layers = 1, .dropout = 0.1};
    cg_module *writer = cg_transformer(f->dev, tiny), *reader = cg_model(f->dev, "mlp:2", cg_shape(4), 2),
              *viewer = cg_lenet(f->dev, cg_shape(1, 4, 4), 2);
    bool ok = writer && viewer && cg_forward(writer, cg_reshape(f->labels, cg_shape(1, 3))) &&
              cg_forward(reader, f->x);
    cg_module_free(viewer);
    cg_module_free(reader);
    cg_module_free(writer);
    return ok;
}

static bool train_step(fixture *f) {
    cg_tensor *loss = cg_cross_entropy(cg_forward(f->net, f->x), f->labels, CG_MEAN);
    return cg_backward(loss) == CG_OK && cg_optimizer_step(f->optimizer) == CG_OK;
}

static bool optimizers(fixture *f) {
    cg_optimizer *o = cg_rmsprop(f->net, (cg_rmsprop_options){.centered = true, .momentum = 0.5});
    bool ok = o && cg_optimizer_group(o, "*.bias", (cg_optimizer_group_options){.frozen = true}) == CG_OK;
    ok = ok && cg_optimizer_settings(o) && cg_optimizer_settings(o);
    cg_optimizer_free(o);
    return ok;
}

static bool save_optimizer(fixture *f) { return cg_optimizer_save(f->optimizer, other_path) == CG_OK; }

static bool load_optimizer(fixture *f) { return cg_optimizer_load(f->optimizer, optimizer_path) == CG_OK; }

static bool clip_gradients(fixture *f) {
    cg_tensor *loss = cg_cross_entropy(cg_forward(f->net, f->x), f->labels, CG_MEAN), *total = NULL;
    return cg_backward(cg_add(loss, cg_l2_penalty(f->net))) == CG_OK &&
           cg_clip_grad_norm(f->net, 0.5, 2, &total) == CG_OK && cg_clip_grad_value(f->net, 0.25) == CG_OK &&
           cg_grad_norm(f->net, 2) != NULL;
}

static bool save(fixture *f) { return cg_module_save(f->net, other_path) == CG_OK; }

static bool load(fixture *f) { return cg_module_load(f->net, weights_path) == CG_OK; }

static bool loader(fixture *f) {
    cg_dataset *set = cg_dataset_from_idx(images_path, labels_path);
    cg_loader *batches = cg_loader_new(f->dev, set, 2, true);
    cg_tensor *x = NULL, *y = NULL;
    bool ok = batches && cg_loader_next(batches, &x, &y) &&
              holds(cg_mul(cg_accuracy(cg_one_hot(y, 3, CG_F32), y), 5), 5);
    cg_loader_free(batches);
    cg_dataset_free(set);
    return ok;
}

/* Batches from another thread, which takes no memory; parts of a set; a table and its data set. */
static bool streams(fixture *f) {
    cg_dataset *set = cg_dataset_from_idx(images_path, labels_path), *train = NULL, *test = NULL,
               *fold[2] = {0};
    bool ok = set &&
              cg_dataset_split(set, (cg_dataset_split_options){.test = 0.5}, &train, NULL, &test) == CG_OK &&
              cg_dataset_fold(set, (cg_dataset_fold_options){.folds = 2}, &fold[0], &fold[1]) == CG_OK;
    cg_loader *loader = cg_loader_new_with(f->dev, ok ? train : NULL,
                                           (cg_loader_options){.batch = 1, .shuffle = true, .queue = 2});
    cg_tensor *x = NULL, *y = NULL;
    ok = loader && cg_loader_next(loader, &x, &y) &&
         cg_loader_seek(loader, cg_loader_tell(loader)) == CG_OK && cg_loader_next(loader, &x, &y) &&
         holds(cg_cast(cg_ge(x, 0), CG_F32), 2);
    cg_loader_free(loader);
    cg_dataset_free(fold[0]);
    cg_dataset_free(fold[1]);
    cg_dataset_free(train);
    cg_dataset_free(test);
    cg_dataset_free(set);
    return ok;
}

static bool tables(fixture *f) {
    static const double values[] = {1, 2, 3, 4};
    const cg_array a = {CG_F64, cg_shape(2, 2), (void *)values};
    (void)f;
    if (cg_csv_write(other_path, &a, (const char *const[]){"a", "b"}) != CG_OK) return false;
    cg_table *t = cg_csv_read(other_path, (cg_csv_options){0}),
             *text = t ? cg_csv_read(table_path, (cg_csv_options){0}) : NULL;
    cg_dataset *set = text ? cg_dataset_from_table(text, (cg_table_options){0}) : NULL;
    cg_array all = {0};
    bool ok = t && set && cg_table_array(t, CG_F32, &all) == CG_OK && cg_array_get(&all, 3) == 4 &&
              !strcmp(cg_dataset_class_name(set, 1), "y");
    cg_array_free(&all);
    cg_dataset_free(set);
    cg_table_free(t);
    cg_table_free(text);
    return ok;
}

static bool arrays(fixture *f) {
    cg_array a = {0}, b = {0};
    bool ok = cg_npy_save(other_path, f->x) == CG_OK && holds(cg_npy_load(f->dev, other_path), 46) &&
              cg_to_array(f->x, &a) == CG_OK && holds(cg_from_array(f->dev, &a), 46);
#ifdef CG_WITH_ZIP
    ok = ok && cg_npz_write(other_path, 1, &(cg_named_array){"x", a}, true) == CG_OK;
    cg_npz *file = ok ? cg_npz_open(other_path) : NULL;
    ok = file && cg_npz_read(file, "x", &b) == CG_OK && cg_array_get(&b, 3) == 4;
    cg_npz_close(file);
#endif
    cg_array_free(&a);
    cg_array_free(&b);
    return ok;
}

static bool pictures(fixture *f) {
    cg_array small = {0}, read = {0};
    const cg_array image = {CG_U8, cg_shape(1, 2, 2), (uint8_t[]){1, 2, 3, 4}};
    const char *const ends[] = {".pgm", ".png"};
    (void)f;
    bool ok = cg_image_resize(&image, 1, 1, &small) == CG_OK;
    for (int i = 0; ok && i < (PNG ? 2 : 1); i++) {
        char path[80];
        snprintf(path, sizeof path, "%s%s", other_path, ends[i]);
        cg_array_free(&read);
        ok = cg_image_write(path, &image) == CG_OK &&
             cg_image_read(path, (cg_image_options){0}, &read) == CG_OK;
        unlink(path);
    }
    cg_array_free(&small);
    cg_array_free(&read);
    cg_dataset *set =
        ok ? cg_dataset_from_image_folder(folder_path,
                                          (cg_image_folder_options){.height = 3, .width = 1, .resize = true})
           : NULL;
    ok = set && cg_dataset_samples(set) == 1 && cg_dataset_features(set) == 9;
    cg_dataset_free(set);
    return ok;
}

static bool metrics(fixture *f) {
    cg_tensor *predicted = cg_argmax(f->x, cg_axes(1), false),
              *m = cg_confusion_matrix(f->labels, predicted, 4);
    return holds(m, 3) && holds(cg_add(cg_f1_score(m), cg_add(cg_precision(m), cg_recall(m))), 0) &&
           holds(cg_top_k_accuracy(f->x, f->labels, 4), 1) &&
           holds(cg_roc_auc(cg_mean(f->x, cg_axes(1), false), f->labels), 1) &&
           holds(cg_r2_score(f->x, f->x), 1);
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

/* Two epochs with everything that a training keeps: history, best weights, checkpoint. */
static bool training(fixture *f) {
    static const cg_metric accuracy = {.name = "accuracy"};
    cg_dataset *set = cg_dataset_from_idx(images_path, labels_path);
    cg_loader *batches = cg_loader_new(f->dev, set, 2, true);
    cg_module *net = cg_mlp(f->dev, 3, (const int64_t[]){2, 3, 3}, "relu");
    cg_optimizer *sgd = cg_sgd(net, (cg_sgd_options){.lr = 0.1, .momentum = 0.9});
    cg_history *history = sgd && batches ? cg_fit(net, sgd, batches,
                                                  (cg_fit_options){.epochs = 2,
                                                                   .n_metrics = 1,
                                                                   .metrics = &accuracy,
                                                                   .restore_best = true,
                                                                   .clip_norm = 1,
                                                                   .checkpoint = other_path})
                                         : NULL;
    bool ok = history && cg_history_save(history, other_path) == CG_OK;
    cg_history *copy = ok ? cg_history_copy(history) : NULL,
               *back = copy ? cg_history_load(other_path) : NULL;
    ok = copy && back && cg_history_plot(history, other_path, (cg_plot_options){0}) == CG_OK;
    cg_history_free(history);
    cg_history_free(copy);
    cg_history_free(back);
    cg_optimizer_free(sgd);
    cg_module_free(net);
    cg_loader_free(batches);
    cg_dataset_free(set);
    return ok;
}

/* A source that is not asked. */
static bool no_batch(void *context, cg_tensor **x, cg_tensor **target) {
    (void)context;
    *x = *target = NULL;
    return false;
}

static bool resume(fixture *f) {
    const cg_fit_options o = {.epochs = 3, .source = no_batch, .restore_best = true};
    cg_trainer *t = cg_trainer_new(f->net, f->optimizer, NULL, &o);
    const bool ok = t && cg_trainer_load(t, training_path) == CG_OK;
    cg_trainer_free(t);
    return ok;
}

static cg_status trial(void *context, const double *value, uint64_t seed, double *score) {
    (void)context;
    (void)seed;
    *score = value[0];
    return CG_OK;
}

static bool search(fixture *f) {
    (void)f;
    const cg_hyperparameter space = {.name = "x", .low = 0, .high = 1};
    cg_search *grid = cg_grid_search(1, &space, trial, NULL, (cg_search_options){0});
    cg_search *random =
        !grid ? NULL : cg_random_search(1, &space, trial, NULL, (cg_search_options){.budget = 3});
    const bool ok = grid && random && cg_search_save(grid, other_path) == CG_OK;
    cg_search_free(grid);
    cg_search_free(random);
    return ok;
}

static bool plot(fixture *f) {
    (void)f;
    static const double x[] = {0, 1, 2};
    const cg_curve curve = {"c", 3, x, x};
    static const float values[] = {0, 1};
    const cg_picture picture = {"p", 1, 2, values};
    return cg_plot_svg(other_path, 1, &curve, (cg_plot_options){.title = "t"}) == CG_OK &&
           cg_pictures_svg(other_path, 1, &picture, (cg_picture_options){.title = "t"}) == CG_OK;
}

static bool printing(fixture *f) {
    FILE *null = fopen("/dev/null", "w");
    bool ok = null && cg_print(null, f->x) == CG_OK;
    if (null) fclose(null);
    return ok;
}

static void check_memory_error(cg_status code, const char *message) {
    CHECK_MSG(code == CG_ERROR_MEMORY || code == CG_ERROR_DEVICE_MEMORY, "%s: '%s'", cg_status_name(code),
              message);
    CHECK_MSG(message[0] != 0, "the error has no message");
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

typedef struct scenario {
    const char *name;
    bool (*run)(fixture *f);
    cg_status also; /* what the JSON parser makes of it, which does not tell memory from syntax */
} scenario;

static const scenario scenarios[] = {
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
    {"backward", backward, CG_OK},
    {"hooks", hooks, CG_OK},
    {"checkpoint", checkpoint, CG_OK},
    {"vjp, jvp, hvp", products_of_derivatives, CG_OK},
    {"jacobian, hessian", matrices_of_derivatives, CG_OK},
    {"anomaly", anomaly, CG_OK},
    {"recurrent", recurrent, CG_OK},
    {"second derivative", second_derivative, CG_OK},
    {"modules", modules, CG_OK},
    {"layers", layers, CG_OK},
    {"states", states, CG_OK},
    {"models", models, CG_OK},
    {"networks", networks, CG_OK},
    {"training step", train_step, CG_OK},
    {"save", save, CG_ERROR_ARGUMENT},
    {"load", load, CG_ERROR_FORMAT},
    {"optimizers", optimizers, CG_OK},
    {"save optimizer", save_optimizer, CG_ERROR_ARGUMENT},
    {"load optimizer", load_optimizer, CG_ERROR_FORMAT},
    {"clip gradients", clip_gradients, CG_OK},
    {"loader", loader, CG_OK},
    {"streams", streams, CG_OK},
    {"tables", tables, CG_OK},
    {"arrays", arrays, CG_OK},
    {"pictures", pictures, CG_OK},
    {"metrics", metrics, CG_OK},
    {"convolution", convolution, CG_OK},
    {"training", training, CG_ERROR_ARGUMENT},
    {"resume", resume, CG_ERROR_FORMAT},
    {"search", search, CG_OK},
    {"plot", plot, CG_OK},
    {"print", printing, CG_OK},
    {"second device", second_device, CG_OK},
};

/* --- the loop ------------------------------------------------------------------------------------------- */

static void read_weights(const fixture *f, float *to) {
    for (int i = 0; i < cg_parameter_count(f->net); i++) {
        cg_tensor *x = cg_parameter(f->net, i, NULL);
        CHECK(cg_to_host(x, to, (size_t)cg_numel(x) * sizeof *to) == CG_OK);
        to += cg_numel(x);
    }
}

static bool make_fixture(fixture *f) {
    memset(f, 0, sizeof *f);
    f->dev = cg_device_open("cpu");
    if (!CHECK(f->dev != NULL)) return false;
    f->x = cg_from_f32(f->dev, cg_shape(3, 4), x_data);
    f->w = cg_ones(f->dev, CG_F32, cg_shape(4, 4));
    f->labels = cg_from_i32(f->dev, cg_shape(3), (const int32_t[]){0, 2, 1});
    f->net = cg_mlp(f->dev, 3, (const int64_t[]){4, 5, 3}, "relu");
    f->optimizer = cg_adam(f->net, (cg_adam_options){.lr = 0.1});
    read_weights(f, f->weights);
    return CHECK_MSG(cg_error_code(f->dev) == CG_OK, "%s", cg_error_message(f->dev));
}

static void drop_fixture(fixture *f) {
    cg_optimizer_free(f->optimizer);
    cg_module_free(f->net);
    cg_device_close(f->dev);
}

/* What an error must leave as it was. */
static void check_unchanged(const fixture *f, bool ok) {
    float now[256] = {0}, x[N] = {0};
    if (!ok) {
        read_weights(f, now);
        CHECK_MSG(!memcmp(now, f->weights, sizeof(float) * (size_t)cg_parameter_elements(f->net)),
                  "the weights have changed");
    }
    CHECK(cg_to_host(f->x, x, sizeof x) == CG_OK && !memcmp(x, x_data, sizeof x));
}

static void check_outcome(fixture *f, const scenario *s, bool ok, bool fired) {
    cg_status code = cg_error_code(f->dev) ? cg_error_code(f->dev) : cg_error_code(NULL);
    const char *message = cg_error_code(f->dev) ? cg_error_message(f->dev) : cg_error_message(NULL);
    if (!ok) {
        CHECK_MSG(fired, "it fails without a fault: %s", message);
        if (!f->second_device_failed && (code == CG_OK || code != s->also)) check_memory_error(code, message);
    }
    cg_error_clear(f->dev);
    cg_error_clear(NULL);
}

/* One fault; returns whether it came to pass. */
static bool run_fault(const scenario *s, long nth, bool sticky) {
    fixture f;
    long before = n_live;
    check_case("%s, allocation %ld%s", s->name, nth, sticky ? " and all after it" : "");
    if (!make_fixture(&f)) return false;
    cg_scope *scope = cg_scope_begin(f.dev);
    arm(nth, sticky);
    bool ok = s->run(&f);
    cg_scope_end(scope);
    bool fired = disarm();
    check_outcome(&f, s, ok, fired);
    check_unchanged(&f, ok);
    drop_fixture(&f);
    CHECK_MSG(n_live == before, "%ld blocks are left", n_live - before);
    n_live = before;
    return fired;
}

/* A path in the folder of pictures, until the next call. */
static const char *in_folder(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder_path, name);
    return path;
}

/* One batch an epoch, of the fixture's x. */
static bool one_batch(void *context, cg_tensor **x, cg_tensor **target) {
    fixture *f = context;
    *x = f->x;
    *target = f->labels;
    return f->batches++ % 2 == 0;
}

/* A training in the file that "resume" reads. */
static void write_training(fixture *f) {
    const cg_fit_options o = {.epochs = 2,
                              .source = one_batch,
                              .source_context = f,
                              .restore_best = true,
                              .checkpoint = training_path};
    cg_history *history = cg_fit(f->net, f->optimizer, NULL, o);
    CHECK_MSG(history != NULL, "%s", cg_error_message(f->dev));
    cg_history_free(history);
}

static void write_files(void) {
    fixture f;
    if (!make_fixture(&f)) return;
    CHECK(cg_module_save(f.net, weights_path) == CG_OK);
    CHECK(cg_optimizer_save(f.optimizer, optimizer_path) == CG_OK);
    write_training(&f);
    CHECK(cg_idx_write(images_path, cg_shape(4, 2), (const uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8}) == CG_OK);
    CHECK(cg_idx_write(labels_path, cg_shape(4), (const uint8_t[]){0, 1, 2, 0}) == CG_OK);
    CHECK(mkdir(folder_path, 0700) == 0 && mkdir(in_folder("class"), 0700) == 0);
    const cg_array picture = {CG_U8, cg_shape(2, 2), (uint8_t[]){1, 2, 3, 4}};
    CHECK(cg_image_write(in_folder("class/1.pgm"), &picture) == CG_OK);
    FILE *table = fopen(table_path, "w");
    CHECK(table && fputs("a,\"b\"\n1,x\n2,y\n", table) >= 0 && fclose(table) == 0);
    drop_fixture(&f);
}

/* Under the address sanitizer, which makes a training of thousands of allocations slow, one in STRIDE beyond the first. */
#ifdef __SANITIZE_ADDRESS__
enum { EACH = 100, STRIDE = 37 };
#else
enum { EACH = 1, STRIDE = 1 };
#endif

/* --- what is steady ------------------------------------------------------------------------------------- */

static bool small_step(fixture *f) {
    cg_scope *scope = cg_scope_begin(f->dev);
    cg_tensor *y = cg_sum(cg_mul(cg_tanh(f->x), f->x), CG_ALL_AXES, false);
    const bool ok = cg_eval(y) && cg_backward(y) == CG_OK;
    cg_zero_grad(f->x);
    cg_scope_end(scope);
    return ok;
}

/* A device keeps what its operations and walks let go of: after the first ones none asks the host for memory. */
static void check_steady(void) {
    fixture f;
    if (!make_fixture(&f)) return;
    CHECK(cg_require_grad(f.x, true) && small_step(&f) && small_step(&f));
    const long before = n_calls;
    for (int i = 0; i < 10; i++) CHECK(small_step(&f));
#ifndef __SANITIZE_ADDRESS__
    CHECK_MSG(n_calls == before, "%ld blocks in 10 steps", n_calls - before);
#else
    CHECK(n_calls > before); /* there nothing is kept */
#endif
    drop_fixture(&f);
}

/* In a process of its own, so that a crash is the failure of one scenario. Gives the number of faults. */
static void run_scenario(const scenario *s, volatile long *faults) {
    json_set_alloc_funcs(__wrap_malloc, __wrap_free); /* the parser of file headers fails too */
    run_fault(s, 1L << 40, false);                    /* what is made once per process is made now */
    for (int sticky = 0; sticky < 2; sticky++)
        for (long nth = 1; run_fault(s, nth, sticky); nth += nth < EACH ? 1 : STRIDE) *faults = nth;
}

static bool in_a_child(const scenario *s, volatile long *faults) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (s)
            run_scenario(s, faults);
        else
            write_files(), check_steady();
        fflush(NULL);
        _exit(check_failures() != 0);
    }
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child) return false;
    if (WIFSIGNALED(status))
        fprintf(stderr, "FAIL %s: signal %d after fault %ld\n", s ? s->name : "files", WTERMSIG(status),
                *faults);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(void) {
    check_test("plain_alloc_failure");
    snprintf(weights_path, sizeof weights_path, "/tmp/clgrad-fault-%ld.weights", (long)getpid());
    snprintf(training_path, sizeof training_path, "/tmp/clgrad-fault-%ld.training", (long)getpid());
    snprintf(other_path, sizeof other_path, "/tmp/clgrad-fault-%ld.other", (long)getpid());
    snprintf(optimizer_path, sizeof optimizer_path, "/tmp/clgrad-fault-%ld.optimizer", (long)getpid());
    snprintf(images_path, sizeof images_path, "/tmp/clgrad-fault-%ld.images", (long)getpid());
    snprintf(folder_path, sizeof folder_path, "/tmp/clgrad-fault-%ld.folder", (long)getpid());
    snprintf(table_path, sizeof table_path, "/tmp/clgrad-fault-%ld.csv", (long)getpid());
    snprintf(labels_path, sizeof labels_path, "/tmp/clgrad-fault-%ld.labels", (long)getpid());
    volatile long *faults =
        mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (faults == MAP_FAILED || !in_a_child(NULL, faults)) return 1;
    long total = 0;
    int bad = 0;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        *faults = 0;
        bool ok = in_a_child(&scenarios[i], faults);
        printf("%-18s %4ld allocations, each failed once and for good: %s\n", scenarios[i].name, *faults,
               ok ? "ok" : "FAILED");
        total += 2 * *faults;
        bad += !ok;
    }
    unlink(weights_path);
    unlink(other_path);
    unlink(training_path);
    unlink(optimizer_path);
    unlink(images_path);
    unlink(labels_path);
    unlink(table_path);
    unlink(in_folder("class/1.pgm"));
    rmdir(in_folder("class"));
    rmdir(folder_path);
    printf("%ld faults, %d scenarios failed\n", total, bad);
    return bad != 0 || total < 500;
}
