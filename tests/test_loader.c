#include "support/device_test.h"

#include <stdlib.h>
#include <string.h>

/* n samples of shape (2): (i, -i), with the label i % 5, or the values (i, 2 i, 3 i). */
static cg_dataset *numbered(int64_t n, bool values) {
    float *x = scratch((size_t)n * 2 * sizeof *x), *t = scratch((size_t)n * 3 * sizeof *t);
    int32_t *label = scratch((size_t)n * sizeof *label);
    for (int64_t i = 0; i < n; i++) {
        x[2 * i] = (float)i;
        x[2 * i + 1] = (float)-i;
        label[i] = (int32_t)(i % 5);
        for (int k = 0; k < 3; k++) t[3 * i + k] = (float)(i * (k + 1));
    }
    const cg_array features = {CG_F32, cg_shape(n, 2), x};
    const cg_array targets =
        values ? (cg_array){CG_F32, cg_shape(n, 3), t} : (cg_array){CG_I32, cg_shape(n), label};
    return cg_dataset_from_arrays(&features, &targets);
}

/* Reads a batch: the numbers of its samples into `number`; checks that features and targets belong together. */
static int64_t read_batch(cg_tensor *x, cg_tensor *y, bool values, int64_t *number) {
    const int64_t n = cg_size(x, 0);
    float *v = scratch((size_t)n * 2 * sizeof *v), *t = scratch((size_t)n * 3 * sizeof *t);
    int32_t *label = scratch((size_t)n * sizeof *label);
    check_is(x, CG_F32, cg_shape(n, 2));
    check_is(y, values ? CG_F32 : CG_I32, values ? cg_shape(n, 3) : cg_shape(n));
    CHECK(cg_to_host(x, v, (size_t)n * 8) == CG_OK && !cg_requires_grad(x));
    CHECK(cg_to_host(y, values ? (void *)t : label, (size_t)n * (values ? 12 : 4)) == CG_OK);
    for (int64_t i = 0; i < n; i++) {
        number[i] = (int64_t)v[2 * i];
        CHECK(v[2 * i + 1] == -v[2 * i] &&
              (values ? t[3 * i + 2] == 3 * v[2 * i] : label[i] == number[i] % 5 + number[i] / 100 * 100));
    }
    return n;
}

/* An epoch's numbers, in their order; returns how many. */
static int64_t read_epoch(cg_loader *loader, bool values, int64_t *number) {
    cg_tensor *x, *y;
    int64_t n = 0;
    while (cg_loader_next(loader, &x, &y)) n += read_batch(x, y, values, number + n);
    CHECK(!x && !y);
    return n;
}

/* Every mode gives each sample once an epoch, and the order is that of (seed, epoch) in all of them. */
CPU_TEST(loader, orders) {
    enum { N = 23 };
    cg_dataset *set = numbered(N, false), *values = numbered(N, true);
    int64_t first[2][N], number[N];
    for (int mode = 0; mode < 3; mode++) {
        const bool of_values = mode == 2;
        check_case("mode %d", mode);
        const cg_loader_options o = {.batch = 5, .shuffle = true, .seed = 77, .queue = mode ? 3 : 0};
        cg_loader *loader = cg_loader_new_with(dev, of_values ? values : set, o);
        if (!CHECK_MSG(loader != NULL, "%s", cg_error_message(dev))) return;
        CHECK(cg_loader_batches(loader) == 5 && cg_loader_samples(loader) == N);
        for (int epoch = 0; epoch < 2; epoch++) {
            int seen[N] = {0};
            CHECK(read_epoch(loader, of_values, mode ? number : first[epoch]) == N);
            if (mode) CHECK(!memcmp(number, first[epoch], sizeof number));
            for (int i = 0; i < N; i++) CHECK(!seen[first[epoch][i]]++);
        }
        cg_loader_free(loader);
    }
    CHECK(memcmp(first[0], first[1], sizeof number) != 0);
    check_case("not shuffled, streamed");
    cg_loader *loader = cg_loader_new_with(dev, values, (cg_loader_options){.batch = 100, .queue = 1});
    for (int epoch = 0; epoch < 2; epoch++) {
        CHECK(cg_loader_batches(loader) == 1 && read_epoch(loader, true, number) == N);
        for (int i = 0; i < N; i++) CHECK(number[i] == i);
    }
    cg_loader_free(loader);
    cg_dataset_free(set);
    cg_dataset_free(values);
    CHECK(cg_loader_samples(NULL) == 0);
}

