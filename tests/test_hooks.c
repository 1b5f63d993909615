/* cg_backward_with, gathered gradients of results, hooks. */
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>

static cg_tensor *leaf(cg_device *dev, float a, float b) {
    return cg_require_grad(cg_from_f32(dev, cg_shape(2), (const float[]){a, b}), true);
}

#define GRADIENT_IS(x, a, b) check_equal(cg_grad_of(x), CG_F32, cg_shape(2), (long double[]){a, b})

/* --- backward_with -------------------------------------------------------------------------------------------- */

CPU_TEST(backward_with, seeds_and_several_walks) {
    cg_tensor *x = leaf(dev, 1, 2), *y = cg_mul(cg_square(x), 3);
    cg_tensor *seed = cg_from_f32(dev, cg_shape(2), (const float[]){1, 10});
    CHECK(cg_backward_with(y, (cg_backward_options){.seed = seed, .retain_graph = true}) == CG_OK);
    GRADIENT_IS(x, 6, 120);
    check_case("the record is still there, and gradients add up");
    CHECK(cg_backward_with(y, (cg_backward_options){.seed = seed}) == CG_OK);
    GRADIENT_IS(x, 12, 240);
    CHECK(cg_backward_with(y, (cg_backward_options){.seed = seed}) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "record", NULL);
    GRADIENT_IS(x, 12, 240);
}

CPU_TEST(backward_with, refusals) {
    cg_tensor *x = leaf(dev, 1, 2), *y = cg_square(x);
    CHECK(cg_backward_with(y, (cg_backward_options){0}) == CG_ERROR_SHAPE);
    check_error(dev, CG_ERROR_SHAPE, "backward", "(2,)", NULL);
    cg_backward_options options = {.seed = cg_ones(dev, CG_F32, cg_shape(3))};
    CHECK(cg_backward_with(y, options) == CG_ERROR_SHAPE);
    check_error(dev, CG_ERROR_SHAPE, "(3,)", "(2,)", NULL);
    options.seed = cg_ones(dev, CG_F64, cg_shape(2));
    CHECK(cg_backward_with(y, options) == CG_ERROR_DTYPE);
    check_error(dev, CG_ERROR_DTYPE, "f64", NULL);
    cg_device *other = cg_device_open("cpu");
    options.seed = cg_ones(other, CG_F32, cg_shape(2));
    CHECK(cg_backward_with(y, options) == CG_ERROR_DEVICE_MISMATCH);
    check_error(dev, CG_ERROR_DEVICE_MISMATCH, "seed", NULL);
    cg_device_close(other);
    CHECK(cg_backward_with(NULL, (cg_backward_options){0}) == CG_ERROR_ARGUMENT);
    CHECK(cg_grad_of(x) == NULL);
}

/* loss = sum x^3; penalty = |its gradient|^2 = sum 9 x^4, whose gradient is 36 x^3. */
CPU_TEST(backward_with, gradients_are_recorded) {
    cg_tensor *x = leaf(dev, 1, 2);
    cg_scope *scope = cg_scope_begin(dev);
    CHECK(cg_backward_with(total(cg_mul(cg_square(x), x)), (cg_backward_options){.create_graph = true}) ==
          CG_OK);
    GRADIENT_IS(x, 3, 12);
    cg_tensor *g = cg_grad_of(x), *second;
    CHECK(cg_requires_grad(g));
    CHECK(cg_grad(total(cg_square(g)), NULL, 1, &x, true, &second) == CG_OK);
    check_equal(second, CG_F32, cg_shape(2), (long double[]){36, 288});
    check_case("gathered on top of what is there, both recorded");
    CHECK(cg_backward_with(total(cg_square(x)), (cg_backward_options){.create_graph = true}) == CG_OK);
    GRADIENT_IS(x, 5, 16);
    CHECK(cg_grad(total(cg_grad_of(x)), NULL, 1, &x, false, &second) == CG_OK);
    check_equal(second, CG_F32, cg_shape(2), (long double[]){8, 14}); /* 6 x + 2 */
    check_case("the record ends with the scope, the values stay");
    cg_scope_end(scope);
    GRADIENT_IS(x, 5, 16);
    CHECK(!cg_requires_grad(cg_grad_of(x)));
}

