/*
 * The requests of host/backend.h that factor and solve, given to each device as src/linalg gives them: residuals, signs,
 * orders, what is read and what is written, and the report of what went wrong.
 */
#include "support/device_test.h"
#include "support/factored.h"
#include "host/blocks.h"

#include <math.h>

static const cg_work kinds[] = {CG_WORK_LU,   CG_WORK_CHOLESKY, CG_WORK_QR,
                                CG_WORK_EIGH, CG_WORK_EIG,      CG_WORK_SVD};
enum { KINDS = sizeof kinds / sizeof *kinds };

static bool is_square(cg_work kind) {
    return kind == CG_WORK_CHOLESKY || kind == CG_WORK_EIGH || kind == CG_WORK_EIG;
}

static bool reads_lower(cg_work kind) { return kind == CG_WORK_CHOLESKY || kind == CG_WORK_EIGH; }

static bool has_full(cg_work kind) { return kind == CG_WORK_QR || kind == CG_WORK_SVD; }

typedef cg_status (*factoring_way)(cg_hw *hw, const cg_factor_request *r);

/* --- Matrices --------------------------------------------------------------------------------------------------- */

static void fill_upper_with_nan(cg_dtype t, void *a, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++) value_set(t, a, i * n + j, (long double)NAN);
}

/* In [-1, 1]; positive definite for Cholesky; NaN where it may not be read. */
static void *matrices(const factoring *f, uint64_t seed) {
    const int64_t m = f->m, n = f->n, size = m * n;
    unsigned char *a = random_values(f->dtype, f->batch * size, -1, 1, &seed);
    for (int64_t b = 0; b < f->batch && reads_lower(f->kind); b++) {
        unsigned char *matrix = a + (size_t)(b * size) * cg_dtype_size(f->dtype);
        for (int64_t i = 0; i < n && f->kind == CG_WORK_CHOLESKY; i++)
            value_set(f->dtype, matrix, i * n + i, 0.75L * (long double)n + 1);
        fill_upper_with_nan(f->dtype, matrix, n);
    }
    return a;
}

static void run(cg_device *dev, factoring f, uint64_t seed) {
    check_case("%s %s (%lld, %lld, %lld) full %d without %u seed %llu", cg_work_name(f.kind),
               cg_dtype_name(f.dtype), (long long)f.batch, (long long)f.m, (long long)f.n, f.full, f.unwanted,
               (unsigned long long)seed);
    const factored r = factor_on(dev, &f, matrices(&f, seed));
    for (int64_t b = 0; b < f.batch; b++) {
        CHECK_MSG(r.info[b] == 0, "info of matrix %lld is %d", (long long)b, (int)r.info[b]);
        check_factored(&f, &r, b);
    }
    scratch_free_all();
}

/* --- Every kind, shape and dtype ------------------------------------------------------------------------------------ */

static void run_shapes(cg_device *dev, int64_t batch, int count, const int64_t (*shapes)[2]) {
    uint64_t seed = 1;
    for (int k = 0; k < KINDS; k++)
        for (int s = 0; s < count; s++)
            for (int t = 0; t < 4; t++, seed++) {
                const factoring f = {
                    kinds[k], t % 2 ? CG_F64 : CG_F32, t / 2, batch, shapes[s][0], shapes[s][1], 0, NULL};
                if (!device_has(dev, f.dtype) || (is_square(f.kind) && f.m != f.n) ||
                    (f.full && !has_full(f.kind)))
                    continue;
                run(dev, f, seed);
            }
}

DEVICE_TEST_ONCE(small_factor, shapes) {
    static const int64_t shapes[][2] = {{1, 1}, {1, 4}, {4, 1}, {2, 2}, {5, 5}, {7, 3}, {3, 7}, {16, 16}};
    if (device_is_slow(dev)) {
        run_shapes(dev, 3, 7, shapes);
    } else {
        run_shapes(dev, 1, 8, shapes);
        run_shapes(dev, 3, 8, shapes);
    }
}

