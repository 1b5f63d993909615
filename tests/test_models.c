/* The zoo: shapes, names, errors, what sees what, and that each learns. */
#include "support/device_test.h"

#include <math.h>
#include <string.h>

CPU_TEST(models, mlp_takes_any_sample) {
    cg_module *net = cg_mlp(dev, 3, (const int64_t[]){12, 5, 2}, "gelu");
    cg_tensor *x = cg_uniform(dev, CG_F32, cg_shape(3, 1, 4, 3), 0, 1);
    check_same_bits(cg_forward(net, x), cg_forward(net, cg_reshape(x, cg_shape(3, 12))));
    check_is(cg_forward(net, x), CG_F32, cg_shape(3, 2));
    cg_module_free(net);
    CHECK_FAILS(dev, cg_mlp(dev, 3, (const int64_t[]){5, 0, 3}, "relu"), CG_ERROR_ARGUMENT, "mlp", "size 1");
}

/* The weights' spread tells the initialization: He for activations that are zero on one side, else Xavier. */
CPU_TEST(models, mlp_initialization) {
    static const struct {
        const char *activation;
        double limit;
    } known[] = {{"relu", 6.0 / 50}, {"mish", 6.0 / 50}, {"tanh", 6.0 / 90}, {"sigmoid", 6.0 / 90}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        check_case("%s", known[i].activation);
        cg_module *net = cg_mlp(dev, 3, (const int64_t[]){50, 40, 2}, known[i].activation);
        double largest = 0;
        CHECK(cg_item(cg_max(cg_abs(cg_parameter(net, 0, NULL)), CG_ALL_AXES, false), &largest) == CG_OK);
        CHECK(largest <= sqrt(known[i].limit) && largest > 0.98 * sqrt(known[i].limit));
        cg_module_free(net);
    }
}

CPU_TEST(models, lenet) {
    static const int64_t sizes[][3] = {{1, 8, 8}, {3, 9, 5}, {1, 28, 28}};
    for (int i = 0; i < 3; i++) {
        check_case("%d x %d", (int)sizes[i][1], (int)sizes[i][2]);
        cg_module *net = cg_lenet(dev, cg_shape_of(3, sizes[i]), 7);
        cg_tensor *x = cg_uniform(dev, CG_F32, cg_shape(2, sizes[i][0], sizes[i][1], sizes[i][2]), 0, 1);
        check_is(cg_forward(net, x), CG_F32, cg_shape(2, 7));
        cg_module_train(net, false);
        check_same_bits(cg_forward(net, x), cg_forward(net, x));
        cg_module_free(net);
    }
    CHECK_FAILS(dev, cg_lenet(dev, cg_shape(8, 8), 10), CG_ERROR_SHAPE, "lenet", "(8, 8)");
    CHECK_FAILS(dev, cg_lenet(dev, cg_shape(1, 3, 8), 10), CG_ERROR_SHAPE, "(1, 3, 8)");
    CHECK_FAILS(dev, cg_lenet(dev, cg_shape(1, 8, 8), 0), CG_ERROR_ARGUMENT, "0 classes");
}

