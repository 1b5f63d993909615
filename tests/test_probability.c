/* Special functions over their range; densities: integrals, slopes, tails, edges; maximum likelihood; errors. */
#include "reference/ref_probability.h"
#include "reference/ref_special.h"
#include "support/device_test.h"

#include <math.h>

/* A vector of the widest real dtype; on OpenCL f32, which most kernels of the suite are built for anyway. */
static cg_dtype real_of(cg_device *dev) { return device_is_opencl(dev) ? CG_F32 : CG_F64; }

static cg_tensor *vector(cg_device *dev, int64_t n, const double *x) {
    void *data = scratch((size_t)n * cg_dtype_size(real_of(dev)));
    for (int64_t i = 0; i < n; i++) value_set(real_of(dev), data, i, x[i]);
    return cg_from_host(dev, real_of(dev), cg_shape(n), data);
}

#define COUNT(x) ((int64_t)(sizeof(x) / sizeof *(x)))
#define VECTOR(...) vector(dev, COUNT(((double[]){__VA_ARGS__})), (double[]){__VA_ARGS__})

/* --- special functions ------------------------------------------------------------------------------------------ */

/* From mpmath at 30 digits; arguments that f32 holds exactly. */
COMPOSED_TEST(small_probability, special_functions_known) {
    cg_dtype t = real_of(dev);
    const long double gamma[] = {-0.0982718364218131615L,
                                 0.28468287047291916L,
                                 359.134205369575399L,
                                 1.2655121234846454L,
                                 -0.0562437164976740507L,
                                 -14.2039979009310907L,
                                 0,
                                 0};
    const long double sizes[] = {0.1L, 0.3L, 360, 3, 5, 35, 0, 0};
    check_within(cg_lgamma(VECTOR(1.25, 2.5, 100, -0.5, -2.5, -10.25, 1, 2)), t, cg_shape(8), gamma, 8,
                 sizes);
    const long double psi[] = {-4.22745353337626541L, 0.0364899739785765206L, 2.25175258906672111L,
                               0.0364899739785765206L, -1.95905526497799701L};
    const long double psi_sizes[] = {5, 1, 3, 2, 6};
    check_within(cg_digamma(VECTOR(0.25, 1.5, 10, -0.5, -2.75)), t, cg_shape(5), psi, 12, psi_sizes);
    cg_tensor *x = VECTOR(1, 0.5, 2.5);
    const long double one[] = {1.64493406684822644L, 4.93480220054467931L, 0.490357756100234865L};
    check_within(cg_polygamma(1, x), t, cg_shape(3), one, 7, one);
    const long double integrals[] = {0.26171875L, 2 / 3.0L, 0.000658892498465782337L, 0.625L};
    cg_tensor *a = VECTOR(2, 0.5, 100, 1), *b = VECTOR(3, 0.5, 200, 1);
    check_within(cg_betainc(a, b, VECTOR(0.25, 0.75, 0.25, 0.625)), t, cg_shape(4), integrals, 4 * 1500,
                 integrals);
}

/* Of zeta: Apery's constant and others. */
COMPOSED_TEST(small_probability, zeta_known) {
    const long double want[] = {1.20205690315959429L, 10.2130553604666007L, 1.07727650960924685e-14L};
    check_within(cg_zeta(VECTOR(3, 1.5, 20), VECTOR(1, 0.25, 5)), real_of(dev), cg_shape(3), want, 2 * 21,
                 want);
    if (device_is_opencl(dev)) return;
    check_item(cg_polygamma(2, VECTOR(1)), -2.40411380631918857, 1e-14);
    check_item(cg_polygamma(3, VECTOR(2.5)), 0.223905848817252051, 1e-15);
    check_item(cg_polygamma(10, VECTOR(3)), -21.4366066287129906, 1e-12);
}

static double log_uniform(double lo, double hi, uint64_t *seed) {
    return lo * pow(hi / lo, random_unit(seed));
}

