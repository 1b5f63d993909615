/*
 * A process forks after it has used a device. The child must not hang: the CPU backend works in it, OpenCL
 * either works or gives an error. (PoCL's threads are gone in a child, and it waits for them for ever.)
 */
#include "clgrad/clgrad.h"
#include "support/check.h"
#include "support/targets.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 20 };

/* Large enough to be shared among threads. */
static bool works(cg_device *dev) {
    double v = 0;
    cg_tensor *a = cg_full(dev, CG_F32, cg_shape(300, 300), 0.5);
    cg_tensor *c = cg_matmul(cg_eval(cg_add(a, 0.5)), cg_ones(dev, CG_F32, cg_shape(300, 300)));
    cg_tensor *s = cg_sum(c, CG_ALL_AXES, false);
    return s && cg_item(s, &v) == CG_OK && v == 300.0 * 300 * 300;
}

/* What the child does with a handle it inherited and with new ones. */
static int child(cg_device *inherited, const char *id) {
    alarm(SECONDS);
    bool opencl = device_is_opencl(inherited), ok = works(inherited);
    CHECK_MSG(ok || opencl, "the inherited CPU handle: %s", cg_error_message(inherited));
    CHECK_MSG(ok || cg_error_message(inherited)[0], "no error on the inherited handle");
    cg_device *cpu = cg_device_open("cpu");
    CHECK_MSG(cpu && works(cpu), "a new CPU handle: %s", cg_error_message(cpu));
    cg_device *again = cg_device_open(id);
    CHECK_MSG(again ? works(again) || cg_error_message(again)[0] : cg_error_message(NULL)[0] != 0,
              "no error for %s", id);
    cg_device_close(again);
    cg_device_close(cpu);
    cg_device_close(inherited);
    return check_failures() != 0;
}

static void fork_from(const char *id) {
    check_case("%s", id);
    cg_device *dev = cg_device_open(id);
    if (!CHECK_MSG(dev && works(dev), "%s", cg_error_message(dev))) return;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) _exit(child(dev, id));
    int status = -1;
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
    CHECK_MSG(!hung, "the child hangs: no answer in %d s", SECONDS);
    CHECK_MSG(hung || (WIFEXITED(status) && WEXITSTATUS(status) == 0), "the child ended with status %x",
              (unsigned)status);
    CHECK_MSG(works(dev), "the parent after it: %s", cg_error_message(dev));
    cg_device_close(dev);
}

int main(void) {
    check_test("plain_fork_child");
    test_target targets[MAX_TARGETS];
    int n = test_targets(targets), tried = 0;
    for (int i = 0; i < n; i++)
        if (targets[i].present && targets[i].fuse) {
            fork_from(targets[i].device);
            tried++;
        }
    printf("forked from %d devices, %d failures\n", tried, check_failures());
    return check_failures() != 0;
}
