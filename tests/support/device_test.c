#include "support/device_test.h"

#include <stdlib.h>

/* Criterion asks for them in the runner and hands one to each test process. */
static struct criterion_test_params parameters(int (*list)(test_target *)) {
    test_target targets[MAX_TARGETS];
    int n = list(targets);
    test_target *shared = cr_malloc((size_t)n * sizeof *shared);
    for (int i = 0; i < n; i++) shared[i] = targets[i];
    return cr_make_param_array(test_target, shared, (size_t)n);
}

struct criterion_test_params device_test_parameters(void) {
    return parameters(test_targets);
}

struct criterion_test_params device_once_parameters(void) {
    return parameters(test_targets_once);
}

struct criterion_test_params opencl_test_parameters(void) {
    return parameters(test_opencl_targets);
}

struct criterion_test_params composed_test_parameters(void) {
    return parameters(test_composed_targets);
}

struct criterion_test_params cpu_test_parameters(void) {
    return parameters(test_cpu_targets);
}

/* With CLGRAD_TEST_STATS set, what a test cost: on OpenCL mostly the kernels it is the first to need. */
static void report_cost(const char *name, const cg_device *dev) {
    cg_device_stats s = cg_device_statistics(dev);
    if (getenv("CLGRAD_TEST_STATS"))
        fprintf(stderr, "STATS %s %s: %llu programs built, %llu loaded, %.2f s; %llu launches\n", name,
                cg_device_properties(dev)->id, (unsigned long long)s.programs_built,
                (unsigned long long)s.programs_loaded, s.build_seconds, (unsigned long long)s.launches);
}

void device_test_run(const test_target *target, const char *name, test_body *body) {
    if (!target->present) cr_skip_test("no OpenCL device of the kind under test");
    check_test("%s %s fuse %d", name, target->device, target->fuse);
    cg_device *dev = target_open(target);
    if (dev) {
        uint64_t held = cg_device_statistics(dev).bytes_in_use;
        cg_scope *scope = cg_scope_begin(dev);
        body(dev);
        check_case("after the test");
        cg_scope_end(scope);
        CHECK_MSG(cg_error_code(dev) == CG_OK, "an error is left: %s", cg_error_message(dev));
        uint64_t left = cg_device_statistics(dev).bytes_in_use;
        CHECK_MSG(left == held, "%llu bytes are still held", (unsigned long long)(left - held));
        report_cost(name, dev);
        cg_device_close(dev);
    }
    scratch_free_all();
    cr_expect(check_failures() == 0, "%d failures, see the lines above", check_failures());
}
