/* Arguments and launches. */
#include "host/opencl/opencl.h"

#include "host/recorded_work.h"

cg_status cg_cl_fail(cg_hw_opencl *hw, cl_int status, const char *operation, const char *call) {
    return CG_FAIL(hw->base.err, cg_cl_error_status(status), "%s: %s: %s (%d)", operation, call,
                   cg_cl_error_name(status), (int)status);
}

int cg_cl_width(const cg_hw_opencl *hw, cg_dtype type) {
    int bytes = hw->cpu_style ? 64 : 16;
    return bytes / (int)cg_dtype_size(type);
}

size_t cg_cl_group_items(const cg_hw_opencl *hw) {
    enum { GROUP = 256 };
    if (hw->cpu_style) return 1;
    return hw->base.info.max_work_group < GROUP ? hw->base.info.max_work_group : GROUP;
}

cg_args cg_args_of(cg_hw_opencl *hw, cl_kernel kernel, const char *operation) {
    if (kernel && hw->keeping) kernel = cg_cl_keep_kernel(hw, kernel);
    return (cg_args){.hw = hw, .kernel = kernel, .operation = operation, .limit = hw->kernel_limit};
}

void cg_arg_bytes(cg_args *a, const void *value, size_t bytes) {
    if (!a->kernel || a->status != CL_SUCCESS) return;
    a->status = a->hw->cl->clSetKernelArg(a->kernel, a->n++, bytes, value);
}

void cg_arg_buffer(cg_args *a, const cg_buffer *buffer) {
    cl_mem mem = buffer ? buffer->mem : NULL;
    if (buffer && a->hw->keeping) cg_record_pin(&a->hw->base, (cg_block *)&buffer->block);
    cg_arg_bytes(a, &mem, sizeof mem);
}

void cg_arg_i32(cg_args *a, int32_t value) { cg_arg_bytes(a, &(cl_int){value}, sizeof(cl_int)); }

void cg_arg_i64(cg_args *a, int64_t value) { cg_arg_bytes(a, &(cl_long){value}, sizeof(cl_long)); }

void cg_arg_index(cg_args *a, int64_t value) {
    if (a->wide)
        cg_arg_i64(a, value);
    else
        cg_arg_i32(a, (int32_t)value);
}

void cg_arg_local(cg_args *a, size_t bytes) { cg_arg_bytes(a, NULL, bytes); }

void cg_arg_scalar(cg_args *a, cg_dtype type, cg_scalar value) {
    if (type == CG_F32)
        cg_arg_bytes(a, &(cl_float){(cl_float)value.f}, sizeof(cl_float));
    else if (type == CG_F64)
        cg_arg_bytes(a, &(cl_double){value.f}, sizeof(cl_double));
    else if (type == CG_I32)
        cg_arg_i32(a, (int32_t)value.i);
    else
        cg_arg_i64(a, value.i);
}

/* Pointer, offset and the strides of all axes but the inner one. */
static void append_operand(cg_args *a, const cg_operand *x, int n_axes) {
    cg_arg_buffer(a, x->buffer);
    cg_arg_index(a, x->offset);
    for (int d = 0; d < n_axes; d++) cg_arg_index(a, x->stride[d]);
}

void cg_arg_program(cg_args *a, const cg_program *program, const cg_program_layout *layout,
                    const cg_operand *in, const cg_operand *out, const cg_scalar *consts) {
    int n_axes = layout->n_outer + layout->n_loop;
    int first = layout->first_input, n_inputs = program->n_inputs - first;
    for (int k = 0; k < n_inputs; k++) append_operand(a, &in[k], n_axes);
    for (int k = 0; k < layout->n_outputs; k++) append_operand(a, &out[k], n_axes);
    for (int k = 0; k < n_inputs; k++)
        if (layout->in_inner[first + k] == CG_INNER_STRIDED) cg_arg_index(a, in[k].stride[n_axes]);
    for (int k = 0; k < n_inputs; k++)
        if (layout->in_inner[first + k] == CG_INNER_ROWS) {
            cg_arg_index(a, in[k].stride[n_axes]);
            cg_arg_index(a, in[k].stride[n_axes + 1]);
        }
    for (int k = 0; k < layout->n_outputs; k++)
        if (layout->out_inner[k] == CG_INNER_STRIDED) cg_arg_index(a, out[k].stride[n_axes]);
    for (int k = 0; k < program->n_consts; k++) cg_arg_scalar(a, (cg_dtype)program->type, consts[k]);
}

