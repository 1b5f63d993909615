/*
 * The real Schur form of a matrix in columns, of scale 1: Householder's reduction to Hessenberg form, then Francis' double
 * shifts (1961). H = Z^T A Z is triangular but for blocks of two on its diagonal, whose eigenvalues are complex.
 */
#ifndef SCHUR_H
#define SCHUR_H

/* A to Hessenberg form in h, its orthogonal matrix in z; sub and tau have n places. */
FN void reduce_to_hessenberg(SPACE T *h, SPACE T *z, INDEX step, INDEX n, SPACE T *sub, SPACE T *tau) {
    const INDEX k = n > 2 ? n - 2 : 0;
    for (INDEX j = 0; j < k; j++) {
        SPACE T *v = h + j + 1 + j * step, *rest = v + step;
        const INDEX left = n - j - 1;
        const reflector r = reflect(v, left);
        if (ALONE) {
            sub[j] = r.beta;
            tau[j] = r.tau;
        }
        reflect_columns(v, r.tau, left, rest, step, left);
        SYNC;
        reflect_rows(v, r.tau, left, h + (j + 1) * step, step, n);
        SYNC;
    }
    EACH_PAIR(j, 0, n, i, 0, n)
        z[i + j * step] = i == 0 || j == 0 ? (i == j ? C(1.0) : C(0.0)) : i >= j ? h[i + (j - 1) * step] : C(0.0);
    SYNC;
    if (n > 1) form_q(z + 1 + step, step, n - 1, n - 1, k, tau);
    EACH_PAIR(j, 0, k, i, 1, n)
        if (i > j) h[i + j * step] = i == j + 1 ? sub[j] : C(0.0);
    SYNC;
}

/* --- Francis' steps ------------------------------------------------------------------------------------------------ */

/* The reflection of a vector of three, v[0] = 1. */
typedef struct {
    T v1, v2, tau, beta;
} reflector3;

FN reflector3 reflect3(T x0, T x1, T x2) {
    reflector3 h;
    const T most = MOST(FABS(x0), MOST(FABS(x1), FABS(x2))), s = power_below(most);
    h.v1 = h.v2 = h.tau = C(0.0);
    h.beta = x0;
    if (x1 == C(0.0) && x2 == C(0.0)) return h;
    const T a = x0 * s, b = x1 * s, c = x2 * s, beta = -with_sign(SQRT(a * a + b * b + c * c), a);
    h.v1 = b / (a - beta);
    h.v2 = c / (a - beta);
    h.tau = (beta - a) / beta;
    h.beta = beta / s;
    return h;
}

/* On rows i .. of h, in columns from `begin` on; `two`: v2 belongs to no row. */
FN void reflect3_rows(reflector3 r, int two, SPACE T *h, INDEX step, INDEX i, INDEX begin, INDEX n) {
    EACH(j, begin, n) {
        SPACE T *x = h + i + j * step;
        T dot = x[0] + r.v1 * x[1];
        if (!two) dot += r.v2 * x[2];
        dot *= r.tau;
        x[0] -= dot;
        x[1] -= dot * r.v1;
        if (!two) x[2] -= dot * r.v2;
    }
}

/* On columns j .., in rows 0 .. end - 1 of h and in the n rows of z. */
FN void reflect3_columns(reflector3 r, int two, SPACE T *h, SPACE T *z, INDEX step, INDEX n, INDEX j, INDEX end) {
    EACH(i, 0, end + n) {
        SPACE T *x = (i < end ? h + i : z + (i - end)) + j * step;
        T dot = x[0] + r.v1 * x[step];
        if (!two) dot += r.v2 * x[2 * step];
        dot *= r.tau;
        x[0] -= dot;
        x[step] -= dot * r.v1;
        if (!two) x[2 * step] -= dot * r.v2;
    }
}

/* The first row of the block that ends with row `last`: above it the subdiagonal is as good as zero. */
FN INDEX block_begin(const SPACE T *h, INDEX step, INDEX last) {
    INDEX i = last;
    for (; i > 0; i--) {
        const T size = FABS(h[i - 1 + (i - 1) * step]) + FABS(h[i + i * step]), sub = FABS(h[i + (i - 1) * step]);
        if (sub <= EPSILON * size || sub <= EPSILON * EPSILON) break;
    }
    return i;
}

/*
 * A double step on the block first .. last, of three rows or more. The shifts are the eigenvalues of its last two rows, a
 * and d with bc; of the first column of (H - s1)(H - s2), in three rows, the first reflection is made. It may begin lower, at
 * row m, where two subdiagonals in a row are small. `odd`: shifts that break a cycle.
 */
