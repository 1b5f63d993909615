/* Tensors from nothing: constants, ranges, random numbers. x[0] only says on which device, and in which dtype. */
#include "catalog/catalog.h"

#define WHERE(x) cg_device_of((x)[0]), cg_dtype_of((x)[0])

static ref_array filled(int rank, const int64_t *shape, long double value) {
    ref_array out = ref_array_new(rank, shape);
    for (int64_t i = 0; i < out.n; i++) out.v[i] = value;
    return out;
}

static ref_array ramp(int64_t n, long double start, long double step) {
    ref_array out = ref_array_new(1, &n);
    for (int64_t i = 0; i < n; i++) out.v[i] = start + (long double)i * step;
    return out;
}

#define SHAPE_2_3                                                                                            \
    2, (const int64_t[]) { 2, 3 }

static cg_tensor *zeros(cg_tensor *const *x) { return cg_zeros(WHERE(x), cg_shape(2, 3)); }
static ref_array ref_zeros(const ref_array *x) { return (void)x, filled(SHAPE_2_3, 0); }
static cg_tensor *ones(cg_tensor *const *x) { return cg_ones(WHERE(x), cg_shape(2, 3)); }
static ref_array ref_ones(const ref_array *x) { return (void)x, filled(SHAPE_2_3, 1); }
static cg_tensor *full(cg_tensor *const *x) { return cg_full(WHERE(x), cg_shape(2, 3), 1); }

static cg_tensor *zeros_like(cg_tensor *const *x) { return cg_zeros_like(x[0]); }
static ref_array ref_zeros_like(const ref_array *x) { return filled(x[0].rank, x[0].shape, 0); }
static cg_tensor *ones_like(cg_tensor *const *x) { return cg_ones_like(x[0]); }
static ref_array ref_ones_like(const ref_array *x) { return filled(x[0].rank, x[0].shape, 1); }
static cg_tensor *full_like(cg_tensor *const *x) { return cg_full_like(x[0], 1); }

static cg_tensor *eye(cg_tensor *const *x) { return cg_eye(WHERE(x), 5); }
static ref_array ref_eye(const ref_array *x) {
    (void)x;
    ref_array out = ref_array_new(2, (const int64_t[]){5, 5});
    for (int i = 0; i < 5; i++) out.v[i * 6] = 1;
    return out;
}

static cg_tensor *arange(cg_tensor *const *x) { return cg_arange(WHERE(x), 2, 17, 3); }
static ref_array ref_arange(const ref_array *x) { return (void)x, ramp(5, 2, 3); }
static cg_tensor *linspace(cg_tensor *const *x) { return cg_linspace(WHERE(x), -1, 1, 9); }
static ref_array ref_linspace(const ref_array *x) { return (void)x, ramp(9, -1, 0.25L); }

enum { SEED = 11, DRAWN = 1000 };

/* The first stream of the seed; the generator is put back where it was. */
static cg_tensor *drawn(cg_tensor *x, bool normal) {
    cg_device *dev = cg_device_of(x);
    uint64_t seed, stream;
    cg_seed_get(dev, &seed, &stream);
    cg_seed(dev, SEED);
    cg_tensor *out = normal ? cg_normal(dev, cg_dtype_of(x), cg_shape(DRAWN), 0, 1)
                            : cg_uniform(dev, cg_dtype_of(x), cg_shape(DRAWN), 0, 1);
    cg_seed_set(dev, seed, stream);
    return out;
}

/* f32 takes 24 bits of a number, f64 takes 53: the input, which is 1/3 in its own dtype, tells which. */
static ref_array ref_drawn(ref_array x, bool normal) {
    const bool wide = x.v[0] != (long double)(float)x.v[0];
    const int64_t n = DRAWN;
    ref_array out = ref_array_new(1, &n);
    for (int64_t i = 0; i < n; i++)
        out.v[i] = normal ? ref_normal(wide, SEED, 0, (uint64_t)i) : ref_uniform(wide, SEED, 0, (uint64_t)i);
    return out;
}

static cg_tensor *uniform(cg_tensor *const *x) { return drawn(x[0], false); }
static ref_array ref_of_uniform(const ref_array *x) { return ref_drawn(x[0], false); }
static cg_tensor *normal(cg_tensor *const *x) { return drawn(x[0], true); }
static ref_array ref_of_normal(const ref_array *x) { return ref_drawn(x[0], true); }
static ref_array unit_scale(const ref_array *x) {
    const int64_t n = DRAWN;
    return (void)x, filled(1, &n, 1);
}

#define HERE .n = 1, .x = {{.shape = {1, {4}}, .lo = 1.0 / 3, .hi = 1.0 / 3}}, .large = {{1, {4}}}
#define MADE(of, ref, types) .call = of, .reference = ref, HERE, .dtypes = types

const catalog_entry catalog_creation[] = {
    {"zeros", "", MADE(zeros, ref_zeros, CATALOG_ALL)},
    {"ones", "", MADE(ones, ref_ones, CATALOG_ALL)},
    {"full", "", MADE(full, ref_ones, CATALOG_ALL)},
    {"zeros_like", "", MADE(zeros_like, ref_zeros_like, CATALOG_ALL)},
    {"ones_like", "", MADE(ones_like, ref_ones_like, CATALOG_ALL)},
    {"full_like", "", MADE(full_like, ref_ones_like, CATALOG_ALL)},
    {"eye", "", MADE(eye, ref_eye, CATALOG_ALL)},
    {"arange", "", MADE(arange, ref_arange, CATALOG_NUMBERS)},
    {"linspace", "", MADE(linspace, ref_linspace, CATALOG_REALS)},
    {"uniform", "the same bits everywhere", MADE(uniform, ref_of_uniform, CATALOG_REALS)},
    {"normal", "", MADE(normal, ref_of_normal, CATALOG_REALS), .bound = 24, .scale = unit_scale},
    {.name = NULL},
};
