/*
 * out[r][j] = how many elements of row r of `sorted` come before value[r][j]: are less or, with `right`, not
 * greater. NaN comes after everything and equals NaN. By halving: elements below `low` come before, those from
 * `high` on do not. row_step: n, or 0 where one row serves for all. A work-item does per_item values.
 */
#include "prelude.h"

/* a comes before b */
FN bool precedes(TS a, TS b) {
#if REAL
    return a < b || (b != b && a == a);
#else
    return a < b;
#endif
}

__kernel void searchsorted(const INDEX total, const INDEX n, const INDEX m, const INDEX row_step, const INDEX per_item,
                           const int right, const __global TS *sorted, const INDEX sorted_offset,
                           const __global TS *value, const INDEX value_offset, __global long *out,
                           const INDEX out_offset) {
    const INDEX first = (INDEX)get_global_id(0) * per_item, last = min(first + per_item, total);
    for (INDEX e = first; e < last; e++) {
        const __global TS *row = sorted + sorted_offset + divide(e, m) * row_step;
        const TS v = value[value_offset + e];
        INDEX low = 0, high = n;
        while (low < high) {
            const INDEX middle = low + (high - low) / 2;
            const TS x = row[middle];
            if (right ? !precedes(v, x) : precedes(x, v))
                low = middle + 1;
            else
                high = middle;
        }
        out[out_offset + e] = (long)low;
    }
}
