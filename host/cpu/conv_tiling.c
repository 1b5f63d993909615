/* Tiles of windows, and copies of images with their padding. */
#include "host/cpu/conv_tiling.h"

#include <string.h>

enum {
    FEW_CHANNELS =
        16,       /* that a tile reads in place: of more it would take a line of the cache each, unforeseen */
    ALIAS = 1024, /* bytes: channels that are a multiple of it apart share few sets of L1 */
    SLACK = 64    /* bytes behind the copy that may be read: a vector */
};

cg_conv_axis cg_conv_axis_of(const cg_windows *w, int axis) {
    return (cg_conv_axis){.in = w->in[axis],
                          .out = w->out[axis],
                          .stride = w->stride[axis],
                          .first = -w->padding[axis],
                          .reach = (w->kernel[axis] - 1) * w->dilation[axis]};
}

/* Elements that n windows reach over. */
static int64_t span(const cg_conv_axis *a, int64_t n) { return (n - 1) * a->stride + a->reach + 1; }

/* Whether no window has padding. */
static bool is_inside(const cg_conv_axis *a) { return a->first >= 0 && a->first + span(a, a->out) <= a->in; }

static int64_t copied_row(const cg_conv_tiling *t, int64_t width) {
    return parts(span(&t->axis[1], width), t->axis[1].stride) * t->axis[1].stride;
}

/* Rows of windows of one image that may be a tile. */
static int64_t tile_height(const cg_conv_tiling *t, const cg_conv_tile_limits *limits) {
    const int64_t rows = limits->bytes / (copied_row(t, t->width) * t->of_job * t->size);
    const int64_t by_bytes = (rows - t->axis[0].reach - 1) / t->axis[0].stride + 1;
    return most(1, least(least(limits->windows / t->width, by_bytes), t->axis[0].out));
}

/* Windows of a row that may be in a tile. */
static int64_t tile_width(const cg_conv_tiling *t, const cg_conv_tile_limits *limits) {
    const int64_t column = (t->axis[0].reach + 1) * t->axis[1].stride * t->of_job * t->size;
    const int64_t columns = least(limits->windows, limits->bytes / column);
    return most(columns / limits->widest, 1) * limits->widest;
}

static void plan_sizes(cg_conv_tiling *t, const cg_conv_tile_limits *limits) {
    const cg_conv_axis *axis = t->axis;
    t->across = parts(axis[1].out, tile_width(t, limits));
    t->width = parts(axis[1].out, t->across);
    if (t->across > 1) t->width = parts(t->width, limits->widest) * limits->widest;
    t->across = parts(axis[1].out, t->width);
    t->down = parts(axis[0].out, tile_height(t, limits));
    t->height = parts(axis[0].out, t->down);
    t->down = parts(axis[0].out, t->height);
    t->together = 1;
    if (t->down == 1 && t->across == 1) {
        const int64_t image = span(&axis[0], t->height) * copied_row(t, t->width) * t->of_job * t->size;
        t->together = least(limits->windows / (t->height * t->width), limits->bytes / image);
        t->together = most(1, least(t->together, least(limits->images, t->n)));
    }
    t->runs = parts(t->n, t->together);
}

void cg_conv_tiling_plan(cg_conv_tiling *t, const cg_conv_tile_limits *limits) {
    const cg_conv_axis *axis = t->axis;
    plan_sizes(t, limits);
    t->direct = is_inside(&axis[0]) && is_inside(&axis[1]) && axis[1].stride == 1 && !limits->spare &&
                t->of_job <= FEW_CHANNELS;
    t->band = span(&axis[0], t->height);
    t->row = copied_row(t, t->width);
    t->column = t->row / axis[1].stride;
    t->image = t->band * t->row;
    t->plane = t->together * t->image;
    if (t->plane * t->size % ALIAS == 0) t->plane += 64 / t->size;
    if (!t->direct) return;
    t->row = axis[1].in;
    t->plane = axis[0].in * axis[1].in;
    t->image = t->channels * t->plane;
}

size_t cg_conv_copy_bytes(const cg_conv_tiling *t) {
    return t->direct ? 0 : (size_t)((t->of_job + 2) * t->plane * t->size) + SLACK;
}

