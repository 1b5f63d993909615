/* Tensors of any dtype, shape and name are written, read back the same, and written again to the same bytes. */
#include "fuzz_file.h"

#include <clgrad/clgrad.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TENSORS = 4, NAME_BYTES = 6, MAX_DATA = 1 << 14 };

static cg_tensor *choose_tensor(fuzz_choices *c, cg_device *dev) {
    static uint8_t data[MAX_DATA];
    cg_dtype dtype = (cg_dtype)fuzz_below(c, 6);
    cg_dims shape = {.rank = fuzz_below(c, 6)};
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = fuzz_below(c, 4);
    for (size_t i = 0; i < 64; i++)
        data[i * 8 % MAX_DATA] = dtype == CG_BOOL ? fuzz_byte(c) & 1 : fuzz_byte(c);
    if (dtype == CG_BOOL)
        for (size_t i = 0; i < MAX_DATA; i++) data[i] &= 1;
    return cg_from_host(dev, dtype, shape, data);
}

static void same(const cg_tensor *a, const cg_tensor *b) {
    static uint8_t x[MAX_DATA], y[MAX_DATA];
    size_t bytes = (size_t)cg_numel(a) * cg_dtype_size(cg_dtype_of(a));
    cg_dims s = cg_shape_get(a), t = cg_shape_get(b);
    if (!b || cg_dtype_of(a) != cg_dtype_of(b) || s.rank != t.rank) fuzz_fail("another dtype or rank");
    for (int i = 0; i < s.rank; i++)
        if (s.dim[i] != t.dim[i]) fuzz_fail("another shape");
    if (cg_to_host(a, x, bytes) != CG_OK || cg_to_host(b, y, bytes) != CG_OK || memcmp(x, y, bytes) != 0)
        fuzz_fail("other data");
}

static void read_back(const char *path, int n, const cg_named_tensor *tensors, cg_device *dev) {
    cg_safetensors *file = cg_safetensors_open(path);
    if (!file) fuzz_fail(cg_error_message(NULL));
    if (cg_safetensors_count(file) != n) fuzz_fail("another number of entries");
    for (int i = 0; i < n; i++) {
        const char *name;
        cg_safetensors_entry(file, i, &name, NULL, NULL);
        int k = 0;
        while (k < n && strcmp(tensors[k].name, name) != 0) k++;
        if (k == n) fuzz_fail("another name");
        same(tensors[k].tensor, cg_safetensors_read(file, i, dev));
    }
    cg_safetensors_close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
    static cg_device *dev;
    if (!dev) dev = cg_device_open("cpu");
    if (!dev) fuzz_fail(cg_error_message(NULL));
    fuzz_choices c = {input, bytes, 0};
    char names[MAX_TENSORS][NAME_BYTES] = {{0}};
    cg_named_tensor tensors[MAX_TENSORS];
    int n = fuzz_below(&c, MAX_TENSORS + 1);
    cg_scope *scope = cg_scope_begin(dev);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < NAME_BYTES - 1; k++) names[i][k] = (char)fuzz_byte(&c);
        tensors[i] = (cg_named_tensor){names[i], choose_tensor(&c, dev)};
    }
    char value[NAME_BYTES] = {0};
    for (int k = 0; k < NAME_BYTES - 1; k++) value[k] = (char)fuzz_byte(&c);
    const char *const metadata[1][2] = {{"k", value}};

    const char *path = fuzz_output_path();
    cg_status status = cg_safetensors_save(path, n, tensors, 1, metadata);
    if (status == CG_OK) {
        size_t first_bytes, second_bytes;
        read_back(path, n, tensors, dev);
        uint8_t *first = fuzz_read(path, &first_bytes);
        if (cg_safetensors_save(path, n, tensors, 1, metadata) != CG_OK)
            fuzz_fail("saved once, but not twice");
        uint8_t *second = fuzz_read(path, &second_bytes);
        if (first_bytes != second_bytes || memcmp(first, second, first_bytes) != 0) fuzz_fail("other bytes");
        free(first);
        free(second);
        unlink(path);
    } else if (status != CG_ERROR_ARGUMENT) {
        fuzz_fail(cg_error_message(NULL));
    }
    cg_scope_end(scope);
    return 0;
}
