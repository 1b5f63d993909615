/*
 * Which candidate a product gets. The rule: the first in the table that supports it. With CLGRAD_TUNE != 0
 * the candidates of a class are timed on its first request, once they have shown that they multiply right;
 * the choice is kept in the process and in the cache on disk, so that a later start measures nothing.
 *
 *   class    cg_inner, dtype, log2 of batches, m, n and k (rounded up), and how A and B lie in memory
 *   bounds   at most RUNS runs a candidate, none more once a class has taken MAX_SECONDS; products below
 *            MIN_WORK multiply-adds follow the rule. A run goes to memory of its own and reads the real A and
 *            B: results are not disturbed.
 *   failure  a candidate that fails, or gives a wrong product, is not used again on this device by the
 *            process; the next one in the table takes its place. The error of the last is reported.
 */
#define _GNU_SOURCE
#include "host/opencl/matmul_opencl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/env.h"
#include "host/opencl/program_cache.h"

enum { MAX_CLASSES = 1024, RUNS = 4, UNKNOWN = -1, KINDS = 2 * CG_INNER_COUNT };
static const double MIN_WORK = 1 << 20, MAX_SECONDS = 0.1;

typedef struct class_choice {
    uint64_t key;
    int candidate;
} class_choice;

struct cg_matmul_choices {
    bool measures; /* CLGRAD_TUNE */
    bool loaded;
    int n;
    class_choice class_of[MAX_CLASSES];
    bool wrong[CG_PRODUCT_CANDIDATES][KINDS], checked[CG_PRODUCT_CANDIDATES][KINDS]; /* by kind_index */
};

/* Products of f32, of f64, then squared distances of both. */
static int kind_index(const cg_product *p) { return 2 * (int)p->inner + (p->dtype == CG_F64); }

/* --- Classes -------------------------------------------------------------------------------------------- */

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

static uint64_t class_key(const cg_product *p) {
    uint64_t key = (uint64_t)kind_index(p);
    key = key << 6 | log2_up(cg_product_batches(p));
    key = key << 6 | log2_up(p->m);
    key = key << 6 | log2_up(p->n);
    key = key << 6 | log2_up(p->k);
    key = key << 3 | layout_of(&p->a);
    return key << 3 | layout_of(&p->b);
}

static class_choice *find_class(struct cg_matmul_choices *c, uint64_t key) {
    for (int i = 0; i < c->n; i++)
        if (c->class_of[i].key == key) return &c->class_of[i];
    return NULL;
}

static void keep_class(struct cg_matmul_choices *c, uint64_t key, int candidate) {
    class_choice *known = find_class(c, key);
    if (!known && c->n == MAX_CLASSES) return;
    if (!known) known = &c->class_of[c->n++];
    *known = (class_choice){key, candidate};
}

/* --- The cache on disk: lines of "key name" ------------------------------------------------------------- */

static void tune_key(const cg_hw_opencl *hw, uint8_t key[CG_SHA256_BYTES]) {
    cg_sha256 h;
    cg_sha256_begin(&h);
    cg_sha256_add_text(&h, "matmul 1");
    cg_sha256_add_text(&h, cg_version());
    cg_sha256_add_text(&h, hw->base.info.platform);
    cg_sha256_add_text(&h, hw->base.info.name);
    cg_sha256_add_text(&h, hw->base.info.driver);
    cg_sha256_add_text(&h, hw->cpu_style ? "cpu" : "gpu");
    cg_sha256_end(&h, key);
}

static int candidate_named(const char *name) {
    for (int i = 0; i < CG_PRODUCT_CANDIDATES; i++)
        if (strcmp(cg_product_candidates[i].name, name) == 0) return i;
    return UNKNOWN;
}

/* Adds the classes on disk that are not known yet; a line that is not understood is skipped. */
static void load_classes(const cg_hw_opencl *hw, struct cg_matmul_choices *c) {
    uint8_t digest[CG_SHA256_BYTES];
    size_t bytes = 0;
    tune_key(hw, digest);
    char *text = cg_cache_load("tune", digest, &bytes);
    FILE *f = text && bytes > 0 ? fmemopen(text, bytes, "r") : NULL;
    char line[96], name[16];
    while (f && fgets(line, sizeof line, f)) {
        unsigned long long key;
        if (sscanf(line, "%llx %15s", &key, name) != 2) continue;
        int candidate = candidate_named(name);
        if (candidate != UNKNOWN && !find_class(c, key)) keep_class(c, key, candidate);
    }
    if (f) fclose(f);
    free(text);
}

