/*
 * PGM and PPM, plain (P2, P3) and binary (P5, P6): magic, width, height, maxval in decimal, with blanks and comments
 * between them, one blank, then the samples: decimal, or big-endian bytes, two of them where maxval is above 255.
 */
#include "io/image_format.h"

#include "io/atomic_file.h"
#include "io/system_error.h"

#include <stdlib.h>
#include <string.h>

typedef struct pnm_text {
    const unsigned char *at, *end;
} pnm_text;

static bool is_blank(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Passes over blanks and comments (# to the end of the line); false if there was none. */
static bool skip_space(pnm_text *t) {
    const unsigned char *begin = t->at;
    while (t->at < t->end && (is_blank(*t->at) || *t->at == '#')) {
        if (*t->at == '#')
            while (t->at < t->end && *t->at != '\n' && *t->at != '\r') t->at++;
        else
            t->at++;
    }
    return t->at > begin;
}

/* A number from 0 to `most`; false if there is none. */
static bool take_number(pnm_text *t, int most, int *value) {
    const unsigned char *begin = t->at;
    for (*value = 0; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++) {
        *value = 10 * *value + (*t->at - '0');
        if (*value > most) return false;
    }
    return t->at > begin;
}

static bool parse_pnm_header(pnm_text *t, cg_pixels *pixels, bool *plain) {
    int width, height;
    if (t->end - t->at < 2 || t->at[0] != 'P' || !strchr("2356", t->at[1]) || !t->at[1]) return false;
    *plain = t->at[1] < '5';
    pixels->channels = t->at[1] == '2' || t->at[1] == '5' ? 1 : 3;
    t->at += 2;
    if (!skip_space(t) || !take_number(t, CG_IMAGE_MAX_SIDE, &width) || !skip_space(t) ||
        !take_number(t, CG_IMAGE_MAX_SIDE, &height) || !skip_space(t) ||
        !take_number(t, 65535, &pixels->maxval))
        return false;
    pixels->width = width;
    pixels->height = height;
    return width > 0 && height > 0 && pixels->maxval > 0 && t->at < t->end && is_blank(*t->at++);
}

static void store(cg_pixels *pixels, int64_t i, int value) {
    if (pixels->maxval > 255)
        ((uint16_t *)pixels->data)[i] = (uint16_t)value;
    else
        ((uint8_t *)pixels->data)[i] = (uint8_t)value;
}

static bool read_plain(pnm_text *t, cg_pixels *pixels, int64_t n) {
    int value;
    for (int64_t i = 0; i < n; i++) {
        if ((!skip_space(t) && i > 0) || !take_number(t, pixels->maxval, &value)) return false;
        store(pixels, i, value);
    }
    skip_space(t);
    return t->at == t->end;
}

static bool read_binary(pnm_text *t, cg_pixels *pixels, int64_t n) {
    const bool wide = pixels->maxval > 255;
    for (int64_t i = 0; i < n; i++) {
        const int value = wide ? t->at[2 * i] << 8 | t->at[2 * i + 1] : t->at[i];
        if (value > pixels->maxval) return false;
        store(pixels, i, value);
    }
    return true;
}

static cg_status parse_pnm(pnm_text t, cg_pixels *pixels, const char *path, cg_error *err) {
    bool plain;
    if (!parse_pnm_header(&t, pixels, &plain))
        return CG_FAIL(err, CG_ERROR_FORMAT,
                       "image: " CG_PATH_FORMAT
                       ": its header is not P2, P3, P5 or P6, width, height (1 to %d), maxval",
                       path, CG_IMAGE_MAX_SIDE);
    const int64_t n = pixels->width * pixels->height * pixels->channels, left = t.end - t.at;
    if (plain ? n > (left + 1) / 2 : n * (pixels->maxval > 255 ? 2 : 1) != left)
        return CG_FAIL(err, CG_ERROR_FORMAT,
                       "image: " CG_PATH_FORMAT ": %lld bytes are not those of %lld samples", path,
                       (long long)left, (long long)n);
    if (cg_pixels_make(pixels, path, err) != CG_OK) return err->code;
    if (plain ? read_plain(&t, pixels, n) : read_binary(&t, pixels, n)) return CG_OK;
    return CG_FAIL(err, CG_ERROR_FORMAT, "image: " CG_PATH_FORMAT ": not %lld samples from 0 to %d", path,
                   (long long)n, pixels->maxval);
}

cg_status cg_pnm_read(const cg_input_file *file, cg_pixels *pixels, cg_error *err) {
    *pixels = (cg_pixels){0};
    unsigned char *bytes = malloc((size_t)file->bytes + 1);
    if (!bytes)
        return CG_FAIL(err, CG_ERROR_MEMORY, "image: out of memory for %llu bytes",
                       (unsigned long long)file->bytes);
    cg_status status = cg_input_read(file, bytes, (size_t)file->bytes, 0, err);
    if (status == CG_OK) status = parse_pnm((pnm_text){bytes, bytes + file->bytes}, pixels, file->path, err);
    free(bytes);
    if (status == CG_OK) return CG_OK;
    free(pixels->data);
    pixels->data = NULL;
    return status;
}

cg_status cg_pnm_write(const char *path, const cg_pixels *pixels, cg_error *err) {
    char header[64];
    int n = snprintf(header, sizeof header, "P%c\n%lld %lld\n255\n", pixels->channels == 1 ? '5' : '6',
                     (long long)pixels->width, (long long)pixels->height);
    cg_atomic_file file;
    cg_status status = cg_atomic_begin(&file, path, err);
    if (status == CG_OK) status = cg_atomic_write(&file, header, (size_t)n, err);
    if (status == CG_OK)
        status = cg_atomic_write(&file, pixels->data, cg_pixels_row(pixels) * (size_t)pixels->height, err);
    return cg_atomic_end(&file, status, err);
}
