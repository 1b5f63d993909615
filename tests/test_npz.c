#include "support/device_test.h"
#include "support/files.h"
#include "support/numpy_files.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef CG_WITH_ZIP

static cg_npz *open_bytes(const void *bytes, size_t n) {
    const char *path = test_path("a.npz");
    return write_file(path, bytes, n) ? cg_npz_open(path) : NULL;
}

HOST_TEST(npz, reads_what_numpy_wrote) {
    cg_array a;
    cg_npz *file = open_bytes(npz_stored, sizeof npz_stored);
    if (!CHECK_MSG(file != NULL, "%s", cg_error_message(NULL))) return;
    CHECK(cg_npz_count(file) == 2 && !strcmp(cg_npz_name(file, 0), "weights") &&
          !strcmp(cg_npz_name(file, 1), "n"));
    CHECK(!cg_npz_name(file, 2) && !cg_npz_name(file, -1));
    CHECK(cg_npz_read(file, "weights", &a) == CG_OK && a.dtype == CG_F32 &&
          same_shape(a.shape, cg_shape(2, 2)));
    CHECK(cg_array_get(&a, 0) == 1 && cg_array_get(&a, 3) == 4);
    cg_array_free(&a);
    CHECK(cg_npz_read(file, "n", &a) == CG_OK && a.shape.rank == 0 && cg_array_get(&a, 0) == 7);
    cg_array_free(&a);
    CHECK(cg_npz_read(file, "m", &a) == CG_ERROR_ARGUMENT && !a.data &&
          strstr(cg_error_message(NULL), "'m'"));
    cg_npz_close(file);
    check_case("compressed");
    file = open_bytes(npz_deflated, sizeof npz_deflated);
    CHECK(cg_npz_read(file, "x", &a) == CG_OK && a.dtype == CG_U8 && cg_array_numel(&a) == 1000);
    cg_array_free(&a);
    CHECK(cg_npz_read(file, "m", &a) == CG_OK && a.dtype == CG_BOOL && cg_array_get(&a, 0) == 1);
    cg_array_free(&a);
    cg_npz_close(file);
    cg_npz_close(NULL);
    CHECK(cg_npz_count(NULL) == 0 && !cg_npz_name(NULL, 0) &&
          cg_npz_read(NULL, "x", &a) == CG_ERROR_ARGUMENT);
    remove_test_folder();
}

HOST_TEST(npz, round_trip) {
    static float x[300];
    static int64_t y[] = {INT64_MIN, -1, INT64_MAX};
    for (int i = 0; i < 300; i++) x[i] = (float)(i % 7);
    const cg_named_array arrays[] = {{"layer.0/weight", {CG_F32, {2, {20, 15}}, x}},
                                     {"step", {CG_I64, {1, {3}}, y}},
                                     {"empty", {CG_U8, {2, {0, 4}}, NULL}}};
    size_t stored, deflated;
    for (int compress = 0; compress < 2; compress++) {
        const char *path = test_path("r.npz");
        CHECK_MSG(cg_npz_write(path, 3, arrays, compress) == CG_OK, "%s", cg_error_message(NULL));
        CHECK(count_files() == 1 && read_file(path, compress ? &deflated : &stored));
        cg_npz *file = cg_npz_open(path);
        CHECK_MSG(cg_npz_count(file) == 3, "%s", cg_error_message(NULL));
        for (int i = 0; i < 3; i++) {
            cg_array a;
            CHECK(cg_npz_read(file, arrays[i].name, &a) == CG_OK && a.dtype == arrays[i].array.dtype);
            CHECK(same_shape(a.shape, arrays[i].array.shape));
            const size_t bytes = (size_t)cg_array_numel(&a) * cg_dtype_size(a.dtype);
            CHECK(bytes == 0 || !memcmp(a.data, arrays[i].array.data, bytes));
            cg_array_free(&a);
        }
        cg_npz_close(file);
    }
    CHECK_MSG(deflated < stored / 2, "%zu bytes, compressed %zu", stored, deflated);
    check_case("errors");
    const cg_named_array twice[] = {arrays[1], arrays[1]}, unnamed = {"", arrays[1].array};
    CHECK(cg_npz_write(test_path("e.npz"), 2, twice, false) == CG_ERROR_ARGUMENT);
    CHECK(cg_npz_write(test_path("e.npz"), 1, &unnamed, false) == CG_ERROR_ARGUMENT);
    CHECK(cg_npz_write(test_path("e.npz"), 0, NULL, false) == CG_ERROR_ARGUMENT);
    CHECK(cg_npz_write("/nowhere/e.npz", 1, arrays, false) == CG_ERROR_IO);
    CHECK(count_files() == 1);
    remove_test_folder();
}

