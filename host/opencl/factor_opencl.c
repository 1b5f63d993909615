/*
 * Factorizations of small matrices: kernels/factor.cl, one launch for a stack, each matrix in local memory. Larger ones
 * are composed of products and panels on the CPU backend, or go there (host/compose.h).
 */
#include "host/compose.h"
#include "host/opencl/opencl.h"

#include "kernels/factor_sizes.h"

enum {
    TEAM_MOST = 64,     /* work-items that share a matrix */
    GPU_LIMIT = 64,     /* rows and columns: a work-item of the team has one of them */
    TINY = 8,           /* up to here, matrices that are MANY get a work-item each */
    TINY_GROUP = 32,    /* of those, in a group: as many as run in step */
    MANY = 1024,        /* the processors of a GPU have work then */
    LOCAL_SPARE = 1024, /* bytes that a driver may take for itself */
    UNITS_EACH = 8,     /* CPU style: units of work for each processor, whose matrices take unequal time */
};

/* The kernels of factor.cl; KIND is the place in this list. */
static const struct kernel {
    cg_work work;
    const char *entry;
    int cpu_limit; /* CPU style: up to here it is faster than the CPU backend with LAPACK and a round trip */
} kernels[] = {
    {CG_WORK_LU, "lu", 24},     {CG_WORK_CHOLESKY, "cholesky", 16}, {CG_WORK_QR, "qr", 16},
    {CG_WORK_EIGH, "eigh", 16}, {CG_WORK_EIG, "eig", 24},           {CG_WORK_SVD, "svd", 8},
};

static int kind_of(cg_work work) {
    int k = 0;
    while (kernels[k].work != work) k++;
    return k;
}

static int64_t work_elements(cg_work work, const cg_factor_request *r) {
    const int64_t most = MOST(r->m, r->n), least = LEAST(r->m, r->n), columns = r->full ? most : least;
    switch (work) {
    case CG_WORK_LU:
        return LU_WORK(r->m, r->n);
    case CG_WORK_CHOLESKY:
        return CHOLESKY_WORK(r->n);
    case CG_WORK_QR:
        return QR_WORK(r->m, r->n, r->full ? r->m : least);
    case CG_WORK_EIGH:
        return EIGH_WORK(r->n);
    case CG_WORK_EIG:
        return EIG_WORK(r->n);
    default:
        return SVD_WORK(most, least, columns);
    }
}

typedef struct factor_plan {
    int team, group;   /* of a matrix, of a work-group */
    int64_t work_step; /* elements from the memory of one unit to the next; odd, for the banks */
    int64_t each;      /* matrices of a unit */
    size_t local_bytes;
} factor_plan;

static factor_plan plan_of(const cg_hw_opencl *hw, cg_work work, const cg_factor_request *r) {
    factor_plan p = {.team = 1, .group = 1, .each = 1};
    const bool tiny = r->m <= TINY && r->n <= TINY && r->batch >= MANY;
    while (!hw->cpu_style && p.group * 2 <= (tiny ? TINY_GROUP : TEAM_MOST) &&
           (size_t)p.group * 2 <= hw->base.info.max_work_group)
        p.group *= 2;
    if (!tiny) p.team = p.group;
    p.work_step = work_elements(work, r) | 1;
    p.local_bytes = (size_t)(p.work_step * (p.group / p.team)) * cg_dtype_size(r->dtype);
    const int64_t units = (int64_t)hw->base.info.compute_units * UNITS_EACH;
    if (hw->cpu_style) p.each = (r->batch + units - 1) / units;
    return p;
}

/* Whether matrices of these sizes are factored by the kernel. */
static bool is_small(const cg_hw_opencl *hw, cg_work work, const cg_factor_request *r, const factor_plan *p) {
    const int64_t limit = hw->cpu_style ? kernels[kind_of(work)].cpu_limit : GPU_LIMIT;
    return r->m <= limit && r->n <= limit && r->batch <= INT32_MAX / 2 &&
           p->local_bytes + LOCAL_SPARE <= hw->base.info.local_bytes;
}

static cg_status factor(cg_hw_opencl *hw, cg_work work, const cg_factor_request *r, const factor_plan *p) {
    const int kind = kind_of(work);
    cg_kernel_request q = {.file = "factor.cl", .entry = kernels[kind].entry, .type = r->dtype};
    cg_request_define(&q, "KIND", kind);
    cg_request_define(&q, "TEAM", p->team);
    cg_request_define(&q, "GROUP", p->group);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &q), kernels[kind].entry);
    int32_t wanted = 0;
    for (int j = 0; j < CG_FACTORS; j++) wanted |= (r->out[j].buffer != NULL) << j;
    cg_arg_index(&a, r->batch);
    cg_arg_index(&a, p->each);
    cg_arg_index(&a, r->m);
    cg_arg_index(&a, r->n);
    cg_arg_i32(&a, r->full);
    cg_arg_i32(&a, wanted);
    cg_arg_buffer(&a, r->a.buffer);
    cg_arg_i64(&a, r->a.offset);
    for (int j = 0; j < CG_FACTORS; j++) {
        cg_arg_buffer(&a, r->out[j].buffer);
        cg_arg_i64(&a, r->out[j].offset);
        cg_arg_i64(&a, r->out[j].stride[0]);
    }
    cg_arg_buffer(&a, r->info.buffer);
    cg_arg_i64(&a, r->info.offset);
    cg_arg_index(&a, p->work_step);
    cg_arg_local(&a, p->local_bytes);
    const size_t units = (size_t)((r->batch + p->each - 1) / p->each);
    return cg_cl_launch(&a, 1, (size_t[]){units * (size_t)p->team}, (size_t[]){(size_t)p->group});
}

#define SLOT(slot, work)                                                                                     \
    cg_status cg_cl_##slot(cg_hw *hw, const cg_factor_request *r) {                                          \
        const factor_plan p = plan_of(cg_cl(hw), work, r);                                                   \
        return is_small(cg_cl(hw), work, r, &p) ? factor(cg_cl(hw), work, r, &p) : cg_compose_##slot(hw, r); \
    }
SLOT(lu, CG_WORK_LU)
SLOT(cholesky, CG_WORK_CHOLESKY)
SLOT(qr, CG_WORK_QR)
SLOT(eigh, CG_WORK_EIGH)
SLOT(eig, CG_WORK_EIG)
SLOT(svd, CG_WORK_SVD)
