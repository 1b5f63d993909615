/* Optimizers as the papers write them, for one parameter. */
#include "reference/reference.h"

#include <math.h>

static long double sign_of(long double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

static long double sgd_step(const ref_optimizer *o, int t, long double g, ref_moments *s) {
    if (o->momentum == 0) return g;
    s->a = t == 1 ? g : o->momentum * s->a + (1 - o->dampening) * g;
    return o->nesterov ? g + o->momentum * s->a : s->a;
}

static long double adam_step(const ref_optimizer *o, int t, long double g, ref_moments *s) {
    s->a = o->beta1 * s->a + (1 - o->beta1) * g;
    s->b = o->beta2 * s->b + (1 - o->beta2) * g * g;
    s->c = fmaxl(s->c, s->b);
    long double m = s->a / (1 - powl(o->beta1, t));
    long double v = (o->amsgrad ? s->c : s->b) / (1 - powl(o->beta2, t));
    return m / (sqrtl(v) + o->epsilon);
}

static long double rmsprop_step(const ref_optimizer *o, long double g, ref_moments *s) {
    s->a = o->alpha * s->a + (1 - o->alpha) * g * g;
    s->b = o->alpha * s->b + (1 - o->alpha) * g;
    long double step = g / (sqrtl(o->centered ? s->a - s->b * s->b : s->a) + o->epsilon);
    s->c = o->momentum * s->c + step;
    return s->c;
}

static long double adagrad_step(const ref_optimizer *o, int t, long double g, ref_moments *s) {
    if (t == 1) s->a = o->initial;
    s->a += g * g;
    return g / (sqrtl(s->a) + o->epsilon) / (1 + (t - 1) * o->lr_decay);
}

void ref_optimizer_step(const ref_optimizer *o, int t, long double g, long double *p, ref_moments *s) {
    long double old = *p, step = 0;
    if (!o->decoupled) g += o->weight_decay * old;
    g += o->l1 * sign_of(old);
    switch (o->kind) {
    case REF_SGD:
        step = sgd_step(o, t, g, s);
        break;
    case REF_ADAM:
        step = adam_step(o, t, g, s);
        break;
    case REF_RMSPROP:
        step = rmsprop_step(o, g, s);
        break;
    case REF_ADAGRAD:
        step = adagrad_step(o, t, g, s);
        break;
    }
    *p = old - o->lr * step;
    if (o->decoupled) *p -= o->lr * o->weight_decay * old;
}
