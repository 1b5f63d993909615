#include "host/cpu/cascade.h"

#include <string.h>

int cg_cascade_levels(int64_t vectors) { return 64 - __builtin_clzll((unsigned long long)vectors | 1); }

void cg_cascade_place(cg_cascade *c, cg_row_loop *combine, int levels, void *memory, size_t bytes) {
    c->combine = combine;
    for (int k = 0; k < levels; k++) c->level[k] = (unsigned char *)memory + (size_t)k * bytes;
}

void cg_cascade_start(cg_cascade *c, ptrdiff_t n) {
    c->n = n;
    c->count = 0;
}

void cg_cascade_push(cg_cascade *c, const void *vector, size_t size) {
    const int free_level = __builtin_ctzll(~c->count);
    c->count++;
    if (free_level == 0) {
        memcpy(c->level[0], vector, (size_t)c->n * size);
        return;
    }
    void *sum = c->level[0];
    c->combine(sum, vector, vector, sum, c->n);
    for (int k = 1; k < free_level; k++) c->combine(c->level[k], sum, sum, sum, c->n);
    c->level[0] = c->level[free_level];
    c->level[free_level] = sum;
}

const void *cg_cascade_finish(cg_cascade *c) {
    int k = __builtin_ctzll(c->count);
    void *sum = c->level[k];
    for (k++; k < CG_CASCADE_LEVELS && c->count >> k; k++)
        if (c->count >> k & 1) c->combine(c->level[k], sum, sum, sum, c->n);
    return sum;
}
