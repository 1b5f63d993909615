/* Status codes and the export macro: what every other header builds on. */
#ifndef CLGRAD_STATUS_H
#define CLGRAD_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
#define CG_BEGIN_DECLS extern "C" {
#define CG_END_DECLS }
#else
#define CG_BEGIN_DECLS
#define CG_END_DECLS
#endif

#if defined(__GNUC__)
#define CG_API __attribute__((visibility("default")))
#else
#define CG_API
#endif

#define CG_VERSION_MAJOR 0
#define CG_VERSION_MINOR 1
#define CG_VERSION_PATCH 0

CG_BEGIN_DECLS

/* One list gives the codes, their names and their meaning: X(code, value, meaning). Values never change. */
#define CG_STATUS_LIST(X)                                                                                    \
    X(CG_OK, 0, "success")                                                                                   \
    X(CG_ERROR_ARGUMENT, 1, "an argument is out of its range")                                               \
    X(CG_ERROR_SHAPE, 2, "shapes do not fit")                                                                \
    X(CG_ERROR_DTYPE, 3, "the dtype is not supported here")                                                  \
    X(CG_ERROR_DEVICE_MISMATCH, 4, "tensors live on different devices")                                      \
    X(CG_ERROR_GRADIENT, 5, "no gradient is defined here")                                                   \
    X(CG_ERROR_STATE, 6, "the call does not fit the state of the object")                                    \
    X(CG_ERROR_NAN, 7, "a result is not a number, or infinite, where that is looked for")                    \
    X(CG_ERROR_MEMORY, 100, "out of host memory")                                                            \
    X(CG_ERROR_DEVICE_MEMORY, 101, "out of device memory")                                                   \
    X(CG_ERROR_DEVICE, 102, "the device or its driver failed")                                               \
    X(CG_ERROR_NO_DEVICE, 103, "no such device")                                                             \
    X(CG_ERROR_BUILD, 104, "a kernel did not build")                                                         \
    X(CG_ERROR_IO, 105, "a file could not be read or written")                                               \
    X(CG_ERROR_FORMAT, 106, "a file is malformed")

typedef enum cg_status {
#define CG_STATUS_ENUM(code, value, meaning) code = value,
    CG_STATUS_LIST(CG_STATUS_ENUM)
#undef CG_STATUS_ENUM
} cg_status;

/* The name of a status code, such as "CG_ERROR_SHAPE"; "CG_ERROR_UNKNOWN" for any other number. */
CG_API const char *cg_status_name(cg_status status);

/* What a status code means, in a few words. */
CG_API const char *cg_status_meaning(cg_status status);

/* The version of the library that is running, as "0.1.0". */
CG_API const char *cg_version(void);

CG_END_DECLS
#endif
