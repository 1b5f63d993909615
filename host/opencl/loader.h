/*
 * libOpenCL, loaded at run time: one table of calls, so that one binary runs with no loader, no driver or a
 * broken one, and tests can make any call fail.
 */
#ifndef CLGRAD_HOST_OPENCL_LOADER_H
#define CLGRAD_HOST_OPENCL_LOADER_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include "core/error.h"

typedef struct cg_cl_calls {
#define CG_CL_CALL(name) __typeof__(name) *name;
#include "host/opencl/opencl_calls.def"
#undef CG_CL_CALL
} cg_cl_calls;

/*
 * The table, filled on the first call from the first of $CLGRAD_OPENCL_LIB, libOpenCL.so.1 and libOpenCL.so
 * that has every function. NULL if there is none. A test may replace entries while no device is open.
 */
cg_cl_calls *cg_cl_table(void);

/* Why cg_cl_table is NULL, "" if it is not. Lives as long as the process. */
const char *cg_cl_loader_reason(void);

/* The file the table came from, "" if none. Lives as long as the process. */
const char *cg_cl_library_path(void);

/* "CL_OUT_OF_RESOURCES" for -5 and so on; "unknown OpenCL error" for a number that is none. */
const char *cg_cl_error_name(cl_int status);

/* The status of this library that an OpenCL error maps to: memory, build or device. */
cg_status cg_cl_error_status(cl_int status);

#endif
