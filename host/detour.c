#define _GNU_SOURCE
#include "host/detour.h"

#include "core/env.h"
#include "host/pool.h"

#include <stdlib.h>
#include <string.h>

static const char *const words[] = {[CG_DETOUR_NONE] = "none",
                                    [CG_DETOUR_OTHER_KERNEL] = "other-kernel",
                                    [CG_DETOUR_COMPOSED] = "composed",
                                    [CG_DETOUR_CPU] = "cpu"};
enum { DETOURS = sizeof words / sizeof *words };

static const char kind_on_disk[] = "detour";

/* --- Which ---------------------------------------------------------------------------------------------------- */

cg_detour cg_detour_of(const cg_hw *hw, cg_work kind, const void *request) {
    const cg_work_kind *k = &cg_work_kinds[kind];
    const cg_program *p = hw->detours.rows > 0 && k->program ? k->program(request) : NULL;
    for (int i = 0; p && i < p->n_instrs; i++)
        if (hw->detours.row[p->instr[i].row]) return CG_DETOUR_CPU;
    return (cg_detour)hw->detours.work[kind];
}

static int work_named(const char *name) {
    for (int kind = 0; kind < CG_WORK_COUNT; kind++)
        if (strcmp(name, cg_work_name((cg_work)kind)) == 0) return kind;
    return -1;
}

static int row_named(const char *name) {
    for (int row = 0; row < CG_ROW_COUNT; row++)
        if (strcmp(name, cg_rows[row].name) == 0) return row;
    return -1;
}

static bool can_take(const cg_hw *hw, int kind, cg_detour detour) {
    const bool only_device = hw->backend == &cg_backend_cpu;
    switch (detour) {
    case CG_DETOUR_NONE:
        return true;
    case CG_DETOUR_OTHER_KERNEL:
        return kind >= 0 && hw->backend->use_other_kernels != NULL;
    case CG_DETOUR_COMPOSED:
        return kind >= 0 && cg_work_kinds[kind].compose != NULL;
    case CG_DETOUR_CPU:
        return !only_device && (kind < 0 || cg_work_kinds[kind].buffers != NULL);
    }
    return false;
}

/* false if there is no such name or it has no such detour. */
static bool set_detour(cg_hw *hw, const char *name, cg_detour detour) {
    const int kind = work_named(name), row = kind < 0 ? row_named(name) : -1;
    if ((kind < 0 && row < 0) || !can_take(hw, kind, detour)) return false;
    if (kind >= 0) {
        hw->detours.work[kind] = (uint8_t)detour;
        return true;
    }
    hw->detours.rows += (detour != CG_DETOUR_NONE) - (hw->detours.row[row] != CG_DETOUR_NONE);
    hw->detours.row[row] = (uint8_t)detour;
    return true;
}

cg_status cg_hw_set_detour(cg_hw *hw, const char *name, cg_detour detour) {
    if (name && (unsigned)detour < DETOURS && set_detour(hw, name, detour)) return CG_OK;
    return CG_FAIL(hw->err, CG_ERROR_ARGUMENT, "set_detour: \"%s\" on %s has no detour %d", name ? name : "",
                   hw->info.id, (int)detour);
}

cg_detour cg_hw_get_detour(const cg_hw *hw, const char *name) {
    const int kind = work_named(name), row = row_named(name);
    if (kind >= 0) return (cg_detour)hw->detours.work[kind];
    return row >= 0 ? (cg_detour)hw->detours.row[row] : CG_DETOUR_NONE;
}

/* --- Running --------------------------------------------------------------------------------------------------- */

/* The buffers of a request, each once, and their copies on the CPU backend. */
typedef struct copies {
    int n;
    cg_buffer *device[CG_WORK_BUFFERS], *cpu[CG_WORK_BUFFERS];
    bool written[CG_WORK_BUFFERS];
} copies;

static int find_copy(copies *c, cg_buffer *device) {
    int i = 0;
    while (i < c->n && c->device[i] != device) i++;
    if (i == c->n) c->device[c->n++] = device;
    return i;
}

/* Both backends' buffers start with a cg_block (host/pool.h), which knows their size. */
static size_t bytes_of(const cg_buffer *buffer) { return ((const cg_block *)(const void *)buffer)->bytes; }

/* What a buffer holds goes through host memory: a request may write only parts of it. */
static cg_status copy_between(cg_hw *from_hw, cg_buffer *from, cg_hw *to_hw, cg_buffer *to, size_t bytes) {
    void *host = malloc(bytes);
    if (!host)
        return CG_FAIL(from_hw->err, CG_ERROR_MEMORY, "detour: no memory for a copy of %zu bytes", bytes);
    cg_status status = cg_hw_download(from_hw, host, from, 0, bytes);
    if (status == CG_OK) status = cg_hw_upload(to_hw, to, 0, host, bytes);
    free(host);
    return status;
}

static cg_status bring(cg_hw *hw, copies *c, cg_work_buffer *list, int n) {
    for (int i = 0; i < n; i++) {
        if (!*list[i].buffer) continue;
        const int k = find_copy(c, *list[i].buffer);
        c->written[k] = c->written[k] || list[i].written;
        if (!c->cpu[k]) {
            const size_t bytes = bytes_of(c->device[k]);
            c->cpu[k] = cg_hw_alloc(hw->cpu, bytes);
            if (!c->cpu[k]) return hw->err->code;
            const cg_status status = copy_between(hw, c->device[k], hw->cpu, c->cpu[k], bytes);
            if (status != CG_OK) return status;
        }
        *list[i].buffer = c->cpu[k];
    }
    return CG_OK;
}

