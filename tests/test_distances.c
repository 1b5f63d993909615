/* Distances: close points, exact zeros, bounded memory, every kernel of the inner operation, refusals. */
#include "reference/ref_distances.h"
#include "support/device_test.h"
#include "support/requests.h"

#include <math.h>

#include "core/rows.h"
#include "host/backend.h"
#ifdef CG_WITH_OPENCL
#include "host/opencl/matmul_opencl.h"
#endif
#include "tensor/context.h"

static cg_tensor *random_tensor(cg_device *dev, cg_dtype t, cg_dims shape, double lo, double hi,
                                uint64_t seed) {
    return cg_from_host(dev, t, shape, random_values(t, ref_count(shape.rank, shape.dim), lo, hi, &seed));
}

static cg_tensor *expanded_formula(cg_tensor *x, cg_tensor *y) {
    cg_tensor *xx = cg_sum(cg_square(x), cg_axes(1), true), *yy = cg_sum(cg_square(y), cg_axes(1), false);
    cg_tensor *square = cg_sub(cg_add(xx, yy), cg_mul(cg_matmul(x, cg_transpose(y, 0, 1)), 2));
    return cg_sqrt(cg_maximum(square, 0));
}

/* --- Values --------------------------------------------------------------------------------------------------- */

/* Points some 1e-4 apart, 1e3 from the origin: |x|^2 + |y|^2 - 2 x y has no digit left, the distance has all. */
DEVICE_TEST(small_distances, of_close_points) {
    enum { N = 6, D = 3 };
    float v[N * D];
    for (int i = 0; i < N * D; i++) v[i] = 1000.0f + 1.3e-4f * (float)(i * i % 17);
    cg_tensor *x = cg_from_f32(dev, cg_shape(N, D), v), *y = cg_add(x, 2e-4);
    ref_array want = ref_pairs(ref_distance, read_array(x), read_array(y), 2);
    check_within(cg_cdist(x, y, 2), CG_F32, cg_shape(N, N), want.v, D / 2.0 + 3, NULL);
    const long double *bad = read_values(expanded_formula(x, y));
    long double worst = 0;
    for (int i = 0; i < N * N; i++) worst = fmaxl(worst, fabsl(bad[i] - want.v[i]) / want.v[i]);
    CHECK_MSG(worst > 0.5L, "the expanded formula does well here: the points are not close enough");
}

/* The pull of a close neighbour has its digits too where all points share an offset. */
DEVICE_TEST(small_distances, gradient_of_close_points) {
    const float v[] = {1000, 1000, 1000.0005f, 1000.0009f}, w[] = {1000.0003f, 1000.0007f};
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(2, 2), v), true);
    cg_tensor *y = cg_from_f32(dev, cg_shape(1, 2), w);
    CHECK(cg_backward(cg_sum(cg_cdist(x, y, 2), CG_ALL_AXES, false)) == CG_OK);
    ref_array a = read_array(x), b = read_array(y), d = ref_pairs(ref_distance, a, b, 2);
    long double want[4];
    for (int i = 0; i < 4; i++) want[i] = (a.v[i] - b.v[i % 2]) / d.v[i / 2];
    const long double ones[] = {1, 1, 1, 1};
    check_within(cg_grad_of(x), CG_F32, cg_shape(2, 2), want, 16, ones);
}

/* Equal points are at distance 0, whatever their size, and pull each other by 0; the matrix is symmetric. */
DEVICE_TEST_ONCE(small_distances, to_themselves) {
    enum { N = 37, D = 19 };
    cg_tensor *x = cg_require_grad(random_tensor(dev, CG_F32, cg_shape(N, D), -1e3, 1e3, 3), true);
    cg_tensor *d = cg_cdist(x, x, 2), *s = cg_squared_distances(x, x);
    const long double *v = read_values(d), *squares = read_values(s);
    for (int i = 0; i < N; i++)
        CHECK_MSG(v[i * (N + 1)] == 0 && squares[i * (N + 1)] == 0, "row %d is %Lg from itself", i,
                  v[i * (N + 1)]);
    check_within(cg_transpose(d, 0, 1), CG_F32, cg_shape(N, N), v, D + 6, NULL);
    if (!device_is_opencl(dev)) check_same_bits(cg_contiguous(cg_transpose(d, 0, 1)), d);
    CHECK(cg_backward(cg_sum(cg_cdist(cg_slice(x, 0, 0, 1, 1), cg_slice(x, 0, 0, 1, 1), 2), CG_ALL_AXES,
                             false)) == CG_OK);
    long double *none = scratch(N * D * sizeof *none);
    for (int i = 0; i < N * D; i++) none[i] = 0;
    check_equal(cg_grad_of(x), CG_F32, cg_shape(N, D), none);
}

