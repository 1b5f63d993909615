/*
 * The gradient to the weights of channels that meet few others (depthwise convolutions above all): a row of y against a row
 * of x at a time, for each tap. A job is one kernel; sums are in the order of images, rows.
 */
#include "host/cpu/conv_cpu.h"

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

#define THIN(T)                                                                                              \
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

static void weights_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const cg_conv_sizes *s = ctx;
    (void)thread;
    for (int64_t job = begin; job < end; job++) {
        if (s->size == 4)
            weight_float(s, job / s->c, job % s->c);
        else
            weight_double(s, job / s->c, job % s->c);
    }
}

/* Whether window i has an element of the image along an axis. */
static bool has_element(const cg_windows *w, int a, int64_t i) {
    for (int64_t tap = 0; tap < w->kernel[a]; tap++) {
        const int64_t place = i * w->stride[a] - w->padding[a] + tap * w->dilation[a];
        if (place >= 0 && place < w->in[a]) return true;
    }
    return false;
}

/* Of windows that all have one, a y that is not finite is in some sum, which then is not finite either. */
static bool all_have_elements(const cg_windows *w) {
    for (int a = 0; a < 2; a++)
        for (int64_t i = 0; i < w->out[a]; i++)
            if (!has_element(w, a, i)) return false;
    return true;
}

bool cg_conv_thin_weights(const cg_conv_sizes *s) {
    const cg_conv_request *r = s->r;
    cg_conv_sizes sizes = *s;
    cg_parallel_for(r->k * s->c, 1, weights_body, &sizes);
    if (r->windows.padding[0] == 0 && r->windows.padding[1] == 0) return true;
    return cg_conv_is_finite(s, cg_cpu_data(&r->w), r->k * s->rows) &&
           (all_have_elements(&r->windows) ||
            cg_conv_is_finite(s, cg_cpu_data(&r->y), r->n * r->k * s->windows));
}
