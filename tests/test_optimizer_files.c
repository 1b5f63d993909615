/* What an optimizer has gathered, to files and back: bit for bit, or not at all. */
#include "support/device_test.h"
#include "support/files.h"

#include <string.h>

static cg_module *small_net(cg_device *dev, uint64_t seed) {
    cg_seed(dev, seed);
    return cg_mlp(dev, 3, (const int64_t[]){3, 4, 2}, "tanh");
}

/* Steps on sum (p - 1/2)^2, whatever the network computes. */
static void train(cg_device *dev, cg_module *net, cg_optimizer *o, int steps) {
    for (int i = 0; i < steps; i++) {
        cg_scope *scope = cg_scope_begin(dev);
        cg_tensor *loss = cg_zeros(dev, CG_F32, cg_shape());
        for (int k = 0; k < cg_parameter_count(net); k++)
            loss =
                cg_add(loss, cg_sum(cg_square(cg_sub(cg_parameter(net, k, NULL), 0.5)), CG_ALL_AXES, false));
        CHECK(cg_backward(loss) == CG_OK);
        CHECK_MSG(cg_optimizer_step(o) == CG_OK, "%s", cg_error_message(dev));
        cg_scope_end(scope);
    }
}

static void check_same_net(cg_module *a, cg_module *b) {
    for (int i = 0; i < cg_parameter_count(a); i++)
        check_same_bits(cg_parameter(a, i, NULL), cg_parameter(b, i, NULL));
}

static cg_optimizer *rmsprop(cg_module *net, double lr) {
    return cg_rmsprop(net, (cg_rmsprop_options){.lr = lr, .centered = true, .momentum = 0.5, .l1 = 0.01});
}

/* Trained on after a stop, into a network and an optimizer that began otherwise: the same bits. */
COMPOSED_TEST(small_optimizer_files, training_goes_on_as_if_it_had_not_stopped) {
    cg_module *a = small_net(dev, 1), *b = small_net(dev, 2);
    cg_optimizer *first = rmsprop(a, 0.02), *second = rmsprop(b, 0.5);
    const char *weights = test_path("weights.safetensors"), *state = test_path("state.safetensors");
    CHECK(cg_optimizer_group(first, "*.bias",
                             (cg_optimizer_group_options){.no_decay = true, .lr_factor = 0.25}) == CG_OK);
    train(dev, a, first, 4);
    cg_optimizer_set_lr(first, 0.01);
    CHECK(cg_module_save(a, weights) == CG_OK);
    CHECK_MSG(cg_optimizer_save(first, state) == CG_OK, "%s", cg_error_message(dev));
    train(dev, a, first, 3);
    train(dev, b, second, 2);
    CHECK(cg_module_load(b, weights) == CG_OK);
    CHECK_MSG(cg_optimizer_load(second, state) == CG_OK, "%s", cg_error_message(dev));
    CHECK(cg_optimizer_steps(second) == 4 && cg_optimizer_lr(second) == 0.01);
    train(dev, b, second, 3);
    check_same_net(a, b);
    CHECK(!strcmp(cg_optimizer_settings(first), cg_optimizer_settings(second)));
    cg_optimizer_free(first);
    cg_optimizer_free(second);
    cg_module_free(a);
    cg_module_free(b);
    remove_test_folder();
}

/* Module, optimizer and something else in one file. */
static cg_status save_together(cg_module *net, cg_optimizer *o, const char *path) {
    enum { MOST = 32 };
    cg_named_tensor entry[MOST];
    const int n = cg_parameter_count(net), states = cg_optimizer_state_count(o);
    for (int i = 0; i < n; i++) entry[i].tensor = cg_parameter(net, i, &entry[i].name);
    for (int i = 0; i < states; i++) {
        const char *name;
        entry[n + i].tensor = cg_optimizer_state(o, i, &name);
        char *full = scratch(strlen(name) + 16);
        sprintf(full, "adam/%s", name);
        entry[n + i].name = full;
    }
    const char *const metadata[][2] = {{"adam/optimizer", cg_optimizer_settings(o)}, {"epoch", "7"}};
    return cg_safetensors_save(path, n + states, entry, 2, metadata);
}

