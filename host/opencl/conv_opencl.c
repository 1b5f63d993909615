/*
 * Convolutions: windows as columns by a kernel of their own (kernels/conv_columns.cl), products of matrices by the device's
 * best, for as many images at a time as the columns may take, or of a large one as many rows of windows; channels that meet
 * few others directly (conv_thin.cl).
 */
#include "host/opencl/opencl.h"
#include "host/opencl/windows_opencl.h"

#include "core/rows.h"

enum { MOST_PAIRS = 4 };                  /* inputs times outputs of a group that conv_thin.cl takes */
#define COLUMNS_BYTES ((int64_t)64 << 20) /* for the columns that are made at a time */

/* What the steps share. Of a group: k outputs, rows = inputs times taps; windows and elements of a plane. */
typedef struct conv_run {
    cg_hw_opencl *hw;
    const cg_conv_request *r;
    int64_t k, c, taps, rows, windows, elements, size;
    int64_t images, lines; /* at a time; fewer lines, which are rows of windows, than all only of one image */
    cg_operand columns, turned;
} conv_run;

/* What is done at a time: `images` from `image` on, of each the `windows` in `lines` lines from `line` on. */
typedef struct conv_part {
    int64_t image, images, line, lines, windows;
    int64_t at; /* of its first window in a plane of y */
} conv_part;

static conv_run run_of(cg_hw *hw, const cg_conv_request *r) {
    const cg_windows *w = &r->windows;
    conv_run run = {.hw = cg_cl(hw),
                    .r = r,
                    .k = r->k / r->groups,
                    .c = r->c / r->groups,
                    .taps = w->kernel[0] * w->kernel[1],
                    .windows = w->out[0] * w->out[1],
                    .elements = w->in[0] * w->in[1],
                    .size = (int64_t)cg_dtype_size(r->dtype)};
    run.rows = run.c * run.taps;
    const int64_t most = (int64_t)run.hw->base.info.max_buffer_bytes;
    const int64_t line = r->c * run.taps * w->out[1] * run.size;
    const int64_t lines = (most < COLUMNS_BYTES ? most : COLUMNS_BYTES) / line;
    run.lines = lines < 1 ? 1 : lines < w->out[0] ? lines : w->out[0];
    run.images = lines / w->out[0];
    if (run.images > r->n) run.images = r->n;
    if (run.images < 1) run.images = 1;
    return run;
}

/* --- Columns -------------------------------------------------------------------------------------------------------- */

/*
 * The windows of a part by themselves: fewer, of which the first lies line strides further down. The padding may become
 * negative, which the kernels take.
 */
static cg_windows windows_of(const conv_run *run, const conv_part *part) {
    cg_windows w = run->r->windows;
    w.padding[0] -= part->line * w.stride[0];
    w.out[0] = part->lines;
    return w;
}

/*
 * conv_columns, or conv_image (which adds to the image unless the part begins it). The columns are (image, c taps,
 * windows), or, `beside`, (c taps, image, windows).
 */
static cg_status move_columns(const conv_run *run, bool back, bool beside, const conv_part *part) {
    const cg_conv_request *r = run->r;
    const cg_windows w = windows_of(run, part);
    const int64_t images = part->images, windows = part->windows;
    const int64_t lines = images * r->c * run->taps, planes = images * r->c;
    const int64_t rows_units = back ? planes : lines, all = back ? planes * run->elements : lines * windows;
    const int64_t most = lines * windows > planes * run->elements ? lines * windows : planes * run->elements;
    cg_operand x = r->x;
    x.offset += part->image * r->c * run->elements;
    const char *entry = back ? "conv_image" : "conv_columns";
    cg_window_kernel k = cg_window_kernel_of(run->hw, "conv_columns.cl", entry, r->dtype, &r->windows,
                                             rows_units, all, most + x.offset);
    cg_arg_index(&k.args, r->c);
    cg_arg_index(&k.args, beside ? windows : r->c * run->taps * windows);
    cg_arg_index(&k.args, beside ? images * windows : windows);
    cg_arg_windows(&k, &w);
    cg_arg_operand(&k, &x);
    cg_arg_buffer(&k.args, run->columns.buffer);
    if (back) cg_arg_i32(&k.args, part->line > 0);
    return cg_window_launch(&k);
}

/* --- Products: matrices over (image, group) ---------------------------------------------------------------------------- */

