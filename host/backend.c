/* What src/ calls: each request is simplified, counted, given to the backend or composed, and checked. */
#include "host/backend.h"

#include "host/detour.h"
#include "host/nan_check.h"
#include "host/recorded_work.h"
#include "host/simplify.h"

/* --- Devices and memory -------------------------------------------------------------------------------------- */

cg_hw *cg_hw_open(int index, cg_error *err) {
    const cg_backend *backend;
    int local;
    if (!cg_hw_locate(index, &backend, &local)) {
        CG_FAIL(err, CG_ERROR_NO_DEVICE, "device %d: there are %d", index, cg_device_count());
        return NULL;
    }
    cg_hw *hw = backend->open(local, err);
    if (hw) cg_detours_recall(hw);
    return hw;
}

void cg_hw_close(cg_hw *hw) {
    if (!hw) return;
    cg_recorded *unfinished = hw->recording;
    hw->recording = NULL;
    cg_hw_recorded_free(hw, unfinished);
    cg_hw_close(hw->cpu);
    hw->backend->close(hw);
}

cg_buffer *cg_hw_alloc(cg_hw *hw, size_t bytes) { return hw->backend->alloc(hw, bytes ? bytes : 1); }

cg_buffer *cg_hw_wrap(cg_hw *hw, void *data, size_t bytes) { return hw->backend->wrap(hw, data, bytes); }

void cg_hw_free(cg_hw *hw, cg_buffer *buffer) { hw->backend->free(hw, buffer); }

void cg_hw_trim(cg_hw *hw) { hw->backend->trim(hw); }

cg_status cg_hw_upload(cg_hw *hw, cg_buffer *to, size_t offset, const void *from, size_t bytes) {
    if (bytes == 0) return CG_OK;
    if (hw->recording) return cg_record_refuse(hw, "numbers from the host are copied within it");
    hw->stats.uploads++;
    return hw->backend->upload(hw, to, offset, from, bytes);
}

cg_status cg_hw_download(cg_hw *hw, void *to, cg_buffer *from, size_t offset, size_t bytes) {
    if (bytes == 0) return CG_OK;
    if (hw->recording) return cg_record_refuse(hw, "numbers are read to the host within it");
    hw->stats.downloads++;
    hw->stats.host_syncs++;
    return hw->backend->download(hw, to, from, offset, bytes);
}

cg_status cg_hw_sync(cg_hw *hw) {
    hw->stats.host_syncs++;
    return hw->backend->sync(hw);
}

/* --- map ------------------------------------------------------------------------------------------------------ */

static bool any_zero(const int64_t *shape, int rank) {
    for (int a = 0; a < rank; a++)
        if (shape[a] == 0) return true;
    return false;
}

cg_status cg_hw_map(cg_hw *hw, const cg_map_request *r) {
    cg_map_request room;
    if (any_zero(r->shape, r->rank)) return CG_OK;
    cg_status status = cg_work_do(hw, CG_WORK_MAP, cg_simplify_map(r, &room));
    if (!cg_check_wanted()) return status;
    for (int j = 0; j < r->program->n_outputs && status == CG_OK; j++)
        status = cg_check_output(hw, "map", &r->out[j], r->rank, r->shape);
    return status;
}

cg_status cg_hw_map_many(cg_hw *hw, const cg_map_many_request *r) {
    if (r->n_segments == 0) return CG_OK;
    cg_status status = cg_work_do(hw, CG_WORK_MAP_MANY, r);
    if (!cg_check_wanted()) return status;
    for (int k = 0; k < r->n_segments; k++)
        for (int j = 0; j < r->program->n_outputs && status == CG_OK; j++)
            if (r->segment[k].n > 0)
                status = cg_check_contiguous(hw, "map_many", &r->segment[k].out[j], r->segment[k].n);
    return status;
}

/* --- reduce --------------------------------------------------------------------------------------------------- */

static const char *const reduce_names[] = {"sum", "max", "min", "prod", "argmax", "argmin"};

/* out[kept index] = program(in...) at the first index of the reduced axes. */
static cg_status map_kept(cg_hw *hw, const cg_reduce_request *r, const cg_program *program,
                          const cg_scalar *consts) {
    cg_map_request map = {.program = program, .rank = r->n_kept};
    for (int a = 0; a < r->n_kept; a++) map.shape[a] = r->shape[a];
    for (int i = 0; i < program->n_inputs; i++) map.in[i] = r->in[i];
    for (int c = 0; c < program->n_consts; c++) map.consts[c] = consts[c];
    map.out[0] = r->out;
    return cg_hw_map(hw, &map);
}

