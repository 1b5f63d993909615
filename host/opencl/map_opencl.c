/* Elementwise programs: kernels/map.cl. */
#include "host/opencl/opencl.h"

enum {
    ITEM_MIN = 4096,   /* elements of a work-item in the CPU style: enough to pay for handing it out, */
    ITEM_MAX = 32768,  /* few enough to share the work evenly */
    ITEMS_PER_UNIT = 4 /* work-items per compute unit, the same */
};

typedef struct map_plan {
    int width;
    bool wide, aligned;
    int64_t rows, inner, chunk, chunks, per_item;
} map_plan;

static bool has_strided(const cg_program_layout *l, const cg_program *p) {
    for (int k = 0; k < p->n_inputs; k++)
        if (l->in_inner[k] == CG_INNER_STRIDED) return true;
    for (int k = 0; k < l->n_outputs; k++)
        if (l->out_inner[k] == CG_INNER_STRIDED) return true;
    return false;
}

/* Whether indices fit in an int, and whether vectors are aligned. */
static void plan_operands(map_plan *plan, const cg_map *r) {
    const cg_program *p = r->program;
    plan->wide = false;
    plan->aligned = plan->width > 1;
    for (int k = 0; k < p->n_inputs + p->n_outputs; k++) {
        const cg_operand *x = k < p->n_inputs ? &r->in[k] : &r->out[k - p->n_inputs];
        plan->wide = plan->wide || !cg_operand_is_narrow(x, r->rank, r->shape);
        plan->aligned = plan->aligned && cg_operand_is_aligned(x, r->rank, plan->width);
    }
}

static map_plan plan_map(const cg_hw_opencl *hw, const cg_map *r, const cg_program_layout *layout) {
    map_plan plan = {.width = cg_cl_width(hw, (cg_dtype)r->program->type), .rows = 1, .inner = r->shape[r->rank - 1]};
    for (int d = 0; d < r->rank - 1; d++) plan.rows *= r->shape[d];
    if (!hw->cpu_style && has_strided(layout, r->program)) plan.width = 1; /* neighbours in memory for neighbours */
    while (plan.width > 1 && plan.inner <= plan.width / 2) plan.width /= 2;
    plan_operands(&plan, r);
    if (hw->cpu_style) {
        plan.aligned = false; /* any alignment is as fast, and one kernel is less to compile */
        int64_t per_item = plan.rows * plan.inner / (ITEMS_PER_UNIT * hw->base.info.compute_units);
        per_item = per_item < ITEM_MIN ? ITEM_MIN : per_item > ITEM_MAX ? ITEM_MAX : per_item;
        plan.chunk = (per_item + plan.width - 1) / plan.width * plan.width;
        plan.chunks = (plan.inner + plan.chunk - 1) / plan.chunk;
        plan.per_item = plan.chunks > 1 || plan.inner > per_item ? 1 : per_item / plan.inner;
    } else {
        plan.chunk = plan.width;
        plan.chunks = (plan.inner + plan.chunk - 1) / plan.chunk;
        plan.per_item = 1;
    }
    return plan;
}

/* The bytes of all arguments: what cg_arg_program and the kernel itself take. */
static size_t parameter_bytes(const cg_map *r, bool wide) {
    size_t operands = (size_t)r->program->n_inputs + r->program->n_outputs, index = wide ? 8 : 4;
    size_t axes = (size_t)r->rank + 1; /* offset, strides */
    return operands * (8 + axes * index) + ((size_t)r->rank + 5) * index + (size_t)r->program->n_consts * 8;
}

/* One launch for each index of the first axis: for a map with more arguments than a kernel takes. */
static cg_status map_by_slices(cg_hw *hw, const cg_map *r) {
    const cg_program *p = r->program;
    cg_map slice = *r;
    slice.rank = r->rank - 1;
    for (int d = 1; d < r->rank; d++) slice.shape[d - 1] = r->shape[d];
    for (int k = 0; k < p->n_inputs + p->n_outputs; k++) {
        cg_operand *x = k < p->n_inputs ? &slice.in[k] : &slice.out[k - p->n_inputs];
        for (int d = 1; d < r->rank; d++) x->stride[d - 1] = x->stride[d];
    }
    for (int64_t i = 0; i < r->shape[0]; i++) {
        for (int k = 0; k < p->n_inputs; k++) slice.in[k].offset = r->in[k].offset + i * r->in[k].stride[0];
        for (int k = 0; k < p->n_outputs; k++) slice.out[k].offset = r->out[k].offset + i * r->out[k].stride[0];
        cg_status status = cg_cl_map(hw, &slice);
        if (status != CG_OK) return status;
    }
    return CG_OK;
}

cg_status cg_cl_map(cg_hw *base, const cg_map *r) {
    cg_hw_opencl *hw = cg_cl(base);
    if (r->rank == 0) { /* a scalar is a row of one */
        cg_map row = *r;
        row.rank = 1;
        row.shape[0] = 1;
        for (int k = 0; k < r->program->n_inputs; k++) row.in[k].stride[0] = 1;
        for (int k = 0; k < r->program->n_outputs; k++) row.out[k].stride[0] = 1;
        return cg_cl_map(base, &row);
    }
    cg_program_layout layout =
        cg_layout_of(r->program, r->rank - 1, 0, 0, r->program->n_outputs, r->in, r->out);
    map_plan plan = plan_map(hw, r, &layout);
    if (r->rank > 1 && parameter_bytes(r, plan.wide) > hw->max_parameter_bytes) return map_by_slices(base, r);
    cg_kernel_request request = {.file = "map.cl",
                                 .entry = "map",
                                 .type = (cg_dtype)r->program->type,
                                 .width = plan.width,
                                 .program = r->program,
                                 .layout = layout};
    cg_request_define(&request, "WIDE", plan.wide);
    cg_request_define(&request, "ALIGNED", plan.aligned);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &request), "map");
    a.wide = plan.wide;
    cg_arg_index(&a, plan.rows);
    cg_arg_index(&a, plan.inner);
    cg_arg_index(&a, plan.chunk);
    cg_arg_index(&a, plan.chunks);
    cg_arg_index(&a, plan.per_item);
    for (int d = 0; d < r->rank - 1; d++) cg_arg_index(&a, r->shape[d]);
    cg_arg_program(&a, r->program, &layout, r->in, r->out, r->consts);
    size_t items = (size_t)((plan.rows * plan.chunks + plan.per_item - 1) / plan.per_item);
    return cg_cl_launch(&a, 1, &items, (size_t[]){cg_cl_group_items(hw)});
}