/* Parameters from 0.01 to 1000, and x where the integral is neither 0 nor 1, as far as that goes. */
DEVICE_TEST_ONCE(probability, betainc_over_its_range) {
    if (device_is_opencl(dev)) return;
    enum { N = 600 };
    uint64_t seed = 5;
    for (int t = CG_F32; t <= CG_F64; t++) {
        check_case("betainc %s", cg_dtype_name((cg_dtype)t));
        void *data[3];
        long double *v[3], want[N], scale[N];
        cg_tensor *x[3];
        for (int k = 0; k < 3; k++) data[k] = scratch(N * cg_dtype_size((cg_dtype)t));
        for (int i = 0; i < N; i++) {
            double a = log_uniform(0.01, 999, &seed), b = log_uniform(0.01, 999, &seed), mean = a / (a + b);
            double spread = sqrt(mean * (1 - mean) / (a + b + 1));
            double at = mean + spread * (6 * random_unit(&seed) - 3);
            value_set((cg_dtype)t, data[0], i, a);
            value_set((cg_dtype)t, data[1], i, b);
            value_set((cg_dtype)t, data[2], i, fmin(fmax(at, 1e-4), 1 - 1e-4));
        }
        for (int k = 0; k < 3; k++) {
            v[k] = to_values((cg_dtype)t, data[k], N);
            x[k] = cg_from_host(dev, (cg_dtype)t, cg_shape(N), data[k]);
        }
        for (int i = 0; i < N; i++) {
            want[i] = ref_betainc(v[0][i], v[1][i], v[2][i]);
            scale[i] = ref_betainc_size(v[0][i], v[1][i], v[2][i]);
        }
        check_within(cg_betainc(x[0], x[1], x[2]), (cg_dtype)t, cg_shape(N), want, 4, scale);
    }
}

/* Below 0, where the rows' generated tests do not go; and zeta far out. */
DEVICE_TEST_ONCE(probability, gamma_below_zero_and_zeta_far_out) {
    if (device_is_opencl(dev)) return;
    enum { N = 4000 };
    uint64_t seed = 8;
    for (int t = CG_F32; t <= CG_F64; t++) {
        void *data = random_values((cg_dtype)t, N, -30, 0, &seed);
        long double *x = to_values((cg_dtype)t, data, N), want[N], scale[N];
        cg_tensor *tensor = cg_from_host(dev, (cg_dtype)t, cg_shape(N), data);
        for (int i = 0; i < N; i++) {
            want[i] = ref_lgamma(x[i]);
            scale[i] = fabsl(want[i]) + 1 + ref_lgamma(1 - x[i]);
        }
        check_case("lgamma %s below 0", cg_dtype_name((cg_dtype)t));
        check_within(cg_lgamma(tensor), (cg_dtype)t, cg_shape(N), want, 8, scale);
        for (int i = 0; i < N; i++) {
            want[i] = ref_digamma(x[i]);
            scale[i] = 1 + fabsl(want[i]) + 2 * fabsl(ref_digamma(1 - x[i]));
        }
        check_case("digamma %s below 0", cg_dtype_name((cg_dtype)t));
        check_within(cg_digamma(tensor), (cg_dtype)t, cg_shape(N), want, 12, scale);
        for (int i = 0; i < N; i++) {
            value_set((cg_dtype)t, data, i, 100 * powl(x[i] / 30, 2) + 0.01L);
            long double q = value_get((cg_dtype)t, data, i);
            want[i] = ref_zeta(3.5L, q);
            scale[i] = 4.5L * want[i];
        }
        check_case("zeta %s of 3.5 and offsets to 100", cg_dtype_name((cg_dtype)t));
        check_within(cg_zeta(3.5, cg_from_host(dev, (cg_dtype)t, cg_shape(N), data)), (cg_dtype)t,
                     cg_shape(N), want, 2, scale);
    }
}

/* --- densities ------------------------------------------------------------------------------------------------------ */

typedef cg_tensor *density(cg_tensor *x);
static cg_tensor *normal_pdf(cg_tensor *x) { return cg_normal_pdf(x, 0.25, 1.5); }
static cg_tensor *normal_cdf(cg_tensor *x) { return cg_normal_cdf(x, 0.25, 1.5); }
static cg_tensor *uniform_pdf(cg_tensor *x) { return cg_uniform_pdf(x, -3, 0.5); }
static cg_tensor *uniform_cdf(cg_tensor *x) { return cg_uniform_cdf(x, -3, 0.5); }
static cg_tensor *exponential_pdf(cg_tensor *x) { return cg_exponential_pdf(x, 1.5); }
static cg_tensor *exponential_cdf(cg_tensor *x) { return cg_exponential_cdf(x, 1.5); }
static cg_tensor *beta_pdf(cg_tensor *x) { return cg_beta_pdf(x, 2.5, 3.5); }
static cg_tensor *beta_cdf(cg_tensor *x) { return cg_beta_cdf(x, 2.5, 3.5); }

