#include "host/work.h"

#include "host/compose.h"
#include "host/detour.h"
#include "host/pool.h"
#include "host/recorded_work.h"

/* --- How each kind is run: one line for each, so that no pointer to a function is cast ------------------------- */

#define RUN(slot)                                                                                            \
    static cg_status run_##slot(const cg_backend *backend, cg_hw *hw, const void *request) {                 \
        const cg_##slot##_request *r = request;                                                              \
        return backend->slot(hw, r);                                                                         \
    }
RUN(map)
RUN(reduce)
RUN(matmul)
RUN(random)
RUN(gather)
RUN(scatter_add)
RUN(scan)
RUN(sort)
RUN(searchsorted)
RUN(softmax)
RUN(softmax_xent)
RUN(map_many)
RUN(attention)
RUN(attention_grad)
RUN(row_norm)
RUN(row_norm_grad)
RUN(lu)
RUN(cholesky)
RUN(qr)
RUN(eigh)
RUN(eig)
RUN(svd)
RUN(solve_triangular)
RUN(conv)
RUN(pool)

/* The kinds that a backend may leave out. */
#define OPTIONAL(slot)                                                                                       \
    static bool has_##slot(const cg_backend *backend) { return backend->slot != NULL; }                      \
    static cg_status compose_##slot(cg_hw *hw, const void *request) {                                        \
        const cg_##slot##_request *r = request;                                                              \
        return cg_compose_##slot(hw, r);                                                                     \
    }
OPTIONAL(softmax)
OPTIONAL(softmax_xent)
OPTIONAL(map_many)
OPTIONAL(attention)
OPTIONAL(attention_grad)
OPTIONAL(row_norm)
OPTIONAL(row_norm_grad)
OPTIONAL(lu)
OPTIONAL(cholesky)
OPTIONAL(qr)
OPTIONAL(eigh)
OPTIONAL(eig)
OPTIONAL(svd)
OPTIONAL(solve_triangular)
OPTIONAL(conv)
OPTIONAL(pool)

/* --- The buffers of each kind ---------------------------------------------------------------------------------- */

static int list_operands(cg_operand *operand, int n, bool written, cg_work_buffer *list) {
    for (int i = 0; i < n; i++) list[i] = (cg_work_buffer){&operand[i].buffer, written};
    return n;
}

static int buffers_of_map(void *request, cg_work_buffer *list) {
    cg_map_request *r = request;
    const int n = list_operands(r->in, r->program->n_inputs, false, list);
    return n + list_operands(r->out, r->program->n_outputs, true, list + n);
}

static int buffers_of_reduce(void *request, cg_work_buffer *list) {
    cg_reduce_request *r = request;
    const int n = list_operands(r->in, r->program->n_inputs, false, list);
    return n + list_operands(&r->out, 1, true, list + n);
}

static int buffers_of_matmul(void *request, cg_work_buffer *list) {
    cg_matmul_request *r = request;
    list[0] = (cg_work_buffer){&r->a.buffer, false};
    list[1] = (cg_work_buffer){&r->b.buffer, false};
    list[2] = (cg_work_buffer){&r->c.buffer, true};
    if (!r->epilogue) return 3;
    const int n = 3 + list_operands(r->in, r->epilogue->n_inputs - 1, false, list + 3);
    return n + list_operands(r->more, r->epilogue->n_outputs - 1, true, list + n);
}

static int buffers_of_random(void *request, cg_work_buffer *list) {
    cg_random_request *r = request;
    list[0] = (cg_work_buffer){&r->buffer, true};
    return 1;
}

/* Kinds whose operands have names: TWO(kind, input, output), THREE(kind, input, input, output), ... */
#define READS(r, name)                                                                                       \
    list[n++] = (cg_work_buffer) { &(r)->name.buffer, false }
#define WRITES(r, name)                                                                                      \
    list[n++] = (cg_work_buffer) { &(r)->name.buffer, true }
#define BUFFERS(slot, ...)                                                                                   \
    static int buffers_of_##slot(void *request, cg_work_buffer *list) {                                      \
        cg_##slot##_request *r = request;                                                                    \
        int n = 0;                                                                                           \
        __VA_ARGS__;                                                                                         \
        return n;                                                                                            \
    }
BUFFERS(gather, READS(r, src); READS(r, index); WRITES(r, out))
BUFFERS(scatter_add, READS(r, src); READS(r, index); WRITES(r, out))
BUFFERS(scan, READS(r, src); WRITES(r, out))
BUFFERS(sort, READS(r, src); WRITES(r, values); WRITES(r, index))
BUFFERS(searchsorted, READS(r, sorted); READS(r, value); WRITES(r, out))
BUFFERS(solve_triangular, READS(r, a); WRITES(r, x))
BUFFERS(softmax, READS(r, x); WRITES(r, out))
BUFFERS(softmax_xent, READS(r, x); READS(r, label); WRITES(r, loss); WRITES(r, grad))

