/*
 * Kept host memory for the small structs that every operation makes and lets go of: tensors, storages, formulas, nodes of the
 * record. A device keeps what was freed and gives it out again, without a lock, since one thread at a time uses it. glibc's
 * calloc and free of these took a quarter of the time of a small operation.
 */
#ifndef CLGRAD_TENSOR_SLAB_H
#define CLGRAD_TENSOR_SLAB_H

#include <stdlib.h>

/* Freed objects of one size; the first bytes of each point at the next. */
typedef struct cg_slab {
    void *first;
} cg_slab;

/* Under the address sanitizer nothing is kept, so that it sees every use of what was freed. */
#if defined(__SANITIZE_ADDRESS__)
#define CG_SLAB_KEEPS 0
#elif defined(__has_feature)
#define CG_SLAB_KEEPS (!__has_feature(address_sanitizer))
#else
#define CG_SLAB_KEEPS 1
#endif

/* An object of `bytes`, always the same for a slab, at least a pointer; unspecified content; NULL without memory. */
static inline void *cg_slab_take(cg_slab *slab, size_t bytes) {
    void *object = slab->first;
    if (!object) return malloc(bytes);
    slab->first = *(void **)object;
    return object;
}

static inline void cg_slab_give(cg_slab *slab, void *object) {
    if (!CG_SLAB_KEEPS) {
        free(object);
        return;
    }
    *(void **)object = slab->first;
    slab->first = object;
}

/* Frees what is kept. */
static inline void cg_slab_empty(cg_slab *slab) {
    for (void *next; slab->first; slab->first = next) {
        next = *(void **)slab->first;
        free(slab->first);
    }
}

#endif
