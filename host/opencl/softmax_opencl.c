/* Softmax over rows and its cross-entropy: kernels/softmax.cl, softmax_xent.cl. */
#include "host/opencl/opencl.h"

enum {
    MAX_KEEP_ELEMENTS = 16, /* of a row that a work-item keeps in registers */
    GROUP_ITEMS = 256,      /* work-items of a work-group in GPU style */
    ITEMS_PER_UNIT = 8 /* CPU style: work-items for each compute unit, so that they share the rows evenly */
};

/* How rows are handed out; kernels/softmax_row.h says what the members are. */
typedef struct row_plan {
    int width, items, group, keep;
    bool aligned, wide;
    int64_t rows_each, units; /* units: work-items, or sets of `items` of them */
} row_plan;

static row_plan cpu_plan(const cg_hw_opencl *hw, cg_dtype dtype, int64_t rows, int64_t cols) {
    row_plan p = {.width = cg_cl_width(hw, dtype), .items = 1, .group = 1};
    while (p.width > 1 && cols <= p.width / 2) p.width /= 2;
    p.keep = cols <= p.width ? 1 : cols <= 4 * p.width ? 4 : 0;
    int64_t units = (int64_t)ITEMS_PER_UNIT * hw->base.info.compute_units;
    p.rows_each = (rows + units - 1) / units;
    p.units = (rows + p.rows_each - 1) / p.rows_each;
    return p;
}

/* Enough work-items for a row that each has a vector or a few, and several rows a group if rows are short. */
static row_plan gpu_plan(const cg_hw_opencl *hw, cg_dtype dtype, int64_t rows, int64_t cols, bool aligned) {
    row_plan p = {.width = aligned ? cg_cl_width(hw, dtype) : 1, .group = GROUP_ITEMS, .aligned = aligned};
    while (p.group > 1 && (size_t)p.group > hw->base.info.max_work_group) p.group /= 2;
    int64_t vectors = cols / p.width;
    p.items = 2; /* 1 would be the CPU style */
    while (p.items < p.group && p.items < vectors) p.items *= 2;
    if (p.items > p.group) p.group = p.items;
    int64_t keep = (vectors + p.items - 1) / p.items, most = MAX_KEEP_ELEMENTS / p.width;
    p.keep = keep > most ? 0 : 1; /* powers of 4, so that few kernels serve all lengths */
    while (p.keep && p.keep < keep) p.keep *= 4;
    p.rows_each = 1;
    p.units = rows;
    return p;
}

static row_plan plan_rows(const cg_hw_opencl *hw, cg_dtype dtype, int64_t rows, int64_t cols,
                          int64_t largest_offset, bool aligned) {
    row_plan p = hw->cpu_style ? cpu_plan(hw, dtype, rows, cols) : gpu_plan(hw, dtype, rows, cols, aligned);
    p.wide = (double)rows * (double)cols + (double)largest_offset > INT32_MAX / 2;
    return p;
}

static bool offsets_align(const cg_hw_opencl *hw, cg_dtype dtype, int64_t cols, int64_t x, int64_t out) {
    int width = cg_cl_width(hw, dtype);
    return cols % width == 0 && x % width == 0 && out % width == 0;
}

static cg_kernel_request row_request(const row_plan *p, const char *file, const char *entry, cg_dtype dtype) {
    cg_kernel_request r = {.file = file, .entry = entry, .type = dtype, .width = p->width};
    cg_request_define(&r, "ITEMS", p->items);
    cg_request_define(&r, "GROUP", p->group);
    cg_request_define(&r, "KEEP", p->keep);
    cg_request_define(&r, "ALIGNED_ROWS", p->aligned);
    cg_request_define(&r, "WIDE", p->wide);
    return r;
}

static cg_args row_args(cg_hw_opencl *hw, const cg_kernel_request *request, const row_plan *p, int64_t rows,
                        int64_t cols) {
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, request), request->entry);
    a.wide = p->wide;
    cg_arg_index(&a, rows);
    cg_arg_index(&a, cols);
    cg_arg_index(&a, p->rows_each);
    return a;
}

static void arg_operand(cg_args *a, const cg_operand *x) {
    cg_arg_buffer(a, x->buffer);
    cg_arg_index(a, x->offset);
}

static cg_status launch_rows(cg_args *a, const row_plan *p) {
    size_t items = (size_t)p->units * (size_t)p->items;
    return cg_cl_launch(a, 1, &items, (size_t[]){(size_t)p->group});
}

cg_status cg_cl_softmax(cg_hw *base, const cg_softmax_request *r) {
    cg_hw_opencl *hw = cg_cl(base);
    bool aligned = offsets_align(hw, r->dtype, r->cols, r->x.offset, r->out.offset);
    int64_t offset = r->x.offset > r->out.offset ? r->x.offset : r->out.offset;
    row_plan plan = plan_rows(hw, r->dtype, r->rows, r->cols, offset, aligned);
    cg_kernel_request request = row_request(&plan, "softmax.cl", "softmax", r->dtype);
    cg_request_define(&request, "LOG", r->log);
    cg_args a = row_args(hw, &request, &plan, r->rows, r->cols);
    arg_operand(&a, &r->x);
    arg_operand(&a, &r->out);
    return launch_rows(&a, &plan);
}

cg_status cg_cl_softmax_xent(cg_hw *base, const cg_softmax_xent_request *r) {
    cg_hw_opencl *hw = cg_cl(base);
    bool has_grad = r->grad.buffer != NULL;
    const cg_operand *grad = has_grad ? &r->grad : &r->x; /* without one the kernel does not touch it */
    bool aligned = offsets_align(hw, r->dtype, r->cols, r->x.offset, grad->offset);
    int64_t offset = r->x.offset > grad->offset ? r->x.offset : grad->offset;
    if (r->label.offset > offset) offset = r->label.offset;
    if (r->loss.offset > offset) offset = r->loss.offset;
    row_plan plan = plan_rows(hw, r->dtype, r->rows, r->cols, offset, aligned);
    cg_kernel_request request = row_request(&plan, "softmax_xent.cl", "softmax_xent", r->dtype);
    cg_request_define(&request, "LABEL", r->label.dtype);
    cg_request_define(&request, "GRAD", has_grad);
    cg_args a = row_args(hw, &request, &plan, r->rows, r->cols);
    arg_operand(&a, &r->x);
    arg_operand(&a, &r->label);
    arg_operand(&a, &r->loss);
    arg_operand(&a, grad);
    return launch_rows(&a, &plan);
}
