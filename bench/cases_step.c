#include "cases_step.h"

#include <math.h>
#include <stdlib.h>

/* Puts inputs first, first + 1, ... of the problem into the parameters of job->module, in order. */
static cg_status load_parameters(bench_job *job, int first) {
    cg_status status = CG_OK;
    for (int i = 0; status == CG_OK && i < cg_parameter_count(job->module); i++) {
        cg_tensor *p = cg_parameter(job->module, i, NULL);
        status = cg_copy_from_host(p, job->problem->in[first + i], (size_t)cg_numel(p) * sizeof(float));
    }
    return status;
}

bool bench_step_setup(bench_job *job, int first) {
    if (!job->module || load_parameters(job, first) != CG_OK) return false;
    /* steps so small that the thousandth one works on ordinary numbers, too */
    job->optimizer = cg_adam(job->module, (cg_adam_options){.lr = 1e-6});
    return job->optimizer != NULL;
}

cg_tensor *bench_step_run(bench_job *job, cg_tensor *loss) {
    return cg_backward(loss) == CG_OK && cg_optimizer_step(job->optimizer) == CG_OK ? loss : NULL;
}

double bench_step_floor(double flops, double parameters, const machine_limits *limits) {
    const double adam_bytes = 28; /* p, m and v read and written, g read */
    return flops / limits->flops + machine_seconds(limits, MACHINE_TRIAD, adam_bytes * parameters);
}

/* Holds the gradient x of parameter `at` against the reference: both as vectors, x is off by its distance from that. */
static void check_gradient(const cg_tensor *x, int at, const long double *want, long double tolerance,
                           bench_check *check) {
    size_t bytes = (size_t)cg_numel(x) * sizeof(float);
    float *got = malloc(bytes ? bytes : 1);
    if (!x || !got || cg_to_host(x, got, bytes) != CG_OK) {
        check->ok = false;
    } else {
        long double distance = 0, length = 0;
        for (int64_t i = 0; i < cg_numel(x); i++) {
            long double d = got[i] - want[i];
            distance += d * d, length += want[i] * want[i];
        }
        bench_check_value(check, at, sqrtl(distance), 0, tolerance * sqrtl(length));
    }
    free(got);
}

void bench_step_verify(bench_job *job, int first, cg_tensor *(*loss_of)(bench_job *),
                       const bench_step_reference *want, bench_check *check) {
    cg_scope *scope = cg_scope_begin(job->dev);
    double loss = 0;
    cg_tensor *y = load_parameters(job, first) == CG_OK ? loss_of(job) : NULL;
    check->ok = cg_parameter_count(job->module) <= BENCH_PARAMETERS && cg_item(y, &loss) == CG_OK &&
                cg_backward(y) == CG_OK;
    if (check->ok) bench_check_value(check, -1, loss, want->loss, 1e-5L * want->loss);
    for (int i = 0; check->ok && i < cg_parameter_count(job->module); i++)
        check_gradient(cg_grad_of(cg_parameter(job->module, i, NULL)), i, want->gradient[i], want->tolerance,
                       check);
    cg_module_zero_grad(job->module);
    cg_scope_end(scope);
}

ref_array bench_reference_input(const bench_problem *problem, int i, int64_t samples) {
    cg_dims shape = problem->what->work->input(problem->size, i).shape;
    if (samples > 0 && samples < shape.dim[0]) shape.dim[0] = samples;
    ref_array x = ref_array_new(shape.rank, shape.dim);
    for (int64_t e = 0; e < x.n; e++) x.v[e] = problem->in[i][e];
    return x;
}

ref_array bench_reference_linear(ref_array x, ref_array w, ref_array b) {
    const int64_t k = w.shape[0], n = w.shape[1], rows = x.n / k;
    ref_array y = ref_array_new(2, (const int64_t[]){rows, n});
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < n; j++) y.v[i * n + j] = b.v[j];
        for (int64_t l = 0; l < k; l++)
            for (int64_t j = 0; j < n; j++) y.v[i * n + j] += x.v[i * k + l] * w.v[l * n + j];
    }
    return y;
}

ref_array bench_reference_linear_back(ref_array x, ref_array w, ref_array g, ref_array *dw, ref_array *db) {
    const int64_t k = w.shape[0], n = w.shape[1];
    ref_array dx = ref_array_like(x);
    *dw = ref_array_like(w);
    *db = ref_array_new(1, &n);
    for (int64_t i = 0; i < x.n / k; i++) {
        for (int64_t j = 0; j < n; j++) db->v[j] += g.v[i * n + j];
        for (int64_t l = 0; l < k; l++)
            for (int64_t j = 0; j < n; j++) {
                dw->v[l * n + j] += x.v[i * k + l] * g.v[i * n + j];
                dx.v[i * k + l] += g.v[i * n + j] * w.v[l * n + j];
            }
    }
    return dx;
}
