/*
 * Determinants, systems of equations, LU and Cholesky. Inputs are made well conditioned by adding 4 to a diagonal; where
 * pivots are chosen, the rows are moved, so that they always are.
 *
 * Bounds, in units of u and of first order: P A = L U is computed for A + E with |E| <= N P |L| |U| (Higham 2002, theorem
 * 9.3), whose consequences are the scales below. Making A adds one rounding, |A| <= P |L| |U| once more.
 */
#include "catalog/catalog.h"
#include "reference/ref_solvers.h"

#include <math.h>
#include <string.h>

/* --- Stacks of matrices --------------------------------------------------------------------------------------- */

enum { MOST_RANK = 4 };

/* Matrix i of the batch that the batch axes of x belong to; a vector is what it is. */
static ref_array matrix_at(ref_array x, int64_t i, int rank, const int64_t *batch) {
    if (x.rank <= 2) return x;
    const int64_t *dim = x.shape + x.rank - 2;
    ref_array m = {.rank = 2, .shape = {dim[0], dim[1]}, .n = dim[0] * dim[1]};
    m.v = x.v + ref_broadcast(i, rank, batch, x.rank - 2, x.shape) * m.n;
    return m;
}

/* f of single matrices, for each of the stacks x[0..n-1], whose batch axes broadcast. */
static ref_array of_stacks(int n, const ref_array *x, catalog_reference *f) {
    int rank = 0;
    int64_t shape[REF_MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
    for (int k = 0; k < n; k++)
        if (x[k].rank - 2 > rank) rank = x[k].rank - 2;
    for (int k = 0; k < n; k++)
        for (int axis = 0; axis < x[k].rank - 2; axis++) {
            const int place = axis + rank - (x[k].rank - 2);
            if (x[k].shape[axis] != 1) shape[place] = x[k].shape[axis];
        }
    ref_array out = {0};
    const int64_t count = ref_count(rank, shape);
    for (int64_t i = 0; i < count; i++) {
        ref_array m[CATALOG_INPUTS];
        for (int k = 0; k < n; k++) m[k] = matrix_at(x[k], i, rank, shape);
        const ref_array part = f(m);
        if (i == 0) {
            memcpy(shape + rank, part.shape, (size_t)part.rank * sizeof *shape);
            out = ref_array_new(rank + part.rank, shape);
        }
        memcpy(out.v + i * part.n, part.v, (size_t)part.n * sizeof *out.v);
    }
    return out;
}

/* ref_of_<name> and size_of_<name> for stacks, from <name>_exact and <name>_scale for matrices. */
#define OF_STACKS(name, inputs)                                                                              \
    static ref_array ref_of_##name(const ref_array *x) { return of_stacks(inputs, x, name##_exact); }        \
    static ref_array size_of_##name(const ref_array *x) { return of_stacks(inputs, x, name##_scale); }

/* --- Inputs ------------------------------------------------------------------------------------------------------ */

/* 4 on the diagonal of (m, n). */
static cg_tensor *fours(cg_tensor *x) {
    const int64_t m = cg_size(x, -2), n = cg_size(x, -1);
    cg_tensor *square = cg_eye(cg_device_of(x), cg_dtype_of(x), m > n ? m : n);
    return cg_mul(cg_slice(cg_slice(square, 0, 0, m, 1), 1, 0, n, 1), 4);
}

/* x + 4 I. */
static cg_tensor *heavy(cg_tensor *x) { return cg_add(x, fours(x)); }

static ref_array ref_heavy(ref_array x) {
    ref_array a = ref_array_like(x);
    for (int64_t i = 0; i < x.n; i++) a.v[i] = x.v[i] + (i / x.shape[1] == i % x.shape[1] ? 4 : 0);
    return a;
}

/* a with row i in place (i step + start) mod M. */
static ref_array ref_rows_moved(ref_array a, int64_t step, int64_t start) {
    ref_array moved = ref_array_like(a);
    const int64_t rows = a.shape[0], columns = a.shape[1];
    for (int64_t i = 0; i < a.n; i++)
        moved.v[((i / columns * step + start) % rows + rows) % rows * columns + i % columns] = a.v[i];
    return moved;
}

/* Each row moved down by one: a permutation that is not its own inverse. */
static cg_tensor *regular(cg_tensor *x) { return cg_roll(heavy(x), 1, -2); }
static ref_array ref_regular(ref_array x) { return ref_rows_moved(ref_heavy(x), 1, 1); }

/* The rows turned round: for N = 3 an odd permutation. */
static cg_tensor *turned(cg_tensor *x) { return cg_flip(heavy(x), cg_axes(-2)); }
static ref_array ref_turned(ref_array x) { return ref_rows_moved(ref_heavy(x), -1, x.shape[0] - 1); }

/* x x^T + I, positive definite. */
static cg_tensor *definite(cg_tensor *x) {
    cg_tensor *square = cg_matmul(x, cg_transpose(x, -1, -2));
    return cg_add(square, cg_eye(cg_device_of(x), cg_dtype_of(x), cg_size(x, -1)));
}

static ref_array ref_definite(ref_array x) {
    return ref_matrix_sum(ref_matrix_product(x, ref_matrix_transposed(x)), ref_matrix_identity(x.shape[0]));
}

static ref_array product3(ref_array a, ref_array b, ref_array c) {
    return ref_matrix_product(ref_matrix_product(a, b), c);
}

/* b as columns, and back where it was a vector. */
static ref_array as_columns(ref_array b) {
    if (b.rank == 1) b.shape[b.rank++] = 1;
    return b;
}
static ref_array like_right(ref_array x, ref_array b) {
    x.rank = b.rank;
    return x;
}

/* P |L| |U|. */
static ref_array size_of_factors(ref_array a) {
    ref_array p, l, u;
    ref_matrix_lu(a, &p, &l, &u);
    return product3(p, ref_matrix_abs(l), ref_matrix_abs(u));
}

/* --- dot, outer --------------------------------------------------------------------------------------------------- */

static long double times(long double x, long double y) { return x * y; }

static cg_tensor *dot(cg_tensor *const *x) { return cg_dot(x[0], x[1]); }
static ref_array products_summed(const ref_array *x, ref_reduction kind) {
    const ref_array products = ref_array_map2(x[0], x[1], times);
    return ref_array_reduce(kind, products, 1u << (products.rank - 1), false);
}
static ref_array ref_of_dot(const ref_array *x) { return products_summed(x, REF_SUM); }
static ref_array size_of_dot(const ref_array *x) { return products_summed(x, REF_SUM_ABS); }

static cg_tensor *outer(cg_tensor *const *x) { return cg_outer(x[0], x[1]); }
static ref_array ref_of_outer(const ref_array *x) {
    ref_array column = x[0], row = x[1];
    column.shape[column.rank++] = 1;
    row.shape[row.rank] = row.shape[row.rank - 1];
    row.shape[row.rank++ - 1] = 1;
    return ref_array_map2(column, row, times);
}

/* --- det, slogdet ---------------------------------------------------------------------------------------------- */

/* How much a relative change of P |L| |U| moves log |det|: trace(|A^-1| P |L| |U|). */
static long double sensitivity(ref_array a) {
    const ref_array moved = ref_matrix_product(ref_matrix_abs(ref_matrix_inverse(a)), size_of_factors(a));
    long double trace = 0;
    for (int64_t i = 0; i < a.shape[0]; i++) trace += moved.v[i * a.shape[0] + i];
    return trace;
}

static cg_tensor *det(cg_tensor *const *x) { return cg_det(turned(x[0])); }
static ref_array det_exact(const ref_array *x) {
    return ref_array_scalar(ref_matrix_determinant(ref_turned(x[0])));
}
static ref_array det_scale(const ref_array *x) {
    const ref_array a = ref_turned(x[0]);
    return ref_array_scalar(fabsl(ref_matrix_determinant(a)) * (1 + sensitivity(a)));
}
OF_STACKS(det, 1)

static cg_tensor *slogdet_sign(cg_tensor *const *x) {
    cg_tensor *sign;
    cg_slogdet(turned(x[0]), &sign, NULL);
    return sign;
}
static ref_array slogdet_sign_exact(const ref_array *x) {
    return ref_array_scalar(ref_matrix_determinant(ref_turned(x[0])) < 0 ? -1 : 1);
}
static ref_array ref_of_slogdet_sign(const ref_array *x) { return of_stacks(1, x, slogdet_sign_exact); }

static cg_tensor *slogdet(cg_tensor *const *x) {
    cg_tensor *logarithm;
    cg_slogdet(turned(x[0]), NULL, &logarithm);
    return logarithm;
}
static ref_array slogdet_exact(const ref_array *x) {
    return ref_array_scalar(logl(fabsl(ref_matrix_determinant(ref_turned(x[0])))));
}
/* Each logarithm and their sum are rounded too. */
static ref_array slogdet_scale(const ref_array *x) {
    const ref_array a = ref_turned(x[0]);
    ref_array u;
    ref_matrix_lu(a, NULL, NULL, &u);
    long double logarithms = 0;
    for (int64_t i = 0; i < a.shape[0]; i++) logarithms += fabsl(logl(fabsl(u.v[i * a.shape[0] + i])));
    return ref_array_scalar(logarithms + sensitivity(a));
}
OF_STACKS(slogdet, 1)

/* --- inverse, solve -------------------------------------------------------------------------------------------- */

/* |A^-1| P |L| |U| |x|. */
static ref_array solution_scale(ref_array a, ref_array x) {
    return product3(ref_matrix_abs(ref_matrix_inverse(a)), size_of_factors(a), ref_matrix_abs(x));
}

static cg_tensor *inverse(cg_tensor *const *x) { return cg_inverse(regular(x[0])); }
static ref_array inverse_exact(const ref_array *x) { return ref_matrix_inverse(ref_regular(x[0])); }
static ref_array inverse_scale(const ref_array *x) {
    const ref_array a = ref_regular(x[0]);
    return solution_scale(a, ref_matrix_inverse(a));
}
OF_STACKS(inverse, 1)

static cg_tensor *solve(cg_tensor *const *x) { return cg_solve(regular(x[0]), x[1]); }
static ref_array solve_exact(const ref_array *x) {
    return like_right(ref_matrix_solve(ref_regular(x[0]), as_columns(x[1])), x[1]);
}
static ref_array solve_scale(const ref_array *x) {
    const ref_array a = ref_regular(x[0]);
    return like_right(solution_scale(a, ref_matrix_solve(a, as_columns(x[1]))), x[1]);
}
OF_STACKS(solve, 2)

static cg_tensor *lu_solve(cg_tensor *const *x) {
    cg_tensor *lu, *p;
    cg_lu_factor(regular(x[0]), &lu, &p);
    return cg_lu_solve(lu, p, x[1], false);
}

static cg_tensor *lu_solve_transposed(cg_tensor *const *x) {
    cg_tensor *lu, *p;
    cg_lu_factor(regular(x[0]), &lu, &p);
    return cg_lu_solve(lu, p, x[1], true);
}
static ref_array lu_solve_transposed_exact(const ref_array *x) {
    return ref_matrix_solve(ref_matrix_transposed(ref_regular(x[0])), x[1]);
}
static ref_array lu_solve_transposed_scale(const ref_array *x) {
    const ref_array a = ref_regular(x[0]), inverse = ref_matrix_abs(ref_matrix_inverse(a));
    return product3(ref_matrix_transposed(inverse), ref_matrix_transposed(size_of_factors(a)),
                    ref_matrix_abs(lu_solve_transposed_exact(x)));
}
OF_STACKS(lu_solve_transposed, 2)

/* --- solve_triangular ------------------------------------------------------------------------------------------ */

static cg_tensor *upper(cg_tensor *const *x) { return cg_solve_triangular(heavy(x[0]), x[1], CG_UPPER); }
static ref_array upper_of(ref_array x) { return ref_matrix_triangle(ref_heavy(x), 0, false); }

static cg_tensor *unit_lower_transposed(cg_tensor *const *x) {
    return cg_solve_triangular(x[0], x[1], CG_LOWER | CG_UNIT_DIAGONAL | CG_TRANSPOSED);
}
static ref_array unit_lower_transposed_of(ref_array x) {
    const ref_array lower = ref_matrix_triangle(x, -1, true);
    return ref_matrix_transposed(ref_matrix_sum(lower, ref_matrix_identity(x.shape[0])));
}

/* |T^-1| |T| |x|. */
#define TRIANGULAR(name)                                                                                     \
    static ref_array name##_exact(const ref_array *x) {                                                      \
        return like_right(ref_matrix_solve(name##_of(x[0]), as_columns(x[1])), x[1]);                        \
    }                                                                                                        \
    static ref_array name##_scale(const ref_array *x) {                                                      \
        const ref_array t = name##_of(x[0]), y = ref_matrix_solve(t, as_columns(x[1]));                      \
        const ref_array inverse = ref_matrix_abs(ref_matrix_inverse(t));                                     \
        return like_right(product3(inverse, ref_matrix_abs(t), ref_matrix_abs(y)), x[1]);                    \
    }                                                                                                        \
    OF_STACKS(name, 2)
TRIANGULAR(upper)
TRIANGULAR(unit_lower_transposed)

/* --- LU ----------------------------------------------------------------------------------------------------------- */

static cg_tensor *lu_permutation(cg_tensor *const *x) {
    cg_tensor *p;
    cg_lu(regular(x[0]), &p, NULL, NULL);
    return p;
}
static ref_array lu_permutation_exact(const ref_array *x) {
    ref_array p;
    ref_matrix_lu(ref_regular(x[0]), &p, NULL, NULL);
    return p;
}
static ref_array ref_of_lu_permutation(const ref_array *x) { return of_stacks(1, x, lu_permutation_exact); }

static cg_tensor *lu_lower(cg_tensor *const *x) {
    cg_tensor *l;
    cg_lu(regular(x[0]), NULL, &l, NULL);
    return l;
}
static ref_array lu_lower_exact(const ref_array *x) {
    ref_array l;
    ref_matrix_lu(ref_regular(x[0]), NULL, &l, NULL);
    return l;
}

static cg_tensor *lu_upper(cg_tensor *const *x) {
    cg_tensor *u;
    cg_lu(regular(x[0]), NULL, NULL, &u);
    return u;
}
static ref_array lu_upper_exact(const ref_array *x) {
    ref_array u;
    ref_matrix_lu(ref_regular(x[0]), NULL, NULL, &u);
    return u;
}

/* Above its part [top | right] of (K, K) and the rest, or [top; below]: what the rest is, without elements if none. */
static ref_array beyond(ref_array a, bool rows) {
    const int64_t m = a.shape[0], n = a.shape[1], k = m < n ? m : n;
    return rows ? ref_matrix_block(a, k, m, 0, k) : ref_matrix_block(a, 0, k, k, n);
}

/* first with second below it, or beside it. */
static ref_array joined(ref_array first, ref_array second, bool below) {
    const int64_t rows = first.shape[0] + (below ? second.shape[0] : 0);
    const int64_t columns = first.shape[1] + (below ? 0 : second.shape[1]);
    ref_array out = ref_matrix_new(rows, columns);
    for (int64_t i = 0; i < out.n; i++) {
        const int64_t r = i / columns, c = i % columns;
        const bool inside = r < first.shape[0] && c < first.shape[1];
        out.v[i] = inside  ? first.v[r * first.shape[1] + c]
                   : below ? second.v[(r - first.shape[0]) * columns + c]
                           : second.v[r * second.shape[1] + c - first.shape[1]];
    }
    return out;
}

/*
 * What a change of P A by W = |L| |U| makes of the factors: with T = |L1^-1| W11 |U1^-1|, dL1 = |L1| tril(T, -1) and
 * dU1 = triu(T) |U1|, and of the rest dL2 = (W21 + |L2| dU1) |U1^-1| and dU2 = |L1^-1| (W12 + dL1 |U2|).
 */
static void factor_scales(ref_array a, ref_array *dl, ref_array *du) {
    ref_array l, u;
    ref_matrix_lu(a, NULL, &l, &u);
    const int64_t m = l.shape[0], n = u.shape[1], k = l.shape[1];
    const ref_array l1 = ref_matrix_block(l, 0, k, 0, k), u1 = ref_matrix_block(u, 0, k, 0, k);
    const ref_array inverse_l = ref_matrix_abs(ref_matrix_inverse(l1)),
                    inverse_u = ref_matrix_abs(ref_matrix_inverse(u1));
    const ref_array w = ref_matrix_product(ref_matrix_abs(l), ref_matrix_abs(u));
    const ref_array t = product3(inverse_l, ref_matrix_block(w, 0, k, 0, k), inverse_u);
    *dl = ref_matrix_product(ref_matrix_abs(l1), ref_matrix_triangle(t, -1, true));
    *du = ref_matrix_product(ref_matrix_triangle(t, 0, false), ref_matrix_abs(u1));
    if (m > k) {
        const ref_array moved = ref_matrix_product(ref_matrix_abs(beyond(l, true)), *du);
        const ref_array rest = ref_matrix_product(ref_matrix_sum(beyond(w, true), moved), inverse_u);
        *dl = joined(*dl, rest, true);
    }
    if (n > k) {
        const ref_array moved = ref_matrix_product(*dl, ref_matrix_abs(beyond(u, false)));
        const ref_array rest = ref_matrix_product(inverse_l, ref_matrix_sum(beyond(w, false), moved));
        *du = joined(*du, rest, false);
    }
}
static ref_array lu_lower_scale(const ref_array *x) {
    ref_array dl, du;
    factor_scales(ref_regular(x[0]), &dl, &du);
    return dl;
}
static ref_array lu_upper_scale(const ref_array *x) {
    ref_array dl, du;
    factor_scales(ref_regular(x[0]), &dl, &du);
    return du;
}
OF_STACKS(lu_lower, 1)
OF_STACKS(lu_upper, 1)

static cg_tensor *lu_factor(cg_tensor *const *x) {
    cg_tensor *lu, *p;
    cg_lu_factor(regular(x[0]), &lu, &p);
    return lu;
}
static ref_array lu_factor_exact(const ref_array *x) {
    return ref_matrix_sum(ref_matrix_triangle(lu_lower_exact(x), -1, true), lu_upper_exact(x));
}
static ref_array lu_factor_scale(const ref_array *x) {
    return ref_matrix_sum(lu_lower_scale(x), lu_upper_scale(x));
}
OF_STACKS(lu_factor, 1)

/* --- Cholesky ------------------------------------------------------------------------------------------------------- */

static cg_tensor *cholesky(cg_tensor *const *x) { return cg_cholesky(definite(x[0])); }
static ref_array cholesky_exact(const ref_array *x) { return ref_matrix_cholesky(ref_definite(x[0])); }
/*
 * dL = L half_lower(L^-1 E L^-T), where |E| <= (N + 2) u (|x| |x|^T + I + |L| |L|^T): the product, the addition, and the
 * factorization (Higham 2002, theorem 10.3).
 */
static ref_array cholesky_scale(const ref_array *x) {
    const ref_array l = cholesky_exact(x), inverse = ref_matrix_abs(ref_matrix_inverse(l));
    const ref_array w = ref_matrix_sum(ref_definite(ref_matrix_abs(x[0])), ref_definite(ref_matrix_abs(l)));
    const ref_array t = product3(inverse, w, ref_matrix_transposed(inverse));
    return ref_matrix_product(ref_matrix_abs(l), ref_matrix_triangle(t, 0, true));
}
OF_STACKS(cholesky, 1)

static cg_tensor *cholesky_solve(cg_tensor *const *x) {
    return cg_cholesky_solve(cg_tril(heavy(x[0]), 0), x[1]);
}
static ref_array cholesky_solve_exact(const ref_array *x) {
    const ref_array l = ref_matrix_triangle(ref_heavy(x[0]), 0, true);
    const ref_array y = ref_matrix_solve(l, as_columns(x[1]));
    return like_right(ref_matrix_solve(ref_matrix_transposed(l), y), x[1]);
}
/* Each of the two solves is that of a triangle moved by (N + 1) u |L|: 2 |A^-1| |L| |L|^T |x|. */
static ref_array cholesky_solve_scale(const ref_array *x) {
    const ref_array l = ref_matrix_triangle(ref_heavy(x[0]), 0, true), size = ref_matrix_abs(l);
    const ref_array a = ref_matrix_product(l, ref_matrix_transposed(l));
    const ref_array w = ref_matrix_product(size, ref_matrix_transposed(size));
    const ref_array y = ref_matrix_abs(as_columns(cholesky_solve_exact(x)));
    return like_right(product3(ref_matrix_abs(ref_matrix_inverse(a)), w, y), x[1]);
}
OF_STACKS(cholesky_solve, 2)

/* --- The list --------------------------------------------------------------------------------------------------- */

#define VALUES(of, inputs, most)                                                                             \
    .call = of, .reference = ref_of_##of, .scale = size_of_##of, .n = inputs, .bound = most,                 \
    .dtypes = CATALOG_REALS, .gradient = true
#define EXACT(of)                                                                                            \
    .call = of, .reference = ref_of_##of, .n = 1, .bound = 0, .dtypes = CATALOG_REALS, .gradient = false
#define UNIT(...)                                                                                            \
    { {__VA_ARGS__}, CATALOG_UNIFORM, -1, 1 }

/* N = 3: (3 N + 2) for solutions, (N + 1) for factors. */
const catalog_entry catalog_solvers[] = {
    {"dot", "vectors", .call = dot, .reference = ref_of_dot, .scale = size_of_dot, .n = 2, .bound = 6,
     .dtypes = CATALOG_NUMBERS, .result = CATALOG_SUM_OF, .gradient = true, .x = {{{1, {5}}}, {{1, {5}}}},
     .large = {{1, {1048576}}, {1, {1048576}}}},
    {"dot", "batches that broadcast", .call = dot, .reference = ref_of_dot, .scale = size_of_dot, .n = 2,
     .bound = 6, .dtypes = CATALOG_REALS, .gradient = true, .x = {{{3, {2, 1, 4}}}, {{2, {3, 4}}}}},
    {"outer", "vectors", .call = outer, .reference = ref_of_outer, .n = 2, .bound = 1,
     .dtypes = CATALOG_NUMBERS, .gradient = true, .x = {{{1, {3}}}, {{1, {4}}}},
     .large = {{1, {1024}}, {1, {1024}}}},
    {"outer", "batches that broadcast", .call = outer, .reference = ref_of_outer, .n = 2, .bound = 1,
     .dtypes = CATALOG_REALS, .gradient = true, .x = {{{2, {2, 3}}}, {{1, {2}}}}},
    {"solve", "matrix", VALUES(solve, 2, 11), .x = {UNIT(2, {3, 3}), {{2, {3, 2}}}},
     .large = {{2, {256, 256}}, {2, {256, 256}}}},
    {"solve", "vector", VALUES(solve, 2, 11), .x = {UNIT(2, {3, 3}), {{1, {3}}}}},
    {"solve", "batches that broadcast", VALUES(solve, 2, 11), .x = {UNIT(4, {2, 1, 3, 3}), {{3, {2, 3, 2}}}}},
    {"solve", "one matrix, a batch of right sides", VALUES(solve, 2, 11),
     .x = {UNIT(2, {3, 3}), {{3, {2, 3, 2}}}}},
    {"inverse", "(3, 3)", VALUES(inverse, 1, 11), .x = {UNIT(2, {3, 3})}, .large = {{2, {256, 256}}}},
    {"inverse", "batch", VALUES(inverse, 1, 11), .x = {UNIT(3, {2, 3, 3})}},
    {"solve_triangular", "upper", VALUES(upper, 2, 5), .x = {UNIT(2, {3, 3}), {{2, {3, 2}}}},
     .large = {{2, {256, 256}}, {2, {256, 256}}}},
    {"solve_triangular", "lower, unit diagonal, transposed, vector", VALUES(unit_lower_transposed, 2, 5),
     .x = {UNIT(2, {3, 3}), {{1, {3}}}}},
    {"solve_triangular", "batches that broadcast", VALUES(unit_lower_transposed, 2, 5),
     .x = {UNIT(3, {2, 3, 3}), {{4, {2, 1, 3, 2}}}}},
    {"lu", "l", VALUES(lu_lower, 1, 4), .x = {UNIT(2, {3, 3})}, .large = {{2, {256, 256}}}},
    {"lu", "u", VALUES(lu_upper, 1, 4), .x = {UNIT(2, {3, 3})}},
    {"lu", "l of a tall matrix", VALUES(lu_lower, 1, 4), .x = {UNIT(2, {4, 2})}},
    {"lu", "u of a tall matrix", VALUES(lu_upper, 1, 4), .x = {UNIT(2, {4, 2})}},
    {"lu", "l of a wide batch", VALUES(lu_lower, 1, 4), .x = {UNIT(3, {2, 2, 4})}},
    {"lu", "u of a wide batch", VALUES(lu_upper, 1, 4), .x = {UNIT(3, {2, 2, 4})}},
    {"lu", "p", EXACT(lu_permutation), .x = {UNIT(3, {2, 4, 3})}},
    {"lu_factor", "(3, 3)", VALUES(lu_factor, 1, 4), .x = {UNIT(2, {3, 3})}, .large = {{2, {256, 256}}}},
    {"lu_solve", "matrix", .call = lu_solve, .reference = ref_of_solve, .scale = size_of_solve, .n = 2,
     .bound = 11, .dtypes = CATALOG_REALS, .gradient = true, .x = {UNIT(2, {3, 3}), {{2, {3, 2}}}},
     .large = {{2, {256, 256}}, {2, {256, 256}}}},
    {"lu_solve", "transposed, batches that broadcast", VALUES(lu_solve_transposed, 2, 11),
     .x = {UNIT(3, {2, 3, 3}), {{4, {2, 1, 3, 2}}}}},
    {"cholesky", "(3, 3)", VALUES(cholesky, 1, 6), .x = {UNIT(2, {3, 3})}, .large = {{2, {256, 256}}}},
    {"cholesky", "batch", VALUES(cholesky, 1, 6), .x = {UNIT(3, {2, 3, 3})}},
    {"cholesky_solve", "matrix", VALUES(cholesky_solve, 2, 8), .x = {UNIT(2, {3, 3}), {{2, {3, 2}}}},
     .large = {{2, {256, 256}}, {2, {256, 256}}}},
    {"cholesky_solve", "batch, vector", VALUES(cholesky_solve, 2, 8), .x = {UNIT(2, {3, 3}), {{1, {3}}}}},
    {"det", "(3, 3)", VALUES(det, 1, 8), .x = {UNIT(2, {3, 3})}, .large = {{2, {256, 256}}}},
    {"det", "batch", VALUES(det, 1, 8), .x = {UNIT(3, {2, 3, 3})}},
    {"slogdet", "logabsdet", VALUES(slogdet, 1, 8), .x = {UNIT(2, {3, 3})}, .large = {{2, {256, 256}}}},
    {"slogdet", "logabsdet of a batch", VALUES(slogdet, 1, 8), .x = {UNIT(3, {2, 3, 3})}},
    {"slogdet", "sign", EXACT(slogdet_sign), .x = {UNIT(3, {2, 3, 3})}},
    {.name = NULL},
};
