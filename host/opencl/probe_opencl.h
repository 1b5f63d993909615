/*
 * Tries every OpenCL device in a child process, so that a driver that crashes, hangs or computes nonsense cannot
 * harm this one. It must run before this process itself uses OpenCL: PoCL hangs in a child whose parent had.
 */
#ifndef CLGRAD_HOST_OPENCL_PROBE_OPENCL_H
#define CLGRAD_HOST_OPENCL_PROBE_OPENCL_H

#include "host/opencl/loader.h"

enum { CG_PROBE_MAX = 32 };

/* One device as the child saw it; device -1: the list of the platform's devices could not be had. */
typedef struct cg_probed {
    int platform, device; /* places in the driver's lists */
    bool works;           /* a kernel was built, ran and gave the right result */
    bool works_f64;       /* the same in double precision */
    char reason[192];     /* why it does not work, "" if it does */
} cg_probed;

typedef struct cg_probe {
    bool listed; /* the platforms could be listed; if not, reason says why, and OpenCL must not be used */
    char reason[192];
    int n;
    cg_probed found[CG_PROBE_MAX];
} cg_probe;

/* The outcome, from the cache on disk if nothing it depends on has changed. */
void cg_probe_run(const cg_cl_calls *cl, cg_probe *probe);

/* What the child saw of a device, NULL if it did not see it. */
const cg_probed *cg_probe_find(const cg_probe *probe, int platform, int device);

#endif
