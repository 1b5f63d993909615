/* Plots as SVG: io.h. */
#include "clgrad/io.h"

#include "io/plot_axis.h"
#include "io/svg.h"

#include <math.h>

enum {
    SWATCH = 22,    /* a legend's piece of line */
    FEW_POINTS = 20 /* curves of so few points show each of them */
};
/* Past the last colour they are used again, dashed. */
static const char *const dashes[] = {"", " stroke-dasharray=\"7 5\"", " stroke-dasharray=\"2 5\""};

/* And dots past the last colour are squares. */
static const char *dot_shape(int c) { return c / SVG_COLOURS % 2 ? " square" : ""; }

typedef struct plot {
    FILE *out;
    const cg_plot_options *options;
    int n;
    const cg_curve *curves;
    plot_axis x, y;
    double left, right, top, bottom; /* the area of the curves */
} plot;

/* --- layout ------------------------------------------------------------------------------------------------- */

static bool shown(const plot *p, const cg_curve *curve, int i) {
    return plot_axis_can_show(p->options->log_x, curve->x[i]) &&
           plot_axis_can_show(p->options->log_y, curve->y[i]);
}

static cg_curve_style style_of(const plot *p, int c) {
    return p->options->styles ? p->options->styles[c] : CG_CURVE_LINE;
}

/* Half the width of the bars of a curve: half the distance of the first two, or half a unit where they have none. */
static double half_bar(const cg_curve *curve) {
    const double distance = curve->n > 1 ? fabs(curve->x[1] - curve->x[0]) : 1;
    return isfinite(distance) ? distance / 2 : 0.5;
}

static void widen(double range[2], bool log, double value) {
    if (!plot_axis_can_show(log, value)) return;
    range[0] = fmin(range[0], value);
    range[1] = fmax(range[1], value);
}

/* Widens the ranges to what a curve shows: its points, and of bars their edges and feet. */
static void widen_to_curve(const plot *p, int c, double x[2], double y[2]) {
    const cg_curve *curve = &p->curves[c];
    const bool bars = style_of(p, c) == CG_CURVE_BARS;
    const double half = bars ? half_bar(curve) : 0;
    for (int i = 0; i < curve->n; i++) {
        if (!shown(p, curve, i)) continue;
        widen(x, p->options->log_x, curve->x[i] - half);
        widen(x, p->options->log_x, curve->x[i] + half);
        widen(y, p->options->log_y, curve->y[i]);
        if (bars)
            widen(y, p->options->log_y, 0); /* a logarithmic axis has no 0: bars stand on its lower end */
    }
}

static int ticks_for(int pixels, int apart) {
    int ticks = pixels / apart;
    return ticks < 2 ? 2 : ticks > 10 ? 10 : ticks;
}

/* The axes from the points that can be shown; without any, from 0 to 1 (1 to 10). */
static void make_axes(plot *p) {
    const cg_plot_options *o = p->options;
    double x[2] = {INFINITY, -INFINITY}, y[2] = {INFINITY, -INFINITY};
    for (int c = 0; c < p->n; c++) widen_to_curve(p, c, x, y);
    if (x[0] > x[1]) x[0] = o->log_x, x[1] = o->log_x ? 10 : 1;
    if (y[0] > y[1]) y[0] = o->log_y, y[1] = o->log_y ? 10 : 1;
    p->x = plot_axis_make(o->log_x, x[0], x[1], ticks_for(o->width, 80), false);
    p->y = plot_axis_make(o->log_y, y[0], y[1], ticks_for(o->height, 70), true);
}

/* The width that the labels of the y axis take. */
static double y_label_width(const plot *p) {
    double widest = 0;
    for (int i = 0; i < p->y.n_ticks; i++)
        if (svg_text_width(p->y.label[i]) > widest) widest = svg_text_width(p->y.label[i]);
    return widest;
}

static double legend_entry_width(const cg_curve *curve) {
    return SWATCH + 6 + svg_text_width(curve->label) + 16;
}

static void put_legend_entry(const plot *p, int c, double x, double line) {
    switch (style_of(p, c)) {
    case CG_CURVE_LINE:
        fprintf(p->out, "<path class=\"curve c%d\"%s d=\"M%.1f %.1fh%d\"/>", c % SVG_COLOURS,
                dashes[c / SVG_COLOURS % 3], x, line - 4, SWATCH);
        break;
    case CG_CURVE_DOTS:
        fprintf(p->out, "<path class=\"curve dots c%d%s\" d=\"M%.1f %.1fh.01\"/>", c % SVG_COLOURS,
                dot_shape(c), x + SWATCH / 2.0, line - 4);
        break;
    case CG_CURVE_BARS:
        fprintf(p->out, "<path class=\"bars f%d\" d=\"M%.1f %.1fh%dv-8h-%dz\"/>", c % SVG_COLOURS, x, line,
                SWATCH, SWATCH);
        break;
    }
    svg_put_label(p->out, "entry", x + SWATCH + 6, line, p->curves[c].label);
}

