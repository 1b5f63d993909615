/*
 * The inner loops of convolutions for one T. A file includes this once, after elementary_c.h and with CG_CONV_TABLE, the
 * name of the table.
 *
 * Tiles are held in registers through a sum:
 *     outputs  for p < n:       C[i, v] += x[window i + tap[p]] w[p, v]      i < windows, v < vectors
 *     lines    for p < n:       C[k, i] += w[p, k] x[window i + tap[p]]      vectors of adjacent windows, i rows of them
 *     weights  for each window: C[i, v] += x[window + tap i] y[window, v]    i < 3 threes
 */
#include "host/cpu/isa.h"
#include "host/cpu/isa/simd.h"

#define CG_INLINE static inline __attribute__((always_inline))

/* Windows of a tile of outputs, as many as the registers hold beside two vectors of weights and an element; the
 * multiplication of SSE2 takes one more. Those of one vector alone, where so few would wait for each other's sums. And threes
 * of rows of a tile of weights. */
#if CG_VEC_BYTES == 64
#define CG_WINDOWS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#define CG_THREES(X) X(1) X(2) X(3) X(4)
#define CG_WINDOWS_ALONE(X)
enum { WIDEST = 14, WIDEST_ALONE = WIDEST, MOST_THREES = 4 };
#elif CG_VEC_BYTES == 32
#define CG_WINDOWS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define CG_THREES(X) X(1) X(2)
#define CG_WINDOWS_ALONE(X) X(7) X(8) X(9) X(10) X(11) X(12)
enum { WIDEST = 6, WIDEST_ALONE = 12, MOST_THREES = 2 };
#else
#define CG_WINDOWS(X) X(1) X(2) X(3) X(4) X(5)
#define CG_THREES(X) X(1)
#define CG_WINDOWS_ALONE(X)
enum { WIDEST = 5, WIDEST_ALONE = WIDEST, MOST_THREES = 1 };
#endif

/* For the outputs of thin groups, which are at most half a vector, the rows of windows of a tile of lines, as many as the registers hold beside their elements. */
#if CG_VEC_BYTES == 64
#define CG_LINES(X) X(1, 8) X(2, 8) X(3, 8) X(4, 6)
enum { MOST_OUTPUTS = 4, MOST_ROWS = 8 };
#elif CG_VEC_BYTES == 32
#define CG_LINES(X) X(1, 8) X(2, 5) X(3, 3) X(4, 2)
enum { MOST_OUTPUTS = 4, MOST_ROWS = 8 };
#else
#define CG_LINES(X) X(1, 8) X(2, 4)
enum { MOST_OUTPUTS = 2, MOST_ROWS = 8 };
#endif

enum {
    VECTORS = 2,
    BLOCK = 256 /* summands of one sum: their weights stay in L1; also keeps rounding errors small */
};

/* --- Outputs -------------------------------------------------------------------------------------------------------- */

typedef struct outputs_args {
    const T *x;
    const ptrdiff_t *tap;
    ptrdiff_t n;
    const T *w;
    T *sums;
    bool add;
} outputs_args;

typedef void outputs_function(const outputs_args *t);

CG_INLINE void outputs_tile(int windows, int vectors, const outputs_args *t) {
    vec acc[WIDEST_ALONE][VECTORS];
    CG_UNROLL for (int i = 0; i < windows; i++) {
        CG_UNROLL for (int v = 0; v < vectors; v++) acc[i][v] = (vec){0};
    }
    const T *w = t->w, *origin = t->x;
    const ptrdiff_t *tap = t->tap, n = t->n;
    CG_UNROLL_TWICE for (ptrdiff_t p = 0; p < n; p++, w += vectors * LANES) {
        const T *x = origin + tap[p];
        vec y[VECTORS];
        CG_UNROLL for (int v = 0; v < vectors; v++) y[v] = vec_load(w + v * LANES);
        CG_UNROLL for (int i = 0; i < windows; i++) {
            const vec element = vec_all(x[i]);
            CG_UNROLL for (int v = 0; v < vectors; v++) acc[i][v] = vec_fma(element, y[v], acc[i][v]);
        }
    }
    T *to = t->sums;
    const bool add = t->add;
    CG_UNROLL for (int i = 0; i < windows; i++) {
        CG_UNROLL for (int v = 0; v < vectors; v++, to += LANES)
            vec_store(to, add ? vec_load(to) + acc[i][v] : acc[i][v]);
    }
}

#define CG_OUTPUTS(windows)                                                                                  \
    static void outputs_##windows##_1(const outputs_args *t) { outputs_tile(windows, 1, t); }                \
    static void outputs_##windows##_2(const outputs_args *t) { outputs_tile(windows, 2, t); }
