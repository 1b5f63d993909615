#include "host/simplify.h"

/* The operands of a request and of its simplified copy, side by side. */
typedef struct operands {
    int n;
    const cg_operand *from[CG_MAX_INPUTS + CG_MAX_OUTPUTS];
    cg_operand *to[CG_MAX_INPUTS + CG_MAX_OUTPUTS];
} operands;

static void add_operand(operands *o, const cg_operand *from, cg_operand *to) {
    to->buffer = from->buffer;
    to->dtype = from->dtype;
    to->offset = from->offset;
    o->from[o->n] = from;
    o->to[o->n++] = to;
}

static void add_inputs(operands *o, const cg_program *p, const cg_operand *from, cg_operand *to) {
    for (int i = 0; i < p->n_inputs; i++) add_operand(o, &from[i], &to[i]);
}

static int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

/* Which of the axes [begin, end) are longer than 1, with what they are sorted by. */
typedef struct axis_list {
    int n;
    int axis[CG_MAX_RANK];
    int64_t key[CG_MAX_RANK];
} axis_list;

/* Whether an operand is repeated along one of the axes [begin, end). */
static bool is_repeated(const cg_operand *x, const int64_t *shape, int begin, int end) {
    for (int a = begin; a < end; a++)
        if (shape[a] > 1 && x->stride[a] == 0) return true;
    return false;
}

/*
 * key: the sum of the strides of the first n_keys operands. One that is repeated does not count, so that the order of the
 * axes of a formula is that of its value.
 */
static void list_axes(axis_list *list, const operands *o, int n_keys, const int64_t *shape, int begin,
                      int end) {
    list->n = 0;
    for (int a = begin; a < end; a++) {
        if (shape[a] == 1) continue;
        list->axis[list->n] = a;
        list->key[list->n++] = 0;
    }
    for (int k = 0; k < n_keys; k++) {
        if (is_repeated(o->from[k], shape, begin, end)) continue;
        for (int i = 0; i < list->n; i++) list->key[i] += magnitude(o->from[k]->stride[list->axis[i]]);
    }
}

/* Largest key first; equal ones keep their order. */
static void sort_axes(axis_list *list) {
    for (int i = 1; i < list->n; i++) {
        const int axis = list->axis[i];
        const int64_t key = list->key[i];
        int j = i;
        for (; j > 0 && list->key[j - 1] < key; j--) {
            list->axis[j] = list->axis[j - 1];
            list->key[j] = list->key[j - 1];
        }
        list->axis[j] = axis;
        list->key[j] = key;
    }
}

/* Whether for every operand a step along `inner`, the last axis written, is `length` steps along `axis`. */
static bool can_merge(const operands *o, int axis, int64_t length, int inner) {
    for (int k = 0; k < o->n; k++)
        if (o->to[k]->stride[inner] != o->from[k]->stride[axis] * length) return false;
    return true;
}

/* Writes the listed axes of all operands from axis `at` of the copy on; returns the copy's rank. */
static int write_axes(const axis_list *list, operands *o, const int64_t *shape, int64_t *to_shape, int at) {
    int rank = at;
    for (int i = 0; i < list->n; i++) {
        const int axis = list->axis[i];
        const bool merge = rank > at && can_merge(o, axis, shape[axis], rank - 1);
        if (!merge) to_shape[rank++] = 1;
        to_shape[rank - 1] *= shape[axis];
        for (int k = 0; k < o->n; k++) o->to[k]->stride[rank - 1] = o->from[k]->stride[axis];
    }
    return rank;
}

/* Axes along which operand `lead` of the copy runs backwards: the same elements in the opposite order. */
static void turn_axes(const operands *o, int lead, int rank, const int64_t *shape) {
    for (int a = 0; a < rank; a++) {
        if (o->to[lead]->stride[a] >= 0) continue;
        for (int k = 0; k < o->n; k++) {
            o->to[k]->offset += (shape[a] - 1) * o->to[k]->stride[a];
            o->to[k]->stride[a] = -o->to[k]->stride[a];
        }
    }
}

/* One axis that the result runs along forwards: nothing can be merged or turned. */
static bool is_simple(const cg_map_request *r) {
    return r->rank == 1 && r->shape[0] > 1 && r->out[0].stride[0] > 0;
}

const cg_map_request *cg_simplify_map(const cg_map_request *r, cg_map_request *out) {
    if (is_simple(r)) return r;
    operands o;
    o.n = 0;
    axis_list list;
    out->program = r->program;
    for (int j = 0; j < r->program->n_outputs; j++) add_operand(&o, &r->out[j], &out->out[j]);
    add_inputs(&o, r->program, r->in, out->in);
    for (int c = 0; c < r->program->n_consts; c++) out->consts[c] = r->consts[c];
    list_axes(&list, &o, 1, r->shape, 0, r->rank);
    sort_axes(&list);
    out->rank = write_axes(&list, &o, r->shape, out->shape, 0);
    turn_axes(&o, 0, out->rank, out->shape);
    if (out->rank == 0) {
        out->shape[out->rank++] = 1;
        for (int k = 0; k < o.n; k++) o.to[k]->stride[0] = 1;
    }
    return out;
}

void cg_simplify_reduce(const cg_reduce_request *r, cg_reduce_request *out) {
    operands o = {.n = 0};
    axis_list list;
    const int n_in = r->program->n_inputs;
    out->kind = r->kind;
    out->run = r->run;
    out->program = r->program;
    add_inputs(&o, r->program, r->in, out->in);
    add_operand(&o, &r->out, &out->out);
    for (int c = 0; c < r->program->n_consts; c++) out->consts[c] = r->consts[c];
    list_axes(&list, &o, n_in, r->shape, 0, r->n_kept);
    sort_axes(&list);
    out->n_kept = write_axes(&list, &o, r->shape, out->shape, 0);
    o.n = n_in; /* the output has no reduced axes */
    list_axes(&list, &o, n_in, r->shape, r->n_kept, r->rank);
    if (r->kind != CG_REDUCE_ARGMAX && r->kind != CG_REDUCE_ARGMIN) sort_axes(&list);
    out->rank = write_axes(&list, &o, r->shape, out->shape, out->n_kept);
}
