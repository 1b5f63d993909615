/* Systems with a triangular matrix. */
#include "linalg/linear_system.h"
#include "ops/reduction.h"

/*
 * x = T^-1 b gives db = T^-T g and dT = -db x^T; x = T^-T b gives db = T^-1 g and dT = -x db^T. Of dT the part that was
 * read.
 */
static void solve_triangular_backward(const cg_rule_call *call, cg_tensor **dx) {
    const unsigned flags = (unsigned)call->attributes->i[0];
    const bool transposed = (flags & CG_TRANSPOSED) != 0;
    cg_tensor *db = cg_triangular(call->x[0], call->g, flags ^ CG_TRANSPOSED);
    dx[1] = db;
    if (!call->wanted[0]) return;
    cg_tensor *dt =
        cg_neg(cg_system_outer(&call->shape[0], transposed ? call->out : db, transposed ? db : call->out));
    const int64_t below = flags & CG_UNIT_DIAGONAL ? 1 : 0;
    dx[0] = flags & CG_LOWER ? cg_tril(dt, -below) : cg_triu(dt, below);
}

static const cg_rule solve_triangular_rule = {"solve_triangular", solve_triangular_backward};

cg_tensor *cg_triangular(cg_tensor *t, cg_tensor *b, unsigned flags) {
    if (!t || !b) return NULL;
    cg_scope *scope = cg_values_begin(t->storage->dev);
    if (!scope) return NULL;
    cg_tensor *x = cg_system_copy(t, b);
    if (x && cg_triangular_in_place(t, x, flags)) x = NULL;
    cg_tensor *input[] = {t, b};
    return cg_record_op(cg_values_end(scope, x), &solve_triangular_rule, 2, input, CG_KEEP(0) | CG_KEEP_OUT,
                        &(cg_attributes){.i = {flags}});
}

cg_tensor *cg_solve_triangular(cg_tensor *a, cg_tensor *b, unsigned flags) {
    const cg_system s = cg_system_of(solve_triangular_rule.name, a, b, true);
    if (!s.a) return NULL;
    if (flags & ~(unsigned)(CG_LOWER | CG_UNIT_DIAGONAL | CG_TRANSPOSED)) {
        CG_FAIL(&s.a->storage->dev->error, CG_ERROR_ARGUMENT, "solve_triangular: flags 0x%x are unknown",
                flags);
        return NULL;
    }
    return cg_system_result(&s, cg_triangular(s.a, s.b, flags));
}
