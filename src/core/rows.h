/* The table of rows made from elementwise.def. */
#ifndef CLGRAD_CORE_ROWS_H
#define CLGRAD_CORE_ROWS_H

#include "core/expr.h"

typedef enum cg_row_id {
#define CG_ROW(name, signature, class, expression, domain, probe, gradient) CG_ROW_##name,
#include "core/elementwise.def"
#undef CG_ROW
    CG_ROW_COUNT
} cg_row_id;

typedef enum cg_row_signature { CG_SIG_UNARY, CG_SIG_PARAM, CG_SIG_BINARY, CG_SIG_TERNARY } cg_row_signature;
typedef enum cg_row_class {
    CG_CLASS_NUMBER,
    CG_CLASS_SIGNED,
    CG_CLASS_FLOAT,
    CG_CLASS_SELECT,
    CG_CLASS_COMPARE
} cg_row_class;

typedef struct cg_row {
    const char *name;
    cg_row_signature signature;
    cg_row_class class;
    int arity;              /* 1 to 3; PARAM counts its parameter */
    const char *expression; /* the text, for OpenCL */
    const char *gradient;   /* the text of the rule, for what it keeps and for documentation */
    double lo, hi;          /* domain of the generated tests */
    double probe[4];        /* x, y, z, value */
} cg_row;

extern const cg_row cg_rows[CG_ROW_COUNT];

/* Whether a row exists for T: rows of class FLOAT have no integer form. */
static inline bool cg_row_has_type(const cg_row *row, cg_dtype type) {
    return cg_dtype_is_float(type) || row->class != CG_CLASS_FLOAT;
}

#endif
