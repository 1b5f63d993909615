/* Parameters, buffers and children: in a whole tree by number, and by name. */
#include <stdlib.h>
#include <string.h>

#include "clgrad/autograd.h"
#include "core/shape.h"
#include "nn/module.h"

/* --- lists of a whole tree ------------------------------------------------------------------------------------ */

static void drop(cg_entries *list) {
    for (int i = 0; i < list->n; i++) free(list->entry[i].path);
    free(list->entry);
    *list = (cg_entries){0};
}

void cg_module_tree_changed(cg_module *module) {
    for (cg_module *m = module; m; m = m->parent)
        for (int kind = 0; kind < CG_MEMBERS; kind++) drop(&m->tree[kind]);
}

int cg_module_count(const cg_module *module, cg_member kind) {
    int n = module->own[kind].n;
    for (int i = 0; i < module->n_children; i++) n += cg_module_count(module->child[i].module, kind);
    return n;
}

/* prefix + name + suffix; NULL without memory. */
static char *joined(const char *prefix, const char *name, const char *suffix) {
    size_t bytes = strlen(prefix) + strlen(name) + strlen(suffix) + 1;
    char *text = malloc(bytes);
    if (text) snprintf(text, bytes, "%s%s%s", prefix, name, suffix);
    return text;
}

/* Appends what is in `module`, whose path so far is `prefix` ("" or "1.", ...). */
static bool append(const cg_module *module, cg_member kind, const char *prefix, cg_entries *list) {
    const cg_slots *own = &module->own[kind];
    for (int i = 0; i < own->n; i++) {
        char *path = joined(prefix, own->slot[i].name, "");
        if (!path) return false;
        list->entry[list->n++] = (cg_entry){path, &own->slot[i].tensor};
    }
    for (int i = 0; i < module->n_children; i++) {
        char *inner = joined(prefix, module->child[i].name, ".");
        bool ok = inner && append(module->child[i].module, kind, inner, list);
        free(inner);
        if (!ok) return false;
    }
    return true;
}

const cg_entries *cg_module_tree(const cg_module *module, cg_member kind) {
    cg_module *cache = (cg_module *)module; /* the list is derived: making it is no change of the module */
    cg_entries *list = &cache->tree[kind];
    if (list->entry) return list;
    list->entry = calloc((size_t)cg_module_count(module, kind) + 1, sizeof *list->entry);
    if (list->entry && append(module, kind, "", list)) return list;
    drop(list);
    CG_FAIL(&cache->dev->error, CG_ERROR_MEMORY, "module: out of host memory");
    return NULL;
}

static cg_tensor *member(const cg_module *module, cg_member kind, int i, const char **name) {
    const cg_entries *list = module ? cg_module_tree(module, kind) : NULL;
    if (!list) return NULL;
    if (i < 0 || i >= list->n) {
        const char *what = kind == CG_PARAMETERS ? "parameter" : "buffer";
        CG_FAIL(&module->dev->error, CG_ERROR_ARGUMENT, "%s: %d of %d %ss", what, i, list->n, what);
        return NULL;
    }
    if (name) *name = list->entry[i].path;
    return *list->entry[i].tensor;
}

int cg_parameter_count(const cg_module *module) {
    return module ? cg_module_count(module, CG_PARAMETERS) : 0;
}

cg_tensor *cg_parameter(const cg_module *module, int i, const char **name) {
    return member(module, CG_PARAMETERS, i, name);
}

int cg_module_buffer_count(const cg_module *module) {
    return module ? cg_module_count(module, CG_BUFFERS) : 0;
}

cg_tensor *cg_module_buffer(const cg_module *module, int i, const char **name) {
    return member(module, CG_BUFFERS, i, name);
}

int64_t cg_parameter_elements(const cg_module *module) {
    int64_t total = 0;
    if (!module) return 0;
    const cg_slots *own = &module->own[CG_PARAMETERS];
    for (int i = 0; i < own->n; i++) total += cg_numel(own->slot[i].tensor);
    for (int i = 0; i < module->n_children; i++) total += cg_parameter_elements(module->child[i].module);
    return total;
}

/* --- by name ---------------------------------------------------------------------------------------------------- */

/* The child whose name is the first n characters of `path`. */
static cg_module *child_called(const cg_module *module, const char *path, size_t n) {
    for (int i = 0; i < module->n_children; i++) {
        const char *name = module->child[i].name;
        if (strncmp(name, path, n) == 0 && !name[n]) return module->child[i].module;
    }
    return NULL;
}

/* Follows the path up to its last name, which *last gets; NULL if a child on the way is missing. */
static const cg_module *walk(const cg_module *module, const char *path, const char **last) {
    for (const char *dot; module && (dot = strchr(path, '.')); path = dot + 1)
        module = child_called(module, path, (size_t)(dot - path));
    *last = path;
    return module;
}

static cg_tensor *member_named(const cg_module *module, cg_member kind, const char *op, const char *path) {
    const char *last;
    if (!module || !path) return NULL;
    const cg_module *holder = walk(module, path, &last);
    for (int i = 0; holder && i < holder->own[kind].n; i++)
        if (strcmp(holder->own[kind].slot[i].name, last) == 0) return holder->own[kind].slot[i].tensor;
    CG_FAIL(&module->dev->error, CG_ERROR_ARGUMENT, "%s: this %s has no \"%s\"", op, module->name, path);
    return NULL;
}

cg_tensor *cg_module_parameter_named(const cg_module *module, const char *path) {
    return member_named(module, CG_PARAMETERS, "module_parameter_named", path);
}

cg_tensor *cg_module_buffer_named(const cg_module *module, const char *path) {
    return member_named(module, CG_BUFFERS, "module_buffer_named", path);
}

cg_module *cg_module_child(const cg_module *module, const char *path) {
    const char *last;
    if (!module || !path) return NULL;
    const cg_module *holder = walk(module, path, &last);
    cg_module *child = holder ? child_called(holder, last, strlen(last)) : NULL;
    if (!child)
        CG_FAIL(&module->dev->error, CG_ERROR_ARGUMENT, "module_child: this %s has no \"%s\"", module->name,
                path);
    return child;
}

int cg_module_child_count(const cg_module *module) { return module ? module->n_children : 0; }

cg_module *cg_module_child_at(const cg_module *module, int i, const char **name) {
    if (!module) return NULL;
    if (i < 0 || i >= module->n_children) {
        CG_FAIL(&module->dev->error, CG_ERROR_ARGUMENT, "module_child_at: %d of %d children", i,
                module->n_children);
        return NULL;
    }
    if (name) *name = module->child[i].name;
    return module->child[i].module;
}

/* --- what is done to each ---------------------------------------------------------------------------------------- */

void cg_module_zero_grad(cg_module *module) {
    if (!module) return;
    for (int i = 0; i < module->own[CG_PARAMETERS].n; i++)
        cg_zero_grad(module->own[CG_PARAMETERS].slot[i].tensor);
    for (int i = 0; i < module->n_children; i++) cg_module_zero_grad(module->child[i].module);
}

cg_status cg_module_require_grad(cg_module *module, bool wanted) {
    if (!module) return CG_ERROR_ARGUMENT;
    for (int i = 0; i < module->own[CG_PARAMETERS].n; i++)
        if (!cg_require_grad(module->own[CG_PARAMETERS].slot[i].tensor, wanted))
            return module->dev->error.code;
    for (int i = 0; i < module->n_children; i++) {
        cg_status status = cg_module_require_grad(module->child[i].module, wanted);
        if (status) return status;
    }
    return CG_OK;
}
