/*
 * What the files of the OpenCL backend share: the opened device, kernels by request, arguments and launches,
 * programs as text.
 *
 * A kernel comes from a file of kernels/. Its text is put together from
 *     #define lines of the request  +  the file, with #include "name.h" lines replaced by those files
 * and #include "program.h" replaced by the text of request->program (kernels/program.h shows what it looks
 * like, and lets the file be compiled by itself). Nothing but integers, names from this library's own source
 * and rows gets into the text.
 */
#ifndef CLGRAD_HOST_OPENCL_H
#define CLGRAD_HOST_OPENCL_H

#include "host/opencl/loader.h"
#include "host/opencl/sha256.h"
#include "host/pool.h"

struct cg_buffer {
    cg_block block;
    cl_mem mem;
};

typedef struct cg_kernel_table cg_kernel_table;     /* built programs and kernels; kernel_table.c */
typedef struct cg_programs_ahead cg_programs_ahead; /* to be built; programs_ahead.c */
typedef struct cg_staging cg_staging;               /* host copies of uploads under way; memory_opencl.c */

typedef struct cg_hw_opencl {
    cg_hw base; /* base.info has name, driver, compute_units, local_bytes, max_work_group, has_f64, ... */
    cg_pool pool;
    const cg_cl_calls *cl;
    cl_platform_id platform;
    cl_device_id device;
    cl_context context;
    cl_command_queue queue; /* in order */
    /*
     * The style of kernel. true (a CPU device): one work-item does a whole row or register block in vectors of
     * 16 floats, no local memory, no barriers, local size 1. false: work-groups, local memory, coalesced 16-byte
     * accesses. CLGRAD_CL_STYLE=cpu|gpu overrides it.
     */
    bool cpu_style;
    bool matrix_units;          /* NVIDIA's, and kernels that use them are tried: matmul_mma.c */
    size_t max_parameter_bytes; /* of all arguments of a kernel */
    char platform_version[128];
    const char *build_options;
    cg_kernel_table *kernels;
    cg_programs_ahead *ahead; /* programs are noted, and nothing is launched; else NULL */
    cg_staging *staging;
    struct cg_matmul_choices *matmul_choices; /* which kernel a class of products gets; matmul_choice.c */
    bool idle;                                /* nothing was enqueued since the host last waited */
    bool has_command_buffer; /* cl_khr_command_buffer whose buffers may be enqueued again while they run */
    cg_launches *keeping;    /* where launches are kept, too (launches_opencl.c), else NULL */
    size_t kernel_limit;     /* work-items that a group of the kernel asked for last may have */
    size_t refused;          /* such a limit that a launch was beyond; 0: none was */
    size_t most_in_group;    /* work-items that the device takes in a group */
    /* what kernels of a kind of work were found to take; 0: as the device */
    size_t group_limit[CG_WORK_COUNT];
} cg_hw_opencl;

static inline cg_hw_opencl *cg_cl(cg_hw *hw) { return (cg_hw_opencl *)hw; }

/* --- Kernels -------------------------------------------------------------------------------------------- */

/*
 * How a program's operands are addressed. Axes are numbered outermost first, rank = n_outer + n_loop + 1:
 * the outer axes (a work-item decomposes its number over them), the loop axes (it walks them), and the inner
 * axis (lanes of a vector lie along it). Operands given with a layout have stride[0..rank-1] in this order.
 */
typedef enum cg_inner_class {
    CG_INNER_FIXED,   /* stride 0 along the inner axis: one value for all lanes */
    CG_INNER_UNIT,    /* stride 1 */
    CG_INNER_STRIDED, /* any other */
    CG_INNER_ROWS /* map.cl only: the inner axis is two in one; stride[inner] within rows, stride[inner + 1] between */
} cg_inner_class;

typedef struct cg_program_layout {
    uint8_t n_outer, n_loop;
    uint8_t
        first_input; /* inputs before it are given by the kernel as T v0, ...: 1 for the epilogue of matmul */
    uint8_t n_outputs; /* outputs the program stores itself: program->n_outputs, or 0 if the kernel does */
    uint8_t in_dtype[CG_MAX_INPUTS],
        in_inner[CG_MAX_INPUTS]; /* cg_dtype, cg_inner_class; from first_input on */
    uint8_t out_dtype[CG_MAX_OUTPUTS], out_inner[CG_MAX_OUTPUTS];
} cg_program_layout;

enum { CG_MAX_DEFINES = 24 };

typedef struct cg_define {
    const char *name; /* a string literal */
    int64_t value;
} cg_define;