CPU_TEST(loader, parts_and_last_batches) {
    cg_dataset *set = numbered(20, false),
               *part = cg_dataset_subset(set, 5, (const int64_t[]){3, 19, 4, 3, 11});
    static const int64_t want[] = {3, 19, 4, 3};
    int64_t number[5];
    for (int queue = 0; queue < 3; queue += 2) {
        check_case("queue %d", queue);
        cg_loader *loader =
            cg_loader_new_with(dev, part, (cg_loader_options){.batch = 2, .drop_last = true, .queue = queue});
        CHECK(cg_loader_batches(loader) == 2 && cg_loader_samples(loader) == 4);
        for (int epoch = 0; epoch < 2; epoch++)
            CHECK(read_epoch(loader, false, number) == 4 && !memcmp(number, want, sizeof want));
        cg_loader_free(loader);
    }
    cg_dataset_free(set);
    cg_dataset_free(part);
}

/* What follows a place is the same for a new loader that is put there. */
CPU_TEST(loader, goes_on_where_it_was) {
    enum { N = 17, BATCH = 4 };
    cg_dataset *set = numbered(N, false);
    for (int queue = 0; queue < 5; queue += 4)
        for (int stop = 0; stop < 12; stop++) {
            check_case("queue %d, after %d calls", queue, stop);
            cg_loader_options o = {.batch = BATCH, .shuffle = true, .queue = queue};
            cg_seed(dev, 5);
            cg_loader *one = cg_loader_new_with(dev, set, o);
            cg_seed(dev, 6);
            cg_loader *other = cg_loader_new_with(dev, set, o);
            cg_tensor *x, *y;
            int64_t a[2 * N], b[2 * N];
            for (int i = 0; i < stop; i++) cg_loader_next(one, &x, &y);
            if (stop % 2) cg_loader_next(other, &x, &y); /* a stream that has to be put elsewhere */
            CHECK(cg_loader_seek(other, cg_loader_tell(one)) == CG_OK);
            for (int epoch = 0; epoch < 2; epoch++) {
                const int64_t n = read_epoch(one, false, a), m = read_epoch(other, false, b);
                CHECK(n == m && !memcmp(a, b, (size_t)n * sizeof *a));
                CHECK(cg_loader_tell(one).epoch == cg_loader_tell(other).epoch &&
                      cg_loader_tell(one).batch == 0);
            }
            cg_loader_free(one);
            cg_loader_free(other);
        }
    cg_loader *loader = cg_loader_new(dev, set, BATCH, false);
    static const cg_loader_position bad[] = {{0, -1, 0}, {0, 0, -1}, {0, 0, 6}, {0, INT64_MAX, 0}};
    for (int i = 0; i < 4; i++) {
        CHECK(cg_loader_seek(loader, bad[i]) == CG_ERROR_ARGUMENT && cg_error_code(dev) == CG_ERROR_ARGUMENT);
        cg_error_clear(dev);
    }
    CHECK(cg_loader_seek(NULL, bad[0]) == CG_ERROR_ARGUMENT && cg_loader_tell(NULL).epoch == 0);
    cg_loader_free(loader);
    cg_dataset_free(set);
}

/* --- Transforms ------------------------------------------------------------------------------------------------ */

typedef struct recorder {
    uint64_t seed[12]; /* that each sample was given in the first epoch, by its number */
    int calls;
    int refuses; /* this sample; -1 for none */
} recorder;

/* Adds 100 to features and target. */
static bool shift(void *context, uint64_t seed, cg_dims shape, float *features, void *target) {
    recorder *r = context;
    const int number = (int)features[0];
    if (r->calls++ < 12) r->seed[number] = seed;
    if (shape.rank != 1 || shape.dim[0] != 2 || number == r->refuses) return false;
    features[0] += 100;
    features[1] -= 100;
    *(int32_t *)target += 100;
    return true;
}

