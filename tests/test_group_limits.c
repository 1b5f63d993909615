/*
 * Launches that a driver refuses: for the size of a group, which a kernel may limit more than the device, and for memory,
 * which some hand out late.
 */
#include "support/device_test.h"

#ifdef CG_WITH_OPENCL
#include "host/opencl/loader.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT = 24, ROWS = 3, COLS = 70 };

static __typeof__(clGetKernelWorkGroupInfo) *ask_driver;
static __typeof__(clEnqueueNDRangeKernel) *launch;
static size_t largest; /* of the groups launched */
static bool limits;    /* the kernels that are made now */

static cl_int CL_API_CALL note_group(cl_command_queue queue, cl_kernel kernel, cl_uint dims,
                                     const size_t *offset, const size_t *global, const size_t *local,
                                     cl_uint n, const cl_event *wait, cl_event *event) {
    size_t items = 1;
    for (cl_uint d = 0; d < dims; d++) items *= local[d];
    if (items > largest) largest = items;
    return launch(queue, kernel, dims, offset, global, local, n, wait, event);
}

/* The driver's answer, but for the size of a group. */
static cl_int CL_API_CALL small_groups(cl_kernel kernel, cl_device_id device, cl_kernel_work_group_info what,
                                       size_t bytes, void *value, size_t *written) {
    const cl_int status = ask_driver(kernel, device, what, bytes, value, written);
    if (limits && status == CL_SUCCESS && what == CL_KERNEL_WORK_GROUP_SIZE && value)
        memcpy(value, &(size_t){LIMIT}, sizeof(size_t));
    return status;
}

/* Only the kind of work whose kernel refused gets smaller groups. */
OPENCL_TEST(small_groups, requests_obey_the_limit_of_a_kernel) {
    cg_cl_calls *calls = cg_cl_table();
    ask_driver = calls->clGetKernelWorkGroupInfo;
    launch = calls->clEnqueueNDRangeKernel;
    calls->clGetKernelWorkGroupInfo = small_groups;
    calls->clEnqueueNDRangeKernel = note_group;
    setenv("CLGRAD_CL_STYLE", "gpu", 1);
    cg_device *limited = target_open_again(dev, true);
    unsetenv("CLGRAD_CL_STYLE");
    float data[ROWS * COLS];
    for (int i = 0; i < ROWS * COLS; i++) data[i] = (float)(i % 13) - 6;
    cg_device *both[] = {dev, limited};
    cg_tensor *softmax[2], *sum[2];
    CHECK(cg_device_properties(limited)->max_work_group > LIMIT);
    for (int i = 0; i < 2; i++) {
        cg_tensor *x = cg_from_f32(both[i], cg_shape(ROWS, COLS), data);
        limits = i == 1;
        largest = 0;
        softmax[i] = cg_softmax(x, 1);
        CHECK(i == 0 || largest == 16);
        limits = false;
        largest = 0;
        sum[i] = cg_sum(cg_mul(x, x), cg_axes(1), false);
        CHECK(read_values(sum[i]) && (i == 0 || largest > LIMIT));
    }
    CHECK(cg_device_properties(limited)->max_work_group > LIMIT);
    limits = true;
    largest = 0;
    CHECK(read_values(cg_softmax(cg_from_f32(limited, cg_shape(ROWS, COLS), data), 1)) && largest == 16);
    check_within(softmax[1], CG_F32, cg_shape(ROWS, COLS), read_values(softmax[0]), 32, NULL);
    check_same_bits(sum[1], sum[0]); /* whole numbers */
    CHECK_MSG(cg_error_code(limited) == CG_OK, "%s", cg_error_message(limited));
    cg_device_close(limited);
    calls->clGetKernelWorkGroupInfo = ask_driver;
    calls->clEnqueueNDRangeKernel = launch;
}

static __typeof__(clCreateKernel) *create;

/* Limits conv_columns alone. */
static cl_kernel CL_API_CALL limit_columns(cl_program program, const char *name, cl_int *status) {
    limits = strcmp(name, "conv_columns") == 0;
    return create(program, name, status);
}

