/* The state of a device's generator, and numbers of it. */
#include "random/draw.h"

#include "clgrad/random.h"
#include "random/random_host.h"
#include "core/shape.h"

void cg_seed(cg_device *dev, uint64_t seed) { cg_seed_set(dev, seed, 0); }

void cg_seed_get(const cg_device *dev, uint64_t *seed, uint64_t *stream) {
    *seed = dev ? dev->seed : 0;
    *stream = dev ? dev->next_stream : 0;
}

void cg_seed_set(cg_device *dev, uint64_t seed, uint64_t stream) {
    if (!dev) return;
    dev->seed = seed;
    dev->next_stream = stream % CG_STREAMS;
}

static uint64_t next_stream(cg_device *dev) {
    const uint64_t stream = dev->next_stream;
    dev->next_stream = (stream + 1) % CG_STREAMS;
    return stream;
}

uint64_t cg_seed_split(cg_device *dev) {
    if (!dev) return 0;
    cg_hw_record_refuse(dev->hw, "random numbers are drawn on the host within it");
    return cg_random_seed(dev->seed, next_stream(dev));
}

/* --- The state as a tensor ------------------------------------------------------------------------------------- */

cg_tensor *cg_random_state(cg_device *dev) {
    if (!dev) return NULL;
    const int64_t state[2] = {(int64_t)dev->seed, (int64_t)dev->next_stream};
    return cg_from_i64(dev, cg_shape(2), state);
}

cg_status cg_random_restore(cg_device *dev, cg_tensor *state) {
    if (!dev || !state) return CG_ERROR_ARGUMENT;
    int64_t values[2];
    if (state->storage->dtype != CG_I64 || state->shape.rank != 1 || state->shape.dim[0] != 2)
        return CG_FAIL(&dev->error, CG_ERROR_SHAPE, "random_restore: expected i64 of shape (2), got %s %s",
                       cg_dtype_name(state->storage->dtype), CG_SHAPE_STR(&state->shape));
    const cg_status status = cg_to_host(state, values, sizeof values);
    if (status != CG_OK) return status;
    if (values[1] < 0 || (uint64_t)values[1] >= CG_STREAMS)
        return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "random_restore: there is no stream %lld",
                       (long long)values[1]);
    cg_seed_set(dev, (uint64_t)values[0], (uint64_t)values[1]);
    return CG_OK;
}

/* --- Drawing --------------------------------------------------------------------------------------------------- */

static cg_tensor *fill(cg_tensor *x, cg_random_request *r) {
    r->n = x->storage->numel;
    r->buffer = x->storage->buffer;
    return cg_hw_random(x->storage->dev->hw, r) ? NULL : x;
}

cg_tensor *cg_random_draw_again(cg_device *dev, const char *op, const cg_dims *shape, cg_random_request r) {
    cg_tensor *x = cg_tensor_make(dev, op, r.dtype, shape);
    return x ? fill(x, &r) : NULL;
}

cg_tensor *cg_random_draw(cg_device *dev, const char *op, const cg_dims *shape, cg_random_request r) {
    cg_tensor *x = cg_tensor_make(dev, op, r.dtype, shape);
    if (!x) return NULL;
    r.seed = dev->seed;
    r.stream = next_stream(dev);
    return fill(x, &r);
}

bool cg_random_check_probability(cg_device *dev, const char *op, double p) {
    if (p >= 0 && p <= 1) return true;
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s: expected a probability from 0 to 1, got %g", op, p);
    return false;
}

bool cg_random_check_real(cg_device *dev, const char *op, cg_dtype dtype) {
    if (cg_dtype_is_float(dtype)) return true;
    CG_FAIL(&dev->error, CG_ERROR_DTYPE, "%s: expected f32 or f64, got %s", op, cg_dtype_name(dtype));
    return false;
}
