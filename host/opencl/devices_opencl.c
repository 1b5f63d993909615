/* The OpenCL devices of this process: listed once, after a probe; opened and closed. */
#define _GNU_SOURCE
#include "host/opencl/opencl.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/env.h"
#include "host/opencl/probe_opencl.h"

enum { MAX_PLATFORMS = 16, MAX_DEVICES = 16, MAX_LISTED = CG_PROBE_MAX, EXTENSION_BYTES = 8192 };

typedef struct listed_device {
    cl_platform_id platform;
    cl_device_id device;
    cg_device_info info;
    char platform_version[128];
    size_t max_parameter_bytes;
    bool rounds_divide; /* has -cl-fp32-correctly-rounded-divide-sqrt */
    bool has_command_buffer;
} listed_device;

static struct {
    cg_cl_calls *cl;
    int n;
    listed_device device[MAX_LISTED];
    char reason[512]; /* "" if n > 0 */
    bool forked;      /* this is a child of a process that had used OpenCL: drivers hang there */
} devices;

static pthread_once_t list_once = PTHREAD_ONCE_INIT;

static void note_fork(void) { devices.forked = true; }

static const char forked_reason[] = "this process was forked from one that had used OpenCL";

cg_status cg_cl_check_fork(cg_hw_opencl *hw, const char *operation) {
    if (!devices.forked) return CG_OK;
    return CG_FAIL(hw->base.err, CG_ERROR_DEVICE, "%s: %s", operation, forked_reason);
}

static void text_of_device(cl_device_id device, cl_device_info what, char *text, size_t room) {
    char *start = text;
    if (devices.cl->clGetDeviceInfo(device, what, room, text, NULL) != CL_SUCCESS) text[0] = 0;
    text[room - 1] = 0;
    while (*start == ' ') start++;
    memmove(text, start, strlen(start) + 1);
}

static uint64_t number_of_device(cl_device_id device, cl_device_info what, size_t bytes) {
    uint64_t value = 0; /* little endian: a narrower number fills the low bytes */
    return devices.cl->clGetDeviceInfo(device, what, bytes, &value, NULL) == CL_SUCCESS ? value : 0;
}

/* Whether a name stands in the device's list of extensions as a whole word. */
static bool has_extension(cl_device_id device, const char *name) {
    char list[EXTENSION_BYTES];
    text_of_device(device, CL_DEVICE_EXTENSIONS, list, sizeof list);
    size_t n = strlen(name);
    for (const char *p = list; (p = strstr(p, name)); p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == 0)) return true;
    return false;
}

static cg_device_type type_of_device(cl_device_id device) {
    uint64_t type = number_of_device(device, CL_DEVICE_TYPE, sizeof(cl_device_type));
    return type & CL_DEVICE_TYPE_GPU   ? CG_DEVICE_GPU
           : type & CL_DEVICE_TYPE_CPU ? CG_DEVICE_CPU
                                       : CG_DEVICE_ACCELERATOR;
}

/* "OpenCL 1.1 ..." and older cannot run these kernels. */
static bool is_old(cl_device_id device) {
    char version[128];
    text_of_device(device, CL_DEVICE_VERSION, version, sizeof version);
    return strncmp(version, "OpenCL 1.0", 10) == 0 || strncmp(version, "OpenCL 1.1", 10) == 0;
}

static void judge(listed_device *d, const cg_probed *probed) {
    cg_device_info *info = &d->info;
    if (!number_of_device(d->device, CL_DEVICE_AVAILABLE, sizeof(cl_bool)))
        snprintf(info->reason, sizeof info->reason, "the driver calls the device not available");
    else if (!number_of_device(d->device, CL_DEVICE_COMPILER_AVAILABLE, sizeof(cl_bool)))
        snprintf(info->reason, sizeof info->reason, "the driver has no compiler");
    else if (!number_of_device(d->device, CL_DEVICE_ENDIAN_LITTLE, sizeof(cl_bool)))
        snprintf(info->reason, sizeof info->reason, "the device is big-endian");
    else if (is_old(d->device))
        snprintf(info->reason, sizeof info->reason, "the device has no OpenCL 1.2");
    else if (!probed)
        snprintf(info->reason, sizeof info->reason, "the device was not there in the probe");
    else
        snprintf(info->reason, sizeof info->reason, "%s", probed->reason);
    info->usable = !info->reason[0];
}