DEVICE_TEST_ONCE(factor, shapes) {
    static const int64_t shapes[][2] = {{33, 33}, {65, 40}, {40, 65}, {100, 100}};
    run_shapes(dev, 2, 4, shapes);
}

/* A stack that is worth several threads: each matrix is its own. */
DEVICE_TEST_ONCE(factor, many) {
    for (int k = 0; k < KINDS; k++) run(dev, (factoring){kinds[k], CG_F32, false, 70, 12, 12, 0, NULL}, 7);
}

/* --- What is asked for ---------------------------------------------------------------------------------------------- */

/* A result is the same whether others are asked for or not; eigenvalues alone are found in another way. */
static void compare_with_all(const factoring *f, const factored *all, const factored *some) {
    for (int j = 0; j < CG_FACTORS; j++) {
        if (!some->out[j]) continue;
        const int64_t n = f->batch * some->rows[j] * some->columns[j];
        const long double room = 100 * (long double)unit_roundoff(f->dtype);
        for (int64_t i = 0; i < n; i++)
            if (!CHECK_MSG(fabsl(some->out[j][i] - all->out[j][i]) <= room,
                           "result %d, element %lld: %.9Lg, not %.9Lg", j, (long long)i, some->out[j][i],
                           all->out[j][i]))
                return;
    }
}

DEVICE_TEST_ONCE(small_factor, wanted) {
    static const int results[] = {2, 1, 2, 2, 4, 3};
    for (int k = 0; k < KINDS; k++) {
        factoring f = {kinds[k], CG_F32, false, 2, 4, 4, 0, NULL};
        const void *a = matrices(&f, 5);
        const factored all = factor_on(dev, &f, a);
        for (f.unwanted = 1; f.unwanted < 1U << results[k]; f.unwanted++) {
            check_case("%s without %u", cg_work_name(f.kind), f.unwanted);
            const factored some = factor_on(dev, &f, a);
            compare_with_all(&f, &all, &some);
            for (int64_t b = 0; b < f.batch; b++) check_factored(&f, &some, b);
        }
        scratch_free_all();
    }
}

/* --- Values that are known ---------------------------------------------------------------------------------------------- */

static factored factor_f32(cg_device *dev, cg_work kind, int64_t batch, int64_t m, int64_t n,
                           const float *a) {
    const factoring f = {kind, CG_F32, false, batch, m, n, 0, NULL};
    check_case("%s of known values", cg_work_name(kind));
    return factor_on(dev, &f, a);
}

static void check_values(const factored *r, int j, int64_t n, const long double *want) {
    for (int64_t i = 0; i < n; i++)
        CHECK_MSG(fabsl(r->out[j][i] - want[i]) <= 1e-6L, "result %d, element %lld is %.9Lg, not %.9Lg", j,
                  (long long)i, r->out[j][i], want[i]);
}

DEVICE_TEST_ONCE(small_factor, known_values) {
    const long double h = sqrtl(0.5L);
    /* Two entries of the same size: the first is positive, however they were rounded. */
    factored r = factor_f32(dev, CG_WORK_EIGH, 1, 2, 2, (const float[]){2, 1, 1, 2});
    check_values(&r, 0, 2, (const long double[]){1, 3});
    check_values(&r, 1, 4, (const long double[]){h, h, -h, h});
    r = factor_f32(dev, CG_WORK_EIG, 1, 2, 2, (const float[]){0, -2, 2, 0});
    check_values(&r, 0, 2, (const long double[]){0, 0});
    check_values(&r, 1, 2, (const long double[]){2, -2});
    check_values(&r, 2, 4, (const long double[]){h, h, 0, 0});
    check_values(&r, 3, 4, (const long double[]){0, 0, -h, h});
    r = factor_f32(dev, CG_WORK_SVD, 1, 2, 2, (const float[]){0, -2, -3, 0});
    check_values(&r, 0, 4, (const long double[]){0, -1, -1, 0});
    check_values(&r, 1, 2, (const long double[]){3, 2});
    check_values(&r, 2, 4, (const long double[]){1, 0, 0, 1});
    r = factor_f32(dev, CG_WORK_LU, 1, 3, 3, (const float[]){1, 2, 0, 2, 1, 2, -4, 0, 4});
    check_values(&r, 0, 9, (const long double[]){-4, 0, 4, -0.25L, 2, 1, -0.5L, 0.5L, 3.5L});
    check_values(&r, 1, 3, (const long double[]){2, 2, 2});
    r = factor_f32(dev, CG_WORK_QR, 1, 2, 2, (const float[]){3, 1, -4, 2});
    check_values(&r, 1, 4, (const long double[]){-5, 1, 0, 2});
    r = factor_f32(dev, CG_WORK_CHOLESKY, 1, 2, 2, (const float[]){4, 99, -6, 10});
    check_values(&r, 0, 4, (const long double[]){2, 0, -3, 1});
    scratch_free_all();
}

