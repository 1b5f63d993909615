/*
 * A = U diag(s) Vh of one (m, n) matrix, row by row in memory, by Jacobi rotations. B is A or, where that is longer, its
 * transpose: B = X diag(s) Y^T, X (long, columns), Y (short, short). A B that is not square becomes R by QR, whose
 * Q the left vectors of R get in front afterwards. The matrix is scaled by a power of two first.
 */
typedef struct {
    INDEX rows, n, columns; /* B is (rows, n), n <= rows; X has `columns` columns */
    INDEX x_step, y_step;
    SPACE T *x, *y, *reflected; /* X, Y, the reflections of QR where rows > n */
    SPACE T *tau, *sigma, *room, *present;
} svd_state;

/* `columns` places each for room and present. */
FN svd_state svd_lay_out(INDEX m, INDEX n, int full, SPACE T *work) {
    svd_state t;
    t.rows = MOST(m, n);
    t.n = LEAST(m, n);
    t.columns = full ? t.rows : t.n;
    t.x_step = COLUMN_STEP(t.rows);
    t.y_step = COLUMN_STEP(t.n);
    t.x = work;
    t.reflected = t.x + t.x_step * t.columns;
    t.y = t.reflected + (t.rows > t.n ? t.x_step * t.n : 0);
    t.tau = t.y + t.y_step * t.n;
    t.sigma = t.tau + t.n;
    t.room = t.sigma + t.n;
    t.present = t.room + t.columns;
    return t;
}

/* X = B, or R where B is longer; Y = I. */
FN void svd_begin(svd_state t, T scale) {
    SPACE T *b = t.rows > t.n ? t.reflected : t.x;
    EACH_PAIR(j, 0, t.n, i, 0, t.rows) b[i + j * t.x_step] *= scale;
    EACH_PAIR(j, 0, t.n, i, 0, t.n) t.y[i + j * t.y_step] = i == j ? C(1.0) : C(0.0);
    SYNC;
    if (t.rows == t.n) return;
    reduce_to_r(b, t.x_step, t.rows, t.n, t.tau, t.sigma);
    EACH_PAIR(j, 0, t.n, i, 0, t.n)
        t.x[i + j * t.x_step] = i < j ? b[i + j * t.x_step] : i == j ? t.sigma[i] : C(0.0);
    SYNC;
}

/*
 * Column `to` becomes a unit vector orthogonal to all that are present: the basis vector that is farthest from their space,
 * i.e. whose row has the smallest sum of squares, less its projections; twice, for the rounding errors of the first time.
 */
FN void svd_complete(svd_state t, INDEX to) {
    SPACE T *column = t.x + to * t.x_step;
    EACH(i, 0, t.n) {
        T sum = C(0.0);
        for (INDEX j = 0; j < t.n; j++)
            if (t.present[j] != C(0.0)) sum += t.x[i + j * t.x_step] * t.x[i + j * t.x_step];
        t.room[i] = sum;
    }
    SYNC;
    INDEX far = 0;
    for (INDEX i = 1; i < t.n; i++)
        if (t.room[i] < t.room[far]) far = i;
    SYNC;
    EACH(i, 0, t.n) column[i] = i == far ? C(1.0) : C(0.0);
    SYNC;
    for (int again = 0; again < 2; again++) {
        EACH(j, 0, t.n) t.room[j] = t.present[j] != C(0.0) ? dot_of(t.x + j * t.x_step, column, t.n) : C(0.0);
        SYNC;
        EACH(i, 0, t.n) {
            T sum = C(0.0);
            for (INDEX j = 0; j < t.n; j++)
                if (t.present[j] != C(0.0)) sum += t.x[i + j * t.x_step] * t.room[j];
            column[i] -= sum;
        }
        SYNC;
        const T length = norm_of(column, t.n);
        SYNC;
        EACH(i, 0, t.n) column[i] /= length;
        if (ALONE && again) t.present[to] = C(1.0);
        SYNC;
    }
}

