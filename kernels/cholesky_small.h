/*
 * A = L L^T of one (n, n) matrix, row by row in memory, of which the lower triangle is read. Returns 1 + the place of
 * the first pivot that is not positive, or 0; l is not written then.
 */
FN int cholesky_small(INDEX n, const GLOBAL T *a, GLOBAL T *l, SPACE T *work) {
    const INDEX step = COLUMN_STEP(n);
    EACH_PAIR(i, 0, n, j, 0, n) work[i + j * step] = j <= i ? a[i * n + j] : C(0.0);
    SYNC;
    for (INDEX j = 0; j < n; j++) {
        SPACE T *column = work + j * step;
        const T pivot = column[j];
        if (!(pivot > C(0.0))) return (int)j + 1;
        const T root = SQRT(pivot);
        SYNC;
        EACH(i, j, n) column[i] = i == j ? root : column[i] / root;
        SYNC;
        EACH_PAIR(c, j + 1, n, i, j + 1, n) if (i >= c) work[i + c * step] -= column[i] * column[c];
        SYNC;
    }
    if (l) EACH_PAIR(i, 0, n, j, 0, n) l[i * n + j] = work[i + j * step];
    return 0;
}
