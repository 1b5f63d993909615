/*
 * Devices: what there is to compute on, which one is chosen and why, what it has done so far, and the first
 * error that happened on it.
 *
 * A device handle and everything made on it (tensors, modules, optimizers, scopes) is used by one thread at
 * a time. Several threads open one handle each; handles share nothing that a user can see.
 */
#ifndef CLGRAD_DEVICE_H
#define CLGRAD_DEVICE_H

#include "status.h"

CG_BEGIN_DECLS

/* An opened device: memory, queue, compiled kernels, scopes and the first error. */
typedef struct cg_device cg_device;

typedef enum cg_device_type { CG_DEVICE_CPU, CG_DEVICE_GPU, CG_DEVICE_ACCELERATOR } cg_device_type;

/* What is known of a device without opening it. */
typedef struct cg_device_info {
    char id[32];               /* what cg_device_open takes: "cpu", "opencl:0", "opencl:1", ... */
    char name[128];            /* as the driver gives it */
    char vendor[128];          /* vendor of the device */
    char platform[128];        /* OpenCL platform; "native" for the CPU backend */
    char driver[128];          /* driver version; instruction set for the CPU backend */
    cg_device_type type;       /* */
    int compute_units;         /* multiprocessors, or threads for the CPU backend */
    uint64_t memory_bytes;     /* global memory */
    uint64_t max_buffer_bytes; /* largest single allocation the driver promises */
    uint64_t local_bytes;      /* memory shared by a work-group; 0 for the CPU backend */
    size_t max_work_group;     /* work-items in a group; 1 for the CPU backend */
    bool has_f64;              /* double precision */
    bool has_f16;              /* half precision */
    bool usable;               /* false: a probe failed, and `reason` says how */
    char reason[256];          /* why it is not usable; empty if it is */
} cg_device_info;

/*
 * The kinds of work that a backend does; every operation is made of these. X(name, what it is). Values never change.
 */
#define CG_WORK_LIST(X)                                                                                      \
    X(MAP, "map")                                                                                            \
    X(REDUCE, "reduce")                                                                                      \
    X(MATMUL, "matmul")                                                                                      \
    X(RANDOM, "random")                                                                                      \
    X(GATHER, "gather")                                                                                      \
    X(SCATTER_ADD, "scatter_add")                                                                            \
    X(SCAN, "scan")                                                                                          \
    X(SORT, "sort")                                                                                          \
    X(SEARCHSORTED, "searchsorted")                                                                          \
    X(SOFTMAX, "softmax")                                                                                    \
    X(SOFTMAX_XENT, "softmax_xent")                                                                          \
    X(MAP_MANY, "map_many")                                                                                  \
    X(LU, "lu")                                                                                              \
    X(CHOLESKY, "cholesky")                                                                                  \
    X(QR, "qr")                                                                                              \
    X(EIGH, "eigh")                                                                                          \
    X(EIG, "eig")                                                                                            \
    X(SVD, "svd")                                                                                            \
    X(SOLVE_TRIANGULAR, "solve_triangular")                                                                  \
    X(CONV, "conv")                                                                                          \
    X(POOL, "pool")                                                                                          \
    X(ATTENTION, "attention")                                                                                \
    X(ATTENTION_GRAD, "attention_grad")                                                                      \
    X(ROW_NORM, "row_norm")                                                                                  \
    X(ROW_NORM_GRAD, "row_norm_grad")

typedef enum cg_work {
#define CG_WORK_ENUM(name, text) CG_WORK_##name,
    CG_WORK_LIST(CG_WORK_ENUM)
#undef CG_WORK_ENUM
        CG_WORK_COUNT
} cg_work;

/* The name of a kind of work, such as "softmax"; "unknown" for any other number. */
CG_API const char *cg_work_name(cg_work work);

/*
 * How a kind of work ("sort"), or an elementwise operation ("tanh"), is done on a device whose own way gave wrong
 * results: by its kernel of the other style, composed of other kinds of work, or on the CPU backend, with a round
 * trip for what it reads and writes. `clgrad doctor` finds them, and they are kept for this device and driver.
 */
typedef enum cg_detour {
    CG_DETOUR_NONE,
    CG_DETOUR_OTHER_KERNEL,
    CG_DETOUR_COMPOSED,
    CG_DETOUR_CPU
} cg_detour;

/*
 * Sets the detour of a kind of work, or of a row, on this handle. An operation by itself has NONE or CPU. Errors:
 * CG_ERROR_ARGUMENT for a name there is none of, or a detour that it has not (the CPU backend has none at all).
 */
CG_API cg_status cg_device_set_detour(cg_device *dev, const char *name, cg_detour detour);

/* The detour in force; CG_DETOUR_NONE for an unknown name too. */
CG_API cg_detour cg_device_get_detour(const cg_device *dev, const char *name);

/* All detours in force as text: "sort composed, tanh on the CPU"; "" if there are none. Lives as long as dev. */
CG_API const char *cg_device_detours(const cg_device *dev);

/*
 * Keeps the detours in force on disk, in the cache: every later cg_device_open of this device with this driver and
 * library takes them up, and cg_device_choice says so. Errors: CG_ERROR_IO if they could not be kept.
 */
CG_API cg_status cg_device_remember_detours(cg_device *dev);

