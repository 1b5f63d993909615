/* Putting a network together: whatever fails first ends it, and nothing is leaked. */
#ifndef CLGRAD_MODELS_ASSEMBLY_H
#define CLGRAD_MODELS_ASSEMBLY_H

#include "clgrad/nn.h"

/*
 * Adds `layer` to a sequential under a name, or its number where `name` is NULL, unless *status tells of an earlier
 * error; the layer is freed then.
 */
void cg_assembly_add(cg_module *net, const char *name, cg_module *layer, cg_status *status);

/* net where all went well; else NULL, and net is freed. */
cg_module *cg_assembly_end(cg_module *net, cg_status status);

#endif
