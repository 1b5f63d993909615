/*
 * A v = w v of one symmetric (n, n) matrix, row by row in memory, of which the lower triangle is read: Householder's
 * reduction to tridiagonal form, then QL steps with implicit shifts (Wilkinson, Reinsch: Handbook for Automatic
 * Computation II, 1971). The matrix is scaled by a power of two first.
 */

/*
 * T = Q^T A Q with diagonal d and subdiagonal e. Each reflection H_k works on the rows and columns below k:
 *   p = tau A v,  q = p - (tau v^T p / 2) v,  A <- A - v q^T - q v^T
 * A is kept whole and symmetric bit by bit, so that its rows may be read as columns. The reflections stay in it.
 */
FN void reduce_to_tridiagonal(SPACE T *a, INDEX step, INDEX n, SPACE T *d, SPACE T *e, SPACE T *tau, SPACE T *p) {
    for (INDEX k = 0; k + 1 < n; k++) {
        SPACE T *v = a + k + 1 + k * step, *rest = v + step;
        const INDEX left = n - k - 1;
        const reflector h = reflect(v, left);
        if (ALONE) {
            d[k] = a[k + k * step];
            e[k] = h.beta;
            tau[k] = h.tau;
        }
        if (h.tau == C(0.0)) continue;
        EACH(i, 0, left) {
            T sum = C(0.0);
            for (INDEX j = 0; j < left; j++)
                sum += rest[j + i * step] * v[j];
            p[i] = h.tau * sum;
        }
        SYNC;
        T share = C(0.0);
        for (INDEX i = 0; i < left; i++)
            share += p[i] * v[i];
        share *= C(0.5) * h.tau;
        EACH_PAIR(j, 0, left, i, 0, left)
            rest[i + j * step] -= v[i] * (p[j] - share * v[j]) + (p[i] - share * v[i]) * v[j];
        SYNC;
    }
    if (ALONE) {
        d[n - 1] = a[n - 1 + (n - 1) * step];
        e[n - 1] = tau[n - 1] = C(0.0);
    }
    SYNC;
}

/* The reflections below the subdiagonal become Q. */
FN void form_tridiagonal_q(SPACE T *a, INDEX step, INDEX n, const SPACE T *tau) {
    EACH(i, 0, n) {
        for (INDEX j = n - 1; j > 0; j--)
            a[i + j * step] = i == 0 ? C(0.0) : a[i + (j - 1) * step];
        a[i] = i == 0 ? C(1.0) : C(0.0);
    }
    SYNC;
    if (n > 1) form_q(a + 1 + step, step, n - 1, n - 1, n - 1, tau);
}

/* Whether e[m] is as good as zero beside its neighbours, or beside the whole matrix, whose scale is 1. */
FN bool is_split(const SPACE T *d, const SPACE T *e, INDEX m) {
    const T size = FABS(e[m]);
    return size <= EPSILON * (FABS(d[m]) + FABS(d[m + 1])) || size <= EPSILON * EPSILON;
}

/*
 * A QL step on the rows first .. last: d and e change, and c[i], s[i] is the rotation of columns i and i + 1, which are to
 * be applied from last - 1 down. The shift is the eigenvalue of the first two rows that is nearer to d[first].
 */
FN void chase(SPACE T *d, SPACE T *e, SPACE T *c, SPACE T *s, INDEX first, INDEX last) {
    const T ratio = (d[first + 1] - d[first]) / (C(2.0) * e[first]);
    T g = d[last] - d[first] + e[first] / (ratio + with_sign(length_of(ratio, C(1.0)), ratio));
    T sine = C(1.0), cosine = C(1.0), shift = C(0.0);
    INDEX i = last;
    while (i-- > first) {
        const T f = sine * e[i], b = cosine * e[i], r = length_of(f, g);
        e[i + 1] = r;
        if (r == C(0.0)) { /* it has split in the middle */
            d[i + 1] -= shift;
            e[last] = C(0.0);
            for (INDEX j = first; j <= i; j++) {
                c[j] = C(1.0);
                s[j] = C(0.0);
            }
            return;
        }
        sine = f / r;
        cosine = g / r;
        g = d[i + 1] - shift;
        const T t = (d[i] - g) * sine + C(2.0) * cosine * b;
        shift = sine * t;
        d[i + 1] = g + shift;
        g = cosine * t - b;
        c[i] = cosine;
        s[i] = sine;
    }
    d[first] -= shift;
    e[first] = g;
    e[last] = C(0.0);
}

/* The rotations of a step on the columns of v; a row is one work-item's. */
FN void rotate_columns(SPACE T *v, INDEX step, INDEX n, const SPACE T *c, const SPACE T *s, INDEX first, INDEX last) {
    EACH(r, 0, n) {
        T right = v[r + last * step];
        for (INDEX i = last; i-- > first;) {
            const T left = v[r + i * step];
            v[r + (i + 1) * step] = s[i] * left + c[i] * right;
            right = c[i] * left - s[i] * right;
        }
        v[r + first * step] = right;
    }
}

/* All eigenvalues of the tridiagonal matrix into d; false if that takes more than 30 steps for each. */
FN bool tridiagonal_values(INDEX n, SPACE T *d, SPACE T *e, SPACE T *c, SPACE T *s, SPACE T *v, INDEX step,
                           int vectors) {
    INDEX steps = 0;
    for (INDEX first = 0; first < n; first++)
        for (;;) {
            INDEX last = first;
            while (last + 1 < n && !is_split(d, e, last))
                last++;
            if (last == first) break;
            if (steps++ == 30 * n) return false;
            SYNC;
            if (ALONE) chase(d, e, c, s, first, last);
            SYNC;
            if (vectors) rotate_columns(v, step, n, c, s, first, last);
        }
    SYNC;
    return true;
}

/* How many of x[0 .. n) come before x[j] in ascending order; equal ones as they lie. */
FN INDEX rank_of(const SPACE T *x, INDEX n, INDEX j) {
    INDEX rank = 0;
    for (INDEX i = 0; i < n; i++)
        rank += x[i] < x[j] || (x[i] == x[j] && i < j);
    return rank;
}

/* Returns 1 where an element is not finite or an eigenvalue is not found, else 0. */
FN int eigh_small(INDEX n, const GLOBAL T *a, GLOBAL T *w, GLOBAL T *v, SPACE T *work) {
    const INDEX step = COLUMN_STEP(n);
    SPACE T *d = work + step * n, *e = d + n, *c = e + n, *s = c + n;
    const int vectors = v != 0;
    EACH_PAIR(i, 0, n, j, 0, n) work[i + j * step] = j <= i ? a[i * n + j] : a[j * n + i];
    SYNC;
    const T most = largest_of(work, step, n, n, d), scale = power_below(most);
    if (most == INFINITE) return 1;
    EACH_PAIR(j, 0, n, i, 0, n) work[i + j * step] *= scale;
    SYNC;
    reduce_to_tridiagonal(work, step, n, d, e, c, s);
    if (vectors) form_tridiagonal_q(work, step, n, c);
    SYNC;
    if (!tridiagonal_values(n, d, e, c, s, work, step, vectors)) return 1;
    EACH(j, 0, n) {
        const INDEX to = rank_of(d, n, j);
        if (w) w[to] = d[j] / scale;
        if (!vectors) continue;
        const SPACE T *column = work + j * step;
        const T sign = t_vector_sign(column, (long)n, 1);
        for (INDEX i = 0; i < n; i++)
            v[i * n + to] = sign * column[i];
    }
    return 0;
}
