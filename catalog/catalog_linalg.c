/* Products of matrices. */
#include "catalog/catalog.h"

#include <math.h>

/* c = a b for arrays of rank 1 or more, batches broadcast; size: |a| |b| in place of a b. */
static ref_array product(ref_array a, ref_array b, bool size) {
    bool row = a.rank == 1, column = b.rank == 1;
    int64_t m = row ? 1 : a.shape[a.rank - 2], k = a.shape[a.rank - 1], n = column ? 1 : b.shape[b.rank - 1];
    int rank_a = row ? 0 : a.rank - 2, rank_b = column ? 0 : b.rank - 2,
        rank = rank_a > rank_b ? rank_a : rank_b;
    int64_t shape[REF_MAX_RANK] = {0};
    for (int i = 0; i < rank; i++) {
        int ia = i - (rank - rank_a), ib = i - (rank - rank_b);
        int64_t da = ia < 0 ? 1 : a.shape[ia], db = ib < 0 ? 1 : b.shape[ib];
        shape[i] = da == 1 ? db : da;
    }
    int64_t batch = ref_count(rank, shape);
    int out_rank = rank;
    if (!row) shape[out_rank++] = m;
    if (!column) shape[out_rank++] = n;
    ref_array c = ref_array_new(out_rank, shape), s = ref_array_like(c);
    for (int64_t i = 0; i < batch; i++)
        ref_matmul(m, n, k, a.v + ref_broadcast(i, rank, shape, rank_a, a.shape) * m * k,
                   b.v + ref_broadcast(i, rank, shape, rank_b, b.shape) * k * n, c.v + i * m * n,
                   s.v + i * m * n);
    return size ? s : c;
}

static long double plus(long double x, long double y) { return x + y; }
static long double plus_size(long double x, long double y) { return fabsl(x) + fabsl(y); }

static cg_tensor *matmul(cg_tensor *const *x) { return cg_matmul(x[0], x[1]); }
static ref_array ref_of_matmul(const ref_array *x) { return product(x[0], x[1], false); }
static ref_array size_of_matmul(const ref_array *x) { return product(x[0], x[1], true); }

static cg_tensor *matmul_transposed(cg_tensor *const *x) {
    return cg_matmul(cg_transpose(x[0], 0, 1), cg_transpose(x[1], -1, -2));
}
static ref_array flipped(ref_array x) {
    ref_array y = ref_array_new(2, (const int64_t[]){x.shape[1], x.shape[0]});
    for (int64_t i = 0; i < x.n; i++) y.v[i % x.shape[1] * x.shape[0] + i / x.shape[1]] = x.v[i];
    return y;
}
static ref_array ref_of_matmul_transposed(const ref_array *x) {
    return product(flipped(x[0]), flipped(x[1]), false);
}
static ref_array size_of_matmul_transposed(const ref_array *x) {
    return product(flipped(x[0]), flipped(x[1]), true);
}

static cg_tensor *linear(cg_tensor *const *x) { return cg_linear(x[0], x[1], x[2]); }
static ref_array ref_of_linear(const ref_array *x) {
    return ref_array_map2(product(x[0], x[1], false), x[2], plus);
}
static ref_array size_of_linear(const ref_array *x) {
    return ref_array_map2(product(x[0], x[1], true), x[2], plus_size);
}

static cg_tensor *linear_plain(cg_tensor *const *x) { return cg_linear(x[0], x[1], NULL); }

/* (K + 2) u |a| |b|, and one rounding for the bias; K is at most 4 here. */
#define PRODUCT(of, inputs)                                                                                  \
    .call = of, .reference = ref_of_##of, .scale = size_of_##of, .n = inputs, .bound = 7,                    \
    .dtypes = CATALOG_REALS, .gradient = true

const catalog_entry catalog_linalg[] = {
    {"matmul", "(2, 3) (3, 4)", PRODUCT(matmul, 2), .x = {{{2, {2, 3}}}, {{2, {3, 4}}}},
     .large = {{2, {512, 512}}, {2, {512, 512}}}},
    {"matmul", "vector matrix", PRODUCT(matmul, 2), .x = {{{1, {3}}}, {{2, {3, 4}}}}},
    {"matmul", "matrix vector", PRODUCT(matmul, 2), .x = {{{2, {2, 3}}}, {{1, {3}}}}},
    {"matmul", "vector vector", PRODUCT(matmul, 2), .x = {{{1, {4}}}, {{1, {4}}}}},
    {"matmul", "batches that broadcast", PRODUCT(matmul, 2), .x = {{{4, {2, 1, 2, 3}}}, {{3, {2, 3, 2}}}}},
    {"matmul", "batch times matrix", PRODUCT(matmul, 2), .x = {{{3, {2, 3, 2}}}, {{2, {2, 3}}}}},
    {"matmul", "transposed operands", PRODUCT(matmul_transposed, 2), .x = {{{2, {3, 2}}}, {{2, {4, 3}}}}},
    {"linear", "with bias", PRODUCT(linear, 3), .x = {{{2, {3, 2}}}, {{2, {2, 4}}}, {{1, {4}}}},
     .large = {{2, {128, 784}}, {2, {784, 512}}, {1, {512}}}},
    {"linear", "rank 3, with bias", PRODUCT(linear, 3), .x = {{{3, {2, 2, 3}}}, {{2, {3, 2}}}, {{1, {2}}}}},
    {"linear", "a vector", PRODUCT(linear, 3), .x = {{{1, {3}}}, {{2, {3, 2}}}, {{1, {2}}}}},
    {"linear", "without bias", .call = linear_plain, .reference = ref_of_matmul, .scale = size_of_matmul,
     .n = 2, .bound = 7, .dtypes = CATALOG_REALS, .gradient = true, .x = {{{2, {3, 2}}}, {{2, {2, 4}}}}},
    {.name = NULL},
};
