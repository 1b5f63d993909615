/* Inner loops of attention over part of a row of scores or of features, beside those of softmax and of products. */
#ifndef CLGRAD_HOST_CPU_ISA_ATTENTION_ISA_H
#define CLGRAD_HOST_CPU_ISA_ATTENTION_ISA_H

#include <stddef.h>
#include <stdint.h>

/* Values pass as double, which holds every T. Lengths are > 0. No value depends on the width of a vector. */
typedef struct cg_attention_isa {
    /* s = s scale */
    void (*scale)(void *s, double scale, ptrdiff_t n);
    /* s = s scale + mask, or -inf where mask is -inf: mask of T, or, mask_bytes, 0 for -inf and else for 0 */
    void (*mask)(void *s, double scale, const void *mask, ptrdiff_t stride, ptrdiff_t n);
    void (*mask_bytes)(void *s, double scale, const uint8_t *mask, ptrdiff_t stride, ptrdiff_t n);
    /* o = o factor + t */
    void (*accumulate)(void *o, double factor, const void *t, ptrdiff_t n);
    /* ds = p (ds - delta) scale */
    void (*slope)(void *ds, const void *p, double delta, double scale, ptrdiff_t n);
} cg_attention_isa;

#endif
