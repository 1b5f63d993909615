/* The pool slot of the CPU backend: a plane is done by one thread, window by window, in the order they stand. */
#include "host/cpu/cpu.h"
#include "host/window_taps.h"

#include <string.h>

/*
 * max: the first NaN, else the first of the largest. Tap by tap over all windows of a plane; `desk` has the number of the
 * tap found so far for each window, then where each tap is from the first one.
 */
static void max_plane(const cg_pool_request *r, int64_t plane, void *desk, const cg_windows_isa *loops) {
    const cg_windows *w = &r->windows;
    const int64_t size = (int64_t)cg_dtype_size(r->dtype), windows = w->out[0] * w->out[1];
    const int64_t taps = w->kernel[0] * w->kernel[1];
    const unsigned char *x = (unsigned char *)cg_cpu_data(&r->x) + plane * w->in[0] * w->in[1] * size;
    unsigned char *y = (unsigned char *)cg_cpu_data(&r->y) + plane * windows * size;
    int64_t *offset = desk;
    unsigned char *which = (unsigned char *)(offset + taps);
    memset(which, -1, (size_t)(windows * size));
    for (int64_t tap = 0; tap < taps; tap++) {
        const int64_t p = tap / w->kernel[1], q = tap % w->kernel[1];
        const cg_tap t = cg_window_tap(w, p, q);
        const cg_window_rows rows = {t.count[0], t.count[1], w->out[1], w->stride[0] * w->in[1]};
        const int64_t to = (t.first[0] * w->out[1] + t.first[1]) * size;
        offset[tap] = p * w->dilation[0] * w->in[1] + q * w->dilation[1];
        if (rows.n > 0)
            loops->max(y + to, which + to, x + (t.at[0] * w->in[1] + t.at[1]) * size, &rows, w->stride[1],
                       tap);
    }
    const cg_window_rows all = {w->out[0], w->out[1], w->stride[0] * w->in[1], 0};
    loops->places((int64_t *)cg_cpu_data(&r->index) + plane * windows, which, offset,
                  -w->padding[0] * w->in[1] - w->padding[1], &all, w->stride[1]);
}

#define POOL(T)                                                                                              \
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
    pool_plane *plane; /* NULL: max_plane */
    const cg_windows_isa *loops;
    /* for each thread: of a mean the divisors of a row of windows, and as much as all windows; what max_plane needs */
    unsigned char *desks;
    size_t desk_bytes;
} pool_work;

static void run_planes(void *ctx, int64_t begin, int64_t end, int thread) {
    const pool_work *w = ctx;
    unsigned char *desk = w->desks ? w->desks + (size_t)thread * w->desk_bytes : NULL;
    const bool divides = w->plane && desk;
    if (divides && w->r->dtype == CG_F32) divisors_float(w->r, (float *)(void *)desk);
    if (divides && w->r->dtype == CG_F64) divisors_double(w->r, (double *)(void *)desk);
    for (int64_t plane = begin; plane < end; plane++) {
        if (w->plane)
            w->plane(w->r, plane, desk);
        else
            max_plane(w->r, plane, desk, w->loops);
    }
}

static cg_status make_desks(cg_hw *hw, pool_work *w) {
    const cg_windows *s = &w->r->windows;
    const size_t elements = (size_t)(s->out[1] + s->out[0] * s->out[1]);
    const size_t taps = w->plane ? 0 : (size_t)(s->kernel[0] * s->kernel[1]) * sizeof(int64_t);
    w->desk_bytes = (elements * cg_dtype_size(w->r->dtype) + taps + 63) & ~(size_t)63;
    w->desks = cg_cpu_workspace(hw, CG_WORKSPACE_CONV, w->desk_bytes * (size_t)cg_parallel_threads());
    return w->desks ? CG_OK : CG_ERROR_MEMORY;
}

/* Units of work for an element of x, and for one tap of a window; measured. */
enum { UNITS_ELEMENT = 4, UNITS_TAP = 8 };

cg_status cg_cpu_pool(cg_hw *hw, const cg_pool_request *r) {
    static pool_plane *const loops[][CG_REAL_TYPES] = {
        [CG_POOL_MAX] = {NULL, NULL},
        [CG_POOL_MAX_GRAD] = {max_grad_float, max_grad_double},
        [CG_POOL_MEAN] = {mean_float, mean_double},
        [CG_POOL_MEAN_GRAD] = {mean_grad_float, mean_grad_double}};
    const cg_windows *s = &r->windows;
    const int64_t taps = r->kind == CG_POOL_MAX_GRAD ? 1 : s->kernel[0] * s->kernel[1];
    const int64_t units = UNITS_ELEMENT * s->in[0] * s->in[1] + UNITS_TAP * s->out[0] * s->out[1] * taps;
    pool_work w = {.r = r, .plane = loops[r->kind][r->dtype], .loops = cg_cpu_of(hw)->isa->windows[r->dtype]};
    if (r->kind != CG_POOL_MAX_GRAD && make_desks(hw, &w)) return CG_ERROR_MEMORY;
    hw->stats.launches++;
    cg_parallel_for(r->planes, CG_THREAD_UNITS / units + 1, run_planes, &w);
    return CG_OK;
}
