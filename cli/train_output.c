#include "train_output.h"

#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int train_output_prepare(const char *folder) {
    struct stat about;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return cli_fail("cannot make the folder '%s': %s", folder, strerror(errno));
    if (stat(folder, &about) != 0) return cli_fail("cannot use the folder '%s': %s", folder, strerror(errno));
    if (!S_ISDIR(about.st_mode)) return cli_fail("'%s' is no folder", folder);
    if (access(folder, W_OK | X_OK) != 0)
        return cli_fail("cannot write into the folder '%s': %s", folder, strerror(errno));
    return CLI_OK;
}

/* --- files -------------------------------------------------------------------------------------------------- */

/* folder/name in new memory; NULL without memory. */
static char *join(const char *folder, const char *name) {
    size_t room = strlen(folder) + strlen(name) + 2;
    char *path = malloc(room);
    if (path) snprintf(path, room, "%s/%s", folder, name);
    return path;
}

static cg_status save_weights(const char *path, const train_row *row, const char *title) {
    (void)title;
    return cg_module_save(row->run.net, path);
}

static cg_status save_curves(const char *path, const train_row *row, const char *title) {
    int n = row->run.epochs;
    double *column = malloc(4 * (size_t)n * sizeof *column + 1);
    if (!column) return CG_ERROR_MEMORY;
    double *epoch = column, *loss = epoch + n, *train = loss + n, *test = train + n;
    for (int i = 0; i < n; i++) {
        epoch[i] = i + 1;
        loss[i] = row->run.history[i].loss;
        train[i] = row->run.history[i].train_accuracy;
        test[i] = row->run.history[i].test_accuracy;
    }
    const cg_curve curves[] = {{"training loss", n, epoch, loss},
                               {"training accuracy", n, epoch, train},
                               {"test accuracy", n, epoch, test}};
    cg_status status = cg_plot_svg(
        path, 3, curves, (cg_plot_options){.title = title, .x_label = "epoch", .y_label = "loss, accuracy"});
    free(column);
    return status;
}

static int print_history(FILE *out, const train_run *run) {
    fputs("epoch,loss,train_accuracy,test_accuracy,seconds\n", out);
    for (int i = 0; i < run->epochs; i++) {
        const train_epoch *e = &run->history[i];
        fprintf(out, "%d,%.9g,%.9g,%.9g,%.6f\n", i + 1, e->loss, e->train_accuracy, e->test_accuracy,
                e->seconds);
    }
    return fflush(out) == 0 && !ferror(out) && fsync(fileno(out)) == 0;
}

/* A small text, so the temporary file has a fixed name: no other program writes into this folder meanwhile. */
static cg_status save_history(const char *path, const train_row *row, const char *title) {
    (void)title;
    char *temporary = malloc(strlen(path) + sizeof ".tmp");
    if (!temporary) return CG_ERROR_MEMORY;
    sprintf(temporary, "%s.tmp", path);
    FILE *out = fopen(temporary, "we");
    bool written = out && print_history(out, &row->run);
    if (out && fclose(out) != 0) written = false;
    bool placed = written && rename(temporary, path) == 0;
    if (out && !placed) unlink(temporary);
    free(temporary);
    return placed ? CG_OK : CG_ERROR_IO;
}

int train_output_write(const char *folder, const train_row *row, const char *title) {
    static const struct {
        const char *name;
        cg_status (*save)(const char *path, const train_row *row, const char *title);
    } files[] = {{"weights.safetensors", save_weights},
                 {"learning-curve.svg", save_curves},
                 {"history.csv", save_history}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        cg_error_clear(NULL);
        char *path = join(folder, files[i].name);
        cg_status status = path ? files[i].save(path, row, title) : CG_ERROR_MEMORY;
        free(path);
        if (status == CG_OK) continue;
        if (*cg_error_message(NULL)) return cli_fail("%s", cg_error_message(NULL)); /* it names the path */
        return cli_fail("cannot write '%s/%s': %s", folder, files[i].name, cg_status_meaning(status));
    }
    return CLI_OK;
}

/* --- report ------------------------------------------------------------------------------------------------- */

void train_output_statistics(const train_run *run) {
    const train_counts *c = &run->counts;
    double steps = c->steps ? (double)c->steps : 1;
    printf("steps      %llu in %.2f s, %.1f launches and %.3g waits for the device in each\n",
           (unsigned long long)c->steps, run->seconds, (double)c->launches / steps,
           (double)c->host_syncs / steps);
    printf("memory     %llu device allocations in the first epoch, %llu after it; %s at most\n",
           (unsigned long long)c->first_allocs, (unsigned long long)c->later_allocs,
           CLI_BYTES(run->stats.bytes_peak));
    printf("kernels    %llu built, %llu loaded from the cache, in %.2f s\n",
           (unsigned long long)run->stats.programs_built, (unsigned long long)run->stats.programs_loaded,
           run->stats.build_seconds);
}

/* Samples per second from the second epoch on: the first one builds kernels and fills the memory pool. */
static double samples_per_second(const train_run *run, int64_t samples) {
    int first = run->epochs > 1 ? 1 : 0;
    double seconds = 0;
    for (int i = first; i < run->epochs; i++) seconds += run->history[i].seconds;
    return seconds > 0 ? (double)(run->epochs - first) * (double)samples / seconds : 0;
}

void train_output_comparison(int n, const train_row *rows, int64_t samples) {
    double cpu = 0;
    for (int i = 0; i < n; i++)
        if (strcmp(rows[i].device.id, "cpu") == 0) cpu = samples_per_second(&rows[i].run, samples);
    printf("\n%-10s %8s %9s %12s %9s %9s %9s   %s\n", "device", "seconds", "building", "samples/s", "speed",
           "accuracy", "loss", "name");
    for (int i = 0; i < n; i++) {
        const train_run *run = &rows[i].run;
        printf("%-10s ", rows[i].device.id);
        if (run->outcome != TRAIN_DONE || run->epochs == 0) {
            printf("failed: %s\n", run->message);
            continue;
        }
        const train_epoch *last = &run->history[run->epochs - 1];
        double rate = samples_per_second(run, samples);
        char speed[32] = "-";
        if (cpu > 0) snprintf(speed, sizeof speed, "%.2f x", rate / cpu);
        printf("%8.2f %9.2f %12.0f %9s %9.4f %9.5f   %s\n", run->seconds, run->stats.build_seconds, rate,
               speed, last->test_accuracy, last->loss, rows[i].device.name);
    }
    puts("building: kernels, within the seconds; samples/s: without the first epoch; speed: against cpu\n");
}
