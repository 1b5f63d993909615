/*
 * Shapes: every element of a result is one of an input, with its own bits, or the value that fills the rest. Inputs
 * hold NaN, infinities and signed zeros; nothing is rounded.
 */
#include "catalog/catalog.h"
#include "reference/ref_manipulation.h"

#include <math.h>

/* The operation, and the same from the definition, on inputs x. */
#define PAIR(name, operation, definition)                                                                    \
    static cg_tensor *name(cg_tensor *const *x) { return operation; }                                        \
    static ref_array ref_of_##name(const ref_array *x) { return definition; }

#define SHAPE(...)                                                                                           \
    (const int64_t[]) { __VA_ARGS__ }
#define AXES(...)                                                                                            \
    (const int[]) { __VA_ARGS__ }
#define LAST(k) x[k].shape[x[k].rank - 1]

/* --- views ---------------------------------------------------------------------------------------------------- */

static ref_array swapped(ref_array x, int a, int b) {
    int axes[REF_MAX_RANK];
    for (int i = 0; i < x.rank; i++) axes[i] = i == a ? b : i == b ? a : i;
    return ref_permute(x, axes);
}

/* Axes 1, 2, ..., 0. */
static ref_array turned(ref_array x) {
    int axes[REF_MAX_RANK];
    for (int i = 0; i < x.rank; i++) axes[i] = (i + 1) % x.rank;
    return ref_permute(x, axes);
}

static ref_array flattened(ref_array x) { return ref_reshape(x, 1, SHAPE(x.n)); }

static ref_array without_axis(ref_array x, int axis) {
    int64_t shape[REF_MAX_RANK];
    for (int i = 0; i < x.rank - 1; i++) shape[i] = x.shape[i < axis ? i : i + 1];
    return ref_reshape(x, x.rank - 1, shape);
}

static ref_array with_axis(ref_array x, int axis) {
    int64_t shape[REF_MAX_RANK];
    for (int i = 0; i < x.rank + 1; i++) shape[i] = i == axis ? 1 : x.shape[i < axis ? i : i - 1];
    return ref_reshape(x, x.rank + 1, shape);
}

PAIR(transpose, cg_transpose(x[0], 0, -1), swapped(x[0], 0, x[0].rank - 1))
PAIR(permute, cg_permute(x[0], AXES(1, 0)), ref_permute(x[0], AXES(1, 0)))
PAIR(permute_three, cg_permute(x[0], AXES(2, 0, -2)), ref_permute(x[0], AXES(2, 0, 1)))
PAIR(moveaxis, cg_moveaxis(x[0], 0, -1), turned(x[0]))
PAIR(moveaxis_back, cg_moveaxis(x[0], -1, 1), ref_permute(x[0], AXES(0, 3, 1, 2)))
PAIR(reshape, cg_reshape(x[0], cg_shape(-1, cg_size(x[0], 0))),
     ref_reshape(x[0], 2, SHAPE(x[0].n / x[0].shape[0], x[0].shape[0])))
PAIR(reshape_copy, cg_reshape(cg_transpose(x[0], 0, 2), cg_shape(6, 4)),
     ref_reshape(swapped(x[0], 0, 2), 2, SHAPE(6, 4)))
PAIR(flatten, cg_flatten(x[0], 0, -1), flattened(x[0]))
PAIR(flatten_two, cg_flatten(x[0], 1, 2),
     ref_reshape(x[0], 2, SHAPE(x[0].shape[0], x[0].shape[1] * x[0].shape[2])))
PAIR(squeeze, cg_squeeze(x[0], 1), without_axis(x[0], 1))
PAIR(unsqueeze, cg_unsqueeze(x[0], 1), with_axis(x[0], 1))
PAIR(unsqueeze_last, cg_unsqueeze(x[0], -1), with_axis(x[0], x[0].rank))
PAIR(expand, cg_expand(x[0], cg_shape(2, cg_size(x[0], 0), 4)),
     ref_expand(x[0], 3, SHAPE(2, x[0].shape[0], 4)))
