#include "progress.h"

#include <stdio.h>

progress_view progress_begin(const char *label, const char *held, bool silent, bool lines) {
    return (progress_view){
        .label = label, .held = held, .bar = bar_begin(!silent), .lines = !silent && lines};
}

static int width(int epochs) { return epochs > 999 ? 4 : epochs > 99 ? 3 : 2; }

static void draw(progress_view *p, const cg_trainer *t) {
    const int epoch = cg_trainer_epoch(t), epochs = cg_trainer_epochs(t);
    const int64_t batches = cg_trainer_batches(t);
    double share = batches > 0 ? (double)cg_trainer_batch(t) / (double)batches : 1;
    if (!p->lines) share = (epoch + share) / epochs; /* one bar for the whole training */
    bar_draw(&p->bar, share, "%s epoch %*d/%d", p->label, width(epochs), epoch + 1, epochs);
}

static void print_epoch(progress_view *p, const cg_trainer *t) {
    const int epoch = cg_trainer_epoch(t), epochs = cg_trainer_epochs(t);
    const cg_epoch *e = cg_history_epoch(cg_trainer_history(t), epoch - 1);
    fprintf(stderr, "%s epoch %*d/%d  loss %.4f  train accuracy %.4f  %s accuracy %.4f  %.3f s\n", p->label,
            width(epochs), epoch, epochs, e->loss, e->metric[0], p->held, e->validation_metric[0],
            e->seconds);
}

bool progress_event(void *context, cg_trainer *t, cg_fit_event event) {
    progress_view *p = context;
    if (event == CG_FIT_BATCH_END) draw(p, t);
    if (event != CG_FIT_EPOCH_END || !p->lines) return true;
    progress_end(p);
    print_epoch(p, t);
    return true;
}

void progress_end(progress_view *p) { bar_clear(&p->bar); }
