/* What `clgrad tune` asks of the choice of kernels for products: cg_tuner of host/backend.h. */
#include "host/opencl/matmul_choice.h"

enum { RUNS = 20 };
static const double MOST_SECONDS = 0.5;

static const char *name(int i) { return i < CG_PRODUCT_CANDIDATES ? cg_product_candidates[i].name : NULL; }

static struct cg_matmul_choices *choices(cg_hw *hw) {
    struct cg_matmul_choices *c = cg_matmul_choices_of(cg_cl(hw));
    if (!c) CG_FAIL(hw->err, CG_ERROR_MEMORY, "tuning: no memory for the choice of a kernel");
    return c;
}

/* Refuses a candidate that multiplies wrong. A failure of the device itself is in hw->err then. */
static cg_status check(cg_hw_opencl *hw, int i, const cg_product *p) {
    const cg_product_candidate *candidate = &cg_product_candidates[i];
    hw->refused = 0;
    if (cg_matmul_check(hw, candidate, p)) return CG_OK;
    if (hw->refused)
        return CG_FAIL(hw->base.err, CG_ERROR_DEVICE, "tuning: the device runs %s with smaller groups only",
                       candidate->name);
    if (hw->base.err->code != CG_OK) return hw->base.err->code;
    return CG_FAIL(hw->base.err, CG_ERROR_DEVICE, "tuning: the products of %s are wrong", candidate->name);
}

static cg_status measure(cg_hw *base, const cg_matmul_request *r, int i, double *seconds) {
    cg_hw_opencl *hw = cg_cl(base);
    const cg_product p = cg_product_of(r);
    const cg_product_candidate *candidate = &cg_product_candidates[i];
    double spent = 0;
    if (!candidate->supports(hw, &p, candidate)) return CG_OK;
    cg_product q = cg_matmul_measured_copy(hw, &p);
    if (!q.out.buffer) return base->err->code;
    cg_status status = check(hw, i, &p);
    if (status == CG_OK) {
        *seconds = cg_matmul_measure(hw, i, &q, RUNS, MOST_SECONDS, -1, &spent);
        if (*seconds < 0) status = base->err->code;
    }
    cg_cl_free(base, q.out.buffer);
    return status;
}

static cg_status store(cg_hw *hw, struct cg_matmul_choices *c) {
    return cg_matmul_choices_store(cg_cl(hw), c)
               ? CG_OK
               : CG_FAIL(hw->err, CG_ERROR_IO, "tuning: the choice could not be kept: see CLGRAD_CACHE");
}

static cg_status choose(cg_hw *hw, const cg_matmul_request *r, int i, double seconds) {
    struct cg_matmul_choices *c = choices(hw);
    if (!c) return hw->err->code;
    const cg_product p = cg_product_of(r);
    const cg_product_class known = {cg_product_class_key(cg_cl(hw), &p), i, true, seconds};
    cg_product_class_keep(c, &known);
    return store(hw, c);
}

static int choice(cg_hw *hw, const cg_matmul_request *r, double *seconds) {
    const struct cg_matmul_choices *c = choices(hw);
    if (!c) return CG_NO_CANDIDATE;
    const cg_product p = cg_product_of(r);
    const cg_product_class *known = cg_product_class_find(c, cg_product_class_key(cg_cl(hw), &p));
    if (!known || !known->tuned) return CG_NO_CANDIDATE;
    *seconds = known->seconds;
    return known->candidate;
}

static int classes(cg_hw *hw) {
    const struct cg_matmul_choices *c = choices(hw);
    int n = 0;
    for (int i = 0; c && i < c->n; i++) n += c->class_of[i].tuned;
    return n;
}

static cg_status avoid(cg_hw *hw, int i) {
    struct cg_matmul_choices *c = choices(hw);
    if (!c) return hw->err->code;
    c->avoided[i] = true;
    return store(hw, c);
}

static bool avoided(cg_hw *hw, int i) {
    const struct cg_matmul_choices *c = choices(hw);
    return c && c->avoided[i];
}

static cg_status forget(cg_hw *hw) {
    struct cg_matmul_choices *c = choices(hw);
    if (!c) return hw->err->code;
    cg_matmul_choices_forget(cg_cl(hw), c);
    return CG_OK;
}

const cg_tuner cg_cl_tuner = {
    .name = name,
    .measure = measure,
    .choose = choose,
    .choice = choice,
    .classes = classes,
    .avoid = avoid,
    .avoided = avoided,
    .forget = forget,
};
