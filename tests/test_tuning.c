/* The choice of kernels for products: kept, found again by other handles, and what is avoided is not used. */
#include "support/device_test.h"
#include "support/files.h"

#include <stdlib.h>
#include <string.h>

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