static const struct {
    const char *name;
    density *pdf, *cdf;
    double from, to; /* what is outside has no weight that counts */
    double
        tolerance; /* of the sum of rectangles around midpoints: the densities are not all smooth at their ends */
} distributions[] = {{"normal", normal_pdf, normal_cdf, -20, 20, 1e-12},
                     {"uniform", uniform_pdf, uniform_cdf, -3, 0.5, 1e-12},
                     {"exponential", exponential_pdf, exponential_cdf, 0, 60, 1e-6},
                     {"beta", beta_pdf, beta_cdf, 0, 1, 1e-6}};

/* The integral is 1, the slope of the distribution function is the density, and it goes from 0 to 1. */
DEVICE_TEST_ONCE(probability, densities_are_slopes_and_integrate_to_1) {
    if (device_is_opencl(dev)) return;
    enum { N = 20000 };
    for (int i = 0; i < 4; i++) {
        check_case("%s", distributions[i].name);
        double from = distributions[i].from, width = (distributions[i].to - from) / N;
        cg_tensor *x =
            cg_add(cg_mul(cg_add(cg_cast(cg_arange(dev, CG_I64, 0, N, 1), CG_F64), 0.5), width), from);
        cg_tensor *pdf = distributions[i].pdf(cg_eval(x));
        check_item(cg_mul(cg_sum(pdf, CG_ALL_AXES, false), width), 1, distributions[i].tolerance);
        cg_require_grad(x, true);
        cg_tensor *cdf = distributions[i].cdf(x);
        CHECK(cg_backward(cg_sum(cdf, CG_ALL_AXES, false)) == CG_OK);
        check_item(cg_max(cg_abs(cg_sub(cg_grad_of(x), pdf)), CG_ALL_AXES, false), 0, 1e-12);
        const double ends[] = {from - 1, distributions[i].to + 1};
        check_within(distributions[i].cdf(cg_from_f64(dev, cg_shape(2), ends)), CG_F64, cg_shape(2),
                     (long double[]){0, 1}, 4, NULL);
    }
    check_case("binomial masses sum to 1");
    cg_tensor *k = cg_cast(cg_arange(dev, CG_I64, -3, 1010, 1), CG_F64);
    check_item(cg_sum(cg_binomial_pmf(k, 1000, 0.3), CG_ALL_AXES, false), 1, 1e-11);
}

/* Far out, where 1 - erf would be 0; values from mpmath. */
COMPOSED_TEST(small_probability, tails) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(4), (const float[]){-10, -5, 0.5f, 3});
    const long double want[] = {7.61985302416052607e-24L, 2.86651571879193912e-7L, 0.691462461274013104L,
                                0.998650101968369905L};
    const long double scale[] = {want[0] * 101, want[1] * 26, want[2] * 1.25L, want[3] * 10};
    check_within(cg_normal_cdf(x, 0, 1), CG_F32, cg_shape(4), want, 8, scale);
    const long double logs[] = {-50.9189385332046727L, -13.4189385332046727L, -1.0439385332046727L,
                                -5.4189385332046727L};
    check_within(cg_normal_log_pdf(x, 0, 1), CG_F32, cg_shape(4), logs, 16, (long double[]){52, 14, 2, 6});
    if (device_is_opencl(dev)) return;
    check_item(cg_div(cg_normal_cdf(VECTOR(-30), 0, 1), 4.90671392714818706e-198), 1, 1e-12);
    check_item(cg_exponential_cdf(VECTOR(1e-300), 2), 5e-301, 1e-315);
    check_item(cg_binomial_log_pmf(VECTOR(300), 1000, 0.25), -9.99426278783906995, 1e-11);
    check_item(cg_binomial_pmf(VECTOR(3), 10, 0.25), 0.25028228759765625, 1e-15);
    check_item(cg_beta_pdf(VECTOR(0.25), 2, 3), 1.6875, 1e-14);
    check_item(cg_beta_log_pdf(VECTOR(0.25), 2.5, 0.5), -2.0995011382916194, 1e-14);
    check_item(cg_entropy(VECTOR(0.5, 0.25, 0.125, 0.125), 0), 1.21300756597990429, 1e-15);
    check_item(cg_kl_divergence(VECTOR(0.5, 0.25, 0.25), VECTOR(0.25, 0.25, 0.5), 0), 0.173286795139986327,
               1e-16);
}

