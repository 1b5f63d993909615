#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>

static cg_tensor *leaf(cg_device *dev, float a, float b) {
    return cg_require_grad(cg_from_f32(dev, cg_shape(2), (const float[]){a, b}), true);
}

COMPOSED_TEST(small_autograd, gradients_accumulate) {
    cg_tensor *x = leaf(dev, 1, 2);
    CHECK(cg_requires_grad(x) && cg_grad_of(x) == NULL);
    for (int i = 1; i <= 3; i++) {
        cg_scope *scope = cg_scope_begin(dev);
        CHECK(cg_backward(total(cg_square(x))) == CG_OK);
        cg_scope_end(scope);
        check_equal(cg_grad_of(x), CG_F32, cg_shape(2), (long double[]){2 * i, 4 * i});
    }
    cg_zero_grad(x);
    CHECK(cg_grad_of(x) == NULL);
    CHECK(cg_backward(total(cg_mul(x, 5))) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(2), (long double[]){5, 5});
    cg_zero_grad(NULL);
    CHECK(cg_grad_of(NULL) == NULL && !cg_requires_grad(NULL));
}

/* A tensor used several times gets the sum; one that is not used gets none. */
COMPOSED_TEST(small_autograd, shared_and_unused) {
    cg_tensor *x = leaf(dev, 1, 2), *y = leaf(dev, 3, 4), *unused = leaf(dev, 5, 6);
    cg_tensor *a = cg_mul(x, y);
    CHECK(cg_backward(total(cg_add(cg_mul(a, a), cg_add(a, x)))) == CG_OK);
    /* d(a^2 + a + x)/dx = 2 a y + y + 1, a = (3, 8) */
    check_equal(cg_grad_of(x), CG_F32, cg_shape(2), (long double[]){22, 69});
    check_equal(cg_grad_of(y), CG_F32, cg_shape(2), (long double[]){7, 34});
    CHECK(cg_grad_of(unused) == NULL);
    CHECK_MSG(cg_grad_of(a) == NULL, "a result that is no leaf holds a gradient");
}

COMPOSED_TEST(small_autograd, broadcast_operands) {
    cg_tensor *x = leaf(dev, 1, 2), *s = cg_require_grad(cg_full(dev, CG_F32, cg_shape(), 3), true);
    cg_tensor *m = cg_require_grad(cg_ones(dev, CG_F32, cg_shape(3, 1)), true);
    CHECK(cg_backward(total(cg_mul(cg_mul(x, m), s))) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(2), (long double[]){9, 9});
    check_equal(cg_grad_of(m), CG_F32, cg_shape(3, 1), (long double[]){9, 9, 9});
    check_equal(cg_grad_of(s), CG_F32, cg_shape(), (long double[]){9});
}

COMPOSED_TEST(small_autograd, no_grad_and_detach) {
    cg_tensor *x = leaf(dev, 1, 2);
    cg_no_grad_begin(dev);
    cg_no_grad_begin(dev);
    CHECK(!cg_requires_grad(cg_mul(x, 2)));
    cg_no_grad_end(dev);
    CHECK(!cg_requires_grad(cg_mul(x, 2)));
    cg_no_grad_end(dev);
    cg_tensor *y = cg_mul(x, 2), *cut = cg_detach(y);
    CHECK(cg_requires_grad(y) && !cg_requires_grad(cut));
    check_equal(cut, CG_F32, cg_shape(2), (long double[]){2, 4});
    CHECK(cg_backward(total(cg_mul(y, cut))) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(2), (long double[]){4, 8});
    CHECK(cg_detach(NULL) == NULL);
    cg_require_grad(x, false);
    CHECK(!cg_requires_grad(x) && !cg_requires_grad(cg_mul(x, 2)));
}

