/* Elements of images as columns and back, for both dtypes; copies move bits, so that 4 and 8 bytes are all there is. */
#include "host/cpu/conv_cpu.h"

#include <string.h>

/* Part of a row of windows at a tap: [begin, end) of it are in the image, from `at` on, `step` apart. */
typedef struct stretch {
    int64_t begin, end, at;
} stretch;

/* The windows j .. j + n of row i. */
static inline stretch stretch_of(const cg_windows *w, const cg_tap *tap, int64_t i, int64_t j, int64_t n) {
    const int64_t row = i - tap->first[0];
    if (row < 0 || row >= tap->count[0]) return (stretch){0};
    const int64_t begin = most(tap->first[1] - j, 0), end = least(tap->first[1] + tap->count[1] - j, n);
    if (end <= begin) return (stretch){0};
    return (stretch){begin, end,
                     (tap->at[0] + row * w->stride[0]) * w->in[1] + tap->at[1] +
                         (j + begin - tap->first[1]) * w->stride[1]};
}

#define COLUMNS(T)                                                                                           \
    static void gather_##T(const cg_windows *w, const cg_tap *tap, const T *plane, int64_t first,            \
                           int64_t count, T *to) {                                                           \
        for (int64_t i = first / w->out[1], j = first % w->out[1]; count > 0; i++, j = 0) {                  \
            const int64_t n = least(w->out[1] - j, count), step = w->stride[1];                              \
            const stretch part = stretch_of(w, tap, i, j, n);                                                \
            const T *from = plane + part.at;                                                                 \
            for (int64_t l = 0; l < part.begin; l++) to[l] = 0;                                              \
            if (step == 1)                                                                                   \
                for (int64_t l = part.begin; l < part.end; l++) to[l] = *from++;                             \
            else                                                                                             \
                for (int64_t l = part.begin; l < part.end; l++, from += step) to[l] = *from;                 \
            for (int64_t l = part.end; l < n; l++) to[l] = 0;                                                \
            to += n;                                                                                         \
            count -= n;                                                                                      \
        }                                                                                                    \
    }
COLUMNS(uint32_t)
COLUMNS(uint64_t)

#define IMAGES(T)                                                                                            \
    static void add_back_##T(const cg_windows *w, const cg_tap *tap, T *plane, int64_t first, int64_t count, \
                             const T *from) {                                                                \
        for (int64_t i = first / w->out[1], j = first % w->out[1]; count > 0; i++, j = 0) {                  \
            const int64_t n = least(w->out[1] - j, count), step = w->stride[1];                              \
            const stretch part = stretch_of(w, tap, i, j, n);                                                \
            T *to = plane + part.at;                                                                         \
            if (step == 1)                                                                                   \
                for (int64_t l = part.begin; l < part.end; l++) *to++ += from[l];                            \
            else                                                                                             \
                for (int64_t l = part.begin; l < part.end; l++, to += step) *to += from[l];                  \
            from += n;                                                                                       \
            count -= n;                                                                                      \
        }                                                                                                    \
    }                                                                                                        \
    static void add_value_##T(T *to, const T *from, T value, int64_t n) {                                    \
        for (int64_t l = 0; l < n; l++) to[l] = from[l] + value;                                             \
    }                                                                                                        \
    static void add_##T(T *to, const T *from, int64_t n) {                                                   \
        for (int64_t l = 0; l < n; l++) to[l] += from[l];                                                    \
    }
IMAGES(float)
IMAGES(double)

/* Plane `channel` (of all) of image n. */
static unsigned char *plane_of_x(const cg_conv_sizes *s, int64_t n, int64_t channel) {
    return (unsigned char *)cg_cpu_data(&s->r->x) + (n * s->r->c + channel) * s->elements * s->size;
}

static unsigned char *plane_of_y(const cg_conv_sizes *s, int64_t n, int64_t channel) {
    return (unsigned char *)cg_cpu_data(&s->r->y) + (n * s->r->k + channel) * s->windows * s->size;
}