CG_WINDOWS(CG_OUTPUTS)
#define CG_OUTPUTS_ALONE(windows)                                                                            \
    static void outputs_##windows##_1(const outputs_args *t) { outputs_tile(windows, 1, t); }
CG_WINDOWS_ALONE(CG_OUTPUTS_ALONE)

static outputs_function *const outputs_tiles[WIDEST_ALONE + 1][VECTORS + 1] = {
#define CG_OUTPUTS_ENTRY(windows) [windows] = {NULL, outputs_##windows##_1, outputs_##windows##_2},
    CG_WINDOWS(CG_OUTPUTS_ENTRY)
#undef CG_OUTPUTS_ENTRY
#define CG_OUTPUTS_ENTRY(windows) [windows] = {NULL, outputs_##windows##_1, NULL},
        CG_WINDOWS_ALONE(CG_OUTPUTS_ENTRY)
#undef CG_OUTPUTS_ENTRY
};

/* A row of windows, in tiles about equally wide. */
static void outputs_row(outputs_args *t, const T *x, ptrdiff_t width, int vectors) {
    const ptrdiff_t widest = vectors == 1 ? WIDEST_ALONE : WIDEST, n_tiles = (width + widest - 1) / widest;
    for (ptrdiff_t i = 0, begin = 0; i < n_tiles; i++) {
        const ptrdiff_t end = width * (i + 1) / n_tiles;
        t->x = x + begin;
        outputs_tiles[end - begin][vectors](t);
        t->sums += (end - begin) * vectors * LANES;
        begin = end;
    }
}

static void outputs(const cg_conv_outputs *o) {
    const cg_conv_rows *windows = &o->windows;
    const ptrdiff_t blocks = o->n > 0 ? (o->n + BLOCK - 1) / BLOCK : 1; /* of none the sum is 0 */
    for (ptrdiff_t b = 0; b < blocks; b++) {
        const ptrdiff_t p = o->n * b / blocks;
        outputs_args t = {.tap = o->tap + p,
                          .n = o->n * (b + 1) / blocks - p,
                          .w = (const T *)o->w + p * o->vectors * LANES,
                          .sums = o->sums,
                          .add = b > 0};
        for (ptrdiff_t i = 0; i < windows->rows; i++)
            outputs_row(&t, (const T *)windows->x + windows->at[i], windows->width, o->vectors);
    }
}

/* --- Lines ---------------------------------------------------------------------------------------------------------- */

/* One tile and one block of its sum. */
typedef struct lines_args {
    const cg_conv_lines *l;
    const T *x;
    ptrdiff_t begin, end; /* of the block */
    T *to;
    vec_mask part; /* the windows that are there */
} lines_args;

typedef void lines_function(const lines_args *t);

CG_INLINE void lines_store(int outputs, int rows, const lines_args *t, vec acc[][MOST_ROWS]) {
    const ptrdiff_t to_plane = t->l->to_plane, to_row = t->l->to_row;
    const vec_mask part = t->part;
    const bool add = t->begin > 0;
    T *plane = t->to;
    CG_UNROLL for (int k = 0; k < outputs; k++, plane += to_plane) {
        T *to = plane;
        CG_UNROLL for (int i = 0; i < rows; i++, to += to_row)
            vec_store_part(to, part, add ? vec_load_part(to, part) + acc[k][i] : acc[k][i]);
    }
}

CG_INLINE void lines_tile(int outputs, int rows, const lines_args *t) {
    vec acc[MOST_OUTPUTS][MOST_ROWS];
    const T *bias = t->begin > 0 ? NULL : t->l->bias;
    CG_UNROLL for (int k = 0; k < outputs; k++) {
        const vec first = bias ? vec_all(bias[k]) : (vec){0};
        CG_UNROLL for (int i = 0; i < rows; i++) acc[k][i] = first;
    }
    const ptrdiff_t *tap = t->l->tap, end = t->end, row = t->l->x_row;
    const T *w = (const T *)t->l->w + t->begin * outputs;
    for (ptrdiff_t p = t->begin; p < end; p++, w += outputs) {
        const T *x = t->x + tap[p];
        vec y[MOST_ROWS];
        CG_UNROLL for (int i = 0; i < rows; i++) y[i] = vec_load(x + i * row);
        CG_UNROLL for (int k = 0; k < outputs; k++) {
            const vec weight = vec_all(w[k]);
            CG_UNROLL for (int i = 0; i < rows; i++) acc[k][i] = vec_fma(weight, y[i], acc[k][i]);
        }
    }
    lines_store(outputs, rows, t, acc);
}

