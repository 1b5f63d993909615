/*
 * Deferral: an elementwise result is first a formula (an expr), and is computed when its value is needed.
 *
 * A pending storage holds an expr: one row and its operands. An operand may be pending itself, but only one
 * that fits into the same program (same type T, same shape, its value exact in T): anything else is computed
 * as soon as it becomes an operand. So the pending operands behind a storage always form one program,
 * and the counts below keep that program within the limits of core/expr.h.
 *
 * On the way, a pending storage that a record keeps for the backward pass becomes a further output of the
 * program. One that only a scope holds stays pending: it costs nothing if nobody asks for it.
 */
#ifndef CLGRAD_TENSOR_DEFERRAL_H
#define CLGRAD_TENSOR_DEFERRAL_H

#include "tensor/context.h"

/* An operand of an expr: a view of a storage (retained) over the expr's shape, or a constant. */
typedef struct cg_leaf {
    cg_storage *storage; /* NULL: the constant */
    int64_t offset;
    int64_t stride[CG_MAX_RANK];
    cg_scalar constant;
} cg_leaf;

/* In place of a row: the value of operand 0, converted to the storage's dtype; the product of operands 0 and 1, plus 2. */
enum { CG_EXPR_COPY = -1, CG_EXPR_PRODUCT = -2 };

struct cg_pending_product; /* deferred_product.h */

struct cg_expr {
    cg_expr *previous, *next; /* in the device's list of pending rows */
    cg_storage *storage;      /* what it computes */
    int row;                  /* or CG_EXPR_COPY */
    int n;                    /* operands */
    cg_dtype type;            /* T */
    cg_dims shape;
    int rows, inputs, consts;           /* of the whole tree behind it; shared parts count each time */
    bool has_product;                   /* there was a product in that tree when it was made: at most one */
    struct cg_pending_product *product; /* of a product, else NULL */
    cg_leaf leaf[CG_MAX_ARITY];
};

/*
 * The row-major tensor row(leaf...) of `shape`, dtype `dtype`, computed in `type`; pending where the device
 * defers. Strides of the leaves are over `shape`. The shape and dtype have been checked. A COPY of a
 * constant is a constant tensor, and stays one wherever it is used. The leaves are settled where they are.
 */
cg_tensor *cg_defer(cg_device *dev, int row, cg_dtype type, cg_dtype dtype, const cg_dims *shape, int n,
                    cg_leaf *leaf);

/*
 * The row-major tensor a b + bias of `shape` and the dtype of a; `bias` (may be NULL) is over the columns. All three are
 * computed. Pending where the device defers: with the rows that follow it becomes one request, or it is computed by
 * itself where these do not fit.
 */
cg_tensor *cg_defer_product(const struct cg_pending_product *p, const cg_dims *shape, cg_tensor *a,
                            cg_tensor *b, cg_tensor *bias);

/* x broadcast to `shape` as a leaf (x's shape must broadcast to it). */
cg_leaf cg_leaf_of(const cg_tensor *x, const cg_dims *shape);

/* The same in place, without its constant, which is not read: copying what was just written in parts is a stall. */
void cg_leaf_set(cg_leaf *leaf, const cg_tensor *x, const cg_dims *shape);

/* Computes a storage if it is pending. */
cg_status cg_force(cg_storage *s);

/* Computes every pending row that reads `s`, and what a gradient would compute from it: before s is written in place. */
cg_status cg_force_readers(cg_storage *s);

/* Stores the results that the backward pass would compute from `s` again. */
cg_status cg_store_results(cg_storage *s);

/* Forgets a pending formula; nothing to do for a storage that has none. */
void cg_expr_drop(cg_storage *s);

/* A program with its operands: what a reduction loads. */
typedef struct cg_fused {
    cg_program program;
    cg_operand in[CG_MAX_INPUTS];
    cg_scalar consts[CG_MAX_CONSTS];
    cg_storage *input[CG_MAX_INPUTS]; /* the storages of `in`, not retained */
} cg_fused;

/*
 * The program that yields the elements of x in type T over x's shape: the formula of a pending x, else a
 * load. Its one output is set.
 */
cg_status cg_fuse(cg_tensor *x, cg_dtype type, cg_fused *fused);

/*
 * Writes the elements of `value` into the memory that `target`, a computed view of the same shape, shows: in one pass,
 * also where the formula of a pending `value` reads target element by element. What is pending and still has to read
 * the old elements is computed first, or becomes a further output of that pass; `value` itself, where its elements
 * are those that target has from now on, becomes a formula that reads them there.
 */
cg_status cg_force_into(cg_tensor *value, cg_tensor *target);

#endif
