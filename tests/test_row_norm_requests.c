/*
 * The requests of host/backend.h that normalize rows, by the device's own kernels and by their composition, against sums in
 * long double.
 */
#include "host/compose.h"
#include "reference/ref_networks.h"
#include "support/device_test.h"
#include "tensor/context.h"

#include <math.h>

typedef struct problem {
    cg_dtype dtype;
    int64_t rows, cols;
    bool centre, weighted, biased;
    double mean;
} problem;

typedef cg_status forward(cg_hw *hw, const cg_row_norm_request *r);
typedef cg_status backward(cg_hw *hw, const cg_row_norm_grad_request *r);

static cg_tensor *random_of(cg_device *dev, const problem *p, int64_t rows, double mean, uint64_t *seed) {
    return cg_from_host(dev, p->dtype, cg_shape(rows, p->cols),
                        random_values(p->dtype, rows * p->cols, mean - 1, mean + 2, seed));
}

static cg_operand maybe(const cg_tensor *x) { return x ? cg_tensor_operand(x) : (cg_operand){0}; }

/* dx as the formula stands, and in size the same with all terms positive. */
static ref_array gradient_of(const problem *p, ref_array x, ref_array g, const ref_array *w,
                             ref_array *size) {
    ref_array dx = ref_array_like(x), mean, var;
    const ref_norm how = {.kind = REF_LAST_AXES, .n = 1, .uncentred = !p->centre};
    ref_normalize(&how, x, NULL, &mean, &var);
    *size = ref_array_like(x);
    for (int64_t row = 0; row < p->rows; row++) {
        const long double root = sqrtl(var.v[row] + 1e-5L), n = (long double)p->cols;
        const long double z0 = fabsl(x.v[row * p->cols] - mean.v[row]) / root;
        long double sum = 0, along = 0, sum_size = 0, along_size = 0;
        for (int64_t c = 0; c < p->cols; c++) {
            const int64_t at = row * p->cols + c;
            const long double gw = g.v[at] * (w ? w->v[c] : 1), z = (x.v[at] - mean.v[row]) / root;
            sum += p->centre ? gw / n : 0;
            along += gw * z / n;
            sum_size += fabsl(gw) / n;
            along_size += fabsl(gw) * (1 + fabsl(z) + z0) / n;
        }
        for (int64_t c = 0; c < p->cols; c++) {
            const int64_t at = row * p->cols + c;
            const long double gw = g.v[at] * (w ? w->v[c] : 1), z = (x.v[at] - mean.v[row]) / root;
            dx.v[at] = (gw - sum - z * along) / root;
            size->v[at] = (fabsl(gw) + sum_size + (1 + fabsl(z) + z0) * along_size) / root;
        }
    }
    return dx;
}

/* The sums over rows against the gradient's; one that is NULL is not checked. */
static void check_sums(const problem *p, ref_array x, ref_array g, const cg_tensor *dweight,
                       const cg_tensor *dbias) {
    ref_array mean, var;
    const ref_norm how = {.kind = REF_LAST_AXES, .n = 1, .uncentred = !p->centre};
    ref_normalize(&how, x, NULL, &mean, &var);
    const int64_t n = p->cols;
    ref_array sum = ref_array_new(1, &n), along = ref_array_like(sum), size = ref_array_like(sum),
              along_size = ref_array_like(sum);
    for (int64_t at = 0; at < p->rows * n; at++) {
        const int64_t row = at / n, c = at % n;
        const long double root = sqrtl(var.v[row] + 1e-5L), z = (x.v[at] - mean.v[row]) / root;
        const long double z0 = fabsl(x.v[row * n] - mean.v[row]) / root;
        sum.v[c] += g.v[at];
        size.v[c] += fabsl(g.v[at]);
        along.v[c] += g.v[at] * z;
        along_size.v[c] += fabsl(g.v[at]) * (1 + fabsl(z) + z0);
    }
    const double bound = 2 * (log2((double)(p->rows * n)) + 14);
    if (dweight) check_within(dweight, p->dtype, cg_shape(n), along.v, bound, along_size.v);
    if (dbias) check_within(dbias, p->dtype, cg_shape(n), sum.v, bound, size.v);
}

