/* Any bytes as a PGM or PPM file; where the first byte is odd, behind "P2", "P3", "P5" or "P6". What is accepted is used. */
#include "fuzz_file.h"

#include <clgrad/image.h>

#include <math.h>
#include <string.h>

enum { MAX_INPUT = 1 << 16 };

static const char *input_file(const uint8_t *data, size_t bytes) {
    static uint8_t file[MAX_INPUT + 1] = "P";
    if (bytes == 0 || bytes > MAX_INPUT || data[0] % 2 == 0) return fuzz_file(data, bytes);
    file[1] = (uint8_t) "2356"[data[0] / 2 % 4];
    memcpy(file + 2, data + 1, bytes - 1);
    return fuzz_file(file, bytes + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    cg_array image, bytes_image, small;
    const char *path = input_file(data, bytes);
    if (bytes >= 4 && (!memcmp(data, "\x89PNG", 4) || !memcmp(data, "\xff\xd8\xff", 3)))
        return 0; /* other libraries' */
    if (cg_image_read(path, (cg_image_options){0}, &image) != CG_OK) {
        if (image.data || !*cg_error_message(NULL)) fuzz_fail("refused without a word");
        return 0;
    }
    if (cg_image_read(path, (cg_image_options){CG_U8, 1}, &bytes_image) != CG_OK)
        fuzz_fail("read once, and not again");
    for (int64_t i = 0; i < cg_array_numel(&image); i++)
        if (!(cg_array_get(&image, i) >= 0 && cg_array_get(&image, i) <= 1))
            fuzz_fail("a sample out of range");
    if (cg_image_resize(&image, 3, 2, &small) != CG_OK) fuzz_fail(cg_error_message(NULL));
    for (int64_t i = 0; i < cg_array_numel(&small); i++)
        if (!isfinite(cg_array_get(&small, i))) fuzz_fail("a sample that is no number");
    cg_array_free(&small);
    cg_array_free(&bytes_image);
    cg_array_free(&image);
    return 0;
}
