/* Buffers through the pool, uploads through staging copies, downloads. */
#include "host/opencl/opencl.h"

#include <stdlib.h>
#include <string.h>

/*
 * An upload must neither wait for the device nor keep the caller's memory. So the bytes are copied into a
 * staging block, a non-blocking write is enqueued from there, and the block is used again once its event is
 * complete. Only when all blocks are under way is the oldest waited for.
 */
enum { MAX_BLOCKS = 32, PIECE_BYTES = 16 << 20, MIN_BLOCK_BYTES = 4096 };

typedef struct staging_block {
    unsigned char *data;
    size_t bytes;
    cl_event event; /* of the write under way, NULL if free */
    uint64_t serial;
} staging_block;

struct cg_staging {
    int n;
    uint64_t serial; /* of the latest upload */
    staging_block block[MAX_BLOCKS];
};

static cg_block *raw_alloc(cg_hw *base, size_t bytes) {
    cg_hw_opencl *hw = cg_cl(base);
    cg_buffer *buffer = calloc(1, sizeof *buffer);
    if (!buffer) return NULL;
    /* a class may be larger than the largest buffer, a request is not (cg_cl_alloc) */
    size_t room = bytes < base->info.max_buffer_bytes ? bytes : (size_t)base->info.max_buffer_bytes;
    cl_int status;
    buffer->mem = hw->cl->clCreateBuffer(hw->context, CL_MEM_READ_WRITE, room, NULL, &status);
    if (buffer->mem) return &buffer->block;
    free(buffer);
    return NULL;
}

static void raw_free(cg_hw *base, cg_block *block) {
    cg_buffer *buffer = (cg_buffer *)block;
    cg_cl(base)->cl->clReleaseMemObject(buffer->mem);
    free(buffer);
}

cg_status cg_cl_memory_open(cg_hw_opencl *hw) {
    hw->pool = (cg_pool){.hw = &hw->base,
                         .raw_alloc = raw_alloc,
                         .raw_free = raw_free,
                         .limit_bytes = hw->base.info.memory_bytes};
    hw->staging = calloc(1, sizeof *hw->staging);
    return hw->staging ? CG_OK : CG_FAIL(hw->base.err, CG_ERROR_MEMORY, "device_open: no memory for uploads");
}

void cg_cl_memory_close(cg_hw_opencl *hw) {
    cg_pool_trim(&hw->pool);
    for (int i = 0; hw->staging && i < hw->staging->n; i++) {
        staging_block *block = &hw->staging->block[i];
        if (block->event) {
            hw->cl->clWaitForEvents(1, &block->event);
            hw->cl->clReleaseEvent(block->event);
        }
        free(block->data);
    }
    free(hw->staging);
    hw->staging = NULL;
}

cg_buffer *cg_cl_alloc(cg_hw *base, size_t bytes) {
    if (bytes > base->info.max_buffer_bytes) {
        CG_FAIL(base->err, CG_ERROR_DEVICE_MEMORY,
                "alloc: %zu bytes, but %s takes at most %llu in one buffer", bytes, base->info.name,
                (unsigned long long)base->info.max_buffer_bytes);
        return NULL;
    }
    return (cg_buffer *)cg_pool_alloc(&cg_cl(base)->pool, bytes);
}

/*
 * The driver works on the caller's memory itself (CL_MEM_USE_HOST_PTR): a CPU device always does, a GPU may keep a copy
 * of its own. So what the device writes is seen through download. Memory that the driver refuses (some want whole pages,
 * or memory that may be written) is copied instead.
 */
cg_buffer *cg_cl_wrap(cg_hw *base, void *data, size_t bytes) {
    cg_hw_opencl *hw = cg_cl(base);
    if (cg_cl_check_fork(hw, "wrap") != CG_OK) return NULL;
    if (bytes > base->info.max_buffer_bytes) {
        CG_FAIL(base->err, CG_ERROR_DEVICE_MEMORY, "wrap: %zu bytes, but %s takes at most %llu in one buffer",
                bytes, base->info.name, (unsigned long long)base->info.max_buffer_bytes);
        return NULL;
    }
    cg_buffer *buffer = calloc(1, sizeof *buffer);
    if (!buffer) {
        CG_FAIL(base->err, CG_ERROR_MEMORY, "wrap: no memory for a buffer");
        return NULL;
    }
    const cl_mem_flags way[] = {CL_MEM_USE_HOST_PTR, CL_MEM_COPY_HOST_PTR};
    cl_int status = CL_SUCCESS;
    for (int i = 0; i < 2 && !buffer->mem; i++)
        buffer->mem = hw->cl->clCreateBuffer(hw->context, CL_MEM_READ_WRITE | way[i], bytes, data, &status);
    buffer->block.wrapped = true;
    if (buffer->mem) return buffer;
    free(buffer);
    cg_cl_fail(hw, status, "wrap", "clCreateBuffer");
    return NULL;
}

/*
 * The queue is in order: whoever gets the block next comes after the work given so far. The caller's memory may be
 * gone after this, so work on that is waited for.
 */
void cg_cl_free(cg_hw *base, cg_buffer *buffer) {
    cg_hw_opencl *hw = cg_cl(base);
    if (!buffer) return;
    if (!buffer->block.wrapped) {
        cg_pool_free(&hw->pool, &buffer->block);
        return;
    }
    if (!hw->idle) {
        base->stats.host_syncs++;
        cg_cl_sync(base);
    }
    raw_free(base, &buffer->block);
}