/* --- What goes wrong -------------------------------------------------------------------------------------------------- */

/* Five matrices; the elements that the list names are spoiled in matrices 1 and 3. */
static void *spoiled(const factoring *f, long double value, int64_t row, int64_t column) {
    void *a = matrices(f, 11);
    const int64_t size = f->m * f->n;
    for (int64_t b = 1; b < f->batch; b += 2) value_set(f->dtype, a, b * size + row * f->n + column, value);
    return a;
}

static void check_info(cg_device *dev, const factoring *f, const void *a, int bad) {
    const factored r = factor_on(dev, f, a);
    for (int64_t b = 0; b < f->batch; b++) {
        CHECK_MSG(r.info[b] == (b % 2 ? bad : 0), "info of matrix %lld is %d", (long long)b, (int)r.info[b]);
        if (b % 2 == 0 || (f->kind == CG_WORK_LU && bad)) check_factored(f, &r, b);
    }
    scratch_free_all();
}

static void run_singular(cg_device *dev, factoring_way way, int64_t n, int64_t column) {
    const factoring f = {CG_WORK_LU, CG_F32, false, 3, n, n, 0, way};
    check_case("lu of %lld with a column of zeros", (long long)n);
    void *a = matrices(&f, 3);
    for (int64_t i = 0; i < n; i++) value_set(CG_F32, a, n * n + i * n + column, 0);
    check_info(dev, &f, a, (int)column + 1);
}

static void run_indefinite(cg_device *dev, factoring_way way, int64_t n, int64_t row, int64_t column,
                           long double value) {
    const factoring f = {CG_WORK_CHOLESKY, CG_F32, false, 3, n, n, 0, way};
    check_case("cholesky of %lld with %Lg at (%lld, %lld)", (long long)n, value, (long long)row,
               (long long)column);
    check_info(dev, &f, spoiled(&f, value, row, column), (int)row + 1);
}

DEVICE_TEST_ONCE(small_factor, info) {
    run_singular(dev, NULL, 1, 0);
    run_singular(dev, NULL, 5, 0);
    run_singular(dev, NULL, 5, 3);
    run_indefinite(dev, NULL, 1, 0, 0, 0);
    run_indefinite(dev, NULL, 5, 3, 3, -1);
    run_indefinite(dev, NULL, 5, 3, 1, (long double)NAN);
    run_indefinite(dev, NULL, 5, 0, 0, (long double)NAN);
    for (int k = 3; k < KINDS; k++)
        for (int what = 0; what < 3; what++) {
            const factoring f = {kinds[k], CG_F32, false, 5, 4, 4, 0, NULL};
            const long double values[] = {(long double)NAN, (long double)INFINITY, (long double)-INFINITY};
            check_case("%s of %Lg", cg_work_name(f.kind), values[what]);
            check_info(dev, &f, spoiled(&f, values[what], 3, what), 1);
        }
}