CPU_TEST(optimizer_files, a_checkpoint_may_hold_more) {
    cg_module *a = small_net(dev, 1), *b = small_net(dev, 1);
    cg_optimizer *first = cg_adam(a, (cg_adam_options){.lr = 0.1, .amsgrad = true});
    cg_optimizer *second = cg_adam(b, (cg_adam_options){.beta1 = 0.5, .amsgrad = true});
    train(dev, a, first, 3);
    CHECK(cg_optimizer_state_count(first) == 12);
    const char *path = test_path("all.safetensors"), *name;
    CHECK(save_together(a, first, path) == CG_OK);
    cg_safetensors *file = cg_safetensors_open(path);
    CHECK_MSG(cg_optimizer_load_from(second, file, "adam/") == CG_OK, "%s", cg_error_message(dev));
    cg_safetensors_close(file);
    for (int i = 0; i < 12; i++)
        check_same_bits(cg_optimizer_state(first, i, NULL), cg_optimizer_state(second, i, NULL));
    CHECK(cg_optimizer_momentum(second) == 0.9);
    CHECK(cg_optimizer_state(second, 5, &name) && !strcmp(name, "1.bias.max_exp_avg_sq"));
    CHECK(cg_optimizer_state(second, 12, &name) == NULL);
    check_error(dev, CG_ERROR_ARGUMENT, "optimizer_state: 12 of 12 states", NULL);
    CHECK(cg_optimizer_state_count(NULL) == 0 && !cg_optimizer_state(NULL, 0, NULL) &&
          !cg_optimizer_settings(NULL));
    cg_optimizer_set_steps(second, 9);
    cg_optimizer_set_steps(NULL, 9);
    CHECK(cg_optimizer_steps(second) == 9 && strstr(cg_optimizer_settings(second), "\"steps\":[9,9,9,9]"));
    cg_optimizer_free(first);
    cg_optimizer_free(second);
    cg_module_free(a);
    cg_module_free(b);
    remove_test_folder();
}

/* An optimizer that must not change while loading fails. */
typedef struct untouched {
    cg_device *dev;
    cg_optimizer *o;
    char *settings;
    cg_tensor *state[8];
} untouched;

static void check_refused(const untouched *u, const char *path, cg_status code, const char *message) {
    check_case("%s", message);
    CHECK(cg_optimizer_load(u->o, path) == code);
    check_error(u->dev, code, message, NULL);
    CHECK(!strcmp(u->settings, cg_optimizer_settings(u->o)));
    for (int i = 0; i < cg_optimizer_state_count(u->o); i++)
        check_same_bits(u->state[i], cg_optimizer_state(u->o, i, NULL));
}

/* A file of states that are not the optimizer's, with these settings; NULL: none. */
static const char *with_settings(cg_optimizer *o, const char *settings) {
    cg_named_tensor entry[8];
    const int n = cg_optimizer_state_count(o);
    for (int i = 0; i < n; i++) entry[i].tensor = cg_add(cg_optimizer_state(o, i, &entry[i].name), 1);
    const char *const metadata[][2] = {{"optimizer", settings}};
    const char *path = test_path("settings.safetensors");
    CHECK(cg_safetensors_save(path, n, entry, settings ? 1 : 0, metadata) == CG_OK);
    return path;
}

/* The settings with the first `old` replaced by `new`. */
static char *replaced(const char *settings, const char *old, const char *new) {
    const char *at = strstr(settings, old);
    char *text = scratch(strlen(settings) + strlen(new) + 1);
    if (!CHECK_MSG(at != NULL, "no %s in %s", old, settings)) return text;
    sprintf(text, "%.*s%s%s", (int)(at - settings), settings, new, at + strlen(old));
    return text;
}

static void check_bad_settings(const untouched *u) {
    static const char damaged[] = "the settings of parameter 0 are damaged",
                      lacks[] = "the settings lack a number";
    static const char *const edits[][3] = {
        {"{", "", "the settings are no JSON"},
        {"\"kind\":\"adam\"", "\"kind\":\"sgd\"", "the file is of 'sgd', expected 'adam'"},
        {"\"kind\":\"adam\"", "\"kind\":3", "the file is of '', expected 'adam'"},
        {"\"states\":2", "\"states\":3", "another variant of adam, expected one of 2 states"},
        {"\"states\":2", "\"states\":\"2\"", "another variant of adam, expected one of 2 states"},
        {"\"lr\":", "\"rate\":", lacks},
        {"\"steps\":", "\"steps\":-", lacks},
        {"\"l1\":\"", "\"l1\":\"-1", lacks},
        {"\"l1\":\"", "\"l1\":\" ", lacks},
        {"\"lr\":\"", "\"lr\":\"x", lacks},
        {"\"lr\":\"", "\"lr\":7,\"rate\":\"", lacks},
        {"\"decoupled\":false", "\"decoupled\":0", lacks},
        {"\"beta1\":", "\"beta3\":", lacks},
        {"\"beta1\":\"0x1ccccccccccccdp-53\"", "\"beta1\":\"0x1p0\"", lacks},
        {"\"steps\":2,", "\"steps\":9223372036854775807,", lacks},
        {"\"steps\":[2", "\"steps\":[9223372036854775807", damaged},
        {"\"beta1\":", "\"beta3\":\"0\",\"beta1\":", lacks},
        {"\"lr_factor\":[", "\"lr_factor\":[\"-1\",", damaged},
        {"\"frozen\":[", "\"frozen\":[1,", damaged},
        {"\"steps\":[", "\"steps\":[1.5,", "the settings are of 5 parameters, expected 4"},
        {"\"parameters\"", "\"tensors\"", "the settings are of 0 parameters, expected 4"},
    };
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++)
        check_refused(u, with_settings(u->o, replaced(u->settings, edits[i][0], edits[i][1])),
                      CG_ERROR_FORMAT, edits[i][2]);
    check_refused(u, with_settings(u->o, NULL), CG_ERROR_FORMAT, "the file has no metadata 'optimizer'");
}

