/* Reading safetensors files: io.h. */
#include "io/safetensors.h"

#include "core/shape.h"
#include "io/input_file.h"
#include "io/safetensors_header.h"
#include "io/system_error.h"
#include "tensor/context.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is little-endian and read as it lies");

struct cg_safetensors {
    cg_input_file file;
    cg_safetensors_header header;
    uint64_t data_offset; /* where the data begin in the file */
};

/* Reads the length of the header, and the header. *text is to be freed. */
static cg_status read_header(const cg_input_file *file, char **text, uint64_t *bytes, cg_error *err) {
    if (file->bytes < sizeof *bytes)
        return CG_FAIL(err, CG_ERROR_FORMAT, "safetensors: " CG_PATH_FORMAT ": %llu bytes are no such file",
                       file->path, (unsigned long long)file->bytes);
    cg_status status = cg_input_read(file, bytes, sizeof *bytes, 0, err);
    if (status != CG_OK) return status;
    if (*bytes > file->bytes - sizeof *bytes || *bytes > CG_SAFETENSORS_MAX_HEADER)
        return CG_FAIL(err, CG_ERROR_FORMAT,
                       "safetensors: " CG_PATH_FORMAT
                       ": a header of %llu bytes in a file of %llu; %d is the limit",
                       file->path, (unsigned long long)*bytes, (unsigned long long)file->bytes,
                       CG_SAFETENSORS_MAX_HEADER);
    *text = malloc((size_t)*bytes + 1);
    if (!*text)
        return CG_FAIL(err, CG_ERROR_MEMORY, "safetensors: out of memory for a header of %llu bytes",
                       (unsigned long long)*bytes);
    return cg_input_read(file, *text, (size_t)*bytes, sizeof *bytes, err);
}

cg_safetensors *cg_safetensors_open(const char *path) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    cg_safetensors *file = calloc(1, sizeof *file);
    if (!file) {
        CG_FAIL(err, CG_ERROR_MEMORY, "safetensors: out of memory");
        return NULL;
    }
    char *text = NULL;
    uint64_t bytes = 0;
    cg_status status = cg_input_open(&file->file, path, err);
    if (status == CG_OK) status = read_header(&file->file, &text, &bytes, err);
    if (status == CG_OK) {
        file->data_offset = sizeof bytes + bytes;
        status = cg_safetensors_header_parse(&file->header, text, (size_t)bytes,
                                             file->file.bytes - file->data_offset, path, err);
    }
    free(text);
    if (status == CG_OK) return file;
    cg_safetensors_close(file);
    return NULL;
}

int cg_safetensors_count(const cg_safetensors *file) { return file ? file->header.count : 0; }

cg_status cg_safetensors_entry(const cg_safetensors *file, int i, const char **name, cg_dtype *dtype,
                               cg_dims *shape) {
    if (!file || i < 0 || i >= file->header.count) {
        cg_error *err = cg_error_of_thread();
        *err = (cg_error){0};
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "safetensors: there is no entry %d", i);
    }
    const cg_stored_tensor *entry = &file->header.entry[i];
    if (name) *name = entry->name;
    if (dtype) *dtype = entry->dtype;
    if (shape) *shape = entry->shape;
    return CG_OK;
}

int cg_safetensors_find_under(const cg_safetensors *file, const char *prefix, const char *name) {
    const size_t n = strlen(prefix);
    for (int i = 0; i < file->header.count; i++) {
        const char *there = file->header.entry[i].name;
        if (strncmp(there, prefix, n) == 0 && strcmp(there + n, name) == 0) return i;
    }
    return -1;
}

int cg_safetensors_find(const cg_safetensors *file, const char *name) {
    return file && name ? cg_safetensors_find_under(file, "", name) : -1;
}

const char *cg_safetensors_metadata(const cg_safetensors *file, const char *key) {
    if (!file || !key) return NULL;
    return json_string_value(
        json_object_get(json_object_get(file->header.json, CG_SAFETENSORS_METADATA), key));
}

/* A bool is one byte, 0 or 1, everywhere in the library: a file must not bring in a third value. */
static cg_status check_bools(const cg_safetensors *file, const cg_stored_tensor *entry, const uint8_t *data,
                             cg_error *err) {
    for (uint64_t i = 0; i < entry->end - entry->begin; i++)
        if (data[i] > 1)
            return CG_FAIL(err, CG_ERROR_FORMAT,
                           "safetensors: " CG_PATH_FORMAT ": entry '%.100s': element %llu of BOOL is %d",
                           file->file.path, entry->name, (unsigned long long)i, data[i]);
    return CG_OK;
}

cg_tensor *cg_safetensors_read(const cg_safetensors *file, int i, cg_device *dev) {
    if (!file || !dev) return NULL;
    if (i < 0 || i >= file->header.count) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "safetensors: there is no entry %d", i);
        return NULL;
    }
    const cg_stored_tensor *entry = &file->header.entry[i];
    size_t bytes = (size_t)(entry->end - entry->begin);
    void *data = malloc(bytes ? bytes : 1);
    cg_status status = CG_OK;
    if (!data)
        status = CG_FAIL(&dev->error, CG_ERROR_MEMORY, "safetensors: out of memory for %zu bytes of '%.100s'",
                         bytes, entry->name);
    if (status == CG_OK)
        status = cg_input_read(&file->file, data, bytes, file->data_offset + entry->begin, &dev->error);
    if (status == CG_OK && entry->dtype == CG_BOOL) status = check_bools(file, entry, data, &dev->error);
    cg_tensor *x = status == CG_OK ? cg_from_host(dev, entry->dtype, entry->shape, data) : NULL;
    free(data);
    return x;
}

cg_tensor *cg_safetensors_read_like(const cg_safetensors *file, const char *op, const char *prefix,
                                    const char *name, const cg_tensor *like) {
    cg_device *dev = like->storage->dev;
    const int at = cg_safetensors_find_under(file, prefix, name);
    if (at < 0) {
        CG_FAIL(&dev->error, CG_ERROR_FORMAT, "%s: " CG_PATH_FORMAT ": the file has no %s%.100s", op,
                file->file.path, prefix, name);
        return NULL;
    }
    const cg_stored_tensor *entry = &file->header.entry[at];
    if (entry->dtype != like->storage->dtype || !cg_dims_equal(&entry->shape, &like->shape)) {
        CG_FAIL(&dev->error, CG_ERROR_FORMAT,
                "%s: " CG_PATH_FORMAT ": %s%.100s is %s %s in the file, expected %s %s", op, file->file.path,
                prefix, name, cg_dtype_name(entry->dtype), CG_SHAPE_STR(&entry->shape),
                cg_dtype_name(like->storage->dtype), CG_SHAPE_STR(&like->shape));
        return NULL;
    }
    return cg_safetensors_read(file, at, dev);
}

char *cg_safetensors_name(const char *prefix, const char *name) {
    const size_t bytes = strlen(prefix) + strlen(name) + 1;
    char *full = malloc(bytes);
    if (full) snprintf(full, bytes, "%s%s", prefix, name);
    return full;
}

void cg_safetensors_close(cg_safetensors *file) {
    if (!file) return;
    cg_safetensors_header_free(&file->header);
    cg_input_close(&file->file);
    free(file);
}
