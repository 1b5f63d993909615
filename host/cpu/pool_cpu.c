/*
 * The pool slot of the CPU backend. Forward a row of windows is done by one thread, several windows side by side where all
 * their taps are within the image; back a plane is.
 */
#include "host/compose.h"
#include "host/cpu/cpu.h"
#include "host/window_taps.h"

#include <string.h>

typedef struct pool_work {
    const cg_pool_request *r;
    const cg_windows_isa *loops;
    int64_t whole[2], whole_end[2]; /* along each axis the windows whose taps are all within the image */
    bool apart;                     /* windows cover the image from its corner on, side by side */
    /* for each thread: of a mean the divisors of a row of windows, and as much as all windows */
    unsigned char *desks;
    size_t desk_bytes;
} pool_work;

/* --- Forward -------------------------------------------------------------------------------------------------- */

/* Of the taps of window i along axis a the first within the image, and how many are. */
typedef struct tap_range {
    int64_t first, count;
} tap_range;

static tap_range taps_of(const pool_work *p, int a, int64_t i) {
    const cg_windows *w = &p->r->windows;
    if (i >= p->whole[a] && i < p->whole_end[a]) return (tap_range){0, w->kernel[a]};
    const int64_t at = i * w->stride[a] - w->padding[a], d = w->dilation[a];
    const int64_t first = at < 0 ? (d - 1 - at) / d : 0, last = (w->in[a] - 1 - at) / d;
    return (tap_range){first, (last < w->kernel[a] ? last + 1 : w->kernel[a]) - first};
}

static void find_whole(pool_work *p, int a) {
    const cg_windows *w = &p->r->windows;
    const int64_t room = w->in[a] - 1 - (w->kernel[a] - 1) * w->dilation[a] + w->padding[a];
    const int64_t end = room < 0 ? 0 : room / w->stride[a] + 1;
    p->whole[a] = (w->padding[a] + w->stride[a] - 1) / w->stride[a];
    p->whole_end[a] = end < w->out[a] ? end : w->out[a];
}

/* The windows [j, j + n) of row i of a plane, which have the same taps within the image. */
static void run_windows(const pool_work *p, int64_t plane, int64_t i, int64_t j, int64_t n, tap_range down,
                        tap_range right) {
    const cg_pool_request *r = p->r;
    const cg_windows *w = &r->windows;
    const int64_t size = (int64_t)cg_dtype_size(r->dtype);
    const int64_t top = i * w->stride[0] - w->padding[0] + down.first * w->dilation[0];
    const int64_t left = j * w->stride[1] - w->padding[1] + right.first * w->dilation[1];
    const int64_t at = top * w->in[1] + left, to = (plane * w->out[0] + i) * w->out[1] + j;
    const unsigned char *x = (unsigned char *)cg_cpu_data(&r->x) + (plane * w->in[0] * w->in[1] + at) * size;
    unsigned char *y = (unsigned char *)cg_cpu_data(&r->y) + to * size;
    const cg_window_taps t = {n,           w->stride[1],  down.count, w->dilation[0] * w->in[1],
                              right.count, w->dilation[1]};
    if (r->kind == CG_POOL_MEAN)
        p->loops->mean(y, x, &t,
                       (double)cg_window_count(w, 0, i, r->exclude_padding) *
                           (double)cg_window_count(w, 1, j, r->exclude_padding));
    else
        p->loops->max(y, r->index.buffer ? (int64_t *)cg_cpu_data(&r->index) + to : NULL, at, x, &t);
}

static void run_rows(void *ctx, int64_t begin, int64_t end, int thread) {
    const pool_work *p = ctx;
    const cg_windows *w = &p->r->windows;
    (void)thread;
    for (int64_t row = begin; row < end; row++) {
        const int64_t plane = row / w->out[0], i = row % w->out[0];
        const tap_range down = taps_of(p, 0, i);
        for (int64_t j = 0, n; j < w->out[1]; j += n) {
            n = j == p->whole[1] && j < p->whole_end[1] ? p->whole_end[1] - j : 1;
            run_windows(p, plane, i, j, n, down, taps_of(p, 1, j));
        }
    }
}

/* --- Back ------------------------------------------------------------------------------------------------------- */

