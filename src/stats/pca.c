/* Principal components. */
#include "clgrad/decomposition.h"

#include <float.h>
#include <stdlib.h>

#include "clgrad/linalg.h"
#include "ops/reduction.h"

struct cg_pca {
    cg_pca_parts part;    /* retained */
    cg_tensor *deviation; /* (k), retained: what scores are divided by; NULL unless the object whitens */
};

/* The members that are tensors, so that all can be computed, retained and released alike. */
enum { TENSORS = 7 };
static void tensors_of(cg_pca *pca, cg_tensor **list[TENSORS]) {
    cg_pca_parts *p = &pca->part;
    cg_tensor **all[TENSORS] = {&p->mean,
                                &p->components,
                                &p->explained_variance,
                                &p->explained_variance_ratio,
                                &p->singular_values,
                                &p->noise_variance,
                                &pca->deviation};
    for (int i = 0; i < TENSORS; i++) list[i] = all[i];
}

/* --- fitting ---------------------------------------------------------------------------------------------------- */

static bool check_fit(const cg_tensor *x, int64_t k) {
    cg_error *err = &x->storage->dev->error;
    if (x->shape.rank != 2 || cg_size(x, 0) < 2 || cg_size(x, 1) < 1) {
        CG_FAIL(err, CG_ERROR_SHAPE,
                "pca_fit: expected samples in rows, (N, D) with N >= 2 and D >= 1, got %s",
                CG_SHAPE_STR(&x->shape));
        return false;
    }
    const int64_t n = cg_size(x, 0), d = cg_size(x, 1), most = n < d ? n : d;
    if (k >= 1 && k <= most) return true;
    CG_FAIL(err, CG_ERROR_ARGUMENT, "pca_fit of %s: %lld components; expected 1 to min(N, D) = %lld",
            CG_SHAPE_STR(&x->shape), (long long)k, (long long)most);
    return false;
}

/* Looked at before anything else, so that the error names x and not what was made of it. Reads: a round trip. */
static bool is_finite(cg_tensor *x) {
    bool finite = false;
    cg_tensor *all = cg_all(cg_isfinite(x), CG_ALL_AXES, false);
    if (cg_op_read("pca_fit", all, &finite, sizeof finite)) return false;
    if (!finite)
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT,
                "pca_fit of %s: there are NaN or infinities in it", CG_SHAPE_STR(&x->shape));
    return finite;
}

/* s and Vh of the deviations. Those of R are the same, and R is small where there are many samples. */
static bool right_vectors(cg_tensor *deviations, cg_tensor **s, cg_tensor **vh) {
    if (cg_size(deviations, 0) > cg_size(deviations, 1)) {
        cg_tensor *r;
        if (cg_qr(deviations, CG_QR_R, NULL, &r)) return false;
        deviations = r;
    }
    return cg_svd(deviations, false, NULL, s, vh) == CG_OK;
}

/* Deviations that are rounding count as 1, so that whitening does not make noise of them. */
static cg_tensor *divisors(cg_tensor *variance, cg_tensor *s, const cg_tensor *x) {
    const int64_t n = cg_size(x, 0), d = cg_size(x, 1);
    const double eps = x->storage->dtype == CG_F64 ? DBL_EPSILON : (double)FLT_EPSILON;
    cg_tensor *cut = cg_mul(cg_slice(s, 0, 0, 1, 1), (double)(n > d ? n : d) * eps);
    cg_tensor *kept = cg_slice(s, 0, 0, cg_numel(variance), 1);
    return cg_where(cg_gt(kept, cut), cg_sqrt(variance), 1.0);
}

