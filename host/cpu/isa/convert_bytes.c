/* Bytes to themselves: copies of u8 and bool, without the way through an integer T. */
#include <stdint.h>

typedef uint8_t T;
#define CG_SAME(x) (x)
#define CG_STORAGE(X)                                                                                        \
    X(CG_U8, uint8_t, u8, CG_SAME, CG_SAME)                                                                  \
    X(CG_BOOL, uint8_t, bool, CG_SAME, CG_SAME)
#define CG_CONVERT_TABLE CG_ISA_NAME(cg_convert_bytes)
#include "host/cpu/isa/convert_loops.h"
