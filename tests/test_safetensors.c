#include "support/device_test.h"
#include "support/files.h"

#include <string.h>

DEVICE_TEST(small_safetensors, round_trip) {
    static const cg_dtype types[] = {CG_F32, CG_I64, CG_U8, CG_BOOL, CG_I32, CG_F64};
    static const cg_dims shapes[] = {{2, {3, 5}},    {0, {0}},          {1, {7}},
                                     {3, {2, 0, 3}}, {4, {1, 2, 1, 2}}, {1, {1}}};
    static const char *const names[] = {"a", "weight.1", "with \"quotes\"\n", "\xc3\xa4", "e", "f"};
    static const char *const metadata[][2] = {{"step", "12"}, {"format", "pt"}};
    cg_named_tensor tensors[6];
    uint64_t seed = 5;
    int n = 0;
    for (int i = 0; i < 6; i++) {
        if (!device_has(dev, types[i])) continue;
        int64_t count = 1;
        for (int k = 0; k < shapes[i].rank; k++) count *= shapes[i].dim[k];
        void *data = random_values(types[i], count, 0, 9, &seed);
        tensors[n++] = (cg_named_tensor){names[i], cg_from_host(dev, types[i], shapes[i], data)};
    }
    const char *path = test_path("t.safetensors");
    CHECK_MSG(cg_safetensors_save(path, n, tensors, 2, metadata) == CG_OK, "%s", cg_error_message(NULL));
    CHECK(count_files() == 1);
    cg_safetensors *file = cg_safetensors_open(path);
    if (!CHECK_MSG(file != NULL, "%s", cg_error_message(NULL))) return;
    CHECK(cg_safetensors_count(file) == n);
    CHECK(!strcmp(cg_safetensors_metadata(file, "step"), "12") &&
          !strcmp(cg_safetensors_metadata(file, "format"), "pt"));
    CHECK(cg_safetensors_metadata(file, "none") == NULL);
    for (int i = 0; i < cg_safetensors_count(file); i++) {
        const char *name = NULL;
        cg_dtype dtype;
        cg_dims shape;
        int at = -1;
        CHECK(cg_safetensors_entry(file, i, &name, &dtype, &shape) == CG_OK);
        for (int k = 0; k < n; k++)
            if (name && !strcmp(tensors[k].name, name)) at = k;
        if (!CHECK_MSG(at >= 0, "no tensor is called '%s'", name)) continue;
        check_case("%s", name);
        CHECK(dtype == cg_dtype_of(tensors[at].tensor) &&
              same_shape(shape, cg_shape_get(tensors[at].tensor)));
        check_same_bits(cg_safetensors_read(file, i, dev), tensors[at].tensor);
        CHECK(cg_safetensors_find(file, name) == i);
    }
    CHECK(cg_safetensors_find(file, "none") == -1 && cg_safetensors_find(NULL, "none") == -1);
    const char *name;
    cg_dtype dtype;
    cg_dims shape;
    CHECK(cg_safetensors_entry(file, n, &name, &dtype, &shape) == CG_ERROR_ARGUMENT);
    CHECK(cg_safetensors_read(file, -1, dev) == NULL);
    cg_error_clear(dev);
    cg_safetensors_close(file);
    cg_safetensors_close(NULL);
    remove_test_folder();
}

/* Views are written as what they show. */
DEVICE_TEST(small_safetensors, views) {
    cg_tensor *x = cg_cast(cg_arange(dev, CG_F32, 0, 12, 1), CG_F32);
    cg_tensor *t = cg_transpose(cg_reshape(x, cg_shape(3, 4)), 0, 1);
    cg_named_tensor tensors[] = {{"t", t},
                                 {"pending", cg_mul(cg_slice(t, 0, CG_SLICE_OPEN, CG_SLICE_OPEN, -1), 2)}};
    const char *path = test_path("v.safetensors");
    CHECK(cg_safetensors_save(path, 2, tensors, 0, NULL) == CG_OK);
    cg_safetensors *file = cg_safetensors_open(path);
    for (int i = 0; file && i < 2; i++) {
        const char *name;
        cg_dtype dtype;
        cg_dims shape;
        CHECK(cg_safetensors_entry(file, i, &name, &dtype, &shape) == CG_OK);
        check_same_bits(cg_safetensors_read(file, i, dev), tensors[strcmp(name, "t") ? 1 : 0].tensor);
    }
    cg_safetensors_close(file);
    remove_test_folder();
}

DEVICE_TEST(small_safetensors, refused_saves) {
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(2));
    const char *path = test_path("r.safetensors");
    cg_named_tensor twice[] = {{"a", x}, {"a", x}}, nameless[] = {{"", x}}, null[] = {{"a", NULL}},
                    meta[] = {{"__metadata__", x}};
    CHECK(cg_safetensors_save(path, 2, twice, 0, NULL) == CG_ERROR_ARGUMENT);
    CHECK(cg_safetensors_save(path, 1, nameless, 0, NULL) == CG_ERROR_ARGUMENT);
    CHECK(cg_safetensors_save(path, 1, null, 0, NULL) != CG_OK);
    CHECK(cg_safetensors_save(path, 1, meta, 0, NULL) == CG_ERROR_ARGUMENT);
    CHECK(cg_safetensors_save("/nowhere/r", 0, NULL, 0, NULL) == CG_ERROR_IO);
    CHECK(strstr(cg_error_message(NULL), "/nowhere/r") != NULL);
    CHECK_MSG(count_files() == 0, "%d files are left", count_files());
    cg_error_clear(dev);
    check_case("an empty file of tensors is a file");
    CHECK(cg_safetensors_save(path, 0, NULL, 0, NULL) == CG_OK);
    cg_safetensors *file = cg_safetensors_open(path);
    CHECK(file && cg_safetensors_count(file) == 0);
    cg_safetensors_close(file);
    remove_test_folder();
}

