/* What the benchmark times, at small sizes: every case against its reference, before and after more runs. */
#include "bench/cases.h"
#include "catalog/catalog_operation.h"
#include "support/device_test.h"

#include <math.h>
#include <string.h>

/* Whether the result of the next run is right. */
static void check_run(bench_job *job) {
    bool (*before)(bench_job *) = job->problem->what->work->before;
    if (before) CHECK_MSG(before(job), "before: %s", cg_error_message(job->dev));
    bench_check check;
    if (!CHECK_MSG(bench_run(job, true), "run: %s", cg_error_message(job->dev))) return;
    if (!CHECK_MSG(bench_verify(job, &check), "verify: %s", cg_error_message(job->dev))) return;
    CHECK_MSG(check.ok, "at %lld: %.9g, expected %.9g, %.3g of the allowed error", (long long)check.at,
              check.got, check.want, check.worst);
}

DEVICE_TEST_ONCE(bench_cases, agree_with_the_reference) {
    /* On OpenCL one in three: what they are made of has tests of its own. */
    for (int i = 0; bench_case_at(i); i += device_is_opencl(dev) ? 5 : 1) {
        check_case("%s at its small size", bench_case_title(bench_case_at(i)));
        bench_problem *problem = bench_problem_new(bench_case_at(i), BENCH_SMALL);
        if (!CHECK(problem != NULL)) return;
        bench_job job;
        if (CHECK_MSG(bench_job_begin(&job, problem, dev), "begin: %s", cg_error_message(dev))) {
            check_run(&job);
            bool changes_its_input = problem->what->work->before != NULL;
            if (!changes_its_input) check_run(&job);
        }
        bench_job_end(&job);
        bench_problem_free(problem);
    }
}

/* The check finds a wrong result: an error that is larger than allowed, and NaN. */
HOST_TEST(bench_cases, notice_errors) {
    bench_check check = {.ok = true};
    bench_check_value(&check, 3, 1.5L, 1, 0.5L);
    CHECK(check.ok && check.at == 3 && check.worst == 1);
    bench_check_value(&check, 4, 1.75L, 1, 0.5L);
    CHECK(!check.ok && check.at == 4);
    check = (bench_check){.ok = true};
    bench_check_value(&check, 5, (long double)NAN, 1, 0.5L);
    CHECK(!check.ok && check.at == 5);
    check = (bench_check){.ok = true};
    bench_check_value(&check, 6, 1, 1, 0);
    CHECK(check.ok);
    bench_check_value(&check, 7, 1.0001L, 1, 0);
    CHECK(!check.ok && check.at == 7);
}

/* Each operation of the catalog is one, found again as the same, and told by its name alone. */
HOST_TEST(bench_cases, have_every_operation) {
    catalog_operation operation;
    int count = 0;
    for (; catalog_operation_at(count, &operation); count++) {
        const bench_case *what = bench_operation_at(count);
        if (!CHECK_MSG(what != NULL, "%s is no case", operation.name)) return;
        CHECK_MSG(strcmp(what->name, operation.name) == 0, "%s instead of %s", what->name, operation.name);
        CHECK(bench_operation_at(count) == what);
        for (int i = 1; i < bench_case_sizes(what); i++) CHECK(bench_case_size(what, BENCH_FULL)[i] == 0);
    }
    CHECK(bench_operation_at(count) == NULL);
}
