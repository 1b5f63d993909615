/* Recomputing instead of storing. */
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>

static cg_tensor *leaf(cg_device *dev, cg_dims shape, uint64_t seed) {
    return cg_require_grad(cg_eval(cg_cast(random_f64(dev, shape, -1, 1, 0, &seed), CG_F32)), true);
}

/* Layers with parameters that are not arguments, and dropout. */
typedef struct block {
    int layers;
    cg_tensor *w[8], *b;
    double drop;
    int runs, runs_again;
} block;

static cg_tensor *run_block(void *context, int n, cg_tensor *const *x) {
    block *k = context;
    cg_tensor *y = n > 1 ? cg_mul(x[0], x[1]) : x[0];
    k->runs++;
    k->runs_again += cg_checkpoint_recomputing(cg_device_of(x[0]));
    for (int i = 0; i < k->layers; i++) {
        y = cg_tanh(cg_linear(y, k->w[i], k->b));
        if (k->drop > 0) y = cg_dropout(y, k->drop);
    }
    return y;
}

static block make_block(cg_device *dev, int layers, double drop) {
    block k = {.layers = layers, .drop = drop, .b = leaf(dev, cg_shape(4), 77)};
    for (int i = 0; i < layers; i++) k.w[i] = leaf(dev, cg_shape(4, 4), 100 + (uint64_t)i);
    return k;
}

/* The same gradients, bit for bit, of arguments and of what f uses besides; the random numbers go on as without. */
CPU_TEST(checkpoint, gives_the_same) {
    cg_tensor *g[2][10], *after[2], *value[2];
    for (int how = 0; how < 2; how++) {
        block k = make_block(dev, 6, 0.4);
        cg_tensor *x[2] = {leaf(dev, cg_shape(3, 4), 1), leaf(dev, cg_shape(4), 2)};
        cg_seed(dev, 9);
        cg_tensor *y = how ? cg_checkpoint(run_block, &k, 2, x) : run_block(&k, 2, x);
        cg_tensor *z = total(cg_square(cg_dropout(y, 0.5)));
        value[how] = y;
        CHECK(k.runs == 1 && k.runs_again == 0 && !cg_checkpoint_recomputing(dev));
        CHECK(cg_backward(z) == CG_OK);
        CHECK(k.runs == 1 + how && k.runs_again == how);
        after[how] = cg_uniform(dev, CG_F32, cg_shape(5), 0, 1);
        g[how][0] = cg_grad_of(x[0]);
        g[how][1] = cg_grad_of(x[1]);
        g[how][2] = cg_grad_of(k.b);
        for (int i = 0; i < 6; i++) g[how][3 + i] = cg_grad_of(k.w[i]);
    }
    check_same_bits(value[0], value[1]);
    check_same_bits(after[0], after[1]);
    for (int i = 0; i < 9; i++) {
        check_case("gradient %d", i);
        check_within(g[1][i], CG_F32, cg_shape_get(g[0][i]), read_values(g[0][i]), 40, NULL);
    }
}

/* --- within each other, and of every order ----------------------------------------------------------------------- */

static cg_tensor *smooth(void *context, int n, cg_tensor *const *x) {
    cg_tensor *y = cg_tanh(cg_matmul(x[0], x[1]));
    (void)n;
    return context ? cg_mul(cg_exp(y), (cg_tensor *)context) : cg_exp(y);
}

static cg_tensor *nested(void *context, int n, cg_tensor *const *x) {
    cg_tensor *inner[2] = {cg_checkpoint(smooth, context, n, x), cg_sin(x[1])};
    return cg_checkpoint(smooth, NULL, 2, inner);
}

static cg_tensor *checked(void *context, int n, cg_tensor *const *x) {
    (void)context;
    cg_tensor *inner[2] = {x[0], x[1]};
    return cg_checkpoint(nested, n > 2 ? x[2] : NULL, 2, inner);
}

