#include "ops/image_windows.h"

/* Options up to here cannot overflow when they are multiplied. */
#define MOST ((int64_t)INT32_MAX)

bool cg_windows_check(const char *op, const cg_tensor *x, int rank, const char *layout) {
    bool ok = x->shape.rank == rank;
    for (int a = 1; a < rank && ok; a++) ok = x->shape.dim[a] > 0;
    if (!ok)
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: expected %s without empty axes but N, got %s",
                op, layout, CG_SHAPE_STR(&x->shape));
    return ok;
}

static bool check_option(cg_device *dev, const char *op, const char *what, const int64_t v[2],
                         int64_t least) {
    if (v[0] >= least && v[1] >= least && v[0] <= MOST && v[1] <= MOST) return true;
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s: the %s (%lld, %lld) is not possible", op, what,
            (long long)v[0], (long long)v[1]);
    return false;
}

/* How many windows there are along axis a; less than 1 if none fits. */
static int64_t windows_along(const cg_windows *w, int a, bool ceil_mode) {
    const int64_t reach = w->dilation[a] * (w->kernel[a] - 1) + 1;
    const int64_t room = w->in[a] + 2 * w->padding[a] - reach;
    if (room < 0) return 0;
    int64_t n = room / w->stride[a] + 1;
    if (ceil_mode && room % w->stride[a]) n++;
    return ceil_mode && (n - 1) * w->stride[a] >= w->in[a] + w->padding[a] ? n - 1 : n;
}

bool cg_windows_fit(cg_device *dev, const char *op, cg_windows *w, const int64_t default_stride[2],
                    bool ceil_mode) {
    for (int a = 0; a < 2; a++) {
        if (w->stride[a] == 0) w->stride[a] = default_stride[a];
        if (w->dilation[a] == 0) w->dilation[a] = 1;
    }
    if (!check_option(dev, op, "size of the window", w->kernel, 1) ||
        !check_option(dev, op, "stride", w->stride, 1) || !check_option(dev, op, "padding", w->padding, 0) ||
        !check_option(dev, op, "dilation", w->dilation, 1))
        return false;
    for (int a = 0; a < 2; a++) w->out[a] = windows_along(w, a, ceil_mode);
    if (w->out[0] >= 1 && w->out[1] >= 1) return true;
    CG_FAIL(&dev->error, CG_ERROR_SHAPE,
            "%s: a window of (%lld, %lld), dilation (%lld, %lld), does not fit in (%lld, %lld) with padding "
            "(%lld, %lld)",
            op, (long long)w->kernel[0], (long long)w->kernel[1], (long long)w->dilation[0],
            (long long)w->dilation[1], (long long)w->in[0], (long long)w->in[1], (long long)w->padding[0],
            (long long)w->padding[1]);
    return false;
}
