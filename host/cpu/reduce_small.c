/* Reductions of few elements to one: the values by the short way for small maps, then one fold. */
#include "host/cpu/reduce_plan.h"

enum { MOST_ELEMENTS = 256 };

/* Where the elements lie as a row of T: in the input itself, if nothing is computed of it, or in `row`; NULL: in neither. */
static const void *values_of(const cg_isa *isa, const cg_reduce_request *r, unsigned char *row) {
    const cg_program *p = r->program;
    if (p->n_instrs == 0 && p->n_inputs == 1 && p->output[0] == 0 && r->in[0].dtype == (cg_dtype)p->type &&
        r->in[0].stride[0] == 1)
        return cg_cpu_data(&r->in[0]);
    cg_buffer buffer = {.data = row};
    cg_map_request map; /* of a large struct only what the program has is read */
    map.program = p;
    map.rank = 1;
    map.shape[0] = r->shape[0];
    for (int i = 0; i < p->n_inputs; i++) map.in[i] = r->in[i];
    for (int c = 0; c < p->n_consts; c++) map.consts[c] = r->consts[c];
    map.out[0] = (cg_operand){.buffer = &buffer, .dtype = (cg_dtype)p->type, .stride = {1}};
    return cg_cpu_map_small(isa, &map) ? row : NULL;
}

bool cg_cpu_reduce_small(const cg_isa *isa, const cg_reduce_request *r) {
    const bool arg = r->kind == CG_REDUCE_ARGMAX || r->kind == CG_REDUCE_ARGMIN;
    if (arg || r->n_kept != 0 || r->rank != 1 || r->shape[0] > MOST_ELEMENTS) return false;
    const cg_dtype type = (cg_dtype)r->program->type;
    _Alignas(CG_CACHE_LINE) unsigned char row[MOST_ELEMENTS * sizeof(double)];
    int64_t value; /* room for any T */
    const void *x = values_of(isa, r, row);
    if (!x) return false;
    const ptrdiff_t n = (ptrdiff_t)r->shape[0];
    isa->folds[type]->rows[r->kind](x, n, 1, n, 0, &value);
    isa->convert[type]->store[r->out.dtype](&value, cg_cpu_data(&r->out), 1, 1);
    return true;
}
