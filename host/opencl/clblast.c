#include "host/opencl/clblast.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

/* --- The part of clblast_c.h used here ------------------------------------------------------------------ */

enum {
    LAYOUT_ROW_MAJOR = 101,
    TRANSPOSE_NO = 111,
    TRANSPOSE_YES = 112,
    PRECISION_SINGLE = 32,
    PRECISION_DOUBLE = 64
};

typedef int sgemm_batched(int layout, int a_transpose, int b_transpose, size_t m, size_t n, size_t k,
                          float alpha, cl_mem a, size_t a_offset, size_t a_ld, size_t a_stride, cl_mem b,
                          size_t b_offset, size_t b_ld, size_t b_stride, float beta, cl_mem c,
                          size_t c_offset, size_t c_ld, size_t c_stride, size_t batches,
                          cl_command_queue *queue, cl_event *event);
typedef int dgemm_batched(int layout, int a_transpose, int b_transpose, size_t m, size_t n, size_t k,
                          double alpha, cl_mem a, size_t a_offset, size_t a_ld, size_t a_stride, cl_mem b,
                          size_t b_offset, size_t b_ld, size_t b_stride, double beta, cl_mem c,
                          size_t c_offset, size_t c_ld, size_t c_stride, size_t batches,
                          cl_command_queue *queue, cl_event *event);
typedef int sgemm(int layout, int a_transpose, int b_transpose, size_t m, size_t n, size_t k, float alpha,
                  cl_mem a, size_t a_offset, size_t a_ld, cl_mem b, size_t b_offset, size_t b_ld, float beta,
                  cl_mem c, size_t c_offset, size_t c_ld, cl_command_queue *queue, cl_event *event);
typedef int dgemm(int layout, int a_transpose, int b_transpose, size_t m, size_t n, size_t k, double alpha,
                  cl_mem a, size_t a_offset, size_t a_ld, cl_mem b, size_t b_offset, size_t b_ld, double beta,
                  cl_mem c, size_t c_offset, size_t c_ld, cl_command_queue *queue, cl_event *event);
typedef int override_parameters(cl_device_id device, const char *kernel, int precision, size_t n,
                                const char **names, const size_t *values);

typedef struct clblast_calls {
    sgemm *single;
    dgemm *full;
    sgemm_batched *single_batched;
    dgemm_batched *full_batched;
    override_parameters *override;
} clblast_calls;

static pthread_mutex_t lock =
    PTHREAD_MUTEX_INITIALIZER; /* guards all below and every call into the library */
static clblast_calls calls;
static enum { NOT_TRIED, MISSING, LOADED } library;

/* ISO C has no conversion from an object pointer to a function pointer; POSIX promises this one. */
static bool find_call(void *handle, const char *name, void *to) {
    void *address = dlsym(handle, name);
    memcpy(to, &address, sizeof address);
    return address != NULL;
}

