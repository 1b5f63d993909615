/* Scopes: who owns a tensor, and when it goes. */
#include <stdlib.h>

#include "tensor/context.h"
#include "tensor/deferral.h"

cg_scope *cg_scope_begin(cg_device *dev) {
    if (!dev) return NULL;
    cg_scope *scope = dev->spare;
    if (scope) {
        dev->spare = scope->outer;
    } else {
        scope = calloc(1, sizeof *scope);
        if (!scope) {
            CG_FAIL(&dev->error, CG_ERROR_MEMORY, "scope_begin: out of host memory");
            return NULL;
        }
        scope->dev = dev;
    }
    scope->outer = dev->innermost;
    dev->innermost = scope;
    return scope;
}

bool cg_scope_adopt(cg_device *dev, cg_tensor *x) {
    cg_scope *scope = dev->innermost;
    if (scope->count == scope->room) {
        size_t room = scope->room ? 2 * scope->room : 32;
        cg_tensor **grown = realloc(scope->tensor, room * sizeof *grown);
        if (!grown) {
            CG_FAIL(&dev->error, CG_ERROR_MEMORY, "scope: out of host memory for %zu tensors", room);
            return false;
        }
        scope->tensor = grown;
        scope->room = room;
    }
    scope->tensor[scope->count++] = x;
    return true;
}

/* Released newest first, so that a consumer goes before what it reads. */
void cg_scope_drop(cg_scope *scope) {
    cg_device *dev = scope->dev;
    while (scope->count) cg_release(scope->tensor[--scope->count]);
    if (!scope->outer) { /* the root scope is part of its device */
        free(scope->tensor);
        scope->tensor = NULL;
        scope->room = 0;
        return;
    }
    dev->innermost = scope->outer;
    if (CG_SLAB_KEEPS) {
        scope->outer = dev->spare;
        dev->spare = scope;
    } else {
        free(scope->tensor);
        free(scope);
    }
}

cg_tensor *cg_scope_hand_over(cg_scope *scope, cg_tensor *result) {
    cg_device *dev = scope->dev;
    cg_retain(result);
    cg_scope_drop(scope);
    if (!result || cg_scope_adopt(dev, result)) return result;
    cg_release(result);
    return NULL;
}

void cg_scopes_forget(cg_device *dev) {
    for (cg_scope *scope = dev->spare, *next; scope; scope = next) {
        next = scope->outer;
        free(scope->tensor);
        free(scope);
    }
    dev->spare = NULL;
}

/* What is kept beyond the scope must not hold on to its temporaries: it is computed now. */
static void compute_survivors(const cg_scope *scope) {
    for (size_t i = 0; i < scope->count; i++)
        if (scope->tensor[i]->refs > 1) cg_force(scope->tensor[i]->storage);
}

void cg_scope_end(cg_scope *scope) {
    if (!scope) return;
    while (scope->dev->innermost != scope) cg_scope_end(scope->dev->innermost);
    compute_survivors(scope);
    cg_scope_drop(scope);
}

cg_tensor *cg_scope_return(cg_scope *scope, cg_tensor *result) {
    if (!scope) return result;
    cg_device *dev = scope->dev;
    cg_retain(result);
    cg_scope_end(scope);
    if (result && !cg_scope_adopt(dev, result)) {
        cg_release(result);
        return NULL;
    }
    return result;
}

cg_tensor *cg_retain(cg_tensor *x) {
    if (x) x->refs++;
    return x;
}

void cg_record_release(cg_record *record) {
    if (record && --record->refs == 0) record->destroy(record);
}

void cg_release(cg_tensor *x) {
    if (!x || --x->refs > 0) return;
    cg_device *dev = x->storage->dev;
    cg_record_release(x->record);
    cg_storage_release(x->storage);
    cg_slab_give(&dev->tensors, x);
}