/* What the header says of squares that overflow or vanish; directions have no such limit. */
DEVICE_TEST_ONCE(small_distances, huge_and_tiny) {
    const float v[] = {0, 0, 1e18f, 0, 0, 3e19f, 1e-15f, 0};
    cg_tensor *x = cg_from_f32(dev, cg_shape(4, 2), v), *zero = cg_zeros(dev, CG_F32, cg_shape(1, 2));
    check_within(cg_reshape(cg_cdist(x, zero, 2), cg_shape(4)), CG_F32, cg_shape(4),
                 (long double[]){0, v[2], (long double)INFINITY, v[6]}, 4, NULL);
    const float far[] = {3e38f, 3e38f, 1e-37f, -1e-37f, 0, 0};
    const long double h = sqrtl(0.5L);
    cg_tensor *y = cg_from_f32(dev, cg_shape(3, 2), far);
    check_within(cg_normalize(y, 2, 1), CG_F32, cg_shape(3, 2), (long double[]){h, h, h, -h, 0, 0}, 13, NULL);
    const long double quarter = acosl(0), ones[] = {1, 1, 1};
    check_within(cg_angle(y, cg_slice(y, 0, 0, 1, 1), 1), CG_F32, cg_shape(3),
                 (long double[]){0, quarter, quarter}, 70, ones);
    check_equal(cg_cosine_similarity(y, cg_zeros(dev, CG_F32, cg_shape(2)), 1), CG_F32, cg_shape(3),
                (long double[]){0, 0, 0});
}

/* The angle keeps its digits near 0 and pi; the arc of the cosine would be 0 or 3e-4 off. */
DEVICE_TEST(small_distances, angles_that_are_tiny) {
    const float v[] = {1, 0, 1, 1e-5f, 1, 0, -1, 3e-6f}, ones[] = {1, 1};
    cg_tensor *x = cg_from_f32(dev, cg_shape(2, 2, 2), v);
    cg_tensor *a = cg_angle(cg_slice(x, 1, 0, 1, 1), cg_slice(x, 1, 1, 2, 1), -1);
    const long double want[] = {atan2l(v[3], 1), 2 * acosl(0) - atan2l(v[7], 1)};
    check_within(cg_flatten(a, 0, 1), CG_F32, cg_shape(2), want, 8, to_values(CG_F32, ones, 2));
}

/* A vector of zeros is no reason for a NaN on the way back. */
DEVICE_TEST(small_distances, gradients_at_zero) {
    cg_tensor *x = cg_require_grad(cg_zeros(dev, CG_F32, cg_shape(1, 3)), true);
    cg_tensor *y = cg_ones(dev, CG_F32, cg_shape(1, 3)), *none = cg_zeros(dev, CG_F32, cg_shape(1, 3));
    cg_tensor *sum = cg_add(cg_cosine_similarity(x, y, 1), cg_sum(cg_normalize(x, 2, 1), cg_axes(1), false));
    CHECK(cg_backward(cg_sum(sum, CG_ALL_AXES, false)) == CG_OK);
    check_same_bits(cg_abs(cg_grad_of(x)), cg_eval(none));
    cg_tensor *u = cg_require_grad(cg_clone(y), true);
    CHECK(cg_backward(cg_sum(cg_angle(u, cg_mul(y, 2), 1), CG_ALL_AXES, false)) == CG_OK);
    CHECK(cg_all(cg_isfinite(cg_grad_of(u)), CG_ALL_AXES, false) != NULL);
    check_equal(cg_all(cg_isfinite(cg_grad_of(u)), CG_ALL_AXES, false), CG_BOOL, cg_shape(),
                (long double[]){1});
}