/* The operands of a problem on its device; weight and bias are NULL where it has none. */
typedef struct operands {
    cg_tensor *x, *g, *weight, *bias, *out, *moments, *dx, *dweight, *dbias;
} operands;

static operands make_operands(cg_device *dev, const problem *p) {
    uint64_t seed = 31;
    const cg_dims columns = cg_shape(p->cols);
    return (operands){.x = random_of(dev, p, p->rows, p->mean, &seed),
                      .g = random_of(dev, p, p->rows, 0, &seed),
                      .weight = p->weighted ? random_of(dev, p, 1, 1, &seed) : NULL,
                      .bias = p->biased ? random_of(dev, p, 1, 0, &seed) : NULL,
                      .out = random_of(dev, p, p->rows, 0, &seed),
                      .moments =
                          cg_eval(cg_clone(cg_full(dev, p->dtype, cg_shape(CG_MOMENTS, p->rows), NAN))),
                      .dx = random_of(dev, p, p->rows, 0, &seed),
                      .dweight = p->weighted ? cg_reshape(random_of(dev, p, 1, 0, &seed), columns) : NULL,
                      .dbias = p->biased ? cg_reshape(random_of(dev, p, 1, 0, &seed), columns) : NULL};
}

/* out and var against the reference. */
static void check_forward(const problem *p, const operands *o, const ref_array *weight,
                          const ref_array *bias) {
    const double bound = log2((double)p->cols) + 14;
    const ref_norm how = {.kind = REF_LAST_AXES,
                          .n = 1,
                          .uncentred = !p->centre,
                          .epsilon = 1e-5L,
                          .weight = weight,
                          .bias = bias};
    ref_array size, var, want = ref_normalize(&how, read_array(o->x), &size, NULL, &var);
    check_within(o->out, p->dtype, cg_shape(p->rows, p->cols), want.v, bound, size.v);
    cg_tensor *got =
        cg_reshape(cg_slice(o->moments, 0, CG_MOMENT_VAR, CG_MOMENT_VAR + 1, 1), cg_shape(p->rows));
    check_within(got, p->dtype, cg_shape(p->rows), var.v, 2 * bound, var.v);
}

static void run(cg_device *dev, problem p, const char *way, forward *norm, backward *norm_back) {
    cg_scope *scope = cg_scope_begin(dev);
    check_case("%s %s (%lld, %lld) centre %d weight %d bias %d mean %g", way, cg_dtype_name(p.dtype),
               (long long)p.rows, (long long)p.cols, p.centre, p.weighted, p.biased, p.mean);
    const operands o = make_operands(dev, &p);
    const cg_row_norm_request r = {.dtype = p.dtype,
                                   .centre = p.centre,
                                   .epsilon = 1e-5,
                                   .outer = 1,
                                   .rows = p.rows,
                                   .cols = p.cols,
                                   .x = cg_tensor_operand(o.x),
                                   .weight = maybe(o.weight),
                                   .bias = maybe(o.bias),
                                   .out = cg_tensor_operand(o.out),
                                   .moments = cg_tensor_operand(o.moments)};
    CHECK_MSG(norm(dev->hw, &r) == CG_OK, "%s", cg_error_message(dev));
    const ref_array weight = o.weight ? read_array(o.weight) : (ref_array){0};
    const ref_array bias = o.bias ? read_array(o.bias) : (ref_array){0};
    check_forward(&p, &o, o.weight ? &weight : NULL, o.bias ? &bias : NULL);
    const cg_row_norm_grad_request back = {.dtype = p.dtype,
                                           .centre = p.centre,
                                           .outer = 1,
                                           .rows = p.rows,
                                           .cols = p.cols,
                                           .groups = 1,
                                           .run = 1,
                                           .g = cg_tensor_operand(o.g),
                                           .x = r.x,
                                           .weight = r.weight,
                                           .moments = r.moments,
                                           .dx = cg_tensor_operand(o.dx),
                                           .dweight = maybe(o.dweight),
                                           .dbias = maybe(o.dbias)};
    CHECK_MSG(norm_back(dev->hw, &back) == CG_OK, "%s", cg_error_message(dev));
    ref_array size,
        want = gradient_of(&p, read_array(o.x), read_array(o.g), o.weight ? &weight : NULL, &size);
    check_within(o.dx, p.dtype, cg_shape(p.rows, p.cols), want.v, 2 * (log2((double)p.cols) + 14), size.v);
    check_sums(&p, read_array(o.x), read_array(o.g), o.dweight, o.dbias);
    cg_scope_end(scope);
    scratch_free_all();
}

