/*
 * Files written whole or not at all: to a temporary file in the same folder, renamed when it is complete.
 *
 *     cg_atomic_file file;
 *     cg_status status = cg_atomic_begin(&file, path, err);
 *     if (status == CG_OK) status = cg_atomic_write(&file, data, bytes, err);
 *     return cg_atomic_end(&file, status, err);
 */
#ifndef CLGRAD_IO_ATOMIC_FILE_H
#define CLGRAD_IO_ATOMIC_FILE_H

#include "core/error.h"

typedef struct cg_atomic_file {
    int fd;
    char *path;      /* where it goes: symbolic links are followed, not replaced */
    char *temporary; /* where it is written */
} cg_atomic_file;

/* Opens the temporary file, with the rights of the file it replaces, if there is one. */
cg_status cg_atomic_begin(cg_atomic_file *file, const char *path, cg_error *err);

/* Appends bytes. */
cg_status cg_atomic_write(cg_atomic_file *file, const void *data, size_t bytes, cg_error *err);

/*
 * Puts the file in its place if all went well (so_far is CG_OK), else removes what there is. Returns the
 * first failure. Called once after cg_atomic_begin, whatever that returned.
 */
cg_status cg_atomic_end(cg_atomic_file *file, cg_status so_far, cg_error *err);

#endif
