/*
 * The conv slot of the CPU backend, with k = K / groups, rows = c taps:
 *
 *     forward      y (k, tile) = w (k, rows) columns (rows, tile)           for each tile
 *     input grad   columns (rows, tile) = w^T (rows, k) y (k, tile)         added to x, for each tile of an image in turn
 *     weight grad  w (k, rows) += y (k, tile) columns^T (tile, rows)        for each tile of a block in turn
 *
 * A tile is part of an image, or several small images. What an element is the sum of, and in which order, depends on the
 * request alone: on where an image is cut, and for the weights on the blocks, whose sums are added in their order.
 */
#include "host/cpu/conv_cpu.h"

#include <string.h>

enum {
    TILE_BYTES = 192 << 10, /* of columns: they stay in L2 beside their product */
    TILE_LEAST = 64,        /* columns: fewer would not use the registers of the product well */
    TILE_MOST = 1024,       /* columns */
    SHORT_SUM = 128,  /* products, of windows of one element: storing such a sum from lanes costs too much */
    LEAST_WIDTH = 4,  /* windows of a row, of tiles whose vectors are outputs */
    BLOCK_ROWS = 128, /* rows of columns that a job of a gradient takes */
    LONG = 512,       /* columns of a tile of the weights' gradient, along which the product is summed */
    JOBS_EACH = 4     /* jobs for each thread, so that they finish together */
};

typedef struct conv_work {
    cg_conv_sizes s;
    const cg_gemm_isa *isa;
    int64_t tile;             /* columns of a tile of one image, where it is cut */
    int64_t per_image;        /* tiles that an image is cut into */
    int64_t images;           /* of a tile, where images are not cut */
    int64_t runs;             /* images, or tiles of several */
    int64_t channels, blocks; /* channels of a job of a gradient, and how many such blocks a group has */
    bool plain;               /* windows of one element, which are the image as it is */
    cg_conv_tables tables;    /* weights' gradient */
    /* for each thread: columns, product, y side by side, and what the product needs */
    unsigned char *desk;
    size_t desk_bytes, product_at, y_at, pack_at;
} conv_work;

/* --- The plan ---------------------------------------------------------------------------------------------------- */

/* An image of fewer windows than a tile should have is joined by others, as long as all threads get some. */
static void plan_tiles(conv_work *w, int64_t rows) {
    const cg_conv_request *r = w->s.r;
    const int64_t windows = w->s.windows, unit = w->isa->columns;
    int64_t columns = most(least(TILE_BYTES / (rows * w->s.size), TILE_MOST), TILE_LEAST);
    if (r->kind == CG_CONV_WEIGHT_GRAD) columns = LONG;
    w->per_image = 1, w->images = 1, w->tile = windows;
    if (windows >= columns) {
        w->per_image = parts(windows, columns);
        w->tile = parts(parts(windows, w->per_image), unit) * unit;
        w->per_image = parts(windows, w->tile);
    } else {
        w->images = least(r->n, columns / windows);
        const int64_t fair = r->n * r->groups / (JOBS_EACH * cg_parallel_threads());
        if (r->kind != CG_CONV_WEIGHT_GRAD) w->images = most(1, least(w->images, fair));
    }
    w->runs = parts(r->n, w->images);
}

static void plan_blocks(conv_work *w) {
    w->channels = least(w->s.c, most(1, BLOCK_ROWS / w->s.taps));
    w->blocks = parts(w->s.c, w->channels);
}

/* The most columns a tile has. */
static int64_t tile_columns(const conv_work *w) { return w->images > 1 ? w->images * w->tile : w->tile; }

/* Memory: n is the most columns of a product, m its rows. */
static cg_status plan_desks(cg_hw *hw, conv_work *w, int64_t rows, int64_t m, int64_t n) {
    const int64_t columns = tile_columns(w);
    w->product_at = line(rows * columns * w->s.size);
    w->y_at = w->product_at + line(m * n * w->s.size);
    w->pack_at = w->y_at + line(w->s.k * columns * w->s.size);
    w->desk_bytes = w->pack_at + line((int64_t)w->isa->pack_bytes(n));
    const size_t desks = w->desk_bytes * (size_t)cg_parallel_threads();
    w->desk = cg_cpu_workspace(hw, CG_WORKSPACE_CONV, desks + cg_conv_tables_bytes(&w->tables));
    if (!w->desk) return CG_ERROR_MEMORY;
    w->tables.memory = w->desk + desks;
    return CG_OK;
}

