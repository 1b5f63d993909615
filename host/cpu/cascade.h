/*
 * Pairwise combination of a sequence of vectors whose length need not be known: a binary counter. Vector number
 * i meets vector i + 1 first, their result the next pair's, and so on: depth log2 n, and an order that depends
 * on nothing else.
 */
#ifndef CLGRAD_HOST_CPU_CASCADE_H
#define CLGRAD_HOST_CPU_CASCADE_H

#include "host/cpu/isa.h"

enum { CG_CASCADE_LEVELS = 64 };

typedef struct cg_cascade {
    cg_row_loop *combine; /* add, mul, maximum or minimum of T */
    ptrdiff_t n;          /* elements of a vector */
    uint64_t count;       /* vectors taken; its bits say which levels are in use */
    void *level[CG_CASCADE_LEVELS];
} cg_cascade;

/* The levels that `vectors` need. */
int cg_cascade_levels(int64_t vectors);

/* Places the levels in memory, each of `bytes`. */
void cg_cascade_place(cg_cascade *c, cg_row_loop *combine, int levels, void *memory, size_t bytes);

/* Begins with vectors of n elements, at most what a level has room for. */
void cg_cascade_start(cg_cascade *c, ptrdiff_t n);

/* Takes the next vector; `size` is the bytes of an element. */
void cg_cascade_push(cg_cascade *c, const void *vector, size_t size);

/* The result, in a level. At least one vector must have been taken. */
const void *cg_cascade_finish(cg_cascade *c);

#endif
