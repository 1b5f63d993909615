/* The memory of a training step: none is asked of the device once it is steady, and what is done with goes at once. */
#include "support/device_test.h"
#include "tensor/context.h"

enum { BATCH = 64, WIDTH = 128, LAYERS = 4 };
#define ACTIVATION ((uint64_t)(BATCH * WIDTH * sizeof(float)))

static cg_module *network(cg_device *dev) {
    return cg_mlp(dev, LAYERS + 1, (const int64_t[]){WIDTH, WIDTH, WIDTH, WIDTH, WIDTH}, "relu");
}

static cg_tensor *samples(cg_device *dev) {
    return cg_eval(cg_uniform(dev, CG_F32, cg_shape(BATCH, WIDTH), -1, 1));
}

static bool step(cg_module *net, cg_optimizer *adam, cg_tensor *x) {
    cg_scope *scope = cg_scope_begin(cg_device_of(x));
    cg_tensor *loss = cg_mean(cg_square(cg_forward(net, x)), CG_ALL_AXES, false);
    const bool ok = cg_backward(loss) == CG_OK && cg_optimizer_step(adam) == CG_OK;
    cg_scope_end(scope);
    return ok;
}

DEVICE_TEST_ONCE(step_memory, a_steady_step_asks_the_device_for_nothing) {
    cg_module *net = network(dev);
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){.lr = 1e-3});
    cg_tensor *x = samples(dev);
    for (int i = 0; i < 3; i++) CHECK(step(net, adam, x));
    const cg_device_stats before = cg_device_statistics(dev);
    for (int i = 0; i < 5; i++) CHECK(step(net, adam, x));
    const cg_device_stats after = cg_device_statistics(dev);
    CHECK_MSG(after.device_allocs == before.device_allocs, "%llu allocations",
              (unsigned long long)(after.device_allocs - before.device_allocs));
    CHECK_MSG(after.host_syncs == before.host_syncs, "%llu waits",
              (unsigned long long)(after.host_syncs - before.host_syncs));
    CHECK_MSG(after.bytes_in_use == before.bytes_in_use, "%lld bytes more are held",
              (long long)(after.bytes_in_use - before.bytes_in_use));
    CHECK(after.pool_hits > before.pool_hits);
    cg_optimizer_free(adam);
    cg_module_free(net);
}

/* What a hook at the input sees, near the end of the walk. */
static cg_tensor *look(void *context, cg_tensor *gradient) {
    *(uint64_t *)context = device_bytes(cg_device_of(gradient));
    return gradient;
}

/* Of each layer the record keeps the output of relu alone; the sums before it, and what the walk has passed, are gone. */
COMPOSED_TEST(step_memory, a_network_lets_go_of_what_no_gradient_needs) {
    cg_module *net = network(dev);
    cg_tensor *x = cg_require_grad(samples(dev), true);
    const uint64_t start = device_bytes(dev);
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *y = cg_eval(cg_forward(net, x));
    const uint64_t forward = device_bytes(dev) - start;
    CHECK_MSG(forward <= LAYERS * ACTIVATION * 5 / 4, "%llu bytes after the forward pass",
              (unsigned long long)forward);
    uint64_t at_input = 0;
    CHECK(cg_register_hook(x, look, &at_input, NULL) > 0);
    CHECK(cg_backward(cg_mean(cg_square(y), CG_ALL_AXES, false)) == CG_OK);
    const uint64_t gradients = LAYERS * (WIDTH * WIDTH + WIDTH) * sizeof(float);
    CHECK_MSG(at_input <= start + (gradients + 2 * ACTIVATION) * 5 / 4 + 4096,
              "%llu bytes at the end of the walk", (unsigned long long)(at_input - start));
    cg_scope_end(scope);
    cg_module_free(net);
}

/* --- The most that is held at once ------------------------------------------------------------------------------ */

