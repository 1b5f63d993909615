/*
 * How sure a network is while it learns: the entropy of its predictions.
 *
 *     H(p) = -sum_c p_c log p_c,   0 for a certain prediction, log C for none at all
 *
 * Fresh weights know nothing: H is near log 10. It falls as the network learns, and much further for what it gets right
 * than for what it gets wrong: entropy tells on which images to ask a human.
 */
#include "digits.h"

enum { EPOCHS = 30 };

/* The mean of x where mask is true; NaN where it nowhere is. */
static double mean_where(cg_tensor *x, cg_tensor *mask) {
    cg_tensor *count = cg_sum(mask, CG_ALL_AXES, false);
    return value(cg_div(cg_sum(cg_where(mask, x, 0), CG_ALL_AXES, false), count));
}

typedef struct curves {
    double epoch[EPOCHS + 1], all[EPOCHS + 1], right[EPOCHS + 1], wrong[EPOCHS + 1], accuracy;
} curves;

static void measure(cg_module *net, cg_tensor *x, cg_tensor *labels, int epoch, curves *c) {
    cg_scope *scope = cg_scope_begin(cg_device_of(x));
    cg_tensor *p = cg_softmax(cg_detach(cg_forward(net, x)), -1);
    cg_tensor *entropy = cg_entropy(p, -1), *hit = cg_eq(cg_argmax(p, cg_axes(-1), false), labels);
    c->epoch[epoch] = epoch;
    c->all[epoch] = value(cg_mean(entropy, CG_ALL_AXES, false));
    c->right[epoch] = mean_where(entropy, hit);
    c->wrong[epoch] = mean_where(entropy, cg_logical_not(hit));
    c->accuracy = value(cg_accuracy(p, labels));
    if (epoch % 5 == 0)
        printf("epoch %2d  entropy %.3f  of right ones %.3f  of wrong ones %.3f  accuracy %.1f %%\n", epoch,
               c->all[epoch], c->right[epoch], c->wrong[epoch], 100 * c->accuracy);
    cg_scope_end(scope);
}

static void train_epoch(cg_module *net, cg_optimizer *adam, cg_loader *batches) {
    cg_tensor *x, *labels;
    for (bool more = true; more;) {
        cg_scope *scope = cg_scope_begin(cg_module_device(net));
        more = cg_loader_next(batches, &x, &labels);
        if (more) {
            cg_backward(cg_cross_entropy(cg_forward(net, x), labels, CG_MEAN));
            cg_optimizer_step(adam);
        }
        cg_scope_end(scope);
    }
}

static bool learn(cg_device *dev, const cg_dataset *train, const cg_dataset *test, curves *c) {
    cg_tensor *x, *labels;
    if (!whole_set(dev, test, &x, &labels)) return false;
    cg_module *net = cg_mlp(dev, 3, (int64_t[]){64, 64, 10}, "relu");
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){.lr = 2e-3});
    cg_loader *batches = cg_loader_new(dev, train, 32, true);
    measure(net, x, labels, 0, c);
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        train_epoch(net, adam, batches);
        measure(net, x, labels, epoch, c);
    }
    cg_loader_free(batches);
    cg_optimizer_free(adam);
    cg_module_free(net);
    return true;
}

int main(int argc, char **argv) {
    cg_device *dev = open_device();
    cg_dataset *train = NULL, *test = NULL;
    if (!dev || !open_digits(&train, &test)) return cg_device_close(dev), 1;
    static curves c;
    const bool learned = learn(dev, train, test, &c);
    cg_dataset_free(train);
    cg_dataset_free(test);

    const cg_curve drawn[] = {{"all test images", EPOCHS + 1, c.epoch, c.all},
                              {"classified right", EPOCHS + 1, c.epoch, c.right},
                              {"classified wrong", EPOCHS + 1, c.epoch, c.wrong}};
    const cg_status status =
        cg_plot_svg(picture(argc, argv, "prediction_entropy.svg"), 3, drawn,
                    (cg_plot_options){.title = "Entropy of predictions while a network learns",
                                      .x_label = "epoch",
                                      .y_label = "entropy (nats)"});
    const bool begins_unsure = fabs(c.all[0] - log(10)) < 0.3, ends_sure = c.all[EPOCHS] < c.all[0] / 3;
    const bool tells = c.wrong[EPOCHS] > 2 * c.right[EPOCHS];
    return finish(dev, learned && begins_unsure && ends_sure && tells && c.accuracy > 0.9, status == CG_OK);
}
