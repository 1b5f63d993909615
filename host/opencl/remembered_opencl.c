/* What is known of a device, beside its programs and its products: text in the cache on disk. */
#include "host/opencl/opencl.h"
#include "host/opencl/program_cache.h"

#include <stdlib.h>
#include <string.h>

#include "core/env.h"
#include "host/opencl/embedded.h"

void cg_cl_device_hash(const cg_hw *hw, const char *kind, cg_sha256 *h) {
    const char *kernels = cg_env("CLGRAD_KERNEL_DIR");
    cg_sha256_begin(h);
    cg_sha256_add_text(h, kind);
    cg_sha256_add_text(h, cg_version());
    cg_sha256_add_text(h, hw->info.platform);
    cg_sha256_add_text(h, hw->info.name);
    cg_sha256_add_text(h, hw->info.driver);
    cg_sha256_add_text(h, cg_embedded_digest);
    cg_sha256_add_text(h, kernels ? kernels : "");
}

static void device_key(const cg_hw *hw, const char *kind, uint8_t key[CG_SHA256_BYTES]) {
    cg_sha256 h;
    cg_cl_device_hash(hw, kind, &h);
    cg_sha256_end(&h, key);
}

char *cg_cl_recall(cg_hw *hw, const char *kind) {
    uint8_t key[CG_SHA256_BYTES];
    size_t bytes = 0;
    device_key(hw, kind, key);
    char *data = cg_cache_load(kind, key, &bytes);
    char *text = data ? strndup(data, bytes) : NULL;
    free(data);
    return text;
}

bool cg_cl_remember(cg_hw *hw, const char *kind, const char *text) {
    uint8_t key[CG_SHA256_BYTES];
    device_key(hw, kind, key);
    cg_cache_store(kind, key, text, strlen(text));
    char *kept = cg_cl_recall(hw, kind);
    const bool same = kept && strcmp(kept, text) == 0;
    free(kept);
    return same;
}

void cg_cl_use_other_kernels(cg_hw *base, bool on) {
    (void)on; /* it is called with true, then with false */
    cg_hw_opencl *hw = cg_cl(base);
    hw->cpu_style = !hw->cpu_style;
}
