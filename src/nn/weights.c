/* Parameters to and from safetensors files. */
#include <stdlib.h>
#include <string.h>

#include "clgrad/io.h"
#include "core/shape.h"
#include "nn/module.h"
#include "tensor/deferral.h"

cg_status cg_module_save(const cg_module *module, const char *path) {
    if (!module || !path) return CG_ERROR_ARGUMENT;
    int n;
    const cg_named_parameter *flat = cg_module_flat(module, &n);
    if (n && !flat) return module->dev->error.code;
    cg_named_tensor *entry = calloc((size_t)n + 1, sizeof *entry);
    if (!entry) return CG_FAIL(&module->dev->error, CG_ERROR_MEMORY, "module_save: out of host memory");
    for (int i = 0; i < n; i++) entry[i] = (cg_named_tensor){flat[i].name, flat[i].tensor};
    cg_status status = cg_safetensors_save(path, n, entry, 0, NULL);
    if (status) CG_FAIL(&module->dev->error, status, "module_save: %s", cg_error_message(NULL));
    free(entry);
    return status;
}

static int find_entry(const cg_safetensors *file, const char *wanted, cg_dtype *dtype, cg_dims *shape) {
    for (int i = 0; i < cg_safetensors_count(file); i++) {
        const char *name;
        if (cg_safetensors_entry(file, i, &name, dtype, shape) == CG_OK && strcmp(name, wanted) == 0)
            return i;
    }
    return -1;
}

/* Reads the value of each parameter; the parameters themselves are left alone. */
static cg_status read_values(const cg_module *module, const cg_safetensors *file, int n,
                             const cg_named_parameter *flat, cg_tensor **value) {
    cg_error *err = &module->dev->error;
    if (cg_safetensors_count(file) != n)
        return CG_FAIL(err, CG_ERROR_FORMAT, "module_load: the file has %d tensors, the module %d parameters",
                       cg_safetensors_count(file), n);
    for (int i = 0; i < n; i++) {
        cg_dtype dtype;
        cg_dims shape;
        const cg_tensor *x = flat[i].tensor;
        int at = find_entry(file, flat[i].name, &dtype, &shape);
        if (at < 0) return CG_FAIL(err, CG_ERROR_FORMAT, "module_load: the file has no %s", flat[i].name);
        if (dtype != x->storage->dtype || !cg_dims_equal(&shape, &x->shape))
            return CG_FAIL(err, CG_ERROR_FORMAT, "module_load: %s is %s %s in the file, expected %s %s",
                           flat[i].name, cg_dtype_name(dtype), CG_SHAPE_STR(&shape),
                           cg_dtype_name(x->storage->dtype), CG_SHAPE_STR(&x->shape));
        value[i] = cg_safetensors_read(file, at, module->dev);
        if (!value[i]) return err->code;
    }
    return CG_OK;
}

/* What still has to read the old values is computed; after that nothing can fail. */
static cg_status finish_readers(int n, const cg_named_parameter *flat) {
    for (int i = 0; i < n; i++) {
        cg_status status = cg_force_readers(flat[i].tensor->storage);
        if (status) return status;
    }
    return CG_OK;
}

/* Each parameter and what was read for it exchange their memory: both cover their storage whole. */
static void take_values(int n, const cg_named_parameter *flat, cg_tensor **value) {
    for (int i = 0; i < n; i++) {
        cg_storage *to = flat[i].tensor->storage, *from = value[i]->storage;
        cg_buffer *old = to->buffer;
        to->buffer = from->buffer;
        from->buffer = old;
        to->version++;
    }
}

static cg_status load(cg_module *module, const cg_safetensors *file) {
    int n;
    const cg_named_parameter *flat = cg_module_flat(module, &n);
    cg_tensor **value = calloc((size_t)n + 1, sizeof(cg_tensor *));
    cg_scope *scope = value ? cg_scope_begin(module->dev) : NULL;
    cg_status status =
        scope ? CG_OK : CG_FAIL(&module->dev->error, CG_ERROR_MEMORY, "module_load: out of host memory");
    if (status == CG_OK) status = read_values(module, file, n, flat, value);
    if (status == CG_OK) status = finish_readers(n, flat);
    if (status == CG_OK) take_values(n, flat, value);
    cg_scope_end(scope);
    free(value);
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
