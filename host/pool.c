#include "host/pool.h"

#include "host/recorded_work.h"

enum {
    SMALLEST_BITS = 8,   /* 256 bytes */
    PER_OCTAVE_BITS = 4, /* sixteen classes per power of two */
    PER_OCTAVE = 1 << PER_OCTAVE_BITS,
    WIDER = PER_OCTAVE / 4 /* classes above its own in which a request looks for a kept block */
};

/*
 * Class c = 16 o + q has (16 + q) 2^(o + 4) bytes: 256, 272, 288, ..., 512, 544, ... So a sixteenth of a fresh block is unused
 * at most, and about a quarter of one that is taken from a wider class.
 * Returns the first class of at least `bytes`, and its size; -1 if bytes is beyond all.
 */
static int class_of(size_t bytes, size_t *class_bytes) {
    if (bytes > (size_t)1 << 62) return -1;
    if (bytes < (size_t)1 << SMALLEST_BITS) bytes = (size_t)1 << SMALLEST_BITS;
    const int octave = 63 - __builtin_clzll(bytes) - SMALLEST_BITS;
    const int shift = octave + SMALLEST_BITS - PER_OCTAVE_BITS;
    const size_t parts = (bytes + ((size_t)1 << shift) - 1) >> shift; /* 16 to 32 */
    *class_bytes = parts << shift;
    return PER_OCTAVE * octave + (int)parts - PER_OCTAVE; /* 32 parts: the first class of the next octave */
}

static void count_in_use(cg_device_stats *stats, size_t bytes) {
    stats->bytes_in_use += bytes;
    if (stats->bytes_in_use > stats->bytes_peak) stats->bytes_peak = stats->bytes_in_use;
}

static cg_block *take_fresh(cg_pool *pool, size_t bytes) {
    cg_device_stats *stats = &pool->hw->stats;
    if (pool->limit_bytes && (bytes > pool->limit_bytes || stats->bytes_reserved > pool->limit_bytes - bytes))
        return NULL;
    cg_block *block = pool->raw_alloc(pool->hw, bytes);
    if (!block) return NULL;
    block->next = NULL;
    block->bytes = bytes;
    stats->device_allocs++;
    stats->bytes_reserved += bytes;
    return block;
}

/*
 * A kept block of the class, or of one that is not much wider; NULL if there is none. The recording that is being made takes
 * its own first.
 */
static cg_block *take_kept(cg_pool *pool, int class) {
    cg_block **own = cg_record_free_list(pool->hw);
    for (int c = class; c <= class + WIDER && c < CG_POOL_CLASSES; c++) {
        cg_block **list = own && own[c] ? own : pool->free_list, *block = list[c];
        if (!block) continue;
        list[c] = block->next;
        block->next = NULL;
        block->released = false;
        pool->hw->stats.pool_hits++;
        return block;
    }
    return NULL;
}

cg_block *cg_pool_alloc(cg_pool *pool, size_t bytes) {
    cg_device_stats *stats = &pool->hw->stats;
    size_t class_bytes = 0;
    const int class = class_of(bytes, &class_bytes);
    cg_block *block = class < 0 ? NULL : take_kept(pool, class);
    if (!block && class >= 0) {
        block = take_fresh(pool, class_bytes);
        if (!block) {
            cg_pool_trim(pool);
            block = take_fresh(pool, class_bytes);
        }
    }
    if (!block) {
        CG_FAIL(pool->hw->err, CG_ERROR_DEVICE_MEMORY,
                "out of memory on %s: %zu bytes asked for, %llu in use, limit %llu", pool->hw->info.id, bytes,
                (unsigned long long)stats->bytes_in_use, (unsigned long long)pool->limit_bytes);
        return NULL;
    }
    block->made_in = cg_hw_record_number(pool->hw);
    block->asked = bytes;
    count_in_use(stats, bytes);
    return block;
}

void cg_pool_free(cg_pool *pool, cg_block *block) {
    if (!block) return;
    size_t class_bytes;
    const int class = class_of(block->bytes, &class_bytes);
    cg_block **list = pool->free_list;
    pool->hw->stats.bytes_in_use -= block->asked;
    if (block->pins) {
        block->released = true;
        list = cg_record_free_list(pool->hw);
        if (!list || block->made_in != cg_hw_record_number(pool->hw)) return; /* until it is unpinned */
    }
    block->next = list[class];
    list[class] = block;
}

void cg_pool_trim(cg_pool *pool) {
    for (int class = 0; class < CG_POOL_CLASSES; class ++) {
        for (cg_block *block = pool->free_list[class]; block;) {
            cg_block *next = block->next;
            pool->hw->stats.bytes_reserved -= block->bytes;
            pool->raw_free(pool->hw, block);
            block = next;
        }
        pool->free_list[class] = NULL;
    }
}
