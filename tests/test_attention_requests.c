/*
 * The attention requests of host/backend.h, by the device's own kernels and by their composition, against naive sums in
 * long double; and that the scores are not stored.
 */
#include "host/compose.h"
#include "reference/ref_networks.h"
#include "support/device_test.h"
#include "tensor/context.h"

#include <math.h>

enum { B0 = 2, B1 = 2 };

typedef enum mask_kind { NO_MASK, BOOL_MASK, REAL_MASK } mask_kind;

typedef struct problem {
    cg_dtype dtype;
    int64_t queries, keys, d, e;
    mask_kind mask;
    bool causal;
} problem;

typedef struct operands {
    cg_tensor *q, *k, *v, *g, *mask, *out, *lse, *delta, *dq, *dk, *dv;
} operands;

typedef cg_status forward(cg_hw *hw, const cg_attention_request *r);
typedef cg_status backward(cg_hw *hw, const cg_attention_grad_request *r);

static cg_tensor *random_of(cg_device *dev, cg_dtype t, int64_t rows, int64_t cols, uint64_t *seed) {
    return cg_from_host(dev, t, cg_shape(B0, B1, rows, cols),
                        random_values(t, B0 * B1 * rows * cols, -1.5, 1.5, seed));
}

static cg_tensor *room(cg_device *dev, const problem *p, int64_t rows, int64_t cols) {
    return cg_eval(cg_clone(cg_full(dev, p->dtype, cg_shape(B0, B1, rows, cols), NAN)));
}

/* A mask for each query and key that hides a third, and all from query 1. */
static cg_tensor *make_mask(cg_device *dev, const problem *p, uint64_t *seed) {
    if (p->mask == NO_MASK) return NULL;
    const int64_t n = p->queries * p->keys;
    double *value = random_values(CG_F64, n, -1, 2, seed);
    void *data = scratch((size_t)n * sizeof(double));
    const cg_dtype t = p->mask == BOOL_MASK ? CG_BOOL : p->dtype;
    for (int64_t i = 0; i < n; i++) {
        const bool seen = value[i] >= 0 && i / p->keys != 1;
        value_set(t, data, i, p->mask == BOOL_MASK ? (long double)seen : seen ? value[i] : -INFINITY);
    }
    return cg_from_host(dev, t, cg_shape(p->queries, p->keys), data);
}

static operands make_operands(cg_device *dev, const problem *p) {
    uint64_t seed = 17;
    operands o = {.q = random_of(dev, p->dtype, p->queries, p->d, &seed),
                  .k = random_of(dev, p->dtype, p->keys, p->d, &seed),
                  .v = random_of(dev, p->dtype, p->keys, p->e, &seed),
                  .g = random_of(dev, p->dtype, p->queries, p->e, &seed),
                  .mask = make_mask(dev, p, &seed),
                  .out = room(dev, p, p->queries, p->e),
                  .lse = room(dev, p, p->queries, 1),
                  .dq = room(dev, p, p->queries, p->d),
                  .dk = room(dev, p, p->keys, p->d),
                  .dv = room(dev, p, p->keys, p->e)};
    return o;
}

static cg_matrix matrix_of(const cg_tensor *x) {
    return (cg_matrix){.buffer = x->storage->buffer,
                       .offset = x->offset,
                       .row = x->stride[2],
                       .col = 1,
                       .batch = {x->stride[0], x->stride[1]}};
}

static cg_attention_request request_of(const problem *p, const operands *o) {
    cg_attention_request r = {.dtype = p->dtype,
                              .causal = p->causal,
                              .scale = 0.7,
                              .queries = p->queries,
                              .keys = p->keys,
                              .features = p->d,
                              .value_features = p->e,
                              .batch = {B0, B1},
                              .q = matrix_of(o->q),
                              .k = matrix_of(o->k),
                              .v = matrix_of(o->v)};
    if (o->mask) {
        r.mask = cg_tensor_operand(o->mask);
        for (int i = 0; i < 4; i++) r.mask.stride[i] = i < 2 ? 0 : o->mask->stride[i - 2];
    }
    r.out = cg_tensor_operand(o->out);
    r.lse = cg_tensor_operand(o->lse);
    return r;
}

/* Rounding of dots over d or e and of sums over queries or keys, as in attention.h. */
static double factor_of(const problem *p) {
    const int64_t d = p->d > p->e ? p->d : p->e, n = p->queries > p->keys ? p->queries : p->keys;
    return (double)(n + 4 * (d + 4) + 8);
}

