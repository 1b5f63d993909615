#include "train/checkpoint.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* JSON has signed integers only: seeds go through them bit by bit. */
static json_int_t bits(uint64_t x) { return (json_int_t)x; }

static json_t *position_to_json(const cg_loader_position *p) {
    return json_pack("{s:I, s:I, s:I}", "seed", bits(p->seed), "epoch", (json_int_t)p->epoch, "batch",
                     (json_int_t)p->batch);
}

char *cg_place_to_text(const cg_place *p) {
    json_t *json = json_pack(
        "{s:i, s:i, s:b, s:I, s:I, s:f, s:f, s:[I, I], s:[I, I], s:o, s:o}", "version", CG_CHECKPOINT_VERSION,
        "best", p->best, "epoch_begun", p->epoch_begun, "batch", (json_int_t)p->batch, "batches",
        (json_int_t)p->batches, "samples", p->samples, "seconds", p->seconds, "epoch_random",
        bits(p->epoch_random[0]), bits(p->epoch_random[1]), "random", bits(p->random[0]), bits(p->random[1]),
        "train", position_to_json(&p->train), "validation", position_to_json(&p->validation));
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

static bool position_from_json(cg_loader_position *p, json_t *json) {
    json_int_t seed, epoch, batch;
    if (json_unpack(json, "{s:I, s:I, s:I}", "seed", &seed, "epoch", &epoch, "batch", &batch) != 0)
        return false;
    *p = (cg_loader_position){.seed = (uint64_t)seed, .epoch = epoch, .batch = batch};
    return true;
}

static bool unpack(cg_place *p, json_t *json) {
    int version, begun;
    json_int_t batch, batches, epoch_random[2], random[2];
    json_t *train, *validation;
    if (json_unpack(json, "{s:i, s:i, s:b, s:I, s:I, s:F, s:F, s:[I, I], s:[I, I], s:o, s:o}", "version",
                    &version, "best", &p->best, "epoch_begun", &begun, "batch", &batch, "batches", &batches,
                    "samples", &p->samples, "seconds", &p->seconds, "epoch_random", &epoch_random[0],
                    &epoch_random[1], "random", &random[0], &random[1], "train", &train, "validation",
                    &validation) != 0)
        return false;
    p->epoch_begun = begun;
    p->batch = batch;
    p->batches = batches;
    for (int i = 0; i < 2; i++) {
        p->epoch_random[i] = (uint64_t)epoch_random[i];
        p->random[i] = (uint64_t)random[i];
    }
    return version == CG_CHECKPOINT_VERSION && batch >= 0 && batches >= 0 &&
           position_from_json(&p->train, train) && position_from_json(&p->validation, validation);
}

bool cg_place_from_text(cg_place *p, const char *text) {
    json_t *json = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    *p = (cg_place){0};
    const bool ok = json && unpack(p, json);
    json_decref(json);
    return ok;
}
