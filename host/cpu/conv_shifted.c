/*
 * Convolutions of stride 1 without columns. In an image with its padding, rows `width` apart, the elements that windows
 * have at one tap are the image from another place on. So the columns of
 *
 *     forward      y (k, n) = w (k, rows) x (rows, n)            rows = c taps
 *     weight grad  w (k, rows) += y (k, n) x^T (n, rows)
 *
 * are read where they lie: row (c, tap) begins at `at` of it. Windows that do not exist, for the last places of a row and
 * between images, are computed and left (y), or met by zeros (y of the weights' gradient). The gradient to the input is
 * forward with the kernels turned around. A tile is a band of rows of an image, or several small images.
 */
#include <string.h>

#include "host/cpu/conv_cpu.h"

enum {
    TILE_BYTES = 384 << 10, /* of a tile of x and of y: they stay in L2 */
    TILE_MOST = 1024,       /* places of a tile */
    MOST_BYTES = 1 << 20,   /* of the smallest tile there can be */
    MOST_PLACES = 16384,    /* of that tile */
    PLACE_COST = 64,        /* making a column of the windows costs as much as so many rows of the product */
    BLOCK_ROWS = 256,       /* of x that a job of the weights' gradient takes */
    MOST_OUTPUTS =
        64, /* of a weights' gradient: its rows of x share no packing, columns do (64: even; 256: twice as fast) */
    JOBS_EACH = 4 /* jobs for each thread, so that they finish together */
};

typedef struct shifted {
    cg_conv_sizes s;
    const cg_gemm_isa *gemm;
    const cg_windows_isa *loops;
    int64_t width, reach; /* of a padded row; rows that a window has below its first */
    int64_t height, bands, images,
        runs;      /* rows of windows of a tile, tiles of an image, or images of a tile; tiles of images */
    int64_t plane; /* places of a channel of a tile, or of x where it needs no copy */
    bool direct;   /* x needs no copy */
    int64_t channels, blocks; /* weights' gradient: channels of a job, such blocks of a group */
    cg_conv_tables tables;
    ptrdiff_t *at;
    unsigned char *desk; /* for each thread: x, the product or y, what the product needs */
    size_t desk_bytes, y_at, pack_at;
} shifted;

/* Rows row .. row + rows of windows of `images` images. */
typedef struct tile {
    int64_t image, images, row, rows;
} tile;

/* --- The plan ---------------------------------------------------------------------------------------------------- */

static void plan_tiles(shifted *w) {
    const cg_conv_request *r = w->s.r;
    const cg_windows *windows = &r->windows;
    const int64_t row = w->width * w->s.size * (w->s.c + w->s.k), image = windows->out[0] + w->reach;
    const bool padded = windows->padding[0] > 0 || windows->padding[1] > 0;
    int64_t height = most(1, TILE_BYTES / row - w->reach);
    height = most(1, least(height, TILE_MOST / w->width));
    w->bands = parts(windows->out[0], height);
    w->height = parts(windows->out[0], w->bands);
    w->images = 1;
    if (w->bands == 1 && (padded || r->kind == CG_CONV_WEIGHT_GRAD)) {
        w->images = least(TILE_MOST / (image * w->width), TILE_BYTES / (image * row));
        const int64_t fair = r->n * r->groups / (JOBS_EACH * cg_parallel_threads());
        if (r->kind != CG_CONV_WEIGHT_GRAD) w->images = least(w->images, fair);
        w->images = most(1, least(w->images, r->n));
    }
    w->runs = parts(r->n, w->images);
    w->direct = !padded && w->images == 1;
    w->plane = w->direct ? w->s.elements : w->images * (w->height + w->reach) * w->width;
}

/* Places of the windows of a tile, from the first to the last. */
static int64_t places(const shifted *w, const tile *t) {
    return ((t->images - 1) * (t->rows + w->reach) + t->rows - 1) * w->width + w->s.r->windows.out[1];
}