static const struct {
    const char *what, *header;
    size_t data;
} malformed[] = {
    {"no JSON", "hello", 0},
    {"an array", "[]", 0},
    {"nothing", "", 0},
    {"a list for an entry", "{\"a\":[]}", 0},
    {"no dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4},
    {"no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4},
    {"no offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4},
    {"one offset", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4},
    {"a real in the shape", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4},
    {"a negative size", "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4},
    {"text in the shape", "{\"a\":{\"dtype\":\"F32\",\"shape\":[\"1\"],\"data_offsets\":[0,4]}}", 4},
    {"a size that is not dtype times shape",
     "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4},
    {"offsets the wrong way round", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4},
    {"data beyond the end", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3},
    {"data without an owner", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8},
    {"a gap at the start", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8},
    {"a gap",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
     "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}",
     3},
    {"an overlap",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
     "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
     3},
    {"the same name twice",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
     "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
     2},
    {"rank 9", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1},
    {"a published overflow",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[4194305,4194305,211106198978564],\"data_offsets\":[0,4]}}", 4},
    {"a zero that hides an overflow",
     "{\"a\":{\"dtype\":\"F32\",\"shape\":[0,150000000,1300000000000],\"data_offsets\":[0,0]}}", 0},
    {"an offset of 2^63",
     "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[9223372036854775808,9223372036854775809]}}",
     1},
    {"text after the header", "{} x", 0},
    {"metadata that is not text", "{\"__metadata__\":{\"a\":1}}", 0},
    {"metadata that is a list", "{\"__metadata__\":[]}", 0},
    {"bytes that are no UTF-8", "{\"\xff\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1},
};

/* An 8-byte little-endian length, the header, `data` bytes of 7. */
static void write_safetensors(const char *path, uint64_t length, const char *header, size_t data) {
    size_t n = strlen(header);
    unsigned char *file = scratch(8 + n + data);
    for (int i = 0; i < 8; i++) file[i] = (unsigned char)(length >> (8 * i));
    memcpy(file + 8, header, n);
    memset(file + 8 + n, 7, data);
    write_file(path, file, 8 + n + data);
}

HOST_TEST(safetensors, malformed_files) {
    const char *path = test_path("m.safetensors");
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        check_case("%s", malformed[i].what);
        write_safetensors(path, strlen(malformed[i].header), malformed[i].header, malformed[i].data);
        cg_safetensors *file = cg_safetensors_open(path);
        CHECK(file == NULL);
        CHECK_MSG(cg_error_code(NULL) == CG_ERROR_FORMAT, "%s", cg_error_message(NULL));
        CHECK_MSG(strstr(cg_error_message(NULL), "m.safetensors") != NULL, "%s", cg_error_message(NULL));
        cg_safetensors_close(file);
    }
    static const uint64_t lengths[] = {0, 1, 3, 100, 100000001, UINT64_C(1) << 62, UINT64_MAX};
    for (int i = 0; i < 7; i++) {
        check_case("header length %llu of 2", (unsigned long long)lengths[i]);
        write_safetensors(path, lengths[i], "{}", 0);
        CHECK(cg_safetensors_open(path) == NULL && cg_error_code(NULL) == CG_ERROR_FORMAT);
    }
    check_case("a dtype that is not supported here");
    const char *half = "{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}";
    write_safetensors(path, strlen(half), half, 4);
    CHECK(cg_safetensors_open(path) == NULL && cg_error_code(NULL) == CG_ERROR_DTYPE);
    check_case("7 bytes");
    write_file(path, "1234567", 7);
    CHECK(cg_safetensors_open(path) == NULL && cg_error_code(NULL) == CG_ERROR_FORMAT);
    check_case("no file");
    CHECK(cg_safetensors_open(test_path("none")) == NULL && cg_error_code(NULL) == CG_ERROR_IO);
    CHECK(cg_safetensors_open("/tmp") == NULL && cg_error_code(NULL) == CG_ERROR_IO);
    remove_test_folder();
}

/* What other writers make: spaces behind the header, any order; and a file that is cut while it is open. */
DEVICE_TEST(small_safetensors, files_of_others) {
    const char *path = test_path("o.safetensors");
    const char *header = "{\"b\":{\"shape\":[2],\"data_offsets\":[1,3],\"dtype\":\"U8\"}, "
                         "\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1],\"shape\":[]}}     ";
    write_safetensors(path, strlen(header), header, 3);
    cg_safetensors *file = cg_safetensors_open(path);
    if (!CHECK_MSG(file != NULL, "%s", cg_error_message(NULL))) return;
    for (int i = 0; i < 2; i++) {
        const char *name;
        cg_dtype dtype;
        cg_dims shape;
        CHECK(cg_safetensors_entry(file, i, &name, &dtype, &shape) == CG_OK && dtype == CG_U8);
        check_equal(cg_safetensors_read(file, i, dev), CG_U8, *name == 'a' ? cg_shape() : cg_shape(2),
                    (long double[]){7, 7});
    }
    write_file(path, "", 0);
    CHECK(cg_safetensors_read(file, 0, dev) == NULL || cg_safetensors_read(file, 1, dev) == NULL);
    CHECK(cg_error_code(dev) == CG_ERROR_IO || cg_error_code(dev) == CG_ERROR_FORMAT);
    cg_error_clear(dev);
    cg_safetensors_close(file);
    remove_test_folder();
}
