/* Reading a training: checkpoint.h. All is read and checked before anything changes. */
#include "train/checkpoint.h"

#include "clgrad/random.h"
#include "io/safetensors.h"
#include "io/system_error.h"
#include "tensor/exchange.h"

#include <stdlib.h>
#include <string.h>

/* One thing about the file that does not fit. */
#define REFUSE(t, f, rule, ...)                                                                              \
    CG_FAIL(&(t)->dev->error, CG_ERROR_FORMAT, "trainer_load: " CG_PATH_FORMAT ": " rule, (f)->path,         \
            __VA_ARGS__)

/* What the file holds, before it is taken over. */
typedef struct found {
    const char *path;
    const cg_safetensors *file;
    cg_place place;
    cg_history *history;
    cg_plateau plateau;
    int n;                     /* tensors of the module */
    cg_tensor **own, **values; /* they, and what was read for them */
    cg_tensor **kept;          /* the best, where they are wanted */
    bool has_kept;
    cg_tensor *sum[1 + CG_MAX_METRICS];
} found;

static cg_status misfit(const cg_trainer *t, const found *f, const char *what) {
    return REFUSE(t, f, "%s", what);
}

/* Reads prefix + name, which must look like `like`; retained. */
static cg_status read_like(const cg_trainer *t, const found *f, const char *prefix, const char *name,
                           const cg_tensor *like, cg_tensor **value) {
    *value = cg_retain(cg_safetensors_read_like(f->file, "trainer_load", prefix, name, like));
    return *value ? CG_OK : t->dev->error.code;
}

static cg_status read_module(const cg_trainer *t, found *f) {
    f->n = cg_trainer_tensors(t);
    f->own = calloc(2 * (size_t)f->n + 1, sizeof(cg_tensor *));
    f->kept = calloc((size_t)f->n + 1, sizeof(cg_tensor *));
    if (!f->own || !f->kept) return CG_FAIL(&t->dev->error, CG_ERROR_MEMORY, "trainer_load: out of memory");
    f->values = f->own + f->n;
    f->has_kept = t->options.restore_best && f->place.best >= 0;
    cg_status status = CG_OK;
    int in_file = 0;
    for (int i = 0; i < f->n && status == CG_OK; i++) {
        const char *name = NULL;
        f->own[i] = cg_trainer_tensor(t, i, &name);
        if (!f->own[i]) return t->dev->error.code;
        status = read_like(t, f, "module.", name, f->own[i], &f->values[i]);
        if (status == CG_OK && f->has_kept) status = read_like(t, f, "best.", name, f->own[i], &f->kept[i]);
    }
    for (int i = 0; i < cg_safetensors_count(f->file); i++) {
        const char *name = "";
        (void)cg_safetensors_entry(f->file, i, &name, NULL, NULL);
        in_file += strncmp(name, "module.", strlen("module.")) == 0;
    }
    if (status == CG_OK && in_file != f->n)
        return REFUSE(t, f, "it has %d parameters and buffers, the module %d", in_file, f->n);
    return status;
}

static cg_status read_sums(const cg_trainer *t, found *f) {
    for (int i = 0; i < 1 + CG_MAX_METRICS; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        const int at = cg_safetensors_find_under(f->file, "sum.", name);
        if (at < 0) continue;
        f->sum[i] = cg_retain(cg_safetensors_read(f->file, at, t->dev));
        if (!f->sum[i]) return t->dev->error.code;
        if (cg_rank(f->sum[i]) != 0 || !cg_dtype_is_float(cg_dtype_of(f->sum[i])))
            return REFUSE(t, f, "sum.%d is no number", i);
    }
    return CG_OK;
}

static bool same_metrics(const cg_history *a, const cg_history *b) {
    bool same = a->n_metrics == b->n_metrics;
    for (int i = 0; same && i < a->n_metrics; i++) same = strcmp(a->metric[i], b->metric[i]) == 0;
    return same;
}

/* Whether a loader can stand there: what cg_loader_seek would refuse is refused before anything changes. */
static bool fits(const cg_loader *loader, const cg_loader_position *p) {
    return !loader ||
           (p->epoch >= 0 && p->epoch <= INT32_MAX && p->batch >= 0 && p->batch <= cg_loader_batches(loader));
}

