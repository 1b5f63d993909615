#include "ops/derivatives.h"

cg_tensor *cg_swish_second(cg_tensor *x) {
    cg_tensor *s1 = cg_sigmoid_grad(x);
    cg_tensor *skew = cg_sub(1, cg_mul(cg_sigmoid(x), 2));
    return cg_mul(s1, cg_add(cg_mul(x, skew), 2));
}

cg_tensor *cg_gelu_tanh_second(cg_tensor *x) {
    const double c = 1.5957691216057307118; /* 2 sqrt(2 / pi) */
    cg_tensor *x2 = cg_square(x);
    cg_tensor *w = cg_mul(cg_mul(x, cg_add(cg_mul(x2, 0.044715), 1)), c);
    cg_tensor *w1 = cg_mul(cg_add(cg_mul(x2, 0.134145), 1), c);
    cg_tensor *w2 = cg_mul(x, 0.26829 * c);
    cg_tensor *skew = cg_sub(1, cg_mul(cg_sigmoid(w), 2));
    cg_tensor *inner = cg_add(w2, cg_mul(cg_square(w1), skew));
    return cg_mul(cg_sigmoid_grad(w), cg_add(cg_mul(w1, 2), cg_mul(x, inner)));
}

cg_tensor *cg_mish_second(cg_tensor *x) {
    cg_tensor *p = cg_softplus(x), *s = cg_sigmoid(x);
    cg_tensor *d = cg_mul(s, cg_tanh_grad(p));
    cg_tensor *skew = cg_sub(1, cg_mul(s, cg_add(cg_mul(cg_tanh(p), 2), 1)));
    return cg_mul(d, cg_add(cg_mul(x, skew), 2));
}

cg_tensor *cg_one_for_zero(cg_tensor *x) { return cg_where(cg_eq(x, 0), 1.0, x); }

cg_tensor *cg_over_square(cg_tensor *x, cg_tensor *h) { return cg_div(cg_div(x, h), h); }
