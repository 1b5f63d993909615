/* The step of a parameter whose gradient is a pending product: its epilogue, so that the gradient is never stored. */
#include <string.h>

#include "core/rows.h"
#include "optim/optimizer.h"
#include "tensor/deferred_product.h"

bool cg_step_takes_product(const cg_tensor *x, const cg_tensor *g) {
    const cg_expr *product = cg_product_alone(g);
    return product && x->storage->dev->hw->backend->many_outputs && product->product->batch_rank == 0 &&
           product->type == x->storage->dtype;
}

/* A step has the gradient after the parameter. */
static uint8_t exchanged(uint8_t value) {
    return value == CG_STEP_PARAMETER  ? CG_STEP_GRADIENT
           : value == CG_STEP_GRADIENT ? CG_STEP_PARAMETER
                                       : value;
}

cg_program cg_step_epilogue(const cg_program *step) {
    cg_program p = *step;
    for (int k = 0; k < p.n_instrs; k++)
        for (int s = 0; s < cg_rows[p.instr[k].row].arity; s++)
            p.instr[k].src[s] = exchanged(p.instr[k].src[s]);
    for (int j = 0; j < p.n_outputs; j++) p.output[j] = exchanged(p.output[j]);
    return p;
}

/* The elements of x, which are a row-major matrix of n columns. */
static cg_operand matrix_operand(const cg_tensor *x, int64_t n) {
    return (cg_operand){
        .buffer = x->storage->buffer, .dtype = x->storage->dtype, .offset = x->offset, .stride = {n, 1}};
}

cg_status cg_step_product(cg_optimizer *o, int i, cg_tensor *x, const cg_tensor *g, const cg_program *step,
                          const uint8_t name[CG_MAX_CONSTS]) {
    const cg_optimizer_slot *slot = &o->slot[i];
    const cg_program program = cg_step_epilogue(step);
    cg_matmul_request r = cg_product_request(cg_product_alone(g));
    r.epilogue = &program;
    r.c = (cg_matrix){.buffer = x->storage->buffer, .offset = x->offset, .row = r.n, .col = 1};
    r.in[CG_STEP_PARAMETER] = matrix_operand(x, r.n);
    for (int k = 0; k < o->update->n_states; k++)
        r.in[CG_STEP_STATE + k - 1] = r.more[k] = matrix_operand(slot->state[k], r.n);
    cg_step_slot_constants(o, slot, step, name, r.consts);
    return cg_hw_matmul(o->dev->hw, &r);
}