size_t cg_cl_groups_begin(cg_hw_opencl *hw, cg_work kind) {
    const size_t before = hw->base.info.max_work_group;
    hw->refused = 0;
    hw->base.info.max_work_group = hw->group_limit[kind] ? hw->group_limit[kind] : hw->most_in_group;
    return before;
}

void cg_cl_groups_end(cg_hw_opencl *hw, cg_work kind, size_t before) {
    if (hw->base.info.max_work_group < hw->most_in_group)
        hw->group_limit[kind] = hw->base.info.max_work_group;
    hw->base.info.max_work_group = before;
}

bool cg_cl_shrink_groups(cg_hw_opencl *hw) {
    const size_t limit = hw->refused;
    size_t items = 1;
    hw->refused = 0;
    if (limit == 0) return false;
    while (items * 2 <= limit) items *= 2;
    if (items >= hw->base.info.max_work_group) {
        CG_FAIL(hw->base.err, CG_ERROR_DEVICE, "%s runs a kernel with %zu work-items in a group at most",
                hw->base.info.id, limit);
        return false;
    }
    hw->base.info.max_work_group = items;
    return true;
}

bool cg_cl_gave_memory_back(cg_hw_opencl *hw, cl_int status) {
    const uint64_t reserved = hw->base.stats.bytes_reserved;
    if (cg_cl_error_status(status) != CG_ERROR_DEVICE_MEMORY) return false;
    hw->cl->clFinish(hw->queue); /* what is freed may be at work */
    cg_cl_trim(&hw->base);
    return hw->base.stats.bytes_reserved < reserved;
}

cg_status cg_cl_enqueue(cg_hw_opencl *hw, cl_kernel kernel, int dims, const size_t *global,
                        const size_t *local, const char *operation) {
    enum { LAUNCHES_PER_FLUSH = 16 }; /* so that the device starts long before the host waits */
    cl_int status;
    do
        status = hw->cl->clEnqueueNDRangeKernel(hw->queue, kernel, (cl_uint)dims, NULL, global, local, 0,
                                                NULL, NULL);
    while (cg_cl_gave_memory_back(hw, status));
    if (status != CL_SUCCESS) return cg_cl_fail(hw, status, operation, "clEnqueueNDRangeKernel");
    hw->idle = false;
    if (++hw->base.stats.launches % LAUNCHES_PER_FLUSH != 0) return CG_OK;
    status = hw->cl->clFlush(hw->queue);
    return status == CL_SUCCESS ? CG_OK : cg_cl_fail(hw, status, operation, "clFlush");
}

cg_status cg_cl_launch(cg_args *a, int dims, const size_t *global, const size_t *local) {
    cg_hw_opencl *hw = a->hw;
    if (hw->ahead) return CG_OK;
    if (!a->kernel) return hw->base.err->code;
    if (cg_cl_check_fork(hw, a->operation) != CG_OK) return hw->base.err->code;
    if (a->status != CL_SUCCESS) return cg_cl_fail(hw, a->status, a->operation, "clSetKernelArg");
    size_t rounded[3] = {1, 1, 1}, items = 1;
    for (int d = 0; d < dims; d++) items *= local[d];
    if (items > a->limit) {
        hw->refused = a->limit;
        return CG_ERROR_DEVICE;
    }
    for (int d = 0; d < dims; d++) rounded[d] = (global[d] + local[d] - 1) / local[d] * local[d];
    if (hw->keeping) cg_cl_keep_launch(hw, a->kernel, dims, rounded, local);
    return cg_cl_enqueue(hw, a->kernel, dims, rounded, local, a->operation);
}
