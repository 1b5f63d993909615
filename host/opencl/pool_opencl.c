/* Kernels over windows of images; pooling: kernels/pool.cl. */
#include "host/compose.h"
#include "host/opencl/windows_opencl.h"

cg_window_kernel cg_window_kernel_of(cg_hw_opencl *hw, const char *file, const char *entry, cg_dtype type,
                                     const cg_windows *w, int64_t planes, int64_t elements, int64_t reach) {
    bool wide = reach > INT32_MAX / 2 || elements > INT32_MAX / 2;
    for (int a = 0; a < 2; a++)
        wide = wide || w->in[a] + 2 * w->padding[a] + w->stride[a] + w->dilation[a] > INT32_MAX / 2;
    cg_kernel_request q = {.file = file, .entry = entry, .type = type};
    cg_request_define(&q, "ROWS", hw->cpu_style);
    cg_request_define(&q, "WIDE", wide);
    cg_window_kernel k = {.units = hw->cpu_style ? planes : elements};
    k.args = cg_args_of(hw, cg_cl_kernel(hw, &q), entry);
    k.args.wide = wide;
    cg_arg_index(&k.args, k.units);
    return k;
}

void cg_arg_windows(cg_window_kernel *k, const cg_windows *w) {
    const int64_t *const pairs[] = {w->in, w->out, w->kernel, w->stride, w->padding, w->dilation};
    for (int i = 0; i < 6; i++)
        for (int a = 0; a < 2; a++) cg_arg_index(&k->args, pairs[i][a]);
}

void cg_arg_operand(cg_window_kernel *k, const cg_operand *o) {
    cg_arg_buffer(&k->args, o->buffer);
    cg_arg_index(&k->args, o->offset);
}

cg_status cg_window_launch(cg_window_kernel *k) {
    const size_t items = (size_t)k->units;
    return cg_cl_launch(&k->args, 1, &items, (size_t[]){cg_cl_group_items(k->args.hw)});
}

/* With an index that nobody asked for: the kernel writes one. */
static cg_status max_without_index(cg_hw *base, const cg_pool_request *r) {
    cg_pool_request with = *r;
    with.index = cg_compose_temporary(base, CG_I64, r->planes * r->windows.out[0] * r->windows.out[1]);
    if (!with.index.buffer) return CG_ERROR_DEVICE_MEMORY;
    const cg_status status = cg_cl_pool(base, &with);
    cg_hw_free(base, with.index.buffer);
    return status;
}

cg_status cg_cl_pool(cg_hw *base, const cg_pool_request *r) {
    if (r->kind == CG_POOL_MAX && !r->index.buffer) return max_without_index(base, r);
    static const char *const entries[] = {[CG_POOL_MAX] = "pool_max",
                                          [CG_POOL_MAX_GRAD] = "pool_max_grad",
                                          [CG_POOL_MEAN] = "pool_mean",
                                          [CG_POOL_MEAN_GRAD] = "pool_mean_grad"};
    const cg_windows *w = &r->windows;
    const bool back = r->kind == CG_POOL_MAX_GRAD || r->kind == CG_POOL_MEAN_GRAD;
    const int64_t x = r->planes * w->in[0] * w->in[1], y = r->planes * w->out[0] * w->out[1];
    const int64_t largest = (x > y ? x : y) + r->x.offset + r->y.offset + r->index.offset;
    cg_window_kernel k = cg_window_kernel_of(cg_cl(base), "pool.cl", entries[r->kind], r->dtype, w, r->planes,
                                             back ? x : y, largest);
    cg_arg_windows(&k, w);
    const bool max = r->kind == CG_POOL_MAX || r->kind == CG_POOL_MAX_GRAD;
    if (!max) cg_arg_i32(&k.args, r->exclude_padding);
    cg_arg_operand(&k, &r->x);
    cg_arg_operand(&k, &r->y);
    if (max) cg_arg_operand(&k, &r->index);
    return cg_window_launch(&k);
}
