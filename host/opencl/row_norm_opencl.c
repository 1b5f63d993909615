/* Normalization of rows: kernels/row_norm.cl. */
#include "host/opencl/opencl.h"

enum { GROUP = 256 }; /* work-items that share a row in GPU style, at most */

typedef struct norm_plan {
    int width, group;
    bool wide;
} norm_plan;

/* CPU style: wide vectors where a row has some. GPU style: as many work-items as a row has elements for. */
static norm_plan plan_of(const cg_hw_opencl *hw, cg_dtype dtype, int64_t rows, int64_t cols, int64_t offset) {
    norm_plan p = {.width = hw->cpu_style ? cg_cl_width(hw, dtype) : 1, .group = 1};
    while (p.width > 1 && cols < p.width) p.width /= 2;
    while (!hw->cpu_style && p.group < GROUP && p.group < cols &&
           2 * (size_t)p.group <= hw->base.info.max_work_group)
        p.group *= 2;
    p.wide = (double)rows * (double)cols + (double)offset > INT32_MAX / 4; /* moments are 4 a row */
    return p;
}

static int64_t largest_offset(int n, const cg_operand *const *all) {
    int64_t offset = 0;
    for (int i = 0; i < n; i++)
        if (all[i]->buffer && all[i]->offset > offset) offset = all[i]->offset;
    return offset;
}

static cg_kernel_request request_of(const norm_plan *p, const char *entry, cg_dtype dtype, bool centre,
                                    bool weight, bool bias) {
    cg_kernel_request q = {.file = "row_norm.cl", .entry = entry, .type = dtype, .width = p->width};
    cg_request_define(&q, "GROUP", p->group);
    cg_request_define(&q, "CENTRE", centre);
    cg_request_define(&q, "WEIGHT", weight);
    cg_request_define(&q, "BIAS", bias);
    cg_request_define(&q, "WIDE", p->wide);
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
    cg_hw_opencl *hw = cg_cl(base);
    const cg_operand *all[] = {&r->x, &r->weight, &r->bias, &r->out, &r->moments};
    const norm_plan plan = plan_of(hw, r->dtype, r->rows, r->cols, largest_offset(5, all));
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
    cg_hw_opencl *hw = cg_cl(base);
    const cg_operand *all[] = {&r->g, &r->x, &r->weight, &r->moments, &r->dx};
    const norm_plan plan = plan_of(hw, r->dtype, r->rows, r->cols, largest_offset(5, all));
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
