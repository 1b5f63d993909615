/* The public side of choosing kernels for products: shapes become requests for the backend. */
#include "clgrad/tuning.h"

#include "clgrad/random.h"
#include "ops/matmul.h"

static const cg_tuner *tuner_of(const cg_device *dev) { return dev ? dev->hw->backend->tuner : NULL; }

const char *cg_tuning_candidate(const cg_device *dev, int i) {
    const cg_tuner *tuner = tuner_of(dev);
    return tuner && i >= 0 ? tuner->name(i) : NULL;
}

static cg_status check_candidate(cg_device *dev, const char *op, int i) {
    if (!dev) return CG_ERROR_ARGUMENT;
    if (cg_tuning_candidate(dev, i)) return CG_OK;
    return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s: %s has no candidate %d", op, dev->hw->info.id, i);
}

static cg_status check_shape(cg_device *dev, const char *op, const cg_product_shape *s) {
    if (s && s->batch > 0 && s->m > 0 && s->n > 0 && s->k > 0) return CG_OK;
    return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s: the sizes of a product are positive", op);
}

/* A product of this shape without operands: what its class depends on. */
static cg_matmul_request request_of(const cg_product_shape *s) {
    cg_matmul_request r = {.dtype = CG_F32, .m = s->m, .n = s->n, .k = s->k, .batch_rank = 1};
    r.batch[0] = s->batch;
    r.a = (cg_matrix){
        .row = s->a_transposed ? 1 : s->k, .col = s->a_transposed ? s->m : 1, .batch = {s->m * s->k}};
    r.b = (cg_matrix){
        .row = s->b_transposed ? 1 : s->n, .col = s->b_transposed ? s->k : 1, .batch = {s->k * s->n}};
    r.c = (cg_matrix){.row = s->n, .col = 1, .batch = {s->m * s->n}};
    return r;
}

/* Random elements in memory of their own, in the innermost scope; NULL with an error recorded. */
static cg_buffer *random_buffer(cg_device *dev, int64_t batch, int64_t rows, int64_t columns) {
    cg_tensor *x = cg_uniform(dev, CG_F32, cg_shape(batch, rows, columns), -1, 1);
    return x && cg_force(x->storage) == CG_OK ? x->storage->buffer : NULL;
}

cg_status cg_tuning_measure(cg_device *dev, const cg_product_shape *s, int i, double *seconds) {
    if (seconds) *seconds = -1;
    if (check_candidate(dev, "tuning_measure", i) || check_shape(dev, "tuning_measure", s))
        return CG_ERROR_ARGUMENT;
    if (!seconds) return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "tuning_measure: seconds is NULL");
    if (dev->hw->recording)
        return CG_FAIL(&dev->error, CG_ERROR_STATE, "tuning_measure: a recording is being made");
    uint64_t seed, stream; /* measuring changes no random numbers */
    cg_seed_get(dev, &seed, &stream);
    cg_scope *scope = cg_scope_begin(dev);
    if (!scope) return dev->error.code;
    cg_matmul_request r = request_of(s);
    r.a.buffer = random_buffer(dev, s->batch, s->m, s->k);
    r.b.buffer = random_buffer(dev, s->batch, s->k, s->n);
    const cg_status status =
        r.a.buffer && r.b.buffer ? tuner_of(dev)->measure(dev->hw, &r, i, seconds) : dev->error.code;
    cg_scope_end(scope);
    cg_seed_set(dev, seed, stream);
    return status;
}

cg_status cg_tuning_choose(cg_device *dev, const cg_product_shape *s, int i, double seconds) {
    if (check_candidate(dev, "tuning_choose", i) || check_shape(dev, "tuning_choose", s))
        return CG_ERROR_ARGUMENT;
    const cg_matmul_request r = request_of(s);
    return tuner_of(dev)->choose(dev->hw, &r, i, seconds);
}

int cg_tuning_choice(cg_device *dev, const cg_product_shape *s, double *seconds) {
    double unused;
    if (!tuner_of(dev) || check_shape(dev, "tuning_choice", s)) return -1;
    const cg_matmul_request r = request_of(s);
    return tuner_of(dev)->choice(dev->hw, &r, seconds ? seconds : &unused);
}

int cg_tuning_classes(cg_device *dev) { return tuner_of(dev) ? tuner_of(dev)->classes(dev->hw) : 0; }

cg_status cg_tuning_avoid(cg_device *dev, int i) {
    if (check_candidate(dev, "tuning_avoid", i)) return CG_ERROR_ARGUMENT;
    return tuner_of(dev)->avoid(dev->hw, i);
}

bool cg_tuning_avoided(cg_device *dev, int i) {
    return cg_tuning_candidate(dev, i) && tuner_of(dev)->avoided(dev->hw, i);
}

cg_status cg_tuning_forget(cg_device *dev) {
    return tuner_of(dev) ? tuner_of(dev)->forget(dev->hw) : dev ? CG_OK : CG_ERROR_ARGUMENT;
}
