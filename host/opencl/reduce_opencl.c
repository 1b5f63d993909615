/*
 * Reductions: kernels/reduce_rows.cl or reduce_columns.cl, then reduce_combine.cl where the reduced part was cut
 * into segments to have enough work-items. How it is cut depends on the shape and the device only, so the same
 * request gives the same bits.
 */
#include "host/opencl/opencl.h"

#include <string.h>

enum {
    BLOCK_STEPS = 64,    /* BLOCK of kernels/reduce_fold.h */
    TASK_MIN = 16384,    /* elements that make a work-item worth its while in the CPU style */
    TASKS_PER_UNIT = 4,  /* tasks per compute unit wanted in the CPU style, */
    GROUPS_PER_UNIT = 8, /* groups in the GPU style */
    MAX_SEGMENTS = 2048,
    SHORT_ROW = 16,    /* up to here a row is better walked by one lane */
    MAX_TASK_BITS = 30 /* elements of a task: indices within are int */
};

/* The request with its axes in the order of the layout: outer, loop, inner. */
typedef struct reduce_view {
    bool columns; /* lanes along the last kept axis, else along the last reduced one */
    int n_outer, n_loop, rank;
    int64_t shape[CG_MAX_RANK];
    cg_operand in[CG_MAX_INPUTS];
    int64_t kept, reduced; /* products of the axes */
    int64_t inner;
    bool wide;
} reduce_view;

typedef struct reduce_plan {
    int width, items, group, cols;
    bool aligned;
    int64_t chunk, chunks, units; /* rows: see reduce_rows.cl; columns: units are reduced indices */
    int64_t segments, per_segment, per_item;
} reduce_plan;

/* Where partial results go. */
typedef struct reduce_scratch {
    cg_buffer *value, *index;
} reduce_scratch;

static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t at_least(int64_t a, int64_t low) { return a < low ? low : a; }
static int64_t at_most(int64_t a, int64_t high) { return a > high ? high : a; }

/* How many inputs are of a class along an axis. */
static int inputs_of_class(const cg_reduce_request *r, int axis, cg_inner_class class) {
    int n = 0;
    for (int k = 0; k < r->program->n_inputs; k++) n += cg_inner_class_of(r->in[k].stride[axis]) == class;
    return n;
}

/* A strided input costs far more than a fixed one: matrices decide, and vectors beside them only where those do not. */
static bool wants_columns(const cg_reduce_request *r, int64_t reduced) {
    if (r->n_kept == 0) return false;
    if (r->n_kept == r->rank) return true;
    if (reduced <= SHORT_ROW && r->shape[r->n_kept - 1] >= reduced) return true;
    const int kept = r->n_kept - 1, last = r->rank - 1;
    const int strided =
        inputs_of_class(r, kept, CG_INNER_STRIDED) - inputs_of_class(r, last, CG_INNER_STRIDED);
    if (strided != 0) return strided < 0;
    return inputs_of_class(r, kept, CG_INNER_UNIT) > inputs_of_class(r, last, CG_INNER_UNIT);
}

static void set_axis(reduce_view *v, const cg_reduce_request *r, int to, int from) {
    v->shape[to] = r->shape[from];
    for (int k = 0; k < r->program->n_inputs; k++) v->in[k].stride[to] = r->in[k].stride[from];
}

static reduce_view view_of(const cg_reduce_request *r) {
    reduce_view v = {.rank = r->rank, .kept = 1, .reduced = 1};
    int64_t all = 1;
    for (int d = 0; d < r->rank; d++) *(d < r->n_kept ? &v.kept : &v.reduced) *= r->shape[d];
    v.columns = wants_columns(r, v.reduced);
    v.n_outer = r->n_kept - v.columns;
    v.n_loop = r->rank - 1 - v.n_outer;
    for (int k = 0; k < r->program->n_inputs; k++) v.in[k] = r->in[k];
    for (int d = 0; d < v.n_outer; d++) set_axis(&v, r, d, d);
    for (int d = 0; d < v.n_loop; d++) set_axis(&v, r, v.n_outer + d, r->n_kept + d);
    set_axis(&v, r, r->rank - 1, v.columns ? r->n_kept - 1 : r->rank - 1);
    v.inner = v.shape[v.rank - 1];
    v.wide = __builtin_mul_overflow(v.kept, v.reduced, &all) || all > INT32_MAX - (1 << 24) ||
             !cg_operand_is_narrow(&r->out, r->n_kept, r->shape);
    for (int k = 0; k < r->program->n_inputs; k++)
        v.wide = v.wide || !cg_operand_is_narrow(&v.in[k], v.rank, v.shape);
    return v;
}

