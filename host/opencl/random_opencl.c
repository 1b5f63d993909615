/* Random numbers: kernels/random.cl. */
#include "host/opencl/opencl.h"

enum { PIECES_EACH = 64 }; /* CPU style: a work-item makes so many vectors of blocks one after the other */

cg_status cg_cl_random(cg_hw *base, const cg_random_request *r) {
    cg_hw_opencl *hw = cg_cl(base);
    int width = hw->cpu_style ? cg_cl_width(hw, r->dtype) : 1;
    cg_kernel_request request = {.file = "random.cl", .entry = "random", .type = r->dtype, .width = width};
    cg_request_define(&request, "KIND", r->kind == CG_RANDOM_NORMAL);
    uint64_t per_block = r->dtype == CG_F64 ? 2 : 4, per_piece = per_block * (uint64_t)width;
    uint64_t pieces = (r->first % per_block + (uint64_t)r->n + per_piece - 1) / per_piece;
    uint64_t pieces_each = hw->cpu_style ? PIECES_EACH : 1;
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &request), "random");
    cg_arg_i64(&a, r->n);
    cg_arg_i64(&a, (int64_t)r->first);
    cg_arg_i64(&a, (int64_t)pieces_each);
    cg_arg_i32(&a, (int32_t)(uint32_t)r->seed);
    cg_arg_i32(&a, (int32_t)(uint32_t)(r->seed >> 32));
    cg_arg_i32(&a, (int32_t)(uint32_t)r->stream);
    cg_arg_i32(&a, (int32_t)(uint32_t)(r->stream >> 32));
    cg_arg_buffer(&a, r->buffer);
    cg_arg_i64(&a, r->offset);
    size_t items = (size_t)((pieces + pieces_each - 1) / pieces_each);
    return cg_cl_launch(&a, 1, &items, (size_t[]){cg_cl_group_items(hw)});
}
