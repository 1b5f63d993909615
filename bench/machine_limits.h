/*
 * What the machine can do at best, measured by loops that share nothing with the library: the bar that
 * benchmark results are held against.
 */
#ifndef CLGRAD_BENCH_MACHINE_LIMITS_H
#define CLGRAD_BENCH_MACHINE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

/* Kinds of traffic: they differ in how many streams are read and written. */
typedef enum machine_traffic {
    MACHINE_READ,  /* s += x[i]: one stream */
    MACHINE_COPY,  /* y[i] = x[i]: two */
    MACHINE_TRIAD, /* z[i] = x[i] + a y[i]: three */
    MACHINE_TRAFFICS
} machine_traffic;

typedef struct machine_limits {
    int threads;
    double flops;                    /* f32 multiply-adds count 2; per second, all threads */
    double memory[MACHINE_TRAFFICS]; /* bytes per second, all streams counted, arrays far beyond the caches */
    double cache[MACHINE_TRAFFICS];  /* the same in the last cache */
    double cache_bytes;              /* work on up to so many bytes is held against `cache` */
    char source[96];                 /* how it was measured */
} machine_limits;

/* Measures this machine for about `seconds` with that many threads. False without memory or threads. */
bool machine_limits_measure(machine_limits *limits, int threads, double seconds);

/* The fewest seconds that `bytes` of traffic take. */
double machine_seconds(const machine_limits *limits, machine_traffic traffic, double bytes);

/* A loop of multiply-adds in registers (machine_fma.c): returns how many floating-point operations it did. */
double machine_multiply_add(long rounds);

/* The name of the instructions that it uses. */
const char *machine_instructions(void);

#endif
