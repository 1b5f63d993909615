#include "host/cpu/reduce_plan.h"

#include "core/rows.h"

enum {
    WIDE_BYTES = 16 << 10,     /* of one row of a strip: long runs of memory, and 8 rows fit L2 */
    NARROW_COLUMNS = 256,      /* up to here a tile has at least 4 rows */
    CHUNK_ELEMENTS = 64 << 10, /* a chunk has at least these: large enough to pay for its hand-over */
    MOST_CHUNKS = 128
};

/* Axes [begin, end) of the request become the next axes of the nest. */
static void take_axes(cg_reduction *d, int begin, int end) {
    cg_map_request *nest = &d->nest;
    for (int a = begin; a < end; a++, nest->rank++) {
        nest->shape[nest->rank] = d->r->shape[a];
        for (int i = 0; i < d->r->program->n_inputs; i++)
            nest->in[i].stride[nest->rank] = d->r->in[i].stride[a];
    }
}

/* Inputs that change along the axes [begin, end), which are not in the nest. */
static uint32_t moving_along(const cg_reduce_request *r, int begin, int end) {
    uint32_t moving = 0;
    for (int i = 0; i < r->program->n_inputs; i++)
        for (int a = begin; a < end; a++)
            if (r->in[i].stride[a] != 0) moving |= 1u << i;
    return moving;
}

static void plan_nest(cg_reduction *d, uint32_t moving, int64_t block, int64_t ahead) {
    const cg_plan_options options = {
        .no_store = true, .moving = moving, .block = block, .ahead = d->fetch ? ahead : 0};
    cg_plan_make(&d->plan, d->isa, &d->nest, &options);
}

/*
 * Whether the last kept axis runs through memory in smaller steps than the last reduced one. An input that is repeated along
 * one of them does not count: the value of the formula, were it stored, would not be.
 */
static bool columns_are_inner(const cg_reduce_request *r) {
    int64_t kept = 0, reduced = 0;
    if (r->n_kept == 0 || r->n_kept == r->rank) return false;
    for (int i = 0; i < r->program->n_inputs; i++) {
        const int64_t k = r->in[i].stride[r->n_kept - 1], s = r->in[i].stride[r->rank - 1];
        if (k == 0 || s == 0) continue;
        kept += k < 0 ? -k : k;
        reduced += s < 0 ? -s : s;
    }
    return kept > 0 ? kept < reduced : r->run == 1;
}

/* --- The four ways: false if it does not suit ------------------------------------------------------------------ */

static bool plan_short_rows(cg_reduction *d) {
    const int n_kept = d->r->n_kept;
    if (n_kept == 0 || d->reduced > CG_FOLD_BLOCK) return false;
    d->nest.rank = 0;
    take_axes(d, n_kept - 1, d->r->rank);
    plan_nest(d, moving_along(d->r, 0, n_kept - 1), CG_TILE_LARGEST, 0);
    if (d->plan.first != 0) return false;
    d->way = CG_SHORT_ROWS;
    d->part = d->plan.box[0];
    d->n_steps = 1;
    return true;
}

/* The steps of a unit of so many elements. */
static void cut_unit(cg_reduction *d, int64_t elements, int64_t run, int64_t block) {
    d->run = run;
    d->block = block;
    d->n_steps = elements / run * ((run - 1) / block + 1);
}

/* Short runs make whole blocks together; a long one is cut into blocks of about the same size, which tiles are, too. */
static void cut_rows(cg_reduction *d) {
    const int64_t run = d->r->run > 0 ? d->r->run : d->r->shape[d->r->rank - 1], n = d->reduced / run;
    if (run <= CG_FOLD_BLOCK) {
        const int64_t together = CG_FOLD_BLOCK / run;
        cut_unit(d, d->reduced, d->reduced, (together < n ? together : n) * run);
        return;
    }
    const int64_t blocks = (run - 1) / CG_FOLD_BLOCK + 1, even = ((run - 1) / blocks / 16 + 1) * 16;
    cut_unit(d, d->reduced, run, even < CG_FOLD_BLOCK ? even : CG_FOLD_BLOCK);
}

static void plan_long_rows(cg_reduction *d) {
    d->nest.rank = 0;
    take_axes(d, d->r->n_kept, d->r->rank);
    plan_nest(d, moving_along(d->r, 0, d->r->n_kept), CG_FOLD_BLOCK, CG_FETCH_AHEAD);
    d->way = CG_LONG_ROWS;
    d->ahead = d->plan.n_steps == 0 ? d->plan.ahead : 0;
    if (d->ahead) d->plan.fetched = 0;
    d->part = 1;
    cut_rows(d);
}

static bool plan_narrow_columns(cg_reduction *d) {
    const int n_kept = d->r->n_kept;
    if (d->last_kept > NARROW_COLUMNS) return false;
    d->nest.rank = 0;
    take_axes(d, n_kept, d->r->rank);
    take_axes(d, n_kept - 1, n_kept);
    plan_nest(d, moving_along(d->r, 0, n_kept - 1), CG_FOLD_BLOCK, CG_FETCH_AHEAD);
    d->way = CG_NARROW_COLUMNS;
    d->part = d->last_kept;
    cut_unit(d, d->reduced * d->part, d->reduced * d->part, CG_FOLD_BLOCK / d->part * d->part);
    return true;
}

