/* Norms of and limits on gradients, against naive sums; penalties. */
#include "support/one_parameter.h"
#include "support/gradients.h"

#include <math.h>

enum { TENSORS = 4, MOST = 6 };
static const int64_t lengths[TENSORS] = {3, 1, 6, 2};

/* Gradient element e of tensor i. */
static double gradient(int i, int64_t e) { return 0.75 * (i + 1) - 0.5 * (double)e; }

/* A module of four parameters of ones; f64: those of odd number. The last one gets no gradient. */
static cg_module *with_gradients(cg_device *dev, bool f64, double scale) {
    cg_module *module = no_parameters(dev);
    cg_tensor *loss = NULL;
    for (int i = 0; i < TENSORS; i++) {
        double g[MOST];
        const cg_dtype t = f64 && i % 2 ? CG_F64 : CG_F32;
        char name[] = {(char)('a' + i), '\0'};
        CHECK(cg_module_add_parameter(module, name, cg_ones(dev, t, cg_shape(lengths[i]))) == CG_OK);
        if (i == TENSORS - 1) break;
        void *data = scratch(MOST * sizeof(double));
        for (int64_t e = 0; e < lengths[i]; e++) {
            g[e] = scale * gradient(i, e);
            value_set(t, data, e, g[e]);
        }
        cg_tensor *w = cg_from_host(dev, t, cg_shape(lengths[i]), data);
        cg_tensor *part = cg_sum(cg_mul(cg_parameter(module, i, NULL), w), CG_ALL_AXES, false);
        loss = loss ? cg_add(loss, part) : part;
    }
    CHECK(cg_backward(loss) == CG_OK);
    return module;
}

/* The p-norm of the gradients, naively. */
static double naive_norm(double p, double scale) {
    double sum = 0;
    for (int i = 0; i < TENSORS - 1; i++)
        for (int64_t e = 0; e < lengths[i]; e++) {
            const double size = fabs(scale * gradient(i, e));
            sum = isinf(p) ? fmax(sum, size) : sum + pow(size, p);
        }
    return isinf(p) ? sum : pow(sum, 1 / p);
}

static void check_gradients(cg_module *module, double scale, double factor, double limit) {
    for (int i = 0; i < TENSORS - 1; i++) {
        long double want[MOST];
        cg_tensor *g = cg_grad_of(cg_parameter(module, i, NULL));
        for (int64_t e = 0; e < lengths[i]; e++)
            want[e] = fmaxl(-limit, fminl(limit, scale * gradient(i, e) * factor));
        check_case("gradient %d", i);
        long double size[MOST];
        for (int64_t e = 0; e < lengths[i]; e++) size[e] = fabsl(want[e]);
        check_within(g, cg_dtype_of(cg_parameter(module, i, NULL)), cg_shape(lengths[i]), want,
                     isinf(limit) ? 32 : 0, size);
    }
    CHECK(cg_grad_of(cg_parameter(module, TENSORS - 1, NULL)) == NULL);
}

static void clip_one(cg_device *dev, bool f64, double p, double scale, double max_norm) {
    cg_module *module = with_gradients(dev, f64, scale);
    const double norm = naive_norm(p, scale);
    check_case("p = %g, scale %g, max_norm %g%s", p, scale, max_norm, f64 ? ", f64" : "");
    CHECK(cg_dtype_of(cg_grad_norm(module, p)) == (f64 ? CG_F64 : CG_F32));
    check_item(cg_grad_norm(module, p), norm, 1e-6 * norm);
    cg_tensor *total = NULL;
    CHECK_MSG(cg_clip_grad_norm(module, max_norm, p, &total) == CG_OK, "%s", cg_error_message(dev));
    check_item(total, norm, 1e-6 * norm);
    check_gradients(module, scale, fmin(1, max_norm / (norm + 1e-6)), INFINITY);
    cg_module_free(module);
}

COMPOSED_TEST(small_clipping, norm_as_numpy) {
    const bool f64 = cg_device_properties(dev)->has_f64;
    clip_one(dev, false, 2, 1, 1.5);
    if (device_is_opencl(dev)) return; /* each dtype and p has kernels of its own */
    clip_one(dev, false, 2, 1, 100);
    clip_one(dev, f64, 2, 1, 0.25);
    clip_one(dev, f64, 2, 0x1p83, 0.25);
    clip_one(dev, f64, 1, 2, 3);
    clip_one(dev, f64, 3, 1, 0.5);
    clip_one(dev, f64, INFINITY, 1, 0.5);
    clip_one(dev, false, 2, 1, 0);
    check_case("squares that overflow f32 do not matter, nor those that vanish");
    clip_one(dev, false, 2, 0x1p83, 1);
    clip_one(dev, f64, 3, 0x1p83, 1);
    clip_one(dev, false, 2, 0x1p-100, 1);
}

