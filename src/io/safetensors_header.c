#include "io/safetensors_header.h"

#include "core/shape.h"
#include "io/system_error.h"

#include <stdlib.h>
#include <string.h>

/* What bounds the memory of the parsed JSON: a value of one byte of text takes some 100 bytes parsed. */
enum { MAX_DEPTH = 4, MAX_VALUES = 1000000 };

/* Where a header is parsed: for messages, and the data that its offsets must cover. */
typedef struct header_context {
    const char *path;
    uint64_t data_bytes;
    cg_error *err;
} header_context;

/* One rule broken, by the header as a whole or by entry `name`. */
#define FAIL_HEADER(c, code, rule, ...)                                                                      \
    CG_FAIL((c)->err, (code), "safetensors: " CG_PATH_FORMAT ": " rule, (c)->path, __VA_ARGS__)
#define FAIL_ENTRY(c, name, rule, ...)                                                                       \
    FAIL_HEADER((c), CG_ERROR_FORMAT, "entry '%.100s': " rule, (name), __VA_ARGS__)

static const char *const dtype_names[] = {[CG_F32] = "F32", [CG_F64] = "F64", [CG_I32] = "I32",
                                          [CG_I64] = "I64", [CG_U8] = "U8",   [CG_BOOL] = "BOOL"};

const char *cg_safetensors_dtype_name(cg_dtype dtype) { return dtype_names[dtype]; }

/* Depth and number of values, before the parser spends memory on them. */
static cg_status check_limits(const header_context *c, const char *text, size_t bytes) {
    int depth = 0, values = 0;
    bool in_string = false;
    for (size_t i = 0; i < bytes; i++) {
        char ch = text[i];
        if (in_string) {
            if (ch == '\\') i++;
            if (ch == '"') in_string = false;
        } else if (ch == '"') {
            in_string = true;
        } else if (ch == '{' || ch == '[') {
            values++;
            if (++depth > MAX_DEPTH)
                return FAIL_HEADER(c, CG_ERROR_FORMAT, "the header nests deeper than %d", MAX_DEPTH);
        } else if (ch == '}' || ch == ']') {
            depth--;
        } else if (ch == ',') {
            values++;
        }
        if (values > MAX_VALUES)
            return FAIL_HEADER(c, CG_ERROR_FORMAT, "the header has more than %d values", MAX_VALUES);
    }
    return CG_OK;
}

static cg_status parse_json(const header_context *c, const char *text, size_t bytes, json_t **json) {
    if (bytes == 0 || text[0] != '{')
        return FAIL_HEADER(c, CG_ERROR_FORMAT, "the header does not begin with '%c'", '{');
    cg_status status = check_limits(c, text, bytes);
    if (status != CG_OK) return status;
    json_error_t why;
    *json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &why);
    if (*json) return CG_OK;
    if (!*why.text) /* jansson has a text for everything but this */
        return FAIL_HEADER(c, CG_ERROR_MEMORY, "out of memory for a header of %zu bytes", bytes);
    return FAIL_HEADER(c, CG_ERROR_FORMAT, "the header is no JSON: %.160s, at byte %d", why.text,
                       why.position);
}

static cg_status check_metadata(const header_context *c, json_t *metadata) {
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return FAIL_HEADER(c, CG_ERROR_FORMAT, "%s is no JSON object", CG_SAFETENSORS_METADATA);
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value))
            return FAIL_HEADER(c, CG_ERROR_FORMAT, "%s: the value of '%.100s' is no text",
                               CG_SAFETENSORS_METADATA, key);
    }
    return CG_OK;
}

static bool get_size(const json_t *value, int64_t *size) {
    *size = json_integer_value(value);
    return json_is_integer(value) && *size >= 0;
}

static cg_status parse_dtype(const header_context *c, const char *name, const json_t *value,
                             cg_dtype *dtype) {
    if (!json_is_string(value)) return FAIL_ENTRY(c, name, "dtype is no text%s", "");
    for (int i = 0; i < (int)(sizeof dtype_names / sizeof *dtype_names); i++) {
        if (strcmp(json_string_value(value), dtype_names[i]) != 0) continue;
        *dtype = (cg_dtype)i;
        return CG_OK;
    }
    return FAIL_HEADER(c, CG_ERROR_DTYPE, "entry '%.100s': dtype '%.20s' is none of F32 F64 I32 I64 U8 BOOL",
                       name, json_string_value(value));
}

static cg_status parse_shape(const header_context *c, const char *name, const json_t *value, cg_dims *shape) {
    if (!json_is_array(value)) return FAIL_ENTRY(c, name, "shape is no array%s", "");
    size_t rank = json_array_size(value);
    if (rank > CG_MAX_RANK) return FAIL_ENTRY(c, name, "rank %zu is more than %d", rank, CG_MAX_RANK);
    *shape = (cg_dims){.rank = (int)rank};
    for (size_t i = 0; i < rank; i++)
        if (!get_size(json_array_get(value, i), &shape->dim[i]))
            return FAIL_ENTRY(c, name, "shape[%zu] is no integer from 0 on", i);
    return CG_OK;
}

