/*
 * What a backend is: a const table of functions over memory of one opened device (cg_hw).
 *
 * Everything above this line (src/) reaches a device through the cg_hw_ calls at the end, never through the
 * table itself: they simplify the request, count it, and check it where CLGRAD_CHECK asks for that.
 *
 * Common rules of all slots:
 *   - a request is a filled struct, valid only during the call;
 *   - sizes, strides and offsets are in elements, strides may be 0 (broadcast, inputs only) or negative;
 *   - a slot may return before the work is done; work runs in the order it was given. Only download and sync
 *     wait;
 *   - an output overlaps no input and no other output, unless it is the same elements in the same order
 *     (in place);
 *   - requests are never empty: no axis is 0 (the cg_hw_ calls return at once for those);
 *   - an error is recorded in hw->err with CG_FAIL and returned; outputs are then unspecified.
 */
#ifndef CLGRAD_HOST_BACKEND_H
#define CLGRAD_HOST_BACKEND_H

#include "clgrad/device.h"
#include "core/error.h"
#include "core/expr.h"

#include "core/rows.h"
#include "host/isa_requests.h"

typedef struct cg_backend cg_backend;
typedef struct cg_launches cg_launches; /* of a backend */
typedef struct cg_recorded cg_recorded; /* requests that were recorded: recorded_work.h */

/* Which work is done otherwise than by the device's own kernels: cg_detour of each kind, and of each row. */
typedef struct cg_detours {
    uint8_t work[CG_WORK_COUNT], row[CG_ROW_COUNT];
    int rows; /* how many rows have one */
} cg_detours;

/* An opened device. A backend's own struct starts with it. */
typedef struct cg_hw {
    const cg_backend *backend;
    cg_detours detours; /* host/detour.h */
    struct cg_hw *cpu;  /* the CPU backend that detours lead to; NULL until one is taken */
    cg_device_info info;
    cg_device_stats stats;
    cg_matmul_precision precision; /* what products may lose where units of less precision are faster */
    cg_error *err; /* where errors of this device go: belongs to the cg_device that opened it */
    struct cg_recorded *recording; /* being made (recorded_work.h), else NULL */
    uint64_t recordings;           /* begun so far: the number of that one */
} cg_hw;

/* A strided operand over the shape of the request. */
typedef struct cg_operand {
    cg_buffer *buffer;
    cg_dtype dtype;
    int64_t offset;
    int64_t stride[CG_MAX_RANK];
} cg_operand;

/* out[j][i] = program(in[0][i], in[1][i], ..., consts) for every index i of shape. Also copy, cast and fill. */
typedef struct cg_map_request {
    const cg_program *program;
    int rank;
    int64_t shape[CG_MAX_RANK];
    cg_operand in[CG_MAX_INPUTS];
    cg_operand out[CG_MAX_OUTPUTS];
    cg_scalar consts[CG_MAX_CONSTS];
} cg_map_request;

typedef enum cg_reduce_kind {
    CG_REDUCE_SUM,
    CG_REDUCE_MAX,    /* NaN wins */
    CG_REDUCE_MIN,    /* NaN wins */
    CG_REDUCE_PROD,   /* 1 over nothing */
    CG_REDUCE_ARGMAX, /* row-major index among the reduced axes; first NaN wins, else the first maximum */
    CG_REDUCE_ARGMIN
} cg_reduce_kind;

/*
 * out[kept index] = reduction over the reduced axes of program(in...)[i], i over the whole shape. The kept
 * axes come first: axes 0..n_kept-1 are kept, n_kept..rank-1 are reduced. The program has one output.
 * out.stride is over the kept axes. The value is T (i64 for ARGMAX, ARGMIN), converted to out.dtype as it is
 * stored. The order of additions is fixed: the same bits twice on the same device, error as of a tree.
 * run: so many elements that meet in one result are neighbours in the row-major order of the whole; 0: those along the last
 * axis. The CPU backend adds in an order that depends on shapes, on this, and on which axes the inputs run along in small steps
 * (those that are repeated along an axis do not count); not on the program. So a sum over a formula of transposed views may
 * round otherwise than one over its stored values.
 */
typedef struct cg_reduce_request {
    cg_reduce_kind kind;
    const cg_program *program;
    int rank, n_kept;
    int64_t shape[CG_MAX_RANK], run;
    cg_operand in[CG_MAX_INPUTS];
    cg_operand out;
    cg_scalar consts[CG_MAX_CONSTS];
} cg_reduce_request;

