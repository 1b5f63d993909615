/* Programs that are built at the same time: which, by how many threads, and that they are the ones asked for later. */
#include "support/device_test.h"
#include "support/files.h"

#include <stdlib.h>

#ifdef CG_WITH_OPENCL
#include "host/opencl/opencl.h"
#include "tensor/context.h"

#include <pthread.h>
#include <time.h>

/* A driver's builds, counted: each waits for a second one to begin, up to a second. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t met;
    int building, most, builds;
    __typeof__(clBuildProgram) *driver;
} watch = {.mutex = PTHREAD_MUTEX_INITIALIZER, .met = PTHREAD_COND_INITIALIZER};

static cl_int CL_API_CALL watched_build(cl_program program, cl_uint n, const cl_device_id *devices,
                                        const char *options,
                                        void(CL_CALLBACK *done)(cl_program program, void *data), void *data) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    pthread_mutex_lock(&watch.mutex);
    watch.builds++;
    if (++watch.building > watch.most) watch.most = watch.building;
    pthread_cond_broadcast(&watch.met);
    while (watch.most < 2 && pthread_cond_timedwait(&watch.met, &watch.mutex, &until) == 0) continue;
    pthread_mutex_unlock(&watch.mutex);
    const cl_int status = watch.driver(program, n, devices, options, done, data);
    pthread_mutex_lock(&watch.mutex);
    watch.building--;
    pthread_mutex_unlock(&watch.mutex);
    return status;
}

static void watch_builds(bool on) {
    cg_cl_calls *calls = cg_cl_table();
    if (on) watch.driver = calls->clBuildProgram;
    calls->clBuildProgram = on ? watched_build : watch.driver;
    if (on) watch.most = watch.building = watch.builds = 0;
}

/* The sum over a product of ones whose class is measured: true if it is right. */
static bool multiplies_right(cg_device *d) {
    enum { EDGE = 128 };
    cg_tensor *a = cg_ones(d, CG_F32, cg_shape(EDGE, EDGE)), *c = cg_matmul(a, a);
    double sum = 0;
    return CHECK_MSG(cg_item(cg_sum(c, CG_ALL_AXES, false), &sum) == CG_OK &&
                         sum == (double)EDGE * EDGE * EDGE,
                     "%g, %s", sum, cg_error_message(d));
}

/* The candidates of a product, in the style that has several of them, with an empty cache. */
static void build_candidates(const cg_device *dev, const char *threads) {
    setenv("CLGRAD_CACHE", test_path(""), 1);
    setenv("CLGRAD_CL_STYLE", "gpu", 1);
    setenv("CLGRAD_BUILD_THREADS", threads, 1);
    cg_device *d = cg_device_open(cg_device_properties(dev)->id);
    if (!CHECK(d != NULL)) return;
    watch_builds(true);
    const bool right = multiplies_right(d);
    watch_builds(false);
    const cg_device_stats stats = cg_device_statistics(d);
    CHECK(right && stats.programs_built == (uint64_t)watch.builds && stats.build_seconds > 0);
    cg_device_close(d);
    remove_test_folder();
}

OPENCL_TEST(programs_ahead, candidates_are_built_at_the_same_time) {
    check_case("2 threads");
    build_candidates(dev, "2");
    CHECK_MSG(watch.most == 2, "%d at once", watch.most);
    const int builds = watch.builds;
    check_case("1 thread");
    build_candidates(dev, "1");
    CHECK_MSG(watch.most == 1 && watch.builds == builds, "%d at once, %d builds, %d by 2 threads", watch.most,
              watch.builds, builds);
}

/* A handle of its own that builds all it needs, by two threads. */
static cg_device *open_uncached(const cg_device *dev) {
    setenv("CLGRAD_CACHE", "off", 1);
    setenv("CLGRAD_BUILD_THREADS", "2", 1);
    return cg_device_open(cg_device_properties(dev)->id);
}

/* What is noted is what is asked for afterwards, and nothing is launched meanwhile. */
OPENCL_TEST(small_programs_ahead, nothing_is_launched_or_built_twice) {
    cg_device *d = open_uncached(dev);
    if (!CHECK(d != NULL)) return;
    cg_hw_opencl *hw = cg_cl(d->hw);
    cg_tensor *x = cg_from_f32(d, cg_shape(4), (const float[]){1, 2, 3, 4});
    const cg_device_stats before = cg_device_statistics(d);
    cg_cl_ahead_begin(hw);
    for (int times = 0; times < 2; times++) CHECK(cg_eval(cg_exp(x)) && cg_eval(cg_cumsum(x, 0)));
    const cg_device_stats noted = cg_device_statistics(d);
    cg_cl_ahead_end(hw);
    const cg_device_stats built = cg_device_statistics(d);
    CHECK(noted.launches == before.launches && built.launches == before.launches);
    CHECK(noted.programs_built == before.programs_built && built.programs_built == before.programs_built + 2);
    cg_tensor *sums = cg_eval(cg_cumsum(x, 0));
    check_equal(sums, CG_F32, cg_shape(4), (long double[]){1, 3, 6, 10});
    CHECK(cg_eval(cg_exp(x)) && cg_device_statistics(d).programs_built == built.programs_built);
    cg_device_close(d);
}

/* A program that does not build is left out: the request reports it. */
OPENCL_TEST(small_programs_ahead, errors_are_the_requests_own) {
    static const char broken[] = "this is no kernel\n";
    CHECK(write_file(test_path("map.cl"), broken, sizeof broken - 1));
    setenv("CLGRAD_KERNEL_DIR", test_path(""), 1);
    cg_device *d = open_uncached(dev);
    if (!CHECK(d != NULL)) return;
    cg_hw_opencl *hw = cg_cl(d->hw);
    cg_tensor *x = cg_from_f32(d, cg_shape(4), (const float[]){1, 2, 3, 4});
    cg_cl_ahead_begin(hw);
    CHECK(cg_eval(cg_exp(x)) && cg_eval(cg_cumsum(x, 0)) && cg_eval(cg_tanh(x)));
    cg_cl_ahead_end(hw);
    CHECK(cg_device_statistics(d).programs_built == 1 && cg_error_code(d) == CG_OK);
    CHECK(!cg_eval(cg_exp(x)) && cg_error_code(d) == CG_ERROR_BUILD);
    cg_error_clear(d);
    check_equal(cg_eval(cg_cumsum(x, 0)), CG_F32, cg_shape(4), (long double[]){1, 3, 6, 10});
    cg_device_close(d);
    remove_test_folder();
}
#endif