static void count(void *context) { ++*(int *)context; }

static cg_tensor *look(void *context, cg_tensor *g) {
    (void)context;
    return g;
}

/* A tensor and its recorded gradient do not keep each other alive; the release of a hook tells when the record goes. */
CPU_TEST(backward_with, no_circles) {
    static int released;
    for (int how = 0; how < 5; how++) {
        check_case("case %d", how);
        released = 0;
        cg_scope *scope = cg_scope_begin(dev);
        cg_tensor *x = cg_retain(leaf(dev, 1, 2)), *kept = NULL;
        CHECK(cg_register_hook(x, look, &released, count) > 0);
        cg_tensor *y = cg_retain_grad(cg_exp(x));
        cg_backward_options options = {.create_graph = true};
        CHECK(cg_backward_with(total(cg_mul(y, y)), options) == CG_OK);
        CHECK(cg_requires_grad(cg_grad_of(x)) && cg_requires_grad(cg_grad_of(y)));
        if (how == 1) cg_zero_grad(x);
        if (how == 2) CHECK(cg_backward_with(total(cg_exp(x)), options) == CG_OK);
        if (how == 3) CHECK(cg_backward(total(cg_exp(x))) == CG_OK);
        if (how == 4) { /* what the caller keeps keeps its record */
            kept = cg_retain(cg_grad_of(x));
            cg_zero_grad(x);
            CHECK(cg_requires_grad(kept));
            CHECK(cg_backward(total(kept)) == CG_OK);
        }
        cg_scope_end(scope);
        CHECK(released == 0);
        cg_release(x);
        cg_release(kept);
        CHECK_MSG(released == 1, "the record is still alive");
    }
}

/* A gathered gradient is nobody else's memory, row-major, whatever the rule gave. */
CPU_TEST(backward_with, gradients_have_their_own_memory) {
    const float data[] = {7, 7};
    cg_tensor *x = leaf(dev, 1, 2), *y = leaf(dev, 3, 4),
              *seed = cg_from_f32(dev, cg_shape(2), (const float[]){1, 2});
    CHECK(cg_backward_with(cg_add(x, y), (cg_backward_options){.seed = seed}) == CG_OK);
    CHECK(cg_copy_from_host(cg_grad_of(x), data, sizeof data) == CG_OK);
    GRADIENT_IS(x, 7, 7);
    GRADIENT_IS(y, 1, 2);
    check_equal(seed, CG_F32, cg_shape(2), (long double[]){1, 2});
    check_case("the gradient of a sum is one number, expanded");
    cg_tensor *z = leaf(dev, 1, 2);
    CHECK(cg_backward(total(z)) == CG_OK && cg_is_contiguous(cg_grad_of(z)));
    CHECK(cg_assign(cg_grad_of(z), 5) == CG_OK);
    GRADIENT_IS(z, 5, 5);
}

CPU_TEST(backward_with, results_gather_too) {
    cg_tensor *x = leaf(dev, 1, 2), *a = cg_retain_grad(cg_mul(x, 3)), *b = cg_mul(a, a);
    CHECK(cg_retain_grad(x) == x);
    for (int i = 1; i <= 2; i++) {
        CHECK(cg_backward_with(total(b), (cg_backward_options){.retain_graph = true}) == CG_OK);
        GRADIENT_IS(a, i * 6, i * 12);
        GRADIENT_IS(x, i * 18, i * 36);
        CHECK(cg_grad_of(b) == NULL);
    }
    check_case("cg_grad gathers nothing");
    cg_tensor *g;
    CHECK(cg_grad(total(b), NULL, 1, &x, false, &g) == CG_OK);
    GRADIENT_IS(a, 12, 24);
    cg_zero_grad(a);
    CHECK(cg_grad_of(a) == NULL);
    cg_tensor *plain = cg_ones(dev, CG_F32, cg_shape(2));
    CHECK_FAILS(dev, cg_retain_grad(plain), CG_ERROR_GRADIENT, "(2,)");
    CHECK(cg_retain_grad(NULL) == NULL);
}

