/* Requests with fewer axes and the same meaning: what every backend gets. */
#ifndef CLGRAD_HOST_SIMPLIFY_H
#define CLGRAD_HOST_SIMPLIFY_H

#include "host/backend.h"

/*
 * r with axes of length 1 dropped, axes along which output 0 runs backwards turned round, axes sorted so
 * that output 0's smallest stride is innermost, and neighbours merged where all operands allow it: r itself where it is so
 * already, else *out. No axis of r may be 0. The rank is at least 1. Parts that the program does not use are left unset.
 */
const cg_map_request *cg_simplify_map(const cg_map_request *r, cg_map_request *out);

/*
 * out = r with axes of length 1 dropped, sorted by the inputs' strides and merged, within the kept and within
 * the reduced axes; reduced axes keep their row-major order where the result is an index. No axis may be 0,
 * and one reduced axis at least must be longer than 1, so that one remains. n_kept may become 0.
 */
void cg_simplify_reduce(const cg_reduce_request *r, cg_reduce_request *out);

#endif
