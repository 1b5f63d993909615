/* clgrad train: trains on one device, several times, or on all devices to compare. */
#include "cli.h"
#include "interrupt.h"
#include "train_options.h"
#include "train_output.h"

#include <stdlib.h>
#include <string.h>

enum { TITLE_BYTES = 512 };

/* The network and the settings that are not at their defaults. */
static void describe(char title[TITLE_BYTES], const train_settings *s) {
    int n = snprintf(title, TITLE_BYTES, "%s; %s, lr %g%s%s, batch %lld", s->model,
                     train_optimizer_names[s->optimizer], s->lr, s->schedule == SCHEDULE_CONSTANT ? "" : " ",
                     s->schedule == SCHEDULE_CONSTANT ? "" : train_schedule_names[s->schedule],
                     (long long)s->batch);
    const struct {
        const char *name;
        double value;
    } more[] = {{"weight decay", s->weight_decay},
                {"clip", s->clip},
                {"shift", s->augmentation.shift},
                {"rotate", s->augmentation.rotate}};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (more[i].value > 0 && n < TITLE_BYTES)
            n += snprintf(title + n, (size_t)(TITLE_BYTES - n), ", %s %g", more[i].name, more[i].value);
}

static void print_shape(const cg_dims *shape) {
    for (int i = 0; i < shape->rank; i++) printf("%s%lld", i ? " x " : "", (long long)shape->dim[i]);
}

static void print_setting(const train_options *o, const cg_device *dev, const train_data *data,
                          const char *title, const cg_module *net) {
    const cg_device_info *info = cg_device_properties(dev);
    const cg_dims sample = cg_dataset_sample_shape(data->train);
    printf("device     %s: %s (%s, %s)\n", info->id, info->name, cli_device_type(info->type), info->platform);
    printf("chosen     %s\n", cg_device_choice(dev));
    printf("data       %s: %lld samples to train on, ", o->data, (long long)cg_dataset_samples(data->train));
    if (data->validation) printf("%lld to validate on, ", (long long)cg_dataset_samples(data->validation));
    printf("%lld to test on, each ", (long long)cg_dataset_samples(data->test));
    print_shape(&sample);
    printf(", %lld classes\n", (long long)cg_dataset_classes(data->train));
    printf("network    %s, seed %llu; %lld parameters\n", title, (unsigned long long)o->settings.seed,
           (long long)cg_parameter_elements(net));
    fflush(stdout);
}

/* Trains what is prepared in `row` on its open device. */
static void train_row_on(train_row *row, cg_device *dev, const train_options *o, const train_data *data,
                         const char *checkpoint, bool lines) {
    progress_view view =
        progress_begin(row->device.id, data->validation ? "validation" : "test", o->quiet, lines);
    train_on(&row->run, dev, &o->settings, data, checkpoint, &view);
}

