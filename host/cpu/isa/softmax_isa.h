/* Inner loops of softmax and cross-entropy over (part of) a row. */
#ifndef CLGRAD_HOST_CPU_ISA_SOFTMAX_ISA_H
#define CLGRAD_HOST_CPU_ISA_SOFTMAX_ISA_H

#include <stddef.h>

/*
 * Values pass as double, which holds every T. Lengths are > 0; out may be x itself.
 * The order of the sums is fixed, the same in every instruction set.
 */
enum {
    CG_SOFTMAX_ROWS = 16,  /* short rows that are done side by side */
    CG_SOFTMAX_SHORT = 256 /* the most bytes of one: all its elements go to different partial sums */
};

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
    /* The same of short rows, contiguous and at most CG_SOFTMAX_ROWS; max, sum and log_sum have room for so many T. */
    void (*short_exp_sum)(const void *x, ptrdiff_t rows, ptrdiff_t n, void *out, void *max, void *sum);
    void (*short_scale)(const void *x, ptrdiff_t rows, ptrdiff_t n, const void *sum, void *out);
    void (*short_log_shift)(const void *x, ptrdiff_t rows, ptrdiff_t n, const void *max, const void *log_sum,
                            void *out);
    /* log_sum[i] = log sum[i] of CG_SOFTMAX_ROWS, as `log` gives it */
    void (*short_log)(const void *sum, void *log_sum);
} cg_softmax_isa;

#endif
