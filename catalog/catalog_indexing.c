/* Picking and placing by index and by mask. What is picked keeps its bits; what is added up has the error of a sum. */
#include "catalog/catalog.h"
#include "reference/ref_indexing.h"
#include "reference/ref_manipulation.h"

#include <math.h>

/* The operation, and the same from the definition, on inputs x. */
#define PAIR(name, operation, definition)                                                                    \
    static cg_tensor *name(cg_tensor *const *x) { return operation; }                                        \
    static ref_array ref_of_##name(const ref_array *x) { return definition; }

#define END(k) (x[k].rank - 1)

PAIR(index_select, cg_index_select(x[0], 0, x[1]), ref_index_select(x[0], 0, x[1]))
PAIR(index_select_last, cg_index_select(x[0], -1, x[1]), ref_index_select(x[0], END(0), x[1]))
PAIR(embedding, cg_embedding(x[0], x[1], CG_NO_PADDING), ref_embedding(x[0], x[1]))
PAIR(embedding_padded, cg_embedding(x[0], x[1], -2), ref_embedding(x[0], x[1]))
PAIR(take, cg_take(x[0], x[1]), ref_take(x[0], x[1]))
PAIR(take_along_axis, cg_take_along_axis(x[0], x[1], -1), ref_take_along(x[0], x[1], END(0)))
PAIR(take_along_first, cg_take_along_axis(x[0], x[1], 0), ref_take_along(x[0], x[1], 0))

/* Magnitudes added: what a sum's error is relative to. */
static ref_array absolute(ref_array x) { return ref_array_map(x, fabsl); }

PAIR(index_add, cg_index_add(x[0], 0, x[1], x[2]), ref_index_add(x[0], 0, x[1], x[2]))
PAIR(index_add_last, cg_index_add(x[0], -1, x[1], x[2]), ref_index_add(x[0], END(0), x[1], x[2]))
static ref_array size_of_index_add(const ref_array *x) {
    return ref_index_add(absolute(x[0]), 0, x[1], absolute(x[2]));
}
static ref_array size_of_index_add_last(const ref_array *x) {
    return ref_index_add(absolute(x[0]), END(0), x[1], absolute(x[2]));
}
PAIR(scatter_add, cg_scatter_add(x[0], x[1], x[2], -1), ref_scatter_add(x[0], x[1], x[2], END(0)))
PAIR(scatter_add_first, cg_scatter_add(x[0], x[1], x[2], 0), ref_scatter_add(x[0], x[1], x[2], 0))
static ref_array size_of_scatter_add(const ref_array *x) {
    return ref_scatter_add(absolute(x[0]), x[1], absolute(x[2]), END(0));
}
static ref_array size_of_scatter_add_first(const ref_array *x) {
    return ref_scatter_add(absolute(x[0]), x[1], absolute(x[2]), 0);
}

/* x and its mask in the shape of both. */
static ref_array like(ref_array x, ref_array other) {
    return ref_expand(x, other.rank > x.rank ? other.rank : x.rank,
                      other.rank > x.rank ? other.shape : x.shape);
}
static long double second(long double a, long double b) { return b == 0 ? a : 1; }

PAIR(masked_select, cg_masked_select(x[0], x[1]), ref_masked_select(like(x[0], x[1]), like(x[1], x[0])))
PAIR(masked_select_self, cg_masked_select(x[0], x[0]), ref_masked_select(x[0], x[0]))
PAIR(nonzero, cg_nonzero(x[0]), ref_nonzero(x[0]))
PAIR(masked_fill, cg_masked_fill(x[0], x[1], 1), ref_array_map2(x[0], x[1], second))
PAIR(one_hot, cg_one_hot(x[0], 3, CG_BOOL), ref_one_hot(x[0], 3))
PAIR(one_hot_i64, cg_one_hot(x[0], 4, CG_I64), ref_one_hot(x[0], 4))

#define PICKS(of, inputs)                                                                                    \
    .call = of, .reference = ref_of_##of, .n = inputs, .dtypes = CATALOG_ALL, .gradient = true
