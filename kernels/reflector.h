/*
 * Householder's reflections H = I - tau v v^T with v[0] = 1, whose signs are those of LAPACK's xLARFG. Matrices lie in
 * columns, `step` apart.
 */
#ifndef REFLECTOR_H
#define REFLECTOR_H

typedef struct {
    T tau, beta; /* H x = (beta, 0, ..) */
} reflector;

/*
 * The reflection of x[0 .. n), n > 0, in whose place v comes: beta = -sign(x0) |x|, tau = (beta - x0) / beta, v = x / (x0 -
 * beta) below its 1. If all of x below x0 is zero, there is nothing to do: tau = 0, beta = x0.
 * Scaled by a power of two, so that no square overflows, and those that underflow do not count.
 */
FN reflector reflect(SPACE T *x, INDEX n) {
    reflector h;
    T most = FABS(x[0]), sum = C(0.0), below = C(1.0);
    bool any = false; /* NaN counts */
    for (INDEX i = 1; i < n; i++) {
        const T size = FABS(x[i]);
        any = any || size != C(0.0);
        most = size > most ? size : most;
    }
    const T s = power_below(most), alpha = x[0] * s;
    h.tau = C(0.0);
    h.beta = x[0];
    if (any) {
        for (INDEX i = 1; i < n; i++)
            sum += (x[i] * s) * (x[i] * s);
        const T beta = -with_sign(SQRT(alpha * alpha + sum), alpha);
        h.tau = (beta - alpha) / beta;
        h.beta = beta / s;
        below = alpha - beta;
    }
    SYNC;
    EACH(i, 0, n) x[i] = i == 0 ? C(1.0) : (x[i] * s) / below;
    SYNC;
    return h;
}

/* H from the left on `columns` columns of n rows; each column is one work-item's. */
FN void reflect_columns(const SPACE T *v, T tau, INDEX n, SPACE T *a, INDEX step, INDEX columns) {
    if (tau == C(0.0)) return;
    EACH(j, 0, columns) {
        SPACE T *x = a + j * step;
        T dot = C(0.0);
        for (INDEX i = 0; i < n; i++)
            dot += v[i] * x[i];
        dot *= tau;
        for (INDEX i = 0; i < n; i++)
            x[i] -= dot * v[i];
    }
}

/* H from the right on `rows` rows of n elements; each row is one work-item's. */
FN void reflect_rows(const SPACE T *v, T tau, INDEX n, SPACE T *a, INDEX step, INDEX rows) {
    if (tau == C(0.0)) return;
    EACH(i, 0, rows) {
        SPACE T *x = a + i;
        T dot = C(0.0);
        for (INDEX j = 0; j < n; j++)
            dot += v[j] * x[j * step];
        dot *= tau;
        for (INDEX j = 0; j < n; j++)
            x[j * step] -= dot * v[j];
    }
}

/* QR of an (m, n) matrix: reflections on and below the diagonal, R above it, its diagonal in `diagonal`. */
FN void reduce_to_r(SPACE T *a, INDEX step, INDEX m, INDEX n, SPACE T *tau, SPACE T *diagonal) {
    const INDEX k = LEAST(m, n);
    for (INDEX j = 0; j < k; j++) {
        SPACE T *v = a + j + j * step;
        const reflector h = reflect(v, m - j);
        if (ALONE) {
            tau[j] = h.tau;
            diagonal[j] = h.beta;
        }
        reflect_columns(v, h.tau, m - j, v + step, step, n - j - 1);
        SYNC;
    }
}

/*
 * The first `columns` columns of Q = H_0 H_1 .. H_{k-1}, (m, m), in place of the reflections that lie on and below the
 * diagonal: k <= columns <= m.
 */
FN void form_q(SPACE T *a, INDEX step, INDEX m, INDEX columns, INDEX k, const SPACE T *tau) {
    EACH_PAIR(j, k, columns, i, 0, m) a[i + j * step] = i == j ? C(1.0) : C(0.0);
    SYNC;
    for (INDEX j = k; j-- > 0;) {
        SPACE T *column = a + j * step;
        const T t = tau[j];
        reflect_columns(column + j, t, m - j, column + j + step, step, columns - j - 1);
        SYNC;
        EACH(i, 0, m) column[i] = i < j ? C(0.0) : i == j ? C(1.0) - t : -t * column[i];
        SYNC;
    }
}

#endif
