/* The CPU backend from inside: its memory, its device, its slots and the helpers its files share. */
#ifndef CLGRAD_HOST_CPU_CPU_H
#define CLGRAD_HOST_CPU_CPU_H

#include "host/backend.h"
#include "host/cpu/isa.h"
#include "host/cpu/thread_pool.h"
#include "host/pool.h"

struct cg_buffer {
    cg_block block;      /* first: the pool hands out blocks */
    unsigned char *data; /* 64-byte aligned; 2 MB aligned from 4 MB on; the caller's as it is */
};

/* Kept memory of a device, one piece for each user, so that no call allocates in a steady state. */
typedef enum cg_cpu_workspace_id {
    CG_WORKSPACE_REDUCE,
    CG_WORKSPACE_MATMUL_B,
    CG_WORKSPACE_MATMUL_C,
    CG_WORKSPACE_ROWS, /* softmax and cross-entropy */
    CG_WORKSPACE_SCAN,
    CG_WORKSPACE_SCATTER,
    CG_WORKSPACE_SORT,
    CG_WORKSPACE_FACTOR,
    CG_WORKSPACE_CONV,
    CG_WORKSPACE_ATTENTION,
    CG_WORKSPACE_COUNT
} cg_cpu_workspace_id;

typedef struct cg_workspace {
    void *data;
    size_t bytes;
} cg_workspace;

/*
 * Work is measured in units: one element through one simple row, about 0.03 ns in f32. A thread is given at least
 * this much, some microseconds: to wake it costs as much.
 */
enum { CG_THREAD_UNITS = 128 << 10 };

typedef struct cg_hw_cpu {
    cg_hw base;
    cg_pool pool;
    uint8_t row_units[CG_ROW_COUNT]; /* of each row, for one element */
    const cg_isa *isa;               /* the loops chosen for this processor */
    cg_workspace workspace[CG_WORKSPACE_COUNT];
} cg_hw_cpu;

static inline cg_hw_cpu *cg_cpu_of(cg_hw *hw) { return (cg_hw_cpu *)hw; }

/* The first element of an operand. */
static inline void *cg_cpu_data(const cg_operand *o) {
    return o->buffer->data + o->offset * (int64_t)cg_dtype_size(o->dtype);
}

/*
 * At least `bytes` of 64-byte aligned memory that stays valid until the next call with the same id; its
 * content is unspecified. To be called from the thread that holds the device, not inside a loop body.
 * NULL and CG_ERROR_MEMORY in hw->err if there is none.
 */
void *cg_cpu_workspace(cg_hw *hw, cg_cpu_workspace_id id, size_t bytes);

/* --- Memory (cpu_memory.c) ------------------------------------------------------------------------------- */
cg_buffer *cg_cpu_alloc(cg_hw *hw, size_t bytes);
void cg_cpu_free(cg_hw *hw, cg_buffer *buffer);
cg_buffer *cg_cpu_wrap(cg_hw *hw, void *data, size_t bytes);
void cg_cpu_trim(cg_hw *hw);
cg_status cg_cpu_upload(cg_hw *hw, cg_buffer *to, size_t offset, const void *from, size_t bytes);
cg_status cg_cpu_download(cg_hw *hw, void *to, cg_buffer *from, size_t offset, size_t bytes);
/* Prepares hw->pool: raw allocation and the limit from the physical memory (CLGRAD_CPU_MEMORY in MiB overrides). */
void cg_cpu_memory_init(cg_hw_cpu *hw);
/* The physical memory of the machine in bytes. */
uint64_t cg_cpu_physical_memory(void);

/* The bytes of the last cache. Results that are larger would only drive out what is in it. */
int64_t cg_cpu_stream_limit(void);

/* Fills hw->row_units. */
void cg_cpu_units_init(cg_hw_cpu *hw);

/* --- Slots: backend.h says what each does; all are done when they return ------------------------------- */
cg_status cg_cpu_map(cg_hw *hw, const cg_map_request *r);
cg_status cg_cpu_map_many(cg_hw *hw, const cg_map_many_request *r);
cg_status cg_cpu_reduce(cg_hw *hw, const cg_reduce_request *r);
cg_status cg_cpu_matmul(cg_hw *hw, const cg_matmul_request *r);
cg_status cg_cpu_random(cg_hw *hw, const cg_random_request *r);
cg_status cg_cpu_gather(cg_hw *hw, const cg_gather_request *r);
cg_status cg_cpu_scan(cg_hw *hw, const cg_scan_request *r);
cg_status cg_cpu_scatter_add(cg_hw *hw, const cg_scatter_add_request *r);
cg_status cg_cpu_sort(cg_hw *hw, const cg_sort_request *r);
cg_status cg_cpu_searchsorted(cg_hw *hw, const cg_searchsorted_request *r);
cg_status cg_cpu_softmax(cg_hw *hw, const cg_softmax_request *r);
cg_status cg_cpu_softmax_xent(cg_hw *hw, const cg_softmax_xent_request *r);
cg_status cg_cpu_row_norm(cg_hw *hw, const cg_row_norm_request *r);
cg_status cg_cpu_row_norm_grad(cg_hw *hw, const cg_row_norm_grad_request *r);
cg_status cg_cpu_attention(cg_hw *hw, const cg_attention_request *r);
cg_status cg_cpu_attention_grad(cg_hw *hw, const cg_attention_grad_request *r);
cg_status cg_cpu_lu(cg_hw *hw, const cg_factor_request *r);
cg_status cg_cpu_cholesky(cg_hw *hw, const cg_factor_request *r);
cg_status cg_cpu_qr(cg_hw *hw, const cg_factor_request *r);
cg_status cg_cpu_eigh(cg_hw *hw, const cg_factor_request *r);
cg_status cg_cpu_eig(cg_hw *hw, const cg_factor_request *r);
cg_status cg_cpu_svd(cg_hw *hw, const cg_factor_request *r);
cg_status cg_cpu_solve_triangular(cg_hw *hw, const cg_solve_triangular_request *r);
cg_status cg_cpu_conv(cg_hw *hw, const cg_conv_request *r);
cg_status cg_cpu_pool(cg_hw *hw, const cg_pool_request *r);

/*
 * cg_cpu_map on the calling thread alone, not counted as a launch: for the epilogue of a product, on the part
 * just computed. May be called inside a loop body; it records no error itself. The request need not be
 * simplified, but axes are run in the order given.
 * cg_cpu_program_check says before the loop whether it can run.
 */
void cg_cpu_map_serial(cg_hw *hw, const cg_map_request *r);

/*
 * Runs a map of few elements along one axis without a plan, row by row on the calling thread; false, and nothing is done, if
 * it is not of that kind. The program has been checked.
 */
bool cg_cpu_map_small(const cg_isa *isa, const cg_map_request *r);

/* A constant as a T (f32, f64, i32, i64). */
void cg_cpu_scalar(cg_dtype type, cg_scalar value, void *out);

/* The units of work for one element of a program, its loads and stores included. */
int64_t cg_cpu_program_units(const cg_hw *hw, const cg_program *p);

/* Records an error if a row of the program has no form for its type. `operation` begins the message. */
cg_status cg_cpu_program_check(cg_hw *hw, const cg_program *p, const char *operation);

#endif