/* Written as every other file is: a link is followed, rights stay, what is no regular file is left alone. */
HOST_TEST(npz, writes_whole_or_not_at_all) {
    static const float x[] = {1, 2};
    const cg_named_array one = {"x", {CG_F32, {1, {2}}, (void *)x}};
    char path[256], link[256], pipe[256], missing[256];
    snprintf(path, sizeof path, "%s", test_path("a.npz"));
    snprintf(link, sizeof link, "%s", test_path("l.npz"));
    snprintf(pipe, sizeof pipe, "%s", test_path("p.npz"));
    snprintf(missing, sizeof missing, "%s", test_path("m.npz"));
    struct stat s;
    CHECK(write_file(path, "old", 3) && chmod(path, 0640) == 0 && symlink(path, link) == 0);
    CHECK_MSG(cg_npz_write(link, 1, &one, true) == CG_OK, "%s", cg_error_message(NULL));
    CHECK(lstat(link, &s) == 0 && S_ISLNK(s.st_mode));
    CHECK(stat(path, &s) == 0 && (s.st_mode & 0777) == 0640 && s.st_size > 100);
    CHECK(mkfifo(pipe, 0600) == 0 && cg_npz_write(pipe, 1, &one, false) == CG_ERROR_IO);
    CHECK(strstr(cg_error_message(NULL), "no regular file") && lstat(pipe, &s) == 0 && S_ISFIFO(s.st_mode));
    check_case("nothing is left of what fails on the way");
    struct rlimit old, low = {64, 64};
    CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0 && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    low.rlim_max = old.rlim_max;
    CHECK(setrlimit(RLIMIT_FSIZE, &low) == 0);
    const cg_status status = cg_npz_write(missing, 1, &one, false);
    CHECK(setrlimit(RLIMIT_FSIZE, &old) == 0);
    CHECK(status == CG_ERROR_IO && lstat(missing, &s) != 0 && count_files() == 3);
    CHECK_MSG(strstr(cg_error_message(NULL), "m.npz"), "%s", cg_error_message(NULL));
    remove_test_folder();
}

HOST_TEST(npz, malformed_files) {
    unsigned char file[sizeof npz_deflated];
    cg_array a;
    CHECK(!open_bytes("", 0) && cg_error_message(NULL)[0] && !cg_npz_open(NULL) && !cg_npz_open("/tmp"));
    CHECK(!cg_npz_open(test_path("none")) && cg_error_code(NULL) == CG_ERROR_IO);
    CHECK(!open_bytes(npz_stored, sizeof npz_stored - 30) && cg_error_code(NULL) == CG_ERROR_FORMAT);
    /* Whatever byte is changed: an error, or an array; and an array of another size is never made. */
    int refused = 0;
    for (size_t i = 0; i < sizeof file; i++) {
        check_case("byte %zu", i);
        memcpy(file, npz_deflated, sizeof file);
        file[i] ^= 0x55;
        cg_npz *npz = open_bytes(file, sizeof file);
        bool read = npz && cg_npz_read(npz, "x", &a) == CG_OK;
        if (read) {
            CHECK(cg_array_numel(&a) == 1000 && cg_array_get(&a, 999) == 0);
            cg_array_free(&a);
        } else {
            refused++;
            CHECK(cg_error_code(NULL) != CG_OK && cg_error_message(NULL)[0]);
        }
        cg_npz_close(npz);
    }
    CHECK_MSG(refused > (int)sizeof file / 4, "only %d of %zu changes are noticed", refused, sizeof file);
    remove_test_folder();
}

#else

HOST_TEST(npz, is_refused_without_libzip) {
    cg_array a;
    const cg_named_array x = {"x", {CG_F32, {0, {0}}, &(float){1}}};
    CHECK(!cg_npz_open(test_path("a.npz")) && cg_error_code(NULL) == CG_ERROR_ARGUMENT);
    CHECK(strstr(cg_error_message(NULL), "libzip") != NULL);
    CHECK(cg_npz_write(test_path("a.npz"), 1, &x, true) == CG_ERROR_ARGUMENT && count_files() == 0);
    CHECK(cg_npz_read(NULL, "x", &a) == CG_ERROR_ARGUMENT && !a.data);
    CHECK(cg_npz_count(NULL) == 0 && !cg_npz_name(NULL, 0));
    cg_npz_close(NULL);
    remove_test_folder();
}

#endif
