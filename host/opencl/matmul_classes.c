/*
 * The classes of products and which candidate each gets, kept in the cache on disk as lines of (seconds: exact_text.h)
 *     <key> <candidate> <seconds> <"tuned" or "used">        or        avoid <candidate>
 */
#define _GNU_SOURCE
#include "host/opencl/matmul_choice.h"

#include <stdlib.h>
#include <string.h>

#include "core/env.h"
#include "core/exact_text.h"
#include "host/opencl/program_cache.h"

/* --- Classes -------------------------------------------------------------------------------------------- */

int cg_product_kind(const cg_product *p) { return 2 * (int)p->inner + (p->dtype == CG_F64); }

static uint64_t log2_up(int64_t n) {
    uint64_t bits = 0;
    while (bits < 62 && (int64_t)1 << bits < n) bits++;
    return bits;
}

/* Neighbours along the columns, along the rows or neither; and whether vectors of 4 line up. */
static uint64_t layout_of(const cg_matrix *x) {
    uint64_t unit = x->col == 1 ? 0 : x->row == 1 ? 1 : 2;
    int64_t other = x->col == 1 ? x->row : x->col;
    return unit * 2 + (x->offset % 4 == 0 && other % 4 == 0);
}

uint64_t cg_product_class_key(const cg_hw_opencl *hw, const cg_product *p) {
    uint64_t key = hw->matrix_units ? (uint64_t)hw->base.precision : 0;
    key = key << 4 | (uint64_t)cg_product_kind(p);
    key = key << 6 | log2_up(cg_product_batches(p));
    key = key << 6 | log2_up(p->m);
    key = key << 6 | log2_up(p->n);
    key = key << 6 | log2_up(p->k);
    key = key << 3 | layout_of(&p->a);
    return key << 3 | layout_of(&p->b);
}

static int kind_of_key(uint64_t key) { return (int)(key >> (4 * 6 + 2 * 3) & 15); }

const cg_product_class *cg_product_class_find(const struct cg_matmul_choices *c, uint64_t key) {
    for (int i = 0; i < c->n; i++)
        if (c->class_of[i].key == key) return &c->class_of[i];
    return NULL;
}

bool cg_matmul_is_wrong(const struct cg_matmul_choices *c, int candidate, int kind) {
    return c->avoided[candidate] || c->wrong[candidate][kind];
}

/* The oldest that was not tuned, or else the oldest. */
static void make_room(struct cg_matmul_choices *c) {
    int i = 0;
    while (i < c->n && c->class_of[i].tuned) i++;
    if (i == c->n) i = 0;
    memmove(&c->class_of[i], &c->class_of[i + 1], (size_t)(--c->n - i) * sizeof *c->class_of);
}

void cg_product_class_keep(struct cg_matmul_choices *c, const cg_product_class *known) {
    int i = 0;
    while (i < c->n && c->class_of[i].key != known->key) i++;
    if (i == CG_MAX_PRODUCT_CLASSES) {
        make_room(c);
        i = c->n;
    }
    if (i == c->n) c->n++;
    c->class_of[i] = *known;
}

/* --- The cache on disk ---------------------------------------------------------------------------------- */

static void tune_key(const cg_hw_opencl *hw, uint8_t key[CG_SHA256_BYTES]) {
    cg_sha256 h;
    cg_cl_device_hash(&hw->base, "matmul 4", &h);
    cg_sha256_add_text(&h, hw->cpu_style ? "cpu" : "gpu");
    cg_sha256_add_text(&h, hw->matrix_units ? "matrix units" : "");
    cg_sha256_end(&h, key);
}

int cg_product_candidate_named(const char *name) {
    for (int i = 0; i < CG_PRODUCT_CANDIDATES; i++)
        if (strcmp(cg_product_candidates[i].name, name) == 0) return i;
    return CG_NO_CANDIDATE;
}

/* A class on disk goes before one in memory if it is tuned, which may be news from another process. */
static void take(struct cg_matmul_choices *c, const cg_product_class *known) {
    const int kind = kind_of_key(known->key);
    if (known->candidate == CG_NO_CANDIDATE || kind >= CG_PRODUCT_KINDS ||
        cg_matmul_is_wrong(c, known->candidate, kind))
        return;
    const cg_product_class *old = cg_product_class_find(c, known->key);
    const bool is_news = old ? old->candidate == CG_NO_CANDIDATE : c->n < CG_MAX_PRODUCT_CLASSES;
    if (known->tuned || is_news) cg_product_class_keep(c, known);
}

/* A line that is not understood is skipped. */
static void read_line(struct cg_matmul_choices *c, const char *line) {
    unsigned long long key;
    char name[16], seconds[CG_EXACT_TEXT], how[8] = "";
    cg_product_class known = {0};
    if (sscanf(line, "avoid %15s", name) == 1) {
        const int avoided = cg_product_candidate_named(name);
        if (avoided != CG_NO_CANDIDATE) c->avoided[avoided] = true;
        return;
    }
    if (sscanf(line, "%llx %15s %31s %7s", &key, name, seconds, how) != 4 ||
        !cg_exact_value(seconds, &known.seconds))
        return;
    known.key = key;
    known.candidate = cg_product_candidate_named(name);
    known.tuned = strcmp(how, "tuned") == 0;
    take(c, &known);
}

