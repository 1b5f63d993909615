#include "core/exact_text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void cg_exact_text(double x, char text[CG_EXACT_TEXT]) {
    int exponent = 0;
    if (!isfinite(x) || x == 0) {
        snprintf(text, CG_EXACT_TEXT, "%.0f", x);
        return;
    }
    /* a whole number of at most 53 bits times a power of two: there is no point that a locale could write otherwise */
    unsigned long long digits = (unsigned long long)ldexp(frexp(fabs(x), &exponent), 53);
    for (exponent -= 53; digits % 2 == 0; digits /= 2) exponent++;
    snprintf(text, CG_EXACT_TEXT, "%s0x%llxp%d", x < 0 ? "-" : "", digits, exponent);
}

bool cg_exact_value(const char *text, double *x) {
    char *end;
    *x = strtod(text, &end);
    return end != text && *end == '\0' && !isspace((unsigned char)*text);
}
