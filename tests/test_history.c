#define _XOPEN_SOURCE 700 /* for terminals of its own */

#include "support/device_test.h"
#include "support/files.h"
#include "support/fitting.h"

#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const cg_metric metrics[] = {{.name = "accuracy"}, {.name = "top_2"}};

static cg_history *some_history(cg_device *dev, bool validation) {
    fitting f;
    if (!fitting_begin(&f, dev, 1)) return NULL;
    cg_history *h = cg_fit(
        f.net, f.optimizer, f.train,
        (cg_fit_options){
            .epochs = 3, .n_metrics = 2, .metrics = metrics, .validation = validation ? f.validation : NULL});
    fitting_end(&f);
    CHECK_MSG(h != NULL, "%s", cg_error_message(dev));
    return h;
}

CPU_TEST(history, round_trip) {
    for (int validation = 0; validation < 2; validation++) {
        cg_history *h = some_history(dev, validation);
        const char *path = test_path("history.csv");
        if (!h || !CHECK_MSG(cg_history_save(h, path) == CG_OK, "%s", cg_error_message(NULL))) return;
        cg_history *back = cg_history_load(path);
        CHECK_MSG(back != NULL, "%s", cg_error_message(NULL));
        check_same_history(h, back);
        CHECK(cg_history_epoch(h, 2)->seconds == cg_history_epoch(back, 2)->seconds);
        CHECK(cg_history_metrics(back) == 2 && !strcmp(cg_history_metric_name(back, 1), "top_2"));
        CHECK(cg_history_best(back) == -1 && cg_history_stop_reason(back) == CG_STOP_NONE);
        size_t bytes;
        const char *text = read_file(path, &bytes);
        static const char first[] =
            "epoch,loss,accuracy,top_2,validation_loss,validation_accuracy,validation_top_2,lr,seconds\n1,";
        CHECK(text && !strncmp(text, first, sizeof first - 1));
        CHECK(count_files() == 1);
        cg_history_free(h);
        cg_history_free(back);
    }
    remove_test_folder();
}

CPU_TEST(history, questions) {
    cg_history *h = some_history(dev, true), *copy = cg_history_copy(h);
    check_same_history(h, copy);
    CHECK(cg_history_best(copy) == cg_history_best(h) && cg_history_best(copy) >= 0);
    CHECK(cg_history_stop_reason(copy) == CG_STOP_EPOCHS &&
          !strcmp(cg_history_metric_name(copy, 0), "accuracy"));
    cg_history_free(copy);
    CHECK(cg_history_copy(NULL) == NULL);
    CHECK(cg_history_epoch(h, -1) == NULL && cg_history_epoch(h, 3) == NULL &&
          cg_history_epoch(NULL, 0) == NULL);
    CHECK(cg_history_metric_name(h, 2) == NULL && cg_history_metric_name(h, -1) == NULL &&
          cg_history_metric_name(NULL, 0) == NULL);
    CHECK(cg_history_epochs(NULL) == 0 && cg_history_metrics(NULL) == 0 && cg_history_best(NULL) == -1);
    CHECK(cg_history_stop_reason(NULL) == CG_STOP_NONE && cg_history_save(NULL, "x") == CG_ERROR_ARGUMENT);
    CHECK(cg_history_save(h, "/nowhere/x") == CG_ERROR_IO && strstr(cg_error_message(NULL), "/nowhere/x"));
    CHECK(!strcmp(cg_stop_name(CG_STOP_PATIENCE), "patience") &&
          !strcmp(cg_stop_name((cg_stop)99), "unknown"));
    CHECK(!strcmp(cg_stop_name(CG_STOP_ERROR), "error") && !strcmp(cg_stop_name((cg_stop)-1), "unknown"));
    cg_history_free(h);
    cg_history_free(NULL);
}

#define NAMES "epoch,loss,a,validation_loss,validation_a,lr,seconds\n"

