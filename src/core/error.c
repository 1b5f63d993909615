#include "core/error.h"

#include <stdarg.h>
#include <string.h>

static _Thread_local cg_error thread_error;

cg_error *cg_error_of_thread(void) { return &thread_error; }

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

cg_status cg_error_set(cg_error *err, cg_status code, const char *file, int line, const char *format, ...) {
    if (err->code != CG_OK) return code;
    err->code = code;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    size_t used = n < 0 ? 0 : (size_t)n;
    if (used < sizeof err->message)
        snprintf(err->message + used, sizeof err->message - used, " [%s:%d]", base_name(file), line);
    return code;
}

const char *cg_status_name(cg_status status) {
    switch (status) {
#define CG_STATUS_CASE(code, value, meaning)                                                                 \
    case code:                                                                                               \
        return #code;
        CG_STATUS_LIST(CG_STATUS_CASE)
#undef CG_STATUS_CASE
    }
    return "CG_ERROR_UNKNOWN";
}

const char *cg_status_meaning(cg_status status) {
    switch (status) {
#define CG_STATUS_CASE(code, value, meaning)                                                                 \
    case code:                                                                                               \
        return meaning;
        CG_STATUS_LIST(CG_STATUS_CASE)
#undef CG_STATUS_CASE
    }
    return "not a status of this library";
}

#define CG_TEXT(x) #x
#define CG_VERSION_TEXT(major, minor, patch) CG_TEXT(major) "." CG_TEXT(minor) "." CG_TEXT(patch)

const char *cg_version(void) { return CG_VERSION_TEXT(CG_VERSION_MAJOR, CG_VERSION_MINOR, CG_VERSION_PATCH); }
