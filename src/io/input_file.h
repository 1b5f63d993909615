/* Regular files read at given places: what every reader of a format stands on. */
#ifndef CLGRAD_IO_INPUT_FILE_H
#define CLGRAD_IO_INPUT_FILE_H

#include "core/error.h"

typedef struct cg_input_file {
    int fd;
    uint64_t bytes; /* the size when it was opened */
    char *path;
} cg_input_file;

/* Opens a file. Anything but a regular file is refused: a pipe has no size and may never answer. */
cg_status cg_input_open(cg_input_file *file, const char *path, cg_error *err);

/* Reads exactly `bytes` at `offset`; a file that has become shorter is an error. */
cg_status cg_input_read(const cg_input_file *file, void *to, size_t bytes, uint64_t offset, cg_error *err);

/* Closes a file that was opened. */
void cg_input_close(cg_input_file *file);

#endif
