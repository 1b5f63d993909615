/*
 * Words to the sides of a pivot and to buckets: the lanes of a mask are stored side by side. Included by quicksort_loops.h, after
 * quicksort_words.h; quicksort_sides_avx2.h has the same functions for processors without such a store.
 */

#define MOST_PACKED INT64_MAX

/* The pivot, and whether words equal to it go to the lower side. */
typedef struct pivot {
    word_vec at;
    int with_equal;
} pivot;

/* The words below `middle` are low; then those that equal it, too. */
FN pivot pivot_below(word middle) { return (pivot){word_all(middle), 0}; }
FN void lower_equal(pivot *p) { p->with_equal = 1; }

/* Whether that is known without looking at the words. */
FN int all_are_high(pivot p) { return (void)p, 0; }

FN lane_mask is_low(pivot p, word_vec v) {
    return p.with_equal ? (lane_mask)~word_less(p.at, v) : word_less(v, p.at);
}

/* Free memory: the words below `low` and those from `high` on are where they belong. */
typedef struct sides {
    word *low, *high;
} sides;

/* The lanes `in` of v to both sides. A store of no lanes to a page that is not there would take hundreds of cycles. */
FN void put(sides *s, pivot p, word_vec v, lane_mask in) {
    const lane_mask low = is_low(p, v) & in, high = (lane_mask)(in & ~low);
    if (low) store_packed(s->low, low, v);
    s->low += lane_count(low);
    s->high -= lane_count(high);
    if (high) store_packed(s->high, high, v);
}

/* count[b] += the words below splitter b. */
FN void count_below(const word *x, ptrdiff_t n, const word *splitter, int64_t *count, const int splitters) {
    word_vec at[CG_SORT_SPLITTERS], below[CG_SORT_SPLITTERS];
    CG_UNROLL for (int b = 0; b < splitters; b++) at[b] = word_all(splitter[b]), below[b] = word_all(0);
    for (ptrdiff_t i = 0; i < n; i += LANES) {
        const word_vec v = load_first(x + i, n - i);
        const lane_mask in = first_lanes(n - i);
        CG_UNROLL for (int b = 0; b < splitters; b++) below[b] =
            word_count(below[b], word_less(v, at[b]) & in);
    }
    CG_UNROLL for (int b = 0; b < splitters; b++) count[b] += word_sum(below[b]);
}

FN void scatter(const word *x, ptrdiff_t n, const word *splitter, word *to, int64_t *place,
                const int splitters) {
    word_vec at[CG_SORT_SPLITTERS];
    word nowhere[LANES];
    CG_UNROLL for (int b = 0; b < splitters; b++) at[b] = word_all(splitter[b]);
    for (ptrdiff_t i = 0; i < n; i += LANES) {
        const word_vec v = load_first(x + i, n - i);
        const lane_mask in = first_lanes(n - i);
        lane_mask before = 0;
        CG_UNROLL for (int b = 0; b <= splitters; b++) {
            const lane_mask below = b < splitters ? word_less(v, at[b]) & in : in;
            const lane_mask own = below & ~before;
            word *p = own ? to + place[b] : nowhere; /* see put */
            store_packed(p, own, v);
            __builtin_prefetch(to + place[b] + AHEAD, 1);
            place[b] += lane_count(own);
            before = below;
        }
    }
}

static ptrdiff_t words_below(const void *words, ptrdiff_t n, const void *limit, void *to) {
    const word *x = words;
    const word_vec most = word_all(*(const word *)limit);
    word *next = to;
    for (ptrdiff_t i = 0; i < n; i += LANES) {
        const word_vec v = load_first(x + i, n - i);
        const lane_mask low = word_less(v, most) & first_lanes(n - i);
        if (low) store_packed(next, low, v); /* see put */
        next += lane_count(low);
    }
    return next - (word *)to;
}
