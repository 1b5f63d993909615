/* Linear algebra for a backend that has none of its own: on the CPU backend. */
#include "host/compose.h"

#include "host/detour.h"

cg_status cg_compose_lu(cg_hw *hw, const cg_factor_request *r) { return cg_work_on_cpu(hw, CG_WORK_LU, r); }

cg_status cg_compose_cholesky(cg_hw *hw, const cg_factor_request *r) {
    return cg_work_on_cpu(hw, CG_WORK_CHOLESKY, r);
}

cg_status cg_compose_qr(cg_hw *hw, const cg_factor_request *r) { return cg_work_on_cpu(hw, CG_WORK_QR, r); }

cg_status cg_compose_eigh(cg_hw *hw, const cg_factor_request *r) {
    return cg_work_on_cpu(hw, CG_WORK_EIGH, r);
}

cg_status cg_compose_eig(cg_hw *hw, const cg_factor_request *r) { return cg_work_on_cpu(hw, CG_WORK_EIG, r); }

cg_status cg_compose_svd(cg_hw *hw, const cg_factor_request *r) { return cg_work_on_cpu(hw, CG_WORK_SVD, r); }

cg_status cg_compose_solve_triangular(cg_hw *hw, const cg_solve_triangular_request *r) {
    return cg_work_on_cpu(hw, CG_WORK_SOLVE_TRIANGULAR, r);
}
