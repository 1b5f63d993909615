/* The beta distribution. */
#include "stats/parameters.h"

#include <math.h>

/* lgamma_r, for the plain lgamma writes to a global. */
static double lgamma_number(double x) {
    int sign;
    return lgamma_r(x, &sign);
}

static cg_arg lgamma_of(cg_arg x) { return cg_parameter_map(x, lgamma_number, cg_lgamma); }

/* x, a, b checked: x outside [0, 1], and x with 1/2 in the place of what is. */
typedef struct beta_parts {
    cg_tensor *x, *outside, *inside;
    cg_arg a, b, sum;
} beta_parts;

static bool parts_of(const char *op, cg_arg x, cg_arg a, cg_arg b, beta_parts *p) {
    cg_arg operand[] = {x, a, b};
    if (!cg_density_operands(op, 3, operand)) return false;
    p->x = operand[0].tensor;
    p->a = cg_parameter_positive(operand[1]);
    p->b = cg_parameter_positive(operand[2]);
    p->sum = cg_parameter_add(p->a, p->b);
    p->outside = cg_logical_or(cg_lt(p->x, 0), cg_gt(p->x, 1));
    p->inside = cg_where(p->outside, 0.5, p->x);
    return true;
}

cg_tensor *(cg_beta_log_pdf)(cg_arg x, cg_arg a, cg_arg b) {
    beta_parts p;
    if (!parts_of("beta_log_pdf", x, a, b, &p)) return NULL;
    cg_arg one = cg_arg_real(1);
    cg_tensor *power = cg_add(cg_xlogy(cg_parameter_sub(p.a, one), p.inside),
                              cg_xlog1py(cg_parameter_sub(p.b, one), cg_neg(p.inside)));
    cg_arg lbeta = cg_parameter_sub(cg_parameter_add(lgamma_of(p.a), lgamma_of(p.b)), lgamma_of(p.sum));
    return cg_where(p.outside, cg_parameter_value(p.x, p.sum, -(double)INFINITY), cg_sub(power, lbeta));
}

cg_tensor *(cg_beta_pdf)(cg_arg x, cg_arg a, cg_arg b) {
    cg_tensor *log_pdf = (cg_beta_log_pdf)(x, a, b);
    return log_pdf ? cg_exp(log_pdf) : NULL;
}

/* 0 and 1 are left out of what betainc gets: its slope may be infinite there, and 0 times that is no number. */
cg_tensor *(cg_beta_cdf)(cg_arg x, cg_arg a, cg_arg b) {
    beta_parts p;
    if (!parts_of("beta_cdf", x, a, b, &p)) return NULL;
    cg_tensor *beyond = cg_parameter_value(p.x, p.sum, 1), *before = cg_parameter_value(p.x, p.sum, 0);
    cg_tensor *end = cg_where(cg_lt(p.x, 0.5), before, beyond);
    return cg_where(p.outside, end, cg_betainc(p.a, p.b, p.inside));
}
