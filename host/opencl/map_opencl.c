/* Elementwise programs: kernels/map.cl. */
#include "host/opencl/opencl.h"

#include <stdlib.h>

enum {
    ITEM_MIN = 4096,    /* elements of a work-item in the CPU style: enough to pay for handing it out, */
    ITEM_MAX = 32768,   /* few enough to share the work evenly */
    ITEMS_PER_UNIT = 4, /* work-items per compute unit, the same */
    TILE = 16,          /* rows of a tile: what a cache line holds of f32 */
    TILE_CHUNK = 256,   /* columns of a tile in the CPU style, */
    TILE_WIDTH = 4, /* and its vectors: lines a large power of two apart share a few places of the cache */
    SHORT_ROWS = 3  /* rows of fewer vectors than this are run together */
};

/* How a request is laid over the kernel. */
typedef enum map_form {
    FORM_PLAIN,
    FORM_ROWS, /* the last two axes as one: short rows, beside operands that repeat (a bias) */
    FORM_TILE  /* tiles of TILE rows: an operand that runs across the rows (a transposed matrix) */
} map_form;

/* The request in that form, and how it is cut. */
typedef struct map_plan {
    map_form form;
    cg_map_request map; /* axes in the order of the layout */
    cg_program_layout layout;
    int width, items;
    bool wide, aligned;
    int64_t rows, inner, chunk, chunks, per_item;
    int64_t length, period; /* of the tiled axis; of the rows that run together */
} map_plan;

static int operand_count(const cg_map_request *r) { return r->program->n_inputs + r->program->n_outputs; }

static cg_operand *operand_at(cg_map_request *r, int k) {
    return k < r->program->n_inputs ? &r->in[k] : &r->out[k - r->program->n_inputs];
}

static const cg_operand *operand_of(const cg_map_request *r, int k) {
    return k < r->program->n_inputs ? &r->in[k] : &r->out[k - r->program->n_inputs];
}

/* The axis along which an operand with a strided inner axis runs on: its smallest stride. -1: none is strided. */
static int tiled_axis(const cg_map_request *r) {
    for (int k = 0; k < operand_count(r); k++) {
        const cg_operand *x = operand_of(r, k);
        int64_t smallest = llabs(x->stride[r->rank - 1]);
        int axis = -1;
        for (int d = 0; smallest > 1 && d < r->rank - 1; d++) {
            int64_t stride = llabs(x->stride[d]);
            if (stride == 0 || stride >= smallest || r->shape[d] < TILE / 2) continue;
            smallest = stride;
            axis = d;
        }
        if (axis >= 0) return axis;
    }
    return -1;
}

/* Whether the last two axes of an operand are one in memory. */
static bool is_flat(const cg_map_request *r, const cg_operand *x) {
    return x->stride[r->rank - 1] == 1 && x->stride[r->rank - 2] == r->shape[r->rank - 1];
}

static bool has_short_rows(const cg_map_request *r, int width) {
    int64_t inner = r->shape[r->rank - 1];
    if (r->rank < 2 || inner % width == 0 || inner >= SHORT_ROWS * width || r->shape[r->rank - 2] == 1)
        return false;
    for (int k = 0; k < r->program->n_outputs; k++)
        if (!is_flat(r, &r->out[k])) return false;
    return true;
}

/* The last two axes become one; inputs of neither stride 0 nor 1 along it are read row by row. */
static void lay_rows(map_plan *plan, const cg_map_request *r) {
    int last = r->rank - 1;
    plan->map = *r;
    plan->map.rank = last;
    plan->map.shape[last - 1] = r->shape[last - 1] * r->shape[last];
    plan->period = r->shape[last];
    for (int k = 0; k < operand_count(r); k++) {
        const cg_operand *from = operand_of(r, k);
        cg_operand *to = operand_at(&plan->map, k);
        to->stride[last - 1] = from->stride[last];
        to->stride[last] = from->stride[last - 1];
    }
    plan->layout =
        cg_layout_of(r->program, last - 1, 0, 0, r->program->n_outputs, plan->map.in, plan->map.out);
    for (int k = 0; k < r->program->n_inputs; k++)
        if (!is_flat(r, &r->in[k]) && (r->in[k].stride[last] != 0 || r->in[k].stride[last - 1] != 0))
            plan->layout.in_inner[k] = CG_INNER_ROWS;
}