/*
 * What the products of f32 matrices (cg_matmul, cg_linear, convolutions, attention by products) may lose where the
 * device has matrix units of less precision:
 *     CG_PRECISION_HIGHEST   nothing: the accuracy of f32. Matrix units may be used, three tf32 products for one of f32
 *     CG_PRECISION_HIGH      factors rounded to tf32, 11 bits: an error of 2^-10 of |a| |b| for each product
 *     CG_PRECISION_MEDIUM    factors rounded to bf16, 8 bits: 2^-7
 * Sums are f32 always. It is a permission: the faster way is chosen by measuring. Where there are no such units it
 * changes nothing; they are used on NVIDIA GPUs from compute capability 8.0 on.
 */
typedef enum cg_matmul_precision {
    CG_PRECISION_HIGHEST,
    CG_PRECISION_HIGH,
    CG_PRECISION_MEDIUM
} cg_matmul_precision;

/*
 * Sets it on this handle; it begins with CLGRAD_MATMUL_PRECISION (highest, high or medium), else as the highest. Holds
 * for the products from now on. Errors: CG_ERROR_ARGUMENT for a value there is none of.
 */
CG_API cg_status cg_set_matmul_precision(cg_device *dev, cg_matmul_precision precision);

/* The precision in force; the highest without a device. */
CG_API cg_matmul_precision cg_get_matmul_precision(const cg_device *dev);

/* What a device has done since it was opened. All counters only grow, but for bytes_in_use. */
typedef struct cg_device_stats {
    uint64_t bytes_in_use;   /* held by tensors now: of their elements, without what rounding adds */
    uint64_t bytes_peak;     /* the most ever held at once */
    uint64_t bytes_reserved; /* taken from the device, in use or kept for reuse */
    uint64_t device_allocs;  /* allocations made on the device: a steady training step makes none */
    uint64_t pool_hits;      /* allocations served from kept memory */
    uint64_t launches;       /* kernels started, or parallel loops on the CPU backend */
    uint64_t host_syncs;     /* times the host waited for the device: a training step makes none */
    uint64_t uploads;        /* copies from the host */
    uint64_t downloads;      /* copies to the host (each one waits, and counts as a host_sync too) */
    uint64_t
        round_trips; /* times an operation itself needed a value on the host; an error under CLGRAD_CHECK=2 */
    uint64_t work[CG_WORK_COUNT];       /* calls of each kind */
    uint64_t programs_built;            /* kernels compiled from source */
    uint64_t programs_loaded;           /* kernels taken from the cache on disk */
    double build_seconds;               /* time spent on both */
    uint64_t bytes_read, bytes_written; /* of the arrays that work was given, whole, once for each operand */
} cg_device_stats;

/*
 * The number of devices present, usable or not; at least 1, since the CPU backend is always there and is
 * listed last. Drivers are probed once per process, in a child process, so that a broken one cannot take
 * the program down.
 */
CG_API int cg_device_count(void);

/* Describes device `index` (0 <= index < cg_device_count()). Errors: CG_ERROR_ARGUMENT. */
CG_API cg_status cg_device_describe(int index, cg_device_info *info);

/*
 * Why OpenCL offers no device: "libOpenCL.so.1 not found", "no OpenCL platform", ...; an empty string if it
 * offers one. The text lives as long as the process.
 */
CG_API const char *cg_opencl_reason(void);

/*
 * Opens a device. `name` is an id ("cpu", "opencl:0"), a backend ("opencl": its best), "gpu", or a part of
 * a device's name in any case ("h200"); NULL or "" takes CLGRAD_DEVICE from the environment and, where that
 * is unset, the best: a GPU if one works, else an accelerator, else the CPU backend. OpenCL on a CPU is
 * taken only where it is asked for.
 * Errors: NULL, and cg_error_message(NULL) says why, listing what there is.
 * Ownership: the caller's, until cg_device_close.
 */
CG_API cg_device *cg_device_open(const char *name);

/*
 * Closes a device: waits for it, then frees every scope and tensor that is left, its memory and its queue.
 * Modules, optimizers and data sets made on it must be freed before. NULL is allowed.
 */
CG_API void cg_device_close(cg_device *dev);

/* What the device is. The pointer lives as long as the device. */
CG_API const cg_device_info *cg_device_properties(const cg_device *dev);

/* Why this device was chosen, one sentence: "asked for by CLGRAD_DEVICE=cpu", "the only GPU", ... */
CG_API const char *cg_device_choice(const cg_device *dev);

/* What the device has done so far. */
CG_API cg_device_stats cg_device_statistics(const cg_device *dev);

/* Starts a new peak: bytes_peak becomes bytes_in_use. */
CG_API void cg_device_reset_peak(cg_device *dev);

/*
 * Waits until all work handed to the device is done. Needed for timing only: reading a tensor waits by
 * itself. Counts as a host_sync. Errors: what the device reports of the work before.
 */
CG_API cg_status cg_device_sync(cg_device *dev);

/* Gives memory that the device keeps for reuse back to the system. */
CG_API void cg_device_trim(cg_device *dev);

/*
 * The first error on the device since the last clear, CG_OK if there was none. With dev = NULL: the last
 * error of a call of this thread that had no device to keep it on (opening one, reading a file).
 */
CG_API cg_status cg_error_code(const cg_device *dev);

/*
 * The message of that error: operation, shapes, what was expected, file and line; "" if there was none.
 *     linear: inner dimensions differ: x (2, 3), w (4, 5) [linear.c:31]
 */
CG_API const char *cg_error_message(const cg_device *dev);

/* Forgets the error, so that the next one is kept. */
CG_API void cg_error_clear(cg_device *dev);

CG_END_DECLS
#endif
