/* Losses: each with every reduction, and with each of its options. */
#include "catalog/catalog.h"
#include "reference/ref_losses.h"

#include <math.h>

/* --- Losses of elements ------------------------------------------------------------------------------------- */

/*
 * The three ways of calling a loss, their references and scales. `call` is made of x and `how`; `loss` and `size` (of
 * which the error is a multiple of u) are functions of a prediction and its target.
 */
#define REDUCED(name, suffix, reduction, call)                                                               \
    static cg_tensor *name##_##suffix(cg_tensor *const *x) {                                                 \
        const cg_reduction how = CG_##reduction;                                                             \
        return call;                                                                                         \
    }                                                                                                        \
    static ref_array ref_of_##name##_##suffix(const ref_array *x) {                                          \
        return ref_loss_reduce(REF_LOSS_##reduction, terms_of_##name(x));                                    \
    }                                                                                                        \
    static ref_array size_of_##name##_##suffix(const ref_array *x) {                                         \
        return ref_loss_reduce(REF_LOSS_##reduction, sizes_of_##name(x));                                    \
    }
#define REDUCED_THRICE(name, call)                                                                           \
    REDUCED(name, mean, MEAN, call)                                                                          \
    REDUCED(name, sum, SUM, call)                                                                            \
    REDUCED(name, none, NONE, call)
#define LOSS(name, call, loss, size)                                                                         \
    static ref_array terms_of_##name(const ref_array *x) { return ref_array_map2(x[0], x[1], loss); }        \
    static ref_array sizes_of_##name(const ref_array *x) { return ref_array_map2(x[0], x[1], size); }        \
    REDUCED_THRICE(name, call)

static long double hinge_size(long double y, long double t) { return 1 + fabsl(y * t); }
static long double huber_of(long double y, long double t) { return ref_huber(y, t, 0.75L); }
static long double smooth_l1_of(long double y, long double t) { return ref_smooth_l1(y, t, 0.75L); }
static long double logits_of(long double x, long double t) {
    return ref_binary_cross_entropy_logits(x, t, 1);
}

LOSS(mae, cg_mae_loss(x[0], x[1], how), ref_mae, ref_mae)
LOSS(mse, cg_mse_loss(x[0], x[1], how), ref_mse, ref_mse)
LOSS(huber, cg_huber_loss(x[0], x[1], how, 0.75), huber_of, huber_of)
LOSS(smooth_l1, cg_smooth_l1_loss(x[0], x[1], how, 0.75), smooth_l1_of, smooth_l1_of)
LOSS(smooth_l1_at_0, cg_smooth_l1_loss(x[0], x[1], how, 0), ref_mae, ref_mae)
LOSS(hinge, cg_hinge_loss(x[0], x[1], how), ref_hinge, hinge_size)
LOSS(bce, cg_binary_cross_entropy(x[0], x[1], how), ref_binary_cross_entropy, ref_binary_cross_entropy)
LOSS(bce_logits,
     cg_binary_cross_entropy_with_logits(x[0], x[1], how, (cg_binary_cross_entropy_options){.weight = NULL}),
     logits_of, logits_of)
LOSS(kl_div, cg_kl_div_loss(x[0], x[1], how), ref_kl_div, ref_kl_div_size)

/* x, target, pos_weight and weight, the latter two one for each column. */
static ref_array terms_of_bce_weighted(const ref_array *x) {
    ref_array loss = ref_array_like(x[0]);
    for (int64_t i = 0; i < loss.n; i++) {
        int64_t column = i % x[2].n;
        loss.v[i] = x[3].v[column] * ref_binary_cross_entropy_logits(x[0].v[i], x[1].v[i], x[2].v[column]);
    }
    return loss;
}
static ref_array sizes_of_bce_weighted(const ref_array *x) { return terms_of_bce_weighted(x); }
REDUCED_THRICE(bce_weighted, cg_binary_cross_entropy_with_logits(x[0], x[1], how,
                                                                 (cg_binary_cross_entropy_options){
                                                                     .pos_weight = x[2], .weight = x[3]}))