/* sigma, and the left vectors of the square part, those of zeros too. */
FN void svd_lengths(svd_state t, int vectors) {
    EACH(j, 0, t.n) {
        SPACE T *column = t.x + j * t.x_step;
        const T length = norm_of(column, t.n);
        t.sigma[j] = length;
        t.present[j] = length > SHORTEST ? C(1.0) : C(0.0);
        if (length > SHORTEST)
            for (INDEX i = 0; i < t.n; i++)
                column[i] /= length;
    }
    SYNC;
    for (INDEX j = 0; j < t.n && vectors; j++)
        if (t.present[j] == C(0.0)) svd_complete(t, j);
}

/* The left vectors of B from those of R: Q (X 0; 0 I). */
FN void svd_lengthen(svd_state t) {
    EACH_PAIR(j, 0, t.columns, i, 0, t.rows)
        if (i >= t.n || j >= t.n) t.x[i + j * t.x_step] = i == j ? C(1.0) : C(0.0);
    SYNC;
    for (INDEX k = t.n; k-- > 0;)
        reflect_columns(t.reflected + k + k * t.x_step, t.tau[k], t.rows - k, t.x + k, t.x_step, t.columns);
    SYNC;
}

/* Columns j of X and Y as column `to` of U and row `to` of Vh, which are (m, ..) and (.., n). */
FN void svd_write(svd_state t, INDEX j, INDEX to, int tall, GLOBAL T *u, GLOBAL T *vh) {
    const SPACE T *x = t.x + j * t.x_step, *y = t.y + j * t.y_step;
    const bool paired = j < t.n; /* else there is no column of Y */
    const T sign = tall && paired ? t_vector_sign(y, (long)t.n, 1) : t_vector_sign(x, (long)t.rows, 1);
    GLOBAL T *x_to = tall ? u : vh, *y_to = tall ? vh : u;
    const INDEX x_place = tall ? t.columns : 1, x_begin = tall ? to : to * t.rows;
    const INDEX y_place = tall ? 1 : t.n, y_begin = tall ? to * t.n : to;
    if (x_to)
        for (INDEX i = 0; i < t.rows; i++)
            x_to[x_begin + i * x_place] = sign * x[i];
    if (y_to && paired)
        for (INDEX i = 0; i < t.n; i++)
            y_to[y_begin + i * y_place] = sign * y[i];
}

/* The place of column j when sigma descends; equal ones as they lie. */
FN INDEX svd_place(svd_state t, INDEX j) {
    INDEX place = 0;
    for (INDEX i = 0; i < t.n && j < t.n; i++)
        place += t.sigma[i] > t.sigma[j] || (t.sigma[i] == t.sigma[j] && i < j);
    return j < t.n ? place : j;
}

/* Returns 1 where an element is not finite or the rotations do not end, else 0. */
FN int svd_small(INDEX m, INDEX n, int full, const GLOBAL T *a, GLOBAL T *u, GLOBAL T *s, GLOBAL T *vh, SPACE T *work) {
    const svd_state t = svd_lay_out(m, n, full, work);
    const int tall = m >= n, vectors = u || vh;
    SPACE T *b = t.rows > t.n ? t.reflected : t.x;
    EACH_PAIR(i, 0, m, j, 0, n) b[tall ? i + j * t.x_step : j + i * t.x_step] = a[i * n + j];
    SYNC;
    const T most = largest_of(b, t.x_step, t.rows, t.n, t.room), scale = power_below(most);
    if (most == INFINITE) return 1;
    svd_begin(t, scale);
    if (!jacobi(t.x, t.x_step, t.y, t.y_step, t.n, vectors, t.room)) return 1;
    svd_lengths(t, vectors);
    if (vectors && t.rows > t.n) svd_lengthen(t);
    EACH(j, 0, vectors ? t.columns : t.n) {
        const INDEX to = svd_place(t, j);
        if (s && j < t.n) s[to] = t.sigma[j] / scale;
        if (vectors) svd_write(t, j, to, tall, u, vh);
    }
    return 0;
}
