/*
 * The matrix units and asynchronous copies of NVIDIA GPUs from compute capability 8.0 on, by inline PTX. A warp is 32
 * neighbouring work-items; all of them come to every one of these together, and lane = item % 32. A fragment is what
 * the lanes of a warp hold of a matrix in registers; with g = lane / 4 and q = lane % 4
 *
 *   A, 16 x 8   a[0] (g, q)   a[1] (g + 8, q)   a[2] (g, q + 4)   a[3] (g + 8, q + 4)
 *   B, 8 x 8    b[0] (q, g)   b[1] (q + 4, g)
 *   C, 16 x 8   c[0] (g, 2q)  c[1] (g, 2q + 1)  c[2] (g + 8, 2q)  c[3] (g + 8, 2q + 1)
 *
 *   WARP_PARAM, WARP_PASS, WARP_START   what functions get and pass on, and what the kernel begins with
 *   COPY16, COPY4(to, from, bytes)      starts a copy of 16 or 4 bytes to local memory, beyond `bytes` zeros
 *   COPY_COMMIT, COPY_WAIT(n)           ends a group of copies; waits until at most n (a literal) groups are under way
 *   LOAD_FRAGMENT(r, p)                 r[i] of lane l = word l % 4 of the 16 bytes that lane 8 i + l / 4 points to
 *   ROUND_TF32(x)                       the nearest float of 11 bits, as uint
 *   PACK_BF16(high, low)                two floats rounded to 8 bits
 *   MMA_TF32(d, a, b, c)                d = A B + c, A and B tf32: lower bits are ignored
 *   MMA_BF16(d, a, b, c)                the same with a depth of 16: each register a pair of steps, any two, those of A
 *                                       and B alike
 * tests/support/warp_emulated.h does the same on any device, lane by lane.
 */
#define WARP_PARAM
#define WARP_PASS
#define WARP_START

#ifdef __clang__
#define PTX __asm__ volatile
#define PTX_PURE __asm__
#else
#define PTX asm volatile
#define PTX_PURE asm
#endif

#define COPY16(to, from, bytes)                                                                              \
    PTX("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"l"(to), "l"(from), "r"(bytes) : "memory")
#define COPY4(to, from, bytes)                                                                               \
    PTX("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"l"(to), "l"(from), "r"(bytes) : "memory")
#define COPY_COMMIT PTX("cp.async.commit_group;" ::: "memory")
#define COPY_WAIT(n) PTX("cp.async.wait_group " #n ";" ::: "memory")

#define LOAD_FRAGMENT(r, p)                                                                                  \
    PTX("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"                                   \
        : "=r"((r)[0]), "=r"((r)[1]), "=r"((r)[2]), "=r"((r)[3])                                             \
        : "l"(p)                                                                                             \
        : "memory")

INLINE uint round_tf32(const float x) {
    uint r;
    PTX_PURE("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(x));
    return r;
}
#define ROUND_TF32(x) round_tf32(x)

INLINE uint pack_bf16(const float high, const float low) {
    uint r;
    PTX_PURE("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    return r;
}
#define PACK_BF16(high, low) pack_bf16(high, low)

#define MMA(shape_and_types, d, a, b, c)                                                                     \
    PTX("mma.sync.aligned." shape_and_types " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "                \
        "{%10, %11, %12, %13};"                                                                              \
        : "=f"((d)[0]), "=f"((d)[1]), "=f"((d)[2]), "=f"((d)[3])                                             \
        : "r"((a)[0]), "r"((a)[1]), "r"((a)[2]), "r"((a)[3]), "r"((b)[0]), "r"((b)[1]), "f"((c)[0]),         \
          "f"((c)[1]), "f"((c)[2]), "f"((c)[3]))
#define MMA_TF32(d, a, b, c) MMA("m16n8k8.row.col.f32.tf32.tf32.f32", d, a, b, c)
#define MMA_BF16(d, a, b, c) MMA("m16n8k16.row.col.f32.bf16.bf16.f32", d, a, b, c)