/* Nothing waits for the device; clipping all gradients is one launch. */
COMPOSED_TEST(small_clipping, waits_for_nothing) {
    cg_module *module = with_gradients(dev, false, 1);
    cg_device_stats before = cg_device_statistics(dev);
    CHECK(cg_clip_grad_norm(module, 1, 2, NULL) == CG_OK && cg_clip_grad_value(module, 0.625) == CG_OK);
    cg_device_stats after = cg_device_statistics(dev);
    CHECK(after.host_syncs == before.host_syncs && after.downloads == before.downloads);
    CHECK(after.work[CG_WORK_MAP_MANY] == before.work[CG_WORK_MAP_MANY] + 2);
    cg_module_free(module);
}

CPU_TEST(clipping, values) {
    cg_module *module = with_gradients(dev, true, 1);
    CHECK(cg_clip_grad_value(module, 0.625) == CG_OK);
    check_gradients(module, 1, 1, 0.625);
    cg_module_free(module);
}

/* Two parameters with one gradient tensor, which is a view of one number: each is scaled once. */
CPU_TEST(clipping, shared_gradients_are_scaled_once) {
    cg_module *module = no_parameters(dev);
    for (int i = 0; i < 2; i++)
        CHECK(cg_module_add_parameter(module, i ? "b" : "a", cg_zeros(dev, CG_F32, cg_shape(2))) == CG_OK);
    cg_tensor *a = cg_parameter(module, 0, NULL), *b = cg_parameter(module, 1, NULL);
    CHECK(cg_backward(cg_sum(cg_add(a, b), CG_ALL_AXES, false)) == CG_OK);
    cg_tensor *kept = cg_retain(cg_grad_of(a));
    CHECK(cg_clip_grad_norm(module, 1, 2, NULL) == CG_OK);
    for (int i = 0; i < 2; i++)
        check_within(cg_grad_of(i ? b : a), CG_F32, cg_shape(2), (long double[]){0.5L, 0.5L}, 16, NULL);
    check_case("who holds the old gradient keeps it");
    check_equal(kept, CG_F32, cg_shape(2), (long double[]){1, 1});
    cg_release(kept);
    cg_module_free(module);
}

CPU_TEST(clipping, without_gradients_and_without_sense) {
    cg_module *module = cg_mlp(dev, 2, (const int64_t[]){2, 1}, "relu");
    cg_tensor *total = NULL;
    CHECK(cg_clip_grad_norm(module, 1, 2, &total) == CG_OK && cg_clip_grad_value(module, 1) == CG_OK);
    check_item(total, 0, 0);
    check_item(cg_grad_norm(module, 2), 0, 0);
    CHECK(cg_clip_grad_norm(module, -1, 2, &total) == CG_ERROR_ARGUMENT && !total);
    check_error(dev, CG_ERROR_ARGUMENT, "max_norm is -1", NULL);
    CHECK(cg_clip_grad_norm(module, 1, 0, NULL) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "clip_grad_norm: p is 0", NULL);
    CHECK_FAILS(dev, cg_grad_norm(module, NAN), CG_ERROR_ARGUMENT, "grad_norm: p is nan");
    CHECK(cg_clip_grad_value(module, NAN) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "limit is nan", NULL);
    CHECK(!cg_grad_norm(NULL, 2) && cg_clip_grad_norm(NULL, 1, 2, NULL) != CG_OK &&
          cg_clip_grad_value(NULL, 1) != CG_OK);
    CHECK(!cg_l1_penalty(NULL) && !cg_l2_penalty(NULL));
    cg_module_free(module);
}

/* Of the parameters that want a gradient: their sizes, their squares, and the gradients of both. */
CPU_TEST(clipping, penalties) {
    cg_module *module = no_parameters(dev);
    CHECK(cg_module_add_parameter(module, "a", cg_from_f32(dev, cg_shape(3), (const float[]){1, -2, 0})) ==
          CG_OK);
    CHECK(cg_module_add_parameter(module, "b", cg_full(dev, CG_F64, cg_shape(2), -0.5)) == CG_OK);
    CHECK(cg_module_add_parameter(module, "c", cg_ones(dev, CG_F32, cg_shape(9))) == CG_OK);
    cg_tensor *a = cg_parameter(module, 0, NULL), *b = cg_parameter(module, 1, NULL);
    cg_require_grad(cg_parameter(module, 2, NULL), false);
    cg_tensor *l1 = cg_l1_penalty(module), *l2 = cg_l2_penalty(module);
    check_is(l1, CG_F64, cg_shape());
    check_item(l1, 4, 0);
    check_item(l2, 5.5, 0);
    CHECK(cg_backward(cg_add(cg_mul(l1, 10), l2)) == CG_OK);
    check_equal(cg_grad_of(a), CG_F32, cg_shape(3), (long double[]){12, -14, 0});
    check_equal(cg_grad_of(b), CG_F64, cg_shape(2), (long double[]){-11, -11});
    check_case("nothing to punish");
    for (int i = 0; i < 2; i++) cg_require_grad(cg_parameter(module, i, NULL), false);
    check_item(cg_l2_penalty(module), 0, 0);
    cg_module_free(module);
}