/* NaN spreads through LU and QR, and is no error. */
static void run_nan(cg_device *dev, factoring_way way, cg_work kind, int64_t n) {
    const factoring f = {kind, CG_F32, false, 2, n, n, 0, way};
    check_case("%s of %lld with NaN", cg_work_name(kind), (long long)n);
    const factored r = factor_on(dev, &f, spoiled(&f, (long double)NAN, n / 2, n / 2));
    const int j = kind == CG_WORK_QR;
    CHECK(r.info[0] == 0 && r.info[1] == 0);
    CHECK_MSG(isnan(r.out[j][2 * n * n - 1]), "the last element is %Lg", r.out[j][2 * n * n - 1]);
    for (int64_t i = 0; kind == CG_WORK_LU && i < 2 * n; i++)
        if (!CHECK_MSG(r.out[1][i] >= (long double)(i % n) && r.out[1][i] < (long double)n,
                       "pivot %lld is %Lg", (long long)i, r.out[1][i]))
            break;
    check_factored(&f, &r, 0);
    scratch_free_all();
}

DEVICE_TEST_ONCE(small_factor, nan) {
    run_nan(dev, NULL, CG_WORK_LU, 5);
    run_nan(dev, NULL, CG_WORK_QR, 5);
}

DEVICE_TEST_ONCE(small_factor, nothing_to_do) {
    const cg_operand empty = put(dev, CG_F32, 0, NULL);
    CHECK(cg_hw_factor(dev->hw, CG_WORK_LU, &(cg_factor_request){.batch = 2, .n = 3, .a = empty}) == CG_OK);
    CHECK(cg_hw_solve_triangular(dev->hw, &(cg_solve_triangular_request){.batch = 2, .n = 3, .a = empty}) ==
          CG_OK);
    take(dev, empty, 0);
}

/* --- solve_triangular --------------------------------------------------------------------------------------------------- */

typedef struct triangle {
    cg_solve_triangular_request r;
    int64_t matrices;       /* of A: 1 or batch */
    int64_t a_size, x_size; /* elements in all, gaps included */
} triangle;

/* Diagonals of 2 to 3, all else small enough that the inverse is no larger; NaN where A may not be read. */
static void *triangles(const triangle *s, uint64_t seed) {
    const cg_solve_triangular_request *r = &s->r;
    const int64_t n = r->n;
    void *a = random_values(r->dtype, s->a_size, -1.0 / (double)n, 1.0 / (double)n, &seed);
    for (int64_t b = 0; b < s->matrices; b++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) {
                const int64_t at = b * r->a.stride[0] + i * r->a.stride[1] + j;
                const bool read = i == j ? !r->unit : r->lower == (i > j);
                if (!read) value_set(r->dtype, a, at, (long double)NAN);
                if (i == j && read) value_set(r->dtype, a, at, 2 + (long double)random_unit(&seed));
            }
    return a;
}

/* op(A) as it counts, in scratch memory. */
static long double *counted(const cg_solve_triangular_request *r, const void *a, int64_t b) {
    const int64_t n = r->n;
    long double *x = scratch((size_t)(n * n) * sizeof *x);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            const bool there = i == j || r->lower == (i > j);
            if (there) x[i * n + j] = value_get(r->dtype, a, b * r->a.stride[0] + i * r->a.stride[1] + j);
            if (i == j && r->unit) x[i * n + j] = 1;
        }
    return r->transposed ? flipped(x, n, n) : x;
}

static long double *gathered(const cg_solve_triangular_request *r, const void *x, int64_t b) {
    long double *dense = scratch((size_t)(r->n * r->r) * sizeof *dense);
    for (int64_t i = 0; i < r->n; i++)
        for (int64_t j = 0; j < r->r; j++)
            dense[i * r->r + j] = value_get(r->dtype, x, b * r->x.stride[0] + i * r->x.stride[1] + j);
    return dense;
}

static void check_gaps(const cg_solve_triangular_request *r, const void *x, int64_t size) {
    for (int64_t at = 0; at < size; at++) {
        const bool gap =
            at % r->x.stride[0] % r->x.stride[1] >= r->r || at % r->x.stride[0] / r->x.stride[1] >= r->n;
        if (gap && !CHECK_MSG(value_get(r->dtype, x, at) == 7, "element %lld, no part of X, was written",
                              (long long)at))
            return;
    }
}