/* Axis `tiled` becomes the last outer axis, counted in blocks, and a loop axis of TILE. */
static void lay_tiles(map_plan *plan, const cg_map_request *r, int tiled) {
    plan->map = *r;
    plan->map.rank = r->rank + 1;
    plan->length = r->shape[tiled];
    int from[CG_MAX_RANK], n = 0;
    for (int d = 0; d < r->rank - 1; d++)
        if (d != tiled) from[n++] = d;
    from[n] = from[n + 1] = tiled;
    from[n + 2] = r->rank - 1;
    for (int d = 0; d < n + 3; d++) {
        plan->map.shape[d] = r->shape[from[d]];
        for (int k = 0; k < operand_count(r); k++)
            operand_at(&plan->map, k)->stride[d] = operand_of(r, k)->stride[from[d]] * (d == n ? TILE : 1);
    }
    plan->map.shape[n] = (plan->length + TILE - 1) / TILE;
    plan->map.shape[n + 1] = TILE;
    plan->layout = cg_layout_of(r->program, n + 1, 1, 0, r->program->n_outputs, plan->map.in, plan->map.out);
}

static bool is_wide(const cg_map_request *r) {
    for (int k = 0; k < operand_count(r); k++)
        if (!cg_operand_is_narrow(operand_of(r, k), r->rank, r->shape)) return true;
    return false;
}

static bool is_aligned(const map_plan *plan) {
    for (int k = 0; k < operand_count(&plan->map); k++)
        if (!cg_operand_is_aligned(operand_of(&plan->map, k), plan->map.rank, plan->width)) return false;
    return plan->width > 1;
}

static bool has_strided(const map_plan *plan) {
    for (int k = 0; k < plan->map.program->n_inputs; k++)
        if (plan->layout.in_inner[k] == CG_INNER_STRIDED) return true;
    for (int k = 0; k < plan->layout.n_outputs; k++)
        if (plan->layout.out_inner[k] == CG_INNER_STRIDED) return true;
    return false;
}

static void cut_for_cpu(map_plan *plan, const cg_hw_opencl *hw) {
    int64_t tile = plan->form == FORM_TILE ? TILE : 1; /* rows of a unit */
    int64_t per_item = plan->rows * tile * plan->inner / (ITEMS_PER_UNIT * hw->base.info.compute_units);
    per_item = per_item < ITEM_MIN ? ITEM_MIN : per_item > ITEM_MAX ? ITEM_MAX : per_item;
    int64_t longest = plan->form == FORM_TILE ? TILE_CHUNK : per_item;
    plan->chunk =
        ((plan->inner < longest ? plan->inner : longest) + plan->width - 1) / plan->width * plan->width;
    plan->chunks = (plan->inner + plan->chunk - 1) / plan->chunk;
    plan->per_item = per_item / (tile * (plan->chunk < plan->inner ? plan->chunk : plan->inner));
    if (plan->per_item < 1) plan->per_item = 1;
}

static void cut_for_gpu(map_plan *plan) {
    plan->chunk = plan->form == FORM_TILE ? TILE : plan->width;
    plan->chunks = (plan->inner + plan->chunk - 1) / plan->chunk;
    plan->per_item = 1;
}

static void plan_map(map_plan *plan, const cg_hw_opencl *hw, const cg_map_request *r) {
    int tiled = r->rank < CG_MAX_RANK ? tiled_axis(r) : -1;
    bool can_tile = hw->cpu_style || cg_cl_group_items(hw) == TILE * TILE;
    plan->width = cg_cl_width(hw, (cg_dtype)r->program->type);
    plan->items = 1;
    plan->length = plan->period = 1;
    plan->form = tiled >= 0 && can_tile ? FORM_TILE : has_short_rows(r, plan->width) ? FORM_ROWS : FORM_PLAIN;
    if (plan->form == FORM_TILE) {
        lay_tiles(plan, r, tiled);
        if (!hw->cpu_style) plan->items = TILE * TILE;
        if (plan->width > TILE_WIDTH) plan->width = TILE_WIDTH;
    } else if (plan->form == FORM_ROWS) {
        lay_rows(plan, r);
    } else {
        plan->map = *r;
        plan->layout = cg_layout_of(r->program, r->rank - 1, 0, 0, r->program->n_outputs, r->in, r->out);
    }
    plan->inner = plan->map.shape[plan->map.rank - 1];
    plan->rows = 1;
    for (int d = 0; d < plan->layout.n_outer; d++) plan->rows *= plan->map.shape[d];
    if (!hw->cpu_style && has_strided(plan)) plan->width = 1; /* neighbours in memory for neighbours */
    while (plan->width > 1 && plan->inner <= plan->width / 2) plan->width /= 2;
    plan->wide = is_wide(r);
    plan->aligned =
        !hw->cpu_style && is_aligned(plan); /* a CPU does not care, and has one kernel less to compile */
    if (hw->cpu_style)
        cut_for_cpu(plan, hw);
    else
        cut_for_gpu(plan);
}