/* By differences: of arguments, and of a result that f captures; first and second order. */
CPU_TEST(checkpoint, gradients_of_every_order) {
    uint64_t seed = 3;
    cg_tensor *x[3] = {random_f64(dev, cg_shape(2, 2), -1, 1, 0, &seed),
                       random_f64(dev, cg_shape(2, 2), -1, 1, 0, &seed),
                       random_f64(dev, cg_shape(2, 2), 0.5, 1, 0, &seed)};
    check_gradient(checked, NULL, 3, x);
    check_second_gradient(checked, NULL, 3, x);
    cg_gradcheck_result r;
    CHECK(cg_gradgradcheck(checked, NULL, 3, x, 1e-6, 1e-6, &r) == CG_OK && r.passed);
    check_case("hessian through a checkpoint, and again through the hessian's record");
    cg_tensor *leaf_x = cg_require_grad(cg_detach(x[0]), true), *g, *gg, *ggg;
    cg_tensor *in[2] = {leaf_x, leaf_x};
    CHECK(cg_grad(total(checked(NULL, 2, in)), NULL, 1, &leaf_x, true, &g) == CG_OK);
    CHECK(cg_grad(total(cg_square(g)), NULL, 1, &leaf_x, true, &gg) == CG_OK);
    CHECK(cg_grad(total(gg), NULL, 1, &leaf_x, false, &ggg) == CG_OK);
    CHECK(isfinite(read_values(ggg)[0]));
}

static void count(void *context) { ++*(int *)context; }

static cg_tensor *sees(void *context, cg_tensor *g) {
    count(context);
    return g;
}

/* One tensor as argument and captured, inside and outside: its hook sees the whole gradient, once. */
CPU_TEST(checkpoint, one_tensor_by_many_ways) {
    int calls = 0;
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(1, 1), (const float[]){0.5F}), true), *g[2];
    CHECK(cg_register_hook(x, sees, &calls, NULL) > 0);
    for (int how = 0; how < 2; how++) {
        cg_tensor *in[2] = {x, x};
        cg_tensor *y = how ? cg_checkpoint(smooth, x, 2, in) : smooth(x, 2, in);
        CHECK(cg_backward(total(cg_mul(y, cg_exp(x)))) == CG_OK && calls == how + 1);
        g[how] = cg_retain(cg_grad_of(x));
        cg_zero_grad(x);
    }
    check_within(g[1], CG_F32, cg_shape(1, 1), read_values(g[0]), 4, (long double[]){10});
    cg_release(g[0]);
    cg_release(g[1]);
}

static cg_tensor *same(void *context, int n, cg_tensor *const *x) {
    (void)n;
    return context ? context : x[0];
}

CPU_TEST(checkpoint, where_nothing_is_to_do) {
    cg_tensor *x = leaf(dev, cg_shape(2, 2), 1), *plain = cg_detach(x), *in[2] = {plain, plain};
    CHECK(!cg_requires_grad(cg_checkpoint(smooth, NULL, 2, in)));
    CHECK(cg_checkpoint(same, NULL, 1, &x) == x && cg_checkpoint(same, x, 1, &plain) == x);
    cg_no_grad_begin(dev);
    cg_tensor *both[2] = {x, x};
    CHECK(!cg_requires_grad(cg_checkpoint(smooth, NULL, 2, both)));
    cg_no_grad_end(dev);
    CHECK(cg_checkpoint(smooth, NULL, 1, (cg_tensor *[]){NULL}) == NULL && cg_error_code(dev) == CG_OK);
    check_case("retain_graph: it is run again each time");
    block k = make_block(dev, 2, 0);
    cg_tensor *w = leaf(dev, cg_shape(2, 4), 4), *y = total(cg_checkpoint(run_block, &k, 1, &w));
    CHECK(cg_backward_with(y, (cg_backward_options){.retain_graph = true}) == CG_OK);
    cg_tensor *once = cg_mul(cg_grad_of(w), 2);
    CHECK(cg_backward(y) == CG_OK && k.runs == 3);
    check_equal(cg_grad_of(w), CG_F32, cg_shape(2, 4), read_values(once));
    CHECK(cg_backward(y) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "record", NULL);
}