DEVICE_TEST(small_distances, of_nothing) {
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(3, 2)), *none = cg_zeros(dev, CG_F32, cg_shape(0, 2));
    cg_tensor *flat = cg_zeros(dev, CG_F32, cg_shape(2, 0)), *d, *i;
    check_is(cg_cdist(x, none, 2), CG_F32, cg_shape(3, 0));
    check_is(cg_cdist(none, x, 1), CG_F32, cg_shape(0, 3));
    for (int p = 0; p < 3; p++)
        check_equal(cg_cdist(flat, flat, p < 2 ? 1 + p : (double)INFINITY), CG_F32, cg_shape(2, 2),
                    (long double[]){0, 0, 0, 0});
    check_is(cg_normalize(flat, 2, 1), CG_F32, cg_shape(2, 0));
    check_equal(cg_cosine_similarity(flat, flat, 1), CG_F32, cg_shape(2), (long double[]){0, 0});
    check_is(cg_cosine_similarity_matrix(x, none), CG_F32, cg_shape(3, 0));
    CHECK(cg_nearest_neighbors(x, none, 0, &d, &i) == CG_OK);
    check_is(d, CG_F32, cg_shape(3, 0));
    CHECK(cg_nearest_neighbors(none, x, 2, &d, &i) == CG_OK);
    check_is(i, CG_I64, cg_shape(0, 2));
    CHECK(cg_nearest_neighbors(flat, flat, 2, &d, &i) == CG_OK);
    check_equal(i, CG_I64, cg_shape(2, 2), (long double[]){0, 1, 0, 1});
    cg_tensor *y = cg_require_grad(cg_clone(x), true);
    CHECK(cg_backward(cg_sum(cg_cdist(y, none, 2), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(y), CG_F32, cg_shape(3, 2), (long double[]){0, 0, 0, 0, 0, 0});
}

/* --- Memory --------------------------------------------------------------------------------------------------- */

/* No block (N, M, D), forward or backward: 1 GB here. The gradient keeps d, w and what the products need. */
DEVICE_TEST_ONCE(distances, memory_of_a_matrix) {
    enum { N = 2000, D = 64 };
    cg_tensor *x = cg_require_grad(random_tensor(dev, CG_F32, cg_shape(N, D), -1, 1, 7), true);
    cg_tensor *y = cg_eval(random_tensor(dev, CG_F32, cg_shape(N, D), -1, 1, 8));
    const uint64_t matrix = (uint64_t)N * N * 4, points = (uint64_t)N * D * 4;
    cg_device_reset_peak(dev);
    uint64_t before = cg_device_statistics(dev).bytes_in_use;
    cg_tensor *sum = cg_sum(cg_cdist(x, y, 2), CG_ALL_AXES, false);
    uint64_t forward = cg_device_statistics(dev).bytes_peak - before;
    const uint64_t results =
        device_is_opencl(dev) ? 3 : 1; /* kernels that are timed there have results of their own */
    CHECK_MSG(forward <= results * matrix + 4 * points, "%llu bytes for a result of %llu",
              (unsigned long long)forward, (unsigned long long)matrix);
    CHECK(cg_backward(sum) == CG_OK);
    uint64_t both = cg_device_statistics(dev).bytes_peak - before;
    CHECK_MSG(both <= 4 * matrix + 16 * points, "%llu bytes with the gradient", (unsigned long long)both);
}

/* Nor a matrix (N, M) where it would be large: 320 MB with its sort here, 64 MB for the distances alone. */
DEVICE_TEST_ONCE(distances, memory_of_neighbors) {
    enum { N = 8000, M = 2000, D = 2, K = 3 };
    cg_tensor *x = cg_eval(random_tensor(dev, CG_F32, cg_shape(N, D), -1, 1, 7));
    cg_tensor *y = cg_eval(random_tensor(dev, CG_F32, cg_shape(M, D), -1, 1, 8)), *d, *i;
    cg_device_reset_peak(dev);
    uint64_t before = cg_device_statistics(dev).bytes_in_use;
    CHECK(cg_nearest_neighbors(x, y, K, &d, &i) == CG_OK);
    uint64_t extra = cg_device_statistics(dev).bytes_peak - before;
    CHECK_MSG(extra <= 56u << 20, "%llu bytes", (unsigned long long)extra);
    cg_tensor *some = cg_slice(x, 0, N - 3, N, 1), *values;
    CHECK(cg_topk(cg_cdist(some, y, 2), K, 1, false, &values, NULL) == CG_OK);
    check_within(cg_slice(d, 0, N - 3, N, 1), CG_F32, cg_shape(3, K), read_values(values), 2 * (D / 2 + 3),
                 NULL);
    check_same_bits(cg_take_along_axis(cg_cdist(x, y, 2), i, 1), d);
}

/* --- The inner operation on every kernel ----------------------------------------------------------------------- */

static void run_sizes(cg_device *dev, cg_dtype t, int64_t m, int64_t n, int64_t k, int turn) {
    cg_scope *scope = cg_scope_begin(dev);
    const test_layout la = (test_layout)(turn % LAYOUT_COUNT), lb = (test_layout)(turn / 5 % LAYOUT_COUNT);
    check_case("%s m %lld n %lld k %lld, x %s, y %s", cg_dtype_name(t), (long long)m, (long long)n,
               (long long)k, layout_name(la), layout_name(lb));
    uint64_t seed = (uint64_t)turn + 1;
    void *a = random_values(t, m * k, -8, 8, &seed), *b = random_values(t, n * k, -8, 8, &seed);
    for (int64_t i = 0; i < m * k; i++) value_set(t, a, i, rintl(value_get(t, a, i)));
    for (int64_t i = 0; i < n * k; i++) value_set(t, b, i, rintl(value_get(t, b, i)));
    cg_tensor *x = layout_tensor(dev, t, cg_shape(m, k), la, a),
              *y = layout_tensor(dev, t, cg_shape(n, k), lb, b);
    ref_array want = ref_pairs(ref_squared_distance, read_array(x), read_array(y), 0);
    check_equal(cg_squared_distances(x, y), t, cg_shape(m, n), want.v);
    cg_scope_end(scope);
    scratch_free_all();
}

/* Small integers, so that every order of additions gives the same: bit for bit, tails and all layouts. */
DEVICE_TEST_ONCE(small_distances, small_sizes_exact) {
    int turn = 0, step = device_is_opencl(dev) ? 4 : 1;
    for (int m = 1; m <= 9; m += step)
        for (int n = 1; n <= 9; n += step)
            for (int k = 1; k <= 9; k += step, turn++)
                run_sizes(dev, turn % 3 == 0 && device_has(dev, CG_F64) ? CG_F64 : CG_F32, m, n, k, turn);
}

DEVICE_TEST_ONCE(distances, tile_sizes_exact) {
    static const int sizes[] = {1, 13, 16, 31, 33, 64, 65, 127, 129, 300};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    uint64_t seed = 5;
    for (int turn = 0; turn < (device_is_opencl(dev) ? 20 : 300); turn++) {
        int64_t m = sizes[random_below(&seed, SIZES)], n = sizes[random_below(&seed, SIZES)];
        int64_t k = sizes[random_below(&seed, SIZES)];
        run_sizes(dev, turn % 3 == 0 && device_has(dev, CG_F64) ? CG_F64 : CG_F32, m, n, k, turn);
    }
}

/* Large enough to be timed, with several kernels that could take it: each has to pass the check of its numbers first. */
DEVICE_TEST_ONCE(distances, chosen_kernels_exact) {
    run_sizes(dev, CG_F32, 8, 2100, 65, 0);
    run_sizes(dev, CG_F32, 130, 131, 65, 0);
}

/* An epilogue with an operand of its own, which a request can have: out = sqrt(sum) + w[j]. */
DEVICE_TEST_ONCE(small_distances, request_with_an_epilogue) {
    enum { M = 5, N = 7, K = 3 };
    uint64_t seed = 4;
    float *a = random_values(CG_F32, M * K, -2, 2, &seed), *b = random_values(CG_F32, N * K, -2, 2, &seed);
    float *w = random_values(CG_F32, N, 1, 2, &seed);
    cg_operand x = put(dev, CG_F32, M * K, a), y = put(dev, CG_F32, N * K, b), z = put(dev, CG_F32, N, w);
    cg_operand out = put(dev, CG_F32, M * N, NULL);
    cg_program p = {.type = CG_F32, .n_inputs = 2, .n_outputs = 1};
    const int root = cg_program_push(&p, CG_ROW_sqrt, 0, 0, 0);
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_add, root, 1, 0);
    cg_matmul_request r = {.inner = CG_INNER_SQUARED_DISTANCE, .dtype = CG_F32, .m = M, .n = N, .k = K};
    r.a = (cg_matrix){.buffer = x.buffer, .offset = x.offset, .row = K, .col = 1};
    r.b = (cg_matrix){.buffer = y.buffer, .offset = y.offset, .row = 1, .col = K};
    r.c = (cg_matrix){.buffer = out.buffer, .offset = out.offset, .row = N, .col = 1};
    r.epilogue = &p;
    r.in[0] = (cg_operand){.buffer = z.buffer, .dtype = CG_F32, .offset = z.offset, .stride = {0, 1}};
    CHECK(cg_hw_matmul(dev->hw, &r) == CG_OK);
    const float *got = take(dev, out, M * N);
    for (int i = 0; i < M * N; i++) {
        long double v[2][K];
        for (int k = 0; k < K; k++) v[0][k] = a[i / N * K + k], v[1][k] = b[i % N * K + k];
        long double want = ref_distance(K, v[0], v[1], 2) + (long double)w[i % N];
        CHECK_MSG(fabsl((long double)got[i] - want) <= 6 * 0x1p-24L * want, "element %d: %g, expected %Lg", i,
                  (double)got[i], want);
    }
    drop(dev, x), drop(dev, y), drop(dev, z);
}