static cg_matrix matrix(const cg_operand *x, int64_t offset, int64_t image, int64_t group, int64_t row,
                        int64_t col) {
    return (cg_matrix){
        .buffer = x->buffer, .offset = x->offset + offset, .batch = {image, group}, .row = row, .col = col};
}

static cg_program addition(cg_dtype type) {
    cg_program add = {.type = (uint8_t)type, .n_inputs = 2, .n_outputs = 1};
    add.output[0] = (uint8_t)cg_program_push(&add, CG_ROW_add, 0, 1, 0);
    return add;
}

static cg_status forward(const conv_run *run, const conv_part *part) {
    const cg_conv_request *r = run->r;
    const int64_t plane = run->k * run->windows;
    cg_matmul_request m = {.dtype = r->dtype,
                           .m = run->k,
                           .n = part->windows,
                           .k = run->rows,
                           .batch_rank = 2,
                           .batch = {part->images, r->groups},
                           .a = matrix(&r->w, 0, 0, run->k * run->rows, run->rows, 1),
                           .b = matrix(&run->columns, 0, r->groups * run->rows * part->windows,
                                       run->rows * part->windows, part->windows, 1),
                           .c = matrix(&r->y, part->image * r->groups * plane + part->at, r->groups * plane,
                                       plane, run->windows, 1)};
    const cg_program add = addition(r->dtype);
    if (r->bias.buffer) {
        m.epilogue = &add;
        m.in[0] = r->bias;
        m.in[0].stride[0] = m.in[0].stride[3] = 0;
        m.in[0].stride[1] = run->k;
        m.in[0].stride[2] = 1;
    }
    const cg_status status = move_columns(run, false, false, part);
    return status == CG_OK ? cg_hw_matmul(&run->hw->base, &m) : status;
}

static cg_status input_grad(const conv_run *run, const conv_part *part) {
    const cg_conv_request *r = run->r;
    const int64_t plane = run->k * run->windows;
    const cg_matmul_request m = {.dtype = r->dtype,
                                 .m = run->rows,
                                 .n = part->windows,
                                 .k = run->k,
                                 .batch_rank = 2,
                                 .batch = {part->images, r->groups},
                                 .a = matrix(&r->w, 0, 0, run->k * run->rows, 1, run->rows),
                                 .b = matrix(&r->y, part->image * r->groups * plane + part->at,
                                             r->groups * plane, plane, run->windows, 1),
                                 .c = matrix(&run->columns, 0, r->groups * run->rows * part->windows,
                                             run->rows * part->windows, part->windows, 1)};
    const cg_status status = cg_hw_matmul(&run->hw->base, &m);
    return status == CG_OK ? move_columns(run, true, false, part) : status;
}

/* y (images, K, windows) as (K, images, windows). */
static cg_status turn(const conv_run *run, const conv_part *part) {
    const cg_conv_request *r = run->r;
    const cg_program identity = cg_program_identity(r->dtype);
    cg_map_request map = {.program = &identity,
                          .rank = 3,
                          .shape = {r->k, part->images, part->windows},
                          .in = {r->y},
                          .out = {run->turned}};
    map.in[0].offset += part->image * r->k * run->windows + part->at;
    const int64_t from[] = {run->windows, r->k * run->windows, 1},
                  to[] = {part->images * part->windows, part->windows, 1};
    for (int a = 0; a < 3; a++) map.in[0].stride[a] = from[a], map.out[0].stride[a] = to[a];
    return cg_hw_map(&run->hw->base, &map);
}

/* w (+)= y columns^T; the first part writes, the others add. */
static cg_status weight_grad(const conv_run *run, const conv_part *part) {
    const cg_conv_request *r = run->r;
    const int64_t beside = part->images * part->windows;
    cg_matmul_request m = {.dtype = r->dtype,
                           .m = run->k,
                           .n = run->rows,
                           .k = beside,
                           .batch_rank = 1,
                           .batch = {r->groups},
                           .a = matrix(&run->turned, 0, run->k * beside, 0, beside, 1),
                           .b = matrix(&run->columns, 0, run->rows * beside, 0, 1, beside),
                           .c = matrix(&r->w, 0, run->k * run->rows, 0, run->rows, 1)};
    const cg_program add = addition(r->dtype);
    if (part->image > 0 || part->line > 0) {
        m.epilogue = &add;
        m.in[0] = r->w;
        m.in[0].stride[0] = run->k * run->rows;
        m.in[0].stride[1] = run->rows;
        m.in[0].stride[2] = 1;
    }
    cg_status status = turn(run, part);
    if (status == CG_OK) status = move_columns(run, false, true, part);
    return status == CG_OK ? cg_hw_matmul(&run->hw->base, &m) : status;
}