/* Tile `number` of a run. */
static cg_conv_tile tile_of(const conv_work *w, int64_t run, int64_t number) {
    cg_conv_tile t = {.image = run * w->images, .first = number * w->tile};
    t.images = least(w->images, w->s.r->n - t.image);
    t.count = least(w->tile, w->s.windows - t.first);
    return t;
}

/* --- Products ----------------------------------------------------------------------------------------------------- */

static unsigned char *weights_of(const conv_work *w, int64_t group, int64_t c0) {
    return (unsigned char *)cg_cpu_data(&w->s.r->w) +
           (group * w->s.k * w->s.rows + c0 * w->s.taps) * w->s.size;
}

/* Where a tile begins in plane `channel` of its first image, of x or of y. */
static unsigned char *at(const cg_operand *o, int64_t channels, int64_t plane, int64_t size,
                         const cg_conv_tile *t, int64_t channel) {
    return (unsigned char *)cg_cpu_data(o) + ((t->image * channels + channel) * plane + t->first) * size;
}

/* y (k, columns) of a tile as an operand; its rows are *row apart. */
static const void *y_of(const conv_work *w, const cg_conv_tile *t, int64_t group, void *desk,
                        ptrdiff_t *row) {
    const cg_conv_sizes *s = &w->s;
    if (t->images == 1) {
        *row = (ptrdiff_t)s->windows;
        return at(&s->r->y, s->r->k, s->windows, s->size, t, group * s->k);
    }
    *row = (ptrdiff_t)cg_conv_tile_columns(t);
    cg_conv_gather_y(s, t, group, desk);
    return desk;
}

/* The columns of a tile: gathered, or where windows are the image, the image. */
static const void *columns_of(const conv_work *w, const cg_conv_tile *t, int64_t group, int64_t c0,
                              int64_t channels, void *desk, ptrdiff_t *row) {
    const cg_conv_sizes *s = &w->s;
    if (w->plain && t->images == 1) {
        *row = (ptrdiff_t)s->elements;
        return at(&s->r->x, s->r->c, s->elements, s->size, t, group * s->c + c0);
    }
    *row = (ptrdiff_t)cg_conv_tile_columns(t);
    cg_conv_gather(s, t, group, c0, channels, desk);
    return desk;
}

/* --- Forward ------------------------------------------------------------------------------------------------------- */

static void forward_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const conv_work *w = ctx;
    unsigned char *desk = w->desk + (size_t)thread * w->desk_bytes;
    for (int64_t job = begin; job < end; job++) {
        const int64_t group = job % w->s.r->groups, number = job / w->s.r->groups;
        const cg_conv_tile t = tile_of(w, number / w->per_image, number % w->per_image);
        cg_gemm_block g = {.m = w->s.k,
                           .n = cg_conv_tile_columns(&t),
                           .k = w->s.rows,
                           .a = weights_of(w, group, 0),
                           .a_row = (ptrdiff_t)w->s.rows,
                           .a_col = 1,
                           .b_col = 1,
                           .c = desk + w->product_at,
                           .c_row = (ptrdiff_t)cg_conv_tile_columns(&t),
                           .pack = desk + w->pack_at};
        g.b = columns_of(w, &t, group, 0, w->s.c, desk, &g.b_row);
        w->isa->block(&g);
        cg_conv_store_y(&w->s, &t, group, g.c);
    }
}

static cg_status forward(cg_hw *hw, conv_work *w) {
    plan_tiles(w, w->s.rows);
    const int64_t columns = tile_columns(w);
    if (plan_desks(hw, w, w->plain && w->images == 1 ? 1 : w->s.rows, w->s.k, columns))
        return CG_ERROR_MEMORY;
    cg_parallel_for(w->runs * w->per_image * w->s.r->groups, 1, forward_body, w);
    return CG_OK;
}

/* --- The gradient to the input: a job is a block of channels of a run, whose tiles it takes in turn ------------------- */

