#include "augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In [-1, 1), the next of a sequence: splitmix64 (Steele, Lea, Flood 2014). */
static double next(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-52 - 1;
}

/* A channel (h, w) at a place between its pixels. */
static double at(const float *x, int64_t h, int64_t w, double row, double column) {
    const double r = floor(row), c = floor(column);
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        const int64_t y = (int64_t)r + i / 2, z = (int64_t)c + i % 2;
        if (y < 0 || y >= h || z < 0 || z >= w) continue;
        sum += (double)x[y * w + z] * (1 - fabs(row - (double)y)) * (1 - fabs(column - (double)z));
    }
    return sum;
}

bool augment_sample(void *context, uint64_t seed, cg_dims shape, float *features, void *target) {
    const augmentation *a = context;
    (void)target;
    const int64_t channels = shape.dim[0], h = shape.dim[1], w = shape.dim[2];
    const size_t bytes = (size_t)(h * w) * sizeof(float);
    float *old = malloc(bytes);
    if (!old) return false;
    const double down = a->shift * next(&seed), right = a->shift * next(&seed);
    const double angle = a->rotate * next(&seed) * 3.14159265358979323846 / 180;
    const double s = sin(angle), c = cos(angle), mid_r = (double)(h - 1) / 2, mid_c = (double)(w - 1) / 2;
    for (int64_t k = 0; k < channels; k++) {
        float *x = features + k * h * w;
        memcpy(old, x, bytes);
        for (int64_t i = 0; i < h * w; i++) {
            const double y = (double)(i / w) - mid_r - down, z = (double)(i % w) - mid_c - right;
            x[i] = (float)at(old, h, w, mid_r + c * y - s * z, mid_c + s * y + c * z);
        }
    }
    free(old);
    return true;
}
