#define _GNU_SOURCE
#include "host/opencl/program_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/env.h"

enum { MAX_ENTRY_BYTES = 256 << 20, NAME_BYTES = 96 };

static const char magic[8] = {'c', 'l', 'g', 'r', 'a', 'd', '1', '\n'};

typedef struct entry_header {
    char magic[8];
    uint8_t length[8];
    uint8_t key[CG_SHA256_BYTES];
    uint8_t hash[CG_SHA256_BYTES];
} entry_header;

/* Whether it is ours alone: the owner is this user, and nobody else can write to it. */
static bool is_ours(int fd, mode_t type) {
    struct stat st;
    return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
           (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static bool folder_name(char path[PATH_MAX]) {
    const char *chosen = cg_env("CLGRAD_CACHE");
    if (chosen && strcmp(chosen, "off") == 0) return false;
    const char *xdg = cg_env("XDG_CACHE_HOME"), *home = cg_env("HOME");
    int n = -1;
    if (chosen)
        n = snprintf(path, PATH_MAX, "%s", chosen);
    else if (xdg && xdg[0] == '/')
        n = snprintf(path, PATH_MAX, "%s/clgrad", xdg);
    else if (home && home[0] == '/')
        n = snprintf(path, PATH_MAX, "%s/.cache/clgrad", home);
    return n > 0 && n < PATH_MAX;
}

/* mkdir -p, each folder with mode 0700. */
static void make_folders(char *path) {
    for (char *p = path + 1; *p; p++) {
        if (*p != '/') continue;
        *p = 0;
        mkdir(path, 0700);
        *p = '/';
    }
    mkdir(path, 0700);
}

/* The folder opened, -1 if there is none that can be trusted. */
static int open_folder(bool create) {
    char path[PATH_MAX];
    if (!folder_name(path)) return -1;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && create && errno == ENOENT) {
        make_folders(path);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd < 0) return -1;
    if (is_ours(fd, S_IFDIR)) return fd;
    close(fd);
    return -1;
}

static void entry_name(char name[NAME_BYTES], const char *kind, const uint8_t key[CG_SHA256_BYTES]) {
    int n = 0;
    for (int i = 0; i < CG_SHA256_BYTES; i++)
        n += snprintf(name + n, (size_t)(NAME_BYTES - n), "%02x", key[i]);
    snprintf(name + n, (size_t)(NAME_BYTES - n), ".%.16s", kind);
}

static void hash_of(const void *data, size_t bytes, uint8_t digest[CG_SHA256_BYTES]) {
    cg_sha256 h;
    cg_sha256_begin(&h);
    cg_sha256_add(&h, data, bytes);
    cg_sha256_end(&h, digest);
}

static bool read_all(int fd, void *to, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t n = read(fd, (char *)to + done, bytes - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        done += (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const void *from, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t n = write(fd, (const char *)from + done, bytes - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        done += (size_t)n;
    }
    return true;
}

/* The data of an open entry if all of it is right: owner, size, magic, key, hash. */
static void *read_entry(int fd, const uint8_t key[CG_SHA256_BYTES], size_t *bytes) {
    entry_header header;
    struct stat st;
    if (!is_ours(fd, S_IFREG) || fstat(fd, &st) != 0 || !read_all(fd, &header, sizeof header)) return NULL;
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--) length = length << 8 | header.length[i];
    if (memcmp(header.magic, magic, sizeof magic) != 0 || memcmp(header.key, key, sizeof header.key) != 0 ||
        length == 0 || length > MAX_ENTRY_BYTES || (uint64_t)st.st_size != sizeof header + length)
        return NULL;
    void *data = malloc((size_t)length);
    if (!data) return NULL;
    uint8_t hash[CG_SHA256_BYTES];
    if (read_all(fd, data, (size_t)length)) {
        hash_of(data, (size_t)length, hash);
        *bytes = (size_t)length;
        if (memcmp(hash, header.hash, sizeof hash) == 0) return data;
    }
    free(data);
    return NULL;
}

void *cg_cache_load(const char *kind, const uint8_t key[CG_SHA256_BYTES], size_t *bytes) {
    int folder = open_folder(false);
    if (folder < 0) return NULL;
    char name[NAME_BYTES];
    entry_name(name, kind, key);
    void *data = NULL;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0) {
        data = read_entry(fd, key, bytes);
        close(fd);
    }
    if (!data && (fd >= 0 || errno == ELOOP)) unlinkat(folder, name, 0);
    close(folder);
    return data;
}

void cg_cache_store(const char *kind, const uint8_t key[CG_SHA256_BYTES], const void *data, size_t bytes) {
    if (bytes == 0 || bytes > MAX_ENTRY_BYTES) return;
    int folder = open_folder(true);
    if (folder < 0) return;
    entry_header header;
    memcpy(header.magic, magic, sizeof magic);
    for (int i = 0; i < 8; i++) header.length[i] = (uint8_t)((uint64_t)bytes >> (8 * i));
    memcpy(header.key, key, sizeof header.key);
    hash_of(data, bytes, header.hash);
    static atomic_uint serial; /* so that threads do not meet */
    char name[NAME_BYTES], temporary[NAME_BYTES + 48];
    entry_name(name, kind, key);
    snprintf(temporary, sizeof temporary, "%s.%ld.%u.tmp", name, (long)getpid(),
             atomic_fetch_add(&serial, 1));
    int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
        bool written = write_all(fd, &header, sizeof header) && write_all(fd, data, bytes) && fsync(fd) == 0;
        written = close(fd) == 0 && written;
        if (!written || renameat(folder, temporary, folder, name) != 0) unlinkat(folder, temporary, 0);
    } else if (errno == EEXIST) {
        unlinkat(folder, temporary, 0); /* left by a process of the same number that died */
    }
    close(folder);
}

void cg_cache_drop(const char *kind, const uint8_t key[CG_SHA256_BYTES]) {
    int folder = open_folder(false);
    if (folder < 0) return;
    char name[NAME_BYTES];
    entry_name(name, kind, key);
    unlinkat(folder, name, 0);
    close(folder);
}

int cg_cache_lock(const char *kind, const uint8_t key[CG_SHA256_BYTES], bool waits) {
    enum { TRIES = 100 };
    const struct timespec pause = {0, 10000000};
    const int folder = open_folder(true);
    if (folder < 0) return -1;
    char name[NAME_BYTES], lock_name[NAME_BYTES + 8];
    entry_name(name, kind, key);
    snprintf(lock_name, sizeof lock_name, "%s.lock", name);
    const int fd = openat(folder, lock_name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    close(folder);
    for (int i = 0; fd >= 0 && i < (waits ? TRIES : 1); i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
        if (waits) nanosleep(&pause, NULL);
    }
    if (fd >= 0) close(fd);
    return -1;
}

void cg_cache_unlock(int lock) {
    if (lock < 0) return;
    flock(lock, LOCK_UN); /* for a child of fork() that has it too */
    close(lock);
}
