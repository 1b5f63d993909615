/* Polygamma, by zeta; what the rules of the special functions are made of. */
#include "ops/derivatives.h"
#include "ops/op.h"

#include <math.h>

cg_tensor *cg_polygamma(int n, cg_tensor *x) {
    if (!x) return NULL;
    if (n < 0 || n > 99) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT,
                "polygamma of %s: expected an order from 0 to 99, got %d", CG_SHAPE_STR(&x->shape), n);
        return NULL;
    }
    if (n == 0) return cg_digamma(x);
    double factorial = tgamma(n + 1.0);
    return cg_mul(cg_zeta(n + 1, x), n % 2 ? factorial : -factorial);
}

cg_tensor *cg_betainc_slope(cg_tensor *a, cg_tensor *b, cg_tensor *x) {
    cg_tensor *power = cg_add(cg_xlogy(cg_sub(a, 1), x), cg_xlog1py(cg_sub(b, 1), cg_neg(x)));
    cg_tensor *lbeta = cg_sub(cg_add(cg_lgamma(a), cg_lgamma(b)), cg_lgamma(cg_add(a, b)));
    return cg_exp(cg_sub(power, lbeta));
}
