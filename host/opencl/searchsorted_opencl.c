/* Places in sorted rows: kernels/searchsorted.cl. */
#include "host/opencl/opencl.h"

cg_status cg_cl_searchsorted(cg_hw *base, const cg_searchsorted_request *r) {
    enum { ITEM_VALUES = 1024 }; /* CPU style: values of a work-item */
    cg_hw_opencl *hw = cg_cl(base);
    int64_t total = r->rows * r->m, per_item = hw->cpu_style ? ITEM_VALUES : 1;
    double elements = (double)r->rows * (double)(r->n > r->m ? r->n : r->m);
    bool wide =
        elements + (double)r->sorted.offset + (double)r->value.offset + (double)r->out.offset > INT32_MAX / 2;
    cg_kernel_request q = {.file = "searchsorted.cl", .entry = "searchsorted", .type = r->dtype};
    cg_request_define(&q, "WIDE", wide);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &q), "searchsorted");
    a.wide = wide;
    const int64_t number[] = {total, r->n, r->m, r->shared ? 0 : r->n, per_item};
    for (int i = 0; i < 5; i++) cg_arg_index(&a, number[i]);
    cg_arg_i32(&a, r->right);
    const cg_operand *const operand[] = {&r->sorted, &r->value, &r->out};
    for (int i = 0; i < 3; i++) {
        cg_arg_buffer(&a, operand[i]->buffer);
        cg_arg_index(&a, operand[i]->offset);
    }
    size_t items = (size_t)((total + per_item - 1) / per_item);
    return cg_cl_launch(&a, 1, &items, (size_t[]){cg_cl_group_items(hw)});
}
