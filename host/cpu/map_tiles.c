/* Running the tiles of a plan. */
#include "host/cpu/map_plan.h"

enum {
    COLUMNS_AHEAD = 4
}; /* how many columns of a transposition are fetched ahead: each is a jump in memory */

/* --- Loads and stores of a box --------------------------------------------------------------------------- */

/* Goes to the next row of a box, the last axis apart. False at the end. */
static bool next_row(const cg_tile_operand *o, int64_t extent0, int64_t *index, int64_t *offset) {
    for (int a = o->rank - 2; a >= 0; a--) {
        *offset += o->stride[a];
        if (++index[a] < (a ? o->extent[a] : extent0)) return true;
        *offset -= o->stride[a] * index[a];
        index[a] = 0;
    }
    return false;
}

/*
 * Whether a box of two axes is better copied column by column: where the first axis runs through memory in
 * smaller steps (a transposition reads whole lines that way), or where rows are too short for a loop each.
 */
static bool by_columns(const cg_plan *plan, const cg_tile_operand *o, int64_t extent0) {
    const int64_t s0 = o->stride[0], s1 = o->stride[1], n = o->extent[1];
    if (o->rank != 2 || o->dtype != plan->type || n > extent0) return false;
    return n <= CG_TILE_SHORT || (s0 < 0 ? -s0 : s0) < (s1 < 0 ? -s1 : s1);
}

static void load_box(const cg_plan *plan, const cg_tile_operand *o, int64_t offset, int64_t count,
                     unsigned char *to) {
    cg_load_loop *load = plan->convert->load[o->dtype];
    const int64_t extent0 = count * o->per_count, n = o->rank > 1 ? o->extent[o->rank - 1] : extent0;
    const int64_t stride = o->stride[o->rank - 1];
    const unsigned char *from = o->data + offset * o->size;
    if (by_columns(plan, o, extent0)) {
        const bool apart = o->stride[0] == 1 && (stride < 0 ? -stride : stride) > extent0;
        for (int64_t j = 0; j < n; j++) {
            const unsigned char *column = from + j * stride * o->size;
            if (apart && j + COLUMNS_AHEAD < n)
                cg_fetch(column + COLUMNS_AHEAD * stride * o->size, extent0 * o->size);
            plan->convert->copy(column, (ptrdiff_t)o->stride[0], to + j * plan->size, (ptrdiff_t)n,
                                (ptrdiff_t)extent0);
        }
        return;
    }
    int64_t index[CG_MAX_RANK] = {0};
    offset = 0;
    do {
        load(from + offset * o->size, (ptrdiff_t)stride, to, (ptrdiff_t)n);
        to += n * plan->size;
    } while (next_row(o, extent0, index, &offset));
}

static void store_box(const cg_plan *plan, const cg_tile_operand *o, int64_t offset, int64_t count,
                      const unsigned char *from) {
    cg_store_loop *store = plan->convert->store[o->dtype];
    const int64_t extent0 = count * o->per_count, n = o->rank > 1 ? o->extent[o->rank - 1] : extent0;
    const int64_t stride = o->stride[o->rank - 1];
    const bool stream = plan->stream && o->dtype == plan->type && stride == 1 && n * o->size >= CG_CACHE_LINE;
    unsigned char *to = o->data + offset * o->size;
    if (by_columns(plan, o, extent0)) {
        for (int64_t j = 0; j < n; j++)
            plan->convert->copy(from + j * plan->size, (ptrdiff_t)n, to + j * stride * o->size,
                                (ptrdiff_t)o->stride[0], (ptrdiff_t)extent0);
        return;
    }
    int64_t index[CG_MAX_RANK] = {0};
    offset = 0;
    do {
        if (stream)
            plan->isa->stream(to + offset * o->size, from, (size_t)(n * o->size));
        else
            store(from, to + offset * o->size, (ptrdiff_t)stride, (ptrdiff_t)n);
        from += n * plan->size;
    } while (next_row(o, extent0, index, &offset));
}

/* --- Tiles ------------------------------------------------------------------------------------------------- */

