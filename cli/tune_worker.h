/*
 * A process of its own that opens the device, so that a driver that hangs or crashes takes down no more than one
 * question. The program starts itself again: "clgrad tune --worker" answers lines on descriptor 3 by lines on 4.
 */
#ifndef CLGRAD_CLI_TUNE_WORKER_H
#define CLGRAD_CLI_TUNE_WORKER_H

#include <clgrad/clgrad.h>

#include <sys/types.h>

enum { TUNE_TEXT = 512 };

typedef struct tune_worker {
    const char *device; /* as --device has it; may be NULL */
    int limit;          /* seconds for an answer */
    pid_t pid;          /* 0: none runs */
    int to, from;
    char why[TUNE_TEXT]; /* what became of the last one that gave no answer: "hangs: ...", "crashed: ..." */
} tune_worker;

/*
 * Asks for the answer to a line, starting a worker if none runs. False if there was none within the limit; the worker
 * is then gone, and `why` says how. An answer that begins with '!' is an error in words; the worker is ended then too.
 */
bool tune_ask(tune_worker *w, char answer[TUNE_TEXT], const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Ends the process. */
void tune_worker_stop(tune_worker *w);

/* The other side: serves until the questions end. Returns the exit code. */
int tune_serve(const char *device);

#endif