#define CG_LINES_OF(outputs, rows)                                                                           \
    static void lines_##outputs(const lines_args *t) { lines_tile(outputs, rows, t); }                       \
    static void line_##outputs(const lines_args *t) { lines_tile(outputs, 1, t); }
CG_LINES(CG_LINES_OF)

static const struct {
    int rows;
    lines_function *many, *one;
} lines_tiles[MOST_OUTPUTS + 1] = {
#define CG_LINES_ENTRY(outputs, rows) [outputs] = {rows, lines_##outputs, line_##outputs},
    CG_LINES(CG_LINES_ENTRY)
#undef CG_LINES_ENTRY
};

/* Columns of windows as wide as a vector; the last rows are as many as the others, and some of them computed twice. */
static void lines(const cg_conv_lines *l) {
    const ptrdiff_t most = l->rows < lines_tiles[l->outputs].rows ? 1 : lines_tiles[l->outputs].rows;
    lines_function *tile = most == 1 ? lines_tiles[l->outputs].one : lines_tiles[l->outputs].many;
    const ptrdiff_t blocks = l->n > 0 ? (l->n + BLOCK - 1) / BLOCK : 1;
    for (ptrdiff_t j = 0; j < l->width; j += LANES)
        for (ptrdiff_t i = 0; i < l->rows; i += most) {
            const ptrdiff_t row = i + most <= l->rows ? i : l->rows - most;
            lines_args t = {.l = l,
                            .x = (const T *)l->x + row * l->x_row + j,
                            .to = (T *)l->to + row * l->to_row + j,
                            .part = vec_first(l->width - j < LANES ? l->width - j : LANES)};
            for (ptrdiff_t b = 0; b < blocks; b++) {
                t.begin = l->n * b / blocks, t.end = l->n * (b + 1) / blocks;
                tile(&t);
            }
        }
}

/* --- Weights -------------------------------------------------------------------------------------------------------- */

typedef void weights_function(const cg_conv_weights *w, ptrdiff_t first);

CG_INLINE void weights_tile(int threes, int vectors, const cg_conv_weights *w, ptrdiff_t first) {
    vec acc[3 * MOST_THREES][VECTORS];
    CG_UNROLL for (int i = 0; i < 3 * threes; i++) {
        CG_UNROLL for (int v = 0; v < vectors; v++) acc[i][v] = (vec){0};
    }
    const ptrdiff_t rows = w->windows.rows, width = w->windows.width, step = w->tap_step;
    const T *y = w->y;
    for (ptrdiff_t row = 0; row < rows; row++) {
        const T *x[MOST_THREES]; /* three elements are one addressing mode from each */
        CG_UNROLL for (int g = 0; g < threes; g++) x[g] =
            (const T *)w->windows.x + w->windows.at[row] + w->tap[first + g];
        CG_UNROLL_TWICE for (ptrdiff_t j = 0; j < width; j++, y += vectors * LANES) {
            vec z[VECTORS];
            CG_UNROLL for (int v = 0; v < vectors; v++) z[v] = vec_load(y + v * LANES);
            CG_UNROLL for (int i = 0; i < 3 * threes; i++) {
                const vec element = vec_all(x[i / 3][i % 3 * step]);
                CG_UNROLL for (int v = 0; v < vectors; v++) acc[i][v] = vec_fma(element, z[v], acc[i][v]);
            }
            CG_UNROLL for (int g = 0; g < threes; g++) x[g]++;
        }
    }
    const bool add = w->add;
    CG_UNROLL for (int i = 0; i < 3 * threes; i++) {
        T *to = (T *)w->to + (w->row[first + i / 3] + i % 3 * w->row_step) * vectors * LANES;
        CG_UNROLL for (int v = 0; v < vectors; v++, to += LANES)
            vec_store(to, add ? vec_load(to) + acc[i][v] : acc[i][v]);
    }
}

#define CG_WEIGHTS(threes)                                                                                   \
    static void weights_##threes##_1(const cg_conv_weights *w, ptrdiff_t i) {                                \
        weights_tile(threes, 1, w, i);                                                                       \
    }                                                                                                        \
    static void weights_##threes##_2(const cg_conv_weights *w, ptrdiff_t i) { weights_tile(threes, 2, w, i); }
CG_THREES(CG_WEIGHTS)

