/* The cache on disk: whatever is wrong with an entry, it is not loaded. */
#include "support/device_test.h"

#ifdef CG_WITH_OPENCL
#include "host/opencl/embedded.h"
#include "host/opencl/program_cache.h"
#include "support/files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BODY = 1000 };
static const char body_byte = 0x5a;

/* Points the cache at the test's folder, with one good entry in it, and gives the entry's path. */
static const char *one_entry(uint8_t key[CG_SHA256_BYTES]) {
    const char *folder = test_path("");
    setenv("CLGRAD_CACHE", folder, 1);
    for (int i = 0; i < CG_SHA256_BYTES; i++) key[i] = (uint8_t)(7 * i + 1);
    char data[BODY], name[2 * CG_SHA256_BYTES + 8];
    memset(data, body_byte, sizeof data);
    cg_cache_store("bin", key, data, sizeof data);
    for (int i = 0; i < CG_SHA256_BYTES; i++) snprintf(name + 2 * i, 3, "%02x", key[i]);
    strcat(name, ".bin");
    return test_path(name);
}

static bool loads(const uint8_t key[CG_SHA256_BYTES]) {
    size_t bytes = 0;
    char *data = cg_cache_load("bin", key, &bytes);
    bool ok = data != NULL;
    for (size_t i = 0; ok && i < bytes; i++) ok = bytes == BODY && data[i] == body_byte;
    CHECK_MSG(ok == (data != NULL), "an entry was loaded that is not what was stored");
    free(data);
    return ok;
}

