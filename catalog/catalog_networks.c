/* Normalization inside networks, and attention. */
#include "catalog/catalog.h"
#include "reference/ref_networks.h"

#include <math.h>

/* --- normalization -------------------------------------------------------------------------------------------- */

#define EPSILON 1e-5

/* The value and the size of a reference that gives both. */
static ref_array normalized(ref_norm how, const ref_array *x, bool size) {
    ref_array s, y = ref_normalize(&how, x[0], &s, NULL, NULL);
    return size ? s : y;
}

#define NORM(call_, ...)                                                                                     \
    static ref_array ref_of_##call_(const ref_array *x) {                                                    \
        return normalized((ref_norm){.epsilon = EPSILON, __VA_ARGS__}, x, false);                            \
    }                                                                                                        \
    static ref_array size_of_##call_(const ref_array *x) {                                                   \
        return normalized((ref_norm){.epsilon = EPSILON, __VA_ARGS__}, x, true);                             \
    }

static cg_tensor *layer(cg_tensor *const *x) { return cg_layer_norm(x[0], 1, x[1], x[2], EPSILON); }
static cg_tensor *layer_two(cg_tensor *const *x) { return cg_layer_norm(x[0], 2, x[1], x[2], EPSILON); }
static cg_tensor *layer_plain(cg_tensor *const *x) { return cg_layer_norm(x[0], 1, NULL, NULL, EPSILON); }
static cg_tensor *rms(cg_tensor *const *x) { return cg_rms_norm(x[0], 1, x[1], EPSILON); }
static cg_tensor *rms_plain(cg_tensor *const *x) { return cg_rms_norm(x[0], 2, NULL, EPSILON); }
static cg_tensor *group(cg_tensor *const *x) { return cg_group_norm(x[0], 2, x[1], x[2], EPSILON); }
static cg_tensor *group_each(cg_tensor *const *x) { return cg_group_norm(x[0], 4, x[1], NULL, EPSILON); }
static cg_tensor *batch(cg_tensor *const *x) {
    return cg_batch_norm(x[0], x[1], x[2], NULL, NULL, true, 0.1, EPSILON);
}
static cg_tensor *batch_running(cg_tensor *const *x) {
    return cg_batch_norm(x[0], x[1], NULL, x[2], x[3], false, 0.1, EPSILON);
}
NORM(layer, .kind = REF_LAST_AXES, .n = 1, .weight = &x[1], .bias = &x[2])
NORM(layer_two, .kind = REF_LAST_AXES, .n = 2, .weight = &x[1], .bias = &x[2])
NORM(layer_plain, .kind = REF_LAST_AXES, .n = 1)
NORM(rms, .kind = REF_LAST_AXES, .n = 1, .uncentred = true, .weight = &x[1])
NORM(rms_plain, .kind = REF_LAST_AXES, .n = 2, .uncentred = true)
NORM(group, .kind = REF_GROUPS, .n = 2, .weight = &x[1], .bias = &x[2])
NORM(group_each, .kind = REF_GROUPS, .n = 4, .weight = &x[1])
NORM(batch, .kind = REF_CHANNELS, .weight = &x[1], .bias = &x[2])
NORM(batch_running, .kind = REF_CHANNELS, .weight = &x[1], .given_mean = &x[2], .given_var = &x[3])

/* --- attention ------------------------------------------------------------------------------------------------ */

static ref_array attended(ref_attention how, const ref_array *x, bool size) {
    ref_array s, y = ref_attend(&how, x[0], x[1], x[2], &s);
    return size ? s : y;
}

#define ATTENTION(call_, options_, mask_, ...)                                                               \
    static cg_tensor *call_(cg_tensor *const *x) {                                                           \
        return cg_scaled_dot_product_attention(x[0], x[1], x[2], mask_, (cg_attention_options)options_);     \
    }                                                                                                        \
    static ref_array ref_of_##call_(const ref_array *x) {                                                    \
        return attended((ref_attention){__VA_ARGS__}, x, false);                                             \
    }                                                                                                        \
    static ref_array size_of_##call_(const ref_array *x) {                                                   \
        return attended((ref_attention){__VA_ARGS__}, x, true);                                              \
    }
#define CAUSAL                                                                                               \
    { .causal = true }
#define SCALED                                                                                               \
    { .scale = -0.75 }
#define PLAIN                                                                                                \
    { 0 }

ATTENTION(attention, PLAIN, NULL, .scale = 0.5L)
ATTENTION(causal, CAUSAL, NULL, .scale = 0.5L, .causal = true)
ATTENTION(with_bool_mask, PLAIN, x[3], .scale = 0.5L, .mask = &x[3], .mask_is_bool = true)
ATTENTION(with_real_mask, SCALED, x[3], .scale = -0.75L, .mask = &x[3])
ATTENTION(causal_and_masked, CAUSAL, x[3], .scale = 0.5L, .causal = true, .mask = &x[3], .mask_is_bool = true)

/* --- the entries ---------------------------------------------------------------------------------------------- */

#define OF(call_, inputs) .call = call_, .reference = ref_of_##call_, .scale = size_of_##call_, .n = inputs
#define REAL(bound_) .dtypes = CATALOG_REALS, .bound = bound_

