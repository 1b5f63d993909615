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
    bool first;           /* of its step */
};

/* The program of today's settings must be the recorded one, which an epilogue is, too, and the same parameters be frozen. */
static cg_status check(const cg_recorded_step *step, const cg_program *recorded, bool epilogue) {
    if (!step->o)
        return CG_FAIL(&step->dev->error, CG_ERROR_STATE, "replay: the recorded step's optimizer was freed");
    cg_program program;
    uint8_t name[CG_MAX_CONSTS];
    cg_step_program(step->o, (cg_dtype)recorded->type, &program, name);
    if (epilogue) program = cg_step_epilogue(&program);
    bool same = cg_program_equal(&program, recorded);
    for (int i = 0; i < step->n_slots; i++) same = same && step->o->slot[i].frozen == (step->frozen[i] != 0);
    if (same) return CG_OK;
    return CG_FAIL(
        &step->dev->error, CG_ERROR_STATE,
        "replay: %s has other terms or other frozen parameters since the step was recorded: record it again",
        step->o->kind);
}

static cg_status check_many(void *context, const void *request) {
    return check(context, ((const cg_map_many_request *)request)->program, false);
}

static cg_status check_product(void *context, const void *request) {
    return check(context, ((const cg_matmul_request *)request)->epilogue, true);
}

static void count(const cg_recorded_step *step) {
    for (int s = 0; s < step->n; s++) cg_step_count(step->o, step->index[s]);
    step->o->t += step->first;
}

static void update_many(void *context, void *request) {
    const cg_recorded_step *step = context;
    cg_map_many_request *r = request;
    uint8_t name[CG_MAX_CONSTS];
    cg_program program;
    cg_step_program(step->o, (cg_dtype)r->program->type, &program, name);
    cg_step_request_constants(step->o, name, step->index, (cg_segment *)r->segment,
                              r); /* the recording's own */
    count(step);
}

static void update_product(void *context, void *request) {
    const cg_recorded_step *step = context;
    cg_matmul_request *r = request;
    uint8_t name[CG_MAX_CONSTS];
    cg_program program;
    cg_step_program(step->o, r->dtype, &program, name);
    cg_step_slot_constants(step->o, &step->o->slot[step->index[0]], &program, name, r->consts);
    count(step);
}

static void release(void *context) {
    cg_recorded_step *step = context, **link = step->o ? &step->o->recorded : NULL;
    while (link && *link != step) link = &(*link)->next;
    if (link) *link = step->next;
    free(step->index);
    free(step);
}

/* The request that comes next is that of the n parameters in `index`; refresh: its functions. */
static cg_status record(cg_optimizer *o, int n, const int *index, bool first, cg_refresh refresh) {
    cg_recorded_step *step = malloc(sizeof *step);
    int *own = malloc((size_t)(n + o->n) * sizeof *index);
    if (!step || !own) {
        free(step);
        free(own);
        return CG_FAIL(&o->dev->error, CG_ERROR_MEMORY, "record: out of host memory");
    }
    memcpy(own, index, (size_t)n * sizeof *index);
    *step = (cg_recorded_step){.next = o->recorded,
                               .dev = o->dev,
                               .o = o,
                               .n = n,
                               .index = own,
                               .n_slots = o->n,
                               .frozen = own + n,
                               .first = first};
    for (int i = 0; i < o->n; i++) step->frozen[i] = o->slot[i].frozen;
    o->recorded = step;
    refresh.context = step;
    cg_hw_record_refresh(o->dev->hw, refresh);
    return CG_OK;
}

cg_status cg_step_record_many(cg_optimizer *o, int n, const int *index, bool first) {
    const cg_refresh refresh = {CG_WORK_MAP_MANY, check_many, update_many, release, NULL};
    return record(o, n, index, first, refresh);
}

cg_status cg_step_record_product(cg_optimizer *o, int i, bool first) {
    const cg_refresh refresh = {CG_WORK_MATMUL, check_product, update_product, release, NULL};
    return record(o, 1, &i, first, refresh);
}

void cg_step_forget(cg_optimizer *o) {
    for (cg_recorded_step *step = o->recorded; step; step = step->next) step->o = NULL;
}
