#include "tune_products.h"

#include <stdio.h>

/* batch, m, n, k, a transposed, b transposed */
static const tune_product products[] = {
    {"layer, batch 128", true, {1, 128, 512, 784, false, false}},
    {"gradient of its weight", true, {1, 784, 512, 128, true, false}},
    {"gradient of its input", true, {1, 128, 784, 512, false, true}},
    {"layer, one sample", true, {1, 1, 512, 784, false, false}},
    {"its input, one sample", true, {1, 1, 784, 512, false, true}},
    {"matrices of one tile", true, {256, 64, 64, 64, false, false}},
    {"few results, deep sum", true, {1, 64, 64, 16384, true, false}},
    {"square", true, {1, 1024, 1024, 1024, false, false}},
    {"layer, batch 8", false, {1, 8, 512, 784, false, false}},
    {"layer, batch 32", false, {1, 32, 512, 784, false, false}},
    {"layer, batch 1024", false, {1, 1024, 512, 784, false, false}},
    {"gradient of its weight", false, {1, 784, 512, 1024, true, false}},
    {"gradient of its input", false, {1, 1024, 784, 512, false, true}},
    {"inner layer, batch 128", false, {1, 128, 256, 512, false, false}},
    {"gradient of its weight", false, {1, 512, 256, 128, true, false}},
    {"gradient of its input", false, {1, 128, 512, 256, false, true}},
    {"10 classes, batch 128", false, {1, 128, 10, 256, false, false}},
    {"scores of attention", false, {64, 128, 128, 64, false, true}},
    {"values of attention", false, {64, 128, 64, 128, false, false}},
    {"small matrices", false, {1024, 32, 32, 32, false, false}},
    {"transformer layer", false, {1, 2048, 1024, 256, false, false}},
    {"square", false, {1, 256, 256, 256, false, false}},
    {"square", false, {1, 512, 512, 512, false, false}},
    {"square", false, {1, 2048, 2048, 2048, false, false}},
    {"square", false, {1, 4096, 4096, 4096, false, false}},
};

const tune_product *tune_product_at(int i, bool quick) {
    for (size_t p = 0; p < sizeof products / sizeof *products; p++)
        if ((products[p].quick || !quick) && i-- == 0) return &products[p];
    return NULL;
}

const char *tune_product_name(const cg_product_shape *s, char text[TUNE_NAME]) {
    int at = s->batch > 1 ? snprintf(text, TUNE_NAME, "%lld x ", (long long)s->batch) : 0;
    snprintf(text + at, TUNE_NAME - (size_t)at, "%lldx%lldx%lld%s%s", (long long)s->m, (long long)s->n,
             (long long)s->k, s->a_transposed ? " a'" : "", s->b_transposed ? " b'" : "");
    return text;
}

double tune_gflops(const tune_result *r, int candidate) {
    const cg_product_shape *s = &r->product->shape;
    const double work = 2.0 * (double)s->batch * (double)s->m * (double)s->n * (double)s->k;
    return r->seconds[candidate] > 0 ? work / r->seconds[candidate] * 1e-9 : 0;
}
