/* The same program over many contiguous segments: kernels/map_many.cl, up to 32 segments a launch. */
#include "host/opencl/opencl.h"

#include <string.h>

enum {
    MAX_SEGMENTS = 32,
    SHARED_INPUTS = 8, /* those that map_many.cl has a SHARES for */
    ELSEWHERE = 99,    /* SHARES<k> of an output that is in no input's place */
    CHUNK_MIN = 4096,  /* elements of a work-item in the CPU style */
    CHUNK_MAX = 32768,
    CHUNKS_PER_UNIT = 4,
    STEPS = 4 /* vectors of a work-item in the GPU style */
};

/* Segments that go together: the same dtypes, no more than a kernel has parameters for. */
typedef struct segment_group {
    const cg_segment *first;
    int n;     /* segments */
    int slots; /* the kernel's segments: the next power of two */
    int64_t elements;
    bool wide, aligned;
    uint8_t shares[CG_MAX_OUTPUTS]; /* the input in whose place an output is, or ELSEWHERE */
} segment_group;

/* The operands in the order inputs, outputs. */
static const cg_operand *operand_of(const cg_segment *s, const cg_program *p, int k) {
    return k < p->n_inputs ? &s->in[k] : &s->out[k - p->n_inputs];
}

static bool is_single(const cg_map_many_request *r, int k) {
    return k < r->program->n_inputs && cg_segment_stride(r, k) == 0;
}

static bool same_dtypes(const cg_segment *a, const cg_segment *b, const cg_program *p) {
    for (int k = 0; k < p->n_inputs + p->n_outputs; k++)
        if (operand_of(a, p, k)->dtype != operand_of(b, p, k)->dtype) return false;
    return true;
}

static bool same_place(const cg_operand *a, const cg_operand *b) {
    return a->buffer == b->buffer && a->offset == b->offset && a->dtype == b->dtype;
}

/* The input in whose place output k of every segment of the request is. */
static uint8_t place_of(const cg_map_many_request *r, int k) {
    for (int i = 0; i < r->program->n_inputs && i < SHARED_INPUTS; i++) {
        bool same = !is_single(r, i);
        for (int s = 0; same && s < r->n_segments; s++)
            same = same_place(&r->segment[s].in[i], &r->segment[s].out[k]);
        if (same) return (uint8_t)i;
    }
    return ELSEWHERE;
}

static bool is_wide(const cg_map_many_request *r) {
    int64_t elements = 0;
    bool wide = false;
    for (int s = 0; s < r->n_segments; s++) {
        for (int k = 0; k < r->program->n_inputs + r->program->n_outputs; k++) {
            const cg_operand x = {.offset = operand_of(&r->segment[s], r->program, k)->offset, .stride = {1}};
            wide = wide || !cg_operand_is_narrow(&x, 1, &r->segment[s].n);
        }
        elements += r->segment[s].n;
    }
    return wide || elements > INT32_MAX / 2;
}

/* The most segments whose parameters fit, at least 1: a power of two. */
static int segments_that_fit(const cg_hw_opencl *hw, const cg_map_many_request *r, const segment_group *g) {
    const cg_program *p = r->program;
    const size_t index = g->wide ? 8 : 4, scalar = cg_dtype_size((cg_dtype)p->type);
    size_t operands = p->n_inputs, consts = (size_t)p->n_consts * scalar;
    for (int k = 0; k < p->n_outputs; k++) operands += g->shares[k] == ELSEWHERE;
    const size_t fixed = 2 * index + 8 + (r->own_consts ? 0 : consts);
    /* pointer and offset of each operand, number and length, and what may be lost before the next pointer */
    const size_t each = (operands * (8 + index) + 2 * index + (r->own_consts ? consts : 0) + 7) / 8 * 8;
    int n = MAX_SEGMENTS;
    while (n > 1 && fixed + (size_t)n * each > hw->max_parameter_bytes) n /= 2;
    return n;
}

static bool is_aligned(const segment_group *g, const cg_map_many_request *r, int width) {
    const cg_program *p = r->program;
    for (int s = 0; s < g->n; s++)
        for (int k = 0; k < p->n_inputs + p->n_outputs; k++)
            if (!is_single(r, k) && operand_of(&g->first[s], p, k)->offset % width != 0) return false;
    return width > 1;
}

static segment_group take_group(const cg_hw_opencl *hw, const cg_map_many_request *r, int from, int width,
                                segment_group g) {
    g.first = &r->segment[from];
    g.slots = 1;
    const int most = segments_that_fit(hw, r, &g);
    while (g.n < most && from + g.n < r->n_segments && same_dtypes(g.first, &g.first[g.n], r->program))
        g.elements += g.first[g.n++].n;
    while (g.slots < g.n) g.slots *= 2;
    g.aligned = is_aligned(&g, r, width);
    return g;
}

