/*
 * The scans of one kind. scan_loops.h includes this once for each, after
 *   SCAN(name)      the kind's own name of a function
 *   COMBINE(a, b)   the operation on two T
 *   VCOMBINE(a, b)  the same on two vec
 *   NEUTRAL         changes nothing when combined
 *   LOSS            1: the carry is a sum whose rounding errors are added up beside it, so that its own error does
 *                   not grow with the number of blocks; 0: it is exact
 *   IN_ORDER        1: strictly one after the other, for what overflows in another order; 0: as a tree
 */

static void SCAN(start)(void *carry, ptrdiff_t width) {
    T *c = carry;
    for (ptrdiff_t k = 0; k < width; k++) c[k] = NEUTRAL, c[width + k] = 0;
}

/* sum + loss is sum + loss + x to twice the precision; an infinite sum has lost nothing. */
static inline void SCAN(add)(T *sum, T *loss, T x) {
#if LOSS
    const T s = *sum + x, part = s - *sum, error = (*sum - (s - part)) + (x - part);
    *loss = s - s == 0 ? *loss + error : 0;
    *sum = s;
#else
    *sum = COMBINE(*sum, x);
    (void)loss;
#endif
}

static inline T SCAN(base)(T sum, T loss) { return LOSS ? sum + loss : sum; }

static void SCAN(meet)(void *to, const void *carry, ptrdiff_t width) {
    T *t = to;
    const T *c = carry;
    for (ptrdiff_t k = 0; k < width; k++) {
        SCAN(add)(t + k, t + width + k, c[k]);
        if (LOSS) SCAN(add)(t + k, t + width + k, c[width + k]);
    }
}

static void SCAN(take)(void *to, const void *total) { SCAN(add)((T *)to, (T *)to + 1, *(const T *)total); }

/* --- One column -------------------------------------------------------------------------------------------- */

#if IN_ORDER
static inline void SCAN(run)(const T *x, T *out, ptrdiff_t n, ptrdiff_t step, T *carry) {
    T running = carry[0];
    for (ptrdiff_t i = 0; i < n; i++, x += step, out += step) *out = running = COMBINE(running, *x);
    carry[0] = running;
}

static void SCAN(forward)(const void *x, void *out, ptrdiff_t n, void *carry) {
    SCAN(run)(x, out, n, 1, carry);
}

static void SCAN(reverse)(const void *x, void *out, ptrdiff_t n, void *carry) {
    if (n) SCAN(run)((const T *)x + n - 1, (T *)out + n - 1, n, -1, carry);
}
#else
/*
 * The running reduction of a block in registers, by Sklansky: in step s the elements whose index has bit s take that
 * of the half before them.
 */
static inline void SCAN(block)(vec v[BLOCK_VECS]) {
    const vec fill = vec_of(NEUTRAL);
    CG_UNROLL for (int i = 0; i < BLOCK_VECS; i++) {
        v[i] = VCOMBINE(SPREAD1(fill, v[i]), v[i]);
#if VEC_LANES >= 4
        v[i] = VCOMBINE(SPREAD2(fill, v[i]), v[i]);
#endif
#if VEC_LANES >= 8
        v[i] = VCOMBINE(SPREAD4(fill, v[i]), v[i]);
#endif
#if VEC_LANES >= 16
        v[i] = VCOMBINE(SPREAD8(fill, v[i]), v[i]);
#endif
    }
    CG_UNROLL for (int half = 1; half < BLOCK_VECS; half *= 2) {
        CG_UNROLL for (int i = 0; i < BLOCK_VECS; i++) {
            if (i & half) v[i] = VCOMBINE(SPREAD_LAST(v[(i & ~(2 * half - 1)) + half - 1]), v[i]);
        }
    }
}

/* One block: BLOCK elements of x in order, or from the last to the first. */
static inline void SCAN(step)(const T *x, T *out, int reverse, T *carry) {
    vec v[BLOCK_VECS];
    CG_UNROLL for (int i = 0; i < BLOCK_VECS; i++) {
        v[i] = *(const vec *)(x + (reverse ? BLOCK_VECS - 1 - i : i) * VEC_LANES);
        if (reverse) v[i] = REVERSED(v[i]);
    }
    SCAN(block)(v);
    const T total = v[BLOCK_VECS - 1][VEC_LANES - 1];
    const vec base = vec_of(SCAN(base)(carry[0], carry[1]));
    SCAN(add)(carry, carry + 1, total);
    CG_UNROLL for (int i = 0; i < BLOCK_VECS; i++) {
        vec done = VCOMBINE(base, v[i]);
        if (reverse) done = REVERSED(done);
        *(vec *)(out + (reverse ? BLOCK_VECS - 1 - i : i) * VEC_LANES) = done;
    }
}

/* Fewer than BLOCK elements, filled up; a few are done one by one. */
static inline void SCAN(rest)(const T *x, T *out, ptrdiff_t n, int reverse, T *carry) {
    T block[BLOCK];
    if (n <= FEW) {
        const T base = SCAN(base)(carry[0], carry[1]);
        T running = LOSS ? NEUTRAL : base;
        for (ptrdiff_t i = 0; i < n; i++) {
            const ptrdiff_t at = reverse ? n - 1 - i : i;
            running = COMBINE(running, x[at]);
            out[at] = LOSS ? COMBINE(base, running) : running;
        }
        SCAN(add)(carry, carry + 1, running);
        return;
    }
    T *part = reverse ? block + BLOCK - n : block;
    for (ptrdiff_t i = 0; i < BLOCK; i++) block[i] = NEUTRAL;
    for (ptrdiff_t i = 0; i < n; i++) part[i] = x[i];
    SCAN(step)(block, block, reverse, carry);
    for (ptrdiff_t i = 0; i < n; i++) out[i] = part[i];
}

