#include "cases_train_reference.h"

#include <math.h>
#include <stdlib.h>

cg_status bench_load_parameters(bench_job *job, int first) {
    cg_status status = CG_OK;
    for (int i = 0; status == CG_OK && i < cg_parameter_count(job->module); i++) {
        cg_tensor *p = cg_parameter(job->module, i, NULL);
        status = cg_copy_from_host(p, job->problem->in[first + i], (size_t)cg_numel(p) * sizeof(float));
    }
    return status;
}

void bench_check_gradient(const cg_tensor *x, int at, const long double *want, long double tolerance,
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
