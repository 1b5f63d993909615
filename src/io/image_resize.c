/* Pictures of another size: image.h, at cg_image_resize. */
#include "clgrad/image.h"

#include "core/shape.h"
#include "io/array_host.h"
#include "io/image_format.h"

#include <math.h>
#include <stdlib.h>

/*
 * One axis, n to m values `stride` apart: y_i = sum_j w_ij x_j / sum_j w_ij, w_ij = max(0, 1 - |(j + 1/2) - c_i| / s),
 * c_i = (i + 1/2) n / m, s = max(1, n / m).
 */
static void resize_line(const float *x, int64_t n, float *y, int64_t m, int64_t stride) {
    const double scale = (double)n / (double)m, support = scale > 1 ? scale : 1;
    for (int64_t i = 0; i < m; i++) {
        const double center = ((double)i + 0.5) * scale;
        int64_t first = (int64_t)floor(center - support + 0.5), last = (int64_t)floor(center + support + 0.5);
        double sum = 0, weights = 0;
        for (int64_t j = first > 0 ? first : 0; j < (last < n ? last : n); j++) {
            const double weight = 1 - fabs((double)j + 0.5 - center) / support;
            if (weight <= 0) continue;
            sum += weight * (double)x[j * stride];
            weights += weight;
        }
        y[i * stride] = (float)(sum / weights);
    }
}

/* (C, h, w) to (C, h, width) to (C, height, width). */
static void resize_planes(const float *x, const int64_t *from, float *between, float *y, int64_t height,
                          int64_t width) {
    const int64_t h = from[1], w = from[2];
    for (int64_t row = 0; row < from[0] * h; row++)
        resize_line(x + row * w, w, between + row * width, width, 1);
    for (int64_t c = 0; c < from[0]; c++)
        for (int64_t column = 0; column < width; column++)
            resize_line(between + c * h * width + column, h, y + c * height * width + column, height, width);
}

static cg_status check_sizes(const cg_array *image, int64_t height, int64_t width, cg_error *err) {
    int64_t numel;
    if (!cg_array_valid(image, &numel) || image->shape.rank != 3 || numel == 0)
        return CG_FAIL(err, CG_ERROR_SHAPE, "image_resize: %s; expected (C, H, W)",
                       image ? CG_SHAPE_STR(&image->shape) : "NULL");
    if (image->dtype != CG_F32 && image->dtype != CG_U8)
        return CG_FAIL(err, CG_ERROR_DTYPE, "image_resize: %s; expected f32 or u8",
                       cg_dtype_name(image->dtype));
    if (height < 1 || width < 1 || height > CG_IMAGE_MAX_SIDE || width > CG_IMAGE_MAX_SIDE)
        return CG_FAIL(err, CG_ERROR_SHAPE, "image_resize: to %lld x %lld; expected 1 to %d",
                       (long long)height, (long long)width, CG_IMAGE_MAX_SIDE);
    return CG_OK;
}

cg_status cg_image_resize(const cg_array *image, int64_t height, int64_t width, cg_array *result) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    *result = (cg_array){.shape = {.rank = -1}};
    if (check_sizes(image, height, width, err) != CG_OK) return err->code;
    const int64_t *from = image->shape.dim, numel = cg_array_numel(image);
    cg_array between = {0}, values = {0};
    if (cg_array_make(result, CG_F32, cg_shape(from[0], height, width), "image_resize", err) == CG_OK &&
        cg_array_make(&between, CG_F32, cg_shape(from[0], from[1], width), "image_resize", err) == CG_OK &&
        cg_array_make(&values, CG_F32, image->shape, "image_resize", err) == CG_OK) {
        float *x = values.data;
        for (int64_t i = 0; i < numel; i++)
            x[i] = image->dtype == CG_F32 ? ((const float *)image->data)[i]
                                          : (float)((const uint8_t *)image->data)[i] / 255.0f;
        resize_planes(x, from, between.data, result->data, height, width);
    }
    cg_array_free(&between);
    cg_array_free(&values);
    if (err->code != CG_OK) cg_array_free(result);
    return err->code;
}
