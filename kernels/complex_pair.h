/* Complex numbers as pairs, for eig_small.h: C's own are not in OpenCL C. */
#ifndef COMPLEX_PAIR_H
#define COMPLEX_PAIR_H

typedef struct {
    T re, im;
} complex_pair;

FN complex_pair pair_of(T re, T im) {
    complex_pair z;
    z.re = re;
    z.im = im;
    return z;
}

FN complex_pair pair_sub(complex_pair a, complex_pair b) { return pair_of(a.re - b.re, a.im - b.im); }

FN complex_pair pair_mul(complex_pair a, complex_pair b) {
    return pair_of(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re);
}

FN T pair_size(complex_pair a) { return FABS(a.re) + FABS(a.im); }

/* a / b, scaled by the larger part of b (Smith 1962). */
FN complex_pair pair_div(complex_pair a, complex_pair b) {
    const bool real = FABS(b.re) >= FABS(b.im);
    const T most = real ? b.re : b.im, q = (real ? b.im : b.re) / most, d = most + q * (real ? b.im : b.re);
    return real ? pair_of((a.re + a.im * q) / d, (a.im - a.re * q) / d)
                : pair_of((a.re * q + a.im) / d, (a.im * q - a.re) / d);
}

#endif
