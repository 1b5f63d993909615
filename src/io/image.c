/* Pictures between files and arrays (C, H, W): image.h. */
#include "io/image_format.h"

#include "core/shape.h"
#include "io/array_host.h"
#include "io/system_error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

size_t cg_pixels_row(const cg_pixels *p) {
    return (size_t)p->width * (size_t)p->channels * (p->maxval > 255 ? 2 : 1);
}

cg_status cg_pixels_make(cg_pixels *p, const char *path, cg_error *err) {
    if (p->width < 1 || p->height < 1 || p->width > CG_IMAGE_MAX_SIDE || p->height > CG_IMAGE_MAX_SIDE ||
        p->width * p->height * p->channels > CG_IMAGE_MAX_ELEMENTS)
        return CG_FAIL(err, CG_ERROR_FORMAT,
                       "image: " CG_PATH_FORMAT ": %lld x %lld x %d is too large, or nothing", path,
                       (long long)p->height, (long long)p->width, p->channels);
    p->data = malloc(cg_pixels_row(p) * (size_t)p->height);
    if (p->data) return CG_OK;
    return CG_FAIL(err, CG_ERROR_MEMORY, "image: out of memory for %lld x %lld x %d", (long long)p->height,
                   (long long)p->width, p->channels);
}

/* --- Reading --------------------------------------------------------------------------------------------------- */

static cg_status read_pixels(const char *path, cg_pixels *pixels, cg_error *err) {
    cg_input_file file;
    unsigned char first[4] = {0};
    *pixels = (cg_pixels){0};
    cg_status status = cg_input_open(&file, path, err);
    if (status == CG_OK)
        status = cg_input_read(&file, first, file.bytes < 4 ? (size_t)file.bytes : 4, 0, err);
    if (status == CG_OK) {
        if (!memcmp(first, "\x89PNG", 4))
            status = cg_png_read(&file, pixels, err);
        else if (!memcmp(first, "\xff\xd8\xff", 3))
            status = cg_jpeg_read(&file, pixels, err);
        else if (first[0] == 'P' && first[1] >= '1' && first[1] <= '7')
            status = cg_pnm_read(&file, pixels, err);
        else
            status = CG_FAIL(err, CG_ERROR_FORMAT,
                             "image: " CG_PATH_FORMAT ": neither PNG, JPEG, PGM nor PPM", path);
    }
    cg_input_close(&file);
    return status;
}

static double sample(const cg_pixels *p, int64_t pixel, int channel) {
    const int64_t i = pixel * p->channels + channel;
    return p->maxval > 255 ? ((const uint16_t *)p->data)[i] : ((const uint8_t *)p->data)[i];
}

/* Channel c of a pixel, of `channels` that are wanted, as a share of maxval. */
static double channel_of(const cg_pixels *p, int64_t pixel, int c, int channels) {
    const bool color = p->channels >= 3;
    if (channels == p->channels) return sample(p, pixel, c) / p->maxval;
    if (channels == 3) return sample(p, pixel, color ? c : 0) / p->maxval;
    if (!color) return sample(p, pixel, 0) / p->maxval;
    return (0.299 * sample(p, pixel, 0) + 0.587 * sample(p, pixel, 1) + 0.114 * sample(p, pixel, 2)) /
           p->maxval;
}

static uint8_t to_byte(double share) {
    return (uint8_t)(share >= 1 ? 255 : share > 0 ? floor(share * 255 + 0.5) : 0); /* NaN: 0 */
}

static void planes_of(const cg_pixels *p, const cg_array *image) {
    const int channels = (int)image->shape.dim[0];
    const int64_t area = p->width * p->height;
    for (int c = 0; c < channels; c++)
        for (int64_t i = 0; i < area; i++) {
            const double share = channel_of(p, i, c, channels);
            if (image->dtype == CG_F32)
                ((float *)image->data)[c * area + i] = (float)share;
            else
                ((uint8_t *)image->data)[c * area + i] = to_byte(share);
        }
}