void cg_cpu_scalar(cg_dtype type, cg_scalar value, void *out) {
    if (type == CG_F32)
        *(float *)out = (float)value.f;
    else if (type == CG_F64)
        *(double *)out = value.f;
    else if (type == CG_I32)
        *(int32_t *)out = (int32_t)value.i;
    else
        *(int64_t *)out = value.i;
}

void cg_tiles_start(cg_tiles *tiles, const cg_plan *plan, const int64_t *offset) {
    const cg_map_request *nest = plan->nest;
    const int n_values = cg_program_values(nest->program);
    tiles->plan = plan;
    for (int v = 0; v < n_values; v++)
        if (plan->slot[v] != CG_NO_SLOT)
            tiles->value[v] = tiles->scratch + plan->slot[v] * plan->block * plan->size;
    for (int c = 0; c < plan->n_consts; c++) {
        void **value = &tiles->value[plan->n_in + c];
        cg_cpu_scalar(plan->type, nest->consts[c], &tiles->scalar[c]);
        if (plan->slot[plan->n_in + c] == CG_NO_SLOT)
            *value = &tiles->scalar[c];
        else
            plan->convert->load[plan->type](&tiles->scalar[c], 0, *value, (ptrdiff_t)plan->block);
    }
    for (int i = 0; i < plan->n_in; i++)
        if (plan->once & (1u << i)) load_box(plan, &plan->in[i], offset[i], plan->box[0], tiles->value[i]);
}

static void run_fused(cg_fused_loop *loop, const cg_fused *f, void *const *value, ptrdiff_t n) {
    void *at[CG_FUSED_PLACES];
    for (int i = 0; i < CG_FUSED_PLACES; i++) at[i] = value[f->value[i]];
    loop(at, n);
}

/* Runs a step that computes; false if it is another. */
static inline bool run_loop(const cg_plan *plan, const cg_step *s, void *const *value, ptrdiff_t n) {
    if (s->kind == CG_STEP_ROW)
        s->loop(value[s->src[0]], value[s->src[1]], value[s->src[2]], value[s->value], n);
    else if (s->kind == CG_STEP_FUSED)
        run_fused(s->fused, &plan->fusion.loop[s->operand], value, n);
    else
        return false;
    return true;
}

static void run_steps(cg_tiles *tiles, const int64_t *offset, int64_t count, ptrdiff_t n) {
    const cg_plan *plan = tiles->plan;
    void **value = tiles->value;
    for (const cg_step *s = plan->step, *end = s + plan->n_steps; s < end; s++) {
        if (run_loop(plan, s, value, n)) continue;
        if (s->kind == CG_STEP_LOAD)
            load_box(plan, &plan->in[s->operand], offset[s->operand], count, value[s->value]);
        else
            store_box(plan, &plan->out[s->operand], offset[plan->n_in + s->operand], count, value[s->value]);
    }
}

/* The steps of a strip of n elements, whose results go to to[]. */
static void run_strip(const cg_plan *plan, void *const *value, unsigned char *const *to, ptrdiff_t n) {
    for (const cg_step *s = plan->step + plan->n_loads, *end = plan->step + plan->n_steps; s < end; s++)
        if (!run_loop(plan, s, value, n))
            plan->isa->stream(to[s->operand], value[s->value], (size_t)(n * plan->size));
}

static void advance(void **value, uint32_t inputs, ptrdiff_t bytes) {
    for (; inputs; inputs &= inputs - 1) {
        void **at = &value[__builtin_ctz(inputs)];
        *at = (unsigned char *)*at + bytes;
    }
}

/*
 * A tile whose results bypass the cache, in strips of some lines of memory: what is read, computed and written takes turns
 * so soon that the processor does all three at once. A strip ends with a line of the first result.
 */
