/* Distances between points, directions, nearest neighbours. */
#include "catalog/catalog.h"

#include <math.h>

#include "reference/ref_distances.h"

/* --- Distances ------------------------------------------------------------------------------------------------ */

static cg_tensor *squared(cg_tensor *const *x) { return cg_squared_distances(x[0], x[1]); }
static ref_array ref_of_squared(const ref_array *x) { return ref_pairs(ref_squared_distance, x[0], x[1], 0); }

#define CDIST(name, p)                                                                                       \
    static cg_tensor *name(cg_tensor *const *x) { return cg_cdist(x[0], x[1], p); }                          \
    static ref_array ref_of_##name(const ref_array *x) { return ref_pairs(ref_distance, x[0], x[1], p); }
CDIST(euclidean, 2)
CDIST(manhattan, 1)
CDIST(minkowski, 3)
CDIST(chebyshev, (double)INFINITY)
CDIST(hamming, 0)

/* Views whose rows are no rows in memory: the kernels take any strides. */
static cg_tensor *euclidean_turned(cg_tensor *const *x) {
    return cg_cdist(cg_transpose(x[0], 0, 1), cg_transpose(x[1], 0, 1), 2);
}
static ref_array flipped(ref_array x) {
    ref_array y = ref_array_new(2, (const int64_t[]){x.shape[1], x.shape[0]});
    for (int64_t i = 0; i < x.n; i++) y.v[i % x.shape[1] * x.shape[0] + i / x.shape[1]] = x.v[i];
    return y;
}
static ref_array ref_of_euclidean_turned(const ref_array *x) {
    return ref_pairs(ref_distance, flipped(x[0]), flipped(x[1]), 2);
}

/* --- Directions ----------------------------------------------------------------------------------------------- */

#define NORMALIZE(name, p, axis)                                                                             \
    static cg_tensor *name(cg_tensor *const *x) { return cg_normalize(x[0], p, axis); }                      \
    static ref_array ref_of_##name(const ref_array *x) { return ref_unit(x[0], p, axis); }
NORMALIZE(unit_last, 2, -1)
NORMALIZE(unit_first, 2, 0)
NORMALIZE(unit_1, 1, 1)
NORMALIZE(unit_3, 3, -1)
NORMALIZE(unit_inf, (double)INFINITY, -1)

#define BETWEEN(name, of, pair, axis)                                                                        \
    static cg_tensor *name(cg_tensor *const *x) { return of(x[0], x[1], axis); }                             \
    static ref_array ref_of_##name(const ref_array *x) { return ref_along(pair, x[0], x[1], axis, 0); }
BETWEEN(cosine_last, cg_cosine_similarity, ref_cosine, -1)
BETWEEN(cosine_middle, cg_cosine_similarity, ref_cosine, 1)
BETWEEN(angle_last, cg_angle, ref_angle, -1)
BETWEEN(angle_middle, cg_angle, ref_angle, 1)

static cg_tensor *cosines(cg_tensor *const *x) { return cg_cosine_similarity_matrix(x[0], x[1]); }
static ref_array ref_of_cosines(const ref_array *x) { return ref_pairs(ref_cosine, x[0], x[1], 0); }

/* The scale of what is compared with unit vectors, whose sum of |u v| is at most 1. */
static ref_array ones_like(ref_array x) {
    for (int64_t i = 0; i < x.n; i++) x.v[i] = 1;
    return x;
}
static ref_array scale_of_cosine_last(const ref_array *x) { return ones_like(ref_of_cosine_last(x)); }
static ref_array scale_of_cosine_middle(const ref_array *x) { return ones_like(ref_of_cosine_middle(x)); }
static ref_array scale_of_angle_last(const ref_array *x) { return ones_like(ref_of_angle_last(x)); }
static ref_array scale_of_angle_middle(const ref_array *x) { return ones_like(ref_of_angle_middle(x)); }
static ref_array scale_of_cosines(const ref_array *x) { return ones_like(ref_of_cosines(x)); }

