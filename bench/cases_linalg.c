/*
 * Factorizations of `batch` matrices of n x n, f32. A factor is checked by a product with a probe: that costs n^2 in
 * long double, not n^3, and sees a wrong factor all the same. Of a batch the last matrix is checked.
 */
#include "cases.h"

#include <math.h>
#include <stdlib.h>

enum { BATCH, N };

static bench_input matrices(const int64_t *size, int i) {
    const int64_t columns = i == 0 ? size[N] : 1; /* the matrices, then a right side for each */
    return (bench_input){cg_shape(size[BATCH], size[N], columns), -1, 1};
}

static int64_t row(const int64_t *size) { return size[N]; }
static int64_t squares(const int64_t *size) { return size[BATCH] * size[N] * size[N]; }
static int64_t vectors(const int64_t *size) { return size[BATCH] * size[N]; }

/* Operations, in units of batch n^3 (Golub, Van Loan: Matrix Computations, 4th ed.). */
static double cubes(const int64_t *size) {
    return (double)size[BATCH] * (double)size[N] * (double)size[N] * (double)size[N];
}
#define COUNT(name, each)                                                                                    \
    static double name##_flops(const int64_t *size) { return (each)*cubes(size); }                           \
    static double name##_floor(const int64_t *size, const machine_limits *limits) {                          \
        return name##_flops(size) / limits->flops;                                                           \
    }
COUNT(solve, 2.0 / 3)
COUNT(inverse, 2.0)
COUNT(cholesky, 1.0 / 3)
COUNT(qr, 8.0 / 3)

/* --- What is timed ---------------------------------------------------------------------------------------------- */

static cg_tensor *run_solve(bench_job *job) { return cg_solve(job->in[0], job->in[1]); }
static cg_tensor *run_inverse(bench_job *job) { return cg_inverse(job->in[0]); }
static cg_tensor *run_cholesky(bench_job *job) { return cg_cholesky(job->in[0]); }

/* R: its check holds for Q too, which it was made with. */
static cg_tensor *run_qr(bench_job *job) {
    cg_tensor *q, *r;
    return cg_qr(job->in[0], CG_QR_REDUCED, &q, &r) == CG_OK ? r : NULL;
}

static cg_tensor *run_eigh(bench_job *job) {
    cg_tensor *w, *v;
    return cg_eigh(job->in[0], &w, &v) == CG_OK ? v : NULL;
}

static cg_tensor *run_eig(bench_job *job) {
    cg_tensor *wr, *wi, *vr, *vi;
    return cg_eig(job->in[0], &wr, &wi, &vr, &vi) == CG_OK ? wr : NULL;
}

static cg_tensor *run_svd(bench_job *job) {
    cg_tensor *u, *s, *vh;
    return cg_svd(job->in[0], false, &u, &s, &vh) == CG_OK ? vh : NULL;
}

/* in[0] = x x^T / n + I: symmetric and positive definite. */
static bool make_definite(bench_job *job) {
    const int64_t n = job->problem->size[N];
    cg_tensor *product = cg_matmul(job->in[0], cg_transpose(job->in[0], -1, -2));
    cg_tensor *a = cg_eval(cg_add(cg_div(product, (double)n), cg_eye(job->dev, CG_F32, n)));
    if (!a) return false;
    cg_release(job->in[0]);
    job->in[0] = cg_retain(a);
    return true;
}

/* in[0] = (x + x^T) / 2. */
static bool make_symmetric(bench_job *job) {
    cg_tensor *a = cg_eval(cg_mul(cg_add(job->in[0], cg_transpose(job->in[0], -1, -2)), 0.5));
    if (!a) return false;
    cg_release(job->in[0]);
    job->in[0] = cg_retain(a);
    return true;
}

/* --- Checks ------------------------------------------------------------------------------------------------------ */

/* The last matrix of the batch and its result on the host, and two vectors. */
typedef struct probe {
    int64_t n;
    float *a, *out;
    long double *x, *y, *z;
    long double norm; /* of a, Frobenius's */
} probe;

static float *last_elements(const cg_tensor *x, int64_t n) {
    const size_t count = (size_t)cg_numel(x);
    float *all = malloc(count * sizeof *all), *last = malloc((size_t)n * sizeof *last);
    const bool read = all && last && cg_to_host(x, all, count * sizeof *all) == CG_OK;
    for (int64_t i = 0; read && i < n; i++) last[i] = all[count - (size_t)n + (size_t)i];
    free(all);
    if (read) return last;
    free(last);
    return NULL;
}

static void probe_end(probe *p) {
    free(p->a);
    free(p->out);
    free(p->x);
}

