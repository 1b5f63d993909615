/*
 * A v = w v of one (n, n) matrix, row by row in memory: the real Schur form A = Z H Z^T (schur.h), the eigenvectors of H by
 * substitution, x, and v = Z x. The matrix is scaled by a power of two first.
 *
 * x of eigenvalue k lies in column k; of a complex pair k, k + 1, the real part in column k and the imaginary part, of the
 * eigenvalue whose imaginary part is positive, in column k + 1. Its entries below its block are 0 and not
 * stored. Row i of H is needed for row i of the x alone, so these take its place, from the last row up: a row is set
 * aside, and each work-item then has the columns of some eigenvalues.
 */

/* How near an eigenvalue may come to another one: what is nearer, as in a Jordan block, is taken for that near. */
FN T least_divisor(T at, T w, T imaginary) {
    return EPSILON * MOST(FABS(at) + FABS(w) + FABS(imaginary), EPSILON);
}

FN complex_pair no_less(complex_pair z, T least) { return pair_size(z) < least ? pair_of(least, C(0.0)) : z; }

/* Sum of row[j] x[j] over the rows from `begin` to `end` - 1 that x is known in; x and its imaginary part, if any. */
FN complex_pair known_part(const SPACE T *row, const SPACE T *x, const SPACE T *y, INDEX begin, INDEX end) {
    T re = C(0.0), im = C(0.0);
    for (INDEX j = begin; j < end; j++)
        re += row[j] * x[j];
    for (INDEX j = begin; j < end && y; j++)
        im += row[j] * y[j];
    return pair_of(re, im);
}

FN void store_pair(SPACE T *x, SPACE T *y, INDEX i, complex_pair z) {
    x[i] = z.re;
    if (y) y[i] = z.im;
}

/* Keeps x, in rows begin .. end - 1, from overflowing. */
FN void restrain(SPACE T *x, SPACE T *y, INDEX begin, INDEX end, T size) {
    if (!(size * EPSILON > C(1.0))) return;
    const T s = power_below(size);
    for (INDEX j = begin; j < end; j++) {
        x[j] *= s;
        if (y) y[j] *= s;
    }
}

/* What a work-item knows about the eigenvalue it works on. */
typedef struct {
    T w, imaginary;
    SPACE T *x, *y; /* y: NULL of a real one */
    INDEX end;      /* the first row below its block */
} eigen_column;

FN eigen_column eigen_column_of(SPACE T *h, INDEX step, INDEX k, const SPACE T *w, const SPACE T *imaginary) {
    eigen_column e;
    const bool two = imaginary[k] > C(0.0);
    e.w = w[k];
    e.imaginary = imaginary[k];
    e.x = h + k * step;
    e.y = two ? e.x + step : 0;
    e.end = two ? k + 2 : k + 1;
    return e;
}

/* Row i of x, where the diagonal of H has a real eigenvalue: (H[i, i] - w) x[i] = -sum of H[i, j] x[j] over j > i. */
FN void eigen_row(eigen_column e, INDEX i, const SPACE T *row) {
    const complex_pair sum = known_part(row, e.x, e.y, i + 1, e.end);
    const complex_pair d =
        no_less(pair_of(row[i] - e.w, -e.imaginary), least_divisor(row[i], e.w, e.imaginary));
    const complex_pair x = pair_div(pair_of(-sum.re, -sum.im), d);
    store_pair(e.x, e.y, i, x);
    restrain(e.x, e.y, i, e.end, pair_size(x));
}

/* Rows i and i + 1 of x, where H has a block: two equations, by elimination with the larger one of column i first. */
FN void eigen_rows(eigen_column e, INDEX i, const SPACE T *above, const SPACE T *below) {
    const T least = least_divisor(above[i], e.w, e.imaginary);
    const complex_pair p = known_part(above, e.x, e.y, i + 2, e.end);
    const complex_pair q = known_part(below, e.x, e.y, i + 2, e.end);
    const complex_pair a = pair_of(above[i] - e.w, -e.imaginary), d = pair_of(below[i + 1] - e.w, -e.imaginary);
    const complex_pair b = pair_of(above[i + 1], C(0.0)), c = pair_of(below[i], C(0.0));
    const bool first = pair_size(a) >= pair_size(c);
    const complex_pair pivot = first ? a : c, beside = first ? b : d, right = first ? p : q;
    const complex_pair factor = pair_div(first ? c : a, pivot);
    const complex_pair rest = pair_sub(first ? d : b, pair_mul(factor, beside));
    const complex_pair rest_right = pair_sub(pair_mul(factor, right), first ? q : p);
    const complex_pair x1 = pair_div(rest_right, no_less(rest, least));
    const complex_pair sum = pair_mul(beside, x1);
    const complex_pair x0 = pair_div(pair_of(-right.re - sum.re, -right.im - sum.im), pivot);
    store_pair(e.x, e.y, i, x0);
    store_pair(e.x, e.y, i + 1, x1);
    restrain(e.x, e.y, i, e.end, MOST(pair_size(x0), pair_size(x1)));
}

