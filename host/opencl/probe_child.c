#define _GNU_SOURCE
#include "host/opencl/probe_child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MAX_PLATFORMS = 16, MAX_DEVICES = 16, N_VALUES = 64 };

/* b = 2 a + 1, through local memory, so that a group with a barrier is tried too; the same in doubles. */
static const char probe_source[] =
    "__kernel void probe(__global const float *a, __global float *b, __local float *l) {\n"
    "    int i = get_global_id(0), k = get_local_id(0);\n"
    "    l[k] = a[i];\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    b[i] = 2.0f * l[k] + 1.0f;\n"
    "}\n"
    "#ifdef cl_khr_fp64\n"
    "#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n"
    "__kernel void probe_f64(__global const float *a, __global float *b, __local float *l) {\n"
    "    int i = get_global_id(0);\n"
    "    double x = a[i] + 1.0e-12;\n"
    "    b[i] = (float)((x - a[i]) * 1.0e12) > 0.9f ? 2.0f * a[i] + 1.0f : 0.0f;\n"
    "}\n"
    "#endif\n";

typedef struct trial {
    const cg_cl_calls *cl;
    cl_platform_id platform;
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
    cl_program program;
    cl_mem in, out;
    const char *failed; /* the call that failed, NULL so far */
    cl_int status;
} trial;

static void send_message(int fd, cg_probe_kind kind, const cg_probed *found) {
    cg_probe_message message;
    memset(&message, 0, sizeof message);
    message.kind = kind;
    if (found) message.found = *found;
    for (size_t done = 0; done < sizeof message;) {
        ssize_t n = write(fd, (const char *)&message + done, sizeof message - done);
        if (n <= 0) _exit(1);
        done += (size_t)n;
    }
}

/* Notes the first failure; returns whether all is well. */
static bool went_well(trial *t, cl_int status, const char *call) {
    if (!t->failed && status != CL_SUCCESS) {
        t->failed = call;
        t->status = status;
    }
    return !t->failed;
}

static void set_up(trial *t, float *values) {
    const cg_cl_calls *cl = t->cl;
    cl_int status;
    const char *source = probe_source;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)t->platform, 0};
    t->context = cl->clCreateContext(properties, 1, &t->device, NULL, NULL, &status);
    if (!went_well(t, status, "clCreateContext")) return;
    t->queue = cl->clCreateCommandQueue(t->context, t->device, 0, &status);
    if (!went_well(t, status, "clCreateCommandQueue")) return;
    t->program = cl->clCreateProgramWithSource(t->context, 1, &source, NULL, &status);
    if (!went_well(t, status, "clCreateProgramWithSource")) return;
    if (!went_well(t, cl->clBuildProgram(t->program, 1, &t->device, "-cl-std=CL1.2 -w", NULL, NULL),
                   "clBuildProgram"))
        return;
    size_t bytes = N_VALUES * sizeof *values;
    t->in = cl->clCreateBuffer(t->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, bytes, values, &status);
    if (!went_well(t, status, "clCreateBuffer")) return;
    t->out = cl->clCreateBuffer(t->context, CL_MEM_READ_WRITE, bytes, NULL, &status);
    went_well(t, status, "clCreateBuffer");
}

/* Runs one kernel of the program and compares; false with t->failed set, or with a wrong result. */
static bool run_kernel(trial *t, const char *name, const float *values) {
    const cg_cl_calls *cl = t->cl;
    cl_int status;
    float result[N_VALUES] = {0};
    size_t global = N_VALUES, local = N_VALUES / 4;
    cl_kernel kernel = cl->clCreateKernel(t->program, name, &status);
    if (!went_well(t, status, "clCreateKernel")) return false;
    went_well(t, cl->clSetKernelArg(kernel, 0, sizeof t->in, &t->in), "clSetKernelArg");
    went_well(t, cl->clSetKernelArg(kernel, 1, sizeof t->out, &t->out), "clSetKernelArg");
    went_well(t, cl->clSetKernelArg(kernel, 2, local * sizeof(float), NULL), "clSetKernelArg");
    if (!t->failed)
        went_well(t, cl->clEnqueueNDRangeKernel(t->queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL),
                  "clEnqueueNDRangeKernel");
    if (!t->failed)
        went_well(t,
                  cl->clEnqueueReadBuffer(t->queue, t->out, CL_TRUE, 0, sizeof result, result, 0, NULL, NULL),
                  "clEnqueueReadBuffer");
    for (int i = 0; i < N_VALUES && !t->failed; i++)
        if (result[i] != 2.0f * values[i] + 1.0f) return false;
    return !t->failed;
}

