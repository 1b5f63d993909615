/* Numbers from the device's generator: each call takes the next stream. */
#include "clgrad/random.h"

#include <stdlib.h>

#include "clgrad/manipulation.h"
#include "clgrad/ops.h"
#include "core/shape.h"
#include "random/random_host.h"
#include "tensor/context.h"

void cg_seed(cg_device *dev, uint64_t seed) { cg_seed_set(dev, seed, 0); }

void cg_seed_get(const cg_device *dev, uint64_t *seed, uint64_t *stream) {
    *seed = dev ? dev->seed : 0;
    *stream = dev ? dev->next_stream : 0;
}

void cg_seed_set(cg_device *dev, uint64_t seed, uint64_t stream) {
    if (!dev) return;
    dev->seed = seed;
    dev->next_stream = stream;
}

static cg_tensor *draw(cg_device *dev, const char *op, cg_random_kind kind, cg_dtype dtype,
                       const cg_dims *shape) {
    if (!cg_dtype_is_float(dtype)) {
        CG_FAIL(&dev->error, CG_ERROR_DTYPE, "%s: expected f32 or f64, got %s", op, cg_dtype_name(dtype));
        return NULL;
    }
    cg_tensor *x = cg_tensor_make(dev, op, dtype, shape);
    if (!x) return NULL;
    cg_random_request r = {.kind = kind,
                           .dtype = dtype,
                           .seed = dev->seed,
                           .stream = dev->next_stream++,
                           .n = x->storage->numel,
                           .buffer = x->storage->buffer};
    return cg_hw_random(dev->hw, &r) ? NULL : x;
}

cg_tensor *cg_uniform(cg_device *dev, cg_dtype dtype, cg_dims shape, double low, double high) {
    if (!dev) return NULL;
    cg_tensor *u = draw(dev, "uniform", CG_RANDOM_UNIFORM, dtype, &shape);
    return low == 0 && high == 1 ? u : cg_add(cg_mul(u, high - low), low);
}

cg_tensor *cg_normal(cg_device *dev, cg_dtype dtype, cg_dims shape, double mean, double std) {
    if (!dev) return NULL;
    cg_tensor *z = draw(dev, "normal", CG_RANDOM_NORMAL, dtype, &shape);
    return mean == 0 && std == 1 ? z : cg_add(cg_mul(z, std), mean);
}

/* Fisher and Yates: element i changes places with one of 0..i. */
static void shuffle(int64_t *index, int64_t n, uint64_t seed, uint64_t stream) {
    for (int64_t i = 0; i < n; i++) index[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)(cg_random_double(seed, stream, (uint64_t)i) * (double)(i + 1));
        int64_t t = index[i];
        index[i] = index[j];
        index[j] = t;
    }
}

cg_tensor *cg_permutation(cg_device *dev, int64_t n) {
    if (!dev) return NULL;
    cg_dims shape = cg_shape(n);
    int64_t numel;
    if (cg_tensor_check(dev, "permutation", CG_I64, &shape, &numel)) return NULL;
    int64_t *index = malloc((size_t)(n ? n : 1) * sizeof *index);
    if (!index) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "permutation: out of host memory for %lld numbers",
                (long long)n);
        return NULL;
    }
    shuffle(index, n, dev->seed, dev->next_stream++);
    cg_tensor *x = cg_from_i64(dev, shape, index);
    free(index);
    return x;
}
