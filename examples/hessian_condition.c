/*
 * The condition number of the Hessian, and how many steps descent needs.
 *
 *     f(x) = (log(1 + x^T A x)) / 2,   Hessian A at the minimum 0,   kappa = largest / smallest eigenvalue
 *
 * The best fixed rate is 2 / (smallest + largest); each step then shrinks the error by (kappa - 1) / (kappa + 1), so that
 * the steps grow in proportion to kappa. Momentum with Polyak's constants shrinks it by (sqrt(kappa) - 1) /
 * (sqrt(kappa) + 1): steps in proportion to the root of kappa.
 */
#include "example.h"

enum { N = 6, CASES = 9, FINE = 60, LIMIT = 5000 };
static const double reached = 1e-6; /* of the first distance from the minimum */

static cg_tensor *f(void *context, int n, cg_tensor *const *x) {
    (void)n;
    cg_tensor *a = context;
    return cg_mul(0.5, cg_log1p(cg_dot(x[0], cg_matmul(a, x[0]))));
}

/* A symmetric matrix with eigenvalues from 1 to kappa, evenly spaced in the logarithm, in random directions. */
static cg_tensor *matrix_of(cg_device *dev, double kappa) {
    cg_tensor *q = cg_orthogonal(dev, CG_F64, N, N, 1);
    cg_tensor *eigenvalues = cg_pow(kappa, cg_linspace(dev, CG_F64, 0, 1, N));
    return cg_matmul(cg_mul(q, eigenvalues), cg_transpose(q, 0, 1));
}

/* The steps x <- x + v, v <- momentum v - lr grad f, until x is near 0. */
static int steps_needed(cg_tensor *a, double lr, double momentum) {
    cg_device *dev = cg_device_of(a);
    cg_tensor *x = cg_full(dev, CG_F64, cg_shape(N), 1e-4), *v = cg_zeros_like(x);
    const double first = value(cg_norm(x, 2, CG_ALL_AXES, false));
    for (int step = 0; step < LIMIT; step++) {
        cg_scope *scope = cg_scope_begin(dev);
        cg_tensor *leaf = cg_require_grad(cg_clone(x), true), *gradient;
        cg_grad(f(a, 1, &leaf), NULL, 1, &leaf, false, &gradient);
        cg_assign(v, cg_sub(cg_mul(momentum, v), cg_mul(lr, gradient)));
        cg_assign(x, cg_add(x, v));
        const double distance = value(cg_norm(x, 2, CG_ALL_AXES, false));
        cg_scope_end(scope);
        if (!(distance > reached * first)) return step + 1; /* also for NaN, after an error */
    }
    return LIMIT;
}

/* What the rates of shrinking say: the steps until (rate)^steps is `reached`. */
static double steps_by_formula(double kappa) { return log(reached) / log((kappa - 1) / (kappa + 1)); }
static double with_momentum_by_formula(double kappa) { return steps_by_formula(sqrt(kappa)); }

static cg_status draw(const char *path, const double kappa[CASES], const double plain[CASES],
                      const double with_momentum[CASES]) {
    double x[FINE], law[FINE], law_momentum[FINE];
    for (int i = 0; i < FINE; i++) {
        x[i] = pow(10, log10(kappa[0]) + i * log10(kappa[CASES - 1] / kappa[0]) / (FINE - 1));
        law[i] = steps_by_formula(x[i]);
        law_momentum[i] = with_momentum_by_formula(x[i]);
    }
    const cg_curve curves[] = {{"descent by formula", FINE, x, law},
                               {"and with momentum", FINE, x, law_momentum},
                               {"descent", CASES, kappa, plain},
                               {"with momentum", CASES, kappa, with_momentum}};
    const cg_curve_style styles[] = {CG_CURVE_LINE, CG_CURVE_LINE, CG_CURVE_DOTS, CG_CURVE_DOTS};
    return cg_plot_svg(path, 4, curves,
                       (cg_plot_options){.title = "Steps to a millionth against the condition number",
                                         .x_label = "condition number of the Hessian",
                                         .y_label = "steps",
                                         .log_x = true,
                                         .log_y = true,
                                         .styles = styles});
}

int main(int argc, char **argv) {
    cg_device *dev = open_device();
    if (!dev) return 1;
    double kappa[CASES], plain[CASES], with_momentum[CASES], worst = 0;
    bool exact = true;
    for (int i = 0; i < CASES; i++) {
        cg_tensor *a = matrix_of(dev, pow(10, 0.25 * (i + 1))), *minimum = cg_zeros(dev, CG_F64, cg_shape(N)),
                  *hessian;
        cg_hessian(f, a, 1, &minimum, false, &hessian);
        double e[N] = {NAN};
        values(cg_eigvalsh(hessian), e);
        kappa[i] = e[N - 1] / e[0];
        exact = exact && fabs(e[0] - 1) < 1e-9 && fabs(kappa[i] / pow(10, 0.25 * (i + 1)) - 1) < 1e-9;
        const double r = sqrt(kappa[i]), shrink = (r - 1) / (r + 1);
        plain[i] = steps_needed(a, 2 / (e[0] + e[N - 1]), 0);
        with_momentum[i] = steps_needed(a, 4 / pow(sqrt(e[0]) + sqrt(e[N - 1]), 2), shrink * shrink);
        worst = fmax(worst, fabs(log(plain[i] / steps_by_formula(kappa[i]))));
        printf("kappa %7.2f: %4.0f steps (%6.1f by the formula), with momentum %3.0f (%4.1f)\n", kappa[i],
               plain[i], steps_by_formula(kappa[i]), with_momentum[i], with_momentum_by_formula(kappa[i]));
    }
    const cg_status status = draw(picture(argc, argv, "hessian_condition.svg"), kappa, plain, with_momentum);
    const bool faster = with_momentum[CASES - 1] < plain[CASES - 1] / 5;
    return finish(dev, exact && worst < 0.1 && faster, status == CG_OK);
}