/* x is a vector of ones and halves; false without memory or where nothing can be read. */
static bool probe_begin(probe *p, bench_job *job) {
    const int64_t n = job->problem->size[N];
    const bool square = cg_numel(job->out) == squares(job->problem->size);
    *p = (probe){
        .n = n, .a = last_elements(job->in[0], n * n), .out = last_elements(job->out, square ? n * n : n)};
    p->x = calloc((size_t)n * 3, sizeof *p->x);
    if (!p->a || !p->out || !p->x) return false;
    p->y = p->x + n;
    p->z = p->y + n;
    for (int64_t i = 0; i < n; i++) p->x[i] = i % 3 ? 1 : -0.5L;
    for (int64_t i = 0; i < n * n; i++) p->norm += (long double)p->a[i] * p->a[i];
    p->norm = sqrtl(p->norm);
    return true;
}

/* y = m x, or m^T x. */
static void apply(int64_t n, const float *m, bool transposed, const long double *x, long double *y) {
    for (int64_t i = 0; i < n; i++) {
        y[i] = 0;
        for (int64_t j = 0; j < n; j++) y[i] += (long double)m[transposed ? j * n + i : i * n + j] * x[j];
    }
}

static long double length(int64_t n, const long double *x) {
    long double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sqrtl(sum);
}

/* got against want, each element by n u times a size. */
static void compare(const probe *p, const long double *got, const long double *want, long double size,
                    bench_check *check) {
    for (int64_t i = 0; i < p->n; i++)
        bench_check_value(check, i, got[i], want[i], (long double)p->n * BENCH_U * size);
}

static void with_probe(bench_job *job, bench_check *check,
                       void (*verify)(bench_job *, probe *, bench_check *)) {
    probe p;
    check->ok = probe_begin(&p, job);
    if (check->ok) verify(job, &p, check);
    probe_end(&p);
}

/* A x = b: backward stable, so that the residual is small whatever the condition of A. */
static void solve_residual(bench_job *job, probe *p, bench_check *check) {
    float *b = last_elements(job->in[1], p->n);
    check->ok = b != NULL;
    for (int64_t i = 0; b && i < p->n; i++) {
        p->x[i] = p->out[i];
        p->z[i] = b[i];
    }
    apply(p->n, p->a, false, p->x, p->y);
    if (b) compare(p, p->y, p->z, p->norm * length(p->n, p->x), check);
    free(b);
}

/* A (A^-1 x) = x, by the size of A^-1. */
static void inverse_residual(bench_job *job, probe *p, bench_check *check) {
    (void)job;
    long double size = 0;
    for (int64_t i = 0; i < p->n * p->n; i++) size += (long double)p->out[i] * p->out[i];
    apply(p->n, p->out, false, p->x, p->y);
    apply(p->n, p->a, false, p->y, p->z);
    compare(p, p->z, p->x, p->norm * sqrtl(size) * length(p->n, p->x), check);
}

/* L (L^T x) = A x, and with R^T for L: R^T (R x) = A^T (A x). */
static void cholesky_residual(bench_job *job, probe *p, bench_check *check) {
    (void)job;
    apply(p->n, p->out, true, p->x, p->y);
    apply(p->n, p->out, false, p->y, p->z);
    apply(p->n, p->a, false, p->x, p->y);
    compare(p, p->z, p->y, p->norm * length(p->n, p->x), check);
}

static void qr_residual(bench_job *job, probe *p, bench_check *check) {
    (void)job;
    long double *want = calloc((size_t)p->n, sizeof *want);
    check->ok = want != NULL;
    if (!want) return;
    apply(p->n, p->a, false, p->x, p->y);
    apply(p->n, p->a, true, p->y, want);
    apply(p->n, p->out, false, p->x, p->y);
    apply(p->n, p->out, true, p->y, p->z);
    compare(p, p->z, want, p->norm * p->norm * length(p->n, p->x), check);
    free(want);
}

/* B v = (v^T B v) v for the first, the middle and the last vector, B = A, or A^T A where `squared`. */
static void vector_residual(probe *p, bool rows, bool squared, bench_check *check) {
    const long double norm = squared ? p->norm * p->norm : p->norm;
    for (int64_t k = 0; k < 3; k++) {
        const int64_t j = k * (p->n - 1) / 2;
        for (int64_t i = 0; i < p->n; i++) p->x[i] = p->out[rows ? j * p->n + i : i * p->n + j];
        apply(p->n, p->a, false, p->x, p->y);
        if (squared) {
            apply(p->n, p->a, true, p->y, p->z);
        } else {
            for (int64_t i = 0; i < p->n; i++) p->z[i] = p->y[i];
        }
        long double value = 0;
        for (int64_t i = 0; i < p->n; i++) value += p->x[i] * p->z[i];
        for (int64_t i = 0; i < p->n; i++) p->x[i] *= value;
        compare(p, p->z, p->x, norm, check);
    }
}

static void eigh_residual(bench_job *job, probe *p, bench_check *check) {
    (void)job;
    vector_residual(p, false, false, check);
}

static void svd_residual(bench_job *job, probe *p, bench_check *check) {
    (void)job;
    vector_residual(p, true, true, check);
}

