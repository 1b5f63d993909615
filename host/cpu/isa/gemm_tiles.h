/*
 * The matrix product of one T: register blocks (tiles), packing, the loops around them. A file includes this
 * once, after elementary_c.h and with CG_GEMM_TABLE, the name of the table, and CG_GEMM_INNER, a cg_inner: what
 * stands in place of the products.
 *
 * A tile is rows x wide vectors of C held in registers through one block of k:
 *     for p < k:  C[i, v] += A[i, p] B[p, v]      rows * wide fma, wide loads, rows broadcasts
 *     for p < k:  C[i, v] += (A[i, p] - B[p, v])^2               a subtraction more for each fma
 * Operands are read where they are if that is fast: A by broadcasts from any strides, B by vectors if its
 * columns are adjacent. Otherwise, and where a row stride would put a tile's rows into the same few sets of
 * the L1 cache, they are copied into panels first. The first tile that goes down a panel of B copies what it
 * reads.
 */
#include "host/cpu/isa.h"
#include "host/cpu/isa/simd.h"

#define CG_INLINE static inline __attribute__((always_inline))

/* Rows of a tile, and for each number of rows how many vectors wide one is that stands alone: as many
 * accumulators as the registers hold (32 in AVX-512, else 16) beside what is loaded, 8 at least to hide the
 * latency of an fma. */
#if CG_VEC_BYTES == 64
#define CG_TILES(X)                                                                                          \
    X(1, 8) X(2, 8) X(3, 6) X(4, 5) X(5, 4) X(6, 4) X(7, 3) X(8, 3) X(9, 2) X(10, 2) X(11, 2) X(12, 2)
enum { MAX_ROWS = 12 };
#elif CG_VEC_BYTES == 32
#define CG_TILES(X) X(1, 8) X(2, 5) X(3, 3) X(4, 3) X(5, 2) X(6, 2)
enum { MAX_ROWS = 6 };
#else
#define CG_TILES(X) X(1, 8) X(2, 5) X(3, 3) X(4, 2)
enum { MAX_ROWS = 4 };
#endif

/* The loop over k: with few registers the counting takes a place of the products. */
#if CG_VEC_BYTES == 32
#define CG_TILE_LOOP CG_UNROLL_TWICE
#else
#define CG_TILE_LOOP
#endif

enum {
    MAX_WIDE = 8,
    MAX_FETCHED = 5,         /* wider tiles have so few rows that loads are what takes their time */
    PANEL = 2 * LANES,       /* columns of a packed panel of B */
    BLOCK_K = 256,           /* a panel of B is then 32 KiB in L1; also keeps rounding errors small */
    BLOCK_M = 20 * MAX_ROWS, /* packed rows of A: at most 240 KiB, in L2 beside the panels of B */
    FLAT_K = 16,             /* up to this k, */
    FEW = 4,                 /* tiles of so few rows */
    LINE = 64,               /* bytes of a line of the caches */
    WIDE = CG_VEC_BYTES == 64,
    ALIAS = WIDE ? 1024 : 2048,     /* bytes: row strides that are a multiple of it share L1 sets; */
    ALIASED_N = WIDE ? PANEL : 256, /* A of such rows is worth packing for more columns than this */
    OVER = !WIDE, /* packing stores whole vectors, over what comes after: masked stores are slow */
    SPARE = OVER ? LINE / (int)sizeof(T) : 0, /* elements behind a packed tile of A, */
    A_TILE = MAX_ROWS * BLOCK_K + SPARE,      /* so that the tiles are not all in the same sets */
    AHEAD_A = 4,    /* rows of a transposed A that packing asks for before it reads them */
    AHEAD = 16,     /* rows of B that a tile asks for before it reads them, */
    AHEAD_LINES = 4 /* and vectors of a row that a transposition does */
};

typedef struct tile_args {
    ptrdiff_t k;
    const T *a;
    ptrdiff_t a_row, a_col;
    const T *b;
    ptrdiff_t b_row;
    const ptrdiff_t *b_at; /* in place of b_row: where each row begins; or NULL */
    T *c;
    ptrdiff_t c_row;
    T *keep;       /* where to copy what is read of B, PANEL apart; or NULL */
    bool add;      /* C += instead of C = */
    vec_mask last; /* the lanes of the last vector, for partial tiles */
} tile_args;

