/*
 * Gradient descent on f(x, y) = x^2 + 10 y^2 with three learning rates.
 *
 * A step multiplies x by 1 - 2 lr and y by 1 - 20 lr: each direction has its own rate, set by its curvature. Along y it
 * shrinks only while |1 - 20 lr| < 1, that is lr < 2 / 20; just below that it jumps from side to side, just above it
 * runs away. The slow direction x would like a larger rate, which y forbids: the reason for everything that better
 * optimizers do.
 */
#include "example.h"

enum { STEPS = 30, CONTOURS = 4, ARC = 73, PATHS = 3 };

static cg_tensor *f(cg_tensor *p) { /* p (2) */
    const double weights[] = {1, 10};
    cg_tensor *w = cg_from_f64(cg_device_of(p), cg_shape(2), weights);
    return cg_sum(cg_mul(w, cg_square(p)), CG_ALL_AXES, false);
}

/* Follows -grad f from (9, 2). Returns the largest distance from what the closed form says, relative to the path. */
static double descend(cg_device *dev, double lr, double x[STEPS + 1], double y[STEPS + 1]) {
    double worst = 0;
    cg_tensor *p = cg_require_grad(cg_from_f64(dev, cg_shape(2), (double[]){9, 2}), true);
    for (int step = 0; step <= STEPS; step++) {
        cg_scope *scope = cg_scope_begin(dev);
        double at[2] = {NAN, NAN};
        values(cg_detach(p), at);
        x[step] = at[0], y[step] = at[1];
        const double x_exact = 9 * pow(1 - 2 * lr, step), y_exact = 2 * pow(1 - 20 * lr, step);
        worst = fmax(worst, hypot(at[0] - x_exact, at[1] - y_exact) / hypot(x_exact, y_exact));
        cg_backward(f(p));
        cg_assign(cg_detach(p), cg_sub(cg_detach(p), cg_mul(lr, cg_grad_of(p))));
        cg_zero_grad(p);
        cg_scope_end(scope);
    }
    printf("lr %.3f: after %d steps at (%8.4f, %8.4f)\n", lr, STEPS, x[STEPS], y[STEPS]);
    return isnan(x[STEPS]) ? INFINITY : worst;
}

/* Ellipses on which f is constant, as one curve; NaN breaks it between them. */
static void contours(double x[CONTOURS * ARC], double y[CONTOURS * ARC]) {
    for (int i = 0; i < CONTOURS * ARC; i++) {
        const double radius = 2.25 * (i / ARC + 1), angle = i % ARC * 2 * acos(-1) / (ARC - 2);
        x[i] = i % ARC == ARC - 1 ? NAN : radius * cos(angle);
        y[i] = radius * sin(angle) / sqrt(10);
    }
}

int main(int argc, char **argv) {
    cg_device *dev = open_device();
    if (!dev) return 1;
    double x[PATHS][STEPS + 1], y[PATHS][STEPS + 1], cx[CONTOURS * ARC], cy[CONTOURS * ARC], error = 0;
    const double rates[PATHS] = {0.03, 0.093, 0.101};
    for (int i = 0; i < PATHS; i++) error = fmax(error, descend(dev, rates[i], x[i], y[i]));
    const double before = x[0][0] * x[0][0] + 10 * y[0][0] * y[0][0];
    const double diverged = x[2][STEPS] * x[2][STEPS] + 10 * y[2][STEPS] * y[2][STEPS];
    printf("f goes from %.0f to %.3f, %.3f, %.3f; largest distance from the closed form %.0e\n", before,
           x[0][STEPS] * x[0][STEPS] + 10 * y[0][STEPS] * y[0][STEPS],
           x[1][STEPS] * x[1][STEPS] + 10 * y[1][STEPS] * y[1][STEPS], diverged, error);

    contours(cx, cy);
    const cg_curve curves[] = {{"f constant", CONTOURS * ARC, cx, cy},
                               {"0.101 diverges", STEPS + 1, x[2], y[2]},
                               {"0.093 zigzags", STEPS + 1, x[1], y[1]},
                               {"0.03 converges", STEPS + 1, x[0], y[0]}};
    const cg_status status =
        cg_plot_svg(picture(argc, argv, "gradient_descent.svg"), 4, curves,
                    (cg_plot_options){.title = "Descent on x² + 10 y²: three learning rates",
                                      .x_label = "x",
                                      .y_label = "y",
                                      .height = 340,
                                      .equal_axes = true});
    return finish(dev, error < 1e-12 && fabs(y[2][STEPS]) > fabs(y[2][0]), status == CG_OK);
}
