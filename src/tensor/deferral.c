#include "tensor/deferral.h"

#include <stdlib.h>
#include <string.h>

#include "core/rows.h"
#include "core/shape.h"
#include "tensor/output_memory.h"

/* --- expr objects --------------------------------------------------------------------------------------- */

void cg_expr_drop(cg_storage *s) {
    cg_expr *e = s->expr;
    if (!e) return;
    cg_device *dev = s->dev;
    s->expr = NULL;
    if (e->previous)
        e->previous->next = e->next;
    else
        dev->pending = e->next;
    if (e->next) e->next->previous = e->previous;
    for (int i = 0; i < e->n; i++) {
        if (!e->leaf[i].storage) continue;
        e->leaf[i].storage->readers--;
        cg_storage_release(e->leaf[i].storage);
    }
    cg_slab_give(&dev->exprs, e);
}

static cg_expr *expr_new(cg_storage *s, int row, cg_dtype type, const cg_dims *shape, int n,
                         const cg_leaf *leaf) {
    cg_expr *e = cg_slab_take(&s->dev->exprs, sizeof *e);
    if (!e) {
        CG_FAIL(&s->dev->error, CG_ERROR_MEMORY, "tensor: out of host memory");
        return NULL;
    }
    e->previous = NULL;
    e->storage = s;
    e->row = row;
    e->n = n;
    e->type = type;
    e->shape = *shape;
    e->rows = row >= 0;
    e->inputs = e->consts = 0;
    for (int i = 0; i < n; i++) {
        e->leaf[i] = leaf[i];
        if (!leaf[i].storage) {
            e->consts++;
            continue;
        }
        cg_storage_retain(leaf[i].storage)->readers++;
        const cg_expr *inner = leaf[i].storage->expr;
        e->rows += inner ? inner->rows : 0;
        e->inputs += inner ? inner->inputs : 1;
        e->consts += inner ? inner->consts : 0;
    }
    e->next = s->dev->pending;
    if (e->next) e->next->previous = e;
    s->dev->pending = e;
    s->expr = e;
    return e;
}

/* --- from exprs to a program ---------------------------------------------------------------------------- */

typedef struct builder {
    cg_fused *fused;
    cg_storage *done[CG_MAX_INSTRS]; /* pending storages already in the program, and their values */
    int value[CG_MAX_INSTRS];
    int n_done;
} builder;

/*
 * Value numbers: inputs and constants come before instructions, but their number is known only at the end.
 * While building, an input is i, a constant CONST0 + i, an instruction INSTR0 + i; seal() makes them final.
 */
enum { CONST0 = CG_MAX_INPUTS, INSTR0 = CG_MAX_INPUTS + CG_MAX_CONSTS };

static int add_input(builder *b, const cg_leaf *leaf) {
    cg_fused *f = b->fused;
    int n = f->program.n_inputs;
    for (int i = 0; i < n; i++)
        if (f->input[i] == leaf->storage && f->in[i].offset == leaf->offset &&
            memcmp(f->in[i].stride, leaf->stride, sizeof leaf->stride) == 0)
            return i;
    cg_operand *o = &f->in[n];
    o->buffer = leaf->storage->buffer;
    o->dtype = leaf->storage->dtype;
    o->offset = leaf->offset;
    memcpy(o->stride, leaf->stride, sizeof o->stride);
    f->input[n] = leaf->storage;
    f->program.n_inputs++;
    return n;
}

static int add_constant(builder *b, cg_scalar c) {
    cg_fused *f = b->fused;
    int n = f->program.n_consts;
    for (int i = 0; i < n; i++)
        if (f->consts[i].i == c.i) return CONST0 + i;
    f->consts[n] = c;
    f->program.n_consts++;
    return CONST0 + n;
}

