/* Loads and stores for T = i32. */
#include <stdint.h>

typedef int32_t T;
#define CG_FROM_F32(x) f32_to_i32(x)
#define CG_FROM_F64(x) f64_to_i32(x)
#define CG_TO_I32(x) ((int32_t)(x))
#define CG_TO_I64(x) ((int64_t)(x))
#include "host/cpu/isa/convert_rules.h"
#define CG_CONVERT_TABLE CG_ISA_NAME(cg_convert_i32)
#include "host/cpu/isa/convert_loops.h"
