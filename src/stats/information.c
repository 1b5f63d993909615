/* Entropy, divergence, cross-entropy, in nats. */
#include "ops/losses.h"
#include "stats/parameters.h"

#include <math.h>

/* The sum of terms along an axis of their own. */
static cg_tensor *total(const char *op, cg_tensor *terms, int axis) {
    int a = terms ? cg_op_axis(op, terms, axis) : -1;
    return a < 0 ? NULL : cg_sum(terms, cg_axes(a), false);
}

cg_tensor *cg_entropy(cg_tensor *p, int axis) {
    cg_tensor *real = cg_op_real(p);
    return real ? cg_neg(total("entropy", cg_xlogy(real, real), axis)) : NULL;
}

/* The quotient of equals is exactly 1: the divergence of a distribution from itself is 0. */
cg_tensor *cg_kl_divergence(cg_tensor *p, cg_tensor *q, int axis) {
    cg_tensor *x[] = {p, q};
    if (!cg_loss_operands("kl_divergence", 2, x)) return NULL;
    cg_tensor *ratio = cg_div(x[0], cg_where(cg_eq(x[0], 0), 1.0, x[1]));
    return total("kl_divergence", cg_xlogy(x[0], ratio), axis);
}

cg_tensor *cg_cross_entropy_between(cg_tensor *p, cg_tensor *q, int axis) {
    cg_tensor *x[] = {p, q};
    if (!cg_loss_operands("cross_entropy_between", 2, x)) return NULL;
    cg_tensor *sum = total("cross_entropy_between", cg_xlogy(x[0], x[1]), axis);
    return sum ? cg_neg(sum) : NULL;
}

cg_tensor *cg_normal_entropy(cg_tensor *std) {
    cg_arg x[] = {cg_arg_tensor(std)};
    if (!cg_density_operands("normal_entropy", 1, x)) return NULL;
    return cg_add(cg_log(cg_parameter_positive(x[0]).tensor), 1.4189385332046727);
}

cg_tensor *(cg_normal_kl_divergence)(cg_arg mean1, cg_arg std1, cg_arg mean2, cg_arg std2) {
    cg_arg x[] = {mean1, std1, mean2, std2};
    if (!cg_density_operands("normal_kl_divergence", 4, x)) return NULL;
    cg_tensor *s1 = cg_parameter_tensor(x[0].tensor, cg_parameter_positive(x[1]));
    cg_arg s2 = cg_parameter_positive(x[3]);
    cg_tensor *r = cg_div(s1, s2), *d = cg_div(cg_sub(x[0], x[2]), s2);
    cg_tensor *squares = cg_sub(cg_add(cg_square(r), cg_square(d)), 1);
    return cg_sub(cg_mul(squares, 0.5), cg_log(r));
}

cg_tensor *cg_bernoulli_entropy(cg_tensor *p) {
    cg_tensor *real = cg_op_real(p);
    return real ? cg_neg(cg_add(cg_xlogy(real, real), cg_xlog1py(cg_sub(1, real), cg_neg(real)))) : NULL;
}