static shifted sizes_of(cg_hw *hw, const cg_conv_sizes *s) {
    const cg_windows *windows = &s->r->windows;
    const cg_isa *isa = cg_cpu_of(hw)->isa;
    shifted w = {
        .s = *s, .gemm = isa->gemm[CG_INNER_PRODUCT][s->r->dtype], .loops = isa->windows[s->r->dtype]};
    w.width = windows->in[1] + 2 * windows->padding[1];
    w.reach = (windows->kernel[0] - 1) * windows->dilation[0];
    plan_tiles(&w);
    return w;
}

/* Rows of the padded image that a product reads, its own and those of y; room for no rounding. */
static cg_status plan_memory(cg_hw *hw, shifted *w, size_t more, unsigned char **rest) {
    const cg_windows *windows = &w->s.r->windows;
    const int64_t n = w->images * (w->height + w->reach) * w->width;
    const size_t threads = (size_t)cg_parallel_threads();
    w->y_at = w->direct ? 0 : line(w->s.c * w->plane * w->s.size);
    w->pack_at = w->y_at + line(w->s.k * n * w->s.size);
    w->desk_bytes = w->pack_at + line((int64_t)w->gemm->pack_bytes(n));
    const size_t table = line(w->s.rows * (int64_t)sizeof *w->at);
    unsigned char *memory = cg_cpu_workspace(hw, CG_WORKSPACE_CONV, table + threads * w->desk_bytes + more);
    if (!memory) return CG_ERROR_MEMORY;
    w->at = (ptrdiff_t *)(void *)memory;
    w->desk = memory + table;
    *rest = w->desk + threads * w->desk_bytes;
    for (int64_t i = 0; i < w->s.rows; i++) {
        const int64_t tap = i % w->s.taps, p = tap / windows->kernel[1], q = tap % windows->kernel[1];
        w->at[i] = (ptrdiff_t)(i / w->s.taps * w->plane + p * windows->dilation[0] * w->width +
                               q * windows->dilation[1]);
    }
    return CG_OK;
}

static tile tile_of(const shifted *w, int64_t number) {
    tile t = {.image = number / w->bands * w->images, .row = number % w->bands * w->height};
    t.images = least(w->images, w->s.r->n - t.image);
    t.rows = least(w->height, w->s.r->windows.out[0] - t.row);
    return t;
}

/* --- Tiles -------------------------------------------------------------------------------------------------------- */

static unsigned char *plane_at(const cg_operand *o, int64_t channels, int64_t elements, int64_t size,
                               int64_t image, int64_t channel) {
    return (unsigned char *)cg_cpu_data(o) + (image * channels + channel) * elements * size;
}

/* Rows of an image with its padding. */
static void pad_image(const shifted *w, const tile *t, const unsigned char *image, unsigned char *to) {
    const cg_windows *windows = &w->s.r->windows;
    const int64_t row = w->width * w->s.size, band = t->rows + w->reach;
    const int64_t first = t->row - windows->padding[0];
    const int64_t above = least(band, most(0, -first)), end = least(band, windows->in[0] - first);
    const cg_window_rows rows = {end - above, windows->in[1], w->width, windows->in[1]};
    memset(to, 0, (size_t)(above * row));
    if (end > above)
        w->loops->pad(to + above * row, image + (first + above) * windows->in[1] * w->s.size, &rows,
                      windows->padding[1], windows->padding[1], 1);
    const int64_t below = most(end, above);
    memset(to + below * row, 0, (size_t)((band - below) * row));
}

