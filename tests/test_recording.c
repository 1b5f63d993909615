/* Replayed steps: the bits of the step itself, memory that stays the recording's, and what is refused. */
#include "support/one_parameter.h"

#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 4,
    IN = 6,
    HIDDEN = 19,
    CLASSES = 3
}; /* the gradient of the first weights is larger than its operands */

/* --- a net in training --------------------------------------------------------------------------------------------- */

typedef struct training {
    cg_device *dev;
    cg_module *net;
    cg_optimizer *adam;
    cg_tensor *x, *label;
} training;

static training training_new(cg_device *dev, bool normalized) {
    training t = {.dev = dev, .net = cg_sequential(dev)};
    cg_seed(dev, 3);
    cg_sequential_add(t.net, cg_linear_module(dev, IN, HIDDEN, CG_INIT_HE));
    if (normalized) cg_sequential_add(t.net, cg_batch_norm_module(dev, HIDDEN, 0.1, 1e-5));
    cg_sequential_add(t.net, cg_activation_module(dev, "relu"));
    cg_sequential_add(t.net, cg_dropout_module(dev, 0.25));
    cg_sequential_add(t.net, cg_linear_module(dev, HIDDEN, CLASSES, CG_INIT_XAVIER));
    t.adam = cg_adam(t.net, (cg_adam_options){.lr = 0.01});
    t.x = cg_retain(cg_eval(cg_uniform(dev, CG_F32, cg_shape(BATCH, IN), -1, 1)));
    t.label = cg_retain(cg_from_i32(dev, cg_shape(BATCH), (const int32_t[]){0, 2, 1, 2}));
    return t;
}

static void training_free(training *t) {
    cg_release(t->x);
    cg_release(t->label);
    cg_optimizer_free(t->adam);
    cg_module_free(t->net);
}

/* The next batch and learning rate: between steps, and so between replays. */
static void training_prepare(training *t, int step) {
    float data[BATCH * IN];
    for (int i = 0; i < BATCH * IN; i++) data[i] = (float)((step * 31 + i * 7) % 17) / 8.0F - 1.0F;
    CHECK(cg_copy_from_host(t->x, data, sizeof data) == CG_OK);
    CHECK(cg_schedule_step(cg_cosine_schedule(0.02, 0.001, 60), t->adam) == CG_OK);
}

/* The loss of one step, retained. */
static cg_tensor *training_step(training *t) {
    cg_scope *scope = cg_scope_begin(t->dev);
    cg_tensor *loss = cg_cross_entropy(cg_forward(t->net, t->x), t->label, CG_MEAN);
    CHECK(cg_backward(loss) == CG_OK);
    CHECK(cg_optimizer_step(t->adam) == CG_OK);
    loss = cg_retain(cg_mul(loss, 2));
    cg_scope_end(scope);
    return loss;
}

static void same_parameters(const training *a, const training *b) {
    for (int i = 0; i < cg_parameter_count(a->net); i++) {
        check_case("parameter %d", i);
        check_same_bits(cg_parameter(a->net, i, NULL), cg_parameter(b->net, i, NULL));
    }
    for (int i = 0; i < cg_optimizer_state_count(a->adam); i++)
        check_same_bits(cg_optimizer_state(a->adam, i, NULL), cg_optimizer_state(b->adam, i, NULL));
    CHECK(cg_optimizer_steps(a->adam) == cg_optimizer_steps(b->adam));
    CHECK(!strcmp(cg_optimizer_settings(a->adam), cg_optimizer_settings(b->adam)));
}

/* `steps` of them, one device replaying what the other does step by step. */
static void compare_training(cg_device *dev, bool normalized, int steps) {
    cg_device *other = target_open_again(dev, true);
    training a = training_new(dev, normalized), b = training_new(other, normalized);
    cg_recording *r = NULL;
    cg_tensor *kept = NULL;
    for (int step = 0; step < steps; step++) {
        check_case("step %d", step);
        training_prepare(&a, step);
        training_prepare(&b, step);
        if (step == 1) CHECK(cg_record_begin(dev) == CG_OK);
        cg_tensor *loss = r ? cg_retain(kept) : training_step(&a), *want = training_step(&b);
        if (step == 1) CHECK((r = cg_record_end(dev)) != NULL);
        if (step == 1) kept = cg_retain(loss);
        if (r && step > 1) CHECK(cg_replay(r) == CG_OK);
        check_same_bits(loss, want);
        cg_release(loss);
        cg_release(want);
    }
    CHECK(cg_recording_size(r) > 0);
    same_parameters(&a, &b);
    cg_release(kept);
    cg_recording_free(r);
    training_free(&a);
    training_free(&b);
    CHECK_MSG(cg_error_code(other) == CG_OK, "%s", cg_error_message(other));
    cg_device_close(other);
}

