/* The pool slot of the CPU backend: a plane is done by one thread, window by window, in the order they stand. */
#include "host/cpu/cpu.h"
#include "host/window_taps.h"

#include <string.h>

/* The taps of window i along axis a that are in the image: begin .. end, and the place of tap 0. */
typedef struct reach {
    int64_t begin, end, at;
} reach;

static inline reach reach_of(const cg_windows *w, int a, int64_t i) {
    const int64_t at = i * w->stride[a] - w->padding[a], step = w->dilation[a];
    const int64_t room = w->in[a] - at; /* taps before it are in the image: tap step < room */
    reach r = {.begin = at < 0 ? (step - 1 - at) / step : 0, .end = w->kernel[a], .at = at};
    if ((r.end - 1) * step >= room) r.end = room > 0 ? (room - 1) / step + 1 : 0;
    return r;
}

/* max: the first NaN, else the first of the largest. */
#define POOL(T)                                                                                              \
    static void max_##T(const cg_pool_request *r, int64_t plane, void *desk) {                               \
        const cg_windows *w = &r->windows;                                                                   \
        const T *x = (const T *)cg_cpu_data(&r->x) + plane * w->in[0] * w->in[1];                            \
        int64_t out = plane * w->out[0] * w->out[1];                                                         \
        T *y = (T *)cg_cpu_data(&r->y) + out;                                                                \
        int64_t *index = (int64_t *)cg_cpu_data(&r->index) + out;                                            \
        (void)desk;                                                                                          \
        for (int64_t i = 0; i < w->out[0]; i++) {                                                            \
            const reach rows = reach_of(w, 0, i);                                                            \
            for (int64_t j = 0; j < w->out[1]; j++) {                                                        \
                const reach columns = reach_of(w, 1, j);                                                     \
                int64_t best = (rows.at + rows.begin * w->dilation[0]) * w->in[1] + columns.at +             \
                               columns.begin * w->dilation[1];                                               \
                T value = x[best];                                                                           \
                for (int64_t p = rows.begin; p < rows.end; p++) {                                            \
                    const int64_t row = (rows.at + p * w->dilation[0]) * w->in[1] + columns.at;              \
                    for (int64_t q = columns.begin; q < columns.end; q++) {                                  \
                        const int64_t here = row + q * w->dilation[1];                                       \
                        const bool take = !(x[here] <= value) && value == value;                             \
                        best = take ? here : best;                                                           \
                        value = take ? x[here] : value;                                                      \
                    }                                                                                        \
                }                                                                                            \
                *y++ = value;                                                                                \
                *index++ = best;                                                                             \
            }                                                                                                \
        }                                                                                                    \
    }                                                                                                        \
    static void max_grad_##T(const cg_pool_request *r, int64_t plane, void *desk) {                          \
        const cg_windows *w = &r->windows;                                                                   \
        const int64_t elements = w->in[0] * w->in[1], windows = w->out[0] * w->out[1];                       \
        T *x = (T *)cg_cpu_data(&r->x) + plane * elements;                                                   \
        const T *y = (const T *)cg_cpu_data(&r->y) + plane * windows;                                        \
        const int64_t *index = (const int64_t *)cg_cpu_data(&r->index) + plane * windows;                    \
        (void)desk;                                                                                          \
        memset(x, 0, (size_t)elements * sizeof *x);                                                          \
        for (int64_t l = 0; l < windows; l++) x[index[l]] += y[l];                                           \
    }                                                                                                        \
    /* divisor[j] of the columns of windows; the rows' factor is the same along a row */                     \
    static void divisors_##T(const cg_pool_request *r, T *divisor) {                                         \
        for (int64_t j = 0; j < r->windows.out[1]; j++)                                                      \
            divisor[j] = (T)cg_window_count(&r->windows, 1, j, r->exclude_padding);                          \
    }                                                                                                        \
    static void divide_##T(const cg_pool_request *r, const T *divisor, const T *from, T *to) {               \
        const cg_windows *w = &r->windows;                                                                   \
        for (int64_t i = 0; i < w->out[0]; i++, from += w->out[1], to += w->out[1]) {                        \
            const T height = (T)cg_window_count(w, 0, i, r->exclude_padding);                                \
            for (int64_t j = 0; j < w->out[1]; j++) to[j] = from[j] / (height * divisor[j]);                 \
        }                                                                                                    \
    }                                                                                                        \
    static void mean_##T(const cg_pool_request *r, int64_t plane, void *desk) {                              \
        const cg_windows *w = &r->windows;                                                                   \
        const int64_t windows = w->out[0] * w->out[1], step = w->stride[1];                                  \
        const T *x = (const T *)cg_cpu_data(&r->x) + plane * w->in[0] * w->in[1];                            \
        T *y = (T *)cg_cpu_data(&r->y) + plane * windows;                                                    \
        memset(y, 0, (size_t)windows * sizeof *y);                                                           \
        for (int64_t tap = 0; tap < w->kernel[0] * w->kernel[1]; tap++) {                                    \
            const cg_tap t = cg_window_tap(w, tap / w->kernel[1], tap % w->kernel[1]);                       \
            for (int64_t i = 0; i < t.count[0]; i++) {                                                       \
                const T *from = x + (t.at[0] + i * w->stride[0]) * w->in[1] + t.at[1];                       \
                T *to = y + (t.first[0] + i) * w->out[1] + t.first[1];                                       \
                for (int64_t j = 0; j < t.count[1]; j++) to[j] += from[j * step];                            \
            }                                                                                                \
        }                                                                                                    \
        divide_##T(r, desk, y, y);                                                                           \
    }                                                                                                        \
    static void mean_grad_##T(const cg_pool_request *r, int64_t plane, void *desk) {                         \
        const cg_windows *w = &r->windows;                                                                   \
        const int64_t elements = w->in[0] * w->in[1], windows = w->out[0] * w->out[1], step = w->stride[1];  \
        T *x = (T *)cg_cpu_data(&r->x) + plane * elements, *share = (T *)desk + w->out[1];                   \
        divide_##T(r, desk, (const T *)cg_cpu_data(&r->y) + plane * windows, share);                         \
        memset(x, 0, (size_t)elements * sizeof *x);                                                          \
        for (int64_t tap = 0; tap < w->kernel[0] * w->kernel[1]; tap++) {                                    \
            const cg_tap t = cg_window_tap(w, tap / w->kernel[1], tap % w->kernel[1]);                       \
            for (int64_t i = 0; i < t.count[0]; i++) {                                                       \
                T *to = x + (t.at[0] + i * w->stride[0]) * w->in[1] + t.at[1];                               \
                const T *from = share + (t.first[0] + i) * w->out[1] + t.first[1];                           \
                for (int64_t j = 0; j < t.count[1]; j++) to[j * step] += from[j];                            \
            }                                                                                                \
        }                                                                                                    \
    }
