/*
 * Plots as SVG: io.h. One file without scripts, fonts or links; it carries colours for light and dark viewers
 * (prefers-color-scheme) and brings its own background, so that it can be read in any viewer.
 */
#include "clgrad/io.h"

#include "io/atomic_file.h"
#include "io/plot_axis.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

enum {
    MIN_SIZE = 160,
    MAX_SIZE = 10000,
    EDGE = 18,       /* free space around everything */
    LINE = 18,       /* height of a line of text */
    SWATCH = 22,     /* a legend's piece of line */
    FEW_POINTS = 20, /* curves of so few points show each of them */
    COLOURS = 6
};
static const double char_width = 6.6; /* of the 12 px font: an estimate, the viewer chooses the font */

/* Okabe and Ito's palette, which the colour-blind can tell apart, but for its yellow and black. */
static const char *const light_colours[COLOURS] = {"#0072b2", "#d55e00", "#009e73",
                                                   "#cc79a7", "#e69f00", "#56b4e9"};
static const char *const dark_colours[COLOURS] = {"#4a9edb", "#f07a2a", "#2fbf94",
                                                  "#d98db8", "#ebb030", "#8ccbf2"};
/* Past the last colour they are used again, dashed. */
static const char *const dashes[] = {"", " stroke-dasharray=\"7 5\"", " stroke-dasharray=\"2 5\""};

typedef struct plot {
    FILE *out;
    const cg_plot_options *options;
    int n;
    const cg_curve *curves;
    plot_axis x, y;
    double left, right, top, bottom; /* the area of the curves */
} plot;

/* --- text --------------------------------------------------------------------------------------------------- */

/* The length of the UTF-8 sequence at `text` if XML allows that character, else 0. */
static int character_length(const unsigned char *text) {
    static const unsigned smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (*text < 0x80) return *text >= 0x20;
    int length = *text >= 0xf0 ? 4 : *text >= 0xe0 ? 3 : 2;
    if (*text < 0xc2 || *text > 0xf4) return 0;
    unsigned code = *text & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    bool allowed = code >= smallest[length] && code <= 0x10ffff && (code & 0xfffff800u) != 0xd800 &&
                   (code & 0xfffffffeu) != 0xfffe;
    return allowed ? length : 0;
}

/* Text as XML content; what XML cannot hold becomes "?". */
static void put_text(FILE *out, const char *text) {
    while (*text) {
        int length = character_length((const unsigned char *)text);
        if (*text == '&')
            fputs("&amp;", out);
        else if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '>')
            fputs("&gt;", out);
        else if (*text == '"')
            fputs("&quot;", out);
        else if (length > 0)
            fwrite(text, 1, (size_t)length, out);
        else
            fputc('?', out);
        text += length > 0 ? length : 1;
    }
}

static double text_width(const char *text) {
    int characters = 0;
    for (; *text; text++) characters += (*text & 0xc0) != 0x80;
    return characters * char_width;
}

static bool given(const char *text) { return text && *text; }

/* --- layout ------------------------------------------------------------------------------------------------- */

static bool shown(const plot *p, const cg_curve *curve, int i) {
    return plot_axis_can_show(p->options->log_x, curve->x[i]) &&
           plot_axis_can_show(p->options->log_y, curve->y[i]);
}

/* The axes from the points that can be shown; without any, from 0 to 1 (1 to 10). */
static void make_axes(plot *p) {
    double lo[2], hi[2];
    bool any = false;
    for (int c = 0; c < p->n; c++)
        for (int i = 0; i < p->curves[c].n; i++) {
            if (!shown(p, &p->curves[c], i)) continue;
            const double point[2] = {p->curves[c].x[i], p->curves[c].y[i]};
            for (int d = 0; d < 2; d++) {
                lo[d] = any && lo[d] < point[d] ? lo[d] : point[d];
                hi[d] = any && hi[d] > point[d] ? hi[d] : point[d];
            }
            any = true;
        }
    for (int d = 0; d < 2 && !any; d++) {
        lo[d] = (d == 0 ? p->options->log_x : p->options->log_y) ? 1 : 0;
        hi[d] = lo[d] > 0 ? 10 : 1;
    }
    int x_ticks = p->options->width / 80, y_ticks = p->options->height / 70;
    p->x = plot_axis_make(p->options->log_x, lo[0], hi[0],
                          x_ticks < 2    ? 2
                          : x_ticks > 10 ? 10
                                         : x_ticks,
                          false);
    p->y = plot_axis_make(p->options->log_y, lo[1], hi[1],
                          y_ticks < 2    ? 2
                          : y_ticks > 10 ? 10
                                         : y_ticks,
                          true);
}

