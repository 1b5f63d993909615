#include "cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROWS_CHECKED = 16 };

/* --- The list ------------------------------------------------------------------------------------------- */

const bench_case *bench_case_at(int i) {
    static const bench_case *const lists[] = {
        bench_cases_matmul, bench_cases_map,         bench_cases_reduce,   bench_cases_order,
        bench_cases_linalg, bench_cases_distances,   bench_cases_conv,     bench_cases_random,
        bench_cases_train,  bench_cases_overhead,    bench_cases_networks, bench_cases_losses,
        bench_cases_lenet,  bench_cases_transformer, bench_cases_transfer, bench_cases_start};
    for (size_t list = 0; list < sizeof lists / sizeof *lists; list++)
        for (const bench_case *what = lists[list]; what->name; what++)
            if (i-- == 0) return what;
    return NULL;
}

const char *bench_case_title(const bench_case *what) {
    static char title[64];
    snprintf(title, sizeof title, "%s/%s", what->work->suite, what->name);
    return title;
}

const int64_t *bench_case_size(const bench_case *what, bench_size which) {
    return which == BENCH_QUICK && what->size[BENCH_QUICK][0] == 0 ? what->size[BENCH_FULL]
                                                                   : what->size[which];
}

int bench_case_sizes(const bench_case *what) { return what->work->numbered ? BENCH_SIZES - 1 : BENCH_SIZES; }

/* --- Host data ------------------------------------------------------------------------------------------ */

/* Splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t random_bits(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int64_t count(cg_dims shape) {
    int64_t n = 1;
    for (int i = 0; i < shape.rank; i++) n *= shape.dim[i];
    return n;
}

static float *random_floats(bench_input input, uint64_t seed) {
    int64_t n = count(input.shape);
    float *x = malloc((size_t)n * sizeof *x);
    for (int64_t i = 0; x && i < n; i++)
        x[i] = (float)(input.low + (input.high - input.low) * ((double)(random_bits(&seed) >> 40) * 0x1p-24));
    return x;
}

static int32_t *random_labels(int64_t n, int64_t classes) {
    uint64_t seed = 7;
    int32_t *label = malloc((size_t)n * sizeof *label);
    for (int64_t i = 0; label && i < n; i++) label[i] = (int32_t)(random_bits(&seed) % (uint64_t)classes);
    return label;
}

static bool fill(bench_problem *p) {
    const bench_work *work = p->what->work;
    for (int i = 0; i < work->n_inputs; i++) {
        p->in[i] = random_floats(work->input(p->size, i), (uint64_t)i + 1);
        if (!p->in[i]) return false;
    }
    if (work->labels) {
        int64_t classes, n = work->labels(p->size, &classes);
        p->label = random_labels(n, classes);
        if (!p->label) return false;
    }
    size_t row = (size_t)work->row(p->size);
    p->want = calloc(row, sizeof *p->want);
    p->allowed = calloc(row, sizeof *p->allowed);
    return p->want && p->allowed;
}

bench_problem *bench_problem_new(const bench_case *what, bench_size which) {
    bench_problem *problem = calloc(1, sizeof *problem);
    if (!problem) return NULL;
    problem->what = what;
    problem->size = bench_case_size(what, which);
    if (fill(problem)) return problem;
    bench_problem_free(problem);
    return NULL;
}

void bench_problem_free(bench_problem *problem) {
    if (!problem) return;
    for (int i = 0; i < BENCH_INPUTS; i++) free(problem->in[i]);
    free(problem->label);
    free(problem->want);
    free(problem->allowed);
    free(problem->wide);
    free(problem);
}

long double *bench_wide(bench_problem *problem, int64_t n) {
    if (!problem->wide) problem->wide = calloc((size_t)n, sizeof *problem->wide);
    return problem->wide;
}

/* --- The reference -------------------------------------------------------------------------------------- */

int64_t bench_rows(const bench_problem *problem) {
    const bench_work *work = problem->what->work;
    int64_t row = work->row(problem->size);
    return (work->elements(problem->size) + row - 1) / row;
}

