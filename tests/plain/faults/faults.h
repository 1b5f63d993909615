/* What runs under failing allocations (plain_alloc_failure): scenarios by family, each on a fixture of its own. */
#ifndef CLGRAD_TESTS_FAULTS_H
#define CLGRAD_TESTS_FAULTS_H

#include "clgrad/clgrad.h"
#include "support/check.h"
#include "tensor/context.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N = 12 };

/* What a scenario works on; made anew for each fault, with an allocator that works. */
typedef struct fixture {
    cg_device *dev;
    cg_tensor *x, *w, *labels;
    cg_module *net;
    cg_optimizer *optimizer;
    float weights[256];        /* of net, before */
    int batches;               /* that a source has given */
    bool second_device_failed; /* the error is on a device that is gone */
} fixture;

typedef struct fault_scenario {
    const char *name;
    bool (*run)(fixture *f);
    cg_status also; /* what the JSON parser makes of it, which does not tell memory from syntax */
} fault_scenario;

/* Each ends with a scenario without a name. */
extern const fault_scenario fault_operations[], fault_gradients[], fault_layers[], fault_training[],
    fault_data[];

/* The fixture's x, and files that were written without faults; other_path is the scenario's own. */
extern const float x_data[N];
extern char training_path[64], weights_path[64], other_path[64], optimizer_path[64], images_path[64],
    labels_path[64], table_path[64], folder_path[64];

/* Whether the elements of x add up to `sum`. */
bool holds(const cg_tensor *x, double sum);

/* Fails the test unless this is an error of memory, with a message. */
void check_memory_error(cg_status code, const char *message);

#endif
