/*
 * The gradient to the weights: for each element the sum over all windows of x and y, of which a vector has several outputs.
 *
 * A job is a block of outputs, of channels, and of tiles of windows, whose sums it adds to a table of its own. The tables
 * are added in their order: which there are depends on the request alone.
 */
#include "host/cpu/conv_tiling.h"

enum {
    TILE_WINDOWS = 256,      /* their y in lanes stays in L1 */
    COPY_BYTES = 512 << 10,  /* of x: they stay in L2 beside the sums */
    BLOCK_OUTPUTS = 64,      /* of a job: as many share the copy of x, */
    BLOCK_ROWS = 576,        /* and rows of the table the y in lanes; the block of the table stays in L2 */
    JOBS = 32,               /* that there should be */
    TABLES_BYTES = 32 << 20, /* for the tables */
    SUM_ROWS = 64            /* of a job of the last sum */
};

typedef struct weights_work {
    const cg_conv_sizes *s;
    const cg_conv_isa *isa;
    const cg_windows_isa *loops;
    cg_conv_tiling tiling;
    bool along;                  /* threes are taps of a row of the kernel, else channels */
    int64_t across, taps;        /* taps of such a row, of a channel, with those that are none */
    int64_t channels, c_blocks;  /* of a job */
    int64_t outputs, k_blocks;   /* of a job */
    int64_t rows, lanes;         /* of a table of one group */
    int64_t each, tables, table; /* tiles of a table, tables, elements of one */
    ptrdiff_t *row_at, *tap_at, *row;
    unsigned char *sums, *desk; /* desk for each thread: a copy of x, y in lanes */
    size_t desk_bytes, y_at;
} weights_work;

/* --- The plan ------------------------------------------------------------------------------------------------------- */

/* Whichever leaves fewer that are none. In a copy for a stride adjacent taps are not at the same distance. */
static void plan_threes(weights_work *w) {
    const cg_conv_sizes *s = w->s;
    const cg_windows *windows = &s->r->windows;
    const int64_t across = windows->kernel[1], whole = parts(across, 3) * 3;
    w->along = windows->stride[1] == 1 && whole * s->c < parts(s->c, 3) * 3 * across;
    w->along = w->along || (windows->stride[1] == 1 && whole == across);
    w->across = w->along ? whole : across;
    w->taps = w->across * windows->kernel[0];
}

static void plan_blocks(weights_work *w) {
    const cg_conv_sizes *s = w->s;
    const int64_t c = most(1, BLOCK_ROWS / w->taps), lanes = w->isa->lanes;
    w->c_blocks = parts(s->c, c);
    w->channels = least(s->c, parts(parts(s->c, w->c_blocks), 3) * 3);
    w->c_blocks = parts(s->c, w->channels);
    w->lanes = parts(s->k, lanes) * lanes;
    w->outputs = most(2 * lanes, BLOCK_OUTPUTS / (2 * lanes) * 2 * lanes);
    w->k_blocks = parts(s->k, w->outputs);
    w->rows = (w->along ? s->c : parts(s->c, 3) * 3) * w->taps;
}

/* As many tables as there should be jobs and may be memory. */
static void plan_tables(weights_work *w) {
    const int64_t groups = w->s->r->groups, tiles = cg_conv_tiles(&w->tiling);
    const int64_t blocks = groups * w->c_blocks * w->k_blocks;
    w->table = groups * w->rows * w->lanes;
    const int64_t n =
        most(1, least(least(parts(JOBS, blocks), tiles), TABLES_BYTES / (w->table * w->s->size)));
    w->each = parts(tiles, n);
    w->tables = parts(tiles, w->each);
}

static int64_t threes(const weights_work *w, int64_t channels) {
    return (w->along ? channels : parts(channels, 3) * 3) * w->taps / 3;
}

/* Threes of a block of channels, its first at place 0. */
static void place_threes(const weights_work *w) {
    const cg_windows *windows = &w->s->r->windows;
    const int64_t taps = w->taps;
    for (int64_t i = 0; i < threes(w, w->channels); i++) {
        const int64_t c = w->along ? i * 3 / taps : i / taps * 3, tap = w->along ? i * 3 % taps : i % taps;
        w->tap_at[i] = cg_conv_place(&w->tiling, c, tap / w->across * windows->dilation[0],
                                     tap % w->across * windows->dilation[1]);
        w->row[i] = (ptrdiff_t)(c * taps + tap);
    }
}

