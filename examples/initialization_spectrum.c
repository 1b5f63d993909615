/*
 * The spectrum of freshly initialized weights.
 *
 * Circular law (Girko, Ginibre): the eigenvalues of an n x n matrix of independent entries with variance 1 / n fill the
 * unit disc evenly. Xavier's variance 2 / (I + O) is 1 / n for I = O = n: a signal neither grows nor fades.
 *
 * Marchenko-Pastur law: for w (I, O) of variance s / I the eigenvalues of w^T w have the density
 *     sqrt((b - x) (x - a)) / (2 pi s c x)   on [a, b] = s (1 -+ sqrt(c))^2,   c = O / I
 * and the mean s. He's variance 2 / I gives s = 2, since the relu behind it lets half of the square through.
 */
#include "example.h"

enum { SIDE = 300, IN = 900, OUT = 450, BINS = 30, ARC = 181 };

static double marchenko_pastur(double x, double s, double c) {
    const double a = s * pow(1 - sqrt(c), 2), b = s * pow(1 + sqrt(c), 2);
    return x <= a || x >= b ? 0 : sqrt((b - x) * (x - a)) / (2 * acos(-1) * s * c * x);
}

/* The largest distance between the share of eigenvalues within a radius, and radius^2. Draws them on the unit disc. */
static double circular_law(cg_device *dev, const char *path, cg_status *status) {
    cg_tensor *w = cg_xavier_normal(dev, CG_F64, SIDE, SIDE), *re, *im;
    cg_eigvals(w, &re, &im);
    double x[SIDE] = {0}, y[SIDE] = {0}, radius[SIDE] = {NAN}, circle[2][ARC], worst = 0;
    values(re, x);
    values(im, y);
    values(cg_sort(cg_hypot(re, im), 0, false), radius);
    for (int i = 0; i < SIDE; i++)
        worst = fmax(worst, fabs(fmin(radius[i] * radius[i], 1) - (i + 0.5) / SIDE));
    for (int i = 0; i < ARC; i++)
        circle[0][i] = cos(acos(-1) * i / 90), circle[1][i] = sin(acos(-1) * i / 90);
    printf("Xavier: largest |eigenvalue| %.3f, distance from the circular law %.3f\n", radius[SIDE - 1],
           worst);

    const cg_curve curves[] = {{"eigenvalues", SIDE, x, y}, {"unit circle", ARC, circle[0], circle[1]}};
    *status = cg_plot_svg(path, 2, curves,
                          (cg_plot_options){.title = "Eigenvalues of Xavier weights, 300 x 300",
                                            .x_label = "real part",
                                            .y_label = "imaginary part",
                                            .width = 440,
                                            .height = 460,
                                            .styles = (const cg_curve_style[]){CG_CURVE_DOTS, CG_CURVE_LINE},
                                            .equal_axes = true});
    return radius[SIDE - 1] < 1.15 ? worst : INFINITY;
}

/* The mean distance of the histogram from the density, per bin of mean density. Draws both. */
static double marchenko_pastur_law(cg_device *dev, const char *path, cg_status *status) {
    cg_tensor *w = cg_he_normal(dev, CG_F64, IN, OUT);
    cg_tensor *eigenvalues = cg_square(cg_svdvals(w)); /* of w^T w */
    const double hi = 6, width = hi / BINS;
    double bin[BINS], share[BINS] = {NAN}, law[BINS], distance = 0;
    values(cg_div(cg_cast(cg_histogram(eigenvalues, BINS, 0, hi), CG_F64), OUT * width), share);
    for (int i = 0; i < BINS; i++) {
        bin[i] = (i + 0.5) * width;
        law[i] = 0;
        for (int k = 0; k < 16; k++)
            law[i] += marchenko_pastur((i + (k + 0.5) / 16) * width, 2, (double)OUT / IN) / 16;
        distance += fabs(share[i] - law[i]) * width;
    }
    const double mean = value(cg_mean(eigenvalues, CG_ALL_AXES, false));
    printf("He: mean eigenvalue of w^T w %.3f (2 expected), distance from Marchenko and Pastur %.3f\n", mean,
           distance);

    const cg_curve curves[] = {{"eigenvalues of wᵀw", BINS, bin, share},
                               {"Marchenko and Pastur", BINS, bin, law}};
    *status =
        cg_plot_svg(path, 2, curves,
                    (cg_plot_options){.title = "Spectrum of He weights, 900 x 450",
                                      .x_label = "eigenvalue",
                                      .y_label = "density",
                                      .styles = (const cg_curve_style[]){CG_CURVE_BARS, CG_CURVE_LINE}});
    return fabs(mean - 2) < 0.05 ? distance : INFINITY;
}

int main(int argc, char **argv) {
    cg_device *dev = open_device();
    if (!dev) return 1;
    cg_status drawn[2];
    const double disc = circular_law(dev, picture(argc, argv, "xavier_eigenvalues.svg"), &drawn[0]);
    const double density = marchenko_pastur_law(dev, picture(argc, argv, "he_spectrum.svg"), &drawn[1]);
    return finish(dev, disc < 0.05 && density < 0.1, drawn[0] == CG_OK && drawn[1] == CG_OK);
}
