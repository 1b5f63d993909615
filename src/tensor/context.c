/* Opening and closing a device handle; its errors and statistics. */
#include "tensor/context.h"

#include <stdlib.h>
#include <string.h>

#include "core/env.h"
#include "tensor/deferral.h"

/* The value of CLGRAD_MATMUL_PRECISION; -1 if it is none. */
static int asked_precision(void) {
    static const char *const names[] = {"highest", "high", "medium"};
    const char *text = cg_env("CLGRAD_MATMUL_PRECISION");
    for (int i = 0; i < 3; i++)
        if (!text || strcmp(text, names[i]) == 0) return i;
    return -1;
}

cg_device *cg_device_open(const char *name) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    cg_device *dev = calloc(1, sizeof *dev);
    if (!dev) {
        CG_FAIL(err, CG_ERROR_MEMORY, "device_open: out of host memory");
        return NULL;
    }
    const int precision = asked_precision();
    if (precision < 0)
        CG_FAIL(err, CG_ERROR_ARGUMENT,
                "device_open: CLGRAD_MATMUL_PRECISION is '%s', not highest, high or medium",
                cg_env("CLGRAD_MATMUL_PRECISION"));
    const int index = precision < 0 ? -1 : cg_hw_choose(name, dev->choice, sizeof dev->choice, err);
    dev->hw = index < 0 ? NULL : cg_hw_open(index, err);
    if (!dev->hw) {
        free(dev);
        return NULL;
    }
    dev->hw->err = &dev->error;
    dev->hw->precision = (cg_matmul_precision)precision;
    dev->root.dev = dev;
    dev->innermost = &dev->root;
    cg_device_detours(dev);
    if (*dev->detours) {
        const size_t used = strlen(dev->choice);
        snprintf(dev->choice + used, sizeof dev->choice - used,
                 "; found wrong by clgrad doctor and avoided: %s", dev->detours);
    }
    dev->fuse = cg_env_int("CLGRAD_FUSE", 1) != 0;
    return dev;
}

static void empty_slabs(cg_device *dev) {
    cg_scopes_forget(dev);
    cg_slab_empty(&dev->tensors);
    cg_slab_empty(&dev->storages);
    cg_slab_empty(&dev->exprs);
    cg_slab_empty(&dev->nodes);
    cg_slab_empty(&dev->visits);
}

void cg_device_close(cg_device *dev) {
    if (!dev) return;
    while (dev->innermost != &dev->root) cg_scope_drop(dev->innermost);
    cg_scope_drop(&dev->root);
    cg_hw_close(dev->hw);
    empty_slabs(dev);
    free(dev);
}

const cg_device_info *cg_device_properties(const cg_device *dev) { return dev ? &dev->hw->info : NULL; }

const char *cg_device_choice(const cg_device *dev) { return dev ? dev->choice : ""; }

cg_device_stats cg_device_statistics(const cg_device *dev) {
    return dev ? dev->hw->stats : (cg_device_stats){0};
}

void cg_device_reset_peak(cg_device *dev) {
    if (dev) dev->hw->stats.bytes_peak = dev->hw->stats.bytes_in_use;
}

cg_status cg_device_sync(cg_device *dev) { return dev ? cg_hw_sync(dev->hw) : CG_ERROR_ARGUMENT; }

void cg_device_trim(cg_device *dev) {
    if (!dev) return;
    cg_hw_trim(dev->hw);
    empty_slabs(dev);
}

cg_status cg_set_matmul_precision(cg_device *dev, cg_matmul_precision precision) {
    if (!dev) return CG_ERROR_ARGUMENT;
    if ((unsigned)precision > CG_PRECISION_MEDIUM)
        return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "set_matmul_precision: %d is no precision",
                       (int)precision);
    dev->hw->precision = precision;
    return CG_OK;
}

cg_matmul_precision cg_get_matmul_precision(const cg_device *dev) {
    return dev ? dev->hw->precision : CG_PRECISION_HIGHEST;
}

cg_status cg_device_set_detour(cg_device *dev, const char *name, cg_detour detour) {
    return dev ? cg_hw_set_detour(dev->hw, name, detour) : CG_ERROR_ARGUMENT;
}

cg_detour cg_device_get_detour(const cg_device *dev, const char *name) {
    return dev && name ? cg_hw_get_detour(dev->hw, name) : CG_DETOUR_NONE;
}

const char *cg_device_detours(const cg_device *dev) {
    if (!dev) return "";
    char *text = ((cg_device *)dev)->detours; /* what is asked for is written anew: no change of the device */
    cg_hw_detours_text(dev->hw, text, sizeof dev->detours);
    return text;
}

cg_status cg_device_remember_detours(cg_device *dev) {
    return dev ? cg_hw_remember_detours(dev->hw) : CG_ERROR_ARGUMENT;
}

cg_status cg_error_code(const cg_device *dev) { return dev ? dev->error.code : cg_error_of_thread()->code; }

const char *cg_error_message(const cg_device *dev) {
    return dev ? dev->error.message : cg_error_of_thread()->message;
}

void cg_error_clear(cg_device *dev) {
    if (dev)
        dev->error = (cg_error){0};
    else
        *cg_error_of_thread() = (cg_error){0};
}
