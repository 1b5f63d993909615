/* Results that are not kept for the backward pass, but computed again in it (src/autograd/result_again.c). */
#include "support/device_test.h"
#include "support/gradients.h"
#include "tensor/context.h"

enum { ROWS = 64, COLUMNS = 128 };
#define ARRAY ((uint64_t)(ROWS * COLUMNS * sizeof(float)))

static cg_tensor *leaf(cg_device *dev, cg_dims shape, uint64_t seed) {
    return cg_require_grad(cg_eval(cg_cast(random_f64(dev, shape, -1, 1, 0, &seed), CG_F32)), true);
}

static cg_tensor *sum_of_squares(cg_tensor *x) { return cg_sum(cg_square(x), CG_ALL_AXES, false); }

/* --- what is kept --------------------------------------------------------------------------------------------------- */

/* Of a normalization, relu and the product that reads it: what is normalized, and the result. */
CPU_TEST(result_again, a_chain_keeps_what_it_begins_with) {
    cg_module *net = cg_sequential(dev);
    cg_sequential_add(net, cg_layer_norm_module(dev, cg_shape(COLUMNS), 1e-5));
    cg_sequential_add(net, cg_activation_module(dev, "relu"));
    cg_sequential_add(net, cg_linear_module(dev, COLUMNS, COLUMNS, CG_INIT_HE));
    cg_tensor *x = leaf(dev, cg_shape(ROWS, COLUMNS), 1);
    const uint64_t before = device_bytes(dev);
    cg_tensor *y = cg_eval(cg_forward(net, x));
    CHECK_MSG(device_bytes(dev) - before < ARRAY * 5 / 4, "%llu bytes more",
              (unsigned long long)(device_bytes(dev) - before));
    CHECK(cg_backward(sum_of_squares(y)) == CG_OK);
    cg_module_free(net);
}

/* --- the same gradients ----------------------------------------------------------------------------------------------- */

typedef struct layers {
    cg_tensor *x, *weight, *bias, *w;
} layers;

static layers make(cg_device *dev, cg_dims shape, int64_t channels) {
    return (layers){leaf(dev, shape, 3), leaf(dev, cg_shape(channels), 4), leaf(dev, cg_shape(channels), 5),
                    leaf(dev, cg_shape(6, channels, 3, 3), 6)};
}

/* x, or what has its values but no way to have them again. */
static cg_tensor *pass(cg_tensor *x, bool kept) { return kept ? cg_mul(x, 1) : x; }

/* relu(batch_norm(x)) into a convolution: with `kept`, all is kept. */
static cg_tensor *convolution(const layers *l, bool kept) {
    cg_tensor *z = cg_batch_norm(l->x, l->weight, l->bias, NULL, NULL, true, 0.1, 1e-5);
    cg_tensor *y = pass(cg_relu(pass(z, kept)), kept);
    return cg_conv2d(y, l->w, NULL, (cg_conv_options){.padding = {1, 1}});
}

/* relu(layer_norm(x)), transposed as the heads of attention are, times itself. */
static cg_tensor *product(const layers *l, bool kept) {
    cg_tensor *z = cg_relu(pass(cg_layer_norm(l->x, 1, l->weight, l->bias, 1e-5), kept));
    cg_tensor *y = pass(cg_reshape(cg_transpose(pass(z, kept), 1, 2), cg_shape(-1, 5)), kept);
    return cg_matmul(cg_transpose(y, 0, 1), y);
}

static void check_same_gradients(cg_device *dev, const layers *l,
                                 cg_tensor *(*f)(const layers *l, bool kept)) {
    cg_tensor *in[] = {l->x, l->weight, l->bias}, *again[3], *kept[3];
    const bool ok = cg_grad(sum_of_squares(f(l, false)), NULL, 3, in, false, again) == CG_OK &&
                    cg_grad(sum_of_squares(f(l, true)), NULL, 3, in, false, kept) == CG_OK;
    CHECK(ok);
    for (int i = 0; ok && i < 3; i++) {
        check_case("gradient %d", i);
        check_same_bits(again[i], kept[i]);
    }
    (void)dev;
}

CPU_TEST(result_again, gives_the_same_gradients) {
    const layers images = make(dev, cg_shape(4, 5, 7, 6), 5), rows = make(dev, cg_shape(3, 5, 8), 8);
    check_same_gradients(dev, &images, convolution);
    check_same_gradients(dev, &rows, product);
}

