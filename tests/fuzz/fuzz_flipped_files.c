/*
 * Archives and pictures of others with a few bytes changed, or cut off: what the libraries behind .npz, PNG and JPEG make
 * of them must be an error with a message, or arrays of a size that the file can hold.
 */
#include "fuzz_file.h"

#include <clgrad/image.h>
#include <clgrad/npy.h>

#include <string.h>

#include "support/image_files.h"
#include "support/numpy_files.h"

#define FILE_OF(bytes)                                                                                       \
    { bytes, sizeof bytes }

static const struct {
    const unsigned char *bytes;
    size_t n;
} files[] = {FILE_OF(npz_stored), FILE_OF(npz_deflated), FILE_OF(png_palette),           FILE_OF(png_gray16),
             FILE_OF(png_white),  FILE_OF(jpeg_rgb),     FILE_OF(jpeg_gray_progressive), FILE_OF(png_large)};
enum { FILES = sizeof files / sizeof *files, ARCHIVES = 2, MAX_ELEMENTS = 1 << 22 };

/* An array that was read, or none and a reason. */
static void check(cg_status status, cg_array *a) {
    if ((status == CG_OK) != (a->data != NULL)) fuzz_fail("an array without success, or the other way round");
    if (status != CG_OK && !*cg_error_message(NULL)) fuzz_fail("refused without a word");
    if (cg_array_numel(a) > MAX_ELEMENTS) fuzz_fail("more than the file can hold");
    volatile double last = cg_array_get(a, cg_array_numel(a) - 1);
    (void)last;
    cg_array_free(a);
}

static void use_archive(const char *path) {
    cg_array a;
    cg_npz *npz = cg_npz_open(path);
    if (!npz && !*cg_error_message(NULL)) fuzz_fail("refused without a word");
    for (int i = 0; i < cg_npz_count(npz); i++) check(cg_npz_read(npz, cg_npz_name(npz, i), &a), &a);
    cg_npz_close(npz);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
    static uint8_t file[4096];
    fuzz_choices c = {input, bytes, 0};
    const int which = fuzz_below(&c, FILES);
    size_t n = files[which].n;
    memcpy(file, files[which].bytes, n);
    for (int flips = fuzz_below(&c, 5); flips > 0; flips--) {
        const size_t at = (size_t)(fuzz_byte(&c) << 8 | fuzz_byte(&c)) % n;
        file[at] = fuzz_byte(&c);
    }
    if (fuzz_below(&c, 4) == 3) n = (size_t)(fuzz_byte(&c) << 8 | fuzz_byte(&c)) % n;
    const char *path = fuzz_file(file, n);
    if (which < ARCHIVES) {
        use_archive(path);
        return 0;
    }
    cg_array image;
    const cg_image_options options = {.dtype = fuzz_below(&c, 2) ? CG_U8 : CG_F32,
                                      .channels = fuzz_below(&c, 2)};
    check(cg_image_read(path, options, &image), &image);
    return 0;
}