/* The width that the labels of the y axis take. */
static double y_label_width(const plot *p) {
    double widest = 0;
    for (int i = 0; i < p->y.n_ticks; i++)
        if (text_width(p->y.label[i]) > widest) widest = text_width(p->y.label[i]);
    return widest;
}

static double legend_entry_width(const cg_curve *curve) { return SWATCH + 6 + text_width(curve->label) + 16; }

/*
 * Walks through the legend's entries, line by line, from (x, y) on; draws them where `draw` says so. Returns
 * the y of the last line.
 */
static double walk_legend(const plot *p, double y, bool draw) {
    double x = p->left, line = y;
    for (int c = 0; c < p->n; c++) {
        const cg_curve *curve = &p->curves[c];
        if (!given(curve->label)) continue;
        if (x > p->left && x + legend_entry_width(curve) > p->right + 16) {
            x = p->left;
            line += LINE;
        }
        if (draw) {
            fprintf(p->out, "<path class=\"curve c%d\"%s d=\"M%.1f %.1fh%d\"/><text x=\"%.1f\" y=\"%.1f\">",
                    c % COLOURS, dashes[c / COLOURS % 3], x, line - 4, SWATCH, x + SWATCH + 6, line);
            put_text(p->out, curve->label);
            fputs("</text>\n", p->out);
        }
        x += legend_entry_width(curve);
    }
    return x > p->left ? line : y - LINE;
}

static void make_layout(plot *p) {
    const cg_plot_options *o = p->options;
    make_axes(p);
    p->left = EDGE + (given(o->y_label) ? LINE + 4 : 0) + y_label_width(p) + 8;
    p->right = o->width - EDGE;
    p->bottom = o->height - EDGE - LINE - (given(o->x_label) ? LINE : 0);
    double title = EDGE + (given(o->title) ? LINE + 4 : 0);
    p->top = walk_legend(p, title + 10, false) + 14;
}

/* --- drawing ------------------------------------------------------------------------------------------------ */

static double place_x(const plot *p, double x) {
    return p->left + plot_axis_place(&p->x, x) * (p->right - p->left);
}

static double place_y(const plot *p, double y) {
    return p->bottom - plot_axis_place(&p->y, y) * (p->bottom - p->top);
}

static void put_colours(FILE *out, const char *const colours[COLOURS]) {
    for (int i = 0; i < COLOURS; i++) fprintf(out, ".c%d{stroke:%s}", i, colours[i]);
}

static void put_head(const plot *p) {
    const cg_plot_options *o = p->options;
    fprintf(p->out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "role=\"img\">\n",
            o->width, o->height, o->width, o->height);
    if (given(o->title)) {
        fputs("<title>", p->out);
        put_text(p->out, o->title);
        fputs("</title>\n", p->out);
    }
    fputs(
        "<style>\n"
        "text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#454c55}\n"
        ".title{font-size:15px;font-weight:600;fill:#1c2127}.end{text-anchor:end}.middle{text-anchor:middle}"
        "\n"
        ".paper{fill:#fff}.grid{stroke:#e2e6ea}.fine{stroke:#f0f2f4}.axis{stroke:#8b949e}\n"
        ".curve{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.dots{stroke-width:5}\n",
        p->out);
    put_colours(p->out, light_colours);
    fputs("\n@media(prefers-color-scheme:dark){text{fill:#b1bac4}.title{fill:#e6edf3}.paper{fill:#0d1117}\n"
          ".grid{stroke:#2b323b}.fine{stroke:#1b2128}.axis{stroke:#6e7681}\n",
          p->out);
    put_colours(p->out, dark_colours);
    fprintf(p->out, "}\n</style>\n<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", o->width, o->height);
}