DEVICE_TEST_ONCE(small_recording, replays_give_the_bits_of_steps) {
    compare_training(dev, false, device_is_slow(dev) ? 6 : 100);
}

CPU_TEST(recording, running_averages_move_on) { compare_training(dev, true, 100); }

/* --- memory ---------------------------------------------------------------------------------------------------------- */

DEVICE_TEST_ONCE(small_recording, memory_stays_its_own_until_it_is_freed) {
    enum { N = 40 };
    cg_tensor *x = cg_retain(cg_eval(cg_add(cg_zeros(dev, CG_F32, cg_shape(N)), 1))), *sum;
    const uint64_t reserved = cg_device_statistics(dev).bytes_reserved;
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *y = cg_eval(cg_mul(x, 3));
    y = cg_eval(cg_sub(y, 1));
    y = cg_eval(cg_mul(y, 3));
    sum = cg_retain(cg_sum(cg_sub(y, 1), CG_ALL_AXES, false));
    cg_scope_end(scope);
    cg_recording *r = cg_record_end(dev);
    CHECK(cg_recording_size(r) >= 4); /* unfused: more */
    check_item(sum, 5 * N, 0);
    cg_release(x); /* what it reads stays, too */
    check_case("what is made now is not touched by a replay");
    cg_tensor *made[8];
    for (int i = 0; i < 8; i++) made[i] = cg_eval(cg_add(cg_zeros(dev, CG_F32, cg_shape(N)), i));
    CHECK(cg_replay(r) == CG_OK);
    for (int i = 0; i < 8; i++) check_item(cg_sum(made[i], CG_ALL_AXES, false), i * N, 0);
    check_item(sum, 5 * N, 0);
    check_case("a recording's memory serves others once it is freed");
    cg_release(sum);
    cg_recording_free(r);
    cg_device_trim(dev);
    CHECK(cg_device_statistics(dev).bytes_reserved <= reserved + 16 * (uint64_t)N * sizeof(float) * 2);
}

/* A second recording gets none of the first one's memory; pending values are of the time before a replay. */
DEVICE_TEST_ONCE(small_recording, two_of_them_and_what_is_pending) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(2), (const float[]){1, 2});
    cg_tensor *result[2];
    cg_recording *r[2];
    for (int i = 0; i < 2; i++) {
        CHECK(cg_record_begin(dev) == CG_OK);
        cg_scope *scope = cg_scope_begin(dev);
        result[i] = cg_retain(cg_add(cg_eval(cg_mul(x, i + 2)), 1));
        cg_scope_end(scope);
        r[i] = cg_record_end(dev);
    }
    cg_tensor *pending = cg_add(result[0], 10);
    CHECK(cg_copy_from_host(x, (const float[]){5, 6}, 8) == CG_OK);
    CHECK(cg_replay(r[0]) == CG_OK && cg_replay(r[1]) == CG_OK);
    check_equal(pending, CG_F32, cg_shape(2), (long double[]){13, 15});
    check_equal(result[0], CG_F32, cg_shape(2), (long double[]){11, 13});
    check_equal(result[1], CG_F32, cg_shape(2), (long double[]){16, 19});
    for (int i = 0; i < 2; i++) {
        cg_recording_free(r[i]);
        cg_release(result[i]);
    }
}

/* Draws go on with the device's streams, or those of a new seed. */
DEVICE_TEST_ONCE(small_recording, random_numbers_move_on) {
    enum { N = 8 };
    cg_seed(dev, 11);
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_tensor *u = cg_uniform(dev, CG_F32, cg_shape(N), 0, 1),
              *v = cg_uniform(dev, CG_F32, cg_shape(N), 0, 1);
    cg_recording *r = cg_record_end(dev);
    for (int seed = 11; seed < 13; seed++) {
        if (seed > 11) cg_seed(dev, (uint64_t)seed);
        const uint64_t first = seed > 11 ? 0 : 2;
        CHECK(cg_replay(r) == CG_OK);
        uint64_t now, stream;
        cg_seed_get(dev, &now, &stream);
        CHECK(now == (uint64_t)seed && stream == first + 2);
        cg_seed_set(dev, now, first);
        check_same_bits(u, cg_uniform(dev, CG_F32, cg_shape(N), 0, 1));
        check_same_bits(v, cg_uniform(dev, CG_F32, cg_shape(N), 0, 1));
    }
    cg_recording_free(r);
}

/* --- what is refused ---------------------------------------------------------------------------------------------------- */

static void refused(cg_device *dev, const char *why) {
    CHECK(cg_record_end(dev) == NULL);
    check_error(dev, CG_ERROR_STATE, why, NULL);
}