HOST_TEST(history, files) {
    static const struct {
        const char *what, *text;
        int line; /* of the error; 0: it is read */
    } files[] = {{"no rows", NAMES, 0},
                 {"rows", NAMES "1,0.5,0.25,,,0.1,2\n2,inf,1e-3,nan,-1,0.1,2\n", 0},
                 {"lines of another system, none at the end",
                  "epoch,loss,validation_loss,lr,seconds\r\n1,2,3,4,5\r\n2,3,4,5,6", 0},
                 {"nothing", "", 1},
                 {"another table", "a,b\n", 1},
                 {"no validation", "epoch,loss,a,lr,seconds\n", 1},
                 {"another validation", "epoch,loss,a,validation_loss,validation_b,lr,seconds\n", 1},
                 {"no lr", "epoch,loss,validation_loss,seconds\n", 1},
                 {"more columns", "epoch,loss,validation_loss,lr,seconds,x\n", 1},
                 {"nine metrics", "epoch,loss,a,b,c,d,e,f,g,h,i,validation_loss,validation_a\n", 1},
                 {"an empty name", "epoch,loss,,validation_loss,validation_,lr,seconds\n", 1},
                 {"a number missing", NAMES "1,2,3,4,5,6\n", 2},
                 {"a number too many", NAMES "1,2,3,4,5,6,7,8\n", 2},
                 {"text", NAMES "1,2,3,4,5,6,7\n2,x,3,4,5,6,7\n", 3},
                 {"text behind a number", NAMES "1,2y,3,4,5,6,7\n", 2},
                 {"an empty line", NAMES "\n", 2},
                 {"another epoch", NAMES "2,2,3,4,5,6,7\n", 2}};
    const char *path = test_path("h.csv");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        check_case("%s", files[i].what);
        write_file(path, files[i].text, strlen(files[i].text));
        cg_history *h = cg_history_load(path);
        char line[32];
        snprintf(line, sizeof line, "line %d:", files[i].line);
        CHECK_MSG((h != NULL) == (files[i].line == 0), "%s", cg_error_message(NULL));
        if (!h)
            CHECK_MSG(cg_error_code(NULL) == CG_ERROR_FORMAT && strstr(cg_error_message(NULL), line) &&
                          strstr(cg_error_message(NULL), "h.csv"),
                      "%s", cg_error_message(NULL));
        if (i == 1 && CHECK(cg_history_epochs(h) == 2)) {
            CHECK(cg_history_epoch(h, 0)->metric[0] == 0.25 &&
                  isnan(cg_history_epoch(h, 0)->validation_loss));
            CHECK(isinf(cg_history_epoch(h, 1)->loss) && cg_history_epoch(h, 1)->validation_metric[0] == -1);
        }
        cg_history_free(h);
    }
    CHECK(cg_history_load(test_path("none")) == NULL && cg_error_code(NULL) == CG_ERROR_IO);
    remove_test_folder();
}

/* Numbers have a point also where the program writes commas. */
HOST_TEST(history, other_locales) {
    static const char text[] = "epoch,loss,validation_loss,lr,seconds\n1,0.5,,0.25,1.75\n";
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8")) cr_skip_test("no German locale is installed");
    const char *path = test_path("h.csv");
    write_file(path, text, sizeof text - 1);
    cg_history *h = cg_history_load(path);
    CHECK_MSG(h && cg_history_epoch(h, 0)->loss == 0.5, "%s", cg_error_message(NULL));
    CHECK(cg_history_save(h, path) == CG_OK);
    size_t bytes = 0;
    const char *back = read_file(path, &bytes);
    CHECK(back && bytes == sizeof text - 1 && !memcmp(back, text, bytes));
    setlocale(LC_NUMERIC, "C");
    cg_history_free(h);
    remove_test_folder();
}

