#include "tensor/deferral.h"

#include <stdlib.h>
#include <string.h>

#include "core/rows.h"
#include "core/shape.h"
#include "tensor/deferral_program.h"
#include "tensor/deferred_product.h"
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
    free(e->product);
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
    e->product = NULL;
    int rows = row >= 0, inputs = 0, consts = 0;
    bool has_product = false;
    for (int i = 0; i < n; i++) {
        e->leaf[i] = leaf[i];
        if (!leaf[i].storage) {
            consts++;
            continue;
        }
        cg_storage_retain(leaf[i].storage)->readers++;
        const cg_expr *inner = leaf[i].storage->expr;
        rows += inner ? inner->rows : 0;
        inputs += inner ? inner->inputs : 1;
        consts += inner ? inner->consts : 0;
        has_product = has_product || (inner && inner->has_product);
    }
    e->rows = rows;
    e->inputs = inputs;
    e->consts = consts;
    e->has_product = has_product;
    e->next = s->dev->pending;
    if (e->next) e->next->previous = e;
    s->dev->pending = e;
    s->expr = e;
    return e;
}

/* Makes a new expr that of a product. */
static bool product_new(cg_expr *e, const struct cg_pending_product *p) {
    e->product = malloc(sizeof *p);
    if (!e->product) {
        CG_FAIL(&e->storage->dev->error, CG_ERROR_MEMORY, "tensor: out of host memory");
        return false;
    }
    *e->product = *p;
    e->has_product = true;
    e->rows = e->n > 2;
    e->inputs = e->n - 1;
    return true;
}

/* --- from exprs to a program ---------------------------------------------------------------------------- */

/*
 * Value numbers: inputs and constants come before instructions, but their number is known only at the end.
 * While building, an input is i, a constant CONST0 + i, an instruction INSTR0 + i; cg_builder_seal() makes them final.
 */
enum { CONST0 = CG_MAX_INPUTS, INSTR0 = CG_MAX_INPUTS + CG_MAX_CONSTS };

