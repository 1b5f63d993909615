/* clgrad train: trains on one device, or on all of them to compare. */
#include "cli.h"
#include "interrupt.h"
#include "train_options.h"
#include "train_output.h"

#include <stdlib.h>
#include <string.h>

enum { TITLE_BYTES = 512 };

/* "64-128-64-10" and the rest of the settings. */
static void describe(char title[TITLE_BYTES], const train_settings *s, const cg_dataset *train) {
    int n = snprintf(title, TITLE_BYTES, "%lld", (long long)cg_dataset_features(train));
    for (int i = 0; i < s->n_hidden && n < TITLE_BYTES; i++)
        n += snprintf(title + n, (size_t)(TITLE_BYTES - n), "-%lld", (long long)s->hidden[i]);
    if (n < TITLE_BYTES)
        snprintf(title + n, (size_t)(TITLE_BYTES - n), "-%lld, %s; %s, lr %g, batch %lld",
                 (long long)cg_dataset_classes(train), s->activation, s->adam ? "adam" : "sgd", s->lr,
                 (long long)s->batch);
}

static void print_setting(const train_options *o, const cg_device *dev, const cg_dataset *train,
                          const cg_dataset *test, const char *title, const cg_module *net) {
    const cg_device_info *info = cg_device_properties(dev);
    printf("device     %s: %s (%s, %s)\n", info->id, info->name, cli_device_type(info->type), info->platform);
    printf("chosen     %s\n", cg_device_choice(dev));
    printf("data       %s: %lld samples to train on, %lld to test on, %lld features, %lld classes\n", o->data,
           (long long)cg_dataset_samples(train), (long long)cg_dataset_samples(test),
           (long long)cg_dataset_features(train), (long long)cg_dataset_classes(train));
    printf("network    %s, seed %llu; %lld parameters\n", title, (unsigned long long)o->settings.seed,
           (long long)cg_parameter_elements(net));
    fflush(stdout);
}

/* Trains what is prepared in `row` on its open device. */
static void train_row_on(train_row *row, cg_device *dev, const train_options *o, const cg_dataset *train,
                         const cg_dataset *test, bool lines) {
    progress_view view = progress_begin(row->device.id, o->settings.epochs, o->quiet, lines);
    train_on(&row->run, dev, &o->settings, train, test, &view);
}

/* The same training on the other usable devices: rows[1..]. Returns the number of all rows. */
static int compare_devices(train_row *rows, int room, const train_options *o, const cg_dataset *train,
                           const cg_dataset *test) {
    int n = 1;
    for (int i = 0; i < cg_device_count() && n < room && !interrupted(); i++) {
        cg_device_info info;
        if (cg_device_describe(i, &info) != CG_OK || !info.usable || strcmp(info.id, rows[0].device.id) == 0)
            continue;
        train_row *row = &rows[n++];
        row->device = info;
        cg_device *dev = cg_device_open(info.id);
        if (dev) {
            row->run = train_prepare(dev, &o->settings, train);
            train_row_on(row, dev, o, train, test, false);
            cg_module_free(row->run.net);
            row->run.net = NULL;
            cg_device_close(dev);
        } else {
            row->run.outcome = TRAIN_FAILED;
            snprintf(row->run.message, sizeof row->run.message, "%s", cg_error_message(NULL));
        }
    }
    return n;
}

/* What follows the training on the chosen device: files, comparison, report. */
static int conclude(train_row *rows, int room, const train_options *o, const cg_dataset *train,
                    const cg_dataset *test, const char *title) {
    const train_run *run = &rows[0].run;
    int code = CLI_OK, n = 1;
    if (!o->quiet) train_output_statistics(run);
    if (o->out) {
        code = train_output_write(o->out, &rows[0], title);
        if (code == CLI_OK && !o->quiet)
            printf("written    %s/: weights.safetensors, learning-curve.svg, history.csv\n", o->out);
        fflush(stdout);
    }
    if (o->compare) {
        n = compare_devices(rows, room, o, train, test);
        if (interrupted()) return CLI_INTERRUPTED;
        if (n == 1) fputs("clgrad: there is no other usable device to compare with\n", stderr);
        train_output_comparison(n, rows, cg_dataset_samples(train));
    }
    for (int i = 1; i < n; i++)
        if (rows[i].run.outcome != TRAIN_DONE) code = CLI_FAILED;
    printf("test accuracy %.4f on %s\n", run->history[run->epochs - 1].test_accuracy, rows[0].device.id);
    return code;
}

static int train_all(cg_device *dev, const train_options *o, const cg_dataset *train,
                     const cg_dataset *test) {
    int room = cg_device_count() + 1;
    train_row *rows = calloc((size_t)room, sizeof *rows);
    if (!rows) return cli_fail("out of memory");
    char title[TITLE_BYTES];
    describe(title, &o->settings, train);
    rows[0].device = *cg_device_properties(dev);
    rows[0].run = train_prepare(dev, &o->settings, train);
    if (!o->quiet && rows[0].run.net) print_setting(o, dev, train, test, title, rows[0].run.net);
    interrupt_watch();
    train_row_on(&rows[0], dev, o, train, test, true);

    int code = CLI_INTERRUPTED;
    if (rows[0].run.outcome == TRAIN_FAILED) {
        code = cli_fail("%s", rows[0].run.message);
        if (rows[0].run.bad_settings) code = CLI_USAGE;
    } else if (rows[0].run.outcome == TRAIN_DONE) {
        code = conclude(rows, room, o, train, test, title);
    }
    if (code == CLI_INTERRUPTED) cli_fail("interrupted");
    for (int i = 0; i < room; i++) train_run_free(&rows[i].run);
    free(rows);
    return code;
}

int train_command(int argc, char **argv) {
    train_options o = train_options_parse(argc, argv);
    if (o.out && train_output_prepare(o.out) != CLI_OK) return CLI_FAILED;
    cg_dataset *train, *test;
    if (cg_dataset_open(o.data, o.test_share, o.settings.seed, &train, &test) != CG_OK)
        return cli_fail("%s", cg_error_message(NULL));
    int code;
    cg_device *dev = cg_device_open(o.device);
    if (!dev)
        code = cli_fail("%s", cg_error_message(NULL));
    else
        code = train_all(dev, &o, train, test);
    cg_device_close(dev);
    cg_dataset_free(train);
    cg_dataset_free(test);
    return code;
}