CPU_TEST(optimizer_files, errors_leave_everything_as_it_was) {
    cg_module *net = small_net(dev, 1), *wide = cg_mlp(dev, 3, (const int64_t[]){3, 5, 2}, "tanh");
    untouched u = {.dev = dev, .o = cg_adam(net, (cg_adam_options){.lr = 0.01})};
    cg_optimizer *amsgrad = cg_adam(net, (cg_adam_options){.amsgrad = true}),
                 *other = cg_adam(wide, (cg_adam_options){0});
    cg_optimizer *centered = cg_rmsprop(net, (cg_rmsprop_options){.centered = true});
    const char *path = test_path("other.safetensors");
    train(dev, net, u.o, 2);
    const char *settings = cg_optimizer_settings(u.o);
    u.settings = strcpy(scratch(strlen(settings) + 1), settings);
    CHECK(cg_optimizer_load(u.o, with_settings(u.o, u.settings)) == CG_OK);
    for (int i = 0; i < 8; i++) u.state[i] = cg_eval(cg_clone(cg_optimizer_state(u.o, i, NULL)));
    CHECK(cg_optimizer_save(amsgrad, path) == CG_OK);
    check_refused(&u, path, CG_ERROR_FORMAT, "the file has 12 tensors, expected 8");
    CHECK(cg_optimizer_save(centered, path) == CG_OK);
    check_refused(&u, path, CG_ERROR_FORMAT, "the file has no 1.weight.exp_avg");
    CHECK(cg_optimizer_save(other, path) == CG_OK);
    check_refused(&u, path, CG_ERROR_FORMAT,
                  "1.weight.exp_avg is f32 (3, 5) in the file, expected f32 (3, 4)");
    check_refused(&u, test_path("nothing.safetensors"), CG_ERROR_IO, "nothing.safetensors");
    check_bad_settings(&u);
    CHECK(cg_optimizer_save(u.o, "/no/such/folder/x") == CG_ERROR_IO);
    check_error(dev, CG_ERROR_IO, "optimizer_save", "/no/such/folder", NULL);
    CHECK(cg_optimizer_save(NULL, path) != CG_OK && cg_optimizer_load(NULL, path) != CG_OK);
    CHECK(cg_optimizer_save(u.o, NULL) != CG_OK && cg_optimizer_load(u.o, NULL) != CG_OK);
    CHECK(cg_optimizer_load_from(u.o, NULL, "") != CG_OK);
    cg_optimizer_set_lr(u.o, -1);
    CHECK(cg_optimizer_settings(u.o) == NULL && cg_optimizer_save(u.o, path) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "the lr is -1", NULL);
    cg_optimizer *all[] = {u.o, amsgrad, other, centered};
    for (int i = 0; i < 4; i++) cg_optimizer_free(all[i]);
    cg_module_free(net);
    cg_module_free(wide);
    remove_test_folder();
}

/* A kind's variants have states of the same names: the one must not take those of the other. */
CPU_TEST(optimizer_files, other_variants_are_refused) {
    cg_module *net = small_net(dev, 1);
    cg_optimizer *of[][2] = {
        {cg_adam(net, (cg_adam_options){.amsgrad = true}), cg_adam(net, (cg_adam_options){0})},
        {cg_rmsprop(net, (cg_rmsprop_options){.centered = true}), cg_rmsprop(net, (cg_rmsprop_options){0})},
        {cg_rmsprop(net, (cg_rmsprop_options){.centered = true, .momentum = 0.5}),
         cg_rmsprop(net, (cg_rmsprop_options){.momentum = 0.5})}};
    const char *path = test_path("variant.safetensors");
    for (int i = 0; i < 3; i++) {
        check_case("variant %d", i);
        train(dev, net, of[i][0], 2);
        CHECK(cg_optimizer_save(of[i][0], path) == CG_OK);
        cg_tensor *before = cg_eval(cg_clone(cg_optimizer_state(of[i][1], 0, NULL)));
        cg_safetensors *file = cg_safetensors_open(path);
        CHECK(cg_optimizer_load_from(of[i][1], file, "") == CG_ERROR_FORMAT);
        check_error(dev, CG_ERROR_FORMAT, "optimizer_load", "states", NULL);
        cg_safetensors_close(file);
        check_same_bits(before, cg_optimizer_state(of[i][1], 0, NULL));
        CHECK(cg_optimizer_steps(of[i][1]) == 0);
        for (int k = 0; k < 2; k++) cg_optimizer_free(of[i][k]);
    }
    cg_module_free(net);
    remove_test_folder();
}
