/*
 * A Criterion test that runs once for every device under test, fused and not:
 *     DEVICE_TEST(small_softmax, any_axis) { ... dev ... }
 * The body runs inside a scope. After it the device must hold no error and no more memory than before.
 * Suites called small_ are those that run on oclgrind too.
 */
#ifndef CLGRAD_TESTS_DEVICE_TEST_H
#define CLGRAD_TESTS_DEVICE_TEST_H

#include "clgrad/clgrad.h"
#include "support/check.h"
#include "support/compare.h"
#include "support/layouts.h"
#include "support/targets.h"
#include "catalog/values.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

typedef void test_body(cg_device *dev);

/* The parameters of a device test; an array in memory that Criterion frees. */
struct criterion_test_params device_test_parameters(void);
struct criterion_test_params device_once_parameters(void);
struct criterion_test_params composed_test_parameters(void);
struct criterion_test_params opencl_test_parameters(void);
struct criterion_test_params cpu_test_parameters(void);

void device_test_run(const test_target *target, const char *name, test_body *body);

#define DEVICE_TEST_WITH(parameters, suite, name)                                                            \
    static void body_##suite##_##name(cg_device *dev);                                                       \
    ParameterizedTestParameters(suite, name) { return parameters(); }                                        \
    ParameterizedTest(test_target *target, suite, name) {                                                    \
        device_test_run(target, #suite "/" #name, body_##suite##_##name);                                    \
    }                                                                                                        \
    static void body_##suite##_##name(cg_device *dev)

#define DEVICE_TEST(suite, name) DEVICE_TEST_WITH(device_test_parameters, suite, name)

/* The same, but OpenCL devices with fusion only: for what deferral does not change. */
#define DEVICE_TEST_ONCE(suite, name) DEVICE_TEST_WITH(device_once_parameters, suite, name)

/*
 * Every device but PoCL: for operations made of others, whose pieces are tested there by themselves, and which have a turn in
 * the catalog there.
 */
#define COMPOSED_TEST(suite, name) DEVICE_TEST_WITH(composed_test_parameters, suite, name)

/* Once for every OpenCL device, for tests that compare it with the CPU backend. */
#define OPENCL_TEST(suite, name) DEVICE_TEST_WITH(opencl_test_parameters, suite, name)

/*
 * The CPU backend alone, fused and not: for what is the same text on every backend and would only cost kernels on
 * OpenCL, and for what the CPU backend alone promises.
 */
#define CPU_TEST(suite, name) DEVICE_TEST_WITH(cpu_test_parameters, suite, name)

/* A test without a device. */
#define HOST_TEST(suite, name)                                                                               \
    static void body_##suite##_##name(void);                                                                 \
    Test(suite, name) {                                                                                      \
        check_test(#suite "/" #name);                                                                        \
        body_##suite##_##name();                                                                             \
        scratch_free_all();                                                                                  \
        cr_expect(check_failures() == 0, "%d failures, see the lines above", check_failures());              \
    }                                                                                                        \
    static void body_##suite##_##name(void)

#endif