/* Needs the lock. CLBlast brings the system's libOpenCL: with another one its handles would mean nothing. */
static bool load_library(void) {
    if (library != NOT_TRIED) return library == LOADED;
    library = MISSING;
    if (!strstr(cg_cl_library_path(), "libOpenCL.so")) return false;
    void *handle = dlopen("libclblast.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!handle) return false;
    if (find_call(handle, "CLBlastSgemm", &calls.single) && find_call(handle, "CLBlastDgemm", &calls.full) &&
        find_call(handle, "CLBlastSgemmStridedBatched", &calls.single_batched) &&
        find_call(handle, "CLBlastDgemmStridedBatched", &calls.full_batched) &&
        find_call(handle, "CLBlastOverrideParameters", &calls.override))
        library = LOADED;
    else
        dlclose(handle);
    return library == LOADED;
}

/* --- Parameters ----------------------------------------------------------------------------------------- */

enum { PARAMETERS = 16, MAX_DEVICES = 64 };

/* Square tiles without GEMMK: 128 x 128 with 8 x 8 a thread for floats, 64 x 64 for doubles. */
static const char *const parameter_name[PARAMETERS] = {"GEMMK", "KREG",  "KWG",   "KWI", "MDIMA", "MDIMC",
                                                       "MWG",   "NDIMB", "NDIMC", "NWG", "SA",    "SB",
                                                       "STRM",  "STRN",  "VWM",   "VWN"};
static const size_t single_value[PARAMETERS] = {0, 1, 16, 2, 16, 16, 128, 16, 16, 128, 1, 1, 0, 0, 4, 4};
static const size_t double_value[PARAMETERS] = {0, 1, 16, 2, 16, 16, 64, 16, 16, 64, 1, 1, 0, 0, 2, 2};

typedef struct prepared_device {
    cl_device_id device;
    cg_dtype dtype;
    bool usable;
} prepared_device;

static prepared_device prepared[MAX_DEVICES];
static int n_prepared;

/* Needs the lock. Sets the parameters once for each device and dtype of the process. */
static bool prepare(cl_device_id device, cg_dtype dtype) {
    for (int i = 0; i < n_prepared; i++)
        if (prepared[i].device == device && prepared[i].dtype == dtype) return prepared[i].usable;
    if (n_prepared == MAX_DEVICES) return false;
    const char *names[PARAMETERS];
    memcpy(names, parameter_name, sizeof names);
    int status = calls.override(device, "Xgemm", dtype == CG_F64 ? PRECISION_DOUBLE : PRECISION_SINGLE,
                                PARAMETERS, names, dtype == CG_F64 ? double_value : single_value);
    prepared[n_prepared++] = (prepared_device){device, dtype, status == 0};
    return status == 0;
}

bool cg_clblast_usable(const cg_hw_opencl *hw, cg_dtype dtype) {
    pthread_mutex_lock(&lock);
    bool usable = load_library() && prepare(hw->device, dtype);
    pthread_mutex_unlock(&lock);
    return usable;
}

/* --- Products ------------------------------------------------------------------------------------------- */

static int run_single(cg_hw_opencl *hw, const cg_clblast_gemm *g, int ta, int tb) {
    if (g->batches == 1)
        return calls.single(LAYOUT_ROW_MAJOR, ta, tb, g->m, g->n, g->k, 1.0f, g->a, g->a_offset, g->a_row,
                            g->b, g->b_offset, g->b_row, 0.0f, g->c, g->c_offset, g->c_row, &hw->queue, NULL);
    return calls.single_batched(LAYOUT_ROW_MAJOR, ta, tb, g->m, g->n, g->k, 1.0f, g->a, g->a_offset, g->a_row,
                                g->a_batch, g->b, g->b_offset, g->b_row, g->b_batch, 0.0f, g->c, g->c_offset,
                                g->c_row, g->c_batch, g->batches, &hw->queue, NULL);
}

static int run_double(cg_hw_opencl *hw, const cg_clblast_gemm *g, int ta, int tb) {
    if (g->batches == 1)
        return calls.full(LAYOUT_ROW_MAJOR, ta, tb, g->m, g->n, g->k, 1.0, g->a, g->a_offset, g->a_row, g->b,
                          g->b_offset, g->b_row, 0.0, g->c, g->c_offset, g->c_row, &hw->queue, NULL);
    return calls.full_batched(LAYOUT_ROW_MAJOR, ta, tb, g->m, g->n, g->k, 1.0, g->a, g->a_offset, g->a_row,
                              g->a_batch, g->b, g->b_offset, g->b_row, g->b_batch, 0.0, g->c, g->c_offset,
                              g->c_row, g->c_batch, g->batches, &hw->queue, NULL);
}

int cg_clblast_run(cg_hw_opencl *hw, const cg_clblast_gemm *g) {
    int ta = g->a_transposed ? TRANSPOSE_YES : TRANSPOSE_NO,
        tb = g->b_transposed ? TRANSPOSE_YES : TRANSPOSE_NO;
    pthread_mutex_lock(&lock);
    int status = g->dtype == CG_F64 ? run_double(hw, g, ta, tb) : run_single(hw, g, ta, tb);
    pthread_mutex_unlock(&lock);
    if (status == 0) {
        hw->idle = false;
        hw->base.stats.launches++;
    }
    return status;
}