/* `way` has a bit each for lower, unit, transposed, one A for all, and blocks. */
static void run_solve(cg_device *dev, cg_dtype t, int64_t batch, int64_t n, int64_t columns, int way,
                      uint64_t seed) {
    check_case("solve_triangular %s (%lld, %lld, %lld) way %d", cg_dtype_name(t), (long long)batch,
               (long long)n, (long long)columns, way);
    triangle s = {{.dtype = t,
                   .lower = way & 1,
                   .unit = way & 2,
                   .transposed = way & 4,
                   .batch = batch,
                   .n = n,
                   .r = columns},
                  way & 8 ? 1 : batch,
                  0,
                  0};
    cg_solve_triangular_request *r = &s.r;
    const int64_t a_row = n + 1, x_row = columns + 2, a_step = n * a_row + 3, x_step = n * x_row + 1;
    r->a.stride[0] = a_step;
    r->a.stride[1] = a_row;
    r->x.stride[0] = x_step;
    r->x.stride[1] = x_row;
    s.a_size = s.matrices * a_step;
    s.x_size = batch * x_step;
    void *a = triangles(&s, seed), *b = random_values(t, s.x_size, -1, 1, &seed);
    for (int64_t at = 0; at < s.x_size; at++) /* the gaps */
        if (at % x_step % x_row >= columns || at % x_step / x_row >= n) value_set(t, b, at, 7);
    cg_operand a_there = put(dev, t, s.a_size, a), x_there = put(dev, t, s.x_size, b);
    cg_solve_triangular_request given = *r;
    given.a.buffer = a_there.buffer, given.a.dtype = t, given.a.offset = a_there.offset;
    given.x.buffer = x_there.buffer, given.x.dtype = t, given.x.offset = x_there.offset;
    if (s.matrices == 1) given.a.stride[0] = 0;
    const bool blocks = way & 16;
    CHECK_MSG((blocks ? cg_blocked_solve_triangular : cg_hw_solve_triangular)(dev->hw, &given) == CG_OK, "%s",
              cg_error_message(dev));
    const void *x = take(dev, x_there, s.x_size);
    check_bits(take(dev, a_there, s.a_size), a, s.a_size, cg_dtype_size(t));
    check_gaps(r, x, s.x_size);
    /* n terms are summed and one division made; blocks inverted first add as much times the condition, at most 3. */
    for (int64_t k = 0; k < batch; k++)
        check_product("op(A) X = B", t, (int64_t[]){n, columns, n}, counted(r, a, s.matrices == 1 ? 0 : k),
                      gathered(r, x, k), false, gathered(r, b, k), 4 * ((long double)n + 1));
    scratch_free_all();
}

DEVICE_TEST_ONCE(small_factor, solve_triangular) {
    static const int64_t sizes[][3] = {{1, 1, 1}, {3, 5, 1}, {2, 4, 7}, {3, 16, 3}};
    for (int s = 0; s < 4; s++)
        for (int way = 0; way < 16; way++)
            for (int t = 0; t < 2; t++)
                if (device_has(dev, t ? CG_F64 : CG_F32))
                    run_solve(dev, t ? CG_F64 : CG_F32, sizes[s][0], sizes[s][1], sizes[s][2], way,
                              (uint64_t)way + 1);
}

/* More columns than are solved for at a time. */
DEVICE_TEST_ONCE(factor, solve_triangular_many) {
    for (int way = 0; way < 16; way += 3) run_solve(dev, CG_F32, 2, 70, 300, way, (uint64_t)way + 1);
}

/* A 0 on the diagonal: infinities and NaN, no error. */
DEVICE_TEST_ONCE(small_factor, solve_triangular_singular) {
    const cg_operand a = put(dev, CG_F32, 4, (const float[]){1, 0, 1, 0}),
                     x = put(dev, CG_F32, 2, (const float[]){1, 3});
    cg_solve_triangular_request r = {CG_F32, true, false, false, 1, 2, 1, a, x};
    r.a.stride[0] = 4, r.a.stride[1] = 2, r.x.stride[0] = 2, r.x.stride[1] = 1;
    CHECK(cg_hw_solve_triangular(dev->hw, &r) == CG_OK);
    const float *got = take(dev, x, 2);
    CHECK(got[0] == 1 && !isfinite(got[1]));
    drop(dev, a);
}

