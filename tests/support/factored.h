/* Requests that factor (cg_factor_request) made from host arrays, and what their results must be. */
#ifndef CLGRAD_TESTS_FACTORED_H
#define CLGRAD_TESTS_FACTORED_H

#include "support/requests.h"

typedef struct factoring {
    cg_work kind; /* CG_WORK_LU .. SVD */
    cg_dtype dtype;
    bool full;
    int64_t batch, m, n;
    unsigned unwanted;                                       /* bit j: result j is not asked for */
    cg_status (*way)(cg_hw *hw, const cg_factor_request *r); /* NULL: cg_hw_factor */
} factoring;

/* The results of a stack, in scratch memory. */
typedef struct factored {
    long double *a; /* what was factored: (batch, m, n) */
    long double
        *out[CG_FACTORS]; /* (batch, rows, columns); NULL where there is none or it was not asked for */
    int64_t rows[CG_FACTORS], columns[CG_FACTORS];
    int32_t *info; /* (batch) */
} factored;

/* Fills rows and columns: of each result that is asked for. */
void factored_shapes(const factoring *f, factored *r);

/*
 * Factors on the device. The real results of a matrix lie behind each other in one buffer, with a gap to the next
 * matrix's, as src/linalg has them; the gaps, a and everything else that the request may not write are checked.
 */
factored factor_on(cg_device *dev, const factoring *f, const void *a);

/* The results that were asked for are what backend.h says, for matrix b, whose info must be 0 (but for LU). */
void check_factored(const factoring *f, const factored *r, int64_t b);

/* |L R - want| <= factor u (|L| |R|), element by element: L (m, k), R (k, n), or (n, k) where it stands transposed. */
bool check_product(const char *what, cg_dtype t, const int64_t size[3], const long double *left,
                   const long double *right, bool transposed, const long double *want, long double factor);

/* (rows, columns) transposed, in scratch memory. */
long double *flipped(const long double *x, int64_t rows, int64_t columns);

#endif
