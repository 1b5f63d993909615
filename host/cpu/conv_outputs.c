/*
 * Convolutions, of which a vector has several outputs of one window, or where they are few several windows of one output;
 * and their gradients to the input. Those are convolutions of y: for each residue of x to the stride one of stride 1, with
 * the taps that reach it.
 *
 * The weights are packed once, in panels of adjacent outputs. A job is a tile of windows and as many panels as stay in the
 * cache; every element is the same sum wherever it is cut.
 */
#include <string.h>

#include "host/cpu/conv_tiling.h"

enum {
    TILE_WINDOWS = 448,       /* larger tiles copy fewer rows twice */
    COPY_BYTES = 512 << 10,   /* of images: they stay in L2 beside the weights; */
    LINES_BYTES = 32 << 10,   /* in L1 where outputs are few */
    LINES_WINDOWS = 4096,     /* of a tile of those */
    WEIGHT_BYTES = 768 << 10, /* of the panels of a job: they stay in L2 beside the images */
    JOBS_EACH = 4             /* jobs for each thread, so that they finish together */
};

typedef struct outputs_work {
    const cg_conv_sizes *s;
    const cg_conv_isa *isa;
    const cg_windows_isa *loops;
    bool turned;             /* the gradient: from y to x */
    bool lines;              /* a vector has windows, not outputs */
    int64_t outputs, inputs; /* of a group */
    /* the windows, and where they are in the result: from `begin` on, `step` apart */
    cg_conv_tiling tiling;
    const cg_operand *result;
    int64_t channels, size[2], residues[2], begin[2], step[2];
    int64_t count[2];                      /* taps of a window along each axis */
    int64_t panel, panels, of_job, blocks; /* outputs of a panel; panels, of a job; such blocks */
    ptrdiff_t *row_at, *tap_at;
    unsigned char *weights, *desk; /* desk for each thread: a copy of images, sums, some outputs of a row */
    size_t desk_bytes, sums_at, line_at;
} outputs_work;

/* Summands of an output. */
static int64_t summands(const outputs_work *w) { return w->inputs * w->count[0] * w->count[1]; }

/* Outputs of a panel, and with the lanes that are none. */
static int64_t with_lanes(const outputs_work *w, int64_t outputs) {
    return w->lines ? outputs : parts(outputs, w->isa->lanes) * w->isa->lanes;
}
static int64_t outputs_of(const outputs_work *w, int64_t panel) {
    return least(w->panel, w->outputs - panel * w->panel);
}
static int64_t lanes_of(const outputs_work *w, int64_t panel) { return with_lanes(w, outputs_of(w, panel)); }

/* --- The taps of the windows ---------------------------------------------------------------------------------------- */

/*
 * How far from the begin of window 0 tap i of the kernel is. A gradient is one for the elements begin + window step of x,
 * which window + offset of y reaches by the taps for which that is a whole number.
 */
static bool has_tap(const outputs_work *w, int a, int64_t i, int64_t *offset) {
    const cg_windows *windows = &w->s->r->windows;
    const int64_t places = w->turned ? w->begin[a] + windows->padding[a] - i * windows->dilation[a]
                                     : i * windows->dilation[a] - windows->padding[a];
    *offset = places / w->step[a];
    return places % w->step[a] == 0;
}

static void plan_axis(outputs_work *w, int a, int64_t begin) {
    const cg_windows *windows = &w->s->r->windows;
    cg_conv_axis *axis = &w->tiling.axis[a];
    w->begin[a] = begin, w->step[a] = w->turned ? windows->stride[a] : 1, w->count[a] = 0;
    int64_t low = 0, high = 0, offset;
    for (int64_t i = 0; i < windows->kernel[a]; i++) {
        if (!has_tap(w, a, i, &offset)) continue;
        low = w->count[a] == 0 ? offset : least(low, offset);
        high = w->count[a] == 0 ? offset : most(high, offset);
        w->count[a]++;
    }
    *axis = (cg_conv_axis){.in = w->turned ? windows->out[a] : windows->in[a],
                           .out = parts(w->size[a] - begin, w->step[a]),
                           .stride = w->turned ? 1 : windows->stride[a],
                           .first = low,
                           .reach = high - low};
}

