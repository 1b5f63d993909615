/* Mini-batches: of a set that was uploaded, or of batches that come from a stream (loader_stream.h). */
#include "clgrad/autograd.h"
#include "clgrad/data.h"
#include "clgrad/indexing.h"
#include "clgrad/manipulation.h"
#include "clgrad/random.h"

#include "core/dtype.h"
#include "core/shape.h"
#include "data/dataset.h"
#include "data/loader_stream.h"
#include "tensor/context.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_QUEUE = 1024 };

struct cg_loader {
    cg_device *dev;
    cg_loader_options options;
    int64_t samples, batches; /* of an epoch */
    int64_t epoch, batch;     /* what comes next */

    /* Uploaded once: */
    cg_tensor *x, *targets; /* the whole set */
    cg_tensor *order;       /* (N) i64, of epoch order_epoch; NULL where there is none yet */
    int64_t order_epoch, total;

    /* Streamed: */
    cg_dataset *set;
    cg_stream *stream; /* NULL until it is asked for a batch */
};

static cg_status check_options(cg_device *dev, const cg_dataset *set, const cg_loader_options *o) {
    if (o->batch <= 0)
        return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "loader: a batch of %lld; 1 is the least",
                       (long long)o->batch);
    if (o->queue < 0 || o->queue > MAX_QUEUE)
        return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "loader: a queue of %d; expected 0 to %d", o->queue,
                       MAX_QUEUE);
    if (o->transform && o->queue == 0)
        return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT,
                       "loader: a transform needs a queue: it runs as batches are prepared");
    if (set->samples == 0 || (o->drop_last && o->batch > set->samples))
        return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "loader: %lld samples give no batch of %lld",
                       (long long)set->samples, (long long)o->batch);
    return CG_OK;
}

/* (N, ...) of a sample's shape. */
static cg_dims with_count(int64_t n, const cg_dims *shape) {
    cg_dims whole = {.rank = shape->rank + 1, .dim = {n}};
    memcpy(whole.dim + 1, shape->dim, (size_t)shape->rank * sizeof shape->dim[0]);
    return whole;
}

/* The samples of a part, one after the other, in new memory. */
static void *gathered(const cg_dataset *set, size_t bytes, bool targets) {
    char *all = malloc((size_t)set->samples * bytes + 1);
    for (int64_t i = 0; all && i < set->samples; i++)
        memcpy(all + (size_t)i * bytes,
               targets ? cg_dataset_target(set, i) : (const void *)cg_dataset_sample(set, i, NULL), bytes);
    return all;
}

/* Features or targets of all samples as a tensor, kept. */
static cg_tensor *upload(cg_device *dev, const cg_dataset *set, bool targets) {
    const cg_dims shape = with_count(set->samples, targets ? &set->target_shape : &set->shape);
    const cg_dtype dtype = targets ? set->target_dtype : CG_F32;
    const size_t bytes = targets ? set->target_bytes : (size_t)set->features * sizeof(float);
    void *own = set->index ? gathered(set, bytes, targets) : NULL;
    const void *data = own ? own : targets ? set->memory->target : (const void *)set->memory->x;
    if (set->index && !own) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "loader: out of memory for %lld samples",
                (long long)set->samples);
        return NULL;
    }
    cg_tensor *x = cg_retain(cg_from_host(dev, dtype, shape, data));
    free(own);
    return x;
}

static bool begin_uploaded(cg_loader *loader, const cg_dataset *set) {
    cg_scope *scope = cg_scope_begin(loader->dev);
    if (scope) loader->x = upload(loader->dev, set, false);
    if (loader->x) loader->targets = upload(loader->dev, set, true);
    cg_scope_end(scope);
    return loader->x && loader->targets;
}

/* A batch no larger than the set: the ring has no room to spare, and no size overflows. */
static bool begin_streamed(cg_loader *loader, const cg_dataset *set) {
    if (loader->options.batch > set->samples) loader->options.batch = set->samples;
    loader->set = cg_dataset_part(set, set->samples, NULL, &loader->dev->error);
    return loader->set != NULL;
}

cg_loader *cg_loader_new_with(cg_device *dev, const cg_dataset *set, cg_loader_options options) {
    if (!dev || !set || check_options(dev, set, &options) != CG_OK) return NULL;
    cg_loader *loader = calloc(1, sizeof *loader);
    if (!loader) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "loader: out of memory");
        return NULL;
    }
    if (options.seed == 0 && (options.shuffle || options.transform)) options.seed = cg_seed_split(dev);
    const int64_t n = set->samples, rest = n % options.batch;
    *loader = (cg_loader){.dev = dev,
                          .options = options,
                          .samples = options.drop_last ? n - rest : n,
                          .batches = n / options.batch + (rest != 0 && !options.drop_last),
                          .total = n};
    if (options.queue ? begin_streamed(loader, set) : begin_uploaded(loader, set)) return loader;
    cg_loader_free(loader);
    return NULL;
}