/* cg_grad gives what cg_backward gathers, leaves the leaves alone, and takes a seed. */
COMPOSED_TEST(small_autograd, grad) {
    cg_tensor *x = leaf(dev, 1, 2), *y = leaf(dev, 3, 4), *g[2] = {NULL, NULL};
    cg_tensor *z = cg_mul(cg_square(x), y);
    CHECK(cg_grad(z, cg_from_f32(dev, cg_shape(2), (const float[]){1, 10}), 2, (cg_tensor *[]){x, y}, false,
                  g) == CG_OK);
    check_equal(g[0], CG_F32, cg_shape(2), (long double[]){6, 160});
    check_equal(g[1], CG_F32, cg_shape(2), (long double[]){1, 40});
    CHECK(cg_grad_of(x) == NULL && cg_grad_of(y) == NULL && !cg_requires_grad(g[0]));
    check_case("of a result that is no leaf");
    cg_tensor *a = cg_exp(cg_mul(x, 0)), *b = total(cg_mul(a, 3));
    CHECK(cg_grad(b, NULL, 1, &a, false, g) == CG_OK);
    check_equal(g[0], CG_F32, cg_shape(2), (long double[]){3, 3});
}

/* x^4 four times over, and a product of two variables: 24, and the mixed derivative. */
COMPOSED_TEST(small_autograd, gradients_of_gradients) {
    cg_tensor *x = cg_require_grad(cg_full(dev, CG_F32, cg_shape(), 2), true);
    cg_tensor *y = cg_square(cg_square(x));
    static const double derivative[] = {32, 48, 48, 24};
    for (int i = 0; i < 4; i++) {
        check_case("derivative %d of x^4", i + 1);
        if (!CHECK_MSG(cg_grad(y, NULL, 1, &x, true, &y) == CG_OK, "%s", cg_error_message(dev))) return;
        check_item(y, derivative[i], 1e-4);
    }
    check_case("the graph of y stays with create_graph");
    cg_tensor *z = cg_mul(cg_square(x), x), *first = NULL, *again = NULL;
    CHECK(cg_grad(z, NULL, 1, &x, true, &first) == CG_OK && cg_grad(z, NULL, 1, &x, true, &again) == CG_OK);
    check_item(first, 12, 1e-5);
    check_item(again, 12, 1e-5);
    check_case("backward through a gradient, as in a gradient penalty");
    CHECK(cg_backward(cg_square(first)) == CG_OK);
    check_item(cg_grad_of(x), 288, 1e-3); /* d(9 x^4)/dx = 36 x^3 */
}

COMPOSED_TEST(small_autograd, errors) {
    cg_tensor *x = leaf(dev, 1, 2), *plain = cg_ones(dev, CG_F32, cg_shape()), *g = plain;
    check_case("a record is used once");
    cg_tensor *y = total(cg_square(x));
    CHECK(cg_backward(y) == CG_OK && cg_backward(y) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "record", NULL);
    check_case("nothing to differentiate");
    CHECK(cg_backward(plain) == CG_ERROR_GRADIENT);
    check_error(dev, CG_ERROR_GRADIENT, "backward", NULL);
    CHECK(cg_backward(NULL) != CG_OK);
    cg_error_clear(dev);
    check_case("more than one element");
    CHECK(cg_backward(cg_mul(x, 2)) == CG_ERROR_SHAPE);
    check_error(dev, CG_ERROR_SHAPE, "(2,)", NULL);
    check_case("y does not depend on x");
    cg_tensor *other = leaf(dev, 1, 1), *both[2] = {x, other}, *out[2] = {plain, plain};
    CHECK(cg_grad(total(cg_square(x)), NULL, 2, both, false, out) == CG_ERROR_GRADIENT);
    CHECK(out[0] == NULL && out[1] == NULL);
    check_error(dev, CG_ERROR_GRADIENT, NULL);
    CHECK(cg_grad(total(x), NULL, 1, &plain, false, &g) == CG_ERROR_GRADIENT && g == NULL);
    cg_error_clear(dev);
    check_case("a seed of another shape");
    CHECK(cg_grad(cg_square(x), plain, 1, &x, false, &g) != CG_OK);
    cg_error_clear(dev);
    check_case("a comparison stops the record");
    CHECK(!cg_requires_grad(cg_gt(x, 0)));
    CHECK(cg_backward(total(cg_cast(cg_gt(x, 0), CG_F32))) == CG_ERROR_GRADIENT);
    cg_error_clear(dev);
    check_case("the condition of where has no gradient");
    CHECK(cg_backward(total(cg_where(x, 1.0, 2.0))) == CG_ERROR_GRADIENT);
    cg_error_clear(dev);
    check_case("what can be a leaf");
    CHECK_FAILS(dev, cg_require_grad(cg_ones(dev, CG_I32, cg_shape(2)), true), CG_ERROR_DTYPE, "i32");
    CHECK_FAILS(dev, cg_require_grad(cg_mul(x, 2), false), CG_ERROR_STATE, "");
    CHECK(cg_require_grad(NULL, true) == NULL);
}

