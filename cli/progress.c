#include "progress.h"

#include <stdio.h>

progress_view progress_begin(const char *label, int epochs, bool silent, bool lines) {
    return (progress_view){
        .label = label, .epochs = epochs, .bar = bar_begin(!silent), .lines = !silent && lines};
}

void progress_step(progress_view *p, int epoch, int64_t step, int64_t steps) {
    double share = steps > 0 ? (double)step / (double)steps : 1;
    if (!p->lines) share = (epoch + share) / p->epochs; /* one bar for the whole training */
    bar_draw(&p->bar, share, "%s epoch %*d/%d", p->label, p->epochs > 99 ? 3 : 2, epoch + 1, p->epochs);
}

void progress_epoch(progress_view *p, int epoch, const train_epoch *result) {
    if (!p->lines) return;
    progress_end(p);
    fprintf(stderr, "%s epoch %*d/%d  loss %.4f  train accuracy %.4f  test accuracy %.4f  %.3f s\n", p->label,
            p->epochs > 99 ? 3 : 2, epoch + 1, p->epochs, result->loss, result->train_accuracy,
            result->test_accuracy, result->seconds);
}

void progress_end(progress_view *p) { bar_clear(&p->bar); }