/* Whether every input has stride 0 or 1 along the inner axis. */
static bool is_smooth(const reduce_view *v, const cg_program *p) {
    for (int k = 0; k < p->n_inputs; k++)
        if (cg_inner_class_of(v->in[k].stride[v->rank - 1]) == CG_INNER_STRIDED) return false;
    return true;
}

static bool is_aligned(const reduce_view *v, const cg_program *p, int width) {
    for (int k = 0; k < p->n_inputs; k++)
        if (!cg_operand_is_aligned(&v->in[k], v->rank, width)) return false;
    return width > 1;
}

/* Cuts `units` of `unit_elements` each into segments so that there are about `wanted` of them, none too small. */
static void plan_segments(reduce_plan *plan, int64_t wanted, int64_t unit_elements, int64_t least_elements) {
    int64_t least = divide_up(least_elements, unit_elements);
    int64_t most = at_least(((int64_t)1 << MAX_TASK_BITS) / unit_elements, 1);
    plan->per_segment = divide_up(plan->units, at_most(at_least(wanted, 1), MAX_SEGMENTS));
    plan->per_segment = at_most(at_least(plan->per_segment, least), most);
    plan->segments = divide_up(plan->units, plan->per_segment);
}

static void plan_columns(reduce_plan *plan, const cg_hw_opencl *hw, const reduce_view *v,
                         const cg_reduce_request *r) {
    int64_t units = hw->base.info.compute_units;
    bool gpu = !hw->cpu_style;
    if (gpu && (v->inner % plan->width != 0 || v->inner < 256 * plan->width || !is_smooth(v, r->program)))
        plan->width = 1;
    while (plan->width > 1 && v->inner <= plan->width / 2) plan->width /= 2;
    plan->cols = gpu ? 1 : r->kind >= CG_REDUCE_ARGMAX ? 4 : 8;
    while (plan->cols > 1 && v->inner < plan->cols * plan->width) plan->cols /= 2;
    plan->units = v->reduced;
    plan->chunk = plan->chunks = 1;
    int64_t tasks = v->kept / v->inner * divide_up(v->inner, plan->cols * plan->width);
    int64_t wanted = gpu ? units * GROUPS_PER_UNIT * plan->group : units * TASKS_PER_UNIT;
    int64_t row = (int64_t)plan->cols * plan->width;
    plan_segments(plan, divide_up(wanted, tasks), row, gpu ? 32 * row : TASK_MIN);
    plan->per_item = gpu || plan->segments > 1 ? 1 : at_least(TASK_MIN / (row * v->reduced), 1);
}

static void plan_rows(reduce_plan *plan, const cg_hw_opencl *hw, const reduce_view *v,
                      const cg_reduce_request *r) {
    int64_t units = hw->base.info.compute_units, steps = BLOCK_STEPS;
    bool gpu = !hw->cpu_style;
    if (gpu && !is_smooth(v, r->program)) plan->width = 1;
    if (gpu) plan->items = v->inner >= 512 ? plan->group : (int)at_most(32, plan->group);
    while (plan->width > 1 && v->inner <= plan->width / 2 * plan->items) plan->width /= 2;
    int64_t step = (int64_t)plan->items * plan->width;
    int64_t wanted = gpu ? divide_up(units * GROUPS_PER_UNIT * (plan->group / plan->items), v->kept)
                         : divide_up(units * TASKS_PER_UNIT, v->kept);
    if (gpu) steps = at_most(at_least(v->reduced / wanted / step, 4), BLOCK_STEPS);
    plan->chunk = steps * step;
    plan->chunks = divide_up(v->inner, plan->chunk);
    plan->units = v->reduced / v->inner * plan->chunks;
    plan_segments(plan, wanted, at_most(plan->chunk, v->inner), gpu ? plan->chunk : TASK_MIN);
    plan->per_item = 1;
    if (!gpu && plan->segments == 1) {
        int64_t rows = at_least(TASK_MIN / v->reduced, 1);
        plan->per_item = rows;
    }
}

static reduce_plan plan_reduce(const cg_hw_opencl *hw, const reduce_view *v, const cg_reduce_request *r) {
    reduce_plan plan = {
        .width = cg_cl_width(hw, (cg_dtype)r->program->type), .items = 1, .group = 1, .cols = 1};
    while (plan.group * 2 <= (int)cg_cl_group_items(hw)) plan.group *= 2;
    if (v->columns)
        plan_columns(&plan, hw, v, r);
    else
        plan_rows(&plan, hw, v, r);
    plan.aligned = !hw->cpu_style && is_aligned(v, r->program, plan.width);
    return plan;
}

