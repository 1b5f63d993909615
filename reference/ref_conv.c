#include "reference/ref_conv.h"

#include <math.h>
#include <stddef.h>

/* --- Windows ---------------------------------------------------------------------------------------------------- */

ref_array ref_row_image(ref_array x) {
    x.shape[3] = x.shape[2];
    x.shape[2] = 1;
    x.rank = 4;
    return x;
}

ref_array ref_image_row(ref_array x) {
    x.shape[2] = x.shape[3];
    x.rank = 3;
    return x;
}

/*
 * Windows along axis a, counted one by one: each ends within the padding. Where ceil_mode is set, one more that goes
 * beyond, if the last did not reach the end of the padding and this one begins before it.
 */
static int64_t count_windows(const ref_window *o, int a, int64_t length, int64_t kernel) {
    const int64_t limit = length + o->padding[a], reach = (kernel - 1) * o->dilation[a] + 1;
    int64_t n = 0, begin = -o->padding[a];
    for (; begin + reach <= limit; begin += o->stride[a]) n++;
    const bool short_of = begin - o->stride[a] + reach < limit;
    return n + (o->ceil_mode && short_of && begin < limit ? 1 : 0);
}

/* The place of tap k of window i along axis a; outside the image where it is none of 0 .. length - 1. */
static int64_t place(const ref_window *o, int a, int64_t i, int64_t k) {
    return i * o->stride[a] - o->padding[a] + k * o->dilation[a];
}

static bool inside(ref_array x, int64_t h, int64_t w) {
    return h >= 0 && h < x.shape[2] && w >= 0 && w < x.shape[3];
}

static long double *at(ref_array x, int64_t a, int64_t b, int64_t c, int64_t d) {
    return &x.v[((a * x.shape[1] + b) * x.shape[2] + c) * x.shape[3] + d];
}

/* --- Convolution -------------------------------------------------------------------------------------------------- */

/* Calls `meet` for all elements x, w, y of the three that meet, where x is an element 0 in the padding. */
typedef void meeting(long double *x, long double *w, long double *y);

/* The meetings of element i of plane (n, k) of y. */
static void meetings_of(ref_array x, ref_array w, ref_array y, const ref_window *o,
                        const int64_t place_of_y[3], meeting *meet) {
    const int64_t n = place_of_y[0], k = place_of_y[1], i = place_of_y[2] / y.shape[3],
                  j = place_of_y[2] % y.shape[3];
    const int64_t first = k / (y.shape[1] / o->groups) * w.shape[1];
    for (int64_t c = 0; c < w.shape[1]; c++)
        for (int64_t r = 0; r < w.shape[2]; r++)
            for (int64_t s = 0; s < w.shape[3]; s++) {
                const int64_t p = place(o, 0, i, r), q = place(o, 1, j, s);
                long double padding = 0;
                meet(inside(x, p, q) ? at(x, n, first + c, p, q) : &padding, at(w, k, c, r, s),
                     at(y, n, k, i, j));
            }
}

static void every_meeting(ref_array x, ref_array w, ref_array y, const ref_window *o, meeting *meet) {
    for (int64_t n = 0; n < y.shape[0]; n++)
        for (int64_t k = 0; k < y.shape[1]; k++)
            for (int64_t i = 0; i < y.shape[2] * y.shape[3]; i++)
                meetings_of(x, w, y, o, (const int64_t[]){n, k, i}, meet);
}

static void to_y(long double *x, long double *w, long double *y) { *y += *x * *w; }
static void to_x(long double *x, long double *w, long double *y) { *x += *y * *w; }
static void to_w(long double *x, long double *w, long double *y) { *w += *y * *x; }

ref_array ref_conv(ref_array x, ref_array w, const ref_array *bias, const ref_window *o) {
    const int64_t shape[] = {x.shape[0], w.shape[0], count_windows(o, 0, x.shape[2], w.shape[2]),
                             count_windows(o, 1, x.shape[3], w.shape[3])};
    ref_array y = ref_array_new(4, shape);
    for (int64_t i = 0; i < y.n && bias; i++) y.v[i] = bias->v[i / (shape[2] * shape[3]) % shape[1]];
    every_meeting(x, w, y, o, to_y);
    return y;
}

ref_array ref_conv_input_grad(ref_array g, ref_array w, int64_t height, int64_t width, const ref_window *o) {
    ref_array x = ref_array_new(4, (const int64_t[]){g.shape[0], w.shape[1] * o->groups, height, width});
    every_meeting(x, w, g, o, to_x);
    return x;
}

ref_array ref_conv_weight_grad(ref_array x, ref_array g, int64_t height, int64_t width, const ref_window *o) {
    ref_array w = ref_array_new(4, (const int64_t[]){g.shape[1], x.shape[1] / o->groups, height, width});
    every_meeting(x, w, g, o, to_w);
    return w;
}

