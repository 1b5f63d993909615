#include "support/files.h"

#include "support/check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/clgrad-test-XXXXXX";
static bool made;

static const char *joined(const char *a, const char *b) {
    size_t n = strlen(a) + strlen(b) + 2;
    char *path = scratch(n);
    snprintf(path, n, "%s/%s", a, b);
    return path;
}

const char *test_path(const char *name) {
    if (!made) made = mkdtemp(folder) != NULL;
    CHECK_MSG(made, "no folder for temporary files in /tmp");
    return joined(folder, name);
}

/* Calls visit for every file; returns how many there are. */
static int each_file(void (*visit)(const char *path)) {
    DIR *dir = made ? opendir(folder) : NULL;
    int n = 0;
    if (!dir) return 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        n++;
        if (visit) visit(joined(folder, entry->d_name));
    }
    closedir(dir);
    return n;
}

static void delete (const char *path) { remove(path); }

void remove_test_folder(void) {
    if (!made) return;
    each_file(delete);
    rmdir(folder);
    made = false;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
}

int count_files(void) { return each_file(NULL); }

bool write_file(const char *path, const void *data, size_t bytes) {
    FILE *file = fopen(path, "wb");
    bool ok = file && fwrite(data, 1, bytes, file) == bytes;
    if (file && fclose(file)) ok = false;
    return CHECK_MSG(ok, "cannot write %s", path);
}

void *read_file(const char *path, size_t *bytes) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    long n = ftell(file);
    rewind(file);
    void *data = scratch((n > 0 ? (size_t)n : 0) + 1); /* scratch memory is zeros */
    *bytes = fread(data, 1, n > 0 ? (size_t)n : 0, file);
    fclose(file);
    return data;
}

const char *source_path(const char *relative) {
    const char *here = __FILE__, *slash = strstr(here, "tests/support/");
    size_t n = slash ? (size_t)(slash - here) : 0;
    char *path = scratch(n + strlen(relative) + 3);
    if (n)
        memcpy(path, here, n);
    else
        memcpy(path, "./", 2);
    strcat(path, relative);
    return path;
}
