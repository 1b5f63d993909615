/* JPEG by libjpeg, which reports errors by a callback that must not return. */
#include "io/image_format.h"

#include "io/missing_library.h"
#include "io/system_error.h"

#ifdef CG_WITH_JPEG

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h> /* needs stdio.h */

#include <jerror.h>

/*
 * A block of 64 samples takes a bit at least where it is coded by Huffman, and up to 1536 elements of a picture come from
 * 10 blocks: 1229 elements a byte. What promises far more than that is refused before memory is taken.
 */
enum { MAX_RATIO = 4096, MAX_WORK_MEMORY = 1 << 30 };

typedef struct jpeg_work {
    struct jpeg_error_mgr errors; /* first: libjpeg hands a pointer to it */
    jmp_buf back;
    struct jpeg_decompress_struct jpeg;
    const char *path;
    cg_error *err;
    cg_pixels *pixels;
} jpeg_work;

static void on_jpeg_error(j_common_ptr jpeg) {
    jpeg_work *w = (jpeg_work *)jpeg->err;
    char message[JMSG_LENGTH_MAX];
    w->errors.format_message(jpeg, message);
    if (w->err->code == CG_OK)
        CG_FAIL(w->err, w->errors.msg_code == JERR_OUT_OF_MEMORY ? CG_ERROR_MEMORY : CG_ERROR_FORMAT,
                "image: " CG_PATH_FORMAT ": %s", w->path, message);
    longjmp(w->back, 1);
}

/* What libjpeg would only warn of, such as a file that ends early, is an error. */
static void on_jpeg_message(j_common_ptr jpeg, int level) {
    if (level < 0) on_jpeg_error(jpeg);
}

static void decode(jpeg_work *w, const unsigned char *bytes, size_t n) {
    if (setjmp(w->back)) return;
    jpeg_create_decompress(&w->jpeg);
    w->jpeg.mem->max_memory_to_use = MAX_WORK_MEMORY;
    jpeg_mem_src(&w->jpeg, bytes, (unsigned long)n);
    jpeg_read_header(&w->jpeg, TRUE);
    if (w->jpeg.out_color_space != JCS_GRAYSCALE && w->jpeg.out_color_space != JCS_RGB) {
        CG_FAIL(w->err, CG_ERROR_FORMAT, "image: " CG_PATH_FORMAT ": neither gray nor RGB", w->path);
        return;
    }
    *w->pixels = (cg_pixels){.height = w->jpeg.image_height,
                             .width = w->jpeg.image_width,
                             .channels = w->jpeg.out_color_space == JCS_GRAYSCALE ? 1 : 3,
                             .maxval = 255};
    if (cg_pixels_row(w->pixels) * (size_t)w->pixels->height / MAX_RATIO > n) {
        CG_FAIL(w->err, CG_ERROR_FORMAT, "image: " CG_PATH_FORMAT ": it promises more than it can hold",
                w->path);
        return;
    }
    if (cg_pixels_make(w->pixels, w->path, w->err) != CG_OK) return;
    jpeg_start_decompress(&w->jpeg);
    while (w->jpeg.output_scanline < w->jpeg.output_height) {
        JSAMPROW row = (JSAMPROW)w->pixels->data + w->jpeg.output_scanline * cg_pixels_row(w->pixels);
        jpeg_read_scanlines(&w->jpeg, &row, 1);
    }
    jpeg_finish_decompress(&w->jpeg);
}

cg_status cg_jpeg_read(const cg_input_file *file, cg_pixels *pixels, cg_error *err) {
    *pixels = (cg_pixels){0};
    jpeg_work *w = calloc(1, sizeof *w);
    unsigned char *bytes = malloc((size_t)file->bytes + 1);
    if (!w || !bytes)
        CG_FAIL(err, CG_ERROR_MEMORY, "image: out of memory for %llu bytes", (unsigned long long)file->bytes);
    else if (cg_input_read(file, bytes, (size_t)file->bytes, 0, err) == CG_OK) {
        *w = (jpeg_work){.path = file->path, .err = err, .pixels = pixels};
        w->jpeg.err = jpeg_std_error(&w->errors);
        w->errors.error_exit = on_jpeg_error;
        w->errors.emit_message = on_jpeg_message;
        decode(w, bytes, (size_t)file->bytes);
        jpeg_destroy_decompress(&w->jpeg);
    }
    free(w);
    free(bytes);
    if (err->code == CG_OK) return CG_OK;
    free(pixels->data);
    pixels->data = NULL;
    return err->code;
}

#else

cg_status cg_jpeg_read(const cg_input_file *file, cg_pixels *pixels, cg_error *err) {
    (void)file;
    *pixels = (cg_pixels){0};
    return CG_FAIL_WITHOUT(err, "image: JPEG", "libjpeg", "CLGRAD_JPEG");
}

#endif
