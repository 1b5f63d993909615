/* The gradient of every row, and the gradient of that, against numerical ones. */
#include "support/device_test.h"
#include "support/gradients.h"
#include "support/row_check.h"

#include <math.h>
#include <string.h>

static bool has_rule(int row) {
    return !strncmp(cg_rows[row].gradient, "GRAD", 4) || !strcmp(cg_rows[row].gradient, "ZERO");
}

/* The first operands that get no gradient: the rule begins with as many NODIFF. */
static int held_operands(int row) {
    int n = 0;
    for (const char *text = cg_rows[row].gradient; (text = strstr(text, "NODIFF")); text++) n++;
    return n;
}

typedef struct row_context {
    int row;
    double parameter;
    cg_tensor *held[2]; /* operands without a gradient */
} row_context;

static cg_tensor *call_row(void *context, int n, cg_tensor *const *x) {
    const row_context *c = context;
    int held = held_operands(c->row);
    cg_arg all[3] = {0};
    for (int i = 0; i < held + n; i++) all[i] = cg_arg_tensor(i < held ? c->held[i] : x[i - held]);
    if (cg_rows[c->row].signature == CG_SIG_PARAM) all[1] = cg_arg_real(c->parameter);
    return catalog_row_apply(c->row, all[0], all[1], all[2]);
}

/*
 * Inputs inside the domain, where the function is smooth on the scale of the differences: away from where a power or
 * logarithm becomes steep, and from kinks and steps. Those are at integers, at the parameters, where operands are
 * equal and where one is a multiple of another; so operand i is on the grid of k/2 + 0.2 + i/10, k whole.
 */
static int make_inputs(cg_device *dev, int row, const cg_dims *shape, cg_tensor **x, uint64_t seed) {
    int n = catalog_row_at(row)->tensors;
    double lo = cg_rows[row].lo > 0 ? fmax(cg_rows[row].lo, 0.6) : fmax(cg_rows[row].lo, -3);
    double hi = fmin(cg_rows[row].hi, 3);
    for (int i = 0; i < n; i++) {
        int64_t count = ref_count(shape[i].rank, shape[i].dim);
        double *data = random_values(CG_F64, count, lo, hi, &seed);
        for (int64_t j = 0; j < count; j++) data[j] = floor(2 * data[j]) / 2 + 0.2 + 0.1 * i;
        x[i] = cg_from_f64(dev, shape[i], data);
    }
    return n;
}

static void run_gradient(cg_device *dev, int row, const cg_dims *shape, double parameter, bool second) {
    cg_scope *scope = cg_scope_begin(dev);
    check_case("%s%s of f64 %s %s, parameter %g", second ? "second gradient of " : "gradient of ",
               cg_rows[row].name, shape_text(shape[0]), shape_text(shape[1]), parameter);
    const int32_t truth[] = {1, 0, 0, 1, 1, 0};
    cg_tensor *x[3];
    int n = make_inputs(dev, row, shape, x, (uint64_t)row + 11), held = held_operands(row);
    row_context context = {row, parameter, {x[0], x[1]}};
    if (cg_rows[row].class == CG_CLASS_SELECT)
        context.held[0] = cg_cast(cg_from_i32(dev, cg_shape(2, 3), truth), CG_BOOL);
    bool (*check)(cg_function *, void *, int, cg_tensor *const *) =
        second ? check_second_gradient : check_gradient;
    check(call_row, &context, n - held, x + held);
    cg_scope_end(scope);
    scratch_free_all();
}

static void run_all(cg_device *dev, bool second) {
    static const cg_dims same[3] = {{2, {2, 3}}, {2, {2, 3}}, {2, {2, 3}}};
    static const cg_dims broadcast[3] = {{1, {3}}, {2, {2, 1}}, {0, {0}}};
    for (int row = 0; row < CG_ROW_COUNT; row++) {
        if (!has_rule(row)) continue;
        bool is_parameter = cg_rows[row].signature == CG_SIG_PARAM;
        for (int i = 0; i < (is_parameter ? 3 : 1); i++)
            run_gradient(dev, row, same, catalog_row_parameter(i), second);
        if (catalog_row_at(row)->tensors > 1) run_gradient(dev, row, broadcast, 1, second);
    }
}

