/* Making a plan: the box of a tile, where each value lies, the steps. */
#include "host/cpu/map_plan.h"

#include <string.h>

/* --- The box ------------------------------------------------------------------------------------------------- */

/* Takes whole axes from the last one on while they fit, then as many indices of the next one as fit. */
static void choose_box(cg_plan *plan, int64_t block, int first_least) {
    const cg_map_request *nest = plan->nest;
    int first = nest->rank - 1;
    int64_t inner = 1;
    while (first > first_least && inner * nest->shape[first] <= block) inner *= nest->shape[first--];
    int64_t count = block / inner > 0 ? block / inner : 1;
    if (count > nest->shape[first]) count = nest->shape[first];
    if (inner == 1 && count < nest->shape[first]) { /* tiles of one size rather than a small last one */
        const int64_t tiles = (nest->shape[first] - 1) / count + 1;
        const int64_t even = ((nest->shape[first] - 1) / tiles / 16 + 1) * 16;
        if (even < count) count = even;
    }
    plan->first = first;
    plan->inner = inner;
    plan->block = count * inner;
    plan->box[0] = count;
    for (int a = first + 1; a < nest->rank; a++) plan->box[a - first] = nest->shape[a];
}

/* The operand over the box. Axes of one index have no stride that matters, so they merge with any. */
static void place_operand(const cg_plan *plan, const cg_operand *from, cg_tile_operand *o) {
    const int axes = plan->nest->rank - plan->first;
    const int64_t *stride = from->stride + plan->first;
    int last = 0;
    o->dtype = from->dtype;
    o->size = (int64_t)cg_dtype_size(from->dtype);
    o->data = cg_cpu_data(from);
    o->per_count = 1;
    o->extent[0] = plan->box[0];
    o->stride[0] = stride[0];
    for (int a = 1; a < axes; a++) {
        const int64_t extent = plan->box[a];
        if (extent == 1) continue;
        if (o->extent[last] != 1 && o->stride[last] != stride[a] * extent) {
            last++;
            o->extent[last] = extent;
        } else {
            o->extent[last] *= extent;
            if (last == 0) o->per_count *= extent;
        }
        o->stride[last] = stride[a];
    }
    o->rank = last + 1;
    o->direct = o->dtype == plan->type && last == 0 && (o->stride[0] == 1 || o->extent[0] == 1);
}

static void place_operands(cg_plan *plan) {
    for (int i = 0; i < plan->n_in; i++) place_operand(plan, &plan->nest->in[i], &plan->in[i]);
    for (int j = 0; j < plan->n_out; j++) place_operand(plan, &plan->nest->out[j], &plan->out[j]);
}

/* Whether an operand would be direct if a tile were a part of one row. */
static bool rows_would_help(const cg_plan *plan) {
    const int last = plan->nest->rank - 1;
    if (plan->first == last || plan->nest->shape[last] < CG_TILE_SMALLEST * 4) return false;
    for (int i = 0; i < plan->n_in; i++)
        if (!plan->in[i].direct && plan->in[i].dtype == plan->type && plan->nest->in[i].stride[last] == 1)
            if (plan->nest->in[i].stride[plan->first] != 0) return true;
    for (int j = 0; j < plan->n_out; j++)
        if (!plan->out[j].direct && plan->out[j].dtype == plan->type && plan->nest->out[j].stride[last] == 1)
            return true;
    return false;
}

/* --- Values ---------------------------------------------------------------------------------------------------- */

/* Whether input i is the same in all tiles. */
static bool is_same(const cg_plan *plan, int i, uint32_t moving) {
    const cg_map_request *nest = plan->nest;
    if (moving & (1u << i)) return false;
    for (int a = 0; a < plan->first; a++)
        if (nest->in[i].stride[a] != 0 && nest->shape[a] > 1) return false;
    return nest->in[i].stride[plan->first] == 0 || plan->box[0] == nest->shape[plan->first];
}

/* last[v]: the last instruction that reads value v, n_instrs if it is stored, -1 if nothing reads it. */
static void find_last_uses(const cg_program *p, const cg_fusion *fusion, int last[CG_MAX_VALUES]) {
    const int n_values = cg_program_values(p);
    for (int v = 0; v < n_values; v++) last[v] = -1;
    for (int k = 0; k < p->n_instrs; k++)
        for (int s = 0; s < cg_rows[p->instr[k].row].arity; s++) {
            int *at = &last[p->instr[k].src[s]];
            if (fusion->at[k] > *at) *at = fusion->at[k];
        }
    for (int j = 0; j < p->n_outputs; j++) last[p->output[j]] = p->n_instrs;
}

