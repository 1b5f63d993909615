#include "ops/part.h"

#include <string.h>

cg_tensor *cg_part_fill(cg_device *dev, cg_dtype dtype, const cg_dims *shape, double value) {
    return cg_eval(cg_full(dev, dtype, *shape, value));
}

cg_status cg_part_write(cg_tensor *part, cg_tensor *x) {
    cg_device *dev = part->storage->dev;
    cg_fused source;
    cg_status status = cg_fuse(x, cg_dtype_compute(part->storage->dtype), &source);
    if (status) return status;
    cg_map_request map = {.program = &source.program, .rank = x->shape.rank};
    memcpy(map.shape, x->shape.dim, sizeof map.shape);
    memcpy(map.in, source.in, sizeof map.in);
    memcpy(map.consts, source.consts, sizeof map.consts);
    map.out[0] = cg_tensor_operand(part);
    return cg_hw_map(dev->hw, &map);
}

cg_tensor *cg_part_scatter(cg_tensor *g, const cg_dims *shape, cg_part_view *view, const cg_attributes *at,
                           const cg_rule *rule) {
    cg_tensor *out = cg_part_fill(g->storage->dev, g->storage->dtype, shape, 0);
    cg_tensor *part = out ? view(out, at) : NULL;
    if (!part || cg_part_write(part, g)) return NULL;
    return cg_record_op(out, rule, 1, &g, CG_KEEP_NOTHING, at);
}