enum { CG_MAX_BATCH_RANK = CG_MAX_RANK - 2 };

/* A stack of matrices: element (i, j) of batch b is at offset + sum b[r] batch[r] + i row + j col. */
typedef struct cg_matrix {
    cg_buffer *buffer;
    int64_t offset, row, col;
    int64_t batch[CG_MAX_BATCH_RANK];
} cg_matrix;

/*
 * C = epilogue(A B): (batch, M, K) x (batch, K, N) -> (batch, M, N), in dtype f32 or f64. Any strides on A and
 * B (0 in a batch stride broadcasts); C is row-major: col 1, row >= N. k may be 0: the product is then 0.
 * "Product" here and below is the sum of what `inner` says (decision 19).
 * epilogue, if not NULL, has input 0 = the element of the product and inputs 1.. = in[0].., whose strides are
 * over (batch axes..., M, N); its output 0 is what C gets, further ones, where the backend has many_outputs, go to
 * more[0].., which are strided the same way.
 */
typedef struct cg_matmul_request {
    cg_inner inner;
    cg_dtype dtype;
    int64_t m, n, k;
    int batch_rank;
    int64_t batch[CG_MAX_BATCH_RANK];
    cg_matrix a, b, c;
    const cg_program *epilogue;
    cg_operand in[CG_MAX_INPUTS - 1], more[CG_MAX_OUTPUTS - 1];
    cg_scalar consts[CG_MAX_CONSTS];
} cg_matmul_request;

/*
 * How a backend lets its ways to compute a product be measured. `r` needs no operands in `choice` and `choose`.
 *   name     of candidate i, NULL beyond the last
 *   measure  the seconds of candidate i: *seconds < 0 if it does not do this product. Errors: it failed, or the product
 *            is wrong
 *   choose   keeps candidate i for the class of r, on disk too
 *   choice   what choose was given for the class of r; -1: nothing
 *   classes  how many have been chosen
 *   avoid    candidate i is not used again, on disk too
 *   forget   all that choose and avoid have kept
 */
typedef struct cg_tuner {
    const char *(*name)(int i);
    cg_status (*measure)(cg_hw *hw, const cg_matmul_request *r, int i, double *seconds);
    cg_status (*choose)(cg_hw *hw, const cg_matmul_request *r, int i, double seconds);
    int (*choice)(cg_hw *hw, const cg_matmul_request *r, double *seconds);
    int (*classes)(cg_hw *hw);
    cg_status (*avoid)(cg_hw *hw, int i);
    bool (*avoided)(cg_hw *hw, int i);
    cg_status (*forget)(cg_hw *hw);
} cg_tuner;

/*
 * out[o, j, i] = src[o, index[j], i], or src[o, index[o, j, i], i] where `along` is set; all contiguous, o < outer,
 * j < n_index, i < inner, index i64 or i32; src is (outer, axis, inner), any dtype. A negative index counts from
 * the end; one out of range gives NaN (0 for integers).
 */
typedef struct cg_gather_request {
    bool along; /* an index for each element */
    cg_dtype dtype;
    int64_t outer, axis, inner, n_index;
    cg_operand src, index, out; /* strides unused */
} cg_gather_request;

/*
 * out[o, index[j], i] += src[o, j, i], or out[o, index[o, j, i], i] += src[o, j, i] where `along` is set; all
 * contiguous, src (outer, n_index, inner), out (outer, axis, inner) of dtype f32, f64, i32 or i64, index i64 or
 * i32. A negative index counts from the end; one out of range is left out. The additions to one element are made
 * in an order that depends on the request alone: the same bits twice.
 */
typedef struct cg_scatter_add_request {
    bool along;
    cg_dtype dtype;
    int64_t outer, axis, inner, n_index;
    cg_operand src, index, out; /* strides unused; out is read and written */
} cg_scatter_add_request;

/*
 * Running reduction along the middle axis of contiguous (outer, n, inner), dtype f32, f64, i32 or i64: out[o, j, i] =
 * src[o, 0, i] . ... . src[o, j, i], or from the end (src[o, n-1, i] . ... . src[o, j, i]) where `reverse` is set.
 * kind: SUM, PROD, MAX or MIN (NaN wins: all after it are NaN). out may be src. The order of operations is fixed: the
 * same bits twice on the same device. f32 and f64 sums: error at most (log2 n + 64) u sum |x|.
 */