/* x of a tile, its channels w->plane apart. */
static const unsigned char *x_of(const shifted *w, const tile *t, int64_t group, int64_t c0, int64_t channels,
                                 unsigned char *desk) {
    const cg_conv_sizes *s = &w->s;
    const int64_t first = group * s->c + c0, pitch = (t->rows + w->reach) * w->width;
    if (w->direct)
        return plane_at(&s->r->x, s->r->c, s->elements, s->size, t->image, first) +
               t->row * w->width * s->size;
    for (int64_t c = 0; c < channels; c++)
        for (int64_t i = 0; i < t->images; i++)
            pad_image(w, t, plane_at(&s->r->x, s->r->c, s->elements, s->size, t->image + i, first + c),
                      desk + (c * w->plane + i * pitch) * s->size);
    return desk;
}

/* y of a tile in the places of its windows, zeros in the others; its rows are `row` apart. */
static void y_of(const shifted *w, const tile *t, int64_t group, int64_t row, unsigned char *to) {
    const cg_conv_sizes *s = &w->s;
    const int64_t out = s->r->windows.out[1], pitch = (t->rows + w->reach) * w->width;
    const cg_window_rows rows = {t->rows, out, w->width, out};
    for (int64_t k = 0; k < s->k; k++)
        for (int64_t i = 0; i < t->images; i++) {
            const unsigned char *from =
                plane_at(&s->r->y, s->r->k, s->windows, s->size, t->image + i, group * s->k + k);
            unsigned char *place = to + (k * row + i * pitch) * s->size;
            w->loops->pad(place, from + t->row * out * s->size, &rows, 0, w->width - out, 1);
            memset(place + t->rows * w->width * s->size, 0, (size_t)(w->reach * w->width * s->size));
        }
}

/* y = product + bias. */
static void store_y(const shifted *w, const tile *t, int64_t group, const unsigned char *product,
                    int64_t row) {
    const cg_conv_sizes *s = &w->s;
    const int64_t out = s->r->windows.out[1], pitch = (t->rows + w->reach) * w->width;
    const cg_window_rows rows = {t->rows, out, out, w->width};
    const void *bias = s->r->bias.buffer ? cg_cpu_data(&s->r->bias) : NULL;
    for (int64_t k = 0; k < s->k; k++) {
        const int64_t channel = group * s->k + k;
        double value = 0;
        if (bias)
            value = s->size == 4 ? (double)((const float *)bias)[channel] : ((const double *)bias)[channel];
        for (int64_t i = 0; i < t->images; i++) {
            unsigned char *y = plane_at(&s->r->y, s->r->k, s->windows, s->size, t->image + i, channel);
            const unsigned char *from = product + (k * row + i * pitch) * s->size;
            if (bias)
                w->loops->add_value(y + t->row * out * s->size, from, &rows, value);
            else
                w->loops->pad(y + t->row * out * s->size, from, &rows, 0, 0, 1);
        }
    }
}

/* --- Forward ------------------------------------------------------------------------------------------------------- */

static void forward_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const shifted *w = ctx;
    const cg_conv_sizes *s = &w->s;
    unsigned char *desk = w->desk + (size_t)thread * w->desk_bytes;
    for (int64_t job = begin; job < end; job++) {
        const int64_t group = job % s->r->groups;
        const tile t = tile_of(w, job / s->r->groups);
        const int64_t n = places(w, &t);
        w->gemm->block(
            &(cg_gemm_block){.m = s->k,
                             .n = n,
                             .k = s->rows,
                             .a = (unsigned char *)cg_cpu_data(&s->r->w) + group * s->k * s->rows * s->size,
                             .a_row = (ptrdiff_t)s->rows,
                             .a_col = 1,
                             .b = x_of(w, &t, group, 0, s->c, desk),
                             .b_col = 1,
                             .b_at = w->at,
                             .c = desk + w->y_at,
                             .c_row = (ptrdiff_t)n,
                             .pack = desk + w->pack_at});
        store_y(w, &t, group, desk + w->y_at, n);
    }
}

static void run_forward(shifted *w) {
    cg_parallel_for(w->runs * w->bands * w->s.r->groups, 1, forward_body, w);
}

