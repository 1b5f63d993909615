#include "reference/reference.h"

#include <math.h>

void ref_matmul(int64_t m, int64_t n, int64_t k, const long double *a, const long double *b, long double *c,
                long double *size) {
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            long double sum = 0, sum_abs = 0;
            for (int64_t l = 0; l < k; l++) {
                long double product = a[i * k + l] * b[l * n + j];
                sum += product;
                sum_abs += fabsl(product);
            }
            c[i * n + j] = sum;
            if (size) size[i * n + j] = sum_abs;
        }
}
