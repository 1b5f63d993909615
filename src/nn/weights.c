/* The values of a module's parameters and buffers: to and from safetensors files, and kept in memory. */
#include <stdlib.h>
#include <string.h>

#include "core/shape.h"
#include "io/safetensors.h"
#include "nn/module.h"
#include "tensor/exchange.h"

/* A list of named tensors: parameters, then buffers, whose names differ. The names are the module's. */
typedef struct values {
    int n;
    cg_named_tensor *entry;
} values;

static cg_status list_values(const cg_module *module, const char *op, values *list) {
    const cg_entries *tree[CG_MEMBERS];
    *list = (values){0};
    int n = 0;
    for (int kind = 0; kind < CG_MEMBERS; kind++) {
        tree[kind] = cg_module_tree(module, (cg_member)kind);
        if (!tree[kind]) return module->dev->error.code;
        n += tree[kind]->n;
    }
    list->entry = calloc((size_t)n + 1, sizeof *list->entry);
    if (!list->entry) return CG_FAIL(&module->dev->error, CG_ERROR_MEMORY, "%s: out of host memory", op);
    for (int kind = 0; kind < CG_MEMBERS; kind++)
        for (int i = 0; i < tree[kind]->n; i++)
            list->entry[list->n++] =
                (cg_named_tensor){tree[kind]->entry[i].path, *tree[kind]->entry[i].tensor};
    return CG_OK;
}

cg_status cg_module_save(const cg_module *module, const char *path) {
    if (!module || !path) return CG_ERROR_ARGUMENT;
    values list;
    cg_status status = list_values(module, "module_save", &list);
    if (status) return status;
    status = cg_safetensors_save(path, list.n, list.entry, 0, NULL);
    if (status) CG_FAIL(&module->dev->error, status, "module_save: %s", cg_error_message(NULL));
    free(list.entry);
    return status;
}

/* --- new values for all, or for none ----------------------------------------------------------------------------- */

/* Where values come from: entry i of the module's list in memory of its own, or NULL and an error. */
typedef cg_tensor *value_source(const void *source, const cg_module *module, const cg_named_tensor *wanted);

static cg_status replace(cg_module *module, const char *op, const values *list, value_source *get,
                         const void *source) {
    cg_device *dev = module->dev;
    cg_tensor **own = calloc(2 * (size_t)list->n + 1, sizeof(cg_tensor *)),
              **value = own ? own + list->n : NULL;
    cg_scope *scope = own ? cg_scope_begin(dev) : NULL;
    cg_status status = scope ? CG_OK : CG_FAIL(&dev->error, CG_ERROR_MEMORY, "%s: out of host memory", op);
    for (int i = 0; i < list->n && status == CG_OK; i++) {
        own[i] = list->entry[i].tensor;
        value[i] = get(source, module, &list->entry[i]);
        if (!value[i]) status = dev->error.code;
    }
    if (status == CG_OK) status = cg_exchange_values(dev, list->n, own, value);
    cg_scope_end(scope);
    free(own);
    return status;
}

/* --- from a file --------------------------------------------------------------------------------------------------- */

static cg_tensor *from_file(const void *source, const cg_module *module, const cg_named_tensor *wanted) {
    (void)module;
    return cg_safetensors_read_like(source, "module_load", "", wanted->name, wanted->tensor);
}

static cg_status load(cg_module *module, const cg_safetensors *file) {
    values list;
    cg_status status = list_values(module, "module_load", &list);
    if (status) return status;
    if (cg_safetensors_count(file) != list.n)
        status = CG_FAIL(&module->dev->error, CG_ERROR_FORMAT,
                         "module_load: the file has %d tensors, the module %d parameters and buffers",
                         cg_safetensors_count(file), list.n);
    if (status == CG_OK) status = replace(module, "module_load", &list, from_file, file);
    free(list.entry);
    return status;
}

cg_status cg_module_load(cg_module *module, const char *path) {
    if (!module || !path) return CG_ERROR_ARGUMENT;
    cg_safetensors *file = cg_safetensors_open(path);
    if (!file)
        return CG_FAIL(&module->dev->error, cg_error_code(NULL), "module_load: %s", cg_error_message(NULL));
    cg_status status = load(module, file);
    cg_safetensors_close(file);
    return status;
}

/* --- kept in memory ------------------------------------------------------------------------------------------------ */

struct cg_module_state {
    int n;
    cg_slot *slot;
};

void cg_module_state_free(cg_module_state *state) {
    if (!state) return;
    for (int i = 0; i < state->n; i++) {
        free(state->slot[i].name);
        cg_release(state->slot[i].tensor);
    }
    free(state->slot);
    free(state);
}

static bool keep(cg_module_state *state, const cg_named_tensor *entry) {
    cg_slot slot = {strdup(entry->name), cg_retain(cg_module_copy(entry->tensor, false))};
    state->slot[state->n++] = slot;
    return slot.name && slot.tensor;
}

cg_module_state *cg_module_state_save(const cg_module *module) {
    values list;
    if (!module || list_values(module, "module_state_save", &list)) return NULL;
    cg_module_state *state = calloc(1, sizeof *state);
    if (state) state->slot = calloc((size_t)list.n + 1, sizeof *state->slot);
    cg_scope *scope = state && state->slot ? cg_scope_begin(module->dev) : NULL;
    bool ok = scope != NULL;
    for (int i = 0; ok && i < list.n; i++) ok = keep(state, &list.entry[i]);
    cg_scope_end(scope);
    free(list.entry);
    if (ok) return state;
    CG_FAIL(&module->dev->error, CG_ERROR_MEMORY, "module_state_save: out of memory");
    cg_module_state_free(state);
    return NULL;
}

static bool fits(const cg_module *module, const cg_named_tensor *wanted, const cg_tensor *kept) {
    const cg_tensor *x = wanted->tensor;
    if (kept->storage->dtype == x->storage->dtype && cg_dims_equal(&kept->shape, &x->shape)) return true;
    CG_FAIL(&module->dev->error, CG_ERROR_FORMAT,
            "module_state_restore: %s is %s %s in the state, expected %s %s", wanted->name,
            cg_dtype_name(kept->storage->dtype), CG_SHAPE_STR(&kept->shape), cg_dtype_name(x->storage->dtype),
            CG_SHAPE_STR(&x->shape));
    return false;
}

static cg_tensor *from_state(const void *source, const cg_module *module, const cg_named_tensor *wanted) {
    const cg_module_state *state = source;
    for (int i = 0; i < state->n; i++) {
        cg_tensor *x = state->slot[i].tensor;
        if (strcmp(state->slot[i].name, wanted->name) != 0) continue;
        if (!fits(module, wanted, x)) return NULL;
        if (x->storage->dev == module->dev) return cg_module_copy(x, false);
        CG_FAIL(&module->dev->error, CG_ERROR_DEVICE_MISMATCH,
                "module_state_restore: the state lives on another device");
        return NULL;
    }
    CG_FAIL(&module->dev->error, CG_ERROR_FORMAT, "module_state_restore: the state has no %s", wanted->name);
    return NULL;
}

cg_status cg_module_state_restore(cg_module *module, const cg_module_state *state) {
    values list;
    if (!module || !state) return CG_ERROR_ARGUMENT;
    cg_status status = list_values(module, "module_state_restore", &list);
    if (status) return status;
    if (state->n != list.n)
        status = CG_FAIL(&module->dev->error, CG_ERROR_FORMAT,
                         "module_state_restore: the state has %d tensors, the module %d", state->n, list.n);
    if (status == CG_OK) status = replace(module, "module_state_restore", &list, from_state, state);
    free(list.entry);
    return status;
}
