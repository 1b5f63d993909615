/*
 * The memory of a training step, for bench/peers/memory.py: step_memory NET BATCH DEVICE runs some steps of a network and prints
 * one line of JSON. Resident memory is the kernel's figure; "base" is taken before a device is opened.
 */
#include "clgrad/clgrad.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_STEPS = 3, STEPS = 5, WIDTH = 256, HEADS = 4, LENGTH = 128 };

typedef struct training {
    cg_device *dev;
    cg_module *net;
    cg_optimizer *optimizer;
    cg_tensor *x, *labels; /* labels NULL: the loss is the mean of the squares of what the net gives */
} training;

/* A figure of /proc/self/status in bytes; 0 where there is none. */
static double status_bytes(const char *key) {
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    double kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, key, strlen(key)) == 0) kib = strtod(line + strlen(key) + 1, NULL);
    if (f) fclose(f);
    return kib * 1024;
}

/* --- Networks -------------------------------------------------------------------------------------------------- */

static cg_tensor *random_labels(cg_device *dev, int64_t batch) {
    return cg_retain(cg_integers(dev, CG_I64, cg_shape(batch), 0, 10));
}

static cg_module *make_mlp(training *t, int64_t batch) {
    t->x = cg_retain(cg_eval(cg_uniform(t->dev, CG_F32, cg_shape(batch, 784), 0, 1)));
    t->labels = random_labels(t->dev, batch);
    return cg_mlp(t->dev, 4, (const int64_t[]){784, 512, 256, 10}, "relu");
}

static cg_module *make_lenet(training *t, int64_t batch) {
    t->x = cg_retain(cg_eval(cg_uniform(t->dev, CG_F32, cg_shape(batch, 1, 28, 28), 0, 1)));
    t->labels = random_labels(t->dev, batch);
    return cg_lenet(t->dev, cg_shape(1, 28, 28), 10);
}

/* x + attention(norm(x)), then x + mlp(norm(x)). */
static cg_module *make_block(training *t, int64_t batch) {
    cg_device *dev = t->dev;
    t->x = cg_retain(cg_eval(cg_normal(dev, CG_F32, cg_shape(batch, LENGTH, WIDTH), 0, 1)));
    cg_module *attention = cg_sequential(dev), *mlp = cg_sequential(dev), *net = cg_sequential(dev);
    cg_sequential_add(attention, cg_layer_norm_module(dev, cg_shape(WIDTH), 1e-5));
    cg_sequential_add(attention, cg_multi_head_attention_module(
                                     dev, WIDTH, HEADS, (cg_multi_head_attention_options){.causal = true}));
    cg_sequential_add(mlp, cg_layer_norm_module(dev, cg_shape(WIDTH), 1e-5));
    cg_sequential_add(mlp, cg_linear_module(dev, WIDTH, 4 * WIDTH, CG_INIT_XAVIER));
    cg_sequential_add(mlp, cg_activation_module(dev, "gelu"));
    cg_sequential_add(mlp, cg_linear_module(dev, 4 * WIDTH, WIDTH, CG_INIT_XAVIER));
    cg_sequential_add(net, cg_residual_module(attention, NULL));
    cg_sequential_add(net, cg_residual_module(mlp, NULL));
    return net;
}

static bool begin(training *t, const char *net, int64_t batch, const char *device) {
    t->dev = cg_device_open(device);
    if (!t->dev) return false;
    if (strcmp(net, "mlp") == 0)
        t->net = make_mlp(t, batch);
    else if (strcmp(net, "lenet") == 0)
        t->net = make_lenet(t, batch);
    else if (strcmp(net, "block") == 0)
        t->net = make_block(t, batch);
    t->optimizer = t->net ? cg_adam(t->net, (cg_adam_options){.lr = 1e-4}) : NULL;
    return t->optimizer != NULL;
}

static bool step(training *t) {
    cg_scope *scope = cg_scope_begin(t->dev);
    cg_tensor *y = cg_forward(t->net, t->x);
    cg_tensor *loss =
        t->labels ? cg_cross_entropy(y, t->labels, CG_MEAN) : cg_mean(cg_square(y), CG_ALL_AXES, false);
    bool ok = cg_backward(loss) == CG_OK && cg_optimizer_step(t->optimizer) == CG_OK;
    cg_scope_end(scope);
    return ok;
}

static bool steps(training *t, int n) {
    bool ok = true;
    for (int i = 0; i < n; i++) ok = ok && step(t);
    return ok && cg_device_sync(t->dev) == CG_OK;
}

static void report(const training *t, double base, const cg_device_stats *warm) {
    const cg_device_stats now = cg_device_statistics(t->dev);
    printf("{\"base\": %.0f, \"peak\": %.0f, \"tensors_before\": %llu, \"tensors_peak\": %llu, \"reserved\": "
           "%llu, "
           "\"allocations\": %llu, \"waits\": %llu, \"launches\": %llu}\n",
           base, status_bytes("VmHWM"), (unsigned long long)warm->bytes_in_use,
           (unsigned long long)now.bytes_peak, (unsigned long long)now.bytes_reserved,
           (unsigned long long)(now.device_allocs - warm->device_allocs),
           (unsigned long long)(now.host_syncs - warm->host_syncs - 1), /* the one wait at the end is ours */
           (unsigned long long)(now.launches - warm->launches) / STEPS);
}

int main(int argc, char **argv) {
    const int64_t batch = argc > 2 ? strtoll(argv[2], NULL, 10) : 0;
    const double base = status_bytes("VmRSS");
    training t = {0};
    if (batch < 1 || !begin(&t, argv[1], batch, argc > 3 ? argv[3] : "cpu") || !steps(&t, WARM_STEPS)) {
        fprintf(stderr, "step_memory: %s\n", batch < 1 ? "NET BATCH [DEVICE]" : cg_error_message(t.dev));
        return 1;
    }
    cg_device_reset_peak(t.dev);
    const cg_device_stats warm = cg_device_statistics(t.dev);
    const bool ok = steps(&t, STEPS);
    report(&t, base, &warm);
    cg_release(t.x);
    cg_release(t.labels);
    cg_optimizer_free(t.optimizer);
    cg_module_free(t.net);
    cg_device_close(t.dev);
    return !ok;
}