cg_status cg_image_read(const char *path, cg_image_options options, cg_array *image) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    *image = (cg_array){.shape = {.rank = -1}};
    if ((options.dtype != CG_F32 && options.dtype != CG_U8) ||
        (options.channels != 0 && options.channels != 1 && options.channels != 3))
        return CG_FAIL(err, CG_ERROR_ARGUMENT,
                       "image: %s of %d channels; expected f32 or u8, of 0 (all), 1 or 3",
                       cg_dtype_name(options.dtype), options.channels);
    cg_pixels p;
    if (read_pixels(path, &p, err) != CG_OK) return err->code;
    const int channels = options.channels ? options.channels : p.channels;
    if (cg_array_make(image, options.dtype, cg_shape(channels, p.height, p.width), "image", err) == CG_OK)
        planes_of(&p, image);
    free(p.data);
    return err->code;
}

/* --- Writing --------------------------------------------------------------------------------------------------- */

/* Height, width and channels of (C, H, W) or (H, W). */
static cg_status measure(const cg_array *image, cg_pixels *p, cg_error *err) {
    int64_t numel;
    if (!cg_array_valid(image, &numel) || (image->shape.rank != 2 && image->shape.rank != 3))
        return CG_FAIL(err, CG_ERROR_SHAPE, "image: %s; expected (C, H, W) or (H, W)",
                       image ? CG_SHAPE_STR(&image->shape) : "NULL");
    if (image->dtype != CG_F32 && image->dtype != CG_U8)
        return CG_FAIL(err, CG_ERROR_DTYPE, "image: %s; expected f32 or u8", cg_dtype_name(image->dtype));
    const int64_t *size = image->shape.dim + image->shape.rank - 2;
    const int64_t channels = image->shape.rank == 3 ? image->shape.dim[0] : 1;
    if (channels < 1 || channels > 4)
        return CG_FAIL(err, CG_ERROR_SHAPE, "image: %lld channels; expected 1 to 4", (long long)channels);
    *p = (cg_pixels){.height = size[0], .width = size[1], .channels = (int)channels, .maxval = 255};
    return CG_OK;
}

static void pixels_of(const cg_array *image, cg_pixels *p) {
    const int64_t area = p->width * p->height;
    for (int64_t i = 0; i < area; i++)
        for (int c = 0; c < p->channels; c++)
            ((uint8_t *)p->data)[i * p->channels + c] =
                image->dtype == CG_U8 ? ((const uint8_t *)image->data)[c * area + i]
                                      : to_byte((double)((const float *)image->data)[c * area + i]);
}

/* Whether a path ends so, in any case of letters. */
static bool has_end(const char *path, const char *end) {
    const size_t n = strlen(path), m = strlen(end);
    return n > m && !strcasecmp(path + n - m, end);
}

cg_status cg_image_write(const char *path, const cg_array *image) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    cg_pixels p;
    if (!path) return CG_FAIL(err, CG_ERROR_ARGUMENT, "image: no path");
    if (measure(image, &p, err) != CG_OK) return err->code;
    const bool png = has_end(path, ".png"), gray = has_end(path, ".pgm"), color = has_end(path, ".ppm");
    if (!png && !gray && !color)
        return CG_FAIL(err, CG_ERROR_ARGUMENT,
                       "image: " CG_PATH_FORMAT " ends in neither .png, .pgm nor .ppm", path);
    if ((gray && p.channels != 1) || (color && p.channels != 3))
        return CG_FAIL(err, CG_ERROR_SHAPE, "image: " CG_PATH_FORMAT " cannot hold %d channels", path,
                       p.channels);
    if (cg_pixels_make(&p, path, err) != CG_OK) return err->code;
    pixels_of(image, &p);
    cg_status status = png ? cg_png_write(path, &p, err) : cg_pnm_write(path, &p, err);
    free(p.data);
    return status;
}