/* Of a normal distribution from itself 0, from one twice as wide log(2) - 3/8; the parameters may be numbers. */
COMPOSED_TEST(small_probability, relative_entropy_of_normals) {
    cg_tensor *mean = cg_from_f32(dev, cg_shape(2), (const float[]){1, 3});
    check_within(cg_normal_kl_divergence(mean, 1, 1, 2), CG_F32, cg_shape(2),
                 (long double[]){0.318147180559945309L, 0.818147180559945309L}, 8, (long double[]){2, 3});
    check_equal(cg_normal_kl_divergence(mean, 2, mean, 2), CG_F32, cg_shape(2), (long double[]){0, 0});
}

/* At the ends of the support a power may be 0, 1 or infinite. */
COMPOSED_TEST(small_probability, ends_of_the_support) {
    const long double inf = (long double)INFINITY;
    cg_tensor *x = cg_from_f32(dev, cg_shape(5), (const float[]){-0.5f, 0, 0, 0, 1.5f});
    cg_tensor *a = cg_from_f32(dev, cg_shape(5), (const float[]){2, 0.5f, 1, 2, 2});
    cg_tensor *b = cg_from_f32(dev, cg_shape(5), (const float[]){2, 1, 2, 2, 2});
    const long double want[] = {0, inf, 2, 0, 0};
    check_within(cg_beta_pdf(x, a, b), CG_F32, cg_shape(5), want, 16, (long double[]){1, 1, 6, 1, 1});
    cg_tensor *k = cg_from_i32(dev, cg_shape(4), (const int32_t[]){0, 1, 2, -1});
    check_equal(cg_bernoulli_log_pmf(k, 0), CG_F32, cg_shape(4), (long double[]){0, -inf, -inf, -inf});
    check_equal(cg_bernoulli_pmf(k, 0.25), CG_F32, cg_shape(4), (long double[]){0.75L, 0.25L, 0, 0});
}