/*
 * Walks through the legend's entries, line by line, from (x, y) on; draws them where `draw` says so. Returns
 * the y of the last line.
 */
static double walk_legend(const plot *p, double y, bool draw) {
    double x = p->left, line = y;
    for (int c = 0; c < p->n; c++) {
        const cg_curve *curve = &p->curves[c];
        if (!svg_given(curve->label)) continue;
        if (x > p->left && x + legend_entry_width(curve) > p->right + 16) {
            x = p->left;
            line += SVG_LINE;
        }
        if (draw) put_legend_entry(p, c, x, line);
        x += legend_entry_width(curve);
    }
    return x > p->left ? line : y - SVG_LINE;
}

static void make_layout(plot *p) {
    const cg_plot_options *o = p->options;
    make_axes(p);
    p->left = SVG_EDGE + (svg_given(o->y_label) ? SVG_LINE + 4 : 0) + y_label_width(p) + 8;
    p->right = o->width - SVG_EDGE;
    p->bottom = o->height - SVG_EDGE - SVG_LINE - (svg_given(o->x_label) ? SVG_LINE : 0);
    double title = SVG_EDGE + (svg_given(o->title) ? SVG_LINE + 4 : 0);
    p->top = walk_legend(p, title + 10, false) + 14;
    if (!o->equal_axes) return;
    const double x_units = p->x.hi - p->x.lo, y_units = p->y.hi - p->y.lo;
    const double unit = fmin((p->right - p->left) / x_units, (p->bottom - p->top) / y_units);
    p->right = p->left + unit * x_units;
    p->top = p->bottom - unit * y_units;
}

/* --- drawing ------------------------------------------------------------------------------------------------ */

static double place_x(const plot *p, double x) {
    return p->left + plot_axis_place(&p->x, x) * (p->right - p->left);
}

static double place_y(const plot *p, double y) {
    return p->bottom - plot_axis_place(&p->y, y) * (p->bottom - p->top);
}

static void put_line(const plot *p, const char *class, double x1, double y1, double x2, double y2) {
    fprintf(p->out, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class, x1, y1, x2, y2);
}

static void put_axes(const plot *p) {
    for (int i = 0; i < p->x.n_minor; i++)
        put_line(p, "fine", place_x(p, p->x.minor[i]), p->top, place_x(p, p->x.minor[i]), p->bottom);
    for (int i = 0; i < p->y.n_minor; i++)
        put_line(p, "fine", p->left, place_y(p, p->y.minor[i]), p->right, place_y(p, p->y.minor[i]));
    for (int i = 0; i < p->x.n_ticks; i++) {
        double x = place_x(p, p->x.tick[i]);
        put_line(p, "grid", x, p->top, x, p->bottom);
        put_line(p, "axis", x, p->bottom, x, p->bottom + 4);
        svg_put_label(p->out, "middle", x, p->bottom + 17, p->x.label[i]);
    }
    for (int i = 0; i < p->y.n_ticks; i++) {
        double y = place_y(p, p->y.tick[i]);
        put_line(p, "grid", p->left, y, p->right, y);
        svg_put_label(p->out, "end", p->left - 8, y + 4, p->y.label[i]);
    }
    put_line(p, "axis", p->left, p->bottom, p->right, p->bottom);
}

static void put_titles(const plot *p) {
    const cg_plot_options *o = p->options;
    svg_put_label(p->out, "title", SVG_EDGE, SVG_EDGE + 12, o->title);
    svg_put_label(p->out, "middle", (p->left + p->right) / 2, o->height - SVG_EDGE + 4, o->x_label);
    if (!svg_given(o->y_label)) return;
    double middle = (p->top + p->bottom) / 2;
    fprintf(p->out, "<text class=\"middle\" transform=\"translate(%d %.1f)rotate(-90)\">", SVG_EDGE + 8,
            middle);
    svg_put_text(p->out, o->y_label);
    fputs("</text>\n", p->out);
}

/* A curve is broken where points are left out; a point alone is a dot, made by the round ends of its line. */
static void put_polyline(const plot *p, int c) {
    const cg_curve *curve = &p->curves[c];
    fprintf(p->out, "<path class=\"curve c%d%s\"%s d=\"", c % SVG_COLOURS, curve->n == 1 ? " dots" : "",
            dashes[c / SVG_COLOURS % 3]);
    bool joined = false;
    for (int i = 0; i < curve->n; i++) {
        bool here = shown(p, curve, i);
        if (here)
            fprintf(p->out, "%s%.1f %.1f%s", joined ? "L" : "M", place_x(p, curve->x[i]),
                    place_y(p, curve->y[i]), joined ? "" : "h0");
        joined = here;
    }
    fputs("\"/>\n", p->out);
    if (curve->n > FEW_POINTS || curve->n < 2) return;
    fprintf(p->out, "<path class=\"curve dots c%d\" d=\"", c % SVG_COLOURS);
    for (int i = 0; i < curve->n; i++)
        if (shown(p, curve, i))
            fprintf(p->out, "M%.1f %.1fh0", place_x(p, curve->x[i]), place_y(p, curve->y[i]));
    fputs("\"/>\n", p->out);
}

