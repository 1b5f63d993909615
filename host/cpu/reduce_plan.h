/*
 * How a reduction runs. The results are computed in units, `width` neighbouring ones along the last kept axis
 * at a time; a unit takes the reduced indices in steps, each step gives a vector of `width` values, and the
 * vectors meet in a cascade. A large unit is cut into chunks that several threads take, whose results meet
 * in a cascade again. Units, steps and chunks depend on shapes and on which axis is innermost, so the bits do not depend on threads,
 * nor on how much of a program fits a tile.
 *
 * Four ways to make a step, by how the inputs lie:
 *   short rows   the reduced axes are innermost and fit a tile: a unit is some rows, a step all of them
 *   long rows    the reduced axes are innermost: a unit is one row, a step a block of it
 *   narrow       the last kept axis is innermost and fits a block: a step is a block, some rows of all columns
 *   wide         the last kept axis is innermost: a unit is a strip of columns, a step 8 rows of it
 */
#ifndef CLGRAD_HOST_CPU_REDUCE_PLAN_H
#define CLGRAD_HOST_CPU_REDUCE_PLAN_H

#include "host/cpu/cascade.h"
#include "host/cpu/map_plan.h"

typedef enum cg_reduce_way { CG_SHORT_ROWS, CG_LONG_ROWS, CG_NARROW_COLUMNS, CG_WIDE_COLUMNS } cg_reduce_way;

typedef struct cg_reduction {
    const cg_reduce_request *r;
    const cg_isa *isa;
    const cg_folds_isa *folds;
    cg_row_loop *combine;
    cg_dtype type;
    size_t size;         /* bytes of T */
    cg_reduce_kind fold; /* SUM, MAX, MIN or PROD: for ARGMAX what it looks for */
    bool arg;
    bool fetch; /* the inputs are too large to be in the cache */
    cg_reduce_way way;
    cg_map_request nest; /* the axes that tiles are made of */
    cg_plan plan;
    cg_walk units; /* outer kept axes, then parts of the last kept axis; operands: inputs, output */
    cg_walk rows;  /* WIDE: the reduced axes */
    int64_t ahead; /* LONG_ROWS that need no step: bytes behind a tile that its fold fetches; 0 for none */
    bool in_place; /* WIDE: rows need no step, they can be read where they lie */
    int64_t part;  /* results of a unit along the last kept axis, the last one may have fewer */
    int64_t last_kept; /* the length of that axis; 1 if there is none */
    int64_t reduced;   /* elements for each result */
    int64_t n_units, n_steps, n_chunks, chunk_steps;
    int64_t run,
        block; /* LONG, NARROW: a unit has runs of so many elements, each of blocks of so many, the last has the rest */
} cg_reduction;

/* The reduced indices of one step of WIDE. */
enum { CG_WIDE_ROWS = CG_FOLD_COLUMN_ROWS };

/* Plans a request that the reduction and its plan point to: both must outlive it. */
void cg_reduction_make(cg_reduction *d, const cg_isa *isa, const cg_reduce_request *r);

/* The results of the unit that a walk of d->units is at. */
static inline int64_t cg_reduction_width(const cg_reduction *d, const cg_walk *unit) {
    const int64_t rest = d->last_kept - unit->index[unit->rank - 1] * d->part;
    return rest < d->part ? rest : d->part;
}

/*
 * Reduces few elements to one on the calling thread, the bits that the plan gives; false, and nothing is done, if the request
 * is not of that kind. The program has been checked.
 */
bool cg_cpu_reduce_small(const cg_isa *isa, const cg_reduce_request *r);

#endif