static void run_strips(cg_tiles *tiles, const int64_t *offset, int64_t count, ptrdiff_t n) {
    const cg_plan *plan = tiles->plan;
    const ptrdiff_t size = plan->size;
    void **value = tiles->value;
    unsigned char *to[CG_MAX_OUTPUTS];
    for (int j = 0; j < plan->n_out; j++) to[j] = plan->out[j].data + offset[plan->n_in + j] * size;
    for (const cg_step *s = plan->step, *end = s + plan->n_loads; s < end; s++)
        load_box(plan, &plan->in[s->operand], offset[s->operand], count, value[s->value]);
    ptrdiff_t m = plan->strip - (ptrdiff_t)((uintptr_t)to[0] % CG_CACHE_LINE) / size;
    for (ptrdiff_t done = 0; done < n; done += m, m = plan->strip) {
        if (m > n - done) m = n - done;
        for (uint32_t left = plan->fetched; left; left &= left - 1)
            cg_fetch((unsigned char *)value[__builtin_ctz(left)] + plan->ahead, m * size);
        run_strip(plan, value, to, m);
        advance(value, plan->advancing, m * size);
        for (int j = 0; j < plan->n_out; j++) to[j] += m * size;
    }
    advance(value, plan->once | plan->kept, -n * size);
}

const void *cg_tiles_run(cg_tiles *tiles, const int64_t *offset, int64_t count) {
    const cg_plan *plan = tiles->plan;
    void **value = tiles->value;
    const ptrdiff_t n = (ptrdiff_t)(count * plan->inner);
    for (int i = 0; i < plan->n_in; i++) {
        if (plan->slot[i] != CG_NO_SLOT || !plan->in[i].direct) continue;
        value[i] = plan->in[i].data + offset[i] * plan->in[i].size;
        if (!plan->strip && plan->fetched >> i & 1)
            cg_fetch((unsigned char *)value[i] + plan->ahead, n * plan->size);
    }
    for (int j = 0; j < plan->n_out; j++)
        if (plan->home[j] != CG_NO_SLOT)
            value[plan->home[j]] = plan->out[j].data + offset[plan->n_in + j] * plan->out[j].size;
    if (plan->strip)
        run_strips(tiles, offset, count, n);
    else
        run_steps(tiles, offset, count, n);
    return value[plan->nest->program->output[0]];
}

/* --- The walk ---------------------------------------------------------------------------------------------- */

void cg_walk_tiles(cg_walk *walk, const cg_plan *plan) {
    const cg_map_request *nest = plan->nest;
    const int first = plan->first;
    walk->rank = first + 1;
    walk->n_operands = plan->n_in + plan->n_out;
    for (int a = 0; a <= first; a++) {
        const int64_t step = a < first ? 1 : plan->box[0];
        walk->shape[a] = a < first ? nest->shape[a] : (nest->shape[a] - 1) / step + 1;
        for (int i = 0; i < plan->n_in; i++) walk->stride[a][i] = nest->in[i].stride[a] * step;
        for (int j = 0; j < plan->n_out; j++) walk->stride[a][plan->n_in + j] = nest->out[j].stride[a] * step;
    }
}

int64_t cg_walk_count(const cg_walk *walk) {
    int64_t n = 1;
    for (int a = 0; a < walk->rank; a++) n *= walk->shape[a];
    return n;
}

void cg_walk_seek(cg_walk *walk, int64_t place, const int64_t *base) {
    for (int k = 0; k < walk->n_operands; k++) walk->offset[k] = base ? base[k] : 0;
    for (int a = walk->rank - 1; a >= 0; a--) {
        const int64_t index = place % walk->shape[a];
        place /= walk->shape[a];
        walk->index[a] = index;
        for (int k = 0; k < walk->n_operands; k++) walk->offset[k] += index * walk->stride[a][k];
    }
}

void cg_walk_next(cg_walk *walk) {
    for (int a = walk->rank - 1; a >= 0; a--) {
        const int64_t *stride = walk->stride[a];
        for (int k = 0; k < walk->n_operands; k++) walk->offset[k] += stride[k];
        if (++walk->index[a] < walk->shape[a]) return;
        for (int k = 0; k < walk->n_operands; k++) walk->offset[k] -= stride[k] * walk->index[a];
        walk->index[a] = 0;
    }
}