static void try_device(const cg_cl_calls *cl, cl_platform_id platform, cl_device_id device,
                       cg_probed *found) {
    trial t = {.cl = cl, .platform = platform, .device = device};
    float values[N_VALUES];
    for (int i = 0; i < N_VALUES; i++) values[i] = (float)(i * i) - 100.0f;
    set_up(&t, values);
    found->works = !t.failed && run_kernel(&t, "probe", values);
    if (t.failed)
        snprintf(found->reason, sizeof found->reason, "%s: %s (%d) in the probe", t.failed,
                 cg_cl_error_name(t.status), (int)t.status);
    else if (!found->works)
        snprintf(found->reason, sizeof found->reason, "gave a wrong result in the probe");
    found->works_f64 = found->works && run_kernel(&t, "probe_f64", values);
}

static void try_platform(const cg_cl_calls *cl, cl_platform_id platform, int number, const cg_probe *known,
                         int fd) {
    cg_probed found = {.platform = number, .device = -1};
    if (cg_probe_find(known, number, -1)) return;
    cl_device_id device[MAX_DEVICES];
    cl_uint n = 0;
    send_message(fd, CG_PROBE_TRYING, &found);
    cl_int status = cl->clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, MAX_DEVICES, device, &n);
    if (status != CL_SUCCESS && status != CL_DEVICE_NOT_FOUND) {
        snprintf(found.reason, sizeof found.reason, "clGetDeviceIDs: %s (%d)", cg_cl_error_name(status),
                 (int)status);
        send_message(fd, CG_PROBE_RESULT, &found);
        return;
    }
    if (status == CL_DEVICE_NOT_FOUND) n = 0;
    for (cl_uint d = 0; d < n && d < MAX_DEVICES; d++) {
        found = (cg_probed){.platform = number, .device = (int)d};
        if (cg_probe_find(known, number, (int)d)) continue;
        send_message(fd, CG_PROBE_TRYING, &found);
        try_device(cl, platform, device[d], &found);
        send_message(fd, CG_PROBE_RESULT, &found);
    }
}

/* Drivers may print, crash and leave core files: not in the name of this library. */
static void quieten(void) {
    static const int fatal[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGPIPE, SIGTERM};
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++) signal(fatal[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    int null = open("/dev/null", O_RDWR);
    if (null < 0) return;
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
}

_Noreturn void cg_probe_child(const cg_cl_calls *cl, const cg_probe *known, int fd) {
    quieten();
    cl_platform_id platform[MAX_PLATFORMS];
    cl_uint n = 0;
    cl_int status = cl->clGetPlatformIDs(MAX_PLATFORMS, platform, &n);
    if (status != CL_SUCCESS || n == 0) {
        cg_probed found = {.device = -1};
        snprintf(found.reason, sizeof found.reason, "no OpenCL platform (clGetPlatformIDs: %d)", (int)status);
        send_message(fd, CG_PROBE_FAILED, &found);
        send_message(fd, CG_PROBE_END, NULL);
        _exit(0);
    }
    send_message(fd, CG_PROBE_LISTED, NULL);
    for (cl_uint p = 0; p < n && p < MAX_PLATFORMS; p++) try_platform(cl, platform[p], (int)p, known, fd);
    send_message(fd, CG_PROBE_END, NULL);
    _exit(0);
}
