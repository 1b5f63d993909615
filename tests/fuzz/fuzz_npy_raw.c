/*
 * Any bytes as a .npy file; where the first byte is odd, the beginning and the right header length are put in front of
 * the rest, whose header ends at the first zero byte. What is accepted is used: the last element is read, and the array
 * is written and read again.
 */
#include "fuzz_file.h"

#include <clgrad/npy.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_INPUT = 1 << 16 };

static const char *input_file(const uint8_t *data, size_t bytes) {
    static uint8_t file[10 + MAX_INPUT] = "\x93NUMPY\x01";
    if (bytes == 0 || bytes > MAX_INPUT || data[0] % 2 == 0) return fuzz_file(data, bytes);
    const uint8_t *header = data + 1, *end = memchr(header, 0, bytes - 1);
    const size_t length = end ? (size_t)(end - header) : bytes - 1, rest = end ? bytes - 2 - length : 0;
    file[8] = (uint8_t)(length & 255);
    file[9] = (uint8_t)(length >> 8);
    memcpy(file + 10, header, length);
    if (rest > 0) memcpy(file + 10 + length, end + 1, rest);
    return fuzz_file(file, 10 + length + rest);
}

static void write_again(const cg_array *a) {
    cg_array b;
    if (cg_npy_write(fuzz_output_path(), a) != CG_OK || cg_npy_read(fuzz_output_path(), &b) != CG_OK)
        fuzz_fail(cg_error_message(NULL));
    const size_t bytes = (size_t)cg_array_numel(a) * cg_dtype_size(a->dtype);
    if (a->dtype != b.dtype || a->shape.rank != b.shape.rank || cg_array_numel(a) != cg_array_numel(&b) ||
        memcmp(a->data, b.data, bytes) != 0)
        fuzz_fail("written again, it is another array");
    cg_array_free(&b);
    unlink(fuzz_output_path());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    cg_array a;
    if (cg_npy_read(input_file(data, bytes), &a) != CG_OK) {
        if (a.data || cg_error_code(NULL) == CG_OK || !*cg_error_message(NULL))
            fuzz_fail("refused without a word");
        return 0;
    }
    const int64_t n = cg_array_numel(&a);
    if (n > MAX_INPUT) fuzz_fail("more elements than bytes");
    volatile double last = cg_array_get(&a, n - 1);
    (void)last;
    write_again(&a);
    cg_array_free(&a);
    return 0;
}
