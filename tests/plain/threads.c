/*
 * Several threads, each with a device of its own, train at the same time: the same numbers as alone, and no
 * data race. A plain program, since Criterion does not start under the thread sanitizer.
 *
 * usage: plain_threads [threads [rounds [device]]]
 */
#include "clgrad/clgrad.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_THREADS = 64, STEPS = 12 };

typedef struct job {
    pthread_t thread;
    const char *device;
    double loss[STEPS];
    char error[800];
} job;

/* Large enough that products, maps and reductions are shared among the pool's threads. */
static cg_tensor *step_loss(cg_device *dev, cg_module *net, int step) {
    cg_tensor *x = cg_normal(dev, CG_F32, cg_shape(256, 96), 0, 1);
    cg_tensor *labels = cg_cast(cg_argmax(cg_slice(x, 1, 0, 10, 1), cg_axes(1), false), CG_I32);
    cg_tensor *h = cg_forward(net, cg_mul(x, 1 + 0.01 * step));
    cg_tensor *penalty = cg_mean(cg_square(cg_transpose(h, 0, 1)), CG_ALL_AXES, false);
    return cg_add(cg_cross_entropy(h, labels, CG_MEAN), cg_mul(penalty, 0.01));
}

static void train(job *j, cg_device *dev) {
    cg_module *net = cg_mlp(dev, 3, (const int64_t[]){96, 128, 10}, "gelu");
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){.lr = 0.01});
    for (int i = 0; i < STEPS; i++) {
        cg_scope *scope = cg_scope_begin(dev);
        cg_tensor *loss = step_loss(dev, net, i);
        if (cg_backward(loss) != CG_OK || cg_optimizer_step(adam) != CG_OK ||
            cg_item(loss, &j->loss[i]) != CG_OK)
            snprintf(j->error, sizeof j->error, "%s", cg_error_message(dev));
        cg_scope_end(scope);
    }
    cg_optimizer_free(adam);
    cg_module_free(net);
}

static void *run(void *argument) {
    job *j = argument;
    cg_device *dev = cg_device_open(j->device);
    if (dev)
        train(j, dev);
    else
        snprintf(j->error, sizeof j->error, "%s", cg_error_message(NULL));
    cg_device_close(dev);
    /* errors without a device are of each thread alone */
    if (cg_device_open("no such device") != NULL || !strstr(cg_error_message(NULL), "no such device"))
        snprintf(j->error, sizeof j->error, "the error of the thread is lost");
    return NULL;
}

/* n threads at once; returns the number that went wrong. */
static int together(int n, const char *device, job *jobs) {
    int bad = 0;
    memset(jobs, 0, (size_t)n * sizeof *jobs);
    for (int i = 0; i < n; i++) {
        jobs[i].device = device;
        if (pthread_create(&jobs[i].thread, NULL, run, &jobs[i])) exit(1);
    }
    for (int i = 0; i < n; i++) pthread_join(jobs[i].thread, NULL);
    for (int i = 0; i < n; i++) {
        if (!memcmp(jobs[i].loss, jobs[0].loss, sizeof jobs[i].loss) && !jobs[i].error[0]) continue;
        bad++;
        fprintf(stderr, "FAIL thread %d of %d: last loss %.9g, of thread 0 %.9g; %s\n", i, n,
                jobs[i].loss[STEPS - 1], jobs[0].loss[STEPS - 1], jobs[i].error);
    }
    return bad;
}

/* Threads meet in the first use of everything; then one alone says what the numbers are. */
int main(int argc, char **argv) {
    static job jobs[MOST_THREADS], alone;
    int threads = argc > 1 ? atoi(argv[1]) : 4, rounds = argc > 2 ? atoi(argv[2]) : 3, bad = 0;
    const char *device = argc > 3 ? argv[3] : "cpu";
    if (threads < 1 || threads > MOST_THREADS) return 2;
    for (int i = 0; i < rounds; i++) bad += together(threads, device, jobs);
    bad += together(1, device, &alone);
    bool same = !memcmp(alone.loss, jobs[0].loss, sizeof alone.loss);
    bool learns = isfinite(alone.loss[STEPS - 1]) && alone.loss[STEPS - 1] < alone.loss[0];
    if (!same || !learns) bad++;
    printf("%d rounds of %d threads on %s, loss %.6f to %.6f, %s: %d failures\n", rounds, threads, device,
           alone.loss[0], alone.loss[STEPS - 1], same ? "as alone" : "alone it is different", bad);
    return bad != 0;
}
