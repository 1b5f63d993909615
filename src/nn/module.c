/* Making, filling and freeing modules. */
#include "nn/module.h"

#include <stdlib.h>
#include <string.h>

#include "clgrad/autograd.h"
#include "clgrad/manipulation.h"

static cg_status out_of_memory(cg_device *dev, const char *op) {
    return CG_FAIL(&dev->error, CG_ERROR_MEMORY, "%s: out of host memory", op);
}

cg_module *cg_module_new(cg_device *dev, const char *name, cg_forward_function *forward,
                         void (*release)(void *), void *context) {
    if (!dev) return NULL;
    if (!name || !forward) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "custom_module: name and forward must be given");
        return NULL;
    }
    cg_module *module = calloc(1, sizeof *module);
    char *copy = strdup(name);
    if (!module || !copy) {
        out_of_memory(dev, "module");
        free(module);
        free(copy);
        return NULL;
    }
    *module = (cg_module){.dev = dev,
                          .name = copy,
                          .training = true,
                          .tidy = true,
                          .forward = forward,
                          .release = release,
                          .context = context};
    return module;
}

cg_module *cg_module_keeping(cg_device *dev, const char *name, cg_forward_function *forward,
                             const void *value, size_t bytes) {
    if (!dev) return NULL;
    void *copy = malloc(bytes);
    if (!copy) {
        out_of_memory(dev, name);
        return NULL;
    }
    memcpy(copy, value, bytes);
    cg_module *module = cg_module_new(dev, name, forward, free, copy);
    if (!module) free(copy);
    return module;
}

cg_module *cg_custom_module(cg_device *dev, const char *name, cg_forward_function *forward,
                            void (*release)(void *), void *context) {
    cg_module *module = cg_module_new(dev, name, forward, release, context);
    if (module) module->tidy = false;
    return module;
}

static void free_tree(cg_module *module) {
    for (int i = 0; i < module->n_children; i++) {
        free_tree(module->child[i].module);
        free(module->child[i].name);
    }
    cg_module_tree_changed(module);
    for (int kind = 0; kind < CG_MEMBERS; kind++) {
        for (int i = 0; i < module->own[kind].n; i++) {
            free(module->own[kind].slot[i].name);
            cg_release(module->own[kind].slot[i].tensor);
        }
        free(module->own[kind].slot);
    }
    if (module->release) module->release(module->context);
    free(module->child);
    free(module->name);
    free(module);
}

void cg_module_free(cg_module *module) {
    if (module && !module->parent) free_tree(module);
}

/*
 * The scope of the caller would hold every tensor in between until it ends, also those that no gradient needs, and those
 * that the walk back is done with. The result stays pending where it is.
 */
cg_tensor *cg_forward(cg_module *module, cg_tensor *x) {
    if (!module || !x) return NULL;
    if (!module->tidy) return module->forward(module->context, module, x);
    cg_scope *scope = cg_scope_begin(module->dev);
    return scope ? cg_scope_hand_over(scope, module->forward(module->context, module, x)) : NULL;
}

cg_device *cg_module_device(const cg_module *module) { return module ? module->dev : NULL; }

const char *cg_module_kind(const cg_module *module) { return module ? module->name : NULL; }

void cg_module_train(cg_module *module, bool training) {
    if (!module) return;
    module->training = training;
    for (int i = 0; i < module->n_children; i++) cg_module_train(module->child[i].module, training);
}

bool cg_module_training(const cg_module *module) { return module && module->training; }

/* --- what is added -------------------------------------------------------------------------------------------- */

static bool is_taken(const cg_module *module, const char *name) {
    for (int kind = 0; kind < CG_MEMBERS; kind++)
        for (int i = 0; i < module->own[kind].n; i++)
            if (strcmp(module->own[kind].slot[i].name, name) == 0) return true;
    for (int i = 0; i < module->n_children; i++)
        if (strcmp(module->child[i].name, name) == 0) return true;
    return false;
}

