#define _GNU_SOURCE
#include "host/opencl/probe_opencl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/opencl/probe_child.h"
#include "host/opencl/probe_key.h"
#include "host/opencl/program_cache.h"

enum {
    ANSWER_MS = 20000,      /* for one device: a first build by a cold driver takes seconds */
    FAILURE_SECONDS = 3600, /* how long a bad outcome is remembered */
    MAX_CHILDREN = 8
};

typedef struct stored_probe {
    int64_t time;
    cg_probe probe;
} stored_probe;

const cg_probed *cg_probe_find(const cg_probe *probe, int platform, int device) {
    for (int i = 0; i < probe->n; i++)
        if (probe->found[i].platform == platform && probe->found[i].device == device) return &probe->found[i];
    return NULL;
}

/* Waits for one whole message; 1 for one, 0 if the child is gone, -1 if time is up. */
static int read_message(int fd, cg_probe_message *message) {
    size_t done = 0;
    while (done < sizeof *message) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, ANSWER_MS);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return -1;
        ssize_t n = read(fd, (char *)message + done, sizeof *message - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return 0;
        done += (size_t)n;
    }
    return 1;
}

/* The end of a child in words. */
static void describe_end(pid_t pid, bool hangs, char *reason, size_t room) {
    int status = 0;
    if (hangs) kill(pid, SIGKILL);
    pid_t waited;
    do waited = waitpid(pid, &status, 0);
    while (waited < 0 && errno == EINTR);
    if (hangs)
        snprintf(reason, room, "did not answer within %d s in the probe", ANSWER_MS / 1000);
    else if (waited == pid && WIFSIGNALED(status))
        snprintf(reason, room, "crashed in the probe (signal %d)", WTERMSIG(status));
    else
        snprintf(reason, room, "ended the process in the probe");
}

static void keep(cg_probe *probe, const cg_probed *found) {
    if (probe->n < CG_PROBE_MAX) probe->found[probe->n++] = *found;
}

/* One child, told to leave out what is known already. Returns whether it came to its end. */
static bool run_child(const cg_cl_calls *cl, cg_probe *probe) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        snprintf(probe->reason, sizeof probe->reason, "no pipe for the probe of the drivers");
        return true;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        cg_probe_child(cl, probe, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        snprintf(probe->reason, sizeof probe->reason, "no process for the probe of the drivers");
        return true;
    }
    cg_probe_message message = {0}, doing = {0};
    int got;
    while ((got = read_message(ends[0], &message)) == 1 && message.kind != CG_PROBE_END) {
        if (message.kind == CG_PROBE_RESULT)
            keep(probe, &message.found);
        else if (message.kind == CG_PROBE_FAILED)
            memcpy(probe->reason, message.found.reason, sizeof probe->reason);
        else
            probe->listed = true;
        doing = message;
    }
    char reason[sizeof doing.found.reason];
    describe_end(pid, got < 0, reason, sizeof reason);
    close(ends[0]);
    if (got == 1) return true;
    if (doing.kind == CG_PROBE_TRYING) { /* the device it was at is to blame: the next child leaves it out */
        memcpy(doing.found.reason, reason, sizeof reason);
        keep(probe, &doing.found);
        return false;
    }
    snprintf(probe->reason, sizeof probe->reason, "a driver %.150s", reason);
    probe->listed = false;
    return true;
}

static bool all_works(const cg_probe *probe) {
    for (int i = 0; i < probe->n; i++)
        if (!probe->found[i].works) return false;
    return probe->listed && probe->n > 0;
}

static bool load_probe(const uint8_t key[CG_SHA256_BYTES], cg_probe *probe) {
    size_t bytes = 0;
    stored_probe *stored = cg_cache_load("probe", key, &bytes);
    int64_t age = stored && bytes == sizeof *stored ? (int64_t)time(NULL) - stored->time : -1;
    bool good = age >= 0 && stored->probe.n >= 0 && stored->probe.n <= CG_PROBE_MAX &&
                (all_works(&stored->probe) || age <= FAILURE_SECONDS);
    if (good) *probe = stored->probe;
    free(stored);
    return good;
}

void cg_probe_run(const cg_cl_calls *cl, cg_probe *probe) {
    uint8_t key[CG_SHA256_BYTES];
    cg_probe_key(key);
    if (load_probe(key, probe)) return;
    stored_probe *stored = calloc(1, sizeof *stored);
    memset(probe, 0, sizeof *probe);
    bool done = false;
    for (int child = 0; child < MAX_CHILDREN && !done; child++) done = run_child(cl, probe);
    if (!done) probe->listed = false;
    if (!done && !probe->reason[0])
        snprintf(probe->reason, sizeof probe->reason, "%d devices in turn crashed in the probe",
                 MAX_CHILDREN);
    if (!stored) return;
    stored->time = (int64_t)time(NULL);
    stored->probe = *probe;
    if (probe->n > 0) cg_cache_store("probe", key, stored, sizeof *stored);
    free(stored);
}