/* An element gets 5 terms at most, and x: each addition rounds once. */
#define ADDS(of)                                                                                             \
    .call = of, .reference = ref_of_##of, .scale = size_of_##of, .n = 3, .bound = 6,                         \
    .dtypes = CATALOG_NUMBERS, .gradient = true
#define FINDS(of, type) .call = of, .reference = ref_of_##of, .n = 1, .dtypes = CATALOG_ALL, .result = type
#define INTEGERS (CATALOG_ALL & ~CATALOG_REALS)
#define MARKS(of, type) .call = of, .reference = ref_of_##of, .n = 1, .dtypes = INTEGERS, .result = type
#define ANY(...)                                                                                             \
    { .shape = {__VA_ARGS__}, .fill = CATALOG_SPECIAL }
#define INDEX(low, high, ...)                                                                                \
    { .shape = {__VA_ARGS__}, .fill = CATALOG_INDEX, .lo = low, .hi = high }
#define MASK(...)                                                                                            \
    { .shape = {__VA_ARGS__}, .fill = CATALOG_TIES, .dtype = CATALOG_DTYPE(CG_BOOL) }
#define LABELS(...)                                                                                          \
    { .shape = {__VA_ARGS__}, .lo = -1, .hi = 4 }
#define PLAIN(...)                                                                                           \
    {                                                                                                        \
        .shape = { __VA_ARGS__ }                                                                             \
    }
#define MILLION                                                                                              \
    {                                                                                                        \
        2, { 1024, 1024 }                                                                                    \
    }

