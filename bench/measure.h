/* Timing one case on several devices, fairly: round by round, all devices in turn. */
#ifndef CLGRAD_BENCH_MEASURE_H
#define CLGRAD_BENCH_MEASURE_H

#include "cases.h"

#include <signal.h>

enum { BENCH_TARGETS = 16, BENCH_NOTE = 256 };

/* A device under test. */
typedef struct bench_target {
    cg_device *dev;
    machine_limits limits; /* flops 0: not measured */
} bench_target;

/* What came out for one case on one device, or for the reference. Times are of one operation, in seconds. */
typedef struct bench_result {
    const char *target;
    bool timed;            /* the times below are there */
    bool failed;           /* an error, or a wrong result: the note says which */
    char note[BENCH_NOTE]; /* why there is no time, or what is wrong */
    double first;          /* the first call, with what it compiles and chooses */
    double build;          /* the part of it that programs took to build or load */
    double min, q1, median, q3, max;
    int samples;
    long runs; /* runs in each sample */
    /* of one operation, once warm: as cg_device_stats counts them; moved are bytes read and written */
    double launches, allocations, waits, work, moved;
    double worst;
    double floor; /* 0: not known */
} bench_result;

/* How long to measure. */
typedef struct bench_effort {
    bench_size size;
    int samples;                       /* at least */
    double seconds;                    /* at least, for each target */
    double limit;                      /* no more samples after so long, whatever the above say */
    bool reference;                    /* time the naive reference, too */
    const volatile sig_atomic_t *stop; /* not 0: to stop as soon as possible; NULL: never */
} bench_effort;

/*
 * Verifies and times a case on n targets; results has room for n + 1, the reference comes first if asked for.
 * Returns how many results there are; 0 without memory, and when it was stopped.
 */
int bench_measure(const bench_case *what, const bench_effort *effort, int n, bench_target *targets,
                  bench_result *results);

/* Limits of a device that the machine's own loops cannot measure: by its copies and products at best. */
bool bench_device_limits(cg_device *dev, machine_limits *limits);

#endif