CPU_TEST(history, plot) {
    const char *path = test_path("curve.svg");
    static const char *const always[] = {"training loss", "training accuracy", "training top_2", ">epoch<",
                                         "fit"};
    static const char *const validated[] = {"validation loss", "validation accuracy", "validation top_2"};
    for (int validation = 0; validation < 2; validation++) {
        cg_history *h = some_history(dev, validation);
        size_t bytes = 0;
        CHECK_MSG(cg_history_plot(h, path, (cg_plot_options){.title = "fit"}) == CG_OK, "%s",
                  cg_error_message(NULL));
        const char *text = read_file(path, &bytes);
        for (int i = 0; text && i < 5; i++) CHECK_MSG(strstr(text, always[i]) != NULL, "no '%s'", always[i]);
        for (int i = 0; text && i < 3; i++)
            CHECK_MSG((strstr(text, validated[i]) != NULL) == validation, "'%s'", validated[i]);
        CHECK(cg_history_plot(h, "/nowhere/x.svg", (cg_plot_options){0}) == CG_ERROR_IO);
        cg_history_free(h);
    }
    CHECK(cg_history_plot(NULL, path, (cg_plot_options){0}) == CG_ERROR_ARGUMENT);
    CHECK(strstr(cg_error_message(NULL), "no epoch") != NULL);
    remove_test_folder();
}

/* --- the callback that prints ------------------------------------------------------------------------------------- */

static void log_to(FILE *file, cg_device *dev, int epochs, int every, bool validation) {
    fitting f;
    cg_epoch_log log = {.file = file, .every = every};
    const cg_callback callback = {cg_log_epochs, &log};
    if (!CHECK(file != NULL) || !fitting_begin(&f, dev, 1)) return;
    cg_history *h = cg_fit(f.net, f.optimizer, f.train,
                           (cg_fit_options){.epochs = epochs,
                                            .n_metrics = 1,
                                            .metrics = metrics,
                                            .validation = validation ? f.validation : NULL,
                                            .n_callbacks = 1,
                                            .callbacks = &callback});
    CHECK(h != NULL);
    cg_history_free(h);
    fitting_end(&f);
}

static const char *logged(cg_device *dev, int every, bool validation) {
    const char *path = test_path("log.txt");
    FILE *file = fopen(path, "w");
    log_to(file, dev, 11, every, validation);
    if (!file) return "";
    fclose(file);
    size_t bytes = 0;
    char *text = read_file(path, &bytes), *copy = scratch(bytes + 1);
    memcpy(copy, text, bytes);
    copy[bytes] = 0;
    return copy;
}

static int lines_of(const char *text) {
    int n = 0;
    for (; *text; text++) n += *text == '\n';
    return n;
}

CPU_TEST(history, log_lines) {
    const char *all = logged(dev, 0, true), *fifth = logged(dev, 5, false);
    CHECK_MSG(lines_of(all) == 12 && !strncmp(all, "epoch  1/11  loss ", 18), "%s", all);
    CHECK(strstr(all, "  accuracy ") && strstr(all, "  validation loss ") &&
          strstr(all, "  validation accuracy "));
    CHECK(strstr(all, "  lr 0.02  ") && strstr(all, "\nepoch 11/11") &&
          strstr(all, "end: epochs after 11 epochs"));
    CHECK(strstr(all, "the best was epoch ") && !strchr(all, '\r'));
    CHECK_MSG(lines_of(fifth) == 4 && strstr(fifth, "epoch  5/11") && strstr(fifth, "epoch 10/11") &&
                  strstr(fifth, "epoch 11/11") && !strstr(fifth, "validation"),
              "%s", fifth);
    remove_test_folder();
}

/* On a terminal there is a bar while an epoch runs, and none when its line is printed. */
CPU_TEST(history, log_bar) {
    char text[4096] = "";
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (!CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0)) return;
    FILE *terminal = fopen(ptsname(master), "w");
    log_to(terminal, dev, 2, 2, false);
    if (terminal) fclose(terminal);
    size_t n = 0;
    for (ssize_t got = 1; got > 0 && n<sizeof text - 1; n += got> 0 ? (size_t)got : 0)
        got = read(master, text + n, sizeof text - 1 - n);
    close(master);
    CHECK_MSG(strstr(text, "\r\033[Kepoch 1/2  [") && strstr(text, "\r\033[Kepoch 2/2  loss"), "'%s'", text);
    CHECK(strstr(text, "] 16 %") == NULL && strstr(text, "]  16 %") != NULL);
}
