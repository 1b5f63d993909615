/*
 * The devices under test, each with fusion and without.
 *
 * CLGRAD_TEST_PLATFORM chooses: unset or "all" is the CPU backend and every OpenCL device; "cpu" the CPU
 * backend alone; anything else the OpenCL devices whose platform's name has it ("pocl" is short for PoCL's).
 * Where no OpenCL device of the kind is present, one target that is not `present` stands for it, so that its
 * tests count as skipped.
 */
#ifndef CLGRAD_TESTS_TARGETS_H
#define CLGRAD_TESTS_TARGETS_H

#include "clgrad/clgrad.h"

typedef struct test_target {
    char device[32]; /* what cg_device_open takes */
    bool fuse;
    bool present;
} test_target;

enum { MAX_TARGETS = 16 };

/* Fills `targets` with those under test, at most MAX_TARGETS (OpenCL without fusion on oclgrind only); how many. */
int test_targets(test_target *targets);

/*
 * The same, OpenCL devices with fusion only: for tests of what deferral does not change, where a second way
 * would build the same kernels again.
 */
int test_targets_once(test_target *targets);

/*
 * test_targets_once without PoCL, which needs half a second for each new kernel: for compositions, whose pieces have tests
 * of their own there.
 */
int test_composed_targets(test_target *targets);

/* Only the OpenCL devices, once each, with fusion: for tests that compare a device with the CPU backend. */
int test_opencl_targets(test_target *targets);

/* Only the CPU backend, fused and not; none where OpenCL devices alone are under test. */
int test_cpu_targets(test_target *targets);

/* Opens a target's device with CLGRAD_FUSE set accordingly; NULL with a failure reported. */
cg_device *target_open(const test_target *target);

/* A second handle on the same device, with fusion or without; the caller closes it. */
cg_device *target_open_again(const cg_device *dev, bool fuse);

/* Whether the device interprets kernels (oclgrind), so that tests should take few and small cases. */
bool device_is_slow(const cg_device *dev);

/* Whether it is an OpenCL device. */
bool device_is_opencl(const cg_device *dev);

/* Whether it has the dtype: every one but f64 is everywhere. */
bool device_has(const cg_device *dev, cg_dtype t);

/* What its statistics say: the pieces of work so far, and the bytes of memory that tensors hold. */
uint64_t device_launches(const cg_device *dev);
uint64_t device_bytes(const cg_device *dev);

#endif
