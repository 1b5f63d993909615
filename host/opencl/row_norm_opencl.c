/* Normalization of rows: kernels/row_norm.cl. */
#include "host/compose.h"
#include "host/opencl/opencl.h"

enum {
    GROUP = 256, /* work-items that share a row in GPU style, at most */
    KEEP = 8     /* vectors that a work-item keeps of the rows it reads, all together */
};

typedef struct norm_plan {
    int width, group, keep;
    bool wide, aligned;
} norm_plan;

static int64_t largest_offset(int n, const cg_operand *const *all) {
    int64_t offset = 0;
    for (int i = 0; i < n; i++)
        if (all[i]->buffer && all[i]->offset > offset) offset = all[i]->offset;
    return offset;
}

/* Vectors of a GPU are aligned, or single elements. */
static bool all_align(const cg_hw_opencl *hw, cg_dtype dtype, int64_t cols, int n,
                      const cg_operand *const *all) {
    const int width = cg_cl_width(hw, dtype);
    bool aligned = cols % width == 0;
    for (int i = 0; i < n; i++) aligned = aligned && all[i]->offset % width == 0;
    return aligned && width > 1;
}

static norm_plan plan_for_gpu(const cg_hw_opencl *hw, cg_dtype dtype, int64_t cols, int inputs,
                              bool aligned) {
    norm_plan p = {.width = aligned ? cg_cl_width(hw, dtype) : 1, .group = 1, .aligned = aligned};
    const int64_t vectors = cols / p.width;
    while (p.group < GROUP && p.group < vectors && 2 * (size_t)p.group <= hw->base.info.max_work_group)
        p.group *= 2;
    p.keep = 1;
    while (p.keep <= KEEP && (int64_t)p.keep * p.group < vectors) p.keep *= 2;
    if (p.keep * inputs > KEEP) p.keep = 0;
    return p;
}

/*
 * CPU style: wide vectors where a row has some. GPU style: as many work-items as a row has vectors for. `inputs` rows are
 * read together; the last of the operands are the moments, which are read one by one.
 */
static norm_plan plan_of(const cg_hw_opencl *hw, cg_dtype dtype, int64_t rows, int64_t cols, int inputs,
                         int n, const cg_operand *const *all) {
    norm_plan p = {.width = cg_cl_width(hw, dtype), .group = 1};
    while (p.width > 1 && cols < p.width) p.width /= 2;
    if (!hw->cpu_style) p = plan_for_gpu(hw, dtype, cols, inputs, all_align(hw, dtype, cols, n - 1, all));
    /* moments are 4 a row */
    p.wide = (double)rows * (double)cols + (double)largest_offset(n, all) > INT32_MAX / 4;
    return p;
}

static cg_kernel_request request_of(const norm_plan *p, const char *entry, cg_dtype dtype, bool centre,
                                    bool weight, bool bias) {
    cg_kernel_request q = {.file = "row_norm.cl", .entry = entry, .type = dtype, .width = p->width};
    cg_request_define(&q, "GROUP", p->group);
    cg_request_define(&q, "CENTRE", centre);
    cg_request_define(&q, "WEIGHT", weight);
    cg_request_define(&q, "BIAS", bias);
    cg_request_define(&q, "WIDE", p->wide);
    cg_request_define(&q, "ALIGNED", p->aligned);
    cg_request_define(&q, "KEEP", p->keep);
    return q;
}

/* What is not there the kernel does not touch: any buffer stands for it. */
static void arg_operand(cg_args *a, const cg_operand *o, const cg_operand *instead) {
    const cg_operand *x = o->buffer ? o : instead;
    cg_arg_buffer(a, x->buffer);
    cg_arg_index(a, x->offset);
}

static cg_args args_of(cg_hw_opencl *hw, const cg_kernel_request *q, const norm_plan *p, int64_t rows,
                       int64_t cols) {
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, q), q->entry);
    a.wide = p->wide;
    cg_arg_index(&a, rows);
    cg_arg_index(&a, cols);
    return a;
}

static cg_status launch(cg_args *a, const norm_plan *p, int64_t rows) {
    const size_t items = (size_t)rows * (size_t)p->group;
    return cg_cl_launch(a, 1, &items, (size_t[]){(size_t)p->group});
}

cg_status cg_cl_row_norm(cg_hw *base, const cg_row_norm_request *r) {
    if (!r->out.buffer) return cg_compose_row_norm(base, r);
    cg_hw_opencl *hw = cg_cl(base);
    const cg_operand *all[] = {&r->x, &r->weight, &r->bias, &r->out, &r->moments};
    const norm_plan plan = plan_of(hw, r->dtype, r->rows, r->cols, 1, 5, all);
    const cg_kernel_request q =
        request_of(&plan, "row_norm", r->dtype, r->centre, r->weight.buffer != NULL, r->bias.buffer != NULL);
    cg_args a = args_of(hw, &q, &plan, r->rows, r->cols);
    cg_arg_scalar(&a, r->dtype, (cg_scalar){.f = r->epsilon});
    arg_operand(&a, &r->x, NULL);
    arg_operand(&a, &r->weight, &r->x);
    arg_operand(&a, &r->bias, &r->x);
    arg_operand(&a, &r->out, NULL);
    arg_operand(&a, &r->moments, NULL);
    return launch(&a, &plan, r->rows);
}

cg_status cg_cl_row_norm_grad(cg_hw *base, const cg_row_norm_grad_request *r) {
    if (r->outer > 1 || r->groups > 1 || r->run > 1) return cg_compose_row_norm_grad(base, r);
    cg_hw_opencl *hw = cg_cl(base);
    const cg_status status = cg_compose_row_norm_sums(base, r); /* first: dx may be g or x */
    if (status != CG_OK) return status;
    const cg_operand *all[] = {&r->g, &r->x, &r->weight, &r->dx, &r->moments};
    const norm_plan plan = plan_of(hw, r->dtype, r->rows, r->cols, 2, 5, all);
    const cg_kernel_request q =
        request_of(&plan, "row_norm_grad", r->dtype, r->centre, r->weight.buffer != NULL, false);
    cg_args a = args_of(hw, &q, &plan, r->rows, r->cols);
    arg_operand(&a, &r->g, NULL);
    arg_operand(&a, &r->x, NULL);
    arg_operand(&a, &r->weight, &r->x);
    arg_operand(&a, &r->moments, NULL);
    arg_operand(&a, &r->dx, NULL);
    return launch(&a, &plan, r->rows);
}