static void SCAN(forward)(const void *xv, void *outv, ptrdiff_t n, void *carry) {
    const T *x = xv;
    T *out = outv, c[2] = {((T *)carry)[0], ((T *)carry)[1]};
    ptrdiff_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) SCAN(step)(x + i, out + i, 0, c);
    if (i < n) SCAN(rest)(x + i, out + i, n - i, 0, c);
    memcpy(carry, c, sizeof c);
}

static void SCAN(reverse)(const void *xv, void *outv, ptrdiff_t n, void *carry) {
    const T *x = xv;
    T *out = outv, c[2] = {((T *)carry)[0], ((T *)carry)[1]};
    for (; n >= BLOCK; n -= BLOCK) SCAN(step)(x + n - BLOCK, out + n - BLOCK, 1, c);
    if (n) SCAN(rest)(x, out, n, 1, c);
    memcpy(carry, c, sizeof c);
}
#endif

/* Whole rows, one after the other in memory. */
static void SCAN(rows)(const void *xv, void *outv, ptrdiff_t n, ptrdiff_t n_rows, int reverse) {
    const T *x = xv;
    T *out = outv;
    for (ptrdiff_t i = 0; i < n_rows; i++, x += n, out += n) {
        T carry[2] = {NEUTRAL, 0};
        if (reverse)
            SCAN(reverse)(x, out, n, carry);
        else
            SCAN(forward)(x, out, n, carry);
    }
}

/* --- Columns side by side ---------------------------------------------------------------------------------- */

/* local[k] = local[k] o x[k], out[k] = base[k] o local[k]; the row at `ahead` will be needed soon. */
static inline void SCAN(one_row)(const T *x, T *out, T *local, const T *base, const T *ahead,
                                 ptrdiff_t width) {
    ptrdiff_t k = 0;
    for (ptrdiff_t line = 0; width >= LINE && line < width; line += LINE) __builtin_prefetch(ahead + line);
    for (; k + VEC_LANES <= width; k += VEC_LANES) {
        const vec running = VCOMBINE(*(const vec *)(local + k), *(const vec *)(x + k));
        *(vec *)(local + k) = running;
        *(vec *)(out + k) = LOSS ? VCOMBINE(*(const vec *)(base + k), running) : running;
    }
    for (; k < width; k++) {
        local[k] = COMBINE(local[k], x[k]);
        out[k] = LOSS ? COMBINE(base[k], local[k]) : local[k];
    }
}

static inline void SCAN(strip)(const T *x, ptrdiff_t row, T *out, ptrdiff_t out_row, ptrdiff_t n,
                               ptrdiff_t width, T *carry) {
    T local[CG_SCAN_COLUMNS], base[CG_SCAN_COLUMNS];
#if !LOSS
    memcpy(local, carry, (size_t)width * sizeof *local);
    for (ptrdiff_t j = 0; j < n; j++)
        SCAN(one_row)(x + j * row, out + j * out_row, local, base, x + (AHEAD + j) * row, width);
    memcpy(carry, local, (size_t)width * sizeof *local);
#else
    for (ptrdiff_t j = 0; j < n; j += BLOCK) {
        const ptrdiff_t end = n - j < BLOCK ? n : j + BLOCK;
        for (ptrdiff_t k = 0; k < width; k++) {
            local[k] = NEUTRAL;
            base[k] = SCAN(base)(carry[k], carry[width + k]);
        }
        for (ptrdiff_t i = j; i < end; i++)
            SCAN(one_row)(x + i * row, out + i * out_row, local, base, x + (AHEAD + i) * row, width);
        for (ptrdiff_t k = 0; k < width; k++) SCAN(add)(carry + k, carry + width + k, local[k]);
    }
#endif
}

/* With few columns their number is known to the compiler, and all is in registers. */
static void SCAN(columns)(const void *x, ptrdiff_t row, void *out, ptrdiff_t out_row, ptrdiff_t n,
                          ptrdiff_t width, void *carry) {
    switch (width) {
    case 2:
        SCAN(strip)(x, row, out, out_row, n, 2, carry);
        break;
    case 3:
        SCAN(strip)(x, row, out, out_row, n, 3, carry);
        break;
    case 4:
        SCAN(strip)(x, row, out, out_row, n, 4, carry);
        break;
    default:
        SCAN(strip)(x, row, out, out_row, n, width, carry);
    }
}

static const cg_scan_kind SCAN(kind) = {.start = SCAN(start),
                                        .meet = SCAN(meet),
                                        .take = SCAN(take),
                                        .forward = SCAN(forward),
                                        .reverse = SCAN(reverse),
                                        .rows = SCAN(rows),
                                        .columns = SCAN(columns)};

#undef SCAN
#undef COMBINE
#undef VCOMBINE
#undef NEUTRAL
#undef LOSS
#undef IN_ORDER
