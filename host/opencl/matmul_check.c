/*
 * Freivalds' test: C = A B is believed if C r = A (B r) for a random r. With small integers every product and
 * sum is exact, so that the two sides must be equal, and a wrong element escapes a random r in {1 .. 8} with
 * a chance of 1 in 8 at most; three vectors are tried. Squared distances are the same test, with
 *     (C r)[i] = (sum_k a[i, k]^2) (sum_j r[j]) + sum_j r[j] sum_k b[k, j]^2 - 2 (A (B r))[i]
 * Integers hide a loss of low bits: what is not trusted multiplies random fractions too, compared element by element.
 */
#include "host/opencl/matmul_opencl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_EDGE = 1024, VECTORS = 3, VALUES = 5, SAMPLES = 256 };

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

static void put(cg_dtype dtype, void *to, int64_t i, double value) {
    if (dtype == CG_F64)
        ((double *)to)[i] = value;
    else
        ((float *)to)[i] = (float)value;
}

static double get(cg_dtype dtype, const void *from, int64_t i) {
    return dtype == CG_F64 ? ((const double *)from)[i] : (double)((const float *)from)[i];
}

/* y[i] = sum over j of x[i][j] r[j] */
static void multiply(cg_dtype dtype, const void *x, int64_t rows, int64_t cols, int64_t row, int64_t col,
                     const double *r, double *y) {
    for (int64_t i = 0; i < rows; i++) {
        y[i] = 0;
        for (int64_t j = 0; j < cols; j++) y[i] += get(dtype, x, i * row + j * col) * r[j];
    }
}

/* The elements of memory that a matrix of small_copy takes. */
static int64_t room_of(const cg_matrix *x, int64_t rows, int64_t cols) {
    return x->col == 1 ? rows * x->row : cols * x->col;
}

/* Host and device copies of the three matrices of one check; all zero after a failure to make them. */
typedef struct check_matrices {
    void *a, *b, *c;
    double *vectors; /* r, B r, A (B r), C r */
    cg_buffer *on_a, *on_b, *on_c;
} check_matrices;

static void free_matrices(cg_hw_opencl *hw, check_matrices *x) {
    cg_cl_free(&hw->base, x->on_a);
    cg_cl_free(&hw->base, x->on_b);
    cg_cl_free(&hw->base, x->on_c);
    free(x->a);
    free(x->b);
    free(x->c);
    free(x->vectors);
}

/* Integers, or with `fine` numbers with all their bits in [-1, 1). */
static void fill(cg_dtype dtype, void *to, int64_t n, bool fine, uint32_t *state) {
    for (int64_t i = 0; i < n; i++) {
        const double integer = (double)(next_random(state) % VALUES) - VALUES / 2;
        put(dtype, to, i,
            fine ? (double)next_random(state) / 32768 + (double)next_random(state) / 2147483648.0 - 1
                 : integer);
    }
}

static bool make_matrices(cg_hw_opencl *hw, const cg_product *p, check_matrices *x) {
    size_t size = cg_dtype_size(p->dtype);
    const size_t bytes_a = (size_t)room_of(&p->a, p->m, p->k) * size;
    const size_t bytes_b = (size_t)room_of(&p->b, p->k, p->n) * size;
    size_t bytes_c = (size_t)(p->m * p->n) * size;
    x->a = malloc(bytes_a);
    x->b = malloc(bytes_b);
    x->c = malloc(bytes_c);
    x->vectors = malloc((size_t)(p->n + p->k + 2 * p->m) * sizeof *x->vectors);
    x->on_a = cg_cl_alloc(&hw->base, bytes_a);
    x->on_b = cg_cl_alloc(&hw->base, bytes_b);
    x->on_c = cg_cl_alloc(&hw->base, bytes_c);
    return x->a && x->b && x->c && x->vectors && x->on_a && x->on_b && x->on_c;
}

/* Multiplies random matrices on the device. C starts as NaN, so that an element nobody writes is found. */
static bool multiply_there(cg_hw_opencl *hw, const cg_product_candidate *candidate, const cg_product *p,
                           bool fine, check_matrices *x) {
    const size_t size = cg_dtype_size(p->dtype), bytes_c = (size_t)(p->m * p->n) * size;
    uint32_t state = 1;
    const int64_t room_a = room_of(&p->a, p->m, p->k), room_b = room_of(&p->b, p->k, p->n);
    fill(p->dtype, x->a, room_a, fine, &state);
    fill(p->dtype, x->b, room_b, fine, &state);
    memset(x->c, 0xff, bytes_c);
    hw->base.stats.host_syncs++;
    return cg_cl_upload(&hw->base, x->on_a, 0, x->a, (size_t)room_a * size) == CG_OK &&
           cg_cl_upload(&hw->base, x->on_b, 0, x->b, (size_t)room_b * size) == CG_OK &&
           cg_cl_upload(&hw->base, x->on_c, 0, x->c, bytes_c) == CG_OK &&
           candidate->run(hw, p, candidate) == CG_OK &&
           cg_cl_download(&hw->base, x->c, x->on_c, 0, bytes_c) == CG_OK;
}

