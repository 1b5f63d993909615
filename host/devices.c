/* The list of devices of all backends, and which of them is taken. */
#include "host/backend.h"

#include "core/env.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

static const cg_backend *const backends[] = {
#ifdef CG_WITH_OPENCL
    &cg_backend_opencl,
#endif
    &cg_backend_cpu,
};
enum { BACKENDS = sizeof backends / sizeof *backends };

bool cg_hw_locate(int index, const cg_backend **backend, int *local_index) {
    if (index == CG_HW_CPU) {
        *backend = &cg_backend_cpu;
        *local_index = 0;
        return true;
    }
    for (int b = 0; b < BACKENDS && index >= 0; b++) {
        const int n = backends[b]->count();
        if (index < n) {
            *backend = backends[b];
            *local_index = index;
            return true;
        }
        index -= n;
    }
    return false;
}

int cg_device_count(void) {
    int n = 0;
    for (int b = 0; b < BACKENDS; b++) n += backends[b]->count();
    return n;
}

cg_status cg_device_describe(int index, cg_device_info *info) {
    const cg_backend *backend;
    int local;
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    if (!info || index < 0 || !cg_hw_locate(index, &backend, &local))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "device_describe: device %d of %d", index, cg_device_count());
    backend->describe(local, info);
    return CG_OK;
}

const char *cg_work_name(cg_work work) {
    static const char *const names[] = {
#define CG_WORK_TEXT(name, text) text,
        CG_WORK_LIST(CG_WORK_TEXT)
#undef CG_WORK_TEXT
    };
    return (unsigned)work < CG_WORK_COUNT ? names[work] : "unknown";
}

const char *cg_opencl_reason(void) {
#ifdef CG_WITH_OPENCL
    return cg_backend_opencl.reason();
#else
    return "this library was built without OpenCL";
#endif
}

/* --- Choosing ------------------------------------------------------------------------------------------------ */

typedef bool device_test(const cg_device_info *info, const char *text);

static bool has_id(const cg_device_info *info, const char *text) { return strcasecmp(info->id, text) == 0; }

/* "opencl" for "opencl:0". */
static bool is_of_backend(const cg_device_info *info, const char *text) {
    const size_t n = strlen(text);
    return strncasecmp(info->id, text, n) == 0 && info->id[n] == ':';
}

static bool is_gpu(const cg_device_info *info, const char *text) {
    return strcasecmp(text, "gpu") == 0 && info->type == CG_DEVICE_GPU;
}

static bool name_contains(const cg_device_info *info, const char *text) {
    const size_t n = strlen(text);
    for (const char *at = info->name; *at; at++)
        if (strncasecmp(at, text, n) == 0) return true;
    return false;
}

/* OpenCL on a CPU is for those who ask for it. */
static bool is_accelerated(const cg_device_info *info, const char *text) {
    (void)text;
    return info->type != CG_DEVICE_CPU;
}

/* GPUs first, then accelerators, then CPUs. */
static int preference(cg_device_type type) {
    return type == CG_DEVICE_GPU ? 2 : type == CG_DEVICE_ACCELERATOR;
}

/* The best device that passes the test, usable ones only if asked: its place, or -1. How many pass, in *n. */
static int find_best(device_test *test, const char *text, bool usable, cg_device_info *best, int *n) {
    const int count = cg_device_count();
    int place = -1;
    *n = 0;
    for (int i = 0; i < count; i++) {
        cg_device_info info;
        if (cg_device_describe(i, &info) != CG_OK || (usable && !info.usable) || !test(&info, text)) continue;
        ++*n;
        if (place >= 0 && preference(info.type) <= preference(best->type)) continue;
        place = i;
        *best = info;
    }
    return place;
}

/* Appends to a text, cut off where there is no room. */
__attribute__((format(printf, 3, 4))) static void append(char *text, size_t bytes, const char *format, ...) {
    const size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, bytes - used, format, args);
    va_end(args);
}

/* "cpu (AMD EPYC), opencl:0 (name, not usable: reason)", and why there is no OpenCL device. */
static void list_devices(char *text, size_t bytes) {
    const int count = cg_device_count();
    text[0] = 0;
    for (int i = 0; i < count; i++) {
        cg_device_info info;
        if (cg_device_describe(i, &info) != CG_OK) continue;
        append(text, bytes, "%s%s (%s", i ? ", " : "", info.id, info.name);
        append(text, bytes, info.usable ? ")" : ", not usable: %s)", info.reason);
    }
    if (*cg_opencl_reason()) append(text, bytes, "; OpenCL: %s", cg_opencl_reason());
}

/* What the user named; `from` says where the name comes from. */
static int choose_named(const char *name, const char *from, char *why, size_t why_bytes, cg_error *err) {
    static device_test *const tests[] = {has_id, is_of_backend, is_gpu, name_contains};
    cg_device_info info;
    int n, place;
    snprintf(why, why_bytes, "asked for by %s%s", from, name);
    if (strcasecmp(name, "cpu") == 0) return CG_HW_CPU;
    for (size_t t = 0; t < sizeof tests / sizeof *tests; t++)
        if ((place = find_best(tests[t], name, true, &info, &n)) >= 0) return place;
    char list[512];
    list_devices(list, sizeof list);
    for (size_t t = 0; t < sizeof tests / sizeof *tests; t++)
        if (find_best(tests[t], name, false, &info, &n) >= 0) {
            CG_FAIL(err, CG_ERROR_NO_DEVICE, "device \"%s\" is not usable: %s; there is: %s", name,
                    info.reason, list);
            return -1;
        }
    CG_FAIL(err, CG_ERROR_NO_DEVICE, "no device \"%s\"; there is: %s", name, list);
    return -1;
}

static int choose_best(char *why, size_t why_bytes) {
    cg_device_info info;
    int n;
    const int place = find_best(is_accelerated, "", true, &info, &n);
    if (place < 0) {
        const char *reason = cg_opencl_reason();
        snprintf(why, why_bytes, "no GPU or accelerator%s%s", *reason ? ": " : "", reason);
        return CG_HW_CPU;
    }
    const char *kind = info.type == CG_DEVICE_GPU ? "GPU" : "accelerator";
    snprintf(why, why_bytes, n == 1 ? "the only %s" : "the first %s", kind);
    return place;
}

int cg_hw_choose(const char *name, char *why, size_t why_bytes, cg_error *err) {
    if (name && *name) return choose_named(name, "name: ", why, why_bytes, err);
    name = cg_env("CLGRAD_DEVICE");
    if (name) return choose_named(name, "CLGRAD_DEVICE=", why, why_bytes, err);
    return choose_best(why, why_bytes);
}
