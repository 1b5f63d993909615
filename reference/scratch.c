#include "reference/scratch.h"

#include <stdio.h>
#include <stdlib.h>

/* A list, so that nothing that uses it needs a clean-up of its own. */
typedef union scratch_block {
    union scratch_block *next;
    max_align_t align;
} scratch_block;

static scratch_block *blocks;

void *scratch(size_t bytes) {
    scratch_block *block = calloc(1, sizeof *block + bytes);
    if (!block) {
        fprintf(stderr, "out of host memory for references\n");
        exit(3);
    }
    block->next = blocks;
    blocks = block;
    return block + 1;
}

void scratch_free_all(void) {
    while (blocks) {
        scratch_block *next = blocks->next;
        free(blocks);
        blocks = next;
    }
}
