/*
 * Our own factorizations of small matrices (kernels/factor_small.h): in C on matrices of every small size and on hard
 * ones, and the same bits from OpenCL, whatever the number of work-items that share a matrix.
 */
#include "support/device_test.h"
#include "support/factored.h"

#include "host/cpu/factor_cpu.h"

#include <math.h>
#include <string.h>

enum { SPARE = 64 }; /* bytes behind the scratch memory, which must stay as they are */

static const cg_work kinds[] = {CG_WORK_LU,   CG_WORK_CHOLESKY, CG_WORK_QR,
                                CG_WORK_EIGH, CG_WORK_EIG,      CG_WORK_SVD};
enum { KINDS = sizeof kinds / sizeof *kinds };

static bool is_square(cg_work kind) {
    return kind == CG_WORK_CHOLESKY || kind == CG_WORK_EIGH || kind == CG_WORK_EIG;
}

/* --- Our own method -------------------------------------------------------------------------------------------------- */

static void factor_one(const factoring *f, const factored *r, int64_t b, const void *a) {
    const cg_factor_request q = {.dtype = f->dtype, .full = f->full, .batch = 1, .m = f->m, .n = f->n};
    const size_t bytes = cg_factor_own.scratch(f->kind, &q), size = cg_dtype_size(f->dtype);
    unsigned char *memory = scratch(bytes + SPARE);
    memset(memory, 0xff, bytes + SPARE); /* NaN, to show what is read before it is written */
    void *out[CG_FACTORS] = {0};
    for (int j = 0; j < CG_FACTORS; j++)
        if (r->rows[j]) out[j] = scratch((size_t)(r->rows[j] * r->columns[j]) * size);
    r->info[b] =
        cg_factor_own.factor(f->kind, &q, (const char *)a + (size_t)(b * f->m * f->n) * size, out, memory);
    for (size_t i = 0; i < SPARE; i++)
        if (!CHECK_MSG(memory[bytes + i] == 0xff, "byte %zu behind the scratch memory was written", i)) break;
    for (int j = 0; j < CG_FACTORS; j++) {
        const int64_t numel = r->rows[j] * r->columns[j];
        const cg_dtype t = f->kind == CG_WORK_LU && j == 1 ? CG_I32 : f->dtype;
        for (int64_t i = 0; i < numel; i++) r->out[j][b * numel + i] = value_get(t, out[j], i);
    }
}

/* As factor_on, by cg_factor_own. */
static factored factor_own(const factoring *f, const void *a) {
    factored r = {0};
    factored_shapes(f, &r);
    for (int j = 0; j < CG_FACTORS; j++)
        if (r.rows[j])
            r.out[j] = scratch((size_t)(f->batch * r.rows[j] * r.columns[j]) * sizeof(long double));
    r.info = scratch((size_t)f->batch * sizeof *r.info);
    r.a = to_values(f->dtype, a, f->batch * f->m * f->n);
    for (int64_t b = 0; b < f->batch; b++) factor_one(f, &r, b, a);
    return r;
}

/* In [-1, 1]; positive definite for Cholesky. */
static void *matrices(const factoring *f, uint64_t seed) {
    const int64_t size = f->m * f->n;
    void *a = random_values(f->dtype, f->batch * size, -1, 1, &seed);
    for (int64_t b = 0; b < f->batch && f->kind == CG_WORK_CHOLESKY; b++)
        for (int64_t i = 0; i < f->n; i++)
            value_set(f->dtype, a, b * size + i * (f->n + 1), 0.75L * (long double)f->n + 1);
    return a;
}

static void run_own(cg_work kind, cg_dtype t, bool full, int64_t m, int64_t n) {
    const factoring f = {kind, t, full, 1, m, n, 0, NULL};
    check_case("%s %s (%lld, %lld) full %d", cg_work_name(kind), cg_dtype_name(t), (long long)m, (long long)n,
               full);
    const factored r = factor_own(&f, matrices(&f, (uint64_t)(m * 100 + n)));
    CHECK_MSG(r.info[0] == 0, "info is %d", (int)r.info[0]);
    check_factored(&f, &r, 0);
    scratch_free_all();
}

