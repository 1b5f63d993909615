/* map and map_many on the CPU backend: the tiles of a plan, shared out among the threads. */
#include "host/cpu/map_plan.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include <string.h>

enum {
    SIMPLE_UNITS = 1,
    FUNCTION_UNITS = 8,         /* a row with a function of elementary.h */
    STREAM_FALLBACK = 16 << 20, /* bytes, where the size of the cache is not known */
    STREAM_MOST = 24 << 20,     /* bytes: what one process can count on of a cache that many share */
    STREAM_TILE = 8 << 10,      /* bytes */
    FETCH_MORE_THAN = 8 << 20   /* bytes of all inputs: what is less comes out of the cache as fast without */
};

void cg_cpu_units_init(cg_hw_cpu *hw) {
    for (int r = 0; r < CG_ROW_COUNT; r++)
        hw->row_units[r] = strstr(cg_rows[r].expression, "t_") ? FUNCTION_UNITS : SIMPLE_UNITS;
}

int64_t cg_cpu_program_units(const cg_hw *hw, const cg_program *p) {
    const cg_hw_cpu *cpu = (const cg_hw_cpu *)hw;
    int64_t units = SIMPLE_UNITS;
    for (int k = 0; k < p->n_instrs; k++) units += cpu->row_units[p->instr[k].row];
    return units;
}

cg_status cg_cpu_program_check(cg_hw *hw, const cg_program *p, const char *operation) {
    const cg_rows_isa *rows = cg_cpu_of(hw)->isa->rows[p->type];
    for (int k = 0; k < p->n_instrs; k++)
        if (!rows->loop[p->instr[k].row])
            return CG_FAIL(hw->err, CG_ERROR_DTYPE, "%s: %s has no form for %s", operation,
                           cg_rows[p->instr[k].row].name, cg_dtype_name((cg_dtype)p->type));
    return CG_OK;
}

/*
 * The last cache that a core sees, as Linux says, 0 if it does not. What sysconf says of AMD's processors is the sum of all
 * there are in a socket, of which a core sees one.
 */
static long last_cache(void) {
    long kilobytes = 0;
    FILE *f = fopen("/sys/devices/system/cpu/cpu0/cache/index3/size", "re");
    if (!f) return 0;
    if (fscanf(f, "%ldK", &kilobytes) != 1 || kilobytes < 0 || kilobytes > LONG_MAX >> 10) kilobytes = 0;
    fclose(f);
    return kilobytes << 10;
}

int64_t cg_cpu_stream_limit(void) {
    static long limit; /* the same for all threads, whoever writes it */
    long bytes = __atomic_load_n(&limit, __ATOMIC_RELAXED);
    if (bytes == 0) {
        bytes = last_cache();
        if (bytes <= 0) bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
        if (bytes <= 0) bytes = STREAM_FALLBACK;
        if (bytes > STREAM_MOST) bytes = STREAM_MOST;
        __atomic_store_n(&limit, bytes, __ATOMIC_RELAXED);
    }
    return bytes;
}

/* Whether the results are so large that they should bypass the cache; what is computed in place is in it. */
static bool should_stream(const cg_map_request *r, int64_t elements) {
    int64_t bytes = 0;
    for (int j = 0; j < r->program->n_outputs; j++) {
        bytes += (int64_t)cg_dtype_size(r->out[j].dtype);
        for (int i = 0; i < r->program->n_inputs; i++)
            if (r->in[i].buffer == r->out[j].buffer) return false;
    }
    return elements > cg_cpu_stream_limit() / bytes;
}

static void run_tiles(void *ctx, int64_t begin, int64_t end, int thread) {
    const cg_plan *plan = ctx;
    cg_tiles tiles;
    cg_walk walk;
    (void)thread;
    cg_walk_tiles(&walk, plan);
    cg_walk_seek(&walk, begin, NULL);
    cg_tiles_start(&tiles, plan, walk.offset);
    for (int64_t t = begin; t < end; t++) {
        cg_tiles_run(&tiles, walk.offset, cg_walk_tile(&walk, plan));
        cg_walk_next(&walk);
    }
    if (plan->stream) plan->isa->stream_end();
}

static int64_t count_tiles(const cg_plan *plan) {
    int64_t n = (plan->nest->shape[plan->first] - 1) / plan->box[0] + 1;
    for (int a = 0; a < plan->first; a++) n *= plan->nest->shape[a];
    return n;
}

/* Axes of no interest apart, a plan needs one axis at least. */
static const cg_map_request *with_an_axis(const cg_map_request *r, cg_map_request *copy) {
    if (r->rank > 0) return r;
    *copy = *r;
    copy->rank = 1;
    copy->shape[0] = 1;
    for (int i = 0; i < r->program->n_inputs; i++) copy->in[i].stride[0] = 0;
    for (int j = 0; j < r->program->n_outputs; j++) copy->out[j].stride[0] = 0;
    return copy;
}