/* Whether there are command buffers that may be enqueued again while they run. */
static bool replays_commands(cl_device_id device) {
    enum { CAPABILITIES = 0x12A9, SIMULTANEOUS_USE = 1 << 2 }; /* of cl_khr_command_buffer, in cl_ext.h */
    return has_extension(device, "cl_khr_command_buffer") &&
           (number_of_device(device, CAPABILITIES, sizeof(cl_bitfield)) & SIMULTANEOUS_USE) != 0;
}

static void list_device(cl_platform_id platform, cl_device_id device, const cg_probed *probed) {
    listed_device *d = &devices.device[devices.n];
    cg_device_info *info = &d->info;
    d->platform = platform;
    d->device = device;
    snprintf(info->id, sizeof info->id, "opencl:%d", devices.n);
    text_of_device(device, CL_DEVICE_NAME, info->name, sizeof info->name);
    text_of_device(device, CL_DEVICE_VENDOR, info->vendor, sizeof info->vendor);
    text_of_device(device, CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    devices.cl->clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof info->platform, info->platform, NULL);
    devices.cl->clGetPlatformInfo(platform, CL_PLATFORM_VERSION, sizeof d->platform_version,
                                  d->platform_version, NULL);
    info->platform[sizeof info->platform - 1] = d->platform_version[sizeof d->platform_version - 1] = 0;
    info->type = type_of_device(device);
    info->compute_units = (int)number_of_device(device, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(cl_uint));
    info->memory_bytes = number_of_device(device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(cl_ulong));
    info->max_buffer_bytes = number_of_device(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(cl_ulong));
    info->local_bytes = number_of_device(device, CL_DEVICE_LOCAL_MEM_SIZE, sizeof(cl_ulong));
    info->max_work_group = (size_t)number_of_device(device, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof(size_t));
    info->has_f64 = probed && probed->works_f64 && has_extension(device, "cl_khr_fp64");
    info->has_f16 = has_extension(device, "cl_khr_fp16");
    d->max_parameter_bytes = (size_t)number_of_device(device, CL_DEVICE_MAX_PARAMETER_SIZE, sizeof(size_t));
    d->rounds_divide = (number_of_device(device, CL_DEVICE_SINGLE_FP_CONFIG, sizeof(cl_device_fp_config)) &
                        CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0;
    d->has_command_buffer = replays_commands(d->device);
    judge(d, probed);
    devices.n++;
}

static void list_platform(cl_platform_id platform, int number, const cg_probe *probe) {
    const cg_probed *broken = cg_probe_find(probe, number, -1);
    cl_device_id device[MAX_DEVICES];
    cl_uint n = 0;
    if (broken) {
        snprintf(devices.reason, sizeof devices.reason, "platform %d: %s", number, broken->reason);
        return;
    }
    cl_int status = devices.cl->clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, MAX_DEVICES, device, &n);
    if (status != CL_SUCCESS) {
        char name[128] = "";
        devices.cl->clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof name, name, NULL);
        name[sizeof name - 1] = 0;
        snprintf(devices.reason, sizeof devices.reason, "driver without devices: %s (clGetDeviceIDs: %d)",
                 name, (int)status);
        return;
    }
    for (cl_uint d = 0; d < n && d < MAX_DEVICES && devices.n < MAX_LISTED; d++)
        list_device(platform, device[d], cg_probe_find(probe, number, (int)d));
}

