/* Recorded launches where the driver makes command buffers, but takes none: they are enqueued one by one. */
#include "support/device_test.h"

#ifdef CG_WITH_OPENCL
#include "host/opencl/loader.h"

#include <CL/cl_ext.h>
#endif
#include <string.h>

#if defined CG_WITH_OPENCL && defined cl_khr_command_buffer
static __typeof__(clGetExtensionFunctionAddressForPlatform) *ask_driver;
static int refusals;

static cl_int CL_API_CALL refuse(cl_uint n, cl_command_queue *queue, cl_command_buffer_khr commands,
                                 cl_uint n_waits, const cl_event *wait, cl_event *event) {
    (void)n, (void)queue, (void)commands, (void)n_waits, (void)wait, (void)event;
    refusals++;
    return CL_OUT_OF_RESOURCES;
}

static void *CL_API_CALL find(cl_platform_id platform, const char *name) {
    void *call = ask_driver(platform, name);
    const clEnqueueCommandBufferKHR_fn own = refuse;
    if (call && strcmp(name, "clEnqueueCommandBufferKHR") == 0) memcpy(&call, &own, sizeof call);
    return call;
}

OPENCL_TEST(small_command_buffers, one_that_is_refused_is_replayed_launch_by_launch) {
    cg_cl_calls *calls = cg_cl_table();
    cg_tensor *x = cg_from_f32(dev, cg_shape(2), (const float[]){1, 2});
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_tensor *y = cg_eval(cg_mul(x, 3)), *z = cg_eval(cg_add(y, 1));
    cg_recording *r = cg_record_end(dev);
    CHECK(cg_copy_from_host(x, (const float[]){5, 6}, 2 * sizeof(float)) == CG_OK);
    ask_driver = calls->clGetExtensionFunctionAddressForPlatform;
    calls->clGetExtensionFunctionAddressForPlatform = find;
    refusals = 0;
    CHECK(cg_replay(r) == CG_OK && cg_replay(r) == CG_OK);
    calls->clGetExtensionFunctionAddressForPlatform = ask_driver;
    CHECK(refusals <= 1);
    check_equal(z, CG_F32, cg_shape(2), (long double[]){16, 19});
    cg_recording_free(r);
}
#endif