/*
 * Fill with zero first. type and width become TYPE and W for kernels/prelude.h (T is a vector of W lanes of
 * type; width 0 means 1). WIDE is a define of its own: 1 makes INDEX a long, else it is an int.
 */
typedef struct cg_kernel_request {
    const char *file;  /* "softmax.cl" */
    const char *entry; /* name of the kernel function in it */
    cg_dtype type;
    int width;
    int n_defines;
    cg_define define[CG_MAX_DEFINES];
    const cg_program *program; /* NULL if the file includes no program.h */
    cg_program_layout layout;  /* of program */
} cg_kernel_request;

/* Appends a define. */
static inline void cg_request_define(cg_kernel_request *r, const char *name, int64_t value) {
    r->define[r->n_defines++] = (cg_define){name, value};
}

/*
 * The kernel of a request: from memory, else from the cache on disk, else built. It belongs to hw and is
 * used by one thread at a time. NULL with an error recorded (the build log in it) if it cannot be had;
 * type f64, or an operand of it, on a device without doubles is CG_ERROR_DTYPE. NULL without an error where programs are
 * noted (cg_cl_ahead_begin).
 */
cl_kernel cg_cl_kernel(cg_hw_opencl *hw, const cg_kernel_request *request);

/* Another object of the same kernel, with arguments of its own: the caller's. NULL if it cannot be had. */
cl_kernel cg_cl_kernel_again(cg_hw_opencl *hw, cl_kernel kernel);

/* The whole text of a request, malloc'ed; NULL with an error recorded. */
char *cg_cl_source(cg_hw_opencl *hw, const cg_kernel_request *request);

/* Seconds of a clock that only goes forward. */
double cg_cl_seconds(void);

/* A built program of this text: from the cache on disk, else compiled. NULL with an error recorded. */
cl_program cg_cl_program(cg_hw_opencl *hw, const char *source, const char *operation);

/* Frees all kernels and programs of hw. */
void cg_cl_release_kernels(cg_hw_opencl *hw);

/* The program of a request, built or loaded, the caller's; NULL with an error recorded. */
cl_program cg_cl_build(cg_hw_opencl *hw, const cg_kernel_request *request);

/* Whether one program serves both; and a program for the table, which frees it. */
bool cg_cl_same_program(const cg_kernel_request *a, const cg_kernel_request *b);
void cg_cl_keep_program(cg_hw_opencl *hw, const cg_kernel_request *request, cl_program program);

/*
 * Between begin and end nothing is launched: the programs that are asked for and not there yet are noted, and built by end at
 * the same time, by CLGRAD_BUILD_THREADS threads. Errors are left to the requests themselves.
 */
void cg_cl_ahead_begin(cg_hw_opencl *hw);
void cg_cl_ahead_note(cg_hw_opencl *hw, const cg_kernel_request *request);
void cg_cl_ahead_end(cg_hw_opencl *hw);

/* --- Arguments and launches ------------------------------------------------------------------------------ */

/*
 * Arguments in the order of the kernel's parameters. A call that fails is remembered, later ones do nothing,
 * the launch reports it:
 *     cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &request), "softmax");
 *     cg_arg_buffer(&a, r->x.buffer);
 *     cg_arg_i32(&a, cols);
 *     return cg_cl_launch(&a, 1, (size_t[]){rows}, (size_t[]){1});
 */
typedef struct cg_args {
    cg_hw_opencl *hw;
    cl_kernel kernel;      /* NULL: the error is recorded already */
    const char *operation; /* for messages */
    cl_uint n;
    cl_int status;
    bool wide;    /* what cg_arg_index writes */
    size_t limit; /* work-items that a group may have */
} cg_args;

cg_args cg_args_of(cg_hw_opencl *hw, cl_kernel kernel, const char *operation);
void cg_arg_bytes(cg_args *a, const void *value, size_t bytes);
void cg_arg_buffer(cg_args *a, const cg_buffer *buffer); /* NULL: a null pointer */
void cg_arg_i32(cg_args *a, int32_t value);
void cg_arg_i64(cg_args *a, int64_t value);
void cg_arg_index(cg_args *a, int64_t value);                   /* INDEX: long if a->wide, else int */
void cg_arg_local(cg_args *a, size_t bytes);                    /* a __local pointer */
void cg_arg_scalar(cg_args *a, cg_dtype type, cg_scalar value); /* TS of that type */

