/* The memory of what a program writes: see output_memory.h. */
#include "tensor/output_memory.h"

#include "core/shape.h"

enum { TAKE_OVER_FROM = 4096 }; /* elements */

/* How often the formula of s, and those that nothing but it reads, read x. */
static int reads_alone(const cg_storage *s, const cg_storage *x) {
    int n = 0;
    for (int i = 0; i < s->expr->n; i++) {
        const cg_storage *leaf = s->expr->leaf[i].storage;
        if (!leaf) continue;
        n += leaf == x;
        if (leaf->expr && leaf->refs == 1) n += reads_alone(leaf, x);
    }
    return n;
}

/* Whether the program reads the storage of its input i only as s lies in memory: the same elements in the same order. */
static bool reads_in_order(const cg_fused *f, int i, const cg_storage *s) {
    int64_t stride[CG_MAX_RANK] = {0};
    cg_dims_strides(&s->expr->shape, stride);
    for (int k = 0; k < f->program.n_inputs; k++) {
        if (f->input[k] != f->input[i]) continue;
        if (f->in[k].offset != 0) return false;
        for (int a = 0; a < s->expr->shape.rank; a++)
            if (s->expr->shape.dim[a] != 1 && f->in[k].stride[a] != stride[a]) return false;
    }
    return true;
}

/* An operand of the product is read everywhere. */
static bool is_multiplied(const cg_expr *product, const cg_storage *x) {
    return product && (product->leaf[0].storage == x || product->leaf[1].storage == x);
}

cg_storage *cg_output_donor(const cg_fused *f, const cg_storage *s, const cg_expr *product) {
    if (s->numel < TAKE_OVER_FROM || (product && !s->dev->hw->backend->epilogue_in_place)) return NULL;
    for (int i = product != NULL; i < f->program.n_inputs; i++) {
        cg_storage *x = f->input[i];
        if (!is_multiplied(product, x) && x->refs == x->readers && !x->wrapped && x->dtype == s->dtype &&
            x->numel == s->numel && reads_in_order(f, i, s) && reads_alone(s, x) == x->refs &&
            cg_hw_may_take_over(s->dev->hw, x->buffer))
            return x;
    }
    return NULL;
}

static void move_buffer(cg_storage *from, cg_storage *to) {
    to->buffer = from->buffer;
    from->buffer = NULL;
}

void cg_outputs_free(cg_storage *const *out, int n, cg_storage *donor) {
    if (donor) move_buffer(out[0], donor);
    for (int i = donor != NULL; i < n; i++) {
        cg_hw_free(out[i]->dev->hw, out[i]->buffer);
        out[i]->buffer = NULL;
    }
}

cg_status cg_outputs_allocate(cg_storage *const *out, int n, cg_storage *donor) {
    if (donor) move_buffer(donor, out[0]);
    for (int i = donor != NULL; i < n; i++) {
        if (cg_storage_allocate(out[i]) == CG_OK) continue;
        cg_outputs_free(out, i, donor);
        return out[i]->dev->error.code;
    }
    return CG_OK;
}