/* Outside the support, and at parameters that make a slope infinite there, gradients are 0, never NaN. */
DEVICE_TEST_ONCE(probability, gradients_outside_are_zero) {
    if (device_is_opencl(dev)) return;
    cg_tensor *(*const f[])(cg_arg, cg_arg, cg_arg) = {cg_uniform_pdf, cg_uniform_log_pdf, cg_uniform_cdf,
                                                       cg_beta_pdf, cg_beta_log_pdf};
    for (int i = 0; i < COUNT(f); i++) {
        check_case("density %d", i);
        cg_tensor *x = cg_require_grad(VECTOR(-2, 5), true), *a = cg_require_grad(VECTOR(0.25), true);
        cg_tensor *b = cg_require_grad(VECTOR(0.75), true);
        cg_tensor *y = f[i](cg_arg_tensor(x), cg_arg_tensor(a), cg_arg_tensor(b));
        CHECK(cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_OK);
        check_equal(cg_grad_of(x), CG_F64, cg_shape(2), (long double[]){0, 0});
        check_equal(cg_grad_of(a), CG_F64, cg_shape(1), (long double[]){0});
        check_equal(cg_grad_of(b), CG_F64, cg_shape(1), (long double[]){0});
    }
    cg_tensor *(*const g[])(cg_arg, cg_arg) = {cg_exponential_pdf, cg_exponential_log_pdf,
                                               cg_exponential_cdf};
    for (int i = 0; i < COUNT(g); i++) {
        check_case("exponential %d", i);
        cg_tensor *x = cg_require_grad(VECTOR(-2, -1e300), true), *scale = cg_require_grad(VECTOR(0.5), true);
        CHECK(cg_backward(cg_sum(g[i](cg_arg_tensor(x), cg_arg_tensor(scale)), CG_ALL_AXES, false)) == CG_OK);
        check_equal(cg_grad_of(x), CG_F64, cg_shape(2), (long double[]){0, 0});
        check_equal(cg_grad_of(scale), CG_F64, cg_shape(1), (long double[]){0});
    }
    check_case("beta's distribution function");
    cg_tensor *at = cg_require_grad(VECTOR(-2, 5, 0, 1), true);
    CHECK(cg_backward(cg_sum(cg_beta_cdf(at, 2, 3), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(at), CG_F64, cg_shape(4), (long double[]){0, 0, 0, 0});
    check_case("a certain outcome");
    cg_tensor *p = cg_require_grad(VECTOR(0, 1), true);
    CHECK(cg_backward(cg_sum(cg_bernoulli_log_pmf(VECTOR(0, 1), p), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(p), CG_F64, cg_shape(2), (long double[]){-1, 1});
    check_case("entropies of certainty");
    cg_tensor *q = cg_require_grad(VECTOR(0, 1), true);
    cg_tensor *sum = cg_add(cg_entropy(q, 0), cg_kl_divergence(q, VECTOR(0, 1), 0));
    CHECK(cg_backward(sum) == CG_OK);
    check_equal(cg_grad_of(q), CG_F64, cg_shape(2), (long double[]){0, 0});
}

/* A number is a parameter of the dtype of x: 1/3 in f64 is that of f64. */
DEVICE_TEST_ONCE(probability, numbers_as_operands) {
    if (device_is_opencl(dev)) return;
    cg_tensor *x = VECTOR(0.5, 2), *none = NULL;
    check_equal(cg_uniform_pdf(x, 0, 3), CG_F64, cg_shape(2), (long double[]){1.0 / 3, 1.0 / 3});
    check_same_bits(cg_normal_pdf(x, 1, 2), cg_normal_pdf(x, VECTOR(1), VECTOR(2)));
    check_within(cg_normal_log_pdf(1.5, VECTOR(1), 2), CG_F64, cg_shape(1),
                 (long double[]){-0.03125L - logl(2) - 0.918938533204672741780L}, 16, (long double[]){2});
    check_equal(cg_normal_pdf(x, 0, -1), CG_F64, cg_shape(2),
                (long double[]){(long double)NAN, (long double)NAN});
    check_equal(cg_exponential_cdf(cg_from_i32(dev, cg_shape(2), (const int32_t[]){0, -3}), 2), CG_F32,
                cg_shape(2), (long double[]){0, 0});
    CHECK(!cg_normal_pdf(none, 0, 1) && !cg_beta_log_pdf(x, none, 1) && !cg_bernoulli_pmf(x, none));
}

/* --- maximum likelihood ------------------------------------------------------------------------------------------------ */

/* The mean log-likelihood is flat at the estimates: its slopes are 0; and both equations hold in long double. */
DEVICE_TEST_ONCE(probability, estimates_maximize_the_likelihood) {
    if (device_is_opencl(dev)) return;
    enum { N = 500 };
    static const double power[] = {0.05, 0.4, 1, 3, 20};
    uint64_t seed = 3;
    for (int i = 0; i < 5; i++) {
        check_case("uniform numbers to the power %g", power[i]);
        double *data = random_values(CG_F64, N, 0.01, 0.99, &seed);
        for (int k = 0; k < N; k++) data[k] = pow(data[k], power[i]);
        cg_tensor *x = cg_from_f64(dev, cg_shape(N), data), *a, *b, *mean, *std;
        if (!CHECK(cg_beta_fit(x, CG_ALL_AXES, false, &a, &b) == CG_OK)) continue;
        CHECK(cg_normal_fit(x, CG_ALL_AXES, false, &mean, &std) == CG_OK);
        cg_tensor *at[] = {cg_detach(a), cg_detach(b), cg_detach(mean), cg_detach(std)};
        cg_tensor *scale = cg_detach(cg_exponential_fit(x, CG_ALL_AXES, false));
        for (int k = 0; k < 4; k++) cg_require_grad(at[k], true);
        cg_require_grad(scale, true);
        cg_tensor *likelihood = cg_add(cg_beta_log_pdf(x, at[0], at[1]), cg_normal_log_pdf(x, at[2], at[3]));
        likelihood = cg_add(likelihood, cg_exponential_log_pdf(x, scale));
        CHECK(cg_backward(cg_mean(likelihood, CG_ALL_AXES, false)) == CG_OK);
        for (int k = 0; k < 4; k++) check_item(cg_grad_of(at[k]), 0, 2e-11);
        check_item(cg_grad_of(scale), 0, 1e-10);
        long double l = 0, found = read_values(a)[0], other = read_values(b)[0];
        for (int k = 0; k < N; k++) l += logl(data[k]) / N;
        long double left = ref_digamma(found) - ref_digamma(found + other);
        long double size =
            1 + fabsl(ref_digamma(found)) + fabsl(ref_digamma(other)) + fabsl(ref_digamma(found + other));
        CHECK_MSG(fabsl(left - l) <= 64 * 0x1p-53L * size, "off by %.3Lg u",
                  fabsl(left - l) / size * 0x1p53L);
    }
}

/* No other parameters near the estimates are more likely. */
DEVICE_TEST_ONCE(probability, estimates_beat_their_neighbours) {
    if (device_is_opencl(dev)) return;
    uint64_t seed = 4;
    cg_tensor *x = cg_from_host(dev, CG_F64, cg_shape(2, 50), random_values(CG_F64, 100, 0.1, 0.95, &seed)),
              *a, *b;
    CHECK(cg_beta_fit(x, cg_axes(1), true, &a, &b) == CG_OK);
    cg_tensor *best = cg_sum(cg_beta_log_pdf(x, a, b), cg_axes(1), true);
    static const double step[][2] = {{1.01, 1}, {0.99, 1}, {1, 1.01}, {1, 0.99}, {1.02, 1.02}, {0.98, 0.98}};
    for (int i = 0; i < 6; i++) {
        cg_tensor *other = cg_beta_log_pdf(x, cg_mul(a, step[i][0]), cg_mul(b, step[i][1]));
        check_item(cg_all(cg_gt(best, cg_sum(other, cg_axes(1), true)), CG_ALL_AXES, false), 1, 0);
    }
    const long double nan = (long double)NAN;
    check_case("samples that determine nothing");
    CHECK(cg_beta_fit(VECTOR(0, 0.5, 0.75), CG_ALL_AXES, false, &a, NULL) == CG_OK);
    check_equal(a, CG_F64, cg_shape(), &nan);
    CHECK(cg_beta_fit(VECTOR(0.25, 0.25), CG_ALL_AXES, false, NULL, &b) == CG_OK);
    check_equal(b, CG_F64, cg_shape(), &nan);
    check_equal(cg_bernoulli_fit(VECTOR(0, 1, 0.5), CG_ALL_AXES, false), CG_F64, cg_shape(), &nan);
    check_equal(cg_exponential_fit(VECTOR(1, -1), CG_ALL_AXES, false), CG_F64, cg_shape(), &nan);
    check_case("bernoulli");
    cg_tensor *k = cg_require_grad(VECTOR(0, 1, 1, 1), true), *p = cg_bernoulli_fit(k, CG_ALL_AXES, false);
    check_item(p, 0.75, 0);
    CHECK(cg_backward(p) == CG_OK);
    check_equal(cg_grad_of(k), CG_F64, cg_shape(4), (long double[]){0.25L, 0.25L, 0.25L, 0.25L});
}

/* --- errors ---------------------------------------------------------------------------------------------------------------- */

static void refuses_gradient(cg_device *dev, const char *name, cg_tensor *y, const char *in_message) {
    check_case("%s", name);
    CHECK(cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_ERROR_GRADIENT);
    check_error(dev, CG_ERROR_GRADIENT, in_message, NULL);
}

DEVICE_TEST_ONCE(probability, gradients_that_are_not_defined) {
    if (device_is_opencl(dev)) return;
    cg_tensor *x = cg_require_grad(VECTOR(1, 0.5), true), *fixed = VECTOR(0.5, 0.25);
    refuses_gradient(dev, "zeta's exponent", cg_zeta(cg_add(x, 1), fixed), "zeta");
    refuses_gradient(dev, "betainc's a", cg_betainc(x, 1, fixed), "betainc");
    refuses_gradient(dev, "beta_cdf's b", cg_beta_cdf(fixed, 1, x), "betainc");
    refuses_gradient(dev, "bernoulli's k", cg_bernoulli_pmf(x, fixed), "count");
    refuses_gradient(dev, "bernoulli's k, log", cg_bernoulli_log_pmf(x, fixed), "count");
    refuses_gradient(dev, "binomial's k", cg_binomial_pmf(x, 3, fixed), "count");
    refuses_gradient(dev, "binomial's n", cg_binomial_log_pmf(fixed, x, fixed), "count");
}

COMPOSED_TEST(small_probability, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *y = cg_zeros(dev, CG_F32, cg_shape(2));
    CHECK_FAILS(dev, cg_normal_log_pdf(x, y, 1), CG_ERROR_SHAPE, "normal_log_pdf", "(2, 3)", "(2,)");
    CHECK_FAILS(dev, cg_binomial_pmf(x, 3, y), CG_ERROR_SHAPE, "binomial_pmf", "(2, 3)", "(2,)");
    CHECK_FAILS(dev, cg_polygamma(-1, x), CG_ERROR_ARGUMENT, "polygamma", "-1", "(2, 3)");
    CHECK_FAILS(dev, cg_polygamma(100, x), CG_ERROR_ARGUMENT, "polygamma", "100");
    CHECK_FAILS(dev, cg_entropy(x, 2), CG_ERROR_ARGUMENT, "entropy", "(2, 3)");
    CHECK_FAILS(dev, cg_kl_divergence(x, x, -3), CG_ERROR_ARGUMENT, "kl_divergence", "(2, 3)");
    CHECK_FAILS(dev, cg_cross_entropy_between(x, y, 0), CG_ERROR_SHAPE, "cross_entropy_between", "(2, 3)");
    CHECK_FAILS(dev, cg_categorical_pmf(y, x), CG_ERROR_DTYPE, "categorical_pmf", "f32");
    cg_tensor *labels = cg_zeros(dev, CG_I64, cg_shape(5)), *none = cg_zeros(dev, CG_F32, cg_shape(5, 0));
    CHECK_FAILS(dev, cg_categorical_log_pmf(labels, x), CG_ERROR_SHAPE, "categorical_log_pmf", "(5,)",
                "(2, 3)");
    CHECK_FAILS(dev, cg_categorical_pmf(labels, none), CG_ERROR_SHAPE, "categorical_pmf", "(5, 0)");
    cg_tensor *a = NULL, *b = NULL;
    CHECK(cg_normal_fit(x, cg_axes(2), false, &a, &b) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "normal_fit", "(2, 3)", NULL);
    CHECK(cg_uniform_fit(none, cg_axes(1), false, &a, &b) == CG_ERROR_SHAPE);
    check_error(dev, CG_ERROR_SHAPE, "uniform_fit", "(5, 0)", NULL);
    CHECK(cg_beta_fit(x, cg_axes(0, 0), false, &a, &b) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "beta_fit", "(2, 3)", NULL);
    CHECK_FAILS(dev, cg_exponential_fit(x, cg_axes(2), false), CG_ERROR_ARGUMENT, "exponential_fit",
                "(2, 3)");
    CHECK_FAILS(dev, cg_bernoulli_fit(x, cg_axes(2), false), CG_ERROR_ARGUMENT, "bernoulli_fit", "(2, 3)");
    CHECK(!a && !b && cg_normal_fit(NULL, CG_ALL_AXES, false, &a, &b) == CG_ERROR_ARGUMENT);
    CHECK(!cg_lgamma(NULL) && !cg_digamma(NULL) && !cg_polygamma(1, NULL) && !cg_entropy(NULL, 0) &&
          !cg_kl_divergence(NULL, x, 0) && !cg_cross_entropy_between(x, NULL, 0) &&
          !cg_normal_entropy(NULL) && !cg_bernoulli_entropy(NULL) && !cg_categorical_pmf(NULL, x) &&
          !cg_exponential_fit(NULL, CG_ALL_AXES, false));
}
