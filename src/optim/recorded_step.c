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
    int n_slots, *frozen; /* of each parameter of the optimizer, whether it was; part of index */
    bool last;
};

/* The program of today's settings must be that of the recorded request, and the same parameters be frozen. */
static cg_status check(void *context, const cg_map_many_request *r) {
    const cg_recorded_step *step = context;
    if (!step->o)
        return CG_FAIL(&step->dev->error, CG_ERROR_STATE, "replay: the recorded step's optimizer was freed");
    cg_program program;
    uint8_t name[CG_MAX_CONSTS];
    cg_step_program(step->o, (cg_dtype)r->program->type, &program, name);
    bool same = cg_program_equal(&program, r->program);
    for (int i = 0; i < step->n_slots; i++) same = same && step->o->slot[i].frozen == (step->frozen[i] != 0);
    if (same) return CG_OK;
    return CG_FAIL(
        &step->dev->error, CG_ERROR_STATE,
        "replay: %s has other terms or other frozen parameters since the step was recorded: record it again",
        step->o->kind);
}

static void update(void *context, cg_map_many_request *r) {
    const cg_recorded_step *step = context;
    cg_optimizer *o = step->o;
    uint8_t name[CG_MAX_CONSTS];
    cg_program program;
    cg_step_program(o, (cg_dtype)r->program->type, &program, name);
    cg_step_request_constants(o, name, step->index, (cg_segment *)r->segment, r); /* the recording's own */
    for (int s = 0; s < step->n; s++) cg_step_count(o, step->index[s]);
    o->t += step->last;
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
    int *own = malloc((size_t)(r->n_segments + o->n) * sizeof *index);
    if (!step || !own) {
        free(step);
        free(own);
        return CG_FAIL(&o->dev->error, CG_ERROR_MEMORY, "record: out of host memory");
    }
    memcpy(own, index, (size_t)r->n_segments * sizeof *index);
    *step = (cg_recorded_step){.next = o->recorded,
                               .dev = o->dev,
                               .o = o,
                               .n = r->n_segments,
                               .index = own,
                               .n_slots = o->n,
                               .frozen = own + r->n_segments,
                               .last = last};
    for (int i = 0; i < o->n; i++) step->frozen[i] = o->slot[i].frozen;
    o->recorded = step;
    cg_hw_record_refresh(o->dev->hw, (cg_refresh){check, update, release, step});
    return CG_OK;
}

void cg_step_forget(cg_optimizer *o) {
    for (cg_recorded_step *step = o->recorded; step; step = step->next) step->o = NULL;
}