cg_loader *cg_loader_new(cg_device *dev, const cg_dataset *set, int64_t batch, bool shuffle) {
    return cg_loader_new_with(dev, set, (cg_loader_options){.batch = batch, .shuffle = shuffle});
}

/* Uploads the order of the epoch, once. The upload does not wait for the device. */
static bool order_epoch(cg_loader *loader) {
    if (loader->order && loader->order_epoch == loader->epoch) return true;
    int64_t *order =
        cg_shuffled_order(loader->total, loader->options.seed, CG_ORDER_EPOCH + (uint64_t)loader->epoch);
    if (!order) {
        CG_FAIL(&loader->dev->error, CG_ERROR_MEMORY, "loader: out of memory for an order");
        return false;
    }
    cg_scope *scope = cg_scope_begin(loader->dev);
    cg_release(loader->order); /* first, so that its memory serves the new one */
    loader->order = scope ? cg_retain(cg_from_i64(loader->dev, cg_shape(loader->total), order)) : NULL;
    loader->order_epoch = loader->epoch;
    cg_scope_end(scope);
    free(order);
    return loader->order != NULL;
}

/* Samples begin to end of the epoch, by views or gathered on the device. */
static void next_uploaded(cg_loader *loader, int64_t begin, int64_t end, cg_tensor **x, cg_tensor **targets) {
    if (loader->options.shuffle) {
        cg_tensor *index = order_epoch(loader) ? cg_slice(loader->order, 0, begin, end, 1) : NULL;
        *x = cg_index_select(loader->x, 0, index);
        *targets = cg_index_select(loader->targets, 0, index);
    } else {
        *x = cg_slice(loader->x, 0, begin, end, 1);
        *targets = cg_slice(loader->targets, 0, begin, end, 1);
    }
}

static void next_streamed(cg_loader *loader, cg_tensor **x, cg_tensor **targets) {
    cg_error *err = &loader->dev->error;
    const cg_dataset *set = loader->set;
    if (!loader->stream)
        loader->stream =
            cg_stream_start(set, &loader->options, loader->samples, loader->epoch, loader->batch, err);
    const cg_stream_batch *b = loader->stream ? cg_stream_take(loader->stream, err) : NULL;
    if (!b) return;
    *x = cg_from_f32(loader->dev, with_count(b->samples, &set->shape), b->x);
    *targets =
        cg_from_host(loader->dev, set->target_dtype, with_count(b->samples, &set->target_shape), b->target);
    if (*x && *targets) cg_stream_give_back(loader->stream);
}

bool cg_loader_next(cg_loader *loader, cg_tensor **x, cg_tensor **targets) {
    *x = *targets = NULL;
    if (!loader) return false;
    if (loader->batch == loader->batches) {
        loader->epoch++;
        loader->batch = 0;
        return false;
    }
    const int64_t begin = loader->batch * loader->options.batch, left = loader->samples - begin;
    cg_no_grad_begin(loader->dev);
    if (loader->options.queue)
        next_streamed(loader, x, targets);
    else
        next_uploaded(loader, begin, begin + (left < loader->options.batch ? left : loader->options.batch), x,
                      targets);
    cg_no_grad_end(loader->dev);
    if (*x && *targets) {
        loader->batch++;
        return true;
    }
    *x = *targets = NULL;
    return false;
}

int64_t cg_loader_batches(const cg_loader *loader) { return loader ? loader->batches : 0; }

int64_t cg_loader_samples(const cg_loader *loader) { return loader ? loader->samples : 0; }

cg_loader_position cg_loader_tell(const cg_loader *loader) {
    if (!loader) return (cg_loader_position){0};
    return (cg_loader_position){loader->options.seed, loader->epoch, loader->batch};
}

cg_status cg_loader_seek(cg_loader *loader, cg_loader_position position) {
    if (!loader) return CG_ERROR_ARGUMENT;
    if (position.epoch < 0 || position.epoch > INT32_MAX || position.batch < 0 ||
        position.batch > loader->batches)
        return CG_FAIL(&loader->dev->error, CG_ERROR_ARGUMENT,
                       "loader: batch %lld of epoch %lld; an epoch has %lld batches",
                       (long long)position.batch, (long long)position.epoch, (long long)loader->batches);
    cg_stream_stop(loader->stream);
    loader->stream = NULL;
    cg_release(loader->order);
    loader->order = NULL;
    loader->options.seed = position.seed;
    loader->epoch = position.epoch;
    loader->batch = position.batch;
    return CG_OK;
}

void cg_loader_free(cg_loader *loader) {
    if (!loader) return;
    cg_stream_stop(loader->stream);
    cg_release(loader->x);
    cg_release(loader->targets);
    cg_release(loader->order);
    cg_dataset_free(loader->set);
    free(loader);
}