/* --- Nearest neighbours --------------------------------------------------------------------------------------- */

#define NEAREST(name, k)                                                                                     \
    static cg_tensor *name(cg_tensor *const *x) {                                                            \
        cg_tensor *distances;                                                                                \
        return cg_nearest_neighbors(x[0], x[1], k, &distances, NULL) ? NULL : distances;                     \
    }                                                                                                        \
    static ref_array ref_of_##name(const ref_array *x) { return ref_nearest(x[0], x[1], k, false); }         \
    static cg_tensor *name##_at(cg_tensor *const *x) {                                                       \
        cg_tensor *indices;                                                                                  \
        return cg_nearest_neighbors(x[0], x[1], k, NULL, &indices) ? NULL : indices;                         \
    }                                                                                                        \
    static ref_array ref_of_##name##_at(const ref_array *x) { return ref_nearest(x[0], x[1], k, true); }
NEAREST(nearest_3, 3)
NEAREST(nearest_all, 5)

/* --- The list ------------------------------------------------------------------------------------------------- */

/* The bounds of distances.h with D, n at most 4: D / 2 + 3; D + 4; log2 n + 12; and, of norms, (2 log2 n + 4) / p + 6 for
 * p = 3 and log2 n + 8 for 1, with 2 for the difference. */
enum { EUCLIDEAN = 5, SQUARED = 8, NORM = 12, UNIT = 14, COSINE = 4 + 2 * 2 + 25, ANGLE = 6 * 2 + 64 };

#define PAIRS(form, u)                                                                                       \
    .call = form, .reference = ref_of_##form, .n = 2, .dtypes = CATALOG_REALS, .bound = u, .gradient = true
#define UNITS(form)                                                                                          \
    .call = form, .reference = ref_of_##form, .n = 1, .dtypes = CATALOG_REALS, .bound = UNIT, .gradient = true
#define SCALED(form) .scale = scale_of_##form
#define POINTS                                                                                               \
    {                                                                                                        \
        {{2, {3, 4}}}, {                                                                                     \
            {                                                                                                \
                2, { 5, 4 }                                                                                  \
            }                                                                                                \
        }                                                                                                    \
    }
#define GRID                                                                                                 \
    {                                                                                                        \
        {{2, {6, 2}}, CATALOG_TIES, -2, 2}, { {2, {5, 2}}, CATALOG_TIES, -2, 2 }                             \
    }

