/* Launches that are kept with their arguments and done again: as a command buffer where the driver has them. */
#include "host/opencl/opencl.h"

#include <CL/cl_ext.h>
#include <stdlib.h>
#include <string.h>

#include "core/env.h"
#include "host/recorded_work.h"

typedef struct kept_launch {
    cl_kernel kernel; /* its own, so that its arguments stay */
    cl_uint dims;
    size_t global[3], local[3];
} kept_launch;

struct cg_launches {
    kept_launch *launch;
    int n, room;
    int begin;     /* of those of the request at hand */
    bool foreign;  /* it did something that is no launch */
    bool finished; /* the command buffer was tried */
    void *commands;
};

/* --- keeping ----------------------------------------------------------------------------------------------------- */

cg_launches *cg_cl_launches_new(cg_hw *base) {
    cg_launches *l = calloc(1, sizeof *l);
    if (!l) CG_FAIL(base->err, CG_ERROR_MEMORY, "record: out of host memory");
    return l;
}

void cg_cl_launches_keep(cg_hw *base, cg_launches *l) {
    l->begin = l->n;
    l->foreign = false;
    cg_cl(base)->keeping = l;
}

bool cg_cl_launches_keep_end(cg_hw *base) {
    cg_hw_opencl *hw = cg_cl(base);
    cg_launches *l = hw->keeping;
    hw->keeping = NULL;
    for (int i = l->begin; i < l->n; i++) l->foreign = l->foreign || !l->launch[i].dims; /* it was refused */
    if (!l->foreign) return true;
    while (l->n > l->begin) hw->cl->clReleaseKernel(l->launch[--l->n].kernel);
    return false;
}

void cg_cl_keep_nothing(cg_hw_opencl *hw) {
    if (hw->keeping) hw->keeping->foreign = true;
}

cl_kernel cg_cl_keep_kernel(cg_hw_opencl *hw, cl_kernel kernel) {
    cg_launches *l = hw->keeping;
    if (l->n == l->room) {
        const int room = l->room ? 2 * l->room : 32;
        kept_launch *grown = realloc(l->launch, (size_t)room * sizeof *grown);
        if (!grown) {
            l->foreign = true;
            return kernel;
        }
        l->launch = grown;
        l->room = room;
    }
    cl_kernel own = cg_cl_kernel_again(hw, kernel);
    if (!own) {
        l->foreign = true;
        return kernel;
    }
    l->launch[l->n++] = (kept_launch){.kernel = own};
    return own;
}

void cg_cl_keep_launch(cg_hw_opencl *hw, cl_kernel kernel, int dims, const size_t *global,
                       const size_t *local) {
    cg_launches *l = hw->keeping;
    kept_launch *own = NULL;
    for (int i = l->begin; i < l->n; i++)
        if (l->launch[i].kernel == kernel) own = &l->launch[i];
    if (!own || own->dims) { /* the arguments of the first launch are gone, or were never its own */
        l->foreign = true;
        return;
    }
    own->dims = (cl_uint)dims;
    for (int d = 0; d < dims; d++) {
        own->global[d] = global[d];
        own->local[d] = local[d];
    }
}

/* --- command buffers ------------------------------------------------------------------------------------------------ */

#ifdef cl_khr_command_buffer
typedef struct command_calls {
    clCreateCommandBufferKHR_fn create;
    clCommandNDRangeKernelKHR_fn append;
    clFinalizeCommandBufferKHR_fn finalize;
    clEnqueueCommandBufferKHR_fn enqueue;
    clReleaseCommandBufferKHR_fn release;
} command_calls;

/* POSIX lets a void * hold a function; C has no conversion for it, so the bytes are copied. */
static bool find_call(const cg_hw_opencl *hw, const char *name, void *call) {
    void *address = hw->cl->clGetExtensionFunctionAddressForPlatform(hw->platform, name);
    memcpy(call, &address, sizeof address);
    return address != NULL;
}

