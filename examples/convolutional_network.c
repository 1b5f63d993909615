/*
 * A convolutional network in the manner of LeNet on handwritten digits.
 *
 *     y[n, k, i, j] = b[k] + sum_(c, p, q) x[n, c, i + p, j + q] w[k, c, p, q]
 *
 * A convolution looks everywhere for the same small pattern, with few weights: a stroke is a stroke wherever it is. Pooling
 * then forgets where exactly it was. docs/layers.md tells how cg_lenet is built of these.
 */
#include "digits.h"

enum { EPOCHS = 30, BATCH = 32, SHOWN = 12, MAX_TEST = 1000 };

static void train_epoch(cg_module *net, cg_optimizer *adam, cg_loader *batches, cg_schedule schedule,
                        double *loss) {
    cg_tensor *x, *labels;
    double sum = 0;
    cg_module_train(net, true);
    for (bool more = true; more;) {
        cg_scope *scope = cg_scope_begin(cg_module_device(net));
        more = cg_loader_next(batches, &x, &labels);
        if (more) {
            cg_tensor *batch_loss = cg_cross_entropy(cg_forward(net, x), labels, CG_MEAN);
            cg_backward(batch_loss);
            cg_schedule_step(schedule, adam);
            cg_optimizer_step(adam);
            sum += value(batch_loss);
        }
        cg_scope_end(scope);
    }
    *loss = sum / (double)cg_loader_batches(batches);
}

/* Which class each image is taken for. Returns the share that is right. */
static double predict(cg_module *net, cg_tensor *x, cg_tensor *labels, int64_t taken_for[MAX_TEST]) {
    cg_module_train(net, false); /* no dropout, and batch normalization by what it has gathered */
    cg_scope *scope = cg_scope_begin(cg_module_device(net));
    cg_tensor *logits = cg_detach(cg_forward(net, x));
    cg_to_host(cg_argmax(logits, cg_axes(-1), false), taken_for, (size_t)cg_size(x, 0) * sizeof *taken_for);
    const double right = value(cg_accuracy(logits, labels));
    cg_scope_end(scope);
    return right;
}

/* Draws images that were taken for something else; where there are fewer, some that were right. */
static cg_status draw(const char *path, const cg_dataset *test, const int64_t taken_for[MAX_TEST]) {
    static char text[SHOWN][32];
    cg_picture pictures[SHOWN];
    int n = 0;
    for (int want_right = 0; want_right < 2; want_right++)
        for (int64_t i = 0; i < cg_dataset_samples(test) && n < SHOWN; i++) {
            int label;
            const float *image = cg_dataset_sample(test, i, &label);
            if ((taken_for[i] == label) != want_right) continue;
            snprintf(text[n], sizeof text[n], want_right ? "%d" : "%d taken for %d", label,
                     (int)taken_for[i]);
            pictures[n] = (cg_picture){text[n], 8, 8, image};
            n++;
        }
    return cg_pictures_svg(path, n, pictures,
                           (cg_picture_options){.title = "Where it errs, and some that it knows",
                                                .black = 1,
                                                .white = 0,
                                                .cell = 11,
                                                .per_line = 6});
}

int main(int argc, char **argv) {
    cg_device *dev = open_device();
    cg_dataset *train = NULL, *test = NULL;
    if (!dev || !open_digits(&train, &test)) return cg_device_close(dev), 1;
    const int epochs = quick(argc, argv) ? 4 : EPOCHS;
    cg_module *net = cg_lenet(dev, cg_dataset_sample_shape(train), cg_dataset_classes(train));
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){.lr = 2e-3});
    cg_loader *batches = cg_loader_new(dev, train, BATCH, true);
    const cg_schedule schedule = cg_cosine_schedule(2e-3, 2e-5, epochs * cg_loader_batches(batches));
    cg_tensor *x = NULL, *labels = NULL;
    whole_set(dev, test, &x, &labels);

    double at[EPOCHS], losses[EPOCHS], wrong[EPOCHS], right = 0;
    static int64_t taken_for[MAX_TEST];
    for (int epoch = 0; epoch < epochs; epoch++) {
        at[epoch] = epoch + 1;
        train_epoch(net, adam, batches, schedule, &losses[epoch]);
        right = predict(net, x, labels, taken_for);
        wrong[epoch] = 1 - right;
        if (epoch % 5 == 4 || epoch == epochs - 1)
            printf("epoch %2d  loss %.5f  right on the held-back third %.2f %%\n", epoch + 1, losses[epoch],
                   100 * right);
    }
    printf("%lld weights, at most %.1f MiB of tensors at once\n", (long long)cg_parameter_elements(net),
           (double)cg_device_statistics(dev).bytes_peak / 1048576);

    cg_status status = draw(picture(argc, argv, "convolutional_network_errors.svg"), test, taken_for);
    const cg_curve curves[] = {{"training loss", epochs, at, losses},
                               {"share wrong, held back", epochs, at, wrong}};
    if (status == CG_OK)
        status = cg_plot_svg(picture(argc, argv, "convolutional_network.svg"), 2, curves,
                             (cg_plot_options){.title = "A convolutional network on handwritten digits",
                                               .x_label = "epoch",
                                               .log_y = true});
    cg_loader_free(batches);
    cg_optimizer_free(adam);
    cg_module_free(net);
    cg_dataset_free(train);
    cg_dataset_free(test);
    return finish(dev, right >= (quick(argc, argv) ? 0.9 : 0.985), status == CG_OK);
}