/* The products within a convolution keep the groups of the device, though its columns are made in smaller ones. */
OPENCL_TEST(small_groups, a_limit_does_not_reach_what_is_within) {
    cg_cl_calls *calls = cg_cl_table();
    ask_driver = calls->clGetKernelWorkGroupInfo;
    launch = calls->clEnqueueNDRangeKernel;
    create = calls->clCreateKernel;
    calls->clGetKernelWorkGroupInfo = small_groups;
    calls->clEnqueueNDRangeKernel = note_group;
    calls->clCreateKernel = limit_columns;
    setenv("CLGRAD_CL_STYLE", "gpu", 1);
    cg_device *limited = target_open_again(dev, true), *both[] = {dev, limited};
    unsetenv("CLGRAD_CL_STYLE");
    cg_tensor *y[2];
    for (int i = 0; i < 2; i++) {
        cg_tensor *x = cg_reshape(cg_arange(both[i], CG_F32, 0, 2 * 4 * 64, 1), cg_shape(2, 4, 8, 8));
        cg_tensor *w = cg_ones(both[i], CG_F32, cg_shape(16, 4, 3, 3));
        CHECK(read_values(x) && read_values(w));
        largest = 0;
        y[i] = cg_conv2d(x, w, NULL, (cg_conv_options){.padding = {1, 1}});
    }
    CHECK_MSG(largest > LIMIT, "%zu", largest);
    CHECK(cg_device_properties(limited)->max_work_group > LIMIT);
    check_same_bits(y[1], y[0]); /* whole numbers */
    CHECK_MSG(cg_error_code(limited) == CG_OK, "%s", cg_error_message(limited));
    cg_device_close(limited);
    calls->clGetKernelWorkGroupInfo = ask_driver;
    calls->clEnqueueNDRangeKernel = launch;
    calls->clCreateKernel = create;
    limits = false;
}

static int refusals; /* still to come */

static cl_int CL_API_CALL refuse(cl_command_queue queue, cl_kernel kernel, cl_uint dims, const size_t *offset,
                                 const size_t *global, const size_t *local, cl_uint n, const cl_event *wait,
                                 cl_event *event) {
    if (refusals-- > 0) return CL_MEM_OBJECT_ALLOCATION_FAILURE;
    return launch(queue, kernel, dims, offset, global, local, n, wait, event);
}

static __typeof__(clEnqueueWriteBuffer) *write_buffer;
static cl_bool waited; /* the last of the writes */

static cl_int CL_API_CALL refuse_write(cl_command_queue queue, cl_mem memory, cl_bool waits, size_t offset,
                                       size_t bytes, const void *from, cl_uint n, const cl_event *wait,
                                       cl_event *event) {
    waited = waits;
    if (refusals-- > 0) return CL_OUT_OF_RESOURCES;
    return write_buffer(queue, memory, waits, offset, bytes, from, n, wait, event);
}

/* Uploads get it too: at once where the device has nothing to do, by way of a copy where it has. */
OPENCL_TEST(small_groups, memory_that_comes_late_to_an_upload) {
    enum { FEW = 3 };
    cg_cl_calls *calls = cg_cl_table();
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(ROWS, COLS)), *y = NULL;
    write_buffer = calls->clEnqueueWriteBuffer;
    calls->clEnqueueWriteBuffer = refuse_write;
    for (int busy = 0; busy < 2; busy++) {
        check_case(busy ? "busy" : "idle");
        cg_scope *scope = cg_scope_begin(dev); /* leaves memory in the pool */
        CHECK(read_values(cg_softmax(x, 1)));
        cg_scope_end(scope);
        cg_tensor *work = busy ? cg_sum(cg_softmax(x, 1), cg_axes(1), false) : NULL;
        scope = cg_scope_begin(dev);
        if (busy) cg_softmax(x, 1);
        cg_scope_end(scope);
        refusals = 1;
        y = cg_from_f32(dev, cg_shape(FEW), (const float[]){1, 2, 3});
        CHECK(refusals < 1 && waited == !busy);
        check_equal(y, CG_F32, cg_shape(FEW), (long double[]){1, 2, 3});
        CHECK(!busy || read_values(work));
    }
    check_case("nothing to give back");
    cg_device_trim(dev);
    refusals = 2;
    CHECK(cg_from_f32(dev, cg_shape(FEW), (const float[]){1, 2, 3}) == NULL);
    check_error(dev, CG_ERROR_DEVICE_MEMORY, "upload", "clEnqueueWriteBuffer", NULL);
    calls->clEnqueueWriteBuffer = write_buffer;
}

OPENCL_TEST(small_groups, memory_that_comes_late) {
    cg_cl_calls *calls = cg_cl_table();
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(ROWS, COLS)), *sum = NULL;
    CHECK(read_values(x));
    cg_scope *scope = cg_scope_begin(dev); /* leaves memory in the pool */
    CHECK(read_values(cg_softmax(x, 1)));
    cg_scope_end(scope);
    CHECK(cg_device_statistics(dev).bytes_reserved > cg_device_statistics(dev).bytes_in_use);
    launch = calls->clEnqueueNDRangeKernel;
    calls->clEnqueueNDRangeKernel = refuse;
    check_case("given back");
    refusals = 1;
    sum = cg_sum(x, CG_ALL_AXES, false);
    double total = 0;
    CHECK(refusals < 1 && cg_item(sum, &total) == CG_OK && total == ROWS * COLS);
    check_case("nothing to give back");
    cg_device_trim(dev);
    refusals = 2;
    CHECK(cg_softmax(x, 1) == NULL);
    CHECK_MSG(refusals == 1, "%d", refusals);
    check_error(dev, CG_ERROR_DEVICE_MEMORY, "softmax", "clEnqueueNDRangeKernel", NULL);
    calls->clEnqueueNDRangeKernel = launch;
}
#endif
