/* Memory of the CPU backend: aligned, in huge pages where it is large, never given back in a steady state. */
#define _GNU_SOURCE
#include "host/cpu/cpu.h"

#include "core/env.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    ALIGNMENT = 64,      /* a line, and the widest vector */
    HUGE_PAGE = 2 << 20, /* a fault costs 8 to 10 times less per byte than with 4 KiB pages */
    HUGE_FROM = 4 << 20,
    COPY_GRAIN = 1 << 20 /* bytes that one thread copies as fast alone */
};

uint64_t cg_cpu_physical_memory(void) {
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
}

/* Aligned memory; aligned_alloc wants a multiple of the alignment. NULL if there is none. */
static void *raw_bytes(size_t bytes) {
    const size_t alignment = bytes >= HUGE_FROM ? HUGE_PAGE : ALIGNMENT;
    if (bytes > SIZE_MAX - alignment) return NULL;
    const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    void *data = aligned_alloc(alignment, rounded);
    /* A wish: may be refused. Not for the end, of which a huge page would take up to 2 MB more than is asked for. */
    if (data && alignment == HUGE_PAGE) madvise(data, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    return data;
}

static cg_block *raw_alloc(cg_hw *hw, size_t bytes) {
    (void)hw;
    cg_buffer *buffer = malloc(sizeof *buffer);
    if (!buffer) return NULL;
    buffer->block = (cg_block){0};
    buffer->data = raw_bytes(bytes);
    if (!buffer->data) {
        free(buffer);
        return NULL;
    }
    return &buffer->block;
}

static void raw_free(cg_hw *hw, cg_block *block) {
    (void)hw;
    cg_buffer *buffer = (cg_buffer *)block;
    free(buffer->data);
    free(buffer);
}

void cg_cpu_memory_init(cg_hw_cpu *hw) {
    const long mebibytes = cg_env_int("CLGRAD_CPU_MEMORY", 0);
    hw->pool = (cg_pool){.hw = &hw->base, .raw_alloc = raw_alloc, .raw_free = raw_free};
    hw->pool.limit_bytes = mebibytes > 0 ? (uint64_t)mebibytes << 20 : cg_cpu_physical_memory();
}

cg_buffer *cg_cpu_alloc(cg_hw *hw, size_t bytes) {
    return (cg_buffer *)cg_pool_alloc(&cg_cpu_of(hw)->pool, bytes);
}

cg_buffer *cg_cpu_wrap(cg_hw *hw, void *data, size_t bytes) {
    cg_buffer *buffer = malloc(sizeof *buffer);
    if (!buffer) {
        CG_FAIL(hw->err, CG_ERROR_MEMORY, "wrap: out of host memory");
        return NULL;
    }
    *buffer = (cg_buffer){.block = {.bytes = bytes, .wrapped = true}, .data = data};
    return buffer;
}

void cg_cpu_free(cg_hw *hw, cg_buffer *buffer) {
    if (buffer && buffer->block.wrapped)
        free(buffer);
    else if (buffer)
        cg_pool_free(&cg_cpu_of(hw)->pool, &buffer->block);
}

static void free_workspaces(cg_hw_cpu *cpu) {
    for (int i = 0; i < CG_WORKSPACE_COUNT; i++) {
        free(cpu->workspace[i].data);
        cpu->workspace[i] = (cg_workspace){0};
    }
}

void cg_cpu_trim(cg_hw *hw) {
    cg_pool_trim(&cg_cpu_of(hw)->pool);
    free_workspaces(cg_cpu_of(hw));
}

void *cg_cpu_workspace(cg_hw *hw, cg_cpu_workspace_id id, size_t bytes) {
    cg_workspace *space = &cg_cpu_of(hw)->workspace[id];
    if (space->bytes < bytes) {
        free(space->data);
        space->data = raw_bytes(bytes);
        space->bytes = space->data ? bytes : 0;
        if (!space->data)
            CG_FAIL(hw->err, CG_ERROR_MEMORY, "workspace: %zu bytes of host memory refused", bytes);
    }
    return space->data;
}

/* --- Copies between the host and a buffer, which is host memory too ------------------------------------------ */

typedef struct copy {
    unsigned char *to;
    const unsigned char *from;
} copy;

static void copy_bytes(void *ctx, int64_t begin, int64_t end, int thread) {
    const copy *c = ctx;
    (void)thread;
    memcpy(c->to + begin, c->from + begin, (size_t)(end - begin));
}

cg_status cg_cpu_upload(cg_hw *hw, cg_buffer *to, size_t offset, const void *from, size_t bytes) {
    (void)hw;
    cg_parallel_for((int64_t)bytes, COPY_GRAIN, copy_bytes, &(copy){to->data + offset, from});
    return CG_OK;
}

cg_status cg_cpu_download(cg_hw *hw, void *to, cg_buffer *from, size_t offset, size_t bytes) {
    (void)hw;
    cg_parallel_for((int64_t)bytes, COPY_GRAIN, copy_bytes, &(copy){to, from->data + offset});
    return CG_OK;
}
