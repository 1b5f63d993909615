/*
 * Which candidate a product gets. The rule: the first line of tuned_devices.def for this device, else the first in the
 * table, that supports it. With CLGRAD_TUNE != 0 the candidates of a class are timed on its first request, once they
 * have shown that they multiply right; the choice is kept in the process and in the cache on disk, so that a later
 * start measures nothing. `clgrad tune` does the same in advance, in a process of its own (matmul_tune.c).
 *
 *   known    a line of tuned_devices.def that was measured over many sizes is taken as it is: every candidate that is
 *            tried costs a program or two. Nor are tiles tried that can hardly win.
 *   bounds   at most RUNS runs a candidate, none more once a class has taken MAX_SECONDS; products below
 *            MIN_WORK multiply-adds follow the rule, unless `clgrad tune` has measured them. A run goes to memory of its own and reads the real A and
 *            B: results are not disturbed.
 *   trial    what is not OpenCL C of ours is put on record while it is checked: if that ends the process, the next
 *            one avoids it.
 *   failure  a candidate that fails, or gives a wrong product, is not used again on this device by the
 *            process; the next one in the table takes its place. The error of the last is reported.
 */
#include "host/opencl/matmul_choice.h"

#include <string.h>

enum { RUNS = 4 };
static const double MIN_WORK = 1 << 20, MAX_SECONDS = 0.1;

/* --- Measuring ------------------------------------------------------------------------------------------ */

static bool supports(const cg_hw_opencl *hw, int candidate, const cg_product *p) {
    const cg_product_candidate *c = &cg_product_candidates[candidate];
    return c->supports(hw, p, c);
}

static cg_status run_candidate(cg_hw_opencl *hw, int candidate, const cg_product *p) {
    const cg_product_candidate *c = &cg_product_candidates[candidate];
    return c->run(hw, p, c);
}

/* Seconds of one run until the device is done; negative if it failed. */
static double timed_run(cg_hw_opencl *hw, int candidate, const cg_product *p) {
    double begin = cg_cl_seconds();
    if (run_candidate(hw, candidate, p) != CG_OK) return -1;
    hw->base.stats.host_syncs++;
    return cg_cl_sync(&hw->base) == CG_OK ? cg_cl_seconds() - begin : -1;
}

static bool is_wrong(const struct cg_matmul_choices *c, int candidate, const cg_product *p) {
    return cg_matmul_is_wrong(c, candidate, cg_product_kind(p));
}

/* Ours is checked once for each kind, others and PTX each time. */
bool cg_matmul_is_right(cg_hw_opencl *hw, struct cg_matmul_choices *c, int candidate, const cg_product *p) {
    const cg_product_candidate *x = &cg_product_candidates[candidate];
    int d = cg_product_kind(p);
    if (is_wrong(c, candidate, p) || !supports(hw, candidate, p)) return false;
    if (c->checked[candidate][d] && x->trusted) return true;
    c->checked[candidate][d] = true;
    const int trial = x->trusted ? -1 : cg_matmul_trial_begin(hw, candidate);
    c->wrong[candidate][d] = !cg_matmul_check(hw, x, p);
    cg_matmul_trial_end(hw, trial);
    return !c->wrong[candidate][d];
}

double cg_matmul_measure(cg_hw_opencl *hw, int candidate, const cg_product *p, int runs, double most_seconds,
                         double best_of_others, double *spent) {
    double best = -1;
    if (timed_run(hw, candidate, p) < 0) return -1;
    for (int run = 0; run < runs && (run == 0 || *spent < most_seconds); run++) {
        double t = timed_run(hw, candidate, p);
        if (t < 0) return -1;
        *spent += t;
        if (best < 0 || t < best) best = t;
        if (best_of_others > 0 && best > 2 * best_of_others) break;
    }
    return best;
}