bool cg_conv_tiles_pay(const cg_conv_tiling *t, cg_conv_kind kind, int64_t taps) {
    return t->direct || cg_conv_copies_little(kind, t->together * t->image, cg_conv_tile_windows(t), taps,
                                              t->axis[0].stride * t->axis[1].stride);
}

cg_conv_part cg_conv_tile_at(const cg_conv_tiling *t, int64_t number) {
    const int64_t image = number / (t->down * t->across) * t->together;
    cg_conv_part p = {.image = image,
                      .images = least(t->together, t->n - image),
                      .row = number / t->across % t->down * t->height,
                      .column = number % t->across * t->width};
    p.rows = least(t->height, t->axis[0].out - p.row);
    p.columns = least(t->width, t->axis[1].out - p.column);
    return p;
}

/* What is read beyond the last channel is never used, but what is not normal would be slow. */
void cg_conv_copy_clear(const cg_conv_tiling *t, void *copy) {
    if (!t->direct)
        memset((unsigned char *)copy + t->of_job * t->plane * t->size, 0, (size_t)(2 * t->plane * t->size));
}

void cg_conv_tiling_rows(const cg_conv_tiling *t, ptrdiff_t *at) {
    for (int64_t i = 0; i < t->together * t->height; i++)
        at[i] = (ptrdiff_t)(i / t->height * t->image + i % t->height * t->axis[0].stride * t->row);
}

/* A row of an image, of which `left` zeros stand before the elements from `from` on, in residues of the stride. */
typedef struct strip {
    int64_t left, from, n;
} strip;

/* Elements first, first + stride, .. of a row, `count` of them. */
static strip strip_of(int64_t first, int64_t stride, int64_t count, int64_t in) {
    const int64_t left = first < 0 ? least(count, parts(-first, stride)) : 0;
    const int64_t from = first + left * stride;
    return (strip){left, from, from < in ? least(count - left, parts(in - from, stride)) : 0};
}

/* Rows of one channel of one image: `rows` of them from element `first[0]`, `first[1]` on. */
static void copy_image(const cg_conv_tiling *t, const cg_windows_isa *loops, const int64_t first[2],
                       int64_t rows, const unsigned char *image, unsigned char *to) {
    const cg_conv_axis *axis = t->axis;
    const int64_t above = least(rows, most(0, -first[0])),
                  end = least(rows, most(above, axis[0].in - first[0]));
    const int64_t row = t->row * t->size, stride = axis[1].stride;
    memset(to, 0, (size_t)(above * row));
    for (int64_t residue = 0; residue < stride && end > above; residue++) {
        const strip s = strip_of(first[1] + residue, stride, t->column, axis[1].in);
        cg_window_rows r = {end - above, s.n, t->row, axis[1].in};
        if (s.n == t->row && s.n == axis[1].in) r.n *= r.rows, r.rows = 1;
        loops->pad(to + above * row + residue * t->column * t->size,
                   image + ((first[0] + above) * axis[1].in + (s.n ? s.from : 0)) * t->size, &r, s.left,
                   s.n == t->row ? 0 : t->column - s.left - s.n, stride);
    }
    memset(to + end * row, 0, (size_t)((rows - end) * row));
}

const void *cg_conv_elements(const cg_conv_tiling *t, const cg_windows_isa *loops, const cg_conv_part *part,
                             int64_t first, int64_t channels, void *copy) {
    const cg_conv_axis *axis = t->axis;
    const int64_t begin[2] = {axis[0].first + part->row * axis[0].stride,
                              axis[1].first + part->column * axis[1].stride};
    const int64_t elements = axis[0].in * axis[1].in, rows = span(&axis[0], part->rows);
    const unsigned char *images = cg_cpu_data(t->images);
    images += (part->image * t->channels + first) * elements * t->size;
    if (t->direct) return images + (begin[0] * axis[1].in + begin[1]) * t->size;
    for (int64_t c = 0; c < channels; c++)
        for (int64_t i = 0; i < part->images; i++)
            copy_image(t, loops, begin, rows, images + (i * t->channels + c) * elements * t->size,
                       (unsigned char *)copy + (c * t->plane + i * t->image) * t->size);
    return copy;
}