static cg_tensor *normed(void *context, int n, cg_tensor *const *x) {
    cg_tensor *const *running = context;
    (void)n;
    return cg_batch_norm(x[0], NULL, NULL, running[0], running[1], true, 0.5, 1e-5);
}

/* Running means move once. */
CPU_TEST(checkpoint, leaves_running_means_alone) {
    cg_tensor *running[2] = {cg_eval(cg_zeros(dev, CG_F32, cg_shape(2))),
                             cg_eval(cg_ones(dev, CG_F32, cg_shape(2)))};
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(2, 2), (const float[]){1, 2, 3, 6}), true);
    CHECK(cg_backward(total(cg_square(cg_checkpoint(normed, running, 1, &x)))) == CG_OK && cg_grad_of(x));
    check_equal(running[0], CG_F32, cg_shape(2), (long double[]){1, 2});
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static cg_tensor *long_chain(void *context, int n, cg_tensor *const *x) {
    cg_tensor *y = x[0];
    (void)n;
    for (int i = 0; i < 8; i++) y = cg_tanh(cg_matmul(y, (cg_tensor *)context));
    return y;
}

/* 64 layers in 8 blocks: 8 results and the inside of one block, where the record holds 128 tensors. */
CPU_TEST(checkpoint, takes_less_memory) {
    uint64_t peak[2];
    cg_tensor *g[2];
    for (int how = 0; how < 2; how++) {
        uint64_t seed = 3;
        cg_tensor *w = cg_require_grad(random_f64(dev, cg_shape(16, 16), -1, 1, 0, &seed), true);
        cg_tensor *x = cg_eval(cg_ones(dev, CG_F64, cg_shape(256, 16)));
        cg_device_trim(dev);
        cg_device_reset_peak(dev);
        const uint64_t before = cg_device_statistics(dev).bytes_in_use;
        cg_scope *scope = cg_scope_begin(dev);
        cg_tensor *y = x;
        for (int i = 0; i < 8; i++) y = how ? cg_checkpoint(long_chain, w, 1, &y) : long_chain(w, 1, &y);
        CHECK(cg_backward(total(y)) == CG_OK);
        cg_scope_end(scope);
        peak[how] = cg_device_statistics(dev).bytes_peak - before;
        g[how] = cg_grad_of(w);
    }
    check_within(g[1], CG_F64, cg_shape(16, 16), read_values(g[0]), 1e5,
                 read_values(cg_add(cg_abs(g[0]), 1)));
    CHECK_MSG(peak[1] * 2 < peak[0], "%llu bytes with checkpoints, %llu without", (unsigned long long)peak[1],
              (unsigned long long)peak[0]);
}

/* --- refusals ----------------------------------------------------------------------------------------------------- */

static cg_tensor *makes_leaf(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return cg_mul(x[0], cg_require_grad(cg_ones(cg_device_of(x[0]), CG_F32, cg_shape(2, 2)), true));
}

/* Uses another tensor in each run. */
typedef struct fickle {
    cg_tensor *w[2];
    int how, runs;
} fickle;

static cg_tensor *changes(void *context, int n, cg_tensor *const *x) {
    fickle *f = context;
    (void)n;
    const int run = f->runs++;
    if (f->how == 1 && run) return cg_sum(x[0], cg_axes(0), false);
    if (f->how == 2 && run) return cg_detach(x[0]);
    if (f->how == 3 && run) return cg_matmul(x[0], cg_zeros(cg_device_of(x[0]), CG_F32, cg_shape(7, 7)));
    if (f->how == 4 && run) return cg_mul(x[0], 1);
    return cg_mul(x[0], f->w[f->how == 0 ? run : 0]);
}