static void list_devices(void) {
    cg_probe probe;
    devices.cl = cg_cl_table();
    if (!devices.cl) {
        snprintf(devices.reason, sizeof devices.reason, "%s", cg_cl_loader_reason());
        return;
    }
    cg_probe_run(devices.cl, &probe);
    if (!probe.listed) {
        snprintf(devices.reason, sizeof devices.reason, "%s", probe.reason);
        return;
    }
    pthread_atfork(NULL, NULL, note_fork);
    cl_platform_id platform[MAX_PLATFORMS];
    cl_uint n = 0;
    cl_int status = devices.cl->clGetPlatformIDs(MAX_PLATFORMS, platform, &n);
    if (status != CL_SUCCESS || n == 0)
        snprintf(devices.reason, sizeof devices.reason, "no OpenCL platform (clGetPlatformIDs: %d)",
                 (int)status);
    for (cl_uint p = 0; status == CL_SUCCESS && p < n && p < MAX_PLATFORMS; p++)
        list_platform(platform[p], (int)p, &probe);
    if (devices.n > 0) devices.reason[0] = 0;
}

int cg_cl_count(void) {
    pthread_once(&list_once, list_devices);
    return devices.n;
}

const char *cg_cl_reason(void) {
    pthread_once(&list_once, list_devices);
    return devices.reason;
}

void cg_cl_describe(int index, cg_device_info *info) {
    pthread_once(&list_once, list_devices);
    *info = devices.device[index].info;
    if (!devices.forked) return;
    info->usable = false;
    snprintf(info->reason, sizeof info->reason, "%s", forked_reason);
}

static bool chosen_style(const cg_device_info *info) {
    const char *style = cg_env("CLGRAD_CL_STYLE");
    if (style && strcmp(style, "gpu") == 0) return false;
    if (style && strcmp(style, "cpu") == 0) return true;
    return info->type == CG_DEVICE_CPU;
}

/* Context, queue, memory; what was made so far stays for cg_cl_close. */
static cg_status set_up(cg_hw_opencl *hw) {
    cl_int status;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)hw->platform, 0};
    hw->context = hw->cl->clCreateContext(properties, 1, &hw->device, NULL, NULL, &status);
    if (!hw->context) return cg_cl_fail(hw, status, "device_open", "clCreateContext");
    hw->queue = hw->cl->clCreateCommandQueue(hw->context, hw->device, 0, &status);
    if (!hw->queue) return cg_cl_fail(hw, status, "device_open", "clCreateCommandQueue");
    return cg_cl_memory_open(hw);
}

cg_hw *cg_cl_open(int index, cg_error *err) {
    pthread_once(&list_once, list_devices);
    cg_device_info info;
    cg_cl_describe(index, &info);
    if (!info.usable) {
        CG_FAIL(err, CG_ERROR_NO_DEVICE, "device_open: %s (%s) is not usable: %s", info.id, info.name,
                info.reason);
        return NULL;
    }
    const listed_device *d = &devices.device[index];
    cg_hw_opencl *hw = calloc(1, sizeof *hw);
    if (!hw) {
        CG_FAIL(err, CG_ERROR_MEMORY, "device_open: no memory for %s", info.id);
        return NULL;
    }
    hw->base = (cg_hw){.backend = &cg_backend_opencl, .info = info, .err = err};
    hw->cl = devices.cl;
    hw->platform = d->platform;
    hw->device = d->device;
    memcpy(hw->platform_version, d->platform_version, sizeof hw->platform_version);
    hw->most_in_group = info.max_work_group;
    hw->max_parameter_bytes = d->max_parameter_bytes;
    hw->has_command_buffer = d->has_command_buffer;
    hw->build_options =
        d->rounds_divide ? "-cl-std=CL1.2 -w -cl-fp32-correctly-rounded-divide-sqrt" : "-cl-std=CL1.2 -w";
    hw->cpu_style = chosen_style(&info);
    hw->matrix_units = cg_mma_present(hw);
    if (set_up(hw) == CG_OK) return &hw->base;
    cg_cl_close(&hw->base);
    return NULL;
}

void cg_cl_close(cg_hw *base) {
    if (!base || devices.forked)
        return; /* the driver's threads are not in this child: leave all to the parent */
    cg_hw_opencl *hw = cg_cl(base);
    if (hw->queue) hw->cl->clFinish(hw->queue);
    cg_cl_release_kernels(hw);
    cg_matmul_choice_free(hw);
    cg_cl_memory_close(hw);
    if (hw->queue) hw->cl->clReleaseCommandQueue(hw->queue);
    if (hw->context) hw->cl->clReleaseContext(hw->context);
    free(hw);
}
