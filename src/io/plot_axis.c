#include "io/plot_axis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double largest = 1e300, smallest = 1e-300;

bool plot_axis_can_show(bool log, double value) {
    return isfinite(value) && fabs(value) <= largest && (!log || value >= smallest);
}

/* 1, 2 or 5 times a power of ten, near range / ticks. */
static double nice_step(double range, int ticks) {
    double rough = range / ticks, power = pow(10, floor(log10(rough))), digit = rough / power;
    return power * (digit < 1.5 ? 1 : digit < 3.2 ? 2 : digit < 7.1 ? 5 : 10);
}

/* "0.25" where that is short, else "2.5e-07" without what needs not be there: "2.5e-7". */
static void write_number(char *text, double value, double step, double widest) {
    int digits = (int)-floor(log10(step) + 1e-9);
    if (value == 0 && digits > 5) digits = 0;
    if (value == 0 || (widest < 1e6 && digits <= 5)) {
        snprintf(text, PLOT_LABEL_BYTES, "%.*f", digits > 0 ? digits : 0, value);
        return;
    }
    int places = value == 0 ? 0 : (int)floor(log10(fabs(value)) + 1e-9) + digits;
    snprintf(text, PLOT_LABEL_BYTES, "%.*e", places < 0 ? 0 : places > 15 ? 15 : places, value);
    char *exponent = strchr(text, 'e') + 1, *from = exponent;
    if (*from == '-') exponent++;
    from++;
    while (*from == '0' && from[1]) from++;
    memmove(exponent, from, strlen(from) + 1);
}

static void linear_ticks(plot_axis *axis, int ticks) {
    double step = nice_step(axis->hi - axis->lo, ticks), widest = fmax(fabs(axis->lo), fabs(axis->hi));
    double first = ceil(axis->lo / step - 1e-6), last = floor(axis->hi / step + 1e-6);
    axis->n_ticks = 0;
    for (double i = first; i <= last && axis->n_ticks < PLOT_MAX_TICKS; i++) {
        double value = i * step + 0.0; /* + 0.0: no "-0" */
        axis->tick[axis->n_ticks] = value;
        write_number(axis->label[axis->n_ticks++], value, step, widest);
    }
}

/* 10 to the power e: "0.01", or "10⁻⁷" where an axis has powers that would be long. */
static void write_power(char *text, int e, bool short_form) {
    static const char *const raised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    if (short_form) {
        snprintf(text, PLOT_LABEL_BYTES, "%.*f", e < 0 ? -e : 0, pow(10, e));
        return;
    }
    int digits = e < 0 ? -e : e;
    const char *sign = e < 0 ? "⁻" : "", *hundreds = digits >= 100 ? raised[digits / 100] : "",
               *tens = digits >= 10 ? raised[digits / 10 % 10] : "";
    snprintf(text, PLOT_LABEL_BYTES, "10%s%s%s%s", sign, hundreds, tens, raised[digits % 10]);
}

static void add_minor(plot_axis *axis, int e) {
    for (int i = 2; i <= 9 && axis->n_minor < PLOT_MAX_MINOR; i++) {
        double value = i * pow(10, e);
        if (value > axis->lo && value < axis->hi) axis->minor[axis->n_minor++] = value;
    }
}

/* Ticks at powers of ten, at every n-th where there are many. */
static void power_ticks(plot_axis *axis, int ticks) {
    int first = (int)ceil(log10(axis->lo) - 1e-9), last = (int)floor(log10(axis->hi) + 1e-9);
    int stride = (last - first) / ticks + 1;
    bool short_form = first >= -3 && last <= 4;
    axis->n_ticks = 0;
    for (int e = first; e <= last && axis->n_ticks < PLOT_MAX_TICKS; e += stride) {
        axis->tick[axis->n_ticks] = pow(10, e);
        write_power(axis->label[axis->n_ticks++], e, short_form);
    }
    if (stride > 1) return;
    for (int e = first - 1; e <= last; e++) add_minor(axis, e);
}

static void widen_if_flat(plot_axis *axis) {
    double widest = fmax(fabs(axis->lo), fabs(axis->hi));
    if (axis->hi - axis->lo > 1e-9 * widest + smallest) return;
    if (axis->log) {
        axis->lo /= 3;
        axis->hi *= 3;
    } else {
        double by = widest > 1e-290 ? 0.5 * widest : 1;
        axis->lo -= by;
        axis->hi += by;
    }
}

plot_axis plot_axis_make(bool log, double lo, double hi, int ticks, bool to_ticks) {
    plot_axis axis = {.log = log, .lo = lo, .hi = hi};
    widen_if_flat(&axis);
    if (log) {
        double decades = log10(axis.hi) - log10(axis.lo);
        if (to_ticks && decades > 1.5) {
            axis.lo = pow(10, floor(log10(axis.lo) + 1e-9));
            axis.hi = pow(10, ceil(log10(axis.hi) - 1e-9));
        }
        power_ticks(&axis, ticks);
        if (axis.n_ticks < 2) linear_ticks(&axis, ticks);
        return axis;
    }
    if (to_ticks) {
        double step = nice_step(axis.hi - axis.lo, ticks);
        axis.lo = floor(axis.lo / step + 1e-6) * step;
        axis.hi = ceil(axis.hi / step - 1e-6) * step;
    }
    linear_ticks(&axis, ticks);
    return axis;
}

double plot_axis_place(const plot_axis *axis, double value) {
    if (axis->log) return (log10(value) - log10(axis->lo)) / (log10(axis->hi) - log10(axis->lo));
    return (value - axis->lo) / (axis->hi - axis->lo);
}
