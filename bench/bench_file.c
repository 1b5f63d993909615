#include "bench_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool bench_file_possible(const char *path) {
    struct stat about;
    const bool exists = stat(path, &about) == 0;
    if (exists && S_ISDIR(about.st_mode)) {
        errno = EISDIR;
        return false;
    }
    if (exists && !S_ISREG(about.st_mode)) return access(path, W_OK) == 0; /* written as it is */
    const char *slash = strrchr(path, '/');
    if (!slash) return access(".", W_OK | X_OK) == 0;
    char *folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    const bool possible = folder && access(folder, W_OK | X_OK) == 0;
    const int why = errno;
    free(folder);
    errno = why;
    return possible;
}

bench_file bench_file_begin(const char *path) {
    struct stat about;
    bench_file file = {0};
    const bool exists = stat(path, &about) == 0;
    if (exists && !S_ISREG(about.st_mode)) { /* a pipe, a terminal: not to be replaced */
        file.stream = fopen(path, "w");
        return file;
    }
    file.path =
        exists ? realpath(path, NULL) : strdup(path); /* what a link points to is replaced, not the link */
    const size_t room = strlen(path) + PATH_MAX + 16;
    file.temporary = file.path ? malloc(room) : NULL;
    if (!file.temporary) return file;
    snprintf(file.temporary, room, "%s.XXXXXX", file.path);
    const int descriptor = mkstemp(file.temporary);
    if (descriptor < 0) {
        free(file.temporary);
        file.temporary = NULL;
        return file;
    }
    const mode_t mask = umask(0);
    umask(mask);
    fchmod(descriptor, 0666 & ~mask);
    file.stream = fdopen(descriptor, "w");
    if (!file.stream) close(descriptor);
    return file;
}

/* Written through to the disk, so that a rename never leaves an empty file after a crash. */
static bool flushed(FILE *stream) {
    return !ferror(stream) && fflush(stream) == 0 &&
           (fsync(fileno(stream)) == 0 || errno == EINVAL || errno == EROFS);
}

bool bench_file_end(bench_file *file, bool whole) {
    bool done = whole && file->stream && flushed(file->stream);
    int why = errno;
    if (file->stream && fclose(file->stream) != 0 && done) done = false, why = errno;
    if (done && file->temporary && rename(file->temporary, file->path) != 0) done = false, why = errno;
    if (!done && file->temporary) unlink(file->temporary);
    free(file->temporary);
    free(file->path);
    *file = (bench_file){0};
    errno = why;
    return done;
}
