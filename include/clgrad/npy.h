/*
 * NumPy's files: .npy (one array) and .npz (a zip of them, by name), of format versions 1.0 to 3.0.
 *
 * Read: bool, u1, i4, i8, f4 and f8 as the library's dtypes; what it has none for as the next larger one (i1, i2 and u2
 * as i32, u4 as i64, u8 as i64 where every value fits, f2 as f32). Either byte order, C and Fortran order. Arrays of
 * objects are refused: nothing is ever unpickled or evaluated. A header is at most 64 KiB, and a file must hold exactly
 * the bytes that its shape takes, which is checked before memory is taken.
 *
 * Written: version 1.0 (2.0 is never needed), the machine's byte order, C order; whole or not at all.
 *
 * Errors, on cg_error_message(NULL) with the path: CG_ERROR_IO, CG_ERROR_FORMAT (malformed), CG_ERROR_DTYPE (no dtype
 * for it), CG_ERROR_MEMORY. Functions with a device report there.
 */
#ifndef CLGRAD_NPY_H
#define CLGRAD_NPY_H

#include "array.h"

CG_BEGIN_DECLS

/* Reads a .npy file into a new array. */
CG_API cg_status cg_npy_read(const char *path, cg_array *array);

/* Writes an array as a .npy file. */
CG_API cg_status cg_npy_write(const char *path, const cg_array *array);

/* Reads a .npy file as a tensor. Owned by the innermost scope. Errors: on the device. */
CG_API cg_tensor *cg_npy_load(cg_device *dev, const char *path);

/* Writes a tensor as a .npy file. Waits for its elements. Errors: on the tensor's device. */
CG_API cg_status cg_npy_save(const char *path, const cg_tensor *x);

/* --- .npz, by libzip. A library built without it answers CG_ERROR_ARGUMENT and says so. ------------------------- */

/* An opened .npz file. Closed by cg_npz_close. */
typedef struct cg_npz cg_npz;

/* An array with its name in a file. */
typedef struct cg_named_array {
    const char *name;
    cg_array array;
} cg_named_array;

/* Opens a .npz file: a zip archive; entries that do not end in ".npy" are passed over. Errors: NULL. */
CG_API cg_npz *cg_npz_open(const char *path);

/* The number of arrays in it. */
CG_API int cg_npz_count(const cg_npz *file);

/* The name of array i, without ".npy"; lives as long as the file. NULL past the end. */
CG_API const char *cg_npz_name(const cg_npz *file, int i);

/* Reads the array of a name. Errors: CG_ERROR_ARGUMENT if there is none. */
CG_API cg_status cg_npz_read(const cg_npz *file, const char *name, cg_array *array);

/* Closes the file. NULL is allowed. */
CG_API void cg_npz_close(cg_npz *file);

/*
 * Writes n arrays as a .npz file, whole or not at all: stored as numpy.savez does, or with `compress` deflated as
 * numpy.savez_compressed does. The archive is made in memory first. Errors: CG_ERROR_ARGUMENT for an empty or repeated
 * name.
 */
CG_API cg_status cg_npz_write(const char *path, int n, const cg_named_array *arrays, bool compress);

CG_END_DECLS
#endif
