/* What the checks of training steps share: weights, layers and their gradients in long double, comparison of gradients. */
#ifndef CLGRAD_BENCH_TRAIN_REFERENCE_H
#define CLGRAD_BENCH_TRAIN_REFERENCE_H

#include "cases.h"
#include "reference/ref_array.h"

/* Puts inputs first, first + 1, ... of the problem into the parameters of job->module, in order. */
cg_status bench_load_parameters(bench_job *job, int first);

/*
 * Holds the gradient x of parameter `at` against the reference. It is off by its distance from that, both taken as
 * vectors: rounding puts a few units on the other side of relu's corner; where there are many units, one or two of them
 * are to be expected.
 */
void bench_check_gradient(const cg_tensor *x, int at, const long double *want, long double tolerance,
                          bench_check *check);

/* Input i of the problem; of one with more than `samples` along its first axis, the first ones (0: all). */
ref_array bench_reference_input(const bench_problem *problem, int i, int64_t samples);

/* x w + b for x (..., K), w (K, N), b (N) -> (rows of x, N). */
ref_array bench_reference_linear(ref_array x, ref_array w, ref_array b);

/* From the gradient of that: those of w and b, and as the result that of x, in its shape. */
ref_array bench_reference_linear_back(ref_array x, ref_array w, ref_array g, ref_array *dw, ref_array *db);

#endif