const catalog_entry catalog_indexing[] = {
    {"index_select", "axis 0", PICKS(index_select, 2), .x = {ANY(2, {3, 4}), INDEX(-3, 2, 1, {5})},
     .large = {MILLION, {1, {1024}}}},
    {"index_select", "last axis", PICKS(index_select_last, 2),
     .x = {ANY(3, {2, 3, 4}), INDEX(-4, 3, 1, {5})}},
    {"index_select", "nothing", PICKS(index_select, 2), .x = {ANY(2, {3, 4}), INDEX(-3, 2, 1, {0})}},
    {"embedding", "a table", PICKS(embedding, 2), .x = {ANY(2, {5, 3}), INDEX(-5, 4, 2, {2, 4})},
     .large = {MILLION, {1, {1024}}}},
    {"embedding", "one row", PICKS(embedding, 2), .x = {ANY(2, {5, 3}), INDEX(-5, 4, 0, {0})}},
    {"embedding", "nothing", PICKS(embedding, 2), .x = {ANY(2, {5, 3}), INDEX(-5, 4, 1, {0})}},
    {"embedding", "padding", .call = embedding_padded, .reference = ref_of_embedding_padded, .n = 2,
     .dtypes = CATALOG_ALL, .x = {ANY(2, {5, 3}), INDEX(-5, 4, 2, {2, 4})}},
    {"take", "into a matrix", PICKS(take, 2), .x = {ANY(2, {3, 4}), INDEX(-12, 11, 2, {2, 4})},
     .large = {MILLION, MILLION}},
    {"take", "one", PICKS(take, 2), .x = {ANY(1, {5}), INDEX(-5, 4, 0, {0})}},
    {"take", "of a number", PICKS(take, 2), .x = {ANY(0, {0}), INDEX(-1, 0, 1, {3})}},
    {"take_along_axis", "last axis", PICKS(take_along_axis, 2),
     .x = {ANY(2, {3, 4}), INDEX(-4, 3, 2, {3, 2})}, .large = {MILLION, MILLION}},
    {"take_along_axis", "axis 0", PICKS(take_along_first, 2),
     .x = {ANY(3, {4, 2, 3}), INDEX(-4, 3, 3, {2, 2, 3})}},
    {"take_along_axis", "both broadcast", PICKS(take_along_first, 2),
     .x = {ANY(3, {4, 2, 1}), INDEX(-4, 3, 3, {2, 1, 3})}},
    {"take_along_axis", "nothing", PICKS(take_along_axis, 2), .x = {ANY(2, {3, 4}), INDEX(-4, 3, 2, {3, 0})}},

    {"index_add", "axis 0", ADDS(index_add), .x = {PLAIN(2, {3, 4}), INDEX(-3, 2, 1, {5}), PLAIN(2, {5, 4})},
     .large = {MILLION, {1, {1024}}, MILLION}},
    {"index_add", "last axis", ADDS(index_add_last),
     .x = {PLAIN(3, {2, 2, 3}), INDEX(-3, 2, 1, {5}), PLAIN(3, {2, 2, 5})}},
    {"index_add", "out of range", ADDS(index_add),
     .x = {PLAIN(2, {3, 2}), INDEX(-6, 5, 1, {5}), PLAIN(2, {5, 2})}},
    {"index_add", "nothing", ADDS(index_add),
     .x = {PLAIN(2, {3, 2}), INDEX(-3, 2, 1, {0}), PLAIN(2, {0, 2})}},
    {"scatter_add", "last axis", ADDS(scatter_add),
     .x = {PLAIN(2, {3, 4}), INDEX(-4, 3, 2, {3, 5}), PLAIN(2, {3, 5})},
     .large = {MILLION, MILLION, MILLION}},
    {"scatter_add", "axis 0", ADDS(scatter_add_first),
     .x = {PLAIN(3, {2, 3, 2}), INDEX(-2, 1, 3, {4, 3, 2}), PLAIN(3, {4, 3, 2})}},
    {"scatter_add", "out of range", ADDS(scatter_add),
     .x = {PLAIN(1, {3}), INDEX(-6, 5, 1, {5}), PLAIN(1, {5})}},

    {"masked_select", "a mask of the same shape", PICKS(masked_select, 2),
     .x = {ANY(2, {4, 5}), MASK(2, {4, 5})}, .large = {MILLION, MILLION}},
    {"masked_select", "a mask of columns", PICKS(masked_select, 2), .x = {ANY(2, {4, 5}), MASK(1, {5})}},
    {"masked_select", "of a number", PICKS(masked_select, 2), .x = {ANY(0, {0}), MASK(1, {5})}},
    {"masked_select", "nothing", PICKS(masked_select, 2), .x = {ANY(2, {3, 0}), MASK(2, {3, 0})}},
    {"masked_select", "by itself", .call = masked_select_self, .reference = ref_of_masked_select_self, .n = 1,
     .dtypes = CATALOG_ALL, .x = {ANY(2, {4, 5})}},
    {"nonzero", "of a vector", FINDS(nonzero, CATALOG_IS_I64), .x = {ANY(1, {17})}, .large = {MILLION}},
    {"nonzero", "of rank 3", FINDS(nonzero, CATALOG_IS_I64), .x = {ANY(3, {3, 4, 2})}},
    {"nonzero", "axes of length 1", FINDS(nonzero, CATALOG_IS_I64), .x = {ANY(4, {1, 3, 1, 2})}},
    {"nonzero", "of a number", FINDS(nonzero, CATALOG_IS_I64), .x = {ANY(0, {0})}},
    {"nonzero", "nothing", FINDS(nonzero, CATALOG_IS_I64), .x = {ANY(3, {3, 0, 2})}},
    {"masked_fill", "a mask of the same shape", PICKS(masked_fill, 2), .x = {ANY(2, {3, 4}), MASK(2, {3, 4})},
     .large = {MILLION, MILLION}},
    {"masked_fill", "a mask of rows", PICKS(masked_fill, 2), .x = {ANY(2, {3, 4}), MASK(2, {3, 1})}},
    {"one_hot", "a vector", MARKS(one_hot, CATALOG_IS_BOOL), .x = {LABELS(1, {7})}, .large = {{1, {262144}}}},
    {"one_hot", "rank 2 to i64", MARKS(one_hot_i64, CATALOG_IS_I64), .x = {LABELS(2, {2, 3})}},
    {"one_hot", "a number", MARKS(one_hot, CATALOG_IS_BOOL), .x = {LABELS(0, {0})}},
    {.name = NULL},
};
