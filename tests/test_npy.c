#include "support/device_test.h"
#include "support/files.h"
#include "support/numpy_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool has(const cg_array *a, cg_dtype dtype, cg_dims shape, const double *values) {
    if (!CHECK_MSG(a->data != NULL, "%s", cg_error_message(NULL))) return false;
    bool ok = CHECK(a->dtype == dtype && same_shape(a->shape, shape));
    for (int64_t i = 0; ok && i < cg_array_numel(a); i++)
        ok = CHECK_MSG(cg_array_get(a, i) == values[i], "element %lld is %g, not %g", (long long)i,
                       cg_array_get(a, i), values[i]);
    return ok;
}

static bool read_bytes(const void *bytes, size_t n, cg_array *a) {
    const char *path = test_path("a.npy");
    return write_file(path, bytes, n) && cg_npy_read(path, a) == CG_OK;
}

HOST_TEST(npy, arrays_in_memory) {
    cg_array a;
    CHECK(cg_array_new(&a, CG_I32, cg_shape(2, 3)) == CG_OK && cg_array_numel(&a) == 6);
    CHECK(cg_array_get(&a, 5) == 0 && isnan(cg_array_get(&a, 6)) && isnan(cg_array_get(&a, -1)));
    cg_array_free(&a);
    CHECK(!a.data && a.shape.rank == -1 && cg_array_numel(&a) == 0 && cg_array_numel(NULL) == 0);
    cg_array_free(NULL);
    CHECK(cg_array_new(&a, CG_F64, cg_shape(INT64_C(1) << 40, INT64_C(1) << 40)) == CG_ERROR_SHAPE &&
          !a.data);
    CHECK(cg_array_new(&a, CG_F64, cg_shape(INT64_C(1) << 60)) == CG_ERROR_SHAPE && !a.data);
    CHECK(cg_array_new(&a, (cg_dtype)77, cg_shape(1)) == CG_ERROR_DTYPE);
}

HOST_TEST(npy, reads_what_numpy_wrote) {
    cg_array a;
    double counted[24];
    for (int i = 0; i < 24; i++) counted[i] = i - 5;
    check_case("f4");
    if (CHECK(read_bytes(npy_f4, sizeof npy_f4, &a)))
        has(&a, CG_F32, cg_shape(2, 3), (const double[]){0, 0.5, 1, 1.5, 2, 2.5});
    cg_array_free(&a);
    check_case("i8 in Fortran order");
    if (CHECK(read_bytes(npy_fortran_i8, sizeof npy_fortran_i8, &a)))
        has(&a, CG_I64, cg_shape(2, 3, 4), counted);
    cg_array_free(&a);
    check_case("big-endian i2");
    if (CHECK(read_bytes(npy_big_i2, sizeof npy_big_i2, &a)))
        has(&a, CG_I32, cg_shape(3), (const double[]){-2, 300, 32767});
    cg_array_free(&a);
    check_case("a scalar of format 2.0");
    if (CHECK(read_bytes(npy_v2_scalar, sizeof npy_v2_scalar, &a)))
        has(&a, CG_F64, cg_shape(), (const double[]){2.5});
    cg_array_free(&a);
    check_case("half precision");
    if (CHECK(read_bytes(npy_f2, sizeof npy_f2, &a)))
        has(&a, CG_F32, cg_shape(5), (const double[]){1.5, -2, 0x1p-24, 65504, (double)INFINITY});
    cg_array_free(&a);
    remove_test_folder();
}

HOST_TEST(npy, writes_as_numpy_does) {
    static const float values[] = {0, 0.5f, 1, 1.5f, 2, 2.5f};
    size_t n;
    const char *path = test_path("b.npy");
    const cg_array a = {CG_F32, cg_shape(2, 3), (void *)values};
    CHECK_MSG(cg_npy_write(path, &a) == CG_OK, "%s", cg_error_message(NULL));
    const unsigned char *file = read_file(path, &n);
    CHECK(file && n == sizeof npy_f4 && !memcmp(file, npy_f4, n) && count_files() == 1);
    CHECK(cg_npy_write("/nowhere/x.npy", &a) == CG_ERROR_IO && check_message("/nowhere/x.npy"));
    CHECK(cg_npy_write(path, &(cg_array){CG_F32, cg_shape(2), NULL}) == CG_ERROR_ARGUMENT);
    CHECK(cg_npy_write(path, NULL) == CG_ERROR_ARGUMENT);
    remove_test_folder();
}

