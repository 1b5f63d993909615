/*
 * The pool: every thread has a share of a loop, the same part of it each time, so that what a loop leaves in the cache of a
 * core is where the next one looks for it. A share is taken in chunks, and whoever is done with its own takes from the
 * others', so that a core that another process holds delays one small chunk only. A worker spins for some microseconds after
 * a loop, since the next one tends to follow at once, and then sleeps.
 *
 * One loop runs at a time. It is described before the ticket is raised, and read only by workers that have
 * counted themselves into `active` and then still see the same ticket; the caller closes the ticket and then
 * waits for `active` to fall to zero. One of the two sees the other (both are sequentially consistent), so no
 * worker reads a description that is being changed.
 */
#define _GNU_SOURCE
#include "host/cpu/thread_pool.h"

#include "core/env.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

enum {
    SPIN_NANOSECONDS = 20000,
    SPINS_PER_LOOK = 32,  /* pauses between two looks at the clock */
    CHUNKS_PER_SHARE = 8, /* enough to even out */
    STACK_BYTES = 1 << 20
};

/* The part of a loop that belongs to a thread. */
typedef struct share {
    _Alignas(64) _Atomic int64_t next; /* the first index nobody has taken */
    int64_t end;
} share;

/* What is written often has a line of its own. */
static struct {
    _Alignas(64) atomic_uint ticket; /* odd: a loop is open. Raised by one to open and by one to close */
    _Alignas(64) atomic_int active;  /* workers inside the open loop */
    _Alignas(64) atomic_bool busy;   /* a caller holds the pool */
    atomic_int sleepers;             /* workers that sleep or are about to */
    atomic_bool caller_sleeps;
    int workers; /* started; changed by the holder of `busy` only */
    bool started;
    share share[CG_MAX_THREADS];
    int shares;
    int64_t chunk;
    cg_loop_body *body;
    void *ctx;
} pool;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER, finished = PTHREAD_COND_INITIALIZER;
static _Thread_local int self; /* 0 in a caller, 1.. in a worker */

static int count_cores(void) {
    const long asked = cg_env_int("CLGRAD_THREADS", 0);
    if (asked > 0) return asked < CG_MAX_THREADS ? (int)asked : CG_MAX_THREADS;
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    const int n = CPU_COUNT(&set);
    return n < 1 ? 1 : n < CG_MAX_THREADS ? n : CG_MAX_THREADS;
}

int cg_parallel_threads(void) {
    static atomic_int threads;
    int n = atomic_load_explicit(&threads, memory_order_relaxed);
    if (n == 0) {
        n = count_cores();
        atomic_store_explicit(&threads, n, memory_order_relaxed);
    }
    return n;
}

