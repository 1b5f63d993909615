/*
 * The start: from nothing to a first result. A sample is a process of its own: this program again, which does the work in a
 * constructor, before main, says that it has the result, and ends. The clock runs from its start to that word, so what the
 * loader does with the libraries is part of it.
 */
#define _GNU_SOURCE
#include "cases.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_VARIABLE "CLGRAD_BENCH_START" /* set in a child: what it does, then its device */

enum { ELEMENTS = 8, CLASSES = 10 };
enum { WHAT, COLD, INPUTS, FIRST, SECOND }; /* sizes of a case */
enum { SUM = 1, STEP };
enum { VARIABLES = 3, VARIABLE_ROOM = PATH_MAX + 64 }; /* what a child's environment gets */

/* --- In the child --------------------------------------------------------------------------------------------- */

/* The square of 1, 2, .. summed, or a loss and a step of its network: the value, NaN on an error. */
static double first_sum(cg_device *dev) {
    float x[ELEMENTS];
    double sum = NAN;
    for (int i = 0; i < ELEMENTS; i++) x[i] = (float)(i + 1);
    cg_tensor *in = cg_from_f32(dev, cg_shape(ELEMENTS), x);
    return cg_item(cg_sum(cg_mul(in, in), CG_ALL_AXES, false), &sum) == CG_OK ? sum : NAN;
}

static double first_step(cg_device *dev, const int64_t *size) {
    double loss = NAN, after = NAN;
    cg_module *net = cg_mlp(dev, 4, (const int64_t[]){size[0], size[1], size[2], CLASSES}, "relu");
    cg_optimizer *adam = net ? cg_adam(net, (cg_adam_options){.lr = 1e-3}) : NULL;
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(ELEMENTS, size[0]));
    cg_tensor *label = cg_zeros(dev, CG_I64, cg_shape(ELEMENTS));
    for (int i = 0; adam && i < 2; i++) { /* two: the second shows that the first one's update is there */
        cg_tensor *y = cg_cross_entropy(cg_forward(net, x), label, CG_MEAN);
        if (cg_backward(y) != CG_OK || cg_optimizer_step(adam) != CG_OK) return NAN;
        if (cg_item(y, i ? &after : &loss) != CG_OK) return NAN;
    }
    return after < loss ? loss : NAN;
}

__attribute__((constructor)) static void run_child(void) {
    const char *task = secure_getenv(CHILD_VARIABLE);
    int what, fd;
    long long size[3];
    char device[32];
    if (!task ||
        sscanf(task, "%d %d %lld %lld %lld %31s", &what, &fd, &size[0], &size[1], &size[2], device) != 6)
        return;
    cg_device *dev = cg_device_open(device);
    double value = NAN;
    if (dev)
        value = what == SUM ? first_sum(dev) : first_step(dev, (const int64_t[]){size[0], size[1], size[2]});
    _exit(write(fd, &value, sizeof value) != sizeof value);
}

/* --- In the parent -------------------------------------------------------------------------------------------- */

static char caches[PATH_MAX - 16]; /* the folder that children keep their programs in, with room for theirs */
static pid_t running;              /* a child that has given its result */

static void reap(void) {
    if (running > 0) waitpid(running, NULL, 0);
    running = 0;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw) {
    (void)st, (void)kind;
    return ftw->level > 0 ? remove(path) : 0;
}

static void empty_caches(void) { nftw(caches, remove_entry, 16, FTW_DEPTH | FTW_PHYS); }

static pid_t remover; /* a shell that removes the folder when nobody holds the other end of its input */
static int lifeline;  /* that end */

static void remove_caches(void) {
    close(lifeline);
    waitpid(remover, NULL, 0);
}

/*
 * The folder goes however this process ends, by a second Ctrl-C or a crash, too: the remover sees its input end. It is in a
 * process group of its own, so that Ctrl-C does not reach it. 0, or an error number.
 */
static int start_remover(void) {
    int ends[2], error = pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
    if (error) return error;
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"read -r nothing; rm -rf -- \"$0\""}, caches,
                    NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t group;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[0], 0);
    posix_spawnattr_init(&group);
    posix_spawnattr_setflags(&group, POSIX_SPAWN_SETPGROUP);
    error = posix_spawn(&remover, "/bin/sh", &files, &group, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&group);
    close(ends[0]);
    lifeline = ends[1];
    if (error) close(lifeline);
    return error;
}

