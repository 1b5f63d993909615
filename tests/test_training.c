#include "support/device_test.h"
#include "support/files.h"

#include <math.h>

typedef struct run {
    cg_device *dev;
    cg_loader *loader;
    cg_module *net;
    cg_optimizer *optimizer;
} run;

/* The digits, a network 64-32-10, Adam; the same numbers on every device. */
static bool begin(run *r, cg_device *dev, cg_dataset *set, int64_t batch) {
    *r = (run){.dev = dev};
    cg_seed(dev, 42);
    r->loader = cg_loader_new(dev, set, batch, true);
    r->net =
        cg_mlp(dev, 3, (const int64_t[]){cg_dataset_features(set), 32, cg_dataset_classes(set)}, "swish");
    r->optimizer = r->net ? cg_adam(r->net, (cg_adam_options){.lr = 0.01}) : NULL;
    return CHECK_MSG(r->loader && r->optimizer, "%s", cg_error_message(dev));
}

static void end(run *r) {
    cg_optimizer_free(r->optimizer);
    cg_module_free(r->net);
    cg_loader_free(r->loader);
}

/* One step; the loss, kept beyond the scope of the step, where it is wanted. */
static cg_tensor *train_step(run *r, bool wanted) {
    cg_scope *step = cg_scope_begin(r->dev);
    cg_tensor *x, *y;
    if (!cg_loader_next(r->loader, &x, &y)) cg_loader_next(r->loader, &x, &y); /* a new epoch */
    cg_tensor *loss = cg_cross_entropy(cg_forward(r->net, x), y, CG_MEAN);
    CHECK_MSG(cg_backward(loss) == CG_OK && cg_optimizer_step(r->optimizer) == CG_OK, "%s",
              cg_error_message(r->dev));
    if (wanted) cg_retain(loss);
    cg_scope_end(step);
    return wanted ? loss : NULL;
}

static cg_dataset *digits(cg_dataset **test) {
    cg_dataset *train = NULL;
    CHECK_MSG(cg_dataset_open(source_path("data/digits"), 0.2, 1, &train, test) == CG_OK, "%s",
              cg_error_message(NULL));
    return train;
}

DEVICE_TEST(training, learns_the_digits) {
    cg_dataset *test = NULL, *train = digits(&test);
    run r;
    if (!train || !begin(&r, dev, train, 64)) return;
    for (int i = 0; i < 12 * cg_loader_batches(r.loader); i++) train_step(&r, false);
    cg_loader *all = cg_loader_new(dev, test, cg_dataset_samples(test), false);
    cg_tensor *x, *y;
    double share = 0;
    if (CHECK(cg_loader_next(all, &x, &y)))
        CHECK(cg_item(cg_accuracy(cg_forward(r.net, x), y), &share) == CG_OK);
    CHECK_MSG(share > 0.93, "accuracy %.4f on digits that were not trained on", share);
    cg_loader_free(all);
    end(&r);
    cg_dataset_free(train);
    cg_dataset_free(test);
}

/* The first 100 losses differ by less than 1e-4 between an OpenCL device and the CPU backend. */
OPENCL_TEST(training, same_losses_as_the_cpu) {
    cg_dataset *test = NULL, *train = digits(&test);
    cg_device *cpu = cg_device_open("cpu");
    run here, there;
    if (!train || !CHECK(cpu != NULL) || !begin(&here, dev, train, 32) || !begin(&there, cpu, train, 32))
        return;
    for (int i = 0; i < 100; i++) {
        double a = 0, b = 1;
        cg_tensor *x = train_step(&here, true), *y = train_step(&there, true);
        CHECK(cg_item(x, &a) == CG_OK && cg_item(y, &b) == CG_OK);
        CHECK_MSG(fabs(a - b) <= 1e-4, "step %d: loss %.9g, on the CPU %.9g", i, a, b);
        cg_release(x);
        cg_release(y);
    }
    end(&here);
    end(&there);
    cg_dataset_free(train);
    cg_dataset_free(test);
    cg_device_close(cpu);
}

/* Two runs from one seed give the same bits. */
DEVICE_TEST(training, is_repeatable) {
    cg_dataset *test = NULL, *train = digits(&test);
    cg_tensor *last[2];
    for (int i = 0; i < 2 && train; i++) {
        run r;
        if (!begin(&r, dev, train, 50)) return;
        for (int step = 0; step < 39; step++) train_step(&r, false);
        last[i] = train_step(&r, true);
        end(&r);
    }
    check_same_bits(last[0], last[1]);
    cg_release(last[0]);
    cg_release(last[1]);
    cg_dataset_free(train);
    cg_dataset_free(test);
}

/* Once warm, a step takes no memory from the device, never waits for it, and builds nothing. */
DEVICE_TEST(training, steady_steps_allocate_and_wait_for_nothing) {
    cg_dataset *test = NULL, *train = digits(&test);
    run r;
    if (!train || !begin(&r, dev, train, 64)) return;
    int64_t epoch = cg_loader_batches(r.loader);
    for (int i = 0; i < 2 * epoch; i++) train_step(&r, false);
    cg_device_stats before = cg_device_statistics(dev);
    for (int i = 0; i < epoch; i++) train_step(&r, false);
    cg_device_stats after = cg_device_statistics(dev);
    CHECK_MSG(after.device_allocs == before.device_allocs, "%llu device allocations in %lld steps",
              (unsigned long long)(after.device_allocs - before.device_allocs), (long long)epoch);
    CHECK_MSG(after.host_syncs == before.host_syncs, "%llu waits",
              (unsigned long long)(after.host_syncs - before.host_syncs));
    CHECK(after.programs_built == before.programs_built && after.programs_loaded == before.programs_loaded);
    CHECK(after.downloads == before.downloads && after.bytes_in_use == before.bytes_in_use);
    end(&r);
    cg_dataset_free(train);
    cg_dataset_free(test);
}

/* With swish, swish, sigmoid and the squared error: the complete network of the pseudocode paper. */
DEVICE_TEST(training, squared_error_falls) {
    cg_module *net = cg_sequential(dev);
    static const int64_t sizes[] = {2, 16, 8, 1};
    static const char *const names[] = {"swish", "swish", "sigmoid"};
    cg_seed(dev, 1);
    for (int i = 0; i < 3; i++) {
        CHECK(cg_sequential_add(net, cg_linear_module(dev, sizes[i], sizes[i + 1], CG_INIT_XAVIER)) == CG_OK);
        CHECK(cg_sequential_add(net, cg_activation_module(dev, names[i])) == CG_OK);
    }
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){.lr = 0.05});
    cg_tensor *x = cg_from_f32(dev, cg_shape(4, 2), (const float[]){0, 0, 0, 1, 1, 0, 1, 1});
    cg_tensor *t = cg_from_f32(dev, cg_shape(4, 1), (const float[]){0, 1, 1, 0});
    double loss = 1;
    for (int i = 0; i < 300; i++) {
        cg_scope *step = cg_scope_begin(dev);
        cg_tensor *e = cg_mse_loss(cg_forward(net, x), t, CG_MEAN);
        CHECK(cg_backward(e) == CG_OK && cg_optimizer_step(adam) == CG_OK);
        if (i == 299) CHECK(cg_item(e, &loss) == CG_OK);
        cg_scope_end(step);
    }
    CHECK_MSG(loss < 0.01, "the loss of exclusive or is %g after 300 steps", loss);
    cg_optimizer_free(adam);
    cg_module_free(net);
}