typedef struct cg_scan_request {
    cg_reduce_kind kind;
    bool reverse;
    cg_dtype dtype;
    int64_t outer, n, inner;
    cg_operand src, out; /* strides unused */
} cg_scan_request;

/*
 * Sorts each row of contiguous (rows, n), any dtype, stably: equal elements (-0 equals 0) keep their order. NaN comes
 * last, ascending or descending. values gets the elements with their own bits, index (i64) the places in the row
 * they came from; a NULL buffer is not written. values may be src. first: so many of each row are asked for, and what stands
 * behind them is not said; 0 asks for all. Then values has no buffer.
 */
typedef struct cg_sort_request {
    bool descending;
    cg_dtype dtype;
    int64_t rows, n, first;
    cg_operand src, values, index; /* strides unused */
} cg_sort_request;

/*
 * out[r, j] (i64) = the number of elements of row r of `sorted` (rows, n) that come before value[r, j] (rows, m): that
 * are less, or, where `right` is set, not greater. One row serves for all where `shared` is set: sorted is then (n).
 * dtype f32, f64, i32, i64, the same for both, contiguous; NaN comes after everything and equals NaN.
 */
typedef struct cg_searchsorted_request {
    bool right, shared;
    cg_dtype dtype;
    int64_t rows, n, m;
    cg_operand sorted, value, out; /* strides unused */
} cg_searchsorted_request;

enum { CG_FACTORS = 4 };

/*
 * Factors each matrix of a contiguous stack a (batch, m, n), f32 or f64, m, n > 0. Result j of matrix b is contiguous
 * and begins at out[j].offset + b out[j].stride[0]; its dtype is that of the request unless i32 is said. A result with a
 * NULL buffer is not wanted. info (i32, contiguous (batch)) tells how it went: 0 is well; it is always wanted.
 * k = min(m, n). a is not written and no result overlaps it.
 *
 *   lu        P A = L U by partial pivoting. out[0] (m, n): U on and above the diagonal, L below, whose diagonal is 1.
 *             out[1] (k) i32: row i was exchanged with row out[1][i] >= i, for i = 0, 1, .. in turn. info: i + 1 where
 *             U[i, i] is the first exact 0 (the factors are good all the same). NaN spreads and is no error.
 *   cholesky  A = L L^T, m = n; only the lower triangle is read. out[0] (n, n): L, 0 above. info: i + 1 where the
 *             leading minor of order i + 1 is the first not to be positive, NaN included; out[0] is unspecified then.
 *   qr        A = Q R by Householder's reflections, whose signs are LAPACK's: R[i, i] = -sign(alpha) |column|.
 *             out[0] (m, k), or (m, m) where `full`: Q. out[1] (k, n), or (m, n) where `full`: R, 0 below. info: 0.
 *   eigh      A v = w v for symmetric A, m = n; only the lower triangle is read. out[0] (n): w, ascending. out[1] (n, n):
 *             orthonormal v in columns, signed by the rule below. info: 1 where it did not converge, NaN and infinities
 *             included; the results are unspecified then.
 *   eig       A v = w v, m = n. out[0], out[1] (n): the real and the imaginary parts of w, complex pairs adjacent and
 *             the one with positive imaginary part first. out[2], out[3] (n, n): the parts of v in columns, of norm 1,
 *             with the phase of the rule below. info as eigh.
 *   svd       A = U diag(s) Vh. out[0] (m, k), or (m, m) where `full`: U. out[1] (k): s, descending. out[2] (k, n), or
 *             (n, n) where `full`: Vh, whose rows are signed by the rule below; U follows. info as eigh.
 *
 * The rule of signs (decision 13): of the entries of a vector whose modulus is at least half the largest one's, the first
 * is real and positive. So every backend and size gives the same vectors, where their spaces are one-dimensional.
 */
typedef struct cg_factor_request {
    cg_dtype dtype;
    bool full;
    int64_t batch, m, n;
    cg_operand a;               /* strides unused */
    cg_operand out[CG_FACTORS]; /* stride[0]: from one matrix to the next */
    cg_operand info;            /* strides unused */
} cg_factor_request;

typedef cg_factor_request cg_lu_request, cg_cholesky_request, cg_qr_request, cg_eigh_request, cg_eig_request,
    cg_svd_request;

