/*
 * The requests of host/backend.h that order and scatter, given to each device as src/ gives them, against naive loops:
 * sizes, dtypes and values that the public operations reach in part only.
 */
#include "support/device_test.h"
#include "support/requests.h"

#include <math.h>
#include <string.h>

static const cg_dtype all_types[] = {CG_F32, CG_I32, CG_F64, CG_I64, CG_U8, CG_BOOL};
static const cg_dtype compute_types[] = {CG_F32, CG_I32, CG_F64, CG_I64};

/* Whether a case of so many elements is for this device: an interpreter takes the small ones. */
static bool fits(const cg_device *dev, int64_t elements) {
    return elements <= (device_is_slow(dev) ? 1100 : device_is_opencl(dev) ? 140000 : 1 << 20);
}

/* --- sort -------------------------------------------------------------------------------------------------------- */

static bool comes_before(long double a, long double b, bool descending) {
    if (isnan(a)) return false;
    if (isnan(b)) return true;
    return descending ? a > b : a < b;
}

/* The places of x[0..n) in order, by merging runs of 1, 2, 4, ... */
static void naive_order(const long double *x, int64_t n, bool descending, int64_t *order) {
    int64_t *other = scratch((size_t)n * sizeof *other + 1);
    for (int64_t i = 0; i < n; i++) order[i] = i;
    for (int64_t run = 1; run < n; run *= 2) {
        for (int64_t begin = 0; begin < n; begin += 2 * run) {
            const int64_t middle = begin + run < n ? begin + run : n,
                          end = middle + run < n ? middle + run : n;
            int64_t a = begin, b = middle;
            for (int64_t k = begin; k < end; k++) {
                const bool second =
                    a == middle || (b < end && comes_before(x[order[b]], x[order[a]], descending));
                other[k] = order[second ? b++ : a++];
            }
        }
        memcpy(order, other, (size_t)n * sizeof *order);
    }
}

typedef enum wanted { BOTH, VALUES, INDICES, IN_PLACE } wanted;

static void run_sort(cg_device *dev, cg_dtype t, int64_t rows, int64_t n, filling how, bool descending,
                     wanted what, uint64_t seed) {
    check_case("sort %s (%lld, %lld) filling %d descending %d wanted %d seed %llu", cg_dtype_name(t),
               (long long)rows, (long long)n, how, descending, what, (unsigned long long)seed);
    const size_t size = cg_dtype_size(t);
    const int64_t total = rows * n;
    unsigned char *data = filled(t, total, how, seed), *sorted = scratch((size_t)total * size + 1);
    const long double *x = to_values(t, data, total);
    int64_t *order = scratch((size_t)total * sizeof *order + 1);
    for (int64_t i = 0; i < total; i += n) naive_order(x + i, n, descending, order + i);
    for (int64_t i = 0; i < total; i++)
        memcpy(sorted + (size_t)i * size, data + (size_t)(i - i % n + order[i]) * size, size);
    cg_sort_request r = {
        .descending = descending, .dtype = t, .rows = rows, .n = n, .src = put(dev, t, total, data)};
    if (what != INDICES) r.values = what == IN_PLACE ? r.src : put(dev, t, total, NULL);
    if (what == BOTH || what == INDICES) r.index = put(dev, CG_I64, total, NULL);
    CHECK(cg_hw_sort(dev->hw, &r) == CG_OK);
    if (r.index.buffer) check_bits(take(dev, r.index, total), order, total, sizeof *order);
    if (r.values.buffer) check_bits(take(dev, r.values, total), sorted, total, size);
    if (what != IN_PLACE) check_bits(take(dev, r.src, total), data, total, size);
    scratch_free_all();
}

DEVICE_TEST_ONCE(small_work_requests, sort) {
    static const int64_t lengths[] = {1, 2, 3, 63, 64, 65, 1023, 1024, 1025, 4099, 100003};
    static const int64_t row_counts[] = {1, 3, 130};
    uint64_t turn = 0;
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
        for (size_t c = 0; c < 3; c++)
            for (int t = 0; t < 6; t++)
                for (int how = 0; how < FILLINGS; how++, turn++) {
                    const int64_t n = lengths[l], rows = row_counts[c];
                    if (!device_has(dev, all_types[t]) || !fits(dev, n * rows)) continue;
                    /* with 23, all fillings are in rows of more than a vector */
                    const uint64_t share = device_is_slow(dev)                          ? 23
                                           : device_is_opencl(dev) || n * rows > 100000 ? 3
                                                                                        : 1;
                    if (turn % share) continue;
                    run_sort(dev, all_types[t], rows, n, (filling)how, turn / 2 % 2, (wanted)(turn / 3 % 4),
                             turn + 1);
                }
}