static cg_status forward(cg_hw *hw, const cg_conv_sizes *s) {
    shifted w = sizes_of(hw, s);
    unsigned char *rest;
    if (plan_memory(hw, &w, 0, &rest)) return CG_ERROR_MEMORY;
    run_forward(&w);
    return CG_OK;
}

/* --- The gradient to the input ------------------------------------------------------------------------------------- */

/* The request whose result y is the gradient: windows of the padded y of the other. */
static cg_conv_request turned(const cg_conv_request *r) {
    cg_conv_request t = *r;
    t.kind = CG_CONV_FORWARD;
    t.c = r->k, t.k = r->c;
    t.x = r->y, t.y = r->x;
    t.bias = (cg_operand){0};
    for (int a = 0; a < 2; a++) {
        t.windows.in[a] = r->windows.out[a], t.windows.out[a] = r->windows.in[a];
        t.windows.padding[a] = (r->windows.kernel[a] - 1) * r->windows.dilation[a] - r->windows.padding[a];
    }
    return t;
}

/* to (groups, c, k, taps), taps from the last on, of w (groups, k, c, taps). */
static void turn_weights(const cg_conv_sizes *s, void *to) {
    const void *w = cg_cpu_data(&s->r->w);
    int64_t next = 0;
    for (int64_t row = 0; row < s->r->groups * s->c; row++)
        for (int64_t k = 0; k < s->k; k++)
            for (int64_t tap = s->taps - 1; tap >= 0; tap--, next++) {
                const int64_t from = ((row / s->c * s->k + k) * s->c + row % s->c) * s->taps + tap;
                if (s->size == 4)
                    ((float *)to)[next] = ((const float *)w)[from];
                else
                    ((double *)to)[next] = ((const double *)w)[from];
            }
}

/* The sizes of a turned request. */
static cg_conv_sizes turned_sizes(const cg_conv_sizes *s, const cg_conv_request *t) {
    cg_conv_sizes sizes = *s;
    sizes.r = t;
    sizes.c = s->k, sizes.k = s->c, sizes.rows = s->k * s->taps;
    sizes.windows = s->elements, sizes.elements = s->windows;
    return sizes;
}

static cg_status input_grad(cg_hw *hw, const cg_conv_sizes *s) {
    cg_conv_request t = turned(s->r);
    const cg_conv_sizes sizes = turned_sizes(s, &t);
    shifted w = sizes_of(hw, &sizes);
    unsigned char *weights;
    const size_t bytes = (size_t)(s->r->k * s->rows * s->size);
    if (plan_memory(hw, &w, bytes, &weights)) return CG_ERROR_MEMORY;
    turn_weights(s, weights);
    cg_buffer buffer = {.data = weights};
    t.w = (cg_operand){.buffer = &buffer, .dtype = t.dtype};
    run_forward(&w);
    return CG_OK;
}

/* --- The gradient to the weights: a job is a block of tiles, for a block of channels ------------------------------- */

static void weight_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const shifted *w = ctx;
    const cg_conv_sizes *s = &w->s;
    unsigned char *desk = w->desk + (size_t)thread * w->desk_bytes;
    const int64_t row = w->images * (w->height + w->reach) * w->width;
    for (int64_t job = begin; job < end; job++) {
        const int64_t c0 = job % w->blocks * w->channels, group = job / w->blocks % s->r->groups;
        const int64_t table = job / w->blocks / s->r->groups, from = table * w->tables.each;
        const int64_t to = least(from + w->tables.each, w->runs * w->bands);
        const int64_t channels = least(w->channels, s->c - c0);
        if (channels <= 0) continue;
        for (int64_t number = from; number < to; number++) {
            const tile t = tile_of(w, number);
            y_of(w, &t, group, row, desk + w->y_at);
            w->gemm->dots(&(cg_gemm_block){.m = s->k,
                                           .n = channels * s->taps,
                                           .k = places(w, &t),
                                           .a = desk + w->y_at,
                                           .a_row = (ptrdiff_t)row,
                                           .a_col = 1,
                                           .b = x_of(w, &t, group, c0, channels, desk),
                                           .b_row = 1,
                                           .b_at = w->at,
                                           .c = cg_conv_table(&w->tables, table) +
                                                (group * s->k * s->rows + c0 * s->taps) * s->size,
                                           .c_row = (ptrdiff_t)s->rows,
                                           .add = number > from});
        }
    }
}