static int add_expr(builder *b, const cg_expr *e) {
    for (int i = 0; i < b->n_done; i++)
        if (b->done[i] == e->storage) return b->value[i];
    int v[CG_MAX_ARITY] = {0};
    for (int i = 0; i < e->n; i++) {
        const cg_leaf *leaf = &e->leaf[i];
        if (!leaf->storage)
            v[i] = add_constant(b, leaf->constant);
        else
            v[i] = leaf->storage->expr ? add_expr(b, leaf->storage->expr) : add_input(b, leaf);
    }
    if (e->row == CG_EXPR_COPY) return v[0];
    cg_program *p = &b->fused->program;
    p->instr[p->n_instrs] =
        (cg_instr){.row = (uint8_t)e->row, .src = {(uint8_t)v[0], (uint8_t)v[1], (uint8_t)v[2]}};
    b->done[b->n_done] = e->storage;
    b->value[b->n_done++] = INSTR0 + p->n_instrs;
    return INSTR0 + p->n_instrs++;
}

static uint8_t final_value(const cg_program *p, int v) {
    if (v >= INSTR0) return (uint8_t)(p->n_inputs + p->n_consts + v - INSTR0);
    return (uint8_t)(v >= CONST0 ? p->n_inputs + v - CONST0 : v);
}

static void seal(cg_program *p) {
    for (int i = 0; i < p->n_instrs; i++)
        for (int j = 0; j < CG_MAX_ARITY; j++)
            p->instr[i].src[j] = j < cg_rows[p->instr[i].row].arity ? final_value(p, p->instr[i].src[j]) : 0;
    for (int i = 0; i < p->n_outputs; i++) p->output[i] = final_value(p, p->output[i]);
}

/* --- running ---------------------------------------------------------------------------------------------- */

/* Of a cg_fused only the program is read beyond its counts, so the rest is not filled. */
static void begin(builder *b, cg_fused *fused, cg_dtype type) {
    b->fused = fused;
    b->n_done = 0;
    fused->program = (cg_program){.type = (uint8_t)type};
}

/* The storages the program of `s` writes: s, and what a record keeps of the pending ones it passes by. */
static int choose_outputs(builder *b, cg_storage *s, int value, cg_storage **out) {
    cg_program *p = &b->fused->program;
    out[0] = s;
    p->output[0] = (uint8_t)value;
    p->n_outputs = 1;
    for (int i = 0; i < b->n_done && p->n_outputs < CG_MAX_OUTPUTS; i++) {
        if (b->done[i] == s || !b->done[i]->saved) continue;
        out[p->n_outputs] = b->done[i];
        p->output[p->n_outputs++] = (uint8_t)b->value[i];
    }
    return p->n_outputs;
}

/*
 * Runs a program. Its outputs: target, which is there, unless NULL, then the storages out[0..n-1], which get their
 * memory here and are pending no more.
 */
static cg_status run_program(cg_device *dev, const cg_fused *fused, const cg_dims *shape,
                             const cg_tensor *target, int n, cg_storage *const *out) {
    cg_map_request map; /* large, and only what the program has of it is read: the rest is not filled */
    map.program = &fused->program;
    map.rank = shape->rank;
    memcpy(map.shape, shape->dim, sizeof map.shape);
    memcpy(map.in, fused->in, fused->program.n_inputs * sizeof *map.in);
    memcpy(map.consts, fused->consts, fused->program.n_consts * sizeof *map.consts);
    if (target) map.out[0] = cg_tensor_operand(target);
    cg_storage *donor = target ? NULL : cg_output_donor(fused, out[0]);
    cg_status status = cg_outputs_allocate(out, n, donor);
    for (int i = 0; i < n && status == CG_OK; i++) {
        cg_operand *o = &map.out[i + (target != NULL)];
        *o = (cg_operand){.buffer = out[i]->buffer, .dtype = out[i]->dtype};
        cg_dims_strides(shape, o->stride);
    }
    if (status) return status;
    status = cg_hw_map(dev->hw, &map);
    if (status) {
        cg_outputs_free(out, n, donor);
        return status;
    }
    /* Dropping a formula may release the last hold on another output's storage: hold them all meanwhile. */
    for (int i = 0; i < n; i++) cg_storage_retain(out[i]);
    for (int i = 0; i < n; i++) cg_expr_drop(out[i]);
    for (int i = 0; i < n; i++) cg_storage_release(out[i]);
    return CG_OK;
}

