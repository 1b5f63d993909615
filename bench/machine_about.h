/* What machine this is, for the record. */
#ifndef CLGRAD_BENCH_MACHINE_ABOUT_H
#define CLGRAD_BENCH_MACHINE_ABOUT_H

typedef struct machine_about {
    char processor[128]; /* "unknown processor" where the system does not say */
    char system[256];    /* name, release and architecture */
    long processors;     /* online */
    double memory;       /* bytes */
    double load[3];      /* averages of 1, 5 and 15 minutes; -1 where the system does not say */
} machine_about;

machine_about machine_about_this(void);

#endif