static void place_taps(const outputs_work *w) {
    const cg_conv_sizes *s = w->s;
    ptrdiff_t *at = w->tap_at;
    for (int64_t c = 0; c < w->inputs; c++)
        for (int64_t tap = 0; tap < s->taps; tap++) {
            int64_t i, j;
            const bool down = has_tap(w, 0, tap / s->r->windows.kernel[1], &i),
                       across = has_tap(w, 1, tap % s->r->windows.kernel[1], &j);
            if (down && across)
                *at++ =
                    cg_conv_place(&w->tiling, c, i - w->tiling.axis[0].first, j - w->tiling.axis[1].first);
        }
}

/* --- Weights -------------------------------------------------------------------------------------------------------- */

static unsigned char *panel_at(const outputs_work *w, int64_t group, int64_t panel) {
    return w->weights + (group * with_lanes(w, w->outputs) + panel * w->panel) * summands(w) * w->s->size;
}

static const unsigned char *weights_of(const outputs_work *w, int64_t group, int64_t k, int64_t c) {
    const cg_conv_sizes *s = w->s;
    return (const unsigned char *)cg_cpu_data(&s->r->w) +
           ((group * s->k + k) * s->rows + c * s->taps) * s->size;
}

/* to (n, outputs), of from (outputs, n), each `from_step` apart. */
#define INTERLEAVE(T)                                                                                        \
    static void interleave_##T(T *to, const T *from, int64_t from_step, int64_t outputs, int64_t n) {        \
        for (int64_t i = 0; i < n; i++)                                                                      \
            for (int64_t k = 0; k < outputs; k++) *to++ = from[k * from_step + i];                           \
    }
INTERLEAVE(uint32_t)
INTERLEAVE(uint64_t)

/* n weights of each output of a panel, side by side. */
static void interleave(const outputs_work *w, void *to, int64_t panel, const void *from, int64_t from_step,
                       int64_t n) {
    if (!w->lines)
        w->isa->to_lanes(to, lanes_of(w, panel), from, from_step, outputs_of(w, panel), n);
    else if (w->s->size == 4)
        interleave_uint32_t(to, from, from_step, outputs_of(w, panel), n);
    else
        interleave_uint64_t(to, from, from_step, outputs_of(w, panel), n);
}

/* Those of one input of a gradient: all taps, of which the residue takes some. */
static void pack_turned(const outputs_work *w, int64_t group, int64_t panel, int64_t input, unsigned char *to,
                        unsigned char *all) {
    const cg_conv_sizes *s = w->s;
    const int64_t lanes = lanes_of(w, panel);
    const size_t bytes = (size_t)(lanes * s->size);
    interleave(w, all, panel, weights_of(w, group, input, panel * w->panel), s->taps, s->taps);
    for (int64_t tap = 0; tap < s->taps; tap++) {
        int64_t i, j;
        const bool down = has_tap(w, 0, tap / s->r->windows.kernel[1], &i),
                   across = has_tap(w, 1, tap % s->r->windows.kernel[1], &j);
        if (!down || !across) continue;
        memcpy(to, all + (size_t)tap * bytes, bytes);
        to += bytes;
    }
}

static void pack_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const outputs_work *w = ctx;
    const cg_conv_sizes *s = w->s;
    unsigned char *desk = w->desk + (size_t)thread * w->desk_bytes;
    for (int64_t job = begin; job < end; job++) {
        const int64_t group = job / w->panels, panel = job % w->panels;
        unsigned char *to = panel_at(w, group, panel);
        if (!w->turned) {
            interleave(w, to, panel, weights_of(w, group, panel * w->panel, 0), s->rows, s->rows);
            continue;
        }
        const int64_t bytes = w->count[0] * w->count[1] * lanes_of(w, panel) * s->size;
        for (int64_t input = 0; input < w->inputs; input++)
            pack_turned(w, group, panel, input, to + input * bytes, desk);
    }
}

