#define _GNU_SOURCE
#include "core/env.h"

#include <errno.h>
#include <stdlib.h>

const char *cg_env(const char *name) {
    const char *value = secure_getenv(name);
    return value && *value ? value : NULL;
}

long cg_env_int(const char *name, long fallback) {
    const char *text = cg_env(name);
    if (!text) return fallback;
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    return errno || *end ? fallback : value;
}
