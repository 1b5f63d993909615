/* Sorting keys with their places: kernels/sort_pairs.cl. Short rows by rank, others by digits, the lowest first. */
#include "host/opencl/sort_opencl.h"

enum {
    SHORT_ROW = 128,
    GROUP_EACH = 16, /* GPU style: elements of a work-item */
    SMALL_GROUP = 32,
    SMALL_GROUP_ROW = 512, /* up to here a small group does a row */
    LARGE_BLOCK = 16384,
    SMALL_BLOCK = 2048,      /* CPU style: elements of a work-item */
    RANK_COMPARISONS = 65536 /* CPU style: comparisons of a work-item */
};

/* How a pass is cut. */
typedef struct radix_plan {
    int digit_bits, group;
    int64_t each, blocks;
    cg_buffer *table;
} radix_plan;

cg_status cg_pairs_alloc(cg_hw_opencl *hw, cg_pairs *p) {
    size_t n = (size_t)(p->rows * p->n), place_bytes = p->wide ? sizeof(cl_long) : sizeof(cl_int);
    cg_buffer **const key[] = {&p->key, &p->spare_key}, **const place[] = {&p->place, &p->spare_place};
    for (int i = 0; i < 2; i++) {
        *key[i] = cg_cl_alloc(&hw->base, n * (size_t)p->key_bytes);
        if (*key[i]) *place[i] = cg_cl_alloc(&hw->base, n * place_bytes);
        if (!*place[i]) return hw->base.err->code;
    }
    return CG_OK;
}

void cg_pairs_free(cg_hw_opencl *hw, cg_pairs *p) {
    cg_buffer *const all[] = {p->spare_place, p->spare_key, p->place, p->key};
    for (int i = 0; i < 4; i++) cg_cl_free(&hw->base, all[i]);
}

static void swap(cg_buffer **a, cg_buffer **b) {
    cg_buffer *t = *a;
    *a = *b;
    *b = t;
}

static cg_kernel_request pairs_kernel(const cg_pairs *p, const char *entry, int digit_bits) {
    cg_kernel_request q = {.file = "sort_pairs.cl", .entry = entry, .type = CG_I32};
    cg_request_define(&q, "KEY_BITS", 8 * p->key_bytes);
    cg_request_define(&q, "WIDE", p->wide);
    cg_request_define(&q, "DIGIT_BITS", digit_bits);
    return q;
}

static int digit_bits_of(const cg_hw_opencl *hw) { return hw->cpu_style ? 8 : 4; }

static cg_status sort_rank(cg_hw_opencl *hw, const cg_pairs *p) {
    int64_t total = p->rows * p->n, per_item = hw->cpu_style ? RANK_COMPARISONS / p->n : 1;
    cg_kernel_request q = pairs_kernel(p, "sort_rank", digit_bits_of(hw));
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &q), "sort");
    a.wide = p->wide;
    cg_arg_index(&a, total);
    cg_arg_index(&a, p->n);
    cg_arg_index(&a, per_item);
    cg_arg_buffer(&a, p->key);
    cg_arg_buffer(&a, p->spare_key);
    cg_arg_buffer(&a, p->spare_place);
    size_t items = (size_t)((total + per_item - 1) / per_item);
    return cg_cl_launch(&a, 1, &items, (size_t[]){cg_cl_group_items(hw)});
}

static radix_plan plan_radix(const cg_hw_opencl *hw, const cg_pairs *p) {
    radix_plan plan = {.digit_bits = digit_bits_of(hw), .group = 1, .each = GROUP_EACH};
    if (hw->cpu_style) { /* large blocks, but four for each compute unit */
        plan.each = p->rows * p->n / (4 * (int64_t)hw->base.info.compute_units);
        if (plan.each < SMALL_BLOCK) plan.each = SMALL_BLOCK;
        if (plan.each > LARGE_BLOCK) plan.each = LARGE_BLOCK;
    } else {
        plan.group = (int)cg_cl_group_items(hw);
        if (plan.group > SMALL_GROUP && p->n <= SMALL_GROUP_ROW) plan.group = SMALL_GROUP;
    }
    int64_t block = plan.each * plan.group;
    plan.blocks = (p->n + block - 1) / block;
    return plan;
}

/* The parameters that sort_count and sort_scatter both begin with. */
static cg_args radix_args(cg_hw_opencl *hw, const cg_pairs *p, const radix_plan *plan, const char *entry,
                          int shift) {
    cg_kernel_request q = pairs_kernel(p, entry, plan->digit_bits);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &q), "sort");
    a.wide = p->wide;
    cg_arg_index(&a, p->n);
    cg_arg_index(&a, plan->blocks);
    cg_arg_index(&a, plan->each);
    cg_arg_i32(&a, shift);
    cg_arg_buffer(&a, p->key);
    cg_arg_buffer(&a, plan->table);
    cg_arg_local(&a, sizeof(cl_ushort) * (size_t)plan->group << plan->digit_bits);
    cg_arg_local(&a, sizeof(cl_int) * (size_t)plan->group);
    return a;
}

/* One pass: count, add up, move. */
static cg_status sort_digit(cg_hw_opencl *hw, cg_pairs *p, const radix_plan *plan, int shift) {
    size_t items = (size_t)(p->rows * plan->blocks * plan->group), group = (size_t)plan->group;
    cg_operand table = {.buffer = plan->table, .dtype = p->wide ? CG_I64 : CG_I32};
    cg_scan_request sums = {.kind = CG_REDUCE_SUM, .dtype = table.dtype, .outer = 1, .inner = 1};
    sums.n = p->rows * plan->blocks << plan->digit_bits;
    sums.src = sums.out = table;
    cg_args count = radix_args(hw, p, plan, "sort_count", shift);
    cg_status status = cg_cl_launch(&count, 1, &items, &group);
    if (status == CG_OK) status = cg_cl_scan(&hw->base, &sums);
    if (status != CG_OK) return status;
    cg_args move = radix_args(hw, p, plan, "sort_scatter", shift);
    cg_arg_i32(&move, shift == 0);
    cg_arg_buffer(&move, p->place);
    cg_arg_buffer(&move, p->spare_key);
    cg_arg_buffer(&move, p->spare_place);
    return cg_cl_launch(&move, 1, &items, &group);
}

static cg_status sort_digits(cg_hw_opencl *hw, cg_pairs *p) {
    radix_plan plan = plan_radix(hw, p);
    size_t entries = (size_t)(p->rows * plan.blocks) << plan.digit_bits;
    plan.table = cg_cl_alloc(&hw->base, entries * (p->wide ? sizeof(cl_long) : sizeof(cl_int)));
    cg_status status = plan.table ? CG_OK : hw->base.err->code;
    for (int shift = 0; status == CG_OK && shift < p->bits; shift += plan.digit_bits) {
        status = sort_digit(hw, p, &plan, shift);
        swap(&p->key, &p->spare_key);
        swap(&p->place, &p->spare_place);
    }
    cg_cl_free(&hw->base, plan.table);
    return status;
}

cg_status cg_pairs_sort(cg_hw_opencl *hw, cg_pairs *p) {
    if (p->n > SHORT_ROW) return sort_digits(hw, p);
    cg_status status = sort_rank(hw, p);
    swap(&p->key, &p->spare_key);
    swap(&p->place, &p->spare_place);
    return status;
}
