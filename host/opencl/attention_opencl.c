/* Attention without stored scores: kernels/attention.cl. */
#include "host/opencl/opencl.h"

#include <math.h>

#include "host/compose.h"

enum {
    STEP = 4,            /* rows that a work-item takes at a time */
    GROUP = 64,          /* work-items of a work-group in GPU style */
    TILE = 32,           /* rows in local memory in GPU style, at most */
    MAX_BATCHES = 65535, /* of a launch: no axis of a grid but the first may have more groups everywhere */
    MOST_FEATURES = 256, /* CPU style: what a work-item keeps in private memory */
    MOST_OF_A_GPU = 128
};

typedef struct attention_plan {
    int width, group, tile;
    bool wide;
} attention_plan;

/* Whether private and local memory suffice; else the scores are stored. */
static bool fits(const cg_hw_opencl *hw, const cg_attention_request *r) {
    const int64_t most = hw->cpu_style ? MOST_FEATURES : MOST_OF_A_GPU;
    if (r->features > most || r->value_features > most) return false;
    const size_t row = (size_t)(r->features + r->value_features) * cg_dtype_size(r->dtype);
    return hw->cpu_style || STEP * row <= hw->base.info.local_bytes / 2;
}

static double larger(double a, double b) { return a > b ? a : b; }

/* The furthest that steps of `stride` over n elements lead, either way. */
static double along(int64_t stride, int64_t n) { return fabs((double)stride) * (double)n; }

/* The largest element that a matrix reaches. */
static double reach(const cg_attention_request *r, const cg_matrix *m, int64_t rows) {
    return (double)m->offset + along(m->batch[0], r->batch[0]) + along(m->batch[1], r->batch[1]) +
           along(m->row, rows);
}

static double mask_reach(const cg_attention_request *r) {
    const cg_operand *m = &r->mask;
    if (!m->buffer) return 0;
    return (double)m->offset + along(m->stride[0], r->batch[0]) + along(m->stride[1], r->batch[1]) +
           along(m->stride[2], r->queries) + along(m->stride[3], r->keys);
}

/* 31 bits suffice for indices if every operand ends below; `offset` is the largest of the contiguous ones. */
static bool is_wide(const cg_attention_request *r, int64_t offset) {
    const double batch = (double)r->batch[0] * (double)r->batch[1];
    const double rows = (double)(r->queries > r->keys ? r->queries : r->keys);
    double most = batch * rows * (double)(r->features + r->value_features) + (double)offset;
    most = larger(most, larger(reach(r, &r->q, r->queries), reach(r, &r->k, r->keys)));
    most = larger(most, larger(reach(r, &r->v, r->keys), mask_reach(r)));
    return most > INT32_MAX / 2;
}

static int64_t later(int64_t offset, const cg_operand *o) {
    return o->buffer && o->offset > offset ? o->offset : offset;
}

static attention_plan plan_of(const cg_hw_opencl *hw, const cg_attention_request *r, int64_t lanes,
                              int64_t offset) {
    attention_plan p = {.width = 1, .group = GROUP, .tile = TILE, .wide = is_wide(r, offset)};
    const size_t row = (size_t)(r->features + r->value_features) * cg_dtype_size(r->dtype);
    if (hw->cpu_style) {
        p.group = 1;
        p.width = cg_cl_width(hw, r->dtype);
        while (p.width > 1 && lanes <= p.width / 2) p.width /= 2;
    }
    while (p.group > 1 && (size_t)p.group > hw->base.info.max_work_group) p.group /= 2;
    while (!hw->cpu_style && p.tile > STEP && (size_t)p.tile * row > hw->base.info.local_bytes / 2)
        p.tile /= 2;
    return p;
}

static cg_kernel_request request_of(const attention_plan *p, const cg_attention_request *r,
                                    const char *entry) {
    cg_kernel_request q = {.file = "attention.cl", .entry = entry, .type = r->dtype, .width = p->width};
    cg_request_define(&q, "D", r->features);
    cg_request_define(&q, "E", r->value_features);
    cg_request_define(&q, "STEP", STEP);
    cg_request_define(&q, "TILE", p->tile);
    cg_request_define(&q, "GROUP", p->group);
    cg_request_define(&q, "MASK", !r->mask.buffer ? 0 : r->mask.dtype == CG_BOOL ? 1 : 2);
    cg_request_define(&q, "CAUSAL", r->causal);
    cg_request_define(&q, "WIDE", p->wide);
    return q;
}

