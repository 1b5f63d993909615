/*
 * Windows of images in tiles, whose elements are read where they are: in the images, or in a copy with their padding. Seen
 * so, a convolution of any stride, its gradients and those of one residue of a stride are one thing: windows that have
 * element `tap` of the list of their taps at a fixed distance from where they begin.
 */
#ifndef CLGRAD_HOST_CPU_CONV_TILING_H
#define CLGRAD_HOST_CPU_CONV_TILING_H

#include "host/cpu/conv_cpu.h"

/* Along one axis: window i begins at element first + i stride, and ends `reach` behind it; what is not in 0 .. in is 0. */
typedef struct cg_conv_axis {
    int64_t in, out, stride, first, reach;
} cg_conv_axis;

/* The windows of a request as the forward convolution has them. */
cg_conv_axis cg_conv_axis_of(const cg_windows *w, int axis);

typedef struct cg_conv_tiling {
    const cg_operand *images; /* n images of `channels` channels, of which a job reads `of_job` */
    int64_t n, channels, of_job, size;
    cg_conv_axis axis[2];
    int64_t height, width, down, across; /* of a tile, in windows; tiles of an image */
    int64_t together, runs;              /* images of a tile, where they are not cut; such runs of images */
    bool direct;                         /* no copy */
    int64_t column;                      /* columns of one residue of the stride, which are adjacent */
    int64_t row, band, image, plane; /* places of a row, rows of an image, places of it and of a channel */
} cg_conv_tiling;

/* Rows row .. row + rows of the windows column .. column + columns of `images` images. */
typedef struct cg_conv_part {
    int64_t image, images, row, rows, column, columns;
} cg_conv_part;

/* What a tile may be. Where `spare`, elements behind the last channel may be read, too. */
typedef struct cg_conv_tile_limits {
    int64_t windows, images, widest, bytes; /* widest: where rows are cut; bytes: of a copy */
    bool spare;
} cg_conv_tile_limits;

/* Fills what is behind `axis`. */
void cg_conv_tiling_plan(cg_conv_tiling *t, const cg_conv_tile_limits *most);

static inline int64_t cg_conv_tiles(const cg_conv_tiling *t) { return t->runs * t->down * t->across; }
cg_conv_part cg_conv_tile_at(const cg_conv_tiling *t, int64_t number);

/* Windows of the largest tile, bytes of the copy of one. */
static inline int64_t cg_conv_tile_windows(const cg_conv_tiling *t) {
    return t->together * t->height * t->width;
}
size_t cg_conv_copy_bytes(const cg_conv_tiling *t);

/* Whether that is little for windows of so many taps. */
bool cg_conv_tiles_pay(const cg_conv_tiling *t, cg_conv_kind kind, int64_t taps);
void cg_conv_copy_clear(const cg_conv_tiling *t, void *copy);

/* Where rows of windows begin, together * height of them; and how far from there an element is. */
void cg_conv_tiling_rows(const cg_conv_tiling *t, ptrdiff_t *at);
static inline ptrdiff_t cg_conv_place(const cg_conv_tiling *t, int64_t channel, int64_t i, int64_t j) {
    const int64_t stride = t->axis[1].stride;
    const int64_t column = t->direct ? j : j % stride * t->column + j / stride;
    return (ptrdiff_t)(channel * t->plane + i * t->row + column);
}

/* The elements of a part, channels from `first` on; `copy` is where they go unless they are read in place. */
const void *cg_conv_elements(const cg_conv_tiling *t, const cg_windows_isa *loops, const cg_conv_part *part,
                             int64_t first, int64_t channels, void *copy);

#endif
