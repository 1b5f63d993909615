/* State to and from safetensors files. */
#include <stdlib.h>
#include <string.h>

#include "core/shape.h"
#include "optim/optimizer.h"
#include "tensor/deferral.h"
#include "tensor/exchange.h"

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

/* The value of one state; the state itself is left alone. */
static cg_tensor *read_state(const cg_optimizer *o, const cg_safetensors *file, const char *name,
                             const cg_tensor *state) {
    cg_dtype dtype;
    cg_dims shape;
    const int at = cg_safetensors_find(file, name);
    if (at < 0 || cg_safetensors_entry(file, at, NULL, &dtype, &shape) != CG_OK) {
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

/* Reads a value for each state, and computes what still has to read the old one: exchanging them cannot fail then. */
static cg_status read_states(const cg_optimizer *o, const cg_safetensors *file, const char *prefix,
                             cg_tensor **own, cg_tensor **value) {
    for (int i = 0; i < o->n_state; i++) {
        char *name = join(o, prefix, o->state[i].name);
        own[i] = o->state[i].tensor;
        value[i] = name ? read_state(o, file, name, own[i]) : NULL;
        free(name);
        if (!cg_eval(value[i]) || cg_force_readers(own[i]->storage)) return o->dev->error.code;
    }
    return CG_OK;
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
    cg_tensor **own = calloc(2 * (size_t)o->n_state + 1, sizeof(cg_tensor *)),
              **value = own ? own + o->n_state : NULL;
    cg_scope *scope = own ? cg_scope_begin(o->dev) : NULL;
    cg_status status =
        scope ? CG_OK : CG_FAIL(&o->dev->error, CG_ERROR_MEMORY, "optimizer_load: out of host memory");
    if (status == CG_OK) status = read_states(o, file, prefix, own, value);
    if (status == CG_OK) status = read_settings(o, file, prefix);
    if (status == CG_OK) status = cg_exchange_values(o->dev, o->n_state, own, value);
    cg_scope_end(scope);
    free(own);
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