/* --- hooks ---------------------------------------------------------------------------------------------------- */

typedef struct log_entry {
    int calls, released;
    long double seen[2];
    double factor;
    int *order, place; /* the place in the order of calls */
} log_entry;

static cg_tensor *scale(void *context, cg_tensor *g) {
    log_entry *l = context;
    const long double *v = read_values(g);
    l->calls++;
    for (int i = 0; v && i < 2; i++) l->seen[i] = v[i];
    if (l->order) l->place = ++*l->order;
    return l->factor == 1 ? g : cg_mul(g, l->factor);
}

static void log_release(void *context) { ((log_entry *)context)->released++; }

/* After all contributions, in the order of registration, each walk; what a hook gives goes on and is gathered. */
CPU_TEST(hooks, see_and_replace) {
    int order = 0;
    log_entry on_x = {.factor = 10, .order = &order}, on_a = {.factor = -1, .order = &order},
              after = {.factor = 1, .order = &order};
    cg_tensor *x = leaf(dev, 1, 2), *a = cg_retain_grad(cg_mul(x, 2));
    CHECK(cg_register_hook(x, scale, &on_x, NULL) > 0);
    CHECK(cg_register_hook(a, scale, &on_a, NULL) > 0 && cg_register_hook(a, scale, &after, NULL) > 0);
    cg_tensor *y = total(cg_add(cg_mul(a, 3), cg_square(a))); /* 3 + 2 a, in two contributions */
    CHECK(cg_backward_with(y, (cg_backward_options){.retain_graph = true}) == CG_OK);
    CHECK(on_a.calls == 1 && on_a.seen[0] == 7 && on_a.seen[1] == 11);
    CHECK(after.calls == 1 && after.seen[0] == -7 && after.seen[1] == -11);
    CHECK(on_x.calls == 1 && on_x.seen[0] == -14 && on_x.seen[1] == -22);
    CHECK(on_a.place == 1 && after.place == 2 && on_x.place == 3);
    GRADIENT_IS(a, -7, -11);
    GRADIENT_IS(x, -140, -220);
    check_case("the second walk: a hook sees this walk's sum");
    CHECK(cg_backward_with(y, (cg_backward_options){.retain_graph = true}) == CG_OK);
    CHECK(on_x.calls == 2 && on_x.seen[0] == -14);
    GRADIENT_IS(x, -280, -440);
    check_case("cg_grad");
    cg_tensor *both[2] = {x, a}, *g[2];
    CHECK(cg_grad(y, NULL, 2, both, false, g) == CG_OK && on_x.calls == 3 && on_a.calls == 3);
    check_equal(g[0], CG_F32, cg_shape(2), (long double[]){-140, -220});
    check_equal(g[1], CG_F32, cg_shape(2), (long double[]){-7, -11});
}

CPU_TEST(hooks, removal_and_release) {
    log_entry first = {.factor = 2}, second = {.factor = 3};
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = leaf(dev, 1, 2);
    int64_t a = cg_register_hook(x, scale, &first, log_release),
            b = cg_register_hook(x, scale, &second, log_release);
    CHECK(a > 0 && b > 0 && a != b);
    CHECK(cg_backward(total(x)) == CG_OK);
    GRADIENT_IS(x, 6, 6);
    CHECK(cg_remove_hook(x, a) == CG_OK && first.released == 1);
    CHECK(cg_backward(total(x)) == CG_OK);
    GRADIENT_IS(x, 9, 9);
    CHECK(first.calls == 1 && second.calls == 2);
    CHECK(cg_remove_hook(x, a) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "remove_hook", NULL);
    CHECK(second.released == 0);
    cg_scope_end(scope);
    CHECK(second.released == 1 && first.released == 1);
    cg_tensor *plain = cg_ones(dev, CG_F32, cg_shape(2));
    CHECK(cg_register_hook(plain, scale, &first, log_release) == 0 && first.released == 1);
    check_error(dev, CG_ERROR_GRADIENT, "register_hook", NULL);
    CHECK(cg_remove_hook(plain, 1) == CG_ERROR_ARGUMENT);
    cg_error_clear(dev);
    CHECK(cg_register_hook(NULL, scale, NULL, NULL) == 0 && cg_remove_hook(NULL, 1) == CG_ERROR_ARGUMENT);
}