/* NULL, or why there is no folder. */
static const char *make_caches(void) {
    if (*caches) return NULL;
    const char *folder = getenv("TMPDIR");
    const int length =
        snprintf(caches, sizeof caches, "%s/clgrad_start_XXXXXX", folder && *folder ? folder : "/tmp");
    if (length >= (int)sizeof caches || !mkdtemp(caches)) {
        *caches = 0;
        return length >= (int)sizeof caches ? "TMPDIR is too long" : strerror(errno);
    }
    const int error = start_remover();
    if (error) {
        rmdir(caches);
        *caches = 0;
        return strerror(error);
    }
    return atexit(remove_caches) == 0 ? NULL : "out of memory";
}

/* The environment of this process, but for the variables that a child gets. Freed by the caller. */
static char **child_environment(char variable[VARIABLES][VARIABLE_ROOM]) {
    size_t n = 0, kept = 0;
    while (environ[n]) n++;
    char **env = malloc((n + VARIABLES + 1) * sizeof *env);
    for (size_t i = 0; env && i < n; i++) {
        bool ours = false;
        for (int k = 0; k < VARIABLES; k++)
            ours = ours || strncmp(environ[i], variable[k], strcspn(variable[k], "=") + 1) == 0;
        if (!ours) env[kept++] = environ[i];
    }
    for (int k = 0; env && k < VARIABLES; k++) env[kept++] = variable[k];
    if (env) env[kept] = NULL;
    return env;
}

/* Starts a child and waits for its word; NaN if it has none. */
static double child_value(bench_job *job, const int64_t *size) {
    int ends[2];
    double value = NAN;
    char variable[VARIABLES][VARIABLE_ROOM];
    char *argv[] = {(char[]){"clgrad_start"}, NULL};
    if (pipe(ends) != 0) return NAN;
    snprintf(variable[0], sizeof *variable, CHILD_VARIABLE "=%d %d %lld %lld %lld %s", (int)size[WHAT],
             ends[1], (long long)size[INPUTS], (long long)size[FIRST], (long long)size[SECOND],
             cg_device_properties(job->dev)->id);
    snprintf(variable[1], sizeof *variable, "CLGRAD_CACHE=%s/clgrad", caches);
    snprintf(variable[2], sizeof *variable, "POCL_CACHE_DIR=%s/pocl", caches);
    char **env = child_environment(variable);
    const bool started = env && posix_spawn(&running, "/proc/self/exe", NULL, NULL, argv, env) == 0;
    close(ends[1]);
    if (started && read(ends[0], &value, sizeof value) != (ssize_t)sizeof value) value = NAN;
    if (!started) running = 0;
    close(ends[0]);
    free(env);
    return value;
}

static bool prepare(bench_job *job) {
    reap();
    job->why = make_caches();
    if (job->why) return false;
    if (job->problem->size[COLD] == 2) empty_caches();
    char path[PATH_MAX];
    static const char *const folders[] = {"clgrad", "pocl"};
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", caches, folders[i]);
        mkdir(path, 0700);
    }
    return true;
}

static cg_tensor *run_start(bench_job *job) {
    const int64_t *size = job->problem->size;
    const double value = child_value(job, size);
    const double sum = ELEMENTS * (ELEMENTS + 1) * (2 * ELEMENTS + 1) / 6.0;
    const bool right = size[WHAT] == SUM ? value == sum : isfinite(value);
    return right ? job->in[0] : NULL;
}

static void verify(bench_job *job, bench_check *check) { check->ok = job->out != NULL; }

static bench_input input(const int64_t *size, int i) {
    (void)size, (void)i;
    return (bench_input){cg_shape(1), 0, 1};
}

static int64_t one(const int64_t *size) {
    (void)size;
    return 1;
}

static const bench_work start_work = {
    .suite = "start",
    .n_inputs = 1,
    .repeat = 1,
    .input = input,
    .row = one,
    .elements = one,
    .before = prepare,
    .run = run_start,
    .verify = verify,
};

/* Cold: with empty caches, on disk as in memory. */
const bench_case bench_cases_start[] = {
    {"first_sum", &start_work, {{SUM, 1, 8, 8, 8}, {0}, {SUM, 1, 8, 8, 8}}, NULL},
    {"first_sum_cold", &start_work, {{SUM, 2, 8, 8, 8}, {0}, {SUM, 1, 8, 8, 8}}, NULL},
    {"first_step", &start_work, {{STEP, 1, 784, 512, 256}, {0}, {STEP, 1, 8, 8, 8}}, NULL},
    {"first_step_cold", &start_work, {{STEP, 2, 784, 512, 256}, {0}, {STEP, 1, 8, 8, 8}}, NULL},
    {0},
};
