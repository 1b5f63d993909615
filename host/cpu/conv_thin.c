/*
 * Convolutions whose channels meet few others (depthwise ones above all): no columns, a row of y against a row of x at a
 * time, for each tap. A job is a plane of the result, or one kernel; sums are in the order of channels, taps, images, rows.
 */
#include "host/cpu/conv_cpu.h"

#include <string.h>

enum { MOST_PAIRS = 4, LANES = 16 };

bool cg_conv_is_thin(const cg_conv_sizes *s) { return s->r->groups > 1 && s->k * s->c <= MOST_PAIRS; }

/* Row i of the windows that have tap t in the image: n elements of y, and of x, which are `step` apart. */
typedef struct pair {
    int64_t x, y, n, step;
} pair;

static pair pair_at(const cg_windows *w, const cg_tap *t, int64_t i) {
    return (pair){.x = (t->at[0] + i * w->stride[0]) * w->in[1] + t->at[1],
                  .y = (t->first[0] + i) * w->out[1] + t->first[1],
                  .n = t->count[1],
                  .step = w->stride[1]};
}

static int64_t plane_of(int64_t image, int64_t channels, int64_t channel, int64_t elements) {
    return (image * channels + channel) * elements;
}

/* forward: plane (image, k); input: plane (image, c); weight: kernel (k, c). */
#define THIN(T)                                                                                              \
    static void scaled_##T(T *to, const T *from, T factor, int64_t n, int64_t to_step, int64_t step) {       \
        if (to_step == 1 && step == 1)                                                                       \
            for (int64_t l = 0; l < n; l++) to[l] += factor * from[l];                                       \
        else                                                                                                 \
            for (int64_t l = 0; l < n; l++) to[l * to_step] += factor * from[l * step];                      \
    }                                                                                                        \
    static void forward_##T(const cg_conv_sizes *s, int64_t image, int64_t k) {                              \
        const cg_conv_request *r = s->r;                                                                     \
        const cg_windows *w = &r->windows;                                                                   \
        T *y = (T *)cg_cpu_data(&r->y) + plane_of(image, r->k, k, s->windows);                               \
        const T bias = r->bias.buffer ? ((const T *)cg_cpu_data(&r->bias))[k] : 0;                           \
        for (int64_t l = 0; l < s->windows; l++) y[l] = bias;                                                \
        for (int64_t row = 0; row < s->rows; row++) {                                                        \
            const int64_t tap = row % s->taps, c = k / s->k * s->c + row / s->taps;                          \
            const T *x = (const T *)cg_cpu_data(&r->x) + plane_of(image, r->c, c, s->elements);              \
            const T factor = ((const T *)cg_cpu_data(&r->w))[k * s->rows + row];                             \
            const cg_tap t = cg_window_tap(w, tap / w->kernel[1], tap % w->kernel[1]);                       \
            for (int64_t i = 0; i < t.count[0]; i++) {                                                       \
                const pair p = pair_at(w, &t, i);                                                            \
                scaled_##T(y + p.y, x + p.x, factor, p.n, 1, p.step);                                        \
            }                                                                                                \
        }                                                                                                    \
    }                                                                                                        \
    static void input_##T(const cg_conv_sizes *s, int64_t image, int64_t c) {                                \
        const cg_conv_request *r = s->r;                                                                     \
        const cg_windows *w = &r->windows;                                                                   \
        T *x = (T *)cg_cpu_data(&r->x) + plane_of(image, r->c, c, s->elements);                              \
        memset(x, 0, (size_t)s->elements * sizeof *x);                                                       \
        for (int64_t j = 0; j < s->k * s->taps; j++) {                                                       \
            const int64_t tap = j % s->taps, k = c / s->c * s->k + j / s->taps;                              \
            const T *y = (const T *)cg_cpu_data(&r->y) + plane_of(image, r->k, k, s->windows);               \
            const T factor = ((const T *)cg_cpu_data(&r->w))[k * s->rows + c % s->c * s->taps + tap];        \
            const cg_tap t = cg_window_tap(w, tap / w->kernel[1], tap % w->kernel[1]);                       \
            for (int64_t i = 0; i < t.count[0]; i++) {                                                       \
                const pair p = pair_at(w, &t, i);                                                            \
                scaled_##T(x + p.x, y + p.y, factor, p.n, p.step, 1);                                        \
            }                                                                                                \
        }                                                                                                    \
    }                                                                                                        \
    static void dot_##T(T *lane, const T *x, const T *y, const pair *p) {                                    \
        int64_t l = 0;                                                                                       \
        if (p->step == 1)                                                                                    \
            for (; l + LANES <= p->n; l += LANES)                                                            \
                for (int64_t j = 0; j < LANES; j++) lane[j] += x[l + j] * y[l + j];                          \
        for (; l < p->n; l++) lane[l % LANES] += x[l * p->step] * y[l];                                      \
    }                                                                                                        \
    static void weight_##T(const cg_conv_sizes *s, int64_t k, int64_t channel) {                             \
        const cg_conv_request *r = s->r;                                                                     \
        const cg_windows *w = &r->windows;                                                                   \
        const int64_t c = k / s->k * s->c + channel;                                                         \
        for (int64_t tap = 0; tap < s->taps; tap++) {                                                        \
            const cg_tap t = cg_window_tap(w, tap / w->kernel[1], tap % w->kernel[1]);                       \
            T sum = 0;                                                                                       \
            for (int64_t image = 0; image < r->n; image++) {                                                 \
                const T *x = (const T *)cg_cpu_data(&r->x) + plane_of(image, r->c, c, s->elements);          \
                const T *y = (const T *)cg_cpu_data(&r->y) + plane_of(image, r->k, k, s->windows);           \
                T lane[LANES] = {0}, part = 0;                                                               \
                for (int64_t i = 0; i < t.count[0]; i++) {                                                   \
                    const pair p = pair_at(w, &t, i);                                                        \
                    dot_##T(lane, x + p.x, y + p.y, &p);                                                     \
                }                                                                                            \
                for (int64_t j = 0; j < LANES; j++) part += lane[j];                                         \
                sum += part;                                                                                 \
            }                                                                                                \
            ((T *)cg_cpu_data(&r->w))[k * s->rows + channel * s->taps + tap] = sum;                          \
        }                                                                                                    \
    }
THIN(float)
THIN(double)

typedef void thin_job(const cg_conv_sizes *s, int64_t a, int64_t b);

static void run_jobs(void *ctx, int64_t begin, int64_t end, int thread) {
    static thin_job *const jobs[][CG_REAL_TYPES] = {
        [CG_CONV_FORWARD] = {forward_float, forward_double},
        [CG_CONV_INPUT_GRAD] = {input_float, input_double},
        [CG_CONV_WEIGHT_GRAD] = {weight_float, weight_double},
    };
    const cg_conv_sizes *s = ctx;
    const cg_conv_request *r = s->r;
    const int64_t inner = r->kind == CG_CONV_FORWARD ? r->k : r->kind == CG_CONV_INPUT_GRAD ? r->c : s->c;
    (void)thread;
    for (int64_t job = begin; job < end; job++) jobs[r->kind][r->dtype](s, job / inner, job % inner);
}

void cg_conv_thin(const cg_conv_sizes *s) {
    const cg_conv_request *r = s->r;
    const int64_t jobs = r->kind == CG_CONV_FORWARD      ? r->n * r->k
                         : r->kind == CG_CONV_INPUT_GRAD ? r->n * r->c
                                                         : r->k * s->c;
    cg_conv_sizes sizes = *s;
    cg_parallel_for(jobs, 1, run_jobs, &sizes);
}
