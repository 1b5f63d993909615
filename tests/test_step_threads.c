/* Threads are started where they pay. */
#include "support/device_test.h"

#include <dirent.h>

/* The threads of this process. */
static int threads(void) {
    DIR *tasks = opendir("/proc/self/task");
    int n = 0;
    for (const struct dirent *e; tasks && (e = readdir(tasks));) n += e->d_name[0] != '.';
    if (tasks) closedir(tasks);
    return n;
}

static bool step(cg_module *net, cg_optimizer *adam, cg_tensor *x) {
    cg_tensor *loss = cg_mean(cg_square(cg_forward(net, x)), CG_ALL_AXES, false);
    return cg_backward(loss) == CG_OK && cg_optimizer_step(adam) == CG_OK;
}

/* A step of a small network is over sooner than a thread is awake; one of a large one is shared. */
CPU_TEST(step_threads, a_small_step_starts_none) {
    const int before = threads();
    cg_module *net = cg_mlp(dev, 4, (const int64_t[]){8, 8, 8, 8}, "relu");
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){.lr = 1e-3});
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(4, 8));
    for (int i = 0; i < 3; i++) CHECK(step(net, adam, x));
    CHECK_MSG(threads() == before, "%d threads were started", threads() - before);
    CHECK(cg_eval(cg_exp(cg_full(dev, CG_F32, cg_shape(1 << 20), 1))) != NULL);
    const int units = cg_device_properties(dev)->compute_units;
    CHECK_MSG(threads() == before + units - 1, "%d threads more, of %d", threads() - before, units);
    cg_optimizer_free(adam);
    cg_module_free(net);
}