/* A reduced axis of length 0: the sum is 0, the product 1, and there is no largest or smallest. */
static cg_status reduce_nothing(cg_hw *hw, const cg_reduce_request *r) {
    const cg_dtype type = (cg_dtype)r->program->type;
    const cg_scalar one = cg_dtype_is_float(type) ? (cg_scalar){.f = 1} : (cg_scalar){.i = 1};
    if (r->kind != CG_REDUCE_SUM && r->kind != CG_REDUCE_PROD)
        return CG_FAIL(hw->err, CG_ERROR_SHAPE, "%s: there is none over an axis of length 0",
                       reduce_names[r->kind]);
    const cg_program constant = cg_program_constant(type);
    const cg_scalar zero = {0};
    return map_kept(hw, r, &constant, r->kind == CG_REDUCE_PROD ? &one : &zero);
}

/* One element for each result: it is the result, and its index is 0. */
static cg_status reduce_one(cg_hw *hw, const cg_reduce_request *r) {
    const cg_program first = cg_program_constant(CG_I64);
    const cg_scalar zero = {0};
    const bool index = r->kind == CG_REDUCE_ARGMAX || r->kind == CG_REDUCE_ARGMIN;
    return index ? map_kept(hw, r, &first, &zero) : map_kept(hw, r, r->program, r->consts);
}

cg_status cg_hw_reduce(cg_hw *hw, const cg_reduce_request *r) {
    cg_reduce_request simple;
    bool one = true;
    if (any_zero(r->shape, r->n_kept)) return CG_OK;
    if (any_zero(r->shape + r->n_kept, r->rank - r->n_kept)) return reduce_nothing(hw, r);
    for (int a = r->n_kept; a < r->rank; a++) one = one && r->shape[a] == 1;
    if (one) return reduce_one(hw, r);
    cg_simplify_reduce(r, &simple);
    const cg_status status = cg_work_do(hw, CG_WORK_REDUCE, &simple);
    if (status != CG_OK || !cg_check_wanted()) return status;
    return cg_check_output(hw, reduce_names[r->kind], &r->out, r->n_kept, r->shape);
}

/* --- the rest ------------------------------------------------------------------------------------------------- */

cg_status cg_hw_matmul(cg_hw *hw, const cg_matmul_request *r) {
    if (r->m == 0 || r->n == 0 || any_zero(r->batch, r->batch_rank)) return CG_OK;
    cg_status status = cg_work_do(hw, CG_WORK_MATMUL, r);
    if (status != CG_OK || !cg_check_wanted()) return status;
    const int rank = r->batch_rank + 2, more = r->epilogue ? r->epilogue->n_outputs - 1 : 0;
    int64_t shape[CG_MAX_RANK];
    cg_operand c = {.buffer = r->c.buffer, .dtype = r->dtype, .offset = r->c.offset};
    for (int a = 0; a < r->batch_rank; a++) {
        shape[a] = r->batch[a];
        c.stride[a] = r->c.batch[a];
    }
    shape[rank - 2] = r->m, c.stride[rank - 2] = r->c.row;
    shape[rank - 1] = r->n, c.stride[rank - 1] = r->c.col;
    status = cg_check_output(hw, "matmul", &c, rank, shape);
    for (int k = 0; k < more && status == CG_OK; k++)
        status = cg_check_output(hw, "matmul", &r->more[k], rank, shape);
    return status;
}

cg_status cg_hw_random(cg_hw *hw, const cg_random_request *r) {
    if (r->n == 0) return CG_OK;
    return cg_work_do(hw, CG_WORK_RANDOM, r);
}

cg_status cg_hw_gather(cg_hw *hw, const cg_gather_request *r) {
    if (r->outer == 0 || r->n_index == 0 || r->inner == 0) return CG_OK;
    const cg_status status = cg_work_do(hw, CG_WORK_GATHER, r);
    if (status != CG_OK || !cg_check_wanted()) return status;
    return cg_check_contiguous(hw, "gather", &r->out, r->outer * r->n_index * r->inner);
}

cg_status cg_hw_scatter_add(cg_hw *hw, const cg_scatter_add_request *r) {
    if (r->outer == 0 || r->axis == 0 || r->n_index == 0 || r->inner == 0) return CG_OK;
    const cg_status status = cg_work_do(hw, CG_WORK_SCATTER_ADD, r);
    if (status != CG_OK || !cg_check_wanted()) return status;
    return cg_check_contiguous(hw, "scatter_add", &r->out, r->outer * r->axis * r->inner);
}

cg_status cg_hw_scan(cg_hw *hw, const cg_scan_request *r) {
    if (r->outer == 0 || r->n == 0 || r->inner == 0) return CG_OK;
    const cg_status status = cg_work_do(hw, CG_WORK_SCAN, r);
    if (status != CG_OK || !cg_check_wanted()) return status;
    return cg_check_contiguous(hw, "scan", &r->out, r->outer * r->n * r->inner);
}

cg_status cg_hw_sort(cg_hw *hw, const cg_sort_request *r) {
    if (r->rows == 0 || r->n == 0) return CG_OK;
    return cg_work_do(hw, CG_WORK_SORT, r);
}

cg_status cg_hw_searchsorted(cg_hw *hw, const cg_searchsorted_request *r) {
    if (r->rows == 0 || r->m == 0) return CG_OK;
    return cg_work_do(hw, CG_WORK_SEARCHSORTED, r);
}

