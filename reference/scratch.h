/* Memory that lives until scratch_free_all; never NULL (the process ends without memory), zeroed. One thread. */
#ifndef CLGRAD_REFERENCE_SCRATCH_H
#define CLGRAD_REFERENCE_SCRATCH_H

#include <stddef.h>

void *scratch(size_t bytes);
void scratch_free_all(void);

#endif
