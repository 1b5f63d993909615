/* State to and from safetensors files. */
#include <stdlib.h>
#include <string.h>

#include "core/shape.h"
#include "optim/optimizer.h"
#include "tensor/deferral.h"

static const char settings_key[] = "optimizer";

cg_status cg_optimizer_save(const cg_optimizer *o, const char *path) {
    if (!o || !path) return CG_ERROR_ARGUMENT;
    char *settings = cg_settings_write(o);
    if (!settings) return o->dev->error.code;
    const char *const metadata[][2] = {{settings_key, settings}};
    const cg_status status = cg_safetensors_save(path, o->n_state, o->state, 1, metadata);
    if (status) CG_FAIL(&o->dev->error, status, "optimizer_save: %s", cg_error_message(NULL));
    free(settings);
    return status;
}

/* prefix + name, to be freed. */
static char *join(const cg_optimizer *o, const char *prefix, const char *name) {
    const size_t bytes = strlen(prefix) + strlen(name) + 1;
    char *full = malloc(bytes);
    if (full)
        snprintf(full, bytes, "%s%s", prefix, name);
    else
        CG_FAIL(&o->dev->error, CG_ERROR_MEMORY, "optimizer_load: out of host memory");
    return full;
}

static int find_entry(const cg_safetensors *file, const char *wanted, cg_dtype *dtype, cg_dims *shape) {
    for (int i = 0; i < cg_safetensors_count(file); i++) {
        const char *name;
        if (cg_safetensors_entry(file, i, &name, dtype, shape) == CG_OK && strcmp(name, wanted) == 0)
            return i;
    }
    return -1;
}

/* The value of one state; the state itself is left alone. */
static cg_tensor *read_state(const cg_optimizer *o, const cg_safetensors *file, const char *name,
                             const cg_tensor *state) {
    cg_dtype dtype;
    cg_dims shape;
    const int at = find_entry(file, name, &dtype, &shape);
    if (at < 0) {
        CG_FAIL(&o->dev->error, CG_ERROR_FORMAT, "optimizer_load: the file has no %s", name);
        return NULL;
    }
    if (dtype != state->storage->dtype || !cg_dims_equal(&shape, &state->shape)) {
        CG_FAIL(&o->dev->error, CG_ERROR_FORMAT, "optimizer_load: %s is %s %s in the file, expected %s %s",
                name, cg_dtype_name(dtype), CG_SHAPE_STR(&shape), cg_dtype_name(state->storage->dtype),
                CG_SHAPE_STR(&state->shape));
        return NULL;
    }
    return cg_safetensors_read(file, at, o->dev);
}

/* Reads all states; what still has to read the old ones is computed. */
static cg_status read_states(const cg_optimizer *o, const cg_safetensors *file, const char *prefix,
                             cg_tensor **value) {
    for (int i = 0; i < o->n_state; i++) {
        char *name = join(o, prefix, o->state[i].name);
        value[i] = name ? read_state(o, file, name, o->state[i].tensor) : NULL;
        free(name);
        if (!value[i] || cg_force_readers(o->state[i].tensor->storage)) return o->dev->error.code;
    }
    return CG_OK;
}

/* Each state and what was read for it exchange their memory: both cover their storage whole. */
static void take_states(const cg_optimizer *o, cg_tensor **value) {
    for (int i = 0; i < o->n_state; i++) {
        cg_storage *to = o->state[i].tensor->storage, *from = value[i]->storage;
        cg_buffer *old = to->buffer;
        to->buffer = from->buffer;
        from->buffer = old;
        to->version++;
    }
}

static cg_status read_settings(cg_optimizer *o, const cg_safetensors *file, const char *prefix) {
    char *key = join(o, prefix, settings_key);
    if (!key) return o->dev->error.code;
    const char *text = cg_safetensors_metadata(file, key);
    const cg_status status =
        text ? cg_settings_read(o, text)
             : CG_FAIL(&o->dev->error, CG_ERROR_FORMAT, "optimizer_load: the file has no metadata '%s'", key);
    free(key);
    return status;
}

cg_status cg_optimizer_load_from(cg_optimizer *o, const cg_safetensors *file, const char *prefix) {
    if (!o || !file || !prefix) return CG_ERROR_ARGUMENT;
    cg_tensor **value = calloc((size_t)o->n_state + 1, sizeof(cg_tensor *));
    cg_scope *scope = value ? cg_scope_begin(o->dev) : NULL;
    cg_status status =
        scope ? CG_OK : CG_FAIL(&o->dev->error, CG_ERROR_MEMORY, "optimizer_load: out of host memory");
    if (status == CG_OK) status = read_states(o, file, prefix, value);
    if (status == CG_OK) status = read_settings(o, file, prefix);
    if (status == CG_OK) take_states(o, value);
    cg_scope_end(scope);
    free(value);
    return status;
}

cg_status cg_optimizer_load(cg_optimizer *o, const char *path) {
    if (!o || !path) return CG_ERROR_ARGUMENT;
    cg_safetensors *file = cg_safetensors_open(path);
    if (!file)
        return CG_FAIL(&o->dev->error, cg_error_code(NULL), "optimizer_load: %s", cg_error_message(NULL));
    cg_status status = CG_OK;
    if (cg_safetensors_count(file) != o->n_state)
        status =
            CG_FAIL(&o->dev->error, CG_ERROR_FORMAT, "optimizer_load: the file has %d tensors, expected %d",
                    cg_safetensors_count(file), o->n_state);
    if (status == CG_OK) status = cg_optimizer_load_from(o, file, "");
    cg_safetensors_close(file);
    return status;
}
