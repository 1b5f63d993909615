/* What the operating system says went wrong, in messages: errno as text, and paths cut to fit. */
#ifndef CLGRAD_IO_SYSTEM_ERROR_H
#define CLGRAD_IO_SYSTEM_ERROR_H

#include "core/error.h"

/* The text of errno, thread-safe. buf has room for CG_ERRNO_TEXT bytes; returns buf. */
enum { CG_ERRNO_TEXT = 128 };
const char *cg_errno_text(char *buf);

/* A path in a message: a long one is cut, so that the reason behind it still fits. */
#define CG_PATH_FORMAT "'%.400s'"

/* Fails with errno: CG_FAIL_ERRNO(err, "cannot open", path) says "cannot open '/x': No such file or directory". */
#define CG_FAIL_ERRNO(err, what, path)                                                                       \
    CG_FAIL((err), CG_ERROR_IO, "%s " CG_PATH_FORMAT ": %s", (what), (path),                                 \
            cg_errno_text((char[CG_ERRNO_TEXT]){0}))

#endif