/*
 * (log2 n + 14) u (1 + |z| + |z0|) |weight| + u |y|, n <= 10 elements; attention (S + 4 (D + 4) m + 8) u with D = 4 and
 * S <= 6. Without weights the gradient of a sum is 0: test_normalization.c checks that of another function.
 */
const catalog_entry catalog_networks[] = {
    {"layer_norm", "the last axis", OF(layer, 3), REAL(18), .gradient = true,
     .x = {{{3, {2, 3, 5}}}, {{1, {5}}}, {{1, {5}}}}, .large = {{2, {4096, 1024}}, {1, {1024}}, {1, {1024}}}},
    {"layer_norm", "two axes", OF(layer_two, 3), REAL(18), .gradient = true,
     .x = {{{3, {3, 2, 4}}}, {{2, {2, 4}}}, {{2, {2, 4}}}}},
    {"layer_norm", "neither weight nor bias", OF(layer_plain, 1), REAL(18), .x = {{{2, {4, 7}}}}},
    {"layer_norm", "no rows", OF(layer, 3), REAL(18), .gradient = true,
     .x = {{{2, {0, 5}}}, {{1, {5}}}, {{1, {5}}}}},
    {"rms_norm", "the last axis", OF(rms, 2), REAL(12), .gradient = true, .x = {{{3, {2, 3, 5}}}, {{1, {5}}}},
     .large = {{2, {4096, 1024}}, {1, {1024}}}},
    {"rms_norm", "two axes, no weight", OF(rms_plain, 1), REAL(12), .gradient = true,
     .x = {{{3, {3, 2, 3}}}}},
    {"group_norm", "two groups", OF(group, 3), REAL(18), .gradient = true,
     .x = {{{3, {2, 4, 3}}}, {{1, {4}}}, {{1, {4}}}}, .large = {{4, {32, 64, 28, 28}}, {1, {64}}, {1, {64}}}},
    {"group_norm", "each channel by itself", OF(group_each, 2), REAL(18), .gradient = true,
     .x = {{{4, {2, 4, 2, 3}}}, {{1, {4}}}}},
    {"batch_norm", "by the batch", OF(batch, 3), REAL(18), .gradient = true,
     .x = {{{3, {3, 2, 3}}}, {{1, {2}}}, {{1, {2}}}}, .large = {{4, {32, 64, 28, 28}}, {1, {64}}, {1, {64}}}},
    {"batch_norm", "rows of features", OF(batch, 3), REAL(18), .gradient = true,
     .x = {{{2, {6, 3}}}, {{1, {3}}}, {{1, {3}}}}},
    {"batch_norm", "by what is running", OF(batch_running, 4), REAL(18), .gradient = true,
     .x = {{{3, {2, 3, 4}}},
           {{1, {3}}},
           {{1, {3}}, .no_gradient = true},
           {{1, {3}}, .lo = 0.5, .hi = 2, .no_gradient = true}}},
    {"scaled_dot_product_attention", "no mask", OF(attention, 3), REAL(46), .gradient = true,
     .x = {{{3, {2, 3, 4}}}, {{3, {2, 5, 4}}}, {{3, {2, 5, 3}}}},
     .large = {{4, {16, 4, 128, 64}}, {4, {16, 4, 128, 64}}, {4, {16, 4, 128, 64}}}},
    {"scaled_dot_product_attention", "causal, keys shared by heads", OF(causal, 3), REAL(46),
     .gradient = true, .x = {{{4, {2, 2, 5, 4}}}, {{3, {1, 4, 4}}}, {{4, {2, 1, 4, 3}}}}},
    {"scaled_dot_product_attention", "a mask of bool", OF(with_bool_mask, 4), REAL(46), .gradient = true,
     .x = {{{3, {2, 4, 4}}},
           {{3, {2, 6, 4}}},
           {{3, {2, 6, 2}}},
           {{2, {4, 6}}, .fill = CATALOG_INDEX, .lo = 0, .hi = 1, .dtype = CATALOG_DTYPE(CG_BOOL)}}},
    {"scaled_dot_product_attention", "a real mask and a scale", OF(with_real_mask, 4), REAL(46),
     .gradient = true, .x = {{{3, {2, 3, 4}}}, {{3, {2, 5, 4}}}, {{3, {2, 5, 3}}}, {{3, {2, 1, 5}}}}},
    {"scaled_dot_product_attention", "causal and masked", OF(causal_and_masked, 4), REAL(46),
     .gradient = true,
     .x = {{{2, {5, 4}}},
           {{2, {5, 4}}},
           {{2, {5, 2}}},
           {{1, {5}}, .fill = CATALOG_INDEX, .lo = 0, .hi = 1, .dtype = CATALOG_DTYPE(CG_BOOL)}}},
    {"scaled_dot_product_attention", "no keys", OF(attention, 3), REAL(46), .gradient = true,
     .x = {{{3, {2, 3, 4}}}, {{3, {2, 0, 4}}}, {{3, {2, 0, 3}}}}},
    {.name = NULL},
};
