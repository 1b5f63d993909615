/* exp of a vector, for what includes elementary_c.h and simd.h first. */
#ifndef CLGRAD_HOST_CPU_ISA_EXP_LANES_H
#define CLGRAD_HOST_CPU_ISA_EXP_LANES_H

#if CG_VEC_BYTES == 64
/* exp(x) with the bits of t_exp, for x within T_EXP_MIN and T_EXP_MAX, or NaN: the ends are the caller's to see to. */
static inline vec vec_exp_within(vec x) {
    T a[LANES], p[LANES], n[LANES];
    vec_store(a, x);
    for (int j = 0; j < LANES; j++) {
        T low, t, r = t_k_exp_reduce(a[j], &low, &t);
        p[j] = C(1.0) + t_k_expm1_small(r, low);
        n[j] = t - T_MAGIC;
    }
    return vec_scale(vec_load(p), vec_load(n));
}
#endif

/* The same for x from T_EXP_MIN to 0, and a little above. */
static inline vec vec_exp_below(vec x) {
#if CG_VEC_BYTES == 64
    return vec_exp_within(x);
#else
    T a[LANES];
    vec_store(a, x);
    for (int j = 0; j < LANES; j++) {
        T low, t, r = t_k_exp_reduce(a[j], &low, &t);
        a[j] = t_k_scale_down(C(1.0) + t_k_expm1_small(r, low), t);
    }
    return vec_load(a);
#endif
}

#endif