static cg_status check_name(const cg_module *module, const char *op, const char *name) {
    cg_error *err = &module->dev->error;
    if (!*name || strchr(name, '.'))
        return CG_FAIL(
            err, CG_ERROR_ARGUMENT,
            "%s: \"%s\" is no name: it must not be empty or have a dot, which parts names in a path", op,
            name);
    if (is_taken(module, name))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "%s: this %s has a \"%s\" already", op, module->name, name);
    return CG_OK;
}

cg_tensor *cg_module_copy(cg_tensor *value, bool leaf) {
    cg_device *dev = value->storage->dev;
    cg_no_grad_begin(dev);
    cg_tensor *copy = cg_clone(value);
    cg_no_grad_end(dev);
    return leaf ? cg_require_grad(copy, true) : copy;
}

/* The caller's tensor may be a view, a result, or a constant without memory: what is kept is a copy. */
static cg_status add_tensor(cg_module *module, const char *op, cg_member kind, const char *name,
                            cg_tensor *value) {
    if (!module || !name || !value) return CG_ERROR_ARGUMENT;
    cg_device *dev = module->dev;
    cg_status status = check_name(module, op, name);
    if (status) return status;
    if (value->storage->dev != dev)
        return CG_FAIL(&dev->error, CG_ERROR_DEVICE_MISMATCH, "%s: %s lives on another device", op, name);
    cg_slots *own = &module->own[kind];
    cg_slot *grown = realloc(own->slot, (size_t)(own->n + 1) * sizeof *grown);
    if (!grown) return out_of_memory(dev, op);
    own->slot = grown;
    cg_module_tree_changed(module); /* its entries point into the old array */
    char *copy = strdup(name);
    if (!copy) return out_of_memory(dev, op);
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *kept = scope ? cg_retain(cg_module_copy(value, kind == CG_PARAMETERS)) : NULL;
    cg_scope_end(scope);
    if (!kept) {
        free(copy);
        return dev->error.code;
    }
    grown[own->n++] = (cg_slot){copy, kept};
    return CG_OK;
}

cg_status cg_module_add_parameter(cg_module *module, const char *name, cg_tensor *value) {
    return add_tensor(module, "module_add_parameter", CG_PARAMETERS, name, value);
}

cg_status cg_module_add_buffer(cg_module *module, const char *name, cg_tensor *value) {
    return add_tensor(module, "module_add_buffer", CG_BUFFERS, name, value);
}

bool cg_module_contains(const cg_module *module, const cg_module *part) {
    for (const cg_module *m = part; m; m = m->parent)
        if (m == module) return true;
    return false;
}

static cg_status check_child(const cg_module *module, const char *name, const cg_module *child) {
    cg_error *err = &module->dev->error;
    if (child->parent)
        return CG_FAIL(err, CG_ERROR_STATE, "module_add: the %s for \"%s\" is part of a %s already",
                       child->name, name, child->parent->name);
    if (cg_module_contains(child, module))
        return CG_FAIL(err, CG_ERROR_STATE, "module_add: a %s cannot be part of itself", module->name);
    if (child->dev != module->dev)
        return CG_FAIL(err, CG_ERROR_DEVICE_MISMATCH, "module_add: the %s for \"%s\" lives on another device",
                       child->name, name);
    return check_name(module, "module_add", name);
}

static cg_status add_child(cg_module *module, const char *name, cg_module *child) {
    cg_status status = check_child(module, name, child);
    if (status) return status;
    size_t room = (size_t)(module->n_children + 1) * sizeof *module->child;
    cg_named_module *grown = realloc(module->child, room);
    if (!grown) return out_of_memory(module->dev, "module_add");
    module->child = grown;
    char *copy = strdup(name);
    if (!copy) return out_of_memory(module->dev, "module_add");
    grown[module->n_children++] = (cg_named_module){copy, child};
    child->parent = module;
    for (cg_module *m = module; m && !child->tidy; m = m->parent) m->tidy = false;
    cg_module_tree_changed(module);
    return CG_OK;
}

cg_status cg_module_add(cg_module *module, const char *name, cg_module *child) {
    cg_status status = module && name && child ? add_child(module, name, child) : CG_ERROR_ARGUMENT;
    if (status && child && !cg_module_contains(child, module))
        cg_module_free(child); /* which leaves what has a parent */
    return status;
}
