/* What the cases of training steps share: how a step is set up, done and checked, and layers in long double. */
#ifndef CLGRAD_BENCH_CASES_STEP_H
#define CLGRAD_BENCH_CASES_STEP_H

#include "cases.h"
#include "reference/ref_array.h"

/* Parameters whose gradients a case compares, at most. */
enum { BENCH_PARAMETERS = 16 };

/* What the first step must come to. */
typedef struct bench_step_reference {
    long double loss;
    const long double *gradient[BENCH_PARAMETERS]; /* in the order of the module's parameters */
    /*
     * How far a gradient may be off, as a vector and relative to its length: rounding puts a few units on the other side
     * of relu's corner; where there are many units, one or two of them are to be expected.
     */
    long double tolerance;
} bench_step_reference;

/* Once job->module is made: its parameters are inputs first, first + 1, ... of the problem, its optimizer is Adam. */
bool bench_step_setup(bench_job *job, int first);

/* The gradients of the loss, and a step of the optimizer; returns the loss. */
cg_tensor *bench_step_run(bench_job *job, cg_tensor *loss);

/* Seconds: the operations at the best rate, then Adam's traffic. */
double bench_step_floor(double flops, double parameters, const machine_limits *limits);

/* Loss and gradients at the first weights; Adam itself is another case's. */
void bench_step_verify(bench_job *job, int first, cg_tensor *(*loss_of)(bench_job *),
                       const bench_step_reference *want, bench_check *check);

/* Input i of the problem; of one with more than `samples` along its first axis, the first ones (0: all). */
ref_array bench_reference_input(const bench_problem *problem, int i, int64_t samples);

/* x w + b for x (..., K), w (K, N), b (N) -> (rows of x, N). */
ref_array bench_reference_linear(ref_array x, ref_array w, ref_array b);

/* From the gradient of that: those of w and b, and as the result that of x, in its shape. */
ref_array bench_reference_linear_back(ref_array x, ref_array w, ref_array g, ref_array *dw, ref_array *db);

#endif
