/* The public function and the gradient rule of every row: promotion, broadcasting, deferral, record. */
#include <pthread.h>
#include <string.h>

#include "autograd/anomaly.h"
#include "core/rows.h"
#include "ops/derivatives.h"
#include "ops/op.h"

/* --- what a rule keeps: the names that appear in its text --------------------------------------------------- */

static unsigned keep_mask[CG_ROW_COUNT];

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool mentions(const char *text, const char *name) {
    size_t n = strlen(name);
    for (const char *p = text; (p = strstr(p, name)); p += n)
        if ((p == text || !is_word(p[-1])) && !is_word(p[n])) return true;
    return false;
}

static void scan_rules(void) {
    for (int row = 0; row < CG_ROW_COUNT; row++) {
        const char *text = cg_rows[row].gradient;
        keep_mask[row] = (mentions(text, "x") ? CG_KEEP(0) : 0) | (mentions(text, "y") ? CG_KEEP(1) : 0) |
                         (mentions(text, "z") ? CG_KEEP(2) : 0) | (mentions(text, "out") ? CG_KEEP_OUT : 0);
    }
}

static unsigned keep_of(int row) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, scan_rules);
    return keep_mask[row];
}

/* --- operands ------------------------------------------------------------------------------------------------- */

typedef struct operands {
    cg_device *dev;
    const cg_row *row;
    int n;
    cg_arg arg[CG_MAX_ARITY];
    cg_tensor *tensor[CG_MAX_ARITY]; /* NULL for a number */
    cg_dims shape;
    cg_dtype type, dtype; /* computed in, stored as */
} operands;

static bool find_device(operands *o) {
    for (int i = 0; i < o->n; i++) {
        if (o->arg[i].kind != CG_ARG_TENSOR) continue;
        if (!o->arg[i].tensor) return false;
        o->tensor[i] = o->arg[i].tensor;
    }
    o->dev = cg_device_of_any(o->n, o->tensor);
    if (!o->dev) { /* numbers alone have no device: there is nowhere to compute */
        cg_error *err = cg_error_of_thread();
        *err = (cg_error){0};
        CG_FAIL(err, CG_ERROR_ARGUMENT, "%s: at least one operand must be a tensor", o->row->name);
        return false;
    }
    return cg_op_same_device(o->row->name, o->dev, o->n, o->tensor);
}

static bool broadcast(operands *o) {
    for (int i = 0; i < o->n; i++) {
        if (!o->tensor[i] || cg_dims_equal(&o->shape, &o->tensor[i]->shape)) continue;
        if (o->shape.rank == 0) { /* none so far, or one that any shape takes */
            o->shape = o->tensor[i]->shape;
            continue;
        }
        if (cg_broadcast_shapes(o->shape, o->tensor[i]->shape, &o->shape)) continue;
        CG_FAIL(&o->dev->error, CG_ERROR_SHAPE, "%s: shapes do not broadcast: %s and %s", o->row->name,
                CG_SHAPE_STR(&o->shape), CG_SHAPE_STR(&o->tensor[i]->shape));
        return false;
    }
    return true;
}

/* A number widens the dtype only in kind: bool -> i64 by an integer, integer -> f32 by a real. */
static cg_dtype widen(cg_dtype dtype, cg_arg_kind kind) {
    if (kind == CG_ARG_REAL && !cg_dtype_is_float(dtype)) return CG_F32;
    return kind == CG_ARG_INTEGER && dtype == CG_BOOL ? CG_I64 : dtype;
}

static bool promote(operands *o) {
    const int first = o->row->class == CG_CLASS_SELECT ? 1 : 0; /* where's condition has no say */
    bool found = false;
    cg_dtype dtype = CG_BOOL;
    for (int i = first; i < o->n; i++) {
        if (!o->tensor[i]) continue;
        dtype = cg_dtype_promote(dtype, o->tensor[i]->storage->dtype);
        found = true;
    }
    for (int i = first; i < o->n; i++)
        if (!o->tensor[i])
            dtype = found ? widen(dtype, o->arg[i].kind) : o->arg[i].kind == CG_ARG_REAL ? CG_F32 : CG_I64;
    if (o->row->class == CG_CLASS_FLOAT && !cg_dtype_is_float(dtype)) dtype = CG_F32;
    if (o->row->class == CG_CLASS_SIGNED && dtype == CG_BOOL) {
        CG_FAIL(&o->dev->error, CG_ERROR_DTYPE, "%s: bool is not supported, as in NumPy", o->row->name);
        return false;
    }
    o->type = cg_dtype_compute(dtype);
    o->dtype = o->row->class == CG_CLASS_COMPARE ? CG_BOOL : dtype;
    return true;
}

static cg_scalar number(const cg_arg *a, cg_dtype type) {
    if (cg_dtype_is_float(type))
        return (cg_scalar){.f = a->kind == CG_ARG_REAL ? a->real : (double)a->integer};
    return (cg_scalar){.i = a->kind == CG_ARG_INTEGER ? a->integer : a->real != 0};
}

static cg_tensor *compute(operands *o) {
    cg_leaf leaf[CG_MAX_ARITY];
    for (int i = 0; i < o->n; i++) {
        if (o->tensor[i])
            cg_leaf_set(&leaf[i], o->tensor[i], &o->shape);
        else
            leaf[i] = (cg_leaf){.constant = number(&o->arg[i], o->type)};
    }
    int64_t numel;
    if (cg_tensor_check(o->dev, o->row->name, o->dtype, &o->shape, &numel)) return NULL;
    return cg_defer(o->dev, (int)(o->row - cg_rows), o->type, o->dtype, &o->shape, o->n, leaf);
}

