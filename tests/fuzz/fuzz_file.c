#define _GNU_SOURCE
#include "fuzz_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

_Noreturn void fuzz_fail(const char *what) {
    fprintf(stderr, "fuzz target: %s\n", what);
    abort();
}

const char *fuzz_file(const void *data, size_t bytes) {
    static int fd = -1;
    static char path[64];
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, bytes, 0) != (ssize_t)bytes)
        fuzz_fail("the file in memory cannot be written");
    return path;
}

uint8_t *fuzz_read(const char *path, size_t *bytes) {
    FILE *in = fopen(path, "rb");
    if (!in || fseek(in, 0, SEEK_END) != 0) fuzz_fail("the written file is not there");
    long size = ftell(in);
    uint8_t *data = malloc((size_t)size + 1);
    rewind(in);
    if (!data || fread(data, 1, (size_t)size, in) != (size_t)size)
        fuzz_fail("the written file cannot be read");
    fclose(in);
    *bytes = (size_t)size;
    return data;
}

const char *fuzz_output_path(void) {
    static char path[64];
    snprintf(path, sizeof path, "/dev/shm/clgrad-fuzz-%d", (int)getpid());
    return path;
}

uint8_t fuzz_byte(fuzz_choices *c) { return c->at < c->bytes ? c->data[c->at++] : 0; }

uint64_t fuzz_word(fuzz_choices *c) {
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) word = word << 8 | fuzz_byte(c);
    return word;
}

int fuzz_below(fuzz_choices *c, int n) { return fuzz_byte(c) % n; }

int64_t fuzz_size(fuzz_choices *c) {
    static const int64_t edges[] = {
        INT32_MAX,       (int64_t)INT32_MAX + 1, UINT32_MAX, (int64_t)1 << 32, 4194305,
        211106198978564, (int64_t)1 << 62,       INT64_MAX,  INT64_MAX / 8,    -1,
        INT64_MIN};
    int choice = fuzz_byte(c);
    if (choice < 200) return choice % 5;
    if (choice < 240) return edges[choice % (int)(sizeof edges / sizeof *edges)];
    return (int64_t)fuzz_word(c);
}
