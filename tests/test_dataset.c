#include "support/device_test.h"
#include "support/files.h"

#include <stdlib.h>
#include <string.h>

static bool message_has(const char *part) {
    return CHECK_MSG(strstr(cg_error_message(NULL), part) != NULL, "'%s' is not in '%s'", part,
                     cg_error_message(NULL));
}

HOST_TEST(dataset, idx_round_trip) {
    uint8_t data[24];
    for (int i = 0; i < 24; i++) data[i] = (uint8_t)(11 * i);
    static const cg_dims shapes[] = {{1, {24}}, {2, {4, 6}}, {3, {2, 3, 4}}, {1, {0}}, {4, {1, 2, 3, 4}}};
    const char *path = test_path("round.idx");
    for (int i = 0; i < 5; i++) {
        check_case("%s", shape_text(shapes[i]));
        CHECK(cg_idx_write(path, shapes[i], data) == CG_OK && count_files() == 1);
        cg_dims shape = {.rank = -5};
        uint8_t *back = cg_idx_read(path, &shape);
        int64_t n = shapes[i].rank == 1 ? shapes[i].dim[0] : 24;
        CHECK(back && same_shape(shape, shapes[i]) && !memcmp(back, data, (size_t)n));
        free(back);
    }
    size_t bytes;
    CHECK(cg_idx_write(path, cg_shape(2, 3), data) == CG_OK);
    const unsigned char *file = read_file(path, &bytes);
    static const unsigned char head[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3};
    CHECK(file && bytes == 18 && !memcmp(file, head, sizeof head) && !memcmp(file + 12, data, 6));
    remove_test_folder();
}

