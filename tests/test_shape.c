#include "core/shape.h"
#include "support/device_test.h"

#include <string.h>

HOST_TEST(shape, valid_shapes_and_their_size) {
    static const struct {
        cg_dims shape;
        int64_t numel;
    } good[] = {{{0, {0}}, 1},
                {{1, {0}}, 0},
                {{3, {2, 3, 4}}, 24},
                {{2, {0, INT64_MAX / 8}}, 0},
                {{8, {1, 2, 1, 2, 1, 2, 1, 2}}, 16},
                {{1, {INT64_MAX / 8}}, INT64_MAX / 8}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t n = -1;
        check_case("%s", shape_text(good[i].shape));
        CHECK(cg_dims_valid(&good[i].shape, 8, &n) && n == good[i].numel);
    }
}

/* A zero dimension must not hide an overflow of the others; these sizes come from published exploits. */
HOST_TEST(shape, refused_shapes) {
    static const cg_dims bad[] = {
        {-1, {0}},
        {9, {1, 1, 1, 1, 1, 1, 1, 1}},
        {1, {-1}},
        {2, {3, -4}},
        {2, {INT64_C(1) << 32, INT64_C(1) << 32}},
        {1, {INT64_MAX / 8 + 1}},
        {3, {0, 150000000, INT64_C(1300000000000)}},
        {3, {4194305, 4194305, INT64_C(211106198978564)}},
        {2, {INT64_MIN, 2}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t n;
        check_case("shape %zu", i);
        CHECK(!cg_dims_valid(&bad[i], 8, &n));
    }
}

HOST_TEST(shape, text) {
    char text[CG_SHAPE_TEXT];
    cg_dims scalar = cg_shape(), vector = cg_shape(4), matrix = cg_shape(2, 3), bad = {.rank = 12};
    CHECK(!strcmp(cg_dims_text(&scalar, text), "()"));
    CHECK(!strcmp(cg_dims_text(&vector, text), "(4,)"));
    CHECK(!strcmp(cg_dims_text(&matrix, text), "(2, 3)"));
    CHECK(cg_dims_text(&bad, text)[0] == '(');
    cg_dims longest = {.rank = 8};
    for (int i = 0; i < 8; i++) longest.dim[i] = INT64_MIN;
    CHECK(strlen(cg_dims_text(&longest, text)) < CG_SHAPE_TEXT);
}

HOST_TEST(shape, made_by_value) {
    cg_dims scalar = cg_shape(), cube = cg_shape(2, 3, 4);
    CHECK(scalar.rank == 0 && cube.rank == 3 && cube.dim[0] == 2 && cube.dim[2] == 4);
    CHECK(cg_shape_of(9, (const int64_t[9]){0}).rank == -1);
    CHECK(cg_shape_of(-3, NULL).rank == -1);
}

HOST_TEST(shape, strides_and_axes) {
    cg_dims shape = cg_shape(2, 3, 4);
    int64_t stride[CG_MAX_RANK];
    cg_dims_strides(&shape, stride);
    CHECK(stride[0] == 12 && stride[1] == 4 && stride[2] == 1);
    CHECK(cg_axis_normalize(0, 3) == 0 && cg_axis_normalize(-1, 3) == 2 && cg_axis_normalize(-3, 3) == 0);
    CHECK(cg_axis_normalize(3, 3) == -1 && cg_axis_normalize(-4, 3) == -1 && cg_axis_normalize(0, 0) == -1);
}

/* NumPy's own examples, and the pairs it refuses. */
HOST_TEST(shape, broadcasting) {
    static const struct {
        cg_dims a, b, both;
    } good[] = {
        {{3, {256, 256, 3}}, {1, {3}}, {3, {256, 256, 3}}},
        {{4, {8, 1, 6, 1}}, {3, {7, 1, 5}}, {4, {8, 7, 6, 5}}},
        {{2, {5, 4}}, {1, {1}}, {2, {5, 4}}},
        {{0, {0}}, {2, {2, 3}}, {2, {2, 3}}},
        {{2, {3, 1}}, {1, {4}}, {2, {3, 4}}},
        {{2, {0, 3}}, {2, {1, 3}}, {2, {0, 3}}},
        {{1, {1}}, {1, {0}}, {1, {0}}},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cg_dims r;
        check_case("%s and %s", shape_text(good[i].a), shape_text(good[i].b));
        CHECK(cg_broadcast_shapes(good[i].a, good[i].b, &r) && same_shape(r, good[i].both));
        CHECK(cg_broadcast_shapes(good[i].b, good[i].a, &r) && same_shape(r, good[i].both));
        CHECK(cg_broadcast_shapes(good[i].a, good[i].b, NULL));
    }
    check_case("refused");
    CHECK(!cg_broadcast_shapes(cg_shape(3), cg_shape(4), NULL));
    CHECK(!cg_broadcast_shapes(cg_shape(2, 1), cg_shape(8, 4, 3), NULL));
    CHECK(!cg_broadcast_shapes(cg_shape(0), cg_shape(2), NULL));
    CHECK(!cg_broadcast_shapes((cg_dims){.rank = -1}, cg_shape(2), NULL));
    CHECK(!cg_broadcast_shapes(cg_shape(2), (cg_dims){.rank = 9}, NULL));
}
