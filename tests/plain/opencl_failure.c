/*
 * Every OpenCL call fails once, and from there on (SQLite's loop), with each of the usual codes in turn: an
 * error and no crash, and no OpenCL object left at the end. The library reaches OpenCL through one table of
 * calls, whose entries are replaced here.
 */
#ifdef CG_WITH_OPENCL
#include "host/opencl/loader.h"

#include "clgrad/clgrad.h"
#include "support/check.h"
#include "support/files.h"
#include "support/targets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static cg_cl_calls real; /* the table as it was */

static const cl_int codes[] = {
    CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_RESOURCES,      CL_OUT_OF_HOST_MEMORY,
    CL_DEVICE_NOT_AVAILABLE,          CL_BUILD_PROGRAM_FAILURE, CL_INVALID_CONTEXT};

static struct {
    long countdown;
    bool armed, sticky, fired;
    cl_int code;
    const char *call; /* which one failed first */
} fault;

/* Objects of each kind that are live. */
static struct { long context, queue, memory, program, kernel, event; } live;

static bool fails(const char *call) {
    if (!fault.armed) return false;
    if (fault.fired && fault.sticky) return true;
    if (--fault.countdown != 0) return false;
    fault.fired = true;
    fault.call = call;
    return true;
}

/* A call that returns a status. */
#define STATUS_CALL(name, parameters, arguments)                                                             \
    static cl_int CL_API_CALL fake_##name parameters {                                                       \
        return fails(#name) ? fault.code : real.name arguments;                                              \
    }

STATUS_CALL(clGetPlatformIDs, (cl_uint n, cl_platform_id *p, cl_uint *count), (n, p, count))
STATUS_CALL(clGetPlatformInfo, (cl_platform_id p, cl_platform_info i, size_t n, void *v, size_t *r),
            (p, i, n, v, r))
STATUS_CALL(clGetDeviceIDs, (cl_platform_id p, cl_device_type t, cl_uint n, cl_device_id *d, cl_uint *c),
            (p, t, n, d, c))
STATUS_CALL(clGetDeviceInfo, (cl_device_id d, cl_device_info i, size_t n, void *v, size_t *r),
            (d, i, n, v, r))
STATUS_CALL(clBuildProgram,
            (cl_program p, cl_uint n, const cl_device_id *d, const char *o,
             void(CL_CALLBACK *f)(cl_program, void *), void *u),
            (p, n, d, o, f, u))
STATUS_CALL(clGetProgramInfo, (cl_program p, cl_program_info i, size_t n, void *v, size_t *r),
            (p, i, n, v, r))
STATUS_CALL(clGetProgramBuildInfo,
            (cl_program p, cl_device_id d, cl_program_build_info i, size_t n, void *v, size_t *r),
            (p, d, i, n, v, r))
STATUS_CALL(clSetKernelArg, (cl_kernel k, cl_uint i, size_t n, const void *v), (k, i, n, v))
STATUS_CALL(clGetKernelWorkGroupInfo,
            (cl_kernel k, cl_device_id d, cl_kernel_work_group_info i, size_t n, void *v, size_t *r),
            (k, d, i, n, v, r))
static void *CL_API_CALL fake_clGetExtensionFunctionAddressForPlatform(cl_platform_id p, const char *name) {
    return real.clGetExtensionFunctionAddressForPlatform(p, name);
}
STATUS_CALL(clGetEventInfo, (cl_event e, cl_event_info i, size_t n, void *v, size_t *r), (e, i, n, v, r))
STATUS_CALL(clWaitForEvents, (cl_uint n, const cl_event *e), (n, e))
STATUS_CALL(clFlush, (cl_command_queue q), (q))
STATUS_CALL(clFinish, (cl_command_queue q), (q))

/* Calls that put work into a queue, and may give an event. */
static cl_int queued(cl_int status, const cl_event *event) {
    if (status == CL_SUCCESS && event) live.event++;
    return status;
}
#define QUEUE_CALL(name, parameters, arguments, event)                                                       \
    static cl_int CL_API_CALL fake_##name parameters {                                                       \
        return fails(#name) ? fault.code : queued(real.name arguments, event);                               \
    }
