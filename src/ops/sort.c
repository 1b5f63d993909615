/* Sorting along an axis: values and places. */
#include "ops/order.h"

static const cg_rule sort_rule = {"sort", cg_order_pick_backward};

static cg_tensor *sort_rows(cg_tensor *x, bool descending) {
    cg_tensor *values, *index = NULL, *input[] = {x, NULL};
    bool recorded = cg_recording(x->storage->dev, 1, input); /* only the gradient asks for the places */
    if (!cg_order_sort(sort_rule.name, x, descending, &values, recorded ? &index : NULL)) return NULL;
    input[1] = index;
    return cg_record_op(values, &sort_rule, 2, input, CG_KEEP(1), NULL);
}

static cg_tensor *argsort_rows(cg_tensor *x, bool descending) {
    cg_tensor *index;
    return cg_order_sort("argsort", x, descending, NULL, &index) ? index : NULL;
}

static cg_tensor *along(const char *op, cg_tensor *x, int axis, bool descending,
                        cg_tensor *(*rows)(cg_tensor *x, bool descending)) {
    cg_tensor *line = cg_order_line(x);
    int a = line ? cg_op_axis(op, line, axis) : -1;
    cg_tensor *moved = a < 0 ? NULL : cg_order_swap_last(line, a);
    if (!moved) return NULL;
    cg_tensor *out = cg_order_swap_last(rows(moved, descending), a);
    return out && x->shape.rank == 0 ? cg_squeeze(out, 0) : out;
}

cg_tensor *cg_sort(cg_tensor *x, int axis, bool descending) {
    return along(sort_rule.name, x, axis, descending, sort_rows);
}

cg_tensor *cg_argsort(cg_tensor *x, int axis, bool descending) {
    return along("argsort", x, axis, descending, argsort_rows);
}
