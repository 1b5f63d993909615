/* The products that clgrad tune measures, and what it found. */
#ifndef CLGRAD_CLI_TUNE_PRODUCTS_H
#define CLGRAD_CLI_TUNE_PRODUCTS_H

#include "tune_worker.h"

enum { TUNE_CANDIDATES = 32, TUNE_NAME = 48 };

typedef struct tune_product {
    const char *use; /* what such a product is part of */
    bool quick;      /* part of a quick run */
    cg_product_shape shape;
} tune_product;

/* The next to be measured; NULL beyond the last. */
const tune_product *tune_product_at(int i, bool quick);

/* "128x512x784 b'" or "64 x 32x32x32"; ' for a transposed matrix. Returns text. */
const char *tune_product_name(const cg_product_shape *s, char text[TUNE_NAME]);

/* Of one product: seconds of each candidate, negative where it has none; `chosen` -1 if none was measured. */
typedef struct tune_result {
    const tune_product *product;
    int chosen;
    bool kept; /* from an earlier run */
    double seconds[TUNE_CANDIDATES];
    char why[TUNE_CANDIDATES][96]; /* why a candidate was left out, "" where it does not do this product */
} tune_result;

/* 1e9 operations a second. */
double tune_gflops(const tune_result *r, int candidate);

#endif
