/*
 * Linear algebra for a backend that has none of its own: large matrices block by block (blocks.h), all else, and what has no
 * blocked form here, on the CPU backend.
 */
#include "host/blocks.h"
#include "host/compose.h"
#include "host/detour.h"

/* A composed request on the CPU backend itself is no detour: its own slot does it. */
static cg_status whole(cg_hw *hw, cg_work kind, const void *request) {
    const bool is_cpu = hw->backend == &cg_backend_cpu;
    return is_cpu ? cg_work_kinds[kind].run(hw->backend, hw, request) : cg_work_on_cpu(hw, kind, request);
}

static int64_t order_of(const cg_factor_request *r) { return cg_block_smaller(r->m, r->n); }

cg_status cg_compose_lu(cg_hw *hw, const cg_factor_request *r) {
    return order_of(r) >= CG_BLOCKS_FROM ? cg_blocked_lu(hw, r) : whole(hw, CG_WORK_LU, r);
}

cg_status cg_compose_cholesky(cg_hw *hw, const cg_factor_request *r) {
    return order_of(r) >= CG_BLOCKS_FROM ? cg_blocked_cholesky(hw, r) : whole(hw, CG_WORK_CHOLESKY, r);
}

cg_status cg_compose_qr(cg_hw *hw, const cg_factor_request *r) {
    return order_of(r) >= CG_BLOCKS_FROM ? cg_blocked_qr(hw, r) : whole(hw, CG_WORK_QR, r);
}

cg_status cg_compose_eigh(cg_hw *hw, const cg_factor_request *r) { return whole(hw, CG_WORK_EIGH, r); }

cg_status cg_compose_eig(cg_hw *hw, const cg_factor_request *r) { return whole(hw, CG_WORK_EIG, r); }

cg_status cg_compose_svd(cg_hw *hw, const cg_factor_request *r) { return whole(hw, CG_WORK_SVD, r); }

cg_status cg_compose_solve_triangular(cg_hw *hw, const cg_solve_triangular_request *r) {
    return r->n >= CG_BLOCKS_FROM ? cg_blocked_solve_triangular(hw, r)
                                  : whole(hw, CG_WORK_SOLVE_TRIANGULAR, r);
}
