/* The choice of kernels for products: kept, found again by other handles, and what is avoided is not used. */
#include "support/device_test.h"
#include "support/files.h"

#include <stdlib.h>
#include <string.h>

#ifdef CG_WITH_OPENCL
#include "host/opencl/matmul_choice.h"
#include "host/opencl/program_cache.h"
#include "tensor/context.h"
#endif

static const cg_product_shape shape = {1, 16, 24, 20, false, true};

OPENCL_TEST(small_tuning, chosen_and_avoided) {
    const char *id = cg_device_properties(dev)->id;
    setenv("CLGRAD_CACHE", test_path(""), 1);
    cg_device *first = cg_device_open(id);
    if (!CHECK(first && cg_tuning_classes(first) == 0 && cg_tuning_choice(first, &shape, NULL) == -1)) return;
    double seconds = 0;
    int best = -1, n = 0;
    while (cg_tuning_candidate(first, n)) n++;
    for (int i = n - 1; i >= 0; i--) {
        check_case("%s", cg_tuning_candidate(first, i));
        /* it keeps programs of oclgrind until the process ends, and crashes then */
        if (device_is_slow(dev) && strcmp(cg_tuning_candidate(first, i), "clblast") == 0) continue;
        CHECK(cg_tuning_measure(first, &shape, i, &seconds) == CG_OK && !cg_tuning_avoided(first, i));
        if (seconds > 0) best = i;
    }
    check_case("best");
    if (!CHECK(best >= 0)) return;
    CHECK(cg_tuning_choose(first, &shape, best, 0.25) == CG_OK && cg_tuning_avoid(first, n - 1) == CG_OK);
    cg_device *second = cg_device_open(id);
    const cg_product_shape same_class = {1, 12, 28, 20, false, true}, other = {1, 16, 24, 100, false, true};
    CHECK(cg_tuning_choice(second, &same_class, &seconds) == best && seconds == 0.25);
    CHECK(cg_tuning_choice(second, &other, NULL) == -1 && cg_tuning_classes(second) == 1);
    CHECK(cg_tuning_avoided(second, n - 1) && !cg_tuning_avoided(second, 0));
    CHECK(cg_tuning_forget(second) == CG_OK && cg_tuning_classes(second) == 0 &&
          !cg_tuning_avoided(second, n - 1));
    cg_device_close(second);
    cg_device_close(first);
    second = cg_device_open(id);
    CHECK(cg_tuning_classes(second) == 0 && !cg_tuning_avoided(second, n - 1));
    cg_device_close(second);
    remove_test_folder();
}

#ifdef CG_WITH_OPENCL
/* A handle of its own with a cache in the test's folder. */
static cg_device *open_again(const cg_device *dev) {
    setenv("CLGRAD_CACHE", test_path(""), 1);
    cg_device *again = cg_device_open(cg_device_properties(dev)->id);
    CHECK_MSG(again != NULL, "%s", cg_error_message(NULL));
    return again;
}

static struct cg_matmul_choices *choices_of(cg_device *dev) { return cg_matmul_choices_of(cg_cl(dev->hw)); }

/* A tuned choice is taken however small the product and with CLGRAD_TUNE=0: here it fails, which is remembered. */
OPENCL_TEST(small_tuning, tuned_and_small) {
    static const char broken[] = "this is no kernel\n";
    CHECK(write_file(test_path("matmul_block.cl"), broken, sizeof broken - 1));
    setenv("CLGRAD_KERNEL_DIR", test_path(""), 1);
    setenv("CLGRAD_CL_STYLE", "cpu", 1);
    setenv("CLGRAD_TUNE", "0", 1);
    const cg_product_shape row = {1, 1, 24, 20, false, true};
    const int block = cg_product_candidate_named("block");
    for (int tuned = 0; tuned < 2; tuned++) {
        cg_device *d = open_again(dev);
        if (!d) return;
        check_case(tuned ? "tuned" : "by rule");
        if (tuned) CHECK(cg_tuning_choose(d, &row, block, 0.25) == CG_OK);
        cg_tensor *a = cg_ones(d, CG_F32, cg_shape(1, 20)), *b = cg_ones(d, CG_F32, cg_shape(24, 20));
        cg_tensor *c = cg_matmul(a, cg_transpose(b, 0, 1));
        float values[24] = {0};
        CHECK(cg_to_host(c, values, sizeof values) == CG_OK && values[0] == 20 && values[23] == 20);
        CHECK(choices_of(d)->wrong[block][0] == (tuned == 1));
        cg_device_close(d);
    }
    remove_test_folder();
}

