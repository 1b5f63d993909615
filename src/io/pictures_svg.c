/* Grey pictures as SVG: io.h. One path for each grey, made of its horizontal runs. */
#include "clgrad/io.h"

#include "io/svg.h"

#include <math.h>

enum { GREYS = 64, GAP = 14 };

typedef struct sheet {
    int n;
    const cg_picture *pictures;
    cg_picture_options options;
    int cell_rows, cell_columns; /* of the largest picture */
    int per_line, top, width, height;
} sheet;

/* The grey of a value, 0 to 63; -1 for what is left out. */
static int grey_of(const sheet *s, float value) {
    if (isnan(value)) return -1;
    const double share = (value - s->options.black) / (s->options.white - s->options.black);
    return (int)lrint(fmin(fmax(share, 0), 1) * (GREYS - 1));
}

/* The run of one grey that begins at column `from`. */
static int run_length(const sheet *s, const float *row, int from, int columns) {
    int end = from + 1;
    while (end < columns && grey_of(s, row[end]) == grey_of(s, row[from])) end++;
    return end - from;
}

/* The runs of a grey as horizontal lines, one unit wide, through the middle of their row. */
static void put_grey(FILE *out, const sheet *s, const cg_picture *picture, int grey) {
    bool any = false;
    for (int r = 0; r < picture->rows; r++) {
        const float *row = picture->values + (size_t)r * (size_t)picture->columns;
        for (int c = 0, run; c < picture->columns; c += run) {
            run = run_length(s, row, c, picture->columns);
            if (grey_of(s, row[c]) != grey) continue;
            const int level = grey * 255 / (GREYS - 1);
            if (!any) fprintf(out, "<path stroke=\"#%02x%02x%02x\" d=\"", level, level, level);
            any = true;
            fprintf(out, "M%d %dh%d", c, r, run);
        }
    }
    if (any) fputs("\"/>\n", out);
}

static void put_sheet(FILE *out, void *picture) {
    const sheet *s = picture;
    svg_put_head(out, s->width, s->height, s->options.title);
    svg_put_label(out, "title", SVG_EDGE, SVG_EDGE + 12, s->options.title);
    for (int i = 0; i < s->n; i++) {
        const int x = SVG_EDGE + i % s->per_line * (s->cell_columns * s->options.cell + GAP);
        const int y = s->top + i / s->per_line * (s->cell_rows * s->options.cell + SVG_LINE + GAP);
        svg_put_label(out, "label", x, y + SVG_LINE - 6, s->pictures[i].label);
        fprintf(out,
                "<g transform=\"translate(%d %d)scale(%d)translate(0 .5)\" shape-rendering=\"crispEdges\">\n",
                x, y + SVG_LINE, s->options.cell);
        for (int grey = 0; grey < GREYS; grey++) put_grey(out, s, &s->pictures[i], grey);
        fputs("</g>\n", out);
    }
    fputs("</svg>\n", out);
}

/* Black and white from the finite values, where the caller gave neither; one value alone is black. */
static void choose_greys(sheet *s) {
    cg_picture_options *o = &s->options;
    if (o->black == 0 && o->white == 0) {
        o->black = INFINITY, o->white = -INFINITY;
        for (int i = 0; i < s->n; i++)
            for (int k = 0; k < s->pictures[i].rows * s->pictures[i].columns; k++) {
                const double value = (double)s->pictures[i].values[k];
                if (!isfinite(value)) continue;
                o->black = fmin(o->black, value);
                o->white = fmax(o->white, value);
            }
        if (o->black > o->white) o->black = 0, o->white = 1;
    }
    if (o->black == o->white) o->white = o->black + 1;
}

static cg_status lay_out(sheet *s, cg_error *err) {
    cg_picture_options *o = &s->options;
    if (s->n < 1 || !s->pictures || o->cell < 0 || o->per_line < 0)
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "pictures_svg: %d pictures, cell %d, %d per line", s->n,
                       o->cell, o->per_line);
    for (int i = 0; i < s->n; i++) {
        const cg_picture *p = &s->pictures[i];
        if (p->rows < 1 || p->columns < 1 || p->rows > SVG_MAX_SIZE || p->columns > SVG_MAX_SIZE ||
            !p->values)
            return CG_FAIL(err, CG_ERROR_ARGUMENT, "pictures_svg: picture %d is %d x %d", i, p->rows,
                           p->columns);
        if (p->rows > s->cell_rows) s->cell_rows = p->rows;
        if (p->columns > s->cell_columns) s->cell_columns = p->columns;
    }
    if (o->cell == 0) o->cell = 4;
    s->per_line = o->per_line == 0 || o->per_line > s->n ? s->n : o->per_line;
    const int64_t lines = (s->n + s->per_line - 1) / s->per_line;
    const int64_t width =
        2 * SVG_EDGE + (int64_t)s->per_line * ((int64_t)s->cell_columns * o->cell + GAP) - GAP;
    s->top = SVG_EDGE + (svg_given(o->title) ? SVG_LINE + 4 : 0);
    const int64_t height =
        s->top + lines * ((int64_t)s->cell_rows * o->cell + SVG_LINE + GAP) - GAP + SVG_EDGE;
    if (width > SVG_MAX_SIZE || height > SVG_MAX_SIZE)
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "pictures_svg: %lld x %lld pixels; at most %d are allowed",
                       (long long)width, (long long)height, SVG_MAX_SIZE);
    s->width = (int)width, s->height = (int)height;
    return CG_OK;
}

cg_status cg_pictures_svg(const char *path, int n, const cg_picture *pictures, cg_picture_options options) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    sheet s = {.n = n, .pictures = pictures, .options = options};
    cg_status status = lay_out(&s, err);
    if (status != CG_OK) return status;
    choose_greys(&s);
    return svg_write(path, "pictures_svg", put_sheet, &s, err);
}
