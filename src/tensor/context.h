/* The insides of a device handle, a scope, a storage and a tensor. Every layer above src/tensor sees them. */
#ifndef CLGRAD_TENSOR_CONTEXT_H
#define CLGRAD_TENSOR_CONTEXT_H

#include "clgrad/tensor.h"
#include "core/error.h"
#include "host/backend.h"
#include "tensor/slab.h"

typedef struct cg_expr cg_expr; /* a deferred row, see deferral.h */
typedef struct cg_storage cg_storage;

struct cg_scope {
    cg_device *dev;
    cg_scope *outer; /* NULL for the root scope */
    cg_tensor **tensor;
    size_t count, room;
};

/* A result that was had again for several that read it, retained (result_again.c). */
typedef struct cg_shared {
    struct cg_node *made_by;
    cg_tensor *result;
    int visits; /* for which it stays */
} cg_shared;

struct cg_device {
    cg_hw *hw;
    cg_error error; /* the first since the last clear */
    char choice[512];
    char detours[256]; /* as text: cg_device_detours */
    cg_scope root;
    cg_scope *innermost;
    cg_expr *pending; /* every deferred row, newest first */
    cg_scope *spare;  /* scopes that have ended, by `outer`: kept with the room of their lists */
    cg_slab tensors, storages, exprs, nodes, visits; /* kept structs of each kind */
    bool fuse;                                       /* CLGRAD_FUSE */
    int no_grad;                                     /* depth of cg_no_grad_begin */
    uint64_t serial;                                 /* of the node or hook made last */
    int anomaly;                                     /* depth of cg_anomaly_begin */
    int unwatched; /* inside an operation or rule, of which anomaly mode sees the result alone */
    uint64_t
        lean_after; /* results of nodes up to this serial are kept by those that read them (result_again.c) */
    struct cg_node *again; /* nodes whose results are had again, and what stores those that s is part of */
    cg_status (*store_results)(cg_storage *s);
    cg_shared shared;
    int recomputing; /* inside a function that cg_checkpoint runs again */
    uint64_t seed, next_stream;
    uint64_t record_seed, record_first; /* the same where the recording that is made began */
    cg_status record_error;             /* that there was before it */
    int record_gradients;               /* that were gathered at leaves within it, and are still there */
};

/*
 * Elements on a device, row-major without gaps, shared by all views of them. While `expr` is set they are
 * pending: known as a formula, not yet computed, and without memory.
 */
struct cg_storage {
    int refs;
    int saved;        /* records that keep it for the backward pass: worth storing when it is passed by */
    int readers;      /* pending rows that read it: they must run before it is written in place */
    int results;      /* that are computed again from it: they are stored before it is written in place */
    uint64_t version; /* counts writes in place */
    cg_device *dev;
    cg_dtype dtype;
    int64_t numel;
    cg_buffer *buffer;
    cg_expr *expr;
    bool wrapped;                   /* the buffer is host memory of the caller's */
    void (*release)(void *context); /* of wrapped host memory: hands it back; else NULL */
    void *context;
};

/*
 * What made a tensor, kept by src/autograd/tape.h, which starts its own struct with this one. Here it is
 * only counted and destroyed.
 */
typedef struct cg_record {
    int refs;
    void (*destroy)(struct cg_record *record);
} cg_record;

struct cg_tensor {
    int refs; /* the scope it was made in holds one of them */
    cg_storage *storage;
    cg_dims shape;
    int64_t stride[CG_MAX_RANK];
    int64_t offset;
    cg_record *record; /* NULL where no gradient is wanted */
};

/* --- storages ------------------------------------------------------------------------------------------- */

/* A storage without memory yet; NULL and an error without host memory. */
cg_storage *cg_storage_new(cg_device *dev, cg_dtype dtype, int64_t numel);

/* Gives a storage its memory. */
cg_status cg_storage_allocate(cg_storage *s);

void cg_storage_release(cg_storage *s);

static inline cg_storage *cg_storage_retain(cg_storage *s) {
    s->refs++;
    return s;
}

/* --- tensors -------------------------------------------------------------------------------------------- */

/* A view of `s` (retained) in the innermost scope; strides NULL for row-major. NULL and an error on failure. */
cg_tensor *cg_tensor_new(cg_storage *s, const cg_dims *shape, const int64_t *stride, int64_t offset);

/* A new row-major tensor with memory; checks shape and dtype, naming `op` in the error. */
cg_tensor *cg_tensor_make(cg_device *dev, const char *op, cg_dtype dtype, const cg_dims *shape);

/* The same view as x, in the innermost scope, outside the record. */
cg_tensor *cg_tensor_alias(const cg_tensor *x);

/* Whether shape and dtype can be had on the device; names `op` in the error. */
cg_status cg_tensor_check(cg_device *dev, const char *op, cg_dtype dtype, const cg_dims *shape,
                          int64_t *numel);

/* x as an operand over its own shape; x must not be pending. */
cg_operand cg_tensor_operand(const cg_tensor *x);

/* A row-major, computed tensor with the values of x: x itself where it is one. Not recorded. */
cg_tensor *cg_tensor_dense(cg_tensor *x);

/* The device of the first tensor that is not NULL. */
cg_device *cg_device_of_any(int n, cg_tensor *const *x);

void cg_record_release(cg_record *record);

/* --- scopes --------------------------------------------------------------------------------------------- */

/* Puts a new tensor (refs 1) into the innermost scope; false and an error without memory. */
bool cg_scope_adopt(cg_device *dev, cg_tensor *x);

/*
 * Ends a scope without computing what survives it: for temporaries inside an operation, whose results
 * should stay pending and fuse further.
 */
void cg_scope_drop(cg_scope *scope);

/* cg_scope_drop, but `result` (may be NULL) goes to the scope around it, as pending as it is. NULL on an error. */
cg_tensor *cg_scope_hand_over(cg_scope *scope, cg_tensor *result);

/* Frees the scopes that are kept for reuse. */
void cg_scopes_forget(cg_device *dev);

#endif