CPU_TEST(checkpoint, refusals) {
    const float data[16] = {1};
    cg_tensor *x = leaf(dev, cg_shape(2, 2), 1);
    CHECK_FAILS(dev, cg_checkpoint(makes_leaf, NULL, 1, &x), CG_ERROR_STATE, "checkpoint", "leaf");
    static const struct {
        cg_status status;
        const char *text;
    } expected[] = {{CG_ERROR_STATE, "other tensors"},
                    {CG_ERROR_SHAPE, "(2, 2), then (2,)"},
                    {CG_ERROR_STATE, "without a record"},
                    {CG_ERROR_SHAPE, "matmul"},
                    {CG_ERROR_STATE, "did not use"}};
    for (int how = 0; how < 5; how++) {
        check_case("case %d", how);
        fickle f = {.how = how, .w = {leaf(dev, cg_shape(2, 2), 2), leaf(dev, cg_shape(2, 2), 3)}};
        cg_tensor *y = total(cg_checkpoint(changes, &f, 1, &x));
        CHECK(cg_backward(y) == expected[how].status);
        check_error(dev, expected[how].status, expected[how].text, NULL);
        CHECK(!cg_checkpoint_recomputing(dev));
    }
    check_case("what the second run needs is not written over");
    block k = make_block(dev, 1, 0);
    cg_tensor *input = cg_eval(cg_ones(dev, CG_F32, cg_shape(2, 4))),
              *y = cg_checkpoint(run_block, &k, 1, &input);
    CHECK(cg_copy_from_host(input, data, 32) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "gradient", NULL);
    CHECK(cg_copy_from_host(k.w[0], data, 64) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "gradient", NULL);
    CHECK(cg_backward(total(y)) == CG_OK && cg_copy_from_host(k.w[0], data, 64) == CG_OK);
}

/* --- many parameters ---------------------------------------------------------------------------------------------- */

enum { MANY = 100 };

typedef struct many {
    cg_tensor *w[MANY];
} many;

static cg_tensor *sum_many(void *context, int n, cg_tensor *const *x) {
    const many *m = context;
    cg_tensor *y = x[0];
    (void)n;
    for (int i = 0; i < MANY; i++) y = cg_add(y, cg_mul(m->w[i], x[0]));
    return y;
}

static cg_tensor *walks_inside(void *context, int n, cg_tensor *const *x) {
    cg_tensor *y = cg_checkpoint(sum_many, context, n, x);
    if (!cg_checkpoint_recomputing(cg_device_of(x[0]))) CHECK(cg_backward(total(y)) == CG_OK);
    return y;
}

/* As many captured parameters as one likes: y = (1 + sum w_i) x, walked, or only made and forgotten. */
CPU_TEST(checkpoint, captures_any_number_of_parameters) {
    for (int rank = 0; rank < 2; rank++)
        for (int walked = 0; walked < 2; walked++) {
            check_case("rank %d, %s", rank, walked ? "walked" : "forgotten");
            cg_scope *scope = cg_scope_begin(dev);
            const cg_dims shape = rank ? cg_shape(3, ) : cg_shape();
            many m = {0};
            for (int i = 0; i < MANY; i++)
                m.w[i] = cg_require_grad(cg_full(dev, CG_F32, shape, 0.01 * i), true);
            cg_tensor *x = cg_require_grad(cg_full(dev, CG_F32, shape, 2), true);
            cg_tensor *y = total(cg_checkpoint(sum_many, &m, 1, &x));
            CHECK(cg_requires_grad(y));
            if (walked) {
                CHECK(cg_backward(y) == CG_OK);
                for (int i = 0; i < MANY; i++)
                    check_equal(cg_grad_of(m.w[i]), CG_F32, shape, (long double[]){2, 2, 2});
            }
            cg_scope_end(scope);
        }
}

/* A checkpoint in the function of another, whose record is gone when the outer one looks at it. */
CPU_TEST(checkpoint, inner_record_released) {
    many m = {0};
    for (int i = 0; i < MANY; i++) m.w[i] = cg_require_grad(cg_full(dev, CG_F32, cg_shape(), 0.5), true);
    cg_tensor *x = cg_require_grad(cg_full(dev, CG_F32, cg_shape(), 2), true);
    CHECK(cg_requires_grad(cg_checkpoint(walks_inside, &m, 1, &x)));
    check_equal(cg_grad_of(m.w[99]), CG_F32, cg_shape(), (long double[]){2});
}