/* The same training on the other usable devices: rows[1..]. Returns the number of all rows. */
static int compare_devices(train_row *rows, int room, const train_options *o, const train_data *data) {
    int n = 1;
    for (int i = 0; i < cg_device_count() && n < room && !interrupted(); i++) {
        cg_device_info info;
        if (cg_device_describe(i, &info) != CG_OK || !info.usable || strcmp(info.id, rows[0].device.id) == 0)
            continue;
        train_row *row = &rows[n++];
        row->device = info;
        cg_device *dev = cg_device_open(info.id);
        if (dev) {
            row->run = train_prepare(dev, &o->settings, data);
            train_row_on(row, dev, o, data, NULL, false);
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

static weights_about about(const train_options *o, const train_data *data) {
    weights_about a = {.sample = cg_dataset_sample_shape(data->train),
                       .classes = cg_dataset_classes(data->train),
                       .test_share = o->settings.test_share,
                       .seed = o->settings.seed};
    snprintf(a.model, sizeof a.model, "%s", o->settings.model);
    return a;
}

/* What follows the training on the chosen device: files, comparison, report. */
static int conclude(train_row *rows, int room, const train_options *o, const train_data *data,
                    const char *title) {
    const train_run *run = &rows[0].run;
    const cg_stop stop = cg_history_stop_reason(run->history);
    int code = CLI_OK, n = 1;
    if (!o->quiet && stop == CG_STOP_PATIENCE)
        printf("ended      after %d epochs, the best was epoch %d\n", cg_history_epochs(run->history),
               cg_history_best(run->history) + 1);
    if (!o->quiet) train_output_statistics(run);
    if (o->out) {
        const weights_about described = about(o, data);
        code = train_output_write(o->out, &rows[0], &described, title);
        if (code == CLI_OK && !o->quiet)
            printf("written    %s/: weights.safetensors, learning-curve.svg, history.csv%s\n", o->out,
                   run->saved ? ", checkpoint.safetensors" : "");
        fflush(stdout);
    }
    if (o->compare) {
        n = compare_devices(rows, room, o, data);
        if (interrupted()) return CLI_INTERRUPTED;
        if (n == 1) fputs("clgrad: there is no other usable device to compare with\n", stderr);
        train_output_comparison(n, rows, cg_dataset_samples(data->train));
    }
    for (int i = 1; i < n; i++)
        if (rows[i].run.outcome != TRAIN_DONE) code = CLI_FAILED;
    printf("test accuracy %.4f on %s\n", run->test_accuracy, rows[0].device.id);
    return code;
}

/* Says why a run has not come to its end; the exit code. */
static int not_done(const train_run *run) {
    if (run->outcome == TRAIN_INTERRUPTED) {
        cli_fail(run->saved ? "interrupted; --resume goes on from here" : "interrupted");
        return CLI_INTERRUPTED;
    }
    cli_fail("%s", run->message);
    return run->bad_settings ? CLI_USAGE : CLI_FAILED;
}

static int train_once(cg_device *dev, const train_options *o, const train_data *data) {
    int room = cg_device_count() + 1;
    train_row *rows = calloc((size_t)room, sizeof *rows);
    char *checkpoint = o->out ? train_output_path(o->out, "checkpoint.safetensors") : NULL;
    if (!rows || (o->out && !checkpoint)) {
        free(rows);
        return cli_fail("out of memory");
    }
    char title[TITLE_BYTES];
    describe(title, &o->settings);
    rows[0].device = *cg_device_properties(dev);
    rows[0].run = train_prepare(dev, &o->settings, data);
    if (!o->quiet && rows[0].run.net) print_setting(o, dev, data, title, rows[0].run.net);
    train_row_on(&rows[0], dev, o, data, checkpoint, true);

    int code =
        rows[0].run.outcome == TRAIN_DONE ? conclude(rows, room, o, data, title) : not_done(&rows[0].run);
    if (code == CLI_INTERRUPTED && rows[0].run.outcome == TRAIN_DONE) cli_fail("interrupted");
    for (int i = 0; i < room; i++) train_run_free(&rows[i].run);
    free(checkpoint);
    free(rows);
    return code;
}

/* --- several runs -------------------------------------------------------------------------------------------- */

static int train_run_number(cg_device *dev, const train_options *o, int i, double *accuracy) {
    train_data data;
    train_options once = *o;
    once.settings.seed += (uint64_t)i;
    int code = train_data_open(&data, o->data, &once.settings);
    if (code != CLI_OK) return code;
    train_row row = {.device = *cg_device_properties(dev)};
    row.run = train_prepare(dev, &once.settings, &data);
    train_row_on(&row, dev, &once, &data, NULL, false);
    *accuracy = row.run.test_accuracy;
    if (row.run.outcome != TRAIN_DONE)
        code = not_done(&row.run);
    else if (!o->quiet)
        printf("run %d, seed %llu: test accuracy %.4f after %d epochs in %.1f s\n", i + 1,
               (unsigned long long)once.settings.seed, *accuracy, cg_history_epochs(row.run.history),
               row.run.seconds);
    fflush(stdout);
    train_run_free(&row.run);
    train_data_free(&data);
    return code;
}

static int train_runs(cg_device *dev, const train_options *o) {
    double sum = 0, least = 1, most = 0;
    for (int i = 0; i < o->runs; i++) {
        double accuracy = 0;
        const int code = train_run_number(dev, o, i, &accuracy);
        if (code != CLI_OK) return code;
        sum += accuracy;
        if (accuracy < least) least = accuracy;
        if (accuracy > most) most = accuracy;
    }
    printf("test accuracy %.4f on %s: the mean of %d runs, %.4f to %.4f\n", sum / o->runs,
           cg_device_properties(dev)->id, o->runs, least, most);
    return CLI_OK;
}

static int train_all(cg_device *dev, const train_options *o) {
    if (o->runs > 1) return train_runs(dev, o);
    train_data data;
    int code = train_data_open(&data, o->data, &o->settings);
    if (code == CLI_OK) code = train_once(dev, o, &data);
    train_data_free(&data);
    return code;
}

int train_command(int argc, char **argv) {
    train_options o = train_options_parse(argc, argv);
    if (o.out && train_output_prepare(o.out) != CLI_OK) return CLI_FAILED;
    cg_device *dev = cg_device_open(o.device);
    if (!dev) return cli_fail("%s", cg_error_message(NULL));
    interrupt_watch();
    const int code = train_all(dev, &o);
    cg_device_close(dev);
    return code;
}
