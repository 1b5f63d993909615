/*
 * Products in CPU style (kernels/matmul_block.cl, matmul_pack.cl, matmul_dot.cl): one work-item computes a
 * block of C with vectors as wide as the device's.
 *
 * Measured on PoCL 3.1, two Zen 5 cores with AVX-512 (the 12 x 2 tile), by CPU time: 0.95 of OpenBLAS at
 * 512^3, 0.99 at 1024^3, 0.90 at 2048^3, B read in place. Packing B whose columns are neighbours gained
 * nothing up to 2048^3, packing A never. With 8 rows of A 2.6 of OpenBLAS, with one row 0.7 to 1.0.
 */
#include "host/opencl/matmul_opencl.h"

/* What a CPU device's registers allow: W lanes, at most `rows` x 2 accumulators. */
typedef struct block_shape {
    int width, rows, vectors;
} block_shape;

enum { SLAB = 256, GROUPS_PER_UNIT = 4, MAX_DOT_ROWS = 8, MAX_WIDTH = 16 };

static int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }
static int64_t groups_of(int64_t n, int64_t size) { return (n + size - 1) / size; }
static size_t size_of(const cg_product *p) { return cg_dtype_size(p->dtype); }

/* Lanes of the device's registers: 16 floats with AVX-512, 8 with AVX2, 4 with SSE and NEON. */
static int native_width(const cg_hw_opencl *hw, cg_dtype dtype) {
    cl_uint width = 0;
    cl_device_info what =
        dtype == CG_F64 ? CL_DEVICE_NATIVE_VECTOR_WIDTH_DOUBLE : CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT;
    int most = dtype == CG_F64 ? MAX_WIDTH / 2 : MAX_WIDTH, w = most / 4;
    if (hw->cl->clGetDeviceInfo(hw->device, what, sizeof width, &width, NULL) != CL_SUCCESS) return w;
    while (w < most && w < (int)width) w *= 2;
    return w;
}

/*
 * Tiles of as many rows as there are, up to what fits into 32 registers (AVX-512) or 16; the fewer rows the
 * more vectors, so that enough multiply-adds are under way at once.
 */
static block_shape shape_of(const cg_hw_opencl *hw, const cg_product *p) {
    int width = native_width(hw, p->dtype);
    bool wide = width * (int)size_of(p) >= 64;
    int most = wide ? 12 : 6, registers = wide ? 32 : 16;
    int rows = p->m < most ? (int)p->m : most, vectors = 8;
    while (vectors > 2 && (rows + 1) * vectors + 1 > registers) vectors = vectors > 4 ? 4 : vectors - 1;
    const bool narrow = p->n <= width; /* one vector in any kernel: then the same as for wider products */
    while (!narrow && (vectors - 1) * width >= p->n) vectors--;
    return (block_shape){width, rows, vectors};
}

/* A grid of groups of rows x columns: enough of them for all units, small enough for the local memory. */
static void group_size(const cg_hw_opencl *hw, const cg_product *p, int64_t row_step, int64_t column_step,
                       int64_t *rows, int64_t *columns) {
    int64_t wanted = (int64_t)GROUPS_PER_UNIT * hw->base.info.compute_units, batches = cg_product_batches(p);
    int64_t room = (int64_t)(hw->base.info.local_bytes / 2 / size_of(p));
    *rows = round_up(p->m < 96 ? p->m : 96, row_step);
    *columns = round_up(p->n < 256 ? p->n : 256, column_step);
    while (*rows > row_step &&
           (*rows * *columns > room || batches * groups_of(p->m, *rows) * groups_of(p->n, *columns) < wanted))
        *rows = round_up(*rows / 2, row_step);
    while (*columns > column_step &&
           (*rows * *columns > room || batches * groups_of(p->m, *rows) * groups_of(p->n, *columns) < wanted))
        *columns = round_up(*columns / 2, column_step);
}

static cg_status launch_groups(cg_args *a, const cg_product *p, int64_t rows, int64_t columns) {
    size_t grid[3] = {(size_t)groups_of(p->n, columns), (size_t)groups_of(p->m, rows),
                      (size_t)cg_product_batches(p)};
    return cg_cl_launch(a, 3, grid, (size_t[]){1, 1, 1});
}

/* A kernel of groups of `rows` by `columns`, with the step that it takes along a row or column of its own. */
static cg_status launch_kernel(cg_hw_opencl *hw, const cg_product *p, cg_kernel_request *request,
                               const cg_matrix *b, int64_t next, int64_t rows, int64_t columns) {
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, request), "matmul");
    a.wide = p->wide;
    cg_arg_index(&a, p->n);
    cg_arg_index(&a, p->k);
    cg_arg_i32(&a, (int32_t)rows);
    cg_arg_i32(&a, (int32_t)columns);
    cg_arg_matrices(&a, p, &p->a, b);
    cg_arg_index(&a, next);
    cg_arg_local(&a, (size_t)(rows * columns) * size_of(p));
    cg_arg_epilogue(&a, p, request);
    return launch_groups(&a, p, rows, columns);
}

/* --- block ---------------------------------------------------------------------------------------------- */

