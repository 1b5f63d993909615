/* Loads and stores for T = f32. */
typedef float T;
#define CG_FROM_F32(x) ((T)(x))
#define CG_FROM_F64(x) ((T)(x))
#define CG_TO_I32(x) f32_to_i32(x)
#define CG_TO_I64(x) f32_to_i64(x)
#include "host/cpu/isa/convert_rules.h"
#define CG_CONVERT_TABLE CG_ISA_NAME(cg_convert_f32)
#include "host/cpu/isa/convert_loops.h"