CPU_TEST(models, description) {
    static const struct {
        const char *text;
        int parameters;
        int64_t elements;
        const char *activation; /* after the first linear layer */
    } known[] = {{"linear", 2, 12 * 3 + 3, NULL},
                 {"mlp:7", 4, 12 * 7 + 7 + 7 * 3 + 3, "relu"},
                 {"mlp:5,4", 6, 12 * 5 + 5 + 5 * 4 + 4 + 4 * 3 + 3, "relu"},
                 {"mlp:5,4:gelu", 6, 12 * 5 + 5 + 5 * 4 + 4 + 4 * 3 + 3, "gelu"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        check_case("%s", known[i].text);
        cg_module *net = cg_model(dev, known[i].text, cg_shape(3, 4), 3);
        if (!CHECK_MSG(net != NULL, "%s", cg_error_message(dev))) continue;
        CHECK(cg_parameter_count(net) == known[i].parameters &&
              cg_parameter_elements(net) == known[i].elements);
        check_is(cg_forward(net, cg_ones(dev, CG_F32, cg_shape(2, 3, 4))), CG_F32, cg_shape(2, 3));
        if (known[i].activation)
            CHECK(!strcmp(cg_module_kind(cg_module_child(net, "2")), known[i].activation));
        cg_module_free(net);
    }
    cg_module *net = cg_model(dev, "lenet", cg_shape(1, 8, 8), 10);
    CHECK(net != NULL && cg_module_buffer_count(net) > 0);
    cg_module_free(net);
}

CPU_TEST(models, descriptions_that_are_none) {
    static const char *const wrong[] = {"",
                                        "mpl:5",
                                        "mlp",
                                        "mlp:",
                                        "mlp:5,",
                                        "mlp:,5",
                                        "mlp:0",
                                        "mlp:-5",
                                        "mlp:5;4",
                                        "mlp:5,4,",
                                        "mlp:5 ",
                                        "mlp: 5",
                                        "mlp:5.5",
                                        "lenet:3",
                                        "linear:",
                                        "LENET",
                                        "mlp:99999999999999999999",
                                        "lene",
                                        "lenet5",
                                        "linear:2"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check_case("\"%s\"", wrong[i]);
        CHECK_FAILS(dev, cg_model(dev, wrong[i], cg_shape(1, 8, 8), 10), CG_ERROR_ARGUMENT, wrong[i],
                    "linear", "mlp:SIZES", "lenet");
    }
    CHECK_FAILS(dev, cg_model(dev, NULL, cg_shape(1, 8, 8), 10), CG_ERROR_ARGUMENT, "mlp:SIZES");
    CHECK_FAILS(dev, cg_model(dev, "mlp:5:rule", cg_shape(4, ), 2), CG_ERROR_ARGUMENT, "rule", "relu");
    CHECK_FAILS(dev, cg_model(dev, "mlp:5:", cg_shape(4, ), 2), CG_ERROR_ARGUMENT, "relu");
    CHECK_FAILS(dev, cg_model(dev, "lenet", cg_shape(64, ), 10), CG_ERROR_SHAPE, "lenet", "(64,)");
    const int64_t large = INT64_C(1) << 33;
    CHECK_FAILS(dev, cg_lenet(dev, cg_shape(1, large, large), 10), CG_ERROR_SHAPE, "lenet", "features");
    CHECK_FAILS(dev, cg_lenet(dev, cg_shape(1, 4, 1 << 30), 10), CG_ERROR_SHAPE, "lenet", "features");
    CHECK_FAILS(dev, cg_lenet(dev, cg_shape(1, 8, 8), INT64_MAX / 2), CG_ERROR_ARGUMENT, "lenet", "classes");
    CHECK_FAILS(dev, cg_model(dev, "linear", cg_shape(0, ), 10), CG_ERROR_ARGUMENT, "(0,)");
    CHECK_FAILS(dev, cg_model(dev, "linear", cg_shape(4, ), 0), CG_ERROR_ARGUMENT, "0 classes");
    CHECK(strstr(cg_model_list(), "mlp:SIZES") && strstr(cg_model_list(), "lenet"));
}

static const cg_transformer_options tiny = {
    .vocabulary = 7, .context = 6, .width = 8, .heads = 2, .layers = 2};

CPU_TEST(models, transformer) {
    cg_module *net = cg_transformer(dev, tiny);
    if (!CHECK_MSG(net != NULL, "%s", cg_error_message(dev))) return;
    static const char *const some[] = {"embedding.token",
                                       "embedding.position",
                                       "block0.attention.inner.norm.weight",
                                       "block1.mlp.inner.expand.weight",
                                       "norm.bias",
                                       "output.weight"};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        CHECK(cg_module_parameter_named(net, some[i]) != NULL);
    check_case("a token is seen by itself and what comes after, not before");
    cg_tensor *a = cg_from_i32(dev, cg_shape(1, 5), (const int32_t[]){1, 2, 3, 4, 5}),
              *b = cg_from_i32(dev, cg_shape(1, 5), (const int32_t[]){1, 2, 6, 4, 5});
    const float *p = read_raw(cg_forward(net, a)), *q = read_raw(cg_forward(net, b));
    check_is(cg_forward(net, a), CG_F32, cg_shape(1, 5, 7));
    for (int t = 0; t < 5; t++) {
        bool same = !memcmp(p + 7 * t, q + 7 * t, 7 * sizeof *p);
        CHECK_MSG(same == (t < 2), "step %d", t);
    }
    check_case("shorter sequences give the same beginning");
    const float *r = read_raw(cg_forward(net, cg_slice(a, 1, 0, 3, 1)));
    for (int i = 0; i < 21; i++) CHECK(fabsf(p[i] - r[i]) < 1e-5f);
    check_case("the same token is another one at another place");
    const float *z = read_raw(cg_forward(net, cg_zeros(dev, CG_I32, cg_shape(1, 5))));
    for (int t = 1; t < 5; t++) CHECK(memcmp(z, z + 7 * t, 7 * sizeof *z) != 0);
    check_case("refusals");
    CHECK_FAILS(dev, cg_forward(net, cg_zeros(dev, CG_I32, cg_shape(1, 7))), CG_ERROR_SHAPE, "transformer",
                "(1, 7)");
    CHECK_FAILS(dev, cg_forward(net, cg_zeros(dev, CG_I32, cg_shape(3, ))), CG_ERROR_SHAPE, "(3,)");
    CHECK_FAILS(dev, cg_forward(net, cg_zeros(dev, CG_F32, cg_shape(1, 3))), CG_ERROR_SHAPE, "embedding",
                "f32");
    cg_module_free(net);
}

CPU_TEST(models, transformer_options) {
    cg_module *usual = cg_transformer(dev, (cg_transformer_options){.vocabulary = 5});
    check_is(cg_module_parameter_named(usual, "embedding.position"), CG_F32, cg_shape(64, 64));
    CHECK(cg_module_child_count(usual) == 5 && cg_module_child(usual, "block1.mlp") != NULL);
    cg_module_free(usual);
    cg_transformer_options with_dropout = tiny, o;
    with_dropout.dropout = 0.3;
    cg_module *net = cg_transformer(dev, with_dropout);
    cg_tensor *x = cg_zeros(dev, CG_I32, cg_shape(2, 4));
    const float *a = read_raw(cg_forward(net, x)), *b = read_raw(cg_forward(net, x));
    CHECK(memcmp(a, b, 56 * sizeof *a) != 0);
    cg_module_train(net, false);
    check_same_bits(cg_forward(net, x), cg_forward(net, x));
    cg_module_free(net);
    for (int i = 0; i < 11; i++) {
        o = tiny;
        if (i == 0) o.vocabulary = 0;
        if (i == 1) o.heads = 3;
        if (i == 2) o.context = -1;
        if (i == 3) o.layers = -1;
        if (i == 4) o.dropout = 1;
        if (i == 5) o.dropout = (double)NAN;
        if (i == 6) o.width = -8;
        if (i == 7) o.width = INT64_C(1) << 62;
        if (i == 8) o.vocabulary = INT64_C(1) << 62;
        if (i == 9) o.context = INT64_C(1) << 62;
        if (i == 10) o.layers = 1025;
        check_case("option %d", i);
        CHECK_FAILS(dev, cg_transformer(dev, o), CG_ERROR_ARGUMENT, "transformer", "heads");
    }
}

/* Loss of a model that trains on one small batch for some steps. */
static double trained_loss(cg_module *net, cg_tensor *x, cg_tensor *labels, int steps) {
    cg_device *dev = cg_module_device(net);
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){.lr = 0.01});
    double value = (double)NAN;
    for (int i = 0; i < steps; i++) {
        cg_scope *scope = cg_scope_begin(dev);
        cg_tensor *logits = cg_forward(net, x);
        logits = cg_reshape(logits, cg_shape(-1, cg_size(logits, -1)));
        cg_tensor *loss = cg_cross_entropy(logits, cg_reshape(labels, cg_shape(-1, )), CG_MEAN);
        bool ok = CHECK_MSG(cg_backward(loss) == CG_OK && cg_optimizer_step(adam) == CG_OK, "%s",
                            cg_error_message(dev));
        if (!ok || i == steps - 1) cg_item(loss, &value);
        cg_scope_end(scope);
        if (!ok) break;
    }
    cg_optimizer_free(adam);
    return value;
}

CPU_TEST(models, each_learns_a_batch) {
    cg_seed(dev, 1);
    cg_tensor *x = cg_uniform(dev, CG_F32, cg_shape(8, 1, 8, 8), 0, 1),
              *labels = cg_integers(dev, CG_I32, cg_shape(8, ), 0, 4);
    static const char *const models[] = {"linear", "mlp:16", "lenet"};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        check_case("%s", models[i]);
        cg_module *net = cg_model(dev, models[i], cg_shape(1, 8, 8), 4);
        double loss = trained_loss(net, x, labels, 40);
        CHECK_MSG(loss < 0.7, "the loss is %g", loss);
        cg_module_free(net);
    }
    check_case("transformer");
    cg_module *net = cg_transformer(dev, tiny);
    cg_tensor *text = cg_from_i32(dev, cg_shape(1, 6), (const int32_t[]){1, 2, 3, 1, 4, 5}),
              *next = cg_from_i32(dev, cg_shape(1, 6), (const int32_t[]){2, 3, 1, 4, 5, 6});
    double loss = trained_loss(net, text, next, 60);
    CHECK_MSG(loss < 0.2, "the loss is %g", loss);
    cg_module_free(net);
}