static bool skip_for_f64(cg_device *dev) {
    if (cg_device_properties(dev)->has_f64) return false;
    cr_log_info("no f64 on this device");
    return true;
}

/* The rules are compositions, the same on every backend: OpenCL, which builds each kernel, takes a few. */
DEVICE_TEST(rows, gradients) {
    if (skip_for_f64(dev)) return;
    if (!device_is_opencl(dev)) {
        run_all(dev, false);
        return;
    }
    static const int some[] = {CG_ROW_div, CG_ROW_where, CG_ROW_tanh};
    static const cg_dims broadcast[3] = {{1, {3}}, {2, {2, 1}}, {0, {0}}};
    for (int i = 0; i < 3; i++) run_gradient(dev, some[i], broadcast, 1, false);
}

CPU_TEST(rows, second_gradients) { run_all(dev, true); }

/* Where a function has a kink, the side is stated in ops.h. On OpenCL the same rows are checked by themselves. */
CPU_TEST(rows, gradients_at_kinks) {
    const float at[] = {-2, -0.0f, 0, 3};
    const struct {
        cg_tensor *(*f)(cg_tensor *);
        const char *name;
        long double slope[4];
    } kinks[] = {
        {cg_relu, "relu", {0, 0, 0, 1}},
        {cg_abs, "abs", {-1, 0, 0, 1}},
        {cg_sign, "sign", {0, 0, 0, 0}},
        {cg_relu6, "relu6", {0, 0, 0, 1}},
        {cg_hardtanh, "hardtanh", {0, 1, 1, 0}},
        {cg_hardsigmoid, "hardsigmoid", {1 / 6.0f, 1 / 6.0f, 1 / 6.0f, 0}},
        {cg_hardswish, "hardswish", {-1 / 6.0f, 0.5L, 0.5L, 1}},
        {cg_floor, "floor", {0, 0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof kinks / sizeof *kinks; i++) {
        check_case("%s at -2, -0, 0, 3", kinks[i].name);
        cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(4), at), true);
        CHECK(cg_backward(cg_sum(kinks[i].f(x), CG_ALL_AXES, false)) == CG_OK);
        check_equal(cg_grad_of(x), CG_F32, cg_shape(4), kinks[i].slope);
    }
    check_case("maximum and minimum of equals: all to x");
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(4), at), true);
    cg_tensor *y = cg_require_grad(cg_from_f32(dev, cg_shape(4), at), true);
    CHECK(cg_backward(cg_sum(cg_add(cg_maximum(x, y), cg_minimum(x, y)), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(4), (long double[]){2, 2, 2, 2});
    check_equal(cg_grad_of(y), CG_F32, cg_shape(4), (long double[]){0, 0, 0, 0});
    check_case("clamp: to x at both bounds, to the bounds outside");
    cg_tensor *z = cg_require_grad(cg_from_f32(dev, cg_shape(4), at), true);
    cg_tensor *lo = cg_require_grad(cg_full(dev, CG_F32, cg_shape(), 0), true);
    cg_tensor *hi = cg_require_grad(cg_full(dev, CG_F32, cg_shape(), 3), true);
    CHECK(cg_backward(cg_sum(cg_clamp(z, lo, hi), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(z), CG_F32, cg_shape(4), (long double[]){0, 1, 1, 1});
    check_item(cg_grad_of(lo), 1, 0);
    check_item(cg_grad_of(hi), 0, 0);
    check_case("hypot and atan2 at the origin, xlogy at x = 0: no NaN");
    cg_tensor *a = cg_require_grad(cg_full(dev, CG_F32, cg_shape(), 0), true);
    cg_tensor *b = cg_require_grad(cg_full(dev, CG_F32, cg_shape(), 0), true);
    cg_tensor *sum = cg_add(cg_add(cg_hypot(a, b), cg_atan2(a, b)), cg_xlogy(a, b));
    CHECK(cg_backward(sum) == CG_OK);
    check_item(cg_grad_of(a), 0, 0);
    check_item(cg_grad_of(b), 0, 0);
}
