/* Pooling tap by tap: each tap of all windows is one map over a view of the images (host/window_taps.h). */
#include "host/compose.h"
#include "host/window_taps.h"

#include "core/rows.h"

#include <stdlib.h>

static int64_t windows_of(const cg_pool_request *r) { return r->windows.out[0] * r->windows.out[1]; }

/* Runs a program over each tap in turn: inputs are the image's elements, then those of a (and b); outputs a (and b). */
static cg_status each_tap(cg_hw *hw, const cg_pool_request *r, const cg_program *program, const cg_operand *a,
                          const cg_operand *b) {
    const cg_windows *w = &r->windows;
    cg_status status = CG_OK;
    for (int64_t tap = 0; tap < w->kernel[0] * w->kernel[1] && status == CG_OK; tap++) {
        const cg_tap t = cg_window_tap(w, tap / w->kernel[1], tap % w->kernel[1]);
        cg_map_request map = {.program = program,
                              .rank = 3,
                              .shape = {r->planes, t.count[0], t.count[1]},
                              .in = {cg_tap_in_image(w, &t, &r->x), cg_tap_in_windows(w, &t, a)},
                              .out = {cg_tap_in_windows(w, &t, a)},
                              .consts = {{.f = (double)tap}}};
        if (b) map.in[2] = map.out[1] = cg_tap_in_windows(w, &t, b);
        status = cg_hw_map(hw, &map);
    }
    return status;
}

/* A table made by the host, n numbers of 8 bytes, in memory of the device. */
static cg_status upload(cg_hw *hw, const cg_operand *to, void *table, int64_t n) {
    const cg_status status =
        table ? cg_hw_upload(hw, to->buffer, 0, table, (size_t)n * sizeof(int64_t))
              : CG_FAIL(hw->err, CG_ERROR_MEMORY, "pool: no memory for %lld numbers", (long long)n);
    free(table);
    return status;
}

/* A value for each row of windows, or each column, at `first` of a table. */
static cg_operand along(const cg_operand *table, int axis, int64_t first) {
    cg_operand o = {.buffer = table->buffer, .dtype = table->dtype, .offset = first};
    o.stride[1 + axis] = 1;
    return o;
}

static cg_operand over_windows(const cg_pool_request *r, const cg_operand *o) {
    return (cg_operand){.buffer = o->buffer,
                        .dtype = o->dtype,
                        .offset = o->offset,
                        .stride = {windows_of(r), r->windows.out[1], 1}};
}

/* --- Maximum -------------------------------------------------------------------------------------------------- */

/* The tap of the best element so far, as a number of T, is exact up to this one. */
enum { MOST_TAPS = 1 << 24 };

/*
 * Inputs x, best, tap (-1: none yet), constants this tap and 0: takes x where there is none yet, and where not x <= best
 * and best is no NaN. Outputs best, tap.
 */
static cg_program keep_larger(cg_dtype type) {
    cg_program p = {.type = (uint8_t)type, .n_inputs = 3, .n_consts = 2, .n_outputs = 2};
    const int this_tap = cg_program_const(&p, 0), zero = cg_program_const(&p, 1);
    const int not_less =
        cg_program_push(&p, CG_ROW_logical_not, cg_program_push(&p, CG_ROW_le, 0, 1, 0), 0, 0);
    const int number = cg_program_push(&p, CG_ROW_eq, 1, 1, 0);
    const int larger = cg_program_push(&p, CG_ROW_logical_and, not_less, number, 0);
    const int none = cg_program_push(&p, CG_ROW_lt, 2, zero, 0);
    const int take = cg_program_push(&p, CG_ROW_logical_or, none, larger, 0);
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_where, take, 0, 1);
    p.output[1] = (uint8_t)cg_program_push(&p, CG_ROW_where, take, this_tap, 2);
    return p;
}

