/*
 * The beginning of a .npy array: "\x93NUMPY", version, length, and a Python dictionary as text:
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
 */
#ifndef CLGRAD_IO_NPY_HEADER_H
#define CLGRAD_IO_NPY_HEADER_H

#include "clgrad/array.h"
#include "core/error.h"

enum { CG_NPY_MAX_HEADER = 65536, CG_NPY_WRITTEN_HEADER = 320 };

/* What a header says of the elements that follow it. */
typedef struct cg_npy_header {
    char kind; /* 'b' bool, 'i', 'u', 'f' */
    int size;  /* bytes of an element */
    bool swap; /* in the other byte order than the machine's */
    bool fortran;
    cg_dims shape;
    int64_t numel;
} cg_npy_header;

/* Bytes read one after the other: of a file, or of an entry of an archive. */
typedef struct cg_npy_source {
    cg_status (*read)(void *context, void *to, size_t bytes, cg_error *err);
    void *context;
    uint64_t bytes; /* that are left: the elements must take exactly these */
    const char *name;
} cg_npy_source;

/* Reads and checks a header; on success the elements are what is left of the source. */
cg_status cg_npy_header_read(cg_npy_source *source, cg_npy_header *header, cg_error *err);

/* The dtype that such elements are read as. */
cg_dtype cg_npy_dtype(const cg_npy_header *header);

/* The header of a valid array; returns its length, a multiple of 64. */
size_t cg_npy_header_write(const cg_array *array, char to[CG_NPY_WRITTEN_HEADER]);

/* Reads header and elements into a new array. */
cg_status cg_npy_read_source(cg_npy_source *source, cg_array *array, cg_error *err);

#endif
