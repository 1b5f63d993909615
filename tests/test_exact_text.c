/* Doubles as text: the same bits again, without a decimal point. */
#include "core/exact_text.h"
#include "support/device_test.h"

#include <float.h>
#include <math.h>
#include <string.h>

HOST_TEST(exact_text, comes_back_bit_for_bit) {
    static const double values[] = {
        0,    -0.0,    1,       0.75,         0.1,          -1.0 / 3, 1e300,    12345678901234567890.0,
        1e-5, DBL_MIN, DBL_MAX, DBL_TRUE_MIN, -DBL_MIN / 3, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[CG_EXACT_TEXT];
        double back = 7;
        cg_exact_text(values[i], text);
        check_case("%s", text);
        CHECK(cg_exact_value(text, &back) && !memcmp(&back, &values[i], sizeof back));
        CHECK(!strpbrk(text, ".,"));
    }
}

HOST_TEST(exact_text, is_that_of_c) {
    char text[CG_EXACT_TEXT];
    double x;
    cg_exact_text(0.75, text);
    CHECK(!strcmp(text, "0x3p-2"));
    cg_exact_text(-6, text);
    CHECK(!strcmp(text, "-0x3p1"));
    cg_exact_text(NAN, text);
    CHECK(strstr(text, "nan") && cg_exact_value(text, &x) && isnan(x));
    CHECK(cg_exact_value("0.5", &x) && x == 0.5);
    static const char *const bad[] = {"", " 1", "1 ", "1 2", "0x3p-2q", "one"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_MSG(!cg_exact_value(bad[i], &x), "'%s'", bad[i]);
}
