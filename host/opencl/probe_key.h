/* What the outcome of a probe depends on, in one hash. */
#ifndef CLGRAD_HOST_OPENCL_PROBE_KEY_H
#define CLGRAD_HOST_OPENCL_PROBE_KEY_H

#include "host/opencl/sha256.h"

/*
 * Library, loader file, driver files and the libraries they name, environment variables that steer drivers, device
 * files, and this start of the system. A change in any of them means to probe again.
 */
void cg_probe_key(uint8_t key[CG_SHA256_BYTES]);

#endif
