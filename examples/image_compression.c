/*
 * Compressing an image by its singular values.
 *
 *     A = sum_i s_i u_i v_i^T,   A_k = the first k terms,   |A - A_k|_F = sqrt(s_(k+1)^2 + s_(k+2)^2 + ...)
 *
 * No matrix of rank k is nearer (Eckart and Young 1936). A_k takes k (M + N + 1) numbers in place of M N.
 * The image is a Julia set, z <- z^2 + c, in as many shades as it takes steps to run away.
 */
#include "example.h"

enum { ROWS = 72, COLUMNS = 96, ESCAPE = 60, SHOWN = 4 };

/* How long each point stays near: the sum over the steps of a smooth "still here". */
static cg_tensor *julia_set(cg_device *dev, double re, double im) {
    cg_tensor *grid[2];
    cg_meshgrid(2,
                (cg_tensor *[]){cg_linspace(dev, CG_F64, -1.15, 1.15, ROWS),
                                cg_linspace(dev, CG_F64, -1.6, 1.6, COLUMNS)},
                CG_IJ, grid);
    cg_tensor *x = grid[1], *y = grid[0], *stays = cg_zeros_like(x);
    for (int step = 0; step < ESCAPE; step++) {
        cg_tensor *xx = cg_square(x), *yy = cg_square(y), *xy = cg_mul(x, y);
        x = cg_clamp(cg_add(cg_sub(xx, yy), re), -10, 10);
        y = cg_clamp(cg_add(cg_mul(2, xy), im), -10, 10);
        stays = cg_eval(cg_add(stays, cg_exp(cg_neg(cg_hypot(x, y)))));
    }
    return cg_log(cg_add(1, stays));
}

int main(int argc, char **argv) {
    cg_device *dev = open_device();
    if (!dev) return 1;
    cg_tensor *image = julia_set(dev, -0.78, 0.136);
    double s[ROWS] = {NAN}, rank[ROWS], error[ROWS], tail = 0, worst = 0;
    values(cg_svdvals(image), s);
    const double whole = value(cg_norm(image, 2, CG_ALL_AXES, false));
    for (int k = ROWS - 1; k >= 0; k--) { /* from the smallest: error[k] belongs to rank k */
        tail += s[k] * s[k];
        rank[k] = k;
        error[k] = sqrt(tail) / whole;
    }

    const int ranks[SHOWN] = {2, 8, 20, ROWS};
    static float pixels[SHOWN][ROWS * COLUMNS];
    char label[SHOWN][64];
    cg_picture pictures[SHOWN];
    for (int i = 0; i < SHOWN; i++) {
        cg_tensor *small = cg_low_rank(image, ranks[i]);
        cg_to_host(cg_cast(small, CG_F32), pixels[i], sizeof pixels[i]);
        const double distance = value(cg_norm(cg_sub(image, small), 2, CG_ALL_AXES, false)) / whole;
        const double said = ranks[i] < ROWS ? error[ranks[i]] : 0;
        worst = fmax(worst, fabs(distance - said));
        snprintf(label[i], sizeof label[i], "rank %d: %.1f %% off", ranks[i], 100 * distance);
        pictures[i] = (cg_picture){label[i], ROWS, COLUMNS, pixels[i]};
        printf("rank %2d: %5d numbers for %d, error %.4f, by the singular values %.4f\n", ranks[i],
               ranks[i] * (ROWS + COLUMNS + 1), ROWS * COLUMNS, distance, said);
    }

    cg_status status =
        cg_pictures_svg(picture(argc, argv, "image_compression.svg"), SHOWN, pictures,
                        (cg_picture_options){
                            .title = "A Julia set by its largest singular values", .cell = 4, .per_line = 2});
    if (status == CG_OK)
        status = cg_plot_svg(picture(argc, argv, "image_compression_error.svg"), 1,
                             &(cg_curve){NULL, ROWS, rank, error},
                             (cg_plot_options){.title = "What rank k leaves out",
                                               .x_label = "rank k",
                                               .y_label = "|A - A_k| / |A|",
                                               .log_y = true,
                                               .height = 320});
    return finish(dev, worst < 1e-12 && error[20] < 0.1, status == CG_OK);
}
