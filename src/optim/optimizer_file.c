/* State to and from safetensors files. */
#include <stdlib.h>

#include "io/safetensors.h"
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

/* Reads a value for each state, and computes what still has to read the old one: exchanging them cannot fail then. */
static cg_status read_states(const cg_optimizer *o, const cg_safetensors *file, const char *prefix,
                             cg_tensor **own, cg_tensor **value) {
    for (int i = 0; i < o->n_state; i++) {
        own[i] = o->state[i].tensor;
        value[i] = cg_safetensors_read_like(file, "optimizer_load", prefix, o->state[i].name, own[i]);
        if (!cg_eval(value[i]) || cg_force_readers(own[i]->storage)) return o->dev->error.code;
    }
    return CG_OK;
}

static cg_status read_settings(cg_optimizer *o, const cg_safetensors *file, const char *prefix) {
    char *key = cg_safetensors_name(prefix, settings_key);
    if (!key) return CG_FAIL(&o->dev->error, CG_ERROR_MEMORY, "optimizer_load: out of host memory");
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
