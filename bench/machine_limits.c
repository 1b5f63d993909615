#include "machine_limits.h"

#include "cases.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

enum { MAX_THREADS = 256, BLOCK = 1 << 21 };

/* Floats of each array of a loop, at least, and of all its arrays where they are to lie in the last cache. */
enum { MEMORY_FLOATS = 1 << 24, CACHE_FLOATS = 1 << 21 };

/* One thread's share of a measurement. */
typedef struct worker {
    pthread_t thread;
    int kind; /* a machine_traffic, or ARITHMETIC */
    bool streaming;
    long rounds;
    float *x, *y, *z;
    size_t n;
    float result;
    double start, end;
} worker;

enum { ARITHMETIC = MACHINE_TRAFFICS };

/* --- The loops ------------------------------------------------------------------------------------------ */

typedef float lanes __attribute__((vector_size(16)));

static float read_all(const float *x, size_t n) {
    enum { SUMS = 8, LANES = sizeof(lanes) / sizeof(float) };
    lanes sum[SUMS] = {{0}};
    for (size_t i = 0; i < n; i += SUMS * LANES)
        for (size_t j = 0; j < SUMS; j++) sum[j] += *(const lanes *)(x + i + j * LANES);
    for (size_t j = 1; j < SUMS; j++) sum[0] += sum[j];
    return sum[0][0];
}

/* `streaming` writes past the cache, which saves reading the lines that are overwritten. */
static void triad(float *restrict z, const float *restrict x, const float *restrict y, size_t n,
                  bool streaming) {
#if defined(__x86_64__)
    if (streaming) {
        const __m128 a = _mm_set1_ps(1.5f);
        for (size_t i = 0; i < n; i += 4)
            _mm_stream_ps(z + i, _mm_add_ps(_mm_load_ps(x + i), _mm_mul_ps(a, _mm_load_ps(y + i))));
        _mm_sfence();
        return;
    }
#endif
    (void)streaming;
    for (size_t i = 0; i < n; i++) z[i] = x[i] + 1.5f * y[i];
}

/* Copies with ordinary stores, or past the cache. */
static void copy(float *restrict y, const float *restrict x, size_t n, bool streaming) {
#if defined(__x86_64__)
    if (streaming) {
        for (size_t i = 0; i < n; i += 4) _mm_stream_ps(y + i, _mm_load_ps(x + i));
        _mm_sfence();
        return;
    }
#endif
    (void)streaming;
    memcpy(y, x, n * sizeof *y);
}