static void plan_wide_columns(cg_reduction *d) {
    const cg_reduce_request *r = d->r;
    const cg_program *p = r->program;
    d->nest.rank = 0;
    take_axes(d, r->n_kept - 1, r->n_kept);
    plan_nest(d, moving_along(r, 0, r->n_kept - 1) | moving_along(r, r->n_kept, r->rank),
              WIDE_BYTES / (int64_t)d->size, 0);
    d->way = CG_WIDE_COLUMNS;
    d->part = d->plan.box[0];
    d->in_place = d->plan.n_steps == 0 && p->n_inputs == 1 && d->plan.in[0].direct;
    if (d->fetch && p->n_inputs > 0 && !d->in_place) /* the same strip of the next step's rows */
        d->plan.ahead = CG_WIDE_ROWS * r->in[0].stride[r->rank - 1] * (int64_t)d->size;
    d->rows.rank = r->rank - r->n_kept;
    d->rows.n_operands = r->program->n_inputs;
    for (int a = 0; a < d->rows.rank; a++) {
        d->rows.shape[a] = r->shape[r->n_kept + a];
        for (int i = 0; i < r->program->n_inputs; i++) d->rows.stride[a][i] = r->in[i].stride[r->n_kept + a];
    }
    d->n_steps = (d->reduced - 1) / CG_WIDE_ROWS + 1;
}

/* --- Units and chunks ------------------------------------------------------------------------------------------- */

static void plan_units(cg_reduction *d) {
    const cg_reduce_request *r = d->r;
    const int n_in = r->program->n_inputs, outer = r->n_kept > 0 ? r->n_kept - 1 : 0;
    cg_walk *w = &d->units;
    w->rank = outer + 1;
    w->n_operands = n_in + 1;
    for (int a = 0; a <= outer; a++) {
        const int64_t step = a < outer ? 1 : d->part;
        const bool there = a < r->n_kept; /* without kept axes there is one unit */
        w->shape[a] = a < outer ? r->shape[a] : (d->last_kept - 1) / d->part + 1;
        for (int i = 0; i < n_in; i++) w->stride[a][i] = there ? r->in[i].stride[a] * step : 0;
        w->stride[a][n_in] = there ? r->out.stride[a] * step : 0;
    }
    d->n_units = cg_walk_count(w);
}

/* Cut where there are few units, each large. Of strips those count that a program of one input would have. */
static void plan_chunks(cg_reduction *d) {
    int64_t part = d->part, units = d->n_units;
    if (d->way == CG_WIDE_COLUMNS) {
        const int64_t widest = WIDE_BYTES / (int64_t)d->size;
        part = d->last_kept < widest ? d->last_kept : widest;
        units = units / ((d->last_kept - 1) / d->part + 1) * ((d->last_kept - 1) / part + 1);
    }
    int64_t chunks = part * d->reduced / CHUNK_ELEMENTS;
    const int64_t most = MOST_CHUNKS / units;
    if (chunks > most) chunks = most;
    if (chunks > d->n_steps) chunks = d->n_steps;
    if (chunks < 1) chunks = 1;
    d->chunk_steps = (d->n_steps - 1) / chunks + 1;
    d->n_chunks = (d->n_steps - 1) / d->chunk_steps + 1;
}

void cg_reduction_make(cg_reduction *d, const cg_isa *isa, const cg_reduce_request *r) {
    static const uint8_t combine_row[] = {CG_ROW_add, CG_ROW_maximum, CG_ROW_minimum, CG_ROW_mul};
    const cg_program *p = r->program;
    d->r = r;
    d->isa = isa;
    d->type = (cg_dtype)p->type;
    d->size = cg_dtype_size(d->type);
    d->arg = r->kind == CG_REDUCE_ARGMAX || r->kind == CG_REDUCE_ARGMIN;
    d->fold = r->kind == CG_REDUCE_ARGMAX   ? CG_REDUCE_MAX
              : r->kind == CG_REDUCE_ARGMIN ? CG_REDUCE_MIN
                                            : r->kind;
    d->folds = isa->folds[d->type];
    d->combine = isa->rows[d->type]->loop[combine_row[d->fold]];
    d->last_kept = r->n_kept > 0 ? r->shape[r->n_kept - 1] : 1;
    d->reduced = 1;
    for (int a = r->n_kept; a < r->rank; a++) d->reduced *= r->shape[a];
    d->fetch = d->reduced * d->last_kept * (int64_t)d->size >= CG_FETCH_FROM;
    d->nest.program = p;
    for (int i = 0; i < p->n_inputs; i++) {
        d->nest.in[i].buffer = r->in[i].buffer;
        d->nest.in[i].dtype = r->in[i].dtype;
        d->nest.in[i].offset = r->in[i].offset;
    }
    for (int c = 0; c < p->n_consts; c++) d->nest.consts[c] = r->consts[c];
    if (columns_are_inner(r)) {
        if (!plan_narrow_columns(d)) plan_wide_columns(d);
    } else if (!plan_short_rows(d)) {
        plan_long_rows(d);
    }
    plan_units(d);
    plan_chunks(d);
}
