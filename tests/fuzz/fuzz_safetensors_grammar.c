/*
 * Headers of the right form with sizes and offsets of the fuzzer's choice. An oracle with 128-bit integers says
 * which of them are valid: the library must agree, and give the data that were put in.
 */
#include "fuzz_file.h"

#include <clgrad/clgrad.h>

#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 int128;

enum { MAX_ENTRIES = 5, MAX_DATA = 256, MAX_DIMS = 10 };

typedef struct entry {
    int dtype; /* 6: an unknown one */
    int rank;
    int64_t dim[MAX_DIMS], begin, end;
    bool named_as_the_first;
} entry;

static const char *const dtypes[] = {"F32", "F64", "I32", "I64", "U8", "BOOL", "F16"};
static const cg_dtype meant[] = {CG_F32, CG_F64, CG_I32, CG_I64, CG_U8, CG_BOOL};
static const int sizes[] = {4, 8, 4, 8, 1, 1, 2};

/* The bytes of an entry; -1 if they cannot be held or a dim is negative. A dim of 0 hides no overflow. */
static int128 oracle_bytes(const entry *e) {
    int128 product = sizes[e->dtype];
    bool empty = false;
    for (int i = 0; i < e->rank; i++) {
        if (e->dim[i] < 0) return -1;
        if (e->dim[i] == 0) empty = true;
        if (e->dim[i] > 0 && product <= INT64_MAX) product *= e->dim[i];
    }
    return product > INT64_MAX ? -1 : empty ? 0 : product;
}

/* Whether entry by entry, in an order in which each begins where the last one ended, the data are covered. */
static bool oracle_covers(const entry *e, int n, int64_t data_bytes) {
    bool used[MAX_ENTRIES] = {false};
    int64_t at = 0;
    for (int step = 0; step < n; step++) {
        int next = -1;
        for (int i = 0; i < n; i++)
            if (!used[i] && e[i].begin == at && (next < 0 || e[i].end < e[next].end)) next = i;
        if (next < 0) return false;
        used[next] = true;
        at = e[next].end;
    }
    return at == data_bytes;
}

static bool oracle(const entry *e, int n, int64_t data_bytes) {
    for (int i = 0; i < n; i++) {
        bool fits = e[i].begin >= 0 && e[i].begin <= e[i].end && e[i].end <= data_bytes;
        if (e[i].dtype == 6 || e[i].rank > CG_MAX_RANK || !fits) return false;
        if (oracle_bytes(&e[i]) < 0 || oracle_bytes(&e[i]) != (int128)e[i].end - e[i].begin) return false;
        if (i > 0 && e[i].named_as_the_first) return false;
    }
    return oracle_covers(e, n, data_bytes);
}

/* An entry that is right as often as not: it begins where the last one ended. */
static entry choose_entry(fuzz_choices *c, int64_t *at) {
    entry e = {.dtype = fuzz_below(c, 16)};
    if (e.dtype > 6) e.dtype %= 6;
    e.rank = fuzz_below(c, 12);
    if (e.rank > MAX_DIMS) e.rank = 1;
    for (int i = 0; i < e.rank; i++) e.dim[i] = fuzz_size(c);
    int128 bytes = oracle_bytes(&e);
    e.begin = fuzz_below(c, 8) == 7 ? fuzz_size(c) : *at;
    if (__builtin_add_overflow(e.begin, (int64_t)bytes, &e.end)) e.end = INT64_MAX;
    if (fuzz_below(c, 8) == 7) e.end = fuzz_size(c);
    e.named_as_the_first = fuzz_below(c, 16) == 15;
    if (e.begin >= 0 && e.end > e.begin && e.end <= MAX_DATA) *at = e.end;
    return e;
}

static size_t write_file(uint8_t *file, size_t room, const entry *e, int n, const uint8_t *data,
                         size_t data_bytes) {
    char *text = (char *)file + 8;
    size_t used = (size_t)snprintf(text, room, "{");
    for (int i = 0; i < n; i++) {
        used += (size_t)snprintf(text + used, room - used, "%s\"t%d\":{\"dtype\":\"%s\",\"shape\":[",
                                 i ? "," : "", e[i].named_as_the_first ? 0 : i, dtypes[e[i].dtype]);
        for (int d = 0; d < e[i].rank; d++)
            used +=
                (size_t)snprintf(text + used, room - used, "%s%lld", d ? "," : "", (long long)e[i].dim[d]);
        used += (size_t)snprintf(text + used, room - used, "],\"data_offsets\":[%lld,%lld]}",
                                 (long long)e[i].begin, (long long)e[i].end);
    }
    used += (size_t)snprintf(text + used, room - used, "}");
    uint64_t length = used;
    memcpy(file, &length, sizeof length);
    memcpy(text + used, data, data_bytes);
    return 8 + used + data_bytes;
}

/* Each tensor has the dtype, the shape and the bytes of its entry. */
static void compare(const cg_safetensors *file, const entry *e, int n, const uint8_t *data, cg_device *dev) {
    if (cg_safetensors_count(file) != n) fuzz_fail("another number of entries");
    for (int i = 0; i < n; i++) {
        const char *name;
        cg_dtype dtype;
        cg_dims shape;
        if (cg_safetensors_entry(file, i, &name, &dtype, &shape) != CG_OK) fuzz_fail("an entry is refused");
        const entry *want = &e[atoi(name + 1)];
        size_t bytes = (size_t)(want->end - want->begin);
        if (dtype != meant[want->dtype] || shape.rank != want->rank) fuzz_fail("another dtype or rank");
        for (int d = 0; d < shape.rank; d++)
            if (shape.dim[d] != want->dim[d]) fuzz_fail("another shape");
        uint8_t got[MAX_DATA];
        cg_tensor *x = cg_safetensors_read(file, i, dev);
        if (!x || cg_to_host(x, got, bytes) != CG_OK) fuzz_fail(cg_error_message(dev));
        if (memcmp(got, data + want->begin, bytes) != 0) fuzz_fail("other data");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
    static cg_device *dev;
    if (!dev) dev = cg_device_open("cpu");
    if (!dev) fuzz_fail(cg_error_message(NULL));
    fuzz_choices c = {input, bytes, 0};
    entry e[MAX_ENTRIES];
    int n = fuzz_below(&c, MAX_ENTRIES + 1);
    int64_t at = 0;
    for (int i = 0; i < n; i++) e[i] = choose_entry(&c, &at);
    if (fuzz_below(&c, 16) == 15) at = fuzz_below(&c, MAX_DATA);
    uint8_t data[MAX_DATA], whole[8 + 4096 + MAX_DATA];
    for (int i = 0; i < MAX_DATA; i++) data[i] = (uint8_t)(i & 1); /* right for BOOL too */
    size_t length = write_file(whole, 4096, e, n, data, (size_t)at);

    cg_safetensors *file = cg_safetensors_open(fuzz_file(whole, length));
    if ((file != NULL) != oracle(e, n, at)) {
        fprintf(stderr, "%.*s and %lld bytes: %s\n", (int)(length - 8), (char *)whole + 8, (long long)at,
                file ? "accepted" : cg_error_message(NULL));
        fuzz_fail("the library and the oracle disagree");
    }
    cg_scope *scope = cg_scope_begin(dev);
    if (file) compare(file, e, n, data, dev);
    cg_scope_end(scope);
    cg_safetensors_close(file);
    return 0;
}