PAIR(expand_more, cg_expand(x[0], cg_shape(2, 3)), ref_expand(x[0], 2, SHAPE(2, 3)))
PAIR(slice_step, cg_slice(x[0], -1, 1, CG_SLICE_OPEN, 2), ref_slab(x[0], x[0].rank - 1, 1, 2, LAST(0) / 2))
PAIR(slice_back, cg_slice(x[0], 2, CG_SLICE_OPEN, 0, -2), ref_slab(x[0], 2, 3, -2, 2))
PAIR(slice_empty, cg_slice(x[0], 2, 3, 1, 1), ref_slab(x[0], 2, 0, 1, 0))
PAIR(flip, cg_flip(x[0], cg_axes(-1)), ref_slab(x[0], x[0].rank - 1, LAST(0) - 1, -1, LAST(0)))
PAIR(flip_all, cg_flip(x[0], CG_ALL_AXES),
     ref_reshape(ref_slab(flattened(x[0]), 0, x[0].n - 1, -1, x[0].n), x[0].rank, x[0].shape))
PAIR(diagonal, cg_diagonal(x[0], 0, 0, 1), ref_diagonal(x[0], 0, 0, 1))
PAIR(diagonal_above, cg_diagonal(x[0], 1, -1, 0), ref_diagonal(x[0], 1, 2, 0))
PAIR(diagonal_below, cg_diagonal(x[0], -2, 1, 2), ref_diagonal(x[0], -2, 1, 2))
PAIR(diagonal_empty, cg_diagonal(x[0], 9, 0, 1), ref_diagonal(x[0], 9, 0, 1))
PAIR(contiguous, cg_contiguous(cg_transpose(x[0], 0, 1)), swapped(x[0], 0, 1))
PAIR(clone, cg_clone(x[0]), x[0])

/* --- several results: one is shown ------------------------------------------------------------------------------ */

static cg_tensor *nth(cg_status status, cg_tensor **part, int i) { return status == CG_OK ? part[i] : NULL; }

static cg_tensor *split(cg_tensor *const *x) {
    cg_tensor *part[2];
    return nth(cg_split(x[0], 2, -1, part), part, 1);
}
static ref_array ref_of_split(const ref_array *x) {
    return ref_slab(x[0], x[0].rank - 1, LAST(0) / 2, 1, LAST(0) / 2);
}

static cg_tensor *array_split(cg_tensor *const *x) {
    cg_tensor *part[3];
    return nth(cg_array_split(x[0], 3, 0, part), part, 0);
}
static ref_array ref_of_array_split(const ref_array *x) {
    return ref_slab(x[0], 0, 0, 1, (x[0].shape[0] + 2) / 3);
}

static cg_tensor *split_sizes(cg_tensor *const *x) {
    cg_tensor *part[3];
    return nth(cg_split_sizes(x[0], 3, SHAPE(1, 0, cg_size(x[0], 0) - 1), 0, part), part, 2);
}
static ref_array ref_of_split_sizes(const ref_array *x) { return ref_slab(x[0], 0, 1, 1, x[0].shape[0] - 1); }

static cg_tensor *meshgrid(cg_tensor *const *x) {
    cg_tensor *grid[2];
    return nth(cg_meshgrid(2, x, CG_IJ, grid), grid, 0);
}
static ref_array ref_of_meshgrid(const ref_array *x) {
    return ref_expand(ref_reshape(x[0], 2, SHAPE(x[0].n, 1)), 2, SHAPE(x[0].n, x[1].n));
}

static cg_tensor *meshgrid_xy(cg_tensor *const *x) {
    cg_tensor *grid[3];
    return nth(cg_meshgrid(3, x, CG_XY, grid), grid, 1);
}
static ref_array ref_of_meshgrid_xy(const ref_array *x) {
    return ref_expand(ref_reshape(x[1], 3, SHAPE(x[1].n, 1, 1)), 3, SHAPE(x[1].n, x[0].n, x[2].n));
}

/* --- padding ---------------------------------------------------------------------------------------------------- */

static ref_array padded(ref_array x, int64_t before, int64_t after, long double value) {
    int64_t front[REF_MAX_RANK], shape[REF_MAX_RANK];
    for (int i = 0; i < x.rank; i++) {
        front[i] = before;
        shape[i] = x.shape[i] + before + after;
    }
    return ref_pad(x, front, shape, value);
}
#define TWICE(n) SHAPE(n, n)

PAIR(pad, cg_pad(x[0], TWICE(1), TWICE(2), 0), padded(x[0], 1, 2, 0))
PAIR(pad_value, cg_pad(x[0], TWICE(0), TWICE(2), 1), padded(x[0], 0, 2, 1))
PAIR(pad_both, cg_pad(x[0], TWICE(-1), TWICE(2), 1), padded(x[0], -1, 2, 1))
PAIR(pad_trim, cg_pad(x[0], TWICE(-1), TWICE(-1), 1), padded(x[0], -1, -1, 1))
PAIR(pad_away, cg_pad(x[0], TWICE(5), TWICE(-4), 1), padded(x[0], 5, -4, 1))
PAIR(pad_scalar, cg_pad(x[0], NULL, NULL, 1), x[0])
PAIR(pad_or_trim, cg_pad_or_trim(x[0], cg_shape(cg_size(x[0], 0) + 2, cg_size(x[0], 1) - 1), 1),
     ref_pad(x[0], TWICE(0), SHAPE(x[0].shape[0] + 2, x[0].shape[1] - 1), 1))

