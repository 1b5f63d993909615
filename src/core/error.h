/* The first error of a device (or of a call without one): code, message, file and line. */
#ifndef CLGRAD_CORE_ERROR_H
#define CLGRAD_CORE_ERROR_H

#include "clgrad/status.h"

typedef struct cg_error {
    cg_status code;
    char message[768];
} cg_error;

/*
 * Keeps the message if no earlier error is kept, and returns `code`, so that a failure is one line:
 *     return CG_FAIL(err, CG_ERROR_SHAPE, "matmul: inner dimensions differ: %s, %s", a, b);
 */
#define CG_FAIL(err, code, ...) cg_error_set((err), (code), __FILE__, __LINE__, __VA_ARGS__)

cg_status cg_error_set(cg_error *err, cg_status code, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Where errors go that have no device: one per thread, the latest is kept. Cleared by the call that uses it. */
cg_error *cg_error_of_thread(void);

#endif