/*
 * Solves op(A) X = B for each of a stack, f32 or f64, in place: x (batch, n, r) holds B before and X after; op(A) is A, or
 * A^T where `transposed`. Of a (batch, n, n) only the triangle `lower` (or the upper one) is read, and where `unit` its
 * diagonal counts as 1. Rows are stride[1] elements apart and contiguous, matrices stride[0]; a.stride[0] may be 0. A 0
 * on the diagonal gives infinities and NaN. n, r > 0.
 */
typedef struct cg_solve_triangular_request {
    cg_dtype dtype;
    bool lower, unit, transposed;
    int64_t batch, n, r;
    cg_operand a, x;
} cg_solve_triangular_request;

/* Rows of a contiguous (rows, cols) matrix, f32 or f64: softmax or its logarithm along the row. */
typedef struct cg_softmax_request {
    bool log;
    cg_dtype dtype;
    int64_t rows, cols;
    cg_operand x, out; /* strides unused; out may be x */
} cg_softmax_request;

/*
 * loss[r] = logsumexp(x[r, :]) - x[r, label[r]], and, where grad.buffer is not NULL,
 * grad[r, c] = softmax(x[r, :])[c] - (c == label[r]). x, grad contiguous (rows, cols) f32 or f64, label
 * contiguous (rows) i32, i64 or u8. A label outside [0, cols) gives NaN in its row.
 */
typedef struct cg_softmax_xent_request {
    cg_dtype dtype;
    int64_t rows, cols;
    cg_operand x, label, loss, grad; /* strides unused */
} cg_softmax_xent_request;

/*
 * Windows over the last two axes, H and W, of an image: window (i, j) holds, for 0 <= r, s < kernel, the elements at
 * i stride - padding + r dilation of axis H and j .. + s .. of axis W; outside the image is padding. Every size,
 * stride and dilation is positive; windows may reach any way beyond the image.
 */
typedef struct cg_windows {
    int64_t in[2], out[2]; /* the image; how many windows */
    int64_t kernel[2], stride[2], padding[2], dilation[2];
} cg_windows;

typedef enum cg_conv_kind {
    CG_CONV_FORWARD,    /* y = conv(x, w) + bias */
    CG_CONV_INPUT_GRAD, /* x = the adjoint in x at (y, w) */
    CG_CONV_WEIGHT_GRAD /* w = the adjoint in w at (x, y) */
} cg_conv_kind;

/*
 * One of the faces of sum y[n, k, i, j] w[k, c, r, s] x[n, c0 + c, i stride - padding + r dilation, j .. + s ..], f32 or
 * f64, all contiguous: x (n, c, in), w (k, c / groups, kernel), y (n, k, out); c0 is where the group of k begins. bias (k)
 * for FORWARD alone; buffer NULL: none. The order of additions is fixed: the same bits twice on the same device.
 */
typedef struct cg_conv_request {
    cg_conv_kind kind;
    cg_dtype dtype;
    int64_t n, c, k, groups;
    cg_windows windows;
    cg_operand x, w, y, bias; /* strides unused */
} cg_conv_request;

typedef enum cg_pool_kind {
    CG_POOL_MAX,      /* y = the largest element of a window: its first NaN, or its first maximum */
    CG_POOL_MAX_GRAD, /* x = 0 with the element of y of each window added at its index */
    CG_POOL_MEAN,     /* y = the sum of a window / its divisor */
    CG_POOL_MEAN_GRAD /* x = 0 with y / divisor added to the elements of each window */
} cg_pool_kind;

/*
 * Each of `planes` images by itself, f32 or f64, contiguous: x (planes, in), y (planes, out). A window has at least one
 * element of x. The divisor is the number of its elements within the image and, unless exclude_padding, within
 * `padding` of it. index (i64, as y): where in its plane an element stands, row-major; MAX
 * writes it, unless it has no buffer, MAX_GRAD reads it (a place in its window), and the others have none. The order
 * of additions is fixed.
 */
typedef struct cg_pool_request {
    cg_pool_kind kind;
    cg_dtype dtype;
    bool exclude_padding;
    int64_t planes;
    cg_windows windows;
    cg_operand x, y, index; /* strides unused */
} cg_pool_request;

