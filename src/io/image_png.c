/* PNG by libpng, which reports errors by longjmp: what a jump must find again stands in a struct. */
#include "io/image_format.h"

#include "io/atomic_file.h"
#include "io/missing_library.h"
#include "io/system_error.h"

#ifdef CG_WITH_PNG

#include <png.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RATIO = 1032 }; /* of deflate: what promises more bytes than the file can hold is refused */

/* What the callbacks of libpng work on. */
typedef struct png_work {
    const cg_input_file *input;
    cg_atomic_file *output;
    uint64_t at;
    const char *path;
    cg_error *err;
    png_structp png;
    png_infop info;
    png_bytep *row;
    cg_pixels *pixels;
} png_work;

static void on_error(png_structp png, png_const_charp message) {
    png_work *w = png_get_error_ptr(png);
    if (w->err->code == CG_OK) {
        const bool memory = strstr(message, "memory") != NULL;
        CG_FAIL(w->err, memory ? CG_ERROR_MEMORY : CG_ERROR_FORMAT, "image: " CG_PATH_FORMAT ": %s", w->path,
                message);
    }
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) { (void)png, (void)message; }

static void *take_memory(png_structp png, png_alloc_size_t bytes) {
    (void)png;
    return malloc(bytes);
}

static void give_memory(png_structp png, void *memory) {
    (void)png;
    free(memory);
}

static void read_bytes(png_structp png, png_bytep to, size_t bytes) {
    png_work *w = png_get_io_ptr(png);
    if (bytes > w->input->bytes || w->at > w->input->bytes - bytes) png_error(png, "truncated");
    if (cg_input_read(w->input, to, bytes, w->at, w->err) != CG_OK) png_error(png, "not read");
    w->at += bytes;
}

static void write_bytes(png_structp png, png_bytep from, size_t bytes) {
    png_work *w = png_get_io_ptr(png);
    if (cg_atomic_write(w->output, from, bytes, w->err) != CG_OK) png_error(png, "not written");
}

static void flush_nothing(png_structp png) { (void)png; }

/* Whatever the file holds: 8 or 16 bit of 1 to 4 channels. */
static void ask_for_samples(png_work *w) {
    png_set_expand(w->png); /* palettes to RGB, 1 to 4 bit to 8, a transparent colour to alpha */
    if (png_get_bit_depth(w->png, w->info) == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        png_set_swap(w->png);
    png_set_interlace_handling(w->png);
    png_read_update_info(w->png, w->info);
    *w->pixels = (cg_pixels){.height = png_get_image_height(w->png, w->info),
                             .width = png_get_image_width(w->png, w->info),
                             .channels = png_get_channels(w->png, w->info),
                             .maxval = png_get_bit_depth(w->png, w->info) == 16 ? 65535 : 255};
}

static void list_rows(png_work *w) {
    w->row = malloc((size_t)w->pixels->height * sizeof *w->row);
    if (!w->row) png_error(w->png, "out of memory");
    for (int64_t y = 0; y < w->pixels->height; y++)
        w->row[y] = (png_bytep)w->pixels->data + (size_t)y * cg_pixels_row(w->pixels);
}

static void read_picture(png_work *w) {
    if (setjmp(png_jmpbuf(w->png))) return;
    png_set_read_fn(w->png, w, read_bytes);
    png_set_user_limits(w->png, CG_IMAGE_MAX_SIDE, CG_IMAGE_MAX_SIDE);
    png_read_info(w->png, w->info);
    if (png_get_rowbytes(w->png, w->info) * png_get_image_height(w->png, w->info) / MAX_RATIO >
        w->input->bytes)
        png_error(w->png, "it promises more than it can hold");
    ask_for_samples(w);
    if (cg_pixels_make(w->pixels, w->path, w->err) != CG_OK) png_error(w->png, "out of memory");
    list_rows(w);
    png_read_image(w->png, w->row);
    png_read_end(w->png, NULL);
}

cg_status cg_png_read(const cg_input_file *file, cg_pixels *pixels, cg_error *err) {
    *pixels = (cg_pixels){0};
    png_work w = {.input = file, .path = file->path, .err = err, .pixels = pixels};
    w.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &w, on_error, on_warning, NULL, take_memory,
                                     give_memory);
    w.info = w.png ? png_create_info_struct(w.png) : NULL;
    if (w.info)
        read_picture(&w);
    else
        CG_FAIL(err, CG_ERROR_MEMORY, "image: out of memory for libpng");
    png_destroy_read_struct(&w.png, &w.info, NULL);
    free(w.row);
    if (err->code == CG_OK) return CG_OK;
    free(pixels->data);
    pixels->data = NULL;
    return err->code;
}

static void write_picture(png_work *w) {
    static const int types[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                PNG_COLOR_TYPE_RGB_ALPHA};
    if (setjmp(png_jmpbuf(w->png))) return;
    png_set_write_fn(w->png, w, write_bytes, flush_nothing);
    png_set_IHDR(w->png, w->info, (png_uint_32)w->pixels->width, (png_uint_32)w->pixels->height, 8,
                 types[w->pixels->channels], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    list_rows(w);
    png_write_info(w->png, w->info);
    png_write_image(w->png, w->row);
    png_write_end(w->png, NULL);
}

cg_status cg_png_write(const char *path, const cg_pixels *pixels, cg_error *err) {
    cg_atomic_file file;
    cg_pixels own = *pixels;
    png_work w = {.output = &file, .path = path, .err = err, .pixels = &own};
    if (cg_atomic_begin(&file, path, err) == CG_OK) {
        w.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &w, on_error, on_warning, NULL, take_memory,
                                          give_memory);
        w.info = w.png ? png_create_info_struct(w.png) : NULL;
        if (w.info)
            write_picture(&w);
        else
            CG_FAIL(err, CG_ERROR_MEMORY, "image: out of memory for libpng");
        png_destroy_write_struct(&w.png, &w.info);
        free(w.row);
    }
    return cg_atomic_end(&file, err->code, err);
}

#else

cg_status cg_png_read(const cg_input_file *file, cg_pixels *pixels, cg_error *err) {
    (void)file;
    *pixels = (cg_pixels){0};
    return CG_FAIL_WITHOUT(err, "image: PNG", "libpng", "CLGRAD_PNG");
}

cg_status cg_png_write(const char *path, const cg_pixels *pixels, cg_error *err) {
    (void)path, (void)pixels;
    return CG_FAIL_WITHOUT(err, "image: PNG", "libpng", "CLGRAD_PNG");
}

#endif
