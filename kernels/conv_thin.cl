/*
 * Convolutions whose channels meet few others, without columns. Of a group, k outputs and c inputs; w is contiguous
 * (groups k, c, kernel_h, kernel_w), x (n, groups c, in_h, in_w), y (n, groups k, out_h, out_w).
 *
 *     y[n, k', i, j] = bias[k'] + sum over c, r, s of w x       (conv_thin)
 *     x[n, c', p, q] = the sum over k, r, s of w y              (conv_thin_input)
 *
 * A work-item does a plane of the result (ROWS) or an element of it; there are `units` of them.
 */
#include "prelude.h"
#include "windows.h"

__kernel void conv_thin(const INDEX units, const INDEX groups, const INDEX k, const INDEX c, WINDOW_PARAMS,
                        const __global TS *x, const INDEX x_offset, const __global TS *w, const INDEX w_offset,
                        __global TS *y, const INDEX y_offset, const int biased, const __global TS *bias,
                        const INDEX bias_offset) {
    const INDEX taps = kernel_h * kernel_w, windows = out_h * out_w, unit = (INDEX)get_global_id(0);
    if (unit >= units) return;
    const INDEX plane = ROWS ? unit : divide(unit, windows), image = divide(plane, groups * k);
    const INDEX output = plane - image * groups * k, group = divide(output, k);
    const __global TS *from = x + x_offset + (image * groups + group) * c * in_h * in_w;
    const __global TS *factor = w + w_offset + output * c * taps;
    __global TS *to = y + y_offset + plane * windows;
    const TS start = biased ? bias[bias_offset + output] : (TS)0;
#if ROWS
    for (INDEX l = 0; l < windows; l++)
        to[l] = start;
    for (INDEX row = 0; row < c * taps; row++) {
        const INDEX channel = divide(row, taps), tap = row - channel * taps, r = divide(tap, kernel_w);
        const INDEX top = tap_start(r, padding_h, dilation_h);
        const INDEX left = tap_start(tap - r * kernel_w, padding_w, dilation_w);
        const INDEX first = first_window(left, stride_w), end = end_window(left, stride_w, in_w, out_w);
        for (INDEX i = first_window(top, stride_h); i < end_window(top, stride_h, in_h, out_h); i++) {
            const __global TS *line = from + (channel * in_h + i * stride_h + top) * in_w + left;
            for (INDEX j = first; j < end; j++)
                to[i * out_w + j] = fma(factor[row], line[j * stride_w], to[i * out_w + j]);
        }
        const INDEX above = first_window(top, stride_h), below = end_window(top, stride_h, in_h, out_h);
        for (INDEX l = 0; l < windows && !isfinite(factor[row]); l++) { /* times the zeros of the padding: NaN */
            const INDEX i = divide(l, out_w), j = l - i * out_w;
            if (i < above || i >= below || j < first || j >= end) to[l] += factor[row] * 0;
        }
    }
#else
    const INDEX window = unit - plane * windows, i = divide(window, out_w), j = window - i * out_w;
    TS sum = start;
    for (INDEX channel = 0; channel < c; channel++)
        for (INDEX r = 0; r < kernel_h; r++) {
            const INDEX p = i * stride_h + tap_start(r, padding_h, dilation_h);
            for (INDEX s = 0; s < kernel_w; s++) {
                const INDEX q = j * stride_w + tap_start(s, padding_w, dilation_w);
                const bool inside = p >= 0 && p < in_h && q >= 0 && q < in_w;
                sum = fma(factor[(channel * kernel_h + r) * kernel_w + s],
                          inside ? from[(channel * in_h + p) * in_w + q] : (TS)0, sum);
            }
        }
    to[window] = sum;
#endif
}

__kernel void conv_thin_input(const INDEX units, const INDEX groups, const INDEX k, const INDEX c, WINDOW_PARAMS,
                              __global TS *x, const INDEX x_offset, const __global TS *w, const INDEX w_offset,
                              const __global TS *y, const INDEX y_offset) {
    const INDEX taps = kernel_h * kernel_w, elements = in_h * in_w, unit = (INDEX)get_global_id(0);
    if (unit >= units) return;
    const INDEX plane = ROWS ? unit : divide(unit, elements), image = divide(plane, groups * c);
    const INDEX input = plane - image * groups * c, group = divide(input, c), channel = input - group * c;
    const __global TS *from = y + y_offset + (image * groups + group) * k * out_h * out_w;
    const __global TS *factor = w + w_offset + (group * k * c + channel) * taps;
    __global TS *to = x + x_offset + plane * elements;
#if ROWS
    for (INDEX e = 0; e < elements; e++)
        to[e] = 0;
    for (INDEX row = 0; row < k * taps; row++) {
        const INDEX output = divide(row, taps), tap = row - output * taps, r = divide(tap, kernel_w);
        const INDEX top = tap_start(r, padding_h, dilation_h);
        const INDEX left = tap_start(tap - r * kernel_w, padding_w, dilation_w);
        const INDEX first = first_window(left, stride_w), end = end_window(left, stride_w, in_w, out_w);
        const TS f = factor[output * c * taps + tap];
        for (INDEX i = first_window(top, stride_h); i < end_window(top, stride_h, in_h, out_h); i++) {
            const __global TS *line = from + (output * out_h + i) * out_w;
            __global TS *at = to + (i * stride_h + top) * in_w + left;
            for (INDEX j = first; j < end; j++)
                at[j * stride_w] = fma(f, line[j], at[j * stride_w]);
        }
    }
#else
    const INDEX element = unit - plane * elements, p = divide(element, in_w), q = element - p * in_w;
    TS sum = 0;
    for (INDEX output = 0; output < k; output++)
        for (INDEX r = 0; r < kernel_h; r++) {
            const INDEX i = window_at(p, tap_start(r, padding_h, dilation_h), stride_h, out_h);
            for (INDEX s = 0; s < kernel_w && i >= 0; s++) {
                const INDEX j = window_at(q, tap_start(s, padding_w, dilation_w), stride_w, out_w);
                if (j >= 0)
                    sum = fma(factor[output * c * taps + r * kernel_w + s],
                              from[(output * out_h + i) * out_w + j], sum);
            }
        }
    to[element] = sum;
#endif
}
