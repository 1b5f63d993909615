#define _GNU_SOURCE
#include "tune_worker.h"

#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { QUESTIONS = 3, ANSWERS = 4 };

/* --- The side that asks ----------------------------------------------------------------------------------------- */

/* In the new process: drivers may print what they like, and Ctrl-C is for the parent. */
static void become_worker(const tune_worker *w, int questions, int answers) {
    const int null = open("/dev/null", O_RDWR);
    const int from = fcntl(questions, F_DUPFD, 10), to = fcntl(answers, F_DUPFD, 10);
    if (null < 0 || from < 0 || to < 0) _exit(CLI_FAILED);
    for (int fd = 0; fd < 3; fd++) dup2(null, fd);
    dup2(from, QUESTIONS); /* the copies are not closed by exec */
    dup2(to, ANSWERS);
    close(from);
    close(to);
    signal(SIGINT, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (w->device)
        execl("/proc/self/exe", "clgrad", "tune", "--worker", "--device", w->device, (char *)NULL);
    else
        execl("/proc/self/exe", "clgrad", "tune", "--worker", (char *)NULL);
    _exit(CLI_FAILED);
}

static bool start(tune_worker *w) {
    int questions[2], answers[2];
    if (pipe2(questions, O_CLOEXEC) != 0) return false;
    if (pipe2(answers, O_CLOEXEC) != 0) {
        close(questions[0]);
        close(questions[1]);
        return false;
    }
    signal(SIGPIPE, SIG_IGN);
    w->pid = fork();
    if (w->pid == 0) become_worker(w, questions[0], answers[1]);
    close(questions[0]);
    close(answers[1]);
    w->to = questions[1];
    w->from = answers[0];
    if (w->pid > 0) return true;
    w->pid = 0;
    close(w->to);
    close(w->from);
    return false;
}

/* Whether a process ends soon: one that the driver holds may outlive even SIGKILL. */
static bool ends(pid_t pid, int *status) {
    enum { TRIES = 10000 };
    const struct timespec pause = {0, 1000000};
    for (int i = 0; i < TRIES; i++) {
        if (waitpid(pid, status, WNOHANG) != 0) return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

/* Waits for the end of the process and says what it was. */
static void reap(tune_worker *w, bool hangs) {
    int status = 0;
    if (hangs) kill(w->pid, SIGKILL);
    if (!ends(w->pid, &status))
        snprintf(w->why, sizeof w->why, "hangs, and cannot be killed");
    else if (hangs)
        snprintf(w->why, sizeof w->why, "hangs: no answer within %d s", w->limit);
    else if (WIFSIGNALED(status))
        snprintf(w->why, sizeof w->why, "crashed: signal %d", WTERMSIG(status));
    else
        snprintf(w->why, sizeof w->why, "ended the process");
    close(w->to);
    close(w->from);
    w->pid = 0;
}

/* A line within the limit, without its end; 1 for one, 0 if the worker is gone, -1 if time is up. */
static int read_answer(const tune_worker *w, char answer[TUNE_TEXT]) {
    for (size_t n = 0; n + 1 < TUNE_TEXT;) {
        struct pollfd p = {.fd = w->from, .events = POLLIN};
        const int ready = poll(&p, 1, w->limit * 1000);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return -1;
        if (read(w->from, answer + n, 1) <= 0) return 0;
        if (answer[n] == '\n') {
            answer[n] = 0;
            return 1;
        }
        n++;
    }
    return 0;
}

bool tune_ask(tune_worker *w, char answer[TUNE_TEXT], const char *format, ...) {
    char question[TUNE_TEXT];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(question, sizeof question, format, args);
    va_end(args);
    if (!w->pid && !start(w)) {
        snprintf(w->why, sizeof w->why, "no process for it: %s", strerror(errno));
        return false;
    }
    question[n] = '\n'; /* questions are short: there is room */
    const bool sent = write(w->to, question, (size_t)n + 1) == n + 1;
    const int got = sent ? read_answer(w, answer) : 0;
    if (got != 1)
        reap(w, got < 0);
    else if (*answer == '!')
        tune_worker_stop(w); /* after a fault the context may be lost to what is asked next */
    return got == 1;
}

void tune_worker_stop(tune_worker *w) {
    if (w->pid) reap(w, true);
}

/* --- The side that answers --------------------------------------------------------------------------------------- */

/* An error as an answer: "!name of the code: message". */
static void answer_error(FILE *out, cg_device *dev) {
    char message[TUNE_TEXT];
    snprintf(message, sizeof message, "%.400s", cg_error_message(dev));
    for (char *p = message; *p; p++)
        if (*p == '\n') *p = ' ';
    const cg_status code = cg_error_code(dev);
    const bool avoid = dev && (code == CG_ERROR_DEVICE || code == CG_ERROR_BUILD);
    fprintf(out, "!%s%s\n", avoid ? "avoid: " : "", message);
    if (dev) cg_error_clear(dev);
}

static void answer(FILE *out, cg_device *dev, char verb, int i, const cg_product_shape *s, double seconds) {
    cg_status status = CG_OK;
    if (verb == 'n')
        fprintf(out, "%s\n", cg_tuning_candidate(dev, i) ? cg_tuning_candidate(dev, i) : "");
    else if (verb == 'd')
        fprintf(out, "%s: %s\n", cg_device_properties(dev)->id, cg_device_properties(dev)->name);
    else if (verb == 'a')
        fprintf(out, "%d\n", cg_tuning_avoided(dev, i));
    else if (verb == '?') {
        const int chosen = cg_tuning_choice(dev, s, &seconds);
        fprintf(out, "%d %.9g\n", chosen, seconds);
    } else {
        status = verb == 'm'   ? cg_tuning_measure(dev, s, i, &seconds)
                 : verb == 'c' ? cg_tuning_choose(dev, s, i, seconds)
                 : verb == 'x' ? cg_tuning_avoid(dev, i)
                               : cg_tuning_forget(dev);
        if (status == CG_OK) fprintf(out, "%.9g\n", seconds);
    }
    if (status != CG_OK) answer_error(out, dev);
    fflush(out);
}

int tune_serve(const char *device) {
    FILE *in = fdopen(QUESTIONS, "r"), *out = fdopen(ANSWERS, "w");
    if (!in || !out) return CLI_FAILED;
    cg_device *dev = cg_device_open(device);
    char line[TUNE_TEXT];
    while (fgets(line, sizeof line, in)) {
        if (!dev) { /* no fault of what was asked */
            answer_error(out, NULL);
            break;
        }
        long long batch = 0, m = 0, n = 0, k = 0;
        int i = -1, at = 0, bt = 0;
        double seconds = -1;
        char verb = 0;
        sscanf(line, "%c %d %lf %lld %lld %lld %lld %d %d", &verb, &i, &seconds, &batch, &m, &n, &k, &at,
               &bt);
        const cg_product_shape s = {batch, m, n, k, at != 0, bt != 0};
        answer(out, dev, verb, i, &s, seconds);
    }
    const int code = dev ? CLI_OK : CLI_FAILED;
    cg_device_close(dev);
    fclose(in);
    fclose(out);
    return code;
}