static void input_tile(const conv_work *w, const cg_conv_tile *t, int64_t group, int64_t c0, int64_t channels,
                       unsigned char *desk) {
    const cg_conv_sizes *s = &w->s;
    const bool direct = w->plain && t->images == 1;
    cg_gemm_block g = {.m = channels * s->taps,
                       .n = cg_conv_tile_columns(t),
                       .k = s->k,
                       .a = weights_of(w, group, c0),
                       .a_row = 1,
                       .a_col = (ptrdiff_t)s->rows,
                       .b_col = 1,
                       .c = desk,
                       .c_row = (ptrdiff_t)cg_conv_tile_columns(t),
                       .pack = desk + w->pack_at};
    g.b = y_of(w, t, group, desk + w->y_at, &g.b_row);
    if (direct) {
        g.c = at(&s->r->x, s->r->c, s->elements, s->size, t, group * s->c + c0);
        g.c_row = (ptrdiff_t)s->elements;
    }
    w->isa->block(&g);
    if (!direct) cg_conv_add_back(s, t, group, c0, channels, g.c);
}

static void input_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const conv_work *w = ctx;
    const cg_conv_sizes *s = &w->s;
    for (int64_t job = begin; job < end; job++) {
        const int64_t c0 = job % w->blocks * w->channels, group = job / w->blocks % s->r->groups;
        const int64_t run = job / w->blocks / s->r->groups, channels = least(w->channels, s->c - c0);
        for (int64_t number = 0; number < w->per_image; number++) {
            const cg_conv_tile t = tile_of(w, run, number);
            for (int64_t i = 0; number == 0 && i < t.images; i++) {
                const cg_conv_tile whole = {.image = t.image + i};
                memset(at(&s->r->x, s->r->c, s->elements, s->size, &whole, group * s->c + c0), 0,
                       (size_t)(channels * s->elements * s->size));
            }
            input_tile(w, &t, group, c0, channels, w->desk + (size_t)thread * w->desk_bytes);
        }
    }
}

static cg_status input_grad(cg_hw *hw, conv_work *w) {
    plan_blocks(w);
    plan_tiles(w, w->channels * w->s.taps);
    const int64_t columns = tile_columns(w);
    if (plan_desks(hw, w, w->channels * w->s.taps, 0, columns)) return CG_ERROR_MEMORY;
    cg_parallel_for(w->runs * w->s.r->groups * w->blocks, 1, input_body, w);
    return CG_OK;
}

/* --- The gradient to the weights: a job is a block of tiles, for a block of channels ---------------------------------- */

/* Adds a tile to `to`, whose rows are `rows` apart; the first is written. */
static void weight_tile(const conv_work *w, const cg_conv_tile *t, int64_t group, int64_t c0,
                        int64_t channels, unsigned char *desk, unsigned char *to, bool first) {
    const cg_conv_sizes *s = &w->s;
    const int64_t n = channels * s->taps;
    cg_gemm_block g = {.m = s->k,
                       .n = n,
                       .k = cg_conv_tile_columns(t),
                       .a_col = 1,
                       .b_row = 1,
                       .c = first ? to : desk + w->product_at,
                       .c_row = (ptrdiff_t)(first ? s->rows : n),
                       .pack = desk + w->pack_at};
    g.a = y_of(w, t, group, desk + w->y_at, &g.a_row);
    g.b = columns_of(w, t, group, c0, channels, desk, &g.b_col);
    const bool dots = g.m <= w->isa->dots_rows && g.k >= (g.m <= 16 ? 64 : 256);
    (dots ? w->isa->dots : w->isa->block)(&g);
    for (int64_t k = 0; !first && k < s->k; k++)
        cg_conv_add(s, to + k * s->rows * s->size, (unsigned char *)g.c + k * n * s->size, n);
}

