/* Reductions of formulas give the bits that they give of the stored values, however much of a program fits a tile. */
#include "support/device_test.h"
#include "support/targets.h"

enum { ONE_ROW, MANY, MANY_ROWS, ROW_AND_COLUMN, FORMULAS };

/*
 * Programs of one operand that is broadcast, and of many: in f64 their tiles are smaller than those of a load. Of rows that
 * together have larger strides than x, and of nothing that is not broadcast.
 */
static cg_tensor *formula(cg_tensor *const *x, cg_tensor *row, int which) {
    cg_tensor *y = x[0];
    if (which == ONE_ROW) return cg_mul(y, row);
    if (which == ROW_AND_COLUMN) return cg_mul(cg_slice(y, -1, 0, 1, 1), row);
    for (int i = 1; which == MANY && i < 8; i++) y = cg_add(cg_mul(y, 0.5), cg_mul(x[i], x[i - 1]));
    for (int i = 1; which == MANY_ROWS && i < 8; i++) y = cg_add(cg_mul(y, 0.5), cg_slice(x[i], 0, 0, 1, 1));
    return y;
}

static cg_tensor *reduced(cg_device *dev, cg_dtype dtype, cg_dims shape, int which, int axes, bool largest) {
    cg_tensor *x[8];
    cg_seed(dev, 5);
    for (int i = 0; i < 8; i++) x[i] = cg_eval(cg_normal(dev, dtype, shape, 0, 1));
    cg_tensor *row = cg_eval(cg_normal(dev, dtype, cg_shape(shape.dim[shape.rank - 1]), 0, 1));
    cg_tensor *y = formula(x, row, which);
    const cg_axis_set set = axes == 0 ? CG_ALL_AXES : axes == 1 ? cg_axes(-1) : cg_axes(0);
    return largest ? cg_argmax(cg_reshape(y, cg_shape(-1)), CG_ALL_AXES, false) : cg_sum(y, set, false);
}

static bool check_same(cg_device *fused, cg_device *plain, cg_dtype dtype, cg_dims shape, int which, int axes,
                       bool largest) {
    return check_same_bits(reduced(fused, dtype, shape, which, axes, largest),
                           reduced(plain, dtype, shape, which, axes, largest));
}

CPU_TEST(fused_reductions, the_bits_of_stored_values) {
    const cg_dims shapes[] = {cg_shape(100001),       cg_shape(3, 5003),  cg_shape(3000, 10),
                              cg_shape(7, 3, 300, 5), cg_shape(200, 700), cg_shape(5, 30, 700),
                              cg_shape(40, 1500),     cg_shape(1000, 4)};
    cg_device *fused = target_open_again(dev, true), *plain = target_open_again(dev, false);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int which = 0; which < FORMULAS; which++)
            for (int axes = 0; axes < 3; axes++)
                for (int f64 = 0; f64 < 2; f64++) {
                    cg_scope *scopes[] = {cg_scope_begin(fused), cg_scope_begin(plain)};
                    check_case("shape %d, formula %d, axes %d, f%d", (int)s, which, axes, f64 ? 64 : 32);
                    const cg_dtype dtype = f64 ? CG_F64 : CG_F32;
                    check_same(fused, plain, dtype, shapes[s], which, axes, false);
                    if (axes == 0) check_same(fused, plain, dtype, shapes[s], which, axes, true);
                    for (int i = 0; i < 2; i++) cg_scope_end(scopes[i]);
                }
    cg_device_close(fused);
    cg_device_close(plain);
}