static void put_label(const plot *p, const char *class, double x, double y, const char *text) {
    if (!given(text)) return;
    fprintf(p->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
    put_text(p->out, text);
    fputs("</text>\n", p->out);
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
        put_label(p, "middle", x, p->bottom + 17, p->x.label[i]);
    }
    for (int i = 0; i < p->y.n_ticks; i++) {
        double y = place_y(p, p->y.tick[i]);
        put_line(p, "grid", p->left, y, p->right, y);
        put_label(p, "end", p->left - 8, y + 4, p->y.label[i]);
    }
    put_line(p, "axis", p->left, p->bottom, p->right, p->bottom);
}

static void put_titles(const plot *p) {
    const cg_plot_options *o = p->options;
    put_label(p, "title", EDGE, EDGE + 12, o->title);
    put_label(p, "middle", (p->left + p->right) / 2, o->height - EDGE + 4, o->x_label);
    if (!given(o->y_label)) return;
    double middle = (p->top + p->bottom) / 2;
    fprintf(p->out, "<text class=\"middle\" transform=\"translate(%d %.1f)rotate(-90)\">", EDGE + 8, middle);
    put_text(p->out, o->y_label);
    fputs("</text>\n", p->out);
}

/* A curve is broken where points are left out; a point alone is a dot, made by the round ends of its line. */
static void put_curve(const plot *p, int c) {
    const cg_curve *curve = &p->curves[c];
    fprintf(p->out, "<path class=\"curve c%d%s\"%s d=\"", c % COLOURS, curve->n == 1 ? " dots" : "",
            dashes[c / COLOURS % 3]);
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
    fprintf(p->out, "<path class=\"curve dots c%d\" d=\"", c % COLOURS);
    for (int i = 0; i < curve->n; i++)
        if (shown(p, curve, i))
            fprintf(p->out, "M%.1f %.1fh0", place_x(p, curve->x[i]), place_y(p, curve->y[i]));
    fputs("\"/>\n", p->out);
}

static void put_plot(plot *p) {
    make_layout(p);
    put_head(p);
    put_axes(p);
    put_titles(p);
    walk_legend(p, EDGE + (given(p->options->title) ? LINE + 4 : 0) + 10, true);
    for (int c = 0; c < p->n; c++) put_curve(p, c);
    fputs("</svg>\n", p->out);
}

/* The picture as text in new memory; NULL without memory. Numbers are written in the C locale. */
static char *draw(plot *p, size_t *bytes) {
    char *text = NULL;
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale) return NULL;
    p->out = open_memstream(&text, bytes);
    bool complete = false;
    if (p->out) {
        locale_t before = uselocale(c_locale);
        put_plot(p);
        complete = !ferror(p->out);
        if (fclose(p->out) != 0) complete = false;
        uselocale(before);
    }
    freelocale(c_locale);
    if (complete) return text;
    free(text);
    return NULL;
}

cg_status cg_plot_svg(const char *path, int n, const cg_curve *curves, cg_plot_options options) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    if (options.width == 0) options.width = 640;
    if (options.height == 0) options.height = 400;
    if (options.width < MIN_SIZE || options.width > MAX_SIZE || options.height < MIN_SIZE ||
        options.height > MAX_SIZE)
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "plot_svg: %d x %d pixels; %d to %d are allowed",
                       options.width, options.height, MIN_SIZE, MAX_SIZE);
    if (n < 0 || (n > 0 && !curves))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "plot_svg: %d curves, none given", n);
    for (int c = 0; c < n; c++)
        if (curves[c].n < 0 || (curves[c].n > 0 && (!curves[c].x || !curves[c].y)))
            return CG_FAIL(err, CG_ERROR_ARGUMENT, "plot_svg: curve %d has %d points, but no data", c,
                           curves[c].n);

    plot p = {.options = &options, .n = n, .curves = curves};
    size_t bytes = 0;
    char *text = draw(&p, &bytes);
    if (!text) return CG_FAIL(err, CG_ERROR_MEMORY, "plot_svg: out of memory");
    cg_atomic_file file;
    cg_status status = cg_atomic_begin(&file, path, err);
    if (status == CG_OK) status = cg_atomic_write(&file, text, bytes, err);
    status = cg_atomic_end(&file, status, err);
    free(text);
    return status;
}
