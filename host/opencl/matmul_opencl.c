/* The matmul slot: a request in normal form, and the arguments all kernels of the product share. */
#include "host/opencl/matmul_opencl.h"

int64_t cg_product_batches(const cg_product *p) {
    int64_t n = 1;
    for (int d = 0; d < p->batch_rank; d++) n *= p->batch[d];
    return n;
}

double cg_product_work(const cg_product *p) {
    double k = p->k > 0 ? (double)p->k : 1;
    return (double)(double)cg_product_batches(p) * (double)p->m * (double)p->n * k;
}

enum { MAX_PANEL = 128 };

static int inputs_beside_product(const cg_product *p) { return p->program.n_inputs - 1; }

/* --- Axes: batch axes are numbered as in cg_matrix.batch; an operand has two more, M and N -------------- */

static void remove_operand_axis(cg_operand *x, int axis, int rank) {
    for (int d = axis; d < rank + 1; d++) x->stride[d] = x->stride[d + 1];
}

static void remove_axis(cg_product *p, int axis) {
    int rank = p->batch_rank--;
    for (int d = axis; d < rank - 1; d++) {
        p->batch[d] = p->batch[d + 1];
        p->a.batch[d] = p->a.batch[d + 1];
        p->b.batch[d] = p->b.batch[d + 1];
    }
    remove_operand_axis(&p->out, axis, rank);
    for (int i = 0; i < inputs_beside_product(p); i++) remove_operand_axis(&p->in[i], axis, rank);
}

/* Whether stepping an axis of length `inner` to its end is a step of the axis outside it. */
static bool strides_join(int64_t outer, int64_t inner, int64_t inner_length) {
    int64_t reach;
    return !__builtin_mul_overflow(inner, inner_length, &reach) && outer == reach;
}

static bool operands_join(const cg_product *p, int outer, int inner, int64_t inner_length) {
    if (!strides_join(p->out.stride[outer], p->out.stride[inner], inner_length)) return false;
    for (int i = 0; i < inputs_beside_product(p); i++)
        if (!strides_join(p->in[i].stride[outer], p->in[i].stride[inner], inner_length)) return false;
    return true;
}

/* Batch axes d and d + 1 become one where all operands allow it. */
static bool join_axes(cg_product *p, int d) {
    int64_t length = p->batch[d + 1], joined;
    if (!strides_join(p->a.batch[d], p->a.batch[d + 1], length) ||
        !strides_join(p->b.batch[d], p->b.batch[d + 1], length) || !operands_join(p, d, d + 1, length) ||
        __builtin_mul_overflow(p->batch[d], length, &joined))
        return false;
    p->batch[d + 1] = joined;
    remove_axis(p, d);
    return true;
}

/*
 * The innermost batch axis becomes rows of A where B is the same for all of it: (T, M, K) x (K, N) is
 * (T M, K) x (K, N). With M = 1 a row can have any stride.
 */
static bool fold_axis(cg_product *p) {
    int d = p->batch_rank - 1, rows = p->batch_rank;
    int64_t joined;
    if (p->b.batch[d] != 0 || __builtin_mul_overflow(p->m, p->batch[d], &joined)) return false;
    if (p->m > 1 && (!strides_join(p->a.batch[d], p->a.row, p->m) || !operands_join(p, d, rows, p->m)))
        return false;
    if (p->m == 1) {
        p->a.row = p->a.batch[d];
        p->out.stride[rows] = p->out.stride[d];
        for (int i = 0; i < inputs_beside_product(p); i++) p->in[i].stride[rows] = p->in[i].stride[d];
    }
    p->m = joined;
    remove_axis(p, d);
    return true;
}

/* C = A B as C' = B' A' (' for the transpose): a single column is better computed as a single row. */
static void swap_sides(cg_product *p) {
    cg_matrix a = p->a, b = p->b;
    p->a = b;
    p->b = a;
    p->a.row = b.col;
    p->a.col = b.row;
    p->b.row = a.col;
    p->b.col = a.row;
    int64_t m = p->m;
    p->m = p->n;
    p->n = m;
    int rows = p->batch_rank;
    for (int i = -1; i < inputs_beside_product(p); i++) {
        cg_operand *x = i < 0 ? &p->out : &p->in[i];
        int64_t stride = x->stride[rows];
        x->stride[rows] = x->stride[rows + 1];
        x->stride[rows + 1] = stride;
    }
}

static bool matrix_is_narrow(const cg_product *p, const cg_matrix *x, int64_t rows, int64_t cols) {
    cg_operand o = {.offset = x->offset};
    int64_t shape[CG_MAX_RANK];
    for (int d = 0; d < p->batch_rank; d++) {
        o.stride[d] = x->batch[d];
        shape[d] = p->batch[d];
    }
    o.stride[p->batch_rank] = x->row;
    o.stride[p->batch_rank + 1] = x->col;
    shape[p->batch_rank] = rows > 0 ? rows : 1;
    shape[p->batch_rank + 1] = cols > 0 ? cols : 1;
    return cg_operand_is_narrow(&o, p->batch_rank + 2, shape);
}