/* The first row of taps of a row of windows is made, the others are copies of it. */
static void spread_plane(const pool_work *p, int64_t plane) {
    const cg_pool_request *r = p->r;
    const cg_windows *w = &r->windows;
    const size_t size = cg_dtype_size(r->dtype), row = (size_t)w->in[1] * size;
    const int64_t covered = w->out[1] * w->kernel[1];
    unsigned char *x = (unsigned char *)cg_cpu_data(&r->x) + (size_t)(plane * w->in[0]) * row;
    const unsigned char *y =
        (unsigned char *)cg_cpu_data(&r->y) + (size_t)(plane * w->out[0] * w->out[1]) * size;
    for (int64_t i = 0; i < w->out[0]; i++, y += (size_t)w->out[1] * size, x += row) {
        p->loops->spread(x, y, (ptrdiff_t)w->out[1], (ptrdiff_t)w->kernel[1],
                         (double)w->kernel[0] * (double)w->kernel[1]);
        memset(x + (size_t)covered * size, 0, (size_t)(w->in[1] - covered) * size);
        for (int64_t s = 1; s < w->kernel[0]; s++, x += row) memcpy(x + row, x, row);
    }
    memset(x, 0, (size_t)(w->in[0] - w->out[0] * w->kernel[0]) * row);
}

#define POOL(T)                                                                                              \
    static void max_grad_##T(const cg_pool_request *r, int64_t plane) {                                      \
        const cg_windows *w = &r->windows;                                                                   \
        const int64_t elements = w->in[0] * w->in[1], windows = w->out[0] * w->out[1];                       \
        T *x = (T *)cg_cpu_data(&r->x) + plane * elements;                                                   \
        const T *y = (const T *)cg_cpu_data(&r->y) + plane * windows;                                        \
        const int64_t *index = (const int64_t *)cg_cpu_data(&r->index) + plane * windows;                    \
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

static void run_planes(void *ctx, int64_t begin, int64_t end, int thread) {
    const pool_work *p = ctx;
    const cg_pool_request *r = p->r;
    const bool f32 = r->dtype == CG_F32;
    unsigned char *desk = p->desks ? p->desks + (size_t)thread * p->desk_bytes : NULL;
    if (desk) f32 ? divisors_float(r, (float *)(void *)desk) : divisors_double(r, (double *)(void *)desk);
    for (int64_t plane = begin; plane < end; plane++) {
        if (p->apart)
            spread_plane(p, plane);
        else if (r->kind == CG_POOL_MEAN_GRAD)
            f32 ? mean_grad_float(r, plane, desk) : mean_grad_double(r, plane, desk);
        else
            f32 ? max_grad_float(r, plane) : max_grad_double(r, plane);
    }
}

static cg_status make_desks(cg_hw *hw, pool_work *p) {
    const cg_windows *s = &p->r->windows;
    const size_t elements = (size_t)(s->out[1] + s->out[0] * s->out[1]);
    p->desk_bytes = (elements * cg_dtype_size(p->r->dtype) + 63) & ~(size_t)63;
    p->desks = cg_cpu_workspace(hw, CG_WORKSPACE_CONV, p->desk_bytes * (size_t)cg_parallel_threads());
    return p->desks ? CG_OK : CG_ERROR_MEMORY;
}

/* --- The request ------------------------------------------------------------------------------------------------ */

static bool are_apart(const cg_windows *w) {
    bool apart = true;
    for (int a = 0; a < 2; a++)
        apart = apart && w->stride[a] == w->kernel[a] && w->dilation[a] == 1 && w->padding[a] == 0 &&
                w->out[a] * w->kernel[a] <= w->in[a];
    return apart;
}

/* Units of work for an element of x, and for one tap of a window; measured. */
enum { UNITS_ELEMENT = 4, UNITS_TAP = 2 };

cg_status cg_cpu_pool(cg_hw *hw, const cg_pool_request *r) {
    const cg_windows *w = &r->windows;
    if (r->kind == CG_POOL_MAX && w->in[0] * w->in[1] > INT32_MAX) return cg_compose_pool(hw, r);
    const int64_t taps = r->kind == CG_POOL_MAX_GRAD ? 1 : w->kernel[0] * w->kernel[1];
    pool_work p = {.r = r, .loops = cg_cpu_of(hw)->isa->windows[r->dtype]};
    hw->stats.launches++;
    if (r->kind == CG_POOL_MAX || r->kind == CG_POOL_MEAN) {
        const int64_t units = (UNITS_ELEMENT * w->stride[0] * w->in[1]) + UNITS_TAP * w->out[1] * taps;
        for (int a = 0; a < 2; a++) find_whole(&p, a);
        cg_parallel_for(r->planes * w->out[0], CG_THREAD_UNITS / units + 1, run_rows, &p);
        return CG_OK;
    }
    p.apart = r->kind == CG_POOL_MEAN_GRAD && are_apart(w);
    if (r->kind == CG_POOL_MEAN_GRAD && !p.apart && make_desks(hw, &p)) return CG_ERROR_MEMORY;
    const int64_t units = UNITS_ELEMENT * (w->in[0] * w->in[1] + w->out[0] * w->out[1] * taps);
    cg_parallel_for(r->planes, CG_THREAD_UNITS / units + 1, run_planes, &p);
    return CG_OK;
}
