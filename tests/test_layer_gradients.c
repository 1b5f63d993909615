/*
 * Every layer as a module, in f64: first and second gradients to its input and its parameters against numerical ones, in
 * training and in evaluation mode. A constructor that the public headers declare and this list lacks fails here.
 */
#include "support/device_test.h"
#include "support/files.h"
#include "support/gradients.h"

#include <dirent.h>
#include <string.h>

enum { MOST_PARAMETERS = 32 };

/* A layer, and what it is given. */
typedef struct layer {
    const char *constructor; /* cg_<constructor> */
    const char *how;
    cg_module *(*make)(cg_device *dev);
    cg_dims x;
    bool takes_indices;
} layer;

/* --- the list ----------------------------------------------------------------------------------------------------- */

#define MAKE(name, expression)                                                                               \
    static cg_module *name(cg_device *dev) { return expression; }

MAKE(linear, cg_linear_module(dev, 3, 2, CG_INIT_XAVIER))
MAKE(prelu, cg_prelu_module(dev, 1))
MAKE(prelu_of_channels, cg_prelu_module(dev, 3))
MAKE(softmax, cg_softmax_module(dev, 1))
MAKE(dropout, cg_dropout_module(dev, 0.4))
MAKE(flatten, cg_flatten_module(dev))
MAKE(reshape, cg_reshape_module(dev, cg_shape(3, -1)))
MAKE(embedding, cg_embedding_module(dev, 5, 3, CG_NO_PADDING))
MAKE(residual, cg_residual_module(cg_linear_module(dev, 3, 3, CG_INIT_XAVIER), NULL))
MAKE(residual_beside,
     cg_residual_module(cg_linear_module(dev, 3, 2, CG_INIT_XAVIER), cg_linear_module(dev, 3, 2, CG_INIT_HE)))
MAKE(conv1d, cg_conv1d_module(dev, 2, 4, 3, (cg_conv_options){.stride = {2}, .padding = {1}, .groups = 2}))
MAKE(conv2d, cg_conv2d_module(dev, 2, 3, 3, 2, (cg_conv_options){.stride = {2}, .padding = {1, 1}}))
MAKE(conv_transpose1d, cg_conv_transpose1d_module(dev, 2, 3, 3, (cg_conv_options){.stride = {2}}))
MAKE(conv_transpose2d, cg_conv_transpose2d_module(dev, 2, 2, 2, 3, (cg_conv_options){.dilation = {2, 1}}))
MAKE(max_pool2d, cg_max_pool2d_module(dev, 2, 2, (cg_pool_options){.stride = {1, 1}}))
MAKE(avg_pool2d, cg_avg_pool2d_module(dev, 2, 2, (cg_pool_options){.padding = {1, 1}}))
MAKE(global_avg_pool, cg_global_avg_pool_module(dev))
MAKE(layer_norm, cg_layer_norm_module(dev, cg_shape(4), 1e-5))
MAKE(rms_norm, cg_rms_norm_module(dev, cg_shape(4), 1e-5))
MAKE(group_norm, cg_group_norm_module(dev, 2, 4, 1e-5))
MAKE(batch_norm, cg_batch_norm_module(dev, 3, 0.1, 1e-5))
MAKE(attention, cg_multi_head_attention_module(dev, 4, 2, (cg_multi_head_attention_options){.causal = true}))
MAKE(attention_dropout,
     cg_multi_head_attention_module(dev, 4, 2, (cg_multi_head_attention_options){.dropout = 0.3}))
MAKE(rnn, cg_rnn_module(dev, 2, 2, (cg_recurrent_options){0}))
MAKE(lstm, cg_lstm_module(dev, 2, 2, (cg_recurrent_options){0}))
MAKE(gru, cg_gru_module(dev, 2, 2, (cg_recurrent_options){0}))