/*
 * PROGRAM_PARAMS of kernels/program.h: every operand (pointer, offset, strides) from layout->first_input on,
 * the outputs the layout has, the constants. `in` starts with the operand of input layout->first_input.
 */
void cg_arg_program(cg_args *a, const cg_program *program, const cg_program_layout *layout,
                    const cg_operand *in, const cg_operand *out, const cg_scalar *consts);

/*
 * Starts the kernel over `dims` dimensions. `global` is rounded up to a multiple of `local`: the kernel guards.
 * Keep to few local sizes (each compiles again on PoCL): {1} in the CPU style.
 */
cg_status cg_cl_launch(cg_args *a, int dims, const size_t *global, const size_t *local);

/*
 * A kernel may take fewer work-items in a group than the device does: registers. Such a launch fails without an error on record;
 * this lowers base.info.max_work_group to what it takes, and says whether to try the request again. False where there was no
 * such launch, or, with an error, where the kernel does not ask for that number. Between begin and end, which restores what
 * begin returns: what was found counts for requests of this kind alone, not for those that they make of others.
 */
size_t cg_cl_groups_begin(cg_hw_opencl *hw, cg_work kind);
void cg_cl_groups_end(cg_hw_opencl *hw, cg_work kind, size_t before);
bool cg_cl_shrink_groups(cg_hw_opencl *hw);

/*
 * Whether to enqueue again what was refused for memory: the pool gave some back. A driver may hand out a buffer's memory
 * at its first use only.
 */
bool cg_cl_gave_memory_back(cg_hw_opencl *hw, cl_int status);

/* The same of sizes that are rounded already. */
cg_status cg_cl_enqueue(cg_hw_opencl *hw, cl_kernel kernel, int dims, const size_t *global,
                        const size_t *local, const char *operation);

/* Lanes of a vector of `type` in the style of the device: 64 bytes on a CPU, 16 on a GPU. */
int cg_cl_width(const cg_hw_opencl *hw, cg_dtype type);

/* The local size of kernels with one work-item for each piece of work: 1 in the CPU style, else 256 or less. */
size_t cg_cl_group_items(const cg_hw_opencl *hw);

/* Records an error of an OpenCL call with its name: "softmax: clEnqueueNDRangeKernel: CL_... (-5)". */
cg_status cg_cl_fail(cg_hw_opencl *hw, cl_int status, const char *operation, const char *call);

/* --- Launches that are kept (launches_opencl.c) -------------------------------------------------------------- */
cg_launches *cg_cl_launches_new(cg_hw *hw);
void cg_cl_launches_keep(cg_hw *hw, cg_launches *l);
bool cg_cl_launches_keep_end(cg_hw *hw);
cg_status cg_cl_launches_repeat(cg_hw *hw, cg_launches *l);
void cg_cl_launches_free(cg_hw *hw, cg_launches *l);

/* Whoever gives the device work that is no launch of cg_cl_launch calls this: the request is then not kept as launches. */
void cg_cl_keep_nothing(cg_hw_opencl *hw);

/* While launches are kept: a kernel of its own for the next one, and the launch of such a kernel. */
cl_kernel cg_cl_keep_kernel(cg_hw_opencl *hw, cl_kernel kernel);
void cg_cl_keep_launch(cg_hw_opencl *hw, cl_kernel kernel, int dims, const size_t *global,
                       const size_t *local);

/* --- Programs as text --------------------------------------------------------------------------------------- */

/* The class of an operand's stride along the inner axis. */
cg_inner_class cg_inner_class_of(int64_t stride);

/*
 * The text that takes the place of #include "program.h", malloc'ed; NULL without memory. See kernels/program.h.
 */
char *cg_program_text(const cg_program *program, const cg_program_layout *layout);

/*
 * The layout of a program whose operands have their strides in the order of the axes; `in` starts with the
 * operand of input first_input, out may be NULL if n_outputs is 0.
 */
cg_program_layout cg_layout_of(const cg_program *program, int n_outer, int n_loop, int first_input,
                               int n_outputs, const cg_operand *in, const cg_operand *out);

/* Whether every element an operand reaches over the shape has an offset that fits in 31 bits. */
bool cg_operand_is_narrow(const cg_operand *x, int rank, const int64_t *shape);

/* Whether vectors of `width` along the last axis start at multiples of it, or none are made: stride not 1. */
bool cg_operand_is_aligned(const cg_operand *x, int rank, int width);