/* --- Results -------------------------------------------------------------------------------------------------------- */

static unsigned char *result_at(const outputs_work *w, int64_t image, int64_t channel, int64_t i, int64_t j) {
    const int64_t row = w->begin[0] + i * w->step[0], column = w->begin[1] + j * w->step[1];
    const int64_t plane = image * w->channels + channel;
    return (unsigned char *)cg_cpu_data(w->result) +
           ((plane * w->size[0] + row) * w->size[1] + column) * w->s->size;
}

#define SCATTER(T)                                                                                           \
    static void scatter_##T(T *to, int64_t to_row, int64_t step, const T *from, int64_t from_row,            \
                            int64_t rows, int64_t n) {                                                       \
        for (int64_t i = 0; i < rows; i++, to += to_row, from += from_row)                                   \
            for (int64_t j = 0; j < n; j++) to[j * step] = from[j];                                          \
    }
SCATTER(uint32_t)
SCATTER(uint64_t)

/* n adjacent windows of the outputs of a panel, `row` apart, to places `step` apart. */
static void scatter(const outputs_work *w, int64_t panel, void *to, int64_t n, const void *desk,
                    int64_t row) {
    const int64_t plane = w->size[0] * w->size[1], k = outputs_of(w, panel);
    if (w->s->size == 4)
        scatter_uint32_t(to, plane, w->step[1], desk, row, k, n);
    else
        scatter_uint64_t(to, plane, w->step[1], desk, row, k, n);
}

static const void *bias_of(const outputs_work *w, int64_t group, int64_t panel) {
    if (w->turned || !w->s->r->bias.buffer) return NULL;
    return (const unsigned char *)cg_cpu_data(&w->s->r->bias) +
           (group * w->outputs + panel * w->panel) * w->s->size;
}

/* What a job computes: a tile of windows, and a panel. */
typedef struct piece {
    cg_conv_part part;
    int64_t group, panel;
    const void *x;
    unsigned char *desk;
} piece;

/* Where windows of row i of image u of a piece are in the result. */
static unsigned char *piece_at(const outputs_work *w, const piece *p, int64_t u, int64_t i) {
    return result_at(w, p->part.image + u, p->group * w->outputs + p->panel * w->panel, p->part.row + i,
                     p->part.column);
}

/* --- Many outputs: a vector has some of them ------------------------------------------------------------------------ */

static void store_sums(const outputs_work *w, const piece *p) {
    const cg_conv_part *t = &p->part;
    const int64_t lanes = lanes_of(w, p->panel), k = outputs_of(w, p->panel);
    const int64_t plane = w->size[0] * w->size[1];
    const bool adjacent = w->step[1] == 1, whole = adjacent && w->step[0] == 1 && t->columns == w->size[1];
    const int64_t lines = whole ? 1 : t->rows, n = whole ? t->rows * t->columns : t->columns;
    const unsigned char *sums = p->desk + w->sums_at;
    const void *bias = bias_of(w, p->group, p->panel);
    for (int64_t line = 0; line < t->images * lines; line++, sums += n * lanes * w->s->size) {
        unsigned char *to = piece_at(w, p, line / lines, line % lines), *desk = p->desk + w->line_at;
        w->isa->from_lanes(adjacent ? to : desk, adjacent ? plane : n, k, n, sums, lanes, bias);
        if (!adjacent) scatter(w, p->panel, to, n, desk, n);
    }
}

static void run_outputs(const outputs_work *w, const piece *p) {
    const cg_conv_part *t = &p->part;
    w->isa->outputs(&(cg_conv_outputs){
        .windows = {.x = p->x, .at = w->row_at, .rows = t->images * t->rows, .width = t->columns},
        .tap = w->tap_at,
        .n = summands(w),
        .w = panel_at(w, p->group, p->panel),
        .vectors = (int)(lanes_of(w, p->panel) / w->isa->lanes),
        .sums = p->desk + w->sums_at});
    store_sums(w, p);
}

