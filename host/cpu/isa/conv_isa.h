/*
 * Inner loops of convolutions: products of which a vector has several outputs at one window, so that the windows are read
 * where they are, one element at a time, whatever their shape.
 */
#ifndef CLGRAD_HOST_CPU_ISA_CONV_ISA_H
#define CLGRAD_HOST_CPU_ISA_CONV_ISA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Windows in rows of adjacent ones: row i begins at x + at[i]. All places are in elements. */
typedef struct cg_conv_rows {
    const void *x;
    const ptrdiff_t *at;
    ptrdiff_t rows, width;
} cg_conv_rows;

/* sums (windows, lanes) = x (windows, n) w (n, lanes), where summand p of a window is tap[p] from its place in x. */
typedef struct cg_conv_outputs {
    cg_conv_rows windows;
    const ptrdiff_t *tap;
    ptrdiff_t n;
    const void *w;
    int vectors; /* lanes = vectors of so many elements each: 1 or 2 */
    void *sums;
} cg_conv_outputs;

/*
 * to (outputs, rows, width) = x (n, rows, width) w (n, outputs) + bias, where summand p of a window is tap[p] from its
 * place, and adjacent windows have adjacent ones. Up to LANES elements behind the last one are read, too.
 */
typedef struct cg_conv_lines {
    const void *x;
    ptrdiff_t x_row, rows, width;
    const ptrdiff_t *tap;
    ptrdiff_t n;
    const void *w;
    int outputs;      /* at most `most_outputs` */
    const void *bias; /* or NULL */
    void *to;
    ptrdiff_t to_row, to_plane;
} cg_conv_lines;

/* to (rows, lanes) = or += x (rows, windows) y (windows, lanes). Rows come in threes. */
typedef struct cg_conv_weights {
    cg_conv_rows windows;
    const ptrdiff_t *tap, *row; /* of each three: the first's tap from a window's place, its row of `to` */
    ptrdiff_t threes;
    ptrdiff_t tap_step, row_step; /* from one to the next of three */
    const void *y;
    int vectors;
    void *to;
    bool add;
} cg_conv_weights;

typedef struct cg_conv_isa {
    int lanes;  /* elements of a vector */
    int widest; /* windows of a row that are a tile */
    void (*outputs)(const cg_conv_outputs *o);
    void (*lines)(const cg_conv_lines *l);
    int most_outputs; /* of lines */
    void (*weights)(const cg_conv_weights *w);
    /* to[i] = from[i] + from[i + pitch] + .., `terms` of them, in order; n is a multiple of lanes; in place, too */
    void (*add_tables)(void *to, const void *from, ptrdiff_t n, ptrdiff_t pitch, ptrdiff_t terms);
    /* to (m, lanes) = from (n, m) transposed, with zeros behind the n <= lanes columns; rows of `from` are so far apart */
    void (*to_lanes)(void *to, ptrdiff_t lanes, const void *from, ptrdiff_t from_row, ptrdiff_t n,
                     ptrdiff_t m);
    /* to (n, m) = the first n columns of from (m, lanes) transposed, + value[i] in row i unless NULL */
    void (*from_lanes)(void *to, ptrdiff_t to_row, ptrdiff_t n, ptrdiff_t m, const void *from,
                       ptrdiff_t lanes, const void *value);
} cg_conv_isa;

#endif