/* The x of a block by itself, (a - w) x0 + b x1 = 0 and c x0 + (d - w) x1 = 0: the larger of x0 and x1 is 1. */
FN void eigen_block(eigen_column e, INDEX i, const SPACE T *above, const SPACE T *below) {
    const T a = above[i], b = above[i + 1], c = below[i], d = below[i + 1];
    const bool first = FABS(b) >= FABS(c);
    const complex_pair one = pair_of(C(1.0), C(0.0));
    const complex_pair other = first ? pair_of((e.w - a) / b, e.imaginary / b)
                                     : pair_of((e.w - d) / c, e.imaginary / c);
    store_pair(e.x, e.y, i, first ? one : other);
    store_pair(e.x, e.y, i + 1, first ? other : one);
}

/* The eigenvectors of H in its place; above and below have n places. */
FN void eigen_substitute(SPACE T *h, INDEX step, INDEX n, const SPACE T *w, const SPACE T *imaginary, SPACE T *above,
                         SPACE T *below) {
    for (INDEX i = n - 1; i >= 0; i--) {
        const bool two = imaginary[i] < C(0.0);
        if (two) i--;
        EACH(j, i, n) {
            above[j] = h[i + j * step];
            if (two) below[j] = h[i + 1 + j * step];
        }
        SYNC;
        EACH(k, i, n) {
            const eigen_column e = eigen_column_of(h, step, k, w, imaginary);
            if (e.imaginary < C(0.0)) continue; /* its partner has both columns */
            if (k > i && two)
                eigen_rows(e, i, above, below);
            else if (k > i)
                eigen_row(e, i, above);
            else if (two)
                eigen_block(e, i, above, below);
            else
                e.x[i] = C(1.0);
        }
        SYNC;
    }
}

/* V = Z X in place of Z; a row is one work-item's, whose entries are needed for columns further left alone. */
FN void eigen_transform(SPACE T *z, const SPACE T *x, INDEX step, INDEX n, const SPACE T *imaginary) {
    EACH(r, 0, n)
        for (INDEX k = n - 1; k >= 0; k--) {
            const INDEX left = imaginary[k] < C(0.0) ? k - 1 : k;
            T re = C(0.0), im = C(0.0);
            for (INDEX j = 0; j <= k; j++) {
                re += z[r + j * step] * x[j + left * step];
                im += z[r + j * step] * x[j + k * step];
            }
            z[r + k * step] = im;
            z[r + left * step] = re;
            k = left;
        }
    SYNC;
}

/* Vector k, at x and y, gets norm 1 and its phase. */
FN void eigen_normalize(SPACE T *x, SPACE T *y, INDEX n) {
    T most = C(0.0), sum = C(0.0);
    for (INDEX i = 0; i < n; i++)
        most = MOST(most, MOST(FABS(x[i]), y ? FABS(y[i]) : C(0.0)));
    const T s = power_below(most);
    for (INDEX i = 0; i < n; i++) {
        x[i] *= s;
        sum += x[i] * x[i];
        if (!y) continue;
        y[i] *= s;
        sum += y[i] * y[i];
    }
    const T sign = y ? C(1.0) : t_vector_sign(x, (long)n, 1), length = sign * SQRT(sum);
    for (INDEX i = 0; i < n; i++) {
        x[i] /= length;
        if (y) y[i] /= length;
    }
    if (y) t_vector_turn(x, y, (long)n, 1);
}

/* Vector k as column k, and its conjugate as the next one. */
FN void eigen_write(const SPACE T *x, const SPACE T *y, INDEX n, INDEX k, GLOBAL T *re, GLOBAL T *im) {
    for (INDEX i = 0; i < n; i++) {
        if (re) re[i * n + k] = x[i];
        if (im) im[i * n + k] = y ? y[i] : C(0.0);
        if (re && y) re[i * n + k + 1] = x[i];
        if (im && y) im[i * n + k + 1] = -y[i];
    }
}

/* Returns 1 where an element is not finite or an eigenvalue is not found, else 0. */
FN int eig_small(INDEX n, const GLOBAL T *a, GLOBAL T *w_re, GLOBAL T *w_im, GLOBAL T *v_re, GLOBAL T *v_im,
                 SPACE T *work) {
    const INDEX step = COLUMN_STEP(n);
    SPACE T *h = work, *z = h + step * n, *w = z + step * n, *imaginary = w + n, *above = imaginary + n,
            *below = above + n;
    EACH_PAIR(i, 0, n, j, 0, n) h[i + j * step] = a[i * n + j];
    SYNC;
    const T most = largest_of(h, step, n, n, w), scale = power_below(most);
    if (most == INFINITE) return 1;
    EACH_PAIR(j, 0, n, i, 0, n) h[i + j * step] *= scale;
    SYNC;
    reduce_to_hessenberg(h, z, step, n, above, below);
    if (!reduce_to_schur(h, z, step, n, w, imaginary)) return 1;
    EACH(k, 0, n) {
        if (w_re) w_re[k] = w[k] / scale;
        if (w_im) w_im[k] = imaginary[k] / scale;
    }
    if (!v_re && !v_im) return 0;
    eigen_substitute(h, step, n, w, imaginary, above, below);
    eigen_transform(z, h, step, n, imaginary);
    EACH(k, 0, n) {
        if (imaginary[k] < C(0.0)) continue;
        SPACE T *x = z + k * step, *y = imaginary[k] > C(0.0) ? x + step : 0;
        eigen_normalize(x, y, n);
        eigen_write(x, y, n, k, v_re, v_im);
    }
    return 0;
}
