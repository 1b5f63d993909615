/*
 * The folds of one kind. fold_loops.h includes this once for each, after
 *   FOLD(name)      the kind's own name of a function
 *   COMBINE(a, b)   the operation on two T
 *   NEUTRAL         changes nothing when combined
 *   BEATS(a, b)     for a kind that has an arg form: whether a is better, NaN aside
 */

static inline T FOLD(pair)(T a, T b) { return COMBINE(a, b); }

/* to[j] = a[j] o b[j] for LANES elements. A maximum in which NaN wins does not vectorise by itself. */
static inline void FOLD(vector_pair)(T *to, const T *a, const T *b) {
    for (int j = 0; j < LANES; j += VEC_LANES) {
        const vec x = *(const vec *)(a + j), y = *(const vec *)(b + j);
#ifdef BEATS
        const vec_bits first = BEATS(x, y) | ISNAN(x);
        *(vec *)(to + j) = (vec)((first & (vec_bits)x) | (~first & (vec_bits)y));
#else
        *(vec *)(to + j) = COMBINE(x, y);
#endif
    }
}

/* to[j] = a tree over x[j], x[row + j], ..., x[7 row + j]. */
static inline void FOLD(vectors)(const T *x, ptrdiff_t row, T *to) {
    T a[LANES], b[LANES], c[LANES], d[LANES];
    FOLD(vector_pair)(a, x, x + row);
    FOLD(vector_pair)(b, x + 2 * row, x + 3 * row);
    FOLD(vector_pair)(c, x + 4 * row, x + 5 * row);
    FOLD(vector_pair)(d, x + 6 * row, x + 7 * row);
    FOLD(vector_pair)(a, a, b);
    FOLD(vector_pair)(c, c, d);
    FOLD(vector_pair)(to, a, c);
}

static inline T FOLD(lanes)(T lane[LANES]) {
    for (int half = LANES / 2; half; half /= 2)
        for (int j = 0; j < half; j++) lane[j] = FOLD(pair)(lane[j], lane[half + j]);
    return lane[0];
}

/*
 * The fold of x[0..n): 8 x LANES elements at a time to LANES partial results, those again, the lanes. What lies `ahead` bytes
 * behind is fetched as it goes: memory is never idle, as it would be behind a fetch of all at once.
 */
static inline T FOLD(row)(const T *x, ptrdiff_t n, ptrdiff_t ahead) {
    T group[8 * LANES], tail[8 * LANES], lane[LANES];
    int groups = 0;
    for (; n >= 8 * LANES; n -= 8 * LANES, x += 8 * LANES) {
        for (int j = 0; ahead && j < 8 * LANES; j += LINE) __builtin_prefetch((const char *)(x + j) + ahead);
        FOLD(vectors)(x, LANES, group + LANES * groups++);
    }
    if (n) {
        for (ptrdiff_t j = 0; ahead && j < n; j += LINE) __builtin_prefetch((const char *)(x + j) + ahead);
        for (ptrdiff_t j = 0; j < 8 * LANES; j++) tail[j] = j < n ? x[j] : NEUTRAL;
        FOLD(vectors)(tail, LANES, group + LANES * groups++);
    }
    if (groups == 1) return FOLD(lanes)(group);
    for (int j = LANES * groups; j < 8 * LANES; j++) group[j] = NEUTRAL;
    FOLD(vectors)(group, LANES, lane);
    return FOLD(lanes)(lane);
}

/* Rows of up to LANES elements, too short for vectors: four chains of at most four, then two pairs. */
static inline T FOLD(short_row)(const T *x, ptrdiff_t n) {
    T t[4] = {NEUTRAL, NEUTRAL, NEUTRAL, NEUTRAL};
    ptrdiff_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++) t[k] = FOLD(pair)(t[k], x[i + k]);
    for (; i < n; i++) t[i & 3] = FOLD(pair)(t[i & 3], x[i]);
    return FOLD(pair)(FOLD(pair)(t[0], t[1]), FOLD(pair)(t[2], t[3]));
}

static void FOLD(rows)(const void *xv, ptrdiff_t row, ptrdiff_t n_rows, ptrdiff_t n, ptrdiff_t ahead,
                       void *outv) {
    const T *x = xv;
    T *out = outv;
    if (n <= LANES) {
        for (ptrdiff_t i = 0; i < n_rows; i++) out[i] = FOLD(short_row)(x + i * row, n);
        return;
    }
    for (ptrdiff_t i = 0; i < n_rows; i++, x += row) out[i] = FOLD(row)(x, n, ahead);
}

static void FOLD(columns)(const void *xv, ptrdiff_t row, void *outv, ptrdiff_t n) {
    const T *x = xv;
    T *restrict out = outv;
    ptrdiff_t j = 0;
    for (; j + LANES <= n; j += LANES) FOLD(vectors)(x + j, row, out + j);
    for (; j < n; j++) {
        T t[8];
        for (int i = 0; i < 8; i++) t[i] = x[i * row + j];
        for (int half = 1; half < 8; half *= 2)
            for (int i = 0; i < 8; i += 2 * half) t[i] = FOLD(pair)(t[i], t[i + half]);
        out[j] = t[0];
    }
}

#ifdef BEATS
static void FOLD(arg)(const void *xv, int64_t index, void *bestv, int64_t *restrict at, ptrdiff_t n) {
    const T *restrict x = xv;
    T *restrict best = bestv;
    for (ptrdiff_t j = 0; j < n; j++) {
        const int beats = BEATS(x[j], best[j]) | (ISNAN(x[j]) & !ISNAN(best[j]));
        at[j] = beats ? index : at[j];
        best[j] = beats ? x[j] : best[j];
    }
}
#undef BEATS
#endif

#undef FOLD
#undef COMBINE
#undef NEUTRAL
