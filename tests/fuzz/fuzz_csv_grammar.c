/*
 * Tables of texts and numbers of the fuzzer's choice, written as RFC 4180 has it, in quotes where they are needed and
 * sometimes where not: each field must come back as it was.
 */
#include "fuzz_file.h"

#include <clgrad/csv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_COLUMNS = 5,
    MAX_ROWS = 6,
    MAX_TEXT = 12,
    MAX_FILE = (MAX_ROWS + 1) * MAX_COLUMNS * (2 * MAX_TEXT + 32)
};

/* A text that is no number and not missing: it begins with a letter, and holds any bytes but zero. */
static void choose_text(fuzz_choices *c, char text[MAX_TEXT]) {
    const int n = fuzz_below(c, MAX_TEXT - 1);
    text[0] = 't';
    for (int i = 1; i <= n; i++) {
        static const char likely[] = "\",\r\n; ab";
        const int choice = fuzz_byte(c);
        text[i] = choice < 200 ? likely[choice % 8] : (char)(choice ? choice : 1);
    }
    text[n + 1] = 0;
}

static void put_text(char *file, size_t *at, const char *text, bool quoted) {
    if (strpbrk(text, "\",\r\n")) quoted = true;
    if (quoted) file[(*at)++] = '"';
    for (; *text; text++) {
        if (*text == '"') file[(*at)++] = '"';
        file[(*at)++] = *text;
    }
    if (quoted) file[(*at)++] = '"';
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
    static char file[MAX_FILE], text[MAX_ROWS + 1][MAX_COLUMNS][MAX_TEXT];
    static double number[MAX_ROWS + 1][MAX_COLUMNS];
    fuzz_choices c = {input, bytes, 0};
    const int columns = 1 + fuzz_below(&c, MAX_COLUMNS), rows = fuzz_below(&c, MAX_ROWS + 1);
    const bool crlf = fuzz_below(&c, 2), last_break = fuzz_below(&c, 2);
    size_t at = 0;
    for (int row = 0; row <= rows; row++)
        for (int k = 0; k < columns; k++) {
            if (k % 2 == 0 || row == 0) {
                choose_text(&c, text[row][k]);
                put_text(file, &at, text[row][k], fuzz_below(&c, 3) == 0);
            } else {
                const int64_t word = (int64_t)fuzz_word(&c);
                number[row][k] = (double)(word >> fuzz_below(&c, 64)) * 0.125;
                at += (size_t)sprintf(file + at, "%.17g", number[row][k]);
            }
            if (k + 1 < columns) file[at++] = ',';
            if (k + 1 == columns && (row < rows || last_break)) {
                if (crlf) file[at++] = '\r';
                file[at++] = '\n';
            }
        }
    cg_table *t = cg_csv_read(fuzz_file(file, at), (cg_csv_options){0});
    if (!t) fuzz_fail(cg_error_message(NULL));
    if (cg_table_rows(t) != rows || cg_table_columns(t) != columns)
        fuzz_fail("another number of rows or columns");
    for (int k = 0; k < columns; k++) {
        if (strcmp(cg_table_name(t, k), text[0][k]) != 0) fuzz_fail("another name");
        for (int row = 1; row <= rows; row++) {
            const double v = cg_table_values(t, k)[row - 1];
            if (k % 2 ? v != number[row][k] : strcmp(cg_table_category(t, k, (int64_t)v), text[row][k]) != 0)
                fuzz_fail("another field");
        }
    }
    cg_table_free(t);
    return 0;
}
