#include "support/fitting.h"

#include "support/check.h"
#include "support/compare.h"

#include <string.h>

/* Points around (0, 0), (2, 1) and (-1, 2), the class of each; no two alike. */
cg_dataset *fitting_points(bool held_back) {
    static const float centre[3][2] = {{0, 0}, {2, 1}, {-1, 2}};
    float x[FIT_SAMPLES + FIT_HELD_BACK][2];
    int32_t label[FIT_SAMPLES + FIT_HELD_BACK];
    for (int i = 0; i < FIT_SAMPLES + FIT_HELD_BACK; i++) {
        label[i] = i % 3;
        x[i][0] = centre[i % 3][0] + 0.11F * (float)(i * 7 % 13 - 6);
        x[i][1] = centre[i % 3][1] + 0.13F * (float)(i * 5 % 11 - 5);
    }
    const int begin = held_back ? FIT_SAMPLES : 0, n = held_back ? FIT_HELD_BACK : FIT_SAMPLES;
    const cg_array features = {.dtype = CG_F32, .shape = cg_shape(n, 2), .data = x[begin]};
    const cg_array labels = {.dtype = CG_I32, .shape = cg_shape(n), .data = label + begin};
    cg_dataset *set = cg_dataset_from_arrays(&features, &labels);
    CHECK_MSG(set != NULL, "%s", cg_error_message(NULL));
    return set;
}

cg_loader *fitting_loader(cg_device *dev, bool held_back, int64_t batch, bool shuffle) {
    cg_dataset *set = fitting_points(held_back);
    cg_loader *loader = cg_loader_new(dev, set, batch, shuffle);
    cg_dataset_free(set);
    return loader;
}

bool fitting_begin(fitting *f, cg_device *dev, uint64_t seed) {
    cg_seed(dev, seed);
    *f = (fitting){.dev = dev, .net = cg_sequential(dev)};
    f->train = fitting_loader(dev, false, FIT_BATCH, true);
    f->validation = fitting_loader(dev, true, 4, true);
    cg_sequential_add(f->net, cg_linear_module(dev, 2, 6, CG_INIT_HE));
    cg_sequential_add(f->net, cg_activation_module(dev, "relu"));
    cg_sequential_add(f->net, cg_dropout_module(dev, 0.25));
    cg_sequential_add(f->net, cg_linear_module(dev, 6, 3, CG_INIT_XAVIER));
    f->optimizer = cg_adam(f->net, (cg_adam_options){.lr = 0.02});
    return CHECK_MSG(f->train && f->validation && f->optimizer && cg_error_code(dev) == CG_OK, "%s",
                     cg_error_message(dev));
}

void fitting_end(fitting *f) {
    cg_optimizer_free(f->optimizer);
    cg_module_free(f->net);
    cg_loader_free(f->train);
    cg_loader_free(f->validation);
}

bool check_same_history(const cg_history *a, const cg_history *b) {
    const int n = cg_history_epochs(a);
    if (!CHECK_MSG(n > 0 && n == cg_history_epochs(b), "%d and %d epochs", n, cg_history_epochs(b)))
        return false;
    bool same = true;
    for (int i = 0; i < n; i++) {
        cg_epoch x = *cg_history_epoch(a, i), y = *cg_history_epoch(b, i);
        x.seconds = y.seconds = 0;
        same = CHECK_MSG(memcmp(&x, &y, sizeof x) == 0,
                         "epoch %d: loss %.17g and %.17g, validation %.17g and %.17g", i, x.loss, y.loss,
                         x.validation_loss, y.validation_loss) &&
               same;
    }
    return same;
}

bool check_same_parameters(const cg_module *a, const cg_module *b) {
    bool same = CHECK(cg_parameter_count(a) > 0 && cg_parameter_count(a) == cg_parameter_count(b));
    for (int i = 0; same && i < cg_parameter_count(a); i++)
        same = check_same_bits(cg_parameter(a, i, NULL), cg_parameter(b, i, NULL));
    return same;
}

cg_tensor *scripted(void *context, cg_tensor *output, cg_tensor *target) {
    script *s = context;
    (void)output;
    (void)target;
    return cg_full(s->dev, CG_F32, cg_shape(), s->value[s->at++]);
}

bool ring(void *context, cg_trainer *t, cg_fit_event event) {
    alarm_clock *clock = context;
    (void)t;
    if (event == CG_FIT_BATCH_END && --clock->batches == 0) clock->flag = 1;
    return true;
}
