/*
 * Products in GPU style (kernels/matmul_tile.cl, matmul_skinny.cl). The tiles: 128 x 128 with 8 x 8 results a
 * work-item has the best ratio of arithmetic to local reads (16 multiply-adds a 16-byte read) but needs a
 * matrix large enough to occupy the device; 64 x 64 and 32 x 32 trade the one for the other.
 */
#include "host/opencl/matmul_opencl.h"

typedef struct tile {
    int size, depth, across, down; /* BM = BN, BK, TX, TY */
} tile;

static const tile tile128 = {128, 8, 16, 16}, tile64 = {64, 8, 8, 16}, tile32 = {32, 8, 8, 8};

enum { MAX_GROUPS = 65535, SKINNY_ROWS = 4, SKINNY_ITEMS = 256 };

static int64_t groups_of(int64_t n, int64_t size) { return (n + size - 1) / size; }

/* --- Launches: no axis of the grid but the first may have more than MAX_GROUPS groups ------------------- */

static void step_rows(cg_product *p, int64_t rows) {
    int axis = p->batch_rank;
    p->a.offset += rows * p->a.row;
    p->out.offset += rows * p->out.stride[axis];
    for (int i = 0; i < p->program.n_inputs - 1; i++) p->in[i].offset += rows * p->in[i].stride[axis];
    p->m -= rows;
}

/* Launches the grid of a kernel for all rows; run takes the first batch and the grid of one launch. */
static cg_status launch_rows(cg_hw_opencl *hw, const cg_product *p, int tile_rows, int tile_columns,
                             int items,
                             cg_args (*arguments)(cg_hw_opencl *hw, const cg_product *p, const void *shape,
                                                  int64_t first_batch),
                             const void *shape) {
    int64_t batches = cg_product_batches(p), most = (int64_t)MAX_GROUPS * tile_rows;
    for (cg_product rest = *p; rest.m > 0;) {
        cg_product part = rest;
        if (part.m > most) part.m = most;
        for (int64_t first = 0; first < batches; first += MAX_GROUPS) {
            int64_t count = batches - first < MAX_GROUPS ? batches - first : MAX_GROUPS;
            cg_args a = arguments(hw, &part, shape, first);
            size_t grid[3] = {(size_t)(groups_of(p->n, tile_columns) * items),
                              (size_t)groups_of(part.m, tile_rows), (size_t)count};
            cg_status status = cg_cl_launch(&a, 3, grid, (size_t[]){(size_t)items, 1, 1});
            if (status != CG_OK) return status;
        }
        step_rows(&rest, part.m);
    }
    return CG_OK;
}

/* --- Tiles ---------------------------------------------------------------------------------------------- */

static bool is_aligned(const cg_product *p, const cg_matrix *x, int64_t stride) {
    bool aligned = x->offset % 4 == 0 && stride % 4 == 0;
    for (int d = 0; d < p->batch_rank; d++) aligned = aligned && x->batch[d] % 4 == 0;
    return aligned;
}

/* A_WAY and B_WAY of matmul_tile.cl: how 4 elements are fetched. */
static int way_of(const cg_product *p, const cg_matrix *x, int64_t along, int64_t across) {
    if (along == 1) return is_aligned(p, x, across) ? 1 : 0;
    if (across == 1) return is_aligned(p, x, along) ? 2 : 3;
    return 0;
}

static bool tile_fits(const cg_hw_opencl *hw, const cg_product *p, const tile *t) {
    size_t local = 2 * 2 * (size_t)t->depth * (size_t)(t->size + 4) * cg_dtype_size(p->dtype);
    return !hw->cpu_style && hw->base.info.max_work_group >= (size_t)(t->across * t->down) &&
           hw->base.info.local_bytes >= local;
}

/* The arguments that the kernels for tiles and for skinny products share. */
static cg_args row_arguments(cg_hw_opencl *hw, const cg_product *p, int64_t first_batch,
                             const cg_kernel_request *request) {
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, request), "matmul");
    a.wide = p->wide;
    cg_arg_index(&a, p->n);
    cg_arg_index(&a, p->k);
    cg_arg_index(&a, first_batch);
    cg_arg_matrices(&a, p, &p->a, &p->b);
    cg_arg_index(&a, p->a.col);
    cg_arg_index(&a, p->b.col);
    cg_arg_epilogue(&a, p, request);
    return a;
}