static void load(const cg_hw_opencl *hw, struct cg_matmul_choices *c) {
    uint8_t digest[CG_SHA256_BYTES];
    size_t bytes = 0;
    tune_key(hw, digest);
    char *text = cg_cache_load("tune", digest, &bytes), line[128];
    FILE *f = text && bytes > 0 ? fmemopen(text, bytes, "r") : NULL;
    while (f && fgets(line, sizeof line, f)) read_line(c, line);
    if (f) fclose(f);
    free(text);
}

static void write_lines(FILE *f, const struct cg_matmul_choices *c) {
    for (int i = 0; i < CG_PRODUCT_CANDIDATES; i++)
        if (c->avoided[i]) fprintf(f, "avoid %s\n", cg_product_candidates[i].name);
    for (int i = 0; i < c->n; i++) {
        const cg_product_class *known = &c->class_of[i];
        char seconds[CG_EXACT_TEXT];
        if (known->candidate == CG_NO_CANDIDATE || c->avoided[known->candidate]) continue;
        cg_exact_text(known->seconds, seconds);
        fprintf(f, "%llx %s %s %s\n", (unsigned long long)known->key,
                cg_product_candidates[known->candidate].name, seconds, known->tuned ? "tuned" : "used");
    }
}

/* Writes what there is; false if it is not on disk then. */
static bool write_choices(const struct cg_matmul_choices *c, const uint8_t digest[CG_SHA256_BYTES]) {
    char *text = NULL;
    size_t bytes = 0, kept_bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    if (!f) return false;
    fputs("classes\n", f); /* an entry is never empty */
    write_lines(f, c);
    const bool failed = ferror(f) != 0;
    bool same = false;
    if (fclose(f) == 0 && !failed) {
        cg_cache_store("tune", digest, text, bytes);
        char *kept = cg_cache_load("tune", digest, &kept_bytes);
        same = kept && kept_bytes == bytes && memcmp(kept, text, bytes) == 0;
        free(kept);
    }
    free(text);
    return same;
}

bool cg_matmul_choices_store(const cg_hw_opencl *hw, struct cg_matmul_choices *c,
                             const cg_product_class *tuned) {
    uint8_t digest[CG_SHA256_BYTES];
    tune_key(hw, digest);
    const int lock = cg_cache_lock("tune", digest, true);
    load(hw, c);
    if (tuned) cg_product_class_keep(c, tuned);
    const bool written = write_choices(c, digest);
    cg_cache_unlock(lock);
    return written;
}

bool cg_matmul_choices_forget(const cg_hw_opencl *hw, struct cg_matmul_choices *c) {
    uint8_t digest[CG_SHA256_BYTES];
    tune_key(hw, digest);
    const int lock = cg_cache_lock("tune", digest, true);
    cg_cache_drop("tune", digest);
    size_t bytes = 0;
    char *kept = cg_cache_load("tune", digest, &bytes);
    cg_cache_unlock(lock);
    const bool measures = c->measures, gone = !kept;
    free(kept);
    memset(c, 0, sizeof *c);
    c->measures = measures;
    c->loaded = true;
    return gone;
}

/* --- Trials --------------------------------------------------------------------------------------------- */

int cg_matmul_trial_begin(const cg_hw_opencl *hw, int candidate) {
    const char *name = cg_product_candidates[candidate].name;
    uint8_t digest[CG_SHA256_BYTES];
    tune_key(hw, digest);
    const int lock = cg_cache_lock("trial", digest, true);
    if (lock >= 0) cg_cache_store("trial", digest, name, strlen(name));
    return lock;
}

void cg_matmul_trial_end(const cg_hw_opencl *hw, int lock) {
    uint8_t digest[CG_SHA256_BYTES];
    if (lock < 0) return;
    tune_key(hw, digest);
    cg_cache_drop("trial", digest);
    cg_cache_unlock(lock);
}

/* A trial that is on record although nobody is at it has not come back. */
static void avoid_what_never_ended(const cg_hw_opencl *hw, struct cg_matmul_choices *c) {
    uint8_t digest[CG_SHA256_BYTES];
    size_t bytes = 0;
    tune_key(hw, digest);
    char *text = cg_cache_load("trial", digest, &bytes), name[16];
    free(text);
    if (!text) return;
    const int lock = cg_cache_lock("trial", digest, false);
    if (lock < 0) return;
    text = cg_cache_load("trial", digest, &bytes);
    snprintf(name, sizeof name, "%.*s", text ? (int)(bytes < sizeof name ? bytes : 0) : 0, text ? text : "");
    free(text);
    const int candidate = cg_product_candidate_named(name);
    if (candidate != CG_NO_CANDIDATE) {
        c->avoided[candidate] = true;
        cg_matmul_choices_store(hw, c, NULL);
    }
    cg_matmul_trial_end(hw, lock);
}

struct cg_matmul_choices *cg_matmul_choices_of(cg_hw_opencl *hw) {
    if (!hw->matmul_choices) {
        hw->matmul_choices = calloc(1, sizeof *hw->matmul_choices);
        if (hw->matmul_choices) hw->matmul_choices->measures = cg_env_int("CLGRAD_TUNE", 1) != 0;
    }
    struct cg_matmul_choices *c = hw->matmul_choices;
    if (c && !c->loaded) { /* even where nothing is measured: for what is to be avoided */
        c->loaded = true;
        load(hw, c);
        avoid_what_never_ended(hw, c);
    }
    return c;
}

void cg_matmul_choice_free(cg_hw_opencl *hw) {
    free(hw->matmul_choices);
    hw->matmul_choices = NULL;
}
