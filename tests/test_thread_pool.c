/* The pool of threads: every index once, and every thread its own share first. */
#include "host/cpu/thread_pool.h"
#include "support/device_test.h"

#include <sched.h>
#include <stdatomic.h>

/* How often each index was given out, and what was wrong with the ranges. */
typedef struct visits {
    int64_t n, grain;
    atomic_int *count;
    atomic_int bad;
} visits;

static void visit(void *ctx, int64_t begin, int64_t end, int thread) {
    visits *v = ctx;
    v->bad += begin % v->grain != 0 || (end % v->grain != 0 && end != v->n) || begin >= end || end > v->n;
    v->bad += thread < 0 || thread >= cg_parallel_threads();
    for (int64_t i = begin; i < end; i++) v->count[i]++;
}

HOST_TEST(thread_pool, every_index_once) {
    enum { MOST = 1000 };
    static const int64_t grains[] = {1, 2, 7, 64, 333, 1000};
    atomic_int count[MOST];
    for (int64_t n = 1; n <= MOST; n += n < 40 ? 1 : 53)
        for (size_t g = 0; g < sizeof grains / sizeof *grains; g++) {
            visits v = {.n = n, .grain = grains[g], .count = count};
            for (int64_t i = 0; i < n; i++) count[i] = 0;
            cg_parallel_for(n, grains[g], visit, &v);
            for (int64_t i = 0; i < n; i++) v.bad += count[i] != 1;
            CHECK_MSG(v.bad == 0, "n %lld, grain %lld", (long long)n, (long long)grains[g]);
        }
}

/* The first index that each thread is given, while none goes on before all are there. */
typedef struct firsts {
    atomic_int there;
    _Atomic int64_t first[CG_MAX_THREADS];
} firsts;

static void note_first(void *ctx, int64_t begin, int64_t end, int thread) {
    enum { PATIENCE = 1000000 }; /* a machine that gives a thread no time */
    firsts *f = ctx;
    (void)end;
    if (f->first[thread] >= 0) return;
    f->first[thread] = begin;
    f->there++;
    for (int i = 0; i < PATIENCE && f->there < cg_parallel_threads(); i++) sched_yield();
}

/* Loop after loop a thread meets the same part of an array, which is then in its cache. */
HOST_TEST(thread_pool, own_share_first) {
    const int threads = cg_parallel_threads();
    for (int run = 0; run < 20; run++) {
        firsts f = {0};
        for (int t = 0; t < threads; t++) f.first[t] = -1;
        cg_parallel_for(threads * (int64_t)160, 10, note_first, &f);
        for (int t = 0; t < threads && f.there == threads; t++)
            CHECK_MSG(f.first[t] == t * (int64_t)160, "thread %d began at %lld", t, (long long)f.first[t]);
    }
}
