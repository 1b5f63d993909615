/*
 * A = Q R of one (m, n) matrix, row by row in memory: Q (m, k) and R (k, n), or with `full` (m, m) and (m, n), where k is
 * the smaller of m and n.
 */
FN void qr_small(INDEX m, INDEX n, int full, const GLOBAL T *a, GLOBAL T *q, GLOBAL T *r, SPACE T *work) {
    const INDEX step = COLUMN_STEP(m), k = LEAST(m, n), columns = full ? m : k;
    SPACE T *tau = work + step * MOST(n, columns), *diagonal = tau + k;
    EACH_PAIR(i, 0, m, j, 0, n) work[i + j * step] = a[i * n + j];
    SYNC;
    reduce_to_r(work, step, m, n, tau, diagonal);
    if (r)
        EACH_PAIR(i, 0, columns, j, 0, n)
            r[i * n + j] = j < i ? C(0.0) : j == i ? diagonal[i] : work[i + j * step];
    if (!q) return;
    SYNC;
    form_q(work, step, m, columns, k, tau);
    EACH_PAIR(i, 0, m, j, 0, columns) q[i * columns + j] = work[i + j * step];
}
