/*
 * One-sided Jacobi rotations (Hestenes 1958): columns of X are turned in pairs until each pair is orthogonal. X Y^T stays
 * what it was, where Y collects the rotations. Pairs of a round share no column (Brent, Luk 1985), so the work-items of
 * a team take one each.
 */
#ifndef JACOBI_H
#define JACOBI_H

/* More sweeps than this no matrix takes: convergence is quadratic in the end. */
#define SWEEPS 60

/* Columns shorter than this, beside a matrix of scale 1, count as zero; their squares must not underflow. */
#define SHORTEST (EPSILON * EPSILON)

FN T dot_of(const SPACE T *x, const SPACE T *y, INDEX n) {
    T sum = C(0.0);
    for (INDEX i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

/*
 * x <- c x - s y, y <- s x + c y with c = 1 - s t, where t is the tangent of half the angle: many small rotations, whose
 * c is 1 but for its rounding error, would change lengths (Rutishauser 1966).
 */
FN void rotate_pair(SPACE T *x, SPACE T *y, INDEX n, T sine, T tangent) {
    for (INDEX i = 0; i < n; i++) {
        const T left = x[i], right = y[i];
        x[i] = left - sine * (right + tangent * left);
        y[i] = right + sine * (left - tangent * right);
    }
}

/*
 * Makes two columns orthogonal; false if they are, to `room` of the product of their lengths. With zeta = (|y|^2 - |x|^2) /
 * (2 x.y), the smaller angle has tan = sign(zeta) / (|zeta| + sqrt(1 + zeta^2)).
 */
FN bool orthogonalize(SPACE T *x, SPACE T *y, INDEX n, T room, T *sine, T *half_tangent) {
    const T xx = dot_of(x, x, n), yy = dot_of(y, y, n), xy = dot_of(x, y, n);
    const T shortest = SHORTEST * SHORTEST;
    if (xx < shortest || yy < shortest || FABS(xy) <= room * (SQRT(xx) * SQRT(yy))) return false;
    const T zeta = (yy - xx) / (C(2.0) * xy), size = FABS(zeta);
    const T tangent = size > C(1.0) / EPSILON ? C(0.5) / size : C(1.0) / (size + SQRT(C(1.0) + zeta * zeta));
    const T cosine = C(1.0) / SQRT(C(1.0) + tangent * tangent);
    *sine = with_sign(cosine * tangent, zeta);
    *half_tangent = *sine / (C(1.0) + cosine);
    rotate_pair(x, y, n, *sine, *half_tangent);
    return true;
}

/*
 * X, of n columns with n elements that count, and Y (n, n), whose beginning is the caller's; `turned` has n places. One
 * round of the tournament of n players: the last one stays, the others move on by one place. False if it did not end.
 */
FN bool jacobi(SPACE T *x, INDEX x_step, SPACE T *y, INDEX y_step, INDEX n, int vectors, SPACE T *turned) {
    const INDEX players = n + (n & 1), ring = players - 1;
    const T room = EPSILON * SQRT((T)n);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        EACH(p, 0, players / 2) turned[p] = C(0.0);
        for (INDEX round = 0; round < ring; round++) {
            EACH(p, 0, players / 2) {
                const INDEX a = p == 0 ? ring : (round + p) % ring, b = (round + ring - p) % ring;
                const INDEX low = LEAST(a, b), high = MOST(a, b);
                T sine, half_tangent;
                if (high >= n || !orthogonalize(x + low * x_step, x + high * x_step, n, room, &sine, &half_tangent))
                    continue;
                if (vectors) rotate_pair(y + low * y_step, y + high * y_step, n, sine, half_tangent);
                turned[p] = C(1.0);
            }
            SYNC;
        }
        bool any = false;
        for (INDEX p = 0; p < players / 2; p++)
            any = any || turned[p] != C(0.0);
        SYNC;
        if (!any) return true;
    }
    return false;
}

#endif
