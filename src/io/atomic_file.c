#include "io/atomic_file.h"

#include "io/system_error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint32_t random_bits(void) {
    uint32_t bits;
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) == (ssize_t)sizeof bits) return bits;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_nsec * 2654435761u ^ (uint32_t)getpid();
}

/* As mkstemp, but with the rights that the umask leaves, which only open() can apply without a race. */
static int open_temporary(char *name, size_t room, const char *path) {
    for (int attempt = 0;; attempt++) {
        snprintf(name, room, "%s.%08x.tmp", path, random_bits());
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST || attempt == 100) return fd;
    }
}

cg_status cg_atomic_begin(cg_atomic_file *file, const char *path, cg_error *err) {
    *file = (cg_atomic_file){.fd = -1};
    if (!path || !*path) return CG_FAIL(err, CG_ERROR_ARGUMENT, "cannot write a file: no path is given");
    struct stat old;
    bool replaces = stat(path, &old) == 0;
    if (replaces && !S_ISREG(old.st_mode))
        return CG_FAIL(err, CG_ERROR_IO, "cannot write " CG_PATH_FORMAT ": it is there and no regular file",
                       path);

    file->path = replaces ? realpath(path, NULL) : strdup(path);
    size_t room = file->path ? strlen(file->path) + sizeof ".12345678.tmp" : 0;
    char *temporary = file->path ? malloc(room) : NULL;
    if (!temporary)
        return CG_FAIL(err, CG_ERROR_MEMORY, "cannot write " CG_PATH_FORMAT ": out of memory", path);
    file->fd = open_temporary(temporary, room, file->path);
    if (file->fd < 0) {
        cg_status status = CG_FAIL_ERRNO(err, "cannot write", path);
        free(temporary);
        return status;
    }
    file->temporary = temporary;
    if (replaces && fchmod(file->fd, old.st_mode & 0777) != 0)
        return CG_FAIL_ERRNO(err, "cannot write", path);
    return CG_OK;
}

cg_status cg_atomic_write(cg_atomic_file *file, const void *data, size_t bytes, cg_error *err) {
    const char *at = data;
    while (bytes > 0) {
        ssize_t n = write(file->fd, at, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return CG_FAIL_ERRNO(err, "cannot write", file->path);
        at += n;
        bytes -= (size_t)n;
    }
    return CG_OK;
}

/* Makes the new name itself last. Not every file system can, and the file is complete anyway: no error. */
static void sync_folder(const char *path) {
    char *folder = strdup(path);
    if (!folder) return;
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = 0;
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

cg_status cg_atomic_end(cg_atomic_file *file, cg_status so_far, cg_error *err) {
    cg_status status = so_far;
    if (status == CG_OK && fsync(file->fd) != 0) status = CG_FAIL_ERRNO(err, "cannot write", file->path);
    if (file->fd >= 0 && close(file->fd) != 0 && status == CG_OK)
        status = CG_FAIL_ERRNO(err, "cannot write", file->path);
    if (status == CG_OK && rename(file->temporary, file->path) != 0)
        status = CG_FAIL_ERRNO(err, "cannot write", file->path);
    if (status == CG_OK)
        sync_folder(file->path);
    else if (file->temporary)
        unlink(file->temporary);
    free(file->temporary);
    free(file->path);
    *file = (cg_atomic_file){.fd = -1};
    return status;
}