static void check_near(const char *what, const problem *p, const cg_tensor *got, ref_array want,
                       ref_array size) {
    check_case("%s %s T %lld S %lld mask %d causal %d", what, cg_dtype_name(p->dtype), (long long)p->queries,
               (long long)p->keys, (int)p->mask, p->causal);
    check_within(got, p->dtype, cg_shape_of(want.rank, want.shape), want.v, factor_of(p), size.v);
}

/* Query 1 sees no key: nothing of the values arrives there, not even what is not finite. */
static void check_hidden_row(cg_device *dev, const problem *p, const operands *o, cg_attention_request r,
                             forward *attend) {
    const cg_dims shape = cg_shape(B0, B1, p->keys, p->e);
    cg_tensor *v = cg_eval(cg_clone(cg_full(dev, p->dtype, shape, INFINITY)));
    check_case("hidden row, %s", cg_dtype_name(p->dtype));
    r.v = matrix_of(v);
    CHECK_MSG(attend(dev->hw, &r) == CG_OK, "%s", cg_error_message(dev));
    check_equal(cg_contiguous(cg_slice(o->out, 2, 1, 2, 1)), p->dtype, cg_shape(B0, B1, 1, p->e),
                scratch((size_t)(B0 * B1 * p->e) * sizeof(long double)));
}

static void run(cg_device *dev, problem p, const char *way, forward *attend, backward *attend_back) {
    cg_scope *scope = cg_scope_begin(dev);
    check_case("%s", way);
    operands o = make_operands(dev, &p);
    const ref_array q = read_array(o.q), k = read_array(o.k), v = read_array(o.v), g = read_array(o.g);
    const ref_array mask = o.mask ? read_array(o.mask) : (ref_array){0};
    const ref_attention how = {o.mask ? &mask : NULL, p.mask == BOOL_MASK, p.causal, 0.7L};
    cg_attention_grad_request back = {.of = request_of(&p, &o)};
    CHECK_MSG(attend(dev->hw, &back.of) == CG_OK, "%s", cg_error_message(dev));
    ref_array size, want = ref_attend(&how, q, k, v, &size);
    check_near(way, &p, o.out, want, size);
    o.delta = cg_eval(cg_sum(cg_mul(o.g, o.out), cg_axes(-1), false));
    back.g = cg_tensor_operand(o.g);
    back.delta = cg_tensor_operand(o.delta);
    back.dq = cg_tensor_operand(o.dq);
    back.dk = cg_tensor_operand(o.dk);
    back.dv = cg_tensor_operand(o.dv);
    CHECK_MSG(attend_back(dev->hw, &back) == CG_OK, "%s", cg_error_message(dev));
    const ref_attention_gradient r = ref_attend_gradient(&how, q, k, v, g);
    check_near("dq", &p, o.dq, r.dq, r.size_q);
    check_near("dk", &p, o.dk, r.dk, r.size_k);
    check_near("dv", &p, o.dv, r.dv, r.size_v);
    if (o.mask) check_hidden_row(dev, &p, &o, back.of, attend);
    cg_scope_end(scope);
    scratch_free_all();
}

/* Each is three kernels to build. */
DEVICE_TEST_ONCE(small_attention_requests, kernels) {
    const cg_dtype wide = cg_device_properties(dev)->has_f64 ? CG_F64 : CG_F32;
    run(dev, (problem){wide, 19, 9, 2, 3, BOOL_MASK, false}, "kernel", cg_hw_attention, cg_hw_attention_grad);
    run(dev, (problem){CG_F32, 35, 37, 4, 8, REAL_MASK, true}, "kernel", cg_hw_attention,
        cg_hw_attention_grad);
    if (device_is_opencl(dev)) return;
    run(dev, (problem){CG_F32, 5, 7, 4, 3, NO_MASK, true}, "kernel", cg_hw_attention, cg_hw_attention_grad);
}

/* GPU style where the device has the CPU's, and the other way round. */
OPENCL_TEST(small_attention_requests, other_kernels) {
    CHECK(cg_device_set_detour(dev, "attention", CG_DETOUR_OTHER_KERNEL) == CG_OK);
    CHECK(cg_device_set_detour(dev, "attention_grad", CG_DETOUR_OTHER_KERNEL) == CG_OK);
    run(dev, (problem){CG_F32, 35, 70, 4, 8, NO_MASK, true}, "other", cg_hw_attention, cg_hw_attention_grad);
}