/* The place of each tap relative to its window, then of each row and each column of windows in the plane. */
static cg_status upload_places(cg_hw *hw, const cg_windows *w, const cg_operand *table) {
    const int64_t taps = w->kernel[0] * w->kernel[1], n = taps + w->out[0] + w->out[1];
    int64_t *place = malloc((size_t)n * sizeof *place), *next = place;
    for (int64_t t = 0; t < taps && place; t++)
        *next++ = t / w->kernel[1] * w->dilation[0] * w->in[1] + t % w->kernel[1] * w->dilation[1];
    for (int64_t i = 0; i < w->out[0] && place; i++) *next++ = (i * w->stride[0] - w->padding[0]) * w->in[1];
    for (int64_t j = 0; j < w->out[1] && place; j++) *next++ = j * w->stride[1] - w->padding[1];
    return upload(hw, table, place, n);
}

/* index = the place of the tap + those of the window. Inputs tap as T, and a temporary for it as an index. */
static cg_status taps_to_index(cg_hw *hw, const cg_pool_request *r, const cg_operand *tap,
                               const cg_operand *number, const cg_operand *table) {
    const int64_t n = r->planes * windows_of(r), taps = r->windows.kernel[0] * r->windows.kernel[1];
    const cg_program identity = cg_program_identity(r->dtype);
    cg_map_request map = {.program = &identity, .rank = 1, .shape = {n}, .in = {*tap}, .out = {*number}};
    map.in[0].stride[0] = map.out[0].stride[0] = 1;
    cg_status status = cg_hw_map(hw, &map);
    const cg_gather_request gather = {.dtype = CG_I64,
                                      .outer = 1,
                                      .axis = taps,
                                      .inner = 1,
                                      .n_index = n,
                                      .src = *table,
                                      .index = *number,
                                      .out = r->index};
    if (status == CG_OK) status = cg_hw_gather(hw, &gather);
    cg_program add = {.type = CG_I64, .n_inputs = 3, .n_outputs = 1};
    const int row = cg_program_push(&add, CG_ROW_add, 0, 1, 0);
    add.output[0] = (uint8_t)cg_program_push(&add, CG_ROW_add, row, 2, 0);
    const cg_map_request sum = {
        .program = &add,
        .rank = 3,
        .shape = {r->planes, r->windows.out[0], r->windows.out[1]},
        .in = {over_windows(r, &r->index), along(table, 0, taps), along(table, 1, taps + r->windows.out[0])},
        .out = {over_windows(r, &r->index)}};
    return status == CG_OK ? cg_hw_map(hw, &sum) : status;
}

/* tap = -1, and a value in y that is never looked at. */
static cg_status begin_max(cg_hw *hw, const cg_pool_request *r, const cg_operand *tap) {
    cg_program none = {.type = (uint8_t)r->dtype, .n_consts = 1, .n_outputs = 2};
    cg_map_request map = {.program = &none,
                          .rank = 1,
                          .shape = {r->planes * windows_of(r)},
                          .out = {*tap, r->y},
                          .consts = {{.f = -1}}};
    map.out[0].stride[0] = map.out[1].stride[0] = 1;
    return cg_hw_map(hw, &map);
}

static cg_status pool_max(cg_hw *hw, const cg_pool_request *r) {
    const cg_windows *w = &r->windows;
    const int64_t n = r->planes * windows_of(r), taps = w->kernel[0] * w->kernel[1];
    if (w->kernel[0] > MOST_TAPS / w->kernel[1])
        return CG_FAIL(hw->err, CG_ERROR_ARGUMENT, "max_pool: a window of %lld elements is too large",
                       (long long)taps);
    const cg_operand tap = cg_compose_temporary(hw, r->dtype, n),
                     number = cg_compose_temporary(hw, CG_I64, n),
                     table = cg_compose_temporary(hw, CG_I64, taps + w->out[0] + w->out[1]);
    const cg_program program = keep_larger(r->dtype);
    cg_status status = CG_ERROR_DEVICE_MEMORY;
    if (tap.buffer && number.buffer && table.buffer) status = upload_places(hw, w, &table);
    if (status == CG_OK) status = begin_max(hw, r, &tap);
    if (status == CG_OK) status = each_tap(hw, r, &program, &r->y, &tap);
    if (status == CG_OK && r->index.buffer) status = taps_to_index(hw, r, &tap, &number, &table);
    cg_hw_free(hw, tap.buffer);
    cg_hw_free(hw, number.buffer);
    cg_hw_free(hw, table.buffer);
    return status;
}