void cg_conv_gather(const cg_conv_sizes *s, const cg_conv_tile *t, int64_t group, int64_t c0,
                    int64_t channels, void *to) {
    const cg_windows *w = &s->r->windows;
    const int64_t columns = cg_conv_tile_columns(t);
    for (int64_t tap = 0; tap < s->taps; tap++) {
        const cg_tap at = cg_window_tap(w, tap / w->kernel[1], tap % w->kernel[1]);
        for (int64_t c = 0; c < channels; c++)
            for (int64_t i = 0; i < t->images; i++) {
                const void *plane = plane_of_x(s, t->image + i, group * s->c + c0 + c);
                const int64_t offset = (c * s->taps + tap) * columns + i * t->count;
                if (s->size == 4)
                    gather_uint32_t(w, &at, plane, t->first, t->count, (uint32_t *)to + offset);
                else
                    gather_uint64_t(w, &at, plane, t->first, t->count, (uint64_t *)to + offset);
            }
    }
}

void cg_conv_add_back(const cg_conv_sizes *s, const cg_conv_tile *t, int64_t group, int64_t c0,
                      int64_t channels, const void *from) {
    const cg_windows *w = &s->r->windows;
    const int64_t columns = cg_conv_tile_columns(t);
    for (int64_t tap = 0; tap < s->taps; tap++) {
        const cg_tap at = cg_window_tap(w, tap / w->kernel[1], tap % w->kernel[1]);
        for (int64_t c = 0; c < channels; c++)
            for (int64_t i = 0; i < t->images; i++) {
                void *plane = plane_of_x(s, t->image + i, group * s->c + c0 + c);
                const int64_t offset = (c * s->taps + tap) * columns + i * t->count;
                if (s->size == 4)
                    add_back_float(w, &at, plane, t->first, t->count, (const float *)from + offset);
                else
                    add_back_double(w, &at, plane, t->first, t->count, (const double *)from + offset);
            }
    }
}

void cg_conv_gather_y(const cg_conv_sizes *s, const cg_conv_tile *t, int64_t group, void *to) {
    const size_t bytes = (size_t)(t->count * s->size);
    unsigned char *next = to;
    for (int64_t k = 0; k < s->k; k++)
        for (int64_t i = 0; i < t->images; i++, next += bytes)
            memcpy(next, plane_of_y(s, t->image + i, group * s->k + k) + t->first * s->size, bytes);
}

void cg_conv_store_y(const cg_conv_sizes *s, const cg_conv_tile *t, int64_t group, const void *from) {
    const bool biased = s->r->bias.buffer != NULL;
    const void *bias = biased ? cg_cpu_data(&s->r->bias) : NULL;
    const unsigned char *next = from;
    for (int64_t k = 0; k < s->k; k++)
        for (int64_t i = 0; i < t->images; i++, next += t->count * s->size) {
            const int64_t channel = group * s->k + k;
            void *to = plane_of_y(s, t->image + i, channel) + t->first * s->size;
            if (!biased)
                memcpy(to, next, (size_t)(t->count * s->size));
            else if (s->size == 4)
                add_value_float(to, (const float *)(const void *)next, ((const float *)bias)[channel],
                                t->count);
            else
                add_value_double(to, (const double *)(const void *)next, ((const double *)bias)[channel],
                                 t->count);
        }
}

void cg_conv_add(const cg_conv_sizes *s, void *to, const void *from, int64_t n) {
    if (s->size == 4)
        add_float(to, from, n);
    else
        add_double(to, from, n);
}

/* All bits of the exponent are set in what is not finite. */
#define FINITE(T, exponent)                                                                                  \
    static bool finite_##T(const T *x, int64_t n) {                                                          \
        T any = 0;                                                                                           \
        for (int64_t i = 0; i < n; i++) any |= (x[i] & (exponent)) == (exponent);                            \
        return any == 0;                                                                                     \
    }
FINITE(uint32_t, 0x7f800000U)
FINITE(uint64_t, 0x7ff0000000000000ULL)

typedef struct finite_work {
    const void *x;
    int64_t size;
    bool finite;
} finite_work;

static void finite_body(void *ctx, int64_t begin, int64_t end, int thread) {
    finite_work *w = ctx;
    const bool finite = w->size == 4 ? finite_uint32_t((const uint32_t *)w->x + begin, end - begin)
                                     : finite_uint64_t((const uint64_t *)w->x + begin, end - begin);
    (void)thread;
    if (!finite) __atomic_store_n(&w->finite, false, __ATOMIC_RELAXED);
}

bool cg_conv_is_finite(const cg_conv_sizes *s, const void *x, int64_t n) {
    finite_work w = {x, s->size, true};
    cg_parallel_for(n, CG_THREAD_UNITS, finite_body, &w);
    return w.finite;
}
