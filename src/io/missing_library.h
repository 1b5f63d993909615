/* What a library built without an optional part of it answers. */
#ifndef CLGRAD_IO_MISSING_LIBRARY_H
#define CLGRAD_IO_MISSING_LIBRARY_H

#include "core/error.h"

/* CG_FAIL_WITHOUT(err, "npz", "libzip", "CLGRAD_ZIP") fails with "npz: this clgrad was built without libzip ...". */
#define CG_FAIL_WITHOUT(err, what, library, option)                                                          \
    CG_FAIL((err), CG_ERROR_ARGUMENT, "%s: this clgrad was built without %s (" option "=OFF)", (what),       \
            (library))

#endif
