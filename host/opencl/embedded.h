/* The files of kernels/, carried inside the library. The build writes the table (cmake/embed_kernels.cmake). */
#ifndef CG_HOST_OPENCL_EMBEDDED_H
#define CG_HOST_OPENCL_EMBEDDED_H

#include <stddef.h>

struct cg_embedded_kernel {
    const char *name; /* the file's name, such as "map.cl" */
    const char *text; /* its bytes, with a NUL after them */
    size_t size;      /* number of bytes, the NUL not counted */
};

/* In the order of their names; the entry after the last has no name. */
extern const struct cg_embedded_kernel cg_embedded_kernels[];

extern const size_t cg_embedded_kernel_count;

/* Changes with any of the texts: the SHA-256, in hexadecimal digits, of "<name> <SHA-256 of the text> " of each. */
extern const char cg_embedded_digest[];

#endif
