/*
 * kernels/warp_matrix.h for any device, lane by lane: a test puts this in its place (CLGRAD_KERNEL_DIR), so that the
 * indices of kernels/matmul_mma.cl are tested where there are no matrix units. Lanes exchange their registers through
 * local memory, with a barrier before and after: all work-items of a group come to each call together. What the
 * instructions do is written from their description in PTX's manual.
 *
 * A copy is put off until the wait that must cover it, and reads its source only then. Products of a step are summed
 * exactly, then truncated, as matrix units do.
 */
typedef struct {
    ulong to, from;
    int bytes, size, group;
} warp_copy;

typedef struct {
    __local ulong *exchange; /* 6 for each work-item */
    int n, groups;
    warp_copy copy[64];
} warp_state;

#define WARP_PARAM , warp_state *warp_of
#define WARP_PASS , warp_of
#define WARP_START                                                                                           \
    __local ulong warp_exchange[6 * ITEMS];                                                                  \
    warp_state warp_itself;                                                                                  \
    warp_state *warp_of = &warp_itself;                                                                      \
    warp_itself.exchange = warp_exchange;                                                                    \
    warp_itself.n = 0;                                                                                       \
    warp_itself.groups = 0;
#undef UNROLL
#define UNROLL _Pragma("nounroll")

INLINE void warp_put_off(warp_state *w, ulong to, ulong from, int bytes, int size) {
    const warp_copy c = {to, from, bytes, size, w->groups};
    w->copy[w->n++] = c;
}
#define COPY16(to, from, bytes) warp_put_off(warp_of, (ulong)(to), (ulong)(from), bytes, 16)
#define COPY4(to, from, bytes) warp_put_off(warp_of, (ulong)(to), (ulong)(from), bytes, 4)
#define COPY_COMMIT warp_of->groups++

INLINE void warp_wait(warp_state *w, int under_way) {
    int left = 0;
    for (int i = 0; i < w->n; i++) {
        const warp_copy c = w->copy[i];
        if (c.group >= w->groups - under_way) {
            w->copy[left++] = c;
            continue;
        }
        for (int e = 0; e < c.size / 4; e++)
            ((__local uint *)c.to)[e] = 4 * e < c.bytes ? ((const __global uint *)c.from)[e] : 0;
    }
    w->n = left;
}
#define COPY_WAIT(n) warp_wait(warp_of, n)

/* What each work-item gives, seen by all of its warp: slots 0 to 5 of lane l at 6 l. */
#define WARP_ITEM ((int)get_local_id(0))
#define WARP_LANES(w) ((w)->exchange + WARP_ITEM / 32 * 32 * 6)

INLINE void warp_load_fragment(warp_state *w, uint *r, const __local float *p) {
    const int lane = WARP_ITEM % 32;
    w->exchange[6 * WARP_ITEM] = (ulong)p;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = 0; i < 4; i++)
        r[i] = ((const __local uint *)WARP_LANES(w)[6 * (8 * i + lane / 4)])[lane % 4];
    barrier(CLK_LOCAL_MEM_FENCE);
}
#define LOAD_FRAGMENT(r, p) warp_load_fragment(warp_of, r, p)

/* Half a unit of the last of 11 bits is added, then the rest dropped: ties away from 0. */
INLINE uint warp_round_tf32(const float x) {
    const uint bits = as_uint(x);
    return (bits & 0x7f800000) == 0x7f800000 ? bits : (bits + 0x1000) & 0xffffe000;
}
#define ROUND_TF32(x) warp_round_tf32(x)

/* To the nearest, ties to even. */
INLINE uint warp_round_bf16(const float x) {
    const uint bits = as_uint(x);
    return x != x ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
#define PACK_BF16(high, low) (warp_round_bf16(high) << 16 | warp_round_bf16(low))

/* Element (row, p) of A and (p, col) of B; `step` is the depth of an instruction: 8 tf32 or 16 bf16 in pairs */
INLINE float warp_element(const __local ulong *of_lane, int slot, int p, int step) {
    const uint bits = (uint)of_lane[slot];
    return as_float(step == 8 ? bits & 0xffffe000 : p % 2 ? bits & 0xffff0000 : bits << 16);
}

INLINE void warp_mma(warp_state *w, float *d, const uint *a, const uint *b, const float *c, int step) {
    const int lane = WARP_ITEM % 32, pairs = step / 8;
    for (int i = 0; i < 6; i++) w->exchange[6 * WARP_ITEM + i] = i < 4 ? a[i] : b[i - 4];
    barrier(CLK_LOCAL_MEM_FENCE);
    float result[4];
    for (int x = 0; x < 4; x++) {
        const int row = lane / 4 + x / 2 * 8, col = lane % 4 * 2 + x % 2;
        double sum = c[x];
        for (int p = 0; p < step; p++) {
            const int in_row = p / pairs % 4, second = p / pairs / 4;
            sum += (double)warp_element(WARP_LANES(w) + 6 * (row % 8 * 4 + in_row), row / 8 + 2 * second, p,
                                        step) *
                   (double)warp_element(WARP_LANES(w) + 6 * (col * 4 + in_row), 4 + second, p, step);
        }
        result[x] = convert_float_rtz(sum);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int x = 0; x < 4; x++) d[x] = result[x];
}
#define MMA_TF32(d, a, b, c) warp_mma(warp_of, d, a, b, c, 8)
#define MMA_BF16(d, a, b, c) warp_mma(warp_of, d, a, b, c, 16)
