#include "host/window_taps.h"

#include "core/dtype.h"
#include "core/rows.h"

/* --- Taps ------------------------------------------------------------------------------------------------------ */

cg_tap cg_window_tap(const cg_windows *w, int64_t r, int64_t s) {
    const int64_t place[2] = {r, s};
    cg_tap tap;
    for (int a = 0; a < 2; a++) {
        const int64_t start = place[a] * w->dilation[a] - w->padding[a], stride = w->stride[a];
        const int64_t last =
            w->in[a] - 1 - start; /* a window may begin here at most, as an offset of the tap */
        const int64_t first = start >= 0 ? 0 : (stride - 1 - start) / stride;
        int64_t end = last < 0 ? 0 : last / stride + 1;
        if (end > w->out[a]) end = w->out[a];
        tap.first[a] = first;
        tap.count[a] = end > first ? end - first : 0;
        tap.at[a] = start + first * stride;
    }
    return tap;
}

cg_operand cg_tap_in_image(const cg_windows *w, const cg_tap *tap, const cg_operand *image) {
    return (cg_operand){.buffer = image->buffer,
                        .dtype = image->dtype,
                        .offset = image->offset + tap->at[0] * w->in[1] + tap->at[1],
                        .stride = {w->in[0] * w->in[1], w->stride[0] * w->in[1], w->stride[1]}};
}

cg_operand cg_tap_in_windows(const cg_windows *w, const cg_tap *tap, const cg_operand *values) {
    return (cg_operand){.buffer = values->buffer,
                        .dtype = values->dtype,
                        .offset = values->offset + tap->first[0] * w->out[1] + tap->first[1],
                        .stride = {w->out[0] * w->out[1], w->out[1], 1}};
}

/*
 * Zeros of the padding count, what a window reaches beyond it does not. A padding is at most half a window, so that
 * each window has an element of the image.
 */
int64_t cg_window_count(const cg_windows *w, int a, int64_t i, bool exclude_padding) {
    const int64_t margin = exclude_padding ? 0 : w->padding[a], last = w->in[a] + margin;
    const int64_t start = i * w->stride[a] - w->padding[a], end = start + w->kernel[a];
    return (end < last ? end : last) - (start > -margin ? start : -margin);
}

/* --- Columns --------------------------------------------------------------------------------------------------- */

static cg_status fill(cg_hw *hw, const cg_operand *to, int rank, const int64_t *shape) {
    const cg_program zero = cg_program_constant(cg_dtype_compute(to->dtype));
    cg_map_request map = {.program = &zero, .rank = rank, .out = {*to}};
    for (int a = 0; a < rank; a++) map.shape[a] = shape[a];
    return cg_hw_map(hw, &map);
}

cg_status cg_hw_fill_zeros(cg_hw *hw, const cg_operand *to, int64_t n) {
    cg_operand flat = *to;
    flat.stride[0] = 1;
    return fill(hw, &flat, 1, &n);
}

/* The images and the columns at a tap over (n, c, tap count). */
typedef struct tap_views {
    cg_operand image, columns;
    int64_t shape[4];
} tap_views;

static tap_views views_of(const cg_windows *w, int64_t n, int64_t c, int64_t r, int64_t s,
                          const cg_operand *image, const cg_operand *columns) {
    const cg_tap tap = cg_window_tap(w, r, s);
    const cg_operand seen = cg_tap_in_image(w, &tap, image);
    const int64_t *to = columns->stride;
    tap_views v = {.image = *image, .columns = *columns, .shape = {n, c, tap.count[0], tap.count[1]}};
    v.image.offset = seen.offset;
    v.image.stride[0] = c * seen.stride[0];
    for (int a = 0; a < 3; a++) v.image.stride[a + 1] = seen.stride[a];
    v.columns.offset += r * to[2] + s * to[3] + tap.first[0] * to[4] + tap.first[1] * to[5];
    v.columns.stride[2] = to[4];
    v.columns.stride[3] = to[5];
    return v;
}

/* Whether every window is within the image. */
static bool all_inside(const cg_windows *w) {
    for (int a = 0; a < 2; a++) {
        const int64_t reach = (w->out[a] - 1) * w->stride[a] + (w->kernel[a] - 1) * w->dilation[a];
        if (w->padding[a] > 0 || reach >= w->in[a]) return false;
    }
    return true;
}

/* One map over all six axes: the windows are a view. */
static cg_status gather_inside(cg_hw *hw, const cg_windows *w, int64_t n, int64_t c, const cg_operand *image,
                               const cg_operand *columns) {
    const cg_program identity = cg_program_identity(cg_dtype_compute(image->dtype));
    const int64_t row = w->in[1], plane = w->in[0] * row;
    const cg_map_request map = {.program = &identity,
                                .rank = 6,
                                .shape = {n, c, w->kernel[0], w->kernel[1], w->out[0], w->out[1]},
                                .in = {{.buffer = image->buffer,
                                        .dtype = image->dtype,
                                        .offset = image->offset,
                                        .stride = {c * plane, plane, w->dilation[0] * row, w->dilation[1],
                                                   w->stride[0] * row, w->stride[1]}}},
                                .out = {*columns}};
    return cg_hw_map(hw, &map);
}

cg_status cg_hw_gather_windows(cg_hw *hw, const cg_windows *w, int64_t n, int64_t c, const cg_operand *image,
                               const cg_operand *columns) {
    if (all_inside(w)) return gather_inside(hw, w, n, c, image, columns);
    const cg_program identity = cg_program_identity(cg_dtype_compute(image->dtype));
    const int64_t shape[] = {n, c, w->kernel[0], w->kernel[1], w->out[0], w->out[1]};
    cg_status status = fill(hw, columns, 6, shape);
    for (int64_t tap = 0; tap < w->kernel[0] * w->kernel[1] && status == CG_OK; tap++) {
        const tap_views v = views_of(w, n, c, tap / w->kernel[1], tap % w->kernel[1], image, columns);
        cg_map_request map = {.program = &identity, .rank = 4, .in = {v.image}, .out = {v.columns}};
        for (int a = 0; a < 4; a++) map.shape[a] = v.shape[a];
        status = cg_hw_map(hw, &map);
    }
    return status;
}

cg_status cg_hw_add_windows(cg_hw *hw, const cg_windows *w, int64_t n, int64_t c, const cg_operand *columns,
                            const cg_operand *image) {
    cg_program add = {.type = (uint8_t)image->dtype, .n_inputs = 2, .n_outputs = 1};
    add.output[0] = (uint8_t)cg_program_push(&add, CG_ROW_add, 0, 1, 0);
    cg_status status = cg_hw_fill_zeros(hw, image, n * c * w->in[0] * w->in[1]);
    for (int64_t tap = 0; tap < w->kernel[0] * w->kernel[1] && status == CG_OK; tap++) {
        const tap_views v = views_of(w, n, c, tap / w->kernel[1], tap % w->kernel[1], image, columns);
        cg_map_request map = {.program = &add, .rank = 4, .in = {v.image, v.columns}, .out = {v.image}};
        for (int a = 0; a < 4; a++) map.shape[a] = v.shape[a];
        status = cg_hw_map(hw, &map);
    }
    return status;
}