typedef void tile_function(const tile_args *t);

/* Where a tile reads B: in a panel, in rows b_row apart, or in rows at places. */
enum { PACKED, IN_ROWS, AT_PLACES };

/* sum + x y, or sum + (x - y)^2. */
CG_INLINE vec inner_step(vec x, vec y, vec sum) {
    if (CG_GEMM_INNER == CG_INNER_PRODUCT) return vec_fma(x, y, sum);
    const vec d = x - y;
    return vec_fma(d, d, sum);
}

/* Asks for the lines of `wide` vectors, to write them as well or not. */
CG_INLINE void fetch(const T *from, int wide, const int write) {
    CG_UNROLL for (int v = 0; v < wide; v++) {
        if (v % (LINE / CG_VEC_BYTES)) continue;
        if (write) __builtin_prefetch(from + v * LANES, 1);
        if (!write) __builtin_prefetch(from + v * LANES, 0);
    }
}

CG_INLINE void tile_store(int rows, int wide, bool partial, const tile_args *t, vec acc[][MAX_WIDE]) {
    const vec_mask last = t->last;
    const ptrdiff_t c_row = t->c_row;
    const bool add = t->add;
    T *c = t->c;
    CG_UNROLL for (int i = 0; i < rows; i++, c += c_row) {
        CG_UNROLL for (int v = 0; v < wide; v++) {
            T *to = c + v * LANES;
            if (partial && v == wide - 1) {
                vec_store_part(to, last, add ? vec_load_part(to, last) + acc[i][v] : acc[i][v]);
            } else {
                vec_store(to, add ? vec_load(to) + acc[i][v] : acc[i][v]);
            }
        }
    }
}

CG_INLINE void tile_reading(int where, int rows, int wide, bool partial, const tile_args *t) {
    vec acc[MAX_ROWS][MAX_WIDE];
    CG_UNROLL for (int i = 0; i < rows; i++) {
        CG_UNROLL for (int v = 0; v < wide; v++) acc[i][v] = (vec){0};
    }
    const T *a[(MAX_ROWS + 2) / 3]; /* rows 3 g, 3 g + 1, 3 g + 2 are one addressing mode from a[g] */
    const T *b = t->b;
    const ptrdiff_t k = t->k, a_row = t->a_row, a_col = t->a_col, b_row = t->b_row;
    const vec_mask last = t->last;
    T *keep = t->keep;
    const ptrdiff_t *at = t->b_at;
    CG_UNROLL for (int i = 0; i < rows; i += 3) a[i / 3] = t->a + i * a_row;
    CG_UNROLL for (int i = 0; i < rows; i++) fetch(t->c + i * t->c_row, wide, true);
    CG_TILE_LOOP for (ptrdiff_t p = 0; p < k; p++, b += b_row) {
        vec x[MAX_WIDE];
        if (where == AT_PLACES) b = t->b + at[p];
        CG_UNROLL for (int v = 0; v < wide; v++) {
            x[v] = partial && v == wide - 1 ? vec_load_part(b + v * LANES, last) : vec_load(b + v * LANES);
        }
        if (where == IN_ROWS && wide <= MAX_FETCHED) fetch(b + AHEAD * b_row, wide, false);
        if (where != PACKED && wide <= 2 && keep) {
            CG_UNROLL for (int v = 0; v < wide; v++) vec_store(keep + p * PANEL + v * LANES, x[v]);
        }
        CG_UNROLL for (int i = 0; i < rows; i++) {
            vec y = vec_all(a[i / 3][i % 3 * a_row]);
            CG_UNROLL for (int v = 0; v < wide; v++) acc[i][v] = inner_step(y, x[v], acc[i][v]);
        }
        CG_UNROLL for (int i = 0; i < rows; i += 3) a[i / 3] += a_col;
    }
    tile_store(rows, wide, partial, t, acc);
}

CG_INLINE void tile(int rows, int wide, bool partial, const tile_args *t) {
    if (CG_GEMM_INNER == CG_INNER_PRODUCT && t->b_at)
        tile_reading(AT_PLACES, rows, wide, partial, t);
    else if (wide <= 2 && t->b_row == PANEL && !t->keep)
        tile_reading(PACKED, rows, wide, partial, t);
    else
        tile_reading(IN_ROWS, rows, wide, partial, t);
}

