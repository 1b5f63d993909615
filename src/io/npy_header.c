/* Headers of .npy arrays: a parser of just the dictionaries that NumPy writes, and of nothing else of Python. */
#include "io/npy_header.h"

#include "core/shape.h"
#include "io/system_error.h"

#include <stdlib.h>
#include <string.h>

static const char magic[] = "\x93NUMPY";
enum { MAGIC = 6, KEYS = 3 };

/* What is left of the dictionary's text. */
typedef struct text {
    const char *at, *end;
} text;

static void skip_blanks(text *t) {
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\n' || *t->at == '\t')) t->at++;
}

/* Takes one character, blanks before it; false if another one stands there. */
static bool take(text *t, char c) {
    skip_blanks(t);
    if (t->at == t->end || *t->at != c) return false;
    t->at++;
    return true;
}

static bool take_word(text *t, const char *word) {
    size_t n = strlen(word);
    skip_blanks(t);
    if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n) != 0) return false;
    t->at += n;
    return true;
}

/* A string in single or double quotes, without escapes, into `to`. */
static bool take_string(text *t, char *to, size_t room) {
    skip_blanks(t);
    if (t->at == t->end || (*t->at != '\'' && *t->at != '"')) return false;
    const char quote = *t->at++;
    size_t n = 0;
    for (; t->at < t->end && *t->at != quote; t->at++) {
        if (n + 1 == room || *t->at == '\\' || *t->at == 0) return false;
        to[n++] = *t->at;
    }
    to[n] = 0;
    return t->at++ < t->end;
}

static bool take_size(text *t, int64_t *size) {
    skip_blanks(t);
    const char *begin = t->at;
    for (*size = 0; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++)
        if (__builtin_mul_overflow(*size, 10, size) || __builtin_add_overflow(*size, *t->at - '0', size))
            return false;
    return t->at > begin && (*begin != '0' || t->at == begin + 1);
}

/* A tuple: (), (3,), (3, 4). "(3)" is none in Python. */
static bool take_shape(text *t, cg_dims *shape) {
    *shape = (cg_dims){0};
    if (!take(t, '(')) return false;
    bool comma = true;
    while (!take(t, ')')) {
        if (!comma || shape->rank == CG_MAX_RANK || !take_size(t, &shape->dim[shape->rank])) return false;
        shape->rank++;
        comma = take(t, ',');
    }
    return shape->rank != 1 || comma;
}

static bool machine_is_little(void) { return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__; }

/* "<f4": byte order, kind, bytes. False where it is no such text. */
static bool parse_descr(const char *descr, cg_npy_header *h) {
    static const char *const known[] = {"b1", "i1", "i2", "i4", "i8", "u1",
                                        "u2", "u4", "u8", "f2", "f4", "f8"};
    const char order = descr[0];
    if (!order || !strchr("<>|=", order)) return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(descr + 1, known[i])) {
            h->kind = descr[1];
            h->size = descr[2] - '0';
            h->swap = h->size > 1 && (order == '<' || order == '>') && (order == '<') != machine_is_little();
            return order != '|' || h->size == 1;
        }
    return false;
}

/* The value of a key. `descr` keeps the text, which is judged when the rest is known to be sound. */
static bool take_value(text *t, int key, cg_npy_header *h, char descr[16]) {
    if (key == 0) return take_string(t, descr, 16);
    if (key == 2) return take_shape(t, &h->shape);
    h->fortran = take_word(t, "True");
    return h->fortran || take_word(t, "False");
}

static bool parse_dictionary(text *t, cg_npy_header *h, char descr[16]) {
    static const char *const names[KEYS] = {"descr", "fortran_order", "shape"};
    bool seen[KEYS] = {false}, comma = true;
    if (!take(t, '{')) return false;
    for (int n = 0; !take(t, '}'); n++) {
        char name[16];
        int key = 0;
        if (!comma || n == KEYS || !take_string(t, name, sizeof name) || !take(t, ':')) return false;
        while (key < KEYS && strcmp(name, names[key]) != 0) key++;
        if (key == KEYS || seen[key] || !take_value(t, key, h, descr)) return false;
        seen[key] = true;
        comma = take(t, ',');
    }
    skip_blanks(t);
    return seen[0] && seen[1] && seen[2] && t->at == t->end;
}

