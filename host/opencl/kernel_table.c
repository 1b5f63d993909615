/* The kernels of a device, found by request: a hash table of programs, each with the kernels taken from it. */
#include "host/opencl/opencl.h"

#include <stdlib.h>
#include <string.h>

#include "core/rows.h"

enum { N_BUCKETS = 256, MAX_ENTRIES = 8, MAX_KEY_WORDS = 96 };

/*
 * What tells requests apart but for the entry, in words: literals by their address (the same text at two
 * addresses would only be built twice).
 */
typedef struct request_key {
    int n;
    uint64_t word[MAX_KEY_WORDS];
} request_key;

typedef struct program_node {
    struct program_node *next;
    cl_program program;
    int n_kernels;
    const char *entry[MAX_ENTRIES];
    cl_kernel kernel[MAX_ENTRIES];
    size_t limit[MAX_ENTRIES]; /* work-items of a group */
    request_key key;
} program_node;

struct cg_kernel_table {
    program_node *bucket[N_BUCKETS];
};

static void append_bytes(request_key *key, const void *data, size_t bytes) {
    size_t words = (bytes + sizeof key->word[0] - 1) / sizeof key->word[0];
    key->word[key->n + (int)words - 1] = 0;
    memcpy(&key->word[key->n], data, bytes);
    key->n += (int)words;
}

_Static_assert(1 + 1 + 2 * CG_MAX_DEFINES + (sizeof(cg_program) + sizeof(cg_program_layout)) / 8 + 2 <=
                   MAX_KEY_WORDS,
               "a key has room for the largest request");

static void make_key(request_key *key, const cg_kernel_request *r) {
    key->n = 0;
    key->word[key->n++] = (uint64_t)(uintptr_t)r->file;
    key->word[key->n++] = (uint64_t)r->type | (uint64_t)(unsigned)r->width << 8 |
                          (uint64_t)(r->program != NULL) << 16 | (uint64_t)(unsigned)r->n_defines << 24;
    for (int i = 0; i < r->n_defines; i++) {
        key->word[key->n++] = (uint64_t)(uintptr_t)r->define[i].name;
        key->word[key->n++] = (uint64_t)r->define[i].value;
    }
    if (!r->program) return;
    append_bytes(key, &r->layout, sizeof r->layout);
    append_bytes(key, r->program, offsetof(cg_program, instr) + r->program->n_instrs * sizeof(cg_instr));
}

