#include "support/device_test.h"
#include "support/files.h"
#include "support/image_files.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static cg_status read_bytes(const void *bytes, size_t n, cg_image_options options, cg_array *image) {
    const char *path = test_path("picture");
    write_file(path, bytes, n);
    return cg_image_read(path, options, image);
}

static void has_bytes(const cg_array *image, cg_dims shape, const unsigned char *want) {
    if (!CHECK_MSG(image->data != NULL, "%s", cg_error_message(NULL))) return;
    CHECK(image->dtype == CG_U8 && same_shape(image->shape, shape));
    CHECK(!memcmp(image->data, want, (size_t)cg_shape_numel(shape)));
}

#define AS_BYTES ((cg_image_options){.dtype = CG_U8})

HOST_TEST(image, pnm) {
    static const struct {
        const char *bytes;
        int64_t channels;
        unsigned char want[6]; /* of 2 pixels, plane after plane */
    } good[] = {
        {"P5\n2 1\n255\n\x07\xff", 1, {7, 255}},
        {"P5 # a comment\n2\t1 #\n255 \x07\xff", 1, {7, 255}},
        {"P5 2 1 3 \x01\x03", 1, {85, 255}},
        {"P5 2 1 65535 \x80\x80\xff\xff", 1, {128, 255}},
        {"P2\n2 1\n100\n50 # half\n100\n", 1, {128, 255}},
        {"P6 2 1 255 \x01\x02\x03\x04\x05\x06", 3, {1, 4, 2, 5, 3, 6}},
        {"P3 2 1 255 1 2 3 4 5 6", 3, {1, 4, 2, 5, 3, 6}},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cg_array image;
        check_case("%s", good[i].bytes);
        CHECK_MSG(read_bytes(good[i].bytes, strlen(good[i].bytes), AS_BYTES, &image) == CG_OK, "%s",
                  cg_error_message(NULL));
        has_bytes(&image, cg_shape(good[i].channels, 1, 2), good[i].want);
        cg_array_free(&image);
    }
    cg_array image;
    CHECK(read_bytes("P5 1 1 1000 \x01\xf4", 14, (cg_image_options){0}, &image) == CG_OK);
    CHECK(image.dtype == CG_F32 && cg_array_get(&image, 0) == 0.5);
    cg_array_free(&image);
    remove_test_folder();
}

HOST_TEST(image, malformed_pnm) {
    static const char *const bad[] = {"P5",
                                      "P5 1 1 255",
                                      "P5 1 1 255 ",
                                      "P5 1 1 255 ab",
                                      "P5 0 1 255 ",
                                      "P5 1 1 0 a",
                                      "P5 1 1 3 a",
                                      "P5 1 1 65536 ab",
                                      "P5 70000 1 255 a",
                                      "P51 1 255 a",
                                      "P5 -1 1 255 a",
                                      "P2 1 1 255 ",
                                      "P2 1 1 9 10",
                                      "P2 2 1 9 1",
                                      "P2 1 1 9 1 2",
                                      "P2 1 1 9 1x",
                                      "P1 1 1 1",
                                      "P4 1 1 a",
                                      "P7 1 1 1 a",
                                      "P2 30000 30000 9 1",
                                      "GIF89a",
                                      "",
                                      "P5 9999999999 1 255 a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cg_array image = {.data = &image};
        check_case("%s", bad[i]);
        CHECK(read_bytes(bad[i], strlen(bad[i]), AS_BYTES, &image) == CG_ERROR_FORMAT && !image.data);
        check_message("picture");
    }
    cg_array image;
    CHECK(cg_image_read(test_path("none"), AS_BYTES, &image) == CG_ERROR_IO);
    CHECK(cg_image_read("/tmp", AS_BYTES, &image) == CG_ERROR_IO);
    CHECK(cg_image_read(NULL, AS_BYTES, &image) == CG_ERROR_ARGUMENT);
    CHECK(cg_image_read(test_path("picture"), (cg_image_options){.dtype = CG_I32}, &image) ==
          CG_ERROR_ARGUMENT);
    CHECK(cg_image_read(test_path("picture"), (cg_image_options){.channels = 2}, &image) ==
          CG_ERROR_ARGUMENT);
    remove_test_folder();
}

#ifdef CG_WITH_PNG