/* --- Few outputs: a vector has windows of one ------------------------------------------------------------------------ */

static void run_lines(const outputs_work *w, const piece *p) {
    const cg_conv_part *t = &p->part;
    const bool adjacent = w->step[1] == 1;
    unsigned char *desk = p->desk + w->line_at;
    cg_conv_lines l = {.x_row = w->tiling.axis[0].stride * w->tiling.row,
                       .rows = t->rows,
                       .width = t->columns,
                       .tap = w->tap_at,
                       .n = summands(w),
                       .w = panel_at(w, p->group, p->panel),
                       .outputs = (int)outputs_of(w, p->panel),
                       .bias = bias_of(w, p->group, p->panel),
                       .to_row = adjacent ? w->step[0] * w->size[1] : t->columns,
                       .to_plane = adjacent ? w->size[0] * w->size[1] : t->rows * t->columns};
    for (int64_t u = 0; u < t->images; u++) {
        l.x = (const unsigned char *)p->x + u * w->tiling.image * w->s->size;
        l.to = adjacent ? piece_at(w, p, u, 0) : desk;
        w->isa->lines(&l);
        for (int64_t i = 0; i < t->rows && !adjacent; i++)
            scatter(w, p->panel, piece_at(w, p, u, i), t->columns, desk + i * t->columns * w->s->size,
                    l.to_plane);
    }
}

/* --- Jobs ----------------------------------------------------------------------------------------------------------- */

static void outputs_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const outputs_work *w = ctx;
    const int64_t groups = w->s->r->groups, tiles = cg_conv_tiles(&w->tiling);
    for (int64_t job = begin; job < end; job++) {
        piece p = {.part = cg_conv_tile_at(&w->tiling, job % tiles),
                   .group = job / tiles % groups,
                   .desk = w->desk + (size_t)thread * w->desk_bytes};
        const int64_t first = job / (tiles * groups) * w->of_job;
        p.x = cg_conv_elements(&w->tiling, w->loops, &p.part, p.group * w->inputs, w->inputs, p.desk);
        for (p.panel = first; p.panel < least(first + w->of_job, w->panels); p.panel++)
            (w->lines ? run_lines : run_outputs)(w, &p);
    }
}

static void plan(outputs_work *w) {
    const int64_t jobs = JOBS_EACH * cg_parallel_threads(), groups = w->s->r->groups;
    const int64_t images = w->lines ? 1 : most(1, w->tiling.n * groups / jobs);
    cg_conv_tiling_plan(&w->tiling,
                        &(cg_conv_tile_limits){.windows = w->lines ? LINES_WINDOWS : TILE_WINDOWS,
                                               .images = images,
                                               .widest = w->lines ? w->isa->lanes : w->isa->widest,
                                               .bytes = w->lines ? LINES_BYTES : COPY_BYTES,
                                               .spare = w->lines});
    w->panel = w->lines ? w->isa->most_outputs : 2 * w->isa->lanes;
    w->panels = parts(w->outputs, w->panel);
    const int64_t bytes = most(1, summands(w) * w->panel * w->s->size);
    const int64_t wanted = parts(jobs, cg_conv_tiles(&w->tiling) * groups);
    w->of_job = most(1, least(WEIGHT_BYTES / bytes, w->panels / wanted));
    w->blocks = parts(w->panels, w->of_job);
}

