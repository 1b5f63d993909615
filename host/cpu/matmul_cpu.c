/* The matmul slot of the CPU backend: what is common to all ways of computing a product, and the choice. */
#include "host/cpu/matmul_cpu.h"

#include "core/rows.h"

const cg_matmul_candidate *const cg_matmul_candidates[] = {&cg_matmul_own, &cg_matmul_blas, NULL};

/* --- Pieces --------------------------------------------------------------------------------------------- */

/* So many units, the last one may be smaller, in n parts: the most units of a part. */
static int64_t largest_part(int64_t length, int64_t unit, int64_t *n) {
    const int64_t units = (length + unit - 1) / unit;
    if (*n > units) *n = units;
    if (*n < 1) *n = 1;
    return (units + *n - 1) / *n * unit;
}

cg_matmul_grid cg_matmul_cut(const cg_matmul_request *r, int64_t unit_m, int64_t unit_n, int64_t n_rows,
                             int64_t n_columns) {
    cg_matmul_grid grid = {
        .r = r, .unit_m = unit_m, .unit_n = unit_n, .n_rows = n_rows, .n_columns = n_columns};
    grid.rows = largest_part(r->m, unit_m, &grid.n_rows);
    grid.columns = largest_part(r->n, unit_n, &grid.n_columns);
    grid.n = grid.n_rows * grid.n_columns;
    for (int d = 0; d < r->batch_rank; d++) grid.n *= r->batch[d];
    return grid;
}

static unsigned char *matrix_at(const cg_matmul_request *r, const cg_matrix *x, const int64_t *batch,
                                int64_t i, int64_t j) {
    int64_t at = x->offset + i * x->row + j * x->col;
    for (int d = 0; d < r->batch_rank; d++) at += batch[d] * x->batch[d];
    return x->buffer->data + at * (int64_t)cg_dtype_size(r->dtype);
}

/* The remainder of *number by n; the quotient is left. Dividing is slow and most often not needed. */
static int64_t split(int64_t *number, int64_t n) {
    if (n == 1) return 0;
    int64_t rest = *number % n;
    *number /= n;
    return rest;
}

/* Where part `number` of n begins, of all about the same number of units. */
static int64_t part_begin(int64_t length, int64_t unit, int64_t n, int64_t number) {
    if (n == 1) return number == 0 ? 0 : length;
    const int64_t begin = (length + unit - 1) / unit * number / n * unit;
    return begin < length ? begin : length;
}

cg_matmul_piece cg_matmul_piece_at(const cg_matmul_grid *grid, int64_t number) {
    const cg_matmul_request *r = grid->r;
    cg_matmul_piece p = {0};
    const int64_t row = split(&number, grid->n_rows), column = split(&number, grid->n_columns);
    p.i = part_begin(r->m, grid->unit_m, grid->n_rows, row);
    p.j = part_begin(r->n, grid->unit_n, grid->n_columns, column);
    for (int d = r->batch_rank - 1; d >= 0; d--) p.batch[d] = split(&number, r->batch[d]);
    p.m = part_begin(r->m, grid->unit_m, grid->n_rows, row + 1) - p.i;
    p.n = part_begin(r->n, grid->unit_n, grid->n_columns, column + 1) - p.j;
    p.a = matrix_at(r, &r->a, p.batch, p.i, 0);
    p.b = matrix_at(r, &r->b, p.batch, 0, p.j);
    p.c = matrix_at(r, &r->c, p.batch, p.i, p.j);
    return p;
}

/* --- Epilogue ------------------------------------------------------------------------------------------- */

/* What a piece sees of an operand over the batch axes, rows and columns. */
static cg_operand part_of(const cg_matmul_request *r, const cg_matmul_piece *piece, const cg_operand *from) {
    const int64_t *stride = from->stride + r->batch_rank;
    cg_operand to = {.buffer = from->buffer, .dtype = from->dtype, .stride = {stride[0], stride[1]}};
    to.offset = from->offset + piece->i * stride[0] + piece->j * stride[1];
    for (int d = 0; d < r->batch_rank; d++) to.offset += piece->batch[d] * from->stride[d];
    return to;
}

void cg_matmul_finish(cg_hw *hw, const cg_matmul_request *r, const cg_matmul_piece *piece,
                      unsigned char *product, int64_t product_row) {
    if (!r->epilogue) return;
    cg_buffer product_buffer = {.data = product}, c_buffer = {.data = piece->c};
    cg_map_request map = {.program = r->epilogue, .rank = 2, .shape = {piece->m, piece->n}};
    map.in[0] = (cg_operand){.buffer = &product_buffer, .dtype = r->dtype, .stride = {product_row, 1}};
    map.out[0] = (cg_operand){.buffer = &c_buffer, .dtype = r->dtype, .stride = {r->c.row, 1}};
    for (int k = 1; k < r->epilogue->n_inputs; k++) map.in[k] = part_of(r, piece, &r->in[k - 1]);
    for (int k = 1; k < r->epilogue->n_outputs; k++) map.out[k] = part_of(r, piece, &r->more[k - 1]);
    for (int k = 0; k < r->epilogue->n_consts; k++) map.consts[k] = r->consts[k];
    cg_cpu_map_serial(hw, &map);
}