/* What another process has tuned goes before what this one measured at first use; what is avoided is no choice. */
OPENCL_TEST(small_tuning, two_processes) {
    cg_device *first = open_again(dev), *second = open_again(dev);
    if (!first || !second) return;
    CHECK(cg_tuning_choose(first, &shape, 2, 1) == CG_OK);
    const cg_product_class tuned = choices_of(first)->class_of[0];
    cg_product_class used = {.key = tuned.key, .candidate = 0, .seconds = 2};
    struct cg_matmul_choices *c = choices_of(second);
    c->n = 0; /* as before the other one */
    cg_product_class_keep(c, &used);
    used.key++;
    cg_product_class_keep(c, &used);
    CHECK(cg_matmul_choices_store(cg_cl(second->hw), c, NULL) && cg_tuning_choice(second, &shape, NULL) == 2);
    check_case("tuned anew");
    CHECK(cg_tuning_choose(second, &shape, 3, 0.1) == CG_OK);
    CHECK(cg_matmul_choices_store(cg_cl(first->hw), choices_of(first), NULL));
    double seconds = 0;
    CHECK(cg_tuning_choice(first, &shape, &seconds) == 3 && seconds == 0.1 && choices_of(first)->n == 2);
    check_case("avoided");
    CHECK(cg_tuning_avoid(first, 3) == CG_OK && cg_tuning_choice(first, &shape, NULL) == -1);
    cg_device_close(second);
    second = open_again(dev);
    CHECK(cg_tuning_choice(second, &shape, NULL) == -1 && cg_tuning_classes(second) == 0);
    cg_device_close(second);
    cg_device_close(first);
    check_case("other kernels");
    setenv("CLGRAD_KERNEL_DIR", test_path(""), 1);
    second = open_again(dev);
    CHECK(!cg_tuning_avoided(second, 3));
    cg_device_close(second);
    remove_test_folder();
}

/* A trial that ended with its process is not repeated; one that goes on, or came back, is nobody's concern. */
OPENCL_TEST(small_tuning, trials) {
    const int mma = cg_product_candidate_named("mma128");
    cg_device *first = open_again(dev), *second;
    if (!first) return;
    int trial = -1;
    for (int state = 0; state < 4; state++) {
        static const char *const states[] = {"under way", "back", "lost", "lost, written down"};
        check_case("%s", states[state]);
        if (state == 0 || state == 2) CHECK((trial = cg_matmul_trial_begin(cg_cl(first->hw), mma)) >= 0);
        if (state == 1) cg_matmul_trial_end(cg_cl(first->hw), trial);
        if (state == 2) cg_cache_unlock(trial); /* as the end of the process does */
        second = open_again(dev);
        CHECK(cg_tuning_avoided(second, mma) == (state >= 2) && !cg_tuning_avoided(second, 0));
        cg_device_close(second);
    }
    CHECK(cg_tuning_forget(first) == CG_OK);
    second = open_again(dev);
    CHECK(!cg_tuning_avoided(second, mma));
    cg_device_close(second);
    cg_device_close(first);
    remove_test_folder();
}

/* Where there is no room, the oldest class that was not tuned goes; a failure is kept in memory only. */
OPENCL_TEST(small_tuning, many_classes) {
    cg_device *d = open_again(dev);
    if (!d) return;
    struct cg_matmul_choices *c = choices_of(d);
    for (int i = 0; i < CG_MAX_PRODUCT_CLASSES + 2; i++)
        cg_product_class_keep(c, &(cg_product_class){.key = (uint64_t)i, .tuned = i == 0});
    CHECK(c->n == CG_MAX_PRODUCT_CLASSES && cg_product_class_find(c, 0) && !cg_product_class_find(c, 1) &&
          !cg_product_class_find(c, 2) && cg_product_class_find(c, 3) &&
          cg_product_class_find(c, CG_MAX_PRODUCT_CLASSES + 1));
    check_case("the disk pushes nothing out");
    CHECK(cg_matmul_choices_store(cg_cl(d->hw), c, NULL));
    cg_product_class_keep(c, &(cg_product_class){.key = 5000, .candidate = CG_NO_CANDIDATE});
    CHECK(cg_matmul_choices_store(cg_cl(d->hw), c, NULL) && cg_product_class_find(c, 5000) &&
          !cg_product_class_find(c, 3));
    cg_device_close(d);
    d = open_again(dev);
    c = choices_of(d);
    CHECK(c->n == CG_MAX_PRODUCT_CLASSES - 1 && !cg_product_class_find(c, 5000));
    cg_device_close(d);
    remove_test_folder();
}