/* Every way of asking, both directions, on values where each matters. */
DEVICE_TEST_ONCE(small_work_requests, sort_every_way) {
    uint64_t seed = 1;
    for (int t = 0; t < 6; t++)
        for (int what = 0; what < 4; what++)
            for (int descending = 0; descending < 2; descending++) {
                if (!device_has(dev, all_types[t]) || (device_is_slow(dev) && (t + what + descending) % 3))
                    continue;
                run_sort(dev, all_types[t], 3, 129, SPECIAL, descending, (wanted)what, seed++);
                if (fits(dev, 20011))
                    run_sort(dev, all_types[t], 1, 20011, SPECIAL, descending, (wanted)what, seed++);
                if (fits(dev, 20011))
                    run_sort(dev, all_types[t], 1, 20011, TIES, descending, (wanted)what, seed++);
            }
}

DEVICE_TEST_ONCE(small_work_requests, nothing_to_do) {
    const cg_operand empty = put(dev, CG_F32, 0, NULL);
    CHECK(cg_hw_sort(dev->hw, &(cg_sort_request){.rows = 3, .src = empty, .values = empty}) == CG_OK);
    CHECK(cg_hw_scan(dev->hw, &(cg_scan_request){.outer = 2, .inner = 2, .src = empty, .out = empty}) ==
          CG_OK);
    const cg_searchsorted_request search = {.n = 4, .rows = 2, .sorted = empty, .value = empty, .out = empty};
    CHECK(cg_hw_searchsorted(dev->hw, &search) == CG_OK);
    take(dev, empty, 0);
}

/* --- scan --------------------------------------------------------------------------------------------------------- */

static long double combine(cg_reduce_kind kind, long double a, long double b) {
    if (kind == CG_REDUCE_SUM) return a + b;
    if (kind == CG_REDUCE_PROD) return a * b;
    if (isnan(a) || isnan(b)) return (long double)NAN;
    return (kind == CG_REDUCE_MAX) == (a > b) ? a : b;
}

static void naive_scan(const cg_scan_request *r, const long double *x, long double *out, long double *size) {
    for (int64_t o = 0; o < r->outer; o++)
        for (int64_t i = 0; i < r->inner; i++) {
            long double running = 0, sum = 0;
            for (int64_t k = 0; k < r->n; k++) {
                const int64_t at = (o * r->n + (r->reverse ? r->n - 1 - k : k)) * r->inner + i;
                out[at] = running = k ? combine(r->kind, running, x[at]) : x[at];
                size[at] = sum += fabsl(x[at]);
            }
        }
}

static void *scan_values(cg_reduce_kind kind, cg_dtype t, int64_t n, bool special, uint64_t seed) {
    if (kind == CG_REDUCE_PROD) return exact_factors(t, n, seed);
    if (kind == CG_REDUCE_SUM && !special) return small_values(t, n, seed);
    void *data = filled(t, n, RANDOM, seed);
    if (kind == CG_REDUCE_SUM) data = small_values(t, n, seed);
    for (int64_t i = 0; i < n && special && is_real(t); i++)
        if (random_below(&seed, 2 * n) < 3) value_set(t, data, i, (long double)(seed % 2 ? NAN : INFINITY));
    return data;
}