/* The networks of bench/peers/step_memory.c, smaller. */
static cg_module *mlp(cg_device *dev) { return cg_mlp(dev, 4, (const int64_t[]){96, 64, 32, 10}, "relu"); }

static cg_module *lenet(cg_device *dev) { return cg_lenet(dev, cg_shape(1, 16, 16), 10); }

static cg_module *block(cg_device *dev) {
    cg_module *attention = cg_sequential(dev), *wide = cg_sequential(dev), *net = cg_sequential(dev);
    cg_sequential_add(attention, cg_layer_norm_module(dev, cg_shape(64), 1e-5));
    cg_sequential_add(attention, cg_multi_head_attention_module(
                                     dev, 64, 4, (cg_multi_head_attention_options){.causal = true}));
    cg_sequential_add(wide, cg_layer_norm_module(dev, cg_shape(64), 1e-5));
    cg_sequential_add(wide, cg_linear_module(dev, 64, 256, CG_INIT_XAVIER));
    cg_sequential_add(wide, cg_activation_module(dev, "gelu"));
    cg_sequential_add(wide, cg_linear_module(dev, 256, 64, CG_INIT_XAVIER));
    cg_sequential_add(net, cg_residual_module(attention, NULL));
    cg_sequential_add(net, cg_residual_module(wide, NULL));
    return net;
}

/* Bytes at the peak of a steady step, above the parameters and the states of the optimizer. */
static uint64_t peak_of_step(cg_device *dev, cg_module *(*make)(cg_device *dev), cg_dims samples) {
    cg_module *net = make(dev);
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){.lr = 1e-4});
    cg_tensor *x = cg_eval(cg_uniform(dev, CG_F32, samples, -1, 1));
    for (int i = 0; i < 2; i++) CHECK(step(net, adam, x));
    cg_device_reset_peak(dev);
    const uint64_t before = device_bytes(dev);
    CHECK(step(net, adam, x) && device_bytes(dev) == before);
    const uint64_t peak = cg_device_statistics(dev).bytes_peak - before;
    cg_optimizer_free(adam);
    cg_module_free(net);
    return peak;
}

/* Counted bytes: they are the same on every machine. Where nothing is fused, more is stored in between. */
CPU_TEST(step_memory, the_peak_of_a_step) {
    const struct {
        const char *name;
        cg_module *(*make)(cg_device *dev);
        cg_dims samples;
        uint64_t fused, unfused;
    } cases[] = {{"mlp", mlp, cg_shape(128, 96), 72364, 150960},
                 {"lenet", lenet, cg_shape(8, 1, 16, 16), 1523692, 4669104},
                 {"block", block, cg_shape(4, 32, 64), 563460, 858376}};
    for (int i = 0; i < 3; i++) {
        check_case("%s", cases[i].name);
        const uint64_t peak = peak_of_step(dev, cases[i].make, cases[i].samples);
        const uint64_t most = dev->fuse ? cases[i].fused : cases[i].unfused;
        CHECK_MSG(peak <= most, "%llu bytes", (unsigned long long)peak);
    }
}

/* A module of the caller's may keep what it sees and makes: it lives as long as the scope around the pass. */
typedef struct kept {
    cg_tensor *in, *made;
} kept;

static cg_tensor *keeping(void *context, cg_module *self, cg_tensor *x) {
    (void)self;
    kept *k = context;
    k->in = x;
    k->made = cg_mul(x, 3);
    return cg_add(k->made, 1);
}