HOST_TEST(image, png_by_others) {
    cg_array image;
    check_case("a palette");
    CHECK(read_bytes(png_palette, sizeof png_palette, AS_BYTES, &image) == CG_OK);
    has_bytes(&image, cg_shape(3, 2, 3),
              (const unsigned char[]){255, 0, 0, 0, 0, 255, 0, 255, 0, 0, 255, 0, 0, 0, 255, 255, 0, 0});
    cg_array_free(&image);
    check_case("a palette in gray");
    CHECK(read_bytes(png_palette, sizeof png_palette, (cg_image_options){CG_U8, 1}, &image) == CG_OK);
    has_bytes(&image, cg_shape(1, 2, 3), (const unsigned char[]){76, 150, 29, 29, 150, 76});
    cg_array_free(&image);
    check_case("16 bit");
    CHECK(read_bytes(png_gray16, sizeof png_gray16, (cg_image_options){0}, &image) == CG_OK);
    static const double want[] = {0, 65535, 32768, 257, 1, 256};
    for (int i = 0; i < 6 && image.data; i++)
        CHECK(cg_array_get(&image, i) == (double)(float)(want[i] / 65535));
    cg_array_free(&image);
    for (size_t n = 4; n < sizeof png_palette; n += 5) {
        check_case("the first %zu bytes", n);
        CHECK(read_bytes(png_palette, n, AS_BYTES, &image) == CG_ERROR_FORMAT && !image.data);
    }
    check_case("as small as deflate makes it, and smaller");
    CHECK_MSG(read_bytes(png_white, sizeof png_white, AS_BYTES, &image) == CG_OK, "%s",
              cg_error_message(NULL));
    CHECK(same_shape(image.shape, cg_shape(1, 512, 512)) && cg_array_get(&image, 512 * 512 - 1) == 255);
    cg_array_free(&image);
    CHECK(read_bytes(png_large, sizeof png_large, AS_BYTES, &image) == CG_ERROR_FORMAT &&
          check_message("promises more"));
    remove_test_folder();
}

#endif

#ifdef CG_WITH_JPEG

/* Each decoder may round in its own way: 3 of 255 are allowed. */
static void is_near(const cg_array *image, int channel, int64_t y, int64_t x, int want) {
    const double got = cg_array_get(image, (channel * 16 + y) * 16 + x);
    CHECK_MSG(fabs(got - want) <= 3, "channel %d at (%lld, %lld): %g, not %d", channel, (long long)y,
              (long long)x, got, want);
}

HOST_TEST(image, jpeg_by_others) {
    cg_array image;
    CHECK_MSG(read_bytes(jpeg_rgb, sizeof jpeg_rgb, AS_BYTES, &image) == CG_OK, "%s", cg_error_message(NULL));
    if (image.data && CHECK(same_shape(image.shape, cg_shape(3, 16, 16))))
        for (int i = 1; i < 15; i++) {
            is_near(&image, 0, 15 - i, i, 16 * i);
            is_near(&image, 1, 15 - i, i, 16 * (15 - i));
            is_near(&image, 2, 15 - i, i, 128);
        }
    cg_array_free(&image);
    CHECK(read_bytes(jpeg_gray_progressive, sizeof jpeg_gray_progressive, AS_BYTES, &image) == CG_OK);
    if (image.data && CHECK(same_shape(image.shape, cg_shape(1, 16, 16))))
        for (int i = 0; i < 16; i++) is_near(&image, 0, i, i, 16 * i);
    cg_array_free(&image);
    CHECK(read_bytes(jpeg_gray_progressive, sizeof jpeg_gray_progressive, (cg_image_options){CG_U8, 3},
                     &image) == CG_OK);
    CHECK(same_shape(image.shape, cg_shape(3, 16, 16)));
    cg_array_free(&image);
    check_case("a size that the file cannot hold");
    unsigned char large[sizeof jpeg_rgb];
    memcpy(large, jpeg_rgb, sizeof large);
    for (size_t i = 0; i + 9 < sizeof large; i++)
        if (large[i] == 0xff && large[i + 1] == 0xc0) large[i + 5] = large[i + 7] = 16; /* 4112 x 4112 */
    CHECK(read_bytes(large, sizeof large, AS_BYTES, &image) == CG_ERROR_FORMAT &&
          check_message("promises more"));
    for (size_t n = 3; n < sizeof jpeg_rgb - 2; n += 23) {
        check_case("the first %zu bytes", n);
        CHECK(read_bytes(jpeg_rgb, n, AS_BYTES, &image) == CG_ERROR_FORMAT && !image.data);
    }
    remove_test_folder();
}

