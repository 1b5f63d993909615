/*
 * Linear regression: the line y = w0 + w1 x nearest to noisy points in the sense of least squares.
 *
 *     L(w) = mean (A w - y)^2,   A = [1 x],   minimal where A^T A w = A^T y
 *
 * L is a quadratic bowl, so descending its gradient, w <- w - lr dL/dw, must end where the closed form is.
 */
#include "example.h"

enum { POINTS = 60, STEPS = 400 };

/* One step of gradient descent. */
static void descend(cg_tensor *a, cg_tensor *y, cg_tensor *w, double lr) {
    cg_backward(cg_mse_loss(cg_matmul(a, w), y, CG_MEAN));
    cg_tensor *now = cg_detach(w); /* the same memory, outside the record: what a step may write to */
    cg_assign(now, cg_sub(now, cg_mul(lr, cg_grad_of(w))));
    cg_zero_grad(w);
}

/* The height of the line at both ends of the picture. */
static void line(cg_tensor *w, const double ends[2], double heights[2]) {
    double at[2] = {NAN, NAN};
    values(w, at);
    for (int i = 0; i < 2; i++) heights[i] = at[0] + at[1] * ends[i];
}

int main(int argc, char **argv) {
    cg_device *dev = open_device();
    if (!dev) return 1;
    cg_tensor *x = cg_uniform(dev, CG_F64, cg_shape(POINTS), -1, 3);
    cg_tensor *noise = cg_normal(dev, CG_F64, cg_shape(POINTS), 0, 0.4);
    cg_tensor *y = cg_eval(cg_add(cg_add(0.5, cg_mul(1.5, x)), noise));
    cg_tensor *a = cg_stack(2, (cg_tensor *[]){cg_ones_like(x), x}, 1); /* (POINTS, 2) */

    cg_tensor *closed, *residual; /* residual: the sum of squares that no line can avoid */
    cg_lstsq(a, y, -1, &closed, &residual, NULL, NULL);

    const double ends[] = {-1, 3};
    double after[4][2];
    cg_tensor *w = cg_require_grad(cg_zeros(dev, CG_F64, cg_shape(2)), true);
    for (int step = 1; step <= STEPS; step++) {
        cg_scope *scope = cg_scope_begin(dev);
        descend(a, y, w, 0.1);
        if (step == 1) line(w, ends, after[0]);
        if (step == 10) line(w, ends, after[1]);
        cg_scope_end(scope);
    }
    line(w, ends, after[2]);
    line(closed, ends, after[3]);
    const double distance = value(cg_norm(cg_sub(w, closed), INFINITY, CG_ALL_AXES, false));
    printf("closed form:      ");
    cg_print(stdout, closed);
    printf("gradient descent: ");
    cg_print(stdout, cg_detach(w));
    printf("farthest apart %.1e; standard deviation of the noise about %.3f\n", distance,
           sqrt(value(residual) / (POINTS - 2)));

    double px[POINTS] = {0}, py[POINTS] = {0};
    values(x, px);
    values(y, py);
    const cg_curve curves[] = {{"points", POINTS, px, py},
                               {"after 1 step", 2, ends, after[0]},
                               {"after 10", 2, ends, after[1]},
                               {"after 400", 2, ends, after[2]},
                               {"closed form", 2, ends, after[3]}};
    const cg_curve_style styles[] = {CG_CURVE_DOTS, CG_CURVE_LINE, CG_CURVE_LINE, CG_CURVE_LINE,
                                     CG_CURVE_LINE};
    const cg_status status = cg_plot_svg(picture(argc, argv, "linear_regression.svg"), 5, curves,
                                         (cg_plot_options){.title = "Linear regression by gradient descent",
                                                           .x_label = "x",
                                                           .y_label = "y",
                                                           .styles = styles});
    return finish(dev, distance < 1e-10, status == CG_OK);
}
