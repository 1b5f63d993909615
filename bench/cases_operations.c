/*
 * Every operation of the catalog, timed: rows over 4M elements, the others at the shapes their entries name. What is
 * computed is checked on the device at the catalog's small shapes, where a naive reference can follow.
 */
#include "cases.h"
#include "catalog/catalog_operation.h"
#include "catalog/catalog_rows.h"
#include "reference/scratch.h"

#include <string.h>

enum { MAX_OPERATIONS = 512, ROW_FULL = 1 << 22, ROW_QUICK = 1 << 20 };
enum { ROW, OPERATION = BENCH_SIZES - 1 }; /* sizes of a case: the length of rows, 0 for what is none */

/* Operation i, NULL past the end; looked up once, since the catalog compares names and this is part of what is timed. */
static const catalog_operation *operation_at(int i) {
    static catalog_operation known[MAX_OPERATIONS];
    if (i >= MAX_OPERATIONS) return NULL;
    return known[i].name || catalog_operation_at(i, &known[i]) ? &known[i] : NULL;
}

static const catalog_operation *operation_of(const int64_t *size) {
    return operation_at((int)size[OPERATION]);
}

/* The dtype it is timed in: f32, or the first it takes. */
static cg_dtype dtype_of(const catalog_operation *operation) {
    int t = CG_F32;
    while (t < CG_BOOL && !catalog_operation_takes(operation, (cg_dtype)t)) t++;
    return (cg_dtype)t;
}

static int inputs_of(const catalog_operation *operation) {
    return operation->row >= 0 ? catalog_row_at(operation->row)->tensors : operation->entry->n;
}

/* Input k at the size that is timed: the entry's input with another shape. */
static catalog_input input_of(const catalog_operation *operation, const int64_t *size, int k) {
    if (operation->row >= 0) {
        const catalog_row *row = catalog_row_at(operation->row);
        return (catalog_input){.shape = cg_shape(size[ROW]), .lo = row->lo, .hi = row->hi};
    }
    catalog_input in = operation->entry->x[k];
    const bool named = operation->entry->large[0].rank > 0 || operation->entry->large[0].dim[0] > 0;
    if (named) in.shape = operation->entry->large[k];
    return in;
}

static cg_tensor *upload(const catalog_operation *operation, const int64_t *size, cg_device *dev, int k) {
    const catalog_entry entry = {.n = 1, .x = {input_of(operation, size, k)}};
    const catalog_case c = catalog_case_make(&entry, dtype_of(operation), (uint64_t)k + 1);
    cg_tensor *x = catalog_case_tensor(&c, dev, 0);
    scratch_free_all();
    return x;
}

static cg_tensor *call(const catalog_operation *operation, cg_tensor *const *x) {
    if (operation->row < 0) return operation->entry->call(x);
    const bool parameter = catalog_row_at(operation->row)->signature == CG_SIG_PARAM;
    const cg_arg second =
        parameter ? cg_arg_real(catalog_row_parameter(operation->row)) : cg_arg_tensor(x[1]);
    return catalog_row_apply(operation->row, cg_arg_tensor(x[0]), second, cg_arg_tensor(x[2]));
}

static double bytes_of_tensor(const cg_tensor *x) {
    return (double)cg_numel(x) * (double)cg_dtype_size(cg_dtype_of(x));
}

static double moved(const cg_device *dev) {
    const cg_device_stats stats = cg_device_statistics(dev);
    return (double)stats.bytes_read + (double)stats.bytes_written;
}

/* Of a call on the CPU backend: its inputs and its result, but no more than it moves. A view moves nothing. */
static double bytes_of_call(cg_device *dev, const int64_t *size) {
    const catalog_operation *operation = operation_of(size);
    cg_tensor *x[CATALOG_INPUTS] = {0};
    double sum = 0;
    for (int k = 0; k < inputs_of(operation); k++)
        sum += bytes_of_tensor(x[k] = cg_eval(upload(operation, size, dev, k)));
    const double before = moved(dev);
    sum += bytes_of_tensor(cg_eval(call(operation, x)));
    const double seen = moved(dev) - before;
    return seen < sum ? seen : sum;
}

/* Read and written once each. */
static double bytes(const int64_t *size) {
    static double known[MAX_OPERATIONS];
    static bool is_known[MAX_OPERATIONS];
    const int64_t i = size[OPERATION];
    cg_device *dev = is_known[i] ? NULL : cg_device_open("cpu");
    if (!dev) return known[i];
    known[i] = bytes_of_call(dev, size);
    is_known[i] = true;
    cg_device_close(dev);
    return known[i];
}

static bool setup(bench_job *job) {
    const int64_t *size = job->problem->size;
    const catalog_operation *operation = operation_of(size);
    for (int k = 0; k < inputs_of(operation); k++) {
        job->in[k] = cg_retain(upload(operation, size, job->dev, k));
        if (!job->in[k]) return false;
    }
    return true;
}

static cg_tensor *run(bench_job *job) { return call(operation_of(job->problem->size), job->in); }

static void verify(bench_job *job, bench_check *check) {
    const catalog_operation *operation = operation_of(job->problem->size);
    const cg_dtype t = dtype_of(operation);
    const catalog_verdict verdict = operation->row >= 0
                                        ? catalog_operation_check_row(job->dev, operation->row, t, 256)
                                        : catalog_operation_check_entry(job->dev, operation->entry, t);
    *check = (bench_check){.ok = verdict.ok, .worst = verdict.worst, .at = verdict.at};
}

static int64_t one(const int64_t *size) {
    (void)size;
    return 1;
}

static double copy_floor(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_COPY, bytes(size));
}

static const bench_work operation_work = {.suite = "ops",
                                          .numbered = true,
                                          .repeat = 1,
                                          .row = one,
                                          .elements = one,
                                          .bytes = bytes,
                                          .floor = copy_floor,
                                          .setup = setup,
                                          .run = run,
                                          .verify = verify};

const bench_case *bench_operation_at(int i) {
    static bench_case cases[MAX_OPERATIONS];
    const catalog_operation *operation = operation_at(i);
    if (!operation) return NULL;
    if (cases[i].name) return &cases[i];
    cases[i] = (bench_case){.name = operation->name, .work = &operation_work};
    for (int which = BENCH_FULL; which <= BENCH_SMALL; which++) {
        cases[i].size[which][OPERATION] = i;
        if (operation->row >= 0) cases[i].size[which][ROW] = which == BENCH_FULL ? ROW_FULL : ROW_QUICK;
    }
    return &cases[i];
}