static void run_scan(cg_device *dev, cg_reduce_kind kind, cg_dtype t, const int64_t shape[3], bool reverse,
                     uint64_t seed) {
    const bool special = seed % 5 == 0, in_place = seed % 3 == 0;
    check_case("scan kind %d %s (%lld, %lld, %lld) reverse %d seed %llu", kind, cg_dtype_name(t),
               (long long)shape[0], (long long)shape[1], (long long)shape[2], reverse,
               (unsigned long long)seed);
    const int64_t total = shape[0] * shape[1] * shape[2];
    void *data = scan_values(kind, t, total, special, seed);
    cg_scan_request r = {kind, reverse, t, shape[0], shape[1], shape[2], put(dev, t, total, data), {0}};
    r.out = in_place ? r.src : put(dev, t, total, NULL);
    const size_t bytes = (size_t)total * sizeof(long double) + 1;
    long double *want = scratch(bytes), *size = scratch(bytes), *factor = scratch(bytes);
    naive_scan(&r, to_values(t, data, total), want, size);
    for (int64_t i = 0; i < total; i++) factor[i] = log2l((long double)shape[1]) + 64;
    CHECK(cg_hw_scan(dev->hw, &r) == CG_OK);
    check_near(t, take(dev, r.out, total), total, want, factor, kind == CG_REDUCE_SUM ? size : NULL);
    if (!in_place) check_bits(take(dev, r.src, total), data, total, cg_dtype_size(t));
    scratch_free_all();
}

DEVICE_TEST_ONCE(small_work_requests, scan) {
    static const int64_t shapes[][3] = {
        {1, 1, 1},     {1, 2, 1},    {1, 63, 1},     {1, 64, 1},   {1, 65, 1},   {1, 1023, 1},
        {3, 1025, 1},  {3, 1, 2},    {130, 65, 1},   {2, 5, 3},    {1, 2, 64},   {3, 65, 5},
        {130, 3, 7},   {1, 1024, 1}, {1, 33, 33},    {2, 9, 65},   {1, 4099, 1}, {1, 100003, 1},
        {3, 40001, 1}, {5, 3, 1023}, {130, 1025, 1}, {2, 65, 300}, {1, 4099, 3}, {1, 16001, 7}};
    static const cg_reduce_kind kinds[] = {CG_REDUCE_SUM, CG_REDUCE_PROD, CG_REDUCE_MAX, CG_REDUCE_MIN};
    uint64_t turn = 0;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int k = 0; k < 4; k++)
            for (int t = 0; t < 4; t++)
                for (int reverse = 0; reverse < 2; reverse++, turn++) {
                    if (!device_has(dev, compute_types[t]) ||
                        !fits(dev, shapes[s][0] * shapes[s][1] * shapes[s][2]))
                        continue;
                    if (device_is_opencl(dev) && turn % 5 && turn > 64) continue;
                    if (device_is_slow(dev) && turn % 7) continue;
                    run_scan(dev, kinds[k], compute_types[t], shapes[s], reverse, turn + 1);
                }
}

/* --- searchsorted ---------------------------------------------------------------------------------------------------- */

/* Whether a sorted element counts for v: it is less, or, to the right, not greater; NaN is the largest. */
static bool counts(long double element, long double v, bool right) {
    return right ? !comes_before(v, element, false) : comes_before(element, v, false);
}

static void run_search(cg_device *dev, cg_dtype t, int64_t rows, int64_t n, int64_t m, bool shared,
                       bool right, uint64_t seed) {
    check_case("searchsorted %s rows %lld n %lld m %lld shared %d right %d seed %llu", cg_dtype_name(t),
               (long long)rows, (long long)n, (long long)m, shared, right, (unsigned long long)seed);
    const int64_t total = shared ? n : rows * n;
    const filling how = seed % 3 == 0 ? SPECIAL : seed % 3 == 1 ? TIES : RANDOM;
    void *data = filled(t, total, how, seed), *value = filled(t, rows * m, how, seed + 1000);
    const long double *x = to_values(t, data, total), *v = to_values(t, value, rows * m);
    long double *row = scratch((size_t)total * sizeof *row + 1);
    int64_t *order = scratch((size_t)total * sizeof *order + 1),
            *want = scratch((size_t)(rows * m) * sizeof *want);
    for (int64_t i = 0; i < total; i += n) naive_order(x + i, n, false, order + i);
    for (int64_t i = 0; i < total; i++) row[i] = x[i - i % n + order[i]];
    for (int64_t i = 0; i < total; i++) value_set(t, data, i, row[i]);
    for (int64_t i = 0; i < rows * m; i++)
        for (int64_t k = 0; k < n; k++) want[i] += counts(row[(shared ? 0 : i / m * n) + k], v[i], right);
    const cg_searchsorted_request r = {right,
                                       shared,
                                       t,
                                       rows,
                                       n,
                                       m,
                                       put(dev, t, total, data),
                                       put(dev, t, rows * m, value),
                                       put(dev, CG_I64, rows * m, NULL)};
    CHECK(cg_hw_searchsorted(dev->hw, &r) == CG_OK);
    check_bits(take(dev, r.out, rows * m), want, rows * m, sizeof *want);
    drop(dev, r.sorted), drop(dev, r.value);
    scratch_free_all();
}

