/*
 * The loops that are compiled once per instruction set (host/cpu/isa) and chosen at run time.
 *
 * Each file of host/cpu/isa is compiled with -DCG_ISA=base, v3 and v4 (x86-64 levels; other processors have
 * base only) and gives its functions names of their own with CG_ISA_NAME. isa_table.c collects the tables of
 * one instruction set in a cg_isa. To add loops: a header host/cpu/isa/<name>_isa.h with a struct of function
 * pointers and the declaration of the tables (CG_ISA_TABLES), a member here, a line in isa_table.c.
 */
#ifndef CLGRAD_HOST_CPU_ISA_H
#define CLGRAD_HOST_CPU_ISA_H

#define CG_ISA_PASTE2(name, isa) name##_##isa
#define CG_ISA_PASTE(name, isa) CG_ISA_PASTE2(name, isa)
#define CG_ISA_NAME(name) CG_ISA_PASTE(name, CG_ISA) /* only inside host/cpu/isa */
#define CG_ISA_TEXT2(isa) #isa
#define CG_ISA_TEXT(isa) CG_ISA_TEXT2(isa)

#include "host/cpu/isa/rows_isa.h"
#include "host/cpu/isa/fused_isa.h"
#include "host/cpu/isa/convert_isa.h"
#include "host/cpu/isa/folds_isa.h"
#include "host/cpu/isa/scans_isa.h"
#include "host/cpu/isa/searches_isa.h"
#include "host/cpu/isa/sorts_isa.h"
#include "host/cpu/isa/quicksort_isa.h"
#include "host/cpu/isa/gemm_isa.h"
#include "host/cpu/isa/softmax_isa.h"
#include "host/cpu/isa/norm_isa.h"
#include "host/cpu/isa/attention_isa.h"
#include "host/cpu/isa/philox_isa.h"
#include "host/cpu/isa/windows_isa.h"
#include "host/cpu/isa/conv_isa.h"

enum {
    CG_REAL_TYPES = 2,   /* f32, f64: the first two of cg_dtype */
    CG_COMPUTE_TYPES = 4 /* f32, f64, i32, i64: the first four */
};

typedef struct cg_isa {
    const char *name;                                  /* "base", "v3", "v4" */
    const cg_rows_isa *rows[CG_COMPUTE_TYPES];         /* by T */
    const cg_fused_isa *fused[CG_REAL_TYPES];          /* by T */
    const cg_convert_isa *convert[CG_COMPUTE_TYPES];   /* by T */
    const cg_convert_isa *bytes;                       /* u8 and bool to themselves, for copies */
    const cg_folds_isa *folds[CG_COMPUTE_TYPES];       /* by T */
    const cg_scans_isa *scans[CG_COMPUTE_TYPES];       /* by T */
    const cg_searches_isa *searches[CG_COMPUTE_TYPES]; /* by T */
    const cg_sorts_isa *sorts;
    const cg_ranks_isa *ranks;
    const cg_quicksort_isa *quicksort[2];                   /* of words of 32 and 64 bits */
    const cg_gemm_isa *gemm[CG_INNER_COUNT][CG_REAL_TYPES]; /* by cg_inner, then T */
    const cg_softmax_isa *softmax[CG_REAL_TYPES];           /* by T */
    const cg_norm_isa *norm[CG_REAL_TYPES];                 /* by T */
    const cg_attention_isa *attention[CG_REAL_TYPES];       /* by T */
    const cg_windows_isa *windows[CG_REAL_TYPES];           /* by T */
    const cg_philox_isa *philox[CG_REAL_TYPES];             /* by T */
    const cg_philox_whole_isa *philox_whole;
    /* A copy that leaves the cache alone; what it wrote is seen by other threads only after stream_end. */
    void (*stream)(void *to, const void *from, size_t bytes);
    void (*stream_end)(void);
    const cg_conv_isa *conv[CG_REAL_TYPES]; /* by T */
} cg_isa;

/* The best instruction set of this processor; CLGRAD_ISA=base|v3|v4 asks for a lower one. */
const cg_isa *cg_isa_choose(void);

#endif
