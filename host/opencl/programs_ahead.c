/*
 * Programs that will be needed together, built at the same time. A driver takes a tenth of a second or more for one, and
 * most build several at once where several threads ask (PoCL 3.1 does not).
 *
 * What they are is found by doing the work without launching it: between begin and end cg_cl_kernel notes a request
 * whose program is not there yet, and launches come to nothing. A program that does not build is left out: the request
 * itself meets the error again.
 */
#define _GNU_SOURCE
#include "host/opencl/opencl.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/env.h"

enum { MAX_AHEAD = 64, MAX_THREADS = 8 };

typedef struct wanted_program {
    cg_kernel_request request;
    cg_program rows; /* what request.program points to, if it does */
    cl_program built;
} wanted_program;

struct cg_programs_ahead {
    int n;
    atomic_int next; /* not begun yet */
    wanted_program wanted[MAX_AHEAD];
};

/* One of the threads: it sees the device, and has an error and counters of its own. */
typedef struct builder {
    cg_hw_opencl hw;
    cg_error error;
    struct cg_programs_ahead *ahead;
    pthread_t thread;
} builder;

void cg_cl_ahead_begin(cg_hw_opencl *hw) {
    if (!hw->ahead) hw->ahead = calloc(1, sizeof *hw->ahead);
}

void cg_cl_ahead_note(cg_hw_opencl *hw, const cg_kernel_request *r) {
    struct cg_programs_ahead *a = hw->ahead;
    if (a->n == MAX_AHEAD) return;
    for (int i = 0; i < a->n; i++)
        if (cg_cl_same_program(&a->wanted[i].request, r)) return;
    wanted_program *w = &a->wanted[a->n++];
    w->request = *r;
    if (!r->program) return;
    w->rows = *r->program;
    w->request.program = &w->rows;
}

static void *build_some(void *arg) {
    builder *b = arg;
    for (int i; i = atomic_fetch_add(&b->ahead->next, 1), i < b->ahead->n;)
        b->ahead->wanted[i].built = cg_cl_build(&b->hw, &b->ahead->wanted[i].request);
    return NULL;
}

/* CLGRAD_BUILD_THREADS, or the processors of this process. */
static int threads_for(int programs) {
    cpu_set_t set;
    const int processors = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    const long wanted = cg_env_int("CLGRAD_BUILD_THREADS", processors);
    const int most = programs < MAX_THREADS ? programs : MAX_THREADS;
    return wanted < 1 ? 1 : wanted < most ? (int)wanted : most;
}

/* Starts the threads but the first, which is the caller; as many as could be had. */
static int start_builders(builder *b, int n) {
    sigset_t all, before; /* signals are the application's: its threads get them */
    int started = 1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < n && pthread_create(&b[started].thread, NULL, build_some, &b[started]) == 0) started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void build_all(cg_hw_opencl *hw, struct cg_programs_ahead *ahead, int n_threads) {
    builder *b = calloc((size_t)n_threads, sizeof *b);
    if (!b) return;
    const double start = cg_cl_seconds();
    for (int i = 0; i < n_threads; i++) {
        b[i] = (builder){.hw = *hw, .ahead = ahead};
        b[i].hw.base.err = &b[i].error;
        b[i].hw.base.stats = (cg_device_stats){0};
    }
    const int started = start_builders(b, n_threads);
    build_some(&b[0]);
    for (int i = 0; i < started; i++) {
        if (i > 0) pthread_join(b[i].thread, NULL);
        hw->base.stats.programs_built += b[i].hw.base.stats.programs_built;
        hw->base.stats.programs_loaded += b[i].hw.base.stats.programs_loaded;
    }
    hw->base.stats.build_seconds += cg_cl_seconds() - start;
    free(b);
}

/* One program alone, or one thread, has nothing to gain: it is built when it is asked for. */
void cg_cl_ahead_end(cg_hw_opencl *hw) {
    struct cg_programs_ahead *ahead = hw->ahead;
    hw->ahead = NULL;
    if (!ahead) return;
    const int n_threads = threads_for(ahead->n);
    if (n_threads > 1) build_all(hw, ahead, n_threads);
    for (int i = 0; i < ahead->n; i++)
        if (ahead->wanted[i].built) cg_cl_keep_program(hw, &ahead->wanted[i].request, ahead->wanted[i].built);
    free(ahead);
}