static bool find_calls(const cg_hw_opencl *hw, command_calls *c) {
    return hw->has_command_buffer && find_call(hw, "clCreateCommandBufferKHR", &c->create) &&
           find_call(hw, "clCommandNDRangeKernelKHR", &c->append) &&
           find_call(hw, "clFinalizeCommandBufferKHR", &c->finalize) &&
           find_call(hw, "clEnqueueCommandBufferKHR", &c->enqueue) &&
           find_call(hw, "clReleaseCommandBufferKHR", &c->release);
}

/* A command buffer that may be given again while it runs; NULL if the driver has none, or refuses it. */
static void *make_commands(cg_hw_opencl *hw, const cg_launches *l) {
    command_calls c;
    const cl_command_buffer_properties_khr properties[] = {CL_COMMAND_BUFFER_FLAGS_KHR,
                                                           CL_COMMAND_BUFFER_SIMULTANEOUS_USE_KHR, 0};
    if (!find_calls(hw, &c)) return NULL;
    cl_int status;
    cl_command_buffer_khr commands = c.create(1, &hw->queue, properties, &status);
    if (!commands) return NULL;
    for (int i = 0; i < l->n && status == CL_SUCCESS; i++) {
        const kept_launch *k = &l->launch[i];
        status = c.append(commands, NULL, NULL, k->kernel, k->dims, NULL, k->global, k->local, 0, NULL, NULL,
                          NULL);
    }
    if (status == CL_SUCCESS) status = c.finalize(commands);
    if (status == CL_SUCCESS) return commands;
    c.release(commands);
    return NULL;
}

static cl_int enqueue_commands(cg_hw_opencl *hw, void *commands) {
    command_calls c;
    return find_calls(hw, &c) ? c.enqueue(1, &hw->queue, commands, 0, NULL, NULL) : CL_INVALID_OPERATION;
}

static void release_commands(cg_hw_opencl *hw, void *commands) {
    command_calls c;
    if (commands && find_calls(hw, &c)) c.release(commands);
}
#else
static void *make_commands(cg_hw_opencl *hw, const cg_launches *l) {
    (void)hw, (void)l;
    return NULL;
}

static cl_int enqueue_commands(cg_hw_opencl *hw, void *commands) {
    (void)hw, (void)commands;
    return CL_INVALID_OPERATION;
}

static void release_commands(cg_hw_opencl *hw, void *commands) { (void)hw, (void)commands; }
#endif

/* --- repeating ------------------------------------------------------------------------------------------------------- */

static bool wants_commands(const cg_launches *l) {
    const char *way = cg_env("CLGRAD_CL_REPLAY");
    return l->n > 1 && !(way && strcmp(way, "list") == 0);
}

cg_status cg_cl_launches_repeat(cg_hw *base, cg_launches *l) {
    cg_hw_opencl *hw = cg_cl(base);
    if (cg_cl_check_fork(hw, "replay") != CG_OK) return base->err->code;
    if (!l->finished && wants_commands(l)) l->commands = make_commands(hw, l);
    l->finished = true;
    if (l->commands && enqueue_commands(hw, l->commands) == CL_SUCCESS) {
        hw->idle = false;
        base->stats.launches += (uint64_t)l->n;
        const cl_int status = hw->cl->clFlush(hw->queue);
        return status == CL_SUCCESS ? CG_OK : cg_cl_fail(hw, status, "replay", "clFlush");
    }
    release_commands(hw, l->commands); /* which were refused: from now on the list */
    l->commands = NULL;
    for (int i = 0; i < l->n; i++) {
        const kept_launch *k = &l->launch[i];
        const cg_status status = cg_cl_enqueue(hw, k->kernel, (int)k->dims, k->global, k->local, "replay");
        if (status != CG_OK) return status;
    }
    return CG_OK;
}

void cg_cl_launches_free(cg_hw *base, cg_launches *l) {
    cg_hw_opencl *hw = cg_cl(base);
    release_commands(hw, l->commands);
    for (int i = 0; i < l->n; i++) hw->cl->clReleaseKernel(l->launch[i].kernel);
    free(l->launch);
    free(l);
}
