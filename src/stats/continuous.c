/* Densities and distribution functions: normal, uniform, exponential. */
#include "stats/parameters.h"

#include <math.h>

static const double infinity = (double)INFINITY;

/* --- normal ------------------------------------------------------------------------------------------------ */

/* z = (x - mean) / std of x, mean, std, the last checked; NULL with an error. */
static cg_tensor *normal_z(const char *op, cg_arg x[3]) {
    if (!cg_density_operands(op, 3, x)) return NULL;
    x[2] = cg_parameter_positive(x[2]);
    return cg_div(cg_sub(x[0], x[1]), x[2]);
}

cg_tensor *(cg_normal_pdf)(cg_arg x, cg_arg mean, cg_arg std) {
    cg_arg operand[] = {x, mean, std};
    cg_tensor *z = normal_z("normal_pdf", operand);
    return cg_div(cg_mul(cg_exp(cg_mul(cg_square(z), -0.5)), 0.3989422804014327), operand[2]);
}

cg_tensor *(cg_normal_log_pdf)(cg_arg x, cg_arg mean, cg_arg std) {
    cg_arg operand[] = {x, mean, std};
    cg_tensor *z = normal_z("normal_log_pdf", operand);
    if (!z) return NULL;
    cg_arg log_std = cg_parameter_map(operand[2], log, cg_log);
    return cg_sub(cg_sub(cg_mul(cg_square(z), -0.5), log_std), 0.9189385332046727);
}

cg_tensor *(cg_normal_cdf)(cg_arg x, cg_arg mean, cg_arg std) {
    cg_arg operand[] = {x, mean, std};
    cg_tensor *z = normal_z("normal_cdf", operand);
    return cg_mul(cg_erfc(cg_mul(z, -0.7071067811865476)), 0.5);
}

/* --- uniform ----------------------------------------------------------------------------------------------- */

/* Whether x is outside [low, high], and how wide that is (checked); false with an error. */
static bool uniform_parts(const char *op, cg_arg x[3], cg_tensor **outside, cg_arg *width) {
    if (!cg_density_operands(op, 3, x)) return false;
    *outside = cg_logical_or(cg_lt(x[0], x[1]), cg_gt(x[0], x[2]));
    *width = cg_parameter_positive(cg_parameter_sub(x[2], x[1]));
    return true;
}

/* value where x is inside, else v; NaN where x is, or where a parameter is not valid. */
static cg_tensor *on_support(cg_tensor *x, cg_tensor *outside, cg_tensor *value, cg_arg parameter, double v) {
    cg_tensor *there = cg_where(outside, cg_parameter_value(x, parameter, v), value);
    return cg_where(cg_isnan(x), x, there);
}

static double reciprocal_number(double x) { return 1 / x; }

cg_tensor *(cg_uniform_pdf)(cg_arg x, cg_arg low, cg_arg high) {
    cg_arg operand[] = {x, low, high}, width;
    cg_tensor *outside;
    if (!uniform_parts("uniform_pdf", operand, &outside, &width)) return NULL;
    cg_arg value = cg_parameter_map(width, reciprocal_number, cg_reciprocal);
    cg_tensor *t = operand[0].tensor;
    return on_support(t, outside, cg_parameter_tensor(t, value), width, 0);
}

cg_tensor *(cg_uniform_log_pdf)(cg_arg x, cg_arg low, cg_arg high) {
    cg_arg operand[] = {x, low, high}, width;
    cg_tensor *outside;
    if (!uniform_parts("uniform_log_pdf", operand, &outside, &width)) return NULL;
    cg_tensor *t = operand[0].tensor;
    cg_tensor *value = cg_neg(cg_parameter_tensor(t, cg_parameter_map(width, log, cg_log)));
    return on_support(t, outside, value, width, -infinity);
}

cg_tensor *(cg_uniform_cdf)(cg_arg x, cg_arg low, cg_arg high) {
    cg_arg operand[] = {x, low, high};
    if (!cg_density_operands("uniform_cdf", 3, operand)) return NULL;
    cg_arg width = cg_parameter_positive(cg_parameter_sub(operand[2], operand[1]));
    return cg_clamp(cg_div(cg_sub(operand[0], operand[1]), width), 0, 1);
}

/* --- exponential --------------------------------------------------------------------------------------------- */

/* max(x, 0) / scale of x and scale, the latter checked; NULL with an error. */
static cg_tensor *exponential_z(const char *op, cg_arg x[2]) {
    if (!cg_density_operands(op, 2, x)) return NULL;
    x[1] = cg_parameter_positive(x[1]);
    return cg_div(cg_maximum(x[0], 0), x[1]);
}

cg_tensor *(cg_exponential_pdf)(cg_arg x, cg_arg scale) {
    cg_arg operand[] = {x, scale};
    cg_tensor *z = exponential_z("exponential_pdf", operand);
    if (!z) return NULL;
    cg_tensor *value = cg_div(cg_exp(cg_neg(z)), operand[1]);
    return cg_where(cg_lt(operand[0], 0), cg_parameter_value(z, operand[1], 0), value);
}

cg_tensor *(cg_exponential_log_pdf)(cg_arg x, cg_arg scale) {
    cg_arg operand[] = {x, scale};
    cg_tensor *z = exponential_z("exponential_log_pdf", operand);
    if (!z) return NULL;
    cg_tensor *value = cg_sub(cg_neg(z), cg_parameter_map(operand[1], log, cg_log));
    return cg_where(cg_lt(operand[0], 0), cg_parameter_value(z, operand[1], -infinity), value);
}

cg_tensor *(cg_exponential_cdf)(cg_arg x, cg_arg scale) {
    cg_arg operand[] = {x, scale};
    cg_tensor *z = exponential_z("exponential_cdf", operand);
    return z ? cg_neg(cg_expm1(cg_neg(z))) : NULL;
}
