/*
 * Orthogonal factors, eigenvalues, singular values, and what is made of them. Vectors, signs included, are those of the
 * reference where the values are apart; so the inputs get a diagonal of 4, 8, 12, ... added, and what is allowed grows with
 * |A| over the gaps that are left. Of general eigenvalues, whose order is not promised, sums of powers are compared.
 */
#include "catalog/catalog.h"

#include <math.h>

#include "reference/ref_decompositions.h"

/* --- Inputs with values that are apart ------------------------------------------------------------------------- */

enum { STEP = 4 };

/* x with 4, 8, 12, ... added to the diagonal of each matrix. */
static cg_tensor *apart(cg_tensor *x) {
    cg_device *dev = cg_device_of(x);
    cg_tensor *row = cg_arange(dev, cg_dtype_of(x), 0, (double)cg_size(x, -2), 1);
    cg_tensor *column = cg_arange(dev, cg_dtype_of(x), 0, (double)cg_size(x, -1), 1);
    row = cg_unsqueeze(row, 1);
    return cg_add(x, cg_where(cg_eq(row, column), cg_add(cg_mul(row, STEP), STEP), 0.0));
}
static ref_array ref_apart(ref_array x) {
    const int64_t m = x.shape[x.rank - 2], n = x.shape[x.rank - 1];
    ref_array y = ref_array_like(x);
    for (int64_t i = 0; i < x.n; i++) {
        const int64_t row = i / n % m;
        y.v[i] = x.v[i] + (row == i % n ? STEP * (long double)(row + 1) : 0);
    }
    return y;
}

static cg_tensor *symmetric(cg_tensor *x) {
    return apart(cg_mul(cg_add(x, cg_transpose(x, -1, -2)), 0.5));
}
static long double halved_sum(long double x, long double y) { return (x + y) / 2; }
static ref_array ref_symmetric(ref_array x) {
    return ref_apart(ref_array_map2(x, ref_flipped(x), halved_sum));
}

/* --- What errors are in proportion to ---------------------------------------------------------------------------- */

/* out's shape, each element f(|A|, g) with g the value of `along` for its column, its row or its place. */
typedef enum placing { BY_MATRIX, BY_COLUMN, BY_ROW } placing;

static ref_array placed(ref_array out, placing place, ref_array values) {
    ref_array scale = ref_array_like(out);
    const int64_t n = out.rank ? out.shape[out.rank - 1] : 1, k = values.rank ? values.n / 1 : 1;
    const int64_t rows = out.rank > 1 ? out.shape[out.rank - 2] : 1;
    (void)k;
    for (int64_t i = 0; i < out.n; i++) {
        const int64_t matrix = place == BY_MATRIX ? i * values.n / out.n : i / (n * rows);
        const int64_t last = values.rank ? values.shape[values.rank - 1] : 1;
        scale.v[i] = place == BY_MATRIX   ? values.v[matrix]
                     : place == BY_COLUMN ? values.v[matrix * last + i % n]
                                          : values.v[matrix * last + i / n % rows];
    }
    return scale;
}