/* Every dtype and rank comes back as it was. */
HOST_TEST(npy, round_trip) {
    static const cg_dtype dtypes[] = {CG_F32, CG_F64, CG_I32, CG_I64, CG_U8, CG_BOOL};
    static const cg_dims shapes[] = {{0, {0}}, {1, {5}}, {2, {0, 3}}, {8, {1, 2, 1, 3, 1, 1, 2, 1}}};
    const char *path = test_path("round.npy");
    for (size_t d = 0; d < 6; d++)
        for (size_t s = 0; s < 4; s++) {
            cg_array a, b = {0};
            check_case("%s %s", cg_dtype_name(dtypes[d]), shape_text(shapes[s]));
            CHECK(cg_array_new(&a, dtypes[d], shapes[s]) == CG_OK);
            const size_t bytes = (size_t)cg_array_numel(&a) * cg_dtype_size(dtypes[d]);
            for (size_t i = 0; i < bytes; i++)
                ((unsigned char *)a.data)[i] = (unsigned char)(dtypes[d] == CG_BOOL ? i % 2 : i * 7 % 120);
            CHECK(cg_npy_write(path, &a) == CG_OK && cg_npy_read(path, &b) == CG_OK);
            CHECK(b.data && b.dtype == a.dtype && same_shape(b.shape, a.shape) &&
                  !memcmp(a.data, b.data, bytes));
            cg_array_free(&a);
            cg_array_free(&b);
        }
    remove_test_folder();
}

/* A file of version 1.0 with this dictionary and n zero bytes. */
static cg_status read_dictionary(const char *dictionary, size_t n, cg_array *a) {
    unsigned char file[600] = "\x93NUMPY\x01\x00";
    const size_t length = strlen(dictionary);
    file[8] = (unsigned char)length;
    file[9] = (unsigned char)(length >> 8);
    memcpy(file + 10, dictionary, length);
    write_file(test_path("d.npy"), file, 10 + length + n);
    return cg_npy_read(test_path("d.npy"), a);
}

static const struct {
    const char *text;
    size_t data;
    cg_status status;
} cases[] = {
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8, CG_OK},
    {"{\"shape\":(2,3),'descr':'|u1','fortran_order':True}\n", 6, CG_OK},
    {"{'descr': '>u4', 'fortran_order': False, 'shape': (2, 1,), }  ", 8, CG_OK},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2), }", 8, CG_ERROR_FORMAT},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (02,), }", 8, CG_ERROR_FORMAT},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }", 8, CG_ERROR_FORMAT},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", 8, CG_ERROR_FORMAT},
    {"{'descr': '<f4', 'fortran_order': false, 'shape': (2,), }", 8, CG_ERROR_FORMAT},
    {"{'descr': '<f4', 'fortran_order': False}", 8, CG_ERROR_FORMAT},
    {"{'descr': '<f4', 'shape': (2,), 'shape': (2,), 'fortran_order': False}", 8, CG_ERROR_FORMAT},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': '1'}", 8, CG_ERROR_FORMAT},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x", 8, CG_ERROR_FORMAT},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), ", 8, CG_ERROR_FORMAT},
    {"{'descr': '<f4' 'fortran_order': False, 'shape': (2,), }", 8, CG_ERROR_FORMAT},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", 4, CG_ERROR_FORMAT},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 7, CG_ERROR_FORMAT},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 9, CG_ERROR_FORMAT},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 0, CG_ERROR_FORMAT},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }", 0, CG_ERROR_FORMAT},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296), }", 0, CG_ERROR_FORMAT},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (4000000000,), }", 0, CG_ERROR_FORMAT},
    {"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", 8, CG_ERROR_DTYPE},
    {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", 8, CG_ERROR_DTYPE},
    {"{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }", 16, CG_ERROR_DTYPE},
    {"{'descr': '|f4', 'fortran_order': False, 'shape': (1,), }", 4, CG_ERROR_DTYPE},
    {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4, CG_ERROR_FORMAT},
};

HOST_TEST(npy, dictionaries) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cg_array a = {.data = &a};
        check_case("%s and %zu bytes", cases[i].text, cases[i].data);
        cg_status status = read_dictionary(cases[i].text, cases[i].data, &a);
        CHECK_MSG(status == cases[i].status && (a.data != NULL) == (status == CG_OK), "%s: %s",
                  cg_status_name(status), cg_error_message(NULL));
        if (status != CG_OK) check_message("d.npy");
        cg_array_free(&a);
    }
    remove_test_folder();
}

