#include "bar.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BAR_CELLS = 30, MIN_COLUMNS = 60 };
static const double redraw_seconds = 0.1;

double bar_clock(void) {
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

bar bar_begin(bool wanted) {
    return (bar){.shown = wanted && can_draw(), .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
}

void bar_draw(bar *b, double share, const char *format, ...) {
    if (!b->shown || bar_clock() - b->drawn_at < redraw_seconds) return;
    b->drawn_at = bar_clock();
    va_list args;
    va_start(args, format);
    fputs("\r\033[K", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs(b->utf8 ? "  " : "  [", stderr);
    const int full = (int)(share * BAR_CELLS);
    for (int i = 0; i < BAR_CELLS; i++)
        fputs(b->utf8 ? (i < full ? "\u2588" : "\u2591") : (i < full ? "#" : "."), stderr);
    fprintf(stderr, "%s %3d %%", b->utf8 ? "" : "]", (int)(100 * share));
    fflush(stderr);
}

void bar_clear(bar *b) {
    if (!b->shown) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}
