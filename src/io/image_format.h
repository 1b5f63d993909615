/* What the readers and writers of picture formats share: pictures as files hold them, pixel after pixel. */
#ifndef CLGRAD_IO_IMAGE_FORMAT_H
#define CLGRAD_IO_IMAGE_FORMAT_H

#include "clgrad/image.h"
#include "core/error.h"
#include "io/input_file.h"

enum { CG_IMAGE_MAX_SIDE = 1 << 16, CG_IMAGE_MAX_ELEMENTS = 1 << 28 };

/* (height, width, channels) samples from 0 to maxval: bytes where maxval is at most 255, else 16 bit of the machine. */
typedef struct cg_pixels {
    int64_t height, width;
    int channels; /* 1 gray, 2 with alpha, 3 RGB, 4 with alpha */
    int maxval;
    void *data; /* free() it */
} cg_pixels;

/* Takes memory for a picture whose other members are set; checks its size first. */
cg_status cg_pixels_make(cg_pixels *pixels, const char *path, cg_error *err);

/* The bytes of a row. */
size_t cg_pixels_row(const cg_pixels *pixels);

/* Each reads an opened file. pixels->data is NULL after an error. */
cg_status cg_png_read(const cg_input_file *file, cg_pixels *pixels, cg_error *err);
cg_status cg_jpeg_read(const cg_input_file *file, cg_pixels *pixels, cg_error *err);
cg_status cg_pnm_read(const cg_input_file *file, cg_pixels *pixels, cg_error *err);

/* Each writes a picture with maxval 255. */
cg_status cg_png_write(const char *path, const cg_pixels *pixels, cg_error *err);
cg_status cg_pnm_write(const char *path, const cg_pixels *pixels, cg_error *err);

#endif