COMPOSED_TEST(step_memory, a_module_of_the_caller_may_keep_tensors) {
    kept k = {0};
    cg_module *net = cg_sequential(dev);
    CHECK(cg_sequential_add(net, cg_activation_module(dev, "relu")) == CG_OK);
    cg_module *inner = cg_sequential(dev);
    CHECK(cg_sequential_add(inner, cg_activation_module(dev, "relu")) == CG_OK);
    CHECK(cg_sequential_add(net, cg_residual_module(inner, NULL)) == CG_OK);
    CHECK(cg_sequential_add(inner, cg_custom_module(dev, "keeping", keeping, NULL, &k)) == CG_OK);
    cg_tensor *y = cg_forward(net, cg_from_f32(dev, cg_shape(3), (const float[]){-1, 2, 3}));
    check_equal(y, CG_F32, cg_shape(3), (long double[]){1, 9, 13});
    check_equal(k.in, CG_F32, cg_shape(3), (long double[]){0, 2, 3});
    check_equal(k.made, CG_F32, cg_shape(3), (long double[]){0, 6, 9});
    cg_module_free(net);
}

/* --- Memory that is taken over ---------------------------------------------------------------------------------- */

enum { SIDE = 256, N = SIDE * SIDE };

static cg_tensor *ramp(cg_device *dev) { return cg_arange(dev, CG_F32, 0, N, 1); }

static bool check_ramp(cg_tensor *x, float scale, float shift) {
    const float *got = read_raw(x);
    for (int i = 0; got && i < N; i++)
        if (!CHECK_MSG(got[i] == scale * (float)i + shift, "element %d: %g", i, (double)got[i])) return false;
    return got != NULL;
}

/* f() made in a scope that has ended: nobody but the caller holds it. */
static cg_tensor *alone(cg_device *dev, cg_tensor *(*f)(cg_device *dev)) {
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = cg_retain(f(dev));
    cg_scope_end(scope);
    return x;
}

static cg_tensor *line(cg_device *dev) { return cg_add(cg_mul(ramp(dev), 2), 1); }

static cg_tensor *square(cg_device *dev) { return cg_reshape(ramp(dev), cg_shape(SIDE, SIDE)); }

/* The formula of the last reader is computed where its input lies. */
DEVICE_TEST(step_memory, the_last_reader_takes_the_memory_over) {
    cg_tensor *y = alone(dev, line), *z = cg_mul(y, 0.5);
    cg_release(y);
    cg_device_reset_peak(dev);
    const uint64_t before = device_bytes(dev);
    CHECK(cg_eval(z) != NULL);
    const uint64_t peak = cg_device_statistics(dev).bytes_peak;
    CHECK_MSG(peak == before, "%llu bytes more at once", (unsigned long long)(peak - before));
    check_ramp(z, 1, 0.5F);
}

/* Another reader, one in another order, one of another dtype, and memory of the caller's: all keep what they read. */
DEVICE_TEST(step_memory, nothing_is_taken_from_others) {
    check_case("two readers");
    cg_tensor *x = alone(dev, ramp), *a = cg_mul(x, 2), *b = cg_mul(x, 3);
    cg_release(x);
    check_ramp(a, 2, 0);
    check_ramp(b, 3, 0);
    check_case("two readers in one program");
    x = alone(dev, ramp);
    a = cg_mul(x, 2);
    b = cg_add(a, x);
    cg_release(x);
    check_ramp(b, 3, 0);
    check_ramp(a, 2, 0);
    check_case("memory of the caller's");
    float *own = scratch(N * sizeof *own);
    for (int i = 0; i < N; i++) own[i] = (float)i;
    cg_scope *scope = cg_scope_begin(dev);
    x = cg_retain(cg_wrap_host(dev, CG_F32, cg_shape(N), own, NULL, NULL));
    cg_scope_end(scope);
    a = cg_mul(x, 4);
    cg_release(x);
    check_ramp(a, 4, 0);
    CHECK(own[1] == 1 && own[N - 1] == N - 1);
    check_case("transposed");
    x = alone(dev, square);
    a = cg_add(cg_transpose(x, 0, 1), x);
    cg_release(x);
    const float *got = read_raw(a);
    for (int i = 0; got && i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            if (!CHECK(got[SIDE * i + j] == (float)((SIDE + 1) * (i + j)))) return;
}
