#include "progress.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BAR_CELLS = 30, MIN_COLUMNS = 60 };
static const double redraw_seconds = 0.1;

double progress_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Whether stderr is a terminal that can go back to the start of a line and is wide enough. */
static bool can_draw(void) {
    const char *term = getenv("TERM");
    struct winsize size;
    if (!isatty(STDERR_FILENO) || !term || strcmp(term, "dumb") == 0) return false;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_col >= MIN_COLUMNS;
}

progress_view progress_begin(const char *label, int epochs, bool silent, bool lines) {
    return (progress_view){.label = label,
                           .epochs = epochs,
                           .bar = !silent && can_draw(),
                           .lines = !silent && lines,
                           .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
}

void progress_step(progress_view *p, int epoch, int64_t step, int64_t steps) {
    if (!p->bar || progress_clock() - p->drawn_at < redraw_seconds) return;
    p->drawn_at = progress_clock();
    double share = steps > 0 ? (double)step / (double)steps : 1;
    if (!p->lines) share = (epoch + share) / p->epochs; /* one bar for the whole training */
    int full = (int)(share * BAR_CELLS);
    fprintf(stderr, "\r\033[K%s epoch %*d/%d  ", p->label, p->epochs > 99 ? 3 : 2, epoch + 1, p->epochs);
    if (!p->utf8) fputc('[', stderr);
    for (int i = 0; i < BAR_CELLS; i++)
        fputs(p->utf8 ? (i < full ? "\u2588" : "\u2591") : (i < full ? "#" : "."), stderr);
    fprintf(stderr, "%s %3d %%", p->utf8 ? "" : "]", (int)(100 * share));
    fflush(stderr);
}

void progress_epoch(progress_view *p, int epoch, const train_epoch *result) {
    if (!p->lines) return;
    progress_end(p);
    fprintf(stderr, "%s epoch %*d/%d  loss %.4f  train accuracy %.4f  test accuracy %.4f  %.3f s\n", p->label,
            p->epochs > 99 ? 3 : 2, epoch + 1, p->epochs, result->loss, result->train_accuracy,
            result->test_accuracy, result->seconds);
}

void progress_end(progress_view *p) {
    if (!p->bar) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}
