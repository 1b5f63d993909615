/*
 * Random numbers on the CPU: kernels/philox.h, batch by batch, each written as a whole or cut at the ends. What is too
 * large for the cache goes past it: nothing is read, so lines that are fetched to be written would double the traffic.
 */
#include "host/cpu/cpu.h"

#include <string.h>

enum {
    GRAIN = 32,                         /* batches: 8192 f32 */
    BATCH_BYTES = 16 * CG_PHILOX_BATCH, /* of a batch, at most */
};

typedef struct random_work {
    const cg_random_request *r;
    const cg_isa *isa;
    cg_philox_batch *batch;
    uint64_t length;      /* elements of a batch */
    uint64_t first_batch; /* that r->first is in */
    size_t size;          /* of an element */
    unsigned char *out;
    bool stream; /* past the cache */
} random_work;

/* The batch that the request begins or ends in: made aside, and the part that is wanted copied. */
static void partial_batch(const random_work *w, uint64_t number) {
    const cg_random_request *r = w->r;
    _Alignas(64) unsigned char made[BATCH_BYTES];
    uint64_t start = number * w->length, skip = start < r->first ? r->first - start : 0;
    uint64_t at = start + skip - r->first, left = (uint64_t)r->n - at;
    uint64_t n = w->length - skip < left ? w->length - skip : left;
    w->batch(r, number * CG_PHILOX_BATCH, made);
    memcpy(w->out + at * w->size, made + skip * w->size, n * w->size);
}

static void whole_batch(const random_work *w, uint64_t number, unsigned char *out) {
    _Alignas(64) unsigned char made[BATCH_BYTES];
    w->batch(w->r, number * CG_PHILOX_BATCH, w->stream ? made : out);
    if (w->stream) w->isa->stream(out, made, w->length * w->size);
}

static void random_body(void *ctx, int64_t begin, int64_t end, int thread) {
    (void)thread;
    const random_work *w = ctx;
    const cg_random_request *r = w->r;
    for (int64_t i = begin; i < end; i++) {
        uint64_t number = w->first_batch + (uint64_t)i, start = number * w->length;
        if (start < r->first || start + w->length > r->first + (uint64_t)r->n) {
            partial_batch(w, number);
        } else {
            whole_batch(w, number, w->out + (start - r->first) * w->size);
        }
    }
    if (w->stream) w->isa->stream_end();
}

static cg_philox_batch *batch_of(const cg_isa *isa, const cg_random_request *r) {
    switch (r->kind) {
    case CG_RANDOM_INTEGERS:
        return r->dtype == CG_I32 ? isa->philox_whole->integers32 : isa->philox_whole->integers64;
    case CG_RANDOM_BERNOULLI:
        return isa->philox_whole->bernoulli;
    case CG_RANDOM_BINOMIAL:
        return isa->philox_whole->binomial;
    case CG_RANDOM_NORMAL:
        return isa->philox[r->dtype]->normal;
    case CG_RANDOM_EXPONENTIAL:
        return isa->philox[r->dtype]->exponential;
    case CG_RANDOM_GAMMA:
    case CG_RANDOM_LOG_GAMMA:
        return isa->philox[r->dtype]->gamma;
    case CG_RANDOM_UNIFORM:
        break;
    }
    return isa->philox[r->dtype]->uniform;
}

cg_status cg_cpu_random(cg_hw *hw, const cg_random_request *r) {
    const cg_isa *isa = cg_cpu_of(hw)->isa;
    random_work w = {.r = r,
                     .isa = isa,
                     .batch = batch_of(isa, r),
                     .length = (uint64_t)cg_random_per_block(r) * CG_PHILOX_BATCH,
                     .size = cg_dtype_size(r->dtype)};
    w.out = r->buffer->data + (size_t)r->offset * w.size;
    w.stream = r->n > cg_cpu_stream_limit() / (int64_t)w.size;
    w.first_batch = r->first / w.length;
    uint64_t last_batch = (r->first + (uint64_t)r->n - 1) / w.length;
    hw->stats.launches++;
    cg_parallel_for((int64_t)(last_batch - w.first_batch + 1), GRAIN, random_body, &w);
    return CG_OK;
}
