/* What the files of the deferral share: from formulas to a program, and running it. */
#ifndef CLGRAD_TENSOR_DEFERRAL_PROGRAM_H
#define CLGRAD_TENSOR_DEFERRAL_PROGRAM_H

#include "tensor/deferral.h"

typedef struct cg_builder {
    cg_fused *fused;
    cg_storage *done[CG_MAX_INSTRS + 1]; /* pending storages already in the program, and their values */
    int value[CG_MAX_INSTRS + 1];        /* a product may be one without an instruction */
    int n_done;
    const cg_dims *shape; /* of the loop; read where there is a product */
} cg_builder;

/* Starts a program with the elements of x, in `type`, over x's shape: *value is their value number. */
cg_status cg_builder_start(cg_builder *b, cg_tensor *x, cg_dtype type, int *value);

/* Makes value numbers final. */
void cg_builder_seal(cg_program *p);

/*
 * Runs a program. Its outputs: target, which is there, unless NULL, then the storages out[0..n-1], which get their
 * memory here and are pending no more.
 */
cg_status cg_builder_run(cg_device *dev, const cg_fused *fused, const cg_dims *shape, const cg_tensor *target,
                         int n, cg_storage *const *out);

bool cg_expr_reads(const cg_expr *e, const cg_storage *s);

#endif
