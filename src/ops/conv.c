/*
 * The convolution and its two adjoints. With t(x, w, y) = sum y w x over everything that meets, they are the
 * derivatives of t in y, in x and in w; so each one's gradients are the other two.
 */
#include "ops/conv_options.h"

#include "clgrad/linalg.h"
#include "ops/matmul.h"

/* --- Sizes ------------------------------------------------------------------------------------------------------ */

/* The shapes that meet: x (N, C, H, W), w (K, C / groups, KH, KW), y (N, K, OH, OW). */
typedef struct conv_case {
    const char *op;
    cg_device *dev;
    cg_conv_options options;
    cg_dims x, w, y;
    cg_windows windows;
} conv_case;

static cg_windows windows_of(const conv_case *c) {
    const cg_conv_options *o = &c->options;
    return (cg_windows){.in = {c->x.dim[2], c->x.dim[3]},
                        .kernel = {c->w.dim[2], c->w.dim[3]},
                        .stride = {o->stride[0], o->stride[1]},
                        .padding = {o->padding[0], o->padding[1]},
                        .dilation = {o->dilation[0], o->dilation[1]}};
}

/* Works out y from x and w, and whether it can be made. */
static bool conv_fit(conv_case *c) {
    const int64_t groups = cg_conv_groups(c->options), channels = c->x.dim[1], k = c->w.dim[0],
                  one[] = {1, 1};
    int64_t numel;
    if (groups < 1 || k % groups || channels % groups || channels / groups != c->w.dim[1]) {
        CG_FAIL(&c->dev->error, groups < 1 ? CG_ERROR_ARGUMENT : CG_ERROR_SHAPE,
                "%s: x %s and w %s with %lld groups: expected (N, C, H, W) and (K, C / groups, KH, KW)",
                c->op, CG_SHAPE_STR(&c->x), CG_SHAPE_STR(&c->w), (long long)groups);
        return false;
    }
    c->windows = windows_of(c);
    if (!cg_windows_fit(c->dev, c->op, &c->windows, one, false)) return false;
    c->y = cg_shape(c->x.dim[0], k, c->windows.out[0], c->windows.out[1]);
    /* sizes alone, of 8 bytes an element: not every device has f64 */
    return cg_tensor_check(c->dev, c->op, CG_I64, &c->x, &numel) == CG_OK &&
           cg_tensor_check(c->dev, c->op, CG_I64, &c->w, &numel) == CG_OK &&
           cg_tensor_check(c->dev, c->op, CG_I64, &c->y, &numel) == CG_OK;
}

/* The same where a gradient g of y was given: it must have y's shape. */
static bool conv_fit_gradient(conv_case *c, const cg_tensor *g) {
    if (!conv_fit(c)) return false;
    if (cg_dims_equal(&c->y, &g->shape)) return true;
    CG_FAIL(&c->dev->error, CG_ERROR_SHAPE, "%s: x %s and w %s give %s, but the gradient is %s", c->op,
            CG_SHAPE_STR(&c->x), CG_SHAPE_STR(&c->w), CG_SHAPE_STR(&c->y), CG_SHAPE_STR(&g->shape));
    return false;
}

/* --- The request -------------------------------------------------------------------------------------------------- */