static cg_status take_back(cg_hw *hw, copies *c) {
    cg_status status = CG_OK;
    for (int k = 0; k < c->n && status == CG_OK; k++)
        if (c->written[k])
            status = copy_between(hw->cpu, c->cpu[k], hw, c->device[k], bytes_of(c->device[k]));
    return status;
}

cg_hw *cg_detour_cpu(cg_hw *hw, cg_work kind) {
    if (hw->backend == &cg_backend_cpu) return hw;
    if (cg_env_int("CLGRAD_CHECK", 0) >= 2) {
        CG_FAIL(hw->err, CG_ERROR_STATE, "%s: goes to the CPU, which CLGRAD_CHECK=2 forbids",
                cg_work_name(kind));
        return NULL;
    }
    if (!hw->cpu && !(hw->cpu = cg_backend_cpu.open(0, hw->err))) return NULL;
    hw->cpu->err = hw->err;
    hw->stats.round_trips++;
    return hw->cpu;
}

cg_status cg_work_on_cpu(cg_hw *hw, cg_work kind, const void *request) {
    const cg_work_kind *k = &cg_work_kinds[kind];
    union {
        cg_map_request map; /* the largest, and reduce, matmul: for their size and alignment */
        cg_reduce_request reduce;
        cg_matmul_request matmul;
        cg_factor_request factor;
    } copy;
    cg_work_buffer list[CG_WORK_BUFFERS];
    copies c = {0};
    if (!cg_detour_cpu(hw, kind)) return hw->err->code;
    memcpy(&copy, request, k->request_bytes);
    cg_status status = bring(hw, &c, list, k->buffers(&copy, list));
    if (status == CG_OK) status = k->run(&cg_backend_cpu, hw->cpu, &copy);
    if (status == CG_OK) status = take_back(hw, &c);
    for (int i = 0; i < c.n; i++) cg_hw_free(hw->cpu, c.cpu[i]);
    return status;
}

cg_status cg_detour_run(cg_hw *hw, cg_work kind, const void *request, cg_detour detour) {
    const cg_work_kind *k = &cg_work_kinds[kind];
    if (detour == CG_DETOUR_OTHER_KERNEL) {
        hw->backend->use_other_kernels(hw, true);
        const cg_status status = k->run(hw->backend, hw, request);
        hw->backend->use_other_kernels(hw, false);
        return status;
    }
    const bool composed = detour == CG_DETOUR_COMPOSED || !k->buffers;
    return composed ? k->compose(hw, request) : cg_work_on_cpu(hw, kind, request);
}

/* --- As text, and on disk: lines of "name detour" ---------------------------------------------------------------- */

/* Calls visit for each detour in force. */
static void each_detour(const cg_hw *hw, void (*visit)(FILE *f, const char *name, cg_detour detour),
                        FILE *f) {
    for (int kind = 0; kind < CG_WORK_COUNT; kind++)
        if (hw->detours.work[kind]) visit(f, cg_work_name((cg_work)kind), (cg_detour)hw->detours.work[kind]);
    for (int row = 0; row < CG_ROW_COUNT; row++)
        if (hw->detours.row[row]) visit(f, cg_rows[row].name, (cg_detour)hw->detours.row[row]);
}

static void write_line(FILE *f, const char *name, cg_detour detour) {
    fprintf(f, "%s %s\n", name, words[detour]);
}

static void write_words(FILE *f, const char *name, cg_detour detour) {
    static const char *const spoken[] = {"", "by its other kernel", "composed", "on the CPU"};
    fprintf(f, "%s%s %s", ftell(f) > 0 ? ", " : "", name, spoken[detour]);
}

void cg_hw_detours_text(const cg_hw *hw, char *text, size_t bytes) {
    memset(text, 0, bytes);
    FILE *f = fmemopen(text, bytes - 1, "w");
    if (!f) return;
    each_detour(hw, write_words, f);
    fclose(f);
}

cg_status cg_hw_remember_detours(cg_hw *hw) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = hw->backend->remember ? open_memstream(&text, &bytes) : NULL;
    if (f) {
        fputs("detours\n", f); /* an entry is never empty: no detours is knowledge too */
        each_detour(hw, write_line, f);
    }
    const bool kept = f && fclose(f) == 0 && hw->backend->remember(hw, kind_on_disk, text);
    free(text);
    return kept ? CG_OK
                : CG_FAIL(hw->err, CG_ERROR_IO,
                          "remember_detours: %s has no place to keep them: see CLGRAD_CACHE", hw->info.id);
}

void cg_detours_recall(cg_hw *hw) {
    char *text = hw->backend->recall ? hw->backend->recall(hw, kind_on_disk) : NULL;
    if (!text) return;
    char name[64], word[16];
    int length;
    for (const char *at = text; sscanf(at, "%63s%n", name, &length) == 1; at += length) {
        if (strcmp(name, "detours") == 0) continue;
        if (sscanf(at, "%*s %15s%n", word, &length) != 1) break;
        for (int d = CG_DETOUR_OTHER_KERNEL; d < DETOURS; d++)
            if (strcmp(word, words[d]) == 0)
                set_detour(hw, name, (cg_detour)d); /* of another version: left out */
    }
    free(text);
}