/* Each plane by itself: windows of y to places of x. */
static cg_status pool_max_grad(cg_hw *hw, const cg_pool_request *r) {
    const cg_windows *w = &r->windows;
    const cg_scatter_add_request add = {.along = true,
                                        .dtype = r->dtype,
                                        .outer = r->planes,
                                        .axis = w->in[0] * w->in[1],
                                        .inner = 1,
                                        .n_index = windows_of(r),
                                        .src = r->y,
                                        .index = r->index,
                                        .out = r->x};
    const cg_status status = cg_hw_fill_zeros(hw, &r->x, r->planes * w->in[0] * w->in[1]);
    return status == CG_OK ? cg_hw_scatter_add(hw, &add) : status;
}

/* --- Mean ------------------------------------------------------------------------------------------------------- */

/* How many elements windows have along H, for each row of them, then along W; i64. */
static cg_status upload_counts(cg_hw *hw, const cg_pool_request *r, const cg_operand *table) {
    const int64_t n = r->windows.out[0] + r->windows.out[1];
    int64_t *count = malloc((size_t)n * sizeof *count), *next = count;
    for (int a = 0; a < 2; a++)
        for (int64_t i = 0; i < r->windows.out[a] && count; i++)
            *next++ = cg_window_count(&r->windows, a, i, r->exclude_padding);
    return upload(hw, table, count, n);
}

/* to = from / (count along H times count along W); both over the windows. */
static cg_status divide(cg_hw *hw, const cg_pool_request *r, const cg_operand *from, const cg_operand *table,
                        const cg_operand *to) {
    cg_program p = {.type = (uint8_t)r->dtype, .n_inputs = 3, .n_outputs = 1};
    const int count = cg_program_push(&p, CG_ROW_mul, 1, 2, 0);
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_div, 0, count, 0);
    const cg_map_request map = {
        .program = &p,
        .rank = 3,
        .shape = {r->planes, r->windows.out[0], r->windows.out[1]},
        .in = {over_windows(r, from), along(table, 0, 0), along(table, 1, r->windows.out[0])},
        .out = {over_windows(r, to)}};
    return cg_hw_map(hw, &map);
}

static cg_status pool_mean(cg_hw *hw, const cg_pool_request *r, const cg_operand *table) {
    cg_program add = {.type = (uint8_t)r->dtype, .n_inputs = 2, .n_outputs = 1};
    add.output[0] = (uint8_t)cg_program_push(&add, CG_ROW_add, 0, 1, 0);
    cg_status status = cg_hw_fill_zeros(hw, &r->y, r->planes * windows_of(r));
    if (status == CG_OK) status = each_tap(hw, r, &add, &r->y, NULL);
    return status == CG_OK ? divide(hw, r, &r->y, table, &r->y) : status;
}

static cg_status pool_mean_grad(cg_hw *hw, const cg_pool_request *r, const cg_operand *table) {
    const cg_windows *w = &r->windows;
    cg_operand shares = cg_compose_temporary(hw, r->dtype, r->planes * windows_of(r));
    cg_status status = shares.buffer ? divide(hw, r, &r->y, table, &shares) : CG_ERROR_DEVICE_MEMORY;
    /* Every tap of a window has the same share: columns whose strides along the taps are 0. */
    const int64_t stride[] = {windows_of(r), 0, 0, 0, w->out[1], 1};
    for (int a = 0; a < 6; a++) shares.stride[a] = stride[a];
    if (status == CG_OK) status = cg_hw_add_windows(hw, w, r->planes, 1, &shares, &r->x);
    cg_hw_free(hw, shares.buffer);
    return status;
}

cg_status cg_compose_pool(cg_hw *hw, const cg_pool_request *r) {
    if (r->kind == CG_POOL_MAX) return pool_max(hw, r);
    if (r->kind == CG_POOL_MAX_GRAD) return pool_max_grad(hw, r);
    const cg_operand table = cg_compose_temporary(hw, CG_I64, r->windows.out[0] + r->windows.out[1]);
    cg_status status = table.buffer ? upload_counts(hw, r, &table) : CG_ERROR_DEVICE_MEMORY;
    if (status == CG_OK) status = (r->kind == CG_POOL_MEAN ? pool_mean : pool_mean_grad)(hw, r, &table);
    cg_hw_free(hw, table.buffer);
    return status;
}
