#include "nn/module.h"

#include <stdlib.h>
#include <string.h>

#include "clgrad/autograd.h"
#include "clgrad/manipulation.h"
#include "clgrad/ops.h"
#include "core/shape.h"

static cg_status out_of_memory(cg_device *dev, const char *op) {
    return CG_FAIL(&dev->error, CG_ERROR_MEMORY, "%s: out of host memory", op);
}

cg_module *cg_custom_module(cg_device *dev, const char *name, cg_forward_function *forward,
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
    *module =
        (cg_module){.dev = dev, .name = copy, .forward = forward, .release = release, .context = context};
    return module;
}

static void drop_flat(cg_module *module) {
    for (int i = 0; i < module->n_flat; i++) free(module->flat[i].name);
    free(module->flat);
    module->flat = NULL;
    module->n_flat = 0;
}

void cg_module_free(cg_module *module) {
    if (!module) return;
    for (int i = 0; i < module->n_children; i++) cg_module_free(module->child[i]);
    for (int i = 0; i < module->n_parameters; i++) {
        free(module->parameter[i].name);
        cg_release(module->parameter[i].tensor);
    }
    if (module->release) module->release(module->context);
    drop_flat(module);
    free(module->child);
    free(module->parameter);
    free(module->name);
    free(module);
}

cg_tensor *cg_forward(cg_module *module, cg_tensor *x) {
    return module && x ? module->forward(module->context, module, x) : NULL;
}

/* --- parameters -------------------------------------------------------------------------------------------- */

/* A leaf of its own: the caller's tensor may be a view, a result, or a constant without memory. */
static cg_tensor *make_leaf(cg_tensor *value) {
    cg_device *dev = value->storage->dev;
    cg_no_grad_begin(dev);
    cg_tensor *leaf = cg_clone(value);
    cg_no_grad_end(dev);
    return cg_require_grad(leaf, true);
}

cg_status cg_module_add_parameter(cg_module *module, const char *name, cg_tensor *value) {
    if (!module || !name || !value) return CG_ERROR_ARGUMENT;
    size_t room = (size_t)(module->n_parameters + 1) * sizeof *module->parameter;
    cg_named_parameter *grown = realloc(module->parameter, room);
    if (!grown) return out_of_memory(module->dev, "module_add_parameter");
    module->parameter = grown;
    char *copy = strdup(name);
    if (!copy) return out_of_memory(module->dev, "module_add_parameter");
    cg_tensor *leaf = cg_retain(make_leaf(value));
    if (!leaf) {
        free(copy);
        return module->dev->error.code;
    }
    grown[module->n_parameters++] = (cg_named_parameter){copy, leaf};
    drop_flat(module);
    return CG_OK;
}

cg_status cg_module_add_child(cg_module *module, cg_module *child) {
    cg_module **grown = realloc(module->child, (size_t)(module->n_children + 1) * sizeof(cg_module *));
    if (!grown) return out_of_memory(module->dev, "module");
    module->child = grown;
    module->child[module->n_children++] = child;
    drop_flat(module);
    return CG_OK;
}

static int count(const cg_module *module) {
    int n = module->n_parameters;
    for (int i = 0; i < module->n_children; i++) n += count(module->child[i]);
    return n;
}

/* Appends the parameters of `module`, whose path so far is `prefix` ("" or "1.", ...), to flat[*n]. */
static bool flatten(const cg_module *module, const char *prefix, cg_named_parameter *flat, int *n) {
    for (int i = 0; i < module->n_parameters; i++) {
        size_t bytes = strlen(prefix) + strlen(module->parameter[i].name) + 1;
        char *path = malloc(bytes);
        if (!path) return false;
        snprintf(path, bytes, "%s%s", prefix, module->parameter[i].name);
        flat[(*n)++] = (cg_named_parameter){path, module->parameter[i].tensor};
    }
    for (int i = 0; i < module->n_children; i++) {
        size_t bytes = strlen(prefix) + 16;
        char *inner = malloc(bytes);
        if (!inner) return false;
        snprintf(inner, bytes, "%s%d.", prefix, i);
        bool ok = flatten(module->child[i], inner, flat, n);
        free(inner);
        if (!ok) return false;
    }
    return true;
}

const cg_named_parameter *cg_module_flat(const cg_module *module, int *n) {
    cg_module *cache = (cg_module *)module; /* the list is derived: making it is no change of the module */
    *n = count(module);
    if (cache->n_flat == *n) return cache->flat;
    drop_flat(cache);
    cache->flat = calloc((size_t)*n, sizeof *cache->flat);
    if (cache->flat && flatten(module, "", cache->flat, &cache->n_flat)) return cache->flat;
    drop_flat(cache);
    out_of_memory(cache->dev, "parameter");
    *n = 0;
    return NULL;
}

int cg_parameter_count(const cg_module *module) { return module ? count(module) : 0; }

cg_tensor *cg_parameter(const cg_module *module, int i, const char **name) {
    int n = 0;
    const cg_named_parameter *flat = module ? cg_module_flat(module, &n) : NULL;
    if (module && (i < 0 || i >= n))
        CG_FAIL(&module->dev->error, CG_ERROR_ARGUMENT, "parameter: %d of %d parameters", i, n);
    if (!flat || i < 0 || i >= n) return NULL;
    if (name) *name = flat[i].name;
    return flat[i].tensor;
}

int64_t cg_parameter_elements(const cg_module *module) {
    int64_t total = 0;
    if (!module) return 0;
    for (int i = 0; i < module->n_parameters; i++) total += cg_numel(module->parameter[i].tensor);
    for (int i = 0; i < module->n_children; i++) total += cg_parameter_elements(module->child[i]);
    return total;
}

void cg_module_zero_grad(cg_module *module) {
    if (!module) return;
    for (int i = 0; i < module->n_parameters; i++) cg_zero_grad(module->parameter[i].tensor);
    for (int i = 0; i < module->n_children; i++) cg_module_zero_grad(module->child[i]);
}
