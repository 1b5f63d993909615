/* Which memory a recording works on, and who else may: a replay finds what the recorded step found, and harms no one. */
#include "support/device_test.h"

#include <stdlib.h>

enum { FEW = 40, MANY = 5000 /* enough for a result to take over the memory of an operand */ };

/* n elements of `value`, computed and held by the caller alone. */
static cg_tensor *made(cg_device *dev, int n, double value) {
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = cg_retain(cg_eval(cg_add(cg_zeros(dev, CG_F32, cg_shape(n)), value)));
    cg_scope_end(scope);
    return x;
}

static void holds(cg_device *dev, const cg_tensor *x, double value) {
    cg_scope *scope = cg_scope_begin(dev);
    check_item(cg_min((cg_tensor *)x, CG_ALL_AXES, false), value, 0);
    check_item(cg_max((cg_tensor *)x, CG_ALL_AXES, false), value, 0);
    cg_scope_end(scope);
}

/* factor * x, computed within a recording and held by the caller. */
static cg_tensor *recorded_product(cg_device *dev, cg_tensor *x, double factor, cg_recording **r) {
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *y = cg_retain(cg_mul(x, factor));
    cg_scope_end(scope);
    CHECK((*r = cg_record_end(dev)) != NULL);
    return y;
}

DEVICE_TEST_ONCE(small_recorded_memory, no_later_result_takes_over_that_of_a_recording) {
    cg_recording *r;
    cg_tensor *x = made(dev, MANY, 2), *y = recorded_product(dev, x, 3, &r), *one = made(dev, MANY, 1);
    cg_tensor *z = cg_add(y, 1);
    cg_release(y);
    holds(dev, cg_eval(z), 7);
    CHECK(cg_assign(x, one) == CG_OK && cg_replay(r) == CG_OK);
    holds(dev, z, 7);
    cg_recording_free(r);
    cg_release(x);
    cg_release(one);
}

DEVICE_TEST_ONCE(small_recorded_memory, no_result_of_it_takes_over_what_every_replay_reads) {
    cg_tensor *x = made(dev, MANY, 2);
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_tensor *y = cg_mul(x, 3);
    cg_release(x);
    cg_eval(y);
    cg_recording *r = cg_record_end(dev);
    CHECK(cg_replay(r) == CG_OK && cg_replay(r) == CG_OK);
    holds(dev, y, 6);
    cg_recording_free(r);
}

DEVICE_TEST_ONCE(small_recorded_memory, what_it_reads_from_before_is_not_given_out_within_it) {
    cg_tensor *x = made(dev, FEW, 2);
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_tensor *y = cg_eval(cg_mul(x, 3));
    cg_release(x);
    cg_tensor *z = cg_eval(cg_mul(y, 5));
    cg_recording *r = cg_record_end(dev);
    CHECK(cg_replay(r) == CG_OK);
    holds(dev, y, 6);
    holds(dev, z, 30);
    cg_recording_free(r);
}

/* What is made within it serves again within it: the chain takes no more memory recorded than otherwise. */
DEVICE_TEST_ONCE(small_recorded_memory, what_is_made_within_it_is_used_again_within_it) {
    uint64_t in_use[2];
    cg_recording *r = NULL;
    for (int recorded = 0; recorded < 2; recorded++) {
        cg_tensor *x = made(dev, MANY, 2);
        cg_device_reset_peak(dev);
        const uint64_t before = cg_device_statistics(dev).bytes_in_use;
        if (recorded) CHECK(cg_record_begin(dev) == CG_OK);
        for (int i = 0; i < 6; i++) {
            cg_scope *scope = cg_scope_begin(dev);
            cg_eval(cg_exp(cg_eval(cg_mul(x, i))));
            cg_scope_end(scope);
        }
        if (recorded) r = cg_record_end(dev);
        in_use[recorded] = cg_device_statistics(dev).bytes_peak - before;
        cg_release(x);
    }
    CHECK(r && in_use[1] == in_use[0]);
    cg_recording_free(r);
}

/* A constant is a tensor like others: what is copied into it between replays is what they read. */
DEVICE_TEST_ONCE(small_recorded_memory, constants_from_before_are_read) {
    cg_tensor *factor = cg_retain(cg_ones(dev, CG_F32, cg_shape(1)));
    cg_tensor *x = cg_retain(cg_zeros(dev, CG_F32, cg_shape(FEW))), *two = made(dev, FEW, 2);
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_tensor *y = cg_mul(cg_add(x, 1), factor);
    cg_recording *r = cg_record_end(dev);
    holds(dev, y, 1);
    float data[FEW];
    CHECK(cg_to_host(two, data, sizeof data) == CG_OK);
    CHECK(cg_copy_from_host(x, data, sizeof data) == CG_OK);
    CHECK(cg_copy_from_host(factor, (const float[]){5}, sizeof(float)) == CG_OK);
    CHECK(cg_replay(r) == CG_OK);
    holds(dev, y, 15);
    cg_recording_free(r);
    cg_release(factor);
    cg_release(x);
    cg_release(two);
}

/* One that the step makes is made again. */
DEVICE_TEST_ONCE(small_recorded_memory, constants_of_the_step_are_made_again) {
    cg_tensor *x = made(dev, FEW, 2);
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_tensor *c = cg_full(dev, CG_F32, cg_shape(FEW), 4), *y = cg_eval(cg_mul(x, c));
    cg_recording *r = cg_record_end(dev);
    CHECK(cg_assign(c, x) == CG_OK && cg_assign(x, y) == CG_OK);
    CHECK(cg_replay(r) == CG_OK);
    holds(dev, c, 4);
    holds(dev, y, 32);
    cg_recording_free(r);
    cg_release(x);
}

/* It is refused, and nothing of it is touched once it is gone. */
DEVICE_TEST_ONCE(small_recorded_memory, wrapped_memory_may_go_before_the_recording) {
    static _Alignas(64) float batch[16] = {1, 2, 3, 4};
    CHECK(cg_record_begin(dev) == CG_OK);
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *w = cg_wrap_host(dev, CG_F32, cg_shape(16), batch, NULL, NULL);
    const bool wrapped = w != NULL;
    if (wrapped) cg_eval(cg_add(w, 1));
    cg_scope_end(scope);
    cg_recording *r = cg_record_end(dev);
    CHECK(!r);
    check_error(dev, CG_ERROR_STATE, "wrapped", NULL);
    cg_recording_free(r);
}

/* A device that is closed meanwhile frees what there is of a recording. */
DEVICE_TEST_ONCE(small_recorded_memory, a_closed_device_ends_its_recording) {
    cg_device *other = target_open_again(dev, true);
    CHECK(cg_record_begin(other) == CG_OK);
    CHECK(cg_eval(cg_mul(cg_eval(cg_add(cg_zeros(other, CG_F32, cg_shape(FEW)), 1)), 2)));
    cg_device_close(other);
}
