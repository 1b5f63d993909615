/*
 * The beta distribution of greatest likelihood: with l = mean log(x), k = mean log(1 - x) the parameters solve
 *     digamma(a) - digamma(a + b) = l,   digamma(b) - digamma(a + b) = k
 * by Newton's method. Their derivatives from l and k are those of the inverse function.
 */
#include <math.h>

#include "clgrad/probability.h"
#include "stats/moments.h"

/* Ten steps reach rounding for a and b from 0.05 to 1000; a step may not take off more than three quarters. */
enum { STEPS = 10 };

/* What a step and a derivative need: p, q, s = trigamma of a, b and a + b; the determinant of the Jacobian. */
typedef struct jacobian {
    cg_tensor *p, *q, *s, *determinant;
} jacobian;

static jacobian jacobian_at(cg_tensor *a, cg_tensor *b) {
    jacobian j = {cg_polygamma(1, a), cg_polygamma(1, b), cg_polygamma(1, cg_add(a, b)), NULL};
    j.determinant = cg_sub(cg_mul(j.p, j.q), cg_mul(j.s, cg_add(j.p, j.q)));
    return j;
}

static cg_tensor *stepped(cg_tensor *a, cg_tensor *top, const jacobian *j) {
    return cg_eval(cg_maximum(cg_sub(a, cg_div(top, j->determinant)), cg_mul(a, 0.25)));
}

static void newton_step(cg_tensor *l, cg_tensor *k, cg_tensor **a, cg_tensor **b) {
    cg_tensor *sum = cg_digamma(cg_add(*a, *b));
    cg_tensor *f = cg_eval(cg_sub(cg_sub(cg_digamma(*a), sum), l));
    cg_tensor *h = cg_eval(cg_sub(cg_sub(cg_digamma(*b), sum), k));
    jacobian j = jacobian_at(*a, *b);
    cg_tensor *da = cg_add(cg_mul(cg_sub(j.q, j.s), f), cg_mul(j.s, h));
    cg_tensor *db = cg_add(cg_mul(j.s, f), cg_mul(cg_sub(j.p, j.s), h));
    cg_tensor *next = stepped(*a, da, &j);
    *b = stepped(*b, db, &j);
    *a = next;
}

/*
 * For large a and b, g = exp(l) and h = exp(k) are (a - 1/2) / (a + b) and (b - 1/2) / (a + b): a first estimate. They are
 * the geometric means of x and 1 - x; where g, h or what they leave of 1 is 0 there is no solution.
 */
static cg_tensor *solved(cg_tensor *l, cg_tensor *k, bool second) {
    const double nothing = l->storage->dtype == CG_F64 ? 1e-14 : 1e-6;
    cg_tensor *g = cg_exp(l), *h = cg_exp(k), *rest = cg_sub(1, cg_add(g, h));
    cg_tensor *solvable = cg_logical_and(cg_gt(cg_minimum(g, h), 0), cg_gt(rest, nothing));
    rest = cg_mul(cg_where(solvable, rest, (double)NAN), 2);
    cg_tensor *a = cg_eval(cg_add(cg_div(g, rest), 0.5)), *b = cg_eval(cg_add(cg_div(h, rest), 0.5));
    for (int i = 0; i < STEPS; i++) newton_step(l, k, &a, &b);
    return second ? b : a;
}

static cg_tensor *solution(cg_tensor *l, cg_tensor *k, bool second);

/* The inverse of the Jacobian [p - s, -s; -s, q - s] has the rows (q - s, s) and (s, p - s) over the determinant. */
static void solution_backward(const cg_rule_call *call, cg_tensor **dx) {
    bool second = call->attributes->i[0] != 0;
    cg_tensor *other = solution(call->x[0], call->x[1], !second);
    jacobian j = second ? jacobian_at(other, call->out) : jacobian_at(call->out, other);
    cg_tensor *g = cg_div(call->g, j.determinant), *cross = cg_mul(g, j.s);
    dx[0] = second ? cross : cg_mul(g, cg_sub(j.q, j.s));
    dx[1] = second ? cg_mul(g, cg_sub(j.p, j.s)) : cross;
}

static const cg_rule solution_rule = {"beta_fit", solution_backward};

static cg_tensor *solution(cg_tensor *l, cg_tensor *k, bool second) {
    cg_scope *scope = l && k ? cg_values_begin(l->storage->dev) : NULL;
    if (!scope) return NULL;
    cg_tensor *out = cg_values_end(scope, solved(l, k, second));
    return cg_record_op(out, &solution_rule, 2, (cg_tensor *[]){l, k}, CG_KEEP(0) | CG_KEEP(1) | CG_KEEP_OUT,
                        &(cg_attributes){.i = {second}});
}

cg_status cg_beta_fit(cg_tensor *x, cg_axis_set axes, bool keepdims, cg_tensor **a, cg_tensor **b) {
    unsigned mask;
    if (!x) return CG_ERROR_ARGUMENT;
    cg_device *dev = x->storage->dev;
    if (!cg_reduction_mask("beta_fit", x, axes, &mask)) return dev->error.code;
    cg_axis_set reduced = cg_reduction_axes(mask);
    cg_tensor *real = cg_op_real(x), *wide = cg_wide(real), *found[2] = {NULL, NULL};
    cg_tensor *l = wide ? cg_eval(cg_mean(cg_log(wide), reduced, true)) : NULL;
    cg_tensor *k = wide ? cg_eval(cg_mean(cg_log1p(cg_neg(wide)), reduced, true)) : NULL;
    cg_tensor **wanted[] = {a, b};
    for (int i = 0; i < 2; i++)
        if (wanted[i] && !(found[i] = cg_narrow(solution(l, k, i), real, mask, keepdims)))
            return dev->error.code;
    for (int i = 0; i < 2; i++)
        if (wanted[i]) *wanted[i] = found[i];
    return CG_OK;
}
