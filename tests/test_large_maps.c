/* Maps whose results are larger than the last cache, which they bypass on the CPU. */
#include "host/cpu/cpu.h"
#include "support/device_test.h"

/* Rows of an odd length, so that few begin at a line of memory; all sums are exact. */
CPU_TEST(large_maps, results_past_the_cache) {
    enum { COLUMNS = 1003, MOST = 16 << 20 };
    const int64_t limit = cg_cpu_stream_limit() / (int64_t)sizeof(float), most = limit < MOST ? limit : MOST;
    const int64_t rows = most / COLUMNS + 2, n = rows * COLUMNS;
    float *x = scratch((size_t)n * sizeof *x), *row = scratch(COLUMNS * sizeof *row),
          *column = scratch((size_t)rows * sizeof *column);
    for (int64_t i = 0; i < n; i++) x[i] = (float)(i % 4093);
    for (int j = 0; j < COLUMNS; j++) row[j] = (float)(j % 7) - 3000;
    cg_tensor *a = cg_from_f32(dev, cg_shape(rows, COLUMNS), x),
              *b = cg_from_f32(dev, cg_shape(COLUMNS), row);
    float *got = scratch((size_t)n * sizeof *got);
    CHECK(cg_to_host(cg_relu(cg_add(a, b)), got, (size_t)n * sizeof *got) == CG_OK);
    int64_t wrong = 0;
    for (int64_t i = 0; i < n; i++) {
        const float sum = x[i] + row[i % COLUMNS];
        wrong += got[i] != (sum > 0 ? sum : 0);
    }
    CHECK_MSG(wrong == 0, "%lld of %lld are wrong", (long long)wrong, (long long)n);
    CHECK(cg_to_host(cg_neg(a), got, (size_t)n * sizeof *got) == CG_OK);
    for (int64_t i = 0; i < n; i++) wrong += got[i] != -x[i];
    CHECK_MSG(wrong == 0, "%lld of %lld are wrong", (long long)wrong, (long long)n);
    for (int64_t i = 0; i < rows; i++) column[i] = (float)(i % 5);
    cg_tensor *c = cg_from_f32(dev, cg_shape(rows, 1), column);
    cg_tensor *large = cg_gt(a, cg_full(dev, CG_F32, cg_shape(1), 2000));
    cg_tensor *y = cg_where(large, cg_add(cg_mul(a, b), c), c);
    CHECK(cg_to_host(y, got, (size_t)n * sizeof *got) == CG_OK);
    for (int64_t i = 0; i < n; i++) {
        const float at = column[i / COLUMNS];
        wrong += got[i] != (x[i] > 2000 ? x[i] * row[i % COLUMNS] + at : at);
    }
    CHECK_MSG(wrong == 0, "%lld of %lld are wrong", (long long)wrong, (long long)n);
}