int64_t bench_row_elements(const bench_problem *problem, int64_t row) {
    const bench_work *work = problem->what->work;
    int64_t length = work->row(problem->size), left = work->elements(problem->size) - row * length;
    return left < length ? left : length;
}

double bench_reference(bench_problem *problem, double budget, bool *whole) {
    int64_t rows = bench_rows(problem), row = 0;
    double start = bench_now(), seconds = 0;
    while (row < rows && seconds <= budget) {
        problem->what->work->expect(problem, row++);
        seconds = bench_now() - start;
    }
    *whole = row == rows;
    return seconds * (double)rows / (double)row;
}

void bench_check_value(bench_check *check, int64_t at, long double got, long double want,
                       long double allowed) {
    long double error = fabsl(got - want);
    double ratio = error == 0 ? 0 : (double)(error / allowed);
    if (!(ratio <= check->worst)) { /* true for NaN, too */
        *check = (bench_check){check->ok, ratio, at, (double)got, (double)want};
        if (!(ratio <= 1)) check->ok = false;
    }
}

static void verify_rows(bench_job *job, const float *got, bench_check *check) {
    bench_problem *p = job->problem;
    int64_t rows = bench_rows(p), checked = rows < ROWS_CHECKED ? rows : ROWS_CHECKED;
    for (int64_t i = 0; i < checked; i++) {
        int64_t row = checked == 1 ? 0 : i * (rows - 1) / (checked - 1);
        int64_t first = row * p->what->work->row(p->size), n = bench_row_elements(p, row);
        p->what->work->expect(p, row);
        for (int64_t j = 0; j < n; j++)
            bench_check_value(check, first + j, got[first + j], p->want[j], p->allowed[j]);
    }
}

bool bench_verify(bench_job *job, bench_check *check) {
    *check = (bench_check){.ok = true};
    const bench_work *work = job->problem->what->work;
    if (work->verify) {
        work->verify(job, check);
        return cg_error_code(job->dev) == CG_OK;
    }
    size_t bytes = (size_t)work->elements(job->problem->size) * sizeof(float);
    float *got = malloc(bytes);
    bool read = got && cg_to_host(job->out, got, bytes) == CG_OK;
    if (read) verify_rows(job, got, check);
    free(got);
    return read;
}

/* --- On a device ---------------------------------------------------------------------------------------- */

bool bench_job_begin(bench_job *job, bench_problem *problem, cg_device *dev) {
    *job = (bench_job){.problem = problem, .dev = dev};
    const bench_work *work = problem->what->work;
    cg_scope *scope = cg_scope_begin(dev);
    bool ok = scope != NULL;
    for (int i = 0; ok && i < work->n_inputs; i++) {
        job->in[i] = cg_retain(cg_from_f32(dev, work->input(problem->size, i).shape, problem->in[i]));
        ok = job->in[i] != NULL;
    }
    if (ok && work->labels) {
        int64_t classes;
        cg_dims shape = cg_shape(work->labels(problem->size, &classes));
        job->label = cg_retain(cg_from_i32(dev, shape, problem->label));
        ok = job->label != NULL;
    }
    if (ok && work->setup) ok = work->setup(job);
    cg_scope_end(scope);
    return ok;
}

void bench_job_end(bench_job *job) {
    for (int i = 0; i < BENCH_INPUTS; i++) cg_release(job->in[i]);
    cg_release(job->label);
    cg_release(job->out);
    cg_recording_free(job->recording);
    cg_optimizer_free(job->optimizer);
    cg_module_free(job->module);
    *job = (bench_job){0};
}

bool bench_run(bench_job *job, bool keep) {
    cg_scope *scope = cg_scope_begin(job->dev);
    cg_tensor *out = cg_eval(job->problem->what->work->run(job));
    if (out && keep) {
        cg_release(job->out);
        job->out = cg_retain(out);
    }
    cg_scope_end(scope);
    return out != NULL;
}

double bench_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
