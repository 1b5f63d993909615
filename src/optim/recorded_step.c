/*
 * A step that is part of a recording (decision 28): when it is replayed, its constants come from where the optimizer stands
 * then, and the optimizer counts it, as cg_optimizer_step would.
 */
#include <stdlib.h>
#include <string.h>

#include "nn/module.h"
#include "optim/optimizer.h"

struct cg_recorded_step {
    cg_recorded_step *next; /* of the same optimizer */
    cg_device *dev;
    cg_optimizer *o; /* NULL: it was freed */
    int n, *index;
    bool last;
};

/* The program of today's settings must be that of the recorded request, and no parameter in it be frozen since. */
static cg_status check_unchanged(const cg_recorded_step *step, const cg_map_many_request *r,
                                 uint8_t name[CG_MAX_CONSTS]) {
    cg_program program;
    cg_step_program(step->o, (cg_dtype)r->program->type, &program, name);
    bool same = cg_program_equal(&program, r->program);
    for (int s = 0; s < step->n; s++) same = same && !step->o->slot[step->index[s]].frozen;
    if (same) return CG_OK;
    return CG_FAIL(
        &step->dev->error, CG_ERROR_STATE,
        "replay: %s has other terms or frozen parameters since the step was recorded: record it again",
        step->o->kind);
}

static cg_status update(void *context, cg_map_many_request *r) {
    const cg_recorded_step *step = context;
    cg_optimizer *o = step->o;
    uint8_t name[CG_MAX_CONSTS];
    if (!o)
        return CG_FAIL(&step->dev->error, CG_ERROR_STATE, "replay: the recorded step's optimizer was freed");
    const cg_status status = check_unchanged(step, r, name);
    if (status != CG_OK) return status;
    cg_step_request_constants(o, name, step->index, (cg_segment *)r->segment, r); /* the recording's own */
    for (int s = 0; s < step->n; s++) cg_step_count(o, step->index[s]);
    o->t += step->last;
    return CG_OK;
}

static void release(void *context) {
    cg_recorded_step *step = context, **link = step->o ? &step->o->recorded : NULL;
    while (link && *link != step) link = &(*link)->next;
    if (link) *link = step->next;
    free(step->index);
    free(step);
}

cg_status cg_step_record(cg_optimizer *o, const cg_map_many_request *r, const int *index, bool last) {
    cg_recorded_step *step = malloc(sizeof *step);
    const size_t bytes = (size_t)r->n_segments * sizeof *index;
    int *own = malloc(bytes);
    if (!step || !own) {
        free(step);
        free(own);
        return CG_FAIL(&o->dev->error, CG_ERROR_MEMORY, "record: out of host memory");
    }
    memcpy(own, index, bytes);
    *step = (cg_recorded_step){
        .next = o->recorded, .dev = o->dev, .o = o, .n = r->n_segments, .index = own, .last = last};
    o->recorded = step;
    cg_hw_record_refresh(o->dev->hw, (cg_refresh){update, release, step});
    return CG_OK;
}

void cg_step_forget(cg_optimizer *o) {
    for (cg_recorded_step *step = o->recorded; step; step = step->next) step->o = NULL;
}
