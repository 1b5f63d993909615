#include "core/dtype.h"
#include "support/device_test.h"

#include <string.h>

HOST_TEST(dtype, sizes_and_names) {
    static const struct {
        cg_dtype dtype;
        size_t size;
        const char *name;
    } known[] = {{CG_F32, 4, "f32"}, {CG_F64, 8, "f64"}, {CG_I32, 4, "i32"},
                 {CG_I64, 8, "i64"}, {CG_U8, 1, "u8"},   {CG_BOOL, 1, "bool"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        CHECK(cg_dtype_size(known[i].dtype) == known[i].size);
        CHECK(!strcmp(cg_dtype_name(known[i].dtype), known[i].name));
    }
    CHECK(cg_dtype_size((cg_dtype)77) == 0);
    CHECK(cg_dtype_name((cg_dtype)77) != NULL);
}

HOST_TEST(dtype, promotion_is_a_chain) {
    static const cg_dtype chain[] = {CG_BOOL, CG_U8, CG_I32, CG_I64, CG_F32, CG_F64};
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++) CHECK(cg_dtype_promote(chain[i], chain[j]) == chain[i > j ? i : j]);
}