/* Enough of large tiles: the smallest are not built and tried at first use. In the CPU style the choice is known on PoCL. */
OPENCL_TEST(tuning, plausible) {
    enum { MANY = 512, FEW = 8, UNITS = 4 }; /* the 16 tiles of MANY x MANY keep UNITS busy */
    const int units = cg_device_properties(dev)->compute_units;
    const int64_t columns = MANY * ((units + UNITS - 1) / UNITS);
    for (int gpu = 0; gpu < 2; gpu++) {
        setenv("CLGRAD_CL_STYLE", gpu ? "gpu" : "cpu", 1);
        cg_device *d = open_again(dev);
        if (!d) return;
        const int64_t rows = gpu ? MANY : FEW, depth = gpu ? FEW : MANY;
        cg_tensor *a = cg_ones(d, CG_F32, cg_shape(rows, depth));
        cg_tensor *b = cg_transpose(cg_ones(d, CG_F32, cg_shape(columns, depth)), 0, 1);
        double sum = 0;
        CHECK(cg_item(cg_sum(cg_matmul(a, b), CG_ALL_AXES, false), &sum) == CG_OK &&
              sum == (double)(columns * MANY * FEW));
        const struct cg_matmul_choices *c = choices_of(d);
        CHECK(c->n == gpu && c->checked[cg_product_candidate_named("tile128")][0] == gpu);
        CHECK(!c->checked[cg_product_candidate_named("tile32")][0] &&
              !c->checked[cg_product_candidate_named("block")][0]);
        cg_device_close(d);
    }
    remove_test_folder();
}

/* Large tiles that are wrong do not keep the smallest from being tried. */
OPENCL_TEST(tuning, plausible_beside_wrong_ones) {
    enum { MANY = 512, DEPTH = 8 };
    setenv("CLGRAD_CL_STYLE", "gpu", 1);
    cg_device *d = open_again(dev);
    if (!d) return;
    static const char *const wrong[] = {"tile128", "tile128x256", "tile64"};
    struct cg_matmul_choices *c = choices_of(d);
    for (int i = 0; i < 3; i++) c->wrong[cg_product_candidate_named(wrong[i])][0] = true;
    cg_tensor *a = cg_ones(d, CG_F32, cg_shape(MANY, DEPTH)), *b = cg_ones(d, CG_F32, cg_shape(DEPTH, MANY));
    double sum = 0;
    CHECK(cg_item(cg_sum(cg_matmul(a, b), CG_ALL_AXES, false), &sum) == CG_OK && sum == MANY * MANY * DEPTH);
    CHECK(c->checked[cg_product_candidate_named("tile32")][0]);
    cg_device_close(d);
    remove_test_folder();
}

/* A candidate for few rows is not measured with many, which it might never finish. */
OPENCL_TEST(small_tuning, few_rows) {
    const cg_product_shape few = {1, 8, 8, 8, false, false}, many = {1, 72, 8, 8, false, false};
    const int skinny = cg_product_candidate_named("skinny");
    setenv("CLGRAD_CL_STYLE", "gpu", 1);
    cg_device *d = open_again(dev);
    if (!d) return;
    double seconds = 0;
    CHECK(cg_tuning_measure(d, &few, skinny, &seconds) == CG_OK && seconds > 0);
    CHECK(cg_tuning_measure(d, &many, skinny, &seconds) == CG_OK && seconds < 0);
    cg_device_close(d);
    remove_test_folder();
}
#endif

OPENCL_TEST(small_tuning, refusals) {
    const cg_product_shape empty = {1, 0, 1, 1, false, false};
    double seconds = 0;
    CHECK(cg_tuning_measure(dev, &shape, 1000, &seconds) == CG_ERROR_ARGUMENT && seconds < 0);
    check_error(dev, CG_ERROR_ARGUMENT, "tuning_measure", "1000", NULL);
    CHECK(cg_tuning_measure(dev, &empty, 0, &seconds) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "tuning_measure", "positive", NULL);
    CHECK(cg_tuning_choose(dev, NULL, 0, 1) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "tuning_choose", "positive", NULL);
    CHECK(cg_tuning_avoid(dev, -1) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "tuning_avoid", "-1", NULL);
    check_case("within a recording");
    CHECK(cg_record_begin(dev) == CG_OK && cg_tuning_measure(dev, &shape, 0, &seconds) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "tuning_measure", "recording", NULL);
    cg_recording_free(cg_record_end(dev));
    check_case("no place to keep it");
    setenv("CLGRAD_CACHE", "off", 1);
    CHECK(cg_tuning_choose(dev, &shape, 0, 1) == CG_ERROR_IO);
    check_error(dev, CG_ERROR_IO, "CLGRAD_CACHE", NULL);
}

/* A backend without a choice has no candidates, and says so. */
CPU_TEST(small_tuning, cpu_backend) {
    double seconds;
    CHECK(!cg_tuning_candidate(dev, 0) && !cg_tuning_candidate(NULL, 0) && cg_tuning_classes(dev) == 0);
    CHECK(cg_tuning_choice(dev, &shape, NULL) == -1 && !cg_tuning_avoided(dev, 0) &&
          cg_tuning_forget(dev) == CG_OK);
    CHECK(cg_tuning_measure(dev, &shape, 0, &seconds) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "cpu has no candidate 0", NULL);
    CHECK(cg_tuning_forget(NULL) == CG_ERROR_ARGUMENT && cg_tuning_classes(NULL) == 0);
}
