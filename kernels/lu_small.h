/*
 * P A = L U of one (m, n) matrix, row by row in memory, by partial pivoting: the pivot is the first element of the largest
 * modulus on or below the diagonal of its column, as in LAPACK; NaN is larger than nothing, and so is taken only where
 * it lies on the diagonal. Returns 1 + the place of the first U[i, i] that is exactly 0, or 0.
 */
FN int lu_small(INDEX m, INDEX n, const GLOBAL T *a, GLOBAL T *lu, GLOBAL int *pivots, SPACE T *work) {
    const INDEX step = COLUMN_STEP(m), k = LEAST(m, n);
    int info = 0;
    EACH_PAIR(i, 0, m, j, 0, n) work[i + j * step] = a[i * n + j];
    SYNC;
    for (INDEX j = 0; j < k; j++) {
        SPACE T *column = work + j * step;
        INDEX p = j;
        for (INDEX i = j + 1; i < m; i++)
            if (FABS(column[i]) > FABS(column[p])) p = i;
        const T pivot = column[p];
        SYNC;
        if (ALONE && pivots) pivots[j] = (int)p;
        if (p != j)
            EACH(c, 0, n) {
                const T other = work[p + c * step];
                work[p + c * step] = work[j + c * step];
                work[j + c * step] = other;
            }
        SYNC;
        if (pivot == C(0.0)) {
            if (info == 0) info = (int)j + 1;
            continue;
        }
        EACH(i, j + 1, m) column[i] /= pivot;
        SYNC;
        EACH_PAIR(c, j + 1, n, i, j + 1, m) work[i + c * step] -= column[i] * work[j + c * step];
        SYNC;
    }
    if (lu) EACH_PAIR(i, 0, m, j, 0, n) lu[i * n + j] = work[i + j * step];
    return info;
}
