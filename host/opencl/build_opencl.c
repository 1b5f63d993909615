/* Programs: built from text, or loaded from the cache on disk as the driver's binary. */
#define _GNU_SOURCE
#include "host/opencl/opencl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/opencl/program_cache.h"

double cg_cl_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Everything that a binary depends on. */
static void cache_key(const cg_hw_opencl *hw, const char *source, uint8_t key[CG_SHA256_BYTES]) {
    const cg_device_info *info = &hw->base.info;
    cg_sha256 h;
    cg_sha256_begin(&h);
    cg_sha256_add_text(&h, cg_version());
    cg_sha256_add_text(&h, info->platform);
    cg_sha256_add_text(&h, hw->platform_version);
    cg_sha256_add_text(&h, info->name);
    cg_sha256_add_text(&h, info->vendor);
    cg_sha256_add_text(&h, info->driver);
    cg_sha256_add_text(&h, hw->build_options);
    cg_sha256_add_text(&h, source);
    cg_sha256_end(&h, key);
}

/* The driver's messages on a failed build, cut to what an error message holds. */
static void fail_with_log(cg_hw_opencl *hw, cl_program program, cl_int status, const char *operation) {
    const cg_cl_calls *cl = hw->cl;
    size_t bytes = 0;
    char *log = NULL;
    if (cl->clGetProgramBuildInfo(program, hw->device, CL_PROGRAM_BUILD_LOG, 0, NULL, &bytes) == CL_SUCCESS &&
        bytes)
        log = calloc(bytes + 1, 1);
    if (log &&
        cl->clGetProgramBuildInfo(program, hw->device, CL_PROGRAM_BUILD_LOG, bytes, log, NULL) != CL_SUCCESS)
        log[0] = 0;
    CG_FAIL(hw->base.err, CG_ERROR_BUILD, "%s: clBuildProgram: %s (%d): %.560s", operation,
            cg_cl_error_name(status), (int)status, log ? log : "no build log");
    free(log);
}

static cl_program compile(cg_hw_opencl *hw, const char *source, const char *operation) {
    const cg_cl_calls *cl = hw->cl;
    cl_int status;
    cl_program program = cl->clCreateProgramWithSource(hw->context, 1, &source, NULL, &status);
    if (!program) {
        cg_cl_fail(hw, status, operation, "clCreateProgramWithSource");
        return NULL;
    }
    status = cl->clBuildProgram(program, 1, &hw->device, hw->build_options, NULL, NULL);
    if (status == CL_SUCCESS) return program;
    fail_with_log(hw, program, status, operation);
    cl->clReleaseProgram(program);
    return NULL;
}

/* The driver's binary into the cache; whatever fails, there is no entry then. */
static void store_binary(cg_hw_opencl *hw, cl_program program, const uint8_t key[CG_SHA256_BYTES]) {
    const cg_cl_calls *cl = hw->cl;
    size_t bytes = 0;
    if (cl->clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL) != CL_SUCCESS ||
        !bytes)
        return;
    unsigned char *binary = malloc(bytes);
    if (binary &&
        cl->clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) == CL_SUCCESS)
        cg_cache_store("bin", key, binary, bytes);
    free(binary);
}

/* A program of a cached binary, NULL if there is none or the driver refuses it. */
static cl_program load_binary(cg_hw_opencl *hw, const uint8_t key[CG_SHA256_BYTES]) {
    const cg_cl_calls *cl = hw->cl;
    size_t bytes = 0;
    unsigned char *binary = cg_cache_load("bin", key, &bytes);
    if (!binary) return NULL;
    cl_int status, taken = CL_SUCCESS;
    const unsigned char *const_binary = binary;
    cl_program program =
        cl->clCreateProgramWithBinary(hw->context, 1, &hw->device, &bytes, &const_binary, &taken, &status);
    if (program && (taken != CL_SUCCESS || cl->clBuildProgram(program, 1, &hw->device, hw->build_options,
                                                              NULL, NULL) != CL_SUCCESS)) {
        cl->clReleaseProgram(program);
        program = NULL;
    }
    if (!program) cg_cache_drop("bin", key);
    free(binary);
    return program;
}

cl_program cg_cl_program(cg_hw_opencl *hw, const char *source, const char *operation) {
    double start = cg_cl_seconds();
    uint8_t key[CG_SHA256_BYTES];
    cache_key(hw, source, key);
    cl_program program = load_binary(hw, key);
    if (program) {
        hw->base.stats.programs_loaded++;
    } else if ((program = compile(hw, source, operation))) {
        hw->base.stats.programs_built++;
        store_binary(hw, program, key);
    }
    hw->base.stats.build_seconds += cg_cl_seconds() - start;
    return program;
}