static cg_tensor *square_of(void *context, cg_tensor *g) {
    (void)context;
    return cg_square(g);
}

/* Under create_graph what a hook does is recorded: d(3 x^2)^2/dx = 36 x^3. */
CPU_TEST(hooks, are_differentiated) {
    cg_tensor *x = leaf(dev, 1, 2), *g, *second;
    CHECK(cg_register_hook(x, square_of, NULL, NULL) > 0);
    CHECK(cg_grad(total(cg_mul(cg_square(x), x)), NULL, 1, &x, true, &g) == CG_OK);
    check_equal(g, CG_F32, cg_shape(2), (long double[]){9, 144});
    cg_tensor *y = total(g);
    CHECK(cg_remove_hook(x, 1) != CG_OK);
    cg_error_clear(dev);
    CHECK(cg_grad(y, NULL, 1, &x, false, &second) == CG_OK); /* the hook squares this gradient too */
    check_equal(second, CG_F32, cg_shape(2), (long double[]){36.0L * 36, 288.0L * 288});
}

typedef struct inner {
    cg_tensor *y;
    cg_status status;
} inner;

static cg_tensor *walks(void *context, cg_tensor *g) {
    inner *i = context;
    i->status = cg_backward(i->y);
    return g;
}

/* A hook may walk itself, through nodes that the walk around it is at. */
CPU_TEST(hooks, may_walk) {
    cg_tensor *x = leaf(dev, 1, 2), *a = cg_exp(cg_mul(x, 0));
    inner i = {.y = total(cg_mul(x, 100))};
    CHECK(cg_register_hook(a, walks, &i, NULL) > 0);
    CHECK(cg_backward(total(cg_mul(cg_add(a, x), x))) == CG_OK && i.status == CG_OK);
    GRADIENT_IS(x, 100 + 1 + 2, 100 + 1 + 4); /* a + 2 x, a = 1 */
}

static cg_tensor *fails(void *context, cg_tensor *g) {
    switch (*(int *)context) {
    case 0:
        return NULL;
    case 1:
        return cg_sum(g, CG_ALL_AXES, false);
    case 2:
        return cg_cast(g, CG_F64);
    default:
        return cg_matmul(g, cg_zeros(cg_device_of(g), CG_F32, cg_shape(7)));
    }
}

typedef struct remover {
    cg_tensor *x;
    int64_t hook;
    cg_status status;
} remover;

static cg_tensor *removes(void *context, cg_tensor *g) {
    remover *r = context;
    r->status = cg_remove_hook(r->x, r->hook);
    cg_error_clear(cg_device_of(g));
    return g;
}

CPU_TEST(hooks, refusals) {
    static const struct {
        cg_status status;
        const char *text;
    } expected[] = {{CG_ERROR_GRADIENT, "hook gave no gradient"},
                    {CG_ERROR_SHAPE, "f32 (2,) and gave f32 ()"},
                    {CG_ERROR_SHAPE, "gave f64 (2,)"},
                    {CG_ERROR_SHAPE, "matmul"}};
    for (int how = 0; how < 4; how++) {
        check_case("case %d", how);
        cg_tensor *x = leaf(dev, 1, 2);
        CHECK(cg_register_hook(x, fails, &how, NULL) > 0);
        CHECK(cg_backward(total(cg_square(x))) == expected[how].status && cg_grad_of(x) == NULL);
        check_error(dev, expected[how].status, expected[how].text, NULL);
    }
    check_case("a hook does not remove itself");
    remover r = {.x = leaf(dev, 1, 2)};
    r.hook = cg_register_hook(r.x, removes, &r, NULL);
    CHECK(cg_backward(total(r.x)) == CG_OK && r.status == CG_ERROR_STATE);
}
