/* Order statistics: the median and quantiles, picked from the sorted elements. */
#include <math.h>
#include <stdlib.h>

#include "core/dtype.h"
#include "ops/order.h"
#include "ops/reduction.h"

/* --- Rows --------------------------------------------------------------------------------------------------- */

/* What both do first: x sorted as (kept, n), n the number of elements over the axes. */
typedef struct order_rows {
    cg_tensor *sorted;
    int64_t kept, n;
    cg_dims shape; /* of a result with one value for each row */
} order_rows;

static bool make_rows(const char *op, cg_tensor *x, cg_axis_set axes, bool keepdims, order_rows *rows) {
    unsigned mask;
    if (!x || !cg_reduction_mask(op, x, axes, &mask)) return false;
    int order[CG_MAX_RANK], rank = 0;
    *rows = (order_rows){.kept = 1, .n = 1, .shape = cg_reduction_shape(&x->shape, mask, keepdims)};
    for (int reduced = 0; reduced < 2; reduced++)
        for (int i = 0; i < x->shape.rank; i++) {
            if ((int)(mask >> i & 1) != reduced) continue;
            order[rank++] = i;
            *(reduced ? &rows->n : &rows->kept) *= x->shape.dim[i];
        }
    cg_tensor *flat = cg_reshape(cg_permute(x, order), cg_shape(rows->kept, rows->n));
    rows->sorted = cg_sort(flat, 1, false);
    return rows->sorted != NULL;
}

/* Of no elements: NaN, with a gradient to none of them. (kept, 1). */
static cg_tensor *of_nothing(const order_rows *rows) {
    return cg_add(cg_sum(cg_op_real(rows->sorted), cg_axes(1), true), (double)NAN);
}

/* NaN in the rows that have one, whatever was picked from them: it is their last element. */
static cg_tensor *keep_nan(const order_rows *rows, cg_tensor *picked) {
    if (!cg_dtype_is_float(rows->sorted->storage->dtype)) return picked;
    cg_tensor *last = cg_slice(cg_detach(rows->sorted), 1, rows->n - 1, rows->n, 1);
    return cg_where(cg_eq(last, last), picked, last);
}

/* --- Median ------------------------------------------------------------------------------------------------- */

static cg_tensor *middle(const order_rows *rows) {
    int64_t below = (rows->n - 1) / 2, above = rows->n / 2;
    cg_tensor *a = cg_op_real(cg_slice(rows->sorted, 1, below, below + 1, 1));
    if (below == above) return a;
    cg_tensor *b = cg_op_real(cg_slice(rows->sorted, 1, above, above + 1, 1));
    return cg_add(cg_mul(a, 0.5), cg_mul(b, 0.5)); /* the sum of the two could overflow */
}

cg_tensor *cg_median(cg_tensor *x, cg_axis_set axes, bool keepdims) {
    order_rows rows;
    if (!make_rows("median", x, axes, keepdims, &rows)) return NULL;
    cg_tensor *out = rows.n ? keep_nan(&rows, middle(&rows)) : of_nothing(&rows);
    return cg_reshape(out, rows.shape);
}

/* --- Quantiles ---------------------------------------------------------------------------------------------- */

/* (1 - weight) x[below] + weight x[above], places from 0. */
typedef struct order_place {
    int64_t below, above;
    double weight;
} order_place;

/* Where q falls among n elements, counted from 0: n q + m - 1, with m = a + b q for the method. */
static double position(double q, int64_t n, cg_quantile_method method) {
    static const double a[] = {0, 0, 0, -0.5, 0, 0.5, 0, 1.0 / 3, 3.0 / 8};
    static const double b[] = {0, 0, 0, 0, 0, 0, 1, 1.0 / 3, 1.0 / 4};
    if (method == CG_QUANTILE_LINEAR || method >= CG_QUANTILE_LOWER) return ((double)n - 1) * q;
    return (double)n * q + (a[method] + q * b[method]) - 1;
}

/* The weight of the element above, for a place a fraction g after element j (counted from 0). */
static double weight_of(double j, double g, cg_quantile_method method) {
    bool odd = fmod(j, 2) != 0;
    switch (method) {
    case CG_QUANTILE_INVERTED_CDF:
    case CG_QUANTILE_HIGHER:
        return g > 0;
    case CG_QUANTILE_AVERAGED_INVERTED_CDF:
        return g > 0 ? 1 : 0.5;
    case CG_QUANTILE_CLOSEST_OBSERVATION:
        return g > 0 || !odd; /* odd from 0 is even from 1, as the definition counts */
    case CG_QUANTILE_LOWER:
        return 0;
    case CG_QUANTILE_MIDPOINT:
        return g > 0 ? 0.5 : 0;
    case CG_QUANTILE_NEAREST:
        return g > 0.5 || (g == 0.5 && odd);
    default:
        return g;
    }
}

static int64_t clip(double place, int64_t n) {
    return place < 0 ? 0 : place > (double)(n - 1) ? n - 1 : (int64_t)place;
}

static order_place locate(double q, int64_t n, cg_quantile_method method) {
    double at = position(q, n, method), j = floor(at), weight = weight_of(j, at - j, method);
    order_place place = {clip(j, n), clip(j + 1, n), weight};
    if (weight == 0) place.above = place.below; /* the other may be infinite, and 0 inf is NaN */
    if (weight == 1) place.below = place.above;
    return place;
}

