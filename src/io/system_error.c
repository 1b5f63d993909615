#include "io/system_error.h"

#include <errno.h>
#include <string.h>

const char *cg_errno_text(char *buf) {
    int code = errno;
    if (strerror_r(code, buf, CG_ERRNO_TEXT) != 0) snprintf(buf, CG_ERRNO_TEXT, "error %d", code);
    return buf;
}