void cg_cpu_map_serial(cg_hw *hw, const cg_map_request *r) {
    cg_plan plan;
    cg_map_request copy;
    cg_plan_make(&plan, cg_cpu_of(hw)->isa, with_an_axis(r, &copy), &(cg_plan_options){0});
    run_tiles(&plan, 0, count_tiles(&plan), 0);
}

/*
 * Fetching ahead pays where memory would be idle while a tile goes through several steps, and where a loop is done with a
 * tile so soon that the processor's own fetching, which begins anew with each, is too late. Only a function by itself, which
 * takes longer than memory, is better off without, unless it takes turns with stores past the cache.
 */
static int64_t fetch_ahead(const cg_hw *hw, const cg_map_request *r, bool stream) {
    const cg_program *p = r->program;
    int64_t bytes = 0;
    if (!stream && p->n_instrs == 1 && cg_cpu_program_units(hw, p) > FUNCTION_UNITS) return 0;
    for (int i = 0; i < p->n_inputs; i++) {
        int64_t n = (int64_t)cg_dtype_size(r->in[i].dtype);
        for (int a = 0; a < r->rank; a++)
            if (r->in[i].stride[a] != 0) n *= r->shape[a];
        bytes += n;
    }
    return bytes > FETCH_MORE_THAN ? CG_FETCH_AHEAD : 0;
}

static void run_map(cg_hw *hw, const cg_map_request *r, bool stream, int64_t block) {
    const cg_plan_options options = {.stream = stream, .ahead = fetch_ahead(hw, r, stream), .block = block};
    cg_plan plan;
    cg_plan_make(&plan, cg_cpu_of(hw)->isa, r, &options);
    const int64_t grain = CG_THREAD_UNITS / (plan.block * cg_cpu_program_units(hw, r->program));
    cg_parallel_for(count_tiles(&plan), grain > 1 ? grain : 1, run_tiles, &plan);
}

/* --- Transpositions ------------------------------------------------------------------------------------------------ */

enum { TRANSPOSE_COLUMNS = 32, TRANSPOSE_ROWS = 64 }; /* whole lines both ways, and the tile fits L1 */

/*
 * The axis that an input runs along in smaller steps than along the last one, -1 if there is none: row by row
 * such an input would be read one element per line. Axes too short to matter are left alone.
 */
static int transposed_axis(const cg_map_request *r) {
    const int last = r->rank - 1;
    if (r->rank == CG_MAX_RANK || r->shape[last] < TRANSPOSE_COLUMNS) return -1;
    for (int i = 0; i < r->program->n_inputs; i++) {
        const int64_t *stride = r->in[i].stride;
        if (stride[last] >= -1 && stride[last] <= 1) continue;
        for (int a = last - 1; a >= 0; a--)
            if (r->shape[a] >= TRANSPOSE_ROWS && (stride[a] == 1 || stride[a] == -1)) return a;
    }
    return -1;
}

/* An operand's axes: (..., a, ..., J) becomes (..., ..., J / 32, a, 32), or (..., ..., a, J) if `width` is J. */
static void transpose_strides(const int64_t *from, int64_t *to, int rank, int axis, int64_t width,
                              bool split) {
    int n = 0;
    for (int a = 0; a < rank - 1; a++)
        if (a != axis) to[n++] = from[a];
    if (split) to[n++] = from[rank - 1] * width;
    to[n++] = from[axis];
    to[n] = from[rank - 1];
}

/* Columns [begin, begin + width * pieces) of the last axis, `width` at a time, with `axis` right before them. */
static void transpose_nest(const cg_map_request *r, int axis, int64_t begin, int64_t width, int64_t pieces,
                           cg_map_request *nest) {
    const int last = r->rank - 1;
    const bool split = pieces > 1;
    int64_t shape[CG_MAX_RANK];
    for (int a = 0; a < last; a++) shape[a] = r->shape[a];
    nest->program = r->program;
    nest->rank = r->rank + split;
    shape[last] = 1;
    transpose_strides(shape, nest->shape, r->rank, axis, pieces, split);
    nest->shape[nest->rank - 1] = width;
    for (int i = 0; i < r->program->n_inputs; i++) {
        nest->in[i] = r->in[i];
        nest->in[i].offset += begin * r->in[i].stride[last];
        transpose_strides(r->in[i].stride, nest->in[i].stride, r->rank, axis, width, split);
    }
    for (int j = 0; j < r->program->n_outputs; j++) {
        nest->out[j] = r->out[j];
        nest->out[j].offset += begin * r->out[j].stride[last];
        transpose_strides(r->out[j].stride, nest->out[j].stride, r->rank, axis, width, split);
    }
    for (int c = 0; c < r->program->n_consts; c++) nest->consts[c] = r->consts[c];
}

/* In strips of 32 columns, then what is left of them. */
static void run_transposed(cg_hw *hw, const cg_map_request *r, int axis, bool stream) {
    const int64_t columns = r->shape[r->rank - 1], strips = columns / TRANSPOSE_COLUMNS;
    const int64_t rest = columns - strips * TRANSPOSE_COLUMNS;
    cg_map_request nest;
    transpose_nest(r, axis, 0, TRANSPOSE_COLUMNS, strips, &nest);
    run_map(hw, &nest, stream, 0);
    if (rest == 0) return;
    transpose_nest(r, axis, strips * TRANSPOSE_COLUMNS, rest, 1, &nest);
    run_map(hw, &nest, stream, 0);
}

