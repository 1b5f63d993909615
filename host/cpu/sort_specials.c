#include "host/cpu/sort_specials.h"

#include <string.h>

/* Bits are copied, not values: a value may lose a NaN's payload on its way through a register. */
#define KEEP(name, T, U)                                                                                     \
    static cg_specials name(const T *x, int64_t n, bool descending, U *kept) {                               \
        cg_specials s = {0};                                                                                 \
        for (int64_t i = 0; i < n; i++) {                                                                    \
            if (x[i] == 0) memcpy(kept + s.zeros++, x + i, sizeof *kept);                                    \
            if (x[i] != x[i]) memcpy(kept + n - 1 - s.nans++, x + i, sizeof *kept);                          \
            s.before_zero += descending ? x[i] > 0 : x[i] < 0;                                               \
        }                                                                                                    \
        return s;                                                                                            \
    }

KEEP(keep_f32, float, uint32_t)
KEEP(keep_f64, double, uint64_t)

cg_specials cg_specials_keep(cg_dtype dtype, const void *x, int64_t n, bool descending, void *kept) {
    return dtype == CG_F32 ? keep_f32(x, n, descending, kept) : keep_f64(x, n, descending, kept);
}

void cg_specials_restore(const cg_specials *s, const void *kept, int64_t n, size_t size, void *sorted) {
    const unsigned char *from = kept;
    unsigned char *to = sorted;
    memcpy(to + (size_t)s->before_zero * size, from, (size_t)s->zeros * size);
    for (int64_t i = 0; i < s->nans; i++)
        memcpy(to + (size_t)(n - s->nans + i) * size, from + (size_t)(n - 1 - i) * size, size);
}