/* --- The check that a kernel has to pass ------------------------------------------------------------------------ */

#ifdef CG_WITH_OPENCL
/* A kernel that multiplies where distances are asked. */
static cg_status run_products(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    const cg_product_candidate *last = &cg_product_candidates[CG_PRODUCT_CANDIDATES - 1];
    cg_product q = *p;
    q.inner = CG_INNER_PRODUCT;
    return last->supports(hw, &q, last) ? last->run(hw, &q, last) : cg_matmul_block_run(hw, &q, c);
}

/* Kernels that compute distances pass; one that does not is found out. */
OPENCL_TEST(small_distances, checked_kernels) {
    cg_operand x = put(dev, CG_F32, 8 * 33, NULL);
    cg_matmul_request r = {.inner = CG_INNER_SQUARED_DISTANCE, .dtype = CG_F32, .m = 8, .n = 8, .k = 33};
    r.a = r.b = r.c = (cg_matrix){.buffer = x.buffer, .row = 33, .col = 1};
    r.b.row = 1, r.b.col = 33;
    const cg_product p = cg_product_of(&r);
    cg_hw_opencl *hw = cg_cl(dev->hw);
    int supporting = 0;
    for (int i = 0; i < CG_PRODUCT_CANDIDATES; i++) {
        const cg_product_candidate *candidate = &cg_product_candidates[i];
        if (!candidate->supports(hw, &p, candidate)) continue;
        check_case("%s", candidate->name);
        supporting++;
        CHECK(cg_matmul_check(hw, candidate, &p));
    }
    CHECK(supporting > 0);
    const cg_product_candidate wrong = {.name = "products", .run = run_products, .trusted = true};
    CHECK(!cg_matmul_check(hw, &wrong, &p));
    drop(dev, x);
}
#endif