DEVICE_TEST_ONCE(small_work_requests, searchsorted) {
    static const int64_t sizes[][3] = {{1, 0, 3},     {1, 1, 1},   {1, 2, 65},       {3, 3, 7},
                                       {1, 63, 64},   {1, 64, 65}, {3, 65, 5},       {2, 1023, 9},
                                       {1, 1025, 33}, {130, 9, 3}, {130, 64, 1},     {3, 4099, 70},
                                       {1, 5, 4099},  {2, 0, 5},   {1, 100003, 257}, {1, 257, 20011}};
    uint64_t seed = 1;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int t = 0; t < 4; t++)
            for (int way = 0; way < 4; way++, seed++) {
                const int64_t *size = sizes[s];
                if (!device_has(dev, compute_types[t]) || !fits(dev, size[0] * size[1])) continue;
                if (device_is_slow(dev) && (seed % 3 || size[2] > 99)) continue;
                run_search(dev, compute_types[t], size[0], size[1], size[2], way % 2, way / 2, seed);
            }
}

/* --- gather, scatter_add ----------------------------------------------------------------------------------------------- */

/* outer, axis, inner, n_index */
typedef struct table {
    int64_t outer, axis, inner, n_index;
} table;

static void table_case(const char *name, cg_dtype t, const table *w, bool along, cg_dtype index_type,
                       uint64_t seed) {
    check_case("%s %s outer %lld axis %lld inner %lld, %lld of %s, along %d, seed %llu", name,
               cg_dtype_name(t), (long long)w->outer, (long long)w->axis, (long long)w->inner,
               (long long)w->n_index, cg_dtype_name(index_type), along, (unsigned long long)seed);
}

/* A device takes those whose dtype it has and whose size fits it. */
static bool table_fits(const cg_device *dev, cg_dtype t, const table *w) {
    return device_has(dev, t) && fits(dev, w->outer * (w->axis + w->n_index) * w->inner);
}

/* The place of source element s among the table's, -1 if there is none; index in long double. */
static int64_t place_of(const table *w, bool along, const long double *index, int64_t s) {
    const int64_t i = s % w->inner, j = s / w->inner % w->n_index, o = s / w->inner / w->n_index;
    const int64_t asked = (int64_t)index[along ? s : j], at = asked < 0 ? asked + w->axis : asked;
    return at < 0 || at >= w->axis ? -1 : (o * w->axis + at) * w->inner + i;
}

/* Indices from one below the range to one above it. */
static void *some_indices(cg_dtype t, const table *w, int64_t n, uint64_t seed) {
    return random_values(t, n, (double)(-w->axis - 1), (double)w->axis, &seed);
}

static void run_gather(cg_device *dev, cg_dtype t, const table *w, bool along, uint64_t seed) {
    const cg_dtype index_type = seed % 2 ? CG_I32 : CG_I64;
    table_case("gather", t, w, along, index_type, seed);
    const int64_t total = w->outer * w->axis * w->inner, n = w->outer * w->n_index * w->inner;
    const int64_t n_index = along ? n : w->n_index;
    void *data = filled(t, total, RANDOM, seed), *index = some_indices(index_type, w, n_index, seed + 1);
    const long double *x = to_values(t, data, total), *at = to_values(index_type, index, n_index);
    long double *want = scratch((size_t)n * sizeof *want);
    for (int64_t s = 0; s < n; s++) {
        const int64_t from = place_of(w, along, at, s);
        want[s] = from >= 0 ? x[from] : is_real(t) ? (long double)NAN : 0;
    }
    const cg_gather_request r = {along,
                                 t,
                                 w->outer,
                                 w->axis,
                                 w->inner,
                                 w->n_index,
                                 put(dev, t, total, data),
                                 put(dev, index_type, n_index, index),
                                 put(dev, t, n, NULL)};
    CHECK(cg_hw_gather(dev->hw, &r) == CG_OK);
    check_near(t, take(dev, r.out, n), n, want, NULL, NULL);
    drop(dev, r.src), drop(dev, r.index);
    scratch_free_all();
}