cg_status cg_force(cg_storage *s) {
    const cg_expr *e = s->expr;
    if (!e) return CG_OK;
    cg_fused fused;
    builder b;
    cg_storage *out[CG_MAX_OUTPUTS];
    begin(&b, &fused, e->type);
    int n = choose_outputs(&b, s, add_expr(&b, e), out);
    seal(&fused.program);
    return run_program(s->dev, &fused, &e->shape, NULL, n, out);
}

static bool reads(const cg_expr *e, const cg_storage *s) {
    for (int i = 0; i < e->n; i++)
        if (e->leaf[i].storage == s) return true;
    return false;
}

cg_status cg_force_readers(cg_storage *s) {
    while (s->readers > 0) {
        cg_expr *e = s->dev->pending;
        while (!reads(e, s)) e = e->next;
        cg_status status = cg_force(e->storage);
        if (status) return status;
    }
    return CG_OK;
}

/* --- deferring -------------------------------------------------------------------------------------------- */

cg_leaf cg_leaf_of(const cg_tensor *x, const cg_dims *shape) {
    cg_leaf leaf = {.storage = x->storage, .offset = x->offset};
    int shift = shape->rank - x->shape.rank;
    for (int i = 0; i < x->shape.rank; i++) leaf.stride[i + shift] = x->shape.dim[i] == 1 ? 0 : x->stride[i];
    return leaf;
}

/* The value an integer constant has once it is stored in `dtype`. */
static int64_t stored_integer(int64_t value, cg_dtype dtype) {
    switch (dtype) {
    case CG_BOOL:
        return value != 0;
    case CG_U8:
        return (uint8_t)value;
    case CG_I32:
        return (int32_t)value;
    default:
        return value;
    }
}

/*
 * A pending constant tensor is the constant, whatever its view: converted to `type` as a load would. Not
 * where the store or the load turns a real into an integer: those rules are the backend's, so it runs.
 */
static bool as_constant(cg_leaf *leaf, cg_dtype type) {
    const cg_expr *e = leaf->storage ? leaf->storage->expr : NULL;
    if (!e || e->row != CG_EXPR_COPY || e->leaf[0].storage) return false;
    cg_dtype stored = leaf->storage->dtype;
    bool real = cg_dtype_is_float(stored);
    if (cg_dtype_is_float(e->type) != real || (real && !cg_dtype_is_float(type))) return false;
    cg_scalar c = e->leaf[0].constant;
    if (!real)
        c.i = stored_integer(c.i, stored);
    else if (stored == CG_F32)
        c.f = (double)(float)c.f;
    if (!real && cg_dtype_is_float(type)) c.f = (double)c.i;
    *leaf = (cg_leaf){.constant = c};
    return true;
}

/* Whether a pending leaf covers the loop as it covers its own formula: row-major and whole. */
static bool same_loop(const cg_leaf *leaf, const cg_dims *shape) {
    const cg_expr *e = leaf->storage->expr;
    if (leaf->offset != 0 || !cg_dims_equal(&e->shape, shape)) return false;
    int64_t stride[CG_MAX_RANK];
    cg_dims_strides(shape, stride);
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] != 1 && leaf->stride[i] != stride[i]) return false;
    return true;
}

/* Whether the value in the program is the value that would be stored: T itself, or a comparison's 0 or 1. */
static bool exact_in_program(const cg_expr *e) {
    if (e->storage->dtype == e->type) return true;
    return e->storage->dtype == CG_BOOL && e->row >= 0 && cg_rows[e->row].class == CG_CLASS_COMPARE;
}

static bool joins(const cg_leaf *leaf, cg_dtype type, const cg_dims *shape) {
    const cg_expr *e = leaf->storage->expr;
    return e->type == type && exact_in_program(e) && same_loop(leaf, shape);
}

/*
 * Makes every leaf a constant, a computed storage or a pending one that joins; then computes pending ones,
 * the longest first, until the program stays within its limits.
 */
