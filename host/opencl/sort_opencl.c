/* Sorting rows: elements to keys, the keys with their places sorted, and back (kernels/sort_keys.cl). */
#include "host/opencl/sort_opencl.h"

enum { ITEM_ELEMENTS = 16384 }; /* CPU style: elements of a work-item */

static int64_t per_item_of(const cg_hw_opencl *hw) { return hw->cpu_style ? ITEM_ELEMENTS : 1; }

static cg_args sort_args(cg_hw_opencl *hw, const cg_sort_request *r, const char *entry, bool wide) {
    cg_kernel_request q = {.file = "sort_keys.cl", .entry = entry, .type = CG_I32};
    cg_request_define(&q, "DTYPE", r->dtype);
    cg_request_define(&q, "WIDE", wide);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &q), "sort");
    a.wide = wide;
    cg_arg_index(&a, r->rows * r->n);
    return a;
}

static cg_status launch_elements(cg_args *a, const cg_sort_request *r) {
    int64_t per_item = per_item_of(a->hw);
    size_t items = (size_t)((r->rows * r->n + per_item - 1) / per_item);
    return cg_cl_launch(a, 1, &items, (size_t[]){cg_cl_group_items(a->hw)});
}

static cg_status make_keys(cg_hw_opencl *hw, const cg_sort_request *r, const cg_pairs *p,
                           const cg_buffer *copy) {
    cg_args a = sort_args(hw, r, "sort_keys", p->wide);
    cg_arg_index(&a, per_item_of(hw));
    cg_arg_i32(&a, r->descending);
    cg_arg_i32(&a, copy != NULL);
    cg_arg_buffer(&a, r->src.buffer);
    cg_arg_index(&a, r->src.offset);
    cg_arg_buffer(&a, p->key);
    cg_arg_buffer(&a, copy);
    return launch_elements(&a, r);
}

static cg_status write_results(cg_hw_opencl *hw, const cg_sort_request *r, const cg_pairs *p) {
    cg_args a = sort_args(hw, r, "sort_finish", p->wide);
    cg_arg_index(&a, r->n);
    cg_arg_index(&a, per_item_of(hw));
    cg_arg_i32(&a, r->descending);
    cg_arg_i32(&a, r->values.buffer != NULL);
    cg_arg_i32(&a, r->index.buffer != NULL);
    cg_arg_buffer(&a, r->src.buffer);
    cg_arg_index(&a, r->src.offset);
    cg_arg_buffer(&a, p->key);
    cg_arg_buffer(&a, p->place);
    cg_arg_buffer(&a, r->values.buffer);
    cg_arg_index(&a, r->values.offset);
    cg_arg_buffer(&a, r->index.buffer);
    cg_arg_index(&a, r->index.offset);
    return launch_elements(&a, r);
}

cg_status cg_cl_sort(cg_hw *base, const cg_sort_request *r) {
    cg_hw_opencl *hw = cg_cl(base);
    int64_t total = r->rows * r->n;
    double reach = (double)r->src.offset + (double)r->values.offset + (double)r->index.offset;
    cg_pairs p = {.key_bytes = cg_dtype_size(r->dtype) > 4 ? 8 : 4, .rows = r->rows, .n = r->n};
    p.bits = 8 * (int)cg_dtype_size(r->dtype);
    p.wide = (double)total + reach > INT32_MAX - (1 << 24);
    cg_buffer *copy = NULL;
    cg_status status = cg_pairs_alloc(hw, &p);
    if (status == CG_OK && r->values.buffer == r->src.buffer && cg_dtype_is_float(r->dtype)) {
        /* zeros and NaN are read from the source while the values are written (sort_finish) */
        copy = cg_cl_alloc(base, (size_t)total * cg_dtype_size(r->dtype));
        if (!copy) status = base->err->code;
    }
    cg_sort_request apart = *r;
    if (copy) apart.src = (cg_operand){.buffer = copy, .dtype = r->dtype};
    if (status == CG_OK) status = make_keys(hw, r, &p, copy);
    if (status == CG_OK) status = cg_pairs_sort(hw, &p);
    if (status == CG_OK) status = write_results(hw, &apart, &p);
    cg_cl_free(base, copy);
    cg_pairs_free(hw, &p);
    return status;
}