static void arg_matrix(cg_args *a, const cg_matrix *m) {
    cg_arg_buffer(a, m->buffer);
    cg_arg_index(a, m->offset);
    cg_arg_index(a, m->batch[0]);
    cg_arg_index(a, m->batch[1]);
    cg_arg_index(a, m->row);
}

static void arg_operand(cg_args *a, const cg_operand *o, const cg_operand *unused) {
    const cg_operand *x = o->buffer ? o : unused;
    cg_arg_buffer(a, x->buffer);
    cg_arg_index(a, x->offset);
}

/* PARAMS of the kernel. */
static cg_args args_of(cg_hw_opencl *hw, const cg_kernel_request *request, const attention_plan *p,
                       const cg_attention_request *r) {
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, request), request->entry);
    a.wide = p->wide;
    cg_arg_index(&a, 0); /* of each launch its own */
    cg_arg_index(&a, r->queries);
    cg_arg_index(&a, r->keys);
    cg_arg_index(&a, r->batch[1]);
    cg_arg_scalar(&a, r->dtype, (cg_scalar){.f = r->scale});
    arg_matrix(&a, &r->q);
    arg_matrix(&a, &r->k);
    arg_matrix(&a, &r->v);
    cg_arg_buffer(&a, r->mask.buffer ? r->mask.buffer
                                     : r->q.buffer); /* without one the kernel does not touch it */
    cg_arg_index(&a, r->mask.offset);
    for (int i = 0; i < 4; i++) cg_arg_index(&a, r->mask.stride[i]);
    return a;
}

/* As many launches as the batch takes; their first batch is argument 0. */
static cg_status launch(const cg_args *a, const attention_plan *p, const cg_attention_request *r,
                        int64_t lanes) {
    const int64_t batches = r->batch[0] * r->batch[1];
    cg_status status = CG_OK;
    for (int64_t first = 0; first < batches && status == CG_OK; first += MAX_BATCHES) {
        const int64_t left = batches - first, count = left < MAX_BATCHES ? left : MAX_BATCHES;
        const size_t global[] = {(size_t)((lanes + p->width - 1) / p->width), (size_t)count};
        cg_args part = *a;
        part.n = 0;
        cg_arg_index(&part, first);
        status = cg_cl_launch(&part, 2, global, (size_t[]){(size_t)p->group, 1});
    }
    return status;
}

cg_status cg_cl_attention(cg_hw *base, const cg_attention_request *r) {
    cg_hw_opencl *hw = cg_cl(base);
    if (!fits(hw, r)) return cg_compose_attention(base, r);
    const attention_plan plan = plan_of(hw, r, r->queries, later(r->out.offset, &r->lse));
    const cg_kernel_request request = request_of(&plan, r, "attention");
    cg_args a = args_of(hw, &request, &plan, r);
    arg_operand(&a, &r->out, NULL);
    arg_operand(&a, &r->lse, NULL);
    return launch(&a, &plan, r, r->queries);
}

/* dq (`want` 0), or dk and dv: want 1, 2 or both. */
static cg_status gradient(cg_hw_opencl *hw, const cg_attention_grad_request *r, int want) {
    const int64_t lanes = want ? r->of.keys : r->of.queries;
    const cg_operand *all[] = {&r->of.lse, &r->g, &r->delta, &r->dq, &r->dk, &r->dv};
    int64_t offset = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) offset = later(offset, all[i]);
    const attention_plan plan = plan_of(hw, &r->of, lanes, offset);
    cg_kernel_request request = request_of(&plan, &r->of, want ? "attention_dkv" : "attention_dq");
    cg_request_define(&request, "WANT_DK", (want & 1) != 0);
    cg_request_define(&request, "WANT_DV", (want & 2) != 0);
    cg_args a = args_of(hw, &request, &plan, &r->of);
    arg_operand(&a, &r->of.lse, NULL);
    arg_operand(&a, &r->g, NULL);
    arg_operand(&a, &r->delta, NULL);
    if (!want) arg_operand(&a, &r->dq, NULL);
    if (want) arg_operand(&a, &r->dk, &r->dv);
    if (want) arg_operand(&a, &r->dv, &r->dk);
    return launch(&a, &plan, &r->of, lanes);
}

cg_status cg_cl_attention_grad(cg_hw *base, const cg_attention_grad_request *r) {
    cg_hw_opencl *hw = cg_cl(base);
    if (!fits(hw, &r->of)) return cg_compose_attention_grad(base, r);
    const int want = (r->dk.buffer ? 1 : 0) + (r->dv.buffer ? 2 : 0);
    const cg_status status = r->dq.buffer ? gradient(hw, r, 0) : CG_OK;
    return status != CG_OK || !want ? status : gradient(hw, r, want);
}
