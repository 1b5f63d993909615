/*
 * A product with few tiles and a deep sum: the depth is cut into parts, which other units compute at the same time into
 * memory of their own; kernels/matmul_sum.cl adds them in order and runs the epilogue. The same bits every time.
 */
#include "host/opencl/matmul_opencl.h"

enum { LEAST_DEPTH = 128, MAX_PARTS = 64, GROUPS_PER_UNIT = 2 };

/* Parts so that every unit has something to do, none of them shallow. */
static int64_t parts_for(const cg_hw_opencl *hw, const cg_product *p, const cg_product_tile *t) {
    const int64_t wanted = (int64_t)GROUPS_PER_UNIT * hw->base.info.compute_units / cg_grid_tiles(p, t);
    const int64_t most = p->k / LEAST_DEPTH < MAX_PARTS ? p->k / LEAST_DEPTH : MAX_PARTS;
    return wanted < most ? wanted : most;
}

static bool pays(const cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    return p->inner == CG_INNER_PRODUCT && p->batch_rank < CG_MAX_BATCH_RANK && !p->wide &&
           parts_for(hw, p, &c->tile) >= 2;
}

/* The parts as products of their own: one more batch axis, the outermost. */
static cg_product as_parts(const cg_product *p, int64_t parts, int64_t depth) {
    cg_product q = *p;
    const int rank = p->batch_rank;
    q.program = cg_program_identity(p->dtype);
    q.has_epilogue = false;
    q.k = depth;
    q.batch_rank = rank + 1;
    for (int d = rank; d > 0; d--) {
        q.batch[d] = p->batch[d - 1];
        q.a.batch[d] = p->a.batch[d - 1];
        q.b.batch[d] = p->b.batch[d - 1];
    }
    q.batch[0] = parts;
    q.a.batch[0] = depth * p->a.col;
    q.b.batch[0] = depth * p->b.row;
    q.out = (cg_operand){.dtype = p->dtype};
    int64_t size = 1;
    for (int d = rank + 2; d >= 0; d--) {
        q.out.stride[d] = size;
        size *= d == rank + 2 ? p->n : d == rank + 1 ? p->m : q.batch[d];
    }
    return q;
}

static cg_status add_parts(cg_hw_opencl *hw, const cg_product *p, const cg_product *parts) {
    enum { W = 4, ROWS = 4, COLUMNS = 16, MAX_BATCHES = 65535 };
    cg_kernel_request request = cg_product_kernel(p, "matmul_sum.cl", "matmul_sum", W);
    const int64_t batches = cg_product_batches(p);
    cg_status status = CG_OK;
    for (int64_t first = 0; first < batches && status == CG_OK; first += MAX_BATCHES) {
        const int64_t count = batches - first < MAX_BATCHES ? batches - first : MAX_BATCHES;
        cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &request), "matmul");
        cg_arg_index(&a, p->n);
        cg_arg_index(&a, parts->batch[0]);
        cg_arg_index(&a, batches * p->m * p->n);
        cg_arg_index(&a, first);
        cg_arg_buffer(&a, parts->out.buffer);
        cg_arg_epilogue(&a, p, &request);
        status = cg_cl_launch(&a, 3, (size_t[]){(size_t)(p->n + W - 1) / W, (size_t)p->m, (size_t)count},
                              (size_t[]){COLUMNS, ROWS, 1});
    }
    return status;
}

typedef cg_status run_parts(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c,
                            const cg_product_parts *split);

static cg_status run(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c,
                     run_parts *run_tiles) {
    int64_t parts = parts_for(hw, p, &c->tile);
    if (parts < 1) parts = 1;
    const int64_t depth = ((p->k + parts - 1) / parts + c->tile.depth - 1) / c->tile.depth * c->tile.depth;
    parts = (p->k + depth - 1) / depth;
    cg_product q = as_parts(p, parts, depth);
    q.out.buffer =
        cg_cl_alloc(&hw->base, (size_t)(cg_product_batches(&q) * p->m * p->n) * cg_dtype_size(p->dtype));
    if (!q.out.buffer) return hw->base.err->code;
    cg_status status = run_tiles(hw, &q, c, &(cg_product_parts){p->k, cg_product_batches(p)});
    if (status == CG_OK) status = add_parts(hw, p, &q);
    cg_cl_free(&hw->base, q.out.buffer);
    return status;
}

bool cg_matmul_split_supports(const cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    return cg_tile_fits(hw, p, &c->tile) && cg_grid_fills(p, &c->tile) && pays(hw, p, c);
}

cg_status cg_matmul_split_run(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    return run(hw, p, c, cg_tile_run);
}

bool cg_matmul_split_mma_supports(const cg_hw_opencl *hw, const cg_product *p,
                                  const cg_product_candidate *c) {
    return cg_mma_fits(hw, p, c) && cg_grid_fills(p, &c->tile) && pays(hw, p, c);
}

cg_status cg_matmul_split_mma_run(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    return run(hw, p, c, cg_mma_run);
}
