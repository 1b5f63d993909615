/* What a device knows of its candidates for products: the classes measured so far, in memory and on disk. */
#ifndef CLGRAD_HOST_OPENCL_MATMUL_CHOICE_H
#define CLGRAD_HOST_OPENCL_MATMUL_CHOICE_H

#include "host/opencl/matmul_opencl.h"

enum {
    CG_MAX_PRODUCT_CLASSES = 1024,
    CG_PRODUCT_KINDS = 2 * CG_INNER_COUNT, /* products of f32, of f64, then squared distances of both */
    CG_NO_CANDIDATE = -1
};

typedef struct cg_product_class {
    uint64_t
        key; /* kind, precision, log2 of batches, m, n and k (rounded up), and how A and B lie in memory */
    int candidate;  /* CG_NO_CANDIDATE: measuring failed in this process */
    bool tuned;     /* by cg_tuning_choose, not at first use */
    double seconds; /* what it took; 0: not known */
} cg_product_class;

struct cg_matmul_choices {
    bool measures; /* CLGRAD_TUNE */
    bool loaded;
    int n;
    cg_product_class class_of[CG_MAX_PRODUCT_CLASSES];
    bool ships;       /* `shipped` is filled in */
    uint64_t shipped; /* the lines of tuned_devices.def that are for this device, as bits */
    bool avoided[CG_PRODUCT_CANDIDATES]; /* found to hang, crash or be wrong by clgrad tune */
    bool wrong[CG_PRODUCT_CANDIDATES][CG_PRODUCT_KINDS], checked[CG_PRODUCT_CANDIDATES][CG_PRODUCT_KINDS];
};

/* Of this device, read from disk the first time; NULL without memory. */
struct cg_matmul_choices *cg_matmul_choices_of(cg_hw_opencl *hw);

/* The number of a candidate, CG_NO_CANDIDATE if there is none of this name. */
int cg_product_candidate_named(const char *name);

int cg_product_kind(const cg_product *p); /* < CG_PRODUCT_KINDS */
uint64_t cg_product_class_key(const cg_hw_opencl *hw, const cg_product *p);
const cg_product_class *cg_product_class_find(const struct cg_matmul_choices *c, uint64_t key);

/* Avoided, or found wrong for this kind by the process. */
bool cg_matmul_is_wrong(const struct cg_matmul_choices *c, int candidate, int kind);

/* Keeps a class, or replaces it. Where there is no room the oldest that was measured at first use goes. */
void cg_product_class_keep(struct cg_matmul_choices *c, const cg_product_class *known);

/*
 * Writes all classes to disk, with those that other processes have written meanwhile: what they tuned goes before what
 * this one knew, but not before `tuned`, which is kept too (NULL: nothing). False if it could not.
 */
bool cg_matmul_choices_store(const cg_hw_opencl *hw, struct cg_matmul_choices *c,
                             const cg_product_class *tuned);

/* Forgets all, on disk too; false if it is still there. */
bool cg_matmul_choices_forget(const cg_hw_opencl *hw, struct cg_matmul_choices *c);

/*
 * Puts on record that a candidate is tried which may hang or crash the driver, and takes that back. One whose trial did
 * not come back is avoided by the next process. begin returns what end takes.
 */
int cg_matmul_trial_begin(const cg_hw_opencl *hw, int candidate);
void cg_matmul_trial_end(const cg_hw_opencl *hw, int lock);

/* --- Measuring (matmul_choice.c) ------------------------------------------------------------------------ */

/* Whether a candidate may be used: it supports p, and multiplies right. Waits if it has to be checked. */
bool cg_matmul_is_right(cg_hw_opencl *hw, struct cg_matmul_choices *c, int candidate, const cg_product *p);

/* Whether it is measured at all: beyond most_rows it is known to lose. */
bool cg_matmul_is_timed(int candidate, const cg_product *p);

/* p with a result of its own and no epilogue; the caller frees out.buffer, which is NULL without memory. */
cg_product cg_matmul_measured_copy(cg_hw_opencl *hw, const cg_product *p);

/*
 * The best time of at most `runs`, while *spent < most_seconds; negative if it failed. The first run, which may
 * compile, does not count. best_of_others: it stops when it is twice as slow; < 0: there are none.
 */
double cg_matmul_measure(cg_hw_opencl *hw, int candidate, const cg_product *p, int runs, double most_seconds,
                         double best_of_others, double *spent);

#endif
