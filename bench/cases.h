/*
 * The benchmark's cases. One description serves twice: clgrad bench times it at its full size, and the test
 * bench_cases checks it against reference at its small size, on every device.
 *
 * A bench_work is what is computed (a product, a map, a training step), a bench_case is that at given sizes.
 * A bench_problem is a case with its host data, made once; a bench_job is a problem on one device.
 */
#ifndef CLGRAD_BENCH_CASES_H
#define CLGRAD_BENCH_CASES_H

#include "clgrad/clgrad.h"
#include "machine_limits.h"

enum { BENCH_SIZES = 6, BENCH_INPUTS = 20 };

typedef struct bench_case bench_case;

/* A case's inputs on the host, and room for what the reference expects. */
typedef struct bench_problem {
    const bench_case *what;
    const int64_t *size;
    float *in[BENCH_INPUTS]; /* row-major, uniform in the range that bench_work.input gives */
    int32_t *label;
    long double *want, *allowed; /* of one row: the exact values, and the largest error of each */
    long double *wide;           /* what the reference keeps from row to row: bench_wide makes it */
} bench_problem;

/* A problem on a device. What is NULL is not used. */
typedef struct bench_job {
    bench_problem *problem;
    cg_device *dev;
    cg_tensor *in[BENCH_INPUTS], *label;
    cg_tensor *out; /* the result of the last bench_run that was to keep it */
    cg_module *module;
    cg_optimizer *optimizer;
    cg_recording *recording;
    const char *why; /* what went wrong outside of the device */
} bench_job;

/* How far a result is from the reference. */
typedef struct bench_check {
    bool ok;
    double worst; /* the largest |got - want| / allowed: at most 1 passes */
    int64_t at;   /* where: element, or parameter of a network */
    double got, want;
} bench_check;

/* An input's shape, and the range of its values. */
typedef struct bench_input {
    cg_dims shape;
    double low, high;
} bench_input;

/* What is computed. The functions of one size return what holds for it. */
typedef struct bench_work {
    const char *suite;
    bool numbered; /* the last size is a number that finds the case, and no size */
    int n_inputs;
    int repeat; /* operations of one run; its time is divided by it */
    bench_input (*input)(const int64_t *size, int i);
    int64_t (*labels)(const int64_t *size, int64_t *classes); /* how many there are; NULL for none */
    int64_t (*row)(const int64_t *size);                      /* elements of a row of the result */
    int64_t (*elements)(const int64_t *size);                 /* elements of the result */
    double (*flops)(const int64_t *size);                     /* NULL: counted in bytes, or not at all */
    double (*bytes)(const int64_t *size);                     /* read and written once each */
    double
        intensity; /* operations per byte where flops is NULL; a function such as exp counts as one; 0: not known */
    double (*floor)(const int64_t *size, const machine_limits *limits); /* seconds; NULL: no bound is known */
    bool (*setup)(bench_job *job);     /* after the upload of the inputs; NULL for none */
    bool (*before)(bench_job *job);    /* before each run, not timed; NULL for none */
    cg_tensor *(*run)(bench_job *job); /* what is timed; owned by the scope around it */
    void (*expect)(bench_problem *problem,
                   int64_t row); /* the reference: want and allowed of a row; NULL for none */
    void (*verify)(bench_job *job, bench_check *check); /* NULL: bench_job.out row by row */
} bench_work;

typedef enum bench_size { BENCH_FULL, BENCH_QUICK, BENCH_SMALL } bench_size;

struct bench_case {
    const char *name;
    const bench_work *work;
    int64_t size[3][BENCH_SIZES]; /* by bench_size; no quick size: the full one */
    const char *row_name;         /* cases of rows: the row; NULL elsewhere */
};

/* The cases in order; NULL after the last. */
const bench_case *bench_case_at(int i);

/* The same for the operations of the catalog, each by itself, 512 at most: the suite "ops". */
const bench_case *bench_operation_at(int i);

/* "matmul/512x512x512" in a static buffer. */
const char *bench_case_title(const bench_case *what);

/* The size of a case that is measured or tested, and how many of its BENCH_SIZES numbers are sizes. */
const int64_t *bench_case_size(const bench_case *what, bench_size which);
int bench_case_sizes(const bench_case *what);

/* Makes a problem; NULL without memory. */
bench_problem *bench_problem_new(const bench_case *what, bench_size which);
void bench_problem_free(bench_problem *problem);

/* problem->wide with room for n zeros, made by the first call; NULL without memory. */
long double *bench_wide(bench_problem *problem, int64_t n);

/* The rows of the result, and how many elements row `row` has. */
int64_t bench_rows(const bench_problem *problem);
int64_t bench_row_elements(const bench_problem *problem, int64_t row);

/*
 * Computes every row by the reference, until that takes longer than `budget` seconds: returns the seconds it
 * took, or what it would take, and in *whole whether it came to the end.
 */
double bench_reference(bench_problem *problem, double budget, bool *whole);

/* Puts a problem on a device. False: cg_error_message(dev) says why. bench_job_end in any case. */
bool bench_job_begin(bench_job *job, bench_problem *problem, cg_device *dev);
void bench_job_end(bench_job *job);

/* One run, `keep` keeps its result in job->out. The device may still be at work afterwards. */
bool bench_run(bench_job *job, bool keep);

/* Compares job->out (from the first run) with the reference: at most 16 rows, evenly spread. */
bool bench_verify(bench_job *job, bench_check *check);

/* Notes the error of one value in `check`. */
void bench_check_value(bench_check *check, int64_t at, long double got, long double want,
                       long double allowed);

/* Seconds on a clock that only goes forward. */
double bench_now(void);

/* The unit roundoff of f32. */
#define BENCH_U 0x1p-24L

/* The lists that bench_case_at goes through; each ends with a case without a name. */
extern const bench_case bench_cases_matmul[], bench_cases_map[], bench_cases_reduce[], bench_cases_order[],
    bench_cases_linalg[], bench_cases_distances[], bench_cases_conv[], bench_cases_random[],
    bench_cases_train[], bench_cases_overhead[], bench_cases_networks[], bench_cases_losses[],
    bench_cases_lenet[], bench_cases_transformer[], bench_cases_transfer[], bench_cases_start[];

#endif
