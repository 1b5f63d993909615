/*
 * The folds of one T. A file includes this once, after T, BITS (the signed integer of its size), LOWEST, HIGHEST, SUM_NEUTRAL, ISNAN(x) and
 * CG_FOLD_TABLE.
 */
#include "host/cpu/isa.h"
#include "host/cpu/isa/vector_bytes.h"

enum {
    LANES = 16, /* the width of all instruction sets, so that all give the same bits */
    VEC_LANES = VEC_BYTES / sizeof(T),
    LINE = 64 / sizeof(T) /* elements of a line of the cache */
};

/* A register of T in memory, and what a comparison of two gives. */
typedef T vec __attribute__((vector_size(VEC_BYTES), aligned(sizeof(T)), may_alias));
typedef BITS vec_bits __attribute__((vector_size(VEC_BYTES), aligned(sizeof(T))));

_Static_assert(CG_FOLD_BLOCK == 8 * 8 * LANES, "a row is two levels of 8 vectors");

#define FOLD(name) sum_##name
#define COMBINE(a, b) ((a) + (b))
#define NEUTRAL SUM_NEUTRAL
#include "host/cpu/isa/fold_kind.h"

#define FOLD(name) prod_##name
#define COMBINE(a, b) ((a) * (b))
#define NEUTRAL ((T)1)
#include "host/cpu/isa/fold_kind.h"

#define FOLD(name) max_##name
#define BEATS(a, b) ((a) > (b))
#define COMBINE(a, b) ((BEATS(a, b) | ISNAN(a)) ? (a) : (b))
#define NEUTRAL LOWEST
#include "host/cpu/isa/fold_kind.h"

#define FOLD(name) min_##name
#define BEATS(a, b) ((a) < (b))
#define COMBINE(a, b) ((BEATS(a, b) | ISNAN(a)) ? (a) : (b))
#define NEUTRAL HIGHEST
#include "host/cpu/isa/fold_kind.h"

enum { FIND_VECS = 8 }; /* registers that are compared before one look at the results */

/* Whether one of FIND_VECS registers from x on holds the value, or, if it is NaN, a NaN. */
static inline int any_match(const T *x, T value) {
    const T all[VEC_LANES] = {0};
    const vec wanted = *(const vec *)all + value;
    const vec_bits nan = (vec_bits)(ISNAN(wanted));
    vec_bits hits = nan ^ nan;
    for (int k = 0; k < FIND_VECS; k++) {
        const vec v = *(const vec *)(x + k * VEC_LANES);
        hits |= (v == wanted) | (nan & (vec_bits)(ISNAN(v)));
    }
    BITS any = 0;
    for (int j = 0; j < VEC_LANES; j++) any |= hits[j];
    return any != 0;
}

static ptrdiff_t find_value(const void *xv, const void *valuev, ptrdiff_t n) {
    const T *x = xv, value = *(const T *)valuev;
    ptrdiff_t i = 0;
    while (i + FIND_VECS * VEC_LANES <= n && !any_match(x + i, value)) i += FIND_VECS * VEC_LANES;
    for (; i < n; i++)
        if (x[i] == value || (ISNAN(value) && ISNAN(x[i]))) return i;
    return 0;
}

extern const cg_folds_isa CG_FOLD_TABLE;

const cg_folds_isa CG_FOLD_TABLE = {
    .rows = {sum_rows, max_rows, min_rows, prod_rows},
    .columns = {sum_columns, max_columns, min_columns, prod_columns},
    .find = find_value,
    .arg = {NULL, max_arg, min_arg, NULL},
};