HOST_TEST(factor_small, every_size) {
    for (int k = 0; k < KINDS; k++)
        for (int t = 0; t < 2; t++) {
            for (int64_t n = 1; n <= 33; n++) run_own(kinds[k], t ? CG_F64 : CG_F32, false, n, n);
            run_own(kinds[k], t ? CG_F64 : CG_F32, false, 64, 64);
        }
}

HOST_TEST(factor_small, every_shape) {
    static const int64_t sizes[] = {1, 2, 3, 8, 17, 40};
    for (int k = 0; k < KINDS; k++)
        for (int s = 0; s < 36 && !is_square(kinds[k]); s++)
            for (int full = 0; full <= (kinds[k] != CG_WORK_LU); full++)
                run_own(kinds[k], s % 2 ? CG_F64 : CG_F32, full, sizes[s / 6], sizes[s % 6]);
}

/* --- Hard matrices ----------------------------------------------------------------------------------------------------- */

typedef enum hard {
    ZERO,
    IDENTITY,
    HILBERT,
    VANDERMONDE,
    ONES,
    RANK_HALF,
    JORDAN,
    JORDAN_LOWER,
    NILPOTENT,
    CYCLE, /* a permutation: eigenvalues on the unit circle, of which unshifted steps find none */
    SKEW,
    REPEATED,
    GRADED,
    LARGE,
    TINY,
    ROWS_APART, /* rows of very different sizes */
    HARD
} hard;

static const char *const hard_names[HARD] = {
    "zero",      "identity", "Hilbert", "Vandermonde", "ones",   "rank n/2", "Jordan block", "Jordan",
    "nilpotent", "cycle",    "skew",    "I - 2vv/vv",  "graded", "large",    "tiny",         "rows apart"};

/* Element (i, j) of n; x is random in [-1, 1]. Sizes are such that f32 has no room for squares. */
static double hard_element(hard what, int64_t i, int64_t j, int64_t n, double x) {
    const double p = (double)i, q = (double)j, size = (double)n;
    switch (what) {
    case ZERO:
        return 0;
    case IDENTITY:
        return i == j;
    case HILBERT:
        return 1 / (p + q + 1);
    case VANDERMONDE:
        return pow((p + 1) / size, q);
    case ONES:
        return 1;
    case RANK_HALF: /* whole numbers, so that it is exact: row i is row i - n/2 again */
        return (double)(((i % ((n + 1) / 2) + 1) * (j + 2) * (j + 3)) % 7) - 3;
    case JORDAN:
        return i == j ? 2 : j == i + 1;
    case JORDAN_LOWER:
        return i == j ? 2 : i == j + 1;
    case NILPOTENT:
        return j == i + 1;
    case CYCLE:
        return j == (i + 1) % n;
    case SKEW:
        return i == j ? 0 : i < j ? 1 / (p + 2 * q) : -1 / (q + 2 * p);
    case REPEATED: /* a reflection: -1 once, and 1 */
        return (i == j) - 2 * (p + 1) * (q + 1) / (size * (size + 1) * (2 * size + 1) / 6);
    case GRADED:
        return x * pow(10, -30 * (p + q) / (2 * size));
    case LARGE:
        return x * 1e37;
    case TINY:
        return x * 1e-30;
    default:
        return x * (i % 2 ? 1e15 : 1e-15);
    }
}

static void run_hard(cg_work kind, cg_dtype t, hard what, int64_t n) {
    const factoring f = {kind, t, false, 1, n, n, 0, NULL};
    check_case("%s %s of %s, %lld", cg_work_name(kind), cg_dtype_name(t), hard_names[what], (long long)n);
    uint64_t seed = 17;
    void *a = random_values(t, n * n, -1, 1, &seed);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            value_set(t, a, i * n + j,
                      (long double)hard_element(what, i, j, n, (double)value_get(t, a, i * n + j)));
    const factored r = factor_own(&f, a);
    check_factored(&f, &r, 0);
    scratch_free_all();
}

HOST_TEST(factor_small, hard_matrices) {
    static const int64_t sizes[] = {1, 2, 3, 5, 12, 33};
    for (int k = 0; k < KINDS; k++)
        for (int what = 0; what < HARD && kinds[k] != CG_WORK_CHOLESKY; what++)
            for (int s = 0; s < 12; s++)
                run_hard(kinds[k], s % 2 ? CG_F64 : CG_F32, (hard)what, sizes[s / 2]);
}