/* --- joining ---------------------------------------------------------------------------------------------------- */

/* x[0] twice and x[1], more inputs than a rule has room for. */
static cg_tensor *concat_many(cg_tensor *const *x) {
    return cg_concat(7, (cg_tensor *[]){x[0], x[1], x[0], cg_neg(x[1]), x[1], x[0], x[1]}, 1);
}
static long double minus(long double v) { return -v; }
static ref_array ref_of_concat_many(const ref_array *x) {
    ref_array negative = ref_array_map(x[1], minus);
    return ref_concat(7, (ref_array[]){x[0], x[1], x[0], negative, x[1], x[0], x[1]}, 1);
}

static ref_array stacked(int n, const ref_array *x, int axis) {
    ref_array slab[CATALOG_INPUTS];
    for (int i = 0; i < n; i++) slab[i] = with_axis(x[i], axis);
    return ref_concat(n, slab, axis);
}

PAIR(concat, cg_concat(2, x, -1), ref_concat(2, x, x[0].rank - 1))
PAIR(concat_first, cg_concat(3, x, 0), ref_concat(3, x, 0))
PAIR(concat_promoted, cg_concat(2, x, 0), ref_concat(2, x, 0))
PAIR(stack, cg_stack(2, x, 0), stacked(2, x, 0))
PAIR(stack_last, cg_stack(3, x, -1), stacked(3, x, x[0].rank))

/* --- repeating -------------------------------------------------------------------------------------------------- */

PAIR(tile, cg_tile(x[0], 2, SHAPE(2, 3)), ref_tile(x[0], 2, SHAPE(2, 3)))
PAIR(tile_more, cg_tile(x[0], 4, SHAPE(2, 1, 2, 3)), ref_tile(x[0], 4, SHAPE(2, 1, 2, 3)))
PAIR(tile_deep, cg_tile(x[0], 5, SHAPE(2, 3, 2, 2, 2)), ref_tile(x[0], 5, SHAPE(2, 3, 2, 2, 2)))
PAIR(tile_less, cg_tile(x[0], 1, SHAPE(2)), ref_tile(x[0], 1, SHAPE(2)))
PAIR(tile_none, cg_tile(x[0], 2, SHAPE(1, 0)), ref_tile(x[0], 2, SHAPE(1, 0)))
PAIR(repeat, cg_repeat(x[0], 3, 0), ref_repeat(x[0], 3, 0))
PAIR(repeat_last, cg_repeat(x[0], 2, -1), ref_repeat(x[0], 2, x[0].rank - 1))
PAIR(repeat_never, cg_repeat(x[0], 0, 1), ref_repeat(x[0], 0, 1))
PAIR(roll, cg_roll(x[0], 2, -1), ref_roll(x[0], 2, x[0].rank - 1))
PAIR(roll_back, cg_roll(x[0], -7, 1), ref_roll(x[0], -7, 1))

/* --- matrices --------------------------------------------------------------------------------------------------- */

static ref_array diagonal_sums(ref_array x, bool size) {
    ref_array diagonal = ref_diagonal(x, 0, x.rank - 2, x.rank - 1);
    return ref_array_reduce(size ? REF_SUM_ABS : REF_SUM, diagonal, 1u << (diagonal.rank - 1), false);
}
static ref_array size_of_trace(const ref_array *x) { return diagonal_sums(x[0], true); }

PAIR(tril, cg_tril(x[0], 0), ref_triangle(x[0], 0, false))
PAIR(tril_above, cg_tril(x[0], 1), ref_triangle(x[0], 1, false))
PAIR(tril_none, cg_tril(x[0], INT64_MIN), ref_triangle(x[0], -9, false))
PAIR(triu, cg_triu(x[0], 0), ref_triangle(x[0], 0, true))
PAIR(triu_below, cg_triu(x[0], -1), ref_triangle(x[0], -1, true))
PAIR(triu_none, cg_triu(x[0], INT64_MAX), ref_triangle(x[0], 9, true))
PAIR(diag, cg_diag(x[0], 0), ref_diag_embed(x[0], 0))
PAIR(diag_below, cg_diag(x[0], -2), ref_diag_embed(x[0], -2))
PAIR(diag_of, cg_diag(x[0], 1), ref_diagonal(x[0], 1, 0, 1))
PAIR(diag_embed, cg_diag_embed(x[0], 1), ref_diag_embed(x[0], 1))
PAIR(trace, cg_trace(x[0]), diagonal_sums(x[0], false))