/* On OpenCL the tests of detours compose it. */
CPU_TEST(attention_requests, composed) {
    for (int mask = NO_MASK; mask <= REAL_MASK; mask++)
        for (int causal = 0; causal < 2; causal++)
            for (int t = CG_F32; t <= CG_F64; t++)
                run(dev, (problem){(cg_dtype)t, 33, 70, 5, 6, (mask_kind)mask, causal != 0}, "composed",
                    cg_compose_attention, cg_compose_attention_grad);
}

/* Several tiles each way, the last ones partly filled. */
CPU_TEST(attention_requests, tiles) {
    for (int mask = NO_MASK; mask <= REAL_MASK; mask++) {
        run(dev, (problem){CG_F32, 140, 70, 5, 9, (mask_kind)mask, true}, "kernel", cg_hw_attention,
            cg_hw_attention_grad);
        run(dev, (problem){CG_F32, 70, 270, 8, 3, (mask_kind)mask, false}, "kernel", cg_hw_attention,
            cg_hw_attention_grad);
    }
    run(dev, (problem){CG_F64, 70, 270, 4, 5, REAL_MASK, true}, "kernel", cg_hw_attention,
        cg_hw_attention_grad);
}

/* --- through the public operation ------------------------------------------------------------------------------- */

static cg_tensor *attend_long(cg_device *dev, int64_t length, cg_tensor **q, cg_tensor **gradient) {
    uint64_t seed = 2;
    cg_tensor *x[3];
    for (int i = 0; i < 3; i++)
        x[i] = cg_require_grad(
            cg_from_host(dev, CG_F32, cg_shape(length, 8), random_values(CG_F32, length * 8, -1, 1, &seed)),
            true);
    cg_tensor *y =
        cg_scaled_dot_product_attention(x[0], x[1], x[2], NULL, (cg_attention_options){.causal = true});
    CHECK_MSG(cg_grad(cg_sum(cg_square(y), CG_ALL_AXES, false), NULL, 3, x, false, gradient) == CG_OK, "%s",
              cg_error_message(dev));
    *q = x[0];
    return y;
}

/* Forward and backward over 2048 queries and keys: the scores would take 16 MiB, each copy of them. */
CPU_TEST(attention_requests, scores_are_not_stored) {
    const uint64_t before = cg_device_statistics(dev).bytes_in_use;
    cg_tensor *q, *gradient[3];
    cg_scope *scope = cg_scope_begin(dev);
    attend_long(dev, 2048, &q, gradient);
    cg_device_stats stats = cg_device_statistics(dev);
    CHECK_MSG(stats.bytes_peak - before < 2 << 20, "%llu bytes",
              (unsigned long long)(stats.bytes_peak - before));
    CHECK(stats.work[CG_WORK_ATTENTION] == 1 && stats.work[CG_WORK_ATTENTION_GRAD] == 1);
    cg_scope_end(scope);
}

CPU_TEST(attention_requests, same_bits_twice) {
    cg_tensor *q, *a[3], *b[3];
    check_same_bits(attend_long(dev, 500, &q, a), attend_long(dev, 500, &q, b));
    for (int i = 0; i < 3; i++) check_same_bits(a[i], b[i]);
}

/* Under create_graph the gradient is composed: the same numbers, to rounding. */
CPU_TEST(attention_requests, composed_gradient) {
    uint64_t seed = 2;
    cg_tensor *x[3], *a[3], *b[3];
    for (int i = 0; i < 3; i++) x[i] = cg_require_grad(random_of(dev, CG_F64, 6, 4, &seed), true);
    cg_tensor *mask = cg_tril(cg_ones(dev, CG_BOOL, cg_shape(6, 6)), -1); /* query 0 sees nothing */
    cg_tensor *y = cg_scaled_dot_product_attention(x[0], x[1], x[2], mask, (cg_attention_options){0});
    cg_tensor *sum = cg_sum(cg_mul(y, cg_add(y, 1)), CG_ALL_AXES, false);
    CHECK(cg_grad(sum, NULL, 3, x, true, a) == CG_OK && cg_grad(sum, NULL, 3, x, false, b) == CG_OK);
    for (int i = 0; i < 3; i++)
        check_within(a[i], CG_F64, cg_shape(B0, B1, 6, 4), read_values(b[i]), 64, NULL);
}