static void plan_blocks(shifted *w) {
    w->blocks = parts(w->s.c, least(w->s.c, most(1, BLOCK_ROWS / w->s.taps)));
    w->channels = parts(w->s.c, w->blocks);
    w->tables = cg_conv_tables_plan(&w->s, w->runs * w->bands, w->s.r->groups * w->blocks);
}

static cg_status weight_grad(cg_hw *hw, const cg_conv_sizes *s) {
    shifted w = sizes_of(hw, s);
    plan_blocks(&w);
    if (plan_memory(hw, &w, cg_conv_tables_bytes(&w.tables), &w.tables.memory)) return CG_ERROR_MEMORY;
    cg_parallel_for(w.tables.n * s->r->groups * w.blocks, 1, weight_body, &w);
    cg_conv_tables_sum(&w.tables);
    return CG_OK;
}

/* --- The choice ---------------------------------------------------------------------------------------------------- */

/* Whether the places that are copied and computed in vain cost less than columns would. */
static bool pays(cg_hw *hw, const cg_conv_sizes *s) {
    const shifted w = sizes_of(hw, s);
    const int64_t rows = w.images > 1 ? w.height + w.reach : w.height;
    const int64_t places = (w.height + w.reach) * w.width;
    const double waste = (double)(rows * w.width) / (double)(w.height * s->r->windows.out[1]) - 1;
    return cg_conv_copies_little(s->r->kind, places, w.height * s->r->windows.out[1], s->taps, 1) &&
           waste * (double)s->k <= PLACE_COST && places <= MOST_PLACES &&
           places * (s->c + s->k) * s->size <= MOST_BYTES;
}

bool cg_conv_suits_shifts(cg_hw *hw, const cg_conv_sizes *s) {
    const cg_windows *windows = &s->r->windows;
    for (int a = 0; a < 2; a++) {
        const int64_t reach = (windows->kernel[a] - 1) * windows->dilation[a];
        if (windows->stride[a] != 1 || windows->padding[a] > reach) return false;
    }
    if (s->taps == 1 || s->windows == 0) return false;
    if (s->r->kind == CG_CONV_WEIGHT_GRAD && s->k > MOST_OUTPUTS) return false;
    if (s->r->kind != CG_CONV_INPUT_GRAD) return pays(hw, s);
    const cg_conv_request t = turned(s->r);
    const cg_conv_sizes sizes = turned_sizes(s, &t);
    return pays(hw, &sizes);
}

/*
 * In the gradients windows that do not exist are zeros which meet elements of the other operand, and 0 times what is not
 * finite is NaN: in the input's what a zero of y's padding meets are the weights, in the weights' x, which can be large;
 * but a NaN from there is in the result.
 */
cg_status cg_conv_shifted(cg_hw *hw, const cg_conv_sizes *s, bool *done) {
    const cg_conv_kind kind = s->r->kind;
    const int64_t weights = s->r->k * s->rows;
    cg_status status = CG_OK;
    *done = kind != CG_CONV_INPUT_GRAD || cg_conv_is_finite(s, cg_cpu_data(&s->r->w), weights);
    if (!*done) return CG_OK;
    if (kind == CG_CONV_FORWARD)
        status = forward(hw, s);
    else if (kind == CG_CONV_INPUT_GRAD)
        status = input_grad(hw, s);
    else
        status = weight_grad(hw, s);
    if (status == CG_OK && kind == CG_CONV_WEIGHT_GRAD)
        *done = cg_conv_is_finite(s, cg_cpu_data(&s->r->w), weights);
    return status;
}
