#define _GNU_SOURCE
#include "host/opencl/probe_key.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clgrad/status.h"
#include "host/opencl/loader.h"

static const char *const variables[] = {
    "OCL_ICD_VENDORS",        "OCL_ICD_FILENAMES",      "OPENCL_VENDOR_PATH",
    "OPENCL_LAYERS",          "LD_LIBRARY_PATH",        "LD_PRELOAD",
    "POCL_DEVICES",           "POCL_MAX_PTHREAD_COUNT", "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",   "HIP_VISIBLE_DEVICES",
    "GPU_DEVICE_ORDINAL",     "ZE_AFFINITY_MASK",       "RUSTICL_ENABLE"};

static const char *const device_files[] = {"/dev/nvidiactl",      "/dev/nvidia0",        "/dev/nvidia1",
                                           "/dev/dri/renderD128", "/dev/dri/renderD129", "/dev/kfd",
                                           "/dev/mali0"};

/* Name, size and time of a file: enough to see that it was replaced. */
static void add_file(cg_sha256 *h, const char *path) {
    struct stat st;
    cg_sha256_add_text(h, path);
    if (stat(path, &st) != 0) return;
    int64_t facts[] = {(int64_t)st.st_dev,         (int64_t)st.st_ino,          (int64_t)st.st_size,
                       (int64_t)st.st_mtim.tv_sec, (int64_t)st.st_mtim.tv_nsec, (int64_t)st.st_mode};
    cg_sha256_add(h, facts, sizeof facts);
}

/* The first bytes of a small file. */
static size_t add_content(cg_sha256 *h, const char *path, char *text, size_t room) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? 0 : read(fd, text, room - 1);
    if (fd >= 0) close(fd);
    text[n > 0 ? n : 0] = 0;
    cg_sha256_add_text(h, text);
    return n > 0 ? (size_t)n : 0;
}

/* An .icd file holds the name of a driver's library. */
static void add_driver(cg_sha256 *h, const char *path) {
    char library[PATH_MAX];
    add_file(h, path);
    size_t n = add_content(h, path, library, sizeof library);
    while (n > 0 && (library[n - 1] == '\n' || library[n - 1] == ' ')) library[--n] = 0;
    if (library[0] == '/') add_file(h, library);
}

static int is_icd(const struct dirent *entry) {
    size_t n = strlen(entry->d_name);
    return n > 4 && strcmp(entry->d_name + n - 4, ".icd") == 0;
}

/* A folder of .icd files in the order of their names, or one driver. */
static void add_vendors(cg_sha256 *h, const char *path) {
    struct dirent **entry = NULL;
    int n = scandir(path, &entry, is_icd, alphasort);
    if (n < 0) add_file(h, path);
    for (int i = 0; i < n; i++) {
        char file[PATH_MAX];
        if (snprintf(file, sizeof file, "%s/%s", path, entry[i]->d_name) < (int)sizeof file)
            add_driver(h, file);
        free(entry[i]);
    }
    free(entry);
}

void cg_probe_key(uint8_t key[CG_SHA256_BYTES]) {
    cg_sha256 h;
    char text[64];
    cg_sha256_begin(&h);
    cg_sha256_add_text(&h, cg_version());
    add_content(&h, "/proc/sys/kernel/random/boot_id", text, sizeof text);
    add_file(&h, cg_cl_library_path());
    add_file(&h, "/etc/ld.so.cache"); /* changes when a driver's library is installed */
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = getenv(variables[i]);
        cg_sha256_add_text(&h, value ? value : "");
    }
    for (size_t i = 0; i < sizeof device_files / sizeof device_files[0]; i++) add_file(&h, device_files[i]);
    add_vendors(&h, "/etc/OpenCL/vendors");
    if (getenv("OCL_ICD_VENDORS")) add_vendors(&h, getenv("OCL_ICD_VENDORS"));
    if (getenv("OPENCL_VENDOR_PATH")) add_vendors(&h, getenv("OPENCL_VENDOR_PATH"));
    cg_sha256_end(&h, key);
}
