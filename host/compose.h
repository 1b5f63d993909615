/* The optional slots of a backend, composed of map and reduce. backend.h says what each does. */
#ifndef CLGRAD_HOST_COMPOSE_H
#define CLGRAD_HOST_COMPOSE_H

#include "host/backend.h"

/* Memory for n elements that a composition puts aside; buffer NULL if there is none. */
cg_operand cg_compose_temporary(cg_hw *hw, cg_dtype dtype, int64_t n);

cg_status cg_compose_softmax(cg_hw *hw, const cg_softmax_request *r);
cg_status cg_compose_softmax_xent(cg_hw *hw, const cg_softmax_xent_request *r);
cg_status cg_compose_map_many(cg_hw *hw, const cg_map_many_request *r);

/* Normalization of rows (compose_norm.c). */
cg_status cg_compose_row_norm(cg_hw *hw, const cg_row_norm_request *r);
cg_status cg_compose_row_norm_grad(cg_hw *hw, const cg_row_norm_grad_request *r);
/* dweight and dbias alone. */
cg_status cg_compose_row_norm_sums(cg_hw *hw, const cg_row_norm_grad_request *r);

/* Attention (compose_attention.c), with the scores in memory. */
cg_status cg_compose_attention(cg_hw *hw, const cg_attention_request *r);
cg_status cg_compose_attention_grad(cg_hw *hw, const cg_attention_grad_request *r);

/*
 * Linear algebra (compose_factor.c): large LU, Cholesky, QR and triangular solves block by block, panels on the CPU
 * backend and products on the device; all else on the CPU backend.
 */
cg_status cg_compose_lu(cg_hw *hw, const cg_factor_request *r);
cg_status cg_compose_cholesky(cg_hw *hw, const cg_factor_request *r);
cg_status cg_compose_qr(cg_hw *hw, const cg_factor_request *r);
cg_status cg_compose_eigh(cg_hw *hw, const cg_factor_request *r);
cg_status cg_compose_eig(cg_hw *hw, const cg_factor_request *r);
cg_status cg_compose_svd(cg_hw *hw, const cg_factor_request *r);
cg_status cg_compose_solve_triangular(cg_hw *hw, const cg_solve_triangular_request *r);

/* Windows of images: their elements as columns and products of matrices (compose_conv.c); tap by tap (compose_pool.c). */
cg_status cg_compose_conv(cg_hw *hw, const cg_conv_request *r);
cg_status cg_compose_pool(cg_hw *hw, const cg_pool_request *r);

#endif
