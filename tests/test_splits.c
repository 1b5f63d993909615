#include "data/dataset.h"
#include "support/device_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 50, CLASSES = 3 };

/* Sample i has the feature i; of the first 30 every one is of class 0, then 15 of class 1 and 5 of class 2. */
static int class_of(int64_t i) { return i < 30 ? 0 : i < 45 ? 1 : 2; }

static cg_dataset *numbered(void) {
    static float x[N];
    static int64_t label[N];
    for (int i = 0; i < N; i++) {
        x[i] = (float)i;
        label[i] = class_of(i);
    }
    return cg_dataset_from_arrays(&(cg_array){CG_F32, cg_shape(N, 1), x},
                                  &(cg_array){CG_I64, cg_shape(N), label});
}

static int64_t number_at(const cg_dataset *set, int64_t i) {
    return (int64_t)cg_dataset_sample(set, i, NULL)[0];
}

/* Counts each sample of a part in `seen`, and how many there are of each class. */
static void tally(const cg_dataset *part, int seen[N], int count[CLASSES]) {
    memset(count, 0, CLASSES * sizeof *count);
    for (int64_t i = 0; i < cg_dataset_samples(part); i++) {
        int label = -1;
        const int64_t number = (int64_t)cg_dataset_sample(part, i, &label)[0];
        CHECK(label == class_of(number) && *(const int32_t *)cg_dataset_target(part, i) == label);
        seen[number]++;
        count[label]++;
    }
}

static void each_once(const int seen[N]) {
    for (int i = 0; i < N; i++) CHECK_MSG(seen[i] == 1, "sample %d is in %d parts", i, seen[i]);
}

