/* Inner loops of reductions. Every order of combination here is fixed, and the same for all instruction sets. */
#ifndef CLGRAD_HOST_CPU_ISA_FOLDS_ISA_H
#define CLGRAD_HOST_CPU_ISA_FOLDS_ISA_H

#include <stddef.h>
#include <stdint.h>

enum {
    CG_FOLD_KINDS = 4,    /* SUM, MAX, MIN, PROD, as in cg_reduce_kind */
    CG_FOLD_BLOCK = 1024, /* the longest row of one fold */
    CG_FOLD_COLUMN_ROWS = 8
};

/*
 * out[i] = x[i row + 0] o ... o x[i row + n-1] for i < n_rows, 1 <= n <= CG_FOLD_BLOCK, as a tree of depth log2 n.
 * Memory `ahead` bytes behind what is read is fetched into the cache, if that is not 0.
 */
typedef void cg_fold_rows(const void *x, ptrdiff_t row, ptrdiff_t n_rows, ptrdiff_t n, ptrdiff_t ahead,
                          void *out);

/* out[j] = x[0 row + j] o ... o x[7 row + j] for j < n, as a tree. */
typedef void cg_fold_columns(const void *x, ptrdiff_t row, void *out, ptrdiff_t n);

/* The first i < n with x[i] == *value, or, if *value is NaN, with x[i] NaN; 0 if there is none. */
typedef ptrdiff_t cg_fold_find(const void *x, const void *value, ptrdiff_t n);

/* Where x[j] beats best[j] (MAX: larger, MIN: smaller; NaN beats all but NaN): best[j] = x[j], at[j] = index. */
typedef void cg_fold_arg(const void *x, int64_t index, void *best, int64_t *at, ptrdiff_t n);

typedef struct cg_folds_isa {
    cg_fold_rows *rows[CG_FOLD_KINDS];
    cg_fold_columns *columns[CG_FOLD_KINDS];
    cg_fold_find *find;
    cg_fold_arg *arg[CG_FOLD_KINDS]; /* [CG_REDUCE_MAX], [CG_REDUCE_MIN]; NULL for the others */
} cg_folds_isa;

#endif