/* One face, into a new tensor; the operand of that face is NULL, b may be. */
static cg_tensor *conv_values(const conv_case *c, cg_conv_kind kind, cg_tensor *x, cg_tensor *w, cg_tensor *y,
                              cg_tensor *b) {
    const cg_dims *shape = kind == CG_CONV_FORWARD ? &c->y : kind == CG_CONV_INPUT_GRAD ? &c->x : &c->w;
    cg_tensor *in[] = {x, w, y, b};
    for (int i = 0; i < 4; i++)
        if (in[i] && !(in[i] = cg_tensor_dense(in[i]))) return NULL;
    const cg_dtype dtype = (x ? x : y)->storage->dtype;
    /* no image, or none with elements: nothing, or a sum over nothing */
    if (cg_dims_numel(&c->x) == 0) return cg_zeros(c->dev, dtype, *shape);
    cg_tensor *out = cg_tensor_make(c->dev, c->op, dtype, shape);
    if (!out) return NULL;
    const cg_conv_request r = {.kind = kind,
                               .dtype = dtype,
                               .n = c->x.dim[0],
                               .c = c->x.dim[1],
                               .k = c->w.dim[0],
                               .groups = cg_conv_groups(c->options),
                               .windows = c->windows,
                               .x = cg_tensor_operand(in[0] ? in[0] : out),
                               .w = cg_tensor_operand(in[1] ? in[1] : out),
                               .y = cg_tensor_operand(in[2] ? in[2] : out),
                               .bias = b ? cg_tensor_operand(in[3]) : (cg_operand){.dtype = dtype}};
    return cg_hw_conv(c->dev->hw, &r) ? NULL : out;
}

/* --- Rules: the options go along, the sizes are those of the inputs ------------------------------------------------ */

static cg_attributes attributes_of(cg_conv_options o) {
    return (cg_attributes){
        .i = {o.stride[0], o.stride[1], o.padding[0], o.padding[1], o.dilation[0], o.dilation[1], o.groups}};
}

static cg_conv_options options_of(const cg_rule_call *call) {
    const int64_t *i = call->attributes->i;
    return (cg_conv_options){
        .stride = {i[0], i[1]}, .padding = {i[2], i[3]}, .dilation = {i[4], i[5]}, .groups = i[6]};
}

/* inputs x, w, b */
static void conv_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_conv_options o = options_of(call);
    const int64_t *x = call->shape[0].dim, *w = call->shape[1].dim;
    if (call->wanted[0]) dx[0] = cg_conv2d_input_grad(call->g, call->x[1], x[2], x[3], o);
    if (call->wanted[1]) dx[1] = cg_conv2d_weight_grad(call->x[0], call->g, w[2], w[3], o);
    if (call->wanted[2]) dx[2] = cg_sum(call->g, cg_axes(0, 2, 3), false);
}

/* inputs g, w; call->g is h in the shape of an x */
static void input_grad_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_conv_options o = options_of(call);
    const int64_t *w = call->shape[1].dim;
    if (call->wanted[0]) dx[0] = cg_conv2d(call->g, call->x[1], NULL, o);
    if (call->wanted[1]) dx[1] = cg_conv2d_weight_grad(call->g, call->x[0], w[2], w[3], o);
}

/* inputs x, g; call->g is h in the shape of a w */
static void weight_grad_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_conv_options o = options_of(call);
    const int64_t *x = call->shape[0].dim;
    if (call->wanted[0]) dx[0] = cg_conv2d_input_grad(call->x[1], call->g, x[2], x[3], o);
    if (call->wanted[1]) dx[1] = cg_conv2d(call->x[0], call->g, NULL, o);
}

static const cg_rule conv_rule = {"conv2d", conv_backward};
static const cg_rule input_grad_rule = {"conv2d_input_grad", input_grad_backward};
static const cg_rule weight_grad_rule = {"conv2d_weight_grad", weight_grad_backward};

/* --- The operations ------------------------------------------------------------------------------------------------ */

static const char *const image = "(N, C, H, W)", *const kernel = "(K, C / groups, KH, KW)",
                         *const gradient = "(N, K, OH, OW)";

/* The dtype two real operands meet in; others are f32. */
static cg_dtype meet(const cg_tensor *a, const cg_tensor *b) { return cg_matmul_dtype(a, b); }

bool cg_conv_check_bias(const char *op, cg_tensor *b, int64_t k) {
    if (!b || (b->shape.rank == 1 && b->shape.dim[0] == k)) return true;
    CG_FAIL(&b->storage->dev->error, CG_ERROR_SHAPE,
            "%s: the bias %s does not fit %lld channels: expected (K)", op, CG_SHAPE_STR(&b->shape),
            (long long)k);
    return false;
}