/* The eigenvalues add up to the trace, the imaginary parts to 0. */
static void eig_residual(bench_job *job, probe *p, bench_check *check) {
    (void)job;
    long double sum = 0, trace = 0;
    for (int64_t i = 0; i < p->n; i++) {
        sum += p->out[i];
        trace += p->a[i * p->n + i];
    }
    bench_check_value(check, 0, sum, trace, 4 * (long double)p->n * BENCH_U * p->norm);
}

#define CHECK_BY(residual)                                                                                   \
    static void verify_##residual(bench_job *job, bench_check *check) {                                      \
        with_probe(job, check, residual##_residual);                                                         \
    }
CHECK_BY(solve)
CHECK_BY(inverse)
CHECK_BY(cholesky)
CHECK_BY(qr)
CHECK_BY(eigh)
CHECK_BY(eig)
CHECK_BY(svd)

/* --- The cases ---------------------------------------------------------------------------------------------------- */

#define WORK(name)                                                                                           \
    .suite = "linalg", .repeat = 1, .input = matrices, .row = row, .run = run_##name, .verify = verify_##name
#define COUNTED(name) .flops = name##_flops, .floor = name##_floor

static const bench_work solve_work = {WORK(solve), COUNTED(solve), .n_inputs = 2, .elements = vectors};
static const bench_work inverse_work = {WORK(inverse), COUNTED(inverse), .n_inputs = 1, .elements = squares};
static const bench_work cholesky_work = {WORK(cholesky), COUNTED(cholesky), .n_inputs = 1,
                                         .elements = squares, .setup = make_definite};
static const bench_work qr_work = {WORK(qr), COUNTED(qr), .n_inputs = 1, .elements = squares};
static const bench_work eigh_work = {WORK(eigh), .n_inputs = 1, .elements = squares, .setup = make_symmetric};
static const bench_work eig_work = {WORK(eig), .n_inputs = 1, .elements = vectors};
static const bench_work svd_work = {WORK(svd), .n_inputs = 1, .elements = squares};

/* One small, one middle, one large matrix, and a stack of tiny ones. */
const bench_case bench_cases_linalg[] = {
    {"solve_64", &solve_work, {{1, 64}, {0}, {1, 9}}, NULL},
    {"solve_512", &solve_work, {{1, 512}, {0}, {2, 17}}, NULL},
    {"solve_2048", &solve_work, {{1, 2048}, {1, 1024}, {1, 40}}, NULL},
    {"solve_4096x8", &solve_work, {{4096, 8}, {512, 8}, {5, 8}}, NULL},
    {"inverse_64", &inverse_work, {{1, 64}, {0}, {1, 9}}, NULL},
    {"inverse_512", &inverse_work, {{1, 512}, {0}, {2, 17}}, NULL},
    {"inverse_2048", &inverse_work, {{1, 2048}, {1, 1024}, {1, 40}}, NULL},
    {"inverse_4096x8", &inverse_work, {{4096, 8}, {512, 8}, {5, 8}}, NULL},
    {"cholesky_64", &cholesky_work, {{1, 64}, {0}, {1, 9}}, NULL},
    {"cholesky_512", &cholesky_work, {{1, 512}, {0}, {2, 17}}, NULL},
    {"cholesky_2048", &cholesky_work, {{1, 2048}, {1, 1024}, {1, 40}}, NULL},
    {"cholesky_4096x8", &cholesky_work, {{4096, 8}, {512, 8}, {5, 8}}, NULL},
    {"qr_64", &qr_work, {{1, 64}, {0}, {1, 9}}, NULL},
    {"qr_512", &qr_work, {{1, 512}, {0}, {2, 17}}, NULL},
    {"qr_2048", &qr_work, {{1, 2048}, {1, 1024}, {1, 40}}, NULL},
    {"qr_4096x8", &qr_work, {{4096, 8}, {512, 8}, {5, 8}}, NULL},
    {"eigh_64", &eigh_work, {{1, 64}, {0}, {1, 9}}, NULL},
    {"eigh_512", &eigh_work, {{1, 512}, {0}, {2, 17}}, NULL},
    {"eigh_2048", &eigh_work, {{1, 2048}, {1, 512}, {1, 40}}, NULL},
    {"eigh_4096x8", &eigh_work, {{4096, 8}, {512, 8}, {5, 8}}, NULL},
    {"svd_64", &svd_work, {{1, 64}, {0}, {1, 9}}, NULL},
    {"svd_512", &svd_work, {{1, 512}, {0}, {2, 17}}, NULL},
    {"svd_2048", &svd_work, {{1, 2048}, {1, 512}, {1, 40}}, NULL},
    {"svd_4096x8", &svd_work, {{4096, 8}, {512, 8}, {5, 8}}, NULL},
    {"eig_64", &eig_work, {{1, 64}, {0}, {1, 9}}, NULL},
    {"eig_512", &eig_work, {{1, 512}, {0}, {2, 17}}, NULL},
    {"eig_2048", &eig_work, {{1, 2048}, {1, 512}, {1, 40}}, NULL},
    {0},
};