static inline void pause_core(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static int64_t nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void run_share(share *s, int thread) {
    for (;;) {
        const int64_t begin = atomic_fetch_add_explicit(&s->next, pool.chunk, memory_order_relaxed);
        if (begin >= s->end) return;
        pool.body(pool.ctx, begin, s->end - begin < pool.chunk ? s->end : begin + pool.chunk, thread);
    }
}

/* The thread's own share, then what is left of the others'. */
static void run_shares(int thread) {
    for (int i = 0; i < pool.shares; i++) run_share(&pool.share[(thread + i) % pool.shares], thread);
}

/* --- The worker ------------------------------------------------------------------------------------------ */

static void take_part(unsigned ticket, int thread) {
    atomic_fetch_add(&pool.active, 1);
    if (atomic_load(&pool.ticket) == ticket) run_shares(thread);
    if (atomic_fetch_sub(&pool.active, 1) == 1 && atomic_load(&pool.caller_sleeps)) {
        pthread_mutex_lock(&mutex);
        pthread_cond_signal(&finished);
        pthread_mutex_unlock(&mutex);
    }
}

/* The next ticket of an open loop that is not `last`. */
static unsigned await_ticket(unsigned last) {
    const int64_t deadline = nanoseconds() + SPIN_NANOSECONDS;
    do {
        for (int i = 0; i < SPINS_PER_LOOK; i++) {
            const unsigned ticket = atomic_load_explicit(&pool.ticket, memory_order_acquire);
            if (ticket != last && ticket % 2) return ticket;
            pause_core();
        }
    } while (nanoseconds() < deadline);
    unsigned ticket;
    pthread_mutex_lock(&mutex);
    atomic_fetch_add(&pool.sleepers, 1);
    while (ticket = atomic_load(&pool.ticket), ticket == last || ticket % 2 == 0)
        pthread_cond_wait(&opened, &mutex);
    atomic_fetch_sub(&pool.sleepers, 1);
    pthread_mutex_unlock(&mutex);
    return ticket;
}

static void *worker_main(void *arg) {
    self = (int)(intptr_t)arg;
    for (unsigned ticket = 0;;) {
        ticket = await_ticket(ticket);
        take_part(ticket, self);
    }
    return NULL;
}

/* --- Starting -------------------------------------------------------------------------------------------- */

/* In a forked child there are no workers, whatever the parent's state was. */
static void forget_workers(void) {
    pool.started = false;
    pool.workers = 0;
    atomic_store(&pool.ticket, 0);
    atomic_store(&pool.active, 0);
    atomic_store(&pool.sleepers, 0);
    atomic_store(&pool.caller_sleeps, false);
    atomic_store(&pool.busy, self != 0); /* inside a worker's body the loop stays its own */
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    opened = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    finished = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
}

/* Fewer threads than asked for, or none, are no error: the loop runs on those there are. */
static void start_workers(void) {
    static bool registered;
    pool.started = true;
    if (!registered && pthread_atfork(NULL, NULL, forget_workers) != 0) return;
    registered = true;
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0) return;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    sigset_t all, before; /* signals are the application's: its threads get them */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 1; i < cg_parallel_threads(); i++) {
        pthread_t thread;
        if (pthread_create(&thread, &attr, worker_main, (void *)(intptr_t)i) != 0) break;
        pool.workers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
}

/* --- The caller ------------------------------------------------------------------------------------------ */

static void wake_workers(int64_t wanted) {
    const int sleepers = atomic_load(&pool.sleepers);
    if (sleepers == 0) return;
    pthread_mutex_lock(&mutex);
    if (wanted < sleepers)
        for (int64_t i = 0; i < wanted; i++) pthread_cond_signal(&opened);
    else
        pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&mutex);
}

static void await_workers(void) {
    const int64_t deadline = nanoseconds() + SPIN_NANOSECONDS;
    do {
        for (int i = 0; i < SPINS_PER_LOOK; i++) {
            if (atomic_load(&pool.active) == 0) return;
            pause_core();
        }
    } while (nanoseconds() < deadline);
    pthread_mutex_lock(&mutex);
    atomic_store(&pool.caller_sleeps, true);
    while (atomic_load(&pool.active) != 0) pthread_cond_wait(&finished, &mutex);
    atomic_store(&pool.caller_sleeps, false);
    pthread_mutex_unlock(&mutex);
}

/* Shares that differ by a grain at most, and no more of them than there are grains. */
static void share_out(int64_t n, int64_t grain) {
    const int64_t grains = (n - 1) / grain + 1, threads = pool.workers + 1;
    const int64_t shares = grains < threads ? grains : threads, each = grains / shares;
    for (int64_t s = 0, end = 0; s < shares; s++) {
        atomic_store_explicit(&pool.share[s].next, end * grain, memory_order_relaxed);
        end += each + (s < grains % shares);
        pool.share[s].end = end < grains ? end * grain : n;
    }
    pool.shares = (int)shares;
    pool.chunk = grain * ((each - 1) / CHUNKS_PER_SHARE + 1);
}

static void run_loop(int64_t n, int64_t grain, cg_loop_body *body, void *ctx) {
    share_out(n, grain);
    pool.body = body;
    pool.ctx = ctx;
    atomic_fetch_add(&pool.ticket, 1);
    wake_workers(pool.shares - 1);
    run_shares(self);
    atomic_fetch_add(&pool.ticket, 1);
    await_workers();
}

void cg_parallel_for(int64_t n, int64_t grain, cg_loop_body *body, void *ctx) {
    if (n <= 0) return;
    if (n <= grain || cg_parallel_threads() == 1 || atomic_exchange(&pool.busy, true)) {
        body(ctx, 0, n, self);
        return;
    }
    if (!pool.started) start_workers();
    if (pool.workers)
        run_loop(n, grain, body, ctx);
    else
        body(ctx, 0, n, self);
    atomic_store(&pool.busy, false);
}
