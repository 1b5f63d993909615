/*
 * The complete network of the pseudocode paper (section 18.3): images to [0, 1], Xavier's weights, two hidden layers with
 * Swish, an output with Sigmoid, the squared error, Adam, a log line every 10 epochs, and a stop under epsilon.
 *
 *     h1 = swish(x w1 + b1)    h2 = swish(h1 w2 + b2)    y = sigmoid(h2 w3 + b3)    L = mean (y - t)^2
 *
 * What slips in the paper's listings is right here: the derivative of Swish is s + x s (1 - s), not that of the sigmoid;
 * Adam moves the parameter and not the gradient, and adds its epsilon after the root.
 */
#include "digits.h"

enum { MAX_EPOCHS = 200, BATCH = 64, CLASSES = 10 };
static const double epsilon = 5e-4; /* the loss under which it stops */

static cg_module *network(cg_device *dev) {
    cg_module *net = cg_sequential(dev);
    cg_sequential_add(net, cg_flatten_module(dev)); /* (B, 1, 8, 8) -> (B, 64) */
    cg_sequential_add(net, cg_linear_module(dev, 64, 64, CG_INIT_XAVIER));
    cg_sequential_add(net, cg_activation_module(dev, "swish"));
    cg_sequential_add(net, cg_linear_module(dev, 64, 32, CG_INIT_XAVIER));
    cg_sequential_add(net, cg_activation_module(dev, "swish"));
    cg_sequential_add(net, cg_linear_module(dev, 32, CLASSES, CG_INIT_XAVIER));
    cg_sequential_add(net, cg_activation_module(dev, "sigmoid"));
    return net;
}

static cg_tensor *loss_of(cg_module *net, cg_tensor *x, cg_tensor *labels) {
    return cg_mse_loss(cg_forward(net, x), cg_one_hot(labels, CLASSES, CG_F32), CG_MEAN);
}

/* One pass over the data in mini-batches, shuffled. Returns the mean loss. */
static double train_epoch(cg_module *net, cg_optimizer *adam, cg_loader *batches) {
    double sum = 0;
    cg_tensor *x, *labels;
    for (bool more = true; more;) {
        cg_scope *scope = cg_scope_begin(cg_module_device(net));
        more = cg_loader_next(batches, &x, &labels);
        if (more) {
            cg_tensor *loss = loss_of(net, x, labels);
            cg_backward(loss);
            cg_optimizer_step(adam);
            sum += value(loss);
        }
        cg_scope_end(scope);
    }
    return sum / (double)cg_loader_batches(batches);
}

int main(int argc, char **argv) {
    cg_device *dev = open_device();
    cg_dataset *train = NULL, *test = NULL;
    if (!dev || !open_digits(&train, &test)) return cg_device_close(dev), 1;
    cg_module *net = network(dev);
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){.lr = 0.002});
    cg_loader *batches = cg_loader_new(dev, train, BATCH, true);
    cg_tensor *x = NULL, *labels = NULL;
    whole_set(dev, test, &x, &labels);

    double epochs[MAX_EPOCHS], losses[MAX_EPOCHS], held_back[MAX_EPOCHS];
    int epoch = 0;
    do {
        epochs[epoch] = epoch + 1;
        losses[epoch] = train_epoch(net, adam, batches);
        cg_scope *scope = cg_scope_begin(dev);
        held_back[epoch] = value(loss_of(net, x, labels));
        cg_scope_end(scope);
        if (epoch % 10 == 0)
            printf("epoch %3d  loss %.6f  held back %.6f\n", epoch + 1, losses[epoch], held_back[epoch]);
    } while (losses[epoch++] >= epsilon && epoch < MAX_EPOCHS);
    const double accuracy = value(cg_accuracy(cg_forward(net, x), labels));
    printf("epoch %3d  loss %.6f (epsilon %g); %.2f %% of the held-back images are recognized\n", epoch,
           losses[epoch - 1], epsilon, 100 * accuracy);

    cg_loader_free(batches);
    cg_optimizer_free(adam);
    cg_module_free(net);
    cg_dataset_free(train);
    cg_dataset_free(test);
    const cg_curve curves[] = {{"training", epoch, epochs, losses}, {"held back", epoch, epochs, held_back}};
    const cg_status status =
        cg_plot_svg(picture(argc, argv, "paper_network.svg"), 2, curves,
                    (cg_plot_options){.title = "The paper's network on handwritten digits",
                                      .x_label = "epoch",
                                      .y_label = "mean squared error",
                                      .log_y = true});
    return finish(dev, losses[epoch - 1] < epsilon && accuracy > 0.96, status == CG_OK);
}