#define CG_TILE(rows, wide)                                                                                  \
    static void tile_##rows##_wide(const tile_args *t) { tile(rows, wide, false, t); }                       \
    static void tile_##rows##_two(const tile_args *t) { tile(rows, 2, false, t); }                           \
    static void tile_##rows##_two_partial(const tile_args *t) { tile(rows, 2, true, t); }                    \
    static void tile_##rows##_one_partial(const tile_args *t) { tile(rows, 1, true, t); }
CG_TILES(CG_TILE)

static const struct {
    int wide; /* vectors of the function of that name */
    tile_function *wide_tile, *two, *two_partial, *one_partial;
} tiles[MAX_ROWS + 1] = {[0] = {0, NULL, NULL, NULL, NULL},
#define CG_TILE_ENTRY(rows, wide)                                                                            \
    {wide, tile_##rows##_wide, tile_##rows##_two, tile_##rows##_two_partial, tile_##rows##_one_partial},
                         CG_TILES(CG_TILE_ENTRY)
#undef CG_TILE_ENTRY
};

/* --- Packing -------------------------------------------------------------------------------------------- */

/* to[p step + w] = from[w + p from_k] for w < n_w, p < n_k: rows of adjacent elements. */
static void pack_copy(T *to, ptrdiff_t step, ptrdiff_t n_w, const T *from, ptrdiff_t from_k, ptrdiff_t n_k) {
    ptrdiff_t whole = (n_w - 1) / LANES * LANES; /* leaves 1 to LANES */
    vec_mask last = vec_first(n_w - whole);
    for (ptrdiff_t p = 0; p < n_k; p++, to += step, from += from_k) {
        __builtin_prefetch(from + AHEAD * from_k);
        for (ptrdiff_t w = 0; w < whole; w += LANES) vec_store(to + w, vec_load(from + w));
        vec_store_part(to + whole, last, vec_load_part(from + whole, last));
    }
}

/* to[p step + w] = from[w from_w + p] for w < rows <= LANES, p < columns <= LANES; whole: columns is LANES. */
CG_INLINE void pack_square(bool whole, bool over, T *to, ptrdiff_t step, ptrdiff_t rows, const T *from,
                           ptrdiff_t from_w, ptrdiff_t columns) {
    const vec_mask row = vec_first(whole ? LANES : columns), column = vec_first(rows);
    vec v[LANES];
    CG_UNROLL for (int i = 0; i < LANES; i++) {
        const T *source = from + i * from_w;
        if (i < rows) __builtin_prefetch(source + AHEAD_LINES * LANES);
        v[i] = i >= rows ? (vec){0} : whole ? vec_load(source) : vec_load_part(source, row);
    }
    vec_transpose(v);
    CG_UNROLL for (int i = 0; i < LANES; i++) {
        if (!whole && i >= columns) continue;
        if (over)
            vec_store(to + i * step, v[i]);
        else
            vec_store_part(to + i * step, column, v[i]);
    }
}

/* The same for w < n_w, p < n_k: a transposition. */
static void pack_transpose(T *to, ptrdiff_t step, ptrdiff_t n_w, const T *from, ptrdiff_t from_w,
                           ptrdiff_t n_k) {
    const ptrdiff_t whole = n_k / LANES * LANES;
    for (ptrdiff_t w = 0; w < n_w; w += LANES, to += LANES, from += LANES * from_w) {
        const ptrdiff_t rows = n_w - w < LANES ? n_w - w : LANES;
        const bool over = OVER && (n_w <= LANES || w + LANES <= step);
        for (ptrdiff_t p = 0; p < whole; p += LANES) {
            T *at = to + p * step;
            if (over && rows == LANES)
                pack_square(true, true, at, step, LANES, from + p, from_w, LANES);
            else if (over && rows == MAX_ROWS)
                pack_square(true, true, at, step, MAX_ROWS, from + p, from_w, LANES);
            else
                pack_square(true, over, at, step, rows, from + p, from_w, LANES);
        }
        if (whole < n_k)
            pack_square(false, over, to + whole * step, step, rows, from + whole, from_w, n_k - whole);
    }
}

/* to[p step + w] = from[w from_w + p from_k] for w < n_w, p < n_k. */
static void pack(T *to, ptrdiff_t step, ptrdiff_t n_w, const T *from, ptrdiff_t from_w, ptrdiff_t from_k,
                 ptrdiff_t n_k) {
    if (from_w == 1) {
        pack_copy(to, step, n_w, from, from_k, n_k);
    } else if (from_k == 1) {
        pack_transpose(to, step, n_w, from, from_w, n_k);
    } else {
        for (ptrdiff_t p = 0; p < n_k; p++) {
            for (ptrdiff_t w = 0; w < n_w; w++) to[p * step + w] = from[w * from_w + p * from_k];
        }
    }
}

/* --- Blocks --------------------------------------------------------------------------------------------- */

static size_t pack_bytes(int64_t n) {
    int64_t panels = (n + PANEL - 1) / PANEL;
    return sizeof(T) * (size_t)(BLOCK_K * panels * PANEL + BLOCK_M / MAX_ROWS * A_TILE);
}

/* The tile for `width` columns, at most PANEL, and the mask it needs. */
CG_INLINE tile_function *tile_for(ptrdiff_t rows, ptrdiff_t width, tile_args *t) {
    t->last = vec_first(width % LANES ? width % LANES : LANES);
    return width == PANEL  ? tiles[rows].two
           : width > LANES ? tiles[rows].two_partial
                           : tiles[rows].one_partial;
}

/*
 * One block of k for rows that fit one tile: as wide as the registers allow, B in place. Here and below t is
 * changed in place: copying it would load wide what was just stored in small parts, a stall.
 */
static void block_thin(tile_args *t, ptrdiff_t rows, ptrdiff_t n) {
    const T *b = t->b;
    T *c = t->c;
    ptrdiff_t wide = tiles[rows].wide * LANES, j = 0;
    for (; j + wide <= n; j += wide) {
        t->b = b + j, t->c = c + j;
        tiles[rows].wide_tile(t);
    }
    for (; j < n; j += PANEL) {
        ptrdiff_t width = n - j < PANEL ? n - j : PANEL;
        t->b = b + j, t->c = c + j;
        tile_for(rows, width, t)(t);
    }
    t->b = b, t->c = c;
}

/* The same for any number of rows, FEW at a time: for so small a k that writing C takes longest. */
static void block_flat(const cg_gemm_block *g, tile_args *t) {
    for (ptrdiff_t i = 0; i < g->m; i += FEW) {
        block_thin(t, g->m - i < FEW ? g->m - i : FEW, g->n);
        t->a += FEW * t->a_row;
        t->c += FEW * t->c_row;
    }
}

/* Where tile i of n_tiles begins among m rows: all about equally high. */
CG_INLINE ptrdiff_t tile_begin(ptrdiff_t i, ptrdiff_t m, ptrdiff_t n_tiles) { return m * i / n_tiles; }

/*
 * One panel of C: m rows, of which A is at `a`, or packed at `a_pack` if that is not NULL; `panel` is where
 * the panel of B goes while the first tile reads it from t->b (fresh), or where it is.
 */
static void block_panel(const cg_gemm_block *g, tile_args *t, ptrdiff_t m, ptrdiff_t width, const T *a,
                        const T *a_pack, T *panel, bool fresh) {
    T *c = t->c;
    const ptrdiff_t *at = t->b_at;
    ptrdiff_t n_tiles = (m + MAX_ROWS - 1) / MAX_ROWS;
    for (ptrdiff_t i = 0, begin = 0, end; i < n_tiles; i++, begin = end) {
        end = tile_begin(i + 1, m, n_tiles);
        t->keep = fresh && i == 0 ? panel : NULL;
        t->b_row = t->keep ? g->b_row : PANEL;
        t->b_at = t->keep ? at : NULL;
        if (!t->keep) t->b = panel;
        t->a = a_pack ? a_pack + i * A_TILE : a + begin * g->a_row;
        t->c = c + begin * g->c_row;
        tile_for(end - begin, width, t)(t);
    }
    t->b_at = at;
}

/* A tile's part of a row of m elements of a transposed A, whole vectors where they are there. */
CG_INLINE void pack_a_part(T *to, const T *row, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t m) {
    CG_UNROLL for (int w = 0; w < MAX_ROWS; w += LANES) {
        const ptrdiff_t at = begin + w;
        if (at + LANES <= m)
            vec_store(to + w, vec_load(row + at));
        else
            for (ptrdiff_t i = at; i < end; i++) to[i - begin] = row[i];
    }
}

/* A transposed: row by row through all tiles, as a tile has only a part of a line. Needs OVER. */
static void pack_a_rows(const cg_gemm_block *g, T *to, const T *a, ptrdiff_t m, ptrdiff_t k) {
    const ptrdiff_t n_tiles = (m + MAX_ROWS - 1) / MAX_ROWS, line = LINE / (ptrdiff_t)sizeof(T);
    ptrdiff_t begin[BLOCK_M / MAX_ROWS + 1];
    for (ptrdiff_t i = 0; i <= n_tiles; i++) begin[i] = tile_begin(i, m, n_tiles);
    for (ptrdiff_t p = 0; p < k; p++, a += g->a_col, to += MAX_ROWS) {
        for (ptrdiff_t i = 0; i < m; i += line) __builtin_prefetch(a + i + AHEAD_A * g->a_col);
        for (ptrdiff_t i = 0; i < n_tiles; i++) pack_a_part(to + i * A_TILE, a, begin[i], begin[i + 1], m);
    }
}

static void pack_a(const cg_gemm_block *g, T *to, const T *a, ptrdiff_t m, ptrdiff_t k) {
    if (OVER && g->a_row == 1) {
        pack_a_rows(g, to, a, m, k);
        return;
    }
    ptrdiff_t n_tiles = (m + MAX_ROWS - 1) / MAX_ROWS;
    for (ptrdiff_t i = 0; i < n_tiles; i++) {
        ptrdiff_t begin = tile_begin(i, m, n_tiles), rows = tile_begin(i + 1, m, n_tiles) - begin;
        pack(to + i * A_TILE, MAX_ROWS, rows, a + begin * g->a_row, g->a_row, g->a_col, k);
    }
}

/* One block of k: rows in groups whose part of A stays in L2, panels of B that stay in L1 under them. */
static void block_panels(const cg_gemm_block *g, tile_args *t, bool copies_a) {
    const T *a = t->a, *b = t->b;
    T *b_pack = g->pack, *c = t->c;
    T *a_pack = copies_a ? b_pack + (g->n + PANEL - 1) / PANEL * PANEL * BLOCK_K : NULL;
    if (copies_a) t->a_row = 1, t->a_col = MAX_ROWS;
    const ptrdiff_t groups = (g->m + BLOCK_M - 1) / BLOCK_M, tiles_all = (g->m + MAX_ROWS - 1) / MAX_ROWS;
    const ptrdiff_t group = (tiles_all + groups - 1) / groups * MAX_ROWS; /* rows: all about equally many */
    for (ptrdiff_t i = 0; i < g->m; i += group) {
        ptrdiff_t m = g->m - i < group ? g->m - i : group;
        if (copies_a) pack_a(g, a_pack, a + i * g->a_row, m, t->k);
        for (ptrdiff_t j = 0; j < g->n; j += PANEL) {
            ptrdiff_t width = g->n - j < PANEL ? g->n - j : PANEL;
            T *panel = b_pack + (g->m > BLOCK_M ? j * BLOCK_K : 0); /* read once: the same, which is in L1 */
            t->b = b + j * g->b_col;
            t->c = c + i * g->c_row + j;
            if (i == 0 && g->b_col != 1) pack(panel, PANEL, width, t->b, g->b_col, g->b_row, t->k);
            block_panel(g, t, m, width, a + i * g->a_row, a_pack, panel, i == 0 && g->b_col == 1);
        }
    }
}

static void block_zero(const cg_gemm_block *g) {
    for (int64_t i = 0; i < g->m; i++) memset((T *)g->c + i * g->c_row, 0, sizeof(T) * (size_t)g->n);
}

static bool is_aliased(ptrdiff_t stride) { return stride % (ALIAS / (ptrdiff_t)sizeof(T)) == 0; }

static bool packs_a(const cg_gemm_block *g) {
    if (g->n <= PANEL) return false;
    if (g->a_row == 1) return g->k > 4 && is_aliased(g->a_col);
    return g->a_col != 1 || (g->m > 4 && g->n > ALIASED_N && is_aliased(g->a_row));
}

/* Not counting the copy made by the first tile, which costs nothing. */
static bool packs_b(const cg_gemm_block *g) { return g->b_col != 1; }

static void block(const cg_gemm_block *g) {
    if (g->k == 0) {
        if (!g->add) block_zero(g);
        return;
    }
    bool thin = g->m <= MAX_ROWS && g->b_col == 1, flat = g->k <= FLAT_K && g->b_col == 1;
    bool copies_a = packs_a(g);
    for (int64_t p = 0; p < g->k; p += BLOCK_K) {
        tile_args t = {.k = g->k - p < BLOCK_K ? g->k - p : BLOCK_K,
                       .a = (const T *)g->a + p * g->a_col,
                       .a_row = g->a_row,
                       .a_col = g->a_col,
                       .b = (const T *)g->b + (g->b_at ? 0 : p * g->b_row),
                       .b_row = g->b_row,
                       .b_at = g->b_at ? g->b_at + p : NULL,
                       .c = g->c,
                       .c_row = g->c_row,
                       .add = g->add || p > 0};
        if (thin) {
            block_thin(&t, g->m, g->n);
        } else if (flat) {
            block_flat(g, &t);
        } else {
            block_panels(g, &t, copies_a);
        }
    }
}

/* --- Dot products --------------------------------------------------------------------------------------- */

/* Accumulators of a tile, beside them one vector for each row and one of a column. */
enum {
    DOT_ROWS = 4,
    DOTS = CG_VEC_BYTES == 64 ? 16 : 8,
    DOT_BLOCK_K = BLOCK_K * LANES /* as long a sum in each lane as a tile makes */
};

/* v[d] = fold of v[d] and v[d + n/2]; a single vector is folded with itself. Returns how many are left. */
CG_INLINE int fold_step(vec *v, int n) {
    int left = n > 1 ? n / 2 : 1;
    CG_UNROLL for (int d = 0; d < left; d++) v[d] = vec_fold(v[d], v[n > 1 ? d + left : d]);
    return left;
}

/* The sums over lanes of n <= LANES vectors, a power of two, in order, LANES / n lanes apart. */
CG_INLINE vec fold_lanes(vec *v, int n) {
    if (LANES > 8) n = fold_step(v, n);
    if (LANES > 4) n = fold_step(v, n);
    if (LANES > 2) n = fold_step(v, n);
    fold_step(v, n);
    return v[0];
}

/* out[d] = sum of the lanes of v[d] for d < n, a power of two. */
CG_INLINE void sum_lanes(vec *v, int n, T *out) {
    const int group = n < LANES ? n : LANES;
    CG_UNROLL for (int first = 0; first < n; first += group) {
        T sums[LANES];
        vec_store(sums, fold_lanes(v + first, group));
        CG_UNROLL for (int d = 0; d < group; d++) out[first + d] = sums[d * (LANES / group)];
    }
}

/* One block of k of some dot products: what is needed of g, at that block. */
typedef struct dot_args {
    ptrdiff_t k, a_row, b_col, c_row;
    const ptrdiff_t *b_at; /* in place of b_col: where each column begins; or NULL */
    bool add;              /* C += instead of C = */
} dot_args;

/* The products of n <= LANES elements of each row and column from p on; whole: of LANES. */
CG_INLINE void dot_step(bool whole, int rows, int columns, const T *a, ptrdiff_t a_row, const T *const *from,
                        ptrdiff_t p, ptrdiff_t n, vec *acc) {
    const vec_mask part = vec_first(whole ? LANES : n);
    vec x[DOT_ROWS];
    CG_UNROLL for (int i = 0; i < rows; i++) {
        x[i] = whole ? vec_load(a + i * a_row) : vec_load_part(a + i * a_row, part);
    }
    CG_UNROLL for (int j = 0; j < columns; j++) {
        const vec y = whole ? vec_load(from[j] + p) : vec_load_part(from[j] + p, part);
        CG_UNROLL for (int i = 0; i < rows; i++) {
            acc[i * columns + j] = inner_step(x[i], y, acc[i * columns + j]);
        }
    }
}

/* `rows` x `columns` dot products of length k; rows * columns is a power of two. */
CG_INLINE void dot_tile(int rows, int columns, const dot_args *t, const T *a, const T *b, ptrdiff_t j0,
                        T *c) {
    const ptrdiff_t k = t->k, a_row = t->a_row, c_row = t->c_row;
    const T *from[8]; /* each column */
    CG_UNROLL for (int j = 0; j < columns; j++) from[j] =
        b + (t->b_at ? t->b_at[j0 + j] : (j0 + j) * t->b_col);
    vec acc[DOTS];
    CG_UNROLL for (int d = 0; d < rows * columns; d++) acc[d] = (vec){0};
    ptrdiff_t p = 0;
    for (; p + LANES <= k; p += LANES) dot_step(true, rows, columns, a + p, a_row, from, p, LANES, acc);
    if (p < k) dot_step(false, rows, columns, a + p, a_row, from, p, k - p, acc);
    T sums[DOTS];
    sum_lanes(acc, rows * columns, sums);
    CG_UNROLL for (int i = 0; i < rows; i++) {
        CG_UNROLL for (int j = 0; j < columns; j++) {
            T *to = &c[i * c_row + j];
            *to = t->add ? *to + sums[i * columns + j] : sums[i * columns + j];
        }
    }
}

#define DOT_FUNCTION(name, rows, columns)                                                                    \
    static void name(const dot_args *t, const T *a, const T *b, ptrdiff_t j, T *c) {                         \
        dot_tile(rows, columns, t, a, b, j, c);                                                              \
    }
DOT_FUNCTION(dot_1_8, 1, 8)
DOT_FUNCTION(dot_2, 2, DOTS / 2)
DOT_FUNCTION(dot_4, 4, DOTS / 4)
DOT_FUNCTION(dot_1_1, 1, 1)
DOT_FUNCTION(dot_2_1, 2, 1)
DOT_FUNCTION(dot_4_1, 4, 1)

/* `rows` rows of `n` columns from `first` on, 8 or 1: as many tiles as that takes. */
static void dot_strip(const dot_args *t, int rows, ptrdiff_t first, ptrdiff_t n, const T *a, const T *b,
                      T *c) {
    typedef void dot_function(const dot_args *, const T *, const T *, ptrdiff_t, T *);
    static dot_function *const wide[] = {NULL, dot_1_8, dot_2, NULL, dot_4};
    static dot_function *const one[] = {NULL, dot_1_1, dot_2_1, NULL, dot_4_1};
    if (n == 1) {
        one[rows](t, a, b, first, c);
        return;
    }
    ptrdiff_t step = rows == 1 ? 8 : DOTS / rows;
    for (ptrdiff_t j = 0; j < n; j += step) wide[rows](t, a, b, first + j, c + j);
}

/* Columns j .. j+n of all rows. */
static void dot_rows(const cg_gemm_block *g, const dot_args *t, ptrdiff_t p, ptrdiff_t j, ptrdiff_t n) {
    const T *a = (const T *)g->a + p, *b = (const T *)g->b + p;
    T *c = (T *)g->c + j;
    for (ptrdiff_t i = 0; i < g->m;) {
        int rows = g->m - i >= 4 ? 4 : g->m - i >= 2 ? 2 : 1;
        dot_strip(t, rows, j, n, a + i * g->a_row, b, c + i * g->c_row);
        i += rows;
    }
}

static void dots(const cg_gemm_block *g) {
    dot_args t = {.a_row = g->a_row, .b_col = g->b_col, .c_row = g->c_row, .b_at = g->b_at, .add = g->add};
    for (ptrdiff_t p = 0; p < g->k; p += DOT_BLOCK_K, t.add = true) {
        t.k = g->k - p < DOT_BLOCK_K ? g->k - p : DOT_BLOCK_K;
        ptrdiff_t j = 0;
        for (; j + 8 <= g->n; j += 8) dot_rows(g, &t, p, j, 8);
        for (; j < g->n; j++) dot_rows(g, &t, p, j, 1);
    }
}

extern const cg_gemm_isa CG_GEMM_TABLE;
const cg_gemm_isa CG_GEMM_TABLE = {
    .rows = MAX_ROWS,
    .columns = PANEL,
    .pack_bytes = pack_bytes,
    .packs_a = packs_a,
    .packs_b = packs_b,
    .block = block,
    .dots = dots,
    .dots_rows = CG_VEC_BYTES == 32   ? 16
                 : CG_VEC_BYTES == 64 ? 32
                                      : 128,
    .block_k = BLOCK_K,
    .dots_k = DOT_BLOCK_K,
    .fused = CG_VEC_BYTES > 16,
};
