/* What the kernels over windows of images share (kernels/windows.h): style, arguments, launch. */
#ifndef CLGRAD_HOST_OPENCL_WINDOWS_OPENCL_H
#define CLGRAD_HOST_OPENCL_WINDOWS_OPENCL_H

#include "host/opencl/opencl.h"

typedef struct cg_window_kernel {
    cg_args args;
    int64_t units;
} cg_window_kernel;

/*
 * A kernel with its first argument: in CPU style `planes` work-items that do one each, else `elements` of them. `reach`:
 * the most elements that an operand reaches over.
 */
cg_window_kernel cg_window_kernel_of(cg_hw_opencl *hw, const char *file, const char *entry, cg_dtype type,
                                     const cg_windows *w, int64_t planes, int64_t elements, int64_t reach);

/* WINDOW_PARAMS; an operand and its offset. */
void cg_arg_windows(cg_window_kernel *k, const cg_windows *w);
void cg_arg_operand(cg_window_kernel *k, const cg_operand *o);

cg_status cg_window_launch(cg_window_kernel *k);

#endif
