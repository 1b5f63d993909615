/*
 * The requests conv and pool of host/backend.h, by the device's own kernels and by their composition, against the naive
 * reference: kernels, strides, paddings, dilations, groups and kinds, and sizes at which the CPU backend cuts its work.
 */
#include "host/compose.h"
#include "reference/ref_conv.h"
#include "support/device_test.h"
#include "support/requests.h"

#include <math.h>

typedef struct geometry {
    int64_t n, c, k, groups, in[2], kernel[2], stride[2], padding[2], dilation[2];
} geometry;

static const geometry shapes[] = {
    {1, 1, 1, 1, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {1, 1}},
    {2, 3, 4, 1, {5, 6}, {1, 1}, {1, 1}, {0, 0}, {1, 1}},
    {2, 2, 3, 1, {6, 5}, {3, 3}, {1, 1}, {0, 0}, {1, 1}},
    {2, 2, 3, 1, {5, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
    {1, 3, 2, 1, {7, 6}, {3, 2}, {2, 1}, {1, 0}, {1, 1}},
    {3, 2, 2, 1, {4, 9}, {2, 3}, {1, 2}, {0, 2}, {2, 3}},
    {2, 4, 6, 2, {5, 4}, {3, 3}, {1, 2}, {2, 1}, {1, 1}},
    {2, 3, 3, 3, {6, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
    {2, 3, 6, 3, {7, 5}, {3, 2}, {2, 2}, {1, 1}, {1, 2}},
    {1, 2, 2, 1, {2, 3}, {5, 5}, {1, 1}, {3, 2}, {1, 1}},
    {2, 2, 2, 1, {9, 1}, {4, 1}, {5, 1}, {0, 0}, {1, 1}},
    {2, 2, 1, 1, {3, 3}, {1, 1}, {1, 1}, {4, 4}, {1, 1}},
    {2, 3, 2, 1, {6, 6}, {1, 1}, {2, 2}, {0, 0}, {1, 1}},
    {5, 4, 4, 4, {4, 4}, {2, 2}, {2, 2}, {0, 0}, {1, 1}},
    {2, 5, 17, 1, {6, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
    {2, 3, 5, 1, {9, 11}, {3, 3}, {1, 1}, {2, 2}, {2, 2}},
    {3, 4, 6, 2, {8, 6}, {3, 4}, {1, 1}, {1, 3}, {1, 1}},
    {1, 2, 1, 1, {4, 12}, {1, 5}, {1, 1}, {0, 2}, {1, 1}},
};

/* Many windows, many images, many channels: tiles, runs of images, blocks of channels and of tiles. */
static const geometry large[] = {
    {2, 3, 5, 1, {40, 37}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
    {40, 3, 6, 1, {6, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
    {2, 150, 9, 1, {6, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
    {3, 20, 70, 1, {33, 20}, {1, 1}, {1, 1}, {0, 0}, {1, 1}},
    {33, 6, 16, 2, {14, 14}, {5, 5}, {1, 1}, {0, 0}, {1, 1}},
    {9, 33, 33, 33, {19, 40}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
    {70, 1, 6, 1, {28, 28}, {5, 5}, {1, 1}, {2, 2}, {1, 1}},
    {90, 8, 8, 1, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {1, 1}},
    {3, 13, 7, 1, {50, 61}, {5, 3}, {1, 1}, {2, 1}, {1, 1}},
    {7, 40, 12, 1, {15, 18}, {3, 3}, {1, 1}, {0, 0}, {1, 1}},
    {2, 5, 20, 1, {9, 600}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
    {2, 70, 24, 1, {17, 16}, {3, 3}, {2, 2}, {1, 1}, {1, 1}},
    {3, 18, 36, 2, {12, 11}, {5, 5}, {1, 1}, {2, 2}, {1, 1}},
    {2, 13, 40, 1, {16, 15}, {2, 3}, {3, 2}, {1, 0}, {2, 2}},
    {2, 200, 90, 1, {7, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
    {2, 17, 33, 1, {32, 32}, {1, 1}, {1, 1}, {0, 0}, {1, 1}},
    {1, 9, 10, 1, {20, 21}, {7, 7}, {2, 2}, {3, 3}, {1, 1}},
    {2, 10, 12, 1, {14, 13}, {1, 2}, {3, 4}, {0, 0}, {1, 1}},
    {300, 3, 9, 1, {4, 5}, {2, 2}, {1, 1}, {0, 0}, {1, 1}},
    {1, 40, 33, 1, {17, 18}, {3, 3}, {1, 1}, {2, 2}, {2, 2}},
    {2, 40, 33, 1, {30, 41}, {3, 3}, {1, 1}, {30, 36}, {30, 36}},
    {2, 5, 5, 5, {30, 41}, {3, 3}, {1, 1}, {36, 30}, {36, 30}},
    {1, 20, 32, 2, {30, 31}, {3, 2}, {2, 3}, {14, 12}, {14, 20}},
    {1, 12, 3, 1, {33, 32}, {3, 3}, {1, 1}, {16, 18}, {16, 18}},
};

static cg_windows windows_of(const geometry *g) {
    cg_windows w = {.in = {g->in[0], g->in[1]}};
    for (int a = 0; a < 2; a++) {
        w.kernel[a] = g->kernel[a], w.stride[a] = g->stride[a];
        w.padding[a] = g->padding[a], w.dilation[a] = g->dilation[a];
        w.out[a] = (w.in[a] + 2 * w.padding[a] - w.dilation[a] * (w.kernel[a] - 1) - 1) / w.stride[a] + 1;
    }
    return w;
}

static ref_window reference_window(const cg_windows *w, int64_t groups) {
    ref_window o = {.groups = groups};
    for (int a = 0; a < 2; a++)
        o.stride[a] = w->stride[a], o.padding[a] = w->padding[a], o.dilation[a] = w->dilation[a];
    return o;
}

static ref_array values(cg_dtype t, const void *data, int64_t a, int64_t b, int64_t c, int64_t d) {
    ref_array x = ref_array_new(4, (const int64_t[]){a, b, c, d});
    const long double *v = to_values(t, data, x.n);
    for (int64_t i = 0; i < x.n; i++) x.v[i] = v[i];
    return x;
}

static void *random_of(cg_dtype t, const ref_array *like, uint64_t *seed) {
    return random_values(t, like->n, -2, 2, seed);
}

/* The three operands of a convolution as arrays of zeros. */
typedef struct operands {
    ref_array x, w, y, bias;
} operands;

static operands operands_of(const geometry *g, const cg_windows *s) {
    return (operands){
        .x = ref_array_new(4, (const int64_t[]){g->n, g->c, s->in[0], s->in[1]}),
        .w = ref_array_new(4, (const int64_t[]){g->k, g->c / g->groups, s->kernel[0], s->kernel[1]}),
        .y = ref_array_new(4, (const int64_t[]){g->n, g->k, s->out[0], s->out[1]}),
        .bias = ref_array_new(4, (const int64_t[]){1, 1, 1, g->k})};
}

/* The exact result of a kind; `sizes`: the same of |x|, |w|, |y|. */
static ref_array exact(cg_conv_kind kind, const operands *o, const ref_window *window, bool biased,
                       bool sizes) {
    ref_array x = o->x, w = o->w, y = o->y, b = o->bias;
    if (sizes)
        x = ref_array_map(x, fabsl), w = ref_array_map(w, fabsl), y = ref_array_map(y, fabsl),
        b = ref_array_map(b, fabsl);
    switch (kind) {
    case CG_CONV_FORWARD:
        return ref_conv(x, w, biased ? &b : NULL, window);
    case CG_CONV_INPUT_GRAD:
        return ref_conv_input_grad(y, w, x.shape[2], x.shape[3], window);
    default:
        return ref_conv_weight_grad(x, y, w.shape[2], w.shape[3], window);
    }
}

/* The most products that an element of the result is the sum of. */
static int64_t products(cg_conv_kind kind, const geometry *g, const cg_windows *s) {
    const int64_t taps = s->kernel[0] * s->kernel[1];
    if (kind == CG_CONV_FORWARD) return g->c / g->groups * taps;
    return kind == CG_CONV_INPUT_GRAD ? g->k / g->groups * taps : g->n * s->out[0] * s->out[1];
}

typedef cg_status conv_way(cg_hw *hw, const cg_conv_request *r);

/* One element becomes an infinity or NaN. */
static void spoil(cg_dtype t, void *data, int64_t n, uint64_t *seed) {
    const int64_t at = (int64_t)random_below(seed, n);
    const double value = random_below(seed, 3) ? (double)INFINITY : (double)NAN;
    if (t == CG_F32)
        ((float *)data)[at] = (float)value;
    else
        ((double *)data)[at] = value;
}

/* Infinities and NaN are where they are in `want`. */
static void check_kinds(cg_dtype t, const void *got, int64_t n, const long double *want) {
    const long double *values = to_values(t, got, n);
    for (int64_t i = 0; i < n; i++) {
        const bool same = isfinite(want[i]) ? isfinite(values[i])
                                            : values[i] == want[i] || (isnan(want[i]) && isnan(values[i]));
        if (!CHECK_MSG(same, "[%lld] = %Lg, not %Lg", (long long)i, values[i], want[i])) return;
    }
}

/* `spoiled`: with what is not finite in each operand. */
static void run_conv(cg_device *dev, conv_way *way, const geometry *g, cg_conv_kind kind, cg_dtype t,
                     bool biased, bool spoiled, uint64_t seed) {
    const cg_windows s = windows_of(g);
    const ref_window window = reference_window(&s, g->groups);
    operands o = operands_of(g, &s);
    void *data[] = {random_of(t, &o.x, &seed), random_of(t, &o.w, &seed), random_of(t, &o.y, &seed),
                    random_of(t, &o.bias, &seed)};
    const int64_t count[] = {o.x.n, o.w.n, o.y.n};
    for (int i = 0; i < 3 && spoiled; i++) spoil(t, data[i], count[i], &seed);
    o.x = values(t, data[0], g->n, g->c, s.in[0], s.in[1]);
    o.w = values(t, data[1], g->k, g->c / g->groups, s.kernel[0], s.kernel[1]);
    o.y = values(t, data[2], g->n, g->k, s.out[0], s.out[1]);
    o.bias = values(t, data[3], 1, 1, 1, g->k);
    const ref_array want = exact(kind, &o, &window, biased, false),
                    scale = exact(kind, &o, &window, biased, true);
    cg_conv_request r = {
        .kind = kind, .dtype = t, .n = g->n, .c = g->c, .k = g->k, .groups = g->groups, .windows = s};
    r.x = put(dev, t, o.x.n, kind == CG_CONV_INPUT_GRAD ? NULL : data[0]);
    r.w = put(dev, t, o.w.n, kind == CG_CONV_WEIGHT_GRAD ? NULL : data[1]);
    r.y = put(dev, t, o.y.n, kind == CG_CONV_FORWARD ? NULL : data[2]);
    if (biased) r.bias = put(dev, t, g->k, data[3]);
    CHECK_MSG(way(dev->hw, &r) == CG_OK, "%s", cg_error_message(dev));
    long double *factor = scratch((size_t)want.n * sizeof *factor);
    for (int64_t i = 0; i < want.n; i++) factor[i] = (long double)products(kind, g, &s) + 2;
    cg_operand *result = kind == CG_CONV_FORWARD ? &r.y : kind == CG_CONV_INPUT_GRAD ? &r.x : &r.w;
    const cg_operand first = *result;
    *result = put(dev, t, want.n, NULL);
    CHECK(way(dev->hw, &r) == CG_OK);
    const cg_operand second = *result;
    *result = (cg_operand){0};
    const void *got = take(dev, first, want.n);
    if (spoiled)
        check_kinds(t, got, want.n, want.v);
    else
        check_near(t, got, want.n, want.v, factor, scale.v);
    check_bits(take(dev, second, want.n), got, want.n, cg_dtype_size(t));
    drop(dev, r.x), drop(dev, r.w), drop(dev, r.y), drop(dev, r.bias);
    scratch_free_all();
}

static const char *const kind_names[] = {"forward", "input grad", "weight grad"};

static void run_shape(cg_device *dev, conv_way *way, const geometry *g, int number, cg_dtype t) {
    for (int kind = CG_CONV_FORWARD; kind <= CG_CONV_WEIGHT_GRAD; kind++) {
        check_case("%s of shape %d, %s, %s", kind_names[kind], number, cg_dtype_name(t),
                   way == cg_compose_conv ? "composed" : "own");
        run_conv(dev, way, g, (cg_conv_kind)kind, t, kind == CG_CONV_FORWARD && number % 2, false,
                 7 + (uint64_t)number);
    }
}

/* Zeros of the padding are factors like others, but in the gradient to the input, which has none. */
static void run_spoiled(cg_device *dev, conv_way *way, const geometry *g, int number, cg_dtype t) {
    for (int kind = CG_CONV_FORWARD; kind <= CG_CONV_WEIGHT_GRAD; kind++)
        for (uint64_t seed = 1; seed <= 3; seed++) {
            check_case("%s of shape %d, %s, %s, seed %d", kind_names[kind], number, cg_dtype_name(t),
                       way == cg_compose_conv ? "composed" : "own", (int)seed);
            run_conv(dev, way, g, (cg_conv_kind)kind, t, false, true, seed);
        }
}

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

/* An OpenCL device builds a kernel of the product for each shape: it takes those that differ in what is before it. */
static bool has_turn(const cg_device *dev, int i, cg_dtype t) {
    static const bool on_opencl[COUNT(shapes)] = {[3] = true, [6] = true, [7] = true, [8] = true};
    if (t == CG_F64 && !cg_device_properties(dev)->has_f64) return false;
    return !device_is_opencl(dev) || (on_opencl[i] && (t == CG_F32 || i == 7));
}

DEVICE_TEST_ONCE(small_conv_requests, shapes_and_kinds) {
    for (int i = 0; i < COUNT(shapes); i++)
        for (int t = CG_F32; t <= CG_F64; t++)
            if (has_turn(dev, i, (cg_dtype)t)) run_shape(dev, cg_hw_conv, &shapes[i], i, (cg_dtype)t);
}

CPU_TEST(conv_requests, composed) {
    for (int i = 0; i < COUNT(shapes); i++) {
        run_shape(dev, cg_compose_conv, &shapes[i], i, CG_F32);
        run_shape(dev, cg_compose_conv, &shapes[i], i, CG_F64);
    }
}

CPU_TEST(conv_requests, large_shapes) {
    for (int i = 0; i < COUNT(large); i++) run_shape(dev, cg_hw_conv, &large[i], i, CG_F32);
}

DEVICE_TEST_ONCE(small_conv_requests, what_is_not_finite) {
    for (int i = 0; i < COUNT(shapes); i++)
        for (int t = CG_F32; t <= CG_F64; t++)
            if (has_turn(dev, i, (cg_dtype)t)) run_spoiled(dev, cg_hw_conv, &shapes[i], i, (cg_dtype)t);
}

CPU_TEST(conv_requests, what_is_not_finite_composed) {
    for (int i = 0; i < COUNT(shapes); i++) run_spoiled(dev, cg_compose_conv, &shapes[i], i, CG_F32);
}

/* Tiles, tables, dilations that are columns. */
CPU_TEST(conv_requests, what_is_not_finite_of_large_shapes) {
    for (int i = 0; i < COUNT(large); i += 2) run_spoiled(dev, cg_hw_conv, &large[i], i, CG_F32);
    const geometry apart = {1,      2,      2,      2,     {4, 3},
                            {2, 1}, {1, 1}, {7, 2}, {9, 1}}; /* windows of padding alone */
    run_spoiled(dev, cg_hw_conv, &apart, COUNT(large), CG_F32);
}

/* The kernels of the other style: an element of the result for each work-item on a CPU, a plane on a GPU. */
OPENCL_TEST(small_conv_requests, kernels_of_the_other_style) {
    CHECK(cg_device_set_detour(dev, "conv", CG_DETOUR_OTHER_KERNEL) == CG_OK);
    run_shape(dev, cg_hw_conv, &shapes[6], 6, CG_F32);
    run_shape(dev, cg_hw_conv, &shapes[8], 8, CG_F32);
    run_spoiled(dev, cg_hw_conv, &shapes[7], 7, CG_F32);
    CHECK(cg_device_set_detour(dev, "conv", CG_DETOUR_NONE) == CG_OK);
}

/* 80 MB of columns: more than an OpenCL device makes at a time. */
OPENCL_TEST(conv_requests, images_in_parts) {
    const geometry g = {5, 16, 1, 1, {104, 104}, {5, 5}, {1, 1}, {0, 0}, {1, 1}};
    run_shape(dev, cg_hw_conv, &g, 0, CG_F32);
}

/* --- pool ------------------------------------------------------------------------------------------------------- */

typedef struct pool_case {
    geometry g;
    bool ceil_mode, exclude_padding;
} pool_case;

static const pool_case pools[] = {
    {{1, 1, 0, 0, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {1, 1}}, false, false},
    {{2, 3, 0, 0, {6, 8}, {2, 2}, {2, 2}, {0, 0}, {1, 1}}, false, false},
    {{2, 3, 0, 0, {7, 5}, {2, 2}, {2, 2}, {0, 0}, {1, 1}}, true, false},
    {{2, 2, 0, 0, {5, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, false, true},
    {{3, 1, 0, 0, {9, 7}, {3, 2}, {2, 3}, {1, 1}, {1, 1}}, true, true},
    {{1, 2, 0, 0, {9, 7}, {3, 2}, {2, 3}, {1, 1}, {1, 1}}, true, false},
    {{1, 2, 0, 0, {4, 19}, {4, 5}, {3, 1}, {2, 2}, {1, 1}}, false, false},
    {{2, 2, 0, 0, {9, 8}, {3, 3}, {1, 2}, {1, 0}, {2, 3}}, false, false},
    {{1, 2, 0, 0, {5, 75}, {2, 2}, {2, 2}, {0, 0}, {1, 1}},
     false,
     false}, /* wider than a vector, from here on */
    {{1, 1, 0, 0, {6, 90}, {3, 3}, {2, 2}, {1, 1}, {1, 1}}, false, true},
    {{1, 1, 0, 0, {7, 40}, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, false, false},
    {{1, 1, 0, 0, {7, 110}, {3, 3}, {3, 3}, {0, 0}, {1, 1}}, false, false},
    {{130, 2, 0, 0, {12, 12}, {2, 2}, {2, 2}, {0, 0}, {1, 1}}, false, false},
};

/* ceil_mode adds a window that begins before the end of the padding, where the last one did not reach it. */
static cg_windows pool_windows(const pool_case *p) {
    cg_windows w = windows_of(&p->g);
    for (int a = 0; a < 2 && p->ceil_mode; a++) {
        const int64_t limit = w.in[a] + w.padding[a], begin = w.out[a] * w.stride[a] - w.padding[a];
        const int64_t end = begin - w.stride[a] + (w.kernel[a] - 1) * w.dilation[a] + 1;
        if (end < limit && begin < limit) w.out[a]++;
    }
    return w;
}

typedef cg_status pool_way(cg_hw *hw, const cg_pool_request *r);

/* MAX and MAX_GRAD: values and places are exact; sums at a place are compared with those of whole numbers. */
static void run_max(cg_device *dev, pool_way *way, const pool_case *p, cg_dtype t, filling how,
                    uint64_t seed) {
    const cg_windows s = pool_windows(p);
    const int64_t planes = p->g.n * p->g.c, n = planes * s.in[0] * s.in[1], m = planes * s.out[0] * s.out[1];
    ref_window window = reference_window(&s, 1);
    window.ceil_mode = p->ceil_mode;
    void *data = filled(t, n, how, seed), *g = small_values(t, m, seed + 1);
    const ref_array x = values(t, data, p->g.n, p->g.c, s.in[0], s.in[1]);
    const ref_array want = ref_max_pool(x, s.kernel[0], s.kernel[1], &window, false);
    const ref_array at = ref_max_pool(x, s.kernel[0], s.kernel[1], &window, true);
    cg_pool_request r = {.kind = CG_POOL_MAX, .dtype = t, .planes = planes, .windows = s};
    r.x = put(dev, t, n, data), r.y = put(dev, t, m, NULL), r.index = put(dev, CG_I64, m, NULL);
    CHECK(CHECK(want.n == m) && way(dev->hw, &r) == CG_OK);
    check_near(t, take(dev, r.y, m), m, want.v, NULL, NULL);
    const cg_operand index = r.index;
    r.y = put(dev, t, m, NULL), r.index = (cg_operand){0};
    CHECK(way(dev->hw, &r) == CG_OK);
    check_near(t, take(dev, r.y, m), m, want.v, NULL, NULL);
    drop(dev, r.x);
    r.index = index;
    r.kind = CG_POOL_MAX_GRAD;
    r.x = put(dev, t, n, NULL), r.y = put(dev, t, m, g);
    CHECK(way(dev->hw, &r) == CG_OK);
    ref_array dx = ref_array_like(x), scale = ref_array_like(x);
    const long double *dy = to_values(t, g, m);
    long double *factor = scratch((size_t)n * sizeof *factor);
    for (int64_t i = 0; i < n; i++) factor[i] = (long double)(s.kernel[0] * s.kernel[1]);
    for (int64_t i = 0; i < m; i++) {
        const int64_t to = i / (s.out[0] * s.out[1]) * s.in[0] * s.in[1] + (int64_t)at.v[i];
        dx.v[to] += dy[i], scale.v[to] += fabsl(dy[i]);
    }
    check_near(t, take(dev, r.x, n), n, dx.v, factor, scale.v);
    check_near(CG_I64, take(dev, r.index, m), m, at.v, NULL, NULL);
    drop(dev, r.y);
    scratch_free_all();
}

static ref_array mean_grad_of(const ref_array *y, const cg_windows *s, const ref_window *o) {
    ref_array x = ref_array_new(4, (const int64_t[]){y->shape[0], y->shape[1], s->in[0], s->in[1]});
    for (int64_t i = 0; i < x.n; i++) { /* column i of the matrix of the mean, by a unit image */
        const int64_t plane = s->in[0] * s->in[1], windows = y->shape[2] * y->shape[3];
        ref_array unit = ref_array_new(4, (const int64_t[]){1, 1, s->in[0], s->in[1]});
        unit.v[i % plane] = 1;
        const ref_array column = ref_avg_pool(unit, s->kernel[0], s->kernel[1], o);
        for (int64_t j = 0; j < windows; j++) x.v[i] += column.v[j] * y->v[i / plane * windows + j];
    }
    return x;
}

static void run_mean(cg_device *dev, pool_way *way, const pool_case *p, cg_dtype t, bool backward,
                     uint64_t seed) {
    const cg_windows s = pool_windows(p);
    const int64_t planes = p->g.n * p->g.c, n = planes * s.in[0] * s.in[1], m = planes * s.out[0] * s.out[1];
    ref_window window = reference_window(&s, 1);
    window.ceil_mode = p->ceil_mode, window.exclude_padding = p->exclude_padding;
    const int64_t in = backward ? m : n, out = backward ? n : m, *from = backward ? s.out : s.in;
    void *data = random_values(t, in, -2, 2, &seed);
    ref_array x = values(t, data, p->g.n, p->g.c, from[0], from[1]), sizes = ref_array_map(x, fabsl);
    ref_array want =
        backward ? mean_grad_of(&x, &s, &window) : ref_avg_pool(x, s.kernel[0], s.kernel[1], &window);
    ref_array scale =
        backward ? mean_grad_of(&sizes, &s, &window) : ref_avg_pool(sizes, s.kernel[0], s.kernel[1], &window);
    long double *factor = scratch((size_t)out * sizeof *factor);
    for (int64_t i = 0; i < out; i++) factor[i] = (long double)(s.kernel[0] * s.kernel[1]) + 1;
    cg_pool_request r = {.kind = backward ? CG_POOL_MEAN_GRAD : CG_POOL_MEAN,
                         .dtype = t,
                         .exclude_padding = p->exclude_padding,
                         .planes = planes,
                         .windows = s};
    r.x = put(dev, t, n, backward ? NULL : data);
    r.y = put(dev, t, m, backward ? data : NULL);
    CHECK(CHECK(want.n == out) && way(dev->hw, &r) == CG_OK);
    check_near(t, take(dev, backward ? r.x : r.y, out), out, want.v, factor, scale.v);
    drop(dev, backward ? r.y : r.x);
    scratch_free_all();
}

/* Columns of one image that no buffer of the device has room for: some rows of windows at a time. In both styles. */
OPENCL_TEST(conv_requests, an_image_in_parts) {
    const geometry g = {1, 16, 1, 1, {66, 32}, {5, 5}, {2, 1}, {2, 0}, {1, 1}}; /* 1.5 MB of columns */
    const uint64_t most = dev->hw->info.max_buffer_bytes;
    dev->hw->info.max_buffer_bytes = 256 << 10;
    run_shape(dev, cg_hw_conv, &g, 0, CG_F32);
    CHECK(cg_device_set_detour(dev, "conv", CG_DETOUR_OTHER_KERNEL) == CG_OK);
    run_conv(dev, cg_hw_conv, &g, CG_CONV_INPUT_GRAD, CG_F32, false, false, 7);
    CHECK(cg_device_set_detour(dev, "conv", CG_DETOUR_NONE) == CG_OK);
    dev->hw->info.max_buffer_bytes = most;
}

/* No device at hand lacks f64: one that says so. Nothing of f32 may ask for it. */
CPU_TEST(conv_requests, without_f64) {
    dev->hw->info.has_f64 = false;
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(1, 1, 2, 2));
    check_equal(cg_conv2d(x, x, NULL, (cg_conv_options){0}), CG_F32, cg_shape(1, 1, 1, 1),
                (const long double[]){4});
    check_equal(
        cg_fold(cg_unfold(x, 1, 1, (cg_conv_options){0}), (cg_fold_size){2, 2, 1, 1}, (cg_conv_options){0}),
        CG_F32, cg_shape(1, 1, 2, 2), (const long double[]){1, 1, 1, 1});
    dev->hw->info.has_f64 = true;
}

static void run_pools(cg_device *dev, pool_way *way, cg_dtype t, int count) {
    for (int i = 0; i < count; i++) {
        check_case("pool %d, %s, %s", i, cg_dtype_name(t), way == cg_compose_pool ? "composed" : "own");
        run_max(dev, way, &pools[i], t, RANDOM, 3 + (uint64_t)i);
        run_max(dev, way, &pools[i], t, TIES, 4 + (uint64_t)i);
        run_max(dev, way, &pools[i], t, SPECIAL, 5 + (uint64_t)i);
        if (pools[i].g.dilation[0] > 1) continue;
        run_mean(dev, way, &pools[i], t, false, 6 + (uint64_t)i);
        run_mean(dev, way, &pools[i], t, true, 7 + (uint64_t)i);
    }
}

DEVICE_TEST_ONCE(small_pool_requests, shapes_and_kinds) {
    const int count = device_is_slow(dev) ? COUNT(pools) - 1 : COUNT(pools);
    run_pools(dev, cg_hw_pool, CG_F32, count);
    if (device_has(dev, CG_F64)) run_pools(dev, cg_hw_pool, CG_F64, count - 1);
}

CPU_TEST(pool_requests, composed) {
    run_pools(dev, cg_compose_pool, CG_F32, COUNT(pools));
    run_pools(dev, cg_compose_pool, CG_F64, COUNT(pools) - 1);
}

OPENCL_TEST(small_pool_requests, kernels_of_the_other_style) {
    CHECK(cg_device_set_detour(dev, "pool", CG_DETOUR_OTHER_KERNEL) == CG_OK);
    run_pools(dev, cg_hw_pool, CG_F32, COUNT(pools) - 1);
    CHECK(cg_device_set_detour(dev, "pool", CG_DETOUR_NONE) == CG_OK);
}
