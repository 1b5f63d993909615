/*
 * Products by NVIDIA's matrix units (kernels/matmul_mma.cl). Nothing in the driver promises that it takes PTX in OpenCL
 * C: the first use of a kernel is a trial, whose failure to build or to multiply right leaves the other candidates
 * (matmul_choice.c).
 */
#include "host/opencl/matmul_opencl.h"

#include <string.h>

#include "core/env.h"

enum {
    STAGES = 2,       /* of 128 x 128 x 16: three would need more than the 48 KiB that drivers grant */
    LEAST_DEPTH = 32, /* shorter sums would show the error of each product */
    WARP = 32,
    MATRIX_UNITS_SINCE = 8 /* compute capability: cp.async, ldmatrix, mma with tf32 and bf16 */
};

/* cl_ext.h of CL_NV_DEVICE_ATTRIBUTE_QUERY */
enum { COMPUTE_CAPABILITY_MAJOR_NV = 0x4000 };

/* CLGRAD_CL_MMA=1 tries any device (tests replace kernels/warp_matrix.h), 0 tries none. */
bool cg_mma_present(const cg_hw_opencl *hw) {
    const long wanted = cg_env_int("CLGRAD_CL_MMA", -1);
    if (wanted >= 0) return wanted > 0;
    cl_uint major = 0;
    return strstr(hw->base.info.platform, "NVIDIA") &&
           hw->cl->clGetDeviceInfo(hw->device, COMPUTE_CAPABILITY_MAJOR_NV, sizeof major, &major, NULL) ==
               CL_SUCCESS &&
           major >= MATRIX_UNITS_SINCE;
}

/* What the request of a kernel is made of. */
typedef struct mma_shape {
    const cg_product_candidate *candidate;
    const cg_product_parts *split;
} mma_shape;

static cg_kernel_request mma_request(const cg_product *p, const void *shape) {
    static const int kinds[] = {
        [CG_PRECISION_HIGHEST] = 3, [CG_PRECISION_HIGH] = 1, [CG_PRECISION_MEDIUM] = 2};
    const mma_shape *s = shape;
    const cg_product_tile *t = &s->candidate->tile;
    cg_kernel_request request = cg_product_kernel(p, "matmul_mma.cl", "matmul_mma", 2);
    cg_request_define(&request, "KIND", kinds[s->candidate->precision]);
    cg_request_define(&request, "BM", t->rows);
    cg_request_define(&request, "BN", t->columns);
    cg_request_define(&request, "BK", t->depth);
    cg_request_define(&request, "WM", t->down);
    cg_request_define(&request, "WN", t->across);
    cg_request_define(&request, "STAGES", STAGES);
    cg_grid_define_ways(&request, p, s->split);
    return request;
}

static size_t local_bytes(const cg_product_tile *t) {
    const size_t along = (size_t)(t->rows + t->columns) * (size_t)(t->depth + 4);
    const size_t across = (size_t)t->depth * (size_t)(t->rows + t->columns + 16);
    return STAGES * sizeof(float) * (along > across ? along : across);
}

bool cg_mma_fits(const cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    const cg_product_tile *t = &c->tile;
    return hw->matrix_units && !hw->cpu_style && c->precision <= hw->base.precision && p->dtype == CG_F32 &&
           p->inner == CG_INNER_PRODUCT && p->k >= LEAST_DEPTH &&
           hw->base.info.max_work_group >= (size_t)(t->across * t->down * WARP) &&
           hw->base.info.local_bytes >= local_bytes(t);
}

cg_status cg_mma_run(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c,
                     const cg_product_parts *split) {
    const cg_product_tile *t = &c->tile;
    return cg_grid_launch(hw, p, t->rows, t->columns, t->across * t->down * WARP, split, mma_request,
                          &(mma_shape){c, split});
}

bool cg_matmul_mma_supports(const cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    return cg_mma_fits(hw, p, c) && cg_grid_fills(p, &c->tile);
}

cg_status cg_matmul_mma_run(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    return cg_mma_run(hw, p, c, &(cg_product_parts){0, 0});
}
