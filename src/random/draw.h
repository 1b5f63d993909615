/* Numbers of the device's generator for the public functions of clgrad/random.h. */
#ifndef CLGRAD_RANDOM_DRAW_H
#define CLGRAD_RANDOM_DRAW_H

#include "tensor/context.h"

/* Streams are counted below 2^48: above stand the attempts of one element (kernels/philox.h). */
#define CG_STREAMS (UINT64_C(1) << 48)

/* A request of a real kind whose values are taken as they are. */
#define CG_DRAW_REAL(k, t) .kind = (k), .dtype = (t), .scale = 1, .shift = -0.0

/* Numbers of the next stream as r says, its kind, dtype and parameters; NULL and an error that names `op`. */
cg_tensor *cg_random_draw(cg_device *dev, const char *op, const cg_dims *shape, cg_random_request r);

/* The same of the seed and stream that stand in r. */
cg_tensor *cg_random_draw_again(cg_device *dev, const char *op, const cg_dims *shape, cg_random_request r);

/* Whether p is within [0, 1]; else an error that names `op`. */
bool cg_random_check_probability(cg_device *dev, const char *op, double p);

/* Whether dtype is f32 or f64; else an error that names `op`. */
bool cg_random_check_real(cg_device *dev, const char *op, cg_dtype dtype);

/* True with probability p, of this stream. */
cg_random_request cg_random_bernoulli(double p);

#endif