/* --- Refusals -------------------------------------------------------------------------------------------------- */

DEVICE_TEST(small_distances, refusals) {
    cg_tensor *a = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *b = cg_zeros(dev, CG_F32, cg_shape(4, 5));
    cg_tensor *v = cg_zeros(dev, CG_F32, cg_shape(3));
    CHECK_FAILS(dev, cg_cdist(a, b, 2), CG_ERROR_SHAPE, "cdist", "coordinates", "(2, 3)", "(4, 5)");
    CHECK_FAILS(dev, cg_cdist(a, v, 2), CG_ERROR_SHAPE, "cdist", "(2, 3)", "(3,)");
    CHECK_FAILS(dev, cg_squared_distances(v, a), CG_ERROR_SHAPE, "squared_distances", "(3,)");
    CHECK_FAILS(
        dev, cg_cdist(cg_zeros(dev, CG_F32, cg_shape(2, 3, 4)), cg_zeros(dev, CG_F32, cg_shape(3, 3, 4)), 2),
        CG_ERROR_SHAPE, "cdist", "batch axes", "(2, 3, 4)", "(3, 3, 4)");
    CHECK_FAILS(dev, cg_cdist(a, a, -1), CG_ERROR_ARGUMENT, "cdist", "(2, 3)", "-1");
    CHECK_FAILS(dev, cg_cdist(a, a, (double)NAN), CG_ERROR_ARGUMENT, "cdist", "nan");
    CHECK_FAILS(dev, cg_normalize(a, 0, 1), CG_ERROR_ARGUMENT, "normalize", "(2, 3)");
    CHECK_FAILS(dev, cg_normalize(a, 2, 2), CG_ERROR_ARGUMENT, "normalize", "(2, 3)");
    CHECK_FAILS(dev, cg_cosine_similarity(a, b, 1), CG_ERROR_SHAPE, "cosine_similarity", "(2, 3)", "(4, 5)");
    CHECK_FAILS(dev, cg_angle(a, v, 2), CG_ERROR_ARGUMENT, "angle", "axis 2", "(2, 3)", "(3,)");
    CHECK_FAILS(dev, cg_cosine_similarity_matrix(a, b), CG_ERROR_SHAPE, "cosine_similarity_matrix", "(4, 5)");
    CHECK(!cg_cdist(NULL, a, 2) && !cg_cdist(a, NULL, 2) && !cg_squared_distances(NULL, a));
    CHECK(!cg_normalize(NULL, 2, 0) && !cg_angle(a, NULL, 0) && !cg_cosine_similarity(NULL, a, 0));
    CHECK(!cg_cosine_similarity_matrix(a, NULL) && cg_error_code(dev) == CG_OK);
}