static cg_status settle(cg_dtype type, const cg_dims *shape, int n, cg_leaf *leaf) {
    for (int i = 0; i < n; i++) {
        if (!leaf[i].storage || !leaf[i].storage->expr || as_constant(&leaf[i], type)) continue;
        if (!joins(&leaf[i], type, shape) && cg_force(leaf[i].storage))
            return leaf[i].storage->dev->error.code;
    }
    for (;;) {
        int rows = 1, inputs = 0, consts = 0;
        cg_storage *longest = NULL;
        for (int i = 0; i < n; i++) {
            cg_expr *e = leaf[i].storage ? leaf[i].storage->expr : NULL;
            rows += e ? e->rows : 0;
            inputs += e ? e->inputs : leaf[i].storage != NULL;
            consts += e ? e->consts : leaf[i].storage == NULL;
            if (e && (!longest || e->rows > longest->expr->rows)) longest = leaf[i].storage;
        }
        if (!longest || (rows <= CG_MAX_INSTRS && inputs <= CG_MAX_INPUTS && consts <= CG_MAX_CONSTS))
            return CG_OK;
        if (cg_force(longest)) return longest->dev->error.code;
    }
}

cg_tensor *cg_defer(cg_device *dev, int row, cg_dtype type, cg_dtype dtype, const cg_dims *shape, int n,
                    cg_leaf *leaf) {
    if (settle(type, shape, n, leaf)) return NULL;
    cg_storage *s = cg_storage_new(dev, dtype, cg_dims_numel(shape));
    if (!s) return NULL;
    cg_tensor *x = NULL;
    if (expr_new(s, row, type, shape, n, leaf)) x = cg_tensor_new(s, shape, NULL, 0);
    bool constant = row == CG_EXPR_COPY && !leaf[0].storage;
    if (x && !dev->fuse && !constant && cg_force(s)) x = NULL;
    cg_storage_release(s);
    return x;
}

/* The program that yields the elements of x, in `type`, as b builds it: *value is their value number. */
static cg_status build(builder *b, cg_tensor *x, cg_dtype type, int *value) {
    begin(b, b->fused, type);
    cg_leaf leaf = cg_leaf_of(x, &x->shape);
    if (leaf.storage->expr && !as_constant(&leaf, type) && !joins(&leaf, type, &x->shape) &&
        cg_force(leaf.storage))
        return leaf.storage->dev->error.code;
    if (!leaf.storage)
        *value = add_constant(b, leaf.constant);
    else
        *value = leaf.storage->expr ? add_expr(b, leaf.storage->expr) : add_input(b, &leaf);
    return CG_OK;
}

cg_status cg_fuse(cg_tensor *x, cg_dtype type, cg_fused *fused) {
    builder b = {.fused = fused};
    int value;
    cg_status status = build(&b, x, type, &value);
    if (status) return status;
    fused->program.output[0] = (uint8_t)value;
    fused->program.n_outputs = 1;
    seal(&fused->program);
    return CG_OK;
}

cg_tensor *cg_eval(cg_tensor *x) { return x && cg_force(x->storage) == CG_OK ? x : NULL; }

/* --- into memory that is there ---------------------------------------------------------------------------- */

/* The first and the last element that an operand touches; the shape has no dimension of 0. */
static void extent(const cg_operand *x, const cg_dims *shape, int64_t *first, int64_t *last) {
    *first = *last = x->offset;
    for (int i = 0; i < shape->rank; i++) {
        int64_t reach = x->stride[i] * (shape->dim[i] - 1);
        *(reach < 0 ? first : last) += reach;
    }
}

static bool same_elements(const cg_operand *x, const cg_operand *y, const cg_dims *shape) {
    if (x->offset != y->offset) return false;
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] != 1 && x->stride[i] != y->stride[i]) return false;
    return true;
}

/* Whether the program reads elements of target at another place than it would write them. */
static bool disturbed(const cg_fused *fused, const cg_tensor *target) {
    cg_operand out = cg_tensor_operand(target);
    int64_t first, last, low, high;
    extent(&out, &target->shape, &first, &last);
    for (int i = 0; i < fused->program.n_inputs; i++) {
        const cg_operand *in = &fused->in[i];
        if (fused->input[i] != target->storage || same_elements(in, &out, &target->shape)) continue;
        extent(in, &target->shape, &low, &high);
        if (low <= last && first <= high) return true;
    }
    return false;
}

static bool is_done(const builder *b, const cg_storage *s) {
    for (int i = 0; i < b->n_done; i++)
        if (b->done[i] == s) return true;
    return false;
}

