/* Distances between N and M points of D coordinates, and the K nearest of each. */
#include "cases.h"
#include "reference/ref_distances.h"
#include "reference/scratch.h"

enum { N, M, D, K };

static bench_input input(const int64_t *size, int i) {
    return (bench_input){cg_shape(size[i == 0 ? N : M], size[D]), -1, 1};
}

static int64_t distances_row(const int64_t *size) { return size[M]; }
static int64_t distances_elements(const int64_t *size) { return size[N] * size[M]; }
static int64_t nearest_row(const int64_t *size) { return size[K]; }
static int64_t nearest_elements(const int64_t *size) { return size[N] * size[K]; }

/* A subtraction and a multiply-add for each coordinate of each pair. */
static double flops(const int64_t *size) { return 3.0 * (double)(size[N] * size[M] * size[D]); }

static double points_bytes(const int64_t *size) { return 4.0 * (double)((size[N] + size[M]) * size[D]); }
static double distances_bytes(const int64_t *size) {
    return points_bytes(size) + 4.0 * (double)(size[N] * size[M]);
}
static double nearest_bytes(const int64_t *size) {
    return points_bytes(size) + 4.0 * (double)nearest_elements(size);
}

/* Two instructions, one of which counts twice in the limit of multiply-adds; or each operand read once. */
static double lower_bound(const int64_t *size, const machine_limits *limits) {
    double arithmetic = flops(size) * 4 / 3 / limits->flops;
    double traffic = machine_seconds(limits, MACHINE_READ, distances_bytes(size));
    return arithmetic > traffic ? arithmetic : traffic;
}

static cg_tensor *run_distances(bench_job *job) { return cg_cdist(job->in[0], job->in[1], 2); }

static cg_tensor *run_nearest(bench_job *job) {
    cg_tensor *distances, *indices;
    cg_status status =
        cg_nearest_neighbors(job->in[0], job->in[1], job->problem->size[K], &distances, &indices);
    return status == CG_OK ? distances : NULL;
}

/* The points as the reference takes them: one row of x, all of y. */
static ref_array points(const float *x, int64_t n, int64_t d) {
    ref_array a = ref_array_new(2, (const int64_t[]){n, d});
    for (int64_t i = 0; i < a.n; i++) a.v[i] = x[i];
    return a;
}

/* (D / 2 + 3) u: the bound of distances.h. */
static void expect(bench_problem *p, int64_t i, int64_t k) {
    const int64_t d = p->size[D];
    ref_array x = points(p->in[0] + i * d, 1, d), y = points(p->in[1], p->size[M], d);
    ref_array want = k ? ref_nearest(x, y, k, false) : ref_pairs(ref_distance, x, y, 2);
    for (int64_t j = 0; j < want.n; j++) {
        p->want[j] = want.v[j];
        p->allowed[j] = ((long double)d / 2 + 3) * BENCH_U * want.v[j];
    }
    scratch_free_all();
}

static void expect_distances(bench_problem *p, int64_t i) { expect(p, i, 0); }
static void expect_nearest(bench_problem *p, int64_t i) { expect(p, i, p->size[K]); }

static const bench_work distances = {
    .suite = "distances",
    .n_inputs = 2,
    .repeat = 1,
    .input = input,
    .row = distances_row,
    .elements = distances_elements,
    .flops = flops,
    .bytes = distances_bytes,
    .floor = lower_bound,
    .run = run_distances,
    .expect = expect_distances,
};

static const bench_work nearest = {
    .suite = "distances",
    .n_inputs = 2,
    .repeat = 1,
    .input = input,
    .row = nearest_row,
    .elements = nearest_elements,
    .bytes = nearest_bytes,
    .run = run_nearest,
    .expect = expect_nearest,
};

const bench_case bench_cases_distances[] = {
    {"cdist_1000x1000x512", &distances, {{1000, 1000, 512}, {500, 500, 512}, {9, 21, 40}}, NULL},
    {"cdist_2000x2000x64", &distances, {{2000, 2000, 64}, {1000, 1000, 64}, {9, 21, 6}}, NULL},
    {"cdist_2000x2000x3", &distances, {{2000, 2000, 3}, {1000, 1000, 3}, {9, 21, 3}}, NULL},
    {"nearest_2000x2000x16", &nearest, {{2000, 2000, 16, 8}, {500, 500, 16, 8}, {9, 21, 6, 4}}, NULL},
    {0},
};