cg_status cg_cpu_map(cg_hw *hw, const cg_map_request *r) {
    cg_map_request copy;
    int64_t elements = 1;
    const cg_status status = cg_cpu_program_check(hw, r->program, "map");
    if (status != CG_OK) return status;
    hw->stats.launches++;
    if (cg_cpu_map_small(cg_cpu_of(hw)->isa, r)) return CG_OK;
    for (int a = 0; a < r->rank; a++) elements *= r->shape[a];
    r = with_an_axis(r, &copy);
    const int axis = transposed_axis(r);
    const bool stream = should_stream(r, elements);
    if (axis >= 0)
        run_transposed(hw, r, axis, stream);
    else
        run_map(hw, r, stream, stream ? STREAM_TILE / (int64_t)cg_dtype_size((cg_dtype)r->program->type) : 0);
    return CG_OK;
}

/* --- Many segments --------------------------------------------------------------------------------------------- */

enum { SEGMENT_PART = 16 << 10 }; /* elements: the unit that is shared out */

typedef struct many {
    const cg_map_many_request *r;
    const cg_isa *isa;
    cg_fusion fusion;
} many;

/* Inputs of one element that need no conversion, in all segments. */
static uint32_t fixed_inputs(const cg_map_many_request *r) {
    uint32_t fixed = r->single;
    for (int i = 0; i < r->program->n_inputs; i++)
        for (int k = 0; k < r->n_segments && fixed >> i & 1; k++)
            if (r->segment[k].in[i].dtype != (cg_dtype)r->program->type) fixed &= ~(1u << i);
    return fixed;
}

static int64_t parts_of(const cg_segment *s) { return s->n > 0 ? (s->n - 1) / SEGMENT_PART + 1 : 0; }

/* Elements [begin, end) of a segment as a map of one axis. */
static void segment_nest(const cg_map_many_request *r, const cg_segment *s, int64_t begin, int64_t end,
                         cg_map_request *nest) {
    nest->program = r->program;
    nest->rank = 1;
    nest->shape[0] = end - begin;
    for (int i = 0; i < r->program->n_inputs; i++) {
        nest->in[i] = s->in[i];
        nest->in[i].stride[0] = cg_segment_stride(r, i);
        nest->in[i].offset += begin * nest->in[i].stride[0];
    }
    for (int j = 0; j < r->program->n_outputs; j++) {
        nest->out[j] = s->out[j];
        nest->out[j].offset += begin;
        nest->out[j].stride[0] = 1;
    }
    for (int c = 0; c < r->program->n_consts; c++) nest->consts[c] = cg_segment_consts(r, s)[c];
}

/* Parts [begin, end) of all segments laid end to end. */
static void run_parts(void *ctx, int64_t begin, int64_t end, int thread) {
    const many *m = ctx;
    int64_t first = 0; /* part number of the segment's first part */
    for (int k = 0; k < m->r->n_segments && first < end; k++) {
        const cg_segment *s = &m->r->segment[k];
        const int64_t n = parts_of(s), from = begin > first ? begin - first : 0;
        const int64_t to = end - first < n ? end - first : n;
        if (from < to) {
            cg_map_request nest;
            cg_plan plan;
            segment_nest(m->r, s, from * SEGMENT_PART, to < n ? to * SEGMENT_PART : s->n, &nest);
            cg_plan_make(&plan, m->isa, &nest, &(cg_plan_options){.fusion = &m->fusion});
            run_tiles(&plan, 0, count_tiles(&plan), thread);
        }
        first += n;
    }
}

/* How many parts a thread takes at least: parts may be small, and so may all of them together. */
static int64_t many_grain(const cg_hw *hw, const cg_map_many_request *r, int64_t parts) {
    const int64_t units = cg_cpu_program_units(hw, r->program);
    int64_t elements = 0;
    for (int k = 0; k < r->n_segments; k++) elements += r->segment[k].n;
    if (elements <= CG_THREAD_UNITS / units) return parts > 1 ? parts : 1;
    const int64_t grain = CG_THREAD_UNITS / (SEGMENT_PART * units);
    return grain > 1 ? grain : 1;
}

cg_status cg_cpu_map_many(cg_hw *hw, const cg_map_many_request *r) {
    const cg_status status = cg_cpu_program_check(hw, r->program, "map_many");
    if (status != CG_OK) return status;
    int64_t parts = 0;
    for (int k = 0; k < r->n_segments; k++) parts += parts_of(&r->segment[k]);
    hw->stats.launches++;
    many m = {.r = r, .isa = cg_cpu_of(hw)->isa};
    cg_fusion_find(&m.fusion, r->program, fixed_inputs(r));
    cg_parallel_for(parts, many_grain(hw, r, parts), run_parts, &m);
    return CG_OK;
}