const catalog_entry catalog_distances[] = {
    {"squared_distances", "(3, 4) (5, 4)", PAIRS(squared, SQUARED), .x = POINTS,
     .large = {{2, {1000, 64}}, {2, {1000, 64}}}},
    {"squared_distances", "batches that broadcast", PAIRS(squared, SQUARED),
     .x = {{{4, {2, 1, 2, 3}}}, {{3, {2, 3, 3}}}}},
    {"cdist", "p 2", PAIRS(euclidean, EUCLIDEAN), .x = POINTS, .large = {{2, {1000, 64}}, {2, {1000, 64}}}},
    {"cdist", "p 2, batches that broadcast", PAIRS(euclidean, EUCLIDEAN),
     .x = {{{4, {2, 1, 2, 3}}}, {{3, {2, 3, 3}}}}},
    {"cdist", "p 2, transposed operands", PAIRS(euclidean_turned, EUCLIDEAN),
     .x = {{{2, {3, 2}}}, {{2, {3, 4}}}}},
    {"cdist", "p 2, points that are equal", .call = euclidean, .reference = ref_of_euclidean, .n = 2,
     .dtypes = CATALOG_REALS, .bound = EUCLIDEAN, .x = GRID},
    {"cdist", "p 2, integers", .call = euclidean, .reference = ref_of_euclidean, .n = 2,
     .dtypes = CATALOG_ALL, .result = CATALOG_REAL, .bound = EUCLIDEAN, .x = POINTS},
    {"cdist", "p 1", PAIRS(manhattan, NORM), .x = POINTS},
    {"cdist", "p 3", PAIRS(minkowski, NORM), .x = {{{3, {2, 2, 3}}}, {{2, {2, 3}}}}},
    {"cdist", "p infinity", PAIRS(chebyshev, NORM),
     .x = {{{2, {3, 4}}}, {{2, {5, 4}}, CATALOG_UNIFORM, -2.31, 2.77}}},
    {"cdist", "p 0", .call = hamming, .reference = ref_of_hamming, .n = 2, .dtypes = CATALOG_REALS,
     .x = GRID},
    {"normalize", "p 2, axis -1", UNITS(unit_last), .x = {{{2, {3, 4}}}}, .large = {{2, {8192, 128}}}},
    {"normalize", "p 2, axis 0", UNITS(unit_first), .x = {{{3, {3, 2, 4}}}}},
    {"normalize", "p 1, axis 1", UNITS(unit_1), .x = {{{3, {2, 4, 2}}}}},
    {"normalize", "p 3, axis -1", UNITS(unit_3), .x = {{{2, {3, 4}}}}},
    {"normalize", "p infinity, axis -1", UNITS(unit_inf), .x = {{{2, {3, 4}}}}},
    {"cosine_similarity", "axis -1", PAIRS(cosine_last, COSINE), SCALED(cosine_last),
     .x = {{{2, {3, 4}}}, {{2, {3, 4}}}}, .large = {{2, {8192, 128}}, {2, {8192, 128}}}},
    {"cosine_similarity", "axis 1, broadcasting", PAIRS(cosine_middle, COSINE), SCALED(cosine_middle),
     .x = {{{3, {2, 4, 2}}}, {{2, {4, 1}}}}},
    {"cosine_similarity", "axis 1 of one element in y", PAIRS(cosine_middle, COSINE), SCALED(cosine_middle),
     .x = {{{3, {2, 4, 2}}}, {{2, {1, 2}}}}},
    {"cosine_similarity_matrix", "(3, 4) (5, 4)", PAIRS(cosines, COSINE), SCALED(cosines), .x = POINTS,
     .large = {{2, {1000, 64}}, {2, {1000, 64}}}},
    {"angle", "axis -1", PAIRS(angle_last, ANGLE), SCALED(angle_last), .x = {{{2, {3, 4}}}, {{2, {3, 4}}}},
     .large = {{2, {8192, 128}}, {2, {8192, 128}}}},
    {"angle", "axis 1, broadcasting", PAIRS(angle_middle, ANGLE), SCALED(angle_middle),
     .x = {{{3, {2, 4, 2}}}, {{2, {4, 1}}}}},
    {"nearest_neighbors", "distances of the 3 nearest", PAIRS(nearest_3, EUCLIDEAN), .x = POINTS,
     .large = {{2, {1000, 64}}, {2, {1000, 64}}}},
    {"nearest_neighbors", "distances of all", PAIRS(nearest_all, EUCLIDEAN), .x = POINTS},
    {"nearest_neighbors", "places of the 3 nearest, with ties", .call = nearest_3_at,
     .reference = ref_of_nearest_3_at, .n = 2, .dtypes = CATALOG_NUMBERS, .result = CATALOG_IS_I64,
     .x = GRID},
    {"nearest_neighbors", "places of all, with ties", .call = nearest_all_at,
     .reference = ref_of_nearest_all_at, .n = 2, .dtypes = CATALOG_REALS, .result = CATALOG_IS_I64,
     .x = GRID},
    {"nearest_neighbors", "places of all, NaN and infinities", .call = nearest_all_at,
     .reference = ref_of_nearest_all_at, .n = 2, .dtypes = CATALOG_REALS, .result = CATALOG_IS_I64,
     .x = {{{2, {6, 2}}, CATALOG_SPECIAL, -2, 2}, {{2, {5, 2}}, CATALOG_SPECIAL, -2, 2}}},
    {.name = NULL},
};