static cg_scatter_add_request scatter_request(cg_device *dev, cg_dtype t, const table *w, bool along,
                                              cg_dtype index_type, uint64_t seed, void **host) {
    const int64_t total = w->outer * w->axis * w->inner, n = w->outer * w->n_index * w->inner;
    const int64_t n_index = along ? n : w->n_index;
    host[0] = small_values(t, n, seed), host[1] = some_indices(index_type, w, n_index, seed + 1);
    host[2] = small_values(t, total, seed + 2);
    return (cg_scatter_add_request){along,
                                    t,
                                    w->outer,
                                    w->axis,
                                    w->inner,
                                    w->n_index,
                                    put(dev, t, n, host[0]),
                                    put(dev, index_type, n_index, host[1]),
                                    put(dev, t, total, host[2])};
}

/* k additions to an element are off by k u sum |x| at most, whatever their order; the order is that of the last time. */
static void run_scatter(cg_device *dev, cg_dtype t, const table *w, bool along, uint64_t seed) {
    const cg_dtype index_type = seed % 2 ? CG_I32 : CG_I64;
    table_case("scatter_add", t, w, along, index_type, seed);
    void *host[3];
    cg_scatter_add_request r = scatter_request(dev, t, w, along, index_type, seed, host);
    const int64_t total = w->outer * w->axis * w->inner, n = w->outer * w->n_index * w->inner;
    const long double *x = to_values(t, host[0], n),
                      *at = to_values(index_type, host[1], along ? n : w->n_index);
    long double *want = to_values(t, host[2], total), *size = scratch((size_t)total * sizeof *size);
    long double *count = scratch((size_t)total * sizeof *count);
    for (int64_t i = 0; i < total; i++) size[i] = fabsl(want[i]);
    for (int64_t s = 0; s < n; s++) {
        const int64_t to = place_of(w, along, at, s);
        if (to < 0) continue;
        want[to] += x[s], size[to] += fabsl(x[s]), count[to]++;
    }
    CHECK(cg_hw_scatter_add(dev->hw, &r) == CG_OK);
    const void *got = take(dev, r.out, total);
    check_near(t, got, total, want, count, size);
    r.out = put(dev, t, total, host[2]);
    CHECK(cg_hw_scatter_add(dev->hw, &r) == CG_OK);
    check_bits(take(dev, r.out, total), got, total, cg_dtype_size(t));
    drop(dev, r.src), drop(dev, r.index);
    scratch_free_all();
}

static const table tables[] = {
    {1, 1, 1, 1},      {2, 3, 1, 2},        {3, 7, 5, 11},        {1, 5, 1, 1025},    {1, 65, 1, 64},
    {130, 2, 1, 3},    {1, 3, 65, 5},       {2, 5, 2, 63},        {1, 1, 1, 1023},    {1, 3, 65, 1025},
    {2, 1025, 3, 64},  {130, 10, 1, 65},    {1, 50, 256, 400},    {1, 1000, 1, 1000}, {1, 7, 1, 100003},
    {1, 1, 1, 100003}, {1, 4099, 1, 90001}, {2, 40001, 1, 20011}, {1, 2003, 16, 7001}};

DEVICE_TEST_ONCE(small_work_requests, gather) {
    uint64_t seed = 1;
    for (size_t k = 0; k < sizeof tables / sizeof *tables; k++)
        for (int t = 0; t < 6; t++)
            for (int along = 0; along < 2; along++, seed++)
                if (table_fits(dev, all_types[t], &tables[k]))
                    run_gather(dev, all_types[t], &tables[k], along, seed + seed / 2);
}