static void weight_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const conv_work *w = ctx;
    const cg_conv_sizes *s = &w->s;
    for (int64_t job = begin; job < end; job++) {
        const int64_t c0 = job % w->blocks * w->channels, group = job / w->blocks % s->r->groups;
        const int64_t table = job / w->blocks / s->r->groups, from = table * w->tables.each;
        const int64_t to = least(from + w->tables.each, w->runs * w->per_image);
        unsigned char *sums =
            cg_conv_table(&w->tables, table) + (group * s->k * s->rows + c0 * s->taps) * s->size;
        for (int64_t number = from; number < to; number++) {
            const cg_conv_tile t = tile_of(w, number / w->per_image, number % w->per_image);
            weight_tile(w, &t, group, c0, least(w->channels, s->c - c0),
                        w->desk + (size_t)thread * w->desk_bytes, sums, number == from);
        }
    }
}

static cg_status weight_grad(cg_hw *hw, conv_work *w) {
    plan_blocks(w);
    plan_tiles(w, w->channels * w->s.taps);
    w->tables = cg_conv_tables_plan(&w->s, w->runs * w->per_image, w->s.r->groups * w->blocks);
    const int64_t n = w->channels * w->s.taps;
    if (plan_desks(hw, w, n, w->s.k, n)) return CG_ERROR_MEMORY;
    cg_parallel_for(w->tables.n * w->s.r->groups * w->blocks, 1, weight_body, w);
    cg_conv_tables_sum(&w->tables);
    return CG_OK;
}

/* --- The choice ---------------------------------------------------------------------------------------------------------- */

static bool is_plain(const cg_windows *w) {
    for (int a = 0; a < 2; a++)
        if (w->kernel[a] != 1 || w->stride[a] != 1 || w->padding[a] != 0) return false;
    return true;
}

/* Whether the tiles of conv_outputs.c and conv_weights.c are full: of outputs, or in thin groups of windows. */
static bool suits_tiles(cg_hw *hw, const cg_conv_sizes *s) {
    const cg_conv_request *r = s->r;
    const bool turned = r->kind == CG_CONV_INPUT_GRAD, weights = r->kind == CG_CONV_WEIGHT_GRAD;
    const int64_t outputs = turned ? s->c : s->k, summands = turned ? s->k : s->c;
    if (is_plain(&r->windows) && !weights && summands < SHORT_SUM) return false;
    const int64_t width = turned ? r->windows.in[1] / r->windows.stride[1] : r->windows.out[1];
    const bool few = 2 * outputs <= cg_cpu_of(hw)->isa->conv[r->dtype]->lanes;
    if (few ? weights || !cg_conv_is_thin(s) : width < LEAST_WIDTH) return false;
    if (!(weights ? cg_conv_suits_weights : cg_conv_suits_outputs)(hw, s)) return false;
    return !turned || cg_conv_is_finite(s, cg_cpu_data(&r->w), r->k * s->rows);
}

/* --- The slot ----------------------------------------------------------------------------------------------------------- */

cg_status cg_cpu_conv(cg_hw *hw, const cg_conv_request *r) {
    const cg_windows *windows = &r->windows;
    conv_work w = {.isa = cg_cpu_of(hw)->isa->gemm[CG_INNER_PRODUCT][r->dtype], .plain = is_plain(windows)};
    w.s = (cg_conv_sizes){.r = r,
                          .size = (int64_t)cg_dtype_size(r->dtype),
                          .k = r->k / r->groups,
                          .c = r->c / r->groups,
                          .taps = windows->kernel[0] * windows->kernel[1],
                          .windows = windows->out[0] * windows->out[1],
                          .elements = windows->in[0] * windows->in[1]};
    w.s.rows = w.s.c * w.s.taps;
    hw->stats.launches++;
    const bool weights = r->kind == CG_CONV_WEIGHT_GRAD;
    if (weights && cg_conv_is_thin(&w.s) && cg_conv_thin_weights(&w.s)) return CG_OK;
    if (suits_tiles(hw, &w.s)) return (weights ? cg_conv_run_weights : cg_conv_run_outputs)(hw, &w.s);
    if (cg_conv_suits_shifts(hw, &w.s)) {
        bool done;
        const cg_status status = cg_conv_shifted(hw, &w.s, &done);
        if (status || done) return status;
    }
    switch (r->kind) {
    case CG_CONV_FORWARD:
        return forward(hw, &w);
    case CG_CONV_INPUT_GRAD:
        return input_grad(hw, &w);
    default:
        return weight_grad(hw, &w);
    }
}
