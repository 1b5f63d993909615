/*
 * Windows of images in terms of maps. A *tap* is a place (r, s) within a window. The elements that all windows have at one
 * tap are a strided view of the image, but for windows that have padding there.
 */
#ifndef CLGRAD_HOST_WINDOW_TAPS_H
#define CLGRAD_HOST_WINDOW_TAPS_H

#include "host/backend.h"

/* The windows first .. first + count - 1, along each axis, whose tap is within the image; `at` is where that of the
 * first one is. count 0: none. */
typedef struct cg_tap {
    int64_t first[2], count[2], at[2];
} cg_tap;

cg_tap cg_window_tap(const cg_windows *w, int64_t r, int64_t s);

/*
 * The view of contiguous images (planes, in) that shows, over (planes, tap count), the elements at a tap; and that of
 * contiguous values of windows (planes, out) that shows the windows they belong to.
 */
cg_operand cg_tap_in_image(const cg_windows *w, const cg_tap *tap, const cg_operand *image);
cg_operand cg_tap_in_windows(const cg_windows *w, const cg_tap *tap, const cg_operand *values);

/* How many elements window i has along axis a: within the image, or within `padding` of it. */
int64_t cg_window_count(const cg_windows *w, int a, int64_t i, bool exclude_padding);

/* Fills n contiguous elements with zeros. */
cg_status cg_hw_fill_zeros(cg_hw *hw, const cg_operand *to, int64_t n);

#endif