FN void francis(SPACE T *h, SPACE T *z, INDEX step, INDEX n, INDEX first, INDEX last, int odd) {
    const SPACE T *end = h + last + last * step;
    T d = end[0], a = end[-1 - step], bc = end[-step] * end[-1], x = C(0.0), y = C(0.0), w = C(0.0);
    if (odd) {
        const T size = FABS(end[-step]) + FABS(end[-1 - 2 * step]);
        a = d = d + C(0.75) * size;
        bc = C(-0.4375) * size * size;
    }
    INDEX m = last - 2;
    for (;; m--) {
        const SPACE T *at = h + m + m * step;
        const T p = d - at[0], q = a - at[0];
        x = (p * q - bc) / at[1] + at[step];
        y = at[1 + step] - at[0] - p - q;
        w = at[2 + step];
        const T size = FABS(x) + FABS(y) + FABS(w);
        if (size > C(0.0)) {
            x /= size;
            y /= size;
            w /= size;
        }
        if (m == first) break;
        const T around = FABS(at[-1 - step]) + FABS(at[0]) + FABS(at[1 + step]);
        if (FABS(at[-step]) * (FABS(y) + FABS(w)) <= EPSILON * FABS(x) * around) break;
    }
    for (INDEX k = m; k < last; k++) {
        const int two = k + 1 == last;
        SPACE T *left = h + k + MOST(k - 1, 0) * step; /* in the column before; from k > m on, the bulge */
        if (k > m) {
            x = left[0];
            y = left[1];
            w = two ? C(0.0) : left[2];
        }
        const reflector3 r = reflect3(x, y, w);
        SYNC;
        if (ALONE && k > m) {
            left[0] = r.beta;
            left[1] = C(0.0);
            if (!two) left[2] = C(0.0);
        } else if (ALONE && m > first) {
            left[0] *= C(1.0) - r.tau;
        }
        reflect3_rows(r, two, h, step, k, k, n);
        SYNC;
        reflect3_columns(r, two, h, z, step, n, k, LEAST(last, k + 3) + 1);
        SYNC;
    }
}

/* --- Blocks that have come apart ----------------------------------------------------------------------------------- */

/*
 * The block of rows i and i + 1. Real eigenvalues: it becomes triangular by a rotation of its rows and columns. Complex ones
 * stay. What they are: value[i], value[i + 1], imaginary[..], a conjugate pair with the positive one first.
 */
FN void finish_pair(SPACE T *h, SPACE T *z, INDEX step, INDEX n, INDEX i, SPACE T *value, SPACE T *imaginary) {
    SPACE T *block = h + i + i * step;
    const T a = block[0], b = block[step], c = block[1], d = block[1 + step];
    const T p = C(0.5) * (a - d), square = p * p + b * c, root = SQRT(FABS(square));
    SYNC;
    if (square < C(0.0)) {
        if (ALONE) {
            value[i] = value[i + 1] = d + p;
            imaginary[i] = root;
            imaginary[i + 1] = -root;
        }
        return;
    }
    const T t = p + with_sign(root, p), length = length_of(c, t), cosine = t / length, sine = c / length;
    EACH(j, i, n) {
        SPACE T *x = h + i + j * step;
        const T above = x[0], below = x[1];
        x[0] = cosine * above + sine * below;
        x[1] = cosine * below - sine * above;
    }
    SYNC;
    EACH(r, 0, i + 2 + n) { /* rows of h, then of z */
        SPACE T *x = r < i + 2 ? h + r + i * step : z + (r - i - 2) + i * step;
        const T left = x[0], right = x[step];
        x[0] = cosine * left + sine * right;
        x[step] = cosine * right - sine * left;
    }
    SYNC;
    if (ALONE) {
        block[1] = C(0.0);
        value[i] = block[0] = d + t;
        value[i + 1] = block[1 + step] = t == C(0.0) ? d : d - b * (c / t);
        imaginary[i] = imaginary[i + 1] = C(0.0);
    }
}

/* h of Hessenberg form becomes the Schur form, z follows; false if that takes more than 30 steps for each row. */
FN bool reduce_to_schur(SPACE T *h, SPACE T *z, INDEX step, INDEX n, SPACE T *value, SPACE T *imaginary) {
    INDEX steps = 0, here = 0; /* in all, and since a block has come apart */
    for (INDEX last = n - 1; last >= 0;) {
        const INDEX first = block_begin(h, step, last);
        SYNC;
        if (ALONE && first > 0) h[first + (first - 1) * step] = C(0.0);
        if (first + 1 < last) {
            if (steps++ == 30 * MOST(n, 10)) return false;
            here++;
            SYNC;
            francis(h, z, step, n, first, last, here % 10 == 0);
            continue;
        }
        here = 0;
        if (first < last)
            finish_pair(h, z, step, n, first, value, imaginary);
        else if (ALONE) {
            value[last] = h[last + last * step];
            imaginary[last] = C(0.0);
        }
        SYNC;
        last = first - 1;
    }
    return true;
}

#endif
