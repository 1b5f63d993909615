/* Eigenvalues and eigenvectors of general matrices: complex numbers as pairs of real tensors. */
#include "linalg/columns.h"

enum { WR, WI, VR, VI, PARTS };

static const cg_rule eig_rule = {"eig", cg_factor_no_gradient},
                     eigvals_rule = {"eigvals", cg_factor_no_gradient};

/* The results that are asked for, in the order of the backend's request; the others NULL. */
static cg_status general(const cg_rule *rule, cg_tensor *input, bool vectors, cg_tensor **const out[PARTS]) {
    for (int i = 0; i < PARTS; i++)
        if (out[i]) *out[i] = NULL;
    if (!input) return CG_ERROR_ARGUMENT;
    cg_device *dev = input->storage->dev;
    cg_tensor *a = cg_factor_matrices(rule->name, input, true);
    if (!a) return dev->error.code;
    const int64_t n = cg_size(a, -1);
    cg_factor_plan plan = {.op = rule->name, .kind = CG_WORK_EIG, .part = {{1, {n}}, {1, {n}}}};
    if (vectors) plan.part[VR] = plan.part[VI] = (cg_factor_part){2, {n, n}};
    const cg_factors f = cg_factor(&plan, a);
    if (!f.packed || !cg_factor_succeeded(rule->name, a, f.info, CG_FACTOR_NOT_CONVERGED, false))
        return dev->error.code;
    cg_tensor *packed = cg_record_op(f.packed, rule, 1, &a, CG_KEEP_NOTHING, NULL), *part[PARTS] = {0};
    for (int i = 0; i < PARTS; i++)
        if (out[i] && !(part[i] = cg_factor_result(&plan, packed, i))) return dev->error.code;
    for (int i = 0; i < PARTS; i++)
        if (out[i]) *out[i] = part[i];
    return CG_OK;
}

cg_status cg_eig(cg_tensor *a, cg_tensor **wr, cg_tensor **wi, cg_tensor **vr, cg_tensor **vi) {
    return general(&eig_rule, a, true, (cg_tensor * *const[]){wr, wi, vr, vi});
}

cg_status cg_eigvals(cg_tensor *a, cg_tensor **wr, cg_tensor **wi) {
    return general(&eigvals_rule, a, false, (cg_tensor * *const[]){wr, wi, NULL, NULL});
}