/* sum_j x[j]^2 of n elements `step` apart. */
static double squares(cg_dtype dtype, const void *x, int64_t first, int64_t n, int64_t step) {
    double sum = 0;
    for (int64_t j = 0; j < n; j++) sum += get(dtype, x, first + j * step) * get(dtype, x, first + j * step);
    return sum;
}

/* From A (B r) to what C r is for squared distances. */
static void to_distances(const cg_product *p, const check_matrices *x, const double *r, double *abr) {
    double of_b = 0, sum_r = 0;
    for (int64_t j = 0; j < p->n; j++) {
        of_b += r[j] * squares(p->dtype, x->b, j * p->b.col, p->k, p->b.row);
        sum_r += r[j];
    }
    for (int64_t i = 0; i < p->m; i++)
        abr[i] = squares(p->dtype, x->a, i * p->a.row, p->k, p->a.col) * sum_r + of_b - 2 * abr[i];
}

static bool products_agree(const cg_product *p, const check_matrices *x) {
    double *r = x->vectors, *br = r + p->n, *abr = br + p->k, *cr = abr + p->m;
    uint32_t state = 2;
    for (int v = 0; v < VECTORS; v++) {
        for (int64_t j = 0; j < p->n; j++) r[j] = 1 + next_random(&state) % 8;
        multiply(p->dtype, x->b, p->k, p->n, p->b.row, p->b.col, r, br);
        multiply(p->dtype, x->a, p->m, p->k, p->a.row, p->a.col, br, abr);
        if (p->inner == CG_INNER_SQUARED_DISTANCE) to_distances(p, x, r, abr);
        multiply(p->dtype, x->c, p->m, p->n, p->n, 1, r, cr);
        for (int64_t i = 0; i < p->m; i++)
            if (!(cr[i] == abr[i])) return false;
    }
    return true;
}

/* At most MAX_EDGE, with the same remainder: what is at the edge of a tile is there too. */
static int64_t small_edge(int64_t n) {
    enum { REMAINDER = 128 };
    return n <= MAX_EDGE ? n : MAX_EDGE - REMAINDER + n % REMAINDER;
}

/* A matrix of rows x cols that lies as x does: the same neighbours, and vectors of 4 that line up or do not. */
static cg_matrix small_matrix(const cg_product *p, const cg_matrix *x, int64_t rows, int64_t cols,
                              cg_buffer *buffer) {
    const bool plain = x->col == 1 || x->row != 1;
    const bool aligned = (x->col == 1 || x->row == 1) && cg_grid_is_aligned(p, x, plain ? x->row : x->col);
    const int64_t step = ((plain ? cols : rows) + 3) / 4 * 4 + !aligned;
    return (cg_matrix){.buffer = buffer, .row = plain ? step : 1, .col = plain ? 1 : step};
}

/* The same layout in small, without batches or an epilogue. */
static cg_product small_copy(const cg_product *p, const check_matrices *x) {
    cg_product q = {.inner = p->inner,
                    .dtype = p->dtype,
                    .wide = p->wide,
                    .program = cg_program_identity(p->dtype),
                    .consts = p->consts};
    q.m = small_edge(p->m);
    q.n = small_edge(p->n);
    q.k = small_edge(p->k);
    q.a = small_matrix(p, &p->a, q.m, q.k, x->on_a);
    q.b = small_matrix(p, &p->b, q.k, q.n, x->on_b);
    q.out = (cg_operand){.buffer = x->on_c, .dtype = p->dtype, .stride = {q.n, 1}};
    return q;
}

/* Some elements against sums in f64, in units of |a| |b|: what the precision promises, with some room. */
static bool is_exact_enough(const cg_product *p, const check_matrices *x, cg_matmul_precision precision) {
    static const double bounds[] = {
        [CG_PRECISION_HIGHEST] = 8 * 0x1p-24, [CG_PRECISION_HIGH] = 0x1p-10, [CG_PRECISION_MEDIUM] = 0x1p-7};
    uint32_t state = 3;
    for (int s = 0; s < SAMPLES; s++) {
        const int64_t i = next_random(&state) % p->m, j = next_random(&state) % p->n;
        double sum = 0, size = 0;
        for (int64_t q = 0; q < p->k; q++) {
            const double product = get(p->dtype, x->a, i * p->a.row + q * p->a.col) *
                                   get(p->dtype, x->b, q * p->b.row + j * p->b.col);
            sum += product;
            size += fabs(product);
        }
        if (!(fabs(get(p->dtype, x->c, i * p->n + j) - sum) <= bounds[precision] * size)) return false;
    }
    return true;
}

cg_product cg_matmul_check_copy(const cg_product *p) { return small_copy(p, &(check_matrices){0}); }

bool cg_matmul_check(cg_hw_opencl *hw, const cg_product_candidate *candidate, const cg_product *p) {
    check_matrices x = {0};
    cg_product q = small_copy(p, &x);
    bool right = false;
    if (make_matrices(hw, &q, &x)) {
        q = small_copy(p, &x);
        right = multiply_there(hw, candidate, &q, false, &x) && products_agree(&q, &x);
        if (right && !candidate->trusted)
            right =
                multiply_there(hw, candidate, &q, true, &x) && is_exact_enough(&q, &x, candidate->precision);
    }
    free_matrices(hw, &x);
    return right;
}