/* --- Memory ------------------------------------------------------------------------------------------------- */
cg_status cg_cl_memory_open(cg_hw_opencl *hw); /* the pool and the staging copies */
void cg_cl_memory_close(cg_hw_opencl *hw);     /* frees all kept memory; after the queue is done */
cg_buffer *cg_cl_alloc(cg_hw *hw, size_t bytes);
cg_buffer *cg_cl_wrap(cg_hw *hw, void *data, size_t bytes);
void cg_cl_free(cg_hw *hw, cg_buffer *buffer);
void cg_cl_trim(cg_hw *hw);
cg_status cg_cl_upload(cg_hw *hw, cg_buffer *to, size_t offset, const void *from, size_t bytes);
cg_status cg_cl_download(cg_hw *hw, void *to, cg_buffer *from, size_t offset, size_t bytes);
cg_status cg_cl_sync(cg_hw *hw);

/* --- Devices (devices_opencl.c) ------------------------------------------------------------------------------- */
int cg_cl_count(void);
const char *cg_cl_reason(void);
void cg_cl_describe(int index, cg_device_info *info);
cg_hw *cg_cl_open(int index, cg_error *err);
void cg_cl_close(cg_hw *hw);

/* --- Kept on disk for this device, driver, library and its kernels (remembered_opencl.c) -------- */
/*
 * Begins a hash of what such an entry depends on: another driver, platform or library version, or other kernels, may have
 * other faults and other times.
 */
void cg_cl_device_hash(const cg_hw *hw, const char *kind, cg_sha256 *h);
char *cg_cl_recall(cg_hw *hw, const char *kind);
bool cg_cl_remember(cg_hw *hw, const char *kind, const char *text);
/* GPU-style kernels for the CPU style, or the other way round. */
void cg_cl_use_other_kernels(cg_hw *hw, bool on);

/* An error in a child of a process that had used OpenCL: drivers would hang there. */
cg_status cg_cl_check_fork(cg_hw_opencl *hw, const char *operation);

/* --- Work ------------------------------------------------------------------------------------------------------- */
cg_status cg_cl_map(cg_hw *hw, const cg_map_request *r);
cg_status cg_cl_map_many(cg_hw *hw, const cg_map_many_request *r);
cg_status cg_cl_reduce(cg_hw *hw, const cg_reduce_request *r);
cg_status cg_cl_matmul(cg_hw *hw, const cg_matmul_request *r);
cg_status cg_cl_random(cg_hw *hw, const cg_random_request *r);
cg_status cg_cl_gather(cg_hw *hw, const cg_gather_request *r);
cg_status cg_cl_scatter_add(cg_hw *hw, const cg_scatter_add_request *r);
cg_status cg_cl_scan(cg_hw *hw, const cg_scan_request *r);
cg_status cg_cl_sort(cg_hw *hw, const cg_sort_request *r);
cg_status cg_cl_searchsorted(cg_hw *hw, const cg_searchsorted_request *r);
cg_status cg_cl_lu(cg_hw *hw, const cg_factor_request *r);
cg_status cg_cl_cholesky(cg_hw *hw, const cg_factor_request *r);
cg_status cg_cl_qr(cg_hw *hw, const cg_factor_request *r);
cg_status cg_cl_eigh(cg_hw *hw, const cg_factor_request *r);
cg_status cg_cl_eig(cg_hw *hw, const cg_factor_request *r);
cg_status cg_cl_svd(cg_hw *hw, const cg_factor_request *r);
cg_status cg_cl_solve_triangular(cg_hw *hw, const cg_solve_triangular_request *r);
cg_status cg_cl_softmax(cg_hw *hw, const cg_softmax_request *r);
cg_status cg_cl_softmax_xent(cg_hw *hw, const cg_softmax_xent_request *r);
cg_status cg_cl_conv(cg_hw *hw, const cg_conv_request *r);
cg_status cg_cl_pool(cg_hw *hw, const cg_pool_request *r);

cg_status cg_cl_row_norm(cg_hw *hw, const cg_row_norm_request *r);
cg_status cg_cl_row_norm_grad(cg_hw *hw, const cg_row_norm_grad_request *r);
cg_status cg_cl_attention(cg_hw *hw, const cg_attention_request *r);
cg_status cg_cl_attention_grad(cg_hw *hw, const cg_attention_grad_request *r);

/* matmul_mma.c: whether the device has matrix units that kernels/warp_matrix.h knows. */
bool cg_mma_present(const cg_hw_opencl *hw);

extern const cg_tuner cg_cl_tuner; /* matmul_tune.c */

/* Frees hw->matmul_choices. */
void cg_matmul_choice_free(cg_hw_opencl *hw);

#endif