/*
 * a + w (b - a). Where b - a is not finite: (1 - w) a + w b, which overflows nowhere, and a where both are the same
 * infinity.
 */
static cg_tensor *between(cg_tensor *a, cg_tensor *b, cg_tensor *w) {
    cg_tensor *finite = cg_lt(cg_abs(cg_sub(b, a)), (double)INFINITY);
    cg_tensor *split = cg_add(cg_mul(a, cg_sub(1, w)), cg_mul(b, w));
    return cg_where(finite, cg_lerp(a, b, w), cg_where(cg_eq(a, b), a, split));
}

/* One part of the places as a tensor (n) of dtype i64, or of a real dtype for the weights. */
typedef enum place_part { PLACE_BELOW, PLACE_ABOVE, PLACE_WEIGHT } place_part;

static cg_tensor *part_of(cg_device *dev, int n, const order_place *place, place_part part, cg_dtype dtype) {
    void *data = calloc((size_t)n, sizeof(int64_t));
    if (!data) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "quantile: out of host memory for %d places", n);
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        if (part != PLACE_WEIGHT)
            ((int64_t *)data)[i] = part == PLACE_BELOW ? place[i].below : place[i].above;
        else if (dtype == CG_F64)
            ((double *)data)[i] = place[i].weight;
        else
            ((float *)data)[i] = (float)place[i].weight;
    }
    cg_tensor *out = cg_from_host(dev, dtype, cg_shape(n), data);
    free(data);
    return out;
}

/* (kept, n) quantiles of the rows. */
static cg_tensor *pick(const order_rows *rows, int n, const order_place *place) {
    cg_device *dev = rows->sorted->storage->dev;
    cg_tensor *below = part_of(dev, n, place, PLACE_BELOW, CG_I64);
    cg_tensor *above = part_of(dev, n, place, PLACE_ABOVE, CG_I64);
    cg_tensor *a = cg_op_real(cg_index_select(rows->sorted, 1, below));
    cg_tensor *b = cg_op_real(cg_index_select(rows->sorted, 1, above));
    if (!a || !b) return NULL;
    return keep_nan(rows, between(a, b, part_of(dev, n, place, PLACE_WEIGHT, a->storage->dtype)));
}

static bool check_q(const char *op, const cg_tensor *x, int n, const double *q, cg_quantile_method method) {
    int bad = 0;
    while (q && bad < n && q[bad] >= 0 && q[bad] <= 1) bad++;
    if (n >= 1 && bad == n && (unsigned)method <= CG_QUANTILE_NEAREST) return true;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT,
            "%s: expected n >= 1 quantiles in [0, 1] and a method in 0..%d for %s, got n = %d, q[%d] = %g, "
            "method %d",
            op, CG_QUANTILE_NEAREST, CG_SHAPE_STR(&x->shape), n, bad < n ? bad : 0,
            n > 0 && q ? q[bad < n ? bad : 0] : 0, (int)method);
    return false;
}

/* (n, shape of one quantile); `rows` gives that shape. */
static cg_tensor *quantiles(const char *op, cg_tensor *x, int n, const double *q, cg_axis_set axes,
                            cg_quantile_method method, bool keepdims, order_rows *rows) {
    if (!x || !check_q(op, x, n, q, method) || !make_rows(op, x, axes, keepdims, rows)) return NULL;
    if (rows->n == 0) return cg_expand(cg_transpose(of_nothing(rows), 0, 1), cg_shape(n, rows->kept));
    order_place *place = calloc((size_t)n, sizeof *place);
    if (!place) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_MEMORY, "%s: out of host memory for %d places", op, n);
        return NULL;
    }
    for (int i = 0; i < n; i++) place[i] = locate(q[i], rows->n, method);
    cg_tensor *out = pick(rows, n, place);
    free(place);
    return cg_transpose(out, 0, 1);
}

cg_tensor *cg_quantiles(cg_tensor *x, int n, const double *q, cg_axis_set axes, cg_quantile_method method,
                        bool keepdims) {
    order_rows rows;
    cg_tensor *out = quantiles("quantiles", x, n, q, axes, method, keepdims, &rows);
    if (!out) return NULL;
    cg_dims shape = {.rank = rows.shape.rank + 1, .dim = {n}};
    for (int i = 0; i < rows.shape.rank && i + 1 < CG_MAX_RANK; i++) shape.dim[i + 1] = rows.shape.dim[i];
    return cg_reshape(out, shape);
}

cg_tensor *cg_quantile(cg_tensor *x, double q, cg_axis_set axes, cg_quantile_method method, bool keepdims) {
    order_rows rows;
    cg_tensor *out = quantiles("quantile", x, 1, &q, axes, method, keepdims, &rows);
    return out ? cg_reshape(out, rows.shape) : NULL;
}

cg_tensor *cg_percentile(cg_tensor *x, double p, cg_axis_set axes, cg_quantile_method method, bool keepdims) {
    order_rows rows;
    double q = p / 100;
    cg_tensor *out = quantiles("percentile", x, 1, &q, axes, method, keepdims, &rows);
    return out ? cg_reshape(out, rows.shape) : NULL;
}