CPU_TEST(loader, transforms) {
    enum { N = 12 };
    cg_dataset *set = numbered(N, false);
    recorder r[2] = {{.refuses = -1}, {.refuses = -1}};
    int64_t number[N];
    for (int i = 0; i < 2; i++) {
        const cg_loader_options o = {
            .batch = 5, .shuffle = i, .seed = 3, .queue = 2, .transform = shift, .context = &r[i]};
        cg_loader *loader = cg_loader_new_with(dev, set, o);
        CHECK(read_epoch(loader, false, number) == N);
        for (int k = 0; k < N; k++) CHECK(number[k] >= 100 && number[k] < 100 + N);
        cg_loader_free(loader);                         /* joins: r may be read. It may have begun epoch 1 */
        CHECK(cg_dataset_sample(set, 3, NULL)[0] == 3); /* the set is as it was */
    }
    check_case("a sample's seed depends on seed, epoch and sample alone");
    recorder of[3] = {{.refuses = -1}, {.refuses = -1}, {.refuses = -1}};
    for (int i = 0; i < 3; i++) {
        const cg_loader_options o = {
            .batch = N, .shuffle = i == 1, .queue = 1, .transform = shift, .context = &of[i]};
        cg_loader *loader = cg_loader_new_with(dev, set, o);
        CHECK(cg_loader_seek(loader, (cg_loader_position){3, i < 2 ? 7 : 8, 0}) == CG_OK);
        CHECK(read_epoch(loader, false, number) == N);
        cg_loader_free(loader);
    }
    CHECK(!memcmp(of[0].seed, of[1].seed, sizeof of[0].seed));
    for (int i = 0; i < N; i++) {
        CHECK(of[2].seed[i] != of[0].seed[i]);
        for (int k = 0; k < i; k++) CHECK(of[0].seed[i] != of[0].seed[k]);
    }
    cg_dataset_free(set);
}

CPU_TEST(loader, errors_of_transforms) {
    enum { N = 12 };
    cg_dataset *set = numbered(N, false);
    recorder r = {.refuses = 7};
    cg_tensor *x, *y;
    cg_loader *loader = cg_loader_new_with(
        dev, set, (cg_loader_options){.batch = 3, .queue = 4, .transform = shift, .context = &r});
    for (int again = 0; again < 2; again++) {
        for (int b = 0; b < 2; b++) CHECK(cg_loader_next(loader, &x, &y));
        for (int call = 0; call < 2; call++) {
            CHECK(!cg_loader_next(loader, &x, &y) && !x && !y && cg_error_code(dev) == CG_ERROR_ARGUMENT);
            CHECK_MSG(strstr(cg_error_message(dev), "sample 7") != NULL, "%s", cg_error_message(dev));
            cg_error_clear(dev);
        }
        CHECK(cg_loader_seek(loader, (cg_loader_position){0}) == CG_OK);
    }
    cg_loader_free(loader);
    check_case("options");
    static const cg_loader_options bad[] = {{.batch = 0},
                                            {.batch = -1},
                                            {.batch = 1, .queue = -1},
                                            {.batch = 1, .queue = 5000},
                                            {.batch = 1, .transform = shift},
                                            {.batch = 13, .drop_last = true}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(!cg_loader_new_with(dev, set, bad[i]) && cg_error_code(dev) == CG_ERROR_ARGUMENT);
        cg_error_clear(dev);
    }
    cg_dataset *none = cg_dataset_subset(set, 0, NULL);
    CHECK(!cg_loader_new(dev, none, 1, false) && cg_error_code(dev) == CG_ERROR_ARGUMENT);
    cg_error_clear(dev);
    CHECK(!cg_loader_new_with(NULL, set, (cg_loader_options){.batch = 1}) &&
          !cg_loader_new(dev, NULL, 1, false));
    cg_dataset_free(none);
    cg_dataset_free(set);
}

/* Freed at every point of two epochs: nothing hangs, nothing is left. */
CPU_TEST(loader, is_given_up_at_any_point) {
    cg_dataset *set = numbered(9, true);
    for (int calls = 0; calls < 9; calls++)
        for (int queue = 1; queue < 5; queue += 3) {
            cg_tensor *x, *y;
            check_case("after %d calls, queue %d", calls, queue);
            cg_loader *loader = cg_loader_new_with(
                dev, set, (cg_loader_options){.batch = 3, .shuffle = true, .queue = queue});
            for (int i = 0; i < calls; i++) CHECK(cg_loader_next(loader, &x, &y) == (i % 4 < 3));
            cg_loader_free(loader);
        }
    cg_dataset_free(set);
}

/* On every device: both modes, f32 targets, the last batch smaller. */
DEVICE_TEST_ONCE(small_loader, on_the_device) {
    cg_dataset *set = numbered(7, true);
    int64_t a[7], b[7];
    for (int queue = 0; queue < 3; queue += 2) {
        cg_loader *loader = cg_loader_new_with(
            dev, set, (cg_loader_options){.batch = 3, .shuffle = true, .seed = 8, .queue = queue});
        CHECK(read_epoch(loader, true, queue ? b : a) == 7);
        cg_loader_free(loader);
    }
    CHECK(!memcmp(a, b, sizeof a));
    cg_dataset_free(set);
}
