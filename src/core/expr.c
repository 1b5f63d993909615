#include "core/expr.h"

#include <stddef.h>
#include <string.h>

cg_program cg_program_identity(cg_dtype type) {
    return (cg_program){.type = (uint8_t)type, .n_inputs = 1, .n_outputs = 1, .output = {0}};
}

cg_program cg_program_constant(cg_dtype type) {
    return (cg_program){.type = (uint8_t)type, .n_consts = 1, .n_outputs = 1, .output = {0}};
}

int cg_program_push(cg_program *p, int row, int a, int b, int c) {
    int value = cg_program_values(p);
    p->instr[p->n_instrs++] = (cg_instr){.row = (uint8_t)row, .src = {(uint8_t)a, (uint8_t)b, (uint8_t)c}};
    return value;
}

bool cg_program_equal(const cg_program *a, const cg_program *b) {
    return memcmp(a, b, offsetof(cg_program, instr)) == 0 &&
           memcmp(a->instr, b->instr, a->n_instrs * sizeof a->instr[0]) == 0;
}
