/* The thread that prepares batches: loader_stream.h. */
#include "data/loader_stream.h"

#include "random/random_host.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct cg_stream {
    const cg_dataset *set;
    cg_loader_options options;
    int64_t per_epoch;
    int64_t *order; /* of the epoch that is being prepared; NULL where it is not shuffled */
    cg_stream_batch *slot;
    pthread_t thread;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    int first, count; /* the batches that are ready: slot[first], ... */
    bool stop;
    cg_error error;       /* why the thread has ended */
    int64_t epoch, batch; /* only the thread's, once it runs */
};

static bool transform(cg_stream *s, int64_t sample, const cg_stream_batch *b, int64_t i) {
    if (!s->options.transform) return true;
    const uint64_t epoch_seed = cg_random_seed(s->options.seed, CG_ORDER_EPOCH + (uint64_t)s->epoch);
    return s->options.transform(s->options.context, cg_random_seed(epoch_seed, (uint64_t)sample),
                                s->set->shape, b->x + i * s->set->features,
                                b->target + (size_t)i * s->set->target_bytes);
}

/* Whether somebody waits for the thread to end. */
static bool stopped(cg_stream *s) {
    pthread_mutex_lock(&s->lock);
    bool stop = s->stop;
    pthread_mutex_unlock(&s->lock);
    return stop;
}

/* Fills a batch; false if the thread is to end. */
static bool fill(cg_stream *s, cg_stream_batch *b, cg_error *err) {
    const int64_t begin = s->batch * s->options.batch, left = s->per_epoch - begin;
    b->samples = left < s->options.batch ? left : s->options.batch;
    for (int64_t i = 0; i < b->samples; i++) {
        const int64_t sample = s->order ? s->order[begin + i] : begin + i;
        memcpy(b->x + i * s->set->features, cg_dataset_sample(s->set, sample, NULL),
               (size_t)s->set->features * sizeof *b->x);
        memcpy(b->target + (size_t)i * s->set->target_bytes, cg_dataset_target(s->set, sample),
               s->set->target_bytes);
        if (s->options.transform && stopped(s)) return false;
        if (transform(s, sample, b, i)) continue;
        CG_FAIL(err, CG_ERROR_ARGUMENT, "loader: the transform refused sample %lld in epoch %lld",
                (long long)sample, (long long)s->epoch);
        return false;
    }
    return true;
}

/* A slot to fill, once there is one; NULL if the thread is to end. */
static cg_stream_batch *free_slot(cg_stream *s) {
    pthread_mutex_lock(&s->lock);
    while (!s->stop && s->count == s->options.queue) pthread_cond_wait(&s->changed, &s->lock);
    cg_stream_batch *b = s->stop ? NULL : &s->slot[(s->first + s->count) % s->options.queue];
    pthread_mutex_unlock(&s->lock);
    return b;
}

static void publish(cg_stream *s, bool filled, const cg_error *err) {
    pthread_mutex_lock(&s->lock);
    if (filled)
        s->count++;
    else
        s->error = *err;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void *prepare(void *context) {
    cg_stream *s = context;
    cg_error err = {0};
    bool ordered = false, filled = true;
    cg_stream_batch *b;
    while (filled && (b = free_slot(s))) {
        if (s->batch * s->options.batch >= s->per_epoch) {
            s->epoch++;
            s->batch = 0;
            ordered = false;
        }
        if (s->order && !ordered)
            cg_shuffle_order(s->order, s->set->samples, s->options.seed, CG_ORDER_EPOCH + (uint64_t)s->epoch);
        ordered = true;
        filled = fill(s, b, &err);
        s->batch++;
        publish(s, filled, &err);
    }
    return NULL;
}

static bool allocate(cg_stream *s) {
    const size_t batch = (size_t)s->options.batch, slots = (size_t)s->options.queue;
    s->slot = calloc(slots, sizeof *s->slot);
    for (size_t i = 0; s->slot && i < slots; i++) {
        s->slot[i].x = calloc(batch * (size_t)s->set->features + 1, sizeof(float));
        s->slot[i].target = calloc(batch * s->set->target_bytes + 1, 1);
        if (!s->slot[i].x || !s->slot[i].target) return false;
    }
    if (s->options.shuffle) s->order = malloc((size_t)s->set->samples * sizeof *s->order + 1);
    return s->slot && (s->order || !s->options.shuffle);
}

static void release(cg_stream *s) {
    for (int i = 0; s->slot && i < s->options.queue; i++) {
        free(s->slot[i].x);
        free(s->slot[i].target);
    }
    free(s->slot);
    free(s->order);
    free(s);
}

/* Signals are the application's: its threads get them. */
static int start_thread(cg_stream *s) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&s->thread, NULL, prepare, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

cg_stream *cg_stream_start(const cg_dataset *set, const cg_loader_options *options, int64_t per_epoch,
                           int64_t epoch, int64_t batch, cg_error *err) {
    cg_stream *s = calloc(1, sizeof *s);
    if (!s) {
        CG_FAIL(err, CG_ERROR_MEMORY, "loader: out of memory");
        return NULL;
    }
    *s = (cg_stream){.set = set, .options = *options, .per_epoch = per_epoch, .epoch = epoch, .batch = batch};
    if (!allocate(s)) {
        release(s);
        CG_FAIL(err, CG_ERROR_MEMORY, "loader: out of memory for %d batches of %lld samples", options->queue,
                (long long)options->batch);
        return NULL;
    }
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    if (start_thread(s) == 0) return s;
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    release(s);
    CG_FAIL(err, CG_ERROR_MEMORY, "loader: its thread did not start");
    return NULL;
}

const cg_stream_batch *cg_stream_take(cg_stream *s, cg_error *err) {
    pthread_mutex_lock(&s->lock);
    while (s->count == 0 && s->error.code == CG_OK) pthread_cond_wait(&s->changed, &s->lock);
    const bool ready = s->count > 0;
    if (!ready && err->code == CG_OK) *err = s->error;
    pthread_mutex_unlock(&s->lock);
    return ready ? &s->slot[s->first] : NULL; /* only the taker moves `first` */
}

void cg_stream_give_back(cg_stream *s) {
    pthread_mutex_lock(&s->lock);
    s->first = (s->first + 1) % s->options.queue;
    s->count--;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

void cg_stream_stop(cg_stream *s) {
    if (!s) return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    release(s);
}