static bool is_output(const cg_program *p, int value) {
    for (int j = 0; j < p->n_outputs; j++)
        if (p->output[j] == value) return true;
    return false;
}

/*
 * Stores come last and in order: an input that is stored as it is must not lie where another output is
 * stored before it. It is then loaded into a slot instead.
 */
static void protect_stored_inputs(cg_plan *plan) {
    const cg_program *p = plan->nest->program;
    if (plan->n_out < 2) return;
    for (int i = 0; i < plan->n_in; i++) {
        if (!plan->in[i].direct || !is_output(p, i)) continue;
        for (int j = 0; j < plan->n_out; j++)
            if (plan->nest->out[j].buffer == plan->nest->in[i].buffer) plan->in[i].direct = false;
    }
}

/* Whether memory of output j may be written at instruction k: no input that lies there is read after it. */
static bool may_write(const cg_plan *plan, int j, int k, const int last[CG_MAX_VALUES]) {
    for (int i = 0; i < plan->n_in; i++)
        if (plan->nest->in[i].buffer == plan->nest->out[j].buffer && last[i] > k) return false;
    return true;
}

/* The output that value v, made by instruction k (-1: by a load), is computed in; -1 if there is none. */
static int find_home(const cg_plan *plan, int v, int k, const int last[CG_MAX_VALUES]) {
    const cg_program *p = plan->nest->program;
    for (int j = 0; j < plan->n_out && !plan->stream; j++)
        if (p->output[j] == v && plan->out[j].direct && may_write(plan, j, k, last)) return j;
    return -1;
}

/* --- Scalars ----------------------------------------------------------------------------------------------------- */

/* The inputs that are one element over a tile. */
static uint32_t fixed_inputs(const cg_plan *plan) {
    uint32_t fixed = 0;
    for (int i = 0; i < plan->n_in; i++) {
        const cg_tile_operand *in = &plan->in[i];
        if (in->dtype == plan->type && in->rank == 1 && in->stride[0] == 0) fixed |= 1u << i;
    }
    return fixed;
}

/* The values that fused loops read as scalars and nothing reads as a block. */
static uint64_t find_scalars(const cg_plan *plan) {
    const cg_program *p = plan->nest->program;
    uint64_t blocks = 0, scalars = 0;
    for (int k = 0; k < p->n_instrs; k++)
        if (plan->fusion.at[k] == k && plan->fusion.fused[k] < 0)
            for (int s = 0; s < cg_rows[p->instr[k].row].arity; s++) blocks |= 1ull << p->instr[k].src[s];
    for (int f = 0; f < plan->fusion.n; f++)
        for (int place = 0; place < CG_FUSED_FIRST_STEP; place++)
            *(place < CG_FUSED_FIRST_SCALAR ? &blocks : &scalars) |= 1ull
                                                                     << plan->fusion.loop[f].value[place];
    for (int j = 0; j < p->n_outputs; j++) blocks |= 1ull << p->output[j];
    return scalars & ~blocks;
}

static bool is_scalar(const cg_plan *plan, int value) { return plan->scalar >> value & 1; }

/* --- Slots and steps --------------------------------------------------------------------------------------------- */

typedef struct slots {
    uint64_t used;
    int last[CG_MAX_VALUES];
    uint32_t loaded; /* inputs, by bit */
} slots;

static void take_slot(cg_plan *plan, slots *s, int value) {
    const int slot = __builtin_ctzll(~s->used);
    s->used |= 1ull << slot;
    plan->slot[value] = (uint8_t)slot;
    if (slot >= plan->n_slots) plan->n_slots = slot + 1;
}

/* In an output where that is allowed, else in a slot. */
static void place_value(cg_plan *plan, slots *s, int value, int instr) {
    const int j = find_home(plan, value, instr, s->last);
    if (j < 0)
        take_slot(plan, s, value);
    else
        plan->home[j] = (uint8_t)value;
}

static void add_load(cg_plan *plan, slots *s, int i) {
    if (plan->in[i].direct || ((plan->once | s->loaded) & (1u << i))) return;
    s->loaded |= 1u << i;
    if (plan->stream) plan->kept |= 1u << i;
    place_value(plan, s, i, -1);
    plan->step[plan->n_steps++] = (cg_step){.kind = CG_STEP_LOAD, .operand = (uint8_t)i, .value = (uint8_t)i};
}

