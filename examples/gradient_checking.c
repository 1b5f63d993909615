/*
 * Checking a gradient by differences, and which step to take for it.
 *
 *     forward  (f(x + h) - f(x)) / h              error  h |f''| / 2   + eps |f| / h
 *     central  (f(x + h) - f(x - h)) / (2 h)      error  h^2 |f'''| / 6 + eps |f| / h
 *
 * The first part is what Taylor's series leaves out and wants a small h; the second is rounding and wants a large one.
 * The best steps are where both are equal: near eps^(1/2) and eps^(1/3), not "near machine epsilon".
 */
#include "example.h"

enum { POINTS = 64, STEPS = 57 };
static const double eps = 2.220446049250313e-16;

static cg_tensor *f(cg_tensor *x) { return cg_mul(cg_exp(cg_sin(x)), cg_sqrt(cg_add(1, cg_square(x)))); }

/* The same function for the library's own checker, which takes 7 points in place of 2. */
static cg_tensor *checked(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return f(x[0]);
}

/* The mean over all x of |difference - exact|, for each h: differences (POINTS, STEPS), exact (POINTS, 1). */
static void errors(cg_tensor *difference, cg_tensor *exact, double out[STEPS]) {
    values(cg_mean(cg_abs(cg_sub(difference, exact)), cg_axes(0), false), out);
}

static double best(const double h[STEPS], const double error[STEPS]) {
    int least = 0;
    for (int i = 1; i < STEPS; i++) least = error[i] < error[least] ? i : least;
    printf("%.1e (error %.1e)", h[least], error[least]);
    return h[least];
}

int main(int argc, char **argv) {
    cg_device *dev = open_device();
    if (!dev) return 1;
    double steps[STEPS] = {0}, forward[STEPS] = {0}, central[STEPS] = {0};
    cg_tensor *x = cg_require_grad(cg_uniform(dev, CG_F64, cg_shape(POINTS, 1), 0.5, 2.5), true);
    cg_tensor *h =
        cg_pow(10, cg_linspace(dev, CG_F64, -14, 0, STEPS)); /* (STEPS): x + h is (POINTS, STEPS) */
    cg_tensor *exact;
    cg_grad(cg_sum(f(x), CG_ALL_AXES, false), NULL, 1, &x, false, &exact);

    cg_tensor *at = cg_detach(x);
    errors(cg_div(cg_sub(f(cg_add(at, h)), f(at)), h), exact, forward);
    errors(cg_div(cg_sub(f(cg_add(at, h)), f(cg_sub(at, h))), cg_mul(2, h)), exact, central);
    values(h, steps);

    printf("forward: best step ");
    const double best_forward = best(steps, forward);
    printf(", eps^(1/2) = %.1e\ncentral: best step ", sqrt(eps));
    const double best_central = best(steps, central);
    printf(", eps^(1/3) = %.1e\n", cbrt(eps));
    cg_gradcheck_result found = {0};
    cg_gradcheck(checked, NULL, 1, &at, 1e-9, 1e-9, &found);
    printf("cg_gradcheck: %s, at worst %.12f against %.12f by differences\n",
           found.passed ? "right" : "wrong", found.analytic, found.numerical);

    const cg_curve curves[] = {{"forward difference", STEPS, steps, forward},
                               {"central difference", STEPS, steps, central}};
    const cg_status status =
        cg_plot_svg(picture(argc, argv, "gradient_checking.svg"), 2, curves,
                    (cg_plot_options){.title = "Error of a numerical derivative against its step",
                                      .x_label = "h",
                                      .y_label = "mean error",
                                      .log_x = true,
                                      .log_y = true});
    const bool near = fabs(log10(best_forward / sqrt(eps))) < 1 && fabs(log10(best_central / cbrt(eps))) < 1;
    return finish(dev, near && found.passed, status == CG_OK);
}