/* Dots are lines of almost no length with round or square ends; some viewers draw no square end on none at all. */
static void put_dots(const plot *p, int c) {
    const cg_curve *curve = &p->curves[c];
    fprintf(p->out, "<path class=\"curve scatter c%d%s\" d=\"", c % SVG_COLOURS, dot_shape(c));
    for (int i = 0; i < curve->n; i++)
        if (shown(p, curve, i))
            fprintf(p->out, "M%.1f %.1fh.01", place_x(p, curve->x[i]), place_y(p, curve->y[i]));
    fputs("\"/>\n", p->out);
}

/* Where a bar's edge is drawn: at the plot's own, `end`, where the axis cannot show it. */
static double place_edge(const plot *p, double x, double end) {
    return plot_axis_can_show(p->options->log_x, x) ? place_x(p, x) : end;
}

static void put_bars(const plot *p, int c) {
    const cg_curve *curve = &p->curves[c];
    const double half = half_bar(curve), foot = p->options->log_y ? p->bottom : place_y(p, 0);
    fprintf(p->out, "<path class=\"bars f%d\" d=\"", c % SVG_COLOURS);
    for (int i = 0; i < curve->n; i++) {
        if (!shown(p, curve, i)) continue;
        const double left = place_edge(p, curve->x[i] - half, p->left),
                     right = place_edge(p, curve->x[i] + half, p->right);
        fprintf(p->out, "M%.1f %.1fV%.1fH%.1fV%.1fz", left, foot, place_y(p, curve->y[i]), right, foot);
    }
    fputs("\"/>\n", p->out);
}

static void put_curve(const plot *p, int c) {
    switch (style_of(p, c)) {
    case CG_CURVE_LINE:
        put_polyline(p, c);
        break;
    case CG_CURVE_DOTS:
        put_dots(p, c);
        break;
    case CG_CURVE_BARS:
        put_bars(p, c);
        break;
    }
}

static void put_plot(FILE *out, void *picture) {
    plot *p = picture;
    p->out = out;
    make_layout(p);
    svg_put_head(out, p->options->width, p->options->height, p->options->title);
    put_axes(p);
    put_titles(p);
    walk_legend(p, SVG_EDGE + (svg_given(p->options->title) ? SVG_LINE + 4 : 0) + 10, true);
    for (int c = 0; c < p->n; c++) put_curve(p, c);
    fputs("</svg>\n", out);
}

static cg_status check_plot(int n, const cg_curve *curves, const cg_plot_options *o, cg_error *err) {
    if (o->width < SVG_MIN_SIZE || o->width > SVG_MAX_SIZE || o->height < SVG_MIN_SIZE ||
        o->height > SVG_MAX_SIZE)
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "plot_svg: %d x %d pixels; %d to %d are allowed", o->width,
                       o->height, SVG_MIN_SIZE, SVG_MAX_SIZE);
    if (o->equal_axes && (o->log_x || o->log_y))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "plot_svg: equal_axes with a logarithmic axis");
    if (n < 0 || (n > 0 && !curves))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "plot_svg: %d curves, none given", n);
    for (int c = 0; c < n; c++)
        if (curves[c].n < 0 || (curves[c].n > 0 && (!curves[c].x || !curves[c].y)))
            return CG_FAIL(err, CG_ERROR_ARGUMENT, "plot_svg: curve %d has %d points, but no data", c,
                           curves[c].n);
    for (int c = 0; c < n && o->styles; c++)
        if ((unsigned)o->styles[c] > CG_CURVE_BARS)
            return CG_FAIL(err, CG_ERROR_ARGUMENT, "plot_svg: curve %d has style %d; there are 0 to %d", c,
                           (int)o->styles[c], CG_CURVE_BARS);
    return CG_OK;
}

cg_status cg_plot_svg(const char *path, int n, const cg_curve *curves, cg_plot_options options) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    if (options.width == 0) options.width = 640;
    if (options.height == 0) options.height = 400;
    cg_status status = check_plot(n, curves, &options, err);
    if (status != CG_OK) return status;
    plot p = {.options = &options, .n = n, .curves = curves};
    return svg_write(path, "plot_svg", put_plot, &p, err);
}