/* Which of x, w, y is the result depends on the kind. */
static int buffers_of_conv(void *request, cg_work_buffer *list) {
    cg_conv_request *r = request;
    list[0] = (cg_work_buffer){&r->x.buffer, r->kind == CG_CONV_INPUT_GRAD};
    list[1] = (cg_work_buffer){&r->w.buffer, r->kind == CG_CONV_WEIGHT_GRAD};
    list[2] = (cg_work_buffer){&r->y.buffer, r->kind == CG_CONV_FORWARD};
    list[3] = (cg_work_buffer){&r->bias.buffer, false};
    return 4;
}

static int buffers_of_pool(void *request, cg_work_buffer *list) {
    cg_pool_request *r = request;
    const bool backward = r->kind == CG_POOL_MAX_GRAD || r->kind == CG_POOL_MEAN_GRAD;
    list[0] = (cg_work_buffer){&r->x.buffer, backward};
    list[1] = (cg_work_buffer){&r->y.buffer, !backward};
    list[2] = (cg_work_buffer){&r->index.buffer, r->kind == CG_POOL_MAX};
    return 3;
}

BUFFERS(row_norm, READS(r, x); READS(r, weight); READS(r, bias); WRITES(r, out); WRITES(r, moments))
BUFFERS(row_norm_grad, READS(r, g); READS(r, x); READS(r, weight); READS(r, moments); WRITES(r, dx);
        WRITES(r, dweight); WRITES(r, dbias))
#define READS_ATTENTION(r)                                                                                   \
    READS(r, q);                                                                                             \
    READS(r, k);                                                                                             \
    READS(r, v);                                                                                             \
    READS(r, mask)
BUFFERS(attention, READS_ATTENTION(r); WRITES(r, out); WRITES(r, lse))
BUFFERS(attention_grad, READS_ATTENTION(&r->of); READS(&r->of, lse); READS(r, g); READS(r, delta);
        WRITES(r, dq); WRITES(r, dk); WRITES(r, dv))

static int buffers_of_factor(void *request, cg_work_buffer *list) {
    cg_factor_request *r = request;
    list[0] = (cg_work_buffer){&r->a.buffer, false};
    list[1] = (cg_work_buffer){&r->info.buffer, true};
    return 2 + list_operands(r->out, CG_FACTORS, true, list + 2);
}

static const cg_program *program_of_map(const void *request) {
    return ((const cg_map_request *)request)->program;
}
static const cg_program *program_of_reduce(const void *request) {
    return ((const cg_reduce_request *)request)->program;
}
static const cg_program *program_of_matmul(const void *request) {
    return ((const cg_matmul_request *)request)->epilogue;
}
static const cg_program *program_of_map_many(const void *request) {
    return ((const cg_map_many_request *)request)->program;
}

#define KIND(slot) .request_bytes = sizeof(cg_##slot##_request), .run = run_##slot
#define CHOICE(slot) .present = has_##slot, .compose = compose_##slot