/* --- conversion --------------------------------------------------------------------------------------------------- */

static long double whole(long double v) { return truncl(v); }
static long double truth(long double v) { return v != 0; }

static cg_tensor *cast_same(cg_tensor *const *x) { return cg_cast(x[0], cg_dtype_of(x[0])); }
static ref_array ref_of_cast_same(const ref_array *x) { return x[0]; }
PAIR(cast_whole, cg_cast(x[0], CG_I64), ref_array_map(x[0], whole))
PAIR(cast_truth, cg_cast(x[0], CG_BOOL), ref_array_map(x[0], truth))

/* Entries whose results are elements of their n inputs. */
#define MOVES(of, inputs)                                                                                    \
    .call = of, .reference = ref_of_##of, .n = inputs, .dtypes = CATALOG_ALL, .gradient = true
#define ANY(...)                                                                                             \
    { .shape = {__VA_ARGS__}, .fill = CATALOG_SPECIAL }
#define PLAIN(...)                                                                                           \
    {                                                                                                        \
        .shape = { __VA_ARGS__ }                                                                             \
    }
#define FIXED(...)                                                                                           \
    { .shape = {__VA_ARGS__}, .no_gradient = true }
#define FLAGS(...)                                                                                           \
    { .shape = {__VA_ARGS__}, .fill = CATALOG_TIES, .dtype = CATALOG_DTYPE(CG_BOOL) }
#define MILLION                                                                                              \
    {                                                                                                        \
        2, { 1024, 1024 }                                                                                    \
    }