/* How many instructions read input 0, and the value of the last of them. */
static int readers_of_product(const cg_program *p, int *value) {
    int n = 0;
    for (int k = 0; k < p->n_instrs; k++) {
        const cg_instr *instr = &p->instr[k];
        bool reads = false;
        for (int j = 0; j < cg_rows[instr->row].arity; j++) reads = reads || instr->src[j] == 0;
        n += reads;
        if (reads) *value = cg_program_instr(p, k);
    }
    return n;
}

static bool reads_buffer(const cg_matmul_request *r, const cg_buffer *buffer) {
    for (int k = 1; k < r->epilogue->n_inputs; k++)
        if (r->in[k - 1].buffer == buffer) return true;
    return false;
}

/* A further output that is the product itself, or all that is made of it directly. */
static const cg_operand *output_of_product(const cg_matmul_request *r) {
    int value = 0;
    const int readers = readers_of_product(r->epilogue, &value);
    for (int k = 1; k < r->epilogue->n_outputs; k++) {
        const cg_operand *o = &r->more[k - 1];
        const bool fits = r->epilogue->output[k] == 0 || (readers == 1 && r->epilogue->output[k] == value);
        if (fits && o->dtype == r->dtype && o->stride[r->batch_rank + 1] == 1 && !reads_buffer(r, o->buffer))
            return o;
    }
    return NULL;
}

cg_matmul_place cg_matmul_place_of(const cg_matmul_request *r) {
    if (!r->epilogue) return (cg_matmul_place){0};
    if (r->epilogue->n_outputs == 1) return (cg_matmul_place){.apart = reads_buffer(r, r->c.buffer)};
    const cg_operand *output = output_of_product(r);
    return (cg_matmul_place){.apart = !output, .output = output};
}

cg_status cg_matmul_desk_make(cg_hw *hw, const cg_matmul_grid *grid, cg_matmul_desk *desk) {
    *desk = (cg_matmul_desk){.r = grid->r, .place = cg_matmul_place_of(grid->r), .columns = grid->columns};
    if (!desk->place.apart) return CG_OK;
    const size_t threads = grid->n == 1 ? 1 : (size_t)cg_parallel_threads();
    desk->bytes = (size_t)(grid->rows * grid->columns) * cg_dtype_size(grid->r->dtype);
    desk->product = cg_cpu_workspace(hw, CG_WORKSPACE_MATMUL_C, threads * desk->bytes);
    return desk->product ? CG_OK : CG_ERROR_MEMORY;
}

unsigned char *cg_matmul_desk_at(const cg_matmul_desk *desk, const cg_matmul_piece *piece, int thread,
                                 int64_t *row) {
    *row = desk->r->c.row;
    if (desk->product) {
        *row = desk->columns;
        return desk->product + (size_t)thread * desk->bytes;
    }
    if (!desk->place.output) return piece->c;
    const cg_operand part = part_of(desk->r, piece, desk->place.output);
    *row = part.stride[0];
    return cg_cpu_data(&part);
}

/* --- The slot ------------------------------------------------------------------------------------------- */

/*
 * Our kernels, unless they must do without a fused multiply-add and the product is large. Measured on a core
 * of a Zen 5 (other work beside it; best of many), f32, GFLOP/s of ours / OpenBLAS 0.3.21:
 *      m    n    k         AVX-512    AVX2       SSE2        m    n    k         AVX-512
 *    512  512  512       262 / 239  129 / 124   36 / 41    1024 1024 1024     200 / 188
 *    128  512  784       262 / 224  131 / 124   39 / 45    2048 2048 2048     185 / 188
 *    784  512  128 A^T   271 / 230  134 / 121   38 / 43    1024  784  512 B^T 198 / 173
 *    128  784  512 B^T   258 / 212  129 / 121   51 / 44      32   32   32     211 / 220
 *      8  512  784       266 / 250   96 / 76    36 / 35     256   10  128 A^T 138 / 183
 *      1  512  784        53 / 46    45 / 9     28 / 6      128   10  256     139 / 118
 * f64, AVX-512: 512^3 122 / 94, 8 512 784 118 / 76.
 */
const cg_matmul_candidate *cg_matmul_choose(cg_hw *hw, const cg_matmul_request *r) {
    bool large = r->m >= 64 && r->n >= 64 && r->k >= 64;
    bool slow = !cg_cpu_of(hw)->isa->gemm[r->inner][r->dtype]->fused;
    return slow && large && cg_matmul_blas.supports(hw, r) ? &cg_matmul_blas : &cg_matmul_own;
}

cg_status cg_cpu_matmul(cg_hw *hw, const cg_matmul_request *r) {
    if (r->epilogue) {
        cg_status status = cg_cpu_program_check(hw, r->epilogue, "matmul");
        if (status) return status;
    }
    hw->stats.launches++;
    return cg_matmul_choose(hw, r)->run(hw, r);
}
