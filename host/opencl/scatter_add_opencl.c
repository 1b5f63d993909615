/*
 * Additions to given places, in a fixed order and without atomic operations: the places are sorted (sort_pairs.c), stably,
 * and each run of equal places is added up by itself (kernels/scatter_add.cl).
 */
#include "host/opencl/sort_opencl.h"

enum {
    GPU_CHUNK = 64,        /* sorted places of a task */
    CPU_ELEMENTS = 4096,   /* CPU style: elements of the source that a chunk should have, */
    CPU_CHUNK = 64,        /* if it is not shorter then than this */
    ITEM_ELEMENTS = 16384, /* CPU style: elements that make a work-item worth its while */
    ROOM = 1 << 24         /* what a last, partly empty chunk reaches beyond the end */
};

/* One level of sums: what scatter_add.cl is given. */
typedef struct scatter_level {
    int64_t count, src_rows;
    const cg_buffer *key, *place, *src;
    int64_t src_offset;
    cg_buffer *partial, *partial_key;
    int64_t chunk, chunks;
} scatter_level;

/* The request as (outer, targets, inner), with `along` flattened to one row of elements. */
typedef struct scatter_shape {
    const cg_scatter_add_request *r;
    int64_t outer, targets, inner, count;
    int key_bytes, bits;
    bool wide;
} scatter_shape;

static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

static scatter_shape shape_of(const cg_scatter_add_request *r) {
    scatter_shape s = {.r = r, .outer = r->outer, .targets = r->axis, .inner = r->inner, .count = r->n_index};
    if (r->along)
        s = (scatter_shape){.r = r,
                            .outer = 1,
                            .targets = r->outer * r->axis * r->inner,
                            .inner = 1,
                            .count = r->outer * r->n_index * r->inner};
    while (s.targets >> s.bits) s.bits++; /* `targets` itself is a key too */
    s.key_bytes = s.bits > 32 ? 8 : 4;
    int64_t longer = r->axis > r->n_index ? r->axis : r->n_index;
    double reach = (double)r->src.offset + (double)r->index.offset + (double)r->out.offset;
    s.wide = (double)r->outer * (double)longer * (double)r->inner + reach > INT32_MAX - ROOM;
    return s;
}

static cg_status make_keys(cg_hw_opencl *hw, const scatter_shape *s, const cg_pairs *p) {
    const cg_scatter_add_request *r = s->r;
    cg_kernel_request q = {.file = "scatter_keys.cl", .entry = "scatter_keys", .type = CG_I32};
    cg_request_define(&q, "KEY_BITS", 8 * s->key_bytes);
    cg_request_define(&q, "INDEX_BYTES", (int64_t)cg_dtype_size(r->index.dtype));
    cg_request_define(&q, "WIDE", s->wide);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &q), "scatter_add");
    a.wide = s->wide;
    int64_t per_item = hw->cpu_style ? ITEM_ELEMENTS : 1;
    const int64_t number[] = {s->count, r->n_index, r->axis, r->along ? r->inner : 1, per_item};
    for (int i = 0; i < 5; i++) cg_arg_index(&a, number[i]);
    cg_arg_i64(&a, s->targets);
    cg_arg_buffer(&a, r->index.buffer);
    cg_arg_index(&a, r->index.offset);
    cg_arg_buffer(&a, p->key);
    size_t items = (size_t)divide_up(s->count, per_item);
    return cg_cl_launch(&a, 1, &items, (size_t[]){cg_cl_group_items(hw)});
}

static cg_status launch_level(cg_hw_opencl *hw, const scatter_shape *s, const scatter_level *l) {
    const cg_scatter_add_request *r = s->r;
    int width = hw->cpu_style ? cg_cl_width(hw, r->dtype) : 1;
    if (width > s->inner) width = 1; /* no width between: each is a kernel to build */
    int64_t blocks = divide_up(s->inner, width), tasks = s->outer * l->chunks * blocks, per_item = 1;
    if (hw->cpu_style && l->chunk * width < ITEM_ELEMENTS) per_item = ITEM_ELEMENTS / (l->chunk * width);
    cg_kernel_request q = {
        .file = "scatter_add.cl", .entry = "scatter_add", .type = r->dtype, .width = width};
    cg_request_define(&q, "KEY_BITS", 8 * s->key_bytes);
    cg_request_define(&q, "WIDE", s->wide);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &q), "scatter_add");
    a.wide = s->wide;
    const int64_t number[] = {tasks, l->count, l->chunk, l->chunks, blocks, s->inner, l->src_rows, per_item};
    for (int i = 0; i < 8; i++) cg_arg_index(&a, number[i]);
    cg_arg_i64(&a, s->targets);
    cg_arg_i32(&a, l->place != NULL);
    cg_arg_buffer(&a, l->key);
    cg_arg_buffer(&a, l->place);
    cg_arg_buffer(&a, l->src);
    cg_arg_index(&a, l->src_offset);
    cg_arg_buffer(&a, r->out.buffer);
    cg_arg_index(&a, r->out.offset);
    cg_arg_buffer(&a, l->partial);
    cg_arg_buffer(&a, l->partial_key);
    size_t items = (size_t)divide_up(tasks, per_item);
    return cg_cl_launch(&a, 1, &items, (size_t[]){cg_cl_group_items(hw)});
}

static void cut_level(const cg_hw_opencl *hw, const scatter_shape *s, scatter_level *l) {
    l->chunk = GPU_CHUNK;
    if (hw->cpu_style) l->chunk = CPU_ELEMENTS / s->inner > CPU_CHUNK ? CPU_ELEMENTS / s->inner : CPU_CHUNK;
    l->chunks = divide_up(l->count, l->chunk);
}

/* This level, then that of its partial sums. */
static cg_status add_level(cg_hw_opencl *hw, const scatter_shape *s, scatter_level *l) {
    cut_level(hw, s, l);
    if (l->chunks == 1) return launch_level(hw, s, l);
    size_t elements = (size_t)(s->outer * l->chunks * s->inner);
    cg_status status = CG_OK;
    l->partial = cg_cl_alloc(&hw->base, elements * cg_dtype_size(s->r->dtype));
    if (l->partial) l->partial_key = cg_cl_alloc(&hw->base, (size_t)l->chunks * (size_t)s->key_bytes);
    if (!l->partial_key) status = hw->base.err->code;
    if (status == CG_OK) status = launch_level(hw, s, l);
    scatter_level next = {
        .count = l->chunks, .src_rows = l->chunks, .key = l->partial_key, .src = l->partial};
    if (status == CG_OK) status = add_level(hw, s, &next);
    cg_cl_free(&hw->base, l->partial_key);
    cg_cl_free(&hw->base, l->partial);
    return status;
}

cg_status cg_cl_scatter_add(cg_hw *base, const cg_scatter_add_request *r) {
    cg_hw_opencl *hw = cg_cl(base);
    scatter_shape s = shape_of(r);
    cg_pairs p = {.key_bytes = s.key_bytes, .bits = s.bits, .wide = s.wide, .rows = 1, .n = s.count};
    cg_status status = cg_pairs_alloc(hw, &p);
    if (status == CG_OK) status = make_keys(hw, &s, &p);
    if (status == CG_OK) status = cg_pairs_sort(hw, &p);
    scatter_level first = {.count = s.count,
                           .src_rows = s.count,
                           .key = p.key,
                           .place = p.place,
                           .src = r->src.buffer,
                           .src_offset = r->src.offset};
    if (status == CG_OK) status = add_level(hw, &s, &first);
    cg_pairs_free(hw, &p);
    return status;
}
