/* The OpenCL backend's table. */
#include "host/opencl/opencl.h"

/*
 * A request whose kernel takes smaller groups is tried again with those (launch.c), and so are later ones of its kind. A
 * request that has several launches first writes memory of its own, or the same once more; map_many, which may work in
 * place, tries its launches again one by one.
 */
#define IN_GROUPS(slot, kind)                                                                                \
    static cg_status slot##_in_groups(cg_hw *hw, const cg_##slot##_request *r) {                             \
        const size_t most = cg_cl_groups_begin(cg_cl(hw), CG_WORK_##kind);                                   \
        cg_status status;                                                                                    \
        do status = cg_cl_##slot(hw, r);                                                                     \
        while (status != CG_OK && CG_WORK_##kind != CG_WORK_MAP_MANY && cg_cl_shrink_groups(cg_cl(hw)));     \
        cg_cl_groups_end(cg_cl(hw), CG_WORK_##kind, most);                                                   \
        return status;                                                                                       \
    }
IN_GROUPS(map, MAP)
IN_GROUPS(reduce, REDUCE)
IN_GROUPS(matmul, MATMUL)
IN_GROUPS(random, RANDOM)
IN_GROUPS(gather, GATHER)
IN_GROUPS(scatter_add, SCATTER_ADD)
IN_GROUPS(scan, SCAN)
IN_GROUPS(sort, SORT)
IN_GROUPS(searchsorted, SEARCHSORTED)
IN_GROUPS(lu, LU)
IN_GROUPS(cholesky, CHOLESKY)
IN_GROUPS(qr, QR)
IN_GROUPS(eigh, EIGH)
IN_GROUPS(eig, EIG)
IN_GROUPS(svd, SVD)
IN_GROUPS(solve_triangular, SOLVE_TRIANGULAR)
IN_GROUPS(softmax, SOFTMAX)
IN_GROUPS(softmax_xent, SOFTMAX_XENT)
IN_GROUPS(conv, CONV)
IN_GROUPS(pool, POOL)
IN_GROUPS(row_norm, ROW_NORM)
IN_GROUPS(row_norm_grad, ROW_NORM_GRAD)
IN_GROUPS(attention, ATTENTION)
IN_GROUPS(attention_grad, ATTENTION_GRAD)
IN_GROUPS(map_many, MAP_MANY)

const cg_backend cg_backend_opencl = {
    .name = "opencl",
    .count = cg_cl_count,
    .reason = cg_cl_reason,
    .describe = cg_cl_describe,
    .open = cg_cl_open,
    .close = cg_cl_close,
    .alloc = cg_cl_alloc,
    .free = cg_cl_free,
    .wrap = cg_cl_wrap,
    .trim = cg_cl_trim,
    .upload = cg_cl_upload,
    .download = cg_cl_download,
    .sync = cg_cl_sync,
    .launches_new = cg_cl_launches_new,
    .launches_keep = cg_cl_launches_keep,
    .launches_keep_end = cg_cl_launches_keep_end,
    .launches_repeat = cg_cl_launches_repeat,
    .launches_free = cg_cl_launches_free,
    .recall = cg_cl_recall,
    .remember = cg_cl_remember,
    .use_other_kernels = cg_cl_use_other_kernels,
    .tuner = &cg_cl_tuner,
    .map = map_in_groups,
    .reduce = reduce_in_groups,
    .matmul = matmul_in_groups,
    .random = random_in_groups,
    .gather = gather_in_groups,
    .scatter_add = scatter_add_in_groups,
    .scan = scan_in_groups,
    .sort = sort_in_groups,
    .searchsorted = searchsorted_in_groups,
    .lu = lu_in_groups,
    .cholesky = cholesky_in_groups,
    .qr = qr_in_groups,
    .eigh = eigh_in_groups,
    .eig = eig_in_groups,
    .svd = svd_in_groups,
    .solve_triangular = solve_triangular_in_groups,
    .softmax = softmax_in_groups,
    .softmax_xent = softmax_xent_in_groups,
    .conv = conv_in_groups,
    .pool = pool_in_groups,
    .map_many = map_many_in_groups,
    .row_norm = row_norm_in_groups,
    .row_norm_grad = row_norm_grad_in_groups,
    .attention = attention_in_groups,
    .attention_grad = attention_grad_in_groups,
};
