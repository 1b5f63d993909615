/*
 * Convolutions on the CPU: register tiles of their own (conv_outputs.c, conv_weights.c), whose vectors are outputs; and where
 * outputs or windows of a row are few, products of matrices: of the images as they are (conv_shifted.c) or of columns.
 */
#ifndef CLGRAD_HOST_CPU_CONV_CPU_H
#define CLGRAD_HOST_CPU_CONV_CPU_H

#include "host/cpu/cpu.h"
#include "host/window_taps.h"

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t parts(int64_t n, int64_t each) { return (n + each - 1) / each; }
/* Bytes up to the next line of the cache. */
static inline size_t line(int64_t bytes) { return ((size_t)bytes + 63) & ~(size_t)63; }

/*
 * Whether a copy of `elements` of a channel is not much more than what its `windows` windows read, of so many taps, with
 * `apart` elements for each: with a large dilation most of it is between the taps. Columns gain less in the gradient to
 * the weights.
 */
static inline bool cg_conv_copies_little(cg_conv_kind kind, int64_t elements, int64_t windows, int64_t taps,
                                         int64_t apart) {
    const int64_t copied =
        kind == CG_CONV_WEIGHT_GRAD ? 8 : 4; /* for each place of a window, or two of its taps */
    return elements <= copied * most(taps / 2, apart) * windows;
}

/* The sizes of a request, of one group. */
typedef struct cg_conv_sizes {
    const cg_conv_request *r;
    int64_t size;              /* bytes of an element */
    int64_t k, c, taps, rows;  /* outputs and inputs, taps of a window, rows = c taps */
    int64_t windows, elements; /* of an image */
} cg_conv_sizes;

/* `count` windows from `first` on of each of `images` images from `image` on: columns side by side. */
typedef struct cg_conv_tile {
    int64_t image, images, first, count;
} cg_conv_tile;

static inline int64_t cg_conv_tile_columns(const cg_conv_tile *t) { return t->images * t->count; }

/* to (channels taps, columns) = the windows of channels c0 .. c0 + channels of a group. For loop bodies, as the others. */
void cg_conv_gather(const cg_conv_sizes *s, const cg_conv_tile *t, int64_t group, int64_t c0,
                    int64_t channels, void *to);

/* The adjoint: x += from, tap by tap. */
void cg_conv_add_back(const cg_conv_sizes *s, const cg_conv_tile *t, int64_t group, int64_t c0,
                      int64_t channels, const void *from);

/* to (k, columns) = y of a group, its images side by side; and y = from + bias. */
void cg_conv_gather_y(const cg_conv_sizes *s, const cg_conv_tile *t, int64_t group, void *to);
void cg_conv_store_y(const cg_conv_sizes *s, const cg_conv_tile *t, int64_t group, const void *from);

/* to += from, n elements. */
void cg_conv_add(const cg_conv_sizes *s, void *to, const void *from, int64_t n);

/* Whether all of n elements are finite. */
bool cg_conv_is_finite(const cg_conv_sizes *s, const void *x, int64_t n);

/* The weights' gradient as a sum of tables, of `each` tiles each. */
typedef struct cg_conv_tables {
    const cg_conv_sizes *s;
    int64_t each, n;
    unsigned char *memory; /* of as many bytes as cg_conv_tables_bytes says */
} cg_conv_tables;

/* Tables of `tiles` tiles, each of which is so many jobs. */
cg_conv_tables cg_conv_tables_plan(const cg_conv_sizes *s, int64_t tiles, int64_t jobs);
size_t cg_conv_tables_bytes(const cg_conv_tables *t);

/* A table; the gradient itself if it is the only one. */
unsigned char *cg_conv_table(const cg_conv_tables *t, int64_t number);

/* The gradient from the tables, added in their order. */
void cg_conv_tables_sum(const cg_conv_tables *t);

/*
 * The result and the gradient to the input; of the latter the weights must be finite: they meet zeros of no window. And
 * whether it pays: not where windows reach so far that it would copy far more elements than they have.
 */
bool cg_conv_suits_outputs(cg_hw *hw, const cg_conv_sizes *s);
cg_status cg_conv_run_outputs(cg_hw *hw, const cg_conv_sizes *s);

/* Whether channels meet few others, in groups. */
bool cg_conv_is_thin(const cg_conv_sizes *s);

/*
 * The gradient to the weights; and that of groups whose channels meet so few others that vectors of them would be empty:
 * false where what is not finite would have met zeros of the padding, which it leaves out.
 */
bool cg_conv_suits_weights(cg_hw *hw, const cg_conv_sizes *s);
cg_status cg_conv_run_weights(cg_hw *hw, const cg_conv_sizes *s);
bool cg_conv_thin_weights(const cg_conv_sizes *s);

/*
 * Whether a request is done best without columns, by conv_shifted.c, and that: *done is false where what is not finite has
 * reached, or would, elements that it is no part of.
 */
bool cg_conv_suits_shifts(cg_hw *hw, const cg_conv_sizes *s);
cg_status cg_conv_shifted(cg_hw *hw, const cg_conv_sizes *s, bool *done);

#endif
