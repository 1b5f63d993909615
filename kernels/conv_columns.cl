/*
 * Windows as columns, and columns added to images:
 *
 *     columns[n image_step + (c kernel_h kernel_w + r kernel_w + s) row_step + i out_w + j]
 *         = x[n, c, i stride - padding + r dilation, j .. + s ..], 0 outside       (conv_columns)
 *     x[n, c, p, q] (+)= the sum of what was taken from there, tap by tap          (conv_image; + if `add`)
 *
 * x is contiguous (n, channels, in_h, in_w). A work-item of conv_columns does a row of columns of an image (ROWS) or an
 * element of it, one of conv_image a plane or an element; there are `units` of them. A negative padding cuts rows off.
 */
#include "prelude.h"
#include "windows.h"

__kernel void conv_columns(const INDEX units, const INDEX channels, const INDEX image_step, const INDEX row_step,
                           WINDOW_PARAMS, const __global TS *x, const INDEX x_offset, __global TS *columns) {
    const INDEX taps = kernel_h * kernel_w, windows = out_h * out_w, unit = (INDEX)get_global_id(0);
    if (unit >= units) return;
    const INDEX line = ROWS ? unit : divide(unit, windows); /* image, channel, tap */
    const INDEX plane = divide(line, taps), tap = line - plane * taps, image = divide(plane, channels);
    const INDEX r = divide(tap, kernel_w), s = tap - r * kernel_w;
    const INDEX top = tap_start(r, padding_h, dilation_h), left = tap_start(s, padding_w, dilation_w);
    const __global TS *from = x + x_offset + plane * in_h * in_w;
    __global TS *to = columns + image * image_step + (line - image * channels * taps) * row_step;
#if ROWS
    const INDEX first = first_window(left, stride_w), end = end_window(left, stride_w, in_w, out_w);
    const INDEX begin = min(first, out_w), stop = max(begin, end);
    for (INDEX i = 0; i < out_h; i++, to += out_w) {
        const INDEX p = i * stride_h + top;
        const bool inside = p >= 0 && p < in_h;
        const INDEX b = inside ? begin : out_w, e = inside ? stop : out_w;
        const __global TS *row = from + p * in_w + left;
        for (INDEX j = 0; j < b; j++)
            to[j] = 0;
        if (stride_w == 1)
            for (INDEX j = b; j < e; j++)
                to[j] = row[j];
        else
            for (INDEX j = b; j < e; j++)
                to[j] = row[j * stride_w];
        for (INDEX j = e; j < out_w; j++)
            to[j] = 0;
    }
#else
    const INDEX window = unit - line * windows, i = divide(window, out_w), j = window - i * out_w;
    const INDEX p = i * stride_h + top, q = j * stride_w + left;
    to[window] = p >= 0 && p < in_h && q >= 0 && q < in_w ? from[p * in_w + q] : 0;
#endif
}

__kernel void conv_image(const INDEX units, const INDEX channels, const INDEX image_step, const INDEX row_step,
                         WINDOW_PARAMS, __global TS *x, const INDEX x_offset, const __global TS *columns,
                         const int add) {
    const INDEX taps = kernel_h * kernel_w, elements = in_h * in_w, unit = (INDEX)get_global_id(0);
    if (unit >= units) return;
    const INDEX plane = ROWS ? unit : divide(unit, elements), image = divide(plane, channels);
    const __global TS *from = columns + image * image_step + (plane - image * channels) * taps * row_step;
    __global TS *to = x + x_offset + plane * elements;
#if ROWS
    for (INDEX e = 0; e < elements && !add; e++)
        to[e] = 0;
    for (INDEX tap = 0; tap < taps; tap++, from += row_step) {
        const INDEX r = divide(tap, kernel_w), s = tap - r * kernel_w;
        const INDEX top = tap_start(r, padding_h, dilation_h), left = tap_start(s, padding_w, dilation_w);
        const INDEX first = first_window(left, stride_w), end = end_window(left, stride_w, in_w, out_w);
        for (INDEX i = first_window(top, stride_h); i < end_window(top, stride_h, in_h, out_h); i++) {
            __global TS *row = to + (i * stride_h + top) * in_w + left;
            if (stride_w == 1)
                for (INDEX j = first; j < end; j++)
                    row[j] += from[i * out_w + j];
            else
                for (INDEX j = first; j < end; j++)
                    row[j * stride_w] += from[i * out_w + j];
        }
    }
#else
    const INDEX element = unit - plane * elements, p = divide(element, in_w), q = element - p * in_w;
    TS sum = add ? to[element] : 0;
    for (INDEX r = 0; r < kernel_h; r++) {
        const INDEX i = window_at(p, tap_start(r, padding_h, dilation_h), stride_h, out_h);
        for (INDEX s = 0; s < kernel_w && i >= 0; s++) {
            const INDEX j = window_at(q, tap_start(s, padding_w, dilation_w), stride_w, out_w);
            if (j >= 0) sum += from[(r * kernel_w + s) * row_step + i * out_w + j];
        }
    }
    to[element] = sum;
#endif
}
