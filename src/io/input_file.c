#include "io/input_file.h"

#include "io/system_error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

cg_status cg_input_open(cg_input_file *file, const char *path, cg_error *err) {
    *file = (cg_input_file){.fd = -1};
    if (!path) return CG_FAIL(err, CG_ERROR_ARGUMENT, "cannot open a file: the path is NULL");
    /* O_NONBLOCK: opening a pipe must not wait for its writer. It changes nothing for regular files. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return CG_FAIL_ERRNO(err, "cannot open", path);
    struct stat about;
    cg_status status = CG_OK;
    if (fstat(fd, &about) != 0)
        status = CG_FAIL_ERRNO(err, "cannot examine", path);
    else if (!S_ISREG(about.st_mode))
        status = CG_FAIL(err, CG_ERROR_IO, "cannot open " CG_PATH_FORMAT ": not a regular file", path);
    else if (!(file->path = strdup(path)))
        status = CG_FAIL(err, CG_ERROR_MEMORY, "cannot open " CG_PATH_FORMAT ": out of memory", path);
    if (status != CG_OK) {
        close(fd);
        return status;
    }
    file->fd = fd;
    file->bytes = (uint64_t)about.st_size;
    return CG_OK;
}

cg_status cg_input_read(const cg_input_file *file, void *to, size_t bytes, uint64_t offset, cg_error *err) {
    char *at = to;
    while (bytes > 0) {
        ssize_t n = pread(file->fd, at, bytes, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return CG_FAIL_ERRNO(err, "cannot read", file->path);
        if (n == 0)
            return CG_FAIL(err, CG_ERROR_IO, "cannot read " CG_PATH_FORMAT ": it ends at byte %llu",
                           file->path, (unsigned long long)offset);
        at += n;
        bytes -= (size_t)n;
        offset += (uint64_t)n;
    }
    return CG_OK;
}

void cg_input_close(cg_input_file *file) {
    if (file->fd >= 0) close(file->fd);
    free(file->path);
    *file = (cg_input_file){.fd = -1};
}