static const layer layers[] = {
    {"linear_module", "", linear, {3, {2, 2, 3}}, false},
    {"prelu_module", "one slope", prelu, {2, {3, 4}}, false},
    {"prelu_module", "channels", prelu_of_channels, {3, {2, 3, 2}}, false},
    {"softmax_module", "", softmax, {3, {2, 3, 2}}, false},
    {"dropout_module", "", dropout, {2, {3, 4}}, false},
    {"flatten_module", "", flatten, {3, {2, 3, 2}}, false},
    {"reshape_module", "", reshape, {2, {2, 6}}, false},
    {"embedding_module", "", embedding, {2, {2, 4}}, true},
    {"residual_module", "identity", residual, {2, {2, 3}}, false},
    {"residual_module", "shortcut", residual_beside, {2, {2, 3}}, false},
    {"conv1d_module", "", conv1d, {3, {2, 2, 6}}, false},
    {"conv2d_module", "", conv2d, {4, {2, 2, 4, 3}}, false},
    {"conv_transpose1d_module", "", conv_transpose1d, {3, {2, 2, 3}}, false},
    {"conv_transpose2d_module", "", conv_transpose2d, {4, {1, 2, 3, 2}}, false},
    {"max_pool2d_module", "", max_pool2d, {4, {1, 2, 3, 3}}, false},
    {"avg_pool2d_module", "", avg_pool2d, {4, {1, 2, 3, 3}}, false},
    {"global_avg_pool_module", "", global_avg_pool, {4, {2, 2, 2, 3}}, false},
    {"layer_norm_module", "", layer_norm, {2, {3, 4}}, false},
    {"rms_norm_module", "", rms_norm, {2, {3, 4}}, false},
    {"group_norm_module", "", group_norm, {3, {2, 4, 2}}, false},
    {"batch_norm_module", "", batch_norm, {3, {2, 3, 2}}, false},
    {"multi_head_attention_module", "causal", attention, {3, {1, 3, 4}}, false},
    {"multi_head_attention_module", "dropout", attention_dropout, {3, {1, 3, 4}}, false},
    {"rnn_module", "", rnn, {3, {2, 3, 2}}, false},
    {"lstm_module", "", lstm, {3, {1, 3, 2}}, false},
    {"gru_module", "", gru, {3, {1, 3, 2}}, false},
};

enum { LAYERS = sizeof layers / sizeof *layers };

/* --- the check ---------------------------------------------------------------------------------------------------------- */

/*
 * A shuffled grid of step 0.1 around 0 whose points lie 0.05 from all whole and half numbers: no maximum of two elements
 * and no kink of an activation is nearer than the checker's steps reach.
 */
static cg_tensor *grid(cg_device *dev, cg_dims shape, uint64_t *seed) {
    int64_t n = cg_shape_numel(shape);
    double *v = scratch((size_t)n * sizeof *v);
    for (int64_t i = 0; i < n; i++) v[i] = 0.1 * (double)(i - n / 2) + 0.05;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = random_below(seed, i + 1);
        double kept = v[i];
        v[i] = v[j];
        v[j] = kept;
    }
    return cg_from_f64(dev, shape, v);
}

static cg_tensor *indices(cg_device *dev, cg_dims shape, uint64_t *seed) {
    return cg_from_i64(dev, shape, random_values(CG_I64, cg_shape_numel(shape), 0, 4, seed));
}

typedef struct subject {
    cg_module *module;
    cg_tensor *index; /* the input where it has no gradient */
} subject;

/* The module as a function of its parameters and, last, its input. The same masks each time. */
static cg_tensor *run(void *context, int n, cg_tensor *const *x) {
    const subject *s = context;
    cg_seed(cg_module_device(s->module), 11);
    return cg_forward_with(s->module, x, s->index ? s->index : x[n - 1]);
}

/* Parameters as they start, each number moved, so that no bias is 0 and no weight of a norm is 1. */
static int moved_parameters(cg_module *module, cg_tensor **x, uint64_t *seed) {
    int n = cg_parameter_count(module);
    for (int i = 0; i < n; i++) {
        cg_tensor *p = cg_detach(cg_parameter(module, i, NULL));
        x[i] = cg_clone(cg_add(p, random_f64(cg_device_of(p), cg_shape_get(p), -0.3, 0.3, 0.02, seed)));
    }
    return n;
}

