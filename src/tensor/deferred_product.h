/*
 * Products as part of a formula: a pending matrix product is computed with the rows that are behind it, as the epilogue
 * of the request (host/backend.h), while a piece of it is in the cache. Its own elements are stored on the way, unless
 * nobody holds it any more: computing them again would cost a product.
 */
#ifndef CLGRAD_TENSOR_DEFERRED_PRODUCT_H
#define CLGRAD_TENSOR_DEFERRED_PRODUCT_H

#include "tensor/deferral.h"

/* Matrices of the product an expr stands for, whose leaves are a, b and, if there is one, the bias. */
struct cg_pending_product {
    int64_t m, n, k;
    int batch_rank;
    int64_t batch[CG_MAX_BATCH_RANK];
    cg_matrix a, b;
};

/* The product that the formula behind e has, or NULL: e itself where it is one. */
const cg_expr *cg_product_behind(const cg_expr *e);

/* Whether a pending product seen as `shape`, row-major, is its rows and columns with the rows split into axes. */
bool cg_product_seen_as(const cg_expr *product, const cg_dims *shape);

/* Whether all that `leaf`, over `shape`, brings into a program can be read along the rows of the product. */
bool cg_product_admits(const cg_expr *product, const cg_leaf *leaf, const cg_dims *shape);

/* Whether anybody but the rows that compute the n storages in `done` holds the product: its elements may be asked for. */
bool cg_product_is_held(const cg_expr *product, cg_storage *const *done, int n);

/*
 * Runs a product with a program over `shape`, whose input 0 is the element of the product, as its epilogue. The outputs
 * are out[0..n-1], which have their memory.
 */
cg_status cg_product_run(const cg_expr *product, const cg_fused *fused, const cg_dims *shape, int n,
                         cg_storage *const *out);

/*
 * The pending product that the elements of x are, all of them row-major, if it is without a bias and nothing but x holds or
 * reads it; else NULL. Whoever has x may compute it as part of a request of its own.
 */
const cg_expr *cg_product_alone(const cg_tensor *x);

/*
 * Whether a gradient may stay a pending product until an optimizer's step: x is such a product, takes less memory so than
 * computed, and memory of the library's own.
 */
bool cg_product_stays(const cg_tensor *x);

/* The request for a product; what C is, and an epilogue, are still to be set. */
cg_matmul_request cg_product_request(const cg_expr *product);

#endif