cg_tensor *cg_conv2d(cg_tensor *x, cg_tensor *w, cg_tensor *b, cg_conv_options options) {
    const char *op = conv_rule.name;
    if (!x || !w || !cg_op_same_device(op, x->storage->dev, 2, (cg_tensor *[]){w, b}) ||
        !cg_windows_check(op, x, 4, image) || !cg_windows_check(op, w, 4, kernel) ||
        !cg_conv_check_bias(op, b, w->shape.dim[0]))
        return NULL;
    conv_case c = {.op = op, .dev = x->storage->dev, .options = options, .x = x->shape, .w = w->shape};
    if (!conv_fit(&c)) return NULL;
    const cg_dtype dtype = meet(x, w);
    cg_tensor *input[] = {cg_op_cast(x, dtype), cg_op_cast(w, dtype), b ? cg_op_cast(b, dtype) : NULL};
    if (!input[0] || !input[1] || (b && !input[2])) return NULL;
    const cg_attributes at = attributes_of(options);
    return cg_record_op(conv_values(&c, CG_CONV_FORWARD, input[0], input[1], NULL, input[2]), &conv_rule, 3,
                        input, CG_KEEP(0) | CG_KEEP(1), &at);
}

cg_tensor *cg_conv2d_input_grad(cg_tensor *g, cg_tensor *w, int64_t height, int64_t width,
                                cg_conv_options options) {
    const char *op = input_grad_rule.name;
    if (!g || !w || !cg_op_same_device(op, g->storage->dev, 1, &w) || !cg_windows_check(op, g, 4, gradient) ||
        !cg_windows_check(op, w, 4, kernel))
        return NULL;
    conv_case c = {.op = op, .dev = g->storage->dev, .options = options, .w = w->shape};
    int64_t channels;
    if (__builtin_mul_overflow(w->shape.dim[1], cg_conv_groups(options), &channels)) channels = -1;
    c.x = cg_shape(g->shape.dim[0], channels, height, width);
    if (!conv_fit_gradient(&c, g)) return NULL;
    const cg_dtype dtype = meet(g, w);
    cg_tensor *input[] = {cg_op_cast(g, dtype), cg_op_cast(w, dtype)};
    if (!input[0] || !input[1]) return NULL;
    const cg_attributes at = attributes_of(options);
    return cg_record_op(conv_values(&c, CG_CONV_INPUT_GRAD, NULL, input[1], input[0], NULL), &input_grad_rule,
                        2, input, CG_KEEP(0) | CG_KEEP(1), &at);
}

cg_tensor *cg_conv2d_weight_grad(cg_tensor *x, cg_tensor *g, int64_t height, int64_t width,
                                 cg_conv_options options) {
    const char *op = weight_grad_rule.name;
    if (!x || !g || !cg_op_same_device(op, x->storage->dev, 1, &g) || !cg_windows_check(op, x, 4, image) ||
        !cg_windows_check(op, g, 4, gradient))
        return NULL;
    const int64_t groups = cg_conv_groups(options);
    conv_case c = {.op = op, .dev = x->storage->dev, .options = options, .x = x->shape};
    c.w = cg_shape(g->shape.dim[1], groups < 1 ? 0 : x->shape.dim[1] / groups, height, width);
    if (!conv_fit_gradient(&c, g)) return NULL;
    const cg_dtype dtype = meet(x, g);
    cg_tensor *input[] = {cg_op_cast(x, dtype), cg_op_cast(g, dtype)};
    if (!input[0] || !input[1]) return NULL;
    const cg_attributes at = attributes_of(options);
    return cg_record_op(conv_values(&c, CG_CONV_WEIGHT_GRAD, input[0], NULL, input[1], NULL),
                        &weight_grad_rule, 2, input, CG_KEEP(0) | CG_KEEP(1), &at);
}
