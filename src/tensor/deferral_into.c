/* Formulas computed into memory that is there: cg_force_into. */
#include "core/shape.h"
#include "tensor/deferral_program.h"

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

static bool is_done(const cg_builder *b, const cg_storage *s) {
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
static int further_outputs(const cg_builder *b, const cg_storage *value, const cg_storage *target,
                           int index[CG_MAX_INSTRS]) {
    int n = 0;
    for (int i = 0; i < b->n_done; i++) {
        const cg_storage *s = b->done[i];
        if ((s->saved || cg_expr_reads(s->expr, target)) && !(s == value && moves(value, target)))
            index[n++] = i;
    }
    return n;
}

/* Computes what reads the old elements of target and is no part of the program; *any: there was something. */
static cg_status force_outsiders(const cg_builder *b, const cg_storage *target, bool *any) {
    *any = false;
    for (cg_expr *e = target->dev->pending; e;) {
        if (!cg_expr_reads(e, target) || is_done(b, e->storage)) {
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
static cg_status build_over(cg_builder *b, cg_tensor **value, const cg_tensor *target, int *number) {
    cg_dtype dtype = (*value)->storage->dtype, type = cg_dtype_compute(dtype);
    for (;;) {
        bool any;
        int index[CG_MAX_INSTRS];
        if (cg_builder_start(b, *value, type, number)) return target->storage->dev->error.code;
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
    cg_builder b = {.fused = &fused};
    int number, index[CG_MAX_INSTRS];
    cg_status status = cg_store_results(target->storage);
    if (status == CG_OK) status = build_over(&b, &value, target, &number);
    if (status) return status;
    cg_storage *out[CG_MAX_OUTPUTS], *t = target->storage;
    int n = further_outputs(&b, value->storage, t, index);
    fused.program.output[0] = (uint8_t)number;
    fused.program.n_outputs = (uint8_t)(n + 1);
    for (int i = 0; i < n; i++) {
        out[i] = b.done[index[i]];
        fused.program.output[i + 1] = (uint8_t)b.value[index[i]];
    }
    cg_builder_seal(&fused.program);
    status = cg_builder_run(t->dev, &fused, &target->shape, target, n, out);
    if (status) return status;
    t->version++;
    cg_storage *s = value->storage;
    if (moves(s, t) && s->expr->row >= 0 && cg_expr_reads(s->expr, t)) redirect(s, target);
    return CG_OK;
}
