/*
 * Pooling of contiguous planes: x (planes, in_h, in_w), y and index (planes, out_h, out_w).
 *
 *     pool_max        y = the largest element of a window: its first NaN, else its first maximum; index = its place in the plane
 *     pool_max_grad   x = the sum of y of the windows whose index is this place, in their order
 *     pool_mean       y = the sum of a window / divisor
 *     pool_mean_grad  x = the sum of y / divisor of the windows around this place, in their order
 *
 * A work-item does a plane of the result (ROWS) or an element of it; there are `units` of them.
 */
#include "prelude.h"
#include "windows.h"

/* How many elements a window has along an axis from `begin` on: in the image, or within `margin` of it. */
FN INDEX window_count(const INDEX begin, const INDEX kernel_size, const INDEX in, const INDEX margin) {
    return min(begin + kernel_size, in + margin) - max(begin, -margin);
}

/* The first tap of a window at `begin` that is in the image, and the first behind it. */
FN INDEX first_tap(const INDEX begin, const INDEX dilation) {
    return begin < 0 ? divide(dilation - 1 - begin, dilation) : 0;
}
FN INDEX end_tap(const INDEX begin, const INDEX dilation, const INDEX kernel_size, const INDEX in) {
    const INDEX last = in - 1 - begin;
    return last < 0 ? 0 : min(kernel_size, divide(last, dilation) + 1);
}

/* The elements [first, last) of a plane of the result, of which there are n: this work-item's. */
#define EACH_RESULT(element, n)                                                                              \
    const INDEX unit = (INDEX)get_global_id(0);                                                              \
    if (unit >= units) return;                                                                               \
    const INDEX plane = ROWS ? unit : divide(unit, n), first = ROWS ? 0 : unit - plane * (n);                \
    for (INDEX element = first, last = ROWS ? (n) : first + 1; element < last; element++)

__kernel void pool_max(const INDEX units, WINDOW_PARAMS, const __global TS *x, const INDEX x_offset,
                       __global TS *y, const INDEX y_offset, __global long *index, const INDEX index_offset) {
    const INDEX windows = out_h * out_w;
    EACH_RESULT(window, windows) {
        const INDEX i = divide(window, out_w), j = window - i * out_w;
        const INDEX top = i * stride_h - padding_h, left = j * stride_w - padding_w;
        const INDEX s0 = first_tap(left, dilation_w), s1 = end_tap(left, dilation_w, kernel_w, in_w);
        const INDEX r0 = first_tap(top, dilation_h), r1 = end_tap(top, dilation_h, kernel_h, in_h);
        const __global TS *from = x + x_offset + plane * in_h * in_w;
        INDEX best = (top + r0 * dilation_h) * in_w + left + s0 * dilation_w;
        TS value = from[best];
        for (INDEX r = r0; r < r1; r++)
            for (INDEX s = s0; s < s1; s++) {
                const INDEX here = (top + r * dilation_h) * in_w + left + s * dilation_w;
                const TS v = from[here];
                if (!(v <= value) && value == value) {
                    value = v;
                    best = here;
                }
            }
        y[y_offset + plane * windows + window] = value;
        index[index_offset + plane * windows + window] = best;
    }
}

__kernel void pool_max_grad(const INDEX units, WINDOW_PARAMS, __global TS *x, const INDEX x_offset,
                            const __global TS *y, const INDEX y_offset, const __global long *index,
                            const INDEX index_offset) {
    const INDEX elements = in_h * in_w, windows = out_h * out_w;
#if ROWS
    const INDEX plane = (INDEX)get_global_id(0);
    if (plane >= units) return;
    __global TS *to = x + x_offset + plane * elements;
    for (INDEX e = 0; e < elements; e++)
        to[e] = 0;
    for (INDEX l = plane * windows; l < (plane + 1) * windows; l++)
        to[index[index_offset + l]] += y[y_offset + l];
#else
    EACH_RESULT(element, elements) {
        const INDEX p = divide(element, in_w), q = element - p * in_w;
        TS sum = 0;
        for (INDEX r = kernel_h; r-- > 0;) { /* the last tap is that of the first window */
            const INDEX i = window_at(p, tap_start(r, padding_h, dilation_h), stride_h, out_h);
            for (INDEX s = kernel_w; s-- > 0 && i >= 0;) {
                const INDEX j = window_at(q, tap_start(s, padding_w, dilation_w), stride_w, out_w);
                const INDEX l = plane * windows + i * out_w + j;
                if (j >= 0 && index[index_offset + l] == element) sum += y[y_offset + l];
            }
        }
        x[x_offset + plane * elements + element] = sum;
    }
#endif
}

