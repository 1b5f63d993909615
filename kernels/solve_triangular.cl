/*
 * Triangular solves of a stack, in place (host/backend.h). A task is `columns` right-hand sides of one matrix, of which
 * there are `blocks` such blocks; a work-item does `each` tasks. No work-item needs what another one writes.
 */
#include "prelude.h"
#include "team.h"
#include "triangular_small.h"

__kernel void solve_triangular(const INDEX tasks, const INDEX each, const INDEX blocks, const INDEX columns,
                               const int lower, const int unit, const int transposed, const INDEX n,
                               const INDEX r, const __global TS *a, const long a_offset, const long a_step,
                               const INDEX a_row, __global TS *x, const long x_offset, const long x_step,
                               const INDEX x_row) {
    const INDEX first = (INDEX)get_global_id(0) * each, last = min(first + each, tasks);
    for (INDEX task = first; task < last; task++) {
        const INDEX b = divide(task, blocks), begin = (task - b * blocks) * columns;
        solve_small(lower, unit, transposed, n, a + (a_offset + b * a_step), a_row, x + (x_offset + b * x_step),
                    x_row, begin, min(begin + columns, r));
    }
}
