/* Distances between points, directions of vectors, and the points that are nearest. */
#ifndef CLGRAD_DISTANCES_H
#define CLGRAD_DISTANCES_H

#include "tensor.h"

CG_BEGIN_DECLS

/* --- Distances ------------------------------------------------------------------------------------------------ */

/*
 * The distance between each row of x and each row of y: d[i, j] = (sum_k |x[i, k] - y[j, k]|^p)^(1/p), x (..., N, D),
 * y (..., M, D) -> (..., N, M); batch axes broadcast. p = 2 is the Euclidean distance, 1 that of Manhattan, infinity
 * that of Chebyshev, 0 counts the coordinates that differ. dtypes: f32, f64 (others are promoted to f32). p = 2:
 * differences are formed before they are squared, in tiles as a product of matrices is (decision 19): close points keep
 * their digits, equal points have exactly 0, and nothing of size (N, M, D) is made. Error at most (D / 2 + 3) u d. A
 * difference beyond the root of the largest number (1.8e19 in f32, 1.3e154 in f64) gives infinity, and below that of
 * the least normal one (1.1e-19, 1.5e-154) digits are lost, as in PyTorch and SciPy: scale such data first. Other p are
 * reductions that form the differences as they go, five times slower or more, with the error of cg_norm; with gradients
 * they keep a block (N, M, D), and CLGRAD_FUSE=0 makes one as well.
 * Gradient, p = 2: with w = g / d, 0 where d is 0 (a subgradient, as PyTorch's): sum_j w[i, j] (x[i] - y[j]) to x, the
 * like to y, as products about the centre c of y: error at most (M + 8) u sum_j |w[i, j]| (|x[i] - c| + |y[j] - c|).
 * Other p as cg_norm (p = 0 has none).
 * Errors: CG_ERROR_SHAPE for a rank below 2, other lengths D, batches that do not broadcast; CG_ERROR_ARGUMENT for a
 * negative p or NaN. As torch.cdist, and scipy.spatial.distance.cdist with metric "minkowski".
 */
CG_API cg_tensor *cg_cdist(cg_tensor *x, cg_tensor *y, double p);

/*
 * The squares of the Euclidean distances: sum_k (x[i, k] - y[j, k])^2, shapes and limits as cg_cdist. Error at most
 * (D + 4) u of each. Gradient: 2 sum_j g[i, j] (x[i] - y[j]) to x, the like to y. Errors: CG_ERROR_SHAPE.
 */
CG_API cg_tensor *cg_squared_distances(cg_tensor *x, cg_tensor *y);

/*
 * The k nearest rows of y (M, D) for each row of x (N, D), by Euclidean distance, nearest first: their distances (N, k)
 * and places in y (N, k), i64. What a stable sort of the rows of cg_cdist(x, y, 2) begins with: of equal distances the
 * lower place comes first, NaN last. A row of x that is also in y finds itself, at distance 0. Rows of x are taken in
 * chunks, so that no matrix (N, M) is made. `distances` or `indices` may be NULL. f32, f64 (others are promoted to f32).
 * Gradient through the distances as cg_cdist's (each pair exactly, no product); the choice has none.
 * Errors: CG_ERROR_SHAPE for other ranks than 2 or lengths D that differ; CG_ERROR_ARGUMENT for k < 0 or more than M;
 * both results are NULL. As sklearn.neighbors.NearestNeighbors.kneighbors.
 */
CG_API cg_status cg_nearest_neighbors(cg_tensor *x, cg_tensor *y, int64_t k, cg_tensor **distances,
                                      cg_tensor **indices);

/* --- Directions ----------------------------------------------------------------------------------------------- */

/*
 * The vectors along `axis` as vectors of norm 1: x / (sum |x|^p)^(1/p), p > 0, infinity included. A vector of zeros
 * stays one, and has the gradient 0; one with NaN or an infinity becomes NaN. Safe against overflow and underflow: x is
 * divided by its largest element first. Shape of x, FLOAT. Error at most (log2 n + 12) u of each element (p = 2).
 * Gradient: (g - s sum(g x / norm)) / norm with s that of cg_norm. Errors: CG_ERROR_ARGUMENT for an axis that x does
 * not have or another p. As torch.nn.functional.normalize, but without its eps.
 */
CG_API cg_tensor *cg_normalize(cg_tensor *x, double p, int axis);

/*
 * The cosine of the angle between the vectors along `axis`: sum(u v) of their unit vectors. x and y broadcast; `axis`
 * is one of the broadcast shape, and goes. 0 where a vector is 0 (PyTorch's eps gives the same). Error at most (n + 2
 * log2 n + 25) u, so that it may pass 1 by as much. Gradient: that of the composition, 0 to a vector of zeros. FLOAT.
 * Errors: CG_ERROR_SHAPE where shapes do not broadcast, CG_ERROR_ARGUMENT for an axis they do not have. As
 * torch.nn.functional.cosine_similarity.
 */
CG_API cg_tensor *cg_cosine_similarity(cg_tensor *x, cg_tensor *y, int axis);

/*
 * The cosine between each row of x (..., N, D) and each row of y (..., M, D) -> (..., N, M): the product of their unit
 * vectors. Otherwise as cg_cosine_similarity and cg_matmul. Errors: CG_ERROR_SHAPE.
 */
CG_API cg_tensor *cg_cosine_similarity_matrix(cg_tensor *x, cg_tensor *y);

/*
 * The angle between the vectors along `axis`, 0 to pi: 2 atan2(|u - v|, |u + v|) of their unit vectors (Kahan), which is
 * accurate where the arc of the cosine is not, near 0 and pi: the error is at most (6 log2 n + 64) u. Shapes as
 * cg_cosine_similarity. With one vector of zeros pi / 2, with two 0. Gradient: that of the composition, 0 where the
 * vectors are parallel (a subgradient). FLOAT. Errors as cg_cosine_similarity.
 */
CG_API cg_tensor *cg_angle(cg_tensor *x, cg_tensor *y, int axis);

CG_END_DECLS
#endif
