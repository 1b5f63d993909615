/* An axis of a plot: its range, the values that get a tick with a label, and those that get a fine line. */
#ifndef CLGRAD_IO_PLOT_AXIS_H
#define CLGRAD_IO_PLOT_AXIS_H

#include <stdbool.h>

enum { PLOT_MAX_TICKS = 16, PLOT_MAX_MINOR = 128, PLOT_LABEL_BYTES = 32 };

typedef struct plot_axis {
    bool log;
    double lo, hi;
    int n_ticks, n_minor;
    double tick[PLOT_MAX_TICKS];
    char label[PLOT_MAX_TICKS][PLOT_LABEL_BYTES]; /* UTF-8 */
    double minor[PLOT_MAX_MINOR]; /* a logarithmic axis has them at 2..9 times a power of ten */
} plot_axis;

/* Whether an axis can show a value: finite, within 1e300 and, on a logarithmic axis, above 1e-300. */
bool plot_axis_can_show(bool log, double value);

/*
 * An axis for values from lo to hi that it can show, with some `ticks` ticks (at most 10). to_ticks: the
 * range is widened to begin and end at a tick.
 */
plot_axis plot_axis_make(bool log, double lo, double hi, int ticks, bool to_ticks);

/* Where a value stands: 0 at lo, 1 at hi. */
double plot_axis_place(const plot_axis *axis, double value);

#endif