static cg_status parse_offsets(const header_context *c, cg_stored_tensor *entry, const json_t *value) {
    int64_t begin, end, numel;
    if (json_array_size(value) != 2 || !get_size(json_array_get(value, 0), &begin) ||
        !get_size(json_array_get(value, 1), &end))
        return FAIL_ENTRY(c, entry->name, "data_offsets is no array of two integers from 0 on%s", "");
    if (begin > end || (uint64_t)end > c->data_bytes)
        return FAIL_ENTRY(c, entry->name, "data_offsets [%lld, %lld] do not lie in the %llu bytes of data",
                          (long long)begin, (long long)end, (unsigned long long)c->data_bytes);
    size_t element = cg_dtype_size(entry->dtype);
    if (!cg_dims_valid(&entry->shape, element, &numel))
        return FAIL_ENTRY(c, entry->name, "shape %s overflows", CG_SHAPE_STR(&entry->shape));
    if (end - begin != numel * (int64_t)element)
        return FAIL_ENTRY(c, entry->name, "%lld bytes of data where %s of %s takes %lld",
                          (long long)(end - begin), CG_SHAPE_STR(&entry->shape), dtype_names[entry->dtype],
                          (long long)(numel * (int64_t)element));
    entry->begin = (uint64_t)begin;
    entry->end = (uint64_t)end;
    return CG_OK;
}

static cg_status parse_entry(const header_context *c, const char *name, const json_t *value,
                             cg_stored_tensor *entry) {
    *entry = (cg_stored_tensor){.name = name};
    const json_t *dtype = json_object_get(value, "dtype"), *shape = json_object_get(value, "shape"),
                 *offsets = json_object_get(value, "data_offsets");
    if (!*name) return FAIL_ENTRY(c, name, "the name is empty%s", "");
    if (!dtype || !shape || !offsets || json_object_size(value) != 3)
        return FAIL_ENTRY(c, name, "it is no object of exactly dtype, shape and data_offsets%s", "");
    cg_status status = parse_dtype(c, name, dtype, &entry->dtype);
    if (status == CG_OK) status = parse_shape(c, name, shape, &entry->shape);
    if (status == CG_OK) status = parse_offsets(c, entry, offsets);
    return status;
}

/* By place of the data. Entries without data share a place: then the shorter first, then by name. */
static int compare_entries(const void *a, const void *b) {
    const cg_stored_tensor *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end) return x->end < y->end ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* The data of the sorted entries cover the file without gap and without overlap. */
static cg_status check_cover(const header_context *c, const cg_safetensors_header *header) {
    uint64_t expected = 0;
    for (int i = 0; i < header->count; i++) {
        const cg_stored_tensor *entry = &header->entry[i];
        if (entry->begin != expected)
            return FAIL_ENTRY(c, entry->name, "its data begin at byte %llu, those before end at %llu: %s",
                              (unsigned long long)entry->begin, (unsigned long long)expected,
                              entry->begin < expected ? "an overlap" : "a gap");
        expected = entry->end;
    }
    if (expected != c->data_bytes)
        return FAIL_HEADER(c, CG_ERROR_FORMAT, "the entries cover %llu of %llu bytes of data",
                           (unsigned long long)expected, (unsigned long long)c->data_bytes);
    return CG_OK;
}

cg_status cg_safetensors_header_parse(cg_safetensors_header *header, const char *text, size_t bytes,
                                      uint64_t data_bytes, const char *path, cg_error *err) {
    const header_context context = {path, data_bytes, err}, *c = &context;
    *header = (cg_safetensors_header){0};
    cg_status status = parse_json(c, text, bytes, &header->json);
    if (status != CG_OK) return status;

    header->entry = calloc(json_object_size(header->json) + 1, sizeof *header->entry);
    if (!header->entry) return FAIL_HEADER(c, CG_ERROR_MEMORY, "out of memory for the %s", "entries");
    const char *name;
    json_t *value;
    json_object_foreach(header->json, name, value) {
        if (strcmp(name, CG_SAFETENSORS_METADATA) == 0)
            status = check_metadata(c, value);
        else
            status = parse_entry(c, name, value, &header->entry[header->count++]);
        if (status != CG_OK) return status;
    }
    qsort(header->entry, (size_t)header->count, sizeof *header->entry, compare_entries);
    return check_cover(c, header);
}

void cg_safetensors_header_free(cg_safetensors_header *header) {
    json_decref(header->json);
    free(header->entry);
    *header = (cg_safetensors_header){0};
}