static void check_layer(cg_device *dev, const layer *l, bool training) {
    check_case("%s %s %s", l->constructor, l->how, training ? "training" : "evaluation");
    uint64_t seed = 5;
    cg_seed(dev, 3);
    cg_module *module = l->make(dev);
    if (!CHECK_MSG(module && cg_module_set_dtype(module, CG_F64) == CG_OK, "%s", cg_error_message(dev))) {
        cg_error_clear(dev);
        cg_module_free(module);
        return;
    }
    cg_module_train(module, training);
    cg_tensor *x[MOST_PARAMETERS + 1];
    int n = moved_parameters(module, x, &seed);
    subject s = {module, l->takes_indices ? indices(dev, l->x, &seed) : NULL};
    if (!s.index) x[n++] = grid(dev, l->x, &seed);
    check_gradient(run, &s, n, x);
    check_second_gradient(run, &s, n, x);
    cg_module_free(module);
}

CPU_TEST(layer_gradients, training) {
    for (int i = 0; i < LAYERS; i++) check_layer(dev, &layers[i], true);
}

/* Where evaluation is another function than training. */
CPU_TEST(layer_gradients, evaluation) {
    static const char *const differs[] = {"dropout_module", "batch_norm_module",
                                          "multi_head_attention_module"};
    for (int i = 0; i < LAYERS; i++)
        for (size_t k = 0; k < sizeof differs / sizeof *differs; k++)
            if (!strcmp(layers[i].constructor, differs[k])) check_layer(dev, &layers[i], false);
}

/* Activations have no parameters and gradients of their own in the catalog: here, that the module is made of them. */
CPU_TEST(layer_gradients, activations) {
    static const char *const names[] = {
        "relu",     "leaky_relu", "relu6",     "sigmoid", "log_sigmoid", "hardsigmoid", "tanh",  "hardtanh",
        "swish",    "silu",       "hardswish", "gelu",    "gelu_tanh",   "elu",         "selu",  "celu",
        "softplus", "softsign",   "mish",      "softmax", "log_softmax", "glu",         "swiglu"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        check_case("%s", names[i]);
        uint64_t seed = 8;
        subject s = {cg_activation_module(dev, names[i]), NULL};
        cg_tensor *x = grid(dev, cg_shape(2, 4), &seed);
        check_gradient(run, &s, 1, &x);
        check_second_gradient(run, &s, 1, &x);
        cg_module_free(s.module);
    }
}

/* --- nothing escapes ----------------------------------------------------------------------------------------------------- */

/* Checked above, or without anything to check. */
static bool is_listed(const char *constructor) {
    if (!strcmp(constructor, "activation_module") || !strcmp(constructor, "custom_module")) return true;
    for (int i = 0; i < LAYERS; i++)
        if (!strcmp(layers[i].constructor, constructor)) return true;
    return false;
}

static int check_header(const char *path) {
    char line[512], name[64];
    int found = 0;
    FILE *file = fopen(path, "r");
    if (!CHECK_MSG(file != NULL, "%s cannot be read", path)) return 0;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "CG_API cg_module *cg_%63[a-z0-9_](", name) != 1 || !strstr(name, "_module"))
            continue;
        if (!strstr(line, "(cg_device *dev") && !strstr(line, "(cg_module *inner"))
            continue; /* it makes none */
        CHECK_MSG(is_listed(name), "%s: cg_%s is not in the list of test_layer_gradients.c", path, name);
        found++;
    }
    fclose(file);
    return found;
}

HOST_TEST(layer_gradients, every_constructor_is_listed) {
    DIR *folder = opendir(source_path("include/clgrad"));
    if (!folder) cr_skip_test("the sources are not here");
    int found = 0;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        char relative[512];
        snprintf(relative, sizeof relative, "include/clgrad/%s", entry->d_name);
        if (strstr(entry->d_name, ".h")) found += check_header(source_path(relative));
    }
    closedir(folder);
    CHECK_MSG(found >= 24, "only %d constructors were found", found);
}
