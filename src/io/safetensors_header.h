/*
 * The header of a safetensors file: 8 bytes little-endian length, then JSON, then data.
 *     {"__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
 * Offsets count from the first byte after the header. What is checked: io.h, at cg_safetensors_open.
 */
#ifndef CLGRAD_IO_SAFETENSORS_HEADER_H
#define CLGRAD_IO_SAFETENSORS_HEADER_H

#include "clgrad/tensor.h"
#include "core/error.h"

#include <jansson.h>

enum { CG_SAFETENSORS_MAX_HEADER = 100000000 };
#define CG_SAFETENSORS_METADATA "__metadata__"

typedef struct cg_stored_tensor {
    const char *name; /* in the header's JSON */
    cg_dtype dtype;
    cg_dims shape;
    uint64_t begin, end; /* bytes of its data */
} cg_stored_tensor;

typedef struct cg_safetensors_header {
    json_t *json;
    int count;
    cg_stored_tensor *entry; /* in the order of their data */
} cg_safetensors_header;

/* How the format names a dtype. */
const char *cg_safetensors_dtype_name(cg_dtype dtype);

/*
 * Parses and checks the JSON text; data_bytes is what follows it in the file. `path` is for messages. To be
 * freed by cg_safetensors_header_free, also after an error.
 */
cg_status cg_safetensors_header_parse(cg_safetensors_header *header, const char *text, size_t bytes,
                                      uint64_t data_bytes, const char *path, cg_error *err);
void cg_safetensors_header_free(cg_safetensors_header *header);

#endif
