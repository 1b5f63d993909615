/*
 * Maximum likelihood of a normal distribution, by formula and by gradient.
 *
 *     -log p(x | mu, sigma) = mean ((x - mu) / sigma)^2 / 2 + log sigma + log(2 pi) / 2
 *
 * is least at mu = mean x, sigma^2 = mean (x - mu)^2 (divided by n, not by n - 1). The descent is over log sigma, which
 * may be any number where sigma must be positive.
 */
#include "example.h"

enum { SAMPLE = 2000, STEPS = 200, BINS = 40, CURVE = 200 };

static cg_tensor *negative_log_likelihood(cg_tensor *x, cg_tensor *mu, cg_tensor *log_sigma) {
    return cg_neg(cg_mean(cg_normal_log_pdf(x, mu, cg_exp(log_sigma)), CG_ALL_AXES, false));
}

/* p <- p - lr dL/dp */
static void descend(cg_tensor *p, double lr) {
    cg_tensor *now = cg_detach(p);
    cg_assign(now, cg_sub(now, cg_mul(lr, cg_grad_of(p))));
    cg_zero_grad(p);
}

/* The density by number of the sample in each bin, and by the fitted parameters. */
static cg_status draw(const char *path, cg_tensor *x, cg_tensor *mu, cg_tensor *sigma) {
    cg_device *dev = cg_device_of(x);
    double bin[BINS] = {0}, share[BINS] = {0}, at[CURVE] = {0}, density[CURVE] = {0};
    const double lo = -6, hi = 10, width = (hi - lo) / BINS;
    values(cg_linspace(dev, CG_F64, lo + width / 2, hi - width / 2, BINS), bin);
    values(cg_div(cg_cast(cg_histogram(x, BINS, lo, hi), CG_F64), SAMPLE * width), share);
    cg_tensor *grid = cg_linspace(dev, CG_F64, lo, hi, CURVE);
    values(grid, at);
    values(cg_normal_pdf(grid, mu, sigma), density);
    const cg_curve curves[] = {{"2000 samples", BINS, bin, share},
                               {"fitted normal density", CURVE, at, density}};
    return cg_plot_svg(path, 2, curves,
                       (cg_plot_options){.title = "Maximum likelihood of a normal",
                                         .x_label = "x",
                                         .y_label = "density",
                                         .styles = (const cg_curve_style[]){CG_CURVE_BARS, CG_CURVE_LINE}});
}

int main(int argc, char **argv) {
    cg_device *dev = open_device();
    if (!dev) return 1;
    cg_tensor *x = cg_eval(cg_normal(dev, CG_F64, cg_shape(SAMPLE), 1.5, 2.25));
    cg_tensor *mu_closed, *sigma_closed;
    cg_normal_fit(x, CG_ALL_AXES, false, &mu_closed, &sigma_closed);

    cg_tensor *mu = cg_require_grad(cg_zeros(dev, CG_F64, cg_shape()), true);
    cg_tensor *log_sigma = cg_require_grad(cg_zeros(dev, CG_F64, cg_shape()), true);
    for (int step = 0; step <= STEPS; step++) {
        cg_scope *scope = cg_scope_begin(dev);
        cg_tensor *loss = negative_log_likelihood(x, mu, log_sigma);
        if (step % 50 == 0) printf("step %3d  -log p %.9f\n", step, value(loss));
        cg_backward(loss);
        descend(mu, 1);
        descend(log_sigma, 0.25);
        cg_scope_end(scope);
    }
    cg_tensor *sigma = cg_exp(cg_detach(log_sigma));
    const double mean = value(cg_detach(mu)), std = value(sigma);
    const double distance = fmax(fabs(mean - value(mu_closed)), fabs(std - value(sigma_closed)));
    printf("by gradient   mu %.9f  sigma %.9f\nby formula    mu %.9f  sigma %.9f\nthe truth     mu 1.5       "
           "   sigma 2.25\n",
           mean, std, value(mu_closed), value(sigma_closed));

    /* The truth is within four standard errors, sigma / sqrt(n) and sigma / sqrt(2 n). */
    const bool near =
        fabs(mean - 1.5) < 4 * 2.25 / sqrt(SAMPLE) && fabs(std - 2.25) < 4 * 2.25 / sqrt(2 * SAMPLE);
    const cg_status status = draw(picture(argc, argv, "maximum_likelihood.svg"), x, cg_detach(mu), sigma);
    return finish(dev, distance < 1e-9 && near, status == CG_OK);
}
