#include "host/blocks.h"

#include "core/rows.h"
#include "host/detour.h"

#include <stdlib.h>
#include <string.h>

/* --- Memory ------------------------------------------------------------------------------------------------------ */

static cg_status status_of(const cg_hw *hw) {
    return hw->err->code != CG_OK ? hw->err->code : CG_ERROR_DEVICE_MEMORY;
}

static bool begin(cg_blocks *b, cg_work kind, int64_t on_host, int64_t on_device) {
    const size_t bytes = (size_t)on_host * b->size;
    b->cpu = cg_detour_cpu(b->hw, kind);
    if (!b->cpu) return false;
    b->host = malloc(bytes);
    if (!b->host)
        CG_FAIL(b->hw->err, CG_ERROR_MEMORY, "%s: no memory for panels of %zu bytes", cg_work_name(kind),
                bytes);
    if (b->host) b->on_cpu = cg_hw_wrap(b->cpu, b->host, bytes);
    if (b->on_cpu) b->staged = cg_hw_alloc(b->hw, (size_t)on_device * b->size);
    return b->staged != NULL;
}

void cg_blocks_begin(cg_blocks *b, cg_hw *hw, cg_work kind, cg_dtype dtype, int64_t on_host,
                     int64_t on_device) {
    *b = (cg_blocks){.hw = hw, .dtype = dtype, .size = cg_dtype_size(dtype)};
    if (!begin(b, kind, on_host, on_device)) b->status = status_of(hw);
}

cg_status cg_blocks_end(cg_blocks *b) {
    for (int i = 0; i < b->n_buffers; i++) cg_hw_free(b->hw, b->buffer[i]);
    cg_hw_free(b->hw, b->staged);
    if (b->on_cpu) cg_hw_free(b->cpu, b->on_cpu);
    free(b->host);
    return b->status;
}

cg_buffer *cg_blocks_buffer(cg_blocks *b, int64_t elements) {
    if (b->status != CG_OK) return NULL;
    cg_buffer *buffer = cg_hw_alloc(b->hw, (size_t)elements * b->size);
    if (!buffer) b->status = status_of(b->hw);
    b->buffer[b->n_buffers++] = buffer;
    return buffer;
}

void cg_blocks_fetch(cg_blocks *b, int64_t n) {
    if (b->status == CG_OK) b->status = cg_hw_download(b->hw, b->host, b->staged, 0, (size_t)n * b->size);
}

void cg_blocks_send(cg_blocks *b, int64_t from, int64_t n) {
    if (b->status == CG_OK)
        b->status = cg_hw_upload(b->hw, b->staged, 0, b->host + (size_t)from * b->size, (size_t)n * b->size);
}

void cg_blocks_write_whole(cg_blocks *b, const cg_operand *to, int64_t at, const int32_t *from, int64_t n) {
    if (b->status == CG_OK)
        b->status = cg_hw_upload(b->hw, to->buffer, (size_t)(to->offset + at) * sizeof *from, from,
                                 (size_t)n * sizeof *from);
}

/* --- Elements on the host ------------------------------------------------------------------------------------------ */

double cg_blocks_get(const cg_blocks *b, int64_t i) {
    const void *at = b->host + (size_t)i * b->size;
    return b->dtype == CG_F32 ? (double)*(const float *)at : *(const double *)at;
}

void cg_blocks_set(const cg_blocks *b, int64_t i, double value) {
    void *at = b->host + (size_t)i * b->size;
    if (b->dtype == CG_F32)
        *(float *)at = (float)value;
    else
        *(double *)at = value;
}

void cg_blocks_identity(const cg_blocks *b, int64_t at, int64_t n) {
    memset(b->host + (size_t)at * b->size, 0, (size_t)(n * n) * b->size);
    for (int64_t i = 0; i < n; i++) cg_blocks_set(b, at + i * n + i, 1);
}

/* --- Parts of matrices ----------------------------------------------------------------------------------------------- */

cg_matrix cg_block_in(cg_buffer *buffer, int64_t offset, int64_t row) {
    return (cg_matrix){.buffer = buffer, .offset = offset, .row = row, .col = 1};
}

cg_matrix cg_block_at(cg_matrix x, int64_t i, int64_t j) {
    x.offset += i * x.row + j * x.col;
    return x;
}

cg_matrix cg_block_turned(cg_matrix x) {
    const int64_t row = x.row;
    x.row = x.col;
    x.col = row;
    return x;
}

cg_matrix cg_blocks_input(const cg_factor_request *r, int64_t index) {
    return cg_block_in(r->a.buffer, r->a.offset + index * r->m * r->n, r->n);
}

cg_matrix cg_blocks_result(const cg_factor_request *r, int j, int64_t index, int64_t row) {
    return cg_block_in(r->out[j].buffer, r->out[j].offset + index * r->out[j].stride[0], row);
}

/* --- Work on the device ------------------------------------------------------------------------------------------------ */

static cg_operand operand_of(const cg_blocks *b, cg_matrix x) {
    return (cg_operand){.buffer = x.buffer, .dtype = b->dtype, .offset = x.offset, .stride = {x.row, x.col}};
}

/* to = program of `from`, which is not NULL if the program has an input, and of `value`, its constant. */
static void map(cg_blocks *b, const cg_program *program, const int64_t mn[2], const cg_matrix *from,
                cg_matrix to, double value) {
    if (b->status != CG_OK) return;
    cg_map_request r = {.program = program,
                        .rank = 2,
                        .shape = {mn[0], mn[1]},
                        .out = {operand_of(b, to)},
                        .consts = {{.f = value}}};
    if (from) r.in[0] = operand_of(b, *from);
    b->status = cg_hw_map(b->hw, &r);
}

void cg_blocks_copy(cg_blocks *b, int64_t m, int64_t n, cg_matrix from, cg_matrix to) {
    const cg_program identity = cg_program_identity(b->dtype);
    map(b, &identity, (const int64_t[]){m, n}, &from, to, 0);
}

void cg_blocks_fill(cg_blocks *b, int64_t m, int64_t n, cg_matrix to, double value) {
    const cg_program constant = cg_program_constant(b->dtype);
    map(b, &constant, (const int64_t[]){m, n}, NULL, to, value);
}

/* Inputs: the element of the product, and what it is taken from. */
static cg_program difference(cg_dtype dtype) {
    cg_program p = {.type = (uint8_t)dtype, .n_inputs = 2, .n_outputs = 1};
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_sub, 1, 0, 0);
    return p;
}

void cg_blocks_multiply(cg_blocks *b, const int64_t mnk[3], cg_matrix a, cg_matrix bb, const cg_matrix *from,
                        cg_matrix c) {
    const cg_program subtract = difference(b->dtype);
    if (b->status != CG_OK) return;
    cg_matmul_request r = {.dtype = b->dtype, .m = mnk[0], .n = mnk[1], .k = mnk[2], .a = a, .b = bb, .c = c};
    if (from) {
        r.epilogue = &subtract;
        r.in[0] = operand_of(b, *from);
    }
    b->status = cg_hw_matmul(b->hw, &r);
}