/*
 * B may be packed in panels of up to MAX_PANEL columns, even where it is broadcast: that too must be in
 * reach.
 */
static bool product_is_wide(const cg_product *p) {
    int64_t shape[CG_MAX_RANK];
    for (int d = 0; d < p->batch_rank; d++) shape[d] = p->batch[d];
    shape[p->batch_rank] = p->m;
    shape[p->batch_rank + 1] = p->n;
    bool narrow = matrix_is_narrow(p, &p->a, p->m, p->k) && matrix_is_narrow(p, &p->b, p->k, p->n) &&
                  cg_operand_is_narrow(&p->out, p->batch_rank + 2, shape) &&
                  (double)cg_product_batches(p) * (double)(p->n + MAX_PANEL) * (double)p->k < INT32_MAX / 2;
    for (int i = 0; i < inputs_beside_product(p); i++)
        narrow = narrow && cg_operand_is_narrow(&p->in[i], p->batch_rank + 2, shape);
    return !narrow;
}

cg_product cg_product_of(const cg_matmul_request *r) {
    cg_product p = {.inner = r->inner,
                    .dtype = r->dtype,
                    .m = r->m,
                    .n = r->n,
                    .k = r->k,
                    .batch_rank = r->batch_rank,
                    .a = r->a,
                    .b = r->b,
                    .has_epilogue = r->epilogue != NULL,
                    .consts = r->consts};
    p.program = r->epilogue ? *r->epilogue : cg_program_identity(r->dtype);
    p.out = (cg_operand){.buffer = r->c.buffer, .dtype = r->dtype, .offset = r->c.offset};
    for (int d = 0; d < r->batch_rank; d++) {
        p.batch[d] = r->batch[d];
        p.out.stride[d] = r->c.batch[d];
    }
    p.out.stride[r->batch_rank] = r->c.row;
    p.out.stride[r->batch_rank + 1] = r->c.col;
    for (int i = 0; i < inputs_beside_product(&p); i++) p.in[i] = r->in[i];

    for (int d = p.batch_rank - 1; d >= 0; d--)
        if (p.batch[d] == 1) remove_axis(&p, d);
    while (p.batch_rank > 0 && fold_axis(&p)) {
    }
    for (int d = p.batch_rank - 2; d >= 0; d--) join_axes(&p, d);
    if (p.n == 1 && p.m > 1) swap_sides(&p);
    p.wide = product_is_wide(&p);
    return p;
}

/* --- What the kernels have in common -------------------------------------------------------------------- */

cg_kernel_request cg_product_kernel(const cg_product *p, const char *file, const char *entry, int width) {
    cg_kernel_request r = {
        .file = file, .entry = entry, .type = p->dtype, .width = width, .program = &p->program};
    int inner = p->batch_rank + 1;
    r.layout.n_outer = (uint8_t)p->batch_rank;
    r.layout.n_loop = 1;
    r.layout.first_input = 1;
    r.layout.n_outputs = 1;
    for (int i = 0; i < inputs_beside_product(p); i++) {
        r.layout.in_dtype[1 + i] = (uint8_t)p->in[i].dtype;
        r.layout.in_inner[1 + i] = (uint8_t)cg_inner_class_of(p->in[i].stride[inner]);
    }
    r.layout.out_dtype[0] = (uint8_t)p->out.dtype;
    r.layout.out_inner[0] = p->out.stride[inner] == 1 ? CG_INNER_UNIT : CG_INNER_STRIDED;
    if (p->wide) cg_request_define(&r, "WIDE", 1);
    if (p->inner == CG_INNER_SQUARED_DISTANCE) cg_request_define(&r, "SQUARED_DISTANCE", 1);
    return r;
}

void cg_arg_matrices(cg_args *a, const cg_product *p, const cg_matrix *matrix_a, const cg_matrix *matrix_b) {
    cg_arg_buffer(a, matrix_a->buffer);
    cg_arg_index(a, matrix_a->offset);
    cg_arg_buffer(a, matrix_b->buffer);
    cg_arg_index(a, matrix_b->offset);
    for (int d = 0; d < p->batch_rank; d++) {
        cg_arg_index(a, matrix_a->batch[d]);
        cg_arg_index(a, matrix_b->batch[d]);
    }
    cg_arg_index(a, matrix_a->row);
    cg_arg_index(a, matrix_b->row);
}

void cg_arg_epilogue(cg_args *a, const cg_product *p, const cg_kernel_request *request) {
    for (int d = 0; d < p->batch_rank; d++) cg_arg_index(a, p->batch[d]);
    cg_arg_index(a, p->m);
    cg_arg_program(a, &p->program, &request->layout, p->in, &p->out, p->consts);
}

/* --- The slot ------------------------------------------------------------------------------------------- */

cg_status cg_cl_matmul(cg_hw *base, const cg_matmul_request *r) {
    cg_product p = cg_product_of(r);
    return cg_matmul_run_best(cg_cl(base), &p);
}