/* What is known of each row that was normalized, (CG_MOMENTS, rows): its mean is m + lost, rstd = 1 / sqrt(var + epsilon). */
typedef enum cg_moment {
    CG_MOMENT_MEAN,
    CG_MOMENT_LOST,
    CG_MOMENT_RSTD,
    CG_MOMENT_VAR,
    CG_MOMENTS
} cg_moment;

/*
 * The moments of x, contiguous (outer, rows, cols), f32 or f64: the elements of row r share a mean and a biased variance, those
 * of all `outer` together. Where out has a buffer, outer is 1 and out[r, c] = (x[r, c] - mean) rstd weight[c] + bias[c],
 * contiguous; weight and bias may have no buffer: 1 and 0. centre: else the mean counts as 0. The mean is taken of the
 * distances to the first element; error at most that of normalization.h. out may be x.
 */
typedef struct cg_row_norm_request {
    cg_dtype dtype;
    bool centre;
    double epsilon;
    int64_t outer, rows, cols;
    cg_operand x, weight, bias, out, moments; /* strides unused */
} cg_row_norm_request;

/*
 * dx = (gw - mean(gw) - z mean(gw z)) rstd with z = (x - mean) rstd, gw = g weight; without `centre` no mean(gw). dx may be
 * g or x. Weights belong to channels, `groups` rows of cols / run of them, again and again: element (o, r, c) is in channel
 * (r % groups, c / run). weight may have no buffer. dweight and dbias, where they have one, get the sums of g z and of g over
 * each channel. The order of additions is fixed.
 */
typedef struct cg_row_norm_grad_request {
    cg_dtype dtype;
    bool centre;
    int64_t outer, rows, cols, groups, run;
    cg_operand g, x, weight, moments, dx, dweight, dbias; /* strides unused */
} cg_row_norm_grad_request;

enum { CG_ATTENTION_BATCH = 2 };

/*
 * out[b, t, :] = sum_s p[b, t, s] v[b, s, :] with p = exp(score - lse) and score[b, t, s] = scale sum_d q[b, t, d] k[b, s, d] +
 * mask[b, t, s]. q (batch, queries, features), k (batch, keys, features), v (batch, keys, value_features), f32 or f64, col 1,
 * any other strides. mask: no buffer, bool (false hides the key) or of that dtype (-inf hides it); strides over (batch axes,
 * queries, keys). `causal` hides keys s > t. lse[b, t] = log sum_s exp(score) over the keys seen; +inf, and out is 0, where
 * there are none. out (batch, queries, value_features) and lse (batch, queries) are contiguous. Nothing of the size of the
 * scores is stored, but by what composes it.
 */
typedef struct cg_attention_request {
    cg_dtype dtype;
    bool causal;
    double scale;
    int64_t queries, keys, features, value_features;
    int64_t batch[CG_ATTENTION_BATCH];
    cg_matrix q, k, v;
    cg_operand mask;
    cg_operand out, lse; /* strides unused */
} cg_attention_request;

/*
 * The gradient, with p and lse as above, g that of out, delta = sum g out over the value features:
 *     ds = p (g v^T - delta)     dq = scale ds k     dk = scale ds^T q     dv = p^T g
 * g (batch, queries, value_features), delta (batch, queries), dq, dk, dv in the shapes of q, k, v with the whole batch; all
 * contiguous. A dq, dk or dv without a buffer is not wanted. Of `of`, out is not used.
 */
typedef struct cg_attention_grad_request {
    cg_attention_request of;
    cg_operand g, delta, dq, dk, dv; /* strides unused */
} cg_attention_grad_request;

/* One segment of map_many: contiguous operands of n elements. */
typedef struct cg_segment {
    int64_t n;
    cg_operand in[CG_MAX_INPUTS]; /* strides unused */
    cg_operand out[CG_MAX_OUTPUTS];
    cg_scalar consts[CG_MAX_CONSTS]; /* where the request says own_consts */
} cg_segment;

/*
 * The same program over many contiguous segments in one launch: an optimizer's step over all parameters. Inputs whose bit
 * is set in `single` are one element, the same for the whole segment. Where own_consts is set, each segment brings its
 * constants (decision 21), and the request's are unused.
 */
typedef struct cg_map_many_request {
    const cg_program *program;
    int n_segments;
    const cg_segment *segment;
    cg_scalar consts[CG_MAX_CONSTS];
    bool own_consts;
    uint32_t single;
} cg_map_many_request;