/* Writing over a value that a gradient still needs is refused, or noticed when it is too late; never used. */
COMPOSED_TEST(small_autograd, writes_in_place) {
    const float data[] = {7, 8};
    cg_tensor *x = cg_from_f32(dev, cg_shape(2), (const float[]){1, 2}), *w = leaf(dev, 3, 4);
    cg_tensor *y = total(cg_mul(w, x));
    cg_status written = cg_copy_from_host(x, data, sizeof data);
    if (written == CG_OK) {
        CHECK(cg_backward(y) == CG_ERROR_STATE);
        check_error(dev, CG_ERROR_STATE, "mul", NULL);
    } else {
        check_error(dev, CG_ERROR_STATE, "gradient", NULL);
        check_equal(x, CG_F32, cg_shape(2), (long double[]){1, 2});
        CHECK(cg_backward(y) == CG_OK);
        check_equal(cg_grad_of(w), CG_F32, cg_shape(2), (long double[]){1, 2});
    }
    check_case("what no gradient needs may be written");
    cg_tensor *sum = total(cg_add(w, x));
    CHECK(cg_copy_from_host(x, data, sizeof data) == CG_OK);
    cg_zero_grad(w);
    CHECK(cg_backward(sum) == CG_OK);
    check_equal(cg_grad_of(w), CG_F32, cg_shape(2), (long double[]){1, 1});
    check_case("after the backward pass all may be written");
    CHECK(cg_copy_from_host(w, data, sizeof data) == CG_OK);
}

/* A chain longer than any stack: the walk does not recurse, nor does letting go of it. */
DEVICE_TEST(autograd, long_chains) {
    cg_tensor *x = leaf(dev, 1, 2), *y = x;
    int length = device_is_opencl(dev) ? 300 : 20000;
    for (int i = 0; i < length; i++) y = cg_add(y, x);
    CHECK(cg_backward(total(y)) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(2), (long double[]){length + 1, length + 1});
    y = x;
    for (int i = 0; i < length; i++) y = cg_mul(y, 1.0);
    CHECK(y != NULL); /* released without a backward pass */
}

/* A step leaves nothing behind: not the record, not what it kept. */
COMPOSED_TEST(small_autograd, memory_is_returned) {
    cg_tensor *x = cg_require_grad(cg_eval(cg_ones(dev, CG_F32, cg_shape(16, 16))), true);
    uint64_t before = 0;
    for (int i = 0; i < 4; i++) {
        cg_scope *scope = cg_scope_begin(dev);
        cg_tensor *y = cg_tanh(cg_matmul(x, cg_exp(cg_mul(x, 0.01))));
        CHECK(cg_backward(total(cg_mul(y, y))) == CG_OK);
        if (i == 2) CHECK(cg_exp(y) != NULL); /* recorded, never walked */
        cg_scope_end(scope);
        cg_zero_grad(x);
        uint64_t held = cg_device_statistics(dev).bytes_in_use;
        CHECK_MSG(i == 0 || held == before, "step %d holds %lld bytes more", i, (long long)(held - before));
        before = held;
    }
}

/* The gradient outlives the scope of the step, as the leaf does. */
COMPOSED_TEST(small_autograd, gradients_outlive_scopes) {
    cg_tensor *x = cg_retain(leaf(dev, 1, 2));
    cg_scope *scope = cg_scope_begin(dev);
    CHECK(cg_backward(total(cg_exp(cg_mul(x, 0)))) == CG_OK);
    cg_scope_end(scope);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(2), (long double[]){0, 0});
    cg_release(x);
}