const catalog_entry catalog_manipulation[] = {
    {"transpose", "axes 0 and -1", MOVES(transpose, 1), .x = {ANY(3, {2, 3, 4})}, .large = {MILLION}},
    {"permute", "(1, 0)", MOVES(permute, 1), .x = {ANY(2, {3, 2})}, .large = {MILLION}},
    {"permute", "(2, 0, -2)", MOVES(permute_three, 1), .x = {ANY(3, {2, 3, 4})}},
    {"moveaxis", "0 to -1", MOVES(moveaxis, 1), .x = {ANY(3, {2, 3, 4})}, .large = {MILLION}},
    {"moveaxis", "-1 to 1", MOVES(moveaxis_back, 1), .x = {ANY(4, {2, 3, 1, 4})}},
    {"reshape", "to (-1, length of axis 0)", MOVES(reshape, 1), .x = {ANY(2, {3, 4})}, .large = {MILLION}},
    {"reshape", "of a transposed tensor", MOVES(reshape_copy, 1), .x = {ANY(3, {2, 3, 4})}},
    {"flatten", "all axes", MOVES(flatten, 1), .x = {ANY(2, {3, 4})}, .large = {MILLION}},
    {"flatten", "axes 1 to 2", MOVES(flatten_two, 1), .x = {ANY(3, {2, 3, 4})}},
    {"flatten", "nothing", MOVES(flatten, 1), .x = {ANY(3, {3, 0, 2})}},
    {"flatten", "a number", MOVES(flatten, 1), .x = {ANY(0, {0})}},
    {"squeeze", "axis 1", MOVES(squeeze, 1), .x = {ANY(3, {2, 1, 3})}, .large = {{3, {1024, 1, 1024}}}},
    {"unsqueeze", "axis 1", MOVES(unsqueeze, 1), .x = {ANY(2, {2, 3})}, .large = {MILLION}},
    {"unsqueeze", "axis -1 of a number", MOVES(unsqueeze_last, 1), .x = {ANY(0, {0})}},
    {"expand", "(3, 1) to (2, 3, 4)", MOVES(expand, 1), .x = {ANY(2, {3, 1})}, .large = {{2, {1048576, 1}}}},
    {"expand", "a number", MOVES(expand_more, 1), .x = {ANY(0, {0})}},
    {"slice", "1::2", MOVES(slice_step, 1), .x = {ANY(3, {2, 3, 4})}, .large = {MILLION}},
    {"slice", ":0:-2", MOVES(slice_back, 1), .x = {ANY(3, {2, 3, 4})}},
    {"slice", "3:1", MOVES(slice_empty, 1), .x = {ANY(3, {2, 3, 4})}},
    {"flip", "axis -1", MOVES(flip, 1), .x = {ANY(2, {2, 3})}, .large = {MILLION}},
    {"flip", "all axes", MOVES(flip_all, 1), .x = {ANY(3, {2, 1, 3})}},
    {"flip", "nothing", MOVES(flip_all, 1), .x = {ANY(3, {3, 0, 2})}},
    {"flip", "a number", MOVES(flip_all, 1), .x = {ANY(0, {0})}},
    {"diagonal", "the main one", MOVES(diagonal, 1), .x = {ANY(2, {3, 4})}, .large = {MILLION}},
    {"diagonal", "above, axes -1 and 0", MOVES(diagonal_above, 1), .x = {ANY(3, {4, 2, 3})}},
    {"diagonal", "below, batched", MOVES(diagonal_below, 1), .x = {ANY(3, {2, 4, 3})}},
    {"diagonal", "beyond the corner", MOVES(diagonal_empty, 1), .x = {ANY(2, {3, 4})}},
    {"contiguous", "of a transposed tensor", MOVES(contiguous, 1), .x = {ANY(2, {2, 3})}, .large = {MILLION}},
    {"clone", "", MOVES(clone, 1), .x = {ANY(2, {2, 3})}, .large = {MILLION}},
    {"clone", "a number", MOVES(clone, 1), .x = {ANY(0, {0})}},

    {"split", "half of the last axis", MOVES(split, 1), .x = {ANY(2, {3, 4})}, .large = {MILLION}},
    {"array_split", "a third of axis 0", MOVES(array_split, 1), .x = {ANY(2, {4, 2})}, .large = {MILLION}},
    {"split_sizes", "1, 0 and the rest of axis 0", MOVES(split_sizes, 1), .x = {ANY(2, {3, 2})},
     .large = {MILLION}},
    {"meshgrid", "the first of two", MOVES(meshgrid, 2), .x = {ANY(1, {2}), FIXED(1, {3})},
     .large = {{1, {1024}}, {1, {1024}}}},
    {"meshgrid", "xy, the second of three", MOVES(meshgrid_xy, 3),
     .x = {FIXED(1, {2}), ANY(1, {3}), FIXED(0)}},

    {"pad", "1 before, 2 after", MOVES(pad, 1), .x = {ANY(2, {2, 3})}, .large = {MILLION}},
    {"pad", "after, with 1", MOVES(pad_value, 1), .x = {ANY(2, {2, 3})}},
    {"pad", "cut before, pad after", MOVES(pad_both, 1), .x = {ANY(2, {3, 4})}},
    {"pad", "cut on both sides", MOVES(pad_trim, 1), .x = {ANY(2, {3, 4})}},
    {"pad", "until nothing of x is left", MOVES(pad_away, 1), .x = {ANY(2, {3, 4})}},
    {"pad", "nothing", MOVES(pad, 1), .x = {ANY(2, {0, 3})}},
    {"pad", "a number", MOVES(pad_scalar, 1), .x = {ANY(0, {0})}},
    {"pad_or_trim", "axis 0 longer, axis 1 shorter", MOVES(pad_or_trim, 1), .x = {ANY(2, {2, 3})},
     .large = {MILLION}},

    {"concat", "two along the last axis", MOVES(concat, 2), .x = {ANY(2, {2, 3}), ANY(2, {2, 1})},
     .large = {{2, {1024, 512}}, {2, {1024, 512}}}},
    {"concat", "three along axis 0, one empty", MOVES(concat_first, 3),
     .x = {ANY(2, {2, 3}), ANY(2, {0, 3}), ANY(2, {1, 3})}},
    {"concat", "seven, some twice", .call = concat_many, .reference = ref_of_concat_many, .n = 2,
     .dtypes = CATALOG_NUMBERS, .gradient = true, .x = {ANY(3, {2, 1, 2}), ANY(3, {2, 2, 2})}},
    {"concat", "with bool", MOVES(concat_promoted, 2), .x = {ANY(2, {2, 3}), FLAGS(2, {1, 3})}},
    {"stack", "two on axis 0", MOVES(stack, 2), .x = {ANY(2, {2, 3}), ANY(2, {2, 3})},
     .large = {{2, {1024, 512}}, {2, {1024, 512}}}},
    {"stack", "three numbers", MOVES(stack_last, 3), .x = {ANY(0, {0}), ANY(0, {0}), ANY(0, {0})}},
    {"stack", "three on the last axis", MOVES(stack_last, 3),
     .x = {ANY(2, {2, 3}), ANY(2, {2, 3}), ANY(2, {2, 3})}},

    {"tile", "(2, 3)", MOVES(tile, 1), .x = {ANY(2, {2, 3})}, .large = {{2, {512, 512}}}},
    {"tile", "(2, 1, 2, 3) of rank 2", MOVES(tile_more, 1), .x = {ANY(2, {2, 2})}},
    {"tile", "five axes", MOVES(tile_deep, 1), .x = {ANY(5, {1, 2, 1, 2, 1})}},
    {"tile", "(2) of rank 2", MOVES(tile_less, 1), .x = {ANY(2, {2, 2})}},
    {"tile", "(1, 0)", MOVES(tile_none, 1), .x = {ANY(2, {2, 2})}},
    {"tile", "a number", MOVES(tile, 1), .x = {ANY(0, {0})}},
    {"repeat", "each row 3 times", MOVES(repeat, 1), .x = {ANY(2, {2, 3})}, .large = {{2, {512, 512}}}},
    {"repeat", "twice on the last axis", MOVES(repeat_last, 1), .x = {ANY(3, {2, 1, 3})}},
    {"repeat", "never", MOVES(repeat_never, 1), .x = {ANY(2, {2, 3})}},
    {"roll", "2 on the last axis", MOVES(roll, 1), .x = {ANY(2, {2, 5})}, .large = {MILLION}},
    {"roll", "-7 on axis 1 of 3", MOVES(roll_back, 1), .x = {ANY(3, {2, 3, 2})}},
    {"roll", "nothing", MOVES(roll, 1), .x = {ANY(2, {2, 0})}},

    {"tril", "k 0", MOVES(tril, 1), .x = {ANY(2, {3, 4})}, .large = {MILLION}},
    {"tril", "k 1, batched", MOVES(tril_above, 1), .x = {ANY(3, {2, 4, 3})}},
    {"tril", "nothing of it", MOVES(tril_none, 1), .x = {ANY(2, {3, 4})}},
    {"triu", "k 0", MOVES(triu, 1), .x = {ANY(2, {3, 4})}, .large = {MILLION}},
    {"triu", "k -1, batched", MOVES(triu_below, 1), .x = {ANY(3, {2, 4, 3})}},
    {"triu", "nothing of it", MOVES(triu_none, 1), .x = {ANY(2, {3, 4})}},
    {"triu", "no rows", MOVES(triu, 1), .x = {ANY(3, {2, 0, 3})}},
    {"diag", "vector, k 0", MOVES(diag, 1), .x = {ANY(1, {3})}, .large = {{1, {1024}}}},
    {"diag", "vector, k -2", MOVES(diag_below, 1), .x = {ANY(1, {3})}},
    {"diag", "matrix, k 1", MOVES(diag_of, 1), .x = {ANY(2, {3, 4})}},
    {"diag_embed", "batched, k 1", MOVES(diag_embed, 1), .x = {ANY(2, {2, 3})}, .large = {{2, {16, 256}}}},
    {"trace", "a matrix", MOVES(trace, 1), .result = CATALOG_SUM_OF, .bound = 5, .scale = size_of_trace,
     .x = {PLAIN(2, {3, 4})}, .large = {MILLION}},
    {"trace", "batched", MOVES(trace, 1), .result = CATALOG_SUM_OF, .bound = 5, .scale = size_of_trace,
     .x = {PLAIN(3, {2, 4, 3})}},
    {"trace", "nothing", MOVES(trace, 1), .result = CATALOG_SUM_OF, .bound = 5, .scale = size_of_trace,
     .x = {PLAIN(3, {2, 0, 3})}},

    {"cast", "to its own dtype", MOVES(cast_same, 1), .x = {ANY(2, {2, 3})}, .large = {MILLION}},
    {"cast", "to i64", .call = cast_whole, .reference = ref_of_cast_whole, .n = 1, .dtypes = CATALOG_ALL,
     .result = CATALOG_IS_I64, .x = {PLAIN(2, {2, 3})}},
    {"cast", "to bool", .call = cast_truth, .reference = ref_of_cast_truth, .n = 1, .dtypes = CATALOG_ALL,
     .result = CATALOG_IS_BOOL, .x = {ANY(2, {5, 3})}},
    {.name = NULL},
};
