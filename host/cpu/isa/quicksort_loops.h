/*
 * Quicksort of words of CG_BITS (Hoare, Quicksort, The Computer Journal 5, 1962), a register at a time: a comparison with
 * the pivot gives a mask, by which the lanes of the one and of the other side are stored side by side (Bramas, A novel
 * hybrid quicksort algorithm vectorized using AVX-512, IJACSA 8, 2017). A file includes this once, after CG_BITS and
 * CG_QUICKSORT_TABLE.
 */
#if defined(__AVX512F__)
#include "host/cpu/isa/quicksort_words.h"
#else
#include "host/cpu/isa/quicksort_words_avx2.h"
#endif

#include "host/cpu/isa/quicksort_network.h"

enum {
    GROUP = 8,            /* registers that are read at a time */
    STEP = GROUP * LANES, /* so many words; 2 STEP <= SMALL */
    AHEAD = 8 * STEP,     /* words between what is read and what is fetched */
    SAMPLE = 4 * LANES,   /* words that a pivot is the middle of */
    USUAL_DEPTH = 64      /* of pivots from samples */
};

#if defined(__AVX512F__)
#include "host/cpu/isa/quicksort_sides.h"
#else
#include "host/cpu/isa/quicksort_sides_avx2.h"
#endif

/* --- Two sides ------------------------------------------------------------------------------------------------ */

/*
 * Moves the n > 2 STEP words of x to both sides and returns how many are low. What is free is in front of and behind the
 * words not read yet, first because both ends are in registers, then because the next words are read at that end where
 * less is free: a STEP fits there, whichever side all of it goes to.
 */
static ptrdiff_t partition(word *x, ptrdiff_t n, pivot p) {
    word_vec first[GROUP], last[GROUP], v[GROUP];
    sides s = {x, x + n};
    word *from = x + STEP, *to = x + n - STEP;
    for (int i = 0; i < GROUP; i++) first[i] = load(x + i * LANES), last[i] = load(to + i * LANES);
    while (to - from >= STEP) {
        const int at_front = from - s.low <= s.high - to;
        const word *next = at_front ? from : to - STEP;
        from += at_front ? STEP : 0;
        to -= at_front ? 0 : STEP;
        CG_UNROLL for (int i = 0; i < GROUP; i++) v[i] = load(next + i * LANES);
        CG_UNROLL for (int i = 0; i < GROUP; i++) {
            _mm_prefetch((const char *)(from + AHEAD + i * LANES), _MM_HINT_T0);
            _mm_prefetch((const char *)(to - AHEAD - (i + 1) * LANES), _MM_HINT_T0);
        }
        CG_UNROLL for (int i = 0; i < GROUP; i++) put(&s, p, v[i], (lane_mask)-1);
    }
    const ptrdiff_t rest = to - from;
    for (int i = 0; i < GROUP; i++) v[i] = load_first(from + i * LANES, rest - i * LANES);
    for (int i = 0; i < GROUP; i++) put(&s, p, v[i], first_lanes(rest - i * LANES));
    for (int i = 0; i < GROUP; i++) put(&s, p, first[i], (lane_mask)-1);
    for (int i = 0; i < GROUP; i++) put(&s, p, last[i], (lane_mask)-1);
    return s.low - x;
}

/* --- Quicksort ------------------------------------------------------------------------------------------------- */

static word middle_of_sample(const word *x, ptrdiff_t n) {
    word sample[SAMPLE];
    const ptrdiff_t step = n / SAMPLE;
    for (int i = 0; i < SAMPLE; i++) sample[i] = x[i * step + step / 2];
    sort_4_rows(sample, SAMPLE);
    return sample[SAMPLE / 2];
}

/* Greater than the least word if any is; halves the range of words, so that no more than CG_BITS follow each other. */
static word middle_of_range(const word *x, ptrdiff_t n) {
    word least = x[0], most = x[0];
    for (ptrdiff_t i = 1; i < n; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    return least + (most - least) / 2 + (most > least);
}

/*
 * The pivot is one of the words or greater than one, so the upper or the lower side has some. If no word is below it, it
 * is the least one, and those that equal it are done.
 */
static void quicksort(word *x, ptrdiff_t n, int depth) {
    for (; n > SMALL; depth++) {
        const word middle = depth < USUAL_DEPTH ? middle_of_sample(x, n) : middle_of_range(x, n);
        pivot p = pivot_below(middle);
        ptrdiff_t low = all_are_high(p) ? 0 : partition(x, n, p);
        if (low == 0) {
            lower_equal(&p);
            low = partition(x, n, p);
        } else {
            quicksort(x, low, depth + 1);
        }
        x += low, n -= low;
    }
    sort_small(x, n);
}

static void sort_words(void *words, ptrdiff_t n) { quicksort(words, n, 0); }

/* --- Many sides, into other memory ------------------------------------------------------------------------------ */

static void count_words(const void *words, ptrdiff_t n, int buckets, const void *splitters, int64_t *count) {
    if (buckets == 4)
        count_below(words, n, splitters, count, 3);
    else
        count_below(words, n, splitters, count, CG_SORT_SPLITTERS);
}

static void scatter_words(const void *words, ptrdiff_t n, int buckets, const void *splitters, void *to,
                          int64_t *at) {
    if (buckets == 4)
        scatter(words, n, splitters, to, at, 3);
    else
        scatter(words, n, splitters, to, at, CG_SORT_SPLITTERS);
}

extern const cg_quicksort_isa CG_QUICKSORT_TABLE;
const cg_quicksort_isa CG_QUICKSORT_TABLE = {.most_packed = MOST_PACKED,
                                             .sort = sort_words,
                                             .count = count_words,
                                             .scatter = scatter_words,
                                             .below = words_below};
