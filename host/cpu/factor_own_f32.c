/* Our own factorizations for T = f32. */
#define CG_BITS 32
#include "core/elementary_c.h"
#define CG_OWN_TABLE cg_own_f32
#include "host/cpu/factor_own_calls.h"
