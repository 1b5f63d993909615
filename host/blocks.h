/*
 * Factorizations block by block, for any backend: products, maps and copies of its own, and narrow panels on the CPU
 * backend, in one transfer each way. They call cg_hw_ functions alone, so a backend's own slots do the work.
 */
#ifndef CLGRAD_HOST_BLOCKS_H
#define CLGRAD_HOST_BLOCKS_H

#include "host/backend.h"

enum { CG_BLOCKS_FROM = 512 }; /* rows and columns from where on blocks pay (docs/decisions/0014) */

/* Each does what the slot of its name does, for any size. */
cg_status cg_blocked_lu(cg_hw *hw, const cg_factor_request *r);
cg_status cg_blocked_cholesky(cg_hw *hw, const cg_factor_request *r);
cg_status cg_blocked_qr(cg_hw *hw, const cg_factor_request *r);
cg_status cg_blocked_solve_triangular(cg_hw *hw, const cg_solve_triangular_request *r);

/* --- What they share (blocks.c) -------------------------------------------------------------------------------- */

enum { CG_BLOCK_BUFFERS = 4 };

/*
 * A factorization under way. The first error stays in `status`, and no step after it does anything. `host` is memory
 * that the CPU backend sees as the buffer `on_cpu`; `staged` is its counterpart on the device.
 */
typedef struct cg_blocks {
    cg_hw *hw, *cpu; /* the same where the device is the CPU backend */
    cg_dtype dtype;
    size_t size; /* of an element */
    cg_status status;
    unsigned char *host;
    cg_buffer *on_cpu, *staged;
    int n_buffers;
    cg_buffer *buffer[CG_BLOCK_BUFFERS];
} cg_blocks;

/* Memory for panels: so many elements on the host and on the device. `kind` is what is factored. */
void cg_blocks_begin(cg_blocks *b, cg_hw *hw, cg_work kind, cg_dtype dtype, int64_t on_host,
                     int64_t on_device);
/* Frees everything; gives the status. */
cg_status cg_blocks_end(cg_blocks *b);
/* Memory on the device, freed by cg_blocks_end. */
cg_buffer *cg_blocks_buffer(cg_blocks *b, int64_t elements);

/* The first n elements of `staged` to the start of `host`; n elements of `host` to the start of `staged`. */
void cg_blocks_fetch(cg_blocks *b, int64_t n);
void cg_blocks_send(cg_blocks *b, int64_t from, int64_t n);

/* Elements of `host`. */
double cg_blocks_get(const cg_blocks *b, int64_t i);
void cg_blocks_set(const cg_blocks *b, int64_t i, double value);
/* An (n, n) identity in `host`. */
void cg_blocks_identity(const cg_blocks *b, int64_t at, int64_t n);

/* A row-major matrix; the part of x that begins at (i, j); x transposed. A cg_matrix whose batch strides are not used. */
cg_matrix cg_block_in(cg_buffer *buffer, int64_t offset, int64_t row);
cg_matrix cg_block_at(cg_matrix x, int64_t i, int64_t j);
cg_matrix cg_block_turned(cg_matrix x);

void cg_blocks_copy(cg_blocks *b, int64_t m, int64_t n, cg_matrix from, cg_matrix to);
void cg_blocks_fill(cg_blocks *b, int64_t m, int64_t n, cg_matrix to, double value);
/* c = A B, (m, k) and (k, n); c = *from - A B where from is not NULL, which may be c. */
void cg_blocks_multiply(cg_blocks *b, const int64_t mnk[3], cg_matrix a, cg_matrix bb, const cg_matrix *from,
                        cg_matrix c);

/* Writes n of the host's numbers to an operand of i32 from its element `at`. */
void cg_blocks_write_whole(cg_blocks *b, const cg_operand *to, int64_t at, const int32_t *from, int64_t n);

/* Matrix `index` of the operand `a` of the request, and of its result j; its buffer is NULL if that is not wanted. */
cg_matrix cg_blocks_input(const cg_factor_request *r, int64_t index);
cg_matrix cg_blocks_result(const cg_factor_request *r, int j, int64_t index, int64_t row);

static inline int64_t cg_block_smaller(int64_t a, int64_t b) { return a < b ? a : b; }

#endif
