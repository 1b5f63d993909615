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

char *train_output_path(const char *folder, const char *name) {
    size_t room = strlen(folder) + strlen(name) + 2;
    char *path = malloc(room);
    if (path) snprintf(path, room, "%s/%s", folder, name);
    return path;
}

/* What the files are made of. */
typedef struct material {
    const train_run *run;
    const weights_about *about;
    const char *title;
} material;

static cg_status save_weights(const char *path, const material *m) {
    return weights_save(path, m->run->net, m->about);
}

static cg_status save_curves(const char *path, const material *m) {
    return cg_history_plot(m->run->history, path,
                           (cg_plot_options){.title = m->title, .y_label = "loss, accuracy"});
}

static cg_status save_history(const char *path, const material *m) {
    return cg_history_save(m->run->history, path);
}

int train_output_write(const char *folder, const train_row *row, const weights_about *about,
                       const char *title) {
    static const struct {
        const char *name;
        cg_status (*save)(const char *path, const material *m);
    } files[] = {{"weights.safetensors", save_weights},
                 {"learning-curve.svg", save_curves},
                 {"history.csv", save_history}};
    const material m = {&row->run, about, title};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        cg_error_clear(NULL);
        char *path = train_output_path(folder, files[i].name);
        cg_status status = path ? files[i].save(path, &m) : CG_ERROR_MEMORY;
        free(path);
        if (status == CG_OK) continue;
        if (*cg_error_message(NULL)) return cli_fail("%s", cg_error_message(NULL)); /* it names the path */
        return cli_fail("cannot write '%s/%s': %s", folder, files[i].name, cg_status_meaning(status));
    }
    return CLI_OK;
}

/* --- report ------------------------------------------------------------------------------------------------- */

void train_output_statistics(const train_run *run) {
    const cg_fit_counts *c = &run->counts;
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
    const int epochs = cg_history_epochs(run->history), first = epochs > 1 ? 1 : 0;
    double seconds = 0;
    for (int i = first; i < epochs; i++) seconds += cg_history_epoch(run->history, i)->seconds;
    return seconds > 0 ? (double)(epochs - first) * (double)samples / seconds : 0;
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
        if (run->outcome != TRAIN_DONE || cg_history_epochs(run->history) == 0) {
            printf("failed: %s\n", run->message);
            continue;
        }
        const cg_epoch *last = cg_history_epoch(run->history, cg_history_epochs(run->history) - 1);
        double rate = samples_per_second(run, samples);
        char speed[32] = "-";
        if (cpu > 0) snprintf(speed, sizeof speed, "%.2f x", rate / cpu);
        printf("%8.2f %9.2f %12.0f %9s %9.4f %9.5f   %s\n", run->seconds, run->stats.build_seconds, rate,
               speed, run->test_accuracy, last->loss, rows[i].device.name);
    }
    puts("building: kernels, within the seconds; samples/s: without the first epoch; speed: against cpu\n");
}