/* The parts, none of them retained; whether all are there. */
static bool fit(cg_pca *pca, cg_tensor *x, int64_t k, bool whiten) {
    cg_pca_parts *p = &pca->part;
    cg_tensor *s, *vh;
    if (!x || !is_finite(x) || !right_vectors(cg_centred(x, 1u << 0), &s, &vh)) return false;
    const int64_t all = cg_numel(s);
    cg_tensor *variance = cg_div(cg_square(s), (double)(cg_size(x, 0) - 1));
    cg_tensor *left_out = cg_slice(variance, 0, k, all, 1);
    p->mean = cg_reshape(cg_centre(x, 1u << 0), cg_shape(cg_size(x, 1)));
    p->components = cg_clone(cg_slice(vh, 0, 0, k, 1));
    p->singular_values = cg_clone(cg_slice(s, 0, 0, k, 1));
    p->explained_variance = cg_clone(cg_slice(variance, 0, 0, k, 1));
    p->explained_variance_ratio = cg_div(p->explained_variance, cg_sum(variance, CG_ALL_AXES, false));
    p->noise_variance = k < all ? cg_mean(left_out, CG_ALL_AXES, false)
                                : cg_zeros(x->storage->dev, x->storage->dtype, cg_shape());
    if (whiten) pca->deviation = divisors(p->explained_variance, s, x);
    cg_tensor **list[TENSORS];
    tensors_of(pca, list);
    for (int i = 0; i < TENSORS; i++)
        if ((i < TENSORS - 1 || whiten) && !cg_eval(*list[i])) return false;
    return true;
}

cg_pca *cg_pca_fit(cg_tensor *x, int64_t k, bool whiten) {
    if (!x || !check_fit(x, k)) return NULL;
    cg_device *dev = x->storage->dev;
    cg_pca *pca = calloc(1, sizeof *pca);
    cg_scope *scope = pca ? cg_values_begin(dev) : NULL;
    if (!pca) CG_FAIL(&dev->error, CG_ERROR_MEMORY, "pca_fit: out of host memory");
    const bool good = scope && fit(pca, cg_op_real(x), k, whiten);
    cg_tensor **list[TENSORS];
    if (pca) tensors_of(pca, list);
    for (int i = 0; i < TENSORS && good; i++) cg_retain(*list[i]);
    cg_values_end(scope, NULL);
    if (good) return pca;
    free(pca);
    return NULL;
}

/* --- using ------------------------------------------------------------------------------------------------------ */

/* Whether x is (N, columns). */
static bool fits(const char *op, const cg_pca *pca, cg_tensor *x, int64_t columns) {
    cg_device *dev = pca->part.mean->storage->dev;
    if (!cg_op_same_device(op, dev, 1, &x)) return false;
    if (x->shape.rank == 2 && cg_size(x, 1) == columns) return true;
    CG_FAIL(&dev->error, CG_ERROR_SHAPE, "%s: expected (N, %lld) for components %s, got %s", op,
            (long long)columns, CG_SHAPE_STR(&pca->part.components->shape), CG_SHAPE_STR(&x->shape));
    return false;
}

cg_tensor *cg_pca_transform(const cg_pca *pca, cg_tensor *x) {
    if (!pca || !x || !fits("pca_transform", pca, x, cg_numel(pca->part.mean))) return NULL;
    cg_tensor *centred = cg_sub(cg_op_real(x), pca->part.mean);
    cg_tensor *y = cg_matmul(centred, cg_transpose(pca->part.components, 0, 1));
    return pca->deviation ? cg_div(y, pca->deviation) : y;
}

cg_tensor *cg_pca_inverse(const cg_pca *pca, cg_tensor *y) {
    if (!pca || !y || !fits("pca_inverse", pca, y, cg_size(pca->part.components, 0))) return NULL;
    cg_tensor *scores = cg_op_real(y);
    if (pca->deviation) scores = cg_mul(scores, pca->deviation);
    return cg_add(cg_matmul(scores, pca->part.components), pca->part.mean);
}

cg_status cg_pca_parameters(const cg_pca *pca, cg_pca_parts *parts) {
    if (!pca || !parts) return CG_ERROR_ARGUMENT;
    *parts = pca->part;
    return CG_OK;
}

void cg_pca_free(cg_pca *pca) {
    if (!pca) return;
    cg_tensor **list[TENSORS];
    tensors_of(pca, list);
    for (int i = 0; i < TENSORS; i++) cg_release(*list[i]);
    free(pca);
}