HOST_TEST(dataset, malformed_idx_files) {
    static const struct {
        const char *what;
        unsigned char bytes[24];
        size_t n;
    } bad[] = {
        {"empty", {0}, 0},
        {"3 bytes", {0, 0, 8}, 3},
        {"magic", {1, 0, 8, 1, 0, 0, 0, 1, 5}, 9},
        {"another type", {0, 0, 9, 1, 0, 0, 0, 1, 5}, 9},
        {"rank 0", {0, 0, 8, 0, 5}, 5},
        {"rank 200", {0, 0, 8, 200, 0, 0, 0, 1}, 8},
        {"header cut", {0, 0, 8, 2, 0, 0, 0, 1, 0, 0}, 10},
        {"data cut", {0, 0, 8, 1, 0, 0, 0, 3, 5, 6}, 10},
        {"a tail", {0, 0, 8, 1, 0, 0, 0, 1, 5, 6}, 10},
        {"a product of 2^64", {0, 0, 8, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 12},
        {"zero hides an overflow",
         {0, 0, 8, 4, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
         20},
    };
    const char *path = test_path("bad.idx");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_case("%s", bad[i].what);
        write_file(path, bad[i].bytes, bad[i].n);
        cg_dims shape = {.rank = 7};
        uint8_t *data = cg_idx_read(path, &shape);
        CHECK(data == NULL && shape.rank == 7);
        CHECK(cg_error_code(NULL) == CG_ERROR_FORMAT);
        message_has("bad.idx");
        free(data);
    }
    check_case("no file, a folder");
    CHECK(cg_idx_read(test_path("nothing"), NULL) == NULL && cg_error_code(NULL) == CG_ERROR_IO);
    CHECK(cg_idx_read("/tmp", NULL) == NULL && cg_error_code(NULL) == CG_ERROR_IO);
    CHECK(cg_idx_write("/nowhere/x.idx", cg_shape(1), (const uint8_t[]){1}) == CG_ERROR_IO);
    message_has("/nowhere/x.idx");
    CHECK(cg_idx_write(path, cg_shape(), (const uint8_t[]){1}) == CG_ERROR_ARGUMENT);
    CHECK(cg_idx_write(path, cg_shape(INT64_C(1) << 33), (const uint8_t[]){1}) == CG_ERROR_ARGUMENT);
    remove_test_folder();
}

/* n samples of 2 x 3 pixels: sample i has the pixels i, i + 1, ... and the label i % 4. */
static void write_set(const char *images, const char *labels, int n) {
    uint8_t *pixel = scratch((size_t)n * 6), *label = scratch((size_t)n);
    for (int i = 0; i < n; i++) {
        label[i] = (uint8_t)(i % 4);
        for (int j = 0; j < 6; j++) pixel[6 * i + j] = (uint8_t)(i + j);
    }
    CHECK(cg_idx_write(test_path(images), cg_shape(n, 2, 3), pixel) == CG_OK);
    CHECK(cg_idx_write(test_path(labels), cg_shape(n), label) == CG_OK);
}

HOST_TEST(dataset, from_idx) {
    write_set("i", "l", 9);
    cg_dataset *set = cg_dataset_from_idx(test_path("i"), test_path("l"));
    if (!CHECK_MSG(set != NULL, "%s", cg_error_message(NULL))) return;
    CHECK(cg_dataset_samples(set) == 9 && cg_dataset_features(set) == 6 && cg_dataset_classes(set) == 4);
    int label = -1;
    const float *x = cg_dataset_sample(set, 7, &label);
    CHECK(label == 3 && x[0] == 7 / 255.0f && x[5] == 12 / 255.0f);
    cg_dataset_free(set);
    cg_dataset_free(NULL);
    CHECK(!cg_dataset_samples(NULL) && !cg_dataset_features(NULL) && !cg_dataset_classes(NULL));
    check_case("images and labels that do not belong together");
    write_set("i2", "l2", 8);
    CHECK(cg_dataset_from_idx(test_path("i"), test_path("l2")) == NULL && cg_error_message(NULL)[0]);
    CHECK(cg_dataset_from_idx(test_path("l"), test_path("l")) == NULL);
    CHECK(cg_dataset_from_idx(test_path("none"), test_path("l")) == NULL &&
          cg_error_code(NULL) == CG_ERROR_IO);
    remove_test_folder();
}

static const char *folder(void) {
    char *path = scratch(strlen(test_path("")) + 1);
    strcpy(path, test_path(""));
    return path;
}

HOST_TEST(dataset, open_finds_the_files) {
    cg_dataset *train = NULL, *test = NULL;
    check_case("nothing there");
    const char *where = folder();
    CHECK(cg_dataset_open(where, 0.25, 1, &train, &test) == CG_ERROR_IO && !train && !test);
    message_has("images");
    check_case("one pair is divided: every 4th in a shuffled order");
    write_set("digits-images-idx3-ubyte", "digits-labels-idx1-ubyte", 20);
    CHECK_MSG(cg_dataset_open(where, 0.25, 1, &train, &test) == CG_OK, "%s", cg_error_message(NULL));
    CHECK(cg_dataset_samples(train) == 15 && cg_dataset_samples(test) == 5);
    int seen[20] = {0}, label;
    for (int i = 0; i < 20; i++) {
        const float *x =
            i < 15 ? cg_dataset_sample(train, i, &label) : cg_dataset_sample(test, i - 15, &label);
        int number = (int)(x[0] * 255 + 0.5f);
        CHECK(number < 20 && label == number % 4 && !seen[number]++);
    }
    cg_dataset *again_train = NULL, *again_test = NULL;
    CHECK(cg_dataset_open(where, 0.25, 1, &again_train, &again_test) == CG_OK);
    for (int i = 0; i < 5; i++)
        CHECK(cg_dataset_sample(test, i, &label)[0] == cg_dataset_sample(again_test, i, &label)[0]);
    cg_dataset_free(train);
    cg_dataset_free(test);
    cg_dataset_free(again_train);
    cg_dataset_free(again_test);
    check_case("MNIST's own names");
    write_set("train-images-idx3-ubyte", "train-labels-idx1-ubyte", 12);
    write_set("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", 4);
    CHECK_MSG(cg_dataset_open(where, 0.25, 1, &train, &test) == CG_OK, "%s", cg_error_message(NULL));
    CHECK(cg_dataset_samples(train) == 12 && cg_dataset_samples(test) == 4);
    cg_dataset_free(train);
    cg_dataset_free(test);
    remove_test_folder();
}

DEVICE_TEST(small_dataset, loader) {
    write_set("i", "l", 11);
    cg_dataset *set = cg_dataset_from_idx(test_path("i"), test_path("l"));
    cg_loader *plain = cg_loader_new(dev, set, 4, false), *shuffled = cg_loader_new(dev, set, 4, true);
    cg_dataset_free(set); /* a loader may outlive it */
    if (!CHECK(plain && shuffled)) return;
    CHECK(cg_loader_batches(plain) == 3 && cg_loader_batches(NULL) == 0);
    cg_tensor *x, *y;
    for (int epoch = 0; epoch < 2; epoch++) {
        for (int b = 0; b < 3; b++) {
            check_case("epoch %d, batch %d", epoch, b);
            int64_t n = b < 2 ? 4 : 3;
            if (!CHECK(cg_loader_next(plain, &x, &y))) break;
            const long double *pixel = read_values(x), *label = read_values(y);
            check_is(x, CG_F32, cg_shape(n, 1, 2, 3));
            check_is(y, CG_I32, cg_shape(n));
            for (int i = 0; pixel && label && i < n; i++)
                CHECK(pixel[6 * i] == (float)(4 * b + i) / 255.0f && label[i] == (4 * b + i) % 4);
        }
        CHECK(!cg_loader_next(plain, &x, &y) && !x && !y);
    }
    check_case("shuffled: each sample once an epoch, in another order each time");
    double order[2][11];
    for (int epoch = 0; epoch < 2; epoch++) {
        int n = 0, seen[11] = {0};
        while (cg_loader_next(shuffled, &x, &y)) {
            const long double *pixel = read_values(x), *label = read_values(y);
            for (int i = 0; pixel && i < cg_size(x, 0) && n < 11; i++, n++) {
                order[epoch][n] = (double)(pixel[6 * i] * 255);
                int number = (int)(order[epoch][n] + 0.5);
                CHECK(label[i] == number % 4 && !seen[number]++);
            }
        }
        CHECK(n == 11);
    }
    CHECK_MSG(memcmp(order[0], order[1], sizeof order[0]) != 0, "both epochs have the same order");
    cg_loader_free(plain);
    cg_loader_free(shuffled);
    cg_loader_free(NULL);
    CHECK(cg_loader_new(dev, NULL, 4, true) == NULL);
    cg_error_clear(dev);
    remove_test_folder();
}

DEVICE_TEST(small_dataset, accuracy) {
    const float logits[] = {1, 2, 0, 5, 1, 1, 0, 0, 3, -1, -2, -3};
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(4, 3), logits), true);
    cg_tensor *share = cg_accuracy(x, cg_from_i32(dev, cg_shape(4), (const int32_t[]){1, 0, 0, 0}));
    check_equal(share, CG_F32, cg_shape(), (long double[]){0.75});
    CHECK(!cg_requires_grad(share));
    CHECK(cg_accuracy(x, cg_zeros(dev, CG_I32, cg_shape(3))) == NULL && cg_error_code(dev) != CG_OK);
    cg_error_clear(dev);
    CHECK(cg_accuracy(NULL, NULL) == NULL);
}