static void add_digits(char *text, const uint8_t digest[CG_SHA256_BYTES]) {
    for (int i = 0; i < CG_SHA256_BYTES; i++) snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

/* What is kept of a device depends on the texts of all kernels. */
HOST_TEST(program_cache, digest_of_the_kernels) {
    cg_sha256 all, one;
    uint8_t digest[CG_SHA256_BYTES];
    char digits[2 * CG_SHA256_BYTES + 1];
    cg_sha256_begin(&all);
    for (size_t i = 0; i < cg_embedded_kernel_count; i++) {
        const struct cg_embedded_kernel *k = &cg_embedded_kernels[i];
        cg_sha256_begin(&one);
        cg_sha256_add(&one, k->text, k->size);
        cg_sha256_end(&one, digest);
        add_digits(digits, digest);
        cg_sha256_add(&all, k->name, strlen(k->name));
        cg_sha256_add(&all, " ", 1);
        cg_sha256_add(&all, digits, strlen(digits));
        cg_sha256_add(&all, " ", 1);
    }
    cg_sha256_end(&all, digest);
    add_digits(digits, digest);
    CHECK(strcmp(digits, cg_embedded_digest) == 0);
}

HOST_TEST(program_cache, round_trip) {
    uint8_t key[CG_SHA256_BYTES];
    const char *path = one_entry(key);
    struct stat st;
    CHECK(loads(key) && loads(key));
    CHECK(stat(path, &st) == 0 && (st.st_mode & 077) == 0 && count_files() == 1);
    key[5] ^= 1;
    CHECK(!loads(key));
    key[5] ^= 1;
    size_t bytes;
    CHECK(cg_cache_load("tune", key, &bytes) == NULL);
    check_case("off");
    setenv("CLGRAD_CACHE", "off", 1);
    CHECK(!loads(key));
    setenv("CLGRAD_CACHE", test_path(""), 1);
    cg_cache_drop("bin", key);
    CHECK(!loads(key) && count_files() == 0);
    remove_test_folder();
}

/* Every byte flipped, every length cut, bytes added: never loaded, and deleted. */
HOST_TEST(program_cache, damaged_entries) {
    uint8_t key[CG_SHA256_BYTES];
    size_t bytes = 0;
    const char *path = one_entry(key);
    const unsigned char *good = read_file(path, &bytes);
    if (!CHECK(good != NULL)) return;
    unsigned char *bad = scratch(bytes + 1);
    int refused = 0;
    for (size_t i = 0; i < bytes; i++)
        for (int bit = 0; bit < 8; bit++, refused++) {
            memcpy(bad, good, bytes);
            bad[i] ^= (unsigned char)(1 << bit);
            write_file(path, bad, bytes);
            if (!CHECK_MSG(!loads(key), "loaded with bit %d of byte %zu flipped", bit, i)) return;
            CHECK_MSG(access(path, F_OK) != 0, "the damaged entry is still there");
        }
    for (size_t n = 0; n <= bytes + 1; n++, refused++) {
        if (n == bytes) continue;
        memcpy(bad, good, bytes);
        write_file(path, bad, n);
        if (!CHECK_MSG(!loads(key), "loaded with %zu of %zu bytes", n, bytes)) return;
    }
    CHECK_MSG(refused > 9000, "%d entries were tried", refused);
    check_case("the good one again");
    write_file(path, good, bytes);
    chmod(path, 0600);
    CHECK(loads(key));
    remove_test_folder();
}

/* An entry under another's name: the key inside does not fit. */
HOST_TEST(program_cache, swapped_entries) {
    uint8_t a[CG_SHA256_BYTES], b[CG_SHA256_BYTES];
    const char *path = one_entry(a);
    memcpy(b, a, sizeof b);
    b[0] ^= 0xff;
    cg_cache_store("bin", b, "other", 5);
    char name[2 * CG_SHA256_BYTES + 8];
    for (int i = 0; i < CG_SHA256_BYTES; i++) snprintf(name + 2 * i, 3, "%02x", b[i]);
    strcat(name, ".bin");
    CHECK(rename(test_path(name), path) == 0 && !loads(a));
    remove_test_folder();
}

HOST_TEST(program_cache, files_of_others) {
    uint8_t key[CG_SHA256_BYTES];
    const char *path = one_entry(key), *other = test_path("elsewhere");
    check_case("writable by all");
    CHECK(chmod(path, 0666) == 0 && !loads(key));
    check_case("a symbolic link to a good entry");
    path = one_entry(key);
    CHECK(rename(path, other) == 0 && symlink(other, path) == 0 && !loads(key));
    unlink(other);
    check_case("a folder, a pipe in its place");
    CHECK(mkdir(path, 0700) == 0 || access(path, F_OK) == 0);
    CHECK(!loads(key));
    rmdir(path);
    CHECK(mkfifo(path, 0600) == 0 && !loads(key));
    unlink(path);
    check_case("owned by another user");
    path = one_entry(key);
    if (geteuid() == 0) CHECK(chown(path, 12345, 12345) == 0 && !loads(key));
    remove_test_folder();
}

HOST_TEST(program_cache, folders_of_others) {
    uint8_t key[CG_SHA256_BYTES];
    one_entry(key);
    const char *folder = test_path("");
    check_case("a folder that all may write to");
    CHECK(chmod(folder, 0777) == 0 && !loads(key));
    cg_cache_store("bin", key, "x", 1);
    CHECK_MSG(count_files() <= 1, "something was stored there");
    CHECK(chmod(folder, 0700) == 0);
    check_case("a symbolic link to a folder");
    char link[64];
    snprintf(link, sizeof link, "/tmp/clgrad-link-%ld", (long)getpid());
    size_t n = strlen(folder);
    char *plain = scratch(n + 1);
    memcpy(plain, folder, n);
    while (n > 1 && plain[n - 1] == '/') plain[--n] = 0;
    CHECK(symlink(plain, link) == 0);
    setenv("CLGRAD_CACHE", link, 1);
    CHECK(!loads(key));
    unlink(link);
    check_case("no folder can be made");
    setenv("CLGRAD_CACHE", "/proc/nowhere/cache", 1);
    cg_cache_store("bin", key, "x", 1);
    CHECK(!loads(key));
    remove_test_folder();
}

/* A device whose cached kernels were all damaged builds them again and computes what it should. */
OPENCL_TEST(program_cache, damaged_kernels_are_built_again) {
    char command[600];
    const char *folder = test_path("");
    setenv("CLGRAD_CACHE", folder, 1);
    for (int round = 0; round < 3; round++) {
        check_case("round %d", round);
        cg_device *again = target_open_again(dev, true);
        if (!again) return;
        check_item(cg_sum(cg_full(again, CG_F32, cg_shape(100), 2), CG_ALL_AXES, false), 200, 0);
        cg_device_stats s = cg_device_statistics(again);
        CHECK_MSG((s.programs_built > 0) == (round != 1), "%llu built, %llu loaded",
                  (unsigned long long)s.programs_built, (unsigned long long)s.programs_loaded);
        CHECK(round != 1 || s.programs_loaded > 0);
        cg_device_close(again);
        snprintf(command, sizeof command,
                 "for f in %s/*.bin; do printf 'X' | dd of=$f bs=1 seek=200 conv=notrunc 2>/dev/null; done",
                 folder);
        if (round == 1) CHECK(system(command) == 0);
    }
    remove_test_folder();
}
#endif