#endif

/* Every channel count comes back as it was; reals are clamped and rounded. */
HOST_TEST(image, written_and_read_again) {
    static unsigned char bytes[4 * 5 * 3];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 41);
    static const char *const names[] = {"a.png", "b.PNG", "c.png", "d.png", "e.pgm", "f.ppm"};
    static const int channels[] = {1, 2, 3, 4, 1, 3};
    for (int i = 0; i < 6; i++) {
        cg_array image, back = {0};
        check_case("%s, %d channels", names[i], channels[i]);
        image = (cg_array){CG_U8, cg_shape(channels[i], 5, 3), bytes};
        cg_status status = cg_image_write(test_path(names[i]), &image);
#ifndef CG_WITH_PNG
        if (i < 4) {
            CHECK(status == CG_ERROR_ARGUMENT && check_message("libpng"));
            continue;
        }
#endif
        CHECK_MSG(status == CG_OK, "%s", cg_error_message(NULL));
        CHECK(cg_image_read(test_path(names[i]), AS_BYTES, &back) == CG_OK);
        has_bytes(&back, image.shape, bytes);
        cg_array_free(&back);
    }
    const int n = count_files();
    const cg_array real = {CG_F32, cg_shape(1, 4), (float[]){-1, 0.5f, 2, NAN}};
    cg_array back;
    CHECK(cg_image_write(test_path("g.pgm"), &real) == CG_OK && count_files() == n + 1);
    CHECK(cg_image_read(test_path("g.pgm"), AS_BYTES, &back) == CG_OK);
    has_bytes(&back, cg_shape(1, 1, 4), (const unsigned char[]){0, 128, 255, 0});
    cg_array_free(&back);
    check_case("errors");
    const cg_array two = {CG_U8, cg_shape(2, 1, 1), bytes}, five = {CG_U8, cg_shape(5, 1, 1), bytes};
    CHECK(cg_image_write(test_path("h.pgm"), &two) == CG_ERROR_SHAPE &&
          cg_image_write("x.png", &five) == CG_ERROR_SHAPE);
    CHECK(cg_image_write(test_path("h.jpg"), &real) == CG_ERROR_ARGUMENT &&
          cg_image_write(NULL, &real) == CG_ERROR_ARGUMENT);
    CHECK(cg_image_write("/nowhere/h.pgm", &real) == CG_ERROR_IO &&
          cg_image_write("x.pgm", NULL) == CG_ERROR_SHAPE);
    CHECK(cg_image_write("x.pgm", &(cg_array){CG_I32, cg_shape(1, 1), &(int32_t){0}}) == CG_ERROR_DTYPE);
    remove_test_folder();
}

/* Against Pillow's bilinear resize of arange(35).reshape(5, 7) ** 1.5. */
HOST_TEST(image, resize) {
    static const double small[] = {27.043278, 35.999023, 46.19828, 105.18897, 120.45925, 136.39262};
    static const double first_row[] = {0,         0.6666667, 1.8126342, 3.3545883, 5.1961527,
                                       7.3769226, 9.766855,  12.352539, 14.6969385};
    float x[35];
    for (int i = 0; i < 35; i++) x[i] = (float)pow(i, 1.5);
    const cg_array image = {CG_F32, cg_shape(1, 5, 7), x};
    cg_array y;
    CHECK(cg_image_resize(&image, 2, 3, &y) == CG_OK && same_shape(y.shape, cg_shape(1, 2, 3)));
    for (int i = 0; i < 6; i++) CHECK(fabs(cg_array_get(&y, i) - small[i]) <= 1e-4);
    cg_array_free(&y);
    CHECK(cg_image_resize(&image, 8, 9, &y) == CG_OK);
    for (int i = 0; i < 9; i++) CHECK(fabs(cg_array_get(&y, i) - first_row[i]) <= 1e-4);
    cg_array_free(&y);
    check_case("bytes, the same size, two channels");
    const cg_array bytes = {CG_U8, cg_shape(2, 1, 2), (unsigned char[]){0, 51, 255, 102}};
    CHECK(cg_image_resize(&bytes, 1, 2, &y) == CG_OK && y.dtype == CG_F32);
    for (int i = 0; i < 4; i++)
        CHECK(cg_array_get(&y, i) == (double)((float)cg_array_get(&bytes, i) / 255.0f));
    cg_array_free(&y);
    CHECK(cg_image_resize(&image, 0, 3, &y) == CG_ERROR_SHAPE && !y.data &&
          cg_image_resize(NULL, 1, 1, &y) == CG_ERROR_SHAPE);
    CHECK(cg_image_resize(&(cg_array){CG_F32, cg_shape(5, 7), x}, 2, 2, &y) == CG_ERROR_SHAPE);
    CHECK(cg_image_resize(&(cg_array){CG_I32, cg_shape(1, 5, 7), x}, 2, 2, &y) == CG_ERROR_DTYPE);
}

