/* Inner loops of softmax and cross-entropy over (part of) a row. */
#ifndef CLGRAD_HOST_CPU_ISA_SOFTMAX_ISA_H
#define CLGRAD_HOST_CPU_ISA_SOFTMAX_ISA_H

#include <stddef.h>

/*
 * Values pass as double, which holds every T. Lengths are > 0; out may be x itself.
 * The order of the sums is fixed, the same in every instruction set.
 */
typedef struct cg_softmax_isa {
    /* The largest element that is not NaN, -inf if there is none. */
    double (*max)(const void *x, ptrdiff_t n);
    /* out = exp(x - max), and its sum; out may be NULL. */
    double (*exp_sum)(const void *x, double max, void *out, ptrdiff_t n);
    /* out = x factor */
    void (*scale)(const void *x, double factor, void *out, ptrdiff_t n);
    /* out = (x - max) - log_sum */
    void (*log_shift)(const void *x, double max, double log_sum, void *out, ptrdiff_t n);
    /* log x, rounded to T */
    double (*log)(double x);
} cg_softmax_isa;

#endif