void cg_cl_trim(cg_hw *base) { cg_pool_trim(&cg_cl(base)->pool); }

/* Frees a block whose write is complete, or failed: then the queue's next wait reports it. */
static bool poll_block(cg_hw_opencl *hw, staging_block *block) {
    if (!block->event) return true;
    cl_int state = CL_QUEUED;
    cl_int status =
        hw->cl->clGetEventInfo(block->event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL);
    if (status == CL_SUCCESS && state > CL_COMPLETE) return false;
    hw->cl->clReleaseEvent(block->event);
    block->event = NULL;
    return true;
}

static staging_block *oldest_block(cg_staging *s) {
    staging_block *oldest = &s->block[0];
    for (int i = 1; i < s->n; i++)
        if (s->block[i].serial < oldest->serial) oldest = &s->block[i];
    return oldest;
}

/* A free block with room for `bytes`: the smallest that fits, else a new one, else the oldest is waited for. */
static staging_block *take_block(cg_hw_opencl *hw, size_t bytes) {
    cg_staging *s = hw->staging;
    staging_block *best = NULL, *any = NULL;
    for (int i = 0; i < s->n; i++) {
        staging_block *block = &s->block[i];
        if (!poll_block(hw, block)) continue;
        any = block;
        if (block->bytes >= bytes && (!best || block->bytes < best->bytes)) best = block;
    }
    if (best) return best;
    if (s->n < MAX_BLOCKS) any = &s->block[s->n++];
    if (!any) {
        any = oldest_block(s);
        cl_int status = hw->cl->clWaitForEvents(1, &any->event);
        if (status != CL_SUCCESS) {
            cg_cl_fail(hw, status, "upload", "clWaitForEvents");
            return NULL;
        }
        poll_block(hw, any);
        if (any->bytes >= bytes) return any;
    }
    size_t room = MIN_BLOCK_BYTES;
    while (room < bytes) room *= 2;
    free(any->data);
    any->data = malloc(room);
    any->bytes = any->data ? room : 0;
    if (any->data) return any;
    CG_FAIL(hw->base.err, CG_ERROR_MEMORY, "upload: no memory for a copy of %zu bytes", bytes);
    return NULL;
}

static cg_status upload_piece(cg_hw_opencl *hw, cg_buffer *to, size_t offset, const void *from,
                              size_t bytes) {
    staging_block *block = take_block(hw, bytes);
    if (!block) return hw->base.err->code;
    memcpy(block->data, from, bytes);
    cl_int status;
    do
        status = hw->cl->clEnqueueWriteBuffer(hw->queue, to->mem, CL_FALSE, offset, bytes, block->data, 0,
                                              NULL, &block->event);
    while (cg_cl_gave_memory_back(hw, status));
    if (status != CL_SUCCESS) {
        block->event = NULL;
        return cg_cl_fail(hw, status, "upload", "clEnqueueWriteBuffer");
    }
    block->serial = ++hw->staging->serial;
    hw->idle = false;
    return CG_OK;
}

cg_status cg_cl_upload(cg_hw *base, cg_buffer *to, size_t offset, const void *from, size_t bytes) {
    cg_hw_opencl *hw = cg_cl(base);
    if (cg_cl_check_fork(hw, "upload") != CG_OK) return base->err->code;
    cg_cl_keep_nothing(hw);
    if (hw->idle) { /* nothing to wait for but the copy itself */
        cl_int status;
        do
            status =
                hw->cl->clEnqueueWriteBuffer(hw->queue, to->mem, CL_TRUE, offset, bytes, from, 0, NULL, NULL);
        while (cg_cl_gave_memory_back(hw, status));
        return status == CL_SUCCESS ? CG_OK : cg_cl_fail(hw, status, "upload", "clEnqueueWriteBuffer");
    }
    for (size_t done = 0; done < bytes;) {
        size_t piece = bytes - done < PIECE_BYTES ? bytes - done : PIECE_BYTES;
        cg_status status = upload_piece(hw, to, offset + done, (const unsigned char *)from + done, piece);
        if (status != CG_OK) return status;
        done += piece;
    }
    return CG_OK;
}

cg_status cg_cl_download(cg_hw *base, void *to, cg_buffer *from, size_t offset, size_t bytes) {
    cg_hw_opencl *hw = cg_cl(base);
    if (cg_cl_check_fork(hw, "download") != CG_OK) return base->err->code;
    cg_cl_keep_nothing(hw);
    cl_int status =
        hw->cl->clEnqueueReadBuffer(hw->queue, from->mem, CL_TRUE, offset, bytes, to, 0, NULL, NULL);
    if (status != CL_SUCCESS) return cg_cl_fail(hw, status, "download", "clEnqueueReadBuffer");
    hw->idle = true;
    return CG_OK;
}

cg_status cg_cl_sync(cg_hw *base) {
    cg_hw_opencl *hw = cg_cl(base);
    if (cg_cl_check_fork(hw, "sync") != CG_OK) return base->err->code;
    cg_cl_keep_nothing(hw);
    cl_int status = hw->cl->clFinish(hw->queue);
    if (status != CL_SUCCESS) return cg_cl_fail(hw, status, "sync", "clFinish");
    hw->idle = true;
    return CG_OK;
}
