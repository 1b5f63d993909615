/*
 * Gathered gradients: what cg_backward leaves in leaves and in results that ask for it.
 *
 * Under create_graph a gathered gradient has a record, which leads back to the very node that holds the gradient: counted
 * as usual, the two would keep each other alive for ever. So the record is held by the scope of the caller instead, by a
 * stand-in with an identity's node (`watch`), and the gradient points at that node without counting. When the last
 * that does count goes, the scope's end or a result computed from the gradient, the gradient loses its record.
 */
#include "autograd/node.h"
#include "clgrad/manipulation.h"
#include "clgrad/ops.h"
#include "core/shape.h"
#include "tensor/deferred_product.h"

void cg_watch_ends(cg_node *watch) {
    cg_node *holder = watch->watched;
    if (!holder) return;
    holder->grad->record = NULL;
    holder->watch = NULL;
    watch->watched = NULL;
}

void cg_gathered_release(cg_node *node) {
    cg_tensor *grad = node->grad;
    cg_node *watch = node->watch;
    if (grad && !node->rule && node->grad_in && node->grad_in == cg_hw_record_number(node->dev->hw))
        node->dev->record_gradients--;
    node->grad = NULL;
    node->watch = NULL;
    if (watch) {
        watch->watched = NULL;
        if (grad->refs > 1)
            watch->record.refs++; /* the caller has retained it: from now on it counts */
        else
            grad->record = NULL;
    }
    cg_release(grad);
}

/* A replay leaves gradients at leaves where the step would have added to them: such recordings are refused in the end. */
static void hold(cg_node *node, cg_tensor *grad) {
    node->grad = grad;
    node->grad_in = cg_hw_record_number(node->dev->hw);
    if (node->grad_in && !node->rule) node->dev->record_gradients++;
}

/* The gathered gradient. A replay would find one from before the recording as it was then. */
static cg_tensor *held(const cg_node *node) {
    if (node->grad && node->grad_in != cg_hw_record_number(node->dev->hw))
        cg_hw_record_refuse(node->dev->hw, "it reads a gradient that was made before it");
    return node->grad;
}

static cg_status make_watch(cg_node *node, cg_tensor *grad, cg_tensor *recorded, cg_scope *scope) {
    cg_device *dev = node->dev;
    cg_scope *innermost = dev->innermost;
    const int depth = dev->no_grad;
    dev->innermost = scope;
    dev->no_grad = 0;
    dev->unwatched++;
    cg_tensor *held = cg_identity(recorded);
    dev->unwatched--;
    dev->no_grad = depth;
    dev->innermost = innermost;
    if (!held) return dev->error.code;
    node->watch = cg_node_of(held);
    node->watch->watched = node;
    grad->record = &node->watch->record;
    return CG_OK;
}

/* Row-major in memory that nothing else reads or will write. */
static bool is_own(const cg_tensor *x) {
    return x->refs == 1 && x->storage->refs == 1 && cg_is_contiguous(x) && x->storage->numel == cg_numel(x);
}

/* The values of the sum in a tensor for the node alone, retained; a product that may stay pending does. */
static cg_tensor *own(cg_device *dev, cg_tensor *sum) {
    if (!sum->record && is_own(sum) && cg_product_stays(sum)) return cg_retain(sum);
    if (!cg_eval(sum)) return NULL;
    if (!sum->record && is_own(sum)) return cg_retain(sum);
    cg_no_grad_begin(dev);
    cg_tensor *copy = cg_eval(is_own(sum) ? cg_tensor_alias(sum) : cg_clone(sum));
    cg_no_grad_end(dev);
    return cg_retain(copy);
}

cg_status cg_gather(cg_node *node, cg_tensor **arrived, cg_scope *scope) {
    cg_device *dev = node->dev;
    cg_tensor *sum = held(node) ? cg_add(node->grad, *arrived) : *arrived;
    cg_tensor *grad = sum ? own(dev, sum) : NULL;
    if (!grad) return dev->error.code;
    cg_gathered_release(node);
    hold(node, grad);
    cg_status status = scope && sum->record ? make_watch(node, grad, sum, scope) : CG_OK;
    cg_release(*arrived);
    *arrived = NULL;
    return status;
}

void cg_grad_store(cg_tensor *x, cg_tensor *grad) {
    cg_retain(grad);
    cg_gathered_release(cg_node_of(x));
    hold(cg_node_of(x), grad);
}

/* --- what users call ------------------------------------------------------------------------------------------ */

cg_tensor *cg_grad_of(const cg_tensor *x) { return x && x->record ? held(cg_node_of(x)) : NULL; }

void cg_zero_grad(cg_tensor *x) {
    if (x && x->record) cg_gathered_release(cg_node_of(x));
}

cg_tensor *cg_retain_grad(cg_tensor *x) {
    if (!x) return NULL;
    if (!x->record) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_GRADIENT, "retain_grad: %s requires no gradient",
                CG_SHAPE_STR(&x->shape));
        return NULL;
    }
    cg_node_of(x)->retain_grad = true;
    return x;
}