/* A few roundings for each term, and log2 n + 2 <= 6 for the sum. */
#define INPUTS(name, inputs)                                                                                 \
    .call = name, .reference = ref_of_##name, .scale = size_of_##name, .n = inputs, .bound = 14
#define ELEMENTS(name) INPUTS(name, 2)
#define REALS .dtypes = CATALOG_REALS
#define NUMBERS .dtypes = CATALOG_NUMBERS, .result = CATALOG_REAL

/* Grids whose differences keep away from the kinks at 0 and at +-0.75. */
#define PAIR .gradient = true, .x = {{.shape = {2, {2, 3}}}, {.shape = {2, {2, 3}}, .lo = -3.3, .hi = 2.7}}
#define BROADCAST .gradient = true, .x = {{.shape = {2, {2, 1}}}, {.shape = {1, {3}}, .lo = -3.3, .hi = 2.7}}
#define STRANGE(kind) .x = {{.shape = {2, {5, 7}}, .fill = kind}, {.shape = {2, {5, 7}}, .fill = kind}}
#define NOTHING .x = {{.shape = {3, {3, 0, 2}}}, {.shape = {3, {3, 0, 2}}}}
#define SCALARS .gradient = true, .x = {{.shape = {.rank = 0}}, {.shape = {.rank = 0}, .lo = -3.3, .hi = 2.7}}
#define DISTANCE(name, id)                                                                                   \
    {name, "mean", ELEMENTS(id##_mean), NUMBERS, PAIR, .large = {{2, {1024, 1024}}, {2, {1024, 1024}}}},     \
        {name, "sum, broadcast", ELEMENTS(id##_sum), REALS, BROADCAST},                                      \
        {name, "none, broadcast", ELEMENTS(id##_none), REALS, BROADCAST},                                    \
        {name, "none, NaN and infinity", ELEMENTS(id##_none), REALS, STRANGE(CATALOG_SPECIAL)},              \
        {name, "sum, ties", ELEMENTS(id##_sum), NUMBERS, STRANGE(CATALOG_TIES)},                             \
        {name, "mean of nothing", ELEMENTS(id##_mean), REALS, NOTHING},                                      \
        {name, "sum of nothing", ELEMENTS(id##_sum), REALS, NOTHING}, {                                      \
        name, "none, scalars", ELEMENTS(id##_none), REALS, SCALARS                                           \
    }

/* Probabilities far enough from 0 and 1 for numerical derivatives. */
#define CHANCES                                                                                              \
    .gradient = true,                                                                                        \
    .x = {{.shape = {2, {2, 3}}, .lo = 0.2, .hi = 0.9}, {.shape = {2, {2, 3}}, .lo = 0.1, .hi = 0.9}}
#define LOGITS .gradient = true, .x = {{.shape = {2, {2, 3}}}, {.shape = {2, {2, 3}}, .lo = 0.1, .hi = 0.9}}
#define HARD(from, to)                                                                                       \
    .x = {{.shape = {2, {5, 7}}, .lo = from, .hi = to},                                                      \
          {.shape = {2, {5, 7}}, .fill = CATALOG_INDEX, .lo = 0, .hi = 1}}
#define WEIGHTED                                                                                             \
    .gradient = true, .x = {{.shape = {2, {2, 3}}},                                                          \
                            {.shape = {2, {2, 3}}, .lo = 0.1, .hi = 0.9},                                    \
                            {.shape = {1, {3}}, .lo = 0.5, .hi = 3},                                         \
                            {.shape = {1, {3}}, .lo = 0.5, .hi = 2}}
#define DIVERGENCE                                                                                           \
    .gradient = true, .x = {{.shape = {2, {2, 3}}}, {.shape = {2, {2, 3}}, .lo = 0.2, .hi = 0.9}}

/* --- Losses of classes ----------------------------------------------------------------------------------------- */

/*
 * x[0] predictions, x[1] target; x[2] is the weight where `weighted`. The references take a ref_class_loss, the calls
 * the same options of the library.
 */
#define CLASS_LOSS(id, reduction_, function, form_, soft_, weighted, smoothing_, ignore_)                    \
    static cg_tensor *id(cg_tensor *const *x) {                                                              \
        return function(x[0], x[1], CG_##reduction_,                                                         \
                        (cg_cross_entropy_options){.weight = (weighted) ? x[2] : NULL,                       \
                                                   .smoothing = smoothing_,                                  \
                                                   .ignore = ignore_,                                        \
                                                   .ignore_index = 2});                                      \
    }                                                                                                        \
    static ref_array any_of_##id(const ref_array *x, bool size) {                                            \
        return ref_class_losses(&(ref_class_loss){.form = form_,                                             \
                                                  .reduction = REF_LOSS_##reduction_,                        \
                                                  .x = x[0],                                                 \
                                                  .target = x[1],                                            \
                                                  .soft = soft_,                                             \
                                                  .weight = (weighted) ? x[2].v : NULL,                      \
                                                  .smoothing = smoothing_,                                   \
                                                  .ignore = ignore_,                                         \
                                                  .ignore_index = 2,                                         \
                                                  .size = size});                                            \
    }                                                                                                        \
    static ref_array ref_of_##id(const ref_array *x) { return any_of_##id(x, false); }                       \
    static ref_array size_of_##id(const ref_array *x) { return any_of_##id(x, true); }

#define LABELLED(name, function, form)                                                                       \
    CLASS_LOSS(name##_mean, MEAN, function, form, false, false, 0, false)                                    \
    CLASS_LOSS(name##_sum, SUM, function, form, false, false, 0, false)                                      \
    CLASS_LOSS(name##_none, NONE, function, form, false, false, 0, false)                                    \
    CLASS_LOSS(name##_mean_weight, MEAN, function, form, false, true, 0, false)                              \
    CLASS_LOSS(name##_sum_weight, SUM, function, form, false, true, 0, false)                                \
    CLASS_LOSS(name##_mean_ignore, MEAN, function, form, false, false, 0, true)                              \
    CLASS_LOSS(name##_none_ignore, NONE, function, form, false, true, 0, true)                               \
    CLASS_LOSS(name##_mean_both, MEAN, function, form, false, true, 0, true)
#define SOFT(name, function, form)                                                                           \
    CLASS_LOSS(name##_mean, MEAN, function, form, true, false, 0, false)                                     \
    CLASS_LOSS(name##_sum, SUM, function, form, true, false, 0, false)                                       \
    CLASS_LOSS(name##_none, NONE, function, form, true, false, 0, false)                                     \
    CLASS_LOSS(name##_mean_weight, MEAN, function, form, true, true, 0, false)                               \
    CLASS_LOSS(name##_mean_smooth, MEAN, function, form, true, false, 0.1, false)                            \
    CLASS_LOSS(name##_none_all, NONE, function, form, true, true, 0.25, false)

LABELLED(entropy, cg_cross_entropy_with, REF_LOGITS)
CLASS_LOSS(entropy_mean_smooth, MEAN, cg_cross_entropy_with, REF_LOGITS, false, false, 0.1, false)
CLASS_LOSS(entropy_sum_smooth, SUM, cg_cross_entropy_with, REF_LOGITS, false, false, 1, false)
CLASS_LOSS(entropy_none_smooth, NONE, cg_cross_entropy_with, REF_LOGITS, false, true, 0.25, false)
CLASS_LOSS(entropy_mean_all, MEAN, cg_cross_entropy_with, REF_LOGITS, false, true, 0.25, true)
LABELLED(nll, cg_nll_loss, REF_LOG_P)
LABELLED(sparse, cg_sparse_categorical_cross_entropy, REF_P)
SOFT(soft, cg_cross_entropy_with_probabilities, REF_LOGITS)
SOFT(categorical, cg_categorical_cross_entropy, REF_P)

static cg_tensor *short_mean(cg_tensor *const *x) { return cg_cross_entropy(x[0], x[1], CG_MEAN); }
static cg_tensor *short_sum(cg_tensor *const *x) { return cg_cross_entropy(x[0], x[1], CG_SUM); }
static cg_tensor *short_none(cg_tensor *const *x) { return cg_cross_entropy(x[0], x[1], CG_NONE); }

/* Rounding of the softmax and of a sum over at most 7 classes and 15 samples. */
#define CLASSES(id, inputs)                                                                                  \
    .call = id, .reference = ref_of_##id, .scale = size_of_##id, .n = inputs, .bound = 24,                   \
    .dtypes = CATALOG_REALS, .gradient = true
#define SHORT(id)                                                                                            \
    .call = short_##id, .reference = ref_of_entropy_##id, .scale = size_of_entropy_##id, .n = 2,             \
    .bound = 24, .dtypes = CATALOG_REALS, .gradient = true
#define INDEX(...)                                                                                           \
    { __VA_ARGS__, .fill = CATALOG_INDEX, .lo = 0, .hi = 3 }
#define MATRIX .x = {{.shape = {2, {5, 4}}}, INDEX({1, {5}}), {.shape = {1, {4}}, .lo = 0.5, .hi = 2}}
#define MATRIX_OF(...)                                                                                       \
    .x = {{.shape = {2, {5, 4}}, __VA_ARGS__}, INDEX({1, {5}}), {.shape = {1, {4}}, .lo = 0.5, .hi = 2}}
#define VOLUME                                                                                               \
    .x = {{.shape = {4, {2, 4, 3, 2}}}, INDEX({3, {2, 3, 2}}), {.shape = {1, {4}}, .lo = 0.5, .hi = 2}}
#define ONE_SAMPLE .x = {{.shape = {1, {4}}}, INDEX({0}), {.shape = {1, {4}}, .lo = 0.5, .hi = 2}}
#define BYTES .x = {{.shape = {2, {5, 4}}}, INDEX({1, {5}}, .dtype = CATALOG_DTYPE(CG_U8))}
#define WORDS                                                                                                \
    .x = {{.shape = {2, {5, 4}}},                                                                            \
          INDEX({1, {5}}, .dtype = CATALOG_DTYPE(CG_I32)),                                                   \
          {.shape = {1, {4}}, .lo = 0.5, .hi = 2}}
#define CLASS_MILLION .large = {{2, {8192, 128}}, {1, {8192}}}
#define BETWEEN .lo = 0.2, .hi = 0.9 /* probabilities that do not sum to 1: all the same to these losses */

/* Forms of the losses of labels, for any kind of predictions. */
#define LABEL_ENTRIES(name, id, ...)                                                                         \
    {name, "mean", CLASSES(id##_mean, 2), MATRIX_OF(__VA_ARGS__), CLASS_MILLION},                            \
        {name, "sum", CLASSES(id##_sum, 2), MATRIX_OF(__VA_ARGS__)},                                         \
        {name, "none", CLASSES(id##_none, 2), MATRIX_OF(__VA_ARGS__)},                                       \
        {name, "mean, weights", CLASSES(id##_mean_weight, 3), MATRIX_OF(__VA_ARGS__)},                       \
        {name, "sum, weights", CLASSES(id##_sum_weight, 3), MATRIX_OF(__VA_ARGS__)},                         \
        {name, "mean, a class ignored", CLASSES(id##_mean_ignore, 2), MATRIX_OF(__VA_ARGS__)},               \
        {name, "none, weights, a class ignored", CLASSES(id##_none_ignore, 3), MATRIX_OF(__VA_ARGS__)}, {    \
        name, "mean, weights, a class ignored", CLASSES(id##_mean_both, 3), MATRIX_OF(__VA_ARGS__)           \
    }

#define SOFT_INPUTS(dims, fill_target, ...)                                                                  \
    .x = {{.shape = dims, __VA_ARGS__},                                                                      \
          {.shape = dims, .fill = fill_target, BETWEEN},                                                     \
          {.shape = {1, {4}}, .lo = 0.5, .hi = 2}}
#define SQUARE                                                                                               \
    {                                                                                                        \
        2, { 5, 4 }                                                                                          \
    }
#define CUBOID                                                                                               \
    {                                                                                                        \
        4, { 2, 4, 3, 2 }                                                                                    \
    }
#define SOFT_ENTRIES(name, id, ...)                                                                          \
    {name, "mean", CLASSES(id##_mean, 2), SOFT_INPUTS(SQUARE, CATALOG_PROBABILITY, __VA_ARGS__),             \
     .large = {{2, {8192, 128}}, {2, {8192, 128}}}},                                                         \
        {name, "sum", CLASSES(id##_sum, 2), SOFT_INPUTS(SQUARE, CATALOG_UNIFORM, __VA_ARGS__)},              \
        {name, "none", CLASSES(id##_none, 2), SOFT_INPUTS(SQUARE, CATALOG_UNIFORM, __VA_ARGS__)},            \
        {name, "mean, weights", CLASSES(id##_mean_weight, 3),                                                \
         SOFT_INPUTS(SQUARE, CATALOG_UNIFORM, __VA_ARGS__)},                                                 \
        {name, "mean, smoothing", CLASSES(id##_mean_smooth, 2),                                              \
         SOFT_INPUTS(SQUARE, CATALOG_UNIFORM, __VA_ARGS__)},                                                 \
        {name, "none, weights, smoothing", CLASSES(id##_none_all, 3),                                        \
         SOFT_INPUTS(SQUARE, CATALOG_UNIFORM, __VA_ARGS__)},                                                 \
    {                                                                                                        \
        name, "none, rank 4", CLASSES(id##_none, 2), SOFT_INPUTS(CUBOID, CATALOG_UNIFORM, __VA_ARGS__)       \
    }

const catalog_entry catalog_losses[] = {
    DISTANCE("mae_loss", mae),
    DISTANCE("mse_loss", mse),
    DISTANCE("huber_loss", huber),
    DISTANCE("smooth_l1_loss", smooth_l1),
    {"smooth_l1_loss", "none, beta 0", ELEMENTS(smooth_l1_at_0_none), REALS, BROADCAST},
    {"smooth_l1_loss", "mean, beta 0", ELEMENTS(smooth_l1_at_0_mean), REALS, PAIR},
    {"smooth_l1_loss", "sum, beta 0", ELEMENTS(smooth_l1_at_0_sum), NUMBERS, STRANGE(CATALOG_TIES)},
    DISTANCE("hinge_loss", hinge),
    {"binary_cross_entropy", "mean", ELEMENTS(bce_mean), REALS, CHANCES,
     .large = {{2, {1024, 1024}}, {2, {1024, 1024}}}},
    {"binary_cross_entropy", "sum", ELEMENTS(bce_sum), REALS, CHANCES},
    {"binary_cross_entropy", "none", ELEMENTS(bce_none), REALS, CHANCES},
    {"binary_cross_entropy", "none, targets 0 and 1", ELEMENTS(bce_none), REALS, HARD(0, 1)},
    {"binary_cross_entropy", "sum, small probabilities", ELEMENTS(bce_sum), REALS, HARD(0, 1e-6)},
    {"binary_cross_entropy_with_logits", "mean", ELEMENTS(bce_logits_mean), REALS, LOGITS,
     .large = {{2, {1024, 1024}}, {2, {1024, 1024}}}},
    {"binary_cross_entropy_with_logits", "sum", ELEMENTS(bce_logits_sum), REALS, LOGITS},
    {"binary_cross_entropy_with_logits", "none", ELEMENTS(bce_logits_none), REALS, LOGITS},
    {"binary_cross_entropy_with_logits", "none, targets 0 and 1", ELEMENTS(bce_logits_none), REALS,
     HARD(-40, 40)},
    {"binary_cross_entropy_with_logits", "mean, huge logits", ELEMENTS(bce_logits_mean), REALS,
     HARD(-1e4, 1e4)},
    {"binary_cross_entropy_with_logits", "mean, weights", INPUTS(bce_weighted_mean, 4), REALS, WEIGHTED},
    {"binary_cross_entropy_with_logits", "sum, weights", INPUTS(bce_weighted_sum, 4), REALS, WEIGHTED},
    {"binary_cross_entropy_with_logits", "none, weights", INPUTS(bce_weighted_none, 4), REALS, WEIGHTED},
    {"kl_div_loss", "mean", ELEMENTS(kl_div_mean), REALS, DIVERGENCE,
     .large = {{2, {1024, 1024}}, {2, {1024, 1024}}}},
    {"kl_div_loss", "sum", ELEMENTS(kl_div_sum), REALS, DIVERGENCE},
    {"kl_div_loss", "none", ELEMENTS(kl_div_none), REALS, DIVERGENCE},
    {"kl_div_loss", "none, targets 0 and 1", ELEMENTS(kl_div_none), REALS, HARD(-40, 0)},
    {"kl_div_loss", "none, broadcast", ELEMENTS(kl_div_none), REALS, .gradient = true,
     .x = {{.shape = {2, {2, 1}}}, {.shape = {1, {3}}, .lo = 0.2, .hi = 0.9}}},
    {"cross_entropy", "mean", SHORT(mean), MATRIX, CLASS_MILLION},
    {"cross_entropy", "sum", SHORT(sum), MATRIX},
    {"cross_entropy", "none", SHORT(none), MATRIX},
    {"cross_entropy", "none, rank 4", SHORT(none), VOLUME},
    {"cross_entropy", "mean, one sample", SHORT(mean), ONE_SAMPLE},
    {"cross_entropy", "sum, u8 labels", SHORT(sum), BYTES},
    LABEL_ENTRIES("cross_entropy_with", entropy, .lo = -3, .hi = 3),
    {"cross_entropy_with", "mean, smoothing", CLASSES(entropy_mean_smooth, 2), MATRIX},
    {"cross_entropy_with", "sum, nothing but smoothing", CLASSES(entropy_sum_smooth, 2), MATRIX},
    {"cross_entropy_with", "none, weights, smoothing", CLASSES(entropy_none_smooth, 3), VOLUME},
    {"cross_entropy_with", "mean, all options", CLASSES(entropy_mean_all, 3), MATRIX},
    {"cross_entropy_with", "mean, all options, rank 4", CLASSES(entropy_mean_all, 3), VOLUME},
    {"cross_entropy_with", "none, one sample", CLASSES(entropy_none_smooth, 3), ONE_SAMPLE},
    {"cross_entropy_with", "mean, weights, i32 labels", CLASSES(entropy_mean_weight, 3), WORDS},
    LABEL_ENTRIES("nll_loss", nll, .lo = -3, .hi = 0),
    {"nll_loss", "none, weights, rank 4", CLASSES(nll_none_ignore, 3), VOLUME},
    {"nll_loss", "none, one sample", CLASSES(nll_none, 2), ONE_SAMPLE},
    {"nll_loss", "sum, u8 labels", CLASSES(nll_sum, 2), BYTES},
    LABEL_ENTRIES("sparse_categorical_cross_entropy", sparse, BETWEEN),
    SOFT_ENTRIES("cross_entropy_with_probabilities", soft, .lo = -3, .hi = 3),
    {"cross_entropy_with_probabilities", "none, one sample", CLASSES(soft_none, 2),
     .x = {{.shape = {1, {4}}}, {.shape = {1, {4}}, .fill = CATALOG_PROBABILITY}}},
    SOFT_ENTRIES("categorical_cross_entropy", categorical, BETWEEN),
    {.name = NULL},
};
