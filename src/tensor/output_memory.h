/*
 * Where the results of a program lie: in fresh memory of the pool, or, for the first, in that of an input which nothing else
 * will read. So a chain of gradients over a large activation needs one buffer where it would need two.
 */
#ifndef CLGRAD_TENSOR_OUTPUT_MEMORY_H
#define CLGRAD_TENSOR_OUTPUT_MEMORY_H

#include "tensor/deferral.h"

/*
 * An input that goes with the formula of the pending s, the last that reads it, and whose memory s can take over; NULL if there
 * is none. product: what input 0 stands for, or NULL. Small results are left alone: they cost less than the question.
 */
cg_storage *cg_output_donor(const cg_fused *f, const cg_storage *s, const cg_expr *product);

/* Gives the storages out[0..n-1] their memory, the first that of donor, if there is one. All or nothing. */
cg_status cg_outputs_allocate(cg_storage *const *out, int n, cg_storage *donor);

/* Undoes cg_outputs_allocate. */
void cg_outputs_free(cg_storage *const *out, int n, cg_storage *donor);

#endif