static void release_slot(cg_plan *plan, slots *s, int value, int k) {
    const bool constant = value >= plan->n_in && value < plan->n_in + plan->n_consts;
    if (s->last[value] > k || constant || plan->slot[value] == CG_NO_SLOT) return;
    if (value < plan->n_in && ((plan->once | plan->kept) & (1u << value))) return;
    s->used &= ~(1ull << plan->slot[value]);
}

static void add_row(cg_plan *plan, slots *s, int k) {
    const cg_program *p = plan->nest->program;
    const cg_instr *instr = &p->instr[k];
    const int arity = cg_rows[instr->row].arity, value = cg_program_instr(p, k);
    cg_step step = {.kind = CG_STEP_ROW,
                    .value = (uint8_t)value,
                    .src = {instr->src[0], instr->src[arity > 1], instr->src[arity > 2 ? 2 : 0]},
                    .loop = plan->isa->rows[plan->type]->loop[instr->row]};
    for (int i = 0; i < arity; i++)
        if (instr->src[i] < plan->n_in) add_load(plan, s, instr->src[i]);
    for (int i = 0; i < arity; i++) release_slot(plan, s, instr->src[i], k);
    place_value(plan, s, value, k);
    plan->step[plan->n_steps++] = step;
    release_slot(plan, s, value, k);
}

/* As add_row, for the fused loop whose last row is instruction k. */
static void add_fused(cg_plan *plan, slots *s, int k) {
    const int number = plan->fusion.fused[k];
    const cg_fused *f = &plan->fusion.loop[number];
    for (int i = 0; i < CG_FUSED_FIRST_STEP; i++)
        if (f->value[i] < plan->n_in) add_load(plan, s, f->value[i]);
    for (int i = 0; i < CG_FUSED_FIRST_STEP; i++) release_slot(plan, s, f->value[i], k);
    for (int i = CG_FUSED_FIRST_STEP; i < CG_FUSED_PLACES; i++)
        if (cg_fused_makes(f, i)) place_value(plan, s, f->value[i], k);
    plan->step[plan->n_steps++] = (cg_step){.kind = CG_STEP_FUSED,
                                            .operand = (uint8_t)number,
                                            .fused = plan->isa->fused[plan->type]->loop[f->id]};
    for (int i = CG_FUSED_FIRST_STEP; i < CG_FUSED_PLACES; i++)
        if (cg_fused_makes(f, i)) release_slot(plan, s, f->value[i], k);
}

static void add_stores(cg_plan *plan) {
    for (int j = 0; j < plan->n_out; j++)
        if (plan->home[j] == CG_NO_SLOT)
            plan->step[plan->n_steps++] = (cg_step){
                .kind = CG_STEP_STORE, .operand = (uint8_t)j, .value = plan->nest->program->output[j]};
}

static void make_steps(cg_plan *plan, const cg_plan_options *options) {
    const cg_program *p = plan->nest->program;
    slots s = {0};
    plan->n_steps = plan->n_slots = 0;
    plan->once = plan->kept = 0;
    memset(plan->home, CG_NO_SLOT, sizeof plan->home);
    memset(plan->slot, CG_NO_SLOT, (size_t)cg_program_values(p));
    protect_stored_inputs(plan);
    find_last_uses(p, &plan->fusion, s.last);
    for (int i = 0; i < plan->n_in; i++) {
        if (is_scalar(plan, i)) plan->in[i].direct = true;
        if (plan->in[i].direct || !is_same(plan, i, options->moving)) continue;
        plan->once |= 1u << i;
        take_slot(plan, &s, i);
    }
    for (int v = plan->n_in; v < plan->n_in + plan->n_consts; v++)
        if (!is_scalar(plan, v)) take_slot(plan, &s, v);
    for (int j = 0; j < p->n_outputs; j++)
        if (p->output[j] < plan->n_in) add_load(plan, &s, p->output[j]);
    for (int i = 0; i < plan->n_in && plan->stream; i++)
        if (s.last[i] >= 0) add_load(plan, &s, i);
    for (int k = 0; k < p->n_instrs; k++) {
        if (plan->fusion.fused[k] >= 0)
            add_fused(plan, &s, k);
        else if (plan->fusion.at[k] == k)
            add_row(plan, &s, k);
    }
    add_stores(plan);
}