DEVICE_TEST_ONCE(small_row_norm, kernels) {
    run(dev, (problem){CG_F32, 3, 37, true, true, true, 1e5}, "kernel", cg_hw_row_norm, cg_hw_row_norm_grad);
    run(dev, (problem){CG_F32, 5, 300, false, true, false, 0}, "kernel", cg_hw_row_norm, cg_hw_row_norm_grad);
    if (!device_is_opencl(dev)) /* each is two kernels to build */
        run(dev, (problem){CG_F32, 4, 3, true, false, false, -3}, "kernel", cg_hw_row_norm,
            cg_hw_row_norm_grad);
    if (cg_device_properties(dev)->has_f64)
        run(dev, (problem){CG_F64, 2, 70, true, true, true, 100}, "kernel", cg_hw_row_norm,
            cg_hw_row_norm_grad);
}

/* GPU style where the device has the CPU's, and the other way round. */
OPENCL_TEST(small_row_norm, other_kernels) {
    CHECK(cg_device_set_detour(dev, "row_norm", CG_DETOUR_OTHER_KERNEL) == CG_OK);
    CHECK(cg_device_set_detour(dev, "row_norm_grad", CG_DETOUR_OTHER_KERNEL) == CG_OK);
    run(dev, (problem){CG_F32, 3, 301, true, true, true, 1e5}, "other", cg_hw_row_norm, cg_hw_row_norm_grad);
}

/* On OpenCL the tests of detours compose it. */
CPU_TEST(row_norm, composed) {
    run(dev, (problem){CG_F32, 3, 37, true, true, true, 1e5}, "composed", cg_compose_row_norm,
        cg_compose_row_norm_grad);
    for (int i = 0; i < 8; i++)
        run(dev, (problem){CG_F64, 5, 129, i & 1, i & 2, i & 4, 7}, "composed", cg_compose_row_norm,
            cg_compose_row_norm_grad);
}

/* Every combination, over rows of more than one chunk. */
CPU_TEST(row_norm, long_rows) {
    for (int i = 0; i < 8; i++)
        for (int t = CG_F32; t <= CG_F64; t++)
            run(dev, (problem){(cg_dtype)t, 9, 2309, i & 1, i & 2, i & 4, t == CG_F32 ? 1000 : 10}, "kernel",
                cg_hw_row_norm, cg_hw_row_norm_grad);
}

/* Rows of more than one task, and a task of more than one group of rows that are summed together. */
CPU_TEST(row_norm, sums_of_many_rows) {
    for (int i = 0; i < 4; i++)
        run(dev, (problem){CG_F32, 2051, 40, i & 1, i & 2, true, 3}, "kernel", cg_hw_row_norm,
            cg_hw_row_norm_grad);
    run(dev, (problem){CG_F64, 700, 33, true, true, true, 3}, "kernel", cg_hw_row_norm, cg_hw_row_norm_grad);
}

/* The public operation takes the kernel, and its second gradient another way: the numbers agree. */
CPU_TEST(row_norm, gradients_agree) {
    uint64_t seed = 6;
    const problem p = {.dtype = CG_F64, .cols = 19};
    cg_tensor *x = cg_require_grad(random_of(dev, &p, 7, 3, &seed), true), *a, *b;
    const uint64_t before = cg_device_statistics(dev).work[CG_WORK_ROW_NORM];
    cg_tensor *sum = cg_sum(cg_exp(cg_layer_norm(x, 1, NULL, NULL, 1e-5)), CG_ALL_AXES, false);
    CHECK(cg_device_statistics(dev).work[CG_WORK_ROW_NORM] == before + 1);
    CHECK(cg_grad(sum, NULL, 1, &x, true, &a) == CG_OK && cg_grad(sum, NULL, 1, &x, false, &b) == CG_OK);
    check_within(a, CG_F64, cg_shape(7, 19), read_values(b), 64, NULL);
    CHECK(cg_device_statistics(dev).work[CG_WORK_ROW_NORM_GRAD] > 0);
}