/* A number that the rule reads becomes a constant tensor, which takes no memory. */
static bool keep_numbers(operands *o, unsigned keep) {
    for (int i = 0; i < o->n; i++) {
        if (o->tensor[i] || !(keep & CG_KEEP(i))) continue;
        o->tensor[i] = cg_full(o->dev, o->type, cg_shape(), number(&o->arg[i], CG_F64).f);
        if (!o->tensor[i]) return false;
    }
    return true;
}

/* where's condition is compared with 0 in its own dtype, not in the result's, and gets no gradient. */
static bool make_condition(operands *o) {
    if (o->row->class != CG_CLASS_SELECT || !o->tensor[0] || o->tensor[0]->storage->dtype == CG_BOOL)
        return true;
    return (o->tensor[0] = cg_ne(o->tensor[0], 0)) != NULL;
}

/* Of the rows only relu is had again: its rule reads the result, often nobody else does, and it costs less than to load it. */
static cg_tensor *relu_again(const cg_rule_call *call) { return cg_relu(call->x[0]); }

static cg_tensor *apply(int row, const cg_rule *rule, int n, const cg_arg *arg) {
    operands o = {.row = &cg_rows[row], .n = n};
    memcpy(o.arg, arg, (size_t)n * sizeof *arg);
    if (!find_device(&o) || !broadcast(&o) || !promote(&o) || !make_condition(&o)) return NULL;
    cg_tensor *out = compute(&o);
    if (!out || o.row->class == CG_CLASS_COMPARE) return out;
    if (!cg_recording(o.dev, n, o.tensor)) return cg_anomaly_pass(out, o.row->name, n, o.tensor) ? out : NULL;
    unsigned keep = keep_of(row);
    cg_attributes attributes = {0};
    if (o.row->signature == CG_SIG_PARAM) {
        attributes.d[0] = arg[1].real;
        n = 1; /* the parameter is no input */
    } else if (!keep_numbers(&o, keep)) {
        return NULL;
    }
    return cg_record_op_again(out, rule, row == CG_ROW_relu ? relu_again : NULL, n, o.tensor, keep,
                              &attributes);
}

/* --- the rows --------------------------------------------------------------------------------------------------- */

/* A gradient text becomes the body of the rule; x, y, z, out and g are its names. */
#define NODIFF NULL
#define NONE (void)0
#define ZEROS(i) cg_zeros(call->dev, call->dtype[i], call->shape[i])
#define ZERO                                                                                                 \
    for (int i = 0; i < CG_MAX_ARITY; i++)                                                                   \
        if (call->wanted[i]) dx[i] = ZEROS(i)
#define GRAD(...) CG_GRAD_PICK(__VA_ARGS__, CG_GRAD_3, CG_GRAD_2, CG_GRAD_1, )(__VA_ARGS__)
#define CG_GRAD_PICK(a, b, c, macro, ...) macro
#define CG_GRAD_1(a) dx[0] = a
#define CG_GRAD_2(a, b)                                                                                      \
    if (call->wanted[0]) dx[0] = a;                                                                          \
    if (call->wanted[1]) dx[1] = b
#define CG_GRAD_3(a, b, c)                                                                                   \
    CG_GRAD_2(a, b);                                                                                         \
    if (call->wanted[2]) dx[2] = c

/* y is the second input of a BINARY row, but the parameter of a PARAM row. */
#define CG_Y_UNARY cg_tensor *y = call->x[1]
#define CG_Y_PARAM double y = call->attributes->d[0]
#define CG_Y_BINARY cg_tensor *y = call->x[1]
#define CG_Y_TERNARY cg_tensor *y = call->x[1]

#define CG_ROW(name, signature, class, expression, domain, probe, gradient)                                  \
    static void name##_backward(const cg_rule_call *call, cg_tensor **dx) {                                  \
        cg_tensor *g = call->g, *x = call->x[0], *z = call->x[2], *out = call->out;                          \
        CG_Y_##signature;                                                                                    \
        (void)g, (void)x, (void)y, (void)z, (void)out, (void)dx;                                             \
        gradient;                                                                                            \
    }                                                                                                        \
    static const cg_rule name##_rule = {#name, name##_backward};
#include "core/elementwise.def"
#undef CG_ROW

#define CG_DEFINE_UNARY(name)                                                                                \
    cg_tensor *cg_##name(cg_tensor *x) {                                                                     \
        return apply(CG_ROW_##name, &name##_rule, 1, (cg_arg[]){cg_arg_tensor(x)});                          \
    }
#define CG_DEFINE_PARAM(name)                                                                                \
    cg_tensor *cg_##name(cg_tensor *x, double y) {                                                           \
        return apply(CG_ROW_##name, &name##_rule, 2, (cg_arg[]){cg_arg_tensor(x), cg_arg_real(y)});          \
    }
#define CG_DEFINE_BINARY(name)                                                                               \
    cg_tensor *(cg_##name)(cg_arg x, cg_arg y) {                                                             \
        return apply(CG_ROW_##name, &name##_rule, 2, (cg_arg[]){x, y});                                      \
    }
#define CG_DEFINE_TERNARY(name)                                                                              \
    cg_tensor *(cg_##name)(cg_arg x, cg_arg y, cg_arg z) {                                                   \
        return apply(CG_ROW_##name, &name##_rule, 3, (cg_arg[]){x, y, z});                                   \
    }
#define CG_ROW(name, signature, class, expression, domain, probe, gradient) CG_DEFINE_##signature(name)
#include "core/elementwise.def"
#undef CG_ROW
