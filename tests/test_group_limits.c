/* Kernels that take fewer work-items in a group than their device: their requests are done in smaller groups. */
#include "support/device_test.h"

#ifdef CG_WITH_OPENCL
#include "host/opencl/loader.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT = 24, ROWS = 3, COLS = 70 };

static __typeof__(clGetKernelWorkGroupInfo) *ask_driver;

/* The driver's answer, but for the size of a group. */
static cl_int CL_API_CALL small_groups(cl_kernel kernel, cl_device_id device, cl_kernel_work_group_info what,
                                       size_t bytes, void *value, size_t *written) {
    const cl_int status = ask_driver(kernel, device, what, bytes, value, written);
    if (status == CL_SUCCESS && what == CL_KERNEL_WORK_GROUP_SIZE && value)
        memcpy(value, &(size_t){LIMIT}, sizeof(size_t));
    return status;
}

OPENCL_TEST(small_groups, requests_obey_the_limit_of_a_kernel) {
    cg_cl_calls *calls = cg_cl_table();
    ask_driver = calls->clGetKernelWorkGroupInfo;
    calls->clGetKernelWorkGroupInfo = small_groups;
    setenv("CLGRAD_CL_STYLE", "gpu", 1);
    cg_device *limited = target_open_again(dev, true);
    unsetenv("CLGRAD_CL_STYLE");
    float data[ROWS * COLS];
    for (int i = 0; i < ROWS * COLS; i++) data[i] = (float)(i % 13) - 6;
    cg_device *both[] = {limited, dev};
    cg_tensor *softmax[2], *sum[2];
    CHECK(cg_device_properties(limited)->max_work_group > LIMIT);
    for (int i = 0; i < 2; i++) {
        cg_tensor *x = cg_from_f32(both[i], cg_shape(ROWS, COLS), data);
        softmax[i] = cg_softmax(x, 1);
        sum[i] = cg_sum(cg_mul(x, x), cg_axes(1), false);
    }
    CHECK(cg_device_properties(limited)->max_work_group == 16);
    check_within(softmax[0], CG_F32, cg_shape(ROWS, COLS), read_values(softmax[1]), 32, NULL);
    check_same_bits(sum[0], sum[1]); /* whole numbers */
    CHECK_MSG(cg_error_code(limited) == CG_OK, "%s", cg_error_message(limited));
    cg_device_close(limited);
    calls->clGetKernelWorkGroupInfo = ask_driver;
}
#endif
