#include "support/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINES_SHOWN = 20 };

static char test_name[160], case_name[512];
static int failures;

void check_test(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(test_name, sizeof test_name, format, args);
    va_end(args);
    case_name[0] = 0;
}

void check_case(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(case_name, sizeof case_name, format, args);
    va_end(args);
}

bool check_at(bool ok, const char *file, int line, const char *format, ...) {
    if (ok) return true;
    failures++;
    if (failures > LINES_SHOWN + 1) return false;
    if (failures == LINES_SHOWN + 1) {
        fprintf(stderr, "FAIL %s: further failures are not shown\n", test_name);
        return false;
    }
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *slash = strrchr(file, '/');
    fprintf(stderr, "FAIL %s: %s%s%s [%s:%d]\n", test_name, case_name, *case_name ? ": " : "", text,
            slash ? slash + 1 : file, line);
    return false;
}

int check_failures(void) { return failures; }
