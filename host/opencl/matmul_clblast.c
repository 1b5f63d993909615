/* The candidate that asks CLBlast, for GPUs: the product first, then the epilogue as a map. */
#include "host/opencl/clblast.h"
#include "host/opencl/matmul_opencl.h"

/*
 * Whether BLAS can take the matrix: neighbours along one axis, whole rows along the other, nothing backwards.
 */
static bool takes_matrix(const cg_product *p, const cg_matrix *x, int64_t rows, int64_t cols) {
    bool plain = x->col == 1 && x->row >= cols, transposed = x->row == 1 && x->col >= rows;
    if (p->batch_rank > 0 && x->batch[0] < 0) return false;
    return plain || transposed;
}

bool cg_matmul_clblast_supports(const cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    (void)c;
    int rank = p->batch_rank;
    return p->inner == CG_INNER_PRODUCT && !hw->cpu_style && p->k > 0 && rank <= 1 && p->m > 1 &&
           p->out.stride[rank + 1] == 1 && takes_matrix(p, &p->a, p->m, p->k) &&
           takes_matrix(p, &p->b, p->k, p->n) && cg_clblast_usable(hw, p->dtype);
}

static bool reads_output(const cg_product *p) {
    for (int i = 0; i < p->program.n_inputs - 1; i++)
        if (p->in[i].buffer == p->out.buffer) return true;
    return false;
}

static cg_status product_into(cg_hw_opencl *hw, const cg_product *p, const cg_operand *to) {
    int rank = p->batch_rank;
    bool a_plain = p->a.col == 1 && p->a.row >= p->k, b_plain = p->b.col == 1 && p->b.row >= p->n;
    cg_clblast_gemm g = {.dtype = p->dtype,
                         .m = (size_t)p->m,
                         .n = (size_t)p->n,
                         .k = (size_t)p->k,
                         .batches = (size_t)cg_product_batches(p),
                         .a_transposed = !a_plain,
                         .b_transposed = !b_plain,
                         .a = p->a.buffer->mem,
                         .b = p->b.buffer->mem,
                         .c = to->buffer->mem,
                         .a_offset = (size_t)p->a.offset,
                         .a_row = (size_t)(a_plain ? p->a.row : p->a.col),
                         .b_offset = (size_t)p->b.offset,
                         .b_row = (size_t)(b_plain ? p->b.row : p->b.col),
                         .c_offset = (size_t)to->offset,
                         .c_row = (size_t)to->stride[rank]};
    if (rank > 0) {
        g.a_batch = (size_t)p->a.batch[0];
        g.b_batch = (size_t)p->b.batch[0];
        g.c_batch = (size_t)to->stride[0];
    }
    cg_cl_keep_nothing(hw);
    int status = cg_clblast_run(hw, &g);
    if (status == 0) return CG_OK;
    return CG_FAIL(hw->base.err, CG_ERROR_DEVICE, "matmul: CLBlast: status %d for m %lld, n %lld, k %lld",
                   status, (long long)p->m, (long long)p->n, (long long)p->k);
}

static cg_status apply_epilogue(cg_hw_opencl *hw, const cg_product *p, const cg_operand *product) {
    cg_map_request map = {.program = &p->program, .rank = p->batch_rank + 2};
    for (int d = 0; d < p->batch_rank; d++) map.shape[d] = p->batch[d];
    map.shape[p->batch_rank] = p->m;
    map.shape[p->batch_rank + 1] = p->n;
    map.in[0] = *product;
    for (int i = 0; i < p->program.n_inputs - 1; i++) map.in[1 + i] = p->in[i];
    map.out[0] = p->out;
    for (int i = 0; i < p->program.n_consts; i++) map.consts[i] = p->consts[i];
    return cg_hw_map(&hw->base, &map);
}

cg_status cg_matmul_clblast_run(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    (void)c;
    if (!p->has_epilogue) return product_into(hw, p, &p->out);
    if (!reads_output(p)) {
        cg_status status = product_into(hw, p, &p->out);
        return status == CG_OK ? apply_epilogue(hw, p, &p->out) : status;
    }
    cg_operand product = {.dtype = p->dtype};
    product.stride[p->batch_rank + 1] = 1;
    product.stride[p->batch_rank] = p->n;
    if (p->batch_rank > 0) product.stride[0] = p->m * p->n;
    product.buffer =
        cg_cl_alloc(&hw->base, (size_t)(cg_product_batches(p) * p->m * p->n) * cg_dtype_size(p->dtype));
    if (!product.buffer) return hw->base.err->code;
    cg_status status = product_into(hw, p, &product);
    if (status == CG_OK) status = apply_epilogue(hw, p, &product);
    cg_cl_free(&hw->base, product.buffer);
    return status;
}
