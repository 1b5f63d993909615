/*
 * The catalog: every operation described once. From an entry come its tests (every device, dtype and layout, fused
 * and not, first and second gradient), what `clgrad doctor` checks, its line in the table of operations and its
 * row in the benchmark.
 *
 * The rows of elementwise.def describe themselves; the catalog adds what their reference says (catalog_rows.h). An
 * entry here is one way of calling any other operation; an operation has as many as it has forms.
 */
#ifndef CLGRAD_CATALOG_H
#define CLGRAD_CATALOG_H

#include "clgrad/clgrad.h"
#include "reference/ref_array.h"

enum { CATALOG_INPUTS = 4 };

/* What an input is made of. lo and hi bound its values; whole numbers for integers. */
typedef enum catalog_fill {
    CATALOG_UNIFORM, /* random */
    CATALOG_DISTINCT, /* a shuffled grid over [lo, hi]: all elements differ (where the dtype can tell them apart) */
    CATALOG_SORTED,      /* random, ascending along the last axis */
    CATALOG_TIES,        /* few different values, so that equals meet */
    CATALOG_SPECIAL,     /* ties with signed zeros and, for reals, NaN and infinities strewn in */
    CATALOG_PROBABILITY, /* positive, the last axis sums to 1 */
    CATALOG_INDEX        /* random whole numbers in [lo, hi]; i64 unless `dtype` says otherwise */
} catalog_fill;

/* In place of a dtype: that of the case, or (CATALOG_INDEX) i64. */
enum { CATALOG_DTYPE_OF_CASE = 0 };
#define CATALOG_DTYPE(t) ((t) + 1)

typedef struct catalog_input {
    cg_dims shape;
    catalog_fill fill;
    double lo, hi; /* both 0: -3 to 3 */
    int dtype; /* CATALOG_DTYPE_OF_CASE, or CATALOG_DTYPE(CG_BOOL): always this one, and it gets no gradient */
    bool no_gradient; /* an input that the operation gives none, or for which it is not checked */
} catalog_input;

/* The dtype of the result for inputs of dtype t. */
typedef enum catalog_result {
    CATALOG_SAME,   /* t */
    CATALOG_REAL,   /* t if it is real, else f32 */
    CATALOG_SUM_OF, /* t if it is real, else i64 */
    CATALOG_IS_I64,
    CATALOG_IS_BOOL
} catalog_result;

/* The dtypes of cases, as a set. */
#define CATALOG_BIT(t) (1u << (t))
#define CATALOG_REALS (CATALOG_BIT(CG_F32) | CATALOG_BIT(CG_F64))
#define CATALOG_NUMBERS (CATALOG_REALS | CATALOG_BIT(CG_I32) | CATALOG_BIT(CG_I64))
#define CATALOG_ALL (CATALOG_NUMBERS | CATALOG_BIT(CG_U8) | CATALOG_BIT(CG_BOOL))

/* The operation, on tensors; the same on arrays, in long double. */
typedef cg_tensor *catalog_call(cg_tensor *const *x);
typedef ref_array catalog_reference(const ref_array *x);

typedef struct catalog_entry {
    const char *name; /* cg_<name> */
    const char *how;  /* "axis 0, keepdims": one way of calling it */
    catalog_call *call;
    catalog_reference *reference;
    int n; /* inputs */
    catalog_input x[CATALOG_INPUTS];
    unsigned dtypes; /* of the cases */
    catalog_result result;
    /*
     * The error allowed for a real result: bound u scale, with u the unit roundoff of the result's dtype. scale NULL
     * is |the exact result|: the bound is then twice the ULP. 0: exact. Integers are always exact.
     */
    double bound;
    catalog_reference *scale;
    bool gradient; /* to every input of the case's dtype that is not no_gradient */
    /* Shapes to time it at, f32; in the first entry of a name. The call must take them as it takes the small ones. */
    cg_dims large[CATALOG_INPUTS];
} catalog_entry;

/* The lists, one for each family; each ends with an entry without a name. */
extern const catalog_entry catalog_manipulation[], catalog_indexing[], catalog_sorting[], catalog_reduce[],
    catalog_losses[], catalog_linalg[], catalog_distances[], catalog_activations[], catalog_preprocessing[],
    catalog_creation[], catalog_solvers[], catalog_lstsq[], catalog_decompositions[], catalog_special[],
    catalog_probability[], catalog_statistics[], catalog_metrics[], catalog_networks[], catalog_conv[],
    catalog_recurrent[];

/* Entry i of all lists; NULL past the end. */
const catalog_entry *catalog_at(int i);

/* The family of an entry of the lists: "reductions", "losses", ... */
const char *catalog_family(const catalog_entry *entry);

/* The first entry of a name; NULL if there is none. */
const catalog_entry *catalog_find(const char *name);

/* --- Running an entry (catalog_case.c) -------------------------------------------------------------------- */

/* An entry with inputs on the host, in one dtype. Scratch memory. */
typedef struct catalog_case {
    const catalog_entry *entry;
    cg_dtype dtype;
    cg_dtype in_dtype[CATALOG_INPUTS];
    void *in[CATALOG_INPUTS];         /* row-major elements */
    ref_array values[CATALOG_INPUTS]; /* the same as numbers */
} catalog_case;

/* What a result came to against the reference. */
typedef struct catalog_verdict {
    bool ok;
    double ulp;     /* largest error in units in the last place; 0 for integers that are right */
    double worst;   /* largest error in units of what is allowed (of u scale for bound 0) */
    int64_t at;     /* where: element, row-major */
    char text[256]; /* what is wrong, if something is */
} catalog_verdict;

cg_dtype catalog_result_dtype(const catalog_entry *entry, cg_dtype dtype);

/* Whether input k is one that a gradient goes to. */
bool catalog_wants_gradient(const catalog_entry *entry, int k);

/* Makes the inputs; the same seed gives the same. */
catalog_case catalog_case_make(const catalog_entry *entry, cg_dtype dtype, uint64_t seed);

/* Inputs for a gradient check, f64: a shuffled grid over [lo, hi], so that no kink of max or sort is close. */
catalog_case catalog_case_smooth(const catalog_entry *entry);

/* Input k as a tensor. */
cg_tensor *catalog_case_tensor(const catalog_case *c, cg_device *dev, int k);

/* Compares a result of the entry's call with its reference. A NULL result is not ok. Reads the tensor. */
catalog_verdict catalog_case_verify(const catalog_case *c, const cg_tensor *got);

#endif
