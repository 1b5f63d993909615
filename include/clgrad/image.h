/*
 * Pictures: PNG by libpng, JPEG by libjpeg, and PGM and PPM (plain and binary, 8 and 16 bit).
 *
 * A picture is an array (C, H, W): u8, or f32 in [0, 1] (x / 255, 16 bit: x / 65535, and a maxval of its own for PGM
 * and PPM). The format of a file that is read is told from its first bytes. A picture has at most 2^28 elements and 2^16
 * on a side, which is checked before memory is taken. A library built without libpng or libjpeg refuses such a
 * file with CG_ERROR_ARGUMENT, and says so.
 *
 * Errors, on cg_error_message(NULL) with the path: CG_ERROR_IO, CG_ERROR_FORMAT, CG_ERROR_MEMORY.
 */
#ifndef CLGRAD_IMAGE_H
#define CLGRAD_IMAGE_H

#include "array.h"

CG_BEGIN_DECLS

/* How a picture is read; zero is the default of each. */
typedef struct cg_image_options {
    cg_dtype dtype; /* CG_F32, or CG_U8 (16 bit are rounded to 8) */
    int channels;   /* 0: as in the file (1 gray, 2 with alpha, 3 RGB, 4 with alpha); 1: gray; 3: RGB */
} cg_image_options;

/*
 * Reads a picture into a new array (C, H, W). RGB becomes gray as 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), gray
 * becomes RGB by repetition; alpha is dropped where channels is 1 or 3. Errors: also CG_ERROR_ARGUMENT for options.
 */
CG_API cg_status cg_image_read(const char *path, cg_image_options options, cg_array *image);

/*
 * Writes a picture (C, H, W), or (H, W) as gray, u8 or f32 (clamped to [0, 1], times 255, rounded), whole or not at all.
 * The path's end says how: .png (C = 1 to 4), .pgm (C = 1), .ppm (C = 3). Errors: CG_ERROR_ARGUMENT for another end,
 * CG_ERROR_SHAPE, CG_ERROR_DTYPE.
 */
CG_API cg_status cg_image_write(const char *path, const cg_array *image);

/*
 * A new picture of another size, f32 (C, height, width), from one of f32 or u8: bilinear, pixel centres at (i + 1/2) of
 * their sides, with a wider triangle where it shrinks, as torch.nn.functional.interpolate does it (mode bilinear,
 * antialias=True). Errors: CG_ERROR_SHAPE, CG_ERROR_DTYPE.
 */
CG_API cg_status cg_image_resize(const cg_array *image, int64_t height, int64_t width, cg_array *result);

CG_END_DECLS
#endif