/* The first gradient as a function of what it was taken of. */
static cg_tensor *gradient_of_gradient(const layers *l, bool kept) {
    cg_tensor *g = NULL;
    if (cg_grad(sum_of_squares(convolution(l, kept)), NULL, 1, (cg_tensor *[]){l->x}, true, &g)) return NULL;
    return g;
}

CPU_TEST(result_again, gradients_of_gradients) {
    const layers l = make(dev, cg_shape(3, 4, 5, 5), 4);
    cg_tensor *in[] = {l.x, l.weight, l.bias}, *again[3], *kept[3];
    CHECK(cg_grad(sum_of_squares(gradient_of_gradient(&l, false)), NULL, 3, in, false, again) == CG_OK);
    CHECK(cg_grad(sum_of_squares(gradient_of_gradient(&l, true)), NULL, 3, in, false, kept) == CG_OK);
    for (int i = 0; i < 3; i++) {
        check_case("gradient %d", i);
        check_within(again[i], CG_F32, cg_shape_get(kept[i]), read_values(kept[i]), 200, NULL);
    }
}

CPU_TEST(result_again, long_chains) {
    cg_tensor *x = leaf(dev, cg_shape(4, 8), 7), *y = cg_layer_norm(x, 1, NULL, NULL, 1e-5), *dx;
    for (int i = 0; i < 100; i++) y = cg_relu(i % 3 ? y : cg_reshape(y, cg_shape(i % 2 ? 4 : 8, -1)));
    CHECK(cg_grad(sum_of_squares(y), NULL, 1, &x, false, &dx) == CG_OK);
    cg_tensor *z = cg_relu(cg_mul(cg_layer_norm(x, 1, NULL, NULL, 1e-5), 1)), *expected;
    CHECK(cg_grad(sum_of_squares(z), NULL, 1, &x, false, &expected) == CG_OK);
    check_same_bits(dx, expected);
}

/* --- what is written in between ------------------------------------------------------------------------------------ */

/* A result written before it is read: the reader's gradient is of what it has read, not of what could be had again. */
DEVICE_TEST(result_again, not_where_the_result_was_written) {
    cg_tensor *x = leaf(dev, cg_shape(3, 4), 1), *w = leaf(dev, cg_shape(3, 4), 2), *dw;
    cg_tensor *t = leaf(dev, cg_shape(3, 4), 3);
    for (int i = 0; i < 3; i++) {
        check_case("reader %d", i);
        cg_tensor *y = cg_layer_norm(x, 1, NULL, NULL, 1e-5);
        CHECK(cg_assign(cg_detach(y), cg_detach(t)) == CG_OK);
        cg_tensor *read = i == 0   ? y
                          : i == 1 ? cg_relu(y)
                                   : cg_reshape(cg_relu(cg_reshape(y, cg_shape(4, 3))), cg_shape(3, 4));
        CHECK(cg_grad(cg_sum(cg_mul(read, w), CG_ALL_AXES, false), NULL, 1, &w, false, &dw) == CG_OK);
        check_same_bits(dw, i == 0 ? cg_detach(t) : cg_relu(cg_detach(t)));
    }
}

enum { STEPPED, STEPPED_AFTER_A_WALK, STEPPED_WITH_THE_GRAPH, ASSIGNED, COPIED, WAYS };

/* Writes what `norm` is made of, where another head than v's has been walked or not. */
static void write_trunk(cg_module *norm, int how, cg_tensor *y, cg_tensor *other) {
    cg_tensor *bias = cg_parameter(norm, 1, NULL);
    const float numbers[COLUMNS] = {1, 2, 3};
    if (how == ASSIGNED) {
        CHECK(cg_assign(cg_detach(bias), 1) == CG_OK);
    } else if (how == COPIED) {
        CHECK(cg_copy_from_host(bias, numbers, sizeof numbers) == CG_OK);
    } else {
        cg_optimizer *o = cg_sgd(norm, (cg_sgd_options){.lr = 0.1});
        cg_tensor *loss = how == STEPPED ? sum_of_squares(cg_add(cg_parameter(norm, 0, NULL), bias))
                                         : sum_of_squares(cg_matmul(y, other));
        const cg_backward_options options = {.retain_graph = how == STEPPED_WITH_THE_GRAPH};
        CHECK(cg_backward_with(loss, options) == CG_OK);
        CHECK(cg_optimizer_step(o) == CG_OK);
        cg_optimizer_free(o);
    }
}

