/*
 * The record of operations: one node per recorded result, pointing at the nodes of its inputs.
 *
 * An operation calls cg_record on its finished result. Its rule gets the gradient of the result and gives
 * the gradient of each input, as a composition of public operations: under create_graph those are recorded
 * in turn, which is all that gradients of gradients need.
 */
#ifndef CLGRAD_AUTOGRAD_TAPE_H
#define CLGRAD_AUTOGRAD_TAPE_H

#include "clgrad/autograd.h"
#include "tensor/context.h"

enum { CG_RULE_INPUTS = 5 };

/* Small facts of an operation that its rule needs: axes, a slope, ... */
typedef struct cg_attributes {
    int64_t i[CG_MAX_RANK + 4];
    double d[2];
} cg_attributes;

/* What a rule sees. A value that was not kept is NULL. */
typedef struct cg_rule_call {
    cg_device *dev;
    cg_tensor *g;                   /* gradient of the result, in the result's shape and dtype */
    cg_tensor *out;                 /* the result */
    cg_tensor *x[CG_RULE_INPUTS];   /* the inputs */
    cg_dims shape[CG_RULE_INPUTS];  /* the inputs' shapes, kept always */
    cg_dims shape_out;              /* and the result's */
    cg_dtype dtype[CG_RULE_INPUTS]; /* and dtypes */
    bool wanted[CG_RULE_INPUTS];    /* which inputs want a gradient */
    bool create_graph;              /* the rule's own operations are being recorded */
    const cg_attributes *attributes;
} cg_rule_call;

/*
 * `backward` sets dx[i] for each wanted input. A gradient may have the broadcast shape and another real
 * dtype: it is summed and converted to the input's afterwards. NULL without an error means: not defined.
 */
typedef struct cg_rule {
    const char *name;
    void (*backward)(const cg_rule_call *call, cg_tensor **dx);
} cg_rule;

/* The result from all its inputs once more, bit for bit. Of the call, g, out and wanted are not set. */
typedef cg_tensor *cg_result_again(const cg_rule_call *call);

enum { CG_KEEP_NOTHING = 0, CG_KEEP_OUT = 1 << 30 };
#define CG_KEEP(i) (1u << (i))
#define CG_KEEP_AGAIN(i) (1u << (CG_RULE_INPUTS + (i)))

/*
 * Records out = operation(input[0..n-1]) if recording is on and an input wants a gradient. keep: CG_KEEP(i)
 * for inputs whose values the rule reads, CG_KEEP_OUT for the result's. attributes may be NULL. Returns out;
 * NULL for a NULL out or without memory.
 */
cg_tensor *cg_record_op(cg_tensor *out, const cg_rule *rule, int n, cg_tensor *const *input, unsigned keep,
                        const cg_attributes *attributes);

/*
 * cg_record_op for a result that costs little: where the inputs are kept, or can be had again themselves, nobody that reads the
 * result keeps it (result_again.c). CG_KEEP_AGAIN(i): input i may be kept for that, though the rule does not read it. again NULL:
 * as cg_record_op.
 */
cg_tensor *cg_record_op_again(cg_tensor *out, const cg_rule *rule, cg_result_again *again, int n,
                              cg_tensor *const *input, unsigned keep, const cg_attributes *attributes);

/* The rule of an operation that has no gradient: the walk that comes to it fails with CG_ERROR_GRADIENT. */
void cg_no_gradient(const cg_rule_call *call, cg_tensor **dx);

/* Puts `grad`, computed, of x's shape and dtype, in the place of the gradient that leaf x has. */
void cg_grad_store(cg_tensor *x, cg_tensor *grad);

/* Whether an operation on these inputs would be recorded. */
bool cg_recording(cg_device *dev, int n, cg_tensor *const *input);

#endif
