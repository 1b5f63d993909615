/* The shapes and memory layouts that operations are tested with. */
#ifndef CLGRAD_TESTS_LAYOUTS_H
#define CLGRAD_TESTS_LAYOUTS_H

#include "clgrad/clgrad.h"

typedef enum test_layout {
    LAYOUT_CONTIGUOUS,
    LAYOUT_TRANSPOSED, /* the last two axes lie the other way round */
    LAYOUT_STEPPED,    /* every other element of the last axis */
    LAYOUT_REVERSED,   /* the first axis backwards: a negative stride */
    LAYOUT_EXPANDED,   /* the first axis broadcast: stride 0 */
    LAYOUT_OFFSET,     /* the end of a longer first axis */
    LAYOUT_COUNT
} test_layout;

const char *layout_name(test_layout layout);

/* Whether a shape can have the layout: not all can be had without axes. */
bool layout_fits(test_layout layout, cg_dims shape);

/*
 * A tensor of the given shape in the given layout whose row-major elements are `data`. LAYOUT_EXPANDED needs
 * equal elements along the first axis: data is made so first.
 */
cg_tensor *layout_tensor(cg_device *dev, cg_dtype dtype, cg_dims shape, test_layout layout, void *data);

/* Rank 0 to 5; empty, one element, primes, and sizes around a work-group of 64 and a block of 1024. */
int test_shape_count(void);
cg_dims test_shape(int i);

#endif
