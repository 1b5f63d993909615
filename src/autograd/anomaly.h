/* Anomaly mode: the first operation whose result has a NaN while no input has one. */
#ifndef CLGRAD_AUTOGRAD_ANOMALY_H
#define CLGRAD_AUTOGRAD_ANOMALY_H

#include "autograd/tape.h"

bool cg_anomaly_look(cg_tensor *out, const char *name, int n, cg_tensor *const *input);
bool cg_anomaly_look_gradient(const cg_rule_call *call, const char *name, int i, cg_tensor *dx);

/* False, and the error, where the mode is on and out = name(input) is the first with a NaN. */
static inline bool cg_anomaly_pass(cg_tensor *out, const char *name, int n, cg_tensor *const *input) {
    const cg_device *dev = out->storage->dev;
    return !dev->anomaly || dev->unwatched || cg_anomaly_look(out, name, n, input);
}

/* The same for the gradient dx of input i that the rule of operation `name` gave. */
static inline bool cg_anomaly_pass_gradient(const cg_rule_call *call, const char *name, int i,
                                            cg_tensor *dx) {
    return !call->dev->anomaly || call->dev->unwatched || cg_anomaly_look_gradient(call, name, i, dx);
}

#endif
