/* Gather along an axis: kernels/gather.cl. */
#include "host/opencl/opencl.h"

enum { VECTOR = 4, ITEM_ELEMENTS = 16384, CHUNK_ELEMENTS = 16384 };

/* What an index out of range gives: the bits of NaN, 0 for integers. */
static uint64_t missing_bits(cg_dtype dtype) {
    return dtype == CG_F32 ? 0x7fc00000u : dtype == CG_F64 ? 0x7ff8000000000000u : 0;
}

cg_status cg_cl_gather(cg_hw *base, const cg_gather_request *r) {
    cg_hw_opencl *hw = cg_cl(base);
    int64_t rows = r->outer * r->n_index;
    bool aligned = r->inner % VECTOR == 0 && r->src.offset % VECTOR == 0 && r->out.offset % VECTOR == 0;
    int64_t vector = aligned ? VECTOR : 1, chunk = vector, per_item = 1;
    if (hw->cpu_style) {
        chunk = r->inner < CHUNK_ELEMENTS ? r->inner : CHUNK_ELEMENTS;
        per_item = chunk < ITEM_ELEMENTS ? ITEM_ELEMENTS / chunk : 1;
    }
    int64_t chunks = (r->inner + chunk - 1) / chunk;
    double largest =
        (double)r->outer * (double)(r->axis > r->n_index ? r->axis : r->n_index) * (double)r->inner;
    bool wide =
        largest + (double)r->src.offset + (double)r->out.offset + (double)r->index.offset > INT32_MAX / 2;
    cg_kernel_request request = {.file = "gather.cl", .entry = "gather", .type = CG_I32};
    cg_request_define(&request, "BYTES", (int64_t)cg_dtype_size(r->dtype));
    cg_request_define(&request, "INDEX_BYTES", (int64_t)cg_dtype_size(r->index.dtype));
    cg_request_define(&request, "VECTOR", vector);
    cg_request_define(&request, "WIDE", wide);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &request), "gather");
    a.wide = wide;
    cg_arg_index(&a, rows);
    cg_arg_index(&a, r->n_index);
    cg_arg_index(&a, r->axis);
    cg_arg_index(&a, r->inner);
    cg_arg_index(&a, chunk);
    cg_arg_index(&a, chunks);
    cg_arg_index(&a, per_item);
    cg_arg_buffer(&a, r->src.buffer);
    cg_arg_index(&a, r->src.offset);
    cg_arg_buffer(&a, r->index.buffer);
    cg_arg_index(&a, r->index.offset);
    cg_arg_buffer(&a, r->out.buffer);
    cg_arg_index(&a, r->out.offset);
    cg_arg_i64(&a, (int64_t)missing_bits(r->dtype));
    size_t items = (size_t)((rows * chunks + per_item - 1) / per_item);
    return cg_cl_launch(&a, 1, &items, (size_t[]){cg_cl_group_items(hw)});
}