static cg_args tile_arguments(cg_hw_opencl *hw, const cg_product *p, const void *shape, int64_t first_batch) {
    const tile *t = shape;
    cg_kernel_request request = cg_product_kernel(p, "matmul_tile.cl", "matmul_tile", 4);
    cg_request_define(&request, "BM", t->size);
    cg_request_define(&request, "BN", t->size);
    cg_request_define(&request, "BK", t->depth);
    cg_request_define(&request, "TX", t->across);
    cg_request_define(&request, "TY", t->down);
    cg_request_define(&request, "A_WAY", way_of(p, &p->a, p->a.col, p->a.row));
    cg_request_define(&request, "B_WAY", way_of(p, &p->b, p->b.row, p->b.col));
    return row_arguments(hw, p, first_batch, &request);
}

static cg_status tile_run(cg_hw_opencl *hw, const cg_product *p, const tile *t) {
    return launch_rows(hw, p, t->size, t->size, t->across * t->down, tile_arguments, t);
}

/* Whether a tile of this size leaves few units idle and few rows and columns of a tile empty. */
static bool tile_pays(const cg_hw_opencl *hw, const cg_product *p, const tile *t) {
    int64_t groups = groups_of(p->m, t->size) * groups_of(p->n, t->size) * cg_product_batches(p);
    return groups >= hw->base.info.compute_units && p->m > t->size / 2 && p->n > t->size / 2;
}

/* Doubles would need twice the registers: they get tiles of 64 at most. */
bool cg_matmul_tile128_supports(const cg_hw_opencl *hw, const cg_product *p) {
    return tile_fits(hw, p, &tile128) && p->dtype == CG_F32 && tile_pays(hw, p, &tile128);
}

cg_status cg_matmul_tile128_run(cg_hw_opencl *hw, const cg_product *p) { return tile_run(hw, p, &tile128); }

bool cg_matmul_tile64_supports(const cg_hw_opencl *hw, const cg_product *p) {
    return tile_fits(hw, p, &tile64) && tile_pays(hw, p, &tile64);
}

cg_status cg_matmul_tile64_run(cg_hw_opencl *hw, const cg_product *p) { return tile_run(hw, p, &tile64); }

bool cg_matmul_tile32_supports(const cg_hw_opencl *hw, const cg_product *p) {
    return tile_fits(hw, p, &tile32) && p->m > 8 && p->n > 8;
}

cg_status cg_matmul_tile32_run(cg_hw_opencl *hw, const cg_product *p) { return tile_run(hw, p, &tile32); }

/* --- Skinny --------------------------------------------------------------------------------------------- */

typedef struct skinny {
    int rows, columns, items;
} skinny;

/*
 * The more outputs, the fewer work-items share one: 32 columns a group where neighbours in B are columns, 8
 * where they are steps of the depth.
 */
static skinny skinny_shape(const cg_hw_opencl *hw, const cg_product *p) {
    skinny s = {p->m < SKINNY_ROWS ? (int)p->m : SKINNY_ROWS, p->b.row == 1 ? 8 : 32, SKINNY_ITEMS};
    while (s.items > 1 && (size_t)s.items > hw->base.info.max_work_group) s.items /= 2;
    while (s.items > s.columns && s.items / s.columns > p->k) s.items /= 2;
    if (s.columns > s.items) s.columns = s.items;
    return s;
}

static cg_args skinny_arguments(cg_hw_opencl *hw, const cg_product *p, const void *shape,
                                int64_t first_batch) {
    const skinny *s = shape;
    cg_kernel_request request = cg_product_kernel(p, "matmul_skinny.cl", "matmul_skinny", 1);
    cg_request_define(&request, "SR", s->rows);
    cg_request_define(&request, "NX", s->columns);
    cg_request_define(&request, "ITEMS", s->items);
    cg_request_define(&request, "ALONG_DEPTH", p->b.row == 1);
    return row_arguments(hw, p, first_batch, &request);
}

bool cg_matmul_skinny_supports(const cg_hw_opencl *hw, const cg_product *p) {
    (void)p;
    return !hw->cpu_style;
}

cg_status cg_matmul_skinny_run(cg_hw_opencl *hw, const cg_product *p) {
    skinny s = skinny_shape(hw, p);
    return launch_rows(hw, p, s.rows, s.columns, s.items, skinny_arguments, &s);
}