/* --- Strips --------------------------------------------------------------------------------------------------------- */

/* Whether every result is contiguous elements of T, past the cache. */
static bool fits_strips(const cg_plan *plan) {
    for (int j = 0; j < plan->n_out; j++)
        if (!plan->out[j].direct) return false;
    return plan->stream;
}

static void plan_strips(cg_plan *plan) {
    plan->n_loads = 0;
    while (plan->n_loads < plan->n_steps && plan->step[plan->n_loads].kind == CG_STEP_LOAD) plan->n_loads++;
    plan->strip = fits_strips(plan) ? CG_STRIP / plan->size : 0;
    plan->advancing = 0;
    for (int i = 0; i < plan->n_in; i++)
        if (plan->in[i].direct && !is_scalar(plan, i)) plan->advancing |= 1u << i;
    plan->fetched &= plan->advancing;
    plan->advancing |= plan->once | plan->kept;
}

/* --- All of it ------------------------------------------------------------------------------------------------------ */

/* T, and how values come and go. Bytes that are only copied keep their type. */
static void choose_type(cg_plan *plan) {
    const cg_program *p = plan->nest->program;
    const cg_operand *in = plan->nest->in, *out = plan->nest->out;
    plan->type = (cg_dtype)p->type;
    plan->convert = plan->isa->convert[p->type];
    if (p->n_instrs == 0 && p->n_inputs == 1 && p->n_consts == 0 && plan->n_out == 1 &&
        in->dtype == out->dtype && cg_dtype_size(in->dtype) == 1) {
        plan->type = in->dtype;
        plan->convert = plan->isa->bytes;
    }
    plan->size = (int64_t)cg_dtype_size(plan->type);
}

/* Bytes that a tile keeps in L1: slots, and what is read or written in place by more than one step. */
static int64_t footprint(const cg_plan *plan) {
    int64_t lines = plan->n_slots;
    if (plan->n_steps > 1) {
        for (int i = 0; i < plan->n_in; i++) lines += plan->in[i].direct && !is_scalar(plan, i);
        for (int j = 0; j < plan->n_out; j++) lines += plan->home[j] != CG_NO_SLOT;
    }
    return lines * plan->block * plan->size;
}

/* The inputs that go on through memory from tile to tile; what is broadcast comes again and is in the cache. */
static uint32_t moving_inputs(const cg_map_request *nest) {
    uint32_t moving = 0;
    for (int i = 0; i < nest->program->n_inputs; i++) {
        bool broadcast = false;
        for (int a = 0; a < nest->rank; a++)
            broadcast = broadcast || (nest->in[i].stride[a] == 0 && nest->shape[a] > 1);
        if (!broadcast) moving |= 1u << i;
    }
    return moving;
}

/* *fixed: the inputs that are one element over the tiles the rows were fused for. */
static void fuse_rows(cg_plan *plan, const cg_plan_options *options, uint32_t *fixed) {
    *fixed = fixed_inputs(plan);
    if (options->fusion)
        plan->fusion = *options->fusion;
    else
        cg_fusion_find(&plan->fusion, plan->nest->program, *fixed);
    plan->scalar = find_scalars(plan);
}

void cg_plan_make(cg_plan *plan, const cg_isa *isa, const cg_map_request *nest,
                  const cg_plan_options *options) {
    plan->isa = isa;
    plan->nest = nest;
    plan->n_in = nest->program->n_inputs;
    plan->n_out = options->no_store ? 0 : nest->program->n_outputs;
    plan->n_consts = nest->program->n_consts;
    plan->stream = options->stream;
    plan->ahead = options->ahead;
    plan->fetched = options->ahead ? moving_inputs(nest) : 0;
    choose_type(plan);
    uint32_t fixed = 0;
    const int64_t first = options->block ? options->block : CG_TILE_LARGEST;
    for (int64_t block = first;; block /= 2) {
        choose_box(plan, block, 0);
        place_operands(plan);
        if (rows_would_help(plan)) {
            choose_box(plan, block, nest->rank - 1);
            place_operands(plan);
        }
        /* A box of one row may be followed by a smaller one of several, where operands are direct in it. */
        if (block == first || (fixed & ~fixed_inputs(plan))) fuse_rows(plan, options, &fixed);
        make_steps(plan, options);
        if (block <= CG_TILE_SMALLEST || footprint(plan) <= CG_TILE_SCRATCH) break;
    }
    plan_strips(plan);
}
