/*
 * Sorts a few words in registers. The words lie in rows, one register each; a column is what one lane holds. First each
 * column is sorted, then columns merge by twos, fours and so on, as Batcher's bitonic network has it (Batcher, Sorting
 * networks and their applications, AFIPS 1968): word e, counted column by column, meets word size - 1 - e, then halves
 * of ever shorter distance meet. Within a column that compares two registers, between columns a register with lanes in
 * another order. At last the matrix is transposed, so that the rows are in order. Included by quicksort_loops.h.
 */

FN void order_rows(word_vec *a, word_vec *b) {
    const word_vec low = word_min(*a, *b), high = word_max(*a, *b);
    *a = low, *b = high;
}

/* Row a where its columns meet the columns `bits` away in row b: the upper lanes keep the larger word. */
FN word_vec order_lanes(word_vec a, word_vec b, int bits, lane_mask upper) {
    const word_vec other = lanes_xor(b, bits);
    return word_blend(upper, word_min(a, other), word_max(a, other));
}

/* Bitonic runs of 2 half rows become sorted ones. */
FN void halve_rows(word_vec *v, const int rows, const int from) {
    CG_UNROLL for (int half = from; half > 0; half /= 2) {
        CG_UNROLL for (int i = 0; i < rows; i++) {
            if (!(i & half)) order_rows(&v[i], &v[i + half]);
        }
    }
}

FN void sort_columns(word_vec *v, const int rows) {
    CG_UNROLL for (int size = 2; size <= rows; size *= 2) {
        CG_UNROLL for (int i = 0; i < rows; i++) {
            if (!(i & size / 2)) order_rows(&v[i], &v[i ^ (size - 1)]);
        }
        halve_rows(v, rows, size / 4);
    }
}

/* So many columns each, of which both halves are sorted. */
FN void merge_columns(word_vec *v, const int rows, const int columns) {
    const lane_mask upper = lanes_with(columns / 2);
    CG_UNROLL for (int i = 0; i < rows / 2; i++) {
        const word_vec a = v[i], b = v[rows - 1 - i];
        v[i] = order_lanes(a, b, columns - 1, upper);
        v[rows - 1 - i] = order_lanes(b, a, columns - 1, upper);
    }
    CG_UNROLL for (int half = columns / 4; half > 0; half /= 2) {
        CG_UNROLL for (int i = 0; i < rows; i++) v[i] = order_lanes(v[i], v[i], half, lanes_with(half));
    }
    halve_rows(v, rows, rows / 2);
}

/* Each round moves the uppermost bit of a word's number, row by row, to the lower end. */
FN void transpose(word_vec *v, const int rows) {
    word_vec t[16];
    CG_UNROLL for (int round = 1; round < rows; round *= 2) {
        CG_UNROLL for (int i = 0; i < rows / 2; i++) {
            t[2 * i] = zip_low(v[i], v[i + rows / 2]);
            t[2 * i + 1] = zip_high(v[i], v[i + rows / 2]);
        }
        CG_UNROLL for (int i = 0; i < rows; i++) v[i] = t[i];
    }
}

/* n <= rows LANES words, which the largest fill up. */
FN void sort_rows(word *x, ptrdiff_t n, const int rows) {
    word_vec v[16];
    CG_UNROLL for (int i = 0; i < rows; i++) v[i] = load_first(x + i * LANES, n - i * LANES);
    sort_columns(v, rows);
    merge_columns(v, rows, 2);
    merge_columns(v, rows, 4);
    if (LANES >= 8) merge_columns(v, rows, 8);
    if (LANES >= 16) merge_columns(v, rows, 16);
    transpose(v, rows);
    CG_UNROLL for (int i = 0; i < rows; i++) store_first(x + i * LANES, n - i * LANES, v[i]);
}

static void sort_4_rows(word *x, ptrdiff_t n) { sort_rows(x, n, 4); }
static void sort_8_rows(word *x, ptrdiff_t n) { sort_rows(x, n, 8); }
static void sort_16_rows(word *x, ptrdiff_t n) { sort_rows(x, n, 16); }

enum { SMALL = 16 * LANES };

static void sort_small(word *x, ptrdiff_t n) {
    if (n <= 4 * LANES)
        sort_4_rows(x, n);
    else if (n <= 8 * LANES)
        sort_8_rows(x, n);
    else
        sort_16_rows(x, n);
}
