/* What a call costs: operations on 8 floats, where the arithmetic is nothing. */
#include "cases.h"

#include <math.h>

/* Operations in one scope, about as many as a training step has. */
enum { REPEAT = 16 };

static bench_input input(const int64_t *size, int i) {
    return (bench_input){cg_shape(size[0]), i == 0 ? -2 : 1, 3};
}

static int64_t elements(const int64_t *size) { return size[0]; }

static cg_tensor *run_add(bench_job *job) {
    cg_tensor *y = NULL;
    for (int i = 0; i < REPEAT; i++) y = cg_eval(cg_add(job->in[0], job->in[1]));
    return y;
}

static void expect_add(bench_problem *p, int64_t row) {
    (void)row;
    for (int64_t i = 0; i < p->size[0]; i++) {
        p->want[i] = (long double)p->in[0][i] + p->in[1][i];
        p->allowed[i] = BENCH_U * fabsl(p->want[i]);
    }
}

static bool require_gradient(bench_job *job) { return cg_require_grad(job->in[0], true) != NULL; }

/* sum(x w) and its gradient w, both computed each time. */
static cg_tensor *run_backward(bench_job *job) {
    cg_tensor *x = job->in[0];
    for (int i = 0; i < REPEAT; i++) {
        cg_scope *scope = cg_scope_begin(job->dev);
        cg_zero_grad(x);
        cg_tensor *y = cg_sum(cg_mul(x, job->in[1]), CG_ALL_AXES, false);
        bool ok = cg_eval(y) && cg_backward(y) == CG_OK && cg_eval(cg_grad_of(x));
        cg_scope_end(scope);
        if (!ok) return NULL;
    }
    return cg_grad_of(x);
}

static void expect_backward(bench_problem *p, int64_t row) {
    (void)row;
    for (int64_t i = 0; i < p->size[0]; i++) p->want[i] = p->in[1][i], p->allowed[i] = 0;
}

static const bench_work add_work = {
    .suite = "overhead",
    .n_inputs = 2,
    .repeat = REPEAT,
    .input = input,
    .row = elements,
    .elements = elements,
    .run = run_add,
    .expect = expect_add,
};

static const bench_work backward_work = {
    .suite = "overhead",
    .n_inputs = 2,
    .repeat = REPEAT,
    .input = input,
    .row = elements,
    .elements = elements,
    .setup = require_gradient,
    .run = run_backward,
    .expect = expect_backward,
};

const bench_case bench_cases_overhead[] = {
    {"add_8", &add_work, {{8}, {0}, {8}}, NULL},
    {"mul_sum_backward_8", &backward_work, {{8}, {0}, {8}}, NULL},
    {0},
};