cg_status cg_hw_softmax(cg_hw *hw, const cg_softmax_request *r) {
    if (r->rows == 0 || r->cols == 0) return CG_OK;
    const cg_status status = cg_work_do(hw, CG_WORK_SOFTMAX, r);
    if (status != CG_OK || !cg_check_wanted()) return status;
    return cg_check_contiguous(hw, r->log ? "log_softmax" : "softmax", &r->out, r->rows * r->cols);
}

cg_status cg_hw_softmax_xent(cg_hw *hw, const cg_softmax_xent_request *r) {
    if (r->rows == 0) return CG_OK;
    if (r->cols == 0) return CG_FAIL(hw->err, CG_ERROR_SHAPE, "softmax_xent: there are no classes");
    cg_status status = cg_work_do(hw, CG_WORK_SOFTMAX_XENT, r);
    if (status != CG_OK || !cg_check_wanted()) return status;
    status = cg_check_contiguous(hw, "softmax_xent", &r->loss, r->rows);
    return status != CG_OK ? status : cg_check_contiguous(hw, "softmax_xent", &r->grad, r->rows * r->cols);
}

cg_status cg_hw_row_norm(cg_hw *hw, const cg_row_norm_request *r) {
    if (r->outer == 0 || r->rows == 0 || r->cols == 0) return CG_OK;
    const cg_status status = cg_work_do(hw, CG_WORK_ROW_NORM, r);
    if (status != CG_OK || !r->out.buffer || !cg_check_wanted()) return status;
    return cg_check_contiguous(hw, "row_norm", &r->out, r->rows * r->cols);
}

cg_status cg_hw_row_norm_grad(cg_hw *hw, const cg_row_norm_grad_request *r) {
    if (r->outer == 0 || r->rows == 0 || r->cols == 0) return CG_OK;
    return cg_work_do(hw, CG_WORK_ROW_NORM_GRAD, r);
}

static bool nothing_attends(const cg_attention_request *r) {
    return r->batch[0] == 0 || r->batch[1] == 0 || r->queries == 0 || r->keys == 0 || r->features == 0 ||
           r->value_features == 0;
}

cg_status cg_hw_attention(cg_hw *hw, const cg_attention_request *r) {
    if (nothing_attends(r)) return CG_OK;
    const cg_status status = cg_work_do(hw, CG_WORK_ATTENTION, r);
    if (status != CG_OK || !cg_check_wanted()) return status;
    return cg_check_contiguous(hw, "attention", &r->out,
                               r->batch[0] * r->batch[1] * r->queries * r->value_features);
}

cg_status cg_hw_attention_grad(cg_hw *hw, const cg_attention_grad_request *r) {
    return nothing_attends(&r->of) ? CG_OK : cg_work_do(hw, CG_WORK_ATTENTION_GRAD, r);
}

cg_status cg_hw_factor(cg_hw *hw, cg_work kind, const cg_factor_request *r) {
    if (r->batch == 0 || r->m == 0 || r->n == 0) return CG_OK;
    return cg_work_do(hw, kind, r);
}

cg_status cg_hw_conv(cg_hw *hw, const cg_conv_request *r) {
    const cg_windows *s = &r->windows;
    if (r->n == 0) return CG_OK;
    const cg_status status = cg_work_do(hw, CG_WORK_CONV, r);
    if (status != CG_OK || !cg_check_wanted()) return status;
    switch (r->kind) {
    case CG_CONV_FORWARD:
        return cg_check_contiguous(hw, "conv", &r->y, r->n * r->k * s->out[0] * s->out[1]);
    case CG_CONV_INPUT_GRAD:
        return cg_check_contiguous(hw, "conv", &r->x, r->n * r->c * s->in[0] * s->in[1]);
    default:
        return cg_check_contiguous(hw, "conv", &r->w,
                                   r->k * (r->c / r->groups) * s->kernel[0] * s->kernel[1]);
    }
}

cg_status cg_hw_pool(cg_hw *hw, const cg_pool_request *r) {
    const cg_windows *s = &r->windows;
    if (r->planes == 0) return CG_OK;
    const cg_status status = cg_work_do(hw, CG_WORK_POOL, r);
    if (status != CG_OK || !cg_check_wanted()) return status;
    return r->kind == CG_POOL_MEAN_GRAD || r->kind == CG_POOL_MAX_GRAD
               ? cg_check_contiguous(hw, "pool", &r->x, r->planes * s->in[0] * s->in[1])
               : cg_check_contiguous(hw, "pool", &r->y, r->planes * s->out[0] * s->out[1]);
}

cg_status cg_hw_solve_triangular(cg_hw *hw, const cg_solve_triangular_request *r) {
    if (r->batch == 0 || r->n == 0 || r->r == 0) return CG_OK;
    return cg_work_do(hw, CG_WORK_SOLVE_TRIANGULAR, r);
}
