/*
 * The loops of all rows for one T. A file includes this once, after the vocabulary of the rows (T, C, FABS,
 * ISNAN, ... and FN) and these:
 *   CG_ROW_TABLE   the name of the table
 *   CG_FLOAT_ROWS  1 where T has rows of class FLOAT
 */
#include "host/cpu/isa.h"
#if CG_FLOAT_ROWS && defined(__AVX512F__)
#include "host/cpu/isa/simd.h"

#include "host/cpu/isa/exp_lanes.h"
#endif

#include "host/cpu/isa/row_functions.h"

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
    CG_IF_##class(__attribute__((unused)) static void loop_##name(const void *xv, const void *yv,            \
                                                                  const void *zv, void *outv, ptrdiff_t n) { \
        const T *x = xv, *y = yv, *z = zv;                                                                   \
        T *out = outv;                                                                                       \
        (void)y, (void)z;                                                                                    \
        CG_INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) out[i] =                                            \
            row_##name(x[i], CG_Y_##signature[i], CG_Z_##signature[i]);                                      \
    })
#include "core/elementwise.def"
#undef CG_ROW

/*
 * exp by hand where the ends of its range and the scaling by 2^n are one instruction each, a third fewer in all. The bits are
 * those of t_exp: a NaN passes both ends, for the second operand is the result where one is a NaN.
 */
#if CG_FLOAT_ROWS && defined(__AVX512F__)
static void loop_exp_lanes(const void *xv, const void *yv, const void *zv, void *outv, ptrdiff_t n) {
    const T *x = xv;
    T *out = outv;
    (void)yv, (void)zv;
    for (ptrdiff_t i = 0; i < n; i += LANES) {
        const vec_mask m = vec_first(n - i < LANES ? n - i : LANES);
        const vec a = vec_max(vec_all(T_EXP_MIN), vec_min(vec_all(T_EXP_MAX), vec_load_part(x + i, m)));
        vec_store_part(out + i, m, vec_exp_within(a));
    }
}
#define loop_exp loop_exp_lanes
#endif

extern const cg_rows_isa CG_ROW_TABLE;

const cg_rows_isa CG_ROW_TABLE = {.loop = {
#define CG_ROW(name, signature, class, expression, domain, probe, gradient)                                  \
    CG_IF_##class([CG_ROW_##name] = loop_##name, )
#include "core/elementwise.def"
#undef CG_ROW
                                  }};
