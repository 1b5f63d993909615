/*
 * Learning-rate schedules as a picture: the step size of 100 steps, one curve for each kind.
 */
#include "example.h"

enum { STEPS = 101, CURVES = 5 };

int main(int argc, char **argv) {
    const cg_schedule schedule[CURVES] = {
        cg_step_schedule(1, 25, 0.5),
        cg_polynomial_schedule(1, 0, 100, 1),
        cg_schedule_with_warmup(cg_cosine_schedule(1, 0, 90), 10, 0),
        cg_cosine_restarts_schedule(1, 0, 25, 2),
        cg_one_cycle_schedule(1, 100, (cg_one_cycle_options){0}),
    };
    static const char *const label[CURVES] = {"step", "line", "cosine after a warm-up",
                                              "cosine with restarts", "one cycle"};
    double t[STEPS], lr[CURVES][STEPS];
    cg_curve curve[CURVES];
    for (int k = 0; k < CURVES; k++) {
        for (int i = 0; i < STEPS; i++) {
            t[i] = i;
            lr[k][i] = cg_schedule_lr(schedule[k], i);
        }
        curve[k] = (cg_curve){.label = label[k], .n = STEPS, .x = t, .y = lr[k]};
    }
    const cg_plot_options options = {.title = "Schedules", .x_label = "step", .y_label = "lr / largest lr"};
    const bool written = cg_plot_svg(picture(argc, argv, "schedules.svg"), CURVES, curve, options) == CG_OK;
    return finish(NULL, lr[0][50] == 0.25 && lr[1][50] == 0.5, written);
}
