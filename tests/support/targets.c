#include "support/targets.h"

#include "support/check.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool contains(const char *text, const char *part) {
    size_t n = strlen(part);
    for (; *text; text++)
        if (!strncasecmp(text, part, n)) return true;
    return false;
}

static bool is_pocl(const cg_device_info *info) { return contains(info->platform, "portable computing"); }

static bool wanted(const cg_device_info *info, const char *platform) {
    bool cpu = !strcmp(info->id, "cpu");
    if (!platform || !*platform || !strcmp(platform, "all")) return true;
    if (!strcmp(platform, "cpu")) return cpu;
    return !cpu && (strcmp(platform, "pocl") ? contains(info->platform, platform) : is_pocl(info));
}

static int add(test_target *targets, int n, const char *device, bool fuse, bool present) {
    if (n == MAX_TARGETS) return n;
    targets[n] = (test_target){.fuse = fuse, .present = present};
    snprintf(targets[n].device, sizeof targets[n].device, "%s", device);
    return n + 1;
}

static int list(test_target *targets, bool with_cpu, bool opencl_both_ways) {
    const char *platform = getenv("CLGRAD_TEST_PLATFORM");
    int n = 0, opencl = 0;
    for (int i = 0; i < cg_device_count(); i++) {
        cg_device_info info;
        if (cg_device_describe(i, &info) != CG_OK || !wanted(&info, platform)) continue;
        bool cpu = !strcmp(info.id, "cpu");
        if ((cpu && !with_cpu) || (!cpu && !info.usable)) continue;
        opencl += !cpu;
        n = add(targets, n, info.id, true, true);
        if (cpu || opencl_both_ways) n = add(targets, n, info.id, false, true);
    }
    bool expected = !platform || strcmp(platform, "cpu") != 0;
    if (expected && !opencl) n = add(targets, n, "opencl", true, false);
    return n;
}

/* Without fusion other kernels are built: for oclgrind that is quick, for PoCL it would double the time of the suite. */
int test_targets(test_target *targets) {
    const char *platform = getenv("CLGRAD_TEST_PLATFORM");
    return list(targets, true, platform && !strcmp(platform, "oclgrind"));
}

int test_targets_once(test_target *targets) { return list(targets, true, false); }

int test_composed_targets(test_target *targets) {
    const int all = list(targets, true, false);
    int n = 0;
    for (int i = 0; i < all; i++) {
        cg_device_info info;
        bool found = false;
        for (int k = 0; k < cg_device_count() && !found; k++)
            found = cg_device_describe(k, &info) == CG_OK && !strcmp(info.id, targets[i].device);
        if (!found || !is_pocl(&info)) targets[n++] = targets[i];
    }
    return n;
}

int test_opencl_targets(test_target *targets) {
    int n = list(targets, false, false);
    return n ? n : add(targets, 0, "opencl", true, false);
}

int test_cpu_targets(test_target *targets) {
    cg_device_info cpu;
    if (cg_device_describe(cg_device_count() - 1, &cpu) != CG_OK ||
        !wanted(&cpu, getenv("CLGRAD_TEST_PLATFORM")))
        return 0;
    return add(targets, add(targets, 0, cpu.id, true, true), cpu.id, false, true);
}

/*
 * oclgrind 21.10 takes the truth of a vector comparison for 255 where LLVM has made a zero extension of it
 * (an int4 x > 0 ? 1 : ... gives 255), so there kernels are built without optimisation.
 */
static void spare_oclgrind(void) {
    const char *platform = getenv("CLGRAD_TEST_PLATFORM");
    if (platform && !strcmp(platform, "oclgrind")) setenv("OCLGRIND_BUILD_OPTIONS", "-cl-opt-disable", 0);
}

cg_device *target_open(const test_target *target) {
    spare_oclgrind();
    setenv("CLGRAD_FUSE", target->fuse ? "1" : "0", 1);
    cg_device *dev = cg_device_open(target->device);
    CHECK_MSG(dev != NULL, "cg_device_open(%s): %s", target->device, cg_error_message(NULL));
    return dev;
}

cg_device *target_open_again(const cg_device *dev, bool fuse) {
    test_target target = {.fuse = fuse, .present = true};
    snprintf(target.device, sizeof target.device, "%s", cg_device_properties(dev)->id);
    return target_open(&target);
}

bool device_is_slow(const cg_device *dev) {
    return contains(cg_device_properties(dev)->platform, "oclgrind");
}

bool device_is_opencl(const cg_device *dev) { return strcmp(cg_device_properties(dev)->id, "cpu") != 0; }

bool device_has(const cg_device *dev, cg_dtype t) {
    return t != CG_F64 || cg_device_properties(dev)->has_f64;
}

uint64_t device_launches(const cg_device *dev) { return cg_device_statistics(dev).launches; }
uint64_t device_bytes(const cg_device *dev) { return cg_device_statistics(dev).bytes_in_use; }
