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

/* Checks a candidate, then measures it. What the device refuses for the size of its groups is in hw->refused. */
static cg_status measure_once(cg_hw_opencl *hw, int i, const cg_product *p, const cg_product *q,
                              double *seconds) {
    const cg_product_candidate *candidate = &cg_product_candidates[i];
    double spent = 0;
    hw->refused = 0;
    const bool right = cg_matmul_check(hw, candidate, p);
    if (right) *seconds = cg_matmul_measure(hw, i, q, RUNS, MOST_SECONDS, -1, &spent);
    if (right && *seconds >= 0) return CG_OK;
    if (hw->refused) return CG_ERROR_DEVICE;
    if (hw->base.err->code != CG_OK) return hw->base.err->code;
    return CG_FAIL(hw->base.err, CG_ERROR_DEVICE, "tuning: the products of %s are %s", candidate->name,
                   right ? "not computed" : "wrong");
}

/*
 * A kernel that takes smaller groups than the device is measured with those; a candidate that has one size of groups
 * is then none for this product, which is no reason to avoid it. The others keep the groups of the device.
 */
static cg_status measure_in_groups(cg_hw_opencl *hw, int i, const cg_product *p, const cg_product *q,
                                   double *seconds) {
    const cg_product_candidate *candidate = &cg_product_candidates[i];
    const size_t most = hw->base.info.max_work_group;
    cg_status status = CG_OK;
    do {
        *seconds = -1;
        status = candidate->supports(hw, p, candidate) ? measure_once(hw, i, p, q, seconds) : CG_OK;
    } while (status != CG_OK && cg_cl_shrink_groups(hw));
    hw->base.info.max_work_group = most;
    return status;
}

static cg_status measure(cg_hw *base, const cg_matmul_request *r, int i, double *seconds) {
    cg_hw_opencl *hw = cg_cl(base);
    const cg_product p = cg_product_of(r);
    const cg_product_candidate *candidate = &cg_product_candidates[i];
    if (!candidate->supports(hw, &p, candidate) || !cg_matmul_is_timed(i, &p)) return CG_OK;
    cg_product q = cg_matmul_measured_copy(hw, &p);
    if (!q.out.buffer) return base->err->code;
    const cg_status status = measure_in_groups(hw, i, &p, &q, seconds);
    cg_cl_free(base, q.out.buffer);
    return status;
}

static cg_status store(cg_hw *hw, struct cg_matmul_choices *c, const cg_product_class *tuned) {
    return cg_matmul_choices_store(cg_cl(hw), c, tuned)
               ? CG_OK
               : CG_FAIL(hw->err, CG_ERROR_IO, "tuning: the choice could not be kept: see CLGRAD_CACHE");
}

static cg_status choose(cg_hw *hw, const cg_matmul_request *r, int i, double seconds) {
    struct cg_matmul_choices *c = choices(hw);
    if (!c) return hw->err->code;
    const cg_product p = cg_product_of(r);
    const cg_product_class known = {cg_product_class_key(cg_cl(hw), &p), i, true, seconds};
    return store(hw, c, &known);
}

static int choice(cg_hw *hw, const cg_matmul_request *r, double *seconds) {
    const struct cg_matmul_choices *c = choices(hw);
    if (!c) return CG_NO_CANDIDATE;
    const cg_product p = cg_product_of(r);
    const cg_product_class *known = cg_product_class_find(c, cg_product_class_key(cg_cl(hw), &p));
    if (!known || !known->tuned || c->avoided[known->candidate]) return CG_NO_CANDIDATE;
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
    return store(hw, c, NULL);
}

static bool avoided(cg_hw *hw, int i) {
    const struct cg_matmul_choices *c = choices(hw);
    return c && c->avoided[i];
}

static cg_status forget(cg_hw *hw) {
    struct cg_matmul_choices *c = choices(hw);
    if (!c) return hw->err->code;
    if (cg_matmul_choices_forget(cg_cl(hw), c)) return CG_OK;
    return CG_FAIL(hw->err, CG_ERROR_IO, "tuning: what is kept could not be deleted: see CLGRAD_CACHE");
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