QUEUE_CALL(clEnqueueNDRangeKernel,
           (cl_command_queue q, cl_kernel k, cl_uint w, const size_t *o, const size_t *g, const size_t *l,
            cl_uint n, const cl_event *a, cl_event *e),
           (q, k, w, o, g, l, n, a, e), e)
QUEUE_CALL(clEnqueueReadBuffer,
           (cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t s, void *p, cl_uint n,
            const cl_event *a, cl_event *e),
           (q, m, b, o, s, p, n, a, e), e)
QUEUE_CALL(clEnqueueWriteBuffer,
           (cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t s, const void *p, cl_uint n,
            const cl_event *a, cl_event *e),
           (q, m, b, o, s, p, n, a, e), e)

/* Calls that create an object: the status goes out by a pointer. */
#define CREATE_CALL(type, name, kind, parameters, arguments)                                                 \
    static type CL_API_CALL fake_##name parameters {                                                         \
        if (fails(#name)) {                                                                                  \
            if (status) *status = fault.code;                                                                \
            return NULL;                                                                                     \
        }                                                                                                    \
        type object = real.name arguments;                                                                   \
        live.kind += object != NULL;                                                                         \
        return object;                                                                                       \
    }
CREATE_CALL(cl_context, clCreateContext, context,
            (const cl_context_properties *p, cl_uint n, const cl_device_id *d,
             void(CL_CALLBACK *f)(const char *, const void *, size_t, void *), void *u, cl_int *status),
            (p, n, d, f, u, status))
CREATE_CALL(cl_command_queue, clCreateCommandQueue, queue,
            (cl_context c, cl_device_id d, cl_command_queue_properties p, cl_int *status), (c, d, p, status))
CREATE_CALL(cl_mem, clCreateBuffer, memory, (cl_context c, cl_mem_flags f, size_t n, void *h, cl_int *status),
            (c, f, n, h, status))
CREATE_CALL(cl_program, clCreateProgramWithSource, program,
            (cl_context c, cl_uint n, const char **t, const size_t *l, cl_int *status), (c, n, t, l, status))
CREATE_CALL(cl_program, clCreateProgramWithBinary, program,
            (cl_context c, cl_uint n, const cl_device_id *d, const size_t *l, const unsigned char **b,
             cl_int *s, cl_int *status),
            (c, n, d, l, b, s, status))
CREATE_CALL(cl_kernel, clCreateKernel, kernel, (cl_program p, const char *n, cl_int *status), (p, n, status))

#define RELEASE_CALL(name, type, kind)                                                                       \
    static cl_int CL_API_CALL fake_##name(type object) {                                                     \
        live.kind--;                                                                                         \
        return real.name(object);                                                                            \
    }
RELEASE_CALL(clReleaseContext, cl_context, context)
RELEASE_CALL(clReleaseCommandQueue, cl_command_queue, queue)
RELEASE_CALL(clReleaseMemObject, cl_mem, memory)
RELEASE_CALL(clReleaseProgram, cl_program, program)
RELEASE_CALL(clReleaseKernel, cl_kernel, kernel)
RELEASE_CALL(clReleaseEvent, cl_event, event)

/* Every entry of the table; one that has no fake does not compile. */
static void replace_table(cg_cl_calls *table) {
    real = *table;
#define CG_CL_CALL(name) table->name = fake_##name;
#include "host/opencl/opencl_calls.def"
#undef CG_CL_CALL
}

/* --- what is run under failures ------------------------------------------------------------------------- */

static bool close_to(const cg_tensor *x, double want) {
    double v = 0;
    return x && cg_item(x, &v) == CG_OK && fabs(v - want) <= 1e-4 * fmax(1, fabs(want));
}

static cg_tensor *total(cg_tensor *x) { return cg_sum(x, CG_ALL_AXES, false); }

