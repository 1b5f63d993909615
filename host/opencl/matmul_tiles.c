/* Products in GPU style: kernels/matmul_tile.cl, matmul_skinny.cl. */
#include "host/opencl/matmul_opencl.h"

enum { SKINNY_ROWS = 4, SKINNY_ITEMS = 256 };
static const cg_product_parts whole = {0, 0};

/* --- Tiles ---------------------------------------------------------------------------------------------- */

/* What the request of a kernel is made of. */
typedef struct tile_shape {
    const cg_product_tile *tile;
    const cg_product_parts *split;
} tile_shape;

bool cg_tile_fits(const cg_hw_opencl *hw, const cg_product *p, const cg_product_tile *t) {
    size_t local = 2 * (size_t)t->depth * (size_t)(t->rows + t->columns + 8) * cg_dtype_size(p->dtype);
    return !hw->cpu_style && hw->base.info.max_work_group >= (size_t)(t->across * t->down) &&
           hw->base.info.local_bytes >= local;
}

static cg_kernel_request tile_request(const cg_product *p, const void *shape) {
    const tile_shape *s = shape;
    cg_kernel_request request = cg_product_kernel(p, "matmul_tile.cl", "matmul_tile", 4);
    cg_request_define(&request, "BM", s->tile->rows);
    cg_request_define(&request, "BN", s->tile->columns);
    cg_request_define(&request, "BK", s->tile->depth);
    cg_request_define(&request, "TX", s->tile->across);
    cg_request_define(&request, "TY", s->tile->down);
    cg_grid_define_ways(&request, p, s->split);
    return request;
}

cg_status cg_tile_run(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c,
                      const cg_product_parts *split) {
    const cg_product_tile *t = &c->tile;
    return cg_grid_launch(hw, p, t->rows, t->columns, t->across * t->down, split, tile_request,
                          &(tile_shape){t, split});
}

/*
 * Large tiles must leave no unit idle; the smallest is what is left where none does. Doubles would need twice the
 * registers: they get 32 results a work-item at most.
 */
bool cg_matmul_tile_supports(const cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    enum { SMALLEST = 32, RESULTS_OF_F64 = 32 };
    const cg_product_tile *t = &c->tile;
    if (!cg_tile_fits(hw, p, t)) return false;
    if (t->rows == SMALLEST) return p->m > 8 && p->n > 8;
    if (p->dtype == CG_F64 && t->rows * t->columns > RESULTS_OF_F64 * t->across * t->down) return false;
    return cg_grid_fills(p, t) && cg_grid_tiles(p, t) >= hw->base.info.compute_units;
}

cg_status cg_matmul_tile_run(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    return cg_tile_run(hw, p, c, &whole);
}

/* --- Skinny --------------------------------------------------------------------------------------------- */

typedef struct skinny {
    int rows, columns, items;
} skinny;

/*
 * The more outputs, the fewer work-items share one: 32 columns a group where neighbours in B are columns, 8
 * where they are steps of the depth.
 */
static skinny skinny_shape(const cg_hw_opencl *hw, const cg_product *p) {
    skinny s = {p->m < SKINNY_ROWS ? (int)p->m : SKINNY_ROWS, p->b.row == 1 ? 8 : 32, SKINNY_ITEMS};
    while (s.items > 1 && (size_t)s.items > hw->base.info.max_work_group) s.items /= 2;
    while (s.items > s.columns && s.items / s.columns > p->k) s.items /= 2;
    if (s.columns > s.items) s.columns = s.items;
    return s;
}

static cg_kernel_request skinny_request(const cg_product *p, const void *shape) {
    const skinny *s = shape;
    cg_kernel_request request = cg_product_kernel(p, "matmul_skinny.cl", "matmul_skinny", 1);
    cg_request_define(&request, "SR", s->rows);
    cg_request_define(&request, "NX", s->columns);
    cg_request_define(&request, "ITEMS", s->items);
    cg_request_define(&request, "ALONG_DEPTH", p->b.row == 1);
    return request;
}

bool cg_matmul_skinny_supports(const cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    (void)p;
    (void)c;
    return !hw->cpu_style;
}

cg_status cg_matmul_skinny_run(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c) {
    (void)c;
    skinny s = skinny_shape(hw, p);
    return cg_grid_launch(hw, p, s.rows, s.columns, s.items, &whole, skinny_request, &s);
}
