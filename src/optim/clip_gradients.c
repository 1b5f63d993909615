/* The norm of all gradients, and limits on it or on their elements, without a value on the host. */
#include <math.h>
#include <stdlib.h>

#include "autograd/tape.h"
#include "clgrad/optim.h"
#include "clgrad/manipulation.h"
#include "clgrad/ops.h"
#include "clgrad/reduce.h"
#include "core/rows.h"
#include "optim/gradient_list.h"

/* --- norms ---------------------------------------------------------------------------------------------------- */

/*
 * p = 2 of f32 gradients where there is f64, which their squares fit: each is read once, and its sum is added to those
 * before it.
 */
static cg_tensor *norm_of_squares(const cg_gradient_list *list) {
    cg_tensor *sum = NULL;
    for (int i = 0; i < list->n; i++) {
        cg_tensor *square = cg_square(cg_cast(cg_grad_of(list->parameter[i]), CG_F64));
        cg_tensor *part = cg_sum(square, CG_ALL_AXES, false);
        sum = i ? cg_add(sum, part) : part;
    }
    return cg_sqrt(sum);
}

/* Any p: the norm of the gradients' norms, each scaled so that no power overflows. */
static cg_tensor *norm_of_norms(cg_device *dev, const cg_gradient_list *list, double p, cg_dtype wide) {
    cg_tensor **norm = calloc((size_t)list->n, sizeof(cg_tensor *));
    if (!norm) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "grad_norm: out of host memory");
        return NULL;
    }
    for (int i = 0; i < list->n; i++) {
        cg_tensor *g = cg_grad_of(list->parameter[i]);
        norm[i] =
            cg_numel(g) ? cg_norm(cg_cast(g, wide), p, CG_ALL_AXES, false) : cg_zeros(dev, wide, cg_shape());
    }
    cg_tensor *total = cg_norm(cg_stack(list->n, norm, 0), p, CG_ALL_AXES, false);
    free(norm);
    return total;
}

/* The p-norm of all gradients of a list, in the widest dtype there is for it. */
static cg_tensor *norm_of_list(cg_device *dev, const cg_gradient_list *list, double p) {
    const cg_dtype wide = dev->hw->info.has_f64 ? CG_F64 : CG_F32;
    if (list->n == 0) return cg_zeros(dev, wide, cg_shape());
    return p == 2 && wide == CG_F64 && !list->f64 ? norm_of_squares(list) : norm_of_norms(dev, list, p, wide);
}

static bool is_order(cg_device *dev, const char *op, double p) {
    if (p > 0) return true;
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s: p is %g; expected a positive number or infinity", op, p);
    return false;
}

cg_tensor *cg_grad_norm(const cg_module *module, double p) {
    cg_gradient_list list;
    if (!module || !is_order(module->dev, "grad_norm", p) ||
        cg_gradient_list_make(module, "grad_norm", true, &list) != CG_OK)
        return NULL;
    cg_scope *scope = cg_scope_begin(module->dev);
    cg_no_grad_begin(module->dev);
    cg_tensor *total = scope ? norm_of_list(module->dev, &list, p) : NULL;
    total = cg_scope_return(scope, cg_cast(total, list.f64 ? CG_F64 : CG_F32));
    cg_no_grad_end(module->dev);
    cg_gradient_list_free(&list);
    return total;
}

/* --- new gradients in the place of the old ---------------------------------------------------------------------- */

/* How the gradients of one dtype change: a program of the gradient and, where there is one, a factor. */
typedef struct change {
    const char *op;
    cg_program program;
    cg_tensor *factor; /* input 1, one element; or NULL */
    cg_scalar consts[2];
} change;

/* Fills in segment i, whose output is a new tensor: a gradient may be a view, or shared with another tensor. */
static cg_tensor *fill_segment(const change *c, cg_tensor *g, cg_segment *segment) {
    cg_device *dev = g->storage->dev;
    cg_tensor *dense = cg_tensor_dense(g);
    cg_tensor *out = dense ? cg_tensor_make(dev, c->op, g->storage->dtype, &g->shape) : NULL;
    if (!out) return NULL;
    *segment = (cg_segment){.n = cg_numel(g)};
    segment->in[0] = cg_tensor_operand(dense);
    if (c->factor) segment->in[1] = cg_tensor_operand(c->factor);
    segment->out[0] = cg_tensor_operand(out);
    return out;
}

/* One request for all gradients of the program's dtype. changed[i] gets the new gradient of parameter i. */
static cg_status change_dtype(const change *c, const cg_gradient_list *list, cg_segment *segment,
                              cg_tensor **changed) {
    cg_device *dev = list->parameter[0]->storage->dev;
    cg_map_many_request r = {.program = &c->program,
                             .segment = segment,
                             .consts = {c->consts[0], c->consts[1]},
                             .single = c->factor ? 1u << 1 : 0};
    for (int i = 0; i < list->n; i++) {
        cg_tensor *g = cg_grad_of(list->parameter[i]);
        if (g->storage->dtype != (cg_dtype)c->program.type || cg_numel(g) == 0) continue;
        changed[i] = fill_segment(c, g, &segment[r.n_segments++]);
        if (!changed[i]) return dev->error.code;
    }
    return cg_hw_map_many(dev->hw, &r);
}

