#include "reference/reference.h"

#include <math.h>

void ref_sgd(double lr, double momentum, bool nesterov, double decay, double g, double *p, double *v) {
    g += decay * *p;
    *v = momentum * *v + g;
    *p -= lr * (nesterov ? g + momentum * *v : *v);
}

void ref_adam(int t, double lr, double beta1, double beta2, double epsilon, double decay, double g, double *p,
              double *m, double *v) {
    g += decay * *p;
    *m = beta1 * *m + (1 - beta1) * g;
    *v = beta2 * *v + (1 - beta2) * g * g;
    *p -= lr * (*m / (1 - pow(beta1, t))) / (sqrt(*v / (1 - pow(beta2, t))) + epsilon);
}
