/* Elimination, factors and singular values of single matrices (rank 2), in long double from the definitions. */
#ifndef CLGRAD_REFERENCE_REF_SOLVERS_H
#define CLGRAD_REFERENCE_REF_SOLVERS_H

#include "reference/ref_array.h"

ref_array ref_matrix_new(int64_t rows, int64_t columns);
ref_array ref_matrix_identity(int64_t n);

ref_array ref_matrix_product(ref_array a, ref_array b);
ref_array ref_matrix_transposed(ref_array a);
ref_array ref_matrix_abs(ref_array a);
ref_array ref_matrix_sum(ref_array a, ref_array b);

/* a[i, j] where j - i <= k (lower) or >= k, else 0. */
ref_array ref_matrix_triangle(ref_array a, int64_t k, bool lower);

/* Rows r0..r1-1 and columns c0..c1-1. */
ref_array ref_matrix_block(ref_array a, int64_t r0, int64_t r1, int64_t c0, int64_t c1);

/* x with a x = b, b (N, R), by elimination with the largest pivot of the column. */
ref_array ref_matrix_solve(ref_array a, ref_array b);
ref_array ref_matrix_inverse(ref_array a);

/* a = p l u: the matrix p (M, M), l (M, K), u (K, N), pivots chosen as in ref_matrix_solve. Any may be NULL. */
void ref_matrix_lu(ref_array a, ref_array *p, ref_array *l, ref_array *u);

/* By the diagonal of u and the sign of p. */
long double ref_matrix_determinant(ref_array a);

/* Lower triangular l with a = l l^T. */
ref_array ref_matrix_cholesky(ref_array a);

/* The singular values, rank 1, descending, by rotating pairs of columns until they are orthogonal (Hestenes). */
ref_array ref_matrix_singular_values(ref_array a);

#endif
