/* Doubles as text, exactly and whatever the locale: "0x3p-2" is 0.75. strtod and Python's float.fromhex read it. */
#ifndef CLGRAD_CORE_EXACT_TEXT_H
#define CLGRAD_CORE_EXACT_TEXT_H

#include <stdbool.h>

enum { CG_EXACT_TEXT = 32 };

/* Writes x; infinities and NaN as "inf", "-inf", "nan". */
void cg_exact_text(double x, char text[CG_EXACT_TEXT]);

/* Reads what cg_exact_text wrote, or any number of strtod; false if it is none, or more than one. */
bool cg_exact_value(const char *text, double *x);

#endif