/* Multiply and rotate, word by word. */
static unsigned hash_key(const request_key *key) {
    uint64_t h = 0x9e3779b97f4a7c15u;
    for (int i = 0; i < key->n; i++) {
        h = (h ^ key->word[i]) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    return (unsigned)(h % N_BUCKETS);
}

/* f64 anywhere needs a device with doubles, and integers have no FLOAT rows. */
static cg_status check_types(cg_hw_opencl *hw, const cg_kernel_request *r) {
    bool f64 = r->type == CG_F64;
    for (int k = r->layout.first_input; r->program && k < r->program->n_inputs; k++)
        f64 = f64 || r->layout.in_dtype[k] == CG_F64;
    for (int k = 0; k < r->layout.n_outputs; k++) f64 = f64 || r->layout.out_dtype[k] == CG_F64;
    if (f64 && !hw->base.info.has_f64)
        return CG_FAIL(hw->base.err, CG_ERROR_DTYPE, "%s: device %s has no double precision (f64)", r->entry,
                       hw->base.info.name);
    for (int i = 0; r->program && i < r->program->n_instrs; i++) {
        const cg_row *row = &cg_rows[r->program->instr[i].row];
        if (!cg_row_has_type(row, (cg_dtype)r->program->type))
            return CG_FAIL(hw->base.err, CG_ERROR_DTYPE, "%s: no form for %s", row->name,
                           cg_dtype_name((cg_dtype)r->program->type));
    }
    return CG_OK;
}

static bool same_key(const request_key *a, const request_key *b) {
    return a->n == b->n && memcmp(a->word, b->word, (size_t)a->n * sizeof a->word[0]) == 0;
}

static program_node *find_node(const cg_kernel_table *table, const request_key *key) {
    program_node *node = table->bucket[hash_key(key)];
    while (node && !same_key(&node->key, key)) node = node->next;
    return node;
}

cl_program cg_cl_build(cg_hw_opencl *hw, const cg_kernel_request *r) {
    if (check_types(hw, r) != CG_OK) return NULL;
    char *source = cg_cl_source(hw, r);
    cl_program program = source ? cg_cl_program(hw, source, r->entry) : NULL;
    free(source);
    return program;
}

/* A new node of the table with this program, which it frees; NULL with an error recorded. */
static program_node *add_node(cg_hw_opencl *hw, const char *entry, const request_key *key,
                              cl_program program) {
    program_node *node = calloc(1, sizeof *node), **bucket = &hw->kernels->bucket[hash_key(key)];
    if (!node) {
        hw->cl->clReleaseProgram(program);
        CG_FAIL(hw->base.err, CG_ERROR_MEMORY, "%s: no memory for a kernel", entry);
        return NULL;
    }
    *node = (program_node){.next = *bucket, .program = program, .key = *key};
    return *bucket = node;
}

/* How many work-items a group of a kernel may have on this device; a driver that does not say takes any. */
static size_t limit_of(const cg_hw_opencl *hw, cl_kernel kernel) {
    size_t limit = 0;
    const cl_int status = hw->cl->clGetKernelWorkGroupInfo(kernel, hw->device, CL_KERNEL_WORK_GROUP_SIZE,
                                                           sizeof limit, &limit, NULL);
    return status == CL_SUCCESS && limit > 0 ? limit : SIZE_MAX;
}

/* Adds a kernel to a node: its number there, -1 and an error if it cannot be had. */
static int make_kernel(cg_hw_opencl *hw, program_node *node, const char *entry) {
    cl_int status = CL_OUT_OF_RESOURCES;
    cl_kernel kernel =
        node->n_kernels < MAX_ENTRIES ? hw->cl->clCreateKernel(node->program, entry, &status) : NULL;
    if (!kernel) {
        cg_cl_fail(hw, status, entry, "clCreateKernel");
        return -1;
    }
    node->entry[node->n_kernels] = entry;
    node->limit[node->n_kernels] = limit_of(hw, kernel);
    node->kernel[node->n_kernels] = kernel;
    return node->n_kernels++;
}

/* The number of a kernel in its node; -1: it is not there yet. */
static int find_kernel(const program_node *node, const char *entry) {
    for (int i = 0; i < node->n_kernels; i++)
        if (node->entry[i] == entry || strcmp(node->entry[i], entry) == 0) return i;
    return -1;
}

/* Whether the table is there, with an error recorded if it cannot be. */
static bool has_table(cg_hw_opencl *hw, const char *entry) {
    if (hw->kernels || (hw->kernels = calloc(1, sizeof *hw->kernels))) return true;
    CG_FAIL(hw->base.err, CG_ERROR_MEMORY, "%s: no memory for the table of kernels", entry);
    return false;
}

cl_kernel cg_cl_kernel(cg_hw_opencl *hw, const cg_kernel_request *r) {
    if (!has_table(hw, r->entry)) return NULL;
    request_key key;
    make_key(&key, r);
    program_node *node = find_node(hw->kernels, &key);
    if (hw->ahead) {
        if (!node) cg_cl_ahead_note(hw, r);
        return NULL;
    }
    if (!node) {
        cl_program program = cg_cl_build(hw, r);
        node = program ? add_node(hw, r->entry, &key, program) : NULL;
    }
    if (!node) return NULL;
    int number = find_kernel(node, r->entry);
    if (number < 0) number = make_kernel(hw, node, r->entry);
    if (number < 0) return NULL;
    hw->kernel_limit = node->limit[number];
    return node->kernel[number];
}

bool cg_cl_same_program(const cg_kernel_request *a, const cg_kernel_request *b) {
    request_key key_a, key_b;
    make_key(&key_a, a);
    make_key(&key_b, b);
    return same_key(&key_a, &key_b);
}

void cg_cl_keep_program(cg_hw_opencl *hw, const cg_kernel_request *r, cl_program program) {
    request_key key;
    make_key(&key, r);
    add_node(hw, r->entry, &key, program);
}

cl_kernel cg_cl_kernel_again(cg_hw_opencl *hw, cl_kernel kernel) {
    for (int b = 0; b < N_BUCKETS; b++)
        for (const program_node *node = hw->kernels->bucket[b]; node; node = node->next)
            for (int i = 0; i < node->n_kernels; i++)
                if (node->kernel[i] == kernel)
                    return hw->cl->clCreateKernel(node->program, node->entry[i], NULL);
    return NULL;
}

void cg_cl_release_kernels(cg_hw_opencl *hw) {
    for (int b = 0; hw->kernels && b < N_BUCKETS; b++)
        for (program_node *node = hw->kernels->bucket[b], *next; node; node = next) {
            next = node->next;
            for (int i = 0; i < node->n_kernels; i++) hw->cl->clReleaseKernel(node->kernel[i]);
            hw->cl->clReleaseProgram(node->program);
            free(node);
        }
    free(hw->kernels);
    hw->kernels = NULL;
}