static cg_status plan_memory(cg_hw *hw, weights_work *w) {
    const size_t threads = (size_t)cg_parallel_threads();
    const size_t rows = line(w->tiling.together * w->tiling.height * (int64_t)sizeof(ptrdiff_t));
    const size_t list = line(threes(w, w->channels) * (int64_t)sizeof(ptrdiff_t));
    const size_t sums = line(w->tables * w->table * w->s->size);
    w->y_at = line((int64_t)cg_conv_copy_bytes(&w->tiling));
    w->desk_bytes =
        w->y_at + line(cg_conv_tile_windows(&w->tiling) * least(w->outputs, w->lanes) * w->s->size);
    unsigned char *memory =
        cg_cpu_workspace(hw, CG_WORKSPACE_CONV, rows + 2 * list + sums + threads * w->desk_bytes);
    if (!memory) return CG_ERROR_MEMORY;
    w->row_at = (ptrdiff_t *)(void *)memory;
    w->tap_at = (ptrdiff_t *)(void *)(memory + rows);
    w->row = (ptrdiff_t *)(void *)(memory + rows + list);
    w->sums = memory + rows + 2 * list;
    w->desk = w->sums + sums;
    cg_conv_tiling_rows(&w->tiling, w->row_at);
    place_threes(w);
    for (size_t i = 0; i < threads; i++) cg_conv_copy_clear(&w->tiling, w->desk + i * w->desk_bytes);
    return CG_OK;
}

/* Outputs of a panel, and with the lanes that are none. */
static int64_t panel_outputs(const weights_work *w, int64_t k0) {
    return least(2 * w->isa->lanes, w->s->k - k0);
}
static int64_t panel_lanes(const weights_work *w, int64_t k0) {
    return parts(panel_outputs(w, k0), w->isa->lanes) * w->isa->lanes;
}

/* Row `row` of the panel from output k0 on in table 0. */
static unsigned char *sums_at(const weights_work *w, int64_t group, int64_t k0, int64_t row) {
    return w->sums + ((group * w->lanes + k0) * w->rows + row * panel_lanes(w, k0)) * w->s->size;
}

/* Of a job of the last sum: whole rows of kernels. */
static int64_t sum_rows(const weights_work *w) { return parts(SUM_ROWS, w->across) * w->across; }

/* --- Jobs ----------------------------------------------------------------------------------------------------------- */

/* y of a tile in lanes: its windows of outputs k0 .. of a panel. */
static void y_in_lanes(const weights_work *w, const cg_conv_part *t, int64_t group, int64_t k0,
                       unsigned char *to) {
    const cg_conv_sizes *s = w->s;
    const int64_t lanes = panel_lanes(w, k0), out = s->r->windows.out[1];
    const bool whole = t->columns == out;
    const int64_t lines = whole ? 1 : t->rows, n = whole ? t->rows * out : t->columns;
    for (int64_t u = 0; u < t->images; u++)
        for (int64_t i = 0; i < lines; i++, to += n * lanes * s->size) {
            const int64_t plane = (t->image + u) * s->r->k + group * s->k + k0;
            const unsigned char *y = cg_cpu_data(&s->r->y);
            y += (plane * s->windows + (t->row + i) * out + t->column) * s->size;
            w->isa->to_lanes(to, lanes, y, s->windows, panel_outputs(w, k0), n);
        }
}

typedef struct block {
    int64_t group, k0, outputs, c0, channels, table;
} block;

static void add_tile(const weights_work *w, const block *b, int64_t number, bool first, unsigned char *desk) {
    const cg_conv_part t = cg_conv_tile_at(&w->tiling, number);
    cg_conv_weights o = {.windows = {.at = w->row_at, .rows = t.images * t.rows, .width = t.columns},
                         .tap = w->tap_at,
                         .row = w->row,
                         .threes = threes(w, b->channels),
                         .tap_step = w->along ? w->s->r->windows.dilation[1] : w->tiling.plane,
                         .row_step = w->along ? 1 : w->taps,
                         .y = desk + w->y_at,
                         .add = !first};
    o.windows.x = cg_conv_elements(&w->tiling, w->loops, &t, b->group * w->s->c + b->c0, b->channels, desk);
    for (int64_t k0 = b->k0; k0 < b->k0 + b->outputs; k0 += 2 * w->isa->lanes) {
        y_in_lanes(w, &t, b->group, k0, desk + w->y_at);
        o.vectors = (int)(panel_lanes(w, k0) / w->isa->lanes);
        o.to = sums_at(w, b->group, k0, b->c0 * w->taps) + b->table * w->table * w->s->size;
        w->isa->weights(&o);
    }
}