static void append_consts(cg_args *a, const cg_program *p, const cg_scalar *consts) {
    for (int k = 0; k < p->n_consts; k++) cg_arg_scalar(a, (cg_dtype)p->type, consts[k]);
}

/* One slot's parameters. A slot without a segment repeats the first one and starts behind the last chunk. */
static void append_segment(cg_args *a, const cg_segment *s, const cg_map_many_request *r,
                           const segment_group *g, int64_t first_chunk) {
    const cg_program *p = r->program;
    for (int k = 0; k < p->n_inputs; k++) cg_arg_buffer(a, s->in[k].buffer);
    for (int k = 0; k < p->n_outputs; k++)
        if (g->shares[k] == ELSEWHERE) cg_arg_buffer(a, s->out[k].buffer);
    if (r->own_consts) append_consts(a, p, s->consts);
    cg_arg_index(a, first_chunk);
    cg_arg_index(a, s->n);
    for (int k = 0; k < p->n_inputs; k++) cg_arg_index(a, s->in[k].offset);
    for (int k = 0; k < p->n_outputs; k++)
        if (g->shares[k] == ELSEWHERE) cg_arg_index(a, s->out[k].offset);
}

static cg_program_layout contiguous_layout(const cg_map_many_request *r, const cg_segment *s) {
    const cg_program *p = r->program;
    cg_program_layout l = {.n_outputs = p->n_outputs};
    for (int k = 0; k < p->n_inputs; k++) {
        l.in_dtype[k] = (uint8_t)s->in[k].dtype;
        l.in_inner[k] = (uint8_t)cg_inner_class_of(cg_segment_stride(r, k));
    }
    for (int k = 0; k < p->n_outputs; k++) {
        l.out_dtype[k] = (uint8_t)s->out[k].dtype;
        l.out_inner[k] = CG_INNER_UNIT;
    }
    return l;
}

static const char *const shares_names[CG_MAX_OUTPUTS] = {"SHARES0", "SHARES1", "SHARES2",
                                                         "SHARES3", "SHARES4", "SHARES5"};

static cg_status launch_group(cg_hw_opencl *hw, const cg_map_many_request *r, const segment_group *g,
                              int width) {
    const cg_program *p = r->program;
    int items = 1;
    while (items * 2 <= (int)cg_cl_group_items(hw)) items *= 2;
    int64_t chunk = (int64_t)items * width * STEPS;
    if (hw->cpu_style) {
        chunk = g->elements / (CHUNKS_PER_UNIT * hw->base.info.compute_units) / width * width;
        chunk = chunk < CHUNK_MIN ? CHUNK_MIN : chunk > CHUNK_MAX ? CHUNK_MAX : chunk;
    }
    int64_t chunks = 0;
    for (int s = 0; s < g->n; s++) chunks += (g->first[s].n + chunk - 1) / chunk;
    cg_kernel_request q = {.file = "map_many.cl",
                           .entry = "map_many",
                           .type = (cg_dtype)p->type,
                           .width = width,
                           .program = p,
                           .layout = contiguous_layout(r, g->first)};
    cg_request_define(&q, "WIDE", g->wide);
    cg_request_define(&q, "ALIGNED", g->aligned && !hw->cpu_style);
    cg_request_define(&q, "SEGMENTS", g->slots);
    cg_request_define(&q, "ITEMS", items);
    cg_request_define(&q, "OWN_CONSTS", r->own_consts);
    for (int k = 0; k < p->n_outputs; k++) cg_request_define(&q, shares_names[k], g->shares[k]);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &q), "map_many");
    a.wide = g->wide;
    cg_arg_index(&a, chunks);
    cg_arg_index(&a, chunk);
    int64_t begin = 0;
    for (int s = 0; s < g->slots; s++) {
        const cg_segment *segment = &g->first[s < g->n ? s : 0];
        append_segment(&a, segment, r, g, s < g->n ? begin : chunks);
        begin += (segment->n + chunk - 1) / chunk;
    }
    if (!r->own_consts) append_consts(&a, p, r->consts);
    size_t global = (size_t)chunks * (size_t)items;
    return cg_cl_launch(&a, 1, &global, (size_t[]){(size_t)items});
}

cg_status cg_cl_map_many(cg_hw *base, const cg_map_many_request *r) {
    cg_hw_opencl *hw = cg_cl(base);
    int width = cg_cl_width(hw, (cg_dtype)r->program->type);
    segment_group all = {.wide = is_wide(r)};
    for (int k = 0; k < r->program->n_outputs; k++) all.shares[k] = place_of(r, k);
    for (int from = 0; from < r->n_segments;) {
        segment_group g = take_group(hw, r, from, width, all);
        cg_status status;
        hw->refused = 0;
        do status = launch_group(hw, r, &g, width); /* not the groups before: they may be in place */
        while (status != CG_OK && cg_cl_shrink_groups(hw));
        if (status != CG_OK) return status;
        from += g.n;
    }
    return CG_OK;
}