static int add_input(cg_builder *b, const cg_leaf *leaf) {
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

static int add_constant(cg_builder *b, cg_scalar c) {
    cg_fused *f = b->fused;
    int n = f->program.n_consts;
    for (int i = 0; i < n; i++)
        if (f->consts[i].i == c.i) return CONST0 + i;
    f->consts[n] = c;
    f->program.n_consts++;
    return CONST0 + n;
}

static int done_as(cg_builder *b, cg_storage *s, int value) {
    b->done[b->n_done] = s;
    b->value[b->n_done++] = value;
    return value;
}

static int push(cg_builder *b, int row, int v0, int v1, int v2) {
    cg_program *p = &b->fused->program;
    p->instr[p->n_instrs] = (cg_instr){.row = (uint8_t)row, .src = {(uint8_t)v0, (uint8_t)v1, (uint8_t)v2}};
    return INSTR0 + p->n_instrs++;
}

/* Input 0 is the element of the product: force_product has put it there. */
static int add_product(cg_builder *b, const cg_expr *e) {
    if (e->n < 3) return done_as(b, e->storage, 0);
    cg_leaf bias = {.storage = e->leaf[2].storage, .offset = e->leaf[2].offset};
    bias.stride[b->shape->rank - 1] = e->leaf[2].stride[0];
    return done_as(b, e->storage, push(b, CG_ROW_add, 0, add_input(b, &bias), 0));
}

static int add_expr(cg_builder *b, const cg_expr *e) {
    for (int i = 0; i < b->n_done; i++)
        if (b->done[i] == e->storage) return b->value[i];
    if (e->product) return add_product(b, e);
    int v[CG_MAX_ARITY] = {0};
    for (int i = 0; i < e->n; i++) {
        const cg_leaf *leaf = &e->leaf[i];
        if (!leaf->storage)
            v[i] = add_constant(b, leaf->constant);
        else
            v[i] = leaf->storage->expr ? add_expr(b, leaf->storage->expr) : add_input(b, leaf);
    }
    if (e->row == CG_EXPR_COPY) return v[0];
    return done_as(b, e->storage, push(b, e->row, v[0], v[1], v[2]));
}

static uint8_t final_value(const cg_program *p, int v) {
    if (v >= INSTR0) return (uint8_t)(p->n_inputs + p->n_consts + v - INSTR0);
    return (uint8_t)(v >= CONST0 ? p->n_inputs + v - CONST0 : v);
}

void cg_builder_seal(cg_program *p) {
    for (int i = 0; i < p->n_instrs; i++)
        for (int j = 0; j < CG_MAX_ARITY; j++)
            p->instr[i].src[j] = j < cg_rows[p->instr[i].row].arity ? final_value(p, p->instr[i].src[j]) : 0;
    for (int i = 0; i < p->n_outputs; i++) p->output[i] = final_value(p, p->output[i]);
}

/* --- running ---------------------------------------------------------------------------------------------- */

/* Of a cg_fused only the program is read beyond its counts, so the rest is not filled. */
static void begin(cg_builder *b, cg_fused *fused, cg_dtype type) {
    b->fused = fused;
    b->n_done = 0;
    fused->program = (cg_program){.type = (uint8_t)type};
}

/* The storages the program of `s` writes: s, and what a record keeps of the pending ones it passes by. */
static int choose_outputs(cg_builder *b, cg_storage *s, int value, cg_storage **out) {
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

/* After work with this outcome: what it was to write has no memory again, or is pending no more. */
static cg_status finish(cg_status status, int n, cg_storage *const *out, cg_storage *donor) {
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

cg_status cg_builder_run(cg_device *dev, const cg_fused *fused, const cg_dims *shape, const cg_tensor *target,
                         int n, cg_storage *const *out) {
    cg_map_request map; /* large, and only what the program has of it is read: the rest is not filled */
    map.program = &fused->program;
    map.rank = shape->rank;
    memcpy(map.shape, shape->dim, sizeof map.shape);
    memcpy(map.in, fused->in, fused->program.n_inputs * sizeof *map.in);
    memcpy(map.consts, fused->consts, fused->program.n_consts * sizeof *map.consts);
    if (target) map.out[0] = cg_tensor_operand(target);
    cg_storage *donor = target ? NULL : cg_output_donor(fused, out[0], NULL);
    if (cg_outputs_allocate(out, n, donor)) return dev->error.code;
    for (int i = 0; i < n; i++) {
        cg_operand *o = &map.out[i + (target != NULL)];
        o->buffer = out[i]->buffer;
        o->dtype = out[i]->dtype;
        o->offset = 0;
        cg_dims_strides(shape, o->stride);
    }
    return finish(cg_hw_map(dev->hw, &map), n, out, donor);
}

/* Of a formula with a product; the product by itself where the backend could not store all that is to be kept. */
static cg_status force_product(cg_storage *s, const cg_expr *product) {
    cg_expr *e = s->expr;
    cg_storage *p = product->storage, *out[CG_MAX_OUTPUTS];
    if (!cg_product_admits(product, &(cg_leaf){.storage = s}, &e->shape)) /* a formula behind it has moved */
        return cg_force(p) ? p->dev->error.code : cg_force(s);
    cg_fused fused;
    cg_builder b = {.shape = &e->shape};
    begin(&b, &fused, e->type);
    fused.program.n_inputs = 1;
    fused.input[0] = p;
    const int value = add_expr(&b, e);
    const bool wanted = cg_product_is_held(product, b.done, b.n_done);
    p->saved += wanted;
    int n = choose_outputs(&b, s, value, out);
    p->saved -= wanted;
    if (n > 1 && !s->dev->hw->backend->many_outputs) return cg_force(p) ? p->dev->error.code : cg_force(s);
    cg_builder_seal(&fused.program);
    cg_storage *donor = cg_output_donor(&fused, s, product);
    if (cg_outputs_allocate(out, n, donor)) return s->dev->error.code;
    return finish(cg_product_run(product, &fused, &e->shape, n, out), n, out, donor);
}

cg_status cg_force(cg_storage *s) {
    const cg_expr *e = s->expr;
    if (!e) return CG_OK;
    const cg_expr *product = cg_product_behind(e);
    if (product) return force_product(s, product);
    cg_fused fused;
    cg_builder b;
    cg_storage *out[CG_MAX_OUTPUTS];
    begin(&b, &fused, e->type);
    int n = choose_outputs(&b, s, add_expr(&b, e), out);
    cg_builder_seal(&fused.program);
    return cg_builder_run(s->dev, &fused, &e->shape, NULL, n, out);
}

bool cg_expr_reads(const cg_expr *e, const cg_storage *s) {
    for (int i = 0; i < e->n; i++)
        if (e->leaf[i].storage == s) return true;
    return false;
}

cg_status cg_store_results(cg_storage *s) { return s->results > 0 ? s->dev->store_results(s) : CG_OK; }

cg_status cg_force_readers(cg_storage *s) {
    if (cg_store_results(s)) return s->dev->error.code;
    while (s->readers > 0) {
        cg_expr *e = s->dev->pending;
        while (!cg_expr_reads(e, s)) e = e->next;
        cg_status status = cg_force(e->storage);
        if (status) return status;
    }
    return CG_OK;
}

/* --- deferring -------------------------------------------------------------------------------------------- */

void cg_leaf_set(cg_leaf *leaf, const cg_tensor *x, const cg_dims *shape) {
    leaf->storage = x->storage;
    leaf->offset = x->offset;
    memset(leaf->stride, 0, sizeof leaf->stride);
    int shift = shape->rank - x->shape.rank;
    for (int i = 0; i < x->shape.rank; i++) leaf->stride[i + shift] = x->shape.dim[i] == 1 ? 0 : x->stride[i];
}

cg_leaf cg_leaf_of(const cg_tensor *x, const cg_dims *shape) {
    cg_leaf leaf = {0};
    cg_leaf_set(&leaf, x, shape);
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
    const bool same = e->product ? cg_product_seen_as(e, shape) : cg_dims_equal(&e->shape, shape);
    if (leaf->offset != 0 || !same) return false;
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
 * Computes what keeps a product from being part of the program: that its result is of another type, another product,
 * leaves that are not along its rows.
 */
static cg_status settle_product(cg_dtype type, cg_dtype dtype, const cg_dims *shape, int n,
                                const cg_leaf *leaf) {
    const cg_expr *product = NULL;
    for (int i = 0; i < n; i++) {
        cg_storage *s = leaf[i].storage;
        const cg_expr *found = s ? cg_product_behind(s->expr) : NULL;
        if (found && ((product && found != product) || type != dtype)) {
            if (cg_force(s)) return s->dev->error.code;
        } else if (found) {
            product = found;
        }
    }
    for (int i = 0; product && i < n; i++)
        if (!cg_product_admits(product, &leaf[i], shape)) return cg_force(product->storage);
    return CG_OK;
}

/*
 * Makes every leaf a constant, a computed storage or a pending one that joins; then computes pending ones,
 * the longest first, until the program stays within its limits.
 */
static cg_status settle(cg_dtype type, cg_dtype dtype, const cg_dims *shape, int n, cg_leaf *leaf) {
    bool has_product = false;
    for (int i = 0; i < n; i++) {
        if (!leaf[i].storage || !leaf[i].storage->expr || as_constant(&leaf[i], type)) continue;
        has_product = has_product || leaf[i].storage->expr->has_product;
        if (!joins(&leaf[i], type, shape) && cg_force(leaf[i].storage))
            return leaf[i].storage->dev->error.code;
    }
    if (has_product && settle_product(type, dtype, shape, n, leaf)) return CG_ERROR_STATE;
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
    if (settle(type, dtype, shape, n, leaf)) return NULL;
    cg_storage *s = cg_storage_new(dev, dtype, cg_dims_numel(shape));
    if (!s) return NULL;
    cg_tensor *x = NULL;
    if (expr_new(s, row, type, shape, n, leaf)) x = cg_tensor_new(s, shape, NULL, 0);
    bool constant = row == CG_EXPR_COPY && !leaf[0].storage;
    if (x && !dev->fuse && !constant && cg_force(s)) x = NULL;
    cg_storage_release(s);
    return x;
}

cg_tensor *cg_defer_product(const struct cg_pending_product *p, const cg_dims *shape, cg_tensor *a,
                            cg_tensor *b, cg_tensor *bias) {
    cg_device *dev = a->storage->dev;
    const cg_dtype dtype = a->storage->dtype;
    cg_leaf leaf[] = {{.storage = a->storage}, {.storage = b->storage}, {0}};
    if (bias) leaf[2] = cg_leaf_of(bias, &bias->shape);
    cg_storage *s = cg_storage_new(dev, dtype, cg_dims_numel(shape));
    if (!s) return NULL;
    cg_tensor *x = NULL;
    cg_expr *e = expr_new(s, CG_EXPR_PRODUCT, dtype, shape, bias ? 3 : 2, leaf);
    if (e && product_new(e, p)) x = cg_tensor_new(s, shape, NULL, 0);
    if (x && (!dev->fuse || s->numel == 0) && cg_force(s)) x = NULL;
    cg_storage_release(s);
    return x;
}

cg_status cg_builder_start(cg_builder *b, cg_tensor *x, cg_dtype type, int *value) {
    begin(b, b->fused, type);
    cg_leaf leaf = cg_leaf_of(x, &x->shape);
    const cg_expr *product = cg_product_behind(leaf.storage->expr);
    if (product && cg_force(product->storage)) return leaf.storage->dev->error.code;
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
    cg_builder b = {.fused = fused};
    int value;
    cg_status status = cg_builder_start(&b, x, type, &value);
    if (status) return status;
    fused->program.output[0] = (uint8_t)value;
    fused->program.n_outputs = 1;
    cg_builder_seal(&fused->program);
    return CG_OK;
}

cg_tensor *cg_eval(cg_tensor *x) { return x && cg_force(x->storage) == CG_OK ? x : NULL; }
