/* The CPU backend: one device, always there. */
#include "host/cpu/cpu.h"

#include <stdlib.h>
#include <string.h>

static int cpu_count(void) { return 1; }

static const char *cpu_reason(void) { return ""; }

/* The value of the first line "key : value" of /proc/cpuinfo; `fallback` where there is none. */
static void read_cpuinfo(const char *key, const char *fallback, char *out, size_t bytes) {
    snprintf(out, bytes, "%s", fallback);
    FILE *f = fopen("/proc/cpuinfo", "r");
    if (!f) return;
    char line[256];
    while (fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (!colon || strncmp(line, key, strlen(key)) != 0) continue;
        const char *value = colon + 1 + strspn(colon + 1, " \t");
        snprintf(out, bytes, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    fclose(f);
}

static void cpu_describe(int index, cg_device_info *info) {
    (void)index;
    memset(info, 0, sizeof *info);
    snprintf(info->id, sizeof info->id, "cpu");
    read_cpuinfo("model name", "CPU", info->name, sizeof info->name);
    read_cpuinfo("vendor_id", "", info->vendor, sizeof info->vendor);
    snprintf(info->platform, sizeof info->platform, "native");
    snprintf(info->driver, sizeof info->driver, "%s", cg_isa_choose()->name);
    info->type = CG_DEVICE_CPU;
    info->compute_units = cg_parallel_threads();
    info->memory_bytes = cg_cpu_physical_memory();
    info->max_buffer_bytes = info->memory_bytes;
    info->max_work_group = 1;
    info->has_f64 = true;
    info->usable = true;
}

static cg_hw *cpu_open(int index, cg_error *err) {
    cg_hw_cpu *hw = calloc(1, sizeof *hw);
    if (!hw) {
        CG_FAIL(err, CG_ERROR_MEMORY, "cpu: out of host memory");
        return NULL;
    }
    hw->base.backend = &cg_backend_cpu;
    hw->base.err = err;
    hw->isa = cg_isa_choose();
    cpu_describe(index, &hw->base.info);
    cg_cpu_memory_init(hw);
    cg_cpu_units_init(hw);
    return &hw->base;
}

static void cpu_close(cg_hw *hw) {
    cg_cpu_trim(hw);
    free(hw);
}

/* Every call has finished when it returns. */
static cg_status cpu_sync(cg_hw *hw) {
    (void)hw;
    return CG_OK;
}

const cg_backend cg_backend_cpu = {
    .name = "cpu",
    .count = cpu_count,
    .reason = cpu_reason,
    .describe = cpu_describe,
    .open = cpu_open,
    .close = cpu_close,
    .alloc = cg_cpu_alloc,
    .free = cg_cpu_free,
    .wrap = cg_cpu_wrap,
    .trim = cg_cpu_trim,
    .upload = cg_cpu_upload,
    .download = cg_cpu_download,
    .sync = cpu_sync,
    .map = cg_cpu_map,
    .reduce = cg_cpu_reduce,
    .matmul = cg_cpu_matmul,
    .many_outputs = true,
    .epilogue_in_place = true,
    .random = cg_cpu_random,
    .gather = cg_cpu_gather,
    .scatter_add = cg_cpu_scatter_add,
    .scan = cg_cpu_scan,
    .sort = cg_cpu_sort,
    .searchsorted = cg_cpu_searchsorted,
    .softmax = cg_cpu_softmax,
    .softmax_xent = cg_cpu_softmax_xent,
    .map_many = cg_cpu_map_many,
    .row_norm = cg_cpu_row_norm,
    .row_norm_grad = cg_cpu_row_norm_grad,
    .attention = cg_cpu_attention,
    .attention_grad = cg_cpu_attention_grad,
    .lu = cg_cpu_lu,
    .cholesky = cg_cpu_cholesky,
    .qr = cg_cpu_qr,
    .eigh = cg_cpu_eigh,
    .eig = cg_cpu_eig,
    .svd = cg_cpu_svd,
    .solve_triangular = cg_cpu_solve_triangular,
    .conv = cg_cpu_conv,
    .pool = cg_cpu_pool,
};