/* This thread's time on a processor: arithmetic does not suffer from what others do on it in between. */
static double processor_seconds(void) {
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

static void *work(void *argument) {
    worker *w = argument;
    if (w->kind == ARITHMETIC) {
        w->start = processor_seconds();
        machine_multiply_add(w->rounds);
        w->end = processor_seconds();
        return NULL;
    }
    w->start = bench_now();
    for (long r = 0; r < w->rounds; r++) {
        if (w->kind == MACHINE_READ) w->result += read_all(w->x, w->n);
        if (w->kind == MACHINE_COPY) copy(r % 2 ? w->x : w->y, r % 2 ? w->y : w->x, w->n, w->streaming);
        if (w->kind == MACHINE_TRIAD) triad(w->z, w->x, w->y, w->n, w->streaming);
    }
    w->end = bench_now();
    return NULL;
}

/* --- Threads -------------------------------------------------------------------------------------------- */

/* Runs the workers at once; returns the seconds it took them, 0 without threads. */
static double run_workers(worker *workers, int threads) {
    int started = 1;
    while (started < threads && pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0)
        started++;
    work(&workers[0]);
    for (int i = 1; i < started; i++) pthread_join(workers[i].thread, NULL);
    if (started < threads) return 0;
    double start = workers[0].start, end = workers[0].end, longest = end - start;
    for (int i = 1; i < threads; i++) {
        if (workers[i].start < start) start = workers[i].start;
        if (workers[i].end > end) end = workers[i].end;
        if (workers[i].end - workers[i].start > longest) longest = workers[i].end - workers[i].start;
    }
    return workers[0].kind == ARITHMETIC ? longest : end - start;
}

/*
 * The best rate within `seconds`. A try lasts 2 ms or more, beside which starting a thread is little, and
 * which another program's turn does not always fall into.
 */
static double best_rate(worker *workers, int threads, double amount, double seconds) {
    double best = 0, until = bench_now() + seconds;
    for (long rounds = 1; bench_now() < until;) {
        for (int i = 0; i < threads; i++) workers[i].rounds = rounds;
        double time = run_workers(workers, threads);
        if (time == 0) return 0;
        double rate = amount * (double)rounds * threads / time;
        if (rate > best) best = rate;
        if (time < 2e-3) rounds *= 2;
    }
    return best;
}

/* --- The measurements ----------------------------------------------------------------------------------- */

/* `floats` are each thread's of all arrays together. */
static double traffic_rate(worker *workers, int threads, machine_traffic kind, size_t floats,
                           double seconds) {
    static const size_t streams[] = {1, 2, 3};
    const size_t n = floats / streams[kind] / 1024 * 1024;
    double amount = (double)(streams[kind] * n) * sizeof(float), best = 0;
    for (int streaming = 0; streaming < 2; streaming++) {
        for (int i = 0; i < threads; i++) {
            workers[i].kind = (int)kind;
            workers[i].streaming = streaming;
            workers[i].n = n;
        }
        double rate = best_rate(workers, threads, amount, seconds / 2);
        if (rate > best) best = rate;
    }
    return best;
}

/* Memory on huge pages, touched, so that no page fault is measured. */
static float *new_arrays(size_t bytes) {
    float *arrays = aligned_alloc(BLOCK, bytes);
    if (!arrays) return NULL;
    madvise(arrays, bytes, MADV_HUGEPAGE);
    for (size_t i = 0; i < bytes / sizeof *arrays; i++) arrays[i] = (float)(i % 1021);
    return arrays;
}

/* The last cache as the kernel sees it: in a virtual machine the C library's answer is the whole socket's. */
static double last_cache_bytes(void) {
    double bytes = 0;
    for (int level = 0; level < 8; level++) {
        char path[80];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/size", level);
        FILE *file = fopen(path, "r");
        double kib = 0;
        if (file && fscanf(file, "%lfK", &kib) == 1 && kib * 1024 > bytes) bytes = kib * 1024;
        if (file) fclose(file);
    }
    return bytes > 0 ? bytes : 8e6;
}

bool machine_limits_measure(machine_limits *limits, int threads, double seconds) {
    static worker workers[MAX_THREADS];
    if (threads > MAX_THREADS) threads = MAX_THREADS;
    const double cache = last_cache_bytes();
    size_t floats =
        cache > 2 * MEMORY_FLOATS ? (size_t)(cache / 2) : MEMORY_FLOATS; /* twice the cache, or more */
    floats = (floats / (size_t)threads + 1023) / 1024 * 1024;
    size_t bytes = (3 * floats * (size_t)threads * sizeof(float) + BLOCK - 1) / BLOCK * BLOCK;
    float *arrays = new_arrays(bytes);
    if (!arrays) return false;
    for (int i = 0; i < threads; i++) {
        float *x = arrays + 3 * floats * (size_t)i;
        workers[i] = (worker){.kind = ARITHMETIC, .x = x, .y = x + floats, .z = x + 2 * floats};
    }
    const double share = seconds / (2 * MACHINE_TRAFFICS + 1);
    *limits = (machine_limits){.threads = threads, .cache_bytes = cache / 2};
    limits->flops = best_rate(workers, threads, machine_multiply_add(1), share);
    for (int kind = 0; kind < MACHINE_TRAFFICS; kind++) {
        size_t beyond = floats * (size_t)(kind + 1), within = CACHE_FLOATS / (size_t)threads + 4096;
        limits->memory[kind] = traffic_rate(workers, threads, (machine_traffic)kind, beyond, share);
        limits->cache[kind] = traffic_rate(workers, threads, (machine_traffic)kind, within, share);
    }
    snprintf(limits->source, sizeof limits->source, "own loops on %d threads, %s", threads,
             machine_instructions());
    free(arrays);
    return limits->flops > 0;
}

double machine_seconds(const machine_limits *limits, machine_traffic traffic, double bytes) {
    return bytes / (bytes <= limits->cache_bytes ? limits->cache[traffic] : limits->memory[traffic]);
}
