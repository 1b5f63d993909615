#include "support/requests.h"

#include <math.h>
#include <string.h>

enum { SKEW = 3 };

/* --- Operands ------------------------------------------------------------------------------------------------- */

cg_operand put(cg_device *dev, cg_dtype t, int64_t n, const void *data) {
    const size_t size = cg_dtype_size(t), bytes = (size_t)(n + SKEW) * size;
    unsigned char *host = scratch(bytes + 1);
    memset(host, 0xff, bytes);
    if (data && n) memcpy(host + SKEW * size, data, (size_t)n * size);
    cg_operand o = {.buffer = cg_hw_alloc(dev->hw, bytes), .dtype = t, .offset = SKEW};
    CHECK(o.buffer && cg_hw_upload(dev->hw, o.buffer, 0, host, bytes) == CG_OK);
    return o;
}

void *take(cg_device *dev, cg_operand o, int64_t n) {
    const size_t size = cg_dtype_size(o.dtype), bytes = (size_t)(n + SKEW) * size;
    unsigned char *host = scratch(bytes + 1);
    CHECK(cg_hw_download(dev->hw, host, o.buffer, 0, bytes) == CG_OK);
    for (size_t i = 0; i < SKEW * size; i++)
        if (!CHECK_MSG(host[i] == 0xff, "byte %zu in front of the result was written", i)) break;
    cg_hw_free(dev->hw, o.buffer);
    return host + SKEW * size;
}

void drop(cg_device *dev, cg_operand o) { cg_hw_free(dev->hw, o.buffer); }

bool check_bits(const void *got, const void *want, int64_t n, size_t size) {
    const unsigned char *g = got, *w = want;
    int64_t i = 0;
    while (i < n && !memcmp(g + (size_t)i * size, w + (size_t)i * size, size)) i++;
    return CHECK_MSG(i == n, "element %lld of %lld has other bits", (long long)i, (long long)n);
}

bool check_near(cg_dtype t, const void *got, int64_t n, const long double *want, const long double *factor,
                const long double *scale) {
    for (int64_t i = 0; i < n; i++) {
        const long double g = value_get(t, got, i), w = want[i];
        const long double room =
            scale && is_real(t) ? factor[i] * (long double)unit_roundoff(t) * scale[i] : 0;
        if ((isnan(g) && isnan(w)) || g == w || fabsl(g - w) <= room) continue;
        return CHECK_MSG(false, "element %lld of %lld: %.17Lg, not %.17Lg within %.3Lg", (long long)i,
                         (long long)n, g, w, room);
    }
    return true;
}

/* --- Values ----------------------------------------------------------------------------------------------------- */

/* A NaN gets a sign and a payload, which must survive. */
static void set_special(cg_dtype t, void *data, int64_t i, uint64_t *seed) {
    value_set(t, data, i, (long double)special_value(t, (int)random_below(seed, special_count())));
    if (!isnan(value_get(t, data, i))) return;
    const uint64_t bits = random_bits(seed);
    if (t == CG_F32) ((uint32_t *)data)[i] ^= (uint32_t)bits & 0x803fffff;
    if (t == CG_F64) ((uint64_t *)data)[i] ^= bits & UINT64_C(0x8007ffffffffffff);
}

void *filled(cg_dtype t, int64_t n, filling how, uint64_t seed) {
    const double range = how == TIES                       ? 3
                         : how == RISING || how == FALLING ? (double)n
                         : t == CG_I64                     ? 0x1p62
                                                           : 1e9;
    void *data = random_values(t, n, -range, range, &seed);
    for (int64_t i = 0; i < n; i++) {
        const int64_t k = how == RISING ? i - n / 2 : n / 2 - i;
        const int64_t narrow = how == RISING ? i * 255 / n : 255 - i * 255 / n;
        const bool bytes = t == CG_U8 || t == CG_BOOL;
        if (how == RISING || how == FALLING)
            value_set(t, data, i, (long double)(bytes ? narrow / (t == CG_BOOL ? 128 : 1) : k));
        if (how == TIES && is_real(t)) value_set(t, data, i, floorl(value_get(t, data, i)));
        if (how == CONSTANT) value_set(t, data, i, 1);
        if (how == SPECIAL && is_real(t) && random_below(&seed, 2)) set_special(t, data, i, &seed);
    }
    return data;
}

void *small_values(cg_dtype t, int64_t n, uint64_t seed) { return random_values(t, n, -1000, 1000, &seed); }

void *exact_factors(cg_dtype t, int64_t n, uint64_t seed) {
    void *data = scratch((size_t)n * cg_dtype_size(t) + 1);
    int twos = 0;
    for (int64_t i = 0; i < n; i++) {
        long double v = random_below(&seed, 2) ? 1 : -1;
        if (is_real(t) && random_below(&seed, 2)) v *= twos++ % 2 ? 0.5L : 2;
        value_set(t, data, i, v);
    }
    return data;
}