static void check_no_neighbors(cg_device *dev, cg_tensor *x, cg_tensor *y, int64_t k, cg_status code,
                               const char *part, const char *shape) {
    cg_tensor *distances = x, *indices = x;
    CHECK(cg_nearest_neighbors(x, y, k, &distances, &indices) == code);
    CHECK(!distances && !indices);
    check_error(dev, code, "nearest_neighbors", part, shape, NULL);
}

DEVICE_TEST(small_distances, refused_neighbors) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(5, 3)), *y = cg_zeros(dev, CG_F32, cg_shape(4, 3));
    check_no_neighbors(dev, x, y, 5, CG_ERROR_ARGUMENT, "k = 5 of the 4 rows", "(4, 3)");
    check_no_neighbors(dev, x, y, -1, CG_ERROR_ARGUMENT, "k = -1", "(4, 3)");
    check_no_neighbors(dev, x, cg_zeros(dev, CG_F32, cg_shape(4, 2)), 1, CG_ERROR_SHAPE, "(5, 3)", "(4, 2)");
    check_no_neighbors(dev, cg_zeros(dev, CG_F32, cg_shape(3)), y, 1, CG_ERROR_SHAPE, "(3,)", "(4, 3)");
    CHECK(cg_nearest_neighbors(NULL, y, 1, NULL, NULL) == CG_ERROR_ARGUMENT);
    CHECK(cg_nearest_neighbors(x, y, 1, NULL, NULL) == CG_OK && cg_error_code(dev) == CG_OK);
}

/* Several chunks of rows give what one would, and the places are those of a stable sort. */
DEVICE_TEST_ONCE(distances, neighbors_are_a_stable_sort) {
    enum { N = 700, M = 3000, K = 5 };
    uint64_t seed = 6;
    float *a = random_values(CG_F32, N * 2, -9, 9, &seed), *b = random_values(CG_F32, M * 2, -9, 9, &seed);
    for (int i = 0; i < N * 2; i++) a[i] = rintf(a[i]);
    for (int i = 0; i < M * 2; i++) b[i] = rintf(b[i]); /* whole numbers: many ties */
    cg_tensor *x = cg_from_f32(dev, cg_shape(N, 2), a), *y = cg_from_f32(dev, cg_shape(M, 2), b), *d, *i;
    CHECK(cg_nearest_neighbors(x, y, K, &d, &i) == CG_OK);
    cg_tensor *all = cg_cdist(x, y, 2);
    check_same_bits(i, cg_contiguous(cg_slice(cg_argsort(all, 1, false), 1, 0, K, 1)));
    check_same_bits(d, cg_contiguous(cg_slice(cg_sort(all, 1, false), 1, 0, K, 1)));
    CHECK_MSG(!cg_requires_grad(i), "places have no gradient");
}
