/* The OpenCL backend's table. */
#include "host/opencl/opencl.h"

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
    .map = cg_cl_map,
    .reduce = cg_cl_reduce,
    .matmul = cg_cl_matmul,
    .random = cg_cl_random,
    .gather = cg_cl_gather,
    .scan = cg_cl_scan,
    .sort = cg_cl_sort,
    .searchsorted = cg_cl_searchsorted,
    .softmax = cg_cl_softmax,
    .softmax_xent = cg_cl_softmax_xent,
    .map_many = cg_cl_map_many,
};
