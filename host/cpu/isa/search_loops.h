/* The searches of one T. A file includes this once, after T, ISNAN(x) and CG_SEARCH_TABLE. */
#include "host/cpu/isa.h"

enum { TOGETHER = 16 };

/* Whether an element comes before the value: is less, or, to the right, not greater; NaN after all. */
static inline int before_left(T element, T value) {
    return (element < value) | (ISNAN(value) & !ISNAN(element));
}
static inline int before_right(T element, T value) { return (element <= value) | ISNAN(value); }

/*
 * TOGETHER searches in step. The window of each begins at `at` and is as long for all; it loses its front half where the
 * last element of that comes before the value, so there is nothing to predict.
 */
#define SEARCH(name, before)                                                                                 \
    static inline void name##_some(const T *x, ptrdiff_t n, const T *value, int64_t *out, int count) {       \
        int64_t at[TOGETHER] = {0};                                                                          \
        for (ptrdiff_t length = n; length > 1; length -= length / 2)                                         \
            for (int k = 0; k < count; k++)                                                                  \
                at[k] += before(x[at[k] + length / 2 - 1], value[k]) ? length / 2 : 0;                       \
        for (int k = 0; k < count; k++) out[k] = at[k] + (n > 0 ? before(x[at[k]], value[k]) : 0);           \
    }                                                                                                        \
    static void name(const T *x, ptrdiff_t n, const T *value, int64_t *out, ptrdiff_t m) {                   \
        ptrdiff_t j = 0;                                                                                     \
        for (; j + TOGETHER <= m; j += TOGETHER) name##_some(x, n, value + j, out + j, TOGETHER);            \
        name##_some(x, n, value + j, out + j, (int)(m - j));                                                 \
    }

SEARCH(search_left, before_left)
SEARCH(search_right, before_right)

static void search(const void *sorted, ptrdiff_t n, const void *value, int64_t *out, ptrdiff_t m, int right) {
    (right ? search_right : search_left)(sorted, n, value, out, m);
}

extern const cg_searches_isa CG_SEARCH_TABLE;

const cg_searches_isa CG_SEARCH_TABLE = {.search = search};
