/*
 * Every operation of the catalog, timed: rows over 4M elements, the others at the shapes their entries name. What is
 * computed is checked on the device at the catalog's small shapes, where a naive reference can follow.
 */
#include "cases.h"
#include "catalog/catalog_operation.h"
#include "catalog/catalog_rows.h"
#include "reference/scratch.h"

#include <string.h>

enum { MAX_OPERATIONS = 512, OPERATION = 0, ROW_FULL = 1 << 22, ROW_QUICK = 1 << 20 };

/* size[OPERATION] numbers the operation, size[1] is the length of rows. */
static catalog_operation operation_of(const int64_t *size) {
    catalog_operation operation;
    catalog_operation_at((int)size[OPERATION], &operation);
    return operation;
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
        return (catalog_input){.shape = cg_shape(size[1]), .lo = row->lo, .hi = row->hi};
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

/* Read and written once each: the inputs, and the result as the CPU backend gives it. */
static double bytes(const int64_t *size) {
    static double known[MAX_OPERATIONS];
    double *sum = &known[size[OPERATION]];
    const catalog_operation operation = operation_of(size);
    cg_device *dev = *sum == 0 ? cg_device_open("cpu") : NULL;
    if (!dev) return *sum;
    cg_tensor *x[CATALOG_INPUTS] = {0};
    for (int k = 0; k < inputs_of(&operation); k++)
        *sum += bytes_of_tensor(x[k] = upload(&operation, size, dev, k));
    *sum += bytes_of_tensor(call(&operation, x));
    cg_device_close(dev);
    return *sum;
}

static bool setup(bench_job *job) {
    const int64_t *size = job->problem->size;
    const catalog_operation operation = operation_of(size);
    for (int k = 0; k < inputs_of(&operation); k++) {
        job->in[k] = cg_retain(upload(&operation, size, job->dev, k));
        if (!job->in[k]) return false;
    }
    return true;
}

static cg_tensor *run(bench_job *job) {
    const catalog_operation operation = operation_of(job->problem->size);
    return call(&operation, job->in);
}

static void verify(bench_job *job, bench_check *check) {
    const catalog_operation operation = operation_of(job->problem->size);
    const cg_dtype t = dtype_of(&operation);
    const catalog_verdict verdict = operation.row >= 0
                                        ? catalog_operation_check_row(job->dev, operation.row, t, 256)
                                        : catalog_operation_check_entry(job->dev, operation.entry, t);
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
    catalog_operation operation;
    if (i >= MAX_OPERATIONS || !catalog_operation_at(i, &operation)) return NULL;
    cases[i] = (bench_case){.name = operation.name,
                            .work = &operation_work,
                            .size = {{i, ROW_FULL}, {i, ROW_QUICK}, {i, ROW_QUICK}}};
    return &cases[i];
}