static void weights_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const weights_work *w = ctx;
    const cg_conv_sizes *s = w->s;
    for (int64_t job = begin; job < end; job++) {
        const int64_t per_table = s->r->groups * w->c_blocks * w->k_blocks, number = job % per_table;
        block b = {.group = number / (w->c_blocks * w->k_blocks),
                   .k0 = number / w->c_blocks % w->k_blocks * w->outputs,
                   .c0 = number % w->c_blocks * w->channels,
                   .table = job / per_table};
        b.outputs = least(w->outputs, s->k - b.k0), b.channels = least(w->channels, s->c - b.c0);
        const int64_t from = b.table * w->each, to = least(from + w->each, cg_conv_tiles(&w->tiling));
        for (int64_t i = from; i < to; i++)
            add_tile(w, &b, i, i == from, w->desk + (size_t)thread * w->desk_bytes);
    }
}

/* Rows row .. row + rows of the weights of `k` outputs; those of the sums that are no taps are left out. */
static void store(const weights_work *w, unsigned char *to, int64_t k, int64_t row, int64_t rows,
                  const unsigned char *sums, int64_t lanes) {
    const cg_conv_sizes *s = w->s;
    const int64_t across = s->r->windows.kernel[1], step = w->across == across ? rows : w->across;
    const int64_t n = w->across == across ? rows : across;
    to += row / w->across * across * s->size;
    for (int64_t i = 0; i < rows; i += step, to += n * s->size, sums += step * lanes * s->size)
        w->isa->from_lanes(to, s->rows, k, n, sums, lanes, NULL);
}

/* Some rows of a panel: the sum of all tables, into the first, and from there to the result. */
static void sum_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const weights_work *w = ctx;
    const cg_conv_sizes *s = w->s;
    const int64_t all = s->c * w->taps, piece = sum_rows(w);
    const int64_t pieces = parts(all, piece), panels = parts(s->k, 2 * w->isa->lanes);
    (void)thread;
    for (int64_t job = begin; job < end; job++) {
        const int64_t row = job % pieces * piece, rows = least(piece, all - row);
        const int64_t k0 = job / pieces % panels * 2 * w->isa->lanes, group = job / pieces / panels;
        const int64_t lanes = panel_lanes(w, k0);
        unsigned char *sums = sums_at(w, group, k0, row);
        if (w->tables > 1) w->isa->add_tables(sums, sums, rows * lanes, w->table, w->tables);
        unsigned char *to = cg_cpu_data(&s->r->w);
        store(w, to + (group * s->k + k0) * s->rows * s->size, panel_outputs(w, k0), row, rows, sums, lanes);
    }
}

static weights_work work_of(cg_hw *hw, const cg_conv_sizes *s) {
    const cg_conv_request *r = s->r;
    const cg_isa *isa = cg_cpu_of(hw)->isa;
    weights_work w = {.s = s, .isa = isa->conv[r->dtype], .loops = isa->windows[r->dtype]};
    plan_threes(&w);
    plan_blocks(&w);
    w.tiling =
        (cg_conv_tiling){.images = &r->x, .n = r->n, .channels = r->c, .of_job = w.channels, .size = s->size};
    for (int a = 0; a < 2; a++) w.tiling.axis[a] = cg_conv_axis_of(&r->windows, a);
    cg_conv_tiling_plan(&w.tiling,
                        &(cg_conv_tile_limits){.windows = TILE_WINDOWS,
                                               .images = r->n,
                                               .widest = w.isa->widest,
                                               .bytes = COPY_BYTES,
                                               .spare = w.along ? w.taps != s->taps : s->c % 3 != 0});
    plan_tables(&w);
    return w;
}

bool cg_conv_suits_weights(cg_hw *hw, const cg_conv_sizes *s) {
    const weights_work w = work_of(hw, s);
    return cg_conv_tiles_pay(&w.tiling, CG_CONV_WEIGHT_GRAD, s->taps);
}

cg_status cg_conv_run_weights(cg_hw *hw, const cg_conv_sizes *s) {
    weights_work w = work_of(hw, s);
    const int64_t groups = s->r->groups;
    if (plan_memory(hw, &w)) return CG_ERROR_MEMORY;
    cg_parallel_for(w.tables * groups * w.c_blocks * w.k_blocks, 1, weights_body, &w);
    cg_parallel_for(groups * parts(s->k, 2 * w.isa->lanes) * parts(s->c * w.taps, sum_rows(&w)), 1, sum_body,
                    &w);
    return CG_OK;
}