/* A little of everything: maps, reductions, products, random numbers, gather, order, a step of training. */
static bool scenario(cg_device *dev, const char **where) {
    static const float data[] = {1, 2, 3, 4, 5, 6};
    *where = "elementwise";
    cg_tensor *x = cg_from_f32(dev, cg_shape(2, 3), data);
    if (!close_to(total(cg_mul(cg_add(x, 1), cg_transpose(cg_reshape(x, cg_shape(3, 2)), 0, 1))), 107))
        return false;
    *where = "products";
    if (!close_to(total(cg_matmul(x, cg_transpose(x, 0, 1))), 155)) return false;
    *where = "random";
    if (!close_to(total(cg_uniform(dev, CG_F32, cg_shape(64), 2, 2)), 128)) return false;
    *where = "gather";
    cg_tensor *index = cg_from_i32(dev, cg_shape(2), (const int32_t[]){1, 1});
    if (!close_to(total(cg_index_select(x, 0, index)), 30)) return false;
    *where = "order";
    if (!close_to(total(cg_cumsum(cg_sort(cg_flatten(x, 0, 1), 0, true), 0)), 91)) return false;
    if (!close_to(total(cg_index_add(x, 0, index, x)), 42)) return false;
    *where = "training";
    cg_module *net = cg_linear_module(dev, 3, 2, CG_INIT_HE);
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){0});
    cg_tensor *loss = cg_cross_entropy(cg_forward(net, x), index, CG_MEAN);
    bool ok = adam && cg_backward(loss) == CG_OK && cg_optimizer_step(adam) == CG_OK &&
              cg_device_sync(dev) == CG_OK;
    cg_optimizer_free(adam);
    cg_module_free(net);
    return ok;
}

static bool all_released(void) {
    return CHECK_MSG(!live.context && !live.queue && !live.memory && !live.program && !live.kernel &&
                         !live.event,
                     "left: %ld contexts, %ld queues, %ld buffers, %ld programs, %ld kernels, %ld events",
                     live.context, live.queue, live.memory, live.program, live.kernel, live.event);
}

static bool is_failure_of_device(cg_status code) {
    return code == CG_ERROR_DEVICE || code == CG_ERROR_DEVICE_MEMORY || code == CG_ERROR_MEMORY ||
           code == CG_ERROR_BUILD || code == CG_ERROR_NO_DEVICE;
}

/* One fault; returns whether it came to pass. */
static bool run_fault(const char *id, long nth, bool sticky) {
    const char *where = "opening";
    memset(&fault, 0, sizeof fault);
    fault.countdown = nth;
    fault.sticky = sticky;
    fault.code = codes[nth % (long)(sizeof codes / sizeof *codes)];
    fault.armed = true;
    cg_device *dev = cg_device_open(id);
    bool ok = dev && scenario(dev, &where);
    check_case("call %ld%s: %s gives %d, in %s", nth, sticky ? " and all after it" : "",
               fault.call ? fault.call : "?", (int)fault.code, where);
    cg_status code = cg_error_code(dev);
    const char *message = cg_error_message(dev);
    CHECK_MSG(ok || fault.fired, "it fails without a fault: %s", message);
    CHECK_MSG(ok || (is_failure_of_device(code) && message[0]), "%s: '%s'", cg_status_name(code), message);
    cg_device_close(dev);
    fault.armed = false;
    all_released();
    memset(&live, 0, sizeof live);
    return fault.fired;
}

int main(void) {
    check_test("plain_opencl_failure");
    test_target targets[MAX_TARGETS];
    if (!test_opencl_targets(targets) || !targets[0].present) {
        printf("no OpenCL device\n");
        return 77;
    }
    const char *id = targets[0].device;
    setenv("CLGRAD_CACHE", test_path(""),
           1); /* each fault starts from built kernels; a refused one is built again */
    replace_table(cg_cl_table());
    run_fault(id, 1L << 40, false);
    long faults = 0, calls = 0;
    for (int sticky = 0; sticky < 2; sticky++)
        for (long nth = 1; run_fault(id, nth, sticky); nth++, faults++) calls = nth;
    *cg_cl_table() = real;
    remove_test_folder();
    scratch_free_all();
    printf("%s: %ld calls, %ld faults, %d failures\n", id, calls, faults, check_failures());
    return check_failures() != 0 || faults < 100;
}
#else
int main(void) { return 77; }
#endif