/* The constants of a segment. */
static inline const cg_scalar *cg_segment_consts(const cg_map_many_request *r, const cg_segment *s) {
    return r->own_consts ? s->consts : r->consts;
}

/* The stride of input i of every segment. */
static inline int64_t cg_segment_stride(const cg_map_many_request *r, int i) {
    return r->single & (1u << i) ? 0 : 1;
}

struct cg_backend {
    const char *name;

    /* --- devices ------------------------------------------------------------------------------------- */
    int (*count)(void);                                /* devices present, usable or not */
    const char *(*reason)(void);                       /* why there is none; "" if there is one */
    void (*describe)(int index, cg_device_info *info); /* 0 <= index < count() */
    cg_hw *(*open)(int index, cg_error *err);          /* NULL and an error in err if it fails */
    void (*close)(cg_hw *hw);                          /* waits, then frees everything */

    /* --- memory; every buffer is at least 64-byte aligned and comes from a pool ------------------------ */
    cg_buffer *(*alloc)(cg_hw *hw, size_t bytes); /* bytes > 0; NULL on an error */
    void (*free)(cg_hw *hw, cg_buffer *buffer);   /* after the work given so far; NULL is allowed */
    /* A buffer over `bytes` of the caller's memory, which stays until it is freed: no copy. NULL on an error. */
    cg_buffer *(*wrap)(cg_hw *hw, void *data, size_t bytes);
    void (*trim)(cg_hw *hw); /* gives kept memory back */
    cg_status (*upload)(cg_hw *hw, cg_buffer *to, size_t offset, const void *from,
                        size_t bytes); /* `from` is free again on return */
    cg_status (*download)(cg_hw *hw, void *to, cg_buffer *from, size_t offset, size_t bytes); /* waits */
    cg_status (*sync)(cg_hw *hw);                                                             /* waits */

    /* --- what is kept on disk for this device, driver and library; NULL: nothing is ------------------------ */
    char *(*recall)(cg_hw *hw, const char *kind); /* malloc'ed text; NULL if there is none */
    bool (*remember)(cg_hw *hw, const char *kind, const char *text); /* false if it could not be kept */
    /* Turns the kernels of the other style on or off; NULL if there is one style. */
    void (*use_other_kernels)(cg_hw *hw, bool on);

    /* Ways to compute a product, by number; all NULL where there is no choice. host/opencl/matmul_tune.c */
    const cg_tuner *tuner;

    /*
     * Launches that are kept and done again without their requests (recorded_work.h); all NULL: there are none. keep: from
     * here on, what is launched is appended to l, too. keep_end: no more; false if work was done since that is no
     * launch, and then nothing was appended. repeat: all of l, in its order.
     */
    cg_launches *(*launches_new)(cg_hw *hw); /* NULL and an error without memory */
    void (*launches_keep)(cg_hw *hw, cg_launches *l);
    bool (*launches_keep_end)(cg_hw *hw);
    cg_status (*launches_repeat)(cg_hw *hw, cg_launches *l);
    void (*launches_free)(cg_hw *hw, cg_launches *l);

    /* --- required work --------------------------------------------------------------------------------- */
    cg_status (*map)(cg_hw *hw, const cg_map_request *r);
    cg_status (*reduce)(cg_hw *hw, const cg_reduce_request *r);
    cg_status (*matmul)(cg_hw *hw, const cg_matmul_request *r);
    bool many_outputs;      /* an epilogue of matmul may have more than one */
    bool epilogue_in_place; /* C may be the memory of one of its inputs, which lies in the same order */
    cg_status (*random)(cg_hw *hw, const cg_random_request *r);
    cg_status (*gather)(cg_hw *hw, const cg_gather_request *r);
    cg_status (*scatter_add)(cg_hw *hw, const cg_scatter_add_request *r);
    cg_status (*scan)(cg_hw *hw, const cg_scan_request *r);
    cg_status (*sort)(cg_hw *hw, const cg_sort_request *r);
    cg_status (*searchsorted)(cg_hw *hw, const cg_searchsorted_request *r);

