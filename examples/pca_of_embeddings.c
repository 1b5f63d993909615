/*
 * What a network sees: principal components of the images, and of the embedding that a network has learned of them.
 *
 *     scores = (x - mean) V,   V the right singular vectors of x - mean by falling singular value
 *
 * The first two components are the plane in which the points lie widest. Of the pixels it shows a cloud; of the last
 * hidden layer it shows the classes, since the layer after it can only cut with straight lines.
 */
#include "digits.h"

enum { CLASSES = 10, WIDTH = 8, EPOCHS = 40, MAX_TEST = 1000 };

/* The share of points whose nearest class mean (in the plane) is that of their own class. */
static double told_apart(cg_tensor *scores, cg_tensor *labels) {
    cg_tensor *one_hot = cg_one_hot(labels, CLASSES, CG_F32); /* (N, 10) */
    cg_tensor *count = cg_sum(one_hot, cg_axes(0), false);
    cg_tensor *means = cg_div(cg_matmul(cg_transpose(one_hot, 0, 1), scores), cg_unsqueeze(count, 1));
    return value(cg_accuracy(cg_neg(cg_squared_distances(scores, means)), labels));
}

/* The points of the plane, a colour or shape for each digit. */
static cg_status draw(const char *path, const char *title, cg_tensor *scores, cg_tensor *labels) {
    static double point[MAX_TEST][2], x[CLASSES][MAX_TEST], y[CLASSES][MAX_TEST];
    static int32_t digit[MAX_TEST];
    const int n = (int)cg_size(scores, 0);
    values(cg_cast(scores, CG_F64), point[0]);
    cg_to_host(labels, digit, (size_t)n * sizeof *digit);
    cg_curve curves[CLASSES];
    cg_curve_style styles[CLASSES];
    for (int c = 0; c < CLASSES; c++) {
        static const char *const name[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
        curves[c] = (cg_curve){name[c], 0, x[c], y[c]};
        styles[c] = CG_CURVE_DOTS;
    }
    for (int i = 0; i < n; i++) {
        cg_curve *curve = &curves[digit[i]];
        x[digit[i]][curve->n] = point[i][0];
        y[digit[i]][curve->n++] = point[i][1];
    }
    return cg_plot_svg(path, CLASSES, curves,
                       (cg_plot_options){.title = title,
                                         .x_label = "first component",
                                         .y_label = "second component",
                                         .width = 480,
                                         .height = 480,
                                         .styles = styles,
                                         .equal_axes = true});
}

/* Fits the plane, draws it, says how much it holds, and returns how well it tells digits apart. */
static double show(const char *what, const char *path, cg_tensor *x, cg_tensor *labels, cg_status *status) {
    cg_pca *pca = cg_pca_fit(x, 2, false);
    cg_pca_parts parts = {0};
    cg_pca_parameters(pca, &parts);
    cg_tensor *scores = cg_pca_transform(pca, x);
    const double held = value(cg_sum(parts.explained_variance_ratio, CG_ALL_AXES, false));
    const double apart = told_apart(scores, labels);
    printf("%s: two of %d components hold %.1f %% of the variance; nearest class mean is right for %.1f %%\n",
           what, (int)cg_size(x, 1), 100 * held, 100 * apart);
    *status = draw(path, what, scores, labels);
    cg_pca_free(pca);
    return apart;
}

/* Trains an embedding (64 -> WIDTH) together with the linear layer that reads it. */
static void learn(cg_module *embedding, cg_module *net, const cg_dataset *train) {
    cg_device *dev = cg_module_device(net);
    cg_sequential_add(net, embedding);
    cg_sequential_add(net, cg_linear_module(dev, WIDTH, CLASSES, CG_INIT_XAVIER));
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){.lr = 2e-3, .weight_decay = 1e-3});
    cg_loader *batches = cg_loader_new(dev, train, 64, true);
    cg_tensor *x, *labels;
    for (int epoch = 0; epoch < EPOCHS;) {
        cg_scope *scope = cg_scope_begin(dev);
        if (cg_loader_next(batches, &x, &labels)) {
            cg_backward(cg_cross_entropy(cg_forward(net, x), labels, CG_MEAN));
            cg_optimizer_step(adam);
        } else
            epoch++; /* also after an error, which the end of main reports */
        cg_scope_end(scope);
    }
    cg_loader_free(batches);
    cg_optimizer_free(adam);
}

int main(int argc, char **argv) {
    cg_device *dev = open_device();
    cg_dataset *train = NULL, *test = NULL;
    if (!dev || !open_digits(&train, &test)) return cg_device_close(dev), 1;
    cg_module *embedding = cg_sequential(dev), *net = cg_sequential(dev);
    cg_sequential_add(embedding, cg_mlp(dev, 3, (int64_t[]){64, 64, WIDTH}, "tanh"));
    cg_sequential_add(embedding, cg_activation_module(dev, "tanh"));
    learn(embedding, net, train);

    cg_tensor *x = NULL, *labels = NULL;
    whole_set(dev, test, &x, &labels);
    cg_status drawn[2];
    const double pixels =
        show("Pixels", picture(argc, argv, "pca_pixels.svg"), cg_flatten(x, 1, -1), labels, &drawn[0]);
    cg_tensor *learned = cg_detach(cg_forward(embedding, x));
    const double seen =
        show("Learned embedding", picture(argc, argv, "pca_embedding.svg"), learned, labels, &drawn[1]);

    cg_module_free(net);
    cg_dataset_free(train);
    cg_dataset_free(test);
    return finish(dev, seen > pixels + 0.05, drawn[0] == CG_OK && drawn[1] == CG_OK);
}
