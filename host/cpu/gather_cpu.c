/* out[o, j, i] = src[o, index[j], i], or src[o, index[o, j, i], i], on the CPU. */
#include "host/cpu/cpu.h"

#include <math.h>
#include <string.h>

enum {
    GRAIN = 32768,        /* bytes */
    ALONG_GRAIN = 1 << 13 /* elements */
};

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

/* --- along: an index for each element ---------------------------------------------------------------------- */

/*
 * The elements [begin, end) of out, in stretches in which i counts up at one (o, j), or, where inner is 1, j at one o.
 */
#define GATHER_ALONG(name, type, index_type)                                                                 \
    static void name(void *ctx, int64_t begin, int64_t end, int thread) {                                    \
        (void)thread;                                                                                        \
        const gather_work *w = ctx;                                                                          \
        const int64_t axis = w->r->axis, inner = w->r->inner, step = inner > 1;                              \
        const int64_t length = step ? inner : w->r->n_index, per_outer = step ? w->r->n_index : 1;           \
        const index_type *index = w->index;                                                                  \
        type *out = (type *)(void *)w->out, missing;                                                         \
        memcpy(&missing, w->missing, sizeof missing);                                                        \
        int64_t within = begin % length, stretch = begin / length;                                           \
        int64_t outer = stretch / per_outer, left = per_outer - stretch % per_outer;                         \
        for (int64_t e = begin; e < end; within = 0) {                                                       \
            const type *src = (const type *)(const void *)w->src + outer * axis * inner + within * step;     \
            const int64_t n = length - within < end - e ? length - within : end - e;                         \
            for (int64_t k = 0; k < n; k++) {                                                                \
                int64_t at = index[e + k];                                                                   \
                at += at < 0 ? axis : 0;                                                                     \
                out[e + k] = at >= 0 && at < axis ? src[at * inner + k * step] : missing;                    \
            }                                                                                                \
            e += n;                                                                                          \
            if (--left == 0) left = per_outer, outer++;                                                      \
        }                                                                                                    \
    }

GATHER_ALONG(along_1_i32, uint8_t, int32_t)
GATHER_ALONG(along_1_i64, uint8_t, int64_t)
GATHER_ALONG(along_4_i32, uint32_t, int32_t)
GATHER_ALONG(along_4_i64, uint32_t, int64_t)
GATHER_ALONG(along_8_i32, uint64_t, int32_t)
GATHER_ALONG(along_8_i64, uint64_t, int64_t)

static void gather_along(gather_work *w) {
    static cg_loop_body *const bodies[3][2] = {
        {along_1_i32, along_1_i64}, {along_4_i32, along_4_i64}, {along_8_i32, along_8_i64}};
    cg_loop_body *body = bodies[w->size == 1 ? 0 : w->size == 4 ? 1 : 2][w->r->index.dtype == CG_I64];
    cg_parallel_for(w->r->outer * w->r->n_index * w->r->inner, ALONG_GRAIN, body, w);
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
    hw->stats.launches++;
    if (r->along) {
        gather_along(&w);
        return CG_OK;
    }
    int64_t grain = (int64_t)(GRAIN / (w.row_bytes + 16)) + 1;
    cg_parallel_for(r->outer * r->n_index, grain, gather_body, &w);
    return CG_OK;
}
