/*
 * Any bytes as a CSV file, the first one of the input choosing the options. What is accepted is used: names, values and
 * categories are read; the numbers are written and read again.
 */
#include "fuzz_file.h"

#include <clgrad/csv.h>
#include <clgrad/data.h>

#include <math.h>
#include <string.h>
#include <unistd.h>

static void use_column(const cg_table *t, int64_t c) {
    const int64_t categories = cg_table_categories(t, c);
    if (cg_table_find(t, cg_table_name(t, c)) > c) fuzz_fail("a name is found too late");
    for (int64_t k = 0; k + 1 < categories; k++)
        if (strcmp(cg_table_category(t, c, k), cg_table_category(t, c, k + 1)) >= 0)
            fuzz_fail("categories are not in order");
    for (int64_t row = 0; row < cg_table_rows(t); row++) {
        const double v = cg_table_values(t, c)[row];
        if (categories && !isnan(v) && !cg_table_category(t, c, (int64_t)v)) fuzz_fail("no such category");
    }
}

static void write_again(const cg_table *t) {
    cg_array a, b;
    if (cg_table_array(t, CG_F64, &a) != CG_OK) fuzz_fail(cg_error_message(NULL));
    if (cg_array_numel(&a) > 0) {
        if (cg_csv_write(fuzz_output_path(), &a, NULL) != CG_OK) fuzz_fail(cg_error_message(NULL));
        cg_table *again = cg_csv_read(fuzz_output_path(), (cg_csv_options){.no_header = true});
        if (!again || cg_table_array(again, CG_F64, &b) != CG_OK) fuzz_fail(cg_error_message(NULL));
        if (cg_array_numel(&a) != cg_array_numel(&b)) fuzz_fail("written again, it has another size");
        for (int64_t i = 0; i < cg_array_numel(&a); i++)
            if (cg_array_get(&a, i) != cg_array_get(&b, i) &&
                !(isnan(cg_array_get(&a, i)) && isnan(cg_array_get(&b, i))))
                fuzz_fail("written again, it has another value");
        cg_array_free(&b);
        cg_table_free(again);
        unlink(fuzz_output_path());
    }
    cg_array_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    if (bytes == 0) return 0;
    const cg_csv_options options = {.delimiter = data[0] & 1 ? ';' : 0,
                                    .no_header = data[0] & 2,
                                    .refuse_missing = data[0] & 4,
                                    .skip_lines = data[0] >> 3 & 1};
    cg_table *t = cg_csv_read(fuzz_file(data + 1, bytes - 1), options);
    if (!t) {
        if (cg_error_code(NULL) == CG_OK || !*cg_error_message(NULL)) fuzz_fail("refused without a word");
        return 0;
    }
    for (int64_t c = 0; c < cg_table_columns(t); c++) use_column(t, c);
    write_again(t);
    cg_dataset *set = cg_dataset_from_table(t, (cg_table_options){0});
    if (set && cg_dataset_features(set) != cg_table_columns(t) - 1) fuzz_fail("another number of features");
    cg_dataset_free(set);
    cg_table_free(t);
    return 0;
}