POOL(float)
POOL(double)

typedef void pool_plane(const cg_pool_request *r, int64_t plane, void *desk);

typedef struct pool_work {
    const cg_pool_request *r;
    pool_plane *plane;
    unsigned char
        *desks; /* of a mean, for each thread: the divisors of a row of windows, and as much as all windows */
    size_t desk_bytes;
} pool_work;

static void run_planes(void *ctx, int64_t begin, int64_t end, int thread) {
    const pool_work *w = ctx;
    unsigned char *desk = w->desks ? w->desks + (size_t)thread * w->desk_bytes : NULL;
    if (desk && w->r->dtype == CG_F32) divisors_float(w->r, (float *)(void *)desk);
    if (desk && w->r->dtype == CG_F64) divisors_double(w->r, (double *)(void *)desk);
    for (int64_t plane = begin; plane < end; plane++) w->plane(w->r, plane, desk);
}

static cg_status make_desks(cg_hw *hw, pool_work *w) {
    const cg_windows *s = &w->r->windows;
    const size_t elements = (size_t)(s->out[1] + s->out[0] * s->out[1]);
    w->desk_bytes = (elements * cg_dtype_size(w->r->dtype) + 63) & ~(size_t)63;
    w->desks = cg_cpu_workspace(hw, CG_WORKSPACE_CONV, w->desk_bytes * (size_t)cg_parallel_threads());
    return w->desks ? CG_OK : CG_ERROR_MEMORY;
}

/* Units of work for an element of x, and for one tap of a window; measured. */
enum { UNITS_ELEMENT = 4, UNITS_TAP = 32 };

cg_status cg_cpu_pool(cg_hw *hw, const cg_pool_request *r) {
    static pool_plane *const loops[][CG_REAL_TYPES] = {
        [CG_POOL_MAX] = {max_float, max_double},
        [CG_POOL_MAX_GRAD] = {max_grad_float, max_grad_double},
        [CG_POOL_MEAN] = {mean_float, mean_double},
        [CG_POOL_MEAN_GRAD] = {mean_grad_float, mean_grad_double}};
    const cg_windows *s = &r->windows;
    const int64_t taps = r->kind == CG_POOL_MAX_GRAD ? 1 : s->kernel[0] * s->kernel[1];
    const int64_t units = UNITS_ELEMENT * s->in[0] * s->in[1] + UNITS_TAP * s->out[0] * s->out[1] * taps;
    pool_work w = {.r = r, .plane = loops[r->kind][r->dtype]};
    if (r->kind == CG_POOL_MEAN || r->kind == CG_POOL_MEAN_GRAD)
        if (make_desks(hw, &w)) return CG_ERROR_MEMORY;
    hw->stats.launches++;
    cg_parallel_for(r->planes, CG_THREAD_UNITS / units + 1, run_planes, &w);
    return CG_OK;
}
