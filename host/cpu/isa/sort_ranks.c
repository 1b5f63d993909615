/* Short rows: the place of each word in order, by comparing all with all. */
#include "host/cpu/isa.h"
#include "host/cpu/isa/vector_bytes.h"

#if defined(__clang__)
#define CG_UNROLL _Pragma("clang loop unroll(full)")
#else
#define CG_UNROLL _Pragma("GCC unroll 8")
#endif

enum { VECS = 4 };

/*
 * rank[i] = the number of words less than word[i], and of those equal to it in front of it. GROUP words are compared with
 * one other at a time; a comparison gives -1 where it holds. Processors compare signed words: the sign bit is turned.
 */
#define RANKS(name, U, S)                                                                                    \
    typedef S vec_##name __attribute__((vector_size(VEC_BYTES), aligned(sizeof(S)), may_alias));             \
    static void name(const void *words, ptrdiff_t n, int32_t *rank) {                                        \
        enum { LANES = VEC_BYTES / sizeof(S), GROUP = VECS * LANES };                                        \
        const U *word = words;                                                                               \
        S own[CG_RANK_MOST + GROUP];                                                                         \
        for (ptrdiff_t i = 0; i < n; i++) own[i] = (S)(word[i] ^ (U)1 << (sizeof(U) * 8 - 1));               \
        for (ptrdiff_t i = n; i < n + GROUP; i++) own[i] = 0;                                                \
        for (ptrdiff_t g = 0; g < n; g += GROUP) {                                                           \
            vec_##name x[VECS], less[VECS];                                                                  \
            CG_UNROLL for (int v = 0; v < VECS; v++) {                                                       \
                x[v] = *(const vec_##name *)(own + g + v * LANES);                                           \
                less[v] = x[v] ^ x[v];                                                                       \
            }                                                                                                \
            const ptrdiff_t end = n - g < GROUP ? n : g + GROUP;                                             \
            for (ptrdiff_t j = 0; j < g; j++) {                                                              \
                CG_UNROLL for (int v = 0; v < VECS; v++) less[v] += (vec_##name)(own[j] > x[v]) + 1;         \
            }                                                                                                \
            for (ptrdiff_t j = g; j < n; j++) {                                                              \
                CG_UNROLL for (int v = 0; v < VECS; v++) less[v] -= (vec_##name)(own[j] < x[v]);             \
            }                                                                                                \
            for (ptrdiff_t i = g; i < end; i++) {                                                            \
                int32_t r = (int32_t)((const S *)less)[i - g];                                               \
                for (ptrdiff_t j = g; j < i; j++) r += own[j] == own[i];                                     \
                rank[i] = r;                                                                                 \
            }                                                                                                \
        }                                                                                                    \
    }

RANKS(rank_32, uint32_t, int32_t)
RANKS(rank_64, uint64_t, int64_t)

extern const cg_ranks_isa CG_ISA_NAME(cg_ranks);

const cg_ranks_isa CG_ISA_NAME(cg_ranks) = {.rank_32 = rank_32, .rank_64 = rank_64};
