/* Writing a training: checkpoint.h. */
#include "train/checkpoint.h"

#include "clgrad/random.h"
#include "io/safetensors.h"
#include "train/text.h"

#include <jansson.h>
#include <stdlib.h>

/* What goes into the file, while it is gathered. */
typedef struct contents {
    int n, room;
    cg_named_tensor *entry; /* names are its own */
    int n_metadata;
    const char *metadata[4][2];
    char *place, *history, plateau[CG_PLATEAU_TEXT];
} contents;

static bool add(contents *c, const char *prefix, const char *name, cg_tensor *x) {
    char *full = name && x ? cg_safetensors_name(prefix, name) : NULL;
    if (!full) return false;
    c->entry[c->n++] = (cg_named_tensor){full, x};
    return true;
}

static bool add_tensors(contents *c, const cg_trainer *t) {
    const char *name = NULL;
    for (int i = 0; i < cg_trainer_tensors(t); i++) {
        cg_tensor *x = cg_trainer_tensor(t, i, &name);
        if (!x || !add(c, "module.", name, x)) return false;
        if (t->kept && !add(c, "best.", name, t->kept[i])) return false;
    }
    for (int i = 0; i < cg_optimizer_state_count(t->optimizer); i++) {
        cg_tensor *x = cg_optimizer_state(t->optimizer, i, &name);
        if (!x || !add(c, "optimizer.", name, x)) return false;
    }
    for (int i = 0; i < 1 + CG_MAX_METRICS; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        if (t->sums.sum[i] && !add(c, "sum.", number, t->sums.sum[i])) return false;
    }
    return true;
}

static void add_text(contents *c, const char *key, const char *text) {
    c->metadata[c->n_metadata][0] = key;
    c->metadata[c->n_metadata++][1] = text;
}

static bool add_texts(contents *c, cg_trainer *t) {
    cg_place place = {.best = t->history->best,
                      .epoch_begun = t->epoch_begun,
                      .batch = t->batch,
                      .batches = t->batches,
                      .samples = t->sums.samples,
                      .seconds = t->seconds,
                      .epoch_random = {t->epoch_seed, t->epoch_stream},
                      .train = cg_loader_tell(t->train),
                      .validation = cg_loader_tell(t->options.validation)};
    cg_seed_get(t->dev, &place.random[0], &place.random[1]);
    c->place = cg_place_to_text(&place);
    c->history = cg_text_of(cg_history_print, t->history);
    const char *settings = cg_optimizer_settings(t->optimizer);
    if (!c->place || !c->history || !settings) return false;
    add_text(c, "training", c->place);
    add_text(c, "history", c->history);
    add_text(c, "optimizer.optimizer", settings);
    if (t->options.plateau) {
        cg_plateau_to_text(t->options.plateau, c->plateau);
        add_text(c, "plateau", c->plateau);
    }
    return true;
}

static cg_status save(cg_trainer *t, const char *path) {
    contents c = {.room = 2 * cg_trainer_tensors(t) + cg_optimizer_state_count(t->optimizer) + 1 +
                          CG_MAX_METRICS};
    cg_error *err = &t->dev->error;
    c.entry = calloc((size_t)c.room, sizeof *c.entry);
    const bool whole = c.entry && add_tensors(&c, t) && add_texts(&c, t);
    cg_status status = whole ? CG_OK : CG_FAIL(err, CG_ERROR_MEMORY, "trainer_save: out of memory");
    if (status == CG_OK) {
        status = cg_safetensors_save(path, c.n, c.entry, c.n_metadata, (const char *const(*)[2])c.metadata);
        if (status != CG_OK) CG_FAIL(err, status, "trainer_save: %s", cg_error_message(NULL));
    }
    for (int i = 0; i < c.n; i++) free((char *)c.entry[i].name);
    free(c.entry);
    free(c.place);
    free(c.history);
    return err->code != CG_OK ? err->code : status;
}

cg_status cg_trainer_save(cg_trainer *t, const char *path) {
    if (!t || !path) return CG_ERROR_ARGUMENT;
    if (t->in_group > 0)
        return CG_FAIL(&t->dev->error, CG_ERROR_STATE,
                       "trainer_save: in the middle of an accumulation, whose gradients are not saved");
    if (t->stop == CG_STOP_ERROR)
        return CG_FAIL(&t->dev->error, CG_ERROR_STATE, "trainer_save: the training has ended by an error");
    const bool swapped = t->swapped;
    cg_status status = swapped ? cg_trainer_swap_best(t) : CG_OK;
    if (status == CG_OK) status = save(t, path);
    if (swapped && !t->swapped) {
        const cg_status back = cg_trainer_swap_best(t);
        if (status == CG_OK) status = back;
    }
    return status;
}