static void weights(const cg_conv_weights *w) {
    static weights_function *const tiles[MOST_THREES + 1][VECTORS + 1] = {
#define CG_WEIGHTS_ENTRY(threes) [threes] = {NULL, weights_##threes##_1, weights_##threes##_2},
        CG_THREES(CG_WEIGHTS_ENTRY)
#undef CG_WEIGHTS_ENTRY
    };
    const ptrdiff_t n_tiles = (w->threes + MOST_THREES - 1) / MOST_THREES;
    for (ptrdiff_t i = 0, begin = 0; i < n_tiles; i++) {
        const ptrdiff_t end = w->threes * (i + 1) / n_tiles;
        tiles[end - begin][w->vectors](w, begin);
        begin = end;
    }
}

/* to[i] = the sum of from[i + j pitch] for j < terms, in their order. */
static void add_tables(void *to, const void *from, ptrdiff_t n, ptrdiff_t pitch, ptrdiff_t terms) {
    for (ptrdiff_t i = 0; i < n; i += LANES) {
        const T *term = (const T *)from + i;
        vec sum = vec_load(term);
        for (ptrdiff_t j = 1; j < terms; j++) sum += vec_load(term += pitch);
        vec_store((T *)to + i, sum);
    }
}

/* --- Transpositions ------------------------------------------------------------------------------------------------- */

/* A square of which only `rows` are there, each with `columns` elements, transposed. */
CG_INLINE void load_part(vec v[LANES], const T *from, ptrdiff_t from_row, ptrdiff_t rows, ptrdiff_t columns) {
    const vec_mask part = vec_first(columns);
    for (ptrdiff_t i = 0; i < LANES; i++)
        v[i] = i < rows ? vec_load_part(from + i * from_row, part) : (vec){0};
    vec_transpose(v);
}

CG_INLINE void load_square(vec v[LANES], const T *from, ptrdiff_t from_row) {
    CG_UNROLL for (int i = 0; i < LANES; i++) v[i] = vec_load(from + i * from_row);
    vec_transpose(v);
}

CG_INLINE ptrdiff_t at_most(ptrdiff_t n, ptrdiff_t most) { return n < most ? n : most; }

static void to_lanes(void *to, ptrdiff_t lanes, const void *from, ptrdiff_t from_row, ptrdiff_t n,
                     ptrdiff_t m) {
    for (ptrdiff_t j = 0; j < lanes; j += LANES)
        for (ptrdiff_t p = 0; p < m; p += LANES) {
            const ptrdiff_t rows = at_most(n - j, LANES), count = at_most(m - p, LANES);
            const T *source = (const T *)from + j * from_row + p;
            T *target = (T *)to + p * lanes + j;
            vec v[LANES];
            if (rows == LANES && count == LANES) {
                load_square(v, source, from_row);
                CG_UNROLL for (int i = 0; i < LANES; i++) vec_store(target + i * lanes, v[i]);
                continue;
            }
            load_part(v, source, from_row, rows, count);
            for (ptrdiff_t i = 0; i < count; i++) vec_store(target + i * lanes, v[i]);
        }
}

/* One square, of whose transpose n rows of m elements are there. */
CG_INLINE void from_square(T *to, ptrdiff_t to_row, ptrdiff_t n, ptrdiff_t m, const T *from, ptrdiff_t lanes,
                           const T *value) {
    vec v[LANES];
    if (m == LANES)
        load_square(v, from, lanes);
    else
        load_part(v, from, lanes, m, LANES);
    if (n == LANES && m == LANES) {
        CG_UNROLL for (int i = 0; i < LANES; i++)
            vec_store(to + i * to_row, value ? v[i] + vec_all(value[i]) : v[i]);
        return;
    }
    const vec_mask part = vec_first(m);
    for (ptrdiff_t i = 0; i < n; i++)
        vec_store_part(to + i * to_row, part, value ? v[i] + vec_all(value[i]) : v[i]);
}

static void from_lanes(void *to, ptrdiff_t to_row, ptrdiff_t n, ptrdiff_t m, const void *from,
                       ptrdiff_t lanes, const void *value) {
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (ptrdiff_t p = 0; p < m; p += LANES)
            from_square((T *)to + j * to_row + p, to_row, at_most(n - j, LANES), at_most(m - p, LANES),
                        (const T *)from + p * lanes + j, lanes, value ? (const T *)value + j : NULL);
}

extern const cg_conv_isa CG_CONV_TABLE;
const cg_conv_isa CG_CONV_TABLE = {.lanes = LANES,
                                   .widest = WIDEST,
                                   .outputs = outputs,
                                   .lines = lines,
                                   .most_outputs = MOST_OUTPUTS,
                                   .weights = weights,
                                   .add_tables = add_tables,
                                   .to_lanes = to_lanes,
                                   .from_lanes = from_lanes};
