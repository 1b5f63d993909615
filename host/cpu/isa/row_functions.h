/*
 * The rows as functions of scalars of one T, row_<name>(x, y, z). Include after the vocabulary of the rows (T, C, FABS,
 * ISNAN, ... and FN) and
 *   CG_FLOAT_ROWS  1 where T has rows of class FLOAT
 * They are inlined; without libm, branches or aliasing in the way, the compiler vectorises a loop over them.
 */

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
