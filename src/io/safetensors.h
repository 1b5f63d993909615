/* What the library itself asks of a safetensors file beside io.h: tensors under a prefix, held against those they are for. */
#ifndef CLGRAD_IO_SAFETENSORS_H
#define CLGRAD_IO_SAFETENSORS_H

#include "clgrad/io.h"

/* prefix and name in new memory; NULL without memory. */
char *cg_safetensors_name(const char *prefix, const char *name);

/* The entry called prefix and name; -1 if there is none. */
int cg_safetensors_find_under(const cg_safetensors *file, const char *prefix, const char *name);

/*
 * Reads the entry called prefix and name, which must have the dtype and shape of `like`; onto its device. NULL: the error
 * there names `op`, the file and what does not fit.
 */
cg_tensor *cg_safetensors_read_like(const cg_safetensors *file, const char *op, const char *prefix,
                                    const char *name, const cg_tensor *like);

#endif
