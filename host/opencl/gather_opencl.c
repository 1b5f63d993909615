/* Gather along an axis: kernels/gather.cl. */
#include "host/opencl/opencl.h"

enum { VECTOR = 4, ITEM_ELEMENTS = 16384, CHUNK_ELEMENTS = 16384 };

/* What an index out of range gives: the bits of NaN, 0 for integers. */
static uint64_t missing_bits(cg_dtype dtype) {
    return dtype == CG_F32 ? 0x7fc00000u : dtype == CG_F64 ? 0x7ff8000000000000u : 0;
}

/* Whether an element may be further from the start of a buffer than an int tells. */
static bool is_wide(const cg_gather_request *r) {
    double largest =
        (double)r->outer * (double)(r->axis > r->n_index ? r->axis : r->n_index) * (double)r->inner;
    return largest + (double)r->src.offset + (double)r->out.offset + (double)r->index.offset > INT32_MAX / 2;
}

static cg_kernel_request gather_kernel(const cg_gather_request *r, const char *entry, int64_t vector) {
    cg_kernel_request request = {.file = "gather.cl", .entry = entry, .type = CG_I32};
    cg_request_define(&request, "BYTES", (int64_t)cg_dtype_size(r->dtype));
    cg_request_define(&request, "INDEX_BYTES", (int64_t)cg_dtype_size(r->index.dtype));
    cg_request_define(&request, "VECTOR", vector);
    cg_request_define(&request, "WIDE", is_wide(r));
    return request;
}

/* The numbers, then the operands: the parameters of both kernels. */
static cg_status launch_gather(cg_hw_opencl *hw, const cg_kernel_request *request, const cg_gather_request *r,
                               const int64_t *number, int n_numbers, int64_t items) {
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, request), "gather");
    a.wide = is_wide(r);
    for (int i = 0; i < n_numbers; i++) cg_arg_index(&a, number[i]);
    const cg_operand *const operand[] = {&r->src, &r->index, &r->out};
    for (int i = 0; i < 3; i++) {
        cg_arg_buffer(&a, operand[i]->buffer);
        cg_arg_index(&a, operand[i]->offset);
    }
    cg_arg_i64(&a, (int64_t)missing_bits(r->dtype));
    return cg_cl_launch(&a, 1, (size_t[]){(size_t)items}, (size_t[]){cg_cl_group_items(hw)});
}

/* An index for each element. */
static cg_status gather_along(cg_hw_opencl *hw, const cg_gather_request *r) {
    cg_kernel_request request = gather_kernel(r, "gather_along", 1);
    int64_t total = r->outer * r->n_index * r->inner, per_item = hw->cpu_style ? ITEM_ELEMENTS : 1;
    const int64_t number[] = {total, r->n_index, r->axis, r->inner, per_item};
    return launch_gather(hw, &request, r, number, 5, (total + per_item - 1) / per_item);
}

cg_status cg_cl_gather(cg_hw *base, const cg_gather_request *r) {
    cg_hw_opencl *hw = cg_cl(base);
    if (r->along) return gather_along(hw, r);
    int64_t rows = r->outer * r->n_index;
    bool aligned = r->inner % VECTOR == 0 && r->src.offset % VECTOR == 0 && r->out.offset % VECTOR == 0;
    int64_t vector = aligned ? VECTOR : 1, chunk = vector, per_item = 1;
    if (hw->cpu_style) {
        chunk = r->inner < CHUNK_ELEMENTS ? r->inner : CHUNK_ELEMENTS;
        per_item = chunk < ITEM_ELEMENTS ? ITEM_ELEMENTS / chunk : 1;
    }
    int64_t chunks = (r->inner + chunk - 1) / chunk;
    cg_kernel_request request = gather_kernel(r, "gather", vector);
    const int64_t number[] = {rows, r->n_index, r->axis, r->inner, chunk, chunks, per_item};
    return launch_gather(hw, &request, r, number, 7, (rows * chunks + per_item - 1) / per_item);
}
