/* The part of the probe that runs in the child, and what it tells its parent through a pipe. */
#ifndef CLGRAD_HOST_OPENCL_PROBE_CHILD_H
#define CLGRAD_HOST_OPENCL_PROBE_CHILD_H

#include "host/opencl/probe_opencl.h"

typedef enum cg_probe_kind {
    CG_PROBE_NOTHING,
    CG_PROBE_LISTED, /* the platforms could be listed */
    CG_PROBE_TRYING, /* found.platform, found.device comes next */
    CG_PROBE_RESULT, /* found is complete */
    CG_PROBE_FAILED, /* found.reason: why no platform could be listed */
    CG_PROBE_END
} cg_probe_kind;

typedef struct cg_probe_message {
    cg_probe_kind kind;
    cg_probed found;
} cg_probe_message;

/* Tries all devices that `known` does not have yet, writes messages to fd and ends the process. */
_Noreturn void cg_probe_child(const cg_cl_calls *cl, const cg_probe *known, int fd);

#endif
