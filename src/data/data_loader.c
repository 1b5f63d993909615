#include "clgrad/autograd.h"
#include "clgrad/data.h"
#include "clgrad/indexing.h"
#include "clgrad/manipulation.h"
#include "clgrad/ops.h"
#include "clgrad/random.h"

#include "data/dataset.h"
#include "tensor/context.h"

#include <stdlib.h>

struct cg_loader {
    cg_device *dev;
    cg_tensor *x, *labels; /* the whole set: (N, D) f32 and (N) i32 */
    cg_tensor *order;      /* (N) i64, the order of this epoch; NULL where it is not shuffled */
    int64_t samples, batch, position;
    bool shuffle;
};

cg_loader *cg_loader_new(cg_device *dev, const cg_dataset *set, int64_t batch, bool shuffle) {
    if (!dev || !set) return NULL;
    if (batch <= 0) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "loader: a batch of %lld; 1 is the least", (long long)batch);
        return NULL;
    }
    cg_loader *loader = calloc(1, sizeof *loader);
    if (!loader) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "loader: out of memory");
        return NULL;
    }
    *loader = (cg_loader){.dev = dev, .samples = set->samples, .batch = batch, .shuffle = shuffle};
    cg_scope *scope = cg_scope_begin(dev);
    if (scope) {
        loader->x = cg_retain(cg_from_f32(dev, cg_shape(set->samples, set->features), set->x));
        loader->labels = cg_retain(cg_from_i32(dev, cg_shape(set->samples), set->label));
    }
    cg_scope_end(scope);
    if (loader->x && loader->labels) return loader;
    cg_loader_free(loader);
    return NULL;
}

/* Draws the order of a new epoch. */
static bool begin_epoch(cg_loader *loader) {
    cg_scope *scope = cg_scope_begin(loader->dev);
    cg_release(loader->order); /* first, so that its memory serves the new one */
    loader->order = scope ? cg_retain(cg_permutation(loader->dev, loader->samples)) : NULL;
    cg_scope_end(scope);
    return loader->order != NULL;
}

bool cg_loader_next(cg_loader *loader, cg_tensor **x, cg_tensor **labels) {
    *x = *labels = NULL;
    if (!loader) return false;
    int64_t begin = loader->position, left = loader->samples - begin;
    int64_t end = begin + (left < loader->batch ? left : loader->batch);
    if (left == 0) {
        loader->position = 0;
        return false;
    }
    if (loader->shuffle && begin == 0 && !begin_epoch(loader)) return false;

    cg_no_grad_begin(loader->dev);
    if (loader->shuffle) {
        cg_tensor *index = cg_slice(loader->order, 0, begin, end, 1);
        *x = cg_index_select(loader->x, 0, index);
        *labels = cg_index_select(loader->labels, 0, index);
    } else {
        *x = cg_slice(loader->x, 0, begin, end, 1);
        *labels = cg_slice(loader->labels, 0, begin, end, 1);
    }
    cg_no_grad_end(loader->dev);
    loader->position = end;
    if (*x && *labels) return true;
    *x = *labels = NULL;
    return false;
}

int64_t cg_loader_batches(const cg_loader *loader) {
    return loader ? loader->samples / loader->batch + (loader->samples % loader->batch != 0) : 0;
}

void cg_loader_free(cg_loader *loader) {
    if (!loader) return;
    cg_release(loader->x);
    cg_release(loader->labels);
    cg_release(loader->order);
    free(loader);
}
