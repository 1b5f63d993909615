/*
 * Any bytes as a safetensors file; where the first byte is odd, the right header length is put in front of the
 * rest, whose header ends at the first zero byte: the fuzzer hardly finds a length by itself. What is accepted
 * is used: every entry is read onto the device and back, so that a size that was wrongly accepted shows.
 */
#include "fuzz_file.h"

#include <clgrad/clgrad.h>

#include <stdlib.h>
#include <string.h>

enum { MAX_INPUT = 1 << 16 };

static const char *input_file(const uint8_t *data, size_t bytes) {
    static uint8_t file[8 + MAX_INPUT];
    if (bytes == 0 || bytes > MAX_INPUT || data[0] % 2 == 0) return fuzz_file(data, bytes);
    const uint8_t *header = data + 1, *end = memchr(header, 0, bytes - 1);
    uint64_t length = end ? (uint64_t)(end - header) : bytes - 1;
    size_t rest = end ? bytes - 2 - (size_t)length : 0;
    memcpy(file, &length, sizeof length);
    memcpy(file + 8, header, (size_t)length);
    if (rest > 0) memcpy(file + 8 + length, end + 1, rest);
    return fuzz_file(file, 8 + (size_t)length + rest);
}

static void use_entry(const cg_safetensors *file, int i, cg_device *dev) {
    const char *name;
    cg_dtype dtype;
    cg_dims shape;
    if (cg_safetensors_entry(file, i, &name, &dtype, &shape) != CG_OK) fuzz_fail("an entry is refused");
    cg_tensor *x = cg_safetensors_read(file, i, dev);
    if (!x) {
        if (dtype != CG_BOOL) fuzz_fail(cg_error_message(dev));
        cg_error_clear(dev); /* a BOOL may be neither 0 nor 1 */
        return;
    }
    size_t bytes = (size_t)cg_numel(x) * cg_dtype_size(dtype);
    uint8_t *data = malloc(bytes + 1);
    if (!data || cg_to_host(x, data, bytes) != CG_OK) fuzz_fail("a tensor cannot be read back");
    free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static cg_device *dev;
    if (!dev) dev = cg_device_open("cpu");
    if (!dev) fuzz_fail(cg_error_message(NULL));
    cg_safetensors *file = cg_safetensors_open(input_file(data, bytes));
    if (!file && (cg_error_code(NULL) == CG_OK || !*cg_error_message(NULL)))
        fuzz_fail("refused without a word");
    cg_scope *scope = cg_scope_begin(dev);
    for (int i = 0; i < cg_safetensors_count(file); i++) use_entry(file, i, dev);
    (void)cg_safetensors_metadata(file, "format");
    cg_scope_end(scope);
    cg_safetensors_close(file);
    return 0;
}
