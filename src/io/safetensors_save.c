/*
 * Writing safetensors files: io.h. The same tensors give the same bytes: large elements come first, so that
 * each tensor's data is aligned to its element, and otherwise the order is the caller's.
 */
#include "clgrad/io.h"

#include "io/atomic_file.h"
#include "io/safetensors_header.h"
#include "io/system_error.h"

#include <stdlib.h>
#include <string.h>

static size_t bytes_of(const cg_tensor *x) { return (size_t)cg_numel(x) * cg_dtype_size(cg_dtype_of(x)); }

static cg_status out_of_memory(cg_error *err) {
    return CG_FAIL(err, CG_ERROR_MEMORY, "safetensors_save: out of memory");
}

/* Adds one key with its value (taken over, NULL without memory); the key must be new and text. */
static cg_status add_member(json_t *object, const char *key, json_t *value, cg_error *err) {
    if (!value) return out_of_memory(err);
    cg_status status = CG_OK;
    if (!key || !*key)
        status = CG_FAIL(err, CG_ERROR_ARGUMENT, "safetensors_save: a name is empty");
    else if (json_object_get(object, key))
        status = CG_FAIL(err, CG_ERROR_ARGUMENT, "safetensors_save: the name '%.100s' is given twice", key);
    else if (json_object_set(object, key, value) != 0)
        status =
            CG_FAIL(err, CG_ERROR_ARGUMENT, "safetensors_save: the name '%.100s' is not valid UTF-8", key);
    json_decref(value);
    return status;
}

static cg_status add_metadata(json_t *header, int n, const char *const (*metadata)[2], cg_error *err) {
    if (!metadata || n == 0) return CG_OK;
    json_t *object = json_object();
    cg_status status = object ? CG_OK : out_of_memory(err);
    for (int i = 0; i < n && status == CG_OK; i++) {
        json_t *text = metadata[i][1] ? json_string(metadata[i][1]) : NULL;
        if (!text)
            status =
                CG_FAIL(err, CG_ERROR_ARGUMENT, "safetensors_save: metadata %d is no valid UTF-8 text", i);
        else
            status = add_member(object, metadata[i][0], text, err);
    }
    if (status == CG_OK) return add_member(header, CG_SAFETENSORS_METADATA, object, err);
    json_decref(object);
    return status;
}

static cg_status add_tensor(json_t *header, const cg_named_tensor *named, uint64_t *offset, cg_error *err) {
    if (named->name && strcmp(named->name, CG_SAFETENSORS_METADATA) == 0)
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "safetensors_save: the name '%s' is the format's own",
                       named->name);
    json_t *shape = json_array();
    if (!shape) return out_of_memory(err);
    cg_dims dims = cg_shape_get(named->tensor);
    for (int i = 0; i < dims.rank; i++)
        if (json_array_append_new(shape, json_integer(dims.dim[i])) != 0) {
            json_decref(shape);
            return out_of_memory(err);
        }
    uint64_t begin = *offset;
    *offset += bytes_of(named->tensor);
    return add_member(header, named->name,
                      json_pack("{s:s, s:o, s:[I, I]}", "dtype",
                                cg_safetensors_dtype_name(cg_dtype_of(named->tensor)), "shape", shape,
                                "data_offsets", (json_int_t)begin, (json_int_t)*offset),
                      err);
}

static cg_status make_header(int n, const cg_named_tensor *const *order, int n_metadata,
                             const char *const (*metadata)[2], json_t **header, cg_error *err) {
    *header = json_object();
    if (!*header) return out_of_memory(err);
    cg_status status = add_metadata(*header, n_metadata, metadata, err);
    uint64_t offset = 0;
    for (int i = 0; i < n && status == CG_OK; i++) status = add_tensor(*header, order[i], &offset, err);
    return status;
}

/* Length and text, padded with spaces so that the data begin at a multiple of 8. */
static cg_status write_header(cg_atomic_file *file, const json_t *header, cg_error *err) {
    char *text = json_dumps(header, JSON_COMPACT);
    if (!text) return out_of_memory(err);
    size_t bytes = strlen(text);
    uint64_t padded = (bytes + 7) / 8 * 8;
    cg_status status = CG_OK;
    if (padded > CG_SAFETENSORS_MAX_HEADER)
        status = CG_FAIL(err, CG_ERROR_ARGUMENT, "safetensors_save: a header of %zu bytes; %d is the limit",
                         bytes, CG_SAFETENSORS_MAX_HEADER);
    if (status == CG_OK) status = cg_atomic_write(file, &padded, sizeof padded, err);
    if (status == CG_OK) status = cg_atomic_write(file, text, bytes, err);
    if (status == CG_OK) status = cg_atomic_write(file, "        ", (size_t)padded - bytes, err);
    free(text);
    return status;
}

static cg_status write_data(cg_atomic_file *file, int n, const cg_named_tensor *const *order, cg_error *err) {
    size_t room = 1;
    for (int i = 0; i < n; i++)
        if (bytes_of(order[i]->tensor) > room) room = bytes_of(order[i]->tensor);
    void *data = malloc(room);
    cg_status status = data ? CG_OK : out_of_memory(err);
    for (int i = 0; i < n && status == CG_OK; i++) {
        const cg_tensor *x = order[i]->tensor;
        status = cg_to_host(x, data, bytes_of(x));
        if (status != CG_OK)
            CG_FAIL(err, status, "safetensors_save: cannot read '%.100s': %.400s", order[i]->name,
                    cg_error_message(cg_device_of(x)));
        else
            status = cg_atomic_write(file, data, bytes_of(x), err);
    }
    free(data);
    return status;
}

/* The tensors by falling size of their elements, else as they were given; NULL and an error on failure. */
static const cg_named_tensor **sort_tensors(int n, const cg_named_tensor *tensors, cg_error *err) {
    const cg_named_tensor **order = malloc((size_t)n * sizeof *order + 1);
    if (!order) out_of_memory(err);
    int sorted = 0;
    for (size_t size = sizeof(double); order && size > 0; size--)
        for (int i = 0; i < n; i++)
            if (cg_dtype_size(cg_dtype_of(tensors[i].tensor)) == size) order[sorted++] = &tensors[i];
    return order;
}

cg_status cg_safetensors_save(const char *path, int n, const cg_named_tensor *tensors, int n_metadata,
                              const char *const (*metadata)[2]) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    if (n < 0 || n_metadata < 0 || (n > 0 && !tensors))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "safetensors_save: %d tensors, %d pairs of metadata", n,
                       n_metadata);
    for (int i = 0; i < n; i++)
        if (!tensors[i].tensor)
            return CG_FAIL(err, CG_ERROR_ARGUMENT, "safetensors_save: tensor %d is NULL", i);

    const cg_named_tensor **order = sort_tensors(n, tensors, err);
    if (!order) return err->code;
    json_t *header = NULL;
    cg_status status = make_header(n, order, n_metadata, metadata, &header, err);
    if (status == CG_OK) {
        cg_atomic_file file;
        status = cg_atomic_begin(&file, path, err);
        if (status == CG_OK) status = write_header(&file, header, err);
        if (status == CG_OK) status = write_data(&file, n, order, err);
        status = cg_atomic_end(&file, status, err);
    }
    json_decref(header);
    free(order);
    return status;
}