/* --- Columns -------------------------------------------------------------------------------------------------------- */

/* The image's element that stands at element i of the columns (N, C KH KW, OH OW); NULL for the padding. */
static long double *of_column(ref_array x, int64_t kh, int64_t kw, int64_t ow, int64_t windows,
                              const ref_window *o, int64_t i) {
    const int64_t window = i % windows, tap = i / windows % (kh * kw), plane = i / windows / (kh * kw);
    const int64_t p = place(o, 0, window / ow, tap / kw), q = place(o, 1, window % ow, tap % kw);
    return inside(x, p, q) ? at(x, plane / x.shape[1], plane % x.shape[1], p, q) : NULL;
}

ref_array ref_unfold(ref_array x, int64_t height, int64_t width, const ref_window *o) {
    const int64_t oh = count_windows(o, 0, x.shape[2], height), ow = count_windows(o, 1, x.shape[3], width);
    ref_array out = ref_array_new(3, (const int64_t[]){x.shape[0], x.shape[1] * height * width, oh * ow});
    for (int64_t i = 0; i < out.n; i++) {
        const long double *from = of_column(x, height, width, ow, oh * ow, o, i);
        out.v[i] = from ? *from : 0;
    }
    return out;
}

ref_array ref_fold(ref_array columns, int64_t height, int64_t width, int64_t kernel_height,
                   int64_t kernel_width, const ref_window *o) {
    const int64_t ow = count_windows(o, 1, width, kernel_width), channels = columns.shape[1];
    ref_array x = ref_array_new(
        4, (const int64_t[]){columns.shape[0], channels / (kernel_height * kernel_width), height, width});
    for (int64_t i = 0; i < columns.n; i++) {
        long double *to = of_column(x, kernel_height, kernel_width, ow, columns.shape[2], o, i);
        if (to) *to += columns.v[i];
    }
    return x;
}

/* --- Pooling -------------------------------------------------------------------------------------------------------- */

static ref_array pooled_like(ref_array x, int64_t height, int64_t width, const ref_window *o) {
    return ref_array_new(4, (const int64_t[]){x.shape[0], x.shape[1], count_windows(o, 0, x.shape[2], height),
                                              count_windows(o, 1, x.shape[3], width)});
}

ref_array ref_max_pool(ref_array x, int64_t height, int64_t width, const ref_window *o, bool places) {
    ref_array y = pooled_like(x, height, width, o);
    const int64_t windows = y.shape[2] * y.shape[3], plane = x.shape[2] * x.shape[3];
    for (int64_t i = 0; i < y.n; i++) {
        const long double *v = x.v + i / windows * plane;
        int64_t best = -1;
        for (int64_t tap = 0; tap < height * width; tap++) {
            const int64_t p = place(o, 0, i % windows / y.shape[3], tap / width);
            const int64_t q = place(o, 1, i % windows % y.shape[3], tap % width), here = p * x.shape[3] + q;
            if (!inside(x, p, q)) continue;
            if (best < 0 || (!isnan(v[best]) && (isnan(v[here]) || v[here] > v[best]))) best = here;
        }
        y.v[i] = places ? (long double)best : v[best];
    }
    return y;
}

ref_array ref_avg_pool(ref_array x, int64_t height, int64_t width, const ref_window *o) {
    ref_array y = pooled_like(x, height, width, o);
    const int64_t windows = y.shape[2] * y.shape[3], plane = x.shape[2] * x.shape[3];
    for (int64_t i = 0; i < y.n; i++) {
        long double sum = 0;
        int64_t n = 0;
        for (int64_t tap = 0; tap < height * width; tap++) {
            const int64_t p = place(o, 0, i % windows / y.shape[3], tap / width);
            const int64_t q = place(o, 1, i % windows % y.shape[3], tap % width);
            if (inside(x, p, q))
                sum += x.v[i / windows * plane + p * x.shape[3] + q];
            else if (o->exclude_padding || p >= x.shape[2] + o->padding[0] || q >= x.shape[3] + o->padding[1])
                continue;
            n++;
        }
        y.v[i] = sum / (long double)n;
    }
    return y;
}

ref_array ref_adaptive_avg_pool(ref_array x, int64_t height, int64_t width) {
    ref_array y = ref_array_new(4, (const int64_t[]){x.shape[0], x.shape[1], height, width});
    for (int64_t i = 0; i < y.n; i++) {
        const int64_t row = i / width % height, column = i % width, plane = i / width / height;
        long double sum = 0;
        int64_t n = 0;
        for (int64_t p = row * x.shape[2] / height; p * height < (row + 1) * x.shape[2]; p++)
            for (int64_t q = column * x.shape[3] / width; q * width < (column + 1) * x.shape[3]; q++, n++)
                sum += x.v[(plane * x.shape[2] + p) * x.shape[3] + q];
        y.v[i] = sum / (long double)n;
    }
    return y;
}