/* --- Thin groups ---------------------------------------------------------------------------------------------------------- */

static bool is_thin(const conv_run *run) {
    return run->r->groups > 1 && run->k * run->c <= MOST_PAIRS && run->r->kind != CG_CONV_WEIGHT_GRAD;
}

static cg_status thin(const conv_run *run) {
    const cg_conv_request *r = run->r;
    const bool back = r->kind == CG_CONV_INPUT_GRAD;
    const int64_t planes = r->n * (back ? r->c : r->k), all = planes * (back ? run->elements : run->windows);
    const int64_t ends[] = {r->n * r->c * run->elements + r->x.offset,
                            r->n * r->k * run->windows + r->y.offset, r->k * run->rows + r->w.offset,
                            r->bias.buffer ? r->k + r->bias.offset : 0};
    int64_t most = 0;
    for (int i = 0; i < 4; i++)
        if (ends[i] > most) most = ends[i];
    cg_window_kernel k = cg_window_kernel_of(run->hw, "conv_thin.cl", back ? "conv_thin_input" : "conv_thin",
                                             r->dtype, &r->windows, planes, all, most);
    cg_arg_index(&k.args, r->groups);
    cg_arg_index(&k.args, run->k);
    cg_arg_index(&k.args, run->c);
    cg_arg_windows(&k, &r->windows);
    cg_arg_operand(&k, &r->x);
    cg_arg_operand(&k, &r->w);
    cg_arg_operand(&k, &r->y);
    if (!back) {
        cg_arg_i32(&k.args, r->bias.buffer != NULL);
        cg_arg_operand(&k, r->bias.buffer ? &r->bias : &r->w); /* without one the kernel does not read it */
    }
    return cg_window_launch(&k);
}

/* --- The slot -------------------------------------------------------------------------------------------------------------- */

/* The lines of `images` images from `image` on. */
static cg_status each_lines(const conv_run *run, int64_t image, int64_t images) {
    static cg_status (*const step[])(const conv_run *run, const conv_part *part) = {
        [CG_CONV_FORWARD] = forward, [CG_CONV_INPUT_GRAD] = input_grad, [CG_CONV_WEIGHT_GRAD] = weight_grad};
    const int64_t *out = run->r->windows.out;
    cg_status status = CG_OK;
    for (int64_t line = 0; line < out[0] && status == CG_OK; line += run->lines) {
        const int64_t left = out[0] - line, lines = left < run->lines ? left : run->lines;
        const conv_part part = {image, images, line, lines, lines * out[1], line * out[1]};
        status = step[run->r->kind](run, &part);
    }
    return status;
}

static cg_status each_images(const conv_run *run) {
    cg_status status = CG_OK;
    for (int64_t image = 0; image < run->r->n && status == CG_OK; image += run->images) {
        const int64_t left = run->r->n - image;
        status = each_lines(run, image, left < run->images ? left : run->images);
    }
    return status;
}

cg_status cg_cl_conv(cg_hw *hw, const cg_conv_request *r) {
    conv_run run = run_of(hw, r);
    if (is_thin(&run)) return thin(&run);
    const int64_t windows = run.images * run.lines * r->windows.out[1];
    const int64_t columns = r->c * run.taps * windows;
    const int64_t turned = r->kind == CG_CONV_WEIGHT_GRAD ? r->k * windows : 0;
    run.columns = (cg_operand){.buffer = cg_cl_alloc(hw, (size_t)(columns * run.size)), .dtype = r->dtype};
    if (turned)
        run.turned = (cg_operand){.buffer = cg_cl_alloc(hw, (size_t)(turned * run.size)), .dtype = r->dtype};
    const bool ready = run.columns.buffer && (!turned || run.turned.buffer);
    const cg_status status = ready ? each_images(&run) : CG_ERROR_DEVICE_MEMORY;
    cg_cl_free(hw, run.columns.buffer);
    cg_cl_free(hw, run.turned.buffer);
    return status;
}
