/* Triangular solves with small matrices: kernels/solve_triangular.cl. Larger ones are composed (host/compose.h). */
#include "host/compose.h"
#include "host/opencl/opencl.h"

enum {
    LIMIT = 64,        /* unknowns: a work-item goes through them one after the other */
    CPU_COLUMNS = 256, /* CPU style: right-hand sides of a task, which stay in the cache */
    CPU_WORK = 1 << 16 /* CPU style: multiply-adds that make a work-item worth its while */
};

static bool is_small(const cg_solve_triangular_request *r) {
    const double reach =
        (double)r->n * (double)(r->a.stride[1] > r->x.stride[1] ? r->a.stride[1] : r->x.stride[1]);
    return r->n <= LIMIT && reach < INT32_MAX && (double)r->batch * (double)r->r < INT32_MAX / 2;
}

static cg_status solve(cg_hw_opencl *hw, const cg_solve_triangular_request *r) {
    cg_kernel_request q = {.file = "solve_triangular.cl", .entry = "solve_triangular", .type = r->dtype};
    const int64_t columns = !hw->cpu_style ? 1 : r->r < CPU_COLUMNS ? r->r : CPU_COLUMNS;
    const int64_t blocks = (r->r + columns - 1) / columns, tasks = r->batch * blocks,
                  work = r->n * r->n * columns;
    const int64_t each = hw->cpu_style && work < CPU_WORK ? CPU_WORK / work : 1;
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &q), "solve_triangular");
    cg_arg_index(&a, tasks);
    cg_arg_index(&a, each);
    cg_arg_index(&a, blocks);
    cg_arg_index(&a, columns);
    cg_arg_i32(&a, r->lower);
    cg_arg_i32(&a, r->unit);
    cg_arg_i32(&a, r->transposed);
    cg_arg_index(&a, r->n);
    cg_arg_index(&a, r->r);
    cg_arg_buffer(&a, r->a.buffer);
    cg_arg_i64(&a, r->a.offset);
    cg_arg_i64(&a, r->a.stride[0]);
    cg_arg_index(&a, r->a.stride[1]);
    cg_arg_buffer(&a, r->x.buffer);
    cg_arg_i64(&a, r->x.offset);
    cg_arg_i64(&a, r->x.stride[0]);
    cg_arg_index(&a, r->x.stride[1]);
    const size_t items = (size_t)((tasks + each - 1) / each);
    return cg_cl_launch(&a, 1, &items, (size_t[]){cg_cl_group_items(hw)});
}

cg_status cg_cl_solve_triangular(cg_hw *hw, const cg_solve_triangular_request *r) {
    return is_small(r) ? solve(cg_cl(hw), r) : cg_compose_solve_triangular(hw, r);
}