/* --- Folders -------------------------------------------------------------------------------------------------- */

static const char *in_folder(const char *folder, const char *name) {
    const char *path = test_path(folder);
    char *joined = scratch(strlen(path) + strlen(name) + 2);
    mkdir(path, 0700);
    sprintf(joined, "%s/%s", path, name);
    return joined;
}

static void write_gray(const char *folder, const char *name, int64_t height, int64_t width, int value) {
    unsigned char bytes[64];
    memset(bytes, value, sizeof bytes);
    CHECK(cg_image_write(in_folder(folder, name), &(cg_array){CG_U8, cg_shape(height, width), bytes}) ==
          CG_OK);
}

HOST_TEST(image, folder_of_classes) {
    write_gray("dog", "1.pgm", 2, 3, 51);
    write_gray("dog", "2.pgm", 2, 3, 102);
    write_gray("cat", "9.pgm", 2, 3, 153);
    write_file(in_folder("cat", "notes.txt"), "x", 1);
    write_file(in_folder("cat", ".hidden.pgm"), "x", 1);
    const char *where = test_path("");
    cg_dataset *set = cg_dataset_from_image_folder(where, (cg_image_folder_options){0});
    if (CHECK_MSG(set != NULL, "%s", cg_error_message(NULL))) {
        int label;
        CHECK(cg_dataset_samples(set) == 3 && same_shape(cg_dataset_sample_shape(set), cg_shape(3, 2, 3)));
        CHECK(cg_dataset_sample(set, 0, &label)[0] == 0.6f && label == 0);
        CHECK(cg_dataset_sample(set, 2, &label)[17] == 0.4f && label == 1 && cg_dataset_classes(set) == 2);
        CHECK(!strcmp(cg_dataset_class_name(set, 0), "cat") && !strcmp(cg_dataset_class_name(set, 1), "dog"));
    }
    cg_dataset_free(set);
    check_case("another size");
    write_gray("dog", "3.pgm", 4, 4, 255);
    CHECK(!cg_dataset_from_image_folder(where, (cg_image_folder_options){.gray = true}) &&
          cg_error_code(NULL) == CG_ERROR_SHAPE && check_message("3.pgm"));
    set = cg_dataset_from_image_folder(where,
                                       (cg_image_folder_options){.resize = true, .gray = true, .height = 5});
    CHECK_MSG(same_shape(cg_dataset_sample_shape(set), cg_shape(1, 5, 3)), "%s", cg_error_message(NULL));
    CHECK(set && cg_dataset_sample(set, 3, NULL)[14] == 1);
    cg_dataset_free(set);
    check_case("a class without a picture, a picture that is none");
    mkdir(test_path("empty"), 0700);
    CHECK(!cg_dataset_from_image_folder(where, (cg_image_folder_options){0}) && check_message("empty"));
    rmdir(test_path("empty"));
    write_file(in_folder("dog", "0.png"), "x", 1);
    CHECK(!cg_dataset_from_image_folder(where, (cg_image_folder_options){.resize = true}) &&
          check_message("0.png"));
    CHECK(!cg_dataset_from_image_folder(where, (cg_image_folder_options){.height = -1}));
    CHECK(!cg_dataset_from_image_folder(test_path("dog"), (cg_image_folder_options){0}) &&
          check_message("no folder"));
    CHECK(!cg_dataset_from_image_folder(NULL, (cg_image_folder_options){0}));
    static const char *const files[] = {"dog/0.png", "dog/1.pgm",     "dog/2.pgm",      "dog/3.pgm",
                                        "cat/9.pgm", "cat/notes.txt", "cat/.hidden.pgm"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) unlink(test_path(files[i]));
    rmdir(test_path("dog"));
    rmdir(test_path("cat"));
    remove_test_folder();
}
