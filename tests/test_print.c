#include "support/device_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *printed(const cg_tensor *x) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    if (!CHECK(stream != NULL)) return "";
    cg_status status = cg_print(stream, x);
    fclose(stream);
    CHECK_MSG(status == CG_OK, "cg_print: %s", cg_error_message(cg_device_of(x)));
    char *copy = scratch(bytes + 1);
    memcpy(copy, text, bytes);
    free(text);
    return copy;
}

static void expect(const cg_tensor *x, const char *text) {
    const char *got = printed(x);
    CHECK_MSG(!strcmp(got, text), "printed\n%sexpected\n%s", got, text);
}

DEVICE_TEST(small_print, layouts) {
    const int32_t data[] = {1, -20, 3, 4, 5, 6};
    cg_tensor *x = cg_from_i32(dev, cg_shape(2, 3), data);
    expect(x, "[[  1, -20,   3],\n [  4,   5,   6]] i32 (2, 3)\n");
    expect(cg_transpose(x, 0, 1), "[[  1,   4],\n [-20,   5],\n [  3,   6]] i32 (3, 2)\n");
    expect(cg_reshape(x, cg_shape(3, 1, 2)),
           "[[[  1, -20]],\n\n [[  3,   4]],\n\n [[  5,   6]]] i32 (3, 1, 2)\n");
    expect(cg_full(dev, CG_I64, cg_shape(), -5), "-5 i64 ()\n");
    expect(cg_zeros(dev, CG_U8, cg_shape(0)), "[] u8 (0,)\n");
    expect(cg_eq(x, 4), "[[False, False, False],\n [ True, False, False]] bool (2, 3)\n");
}

DEVICE_TEST(small_print, reals) {
    const float data[] = {1.5f, -2.25f, (float)NAN, INFINITY};
    expect(cg_from_f32(dev, cg_shape(4), data), "[ 1.5000, -2.2500,     nan,     inf] f32 (4,)\n");
    const float wide[] = {1e-5f, 1.0f};
    expect(cg_from_f32(dev, cg_shape(2), wide), "[1.0000e-05, 1.0000e+00] f32 (2,)\n");
}

DEVICE_TEST(small_print, long_axes_are_shortened) {
    expect(cg_arange(dev, CG_I32, 0, 2000, 1), "[   0,    1,    2, ..., 1997, 1998, 1999] i32 (2000,)\n");
    const char *text = printed(cg_zeros(dev, CG_F32, cg_shape(100, 100)));
    CHECK_MSG(strstr(text, "...") && strlen(text) < 1500, "printed %zu characters", strlen(text));
}

DEVICE_TEST(small_print, refusals) {
    CHECK(cg_print(stdout, NULL) != CG_OK);
    FILE *full = fopen("/dev/full", "w");
    if (!full) return;
    setvbuf(full, NULL, _IONBF, 0);
    CHECK(cg_print(full, cg_ones(dev, CG_F32, cg_shape(3))) == CG_ERROR_IO);
    check_error(dev, CG_ERROR_IO, "print", NULL);
    fclose(full);
}