cg_product cg_matmul_measured_copy(cg_hw_opencl *hw, const cg_product *p) {
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

bool cg_matmul_is_timed(int candidate, const cg_product *p) {
    const int64_t most = cg_product_candidates[candidate].most_rows;
    return most == 0 || p->m <= most;
}

/*
 * Whether it is measured at first use. A tile pays for having a quarter of the results of another of the same kernel
 * only where that one leaves units idle, or cannot be had.
 */
static bool is_plausible(const cg_hw_opencl *hw, const struct cg_matmul_choices *c, int candidate,
                         const cg_product *p) {
    enum { TILES_PER_UNIT = 4, TIMES_AS_LARGE = 4 };
    const cg_product_candidate *x = &cg_product_candidates[candidate];
    const int results = x->tile.rows * x->tile.columns;
    for (int i = 0; i < CG_PRODUCT_CANDIDATES; i++) {
        const cg_product_candidate *y = &cg_product_candidates[i];
        if (results > 0 && y->run == x->run && y->precision == x->precision &&
            y->tile.rows * y->tile.columns >= TIMES_AS_LARGE * results && supports(hw, i, p) &&
            !is_wrong(c, i, p) && cg_grid_tiles(p, &y->tile) >= TILES_PER_UNIT * hw->base.info.compute_units)
            return false;
    }
    return cg_matmul_is_timed(candidate, p);
}

/*
 * Has the programs that measuring takes built at the same time: those of the check, whose layout has no batches, and those
 * that are timed. Only of ours: what may end the process is built while it is on record.
 */
static void build_ahead(cg_hw_opencl *hw, const struct cg_matmul_choices *c, const cg_product *p) {
    if (cg_cl_check_fork(hw, "matmul") != CG_OK) return;
    const cg_product small = cg_matmul_check_copy(p);
    cg_cl_ahead_begin(hw);
    for (int i = 0; i < CG_PRODUCT_CANDIDATES && hw->ahead; i++) {
        if (!cg_product_candidates[i].trusted || !is_plausible(hw, c, i, p) || is_wrong(c, i, p) ||
            !supports(hw, i, p))
            continue;
        run_candidate(hw, i, p);
        if (!c->checked[i][cg_product_kind(p)]) run_candidate(hw, i, &small);
    }
    cg_cl_ahead_end(hw);
}

/* The fastest right candidate, CG_NO_CANDIDATE if none could be measured. Errors on the way are nobody's concern. */
static cg_product_class measure_class(cg_hw_opencl *hw, struct cg_matmul_choices *c, const cg_product *p) {
    cg_error *err = hw->base.err, ignored = {0};
    hw->base.err = &ignored;
    cg_product q = cg_matmul_measured_copy(hw, p);
    double best = -1, spent = 0;
    if (q.out.buffer) build_ahead(hw, c, &q);
    cg_product_class found = {.key = cg_product_class_key(hw, p), .candidate = CG_NO_CANDIDATE};
    for (int i = 0; i < CG_PRODUCT_CANDIDATES && q.out.buffer; i++) {
        if (!is_plausible(hw, c, i, p) || !cg_matmul_is_right(hw, c, i, &q)) continue;
        double t = cg_matmul_measure(hw, i, &q, RUNS, MAX_SECONDS, best, &spent);
        if (t < 0) c->wrong[i][cg_product_kind(p)] = true;
        if (t >= 0 && (best < 0 || t < best)) {
            best = found.seconds = t;
            found.candidate = i;
        }
    }
    if (q.out.buffer) cg_cl_free(&hw->base, q.out.buffer);
    hw->base.err = err;
    return found;
}

/* --- Choosing ------------------------------------------------------------------------------------------- */

/* How many there are to measure. */
static int supporters(const cg_hw_opencl *hw, const struct cg_matmul_choices *c, const cg_product *p) {
    int n = 0;
    for (int i = 0; i < CG_PRODUCT_CANDIDATES; i++)
        n += !is_wrong(c, i, p) && is_plausible(hw, c, i, p) && supports(hw, i, p);
    return n;
}

static const struct {
    const char *platform, *device;
    int64_t m, n, k;
    const char *candidate;
    bool known;
} tuned[] = {
#define EXPECTED(platform, device, m, n, k, candidate) {platform, device, m, n, k, candidate, false},
#define KNOWN(platform, device, m, n, k, candidate) {platform, device, m, n, k, candidate, true},
#include "host/opencl/tuned_devices.def"
#undef EXPECTED
#undef KNOWN
};
enum { TUNED_LINES = sizeof tuned / sizeof *tuned };
_Static_assert(TUNED_LINES <= 64, "a bit for each line");

/* The lines that are for this device. */
static uint64_t shipped_lines(const cg_hw_opencl *hw, struct cg_matmul_choices *c) {
    for (int i = 0; i < TUNED_LINES && !c->ships; i++)
        if (strstr(hw->base.info.platform, tuned[i].platform) && strstr(hw->base.info.name, tuned[i].device))
            c->shipped |= (uint64_t)1 << i;
    c->ships = true;
    return c->shipped;
}

/* What tuned_devices.def says of this device and product, and whether it is known; else CG_NO_CANDIDATE. */
static int shipped_choice(const cg_hw_opencl *hw, struct cg_matmul_choices *c, const cg_product *p,
                          bool *known) {
    const uint64_t lines = shipped_lines(hw, c);
    *known = false;
    for (int i = 0; i < TUNED_LINES; i++) {
        if (!(lines >> i & 1) || p->m < tuned[i].m || p->n < tuned[i].n || p->k < tuned[i].k) continue;
        const int candidate = cg_product_candidate_named(tuned[i].candidate);
        if (!cg_product_candidates[candidate].trusted || is_wrong(c, candidate, p) ||
            !supports(hw, candidate, p))
            continue;
        *known = tuned[i].known;
        return candidate;
    }
    return CG_NO_CANDIDATE;
}

/* What was measured before, in advance (whatever the size) or at first use; else what is shipped, or by measuring. */
static int choice_for(cg_hw_opencl *hw, struct cg_matmul_choices *c, const cg_product *p) {
    bool is_known;
    const int shipped = shipped_choice(hw, c, p, &is_known);
    if (p->k == 0) return shipped;
    const cg_product_class *known = cg_product_class_find(c, cg_product_class_key(hw, p));
    if (known && known->candidate != CG_NO_CANDIDATE && is_wrong(c, known->candidate, p)) known = NULL;
    if (known && known->tuned) return known->candidate;
    if (!c->measures || is_known || cg_product_work(p) < MIN_WORK) return shipped;
    if (known) return known->candidate == CG_NO_CANDIDATE ? shipped : known->candidate;
    if (supporters(hw, c, p) < 2) return shipped;
    const cg_product_class found = measure_class(hw, c, p);
    cg_product_class_keep(c, &found); /* a failure too: it is not repeated at each call */
    if (found.candidate != CG_NO_CANDIDATE) cg_matmul_choices_store(hw, c, NULL);
    return found.candidate == CG_NO_CANDIDATE ? shipped : found.candidate;
}

/* Runs a candidate; the error is kept only if nobody is left to try. */
static cg_status try_candidate(cg_hw_opencl *hw, int candidate, const cg_product *p, bool last) {
    hw->refused = 0; /* of the one before */
    if (last) return run_candidate(hw, candidate, p);
    cg_error *err = hw->base.err, ignored = {0};
    hw->base.err = &ignored;
    cg_status status = run_candidate(hw, candidate, p);
    hw->base.err = err;
    return status;
}

/* A choice that the disk remembers for a library that is not ours is checked again once in a process. */
static bool may_run(cg_hw_opencl *hw, struct cg_matmul_choices *c, int candidate, const cg_product *p) {
    const int d = cg_product_kind(p);
    if (is_wrong(c, candidate, p) || !supports(hw, candidate, p)) return false;
    if (cg_product_candidates[candidate].trusted || c->checked[candidate][d]) return true;
    cg_error *err = hw->base.err, ignored = {0};
    hw->base.err = &ignored;
    const bool right = cg_matmul_is_right(hw, c, candidate, p);
    hw->base.err = err;
    return right;
}

cg_status cg_matmul_run_best(cg_hw_opencl *hw, const cg_product *p) {
    struct cg_matmul_choices *c = cg_matmul_choices_of(hw);
    if (!c) return CG_FAIL(hw->base.err, CG_ERROR_MEMORY, "matmul: no memory for the choice of a kernel");
    const int d = cg_product_kind(p);
    int choice = choice_for(hw, c, p), last = CG_PRODUCT_CANDIDATES - 1;
    while (last > 0 && !supports(hw, last, p)) last--;
    if (choice != CG_NO_CANDIDATE && may_run(hw, c, choice, p)) {
        if (try_candidate(hw, choice, p, false) == CG_OK) return CG_OK;
        c->wrong[choice][d] = true;
    }
    for (int i = 0; i < last; i++) {
        if (is_wrong(c, i, p) || !cg_product_candidates[i].trusted || !supports(hw, i, p)) continue;
        if (try_candidate(hw, i, p, false) == CG_OK) return CG_OK;
        c->wrong[i][d] = true;
    }
    return try_candidate(hw, last, p, true);
}
