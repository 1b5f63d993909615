/*
 * op(A) X = B by substitution, in the columns [begin, end) of X, which holds B before; op(A) is A (n, n) or its transpose.
 * Rows of A are a_row elements apart, those of X x_row. Each column is solved by itself, one element after the other in
 * the order of the unknowns: the same bits for any split into columns.
 */
FN void solve_small(int lower, int unit, int transposed, INDEX n, const GLOBAL T *a, INDEX a_row, GLOBAL T *x,
                    INDEX x_row, INDEX begin, INDEX end) {
    const INDEX down = transposed ? 1 : a_row, right = transposed ? a_row : 1;
    const bool forward = (lower != 0) != (transposed != 0);
    for (INDEX step = 0; step < n; step++) {
        const INDEX i = forward ? step : n - 1 - step;
        GLOBAL T *row = x + i * x_row;
        for (INDEX before = 0; before < step; before++) {
            const INDEX j = forward ? before : n - 1 - before;
            const T factor = a[i * down + j * right];
            const GLOBAL T *known = x + j * x_row;
            for (INDEX c = begin; c < end; c++)
                row[c] -= factor * known[c];
        }
        const T pivot = a[i * down + i * right];
        for (INDEX c = begin; c < end && !unit; c++)
            row[c] /= pivot;
    }
}
