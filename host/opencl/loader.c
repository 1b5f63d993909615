#define _GNU_SOURCE
#include "host/opencl/loader.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "core/env.h"

static struct {
    cg_cl_calls calls;
    bool loaded;
    char path[512];
    char reason[512];
} library;

static pthread_once_t load_once = PTHREAD_ONCE_INIT;

/* Each call: its name and the place of its pointer in the table. */
static const struct {
    const char *name;
    size_t offset;
} call_names[] = {
#define CG_CL_CALL(name) {#name, offsetof(cg_cl_calls, name)},
#include "host/opencl/opencl_calls.def"
#undef CG_CL_CALL
};

/* The name of the first function that is missing, NULL if the table is full. */
static const char *fill_table(void *handle) {
    for (size_t i = 0; i < sizeof call_names / sizeof call_names[0]; i++) {
        void *address = dlsym(handle, call_names[i].name);
        if (!address) return call_names[i].name;
        /* POSIX lets a void * hold a function; C has no conversion for it, so the bytes are copied */
        memcpy((char *)&library.calls + call_names[i].offset, &address, sizeof address);
    }
    return NULL;
}

static void keep_path(void *handle, const char *name) {
    struct link_map *map = NULL;
    const char *path = dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map ? map->l_name : name;
    snprintf(library.path, sizeof library.path, "%s", path);
}

/* The handle stays open for the life of the process: drivers start threads that outlive any release. */
static bool try_library(const char *name) {
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *why = dlerror();
        if (!library.reason[0])
            snprintf(library.reason, sizeof library.reason, "%s not found (%s)", name,
                     why ? why : "no reason given");
        return false;
    }
    const char *missing = fill_table(handle);
    if (missing) {
        snprintf(library.reason, sizeof library.reason, "%s has no %s", name, missing);
        dlclose(handle);
        return false;
    }
    keep_path(handle, name);
    library.reason[0] = 0;
    return library.loaded = true;
}

static void load_library(void) {
    const char *chosen = cg_env("CLGRAD_OPENCL_LIB");
    if (chosen && try_library(chosen)) return;
    if (try_library("libOpenCL.so.1")) return;
    try_library("libOpenCL.so");
}

cg_cl_calls *cg_cl_table(void) {
    pthread_once(&load_once, load_library);
    return library.loaded ? &library.calls : NULL;
}

const char *cg_cl_loader_reason(void) {
    pthread_once(&load_once, load_library);
    return library.reason;
}

const char *cg_cl_library_path(void) {
    pthread_once(&load_once, load_library);
    return library.path;
}

static const struct {
    cl_int status;
    const char *name;
} error_names[] = {
#define CG_CL_ERROR(name) {name, #name},
#include "host/opencl/opencl_errors.def"
#undef CG_CL_ERROR
};

const char *cg_cl_error_name(cl_int status) {
    if (status == -1001)
        return "CL_PLATFORM_NOT_FOUND_KHR"; /* defined by the loader's extension header only */
    for (size_t i = 0; i < sizeof error_names / sizeof error_names[0]; i++)
        if (error_names[i].status == status) return error_names[i].name;
    return "unknown OpenCL error";
}

cg_status cg_cl_error_status(cl_int status) {
    switch (status) {
    case CL_MEM_OBJECT_ALLOCATION_FAILURE:
    case CL_OUT_OF_RESOURCES:
    case CL_INVALID_BUFFER_SIZE:
        return CG_ERROR_DEVICE_MEMORY;
    case CL_OUT_OF_HOST_MEMORY:
        return CG_ERROR_MEMORY;
    case CL_BUILD_PROGRAM_FAILURE:
    case CL_COMPILER_NOT_AVAILABLE:
    case CL_INVALID_PROGRAM_EXECUTABLE:
        return CG_ERROR_BUILD;
    default:
        return CG_ERROR_DEVICE;
    }
}
