/*
 * Programs: a short list of rows over operands, the unit that a backend runs.
 *
 * A program computes in one type T (f32, f64, i32, i64). Values are numbered: first the inputs, then the
 * constants, then one per instruction. An input stored in another dtype is converted to T as it is loaded,
 * an output is converted from T as it is stored:
 *     T -> bool    1 if the value is not 0 (NaN counts as not 0)
 *     T -> u8      integers wrap; a real is cut towards zero and then wraps (as its i32 would)
 *     real -> int  cut towards zero; what does not fit gives an unspecified value, never a trap
 *     bool -> T    0 or 1
 */
#ifndef CLGRAD_CORE_EXPR_H
#define CLGRAD_CORE_EXPR_H

#include "core/dtype.h"

enum {
    CG_MAX_INPUTS = 12,
    CG_MAX_CONSTS = 12,
    CG_MAX_INSTRS = 32,
    CG_MAX_OUTPUTS = 6,
    CG_MAX_VALUES = CG_MAX_INPUTS + CG_MAX_CONSTS + CG_MAX_INSTRS,
    CG_MAX_ARITY = 3
};

/* One constant of a program: f for T = f32, f64; i for T = i32, i64. */
typedef union cg_scalar {
    double f;
    int64_t i;
} cg_scalar;

typedef struct cg_instr {
    uint8_t row;               /* index into cg_rows */
    uint8_t src[CG_MAX_ARITY]; /* value numbers; unused ones are 0 */
} cg_instr;

/* All bytes not used are zero, so that two programs are equal if their bytes are. */
typedef struct cg_program {
    uint8_t type; /* cg_dtype T */
    uint8_t n_inputs, n_consts, n_instrs, n_outputs;
    uint8_t output[CG_MAX_OUTPUTS]; /* value number of each output */
    cg_instr instr[CG_MAX_INSTRS];
} cg_program;

/* Whether two programs are the same rows over the same operands. */
bool cg_program_equal(const cg_program *a, const cg_program *b);

static inline int cg_program_const(const cg_program *p, int i) { return p->n_inputs + i; }
static inline int cg_program_instr(const cg_program *p, int i) { return p->n_inputs + p->n_consts + i; }
static inline int cg_program_values(const cg_program *p) { return p->n_inputs + p->n_consts + p->n_instrs; }

/* The program that loads one input and gives it back: a copy, a conversion, a plain reduction. */
cg_program cg_program_identity(cg_dtype type);

/* The program that stores one constant. */
cg_program cg_program_constant(cg_dtype type);

/* Appends an instruction (room must be there) and returns its value number. Inputs and constants come first. */
int cg_program_push(cg_program *p, int row, int a, int b, int c);

#endif
