/* The same bits on one device with fusion and without; row_batches.c compares devices. */
#include "support/device_test.h"
#include "support/row_check.h"

/* y = x through every row of one tensor, forced once: long programs with several outputs. */
static cg_tensor *chain(cg_tensor *x, int length, cg_tensor **middle) {
    cg_tensor *y = x;
    int row = 0;
    for (int i = 0; i < length; row = (row + 1) % CG_ROW_COUNT) {
        if (cg_rows[row].signature != CG_SIG_UNARY || cg_rows[row].lo >= 0 || row == CG_ROW_exp) continue;
        y = cg_add(
            cg_mul(catalog_row_apply(row, cg_arg_tensor(y), cg_arg_tensor(NULL), cg_arg_tensor(NULL)), 0.5),
            x);
        if (i++ == length / 2) *middle = y;
    }
    return y;
}

/* Fused and not, on one device: equal bits, also of what is read half way. */
DEVICE_TEST(rows, same_bits_fused) {
    cg_device *plain = target_open_again(dev, false);
    if (!plain) return;
    enum { N = 1031 };
    uint64_t seed = 9;
    float *data = random_values(CG_F32, N, -3, 3, &seed);
    for (int length = 1; length <= (device_is_opencl(dev) ? 13 : 40); length += 4) {
        check_case("a chain of %d times 3 rows, seed 9", length);
        cg_tensor *a = NULL, *b = NULL;
        cg_tensor *y = chain(cg_from_f32(dev, cg_shape(N), data), length, &a);
        cg_tensor *z = chain(cg_from_f32(plain, cg_shape(N), data), length, &b);
        check_same_bits(y, z);
        check_same_bits(a, b);
    }
    CHECK_MSG(cg_error_code(plain) == CG_OK, "%s", cg_error_message(plain));
    cg_device_close(plain);
}