/* What another process wrote meanwhile is kept. */
static void store_classes(const cg_hw_opencl *hw, struct cg_matmul_choices *c) {
    load_classes(hw, c);
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    if (!f) return;
    for (int i = 0; i < c->n; i++)
        fprintf(f, "%llx %s\n", (unsigned long long)c->class_of[i].key,
                cg_product_candidates[c->class_of[i].candidate].name);
    bool failed = ferror(f) != 0;
    if (fclose(f) == 0 && !failed) {
        uint8_t digest[CG_SHA256_BYTES];
        tune_key(hw, digest);
        cg_cache_store("tune", digest, text, bytes);
    }
    free(text);
}

static struct cg_matmul_choices *choices_of(cg_hw_opencl *hw) {
    if (!hw->matmul_choices) {
        hw->matmul_choices = calloc(1, sizeof *hw->matmul_choices);
        if (hw->matmul_choices) hw->matmul_choices->measures = cg_env_int("CLGRAD_TUNE", 1) != 0;
    }
    struct cg_matmul_choices *c = hw->matmul_choices;
    if (c && c->measures && !c->loaded) {
        c->loaded = true;
        load_classes(hw, c);
    }
    return c;
}

void cg_matmul_choice_free(cg_hw_opencl *hw) {
    free(hw->matmul_choices);
    hw->matmul_choices = NULL;
}

/* --- Measuring ------------------------------------------------------------------------------------------ */

static double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds of one run until the device is done; negative if it failed. */
static double timed_run(cg_hw_opencl *hw, int candidate, const cg_product *p) {
    double begin = seconds_now();
    if (cg_product_candidates[candidate].run(hw, p) != CG_OK) return -1;
    hw->base.stats.host_syncs++;
    return cg_cl_sync(&hw->base) == CG_OK ? seconds_now() - begin : -1;
}

/*
 * Whether it may be used: supported, not found wrong; ours is checked once for each kind, others each time.
 */
static bool is_right(cg_hw_opencl *hw, struct cg_matmul_choices *c, int candidate, const cg_product *p) {
    const cg_product_candidate *x = &cg_product_candidates[candidate];
    int d = kind_index(p);
    if (c->wrong[candidate][d] || !x->supports(hw, p)) return false;
    if (c->checked[candidate][d] && x->trusted) return true;
    c->checked[candidate][d] = true;
    c->wrong[candidate][d] = !cg_matmul_check(hw, x, p);
    return !c->wrong[candidate][d];
}

/* The best time of a few runs; the first run, which may compile, does not count. */
static double measure_candidate(cg_hw_opencl *hw, int candidate, const cg_product *p, double best_of_others,
                                double *spent) {
    double best = -1;
    if (timed_run(hw, candidate, p) < 0) return -1;
    for (int run = 0; run < RUNS && (run == 0 || *spent < MAX_SECONDS); run++) {
        double t = timed_run(hw, candidate, p);
        if (t < 0) return -1;
        *spent += t;
        if (best < 0 || t < best) best = t;
        if (best_of_others > 0 && best > 2 * best_of_others) break;
    }
    return best;
}

/*
 * p with a result of its own and no epilogue; the result's buffer is the caller's to free, NULL if there is
 * none.
 */
static cg_product measured_copy(cg_hw_opencl *hw, const cg_product *p) {
    cg_product q = *p;
    int64_t size = 1;
    q.program = cg_program_identity(p->dtype);
    q.has_epilogue = false;
    q.out = (cg_operand){.dtype = p->dtype};
    for (int d = p->batch_rank + 1; d >= 0; d--) {
        q.out.stride[d] = size;
        size *= d == p->batch_rank + 1 ? p->n : d == p->batch_rank ? p->m : p->batch[d];
    }
    q.out.buffer = cg_cl_alloc(&hw->base, (size_t)size * cg_dtype_size(p->dtype));
    return q;
}