const cg_work_kind cg_work_kinds[CG_WORK_COUNT] = {
    [CG_WORK_MAP] = {KIND(map), .buffers = buffers_of_map, .program = program_of_map},
    [CG_WORK_REDUCE] = {KIND(reduce), .buffers = buffers_of_reduce, .program = program_of_reduce},
    [CG_WORK_MATMUL] = {KIND(matmul), .buffers = buffers_of_matmul, .program = program_of_matmul},
    [CG_WORK_RANDOM] = {KIND(random), .buffers = buffers_of_random},
    [CG_WORK_GATHER] = {KIND(gather), .buffers = buffers_of_gather},
    [CG_WORK_SCATTER_ADD] = {KIND(scatter_add), .buffers = buffers_of_scatter_add},
    [CG_WORK_SCAN] = {KIND(scan), .buffers = buffers_of_scan},
    [CG_WORK_SORT] = {KIND(sort), .buffers = buffers_of_sort},
    [CG_WORK_SEARCHSORTED] = {KIND(searchsorted), .buffers = buffers_of_searchsorted},
    [CG_WORK_SOFTMAX] = {KIND(softmax), CHOICE(softmax), .buffers = buffers_of_softmax},
    [CG_WORK_SOFTMAX_XENT] = {KIND(softmax_xent), CHOICE(softmax_xent), .buffers = buffers_of_softmax_xent},
    [CG_WORK_MAP_MANY] = {KIND(map_many), CHOICE(map_many), .program = program_of_map_many},
    [CG_WORK_ATTENTION] = {KIND(attention), CHOICE(attention), .buffers = buffers_of_attention},
    [CG_WORK_ATTENTION_GRAD] = {KIND(attention_grad), CHOICE(attention_grad),
                                .buffers = buffers_of_attention_grad},
    [CG_WORK_ROW_NORM] = {KIND(row_norm), CHOICE(row_norm), .buffers = buffers_of_row_norm},
    [CG_WORK_ROW_NORM_GRAD] = {KIND(row_norm_grad), CHOICE(row_norm_grad),
                               .buffers = buffers_of_row_norm_grad},
    [CG_WORK_LU] = {KIND(lu), CHOICE(lu), .buffers = buffers_of_factor},
    [CG_WORK_CHOLESKY] = {KIND(cholesky), CHOICE(cholesky), .buffers = buffers_of_factor},
    [CG_WORK_QR] = {KIND(qr), CHOICE(qr), .buffers = buffers_of_factor},
    [CG_WORK_EIGH] = {KIND(eigh), CHOICE(eigh), .buffers = buffers_of_factor},
    [CG_WORK_EIG] = {KIND(eig), CHOICE(eig), .buffers = buffers_of_factor},
    [CG_WORK_SVD] = {KIND(svd), CHOICE(svd), .buffers = buffers_of_factor},
    [CG_WORK_SOLVE_TRIANGULAR] = {KIND(solve_triangular), CHOICE(solve_triangular),
                                  .buffers = buffers_of_solve_triangular},
    [CG_WORK_CONV] = {KIND(conv), CHOICE(conv), .buffers = buffers_of_conv},
    [CG_WORK_POOL] = {KIND(pool), CHOICE(pool), .buffers = buffers_of_pool},
};

/* --- Counting -------------------------------------------------------------------------------------------------- */

/* A buffer of either backend starts with its block. Rounded up as the pool does, by less than a quarter. */
static uint64_t bytes_of(const cg_buffer *buffer) { return buffer ? ((const cg_block *)buffer)->bytes : 0; }

static uint64_t bytes_of_all(const cg_operand *o, int n) {
    uint64_t bytes = 0;
    for (int i = 0; i < n; i++) bytes += bytes_of(o[i].buffer);
    return bytes;
}

/* Maps are the work that is small, so that a list of their buffers would show. */
static void count_map(cg_hw *hw, const cg_map_request *r) {
    hw->stats.bytes_read += bytes_of_all(r->in, r->program->n_inputs);
    hw->stats.bytes_written += bytes_of_all(r->out, r->program->n_outputs);
}

static void count_segments(cg_hw *hw, const cg_map_many_request *r) {
    for (int s = 0; s < r->n_segments; s++) {
        for (int i = 0; i < r->program->n_inputs; i++)
            if (cg_segment_stride(r, i)) hw->stats.bytes_read += bytes_of(r->segment[s].in[i].buffer);
        for (int i = 0; i < r->program->n_outputs; i++)
            hw->stats.bytes_written += bytes_of(r->segment[s].out[i].buffer);
    }
}

static void count_bytes(cg_hw *hw, cg_work kind, const void *request) {
    if (kind == CG_WORK_MAP) {
        count_map(hw, request);
        return;
    }
    if (kind == CG_WORK_MAP_MANY) count_segments(hw, request);
    if (!cg_work_kinds[kind].buffers) return;
    cg_work_buffer list[CG_WORK_BUFFERS];
    const int n = cg_work_kinds[kind].buffers((void *)request, list); /* which it does not change */
    for (int i = 0; i < n; i++)
        *(list[i].written ? &hw->stats.bytes_written : &hw->stats.bytes_read) += bytes_of(*list[i].buffer);
}

cg_status cg_work_do(cg_hw *hw, cg_work kind, const void *request) {
    const cg_work_kind *k = &cg_work_kinds[kind];
    hw->stats.work[kind]++;
    const cg_detour detour = cg_detour_of(hw, kind, request);
    if (detour != CG_DETOUR_NONE && hw->recording) return cg_record_refuse(hw, "the device has detours");
    if (detour != CG_DETOUR_NONE) return cg_detour_run(hw, kind, request, detour);
    if (k->present && !k->present(hw->backend)) return k->compose(hw, request);
    count_bytes(hw, kind, request);
    return hw->recording ? cg_record_work(hw, kind, request) : k->run(hw->backend, hw, request);
}
