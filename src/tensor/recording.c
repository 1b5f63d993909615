/* Recording and replaying: recording.h. */
#include "clgrad/recording.h"

#include <stdlib.h>

#include "tensor/context.h"
#include "tensor/deferral.h"

struct cg_recording {
    cg_device *dev;
    cg_recorded *work;
    uint64_t streams; /* of the generator, that it takes each time */
};

/* A constant reads nothing that could change. */
static bool is_constant(const cg_expr *e) {
    for (int i = 0; i < e->n; i++)
        if (e->leaf[i].storage) return false;
    return true;
}

/*
 * Computes what is pending, so that it neither becomes part of a recording nor reads what a replay writes. Around a recording
 * constants, too: as such they would be in its programs, whatever is copied into them later.
 */
static cg_status compute_pending(cg_device *dev, bool constants) {
    for (cg_expr *e = dev->pending; e;) {
        if (!constants && is_constant(e)) {
            e = e->next;
            continue;
        }
        const cg_status status = cg_force(e->storage);
        if (status != CG_OK) return status;
        e = dev->pending; /* others may have gone with it */
    }
    return CG_OK;
}

cg_status cg_record_begin(cg_device *dev) {
    if (!dev) return CG_ERROR_ARGUMENT;
    if (dev->hw->recording)
        return CG_FAIL(&dev->error, CG_ERROR_STATE, "record_begin: a recording is being made");
    const cg_status status = compute_pending(dev, true);
    if (status != CG_OK) return status;
    dev->record_error = dev->error.code;
    dev->record_gradients = 0;
    dev->record_seed = dev->seed;
    dev->record_first = dev->next_stream;
    return cg_hw_record_begin(dev->hw, dev->seed, dev->next_stream);
}

cg_recording *cg_record_end(cg_device *dev) {
    if (!dev) return NULL;
    if (dev->hw->recording) {
        if (compute_pending(dev, true) != CG_OK || dev->error.code != dev->record_error)
            cg_hw_record_refuse(dev->hw, "an operation failed within it");
        if (dev->record_gradients > 0)
            cg_hw_record_refuse(dev->hw,
                                "a gradient of it is left at a leaf, and would not be added to: let "
                                "cg_optimizer_step or cg_zero_grad be part of it, or ask cg_grad for it");
        if (dev->seed != dev->record_seed || dev->next_stream < dev->record_first)
            cg_hw_record_refuse(dev->hw, "the generator is seeded within it");
    }
    cg_recorded *work = cg_hw_record_end(dev->hw);
    cg_recording *r = work ? malloc(sizeof *r) : NULL;
    if (r) {
        *r = (cg_recording){.dev = dev, .work = work, .streams = dev->next_stream - dev->record_first};
    } else if (work) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "record_end: out of host memory");
        cg_hw_recorded_free(dev->hw, work);
    }
    return r;
}

cg_status cg_replay(cg_recording *r) {
    if (!r) return CG_ERROR_ARGUMENT;
    cg_device *dev = r->dev;
    if (dev->hw->recording) return CG_FAIL(&dev->error, CG_ERROR_STATE, "replay: a recording is being made");
    cg_status status = compute_pending(dev, false);
    if (status != CG_OK) return status;
    status = cg_hw_repeat(dev->hw, r->work, dev->seed, dev->next_stream);
    if (status == CG_OK) dev->next_stream += r->streams;
    return status;
}

int cg_recording_size(const cg_recording *r) { return r ? cg_hw_recorded_count(r->work) : 0; }

void cg_recording_free(cg_recording *r) {
    if (!r) return;
    cg_hw_recorded_free(r->dev->hw, r->work);
    free(r);
}
