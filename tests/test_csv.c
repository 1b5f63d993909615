#include "support/device_test.h"
#include "support/files.h"

#include <locale.h>
#include <math.h>
#include <string.h>

static cg_table *read_text(const char *text, cg_csv_options options) {
    const char *path = test_path("t.csv");
    return write_file(path, text, strlen(text)) ? cg_csv_read(path, options) : NULL;
}

/* A column's values; NaN equals NaN. */
static void has_values(const cg_table *t, int64_t column, int64_t n, const double *want) {
    const double *v = cg_table_values(t, column);
    if (!CHECK_MSG(v && cg_table_rows(t) == n, "%lld rows: %s", (long long)cg_table_rows(t),
                   cg_error_message(NULL)))
        return;
    for (int64_t i = 0; i < n; i++)
        CHECK_MSG(v[i] == want[i] || (isnan(v[i]) && isnan(want[i])),
                  "column %lld, row %lld is %.17g, not %.17g", (long long)column, (long long)i, v[i],
                  want[i]);
}

HOST_TEST(csv, numbers_and_texts) {
    const double none = (double)NAN, inf = (double)INFINITY;
    cg_table *t = read_text("height,name , class\r\n"
                            "1.5,\"Doe, John\",b\r\n"
                            " -2e3 ,\"said \"\"no\"\"\",a\r\n"
                            "NA,\"two\nlines\",b\r\n"
                            "+.5,,c\r\n"
                            "-inf,\"\",?\r\n",
                            (cg_csv_options){0});
    CHECK_MSG(cg_table_rows(t) == 5 && cg_table_columns(t) == 3, "%s", cg_error_message(NULL));
    has_values(t, 0, 5, (const double[]){1.5, -2000, none, 0.5, -inf});
    has_values(t, 1, 5, (const double[]){0, 1, 2, none, none});
    has_values(t, 2, 5, (const double[]){1, 0, 1, 2, none});
    CHECK(!strcmp(cg_table_name(t, 0), "height") && !strcmp(cg_table_name(t, 1), "name ") &&
          !cg_table_name(t, 3));
    CHECK(cg_table_find(t, " class") == 2 && cg_table_find(t, "class") == -1 && cg_table_find(t, NULL) == -1);
    CHECK(cg_table_categories(t, 0) == 0 && cg_table_categories(t, 1) == 3 && cg_table_categories(t, 2) == 3);
    CHECK(!strcmp(cg_table_category(t, 1, 0), "Doe, John") &&
          !strcmp(cg_table_category(t, 1, 1), "said \"no\""));
    CHECK(!strcmp(cg_table_category(t, 1, 2), "two\nlines") && !cg_table_category(t, 1, 3));
    CHECK(!cg_table_category(t, 0, 0) && !cg_table_category(t, -1, 0) && !cg_table_values(t, 3));
    cg_array a;
    CHECK(cg_table_array(t, CG_F32, &a) == CG_OK && a.dtype == CG_F32 && same_shape(a.shape, cg_shape(5, 3)));
    CHECK(cg_array_get(&a, 3) == -2000 && cg_array_get(&a, 5) == 0 && isnan(cg_array_get(&a, 6)));
    cg_array_free(&a);
    CHECK(cg_table_array(t, CG_I32, &a) == CG_ERROR_DTYPE && !a.data);
    cg_table_free(t);
    cg_table_free(NULL);
    CHECK(!cg_table_rows(NULL) && !cg_table_columns(NULL) &&
          cg_table_array(NULL, CG_F32, &a) == CG_ERROR_ARGUMENT);
    remove_test_folder();
}

HOST_TEST(csv, options) {
    cg_table *t = read_text("a comment\n\xef\xbb\xbf", (cg_csv_options){0});
    CHECK(cg_table_rows(t) == 1 && cg_table_columns(t) == 1);
    cg_table_free(t);
    check_case("byte order mark, no newline at the end");
    t = read_text("\xef\xbb\xbfx;y\n1;2", (cg_csv_options){.delimiter = ';'});
    CHECK(cg_table_find(t, "x") == 0);
    has_values(t, 1, 1, (const double[]){2});
    cg_table_free(t);
    check_case("lines passed over, no header");
    t = read_text("# one \"\n#two\n1\t2\n3\t4\n\n",
                  (cg_csv_options){.delimiter = '\t', .no_header = true, .skip_lines = 2});
    has_values(t, 0, 2, (const double[]){1, 3});
    CHECK(t && !strcmp(cg_table_name(t, 1), "1"));
    cg_table_free(t);
    check_case("a header alone");
    t = read_text("a,b\n", (cg_csv_options){0});
    CHECK(t && cg_table_rows(t) == 0 && cg_table_columns(t) == 2);
    cg_table_free(t);
    check_case("missing values refused");
    CHECK(!read_text("a,b\n1,2\n\"3\n\",\n", (cg_csv_options){.refuse_missing = true}) &&
          cg_error_code(NULL) == CG_ERROR_FORMAT && check_message("line 3") && check_message("'b'"));
    CHECK(!read_text("a\n1\n", (cg_csv_options){.delimiter = '.'}) &&
          cg_error_code(NULL) == CG_ERROR_ARGUMENT);
    CHECK(!read_text("a\n1\n", (cg_csv_options){.delimiter = '"'}) &&
          cg_error_code(NULL) == CG_ERROR_ARGUMENT);
    remove_test_folder();
}

