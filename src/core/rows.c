#include "core/rows.h"

#define CG_ARITY_UNARY 1
#define CG_ARITY_PARAM 2
#define CG_ARITY_BINARY 2
#define CG_ARITY_TERNARY 3
#define DOMAIN(low, high) .lo = (low), .hi = (high)
#define PROBE(x, y, z, value) .probe = {(x), (y), (z), (value)}

const cg_row cg_rows[CG_ROW_COUNT] = {
#define CG_ROW(id, sig, cls, text, range, check, rule)                                                       \
    [CG_ROW_##id] = {.name = #id,                                                                            \
                     .signature = CG_SIG_##sig,                                                              \
                     .class = CG_CLASS_##cls,                                                                \
                     .arity = CG_ARITY_##sig,                                                                \
                     .expression = #text,                                                                    \
                     .gradient = #rule,                                                                      \
                     range,                                                                                  \
                     check},
#include "core/elementwise.def"
#undef CG_ROW
};

_Static_assert(CG_ROW_COUNT <= UINT8_MAX, "a row number is one byte of an instruction");