static cg_status change_all(const change c[2], const cg_gradient_list *list) {
    if (list->n == 0) return CG_OK;
    cg_device *dev = list->parameter[0]->storage->dev;
    cg_segment *segment = malloc((size_t)list->n * sizeof *segment);
    cg_tensor **changed = calloc((size_t)list->n, sizeof(cg_tensor *));
    cg_status status =
        segment && changed ? CG_OK : CG_FAIL(&dev->error, CG_ERROR_MEMORY, "%s: out of host memory", c->op);
    for (int k = 0; k < 2 && status == CG_OK; k++) status = change_dtype(&c[k], list, segment, changed);
    for (int i = 0; i < list->n && status == CG_OK; i++)
        if (changed[i]) cg_grad_store(list->parameter[i], changed[i]);
    free(segment);
    free(changed);
    return status;
}

/* g factor */
static change scaling(cg_dtype dtype, cg_tensor *factor) {
    change c = {.op = "clip_grad_norm",
                .program = {.type = (uint8_t)dtype, .n_inputs = 2, .n_outputs = 1},
                .factor = factor};
    c.program.output[0] = (uint8_t)cg_program_push(&c.program, CG_ROW_mul, 0, 1, 0);
    return c;
}

/* min(max(g, -limit), limit); NaN stays */
static change clamping(cg_dtype dtype, double limit) {
    change c = {.op = "clip_grad_value",
                .program = {.type = (uint8_t)dtype, .n_inputs = 1, .n_consts = 2, .n_outputs = 1},
                .consts = {{.f = -limit}, {.f = limit}}};
    c.program.output[0] = (uint8_t)cg_program_push(&c.program, CG_ROW_clamp, 0, 1, 2);
    return c;
}

/* min(1, max_norm / (total + 1e-6)), computed, dense */
static cg_tensor *clip_factor(cg_tensor *total, double max_norm, cg_dtype dtype) {
    cg_tensor *factor = cg_cast(cg_minimum(cg_div(max_norm, cg_add(total, 1e-6)), 1), dtype);
    return factor ? cg_tensor_dense(factor) : NULL;
}

static cg_status clip_norm(cg_device *dev, const cg_gradient_list *list, double max_norm, double p,
                           cg_tensor **total) {
    cg_tensor *norm = norm_of_list(dev, list, p);
    cg_tensor *narrow = clip_factor(norm, max_norm, CG_F32);
    cg_tensor *wide =
        list->f64 ? clip_factor(norm, max_norm, CG_F64) : narrow; /* else nothing is scaled by it */
    *total = cg_cast(norm, list->f64 ? CG_F64 : CG_F32);
    if (!narrow || !wide || !*total) return dev->error.code;
    const change c[2] = {scaling(CG_F32, narrow), scaling(CG_F64, wide)};
    return change_all(c, list);
}

cg_status cg_clip_grad_norm(cg_module *module, double max_norm, double p, cg_tensor **total) {
    if (total) *total = NULL;
    if (!module) return CG_ERROR_ARGUMENT;
    cg_device *dev = module->dev;
    cg_gradient_list list;
    if (!(max_norm >= 0))
        return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "clip_grad_norm: max_norm is %g; expected 0 or more",
                       max_norm);
    if (!is_order(dev, "clip_grad_norm", p)) return dev->error.code;
    cg_status status = cg_gradient_list_make(module, "clip_grad_norm", true, &list);
    if (status != CG_OK) return status;
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *norm = NULL;
    cg_no_grad_begin(dev);
    status = scope ? clip_norm(dev, &list, max_norm, p, &norm) : dev->error.code;
    norm = cg_scope_return(scope, norm);
    if (total && status == CG_OK) *total = norm;
    cg_no_grad_end(dev);
    cg_gradient_list_free(&list);
    return status;
}

cg_status cg_clip_grad_value(cg_module *module, double limit) {
    if (!module) return CG_ERROR_ARGUMENT;
    cg_device *dev = module->dev;
    cg_gradient_list list;
    if (!(limit >= 0))
        return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "clip_grad_value: limit is %g; expected 0 or more",
                       limit);
    cg_status status = cg_gradient_list_make(module, "clip_grad_value", true, &list);
    if (status != CG_OK) return status;
    cg_scope *scope = cg_scope_begin(dev);
    const change c[2] = {clamping(CG_F32, limit), clamping(CG_F64, limit)};
    status = scope ? change_all(c, &list) : dev->error.code;
    cg_scope_end(scope);
    cg_gradient_list_free(&list);
    return status;
}