/* Anywhere in the matrix: the methods that iterate say so, and end. */
HOST_TEST(factor_small, not_finite) {
    const long double bad[] = {(long double)NAN, (long double)INFINITY, (long double)-INFINITY};
    for (int k = 3; k < KINDS; k++)
        for (int64_t n = 1; n <= 4; n++)
            for (int64_t at = 0; at < n * n * 3; at++) {
                const factoring f = {kinds[k], CG_F32, false, 1, n, n, 0, NULL};
                void *a = matrices(&f, 3);
                const int64_t i = at / 3 / n, j = at / 3 % n;
                if (kinds[k] == CG_WORK_EIGH && j > i) continue; /* not read */
                value_set(CG_F32, a, at / 3, bad[at % 3]);
                check_case("%s of %lld with %Lg at %lld", cg_work_name(f.kind), (long long)n, bad[at % 3],
                           (long long)at / 3);
                const factored r = factor_own(&f, a);
                CHECK_MSG(r.info[0] == 1, "info is %d", (int)r.info[0]);
                scratch_free_all();
            }
}

/* --- The same bits from OpenCL ------------------------------------------------------------------------------------------ */

static void compare_bits(cg_device *dev, factoring f) {
    check_case("%s %s (%lld, %lld, %lld) full %d", cg_work_name(f.kind), cg_dtype_name(f.dtype),
               (long long)f.batch, (long long)f.m, (long long)f.n, f.full);
    const void *a = matrices(&f, 21);
    const uint64_t trips = cg_device_statistics(dev).round_trips, before = cg_device_statistics(dev).launches;
    const factored got = factor_on(dev, &f, a), want = factor_own(&f, a);
    CHECK(cg_device_statistics(dev).round_trips == trips);
    CHECK(cg_device_statistics(dev).launches == before + 1);
    for (int64_t b = 0; b < f.batch; b++)
        if (!CHECK_MSG(got.info[b] == want.info[b], "info of matrix %lld is %d", (long long)b,
                       (int)got.info[b]))
            break;
    for (int j = 0; j < CG_FACTORS; j++)
        for (int64_t i = 0; i < f.batch * want.rows[j] * want.columns[j]; i++)
            if (!CHECK_MSG(got.out[j][i] == want.out[j][i], "result %d, element %lld: %.9Lg, in C %.9Lg", j,
                           (long long)i, got.out[j][i], want.out[j][i]))
                break;
    scratch_free_all();
}

static void compare_all_kinds(cg_device *dev, cg_dtype t) {
    for (int k = 0; k < KINDS; k++) {
        compare_bits(dev, (factoring){kinds[k], t, false, 3, 7, 7, 0, NULL});
        if (is_square(kinds[k])) continue;
        compare_bits(dev, (factoring){kinds[k], t, kinds[k] != CG_WORK_LU, 2, 8, 5, 0, NULL});
        compare_bits(dev, (factoring){kinds[k], t, false, 2, 4, 6, 0, NULL});
    }
}

/* The style of the device; f64 where kernels are quick to build. */
OPENCL_TEST(small_factor_small, same_bits_as_c) {
    compare_all_kinds(dev, CG_F32);
    if (device_is_slow(dev) && cg_device_properties(dev)->has_f64) compare_all_kinds(dev, CG_F64);
}

/* The other style: all of it on an interpreter, and where kernels are compiled what is quick. */
OPENCL_TEST(small_factor_small, other_style) {
    dev->hw->backend->use_other_kernels(dev->hw, true);
    if (device_is_slow(dev))
        compare_all_kinds(dev, CG_F32);
    else
        compare_bits(dev, (factoring){CG_WORK_LU, CG_F32, false, 2, 33, 21, 0, NULL});
    dev->hw->backend->use_other_kernels(dev->hw, false);
}

/* As many tiny matrices as get a work-item each in the GPU style; the interpreter's is that one. */
OPENCL_TEST(small_factor_small, many_tiny) {
    compare_bits(dev, (factoring){CG_WORK_LU, CG_F32, false, 1027, 3, 2, 0, NULL});
    if (device_is_slow(dev)) compare_bits(dev, (factoring){CG_WORK_EIGH, CG_F32, false, 1025, 2, 2, 0, NULL});
}