/* The bytes of all arguments: what cg_arg_program and the kernel itself take. */
static size_t parameter_bytes(const map_plan *plan) {
    size_t operands = (size_t)operand_count(&plan->map), index = plan->wide ? 8 : 4,
           rank = (size_t)plan->map.rank;
    return operands * (8 + (rank + 2) * index) + (rank + 8) * index + (size_t)plan->map.program->n_consts * 8;
}

static cg_status launch_map(cg_hw_opencl *hw, const map_plan *plan) {
    const cg_program *p = plan->map.program;
    cg_kernel_request q = {.file = "map.cl",
                           .entry = "map",
                           .type = (cg_dtype)p->type,
                           .width = plan->width,
                           .program = p,
                           .layout = plan->layout};
    int n_axes = plan->map.rank - 1;
    cg_request_define(&q, "WIDE", plan->wide);
    cg_request_define(&q, "ALIGNED", plan->aligned);
    cg_request_define(&q, "TILE", plan->form == FORM_TILE ? TILE : 0);
    cg_request_define(&q, "ITEMS", plan->items);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &q), "map");
    a.wide = plan->wide;
    int64_t blocks = plan->form == FORM_TILE ? plan->map.shape[plan->layout.n_outer - 1] : 1;
    const int64_t numbers[] = {plan->rows,     plan->inner, plan->chunk,  plan->chunks,
                               plan->per_item, blocks,      plan->length, plan->period};
    for (int i = 0; i < 8; i++) cg_arg_index(&a, numbers[i]);
    for (int d = 0; d < n_axes; d++) cg_arg_index(&a, plan->map.shape[d]);
    cg_arg_program(&a, p, &plan->layout, plan->map.in, plan->map.out, plan->map.consts);
    size_t global =
        (size_t)((plan->rows * plan->chunks + plan->per_item - 1) / plan->per_item) * (size_t)plan->items;
    return cg_cl_launch(&a, 1, &global, (size_t[]){cg_cl_group_items(hw)});
}

/* One launch for each index of the first axis: for a map with more arguments than a kernel takes. */
static cg_status map_by_slices(cg_hw *hw, const cg_map_request *r) {
    cg_map_request slice = *r;
    slice.rank = r->rank - 1;
    for (int d = 1; d < r->rank; d++) slice.shape[d - 1] = r->shape[d];
    for (int k = 0; k < operand_count(r); k++)
        for (int d = 1; d < r->rank; d++) operand_at(&slice, k)->stride[d - 1] = operand_of(r, k)->stride[d];
    for (int64_t i = 0; i < r->shape[0]; i++) {
        for (int k = 0; k < operand_count(r); k++)
            operand_at(&slice, k)->offset = operand_of(r, k)->offset + i * operand_of(r, k)->stride[0];
        cg_status status = cg_cl_map(hw, &slice);
        if (status != CG_OK) return status;
    }
    return CG_OK;
}

cg_status cg_cl_map(cg_hw *base, const cg_map_request *r) {
    cg_hw_opencl *hw = cg_cl(base);
    map_plan plan;
    if (r->rank == 0) { /* a scalar is a row of one */
        cg_map_request row = *r;
        row.rank = 1;
        row.shape[0] = 1;
        for (int k = 0; k < operand_count(r); k++) operand_at(&row, k)->stride[0] = 1;
        return cg_cl_map(base, &row);
    }
    plan_map(&plan, hw, r);
    if (r->rank > 1 && parameter_bytes(&plan) > hw->max_parameter_bytes) return map_by_slices(base, r);
    return launch_map(hw, &plan);
}
