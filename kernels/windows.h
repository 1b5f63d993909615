/*
 * Windows of images in kernels: how they lie, and which of them have a tap (r, s) in the image. ROWS: a work-item does a
 * plane, row by row, so that a CPU's compiler makes vectors of the inner loops; else it does an element.
 */
#ifndef WINDOWS_H
#define WINDOWS_H

#ifndef ROWS
#define ROWS 0
#endif

#define WINDOW_PARAMS                                                                                        \
    const INDEX in_h, const INDEX in_w, const INDEX out_h, const INDEX out_w, const INDEX kernel_h,          \
        const INDEX kernel_w, const INDEX stride_h, const INDEX stride_w, const INDEX padding_h,             \
        const INDEX padding_w, const INDEX dilation_h, const INDEX dilation_w

/* Where along an axis tap k of window 0 is. */
FN INDEX tap_start(const INDEX k, const INDEX padding, const INDEX dilation) { return k * dilation - padding; }

/* The windows first .. end have that tap in the image; first >= end: none. */
FN INDEX first_window(const INDEX start, const INDEX stride) {
    return start >= 0 ? 0 : divide(stride - 1 - start, stride);
}
FN INDEX end_window(const INDEX start, const INDEX stride, const INDEX in, const INDEX out) {
    const INDEX last = in - 1 - start;
    return last < 0 ? 0 : min(out, divide(last, stride) + 1);
}

/* The window whose tap of that start is at `place`; -1 if there is none. */
FN INDEX window_at(const INDEX place, const INDEX start, const INDEX stride, const INDEX out) {
    const INDEX distance = place - start;
    if (distance < 0) return -1;
    const INDEX window = divide(distance, stride);
    return window < out && window * stride == distance ? window : -1;
}

#endif
