/* What the kernels that compute a product tile by tile have in common on the host. */
#include "host/opencl/matmul_opencl.h"

enum { MAX_GROUPS = 65535 }; /* along any axis of the grid but the first */

static int64_t groups_of(int64_t n, int64_t size) { return (n + size - 1) / size; }

int64_t cg_grid_tiles(const cg_product *p, const cg_product_tile *t) {
    return groups_of(p->m, t->rows) * groups_of(p->n, t->columns) * cg_product_batches(p);
}

bool cg_grid_fills(const cg_product *p, const cg_product_tile *t) {
    return p->m > t->rows / 2 && p->n > t->columns / 2;
}

/* --- How a slice is read -------------------------------------------------------------------------------- */

bool cg_grid_is_aligned(const cg_product *p, const cg_matrix *x, int64_t stride) {
    bool aligned = x->offset % 4 == 0 && stride % 4 == 0;
    for (int d = 0; d < p->batch_rank; d++) aligned = aligned && x->batch[d] % 4 == 0;
    return aligned;
}

static int way_of(const cg_product *p, const cg_matrix *x, int64_t along, int64_t across) {
    if (along == 1) return cg_grid_is_aligned(p, x, across) ? 1 : 0;
    if (across == 1) return cg_grid_is_aligned(p, x, along) ? 2 : 3;
    return 0;
}

void cg_grid_define_ways(cg_kernel_request *request, const cg_product *p, const cg_product_parts *split) {
    cg_request_define(request, "A_WAY", way_of(p, &p->a, p->a.col, p->a.row));
    cg_request_define(request, "B_WAY", way_of(p, &p->b, p->b.row, p->b.col));
    if (split->parts_of > 0) cg_request_define(request, "SPLIT", 1);
}

/* --- Launches ------------------------------------------------------------------------------------------- */

static void step_rows(cg_product *p, int64_t rows) {
    int axis = p->batch_rank;
    p->a.offset += rows * p->a.row;
    p->out.offset += rows * p->out.stride[axis];
    for (int i = 0; i < p->program.n_inputs - 1; i++) p->in[i].offset += rows * p->in[i].stride[axis];
    p->m -= rows;
}

static cg_args arguments(cg_hw_opencl *hw, const cg_product *p, const cg_product_parts *split,
                         int64_t first_batch, const cg_kernel_request *request) {
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, request), "matmul");
    a.wide = p->wide;
    cg_arg_index(&a, p->n);
    cg_arg_index(&a, p->k);
    if (split->parts_of > 0) {
        cg_arg_index(&a, split->whole);
        cg_arg_index(&a, split->parts_of);
    }
    cg_arg_index(&a, first_batch);
    cg_arg_matrices(&a, p, &p->a, &p->b);
    cg_arg_index(&a, p->a.col);
    cg_arg_index(&a, p->b.col);
    cg_arg_epilogue(&a, p, request);
    return a;
}

cg_status cg_grid_launch(cg_hw_opencl *hw, const cg_product *p, int tile_rows, int tile_columns, int items,
                         const cg_product_parts *split, cg_grid_request *request, const void *shape) {
    int64_t batches = cg_product_batches(p), most = (int64_t)MAX_GROUPS * tile_rows;
    cg_kernel_request r = request(p, shape);
    for (cg_product rest = *p; rest.m > 0;) {
        cg_product part = rest;
        if (part.m > most) part.m = most;
        for (int64_t first = 0; first < batches; first += MAX_GROUPS) {
            int64_t count = batches - first < MAX_GROUPS ? batches - first : MAX_GROUPS;
            cg_args a = arguments(hw, &part, split, first, &r);
            size_t grid[3] = {(size_t)(groups_of(p->n, tile_columns) * items),
                              (size_t)groups_of(part.m, tile_rows), (size_t)count};
            cg_status status = cg_cl_launch(&a, 3, grid, (size_t[]){(size_t)items, 1, 1});
            if (status != CG_OK) return status;
        }
        step_rows(&rest, part.m);
    }
    return CG_OK;
}
