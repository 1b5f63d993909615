/* out[o, j, i] = src[o, index[j], i] on the CPU. */
#include "host/cpu/cpu.h"

#include <math.h>
#include <string.h>

enum { GRAIN = 32768 /* bytes */ };

typedef struct gather_work {
    const cg_gather_request *r;
    const unsigned char *src;
    const void *index;
    unsigned char *out;
    size_t size, row_bytes;   /* of an element, of inner elements */
    unsigned char missing[8]; /* the element for an index out of range */
} gather_work;

/* The place index[j] asks for, -1 if there is none. */
static int64_t place_of(const gather_work *w, int64_t j) {
    bool wide = w->r->index.dtype == CG_I64;
    int64_t at = wide ? ((const int64_t *)w->index)[j] : ((const int32_t *)w->index)[j];
    if (at < 0) at += w->r->axis;
    return at >= 0 && at < w->r->axis ? at : -1;
}

static void gather_row(const gather_work *w, int64_t outer, int64_t j, unsigned char *out) {
    int64_t at = place_of(w, j);
    if (at < 0) {
        for (int64_t i = 0; i < w->r->inner; i++) memcpy(out + (size_t)i * w->size, w->missing, w->size);
        return;
    }
    const unsigned char *from = w->src + (size_t)(outer * w->r->axis + at) * w->row_bytes;
    if (w->row_bytes == 4) { /* constant sizes become single moves */
        memcpy(out, from, 4);
    } else if (w->row_bytes == 8) {
        memcpy(out, from, 8);
    } else {
        memcpy(out, from, w->row_bytes);
    }
}

static void gather_body(void *ctx, int64_t begin, int64_t end, int thread) {
    (void)thread;
    const gather_work *w = ctx;
    int64_t outer = begin / w->r->n_index, j = begin % w->r->n_index;
    for (int64_t i = begin; i < end; i++) {
        gather_row(w, outer, j, w->out + (size_t)i * w->row_bytes);
        if (++j == w->r->n_index) j = 0, outer++;
    }
}

cg_status cg_cpu_gather(cg_hw *hw, const cg_gather_request *r) {
    gather_work w = {.r = r,
                     .src = cg_cpu_data(&r->src),
                     .index = cg_cpu_data(&r->index),
                     .out = cg_cpu_data(&r->out),
                     .size = cg_dtype_size(r->dtype)};
    w.row_bytes = (size_t)r->inner * w.size;
    const float nan32 = NAN;
    const double nan64 = NAN;
    if (r->dtype == CG_F32) memcpy(w.missing, &nan32, sizeof nan32);
    if (r->dtype == CG_F64) memcpy(w.missing, &nan64, sizeof nan64);
    int64_t grain = (int64_t)(GRAIN / (w.row_bytes + 16)) + 1;
    hw->stats.launches++;
    cg_parallel_for(r->outer * r->n_index, grain, gather_body, &w);
    return CG_OK;
}