/* The fastest right candidate, UNKNOWN if none could be measured. Errors on the way are nobody's concern. */
static int measure_class(cg_hw_opencl *hw, struct cg_matmul_choices *c, const cg_product *p) {
    cg_error *err = hw->base.err, ignored = {0};
    hw->base.err = &ignored;
    cg_product q = measured_copy(hw, p);
    double best = -1, spent = 0;
    int choice = UNKNOWN;
    for (int i = 0; i < CG_PRODUCT_CANDIDATES && q.out.buffer; i++) {
        if (p->m > cg_product_candidates[i].most_rows || !is_right(hw, c, i, &q)) continue;
        double t = measure_candidate(hw, i, &q, best, &spent);
        if (t < 0) c->wrong[i][kind_index(p)] = true;
        if (t >= 0 && (best < 0 || t < best)) {
            best = t;
            choice = i;
        }
    }
    if (q.out.buffer) cg_cl_free(&hw->base, q.out.buffer);
    hw->base.err = err;
    return choice;
}

/* --- Choosing ------------------------------------------------------------------------------------------- */

/* How many there are to measure. */
static int supporters(const cg_hw_opencl *hw, const struct cg_matmul_choices *c, const cg_product *p) {
    int n = 0;
    for (int i = 0; i < CG_PRODUCT_CANDIDATES; i++)
        n += !c->wrong[i][kind_index(p)] && p->m <= cg_product_candidates[i].most_rows &&
             cg_product_candidates[i].supports(hw, p);
    return n;
}

static int measured_choice(cg_hw_opencl *hw, struct cg_matmul_choices *c, const cg_product *p) {
    if (!c->measures || cg_product_work(p) < MIN_WORK || p->k == 0) return UNKNOWN;
    uint64_t key = class_key(p);
    const class_choice *known = find_class(c, key);
    if (known) return known->candidate;
    if (supporters(hw, c, p) < 2) return UNKNOWN;
    int choice = measure_class(hw, c, p);
    if (choice == UNKNOWN) return UNKNOWN;
    keep_class(c, key, choice);
    store_classes(hw, c);
    return choice;
}

/* Runs a candidate; the error is kept only if nobody is left to try. */
static cg_status try_candidate(cg_hw_opencl *hw, int candidate, const cg_product *p, bool last) {
    if (last) return cg_product_candidates[candidate].run(hw, p);
    cg_error *err = hw->base.err, ignored = {0};
    hw->base.err = &ignored;
    cg_status status = cg_product_candidates[candidate].run(hw, p);
    hw->base.err = err;
    return status;
}

/* A choice that the disk remembers for a library that is not ours is checked again once in a process. */
static bool may_run(cg_hw_opencl *hw, struct cg_matmul_choices *c, int candidate, const cg_product *p) {
    int d = kind_index(p);
    if (c->wrong[candidate][d] || !cg_product_candidates[candidate].supports(hw, p)) return false;
    if (cg_product_candidates[candidate].trusted || c->checked[candidate][d]) return true;
    cg_error *err = hw->base.err, ignored = {0};
    hw->base.err = &ignored;
    bool right = is_right(hw, c, candidate, p);
    hw->base.err = err;
    return right;
}

cg_status cg_matmul_run_best(cg_hw_opencl *hw, const cg_product *p) {
    struct cg_matmul_choices *c = choices_of(hw);
    if (!c) return CG_FAIL(hw->base.err, CG_ERROR_MEMORY, "matmul: no memory for the choice of a kernel");
    int d = kind_index(p), choice = measured_choice(hw, c, p), last = CG_PRODUCT_CANDIDATES - 1;
    while (last > 0 && !cg_product_candidates[last].supports(hw, p)) last--;
    if (choice != UNKNOWN && may_run(hw, c, choice, p)) {
        if (try_candidate(hw, choice, p, choice == last) == CG_OK) return CG_OK;
        c->wrong[choice][d] = true;
    }
    for (int i = 0; i < last; i++) {
        if (c->wrong[i][d] || !cg_product_candidates[i].trusted || !cg_product_candidates[i].supports(hw, p))
            continue;
        if (try_candidate(hw, i, p, false) == CG_OK) return CG_OK;
        c->wrong[i][d] = true;
    }
    return try_candidate(hw, last, p, true);
}
