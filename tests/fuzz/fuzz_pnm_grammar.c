/*
 * PGM and PPM files of the right form with sizes, maxval and samples of the fuzzer's choice; an oracle says which are
 * valid and what their samples are.
 */
#include "fuzz_file.h"

#include <clgrad/image.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_DATA = 4096, MAX_FILE = 128 + 6 * MAX_DATA };

static const char *const gaps[] = {" ", "\n", "\t ", " # a comment\n", "\r\n"};

/* A size: mostly small, so that files are valid. */
static int64_t choose_size(fuzz_choices *c) { return fuzz_below(c, 8) ? 1 + fuzz_below(c, 7) : fuzz_size(c); }

/* Writes n samples; returns the bytes they take. */
static size_t write_samples(uint8_t *to, bool plain, int maxval, int64_t n, const int *sample) {
    size_t at = 0;
    for (int64_t i = 0; i < n; i++)
        if (plain)
            at += (size_t)sprintf((char *)to + at, i + 1 < n ? "%d\n" : "%d", sample[i]);
        else {
            if (maxval > 255) to[at++] = (uint8_t)(sample[i] >> 8);
            to[at++] = (uint8_t)sample[i];
        }
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
    static uint8_t file[MAX_FILE];
    static int sample[MAX_DATA];
    fuzz_choices c = {input, bytes, 0};
    const int kind = fuzz_below(&c, 4), channels = kind % 2 ? 3 : 1;
    const bool plain = kind < 2;
    const int64_t width = choose_size(&c), height = choose_size(&c);
    const int maxval = fuzz_below(&c, 2) ? 255 : (int)(fuzz_word(&c) % 65536);
    int at = snprintf((char *)file, 128, "P%c%s%lld%s%lld%s%d%c", "2356"[kind], gaps[fuzz_below(&c, 5)],
                      (long long)width, gaps[fuzz_below(&c, 5)], (long long)height, gaps[fuzz_below(&c, 5)],
                      maxval, "\n "[fuzz_below(&c, 2)]);
    const bool small = width > 0 && height > 0 && width <= MAX_DATA && height <= MAX_DATA &&
                       width * height * channels <= MAX_DATA;
    int64_t n = small ? width * height * channels : MAX_DATA;
    if (fuzz_below(&c, 8) == 7) n = (int64_t)(fuzz_word(&c) % MAX_DATA);
    bool in_range = true;
    for (int64_t i = 0; i < n; i++) {
        sample[i] = (int)((uint32_t)(i * 7919 + kind) % (uint32_t)(maxval + 1));
        if (fuzz_byte(&c) == 255) sample[i] = (int)(fuzz_word(&c) % (maxval > 255 ? 65536 : 256));
        if (sample[i] > maxval) in_range = false;
    }
    const size_t data = write_samples(file + at, plain, maxval, n, sample);
    const bool valid = small && maxval > 0 && in_range && n == width * height * channels;
    cg_array image;
    cg_image_read(fuzz_file(file, (size_t)at + data), (cg_image_options){0}, &image);
    if ((image.data != NULL) != valid)
        fuzz_fail(image.data ? "the oracle refuses it" : cg_error_message(NULL));
    for (int64_t i = 0; image.data && i < n; i++) {
        const int64_t place = i % channels * width * height + i / channels;
        if (cg_array_get(&image, place) != (double)(float)((double)sample[i] / maxval))
            fuzz_fail("another sample");
    }
    cg_array_free(&image);
    return 0;
}