HOST_TEST(npy, malformed_beginnings) {
    unsigned char file[sizeof npy_v2_scalar];
    cg_array a;
    for (size_t n = 0; n < sizeof npy_f4; n++) {
        check_case("the first %zu bytes", n);
        CHECK(!read_bytes(npy_f4, n, &a) && cg_error_code(NULL) == CG_ERROR_FORMAT && !a.data);
    }
    static const struct {
        const char *what;
        size_t at;
        unsigned char byte;
    } changes[] = {
        {"magic", 0, 'N'}, {"version 4", 6, 4}, {"version 2.1", 7, 1}, {"a header of 16 MB", 10, 255}};
    for (size_t i = 0; i < 4; i++) {
        check_case("%s", changes[i].what);
        memcpy(file, npy_v2_scalar, sizeof file);
        file[changes[i].at] = changes[i].byte;
        CHECK(!read_bytes(file, sizeof file, &a) && cg_error_code(NULL) == CG_ERROR_FORMAT);
    }
    check_case("a header of 64 KiB, and of one byte more");
    for (size_t length = 65536; length < 65538; length++) {
        unsigned char *long_file = scratch(12 + length);
        memset(long_file, ' ', 12 + length);
        memcpy(long_file, "\x93NUMPY\x02", 8);
        memcpy(long_file + 8, (const unsigned char[]){length & 255, 0, 1, 0}, 4);
        memcpy(long_file + 12, "{'descr': '|u1', 'fortran_order': False, 'shape': (0,)}", 55);
        CHECK_MSG(read_bytes(long_file, 12 + length, &a) == (length == 65536), "%s", cg_error_message(NULL));
        cg_array_free(&a);
    }
    check_case("u8 beyond i64, no file, a folder");
    CHECK(read_dictionary("{'descr': '<u8', 'fortran_order': False, 'shape': (), }", 8, &a) == CG_OK);
    cg_array_free(&a);
    static const unsigned char large[] =
        "\x93NUMPY\x01\x00\x38\x00{'descr': '<u8', 'fortran_order': False, 'shape': (), }"
        " \xff\xff\xff\xff\xff\xff\xff\xff";
    CHECK(!read_bytes(large, sizeof large - 1, &a) && cg_error_code(NULL) == CG_ERROR_DTYPE && !a.data);
    CHECK(cg_npy_read(test_path("none"), &a) == CG_ERROR_IO && cg_npy_read("/tmp", &a) == CG_ERROR_IO);
    CHECK(cg_npy_read(NULL, &a) == CG_ERROR_ARGUMENT && !a.data);
    remove_test_folder();
}

CPU_TEST(npy, tensors) {
    const char *path = test_path("t.npy");
    cg_tensor *x = cg_transpose(cg_from_f32(dev, cg_shape(2, 3), (const float[]){1, 2, 3, 4, 5, 6}), 0, 1);
    CHECK_MSG(cg_npy_save(path, x) == CG_OK, "%s", cg_error_message(dev));
    check_equal(cg_npy_load(dev, path), CG_F32, cg_shape(3, 2), (long double[]){1, 4, 2, 5, 3, 6});
    cg_array a;
    CHECK(cg_to_array(x, &a) == CG_OK && has(&a, CG_F32, cg_shape(3, 2), (const double[]){1, 4, 2, 5, 3, 6}));
    check_same_bits(cg_from_array(dev, &a), x);
    cg_array_free(&a);
    CHECK(!cg_npy_load(dev, test_path("none")) && cg_error_code(dev) == CG_ERROR_IO);
    cg_error_clear(dev);
    CHECK(cg_npy_save("/nowhere/t.npy", x) == CG_ERROR_IO && cg_error_code(dev) == CG_ERROR_IO);
    cg_error_clear(dev);
    CHECK(!cg_from_array(dev, &(cg_array){CG_F32, cg_shape(1), NULL}) &&
          cg_error_code(dev) == CG_ERROR_ARGUMENT);
    cg_error_clear(dev);
    CHECK(!cg_npy_load(NULL, path) && cg_npy_save(path, NULL) == CG_ERROR_ARGUMENT &&
          !cg_from_array(dev, NULL));
    CHECK(cg_to_array(NULL, &a) == CG_ERROR_ARGUMENT && !a.data);
    remove_test_folder();
}