/* A gradient that reads the norm's result and nothing that it was made of is what it was. */
DEVICE_TEST(result_again, what_it_is_made_of_is_written) {
    cg_tensor *x = leaf(dev, cg_shape(3, COLUMNS), 1), *dw, *dv;
    cg_tensor *w = leaf(dev, cg_shape(COLUMNS, 2), 2), *v = leaf(dev, cg_shape(COLUMNS, 2), 3);
    for (int how = 0; how < WAYS; how++) {
        check_case("write %d", how);
        cg_module *norm = cg_layer_norm_module(dev, cg_shape(COLUMNS), 1e-5);
        cg_tensor *y = cg_relu(cg_forward(norm, cg_detach(x))), *kept = cg_eval(cg_detach(cg_mul(y, 1)));
        cg_tensor *loss = sum_of_squares(cg_matmul(y, v));
        write_trunk(norm, how, y, w);
        CHECK(cg_grad(loss, NULL, 1, &v, false, &dv) == CG_OK);
        CHECK(cg_grad(sum_of_squares(cg_matmul(kept, v)), NULL, 1, &v, false, &dw) == CG_OK);
        check_same_bits(dv, dw);
        cg_module_free(norm);
    }
}

/* The gradients of a norm do not read its bias. */
DEVICE_TEST(result_again, the_bias_may_be_written) {
    cg_tensor *x = leaf(dev, cg_shape(5, 4), 1), *bias = leaf(dev, cg_shape(4), 2), *g[2], *expected[2];
    cg_tensor *in[] = {x, bias}, *start = cg_eval(cg_mul(cg_detach(bias), 1));
    cg_tensor *y = cg_sum(cg_square(cg_layer_norm(x, 1, NULL, bias, 1e-5)), CG_ALL_AXES, false);
    CHECK(cg_assign(cg_detach(bias), 1) == CG_OK);
    CHECK(cg_grad(y, NULL, 2, in, false, g) == CG_OK);
    CHECK(cg_assign(cg_detach(bias), start) == CG_OK);
    y = cg_sum(cg_square(cg_layer_norm(x, 1, NULL, bias, 1e-5)), CG_ALL_AXES, false);
    CHECK(cg_grad(y, NULL, 2, in, false, expected) == CG_OK);
    for (int i = 0; i < 2; i++) check_same_bits(g[i], expected[i]);
}

/* --- who leans on whom -------------------------------------------------------------------------------------------------- */

/* One of two readers is walked with all that is behind; the other still has what it reads. */
CPU_TEST(result_again, is_there_for_a_later_walk) {
    cg_tensor *x = leaf(dev, cg_shape(5, 4), 1), *w = leaf(dev, cg_shape(4, 3), 2), *dw, *expected;
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *h = cg_relu(cg_layer_norm(x, 1, NULL, NULL, 1e-5));
    cg_tensor *y = cg_retain(cg_matmul(h, w));
    CHECK(cg_backward(sum_of_squares(cg_matmul(h, cg_ones(dev, CG_F32, cg_shape(4, 2))))) == CG_OK);
    cg_scope_end(scope);
    CHECK(cg_grad(cg_sum(y, CG_ALL_AXES, false), NULL, 1, &w, false, &dw) == CG_OK);
    cg_tensor *z = cg_matmul(cg_mul(cg_relu(cg_layer_norm(x, 1, NULL, NULL, 1e-5)), 1), w);
    CHECK(cg_grad(cg_sum(z, CG_ALL_AXES, false), NULL, 1, &w, false, &expected) == CG_OK);
    check_same_bits(dw, expected);
    cg_release(y);
}

/* Launches of the backward pass of several products that read one normalization. */
static uint64_t launches(cg_device *dev, int readers, bool kept) {
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = leaf(dev, cg_shape(ROWS, COLUMNS), 1), *loss = NULL;
    cg_tensor *h = pass(cg_layer_norm(x, 1, NULL, NULL, 1e-5), kept);
    for (int i = 0; i < readers; i++) {
        cg_tensor *y = sum_of_squares(cg_linear(h, leaf(dev, cg_shape(COLUMNS, 3), 2 + (uint64_t)i), NULL));
        loss = loss ? cg_add(loss, y) : y;
    }
    CHECK(cg_eval(loss) != NULL);
    const uint64_t before = cg_device_statistics(dev).launches;
    CHECK(cg_backward(loss) == CG_OK);
    const uint64_t after = cg_device_statistics(dev).launches;
    cg_scope_end(scope);
    return after - before;
}

