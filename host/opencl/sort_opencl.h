/* Keys with the places they came from, sorted: what sort and scatter_add share. */
#ifndef CLGRAD_HOST_OPENCL_SORT_H
#define CLGRAD_HOST_OPENCL_SORT_H

#include "host/opencl/opencl.h"

/*
 * rows of n unsigned keys of key_bytes, 4 or 8, of which the low `bits` count (the others are 0). In `key` they are given
 * and come back in order; `place` (int, or long if `wide`) then says where in the row each was. The spare
 * buffers are what the passes go to and fro between.
 */
typedef struct cg_pairs {
    int key_bytes, bits;
    bool wide;
    int64_t rows, n;
    cg_buffer *key, *place, *spare_key, *spare_place;
} cg_pairs;

/* The buffers of pairs whose sizes are set. On an error what was had stays for cg_pairs_free. */
cg_status cg_pairs_alloc(cg_hw_opencl *hw, cg_pairs *p);
void cg_pairs_free(cg_hw_opencl *hw, cg_pairs *p);

/* Sorts each row, stably. */
cg_status cg_pairs_sort(cg_hw_opencl *hw, cg_pairs *p);

#endif
