#include "host/cpu/radix.h"

#include "host/cpu/thread_pool.h"

#include <string.h>

enum { BLOCK_WORDS = 1 << 15, DIGIT_BITS = 8 };

/* One pass over one digit. */
typedef struct pass {
    const cg_radix *r;
    int shift;
    int64_t block, n_blocks; /* words of a block */
} pass;

static int64_t blocks_of(int64_t n) {
    const int64_t blocks = (n - 1) / BLOCK_WORDS + 1;
    return blocks < CG_RADIX_BLOCKS ? blocks : CG_RADIX_BLOCKS;
}

size_t cg_radix_count_bytes(int64_t n) { return (size_t)blocks_of(n) * CG_RADIX_DIGITS * sizeof(int64_t); }

/* --- The loops of one block ------------------------------------------------------------------------------------------- */

#define DIGIT(word, shift) ((size_t)((word) >> (shift)) & (CG_RADIX_DIGITS - 1))

/* Two counters for each digit in turn, so that equal neighbours do not wait for each other. */
#define COUNT(name, U)                                                                                       \
    static void name(const U *word, int64_t n, int shift, int64_t *count) {                                  \
        uint32_t odd[CG_RADIX_DIGITS] = {0}, even[CG_RADIX_DIGITS] = {0};                                    \
        int64_t i = 0;                                                                                       \
        for (; i + 2 <= n; i += 2) {                                                                         \
            even[DIGIT(word[i], shift)]++;                                                                   \
            odd[DIGIT(word[i + 1], shift)]++;                                                                \
        }                                                                                                    \
        if (i < n) even[DIGIT(word[i], shift)]++;                                                            \
        for (int d = 0; d < CG_RADIX_DIGITS; d++) count[d] = (int64_t)even[d] + odd[d];                      \
    }

#define MOVE(name, U)                                                                                        \
    static void name(const U *word, int64_t n, int shift, U *to, int64_t *at) {                              \
        for (int64_t i = 0; i < n; i++) {                                                                    \
            const U w = word[i];                                                                             \
            to[at[DIGIT(w, shift)]++] = w;                                                                   \
        }                                                                                                    \
    }

COUNT(count_32, uint32_t)
COUNT(count_64, uint64_t)
MOVE(move_32, uint32_t)
MOVE(move_64, uint64_t)

static void move_with_places(const cg_radix_words *from, int64_t begin, int64_t end, int shift,
                             const cg_radix_words *to, int64_t *at) {
    const uint64_t *word = from->word;
    uint64_t *to_word = to->word;
    for (int64_t i = begin; i < end; i++) {
        const uint64_t w = word[i];
        const int64_t k = at[DIGIT(w, shift)]++;
        to_word[k] = w;
        to->place[k] = from->place[i];
    }
}

/* --- A pass ------------------------------------------------------------------------------------------------------------- */

static int64_t end_of(const pass *p, int64_t block) {
    return block + 1 < p->n_blocks ? (block + 1) * p->block : p->r->n;
}

static void count_blocks(void *ctx, int64_t begin, int64_t end, int thread) {
    const pass *p = ctx;
    const cg_radix *r = p->r;
    (void)thread;
    for (int64_t b = begin; b < end; b++) {
        const int64_t first = b * p->block, n = end_of(p, b) - first;
        if (r->bits == 32)
            count_32((const uint32_t *)r->from.word + first, n, p->shift, r->count[b]);
        else
            count_64((const uint64_t *)r->from.word + first, n, p->shift, r->count[b]);
    }
}

/* count[b][d] becomes where the first word of block b with digit d goes. */
static void place_digits(const pass *p) {
    int64_t sum = 0;
    for (int d = 0; d < CG_RADIX_DIGITS; d++)
        for (int64_t b = 0; b < p->n_blocks; b++) {
            const int64_t count = p->r->count[b][d];
            p->r->count[b][d] = sum;
            sum += count;
        }
}

static void move_blocks(void *ctx, int64_t begin, int64_t end, int thread) {
    const pass *p = ctx;
    const cg_radix *r = p->r;
    (void)thread;
    for (int64_t b = begin; b < end; b++) {
        const int64_t first = b * p->block, n = end_of(p, b) - first;
        if (r->from.place)
            move_with_places(&r->from, first, first + n, p->shift, &r->to, r->count[b]);
        else if (r->bits == 32)
            move_32((const uint32_t *)r->from.word + first, n, p->shift, r->to.word, r->count[b]);
        else
            move_64((const uint64_t *)r->from.word + first, n, p->shift, r->to.word, r->count[b]);
    }
}

static void run_pass(cg_radix *r, int shift) {
    pass p = {.r = r, .shift = shift, .n_blocks = r->parallel ? blocks_of(r->n) : 1};
    p.block = r->n / p.n_blocks;
    if (r->parallel)
        cg_parallel_for(p.n_blocks, 1, count_blocks, &p);
    else
        count_blocks(&p, 0, 1, 0);
    place_digits(&p);
    if (r->parallel)
        cg_parallel_for(p.n_blocks, 1, move_blocks, &p);
    else
        move_blocks(&p, 0, 1, 0);
    const cg_radix_words from = r->from;
    r->from = r->to;
    r->to = from;
}

void cg_radix_sort(cg_radix *r) {
    for (int shift = 0; shift < r->bits; shift += DIGIT_BITS)
        if (r->varying >> shift & (CG_RADIX_DIGITS - 1)) run_pass(r, shift);
}
