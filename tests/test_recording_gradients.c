/* Recordings that are no whole step, or whose optimizer has changed: refused, before anything is done wrong. */
#include "support/files.h"
#include "support/one_parameter.h"

typedef struct trained {
    cg_module *module;
    cg_optimizer *sgd;
    double start[ONE_PARAMETER];
} trained;

static trained trained_new(cg_device *dev) {
    trained t;
    t.module = one_parameter(dev, CG_F32, t.start);
    t.sgd = cg_sgd(t.module, (cg_sgd_options){.lr = 1});
    return t;
}

static void trained_free(trained *t) {
    cg_optimizer_free(t->sgd);
    cg_module_free(t->module);
}

/* d/dp sum(p) = 1: a step takes 1 from every element. */
static void backward(const trained *t) {
    cg_device *dev = cg_device_of(cg_parameter(t->module, 0, NULL));
    cg_scope *scope = cg_scope_begin(dev);
    CHECK(cg_backward(cg_sum(cg_parameter(t->module, 0, NULL), CG_ALL_AXES, false)) == CG_OK);
    cg_scope_end(scope);
}

/* The parameter is where `steps` steps of 1 have taken it. */
static void has_moved(const trained *t, double steps) {
    long double want[ONE_PARAMETER];
    for (int i = 0; i < ONE_PARAMETER; i++) want[i] = t->start[i] - steps;
    check_equal(cg_parameter(t->module, 0, NULL), CG_F32, cg_shape(ONE_PARAMETER), want);
}

static void refused(cg_device *dev, cg_status code, const char *why) {
    CHECK(cg_record_end(dev) == NULL);
    check_error(dev, code, why, NULL);
}

CPU_TEST(recording_gradients, those_left_at_a_leaf_are_refused) {
    trained t = trained_new(dev);
    CHECK(cg_record_begin(dev) == CG_OK);
    backward(&t);
    refused(dev, CG_ERROR_STATE, "cg_zero_grad");
    check_case("a step alone reads what was made before it");
    CHECK(cg_record_begin(dev) == CG_OK && cg_optimizer_step(t.sgd) == CG_ERROR_STATE);
    refused(dev, CG_ERROR_STATE, "made before it");
    has_moved(&t, 0);
    check_case("so does one that adds to them");
    CHECK(cg_record_begin(dev) == CG_OK);
    CHECK(cg_backward(cg_sum(cg_parameter(t.module, 0, NULL), CG_ALL_AXES, false)) == CG_ERROR_STATE);
    refused(dev, CG_ERROR_STATE, "made before it");
    trained_free(&t);
}

CPU_TEST(recording_gradients, those_consumed_or_forgotten_within_it_are_not) {
    trained t = trained_new(dev);
    backward(&t);
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_module_zero_grad(t.module); /* of those from before, which nobody has read */
    backward(&t);
    CHECK(cg_clip_grad_value(t.module, 10) == CG_OK);
    CHECK(cg_optimizer_step(t.sgd) == CG_OK);
    backward(&t);
    backward(&t);
    CHECK(cg_optimizer_step(t.sgd) == CG_OK);
    cg_recording *r = cg_record_end(dev);
    CHECK_MSG(r != NULL, "%s", cg_error_message(dev));
    has_moved(&t, 3);
    CHECK(cg_replay(r) == CG_OK);
    has_moved(&t, 6);
    cg_recording_free(r);
    trained_free(&t);
}

CPU_TEST(recording_gradients, errors_of_the_step_are_those_of_the_recording) {
    cg_tensor *x = cg_eval(cg_add(cg_zeros(dev, CG_F32, cg_shape(2, 3)), 1));
    CHECK(cg_record_begin(dev) == CG_OK);
    CHECK(cg_eval(cg_mul(x, 2)) && !cg_matmul(x, x));
    refused(dev, CG_ERROR_SHAPE, "matmul");
    check_case("a second beginning changes nothing");
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_tensor *u = cg_uniform(dev, CG_F32, cg_shape(8), 0, 1), *y = cg_mul(x, 2);
    CHECK(cg_record_begin(dev) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "is being made", NULL);
    cg_recording *r = cg_record_end(dev);
    uint64_t seed, stream, next;
    cg_seed_get(dev, &seed, &stream);
    CHECK(cg_replay(r) == CG_OK && y != NULL);
    cg_seed_get(dev, &seed, &next);
    CHECK(next == stream + 1);
    cg_seed_set(dev, seed, stream);
    check_same_bits(u, cg_uniform(dev, CG_F32, cg_shape(8), 0, 1));
    cg_recording_free(r);
}

CPU_TEST(recording_gradients, a_replay_of_other_parameters_is_refused_before_anything_is_done) {
    trained t = trained_new(dev);
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_tensor *u = cg_uniform(dev, CG_F32, cg_shape(8), 0, 1);
    backward(&t);
    CHECK(cg_optimizer_step(t.sgd) == CG_OK);
    cg_recording *r = cg_record_end(dev);
    cg_tensor *before = cg_eval(cg_clone(u));
    CHECK(cg_optimizer_group(t.sgd, "*", (cg_optimizer_group_options){.frozen = true}) == CG_OK);
    CHECK(cg_replay(r) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "frozen", NULL);
    check_same_bits(u, before);
    has_moved(&t, 1);
    cg_recording_free(r);
    trained_free(&t);
}

/* A net of two layers, of which the first is frozen for a while. */
CPU_TEST(recording_gradients, a_parameter_that_is_trained_again_needs_a_new_recording) {
    cg_module *net = cg_mlp(dev, 3, (const int64_t[]){2, 3, 1}, "relu");
    cg_optimizer *sgd = cg_sgd(net, (cg_sgd_options){.lr = 0.1});
    cg_tensor *x = cg_eval(cg_add(cg_zeros(dev, CG_F32, cg_shape(4, 2)), 1));
    const int first[] = {0, 1};
    CHECK(cg_optimizer_group_of(sgd, 2, first, (cg_optimizer_group_options){.frozen = true}) == CG_OK);
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_scope *scope = cg_scope_begin(dev);
    CHECK(cg_backward(cg_sum(cg_forward(net, x), CG_ALL_AXES, false)) == CG_OK);
    CHECK(cg_optimizer_step(sgd) == CG_OK);
    cg_scope_end(scope);
    cg_recording *r = cg_record_end(dev);
    CHECK(r && cg_replay(r) == CG_OK);
    CHECK(cg_optimizer_group_of(sgd, 2, first, (cg_optimizer_group_options){0}) == CG_OK);
    CHECK(cg_replay(r) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "frozen", "record it again", NULL);
    cg_recording_free(r);
    cg_optimizer_free(sgd);
    cg_module_free(net);
}

/* Loading exchanges memory, and a replay would go on with the old one. */
CPU_TEST(recording_gradients, weights_are_not_loaded_into_memory_of_a_recording) {
    trained t = trained_new(dev);
    CHECK(cg_module_save(t.module, test_path("start.safetensors")) == CG_OK);
    CHECK(cg_record_begin(dev) == CG_OK);
    backward(&t);
    CHECK(cg_optimizer_step(t.sgd) == CG_OK);
    cg_recording *r = cg_record_end(dev);
    CHECK(cg_module_load(t.module, test_path("start.safetensors")) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "part of a recording", NULL);
    CHECK(cg_replay(r) == CG_OK);
    has_moved(&t, 2);
    cg_recording_free(r);
    CHECK(cg_module_load(t.module, test_path("start.safetensors")) == CG_OK);
    has_moved(&t, 0);
    trained_free(&t);
    remove_test_folder();
}
