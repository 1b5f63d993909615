/*
 * What the tiled GPU kernels of the matrix product share: how the vectors of a slice are numbered, the order of the
 * groups, and parts of the depth.
 *
 * A slice is `size` (BM or BN) x BK elements of A or of the transpose of B; A_WAY and B_WAY say how it is read from
 * global memory, 4 elements at a time:
 *   0  any strides, 4 elements along the depth
 *   1  the same as one vector: a_col = 1, b_row = 1
 *   2  a vector along the other axis: a_row = 1, b_col = 1
 *   3  any strides, 4 elements along the other axis
 * 1 and 2 need every offset and stride to be a multiple of 4 elements.
 */

/* The place in a slice of vector e: `across` along M or N, `along` the depth */
#define ACROSS(way, size, e) ((way) >= 2 ? (e) % ((size) / 4) * 4 : (e) / (BK / 4))
#define ALONG(way, size, e) ((way) >= 2 ? (e) / ((size) / 4) : (e) % (BK / 4) * 4)

/* How many of the 4 elements exist, and the stride between them */
#define STEP_OF(way, s_across, s_along) ((way) >= 2 ? (s_across) : (s_along))
#define COUNT_OF(way, across, along, n_across, n_along)                                                      \
    ((way) >= 2 ? ((along) < (n_along) ? (n_across) - (across) : 0)                                          \
                : ((across) < (n_across) ? (n_along) - (along) : 0))

/*
 * Groups run in number along x first. Here they walk down bands of BAND rows instead, so that those under way at once
 * share few rows of A and few columns of B, which then stay in the second-level cache.
 */
#define BAND 8
#define GROUP_ORDER(x, y)                                                                                    \
    int x, y;                                                                                                \
    {                                                                                                        \
        const int across = (int)get_num_groups(0), down = (int)get_num_groups(1);                            \
        const int number = (int)get_group_id(1) * across + (int)get_group_id(0);                             \
        const int first = number / (BAND * across) * BAND, rows = min(BAND, down - first);                   \
        const int in_band = number - first * across;                                                         \
        y = first + in_band % rows;                                                                          \
        x = in_band / rows;                                                                                  \
    }

/*
 * With SPLIT the depth is cut into parts, which are the outermost batch axis: this one has `depth` steps, but for the
 * last, which ends at `whole`. parts_of: matrices in one part.
 */
#ifdef SPLIT
#define SPLIT_PARAMS const INDEX whole, const INDEX parts_of,
#define DEPTH_OF_PART(batch) const INDEX depth = min(k, whole - divide(batch, parts_of) * k);
#else
#define SPLIT_PARAMS
#define DEPTH_OF_PART(batch) const INDEX depth = k;
#endif

#define INLINE static inline __attribute__((always_inline))
