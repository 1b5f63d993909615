/* A progress bar on stderr, where that is a terminal that can take one; else nothing. */
#ifndef CLGRAD_CLI_BAR_H
#define CLGRAD_CLI_BAR_H

#include <stdbool.h>

typedef struct bar {
    bool shown;      /* stderr is a terminal wide enough, and the caller wants a bar */
    bool utf8;       /* the terminal takes it */
    double drawn_at; /* seconds */
} bar;

bar bar_begin(bool wanted);

/* Draws "text [####....] 40 %" for a share in [0, 1], at most ten times a second. */
void bar_draw(bar *b, double share, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Removes it. */
void bar_clear(bar *b);

/* Seconds of a clock that never goes back. */
double bar_clock(void);

#endif