/* The output of the first stage, its strides in the order of the layout; *out_step: along the inner axis. */
static cg_operand first_output(const cg_reduce_request *r, const reduce_view *v, const reduce_plan *plan,
                               const reduce_scratch *scratch, int64_t *out_step) {
    cg_operand out = {.buffer = r->out.buffer, .dtype = r->out.dtype, .offset = r->out.offset};
    int64_t step = v->columns ? 1 : plan->segments; /* of the innermost kept axis in the scratch */
    if (plan->segments > 1) out = (cg_operand){.buffer = scratch->value, .dtype = (cg_dtype)r->program->type};
    *out_step = 0;
    for (int d = r->n_kept - 1; d >= 0; d--) {
        int64_t stride = plan->segments > 1 ? step : r->out.stride[d];
        if (d < v->n_outer)
            out.stride[d] = stride;
        else
            *out_step = stride;
        step *= r->shape[d];
    }
    return out;
}

static void define_stage(cg_kernel_request *q, const cg_reduce_request *r, const reduce_view *v, int items,
                         int group, bool partial) {
    cg_request_define(q, "WIDE", v->wide);
    cg_request_define(q, "KIND", r->kind);
    cg_request_define(q, "ITEMS", items);
    cg_request_define(q, "GROUP", group);
    cg_request_define(q, "PARTIAL", partial);
}

/* reduce_rows or reduce_columns: every task of every segment. */
static cg_status first_stage(cg_hw_opencl *hw, const cg_reduce_request *r, const reduce_view *v,
                             const reduce_plan *plan, const reduce_scratch *scratch) {
    int64_t out_step, blocks = divide_up(v->inner, plan->cols * plan->width), outers = v->kept / v->inner;
    bool partial = plan->segments > 1;
    cg_operand out = first_output(r, v, plan, scratch, &out_step);
    cg_kernel_request q = {.file = v->columns ? "reduce_columns.cl" : "reduce_rows.cl",
                           .entry = v->columns ? "reduce_columns" : "reduce_rows",
                           .type = (cg_dtype)r->program->type,
                           .width = plan->width,
                           .program = r->program,
                           .layout = cg_layout_of(r->program, v->n_outer, v->n_loop, 0, 1, v->in, &out)};
    define_stage(&q, r, v, plan->items, plan->group, partial);
    cg_request_define(&q, "ALIGNED", plan->aligned);
    cg_request_define(&q, "COLS", plan->cols);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &q), "reduce");
    a.wide = v->wide;
    int64_t tasks = v->columns ? outers * blocks * plan->segments : v->kept * plan->segments;
    const int64_t columns[] = {tasks,      v->inner,          blocks,  outers,
                               v->reduced, plan->per_segment, v->kept, out_step};
    const int64_t rows[] = {tasks,       v->inner,       plan->chunk,      plan->chunks,
                            plan->units, plan->segments, plan->per_segment};
    for (int i = 0; i < (v->columns ? 8 : 7); i++) cg_arg_index(&a, v->columns ? columns[i] : rows[i]);
    cg_arg_index(&a, plan->per_item);
    if (partial && r->kind >= CG_REDUCE_ARGMAX) cg_arg_buffer(&a, scratch->index);
    for (int d = 0; d < v->rank - 1; d++) cg_arg_index(&a, v->shape[d]);
    cg_arg_program(&a, r->program, &q.layout, v->in, &out, r->consts);
    size_t global = (size_t)(divide_up(tasks, plan->per_item) * plan->items);
    return cg_cl_launch(&a, 1, &global, (size_t[]){(size_t)plan->group});
}

