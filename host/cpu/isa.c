#include "host/cpu/isa.h"

#include "core/env.h"

#include <string.h>

extern const cg_isa cg_isa_base;

#ifdef CG_WITH_WIDE_ISA
extern const cg_isa cg_isa_v3, cg_isa_v4;
#endif

/* What each level of x86-64 asks for, beyond what its predecessor does; the operating system's part is included. */
static int highest_level(void) {
#ifdef CG_WITH_WIDE_ISA
    __builtin_cpu_init();
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    return v4 ? 2 : v3 ? 1 : 0;
#else
    return 0;
#endif
}

const cg_isa *cg_isa_choose(void) {
    static const cg_isa *const levels[] = {
        &cg_isa_base,
#ifdef CG_WITH_WIDE_ISA
        &cg_isa_v3,
        &cg_isa_v4,
#endif
    };
    int level = highest_level();
    const char *asked = cg_env("CLGRAD_ISA");
    for (int i = 0; asked && i <= level; i++)
        if (strcmp(asked, levels[i]->name) == 0) level = i;
    return levels[level];
}