DEVICE_TEST_ONCE(small_work_requests, scatter_add) {
    uint64_t seed = 1;
    for (size_t k = 0; k < sizeof tables / sizeof *tables; k++)
        for (int t = 0; t < 4; t++)
            for (int along = 0; along < 2; along++, seed++)
                if (table_fits(dev, compute_types[t], &tables[k]) &&
                    !(device_is_slow(dev) && (k + (size_t)t) % 2))
                    run_scatter(dev, compute_types[t], &tables[k], along, seed + seed / 2);
}

/* --- Products -------------------------------------------------------------------------------------------------------- */

/* (rows, n) in memory; the product along n, or along the rows. */
static void run_product(cg_device *dev, cg_dtype t, int64_t rows, int64_t n, bool along_rows, uint64_t seed) {
    check_case("prod %s (%lld, %lld), along the rows %d, seed %llu", cg_dtype_name(t), (long long)rows,
               (long long)n, along_rows, (unsigned long long)seed);
    const cg_program identity = cg_program_identity(t);
    const int64_t kept = along_rows ? n : rows, reduced = along_rows ? rows : n;
    void *data = exact_factors(t, rows * n, seed);
    const long double *x = to_values(t, data, rows * n);
    long double *want = scratch((size_t)kept * sizeof *want);
    for (int64_t i = 0; i < kept; i++) want[i] = 1;
    for (int64_t i = 0; i < rows * n; i++) want[along_rows ? i % n : i / n] *= x[i];
    cg_reduce_request r = {.kind = CG_REDUCE_PROD, .program = &identity, .rank = 2, .n_kept = 1};
    r.shape[0] = kept, r.shape[1] = reduced;
    r.in[0] = put(dev, t, rows * n, data), r.out = put(dev, t, kept, NULL);
    r.in[0].stride[along_rows] = n, r.in[0].stride[!along_rows] = 1, r.out.stride[0] = 1;
    CHECK(cg_hw_reduce(dev->hw, &r) == CG_OK);
    check_near(t, take(dev, r.out, kept), kept, want, NULL, NULL);
    drop(dev, r.in[0]);
    scratch_free_all();
}

DEVICE_TEST_ONCE(small_work_requests, prod) {
    static const int64_t shapes[][2] = {{1, 2},    {3, 7},   {2, 65},     {5, 129},   {3, 0},
                                        {1, 1025}, {65, 33}, {1, 100003}, {300, 1031}};
    uint64_t seed = 1;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int t = 0; t < 4; t++)
            for (int along_rows = 0; along_rows < 2; along_rows++, seed++) {
                const int64_t rows = shapes[s][0], n = shapes[s][1];
                if (device_has(dev, compute_types[t]) && fits(dev, rows * n))
                    run_product(dev, compute_types[t], rows, n, along_rows, seed);
            }
}

/* --- Memory of the caller's ----------------------------------------------------------------------------------------- */

/* A wrapped array is read where it lies, at any place an element may have, and is the caller's again after. */
static void run_wrap(cg_device *dev, int64_t *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) x[i] = i % 7 - 3;
    cg_buffer *wrapped = cg_hw_wrap(dev->hw, x, (size_t)n * sizeof *x);
    if (!CHECK(wrapped != NULL)) return;
    const cg_operand src = {.buffer = wrapped, .dtype = CG_I64}, out = put(dev, CG_I64, n, NULL);
    CHECK(cg_hw_scan(dev->hw, &(cg_scan_request){CG_REDUCE_SUM, false, CG_I64, 1, n, 1, src, out}) == CG_OK);
    const int64_t *got = take(dev, out, n);
    cg_hw_free(dev->hw, wrapped);
    const cg_operand next = put(dev, CG_I64, n, NULL); /* which must not be the caller's memory */
    int64_t sum = 0, right = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i], right += got[i] == sum && x[i] == i % 7 - 3;
    CHECK_MSG(right == n, "%lld of %lld sums are right", (long long)right, (long long)n);
    drop(dev, next);
}

DEVICE_TEST_ONCE(small_work_requests, wrap) {
    static _Alignas(4096) int64_t memory[2048];
    const uint64_t before = cg_device_statistics(dev).bytes_in_use;
    for (int skew = 0; skew < (device_is_opencl(dev) ? 1 : 9); skew++) {
        check_case("wrap, %d elements behind a page", skew);
        run_wrap(dev, memory + skew, 1024);
    }
    CHECK(cg_device_statistics(dev).bytes_in_use == before);
}