HOST_TEST(csv, malformed_files) {
    static const struct {
        const char *text, *line, *what;
    } bad[] = {
        {"", "line 1", "no record"},
        {"a,b\n1,2\n3\n", "line 3", "1 fields where the first has 2"},
        {"a,b\n1,2,3\n", "line 2", "3 fields"},
        {"a,b\n1,2\n\n3,4\n", "line 3", "1 fields"},
        {"a\n\"1\n\n2", "line 2", "never closed"},
        {"a\n1\"2\n", "line 2", "not quoted"},
        {"a\n\"1\n\"2\n", "line 3", "behind a quoted"},
        {"a,b\n1\r2,3\n", "line 2", "carriage return"},
        {"a\n\"", "line 2", "never closed"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_case("%s", bad[i].text);
        CHECK(!read_text(bad[i].text, (cg_csv_options){0}) && cg_error_code(NULL) == CG_ERROR_FORMAT);
        CHECK(check_message(bad[i].line) && check_message(bad[i].what) && check_message("t.csv"));
    }
    check_case("a zero byte, no file, a folder");
    write_file(test_path("z.csv"), "a\n\0\n", 4);
    CHECK(!cg_csv_read(test_path("z.csv"), (cg_csv_options){0}) && check_message("zero byte"));
    CHECK(!cg_csv_read(test_path("none"), (cg_csv_options){0}) && cg_error_code(NULL) == CG_ERROR_IO);
    CHECK(!cg_csv_read("/tmp", (cg_csv_options){0}) && cg_error_code(NULL) == CG_ERROR_IO);
    remove_test_folder();
}

/* What looks like a number to strtod, but is text here. */
HOST_TEST(csv, what_is_no_number) {
    static const char *const texts[] = {"0x10", "1e",   "1e+", ".",   "+",     "1 2",
                                        "1,5",  "infx", "1_0", "--1", "1.2.3", "nan(1)"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char file[64];
        check_case("%s", texts[i]);
        snprintf(file, sizeof file, "a\n1\n\"%s\"\n", texts[i]);
        cg_table *t = read_text(file, (cg_csv_options){0});
        CHECK_MSG(cg_table_categories(t, 0) == 2, "%s", cg_error_message(NULL));
        cg_table_free(t);
    }
    remove_test_folder();
}

HOST_TEST(csv, written_and_read_again) {
    static double values[] = {0.1, -1e300, 5e-324, 0, 1.0 / 3, -7};
    const char *path = test_path("w.csv"), *const names[] = {"plain", "a \"quoted\", name", ""};
    values[3] = (double)NAN;
    const cg_array a = {CG_F64, cg_shape(2, 3), values};
    /* A locale with a comma, where the machine has one. */
    setlocale(LC_ALL, "de_DE.UTF-8");
    CHECK_MSG(cg_csv_write(path, &a, names) == CG_OK, "%s", cg_error_message(NULL));
    cg_table *t = cg_csv_read(path, (cg_csv_options){0});
    setlocale(LC_ALL, "C");
    CHECK(cg_table_columns(t) == 3 && cg_table_rows(t) == 2);
    for (int c = 0; c < 3 && t; c++) {
        CHECK(!strcmp(cg_table_name(t, c), names[c]));
        has_values(t, c, 2, (const double[]){values[c], values[3 + c]});
    }
    cg_table_free(t);
    check_case("one column of integers");
    static int64_t whole[2000];
    for (int i = 0; i < 2000; i++) whole[i] = (INT64_C(1) << 50) + i * 97;
    CHECK(cg_csv_write(path, &(cg_array){CG_I64, cg_shape(2000), whole}, NULL) == CG_OK &&
          count_files() == 1);
    t = cg_csv_read(path, (cg_csv_options){.no_header = true});
    CHECK(cg_table_rows(t) == 2000 && cg_table_values(t, 0)[1999] == (double)whole[1999]);
    cg_table_free(t);
    CHECK(cg_csv_write(path, &(cg_array){CG_F64, cg_shape(1, 2, 3), values}, NULL) == CG_ERROR_SHAPE);
    CHECK(cg_csv_write(path, NULL, NULL) == CG_ERROR_SHAPE);
    CHECK(cg_csv_write("/nowhere/w.csv", &a, NULL) == CG_ERROR_IO);
    remove_test_folder();
}

/* --- Data sets ------------------------------------------------------------------------------------------------ */

static const char iris[] = "length,width,kind,price\n5,3.5,setosa,1\n6,2.5,virginica,2\n4,3,setosa,3\n";

HOST_TEST(csv, data_set_of_labels) {
    write_file(test_path("i.csv"), iris, sizeof iris - 1);
    const cg_table_options kind = {.n_targets = 1, .targets = (const char *const[]){"kind"}};
    cg_dataset *set = cg_dataset_from_csv(test_path("i.csv"), (cg_csv_options){0}, kind);
    if (!CHECK_MSG(set != NULL, "%s", cg_error_message(NULL))) return;
    int label = -1;
    const float *x = cg_dataset_sample(set, 1, &label);
    CHECK(cg_dataset_samples(set) == 3 && same_shape(cg_dataset_sample_shape(set), cg_shape(3)));
    CHECK(x[0] == 6 && x[1] == 2.5f && x[2] == 2 && label == 1 && cg_dataset_classes(set) == 2);
    CHECK(!strcmp(cg_dataset_class_name(set, 1), "virginica") && !cg_dataset_class_name(set, 2));
    cg_dataset_free(set);
    check_case("the last column is values, by default, and labels where asked for");
    set = cg_dataset_from_csv(test_path("i.csv"), (cg_csv_options){0}, (cg_table_options){0});
    CHECK(cg_dataset_target_dtype(set) == CG_F32 && *(const float *)cg_dataset_target(set, 2) == 3);
    CHECK(cg_dataset_classes(set) == 0 && cg_dataset_sample(set, 2, &label)[2] == 0 && label == -1);
    cg_dataset_free(set);
    set = cg_dataset_from_csv(test_path("i.csv"), (cg_csv_options){0},
                              (cg_table_options){.kind = CG_TARGET_LABEL});
    CHECK(cg_dataset_target_dtype(set) == CG_I32 && cg_dataset_classes(set) == 4 &&
          !cg_dataset_class_name(set, 1));
    cg_dataset_free(set);
    check_case("several values, by number");
    set = cg_dataset_from_csv(test_path("i.csv"), (cg_csv_options){0},
                              (cg_table_options){.n_targets = 2, .columns = (const int64_t[]){-1, 0}});
    CHECK(same_shape(cg_dataset_target_shape(set), cg_shape(2)) && cg_dataset_features(set) == 2);
    CHECK(set && ((const float *)cg_dataset_target(set, 1))[0] == 2 &&
          ((const float *)cg_dataset_target(set, 1))[1] == 6);
    cg_dataset_free(set);
    remove_test_folder();
}

HOST_TEST(csv, data_sets_that_are_refused) {
    static const char *const no_column[] = {"colour"}, *const twice[] = {"kind", "kind"};
    const struct {
        cg_table_options options;
        const char *what;
    } bad[] = {
        {{.n_targets = 1, .targets = no_column}, "'colour'"},
        {{.n_targets = 2, .targets = twice}, "twice"},
        {{.n_targets = 1, .columns = (const int64_t[]){4}}, "column 4"},
        {{.n_targets = 1, .columns = (const int64_t[]){-5}}, "column -5"},
        {{.n_targets = 4, .columns = (const int64_t[]){0, 1, 2, 3}}, "no feature"},
        {{.n_targets = 1}, "neither"},
        {{.n_targets = 1, .columns = (const int64_t[]){1}, .kind = CG_TARGET_LABEL}, "label 3.5"},
        {{.n_targets = 2, .columns = (const int64_t[]){2, 3}, .kind = CG_TARGET_LABEL}, "one at most"},
    };
    write_file(test_path("i.csv"), iris, sizeof iris - 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_case("%s", bad[i].what);
        CHECK(!cg_dataset_from_csv(test_path("i.csv"), (cg_csv_options){0}, bad[i].options));
        CHECK(cg_error_code(NULL) == CG_ERROR_ARGUMENT && check_message(bad[i].what));
    }
    CHECK(!cg_dataset_from_csv(test_path("none"), (cg_csv_options){0}, (cg_table_options){0}) &&
          cg_error_code(NULL) == CG_ERROR_IO);
    CHECK(!cg_dataset_from_table(NULL, (cg_table_options){0}));
    check_case("a missing label");
    cg_table *t = read_text("a,b\n1,x\n2,\n", (cg_csv_options){0});
    CHECK(t && !cg_dataset_from_table(t, (cg_table_options){0}) && check_message("row 1"));
    cg_table_free(t);
    remove_test_folder();
}
