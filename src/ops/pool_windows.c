#include "ops/pool_windows.h"

/*
 * Whether every window has an element of the image; an error if not. As no padding is more than half a window, one has
 * none only where its elements lie further apart than the image is long: one before it, the next behind.
 */
static bool check_reach(cg_device *dev, const char *op, const cg_windows *w) {
    for (int a = 0; a < 2; a++) {
        if (w->padding[a] == 0 || w->dilation[a] <= w->in[a]) continue;
        CG_FAIL(&dev->error, CG_ERROR_SHAPE,
                "%s: with padding %lld and dilation %lld a window over an axis of %lld is padding alone", op,
                (long long)w->padding[a], (long long)w->dilation[a], (long long)w->in[a]);
        return false;
    }
    return true;
}

bool cg_pool_windows(const char *op, const cg_tensor *x, const int64_t kernel[2],
                     const cg_pool_options *options, cg_windows *w, cg_dims *shape) {
    cg_device *dev = x->storage->dev;
    if (!cg_windows_check(op, x, 4, "(N, C, H, W)")) return false;
    *w = (cg_windows){0};
    for (int a = 0; a < 2; a++) {
        w->in[a] = x->shape.dim[2 + a];
        w->kernel[a] = kernel[a];
        w->stride[a] = options->stride[a];
        w->padding[a] = options->padding[a];
        w->dilation[a] = options->dilation[a];
    }
    if (!cg_windows_fit(dev, op, w, kernel, options->ceil_mode)) return false;
    if (w->padding[0] > kernel[0] / 2 || w->padding[1] > kernel[1] / 2) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT,
                "%s: a padding of (%lld, %lld) is more than half the window (%lld, %lld)", op,
                (long long)w->padding[0], (long long)w->padding[1], (long long)kernel[0],
                (long long)kernel[1]);
        return false;
    }
    if (!check_reach(dev, op, w)) return false;
    *shape = x->shape;
    for (int a = 0; a < 2; a++) shape->dim[2 + a] = w->out[a];
    return true;
}

cg_pool_options cg_pool_options_row(cg_pool_options o) {
    return (cg_pool_options){.stride = {1, o.stride[0]},
                             .padding = {0, o.padding[0]},
                             .dilation = {1, o.dilation[0]},
                             .ceil_mode = o.ceil_mode,
                             .exclude_padding = o.exclude_padding};
}