static cg_status parse(const char *bytes, size_t n, const cg_npy_source *source, cg_npy_header *h,
                       cg_error *err) {
    char descr[16] = "";
    text t = {bytes, bytes + n};
    if (!parse_dictionary(&t, h, descr))
        return CG_FAIL(err, CG_ERROR_FORMAT,
                       "npy: " CG_PATH_FORMAT ": its header is not {'descr': '...', 'fortran_order': ..., "
                       "'shape': (...)} of a rank up to %d",
                       source->name, CG_MAX_RANK);
    if (!parse_descr(descr, h))
        return CG_FAIL(err, CG_ERROR_DTYPE,
                       "npy: " CG_PATH_FORMAT
                       ": elements '%s'; b1, i1 to i8, u1 to u8 and f2 to f8 are read, objects never",
                       source->name, descr);
    if (!cg_dims_valid(&h->shape, 8, &h->numel))
        return CG_FAIL(err, CG_ERROR_FORMAT, "npy: " CG_PATH_FORMAT ": shape %s is too large", source->name,
                       CG_SHAPE_STR(&h->shape));
    if (source->bytes != (uint64_t)h->numel * (uint64_t)h->size)
        return CG_FAIL(err, CG_ERROR_FORMAT, "npy: " CG_PATH_FORMAT ": %llu bytes where %s of %s take %llu",
                       source->name, (unsigned long long)source->bytes, CG_SHAPE_STR(&h->shape), descr,
                       (unsigned long long)h->numel * (unsigned long long)h->size);
    return CG_OK;
}

/* Reads `n` bytes, of which there must be as many. */
static cg_status read_part(cg_npy_source *source, void *to, size_t n, cg_error *err) {
    if (source->bytes < n)
        return CG_FAIL(err, CG_ERROR_FORMAT, "npy: " CG_PATH_FORMAT ": truncated in its header",
                       source->name);
    source->bytes -= n;
    return source->read(source->context, to, n, err);
}

cg_status cg_npy_header_read(cg_npy_source *source, cg_npy_header *header, cg_error *err) {
    unsigned char head[MAGIC + 2], length[4] = {0};
    *header = (cg_npy_header){0};
    if (read_part(source, head, sizeof head, err) != CG_OK) return err->code;
    const int version = head[MAGIC];
    if (memcmp(head, magic, MAGIC) != 0 || version < 1 || version > 3 || head[MAGIC + 1] != 0)
        return CG_FAIL(err, CG_ERROR_FORMAT,
                       "npy: " CG_PATH_FORMAT ": does not begin as an array of version 1.0 to 3.0",
                       source->name);
    if (read_part(source, length, version == 1 ? 2 : 4, err) != CG_OK) return err->code;
    const size_t n = length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 | (size_t)length[3] << 24;
    if (n > CG_NPY_MAX_HEADER)
        return CG_FAIL(err, CG_ERROR_FORMAT,
                       "npy: " CG_PATH_FORMAT ": a header of %zu bytes; at most %d are read", source->name, n,
                       CG_NPY_MAX_HEADER);
    if (n > source->bytes)
        return CG_FAIL(err, CG_ERROR_FORMAT, "npy: " CG_PATH_FORMAT ": truncated in its header",
                       source->name);
    char *bytes = malloc(n + 1);
    if (!bytes) return CG_FAIL(err, CG_ERROR_MEMORY, "npy: out of memory for a header of %zu bytes", n);
    if (read_part(source, bytes, n, err) == CG_OK) parse(bytes, n, source, header, err);
    free(bytes);
    return err->code;
}

cg_dtype cg_npy_dtype(const cg_npy_header *h) {
    if (h->kind == 'b') return CG_BOOL;
    if (h->kind == 'f') return h->size == 8 ? CG_F64 : CG_F32;
    if (h->kind == 'u' && h->size == 1) return CG_U8;
    return h->size == 8 || (h->kind == 'u' && h->size == 4) ? CG_I64 : CG_I32;
}

size_t cg_npy_header_write(const cg_array *array, char to[CG_NPY_WRITTEN_HEADER]) {
    static const char *const types[] = {
        [CG_F32] = "f4", [CG_F64] = "f8", [CG_I32] = "i4", [CG_I64] = "i8", [CG_U8] = "u1", [CG_BOOL] = "b1"};
    const bool byte = array->dtype == CG_U8 || array->dtype == CG_BOOL;
    char shape[CG_SHAPE_TEXT];
    char *dictionary = to + MAGIC + 4;
    int n = snprintf(dictionary, CG_NPY_WRITTEN_HEADER - MAGIC - 4,
                     "{'descr': '%c%s', 'fortran_order': False, 'shape': %s, }",
                     byte                  ? '|'
                     : machine_is_little() ? '<'
                                           : '>',
                     types[array->dtype], cg_dims_text(&array->shape, shape));
    const size_t whole = ((size_t)n + MAGIC + 4 + 1 + 63) / 64 * 64, length = whole - MAGIC - 4;
    memset(dictionary + n, ' ', length - (size_t)n - 1);
    dictionary[length - 1] = '\n';
    memcpy(to, magic, MAGIC);
    memcpy(to + MAGIC, (const char[]){1, 0, (char)(length & 255), (char)(length >> 8)}, 4);
    return whole;
}