HOST_TEST(splits, data_sets_of_arrays) {
    const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const float t[] = {1, 2, 3, 4};
    const cg_array features = {CG_F64, cg_shape(2, 2, 3), (void *)x},
                   values = {CG_F32, cg_shape(2, 2), (void *)t};
    cg_dataset *set = cg_dataset_from_arrays(&features, &values);
    CHECK(cg_dataset_samples(set) == 2 && cg_dataset_features(set) == 6 && cg_dataset_classes(set) == 0);
    CHECK(same_shape(cg_dataset_sample_shape(set), cg_shape(2, 3)) && cg_dataset_target_dtype(set) == CG_F32);
    CHECK(same_shape(cg_dataset_target_shape(set), cg_shape(2)) && cg_dataset_sample(set, 1, NULL)[0] == 7);
    CHECK(((const float *)cg_dataset_target(set, 1))[1] == 4 && !cg_dataset_target(set, 2) &&
          !cg_dataset_target(set, -1));
    CHECK(!cg_dataset_sample(set, 2, NULL) && !cg_dataset_class_name(set, 0));
    cg_dataset_free(set);
    const struct {
        cg_array x, t;
        cg_status status;
    } bad[] = {
        {{CG_F32, {2, {2, 1}}, (float[]){1, 2}}, {CG_F32, {1, {3}}, (float[]){1, 2, 3}}, CG_ERROR_SHAPE},
        {{CG_F32, {0, {0}}, (float[]){1}}, {CG_F32, {1, {1}}, (float[]){1}}, CG_ERROR_SHAPE},
        {{CG_F32, {1, {2}}, (float[]){1, 2}}, {CG_I32, {2, {2, 1}}, (int32_t[]){1, 2}}, CG_ERROR_SHAPE},
        {{CG_F32, {1, {2}}, (float[]){1, 2}}, {CG_BOOL, {1, {2}}, (uint8_t[]){1, 0}}, CG_ERROR_DTYPE},
        {{CG_F32, {1, {2}}, (float[]){1, 2}}, {CG_I32, {1, {2}}, (int32_t[]){1, -1}}, CG_ERROR_ARGUMENT},
        {{CG_F32, {1, {1}}, (float[]){1}},
         {CG_I64, {1, {1}}, (int64_t[]){INT64_C(1) << 40}},
         CG_ERROR_ARGUMENT},
        {{CG_F32, {1, {1}}, NULL}, {CG_I64, {1, {1}}, (int64_t[]){1}}, CG_ERROR_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_case("bad %zu", i);
        CHECK(!cg_dataset_from_arrays(&bad[i].x, &bad[i].t) && cg_error_code(NULL) == bad[i].status);
    }
    CHECK(!cg_dataset_from_arrays(NULL, NULL) && cg_dataset_sample_shape(NULL).rank == -1);
    CHECK(cg_dataset_target_shape(NULL).rank == -1 && cg_dataset_target_dtype(NULL) == CG_I32);
}

HOST_TEST(splits, subsets_share_samples) {
    cg_dataset *set = numbered(), *part = cg_dataset_subset(set, 3, (const int64_t[]){40, 7, 40});
    CHECK(cg_dataset_samples(part) == 3 && number_at(part, 0) == 40 && number_at(part, 1) == 7);
    CHECK(cg_dataset_sample(part, 2, NULL) == cg_dataset_sample(set, 40, NULL) &&
          cg_dataset_classes(part) == 3);
    cg_dataset *of_part = cg_dataset_subset(part, 2, (const int64_t[]){1, 0});
    cg_dataset_free(set);
    cg_dataset_free(part);
    CHECK(number_at(of_part, 0) == 7 && number_at(of_part, 1) == 40);
    CHECK(!cg_dataset_subset(of_part, 1, (const int64_t[]){2}) && cg_error_code(NULL) == CG_ERROR_ARGUMENT);
    CHECK(!cg_dataset_subset(of_part, 1, (const int64_t[]){-1}) && !cg_dataset_subset(of_part, 1, NULL));
    part = cg_dataset_subset(of_part, 0, NULL);
    CHECK(part && cg_dataset_samples(part) == 0);
    cg_dataset_free(part);
    cg_dataset_free(of_part);
    CHECK(!cg_dataset_subset(NULL, 0, NULL));
}

/* Each of the 6 orders of 3 comes about as often as any other: 1000 of 6000, with a deviation of 29. */
HOST_TEST(splits, orders_are_equally_likely) {
    int seen[27] = {0};
    for (uint64_t seed = 0; seed < 6000; seed++) {
        int64_t *order = cg_shuffled_order(3, seed, CG_ORDER_EPOCH);
        if (!CHECK(order != NULL)) return;
        seen[9 * order[0] + 3 * order[1] + order[2]]++;
        free(order);
    }
    static const int orders[] = {5, 7, 11, 15, 19, 21};
    for (int i = 0; i < 6; i++)
        CHECK_MSG(seen[orders[i]] > 850 && seen[orders[i]] < 1150, "order %d comes %d times", i,
                  seen[orders[i]]);
}

HOST_TEST(splits, by_shares) {
    cg_dataset *set = numbered(), *part[2][3];
    int seen[N] = {0}, count[CLASSES];
    const cg_dataset_split_options options = {.validation = 0.2, .test = 0.1, .seed = 3};
    for (int i = 0; i < 2; i++)
        CHECK_MSG(cg_dataset_split(set, options, &part[i][0], &part[i][1], &part[i][2]) == CG_OK, "%s",
                  cg_error_message(NULL));
    static const int64_t sizes[] = {35, 10, 5};
    for (int k = 0; k < 3; k++) {
        CHECK(cg_dataset_samples(part[0][k]) == sizes[k]);
        tally(part[0][k], seen, count);
        for (int64_t i = 0; i < sizes[k]; i++) CHECK(number_at(part[0][k], i) == number_at(part[1][k], i));
    }
    each_once(seen);
    check_case("another seed");
    cg_dataset *train, *test;
    CHECK(cg_dataset_split(set, (cg_dataset_split_options){.test = 0.5, .seed = 4}, &train, NULL, &test) ==
          CG_OK);
    int same = 0;
    for (int64_t i = 0; i < 25; i++) same += number_at(train, i) == number_at(part[0][0], i);
    CHECK_MSG(same < 10, "%d of 25 samples have kept their place", same);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 3; k++) cg_dataset_free(part[i][k]);
    cg_dataset_free(train);
    cg_dataset_free(test);
    check_case("in order");
    CHECK(cg_dataset_split(set, (cg_dataset_split_options){.test = 0.1, .in_order = true}, &train, NULL,
                           &test) == CG_OK);
    CHECK(cg_dataset_samples(train) == 45 && number_at(train, 0) == 0 && number_at(train, 44) == 44 &&
          number_at(test, 4) == 49);
    cg_dataset_free(train);
    cg_dataset_free(test);
    cg_dataset_free(set);
}

