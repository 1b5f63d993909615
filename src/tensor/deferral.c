#include "tensor/deferral.h"

#include <stdlib.h>
#include <string.h>

#include "core/rows.h"
#include "core/shape.h"

/* --- expr objects --------------------------------------------------------------------------------------- */

void cg_expr_drop(cg_storage *s) {
    cg_expr *e = s->expr;
    if (!e) return;
    s->expr = NULL;
    if (e->previous)
        e->previous->next = e->next;
    else
        s->dev->pending = e->next;
    if (e->next) e->next->previous = e->previous;
    for (int i = 0; i < e->n; i++) {
        if (!e->leaf[i].storage) continue;
        e->leaf[i].storage->readers--;
        cg_storage_release(e->leaf[i].storage);
    }
    free(e);
}

static cg_expr *expr_new(cg_storage *s, int row, cg_dtype type, const cg_dims *shape, int n,
                         const cg_leaf *leaf) {
    cg_expr *e = calloc(1, sizeof *e);
    if (!e) {
        CG_FAIL(&s->dev->error, CG_ERROR_MEMORY, "tensor: out of host memory");
        return NULL;
    }
    *e = (cg_expr){.storage = s, .row = row, .n = n, .type = type, .shape = *shape, .rows = row >= 0};
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
    cg_operand o = {.buffer = leaf->storage->buffer, .dtype = leaf->storage->dtype, .offset = leaf->offset};
    memcpy(o.stride, leaf->stride, sizeof o.stride);
    for (int i = 0; i < n; i++)
        if (f->input[i] == leaf->storage && memcmp(&f->in[i], &o, sizeof o) == 0) return i;
    f->in[n] = o;
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

static void free_buffers(cg_storage *const *out, int n) {
    for (int i = 0; i < n; i++) {
        cg_hw_free(out[i]->dev->hw, out[i]->buffer);
        out[i]->buffer = NULL;
    }
}

cg_status cg_force(cg_storage *s) {
    const cg_expr *e = s->expr;
    if (!e) return CG_OK;
    cg_fused fused = {.program = {.type = (uint8_t)e->type}};
    builder b = {.fused = &fused};
    cg_storage *out[CG_MAX_OUTPUTS];
    int n = choose_outputs(&b, s, add_expr(&b, e), out);
    seal(&fused.program);

    cg_map_request map = {.program = &fused.program, .rank = e->shape.rank};
    memcpy(map.shape, e->shape.dim, sizeof map.shape);
    memcpy(map.in, fused.in, sizeof map.in);
    memcpy(map.consts, fused.consts, sizeof map.consts);
    for (int i = 0; i < n; i++) {
        if (cg_storage_allocate(out[i])) {
            free_buffers(out, i);
            return s->dev->error.code;
        }
        map.out[i] = (cg_operand){.buffer = out[i]->buffer, .dtype = out[i]->dtype};
        cg_dims_strides(&e->shape, map.out[i].stride);
    }
    cg_status status = cg_hw_map(s->dev->hw, &map);
    if (status) {
        free_buffers(out, n);
        return status;
    }
    /* Dropping a formula may release the last hold on another output's storage: hold them all meanwhile. */
    for (int i = 0; i < n; i++) cg_storage_retain(out[i]);
    for (int i = 0; i < n; i++) cg_expr_drop(out[i]);
    for (int i = 0; i < n; i++) cg_storage_release(out[i]);
    return CG_OK;
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
                    const cg_leaf *leaf) {
    cg_leaf settled[CG_MAX_ARITY];
    memcpy(settled, leaf, (size_t)n * sizeof *leaf);
    if (settle(type, shape, n, settled)) return NULL;
    cg_storage *s = cg_storage_new(dev, dtype, cg_dims_numel(shape));
    if (!s) return NULL;
    cg_tensor *x = NULL;
    if (expr_new(s, row, type, shape, n, settled)) x = cg_tensor_new(s, shape, NULL, 0);
    bool constant = row == CG_EXPR_COPY && !settled[0].storage;
    if (x && !dev->fuse && !constant && cg_force(s)) x = NULL;
    cg_storage_release(s);
    return x;
}

cg_status cg_fuse(cg_tensor *x, cg_dtype type, cg_fused *fused) {
    *fused = (cg_fused){.program = {.type = (uint8_t)type}};
    builder b = {.fused = fused};
    cg_leaf leaf = cg_leaf_of(x, &x->shape);
    int value;
    if (leaf.storage->expr && !as_constant(&leaf, type) && !joins(&leaf, type, &x->shape) &&
        cg_force(leaf.storage))
        return leaf.storage->dev->error.code;
    if (!leaf.storage)
        value = add_constant(&b, leaf.constant);
    else
        value = leaf.storage->expr ? add_expr(&b, leaf.storage->expr) : add_input(&b, &leaf);
    fused->program.output[0] = (uint8_t)value;
    fused->program.n_outputs = 1;
    seal(&fused->program);
    return CG_OK;
}

cg_tensor *cg_eval(cg_tensor *x) { return x && cg_force(x->storage) == CG_OK ? x : NULL; }