__kernel void pool_mean(const INDEX units, WINDOW_PARAMS, const int exclude_padding, const __global TS *x,
                        const INDEX x_offset, __global TS *y, const INDEX y_offset) {
    const INDEX windows = out_h * out_w;
    const INDEX margin_h = exclude_padding ? 0 : padding_h, margin_w = exclude_padding ? 0 : padding_w;
    EACH_RESULT(window, windows) {
        const INDEX i = divide(window, out_w), j = window - i * out_w;
        const INDEX top = i * stride_h - padding_h, left = j * stride_w - padding_w;
        const __global TS *from = x + x_offset + plane * in_h * in_w;
        TS sum = 0;
        for (INDEX p = max(top, (INDEX)0); p < min(top + kernel_h, in_h); p++)
            for (INDEX q = max(left, (INDEX)0); q < min(left + kernel_w, in_w); q++)
                sum += from[p * in_w + q];
        const INDEX high = window_count(top, kernel_h, in_h, margin_h);
        const INDEX wide = window_count(left, kernel_w, in_w, margin_w);
        y[y_offset + plane * windows + window] = sum / ((TS)high * (TS)wide);
    }
}

__kernel void pool_mean_grad(const INDEX units, WINDOW_PARAMS, const int exclude_padding, __global TS *x,
                             const INDEX x_offset, const __global TS *y, const INDEX y_offset) {
    const INDEX elements = in_h * in_w, windows = out_h * out_w;
    const INDEX margin_h = exclude_padding ? 0 : padding_h, margin_w = exclude_padding ? 0 : padding_w;
#if ROWS
    const INDEX plane = (INDEX)get_global_id(0);
    if (plane >= units) return;
    __global TS *to = x + x_offset + plane * elements;
    const __global TS *from = y + y_offset + plane * windows;
    for (INDEX e = 0; e < elements; e++)
        to[e] = 0;
    for (INDEX i = 0; i < out_h; i++) {
        const INDEX top = i * stride_h - padding_h;
        const INDEX high = window_count(top, kernel_h, in_h, margin_h);
        for (INDEX j = 0; j < out_w; j++) {
            const INDEX left = j * stride_w - padding_w;
            const TS share = *from++ / ((TS)high * (TS)window_count(left, kernel_w, in_w, margin_w));
            for (INDEX p = max(top, (INDEX)0); p < min(top + kernel_h, in_h); p++)
                for (INDEX q = max(left, (INDEX)0); q < min(left + kernel_w, in_w); q++)
                    to[p * in_w + q] += share;
        }
    }
#else
    EACH_RESULT(element, elements) {
        const INDEX p = divide(element, in_w), q = element - p * in_w;
        const INDEX i0 = first_window(kernel_h - 1 - padding_h - p, stride_h);
        const INDEX j0 = first_window(kernel_w - 1 - padding_w - q, stride_w);
        const INDEX i1 = end_window(-padding_h, stride_h, p + 1, out_h);
        const INDEX j1 = end_window(-padding_w, stride_w, q + 1, out_w);
        TS sum = 0;
        for (INDEX i = i0; i < i1; i++) {
            const INDEX high = window_count(i * stride_h - padding_h, kernel_h, in_h, margin_h);
            for (INDEX j = j0; j < j1; j++) {
                const INDEX wide = window_count(j * stride_w - padding_w, kernel_w, in_w, margin_w);
                sum += y[y_offset + plane * windows + i * out_w + j] / ((TS)high * (TS)wide);
            }
        }
        x[x_offset + plane * elements + element] = sum;
    }
#endif
}
