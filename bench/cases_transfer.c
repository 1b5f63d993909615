/* Between host and device: an upload and a download of n floats. On the CPU backend both are copies. */
#include "cases.h"

enum { ROW = 4096 };

static bench_input input(const int64_t *size, int i) { return (bench_input){cg_shape(size[0]), -4, 4 + i}; }

static int64_t row(const int64_t *size) { return size[0] < ROW ? size[0] : ROW; }
static int64_t elements(const int64_t *size) { return size[0]; }
static double bytes(const int64_t *size) { return 8.0 * (double)size[0]; }

static double copy_floor(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_COPY, bytes(size));
}

static cg_tensor *run_upload(bench_job *job) {
    return cg_from_f32(job->dev, cg_shape(job->problem->size[0]), job->problem->in[0]);
}

/* Into the second input's host memory, which nothing else needs. */
static cg_tensor *run_download(bench_job *job) {
    const size_t size = (size_t)job->problem->size[0] * sizeof(float);
    return cg_to_host(job->in[0], job->problem->in[1], size) == CG_OK ? job->in[0] : NULL;
}

static void expect(bench_problem *p, int64_t i) {
    for (int64_t j = 0; j < bench_row_elements(p, i); j++) p->want[j] = p->in[0][i * ROW + j];
}

/* What arrived on the host, not what lies on the device. */
static void verify_download(bench_job *job, bench_check *check) {
    const bench_problem *p = job->problem;
    for (int64_t j = 0; j < p->size[0]; j++) bench_check_value(check, j, p->in[1][j], p->in[0][j], 0);
}

static const bench_work upload_work = {
    .suite = "memory",
    .n_inputs = 1,
    .repeat = 1,
    .input = input,
    .row = row,
    .elements = elements,
    .bytes = bytes,
    .floor = copy_floor,
    .run = run_upload,
    .expect = expect,
};

static const bench_work download_work = {
    .suite = "memory",
    .n_inputs = 2,
    .repeat = 1,
    .input = input,
    .row = row,
    .elements = elements,
    .bytes = bytes,
    .floor = copy_floor,
    .run = run_download,
    .expect = expect,
    .verify = verify_download,
};

const bench_case bench_cases_transfer[] = {
    {"upload_16M", &upload_work, {{1 << 24}, {1 << 22}, {9001}}, NULL},
    {"download_16M", &download_work, {{1 << 24}, {1 << 22}, {9001}}, NULL},
    {0},
};