/* Whether the elements of value become those of target by being stored there. */
static bool moves(const cg_storage *value, const cg_storage *target) {
    return value->expr && value->dtype == target->dtype && !value->saved;
}

/*
 * What the pass must store beside target: what a record keeps, and what could not be computed afterwards. Gives the
 * indices in b->done.
 */
static int further_outputs(const builder *b, const cg_storage *value, const cg_storage *target,
                           int index[CG_MAX_INSTRS]) {
    int n = 0;
    for (int i = 0; i < b->n_done; i++) {
        const cg_storage *s = b->done[i];
        if ((s->saved || reads(s->expr, target)) && !(s == value && moves(value, target))) index[n++] = i;
    }
    return n;
}

/* Computes what reads the old elements of target and is no part of the program; *any: there was something. */
static cg_status force_outsiders(const builder *b, const cg_storage *target, bool *any) {
    *any = false;
    for (cg_expr *e = target->dev->pending; e;) {
        if (!reads(e, target) || is_done(b, e->storage)) {
            e = e->next;
            continue;
        }
        *any = true;
        if (cg_force(e->storage)) return target->dev->error.code;
        e = target->dev->pending; /* others may have gone with it */
    }
    return CG_OK;
}

/* Builds the program of *value so that it can run over target; makes a copy of *value where nothing else helps. */
static cg_status build_over(builder *b, cg_tensor **value, const cg_tensor *target, int *number) {
    cg_dtype dtype = (*value)->storage->dtype, type = cg_dtype_compute(dtype);
    for (;;) {
        bool any;
        int index[CG_MAX_INSTRS];
        if (build(b, *value, type, number)) return target->storage->dev->error.code;
        if (disturbed(b->fused, target)) {
            cg_leaf leaf = cg_leaf_of(*value, &(*value)->shape);
            if (!(*value)->storage->expr)
                *value = cg_defer(target->storage->dev, CG_EXPR_COPY, type, dtype, &target->shape, 1, &leaf);
            if (!cg_eval(*value)) return target->storage->dev->error.code;
            continue;
        }
        if (further_outputs(b, (*value)->storage, target->storage, index) >= CG_MAX_OUTPUTS) {
            if (cg_force((*value)->storage)) return target->storage->dev->error.code;
            continue;
        }
        cg_status status = force_outsiders(b, target->storage, &any);
        if (status || !any) return status;
    }
}

/* The formula of a pending s becomes: the elements of target. */
static void redirect(cg_storage *s, const cg_tensor *target) {
    cg_expr *e = s->expr;
    cg_leaf leaf = cg_leaf_of(target, &target->shape);
    cg_storage_retain(leaf.storage)->readers++;
    for (int i = 0; i < e->n; i++) {
        if (!e->leaf[i].storage) continue;
        e->leaf[i].storage->readers--;
        cg_storage_release(e->leaf[i].storage);
    }
    e->row = CG_EXPR_COPY;
    e->type = cg_dtype_compute(s->dtype);
    e->n = e->inputs = 1;
    e->rows = e->consts = 0;
    e->leaf[0] = leaf;
}

cg_status cg_force_into(cg_tensor *value, cg_tensor *target) {
    cg_fused fused;
    builder b = {.fused = &fused};
    int number, index[CG_MAX_INSTRS];
    cg_status status = build_over(&b, &value, target, &number);
    if (status) return status;
    cg_storage *out[CG_MAX_OUTPUTS], *t = target->storage;
    int n = further_outputs(&b, value->storage, t, index);
    fused.program.output[0] = (uint8_t)number;
    fused.program.n_outputs = (uint8_t)(n + 1);
    for (int i = 0; i < n; i++) {
        out[i] = b.done[index[i]];
        fused.program.output[i + 1] = (uint8_t)b.value[index[i]];
    }
    seal(&fused.program);
    status = run_program(t->dev, &fused, &target->shape, target, n, out);
    if (status) return status;
    t->version++;
    cg_storage *s = value->storage;
    if (moves(s, t) && s->expr->row >= 0 && reads(s->expr, t)) redirect(s, target);
    return CG_OK;
}
