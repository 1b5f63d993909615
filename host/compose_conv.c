/*
 * The faces of a convolution as products of matrices. With G groups, k = K / G, c = C / G, t taps and L windows:
 *
 *     forward       (k, c t) x (c t, L)    for each image and group, of the windows as columns
 *     input grad    (c t, k) x (k, L)      for each image and group, and the columns added to the image
 *     weight grad   (k, N L) x (N L, c t)  for each group, of the columns of all images side by side
 */
#include "host/compose.h"
#include "host/window_taps.h"

#include "core/rows.h"

typedef struct sizes {
    int64_t k, rows, windows; /* outputs of a group, c t, L */
} sizes;

static sizes sizes_of(const cg_conv_request *r) {
    const cg_windows *w = &r->windows;
    return (sizes){.k = r->k / r->groups,
                   .rows = r->c / r->groups * w->kernel[0] * w->kernel[1],
                   .windows = w->out[0] * w->out[1]};
}

/* All columns (N, G c t, L), or (G c t, N, L) where the images stand side by side. */
static cg_operand columns_of(cg_hw *hw, const cg_conv_request *r, bool beside) {
    const cg_windows *w = &r->windows;
    const sizes s = sizes_of(r);
    cg_operand columns = cg_compose_temporary(hw, r->dtype, r->n * r->groups * s.rows * s.windows);
    const int64_t row = beside ? r->n * s.windows : s.windows;
    columns.stride[0] = beside ? s.windows : r->groups * s.rows * s.windows;
    columns.stride[1] = w->kernel[0] * w->kernel[1] * row;
    columns.stride[2] = w->kernel[1] * row;
    columns.stride[3] = row;
    columns.stride[4] = w->out[1];
    columns.stride[5] = 1;
    return columns;
}

/* Matrices over (image, group). */
static cg_matrix matrix(const cg_operand *x, int64_t image, int64_t group, int64_t row, int64_t col) {
    return (cg_matrix){
        .buffer = x->buffer, .offset = x->offset, .batch = {image, group}, .row = row, .col = col};
}

static cg_status forward(cg_hw *hw, const cg_conv_request *r, const cg_operand *columns) {
    const sizes s = sizes_of(r);
    cg_matmul_request m = {.dtype = r->dtype,
                           .m = s.k,
                           .n = s.windows,
                           .k = s.rows,
                           .batch_rank = 2,
                           .batch = {r->n, r->groups},
                           .a = matrix(&r->w, 0, s.k * s.rows, s.rows, 1),
                           .b = matrix(columns, columns->stride[0], s.rows * s.windows, s.windows, 1),
                           .c = matrix(&r->y, r->k * s.windows, s.k * s.windows, s.windows, 1)};
    cg_program add = {.type = (uint8_t)r->dtype, .n_inputs = 2, .n_outputs = 1};
    add.output[0] = (uint8_t)cg_program_push(&add, CG_ROW_add, 0, 1, 0);
    if (r->bias.buffer) {
        m.epilogue = &add;
        m.in[0] = r->bias;
        const int64_t stride[] = {0, s.k, 1, 0};
        for (int a = 0; a < 4; a++) m.in[0].stride[a] = stride[a];
    }
    const cg_status status = cg_hw_gather_windows(hw, &r->windows, r->n, r->c, &r->x, columns);
    return status == CG_OK ? cg_hw_matmul(hw, &m) : status;
}

static cg_status input_grad(cg_hw *hw, const cg_conv_request *r, const cg_operand *columns) {
    const sizes s = sizes_of(r);
    const cg_matmul_request m = {.dtype = r->dtype,
                                 .m = s.rows,
                                 .n = s.windows,
                                 .k = s.k,
                                 .batch_rank = 2,
                                 .batch = {r->n, r->groups},
                                 .a = matrix(&r->w, 0, s.k * s.rows, 1, s.rows),
                                 .b = matrix(&r->y, r->k * s.windows, s.k * s.windows, s.windows, 1),
                                 .c = matrix(columns, columns->stride[0], s.rows * s.windows, s.windows, 1)};
    const cg_status status = cg_hw_matmul(hw, &m);
    return status == CG_OK ? cg_hw_add_windows(hw, &r->windows, r->n, r->c, columns, &r->x) : status;
}

/* y (N, K, L) as (K, N, L), the images side by side as their columns are. */
static cg_status turn(cg_hw *hw, const cg_conv_request *r, const cg_operand *turned) {
    const cg_program identity = cg_program_identity(r->dtype);
    const int64_t windows = sizes_of(r).windows;
    cg_map_request map = {
        .program = &identity, .rank = 3, .shape = {r->k, r->n, windows}, .in = {r->y}, .out = {*turned}};
    const int64_t from[] = {windows, r->k * windows, 1}, to[] = {r->n * windows, windows, 1};
    for (int a = 0; a < 3; a++) map.in[0].stride[a] = from[a], map.out[0].stride[a] = to[a];
    return cg_hw_map(hw, &map);
}

static cg_status weight_grad(cg_hw *hw, const cg_conv_request *r, const cg_operand *columns) {
    const sizes s = sizes_of(r);
    const int64_t beside = r->n * s.windows;
    const cg_operand turned = cg_compose_temporary(hw, r->dtype, r->k * beside);
    const cg_matmul_request m = {.dtype = r->dtype,
                                 .m = s.k,
                                 .n = s.rows,
                                 .k = beside,
                                 .batch_rank = 2,
                                 .batch = {1, r->groups},
                                 .a = matrix(&turned, 0, s.k * beside, beside, 1),
                                 .b = matrix(columns, 0, s.rows * beside, 1, beside),
                                 .c = matrix(&r->w, 0, s.k * s.rows, s.rows, 1)};
    cg_status status = turned.buffer ? turn(hw, r, &turned) : CG_ERROR_DEVICE_MEMORY;
    if (status == CG_OK) status = cg_hw_gather_windows(hw, &r->windows, r->n, r->c, &r->x, columns);
    if (status == CG_OK) status = cg_hw_matmul(hw, &m);
    cg_hw_free(hw, turned.buffer);
    return status;
}

cg_status cg_compose_conv(cg_hw *hw, const cg_conv_request *r) {
    const cg_operand columns = columns_of(hw, r, r->kind == CG_CONV_WEIGHT_GRAD);
    cg_status status = CG_ERROR_DEVICE_MEMORY;
    if (columns.buffer && r->kind == CG_CONV_FORWARD) status = forward(hw, r, &columns);
    if (columns.buffer && r->kind == CG_CONV_INPUT_GRAD) status = input_grad(hw, r, &columns);
    if (columns.buffer && r->kind == CG_CONV_WEIGHT_GRAD) status = weight_grad(hw, r, &columns);
    cg_hw_free(hw, columns.buffer);
    return status;
}
