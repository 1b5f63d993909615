/*
 * How much work memory a factorization takes, in elements: for the texts (lu_small.h and its kin) and for the hosts that
 * provide it. Matrices lie in columns, which are an odd number of elements apart: neighbouring rows and
 * neighbouring columns are in different banks of local memory.
 */
#ifndef FACTOR_SIZES_H
#define FACTOR_SIZES_H

#define COLUMN_STEP(m) ((m) | 1)
#define MOST(a, b) ((a) > (b) ? (a) : (b))
#define LEAST(a, b) ((a) < (b) ? (a) : (b))

#define LU_WORK(m, n) (COLUMN_STEP(m) * (n))
#define CHOLESKY_WORK(n) (COLUMN_STEP(n) * (n))
/* the matrix, which becomes Q of (m, columns); two numbers for each reflector */
#define QR_WORK(m, n, columns) (COLUMN_STEP(m) * MOST(n, columns) + 2 * LEAST(m, n))
#define EIGH_WORK(n) (COLUMN_STEP(n) * (n) + 4 * (n))
#define EIG_WORK(n) (2 * COLUMN_STEP(n) * (n) + 4 * (n))
/* of the longer and the shorter side, and the columns of the longer side's vectors */
#define SVD_WORK(m, n, columns)                                                                              \
    (COLUMN_STEP(m) * ((columns) + ((m) > (n) ? (n) : 0)) + COLUMN_STEP(n) * (n) + 2 * (n) + 2 * (columns))

#endif
