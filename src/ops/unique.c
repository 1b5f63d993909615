/* The different values of a tensor. */
#include "ops/order.h"

/*
 * For each sorted element the number of its group, 0, 1, ...: the running count of changes. Two NaN are no change;
 * they come last, so it is enough to look at the one before.
 */
static cg_tensor *group_numbers(cg_tensor *sorted, cg_tensor *places) {
    cg_tensor *before = cg_index_select(sorted, 0, cg_maximum(cg_sub(places, 1), 0));
    cg_tensor *changed = cg_mul(cg_ne(sorted, before), cg_eq(before, before));
    cg_tensor *ones = cg_cast(changed, CG_I64);
    return ones ? cg_order_scan("unique", CG_REDUCE_SUM, ones, 0, false) : NULL;
}

/* How many groups there are: the number of the last one, and one more. */
static cg_status count_groups(cg_tensor *group, int64_t *count) {
    int64_t n = cg_numel(group), last = -1;
    cg_status status = n ? cg_op_read("unique", cg_slice(group, 0, n - 1, n, 1), &last, sizeof last) : CG_OK;
    *count = last + 1;
    return status;
}

/* Group numbers are sorted: group i begins where i would go from the left, and ends where it would from the right. */
static bool describe_groups(cg_tensor *sorted, cg_tensor *from, cg_tensor *group, int64_t count,
                            cg_unique_result *result) {
    cg_tensor *number = cg_order_places(sorted->storage->dev, count);
    cg_tensor *begin = number ? cg_order_search("unique", group, number, false) : NULL;
    cg_tensor *end = begin ? cg_order_search("unique", group, number, true) : NULL;
    result->values = cg_take_along_axis(sorted, begin, 0);
    /* the sort is stable: the first of a group is the first in x */
    result->index = cg_take_along_axis(from, begin, 0);
    result->counts = cg_sub(end, begin);
    return result->values && result->index && result->counts;
}

static bool unique_of(cg_tensor *x, cg_unique_result *result) {
    cg_tensor *flat = cg_reshape(x, cg_shape(cg_numel(x))), *sorted, *from;
    if (!flat || !cg_order_sort("unique", flat, false, &sorted, &from)) return false;
    cg_tensor *group = group_numbers(sorted, cg_order_places(x->storage->dev, cg_numel(x)));
    int64_t count;
    if (!group || count_groups(group, &count) || !describe_groups(sorted, from, group, count, result))
        return false;
    cg_tensor *zeros = cg_zeros(x->storage->dev, CG_I64, flat->shape);
    result->inverse = cg_reshape(cg_scatter_add(zeros, from, group, 0), x->shape);
    return result->inverse != NULL;
}

static const cg_rule unique_rule = {"unique", cg_no_gradient};

cg_status cg_unique(cg_tensor *x, cg_unique_result *result) {
    if (result) *result = (cg_unique_result){0};
    if (!x) return CG_ERROR_ARGUMENT;
    if (!result)
        return CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT, "unique: nowhere to put the results of %s",
                       CG_SHAPE_STR(&x->shape));
    cg_tensor *values = cg_detach(x);
    if (values && unique_of(values, result))
        result->values = cg_record_op(result->values, &unique_rule, 1, &x, CG_KEEP_NOTHING, NULL);
    if (result->values && result->inverse) return CG_OK;
    *result = (cg_unique_result){0};
    return x->storage->dev->error.code;
}
