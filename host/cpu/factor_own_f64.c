/* Our own factorizations for T = f64. */
#define CG_BITS 64
#include "core/elementary_c.h"
#define CG_OWN_TABLE cg_own_f64
#include "host/cpu/factor_own_calls.h"
