/*
 * The loops of all rows for one T. A file includes this once, after the vocabulary of the rows (T, C, FABS,
 * ISNAN, ... and FN) and these:
 *   CG_ROW_TABLE   the name of the table
 *   CG_FLOAT_ROWS  1 where T has rows of class FLOAT
 *
 * A loop is a function of scalars, inlined; without libm, branches or aliasing in the way, the compiler
 * vectorises it.
 */
#include "host/cpu/isa.h"

/* In place is allowed (out is x), so restrict would be a lie; but no iteration needs another one's result. */
#if defined(__clang__)
#define CG_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define CG_INDEPENDENT _Pragma("GCC ivdep")
#endif

#define CG_TEXT_UNARY(text) (void)y, (void)z, (text)
#define CG_TEXT_PARAM(text) (void)z, (text)
#define CG_TEXT_BINARY(text) (void)z, (text)
#define CG_TEXT_TERNARY(text) (text)

/* What the classes come to: a function and a loop, and an entry in the table. */
#define CG_KEEP(...) __VA_ARGS__
#define CG_DROP(...)
#define CG_IF_NUMBER CG_KEEP
#define CG_IF_SIGNED CG_KEEP
#define CG_IF_SELECT CG_KEEP
#define CG_IF_COMPARE CG_KEEP
#if CG_FLOAT_ROWS
#define CG_IF_FLOAT CG_KEEP
#else
#define CG_IF_FLOAT CG_DROP
#endif

#define CG_ROW(name, signature, class, expression, domain, probe, gradient)                                  \
    CG_IF_##class(FN T row_##name(T x, T y, T z) { return CG_TEXT_##signature(expression); })
#include "core/elementwise.def"
#undef CG_ROW

/* An operand that the row does not have is read as x: the same line of memory, and the compiler drops it. */
#define CG_Y_UNARY x
#define CG_Y_PARAM y
#define CG_Y_BINARY y
#define CG_Y_TERNARY y
#define CG_Z_UNARY x
#define CG_Z_PARAM x
#define CG_Z_BINARY x
#define CG_Z_TERNARY z

#define CG_ROW(name, signature, class, expression, domain, probe, gradient)                                  \
    CG_IF_##class(                                                                                           \
        static void loop_##name(const void *xv, const void *yv, const void *zv, void *outv, ptrdiff_t n) {   \
            const T *x = xv, *y = yv, *z = zv;                                                               \
            T *out = outv;                                                                                   \
            (void)y, (void)z;                                                                                \
            CG_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) out[i] =                                        \
                row_##name(x[i], CG_Y_##signature[i], CG_Z_##signature[i]);                                  \
        })
#include "core/elementwise.def"
#undef CG_ROW

extern const cg_rows_isa CG_ROW_TABLE;

const cg_rows_isa CG_ROW_TABLE = {.loop = {
#define CG_ROW(name, signature, class, expression, domain, probe, gradient)                                  \
    CG_IF_##class([CG_ROW_##name] = loop_##name, )
#include "core/elementwise.def"
#undef CG_ROW
                                  }};