HOST_TEST(splits, stratified) {
    cg_dataset *set = numbered(), *part[3];
    static const int want[3][CLASSES] = {{18, 9, 3}, {6, 3, 1}, {6, 3, 1}};
    int seen[N] = {0}, count[CLASSES];
    const cg_dataset_split_options options = {.validation = 0.2, .test = 0.2, .seed = 1, .stratified = true};
    CHECK(cg_dataset_split(set, options, &part[0], &part[1], &part[2]) == CG_OK);
    for (int k = 0; k < 3; k++) {
        tally(part[k], seen, count);
        CHECK_MSG(!memcmp(count, want[k], sizeof count), "part %d has %d, %d and %d", k, count[0], count[1],
                  count[2]);
        cg_dataset_free(part[k]);
    }
    each_once(seen);
    cg_dataset_free(set);
}

HOST_TEST(splits, that_are_refused) {
    cg_dataset *set = numbered(), *a, *b = set, *c = set;
    static const cg_dataset_split_options bad[] = {
        {.test = -0.1},  {.test = 1},     {.test = 0.6, .validation = 0.4},
        {.test = 0.001}, {.test = 0.995}, {.test = 0.2, .stratified = true, .in_order = true}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_case("%g and %g", bad[i].validation, bad[i].test);
        a = set;
        CHECK(cg_dataset_split(set, bad[i], &a, &b, &c) == CG_ERROR_ARGUMENT && !a && !b && !c);
    }
    CHECK(cg_dataset_split(set, (cg_dataset_split_options){.test = NAN}, &a, &b, &c) == CG_ERROR_ARGUMENT);
    CHECK(cg_dataset_split(set, (cg_dataset_split_options){.test = 0.2}, &a, &b, NULL) == CG_ERROR_ARGUMENT &&
          !a);
    CHECK(cg_dataset_split(NULL, (cg_dataset_split_options){.test = 0.2}, &a, &b, &c) == CG_ERROR_ARGUMENT);
    cg_dataset *values = cg_dataset_from_arrays(&(cg_array){CG_F32, cg_shape(4), (float[]){1, 2, 3, 4}},
                                                &(cg_array){CG_F32, cg_shape(4), (float[]){1, 2, 3, 4}});
    CHECK(cg_dataset_split(values, (cg_dataset_split_options){.test = 0.5, .stratified = true}, &a, &b, &c) ==
          CG_ERROR_ARGUMENT);
    CHECK(check_message("labels"));
    static const cg_dataset_fold_options folds[] = {
        {.folds = 1}, {.folds = 51}, {.folds = 5, .fold = 5}, {.folds = 5, .fold = -1}};
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++)
        CHECK(cg_dataset_fold(set, folds[i], &a, &b) == CG_ERROR_ARGUMENT && !a && !b);
    CHECK(cg_dataset_fold(values, (cg_dataset_fold_options){.folds = 2, .stratified = true}, &a, &b) ==
          CG_ERROR_ARGUMENT);
    CHECK(cg_dataset_fold(NULL, (cg_dataset_fold_options){.folds = 2}, &a, &b) == CG_ERROR_ARGUMENT);
    cg_dataset_free(values);
    cg_dataset_free(set);
}

HOST_TEST(splits, folds) {
    cg_dataset *set = numbered();
    for (int stratified = 0; stratified < 2; stratified++) {
        int tested[N] = {0}, count[CLASSES];
        for (int fold = 0; fold < 4; fold++) {
            cg_dataset *train, *test;
            int seen[N] = {0};
            check_case("fold %d%s", fold, stratified ? ", stratified" : "");
            const cg_dataset_fold_options options = {
                .folds = 4, .fold = fold, .seed = 9, .stratified = stratified};
            CHECK(cg_dataset_fold(set, options, &train, &test) == CG_OK);
            const int64_t n = cg_dataset_samples(test);
            CHECK((n == 12 || n == 13) && cg_dataset_samples(train) == N - n);
            tally(train, seen, count);
            tally(test, tested, count);
            if (stratified)
                CHECK_MSG((count[0] == 7 || count[0] == 8) && (count[1] == 3 || count[1] == 4) &&
                              (count[2] == 1 || count[2] == 2),
                          "%d, %d and %d of the classes", count[0], count[1], count[2]);
            tally(test, seen, count);
            each_once(seen);
            cg_dataset_free(train);
            cg_dataset_free(test);
        }
        each_once(tested);
    }
    cg_dataset_free(set);
}
