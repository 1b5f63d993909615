/*
 * Means over a grid of windows that cover an axis: window i of O over L elements reaches from floor(i L / O) to
 * ceil((i + 1) L / O). Where O divides L along both axes they are the windows of avg_pool2d. Else an axis at a time: the
 * elements of each window are picked side by side, as many as the longest window may have, where a shorter one shows the
 * zero that was put behind the axis; summed, and divided by the windows' lengths.
 */
#include "ops/pool_windows.h"

#include <stdlib.h>

/* With L = q O + r: no product beyond O^2. */
static int64_t window_begin(int64_t i, int64_t length, int64_t windows) {
    return length / windows * i + length % windows * i / windows;
}

static int64_t window_end(int64_t i, int64_t length, int64_t windows) {
    return length / windows * (i + 1) + (length % windows * (i + 1) + windows - 1) / windows;
}

/* index (windows, most): the elements of each window, then `length`; count (windows): how many. */
static void list_windows(int64_t length, int64_t windows, int64_t most, int64_t *index, int64_t *count) {
    for (int64_t i = 0; i < windows; i++) {
        const int64_t begin = window_begin(i, length, windows);
        count[i] = window_end(i, length, windows) - begin;
        for (int64_t j = 0; j < most; j++) index[i * most + j] = j < count[i] ? begin + j : length;
    }
}

/* The same lists as tensors; false and an error without memory. */
static bool list_tensors(cg_device *dev, int64_t length, int64_t windows, int64_t most, cg_tensor **index,
                         cg_tensor **count) {
    int64_t *places = malloc((size_t)(windows * (most + 1)) * sizeof *places);
    *index = *count = NULL;
    if (!places) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "adaptive_avg_pool2d: no memory for the places of %lld windows",
                (long long)windows);
        return false;
    }
    list_windows(length, windows, most, places, places + windows * most);
    *index = cg_from_i64(dev, cg_shape(windows * most), places);
    *count = cg_from_i64(dev, cg_shape(windows), places + windows * most);
    free(places);
    return *index && *count;
}

/* The means over `windows` windows along `axis` of x (N, C, H, W). */
static cg_tensor *pool_axis(cg_tensor *x, int axis, int64_t windows) {
    const int64_t none[4] = {0}, length = cg_size(x, axis), most = length / windows + 2;
    int64_t behind[4] = {0};
    cg_tensor *index, *count;
    behind[axis] = 1;
    if (!x || !list_tensors(x->storage->dev, length, windows, most, &index, &count)) return NULL;
    cg_dims apart = x->shape, along = {.rank = 4, .dim = {1, 1, 1, 1}};
    apart.rank = 5;
    for (int a = 4; a > axis + 1; a--) apart.dim[a] = x->shape.dim[a - 1];
    apart.dim[axis] = along.dim[axis] = windows;
    apart.dim[axis + 1] = most;
    cg_tensor *picked = cg_index_select(cg_pad(x, none, behind, 0), axis, index);
    cg_tensor *sum = cg_sum(cg_reshape(picked, apart), cg_axes(axis + 1), false);
    return cg_div(sum, cg_op_cast(cg_reshape(count, along), x->storage->dtype));
}

cg_tensor *cg_adaptive_avg_pool2d(cg_tensor *input, int64_t height, int64_t width) {
    cg_tensor *x = cg_op_real(input);
    if (!x || !cg_windows_check("adaptive_avg_pool2d", x, 4, "(N, C, H, W)")) return NULL;
    const int64_t *in = x->shape.dim + 2;
    cg_dims shape = cg_shape(x->shape.dim[0], x->shape.dim[1], height, width);
    int64_t numel;
    if (height < 1 || width < 1 || height > INT32_MAX || width > INT32_MAX) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT,
                "adaptive_avg_pool2d: a result of (%lld, %lld) is not possible", (long long)height,
                (long long)width);
        return NULL;
    }
    if (cg_tensor_check(x->storage->dev, "adaptive_avg_pool2d", x->storage->dtype, &shape, &numel))
        return NULL;
    if (in[0] % height == 0 && in[1] % width == 0)
        return cg_avg_pool2d(x, in[0] / height, in[1] / width, (cg_pool_options){0});
    return pool_axis(pool_axis(x, 2, height), 3, width);
}
