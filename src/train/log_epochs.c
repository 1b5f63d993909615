/* The callback that prints: train.h, at cg_log_epochs. */
#include "train/history.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

static const double redraw_seconds = 0.1;
enum { CELLS = 30 };

static void begin_line(const cg_trainer *t, FILE *out, int epoch) {
    int width = 1;
    for (int n = cg_trainer_epochs(t); n >= 10; n /= 10) width++;
    fprintf(out, "epoch %*d/%d", width, epoch + 1, cg_trainer_epochs(t));
}

static void print_value(FILE *out, const char *name, double value) {
    if (!isnan(value)) fprintf(out, "  %s %.4f", name, value);
}

static void print_row(const cg_trainer *t, FILE *out) {
    const cg_history *h = cg_trainer_history(t);
    const int last = cg_history_epochs(h) - 1;
    const cg_epoch *e = cg_history_epoch(h, last);
    begin_line(t, out, last);
    print_value(out, "loss", e->loss);
    for (int i = 0; i < cg_history_metrics(h); i++)
        print_value(out, cg_history_metric_name(h, i), e->metric[i]);
    print_value(out, "validation loss", e->validation_loss);
    for (int i = 0; i < cg_history_metrics(h); i++) {
        char name[64];
        snprintf(name, sizeof name, "validation %s", cg_history_metric_name(h, i));
        print_value(out, name, e->validation_metric[i]);
    }
    fprintf(out, "  lr %.3g  %.3f s\n", e->lr, e->seconds);
}

static void draw_bar(const cg_trainer *t, FILE *out) {
    const double share = (double)cg_trainer_batch(t) / (double)cg_trainer_batches(t);
    fputs("\r\033[K", out);
    begin_line(t, out, cg_trainer_epoch(t));
    fputs("  [", out);
    for (int i = 0; i < CELLS; i++) fputc(i < (int)(share * CELLS) ? '#' : '.', out);
    fprintf(out, "] %3d %%", (int)(100 * share));
    fflush(out);
}

static void bar(cg_epoch_log *log, const cg_trainer *t) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    if (cg_trainer_batches(t) == 0 || seconds < log->next_draw || !isatty(fileno(log->file))) return;
    draw_bar(t, log->file);
    log->next_draw = seconds + redraw_seconds;
}

bool cg_log_epochs(void *context, cg_trainer *t, cg_fit_event event) {
    cg_epoch_log *log = context;
    const int every = log->every > 0 ? log->every : 1;
    const int done = cg_history_epochs(cg_trainer_history(t));
    if (event == CG_FIT_BATCH_END) bar(log, t);
    if (event != CG_FIT_EPOCH_END && event != CG_FIT_END) return true;
    if (log->next_draw > 0) fputs("\r\033[K", log->file);
    log->next_draw = 0;
    if (event == CG_FIT_EPOCH_END && done % every == 0) print_row(t, log->file);
    if (event == CG_FIT_END) {
        if (done % every != 0) print_row(t, log->file);
        fprintf(log->file, "end: %s after %d epochs", cg_stop_name(cg_trainer_stop_reason(t)), done);
        const int best = cg_history_best(cg_trainer_history(t));
        if (best >= 0) fprintf(log->file, ", the best was epoch %d", best + 1);
        fputc('\n', log->file);
    }
    fflush(log->file);
    return true;
}
