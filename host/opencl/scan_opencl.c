/*
 * Running reductions: kernels/scan.cl. A long row is cut into chunks: each chunk is reduced (reduce_opencl.c), those
 * results are scanned by the same function, and then each chunk is scanned from where the one before ends.
 *
 * Lengths of chunks keep the error of sums at (log2 n + 64) u sum |x|. CPU style and columns: the scan of a chunk adds
 * at most 16 terms in a row, on a compensated sum (kernels/running.h), and the reduction of a chunk of m adds at most 64 terms in a row, then m / (64 lanes)
 * or, of columns, m / 64 partial sums, so that 4096 and 512 are within the bound. Groups: 7 + 8 additions a level.
 */
#include "host/opencl/opencl.h"

#include "host/simplify.h"

enum {
    RUN = 8,          /* of kernels/scan.cl */
    ROW_CHUNK = 4096, /* positions of a chunk where inner is 1 */
    COLUMN_CHUNK = 512,
    WHOLE_COLUMN = 8192,  /* up to here columns are not cut if there are enough of them */
    ITEM_ELEMENTS = 16384 /* CPU style: elements that make a work-item worth its while */
};

typedef struct scan_plan {
    int width, group, items; /* items > 1: scan_groups */
    int64_t chunk, chunks, blocks, per_item;
    bool wide;
} scan_plan;

static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* GPU style, inner = 1: RUN positions a work-item, as many work-items as a row has work for. */
static void plan_groups(scan_plan *p, const cg_scan_request *r) {
    p->items = 1;
    while (p->items < p->group && p->items * RUN < r->n) p->items *= 2;
    p->chunk = (int64_t)p->items * RUN;
}

static void plan_walk(scan_plan *p, const cg_hw_opencl *hw, const cg_scan_request *r) {
    p->width = hw->cpu_style ? cg_cl_width(hw, r->dtype) : 1;
    if (p->width > r->inner) p->width = 1; /* no width between: each is a kernel to build */
    p->blocks = divide_up(r->inner, p->width);
    int64_t units = hw->base.info.compute_units, enough = hw->cpu_style ? 2 * units : units * 8 * p->group;
    bool whole = r->n <= WHOLE_COLUMN && r->outer * p->blocks >= enough;
    p->chunk = r->inner == 1 ? ROW_CHUNK : whole ? r->n : COLUMN_CHUNK;
    if (p->chunk > r->n) p->chunk = r->n;
    int64_t elements = p->chunk * p->width;
    p->per_item = hw->cpu_style && elements < ITEM_ELEMENTS ? ITEM_ELEMENTS / elements : 1;
}

static scan_plan plan_scan(const cg_hw_opencl *hw, const cg_scan_request *r) {
    scan_plan p = {.width = 1, .group = 1, .blocks = 1, .per_item = 1};
    while (p.group * 2 <= (int)cg_cl_group_items(hw)) p.group *= 2;
    if (p.group > 1 && r->inner == 1)
        plan_groups(&p, r);
    else
        plan_walk(&p, hw, r);
    p.chunks = divide_up(r->n, p.chunk);
    int64_t offset = r->src.offset > r->out.offset ? r->src.offset : r->out.offset;
    p.wide = (double)r->outer * (double)r->n * (double)r->inner + (double)offset > INT32_MAX - (1 << 24);
    return p;
}

/* carry[o][c][i] = reduction of chunk c, all but the last; the order of a chunk's elements is that of memory. */
static cg_status reduce_chunks(cg_hw_opencl *hw, const cg_scan_request *r, const scan_plan *p,
                               cg_buffer *carry) {
    cg_program identity = cg_program_identity(r->dtype);
    int64_t n_carry = p->chunks - 1, chunk_step = p->chunk * r->inner;
    cg_reduce_request whole = {.kind = r->kind, .program = &identity, .rank = 4, .n_kept = 3}, simple;
    whole.in[0] = (cg_operand){.buffer = r->src.buffer, .dtype = r->dtype, .offset = r->src.offset};
    whole.out = (cg_operand){.buffer = carry, .dtype = r->dtype};
    if (r->reverse) whole.in[0].offset += (r->n - p->chunk) * r->inner;
    const int64_t shape[] = {r->outer, n_carry, r->inner, p->chunk};
    const int64_t in[] = {r->n * r->inner, r->reverse ? -chunk_step : chunk_step, 1, r->inner};
    const int64_t out[] = {n_carry * r->inner, r->inner, 1};
    for (int d = 0; d < 4; d++) {
        whole.shape[d] = shape[d];
        whole.in[0].stride[d] = in[d];
        whole.out.stride[d] = d < 3 ? out[d] : 0;
    }
    cg_simplify_reduce(&whole, &simple);
    return cg_cl_reduce(&hw->base, &simple);
}

static cg_status scan_chunks(cg_hw_opencl *hw, const cg_scan_request *r, const scan_plan *p,
                             const cg_buffer *carry) {
    bool groups = p->items > 0;
    cg_kernel_request q = {.file = "scan.cl", .entry = groups ? "scan_groups" : "scan_walk"};
    q.type = r->dtype;
    q.width = p->width;
    cg_request_define(&q, "KIND", r->kind);
    cg_request_define(&q, "WIDE", p->wide);
    cg_request_define(&q, "GROUP", p->group);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &q), "scan");
    a.wide = p->wide;
    int64_t tasks = r->outer * p->chunks * p->blocks;
    const int64_t walk[] = {tasks, r->n, r->inner, p->blocks, p->chunk, p->chunks, p->per_item};
    const int64_t group[] = {tasks, r->n, p->chunks};
    for (int i = 0; i < (groups ? 3 : 7); i++) cg_arg_index(&a, groups ? group[i] : walk[i]);
    if (groups) cg_arg_i32(&a, p->items);
    cg_arg_i32(&a, r->reverse);
    cg_arg_i32(&a, carry != NULL);
    cg_arg_buffer(&a, r->src.buffer);
    cg_arg_index(&a, r->src.offset);
    cg_arg_buffer(&a, r->out.buffer);
    cg_arg_index(&a, r->out.offset);
    cg_arg_buffer(&a, carry);
    size_t items = (size_t)(groups ? tasks * p->items : divide_up(tasks, p->per_item));
    return cg_cl_launch(&a, 1, &items, (size_t[]){(size_t)p->group});
}

cg_status cg_cl_scan(cg_hw *base, const cg_scan_request *r) {
    cg_hw_opencl *hw = cg_cl(base);
    scan_plan plan = plan_scan(hw, r);
    if (plan.chunks == 1) return scan_chunks(hw, r, &plan, NULL);
    cg_scan_request carries = {
        .kind = r->kind, .dtype = r->dtype, .outer = r->outer, .n = plan.chunks - 1, .inner = r->inner};
    size_t bytes = (size_t)(r->outer * carries.n * r->inner) * cg_dtype_size(r->dtype);
    cg_buffer *carry = cg_cl_alloc(base, bytes);
    if (!carry) return base->err->code;
    carries.src = carries.out = (cg_operand){.buffer = carry, .dtype = r->dtype};
    cg_status status = reduce_chunks(hw, r, &plan, carry);
    if (status == CG_OK && carries.n > 1) status = cg_cl_scan(base, &carries);
    if (status == CG_OK) status = scan_chunks(hw, r, &plan, carry);
    cg_cl_free(base, carry);
    return status;
}
