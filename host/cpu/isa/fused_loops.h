/*
 * The fused loops for one T, which has rows of class FLOAT. A file includes this once, after the vocabulary of the rows
 * and
 *   CG_FUSED_TABLE   the name of the table
 *
 * The rows are the same functions that the loops of single rows are made of and nothing is contracted, so the results
 * are those of row after row, bit for bit.
 */
#include "host/cpu/isa.h"

#define CG_FLOAT_ROWS 1
#include "host/cpu/isa/row_functions.h"

#define CG_PLACE(kind, n) at[kind + n]
#define CG_VECTOR(n) *const p##n = CG_PLACE(0, n)
#define CG_SCALAR(n) c##n __attribute__((unused)) = *(const T *)CG_PLACE(CG_FUSED_FIRST_SCALAR, n)
#define CG_RESULT(n) *r##n __attribute__((unused)) = CG_PLACE(CG_FUSED_FIRST_STEP, n)
#define CG_LOADED(n) x##n __attribute__((unused)) = p##n[i]

/* A row with the operands it has; what it does not have is not read. */
#define CG_CALL_THREE(row, a, b, c, ...) row_##row(a, b, c)
#define CG_CALL(row, ...) CG_CALL_THREE(row, __VA_ARGS__, x0, x0, x0)
#define CG_TEMP(n, row, ...) const T t##n = CG_CALL(row, __VA_ARGS__);
#define CG_SAVE(n, row, ...) CG_TEMP(n, row, __VA_ARGS__) r##n[i] = t##n;

/* All loads come before all stores, for a result may lie where a vector does. */
#define CG_FUSED(name, before, row, ...)                                                                     \
    static void fused_##name(void *const at[CG_FUSED_PLACES], ptrdiff_t n) {                                 \
        const T CG_VECTOR(0), CG_VECTOR(1), CG_VECTOR(2), CG_VECTOR(3), CG_VECTOR(4), CG_VECTOR(5);          \
        const T CG_SCALAR(0), CG_SCALAR(1), CG_SCALAR(2), CG_SCALAR(3), CG_SCALAR(4), CG_SCALAR(5);          \
        T CG_RESULT(0), CG_RESULT(1), CG_RESULT(2), CG_RESULT(3), CG_RESULT(4), CG_RESULT(5), CG_RESULT(6),  \
            CG_RESULT(7), CG_RESULT(8);                                                                      \
        T *out = at[CG_FUSED_RESULT];                                                                        \
        CG_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                                   \
            const T CG_LOADED(0), CG_LOADED(1), CG_LOADED(2), CG_LOADED(3), CG_LOADED(4), CG_LOADED(5);      \
            before out[i] = CG_CALL(row, __VA_ARGS__);                                                       \
        }                                                                                                    \
    }
#include "host/cpu/isa/fused_rows.def"
#undef CG_FUSED

extern const cg_fused_isa CG_FUSED_TABLE;

const cg_fused_isa CG_FUSED_TABLE = {.loop = {
#define CG_FUSED(name, before, row, ...) [CG_FUSED_##name] = fused_##name,
#include "host/cpu/isa/fused_rows.def"
#undef CG_FUSED
                                     }};