/* Three readers more compute it again as often as one. */
CPU_TEST(result_again, once_for_readers_that_are_near) {
    const uint64_t again = launches(dev, 4, false) - launches(dev, 1, false);
    const uint64_t kept = launches(dev, 4, true) - launches(dev, 1, true);
    CHECK_MSG(again == kept, "%llu launches for three readers more, %llu where it is kept",
              (unsigned long long)again, (unsigned long long)kept);
}

/* Two results that are shared, one of them in the place of the other while an operation reads both. */
static void gradients_of_two(cg_device *dev, bool kept, cg_tensor *g[2]) {
    cg_tensor *x[] = {leaf(dev, cg_shape(ROWS, COLUMNS), 1), leaf(dev, cg_shape(ROWS, COLUMNS), 2)};
    cg_tensor *w = leaf(dev, cg_shape(COLUMNS, 3), 3), *loss = NULL, *h[2];
    for (int i = 0; i < 2; i++) h[i] = pass(cg_layer_norm(x[i], 1, NULL, NULL, 1e-5), kept);
    cg_tensor *y[] = {cg_matmul(h[1], w), cg_matmul(h[0], cg_transpose(h[1], 0, 1)), cg_mul(h[0], h[1]),
                      cg_matmul(h[0], w)};
    for (int i = 0; i < 4; i++) loss = loss ? cg_add(loss, sum_of_squares(y[i])) : sum_of_squares(y[i]);
    CHECK_MSG(cg_grad(loss, NULL, 2, x, false, g) == CG_OK, "%s", cg_error_message(dev));
}

CPU_TEST(result_again, two_that_one_operation_reads) {
    cg_tensor *g[2], *expected[2];
    gradients_of_two(dev, false, g);
    gradients_of_two(dev, true, expected);
    for (int i = 0; i < 2; i++) check_same_bits(g[i], expected[i]);
}

/* Of a record that is kept nobody stops leaning: the end of the walk is the end of what is shared. */
CPU_TEST(result_again, nothing_is_shared_after_the_walk) {
    cg_tensor *x = leaf(dev, cg_shape(ROWS, COLUMNS), 1), *w = leaf(dev, cg_shape(COLUMNS, 3), 2);
    cg_tensor *h = cg_layer_norm(x, 1, NULL, NULL, 1e-5);
    cg_tensor *loss = cg_add(sum_of_squares(cg_linear(h, w, NULL)), sum_of_squares(cg_linear(h, w, NULL)));
    CHECK(cg_backward_with(loss, (cg_backward_options){.retain_graph = true}) == CG_OK);
    CHECK(!dev->shared.made_by && !dev->shared.result);
}

static cg_tensor *times_context(void *context, int n, cg_tensor *const *x) {
    (void)n;
    return cg_matmul(context, x[0]);
}

/* The function of a checkpoint reads such a result once more, when nothing else holds it. */
CPU_TEST(result_again, in_a_checkpoint) {
    cg_tensor *x = leaf(dev, cg_shape(5, 4), 1), *w = leaf(dev, cg_shape(4, 3), 2), *g[2], *expected[2];
    cg_tensor *in[] = {x, w};
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *h = cg_relu(cg_layer_norm(x, 1, NULL, NULL, 1e-5));
    cg_tensor *y = cg_retain(cg_checkpoint(times_context, h, 1, &w));
    cg_scope_end(scope);
    CHECK(cg_grad(sum_of_squares(y), NULL, 2, in, false, g) == CG_OK);
    h = cg_relu(cg_layer_norm(x, 1, NULL, NULL, 1e-5));
    CHECK(cg_grad(sum_of_squares(cg_matmul(h, w)), NULL, 2, in, false, expected) == CG_OK);
    for (int i = 0; i < 2; i++) check_same_bits(g[i], expected[i]);
    cg_release(y);
}

/* What it would be computed from is guarded as ever. */
CPU_TEST(result_again, not_from_what_was_written_since) {
    cg_tensor *x = leaf(dev, cg_shape(5, 4), 1), *weight = leaf(dev, cg_shape(4), 2);
    cg_tensor *w = leaf(dev, cg_shape(4, 3), 3), *dw;
    cg_tensor *y = sum_of_squares(cg_matmul(cg_layer_norm(x, 1, weight, NULL, 1e-5), w));
    CHECK(cg_assign(cg_detach(weight), cg_zeros(dev, CG_F32, cg_shape(4))) != CG_OK);
    cg_error_clear(dev);
    CHECK(cg_grad(y, NULL, 1, &w, false, &dw) == CG_OK);
}