    /* --- optional work: NULL is composed from the required (compose.c) --------------------------------- */
    cg_status (*softmax)(cg_hw *hw, const cg_softmax_request *r);
    cg_status (*softmax_xent)(cg_hw *hw, const cg_softmax_xent_request *r);
    cg_status (*map_many)(cg_hw *hw, const cg_map_many_request *r);
    cg_status (*attention)(cg_hw *hw, const cg_attention_request *r);
    cg_status (*attention_grad)(cg_hw *hw, const cg_attention_grad_request *r);
    cg_status (*row_norm)(cg_hw *hw, const cg_row_norm_request *r);
    cg_status (*row_norm_grad)(cg_hw *hw, const cg_row_norm_grad_request *r);
    /* Linear algebra; NULL is composed of products and panels on the CPU backend, or goes there (compose_factor.c). */
    cg_status (*lu)(cg_hw *hw, const cg_factor_request *r);
    cg_status (*cholesky)(cg_hw *hw, const cg_factor_request *r);
    cg_status (*qr)(cg_hw *hw, const cg_factor_request *r);
    cg_status (*eigh)(cg_hw *hw, const cg_factor_request *r);
    cg_status (*eig)(cg_hw *hw, const cg_factor_request *r);
    cg_status (*svd)(cg_hw *hw, const cg_factor_request *r);
    cg_status (*solve_triangular)(cg_hw *hw, const cg_solve_triangular_request *r);
    /* Windows of images (compose_conv.c, compose_pool.c). */
    cg_status (*conv)(cg_hw *hw, const cg_conv_request *r);
    cg_status (*pool)(cg_hw *hw, const cg_pool_request *r);
};

/* --- The backends, in the order devices are listed -------------------------------------------------------- */
extern const cg_backend cg_backend_opencl;
extern const cg_backend cg_backend_cpu;

/* --- Detours: see cg_detour in clgrad/device.h ------------------------------------------------------------- */
cg_status cg_hw_set_detour(cg_hw *hw, const char *name, cg_detour detour);
cg_detour cg_hw_get_detour(const cg_hw *hw, const char *name);
cg_status cg_hw_remember_detours(cg_hw *hw);
/* "sort composed, tanh on the CPU" into text; "" if there are none. */
void cg_hw_detours_text(const cg_hw *hw, char *text, size_t bytes);

/* --- Choosing ------------------------------------------------------------------------------------------- */

/*
 * The CPU backend under a number of its own: cg_hw_choose gives it, so that opening the CPU does not look for
 * OpenCL devices first. In the list of all devices the CPU backend has the last place.
 */
enum { CG_HW_CPU = 0x7fffffff };

/* A device by its place in the list of all backends, or CG_HW_CPU; false if there is none. */
bool cg_hw_locate(int index, const cg_backend **backend, int *local_index);

/*
 * The place in the list for what the user asked (NULL: CLGRAD_DEVICE, else the best), -1 with a message in
 * err. `why` gets one sentence on the choice.
 */
int cg_hw_choose(const char *name, char *why, size_t why_bytes, cg_error *err);

/* --- What src/ calls ------------------------------------------------------------------------------------ */
cg_hw *cg_hw_open(int index, cg_error *err);
void cg_hw_close(cg_hw *hw);
cg_buffer *cg_hw_alloc(cg_hw *hw, size_t bytes); /* 0 bytes: a small buffer, so that it is never NULL */
cg_buffer *cg_hw_wrap(cg_hw *hw, void *data, size_t bytes);
void cg_hw_free(cg_hw *hw, cg_buffer *buffer);
void cg_hw_trim(cg_hw *hw);
cg_status cg_hw_upload(cg_hw *hw, cg_buffer *to, size_t offset, const void *from, size_t bytes);
cg_status cg_hw_download(cg_hw *hw, void *to, cg_buffer *from, size_t offset, size_t bytes);
cg_status cg_hw_sync(cg_hw *hw);

/*
 * Merges axes that are adjacent in every operand and drops axes of length 1; nothing to do for an empty shape.
 * What the backend gets has rank >= 1 and sorted axes: output 0 has its smallest stride last, none negative.
 */
cg_status cg_hw_map(cg_hw *hw, const cg_map_request *r);
/*
 * The same within the kept and within the reduced axes. A reduced axis of length 0 is allowed for SUM and PROD only. What
 * the backend gets has 0 or more kept axes and at least one reduced axis, all longer than 1.
 */
