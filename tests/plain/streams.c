/*
 * Several threads, each with a device and a streaming loader of its own over parts of one data set: the same samples as
 * without a stream, streams given up at every point, and no data race. A plain program, since Criterion does not start
 * under the thread sanitizer.
 */
#include "clgrad/clgrad.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, SAMPLES = 101, WIDTH = 33, BATCH = 8, EPOCHS = 3 };

typedef struct job {
    pthread_t thread;
    const cg_dataset *set;
    double sum[2]; /* of what came uploaded, and streamed */
    int calls;     /* of the transform, on the loader's thread */
    const char *error;
} job;

/* Changes nothing, but counts and writes to its own memory. */
static bool look(void *context, uint64_t seed, cg_dims shape, float *features, void *target) {
    job *j = context;
    j->calls++;
    for (int64_t i = 0; i < shape.dim[0]; i++) features[i] += (float)(seed & 1);
    for (int64_t i = 0; i < shape.dim[0]; i++) features[i] -= (float)(seed & 1);
    return *(const int32_t *)target >= 0;
}

/* The sum over batches of (number of the batch) x (sum of its features), which tells orders apart. */
static double read_all(job *j, cg_device *dev, cg_loader *loader) {
    double sum = 0, part;
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        bool more = true;
        for (int batch = 1; more; batch++) {
            cg_scope *scope = cg_scope_begin(dev);
            cg_tensor *x, *y;
            more = cg_loader_next(loader, &x, &y);
            if (more && cg_item(cg_sum(x, CG_ALL_AXES, false), &part) == CG_OK) sum += batch * part;
            cg_scope_end(scope);
        }
    }
    if (!loader || cg_error_code(dev) != CG_OK) j->error = "a loader failed";
    return sum;
}

static void give_up(cg_device *dev, const cg_dataset *set, cg_loader_options options) {
    for (int calls = 0; calls < 20; calls++) {
        cg_scope *scope = cg_scope_begin(dev);
        cg_loader *loader = cg_loader_new_with(dev, set, options);
        cg_tensor *x, *y;
        for (int i = 0; i < calls; i++) cg_loader_next(loader, &x, &y);
        cg_loader_free(loader);
        cg_scope_end(scope);
    }
}

static void *run(void *argument) {
    job *j = argument;
    cg_device *dev = cg_device_open("cpu");
    cg_dataset *train, *test;
    if (!dev || cg_dataset_split(j->set, (cg_dataset_split_options){.test = 0.1, .seed = 2}, &train, NULL,
                                 &test) != CG_OK) {
        j->error = "no device or no split";
        cg_device_close(dev);
        return NULL;
    }
    cg_loader_options options = {.batch = BATCH, .shuffle = true, .seed = 4};
    for (int mode = 0; mode < 2; mode++) {
        if (mode) {
            options.queue = 3;
            options.transform = look;
            options.context = j;
        }
        cg_loader *loader = cg_loader_new_with(dev, train, options);
        j->sum[mode] = read_all(j, dev, loader);
        cg_loader_free(loader);
    }
    if (j->calls < EPOCHS * (int)cg_dataset_samples(train)) j->error = "samples were not transformed";
    give_up(dev, test, options);
    cg_dataset_free(train);
    cg_dataset_free(test);
    cg_device_close(dev);
    return NULL;
}

static cg_dataset *make_set(void) {
    static float x[SAMPLES][WIDTH];
    static int32_t label[SAMPLES];
    for (int i = 0; i < SAMPLES; i++)
        for (int k = 0; k < WIDTH; k++) x[i][k] = (float)(i * i % 97 + k);
    return cg_dataset_from_arrays(&(cg_array){CG_F32, cg_shape(SAMPLES, WIDTH), x},
                                  &(cg_array){CG_I32, cg_shape(SAMPLES), label});
}

int main(void) {
    static job jobs[THREADS];
    cg_dataset *set = make_set();
    int bad = 0;
    for (int i = 0; i < THREADS; i++) {
        jobs[i].set = set;
        if (pthread_create(&jobs[i].thread, NULL, run, &jobs[i])) return 1;
    }
    for (int i = 0; i < THREADS; i++) pthread_join(jobs[i].thread, NULL);
    for (int i = 0; i < THREADS; i++) {
        const job *j = &jobs[i];
        if (!j->error && j->sum[0] == j->sum[1] && j->sum[0] == jobs[0].sum[0] && j->sum[0] > 0) continue;
        bad++;
        fprintf(stderr, "FAIL thread %d: sums %.9g and %.9g, of thread 0 %.9g; %s\n", i, j->sum[0], j->sum[1],
                jobs[0].sum[0], j->error ? j->error : "");
    }
    cg_dataset_free(set);
    return bad != 0;
}