/* --- Block by block -------------------------------------------------------------------------------------------------- */

static const factoring_way blocked[] = {cg_blocked_lu, cg_blocked_cholesky, cg_blocked_qr};

/* Widths below, at and above those of the panels; what is asked for; f64 where no kernels are to be built for it. */
static void run_blocked(cg_device *dev, int64_t m, int64_t n, int k, uint64_t seed) {
    for (unsigned unwanted = 0; unwanted < (m == 150 && n == 150 ? 3U : 1U); unwanted++)
        for (int full = 0; full <= has_full(kinds[k]); full++)
            run(dev, (factoring){kinds[k], CG_F32, full, 1, m, n, unwanted, blocked[k]}, seed + unwanted);
    if (!device_is_opencl(dev)) run(dev, (factoring){kinds[k], CG_F64, false, 2, m, n, 0, blocked[k]}, seed);
}

DEVICE_TEST_ONCE(small_factor, blocks) {
    const int n = device_is_slow(dev) ? 1 : 3; /* the products of all three are of the same kinds */
    for (int k = 0; k < n; k++) run(dev, (factoring){kinds[k], CG_F32, false, 1, 70, 70, 0, blocked[k]}, 4);
    run_solve(dev, CG_F32, 1, 135, 2, 17, 4);
}

DEVICE_TEST_ONCE(factor, blocks) {
    static const int64_t shapes[][2] = {{1, 1}, {64, 64}, {65, 65}, {150, 150}, {210, 140}, {140, 210}};
    for (int k = 0; k < 3; k++)
        for (int s = 0; s < 6; s++)
            if (!is_square(kinds[k]) || shapes[s][0] == shapes[s][1])
                run_blocked(dev, shapes[s][0], shapes[s][1], k, (uint64_t)(10 * k + s));
}

DEVICE_TEST_ONCE(factor, blocks_that_go_wrong) {
    run_singular(dev, cg_blocked_lu, 150, 70);
    run_singular(dev, cg_blocked_lu, 150, 149);
    run_indefinite(dev, cg_blocked_cholesky, 150, 100, 100, -1);
    run_indefinite(dev, cg_blocked_cholesky, 150, 149, 20, (long double)NAN);
    run_nan(dev, cg_blocked_lu, CG_WORK_LU, 150);
    run_nan(dev, cg_blocked_qr, CG_WORK_QR, 150);
}

/* Columns of zeros and a triangle: LAPACK reflects nothing there, and R keeps its signs. */
DEVICE_TEST_ONCE(factor, blocks_without_reflections) {
    const int64_t n = 100;
    const factoring f = {CG_WORK_QR, CG_F32, false, 1, n, n, 0, cg_blocked_qr};
    check_case("qr of a triangle with columns of zeros");
    float *a = matrices(&f, 21);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            if (i > j || j % 7 == 3) a[i * n + j] = 0;
    const factored r = factor_on(dev, &f, a);
    check_factored(&f, &r, 0);
    for (int64_t i = 0; i < n * n; i++)
        if (!CHECK_MSG(r.out[1][i] == (long double)a[i], "element %lld of R is %Lg, not %g", (long long)i,
                       r.out[1][i], (double)a[i]))
            break;
    scratch_free_all();
}

DEVICE_TEST_ONCE(factor, blocks_of_triangles) {
    for (int way = 16; way < 32; way++)
        run_solve(dev, CG_F32, 2, way % 4 ? 200 : 128, way % 3 ? 33 : 1, way, (uint64_t)way);
    if (!device_is_opencl(dev)) run_solve(dev, CG_F64, 1, 300, 40, 17, 1);
}

/* By size: whatever a device does, the large ones are right too. */
DEVICE_TEST_ONCE(factor, large) { run(dev, (factoring){CG_WORK_LU, CG_F32, false, 1, 520, 530, 0, NULL}, 3); }