cg_status cg_hw_reduce(cg_hw *hw, const cg_reduce_request *r);
cg_status cg_hw_matmul(cg_hw *hw, const cg_matmul_request *r);
cg_status cg_hw_random(cg_hw *hw, const cg_random_request *r);
cg_status cg_hw_gather(cg_hw *hw, const cg_gather_request *r);
cg_status cg_hw_scatter_add(cg_hw *hw, const cg_scatter_add_request *r);
cg_status cg_hw_scan(cg_hw *hw, const cg_scan_request *r);
cg_status cg_hw_sort(cg_hw *hw, const cg_sort_request *r);
cg_status cg_hw_searchsorted(cg_hw *hw,
                             const cg_searchsorted_request *r); /* n may be 0: then every count is 0 */
cg_status cg_hw_softmax(cg_hw *hw, const cg_softmax_request *r);
cg_status cg_hw_softmax_xent(cg_hw *hw, const cg_softmax_xent_request *r);
cg_status cg_hw_map_many(cg_hw *hw, const cg_map_many_request *r);
cg_status cg_hw_attention(cg_hw *hw, const cg_attention_request *r);
cg_status cg_hw_attention_grad(cg_hw *hw, const cg_attention_grad_request *r);
cg_status cg_hw_row_norm(cg_hw *hw, const cg_row_norm_request *r);
cg_status cg_hw_row_norm_grad(cg_hw *hw, const cg_row_norm_grad_request *r);
/* `kind` is one of CG_WORK_LU, CHOLESKY, QR, EIGH, EIG, SVD. */
cg_status cg_hw_factor(cg_hw *hw, cg_work kind, const cg_factor_request *r);
cg_status cg_hw_solve_triangular(cg_hw *hw, const cg_solve_triangular_request *r);
cg_status cg_hw_conv(cg_hw *hw, const cg_conv_request *r);
cg_status cg_hw_pool(cg_hw *hw, const cg_pool_request *r);

/* --- Recorded work (recorded_work.h) --------------------------------------------------------------------------- */

/* From here on requests are recorded. Random ones of `seed` from stream `first` on are moved when they are repeated. */
cg_status cg_hw_record_begin(cg_hw *hw, uint64_t seed, uint64_t first);

/* What was recorded; NULL and an error if something could not be. */
cg_recorded *cg_hw_record_end(cg_hw *hw);

/* Where a recording is being made, notes that it is of no use, with an error that says why. */
void cg_hw_record_refuse(cg_hw *hw, const char *why);

/* The number of the recording that is being made, 1, 2, ...; 0 if there is none. */
uint64_t cg_hw_record_number(const cg_hw *hw);

/* Whether a recording names the buffer: it works on that memory, whatever holds it. */
bool cg_hw_is_recorded(const cg_buffer *buffer);

/*
 * Whether a result may be written into a buffer that nothing else will read: not where a replay, now or later, finds other
 * values there than the recorded step did.
 */
bool cg_hw_may_take_over(const cg_hw *hw, const cg_buffer *buffer);

/* How a request of that kind changes from one time to the next. */
typedef struct cg_refresh {
    cg_work kind;
    cg_status (*check)(void *context, const void *request); /* before anything is done again */
    void (*update)(void *context, void *request);           /* of constants, before it is done again */
    void (*release)(void *context);
    void *context;
} cg_refresh;

/* The request of its kind that comes next is refreshed by this, which is released with the recording: one is being made. */
void cg_hw_record_refresh(cg_hw *hw, cg_refresh refresh);

/* Does all of it again; streams are counted from `first` of `seed`. */
cg_status cg_hw_repeat(cg_hw *hw, cg_recorded *r, uint64_t seed, uint64_t first);

/* How many requests it is. */
int cg_hw_recorded_count(const cg_recorded *r);

void cg_hw_recorded_free(cg_hw *hw, cg_recorded *r);

/* --- Windows as columns, made of maps (window_taps.c) ----------------------------------------------------- */

/*
 * columns[n, c, r, s, i, j] = the element at tap (r, s) of window (i, j) of image (n, c), 0 in the padding. The images are
 * contiguous (n, c, in), of any dtype, the strides of `columns` those of its six axes.
 */
cg_status cg_hw_gather_windows(cg_hw *hw, const cg_windows *w, int64_t n, int64_t c, const cg_operand *image,
                               const cg_operand *columns);

/* The adjoint, f32 or f64: each column added to the image it is of, tap by tap; what was in the image is gone. */
cg_status cg_hw_add_windows(cg_hw *hw, const cg_windows *w, int64_t n, int64_t c, const cg_operand *columns,
                            const cg_operand *image);

#endif
