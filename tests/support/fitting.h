/* A small training: three clouds of points, a network with dropout, Adam, shuffled batches, some points held back. */
#ifndef CLGRAD_TESTS_FITTING_H
#define CLGRAD_TESTS_FITTING_H

#include "clgrad/clgrad.h"

#include <signal.h>

enum { FIT_SAMPLES = 44, FIT_HELD_BACK = 10, FIT_BATCH = 8, FIT_BATCHES = 6, FIT_PARAMETERS = 4 };

typedef struct fitting {
    cg_device *dev;
    cg_loader *train, *validation;
    cg_module *net;
    cg_optimizer *optimizer;
} fitting;

/* Everything made anew after cg_seed(seed); false and a failure if something could not be made. */
bool fitting_begin(fitting *f, cg_device *dev, uint64_t seed);
void fitting_end(fitting *f);

/* The points: all but those held back, or those. NULL and a failure. */
cg_dataset *fitting_points(bool held_back);

/* A loader of them, shuffled by the device's generator. */
cg_loader *fitting_loader(cg_device *dev, bool held_back, int64_t batch, bool shuffle);

/* The same losses, metrics and lr in all epochs, bit for bit. */
bool check_same_history(const cg_history *a, const cg_history *b);

/* The same parameters, bit for bit. */
bool check_same_parameters(const cg_module *a, const cg_module *b);

/* A callback whose context is an alarm_clock: it rings when so many batches are done, for cg_fit_options.interrupt. */
typedef struct alarm_clock {
    volatile sig_atomic_t flag;
    int batches;
} alarm_clock;
bool ring(void *context, cg_trainer *t, cg_fit_event event);

/* A metric that says what a script says: the next number at each call. */
typedef struct script {
    cg_device *dev;
    const double *value;
    int at;
} script;
cg_tensor *scripted(void *context, cg_tensor *output, cg_tensor *target);

#endif