/* reduce_combine: the segments of each kept index. */
static cg_status second_stage(cg_hw_opencl *hw, const cg_reduce_request *r, const reduce_view *v,
                              const reduce_plan *plan, const reduce_scratch *scratch) {
    cg_program identity = cg_program_identity((cg_dtype)r->program->type);
    int items = plan->group == 1 ? 1 : plan->segments > 32 ? plan->group : (int)at_most(32, plan->group);
    int64_t per_item = plan->group == 1 ? at_least(TASK_MIN / plan->segments, 1) : 1;
    cg_kernel_request q = {.file = "reduce_combine.cl",
                           .entry = "reduce_combine",
                           .type = (cg_dtype)r->program->type,
                           .width = 1,
                           .program = &identity,
                           .layout = {.n_outer = (uint8_t)r->n_kept,
                                      .first_input = 1,
                                      .n_outputs = 1,
                                      .out_dtype = {(uint8_t)r->out.dtype},
                                      .out_inner = {CG_INNER_FIXED}}};
    define_stage(&q, r, v, items, plan->group, false);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &q), "reduce");
    a.wide = v->wide;
    const int64_t numbers[] = {v->kept, plan->segments, v->columns ? 1 : plan->segments,
                               v->columns ? v->kept : 1, per_item};
    for (int i = 0; i < 5; i++) cg_arg_index(&a, numbers[i]);
    cg_arg_buffer(&a, scratch->value);
    cg_arg_buffer(&a, scratch->index);
    for (int d = 0; d < r->n_kept; d++) cg_arg_index(&a, r->shape[d]);
    cg_arg_program(&a, &identity, &q.layout, NULL, &r->out, NULL);
    size_t global = (size_t)(divide_up(v->kept, per_item) * items);
    return cg_cl_launch(&a, 1, &global, (size_t[]){(size_t)plan->group});
}

static cg_status reduce_in_two(cg_hw_opencl *hw, const cg_reduce_request *r, const reduce_view *v,
                               const reduce_plan *plan) {
    size_t n = (size_t)(v->kept * plan->segments);
    bool arg = r->kind >= CG_REDUCE_ARGMAX;
    reduce_scratch scratch = {.value = cg_cl_alloc(&hw->base, n * cg_dtype_size((cg_dtype)r->program->type))};
    cg_status status = scratch.value ? CG_OK : hw->base.err->code;
    if (status == CG_OK && arg && !(scratch.index = cg_cl_alloc(&hw->base, n * sizeof(cl_long))))
        status = hw->base.err->code;
    if (status == CG_OK) status = first_stage(hw, r, v, plan, &scratch);
    if (status == CG_OK) status = second_stage(hw, r, v, plan, &scratch);
    cg_cl_free(&hw->base, scratch.index);
    cg_cl_free(&hw->base, scratch.value);
    return status;
}

/* The bytes of all arguments of the first stage. */
static size_t parameter_bytes(const cg_reduce_request *r, bool wide) {
    size_t index = wide ? 8 : 4, operands = (size_t)r->program->n_inputs + 1;
    return operands * (8 + ((size_t)r->rank + 1) * index) + ((size_t)r->rank + 10) * index +
           (size_t)r->program->n_consts * 8;
}

/* First the program into memory, then a plain reduction: for a program with more arguments than a kernel takes. */
static cg_status reduce_after_map(cg_hw *base, const cg_reduce_request *r) {
    cg_program identity = cg_program_identity((cg_dtype)r->program->type);
    cg_map_request map = {.program = r->program, .rank = r->rank};
    cg_operand value = {.dtype = (cg_dtype)r->program->type};
    int64_t n = 1;
    for (int d = r->rank - 1; d >= 0; d--) {
        value.stride[d] = n;
        n *= map.shape[d] = r->shape[d];
    }
    value.buffer = cg_cl_alloc(base, (size_t)n * cg_dtype_size(value.dtype));
    if (!value.buffer) return base->err->code;
    memcpy(map.in, r->in, sizeof map.in);
    memcpy(map.consts, r->consts, sizeof map.consts);
    map.out[0] = value;
    cg_reduce_request plain = *r;
    plain.program = &identity;
    plain.in[0] = value;
    cg_status status = cg_cl_map(base, &map);
    if (status == CG_OK) status = cg_cl_reduce(base, &plain);
    cg_cl_free(base, value.buffer);
    return status;
}

cg_status cg_cl_reduce(cg_hw *base, const cg_reduce_request *r) {
    cg_hw_opencl *hw = cg_cl(base);
    if (r->rank == 0) { /* a scalar is reduced over an axis of one */
        cg_reduce_request one = *r;
        one.rank = 1;
        one.shape[0] = 1;
        for (int k = 0; k < r->program->n_inputs; k++) one.in[k].stride[0] = 1;
        return cg_cl_reduce(base, &one);
    }
    reduce_view v = view_of(r);
    if (parameter_bytes(r, v.wide) > hw->max_parameter_bytes && r->program->n_inputs > 1)
        return reduce_after_map(base, r);
    reduce_plan plan = plan_reduce(hw, &v, r);
    return plan.segments > 1 ? reduce_in_two(hw, r, &v, &plan)
                             : first_stage(hw, r, &v, &plan, &(reduce_scratch){0});
}