static cg_status read_texts(const cg_trainer *t, found *f) {
    const char *history = cg_safetensors_metadata(f->file, "history");
    if (!history || !cg_place_from_text(&f->place, cg_safetensors_metadata(f->file, "training")))
        return misfit(t, f, "it is none of cg_trainer_save, or of another version");
    f->history = cg_history_parse(history, f->path, &t->dev->error);
    if (!f->history) return t->dev->error.code;
    if (!same_metrics(f->history, t->history)) return misfit(t, f, "it has other metrics");
    if (f->place.best < -1 || f->place.best >= f->history->n ||
        (t->train && f->place.batches != cg_loader_batches(t->train)) || !fits(t->train, &f->place.train) ||
        !fits(t->options.validation, &f->place.validation))
        return misfit(t, f, "it is of a training on other data");
    if (t->options.plateau) {
        f->plateau = *t->options.plateau;
        const char *text = cg_safetensors_metadata(f->file, "plateau");
        if (!text || !cg_plateau_from_text(&f->plateau, text)) return misfit(t, f, "it has no plateau");
    }
    return CG_OK;
}

/* --- Taking it over ----------------------------------------------------------------------------------------------- */

/* A source is brought to its place by asking for what it gave already. */
static cg_status skip_batches(cg_trainer *t, const found *f) {
    if (t->train || !t->epoch_begun) return CG_OK;
    cg_seed_set(t->dev, t->epoch_seed, t->epoch_stream);
    for (int64_t i = 0; i < t->batch; i++) {
        cg_scope *scope = cg_scope_begin(t->dev);
        cg_tensor *x = NULL, *target = NULL;
        const bool more = scope && t->options.source(t->options.source_context, &x, &target);
        cg_scope_end(scope);
        if (t->dev->error.code != CG_OK) return t->dev->error.code;
        if (!more) return REFUSE(t, f, "the source ends after %lld batches", (long long)i);
    }
    return CG_OK;
}

static void take_place(cg_trainer *t, found *f) {
    const cg_place *p = &f->place;
    cg_history_free(t->history);
    t->history = f->history;
    f->history = NULL;
    for (int i = 0; i < t->options.n_metrics; i++) t->metric[i].name = t->history->metric[i];
    t->history->best = p->best;
    if (p->best >= 0) t->best = *cg_history_value(t->history, &t->history->epoch[p->best], t->monitor);
    t->epoch_begun = p->epoch_begun;
    t->batch = p->batch;
    t->batches = p->batches;
    t->seconds = p->seconds;
    t->epoch_seed = p->epoch_random[0];
    t->epoch_stream = p->epoch_random[1];
    cg_sums_drop(&t->sums);
    t->sums.samples = p->samples;
    memcpy(t->sums.sum, f->sum, sizeof f->sum);
    memset(f->sum, 0, sizeof f->sum);
    if (t->options.plateau) *t->options.plateau = f->plateau;
    if (!f->has_kept) return;
    cg_trainer_drop_kept(t);
    t->kept = f->kept;
    t->n_kept = f->n;
    f->kept = NULL;
}

static cg_status take(cg_trainer *t, found *f) {
    const cg_place *p = &f->place;
    cg_status status = cg_exchange_values(t->dev, f->n, f->own, f->values);
    if (status != CG_OK) return status;
    status = cg_optimizer_load_from(t->optimizer, f->file, "optimizer.");
    if (status != CG_OK) (void)cg_exchange_values(t->dev, f->n, f->own, f->values); /* back */
    if (status == CG_OK && t->train) status = cg_loader_seek(t->train, p->train);
    if (status == CG_OK && t->options.validation)
        status = cg_loader_seek(t->options.validation, p->validation);
    if (status != CG_OK) return status;
    take_place(t, f);
    status = skip_batches(t, f);
    cg_seed_set(t->dev, p->random[0], p->random[1]);
    return status;
}

static void drop(found *f) {
    for (int i = 0; f->values && i < f->n; i++) cg_release(f->values[i]);
    for (int i = 0; f->kept && i < f->n; i++) cg_release(f->kept[i]);
    for (int i = 0; i < 1 + CG_MAX_METRICS; i++) cg_release(f->sum[i]);
    free(f->own);
    free(f->kept);
    cg_history_free(f->history);
}

static cg_status load(cg_trainer *t, const cg_safetensors *file, const char *path) {
    found f = {.path = path, .file = file};
    cg_scope *scope = cg_scope_begin(t->dev);
    cg_status status = scope ? read_texts(t, &f) : t->dev->error.code;
    if (status == CG_OK) status = read_module(t, &f);
    if (status == CG_OK) status = read_sums(t, &f);
    if (status == CG_OK) status = take(t, &f);
    drop(&f);
    cg_scope_end(scope);
    return status;
}

cg_status cg_trainer_load(cg_trainer *t, const char *path) {
    if (!t || !path) return CG_ERROR_ARGUMENT;
    if (t->ran) return CG_FAIL(&t->dev->error, CG_ERROR_STATE, "trainer_load: the trainer has run already");
    cg_safetensors *file = cg_safetensors_open(path);
    if (!file)
        return CG_FAIL(&t->dev->error, cg_error_code(NULL), "trainer_load: %s", cg_error_message(NULL));
    const cg_status status = load(t, file, path);
    cg_safetensors_close(file);
    return status;
}