static float wrapped[4] = {1, 2, 3, 4};

CPU_TEST(recording, what_cannot_be_replayed) {
    double start[ONE_PARAMETER], value;
    cg_module *module = one_parameter(dev, CG_F32, start);
    cg_optimizer *sgd = cg_sgd(module, (cg_sgd_options){.lr = 1});
    cg_tensor *x = cg_from_f32(dev, cg_shape(2), (const float[]){1, 2});
    CHECK(cg_record_end(dev) == NULL && check_error(dev, CG_ERROR_STATE, "no recording", NULL));
    CHECK(cg_record_begin(dev) == CG_OK && cg_record_begin(dev) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "is being made", NULL);
    cg_recording *empty = cg_record_end(dev);
    CHECK(cg_recording_size(empty) == 0 && cg_replay(empty) == CG_OK);
    CHECK(cg_record_begin(dev) == CG_OK && cg_replay(empty) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "is being made", NULL);
    cg_recording_free(cg_record_end(dev));
    cg_recording_free(empty);

    CHECK(cg_record_begin(dev) == CG_OK && cg_from_f32(dev, cg_shape(2), (const float[]){1, 2}) == NULL);
    refused(dev, "from_f32: a recording cannot copy");
    CHECK(cg_record_begin(dev) == CG_OK && cg_item(cg_sum(x, CG_ALL_AXES, false), &value) == CG_ERROR_STATE);
    refused(dev, "to_host: a recording cannot copy");
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_optimizer_set_lr(sgd, 0.5);
    refused(dev, "learning rate");
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_seed(dev, 77);
    refused(dev, "seeded");
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_seed_split(dev);
    refused(dev, "on the host");
    cg_tensor *w = cg_wrap_host(dev, CG_F32, cg_shape(4), wrapped, NULL, NULL);
    CHECK(cg_record_begin(dev) == CG_OK && cg_eval(cg_add(w, 1)));
    refused(dev, "wrapped");
    cg_module_state *state = cg_module_state_save(module);
    CHECK(cg_record_begin(dev) == CG_OK && cg_module_state_restore(module, state) == CG_ERROR_STATE);
    refused(dev, "exchange their memory");
    cg_module_state_free(state);
    cg_optimizer_free(sgd);
    cg_module_free(module);
}

CPU_TEST(recording, optimizers_that_have_changed) {
    double start[ONE_PARAMETER];
    cg_module *module = one_parameter(dev, CG_F32, start);
    cg_optimizer *sgd = cg_sgd(module, (cg_sgd_options){.lr = 1});
    CHECK(cg_record_begin(dev) == CG_OK);
    CHECK(cg_backward(cg_sum(cg_parameter(module, 0, NULL), CG_ALL_AXES, false)) == CG_OK);
    CHECK(cg_optimizer_step(sgd) == CG_OK);
    cg_recording *r = cg_record_end(dev);
    CHECK(cg_replay(r) == CG_OK && cg_optimizer_steps(sgd) == 2);
    long double want[ONE_PARAMETER];
    for (int i = 0; i < ONE_PARAMETER; i++) want[i] = start[i] - 2;
    check_equal(cg_parameter(module, 0, NULL), CG_F32, cg_shape(ONE_PARAMETER), want);
    CHECK(cg_optimizer_group(sgd, "*", (cg_optimizer_group_options){.weight_decay = 0.5}) == CG_OK);
    CHECK(cg_replay(r) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "record it again", NULL);
    cg_optimizer_free(sgd);
    CHECK(cg_replay(r) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "was freed", NULL);
    cg_recording_free(r);
    cg_module_free(module);
}

/* Parameters without elements take no part in a step, and so are not its last request. */
CPU_TEST(recording, a_parameter_without_elements) {
    double start[ONE_PARAMETER];
    cg_module *module = one_parameter(dev, CG_F32, start);
    CHECK(cg_module_add_parameter(module, "empty", cg_zeros(dev, CG_F64, cg_shape(0))) == CG_OK);
    cg_optimizer *sgd = cg_sgd(module, (cg_sgd_options){.lr = 1});
    CHECK(cg_record_begin(dev) == CG_OK);
    for (int i = 0; i < 2; i++)
        CHECK(cg_backward(cg_sum(cg_parameter(module, i, NULL), CG_ALL_AXES, false)) == CG_OK);
    CHECK(cg_optimizer_step(sgd) == CG_OK);
    cg_recording *r = cg_record_end(dev);
    CHECK(cg_replay(r) == CG_OK && cg_optimizer_steps(sgd) == 2);
    cg_recording_free(r);
    cg_optimizer_free(sgd);
    cg_module_free(module);
}