static cg_status plan_memory(cg_hw *hw, outputs_work *w) {
    const int64_t size = w->s->size, lanes = with_lanes(w, w->outputs);
    const size_t threads = (size_t)cg_parallel_threads();
    const size_t rows = line(w->tiling.together * w->tiling.height * (int64_t)sizeof(ptrdiff_t));
    const size_t taps = line(summands(w) * (int64_t)sizeof(ptrdiff_t));
    const size_t weights = line(w->s->r->groups * lanes * summands(w) * size);
    const size_t packing = line(w->s->taps * w->panel * size),
                 copy = line((int64_t)cg_conv_copy_bytes(&w->tiling));
    w->sums_at = copy > packing ? copy : packing;
    const int64_t windows = cg_conv_tile_windows(&w->tiling);
    w->line_at = w->sums_at + (w->lines ? 0 : line(windows * w->panel * size));
    w->desk_bytes = w->line_at + line((w->lines ? windows : w->tiling.width) * w->panel * size);
    unsigned char *memory =
        cg_cpu_workspace(hw, CG_WORKSPACE_CONV, rows + taps + weights + threads * w->desk_bytes);
    if (!memory) return CG_ERROR_MEMORY;
    w->row_at = (ptrdiff_t *)(void *)memory;
    w->tap_at = (ptrdiff_t *)(void *)(memory + rows);
    w->weights = memory + rows + taps;
    w->desk = w->weights + weights;
    cg_conv_tiling_rows(&w->tiling, w->row_at);
    place_taps(w);
    for (size_t i = 0; i < threads; i++) cg_conv_copy_clear(&w->tiling, w->desk + i * w->desk_bytes);
    return CG_OK;
}

/* Plans elements i, j + n stride of the result; false if there are none. */
static bool plan_residue(outputs_work *w, int64_t i, int64_t j) {
    plan_axis(w, 0, i);
    plan_axis(w, 1, j);
    if (w->tiling.axis[0].out <= 0 || w->tiling.axis[1].out <= 0) return false;
    plan(w);
    return true;
}

static cg_status run_residue(cg_hw *hw, outputs_work *w, int64_t i, int64_t j) {
    if (!plan_residue(w, i, j)) return CG_OK;
    if (plan_memory(hw, w)) return CG_ERROR_MEMORY;
    cg_parallel_for(w->s->r->groups * w->panels, 1, pack_body, w);
    cg_parallel_for(w->blocks * w->s->r->groups * cg_conv_tiles(&w->tiling), 1, outputs_body, w);
    return CG_OK;
}

static outputs_work work_of(cg_hw *hw, const cg_conv_sizes *s) {
    const cg_conv_request *r = s->r;
    const cg_isa *isa = cg_cpu_of(hw)->isa;
    const bool turned = r->kind == CG_CONV_INPUT_GRAD;
    const cg_windows *windows = &r->windows;
    outputs_work w = {.s = s,
                      .isa = isa->conv[r->dtype],
                      .loops = isa->windows[r->dtype],
                      .turned = turned,
                      .outputs = turned ? s->c : s->k,
                      .inputs = turned ? s->k : s->c,
                      .result = turned ? &r->x : &r->y,
                      .channels = turned ? r->c : r->k};
    w.lines = 2 * w.outputs <= w.isa->lanes;
    w.tiling = (cg_conv_tiling){.images = turned ? &r->y : &r->x,
                                .n = r->n,
                                .channels = turned ? r->k : r->c,
                                .of_job = w.inputs,
                                .size = s->size};
    for (int a = 0; a < 2; a++) {
        w.size[a] = turned ? windows->in[a] : windows->out[a];
        w.residues[a] = turned ? windows->stride[a] : 1;
    }
    return w;
}

bool cg_conv_suits_outputs(cg_hw *hw, const cg_conv_sizes *s) {
    outputs_work w = work_of(hw, s);
    for (int64_t i = 0; i < w.residues[0]; i++)
        for (int64_t j = 0; j < w.residues[1]; j++)
            if (plan_residue(&w, i, j) && !cg_conv_tiles_pay(&w.tiling, s->r->kind, w.count[0] * w.count[1]))
                return false;
    return true;
}

cg_status cg_conv_run_outputs(cg_hw *hw, const cg_conv_sizes *s) {
    outputs_work w = work_of(hw, s);
    for (int64_t i = 0; i < w.residues[0]; i++)
        for (int64_t j = 0; j < w.residues[1]; j++)
            if (run_residue(hw, &w, i, j)) return CG_ERROR_MEMORY;
    return CG_OK;
}