bool cg_matmul_block_supports(const cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    (void)c;
    (void)p;
    return hw->cpu_style;
}

/* One launch packs the matrices of the innermost batch axis of B; `at` are the coordinates of the others. */
static cg_status pack_launch(cg_hw_opencl *hw, const cg_product *p, const block_shape *s,
                             const cg_matrix *packed, const int64_t *at) {
    cg_kernel_request request = {
        .file = "matmul_pack.cl", .entry = "matmul_pack", .type = p->dtype, .width = s->width};
    cg_request_define(&request, "NV", s->vectors);
    cg_request_define(&request, "KC", SLAB);
    if (p->wide) cg_request_define(&request, "WIDE", 1);
    int inner = p->batch_rank - 1;
    int64_t from = p->b.offset, to = 0, count = 1;
    for (int d = 0; d < inner; d++) {
        from += at[d] * p->b.batch[d];
        to += at[d] * packed->batch[d];
    }
    if (inner >= 0 && p->b.batch[inner] != 0) count = p->batch[inner];
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &request), "matmul");
    a.wide = p->wide;
    cg_arg_index(&a, p->n);
    cg_arg_index(&a, p->k);
    cg_arg_buffer(&a, p->b.buffer);
    cg_arg_index(&a, from);
    cg_arg_index(&a, p->b.row);
    cg_arg_index(&a, p->b.col);
    cg_arg_index(&a, inner >= 0 ? p->b.batch[inner] : 0);
    cg_arg_buffer(&a, packed->buffer);
    cg_arg_index(&a, to);
    cg_arg_index(&a, inner >= 0 ? packed->batch[inner] : 0);
    size_t grid[3] = {(size_t)groups_of(p->n, s->vectors * s->width), (size_t)groups_of(p->k, SLAB),
                      (size_t)count};
    return cg_cl_launch(&a, 3, grid, (size_t[]){1, 1, 1});
}

/* B in panels of vectors * width columns, in memory of its own, which the caller frees. */
static cg_status pack(cg_hw_opencl *hw, const cg_product *p, const block_shape *s, cg_matrix *packed) {
    int64_t size = round_up(p->n, s->vectors * s->width) * p->k, total = size;
    *packed = (cg_matrix){.row = s->vectors * s->width, .col = 1};
    for (int d = p->batch_rank - 1; d >= 0; d--) {
        if (p->b.batch[d] == 0) continue; /* the same matrix for the whole axis */
        packed->batch[d] = total;
        total *= p->batch[d];
    }
    packed->buffer = cg_cl_alloc(&hw->base, (size_t)total * size_of(p));
    if (!packed->buffer) return hw->base.err->code;
    int64_t at[CG_MAX_BATCH_RANK] = {0};
    cg_status status = CG_OK;
    for (int d = 0; d >= 0 && status == CG_OK;) {
        status = pack_launch(hw, p, s, packed, at);
        for (d = p->batch_rank - 2; d >= 0; d--) {
            if (p->b.batch[d] != 0 && ++at[d] < p->batch[d]) break;
            at[d] = 0;
        }
    }
    return status;
}

/* Whether B can be read in place: its columns are neighbours, and a row begins after the row before. */
static bool is_readable(const cg_product *p) { return (p->b.col == 1 || p->n == 1) && p->b.row > 0; }

cg_status cg_matmul_block_run(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    (void)c;
    block_shape s = shape_of(hw, p);
    cg_matrix b = p->b;
    bool packed = p->k > 0 && !is_readable(p);
    cg_status status = packed ? pack(hw, p, &s, &b) : CG_OK;
    if (status == CG_OK) {
        int64_t rows, columns;
        group_size(hw, p, s.rows, s.vectors * s.width, &rows, &columns);
        cg_kernel_request request = cg_product_kernel(p, "matmul_block.cl", "matmul_block", s.width);
        cg_request_define(&request, "MR", s.rows);
        cg_request_define(&request, "NV", s.vectors);
        cg_request_define(&request, "KC", SLAB);
        cg_request_define(&request, "B_PACKED", packed);
        status = launch_kernel(hw, p, &request, &b, p->a.col, rows, columns);
    }
    if (packed) cg_cl_free(&hw->base, b.buffer);
    return status;
}

/* --- dot ------------------------------------------------------------------------------------------------ */

bool cg_matmul_dot_supports(const cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    enum { FEW_COLUMNS = 256 }; /* with a short depth, more of them are better packed */
    (void)c;
    return hw->cpu_style && p->m <= MAX_DOT_ROWS && (p->k >= MAX_WIDTH || p->n <= FEW_COLUMNS) &&
           p->a.col == 1 && p->b.row == 1 && p->b.col != 1;
}

cg_status cg_matmul_dot_run(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    (void)c;
    int width = native_width(hw, p->dtype);
    int rows_at_once = p->m < 4 ? (int)p->m : 4;
    int64_t rows, columns;
    group_size(hw, p, p->m, width, &rows, &columns);
    cg_kernel_request request = cg_product_kernel(p, "matmul_dot.cl", "matmul_dot", width);
    cg_request_define(&request, "DR", rows_at_once);
    return launch_kernel(hw, p, &request, &p->b, p->b.col, rows, columns);
}
