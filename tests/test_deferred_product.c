/* Products that stay pending: what follows becomes part of them, and nothing of it is seen in the values. */
#include "reference/reference.h"
#include "support/device_test.h"

#include <string.h>

typedef cg_tensor *step(cg_tensor *x);

/* What is computed before the next row reads it, or is not. */
static cg_tensor *as_it_comes(cg_tensor *x) { return x; }
static cg_tensor *by_itself(cg_tensor *x) { return cg_eval(x); }

typedef struct operands {
    cg_tensor *x, *w, *b, *same, *mask, *cube;
} operands;

enum { BATCH = 3, ROWS = 5, IN = 7, OUT = 6 };

static cg_tensor *values(cg_device *dev, cg_dims shape, uint64_t seed) {
    return cg_from_f32(dev, shape, random_values(CG_F32, ref_count(shape.rank, shape.dim), -2, 2, &seed));
}

static operands make_operands(cg_device *dev) {
    return (operands){.x = values(dev, cg_shape(BATCH, ROWS, IN), 1),
                      .w = values(dev, cg_shape(IN, OUT), 2),
                      .b = values(dev, cg_shape(OUT), 3),
                      .same = values(dev, cg_shape(BATCH, ROWS, OUT), 4),
                      .mask = values(dev, cg_shape(ROWS, OUT), 5),
                      .cube = values(dev, cg_shape(BATCH, IN, OUT), 6)};
}

/* Each form gives a few results; s stands between its rows. */
typedef void form(const operands *o, step *s, cg_tensor *out[3]);

static void activation(const operands *o, step *s, cg_tensor *out[3]) {
    out[0] = cg_relu(s(cg_linear(o->x, o->w, o->b)));
}
static void residual(const operands *o, step *s, cg_tensor *out[3]) {
    out[0] = s(cg_add(s(cg_mul(s(cg_linear(o->x, o->w, NULL)), 0.5)), o->same));
}
static void along_the_batch(const operands *o, step *s, cg_tensor *out[3]) {
    out[0] = cg_mul(s(cg_linear(o->x, o->w, o->b)), o->mask);
}
static void stacks(const operands *o, step *s, cg_tensor *out[3]) {
    out[0] = cg_add(s(cg_gelu(s(cg_matmul(o->x, o->cube)))), o->mask);
}
static void two_products(const operands *o, step *s, cg_tensor *out[3]) {
    cg_tensor *p = s(cg_linear(o->x, o->w, o->b)), *q = s(cg_matmul(o->x, o->cube));
    out[0] = cg_sub(s(cg_tanh(p)), s(cg_mul(q, p)));
    out[1] = q;
}
static void other_readers(const operands *o, step *s, cg_tensor *out[3]) {
    cg_tensor *p = s(cg_linear(o->x, o->w, o->b)), *exp = s(cg_exp(p)), *twice = s(cg_add(p, p));
    out[0] = exp;
    out[1] = twice;
    out[2] = p;
}
static void comparison(const operands *o, step *s, cg_tensor *out[3]) {
    cg_tensor *p = s(cg_linear(o->x, o->w, o->b));
    out[0] = cg_gt(p, o->same);
    out[1] = cg_where(out[0], p, o->same);
}
static void views(const operands *o, step *s, cg_tensor *out[3]) {
    cg_tensor *p = s(cg_linear(o->x, o->w, o->b));
    out[0] = cg_mul(s(cg_transpose(p, 0, 1)), 2);
    out[1] = cg_add(s(cg_reshape(p, cg_shape(ROWS, BATCH, OUT))), 1);
    out[2] = cg_neg(s(cg_reshape(p, cg_shape(BATCH * ROWS * OUT))));
}
static void reductions(const operands *o, step *s, cg_tensor *out[3]) {
    cg_tensor *p = s(cg_square(s(cg_linear(o->x, o->w, o->b))));
    out[0] = cg_sum(p, cg_axes(-1), false);
    out[1] = cg_softmax(p, -1);
}
static void columns_and_vectors(const operands *o, step *s, cg_tensor *out[3]) {
    cg_tensor *column = cg_slice(o->w, 1, 0, 1, 1), *row = cg_slice(o->x, 1, 0, 1, 1);
    out[0] = cg_tanh(s(cg_matmul(o->x, column)));
    out[1] = cg_tanh(s(cg_add(s(cg_matmul(row, o->cube)), 1)));
    out[2] = cg_tanh(s(cg_matmul(o->w, o->b)));
}
static void gradients(const operands *o, step *s, cg_tensor *out[3]) {
    cg_tensor *x = cg_mul(o->x, 1), *w = cg_mul(o->w, 1), *b = cg_mul(o->b, 1), *in[] = {x, w, b};
    for (int i = 0; i < 3; i++) cg_require_grad(in[i], true);
    cg_tensor *h = s(cg_gelu(s(cg_linear(x, w, b)))),
              *y = s(cg_relu(s(cg_linear(h, cg_transpose(w, 0, 1), NULL))));
    CHECK(cg_grad(s(cg_mul(y, y)), cg_ones_like(y), 3, in, false, out) == CG_OK);
}

static const struct {
    const char *name;
    form *run;
} forms[] = {{"activation", activation},
             {"residual", residual},
             {"along the batch", along_the_batch},
             {"stacks", stacks},
             {"two products", two_products},
             {"other readers", other_readers},
             {"comparison", comparison},
             {"views", views},
             {"reductions", reductions},
             {"columns and vectors", columns_and_vectors},
             {"gradients", gradients}};

/* The same bits as if every row were computed by itself; read from the last to the first, too. */
DEVICE_TEST(small_deferred_product, same_bits) {
    const operands o = make_operands(dev);
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
        for (int backwards = 0; backwards < 2; backwards++) {
            check_case("%s, %s", forms[f].name, backwards ? "last first" : "first first");
            cg_tensor *want[3] = {NULL}, *got[3] = {NULL};
            forms[f].run(&o, by_itself, want);
            forms[f].run(&o, as_it_comes, got);
            for (int i = 0; i < 3; i++) {
                const int at = backwards ? 2 - i : i;
                if (want[at]) check_same_bits(got[at], want[at]);
            }
        }
}

/* Bias, activation and residual are part of the product, also where the product itself is asked for later. */
DEVICE_TEST(small_deferred_product, is_one_launch) {
    const operands o = make_operands(dev);
    const bool many_outputs = strcmp(cg_device_properties(dev)->platform, "native") == 0;
    uint64_t before = device_launches(dev);
    cg_tensor *y = cg_linear(o.x, o.w, o.b);
    if (device_launches(dev) != before) return; /* nothing is deferred */
    cg_tensor *z = cg_add(cg_relu(y), o.same);
    CHECK(device_launches(dev) == before);
    CHECK(cg_eval(z) != NULL);
    CHECK(cg_eval(y) != NULL);
    CHECK_MSG(device_launches(dev) == before + (many_outputs ? 1 : 2), "%llu launches",
              (unsigned long long)(device_launches(dev) - before));
}

/* What reads a product at several times computes it once. */
DEVICE_TEST(small_deferred_product, is_computed_once) {
    const operands o = make_operands(dev);
    const uint64_t before = cg_device_statistics(dev).work[CG_WORK_MATMUL];
    cg_tensor *p = cg_linear(o.x, o.w, o.b);
    CHECK(cg_eval(cg_sum(cg_mul(p, o.same), cg_axes(-1), false)) != NULL);
    CHECK(cg_eval(cg_exp(p)) != NULL);
    CHECK(cg_eval(cg_sum(p, cg_axes(-1), false)) != NULL);
    CHECK(cg_assign(o.w, cg_zeros_like(o.w)) == CG_OK);
    CHECK(cg_eval(p) != NULL);
    const uint64_t n = cg_device_statistics(dev).work[CG_WORK_MATMUL] - before;
    CHECK_MSG(n == 1, "%llu products", (unsigned long long)n);
}

/* The operands of a pending product are read before they are written. */
DEVICE_TEST(small_deferred_product, writes_wait) {
    operands o = make_operands(dev);
    cg_tensor *want = cg_eval(cg_relu(cg_linear(o.x, o.w, o.b)));
    cg_tensor *operand[] = {o.x, o.w, o.b};
    for (int i = 0; i < 3; i++) {
        cg_tensor *before = cg_eval(cg_mul(operand[i], 1)), *y = cg_relu(cg_linear(o.x, o.w, o.b));
        CHECK(cg_assign(operand[i], cg_zeros_like(operand[i])) == CG_OK);
        check_same_bits(y, want);
        CHECK(cg_assign(operand[i], before) == CG_OK);
    }
}

/* A pending product that nobody asks for is not computed, and holds nothing when its scope ends. */
DEVICE_TEST(small_deferred_product, unread) {
    const operands o = make_operands(dev);
    const uint64_t bytes = cg_device_statistics(dev).bytes_in_use;
    cg_scope *scope = cg_scope_begin(dev);
    CHECK(cg_relu(cg_linear(o.x, o.w, o.b)) != NULL);
    cg_scope_end(scope);
    CHECK(cg_device_statistics(dev).bytes_in_use == bytes);
}

/*
 * Storing a pending formula elsewhere leaves its readers the elements that lie there, along strides that need not be the
 * product's rows.
 */
DEVICE_TEST(small_deferred_product, a_formula_that_moves_below_it) {
    float start[32], eye[16] = {0};
    long double want[16];
    for (int i = 0; i < 32; i++) start[i] = (float)i;
    for (int i = 0; i < 4; i++) eye[5 * i] = 1;
    for (int i = 0; i < 16; i++) want[i] = 2 * i + (i % 5 == 0);
    cg_tensor *s = cg_from_f32(dev, cg_shape(8, 4), start), *x = cg_from_f32(dev, cg_shape(4, 4), eye);
    cg_tensor *low = cg_reshape(cg_slice(s, 0, 0, 4, 1), cg_shape(2, 2, 4));
    cg_tensor *high = cg_transpose(cg_reshape(cg_slice(s, 0, 4, 8, 1), cg_shape(2, 2, 4)), 0, 1);
    cg_tensor *twice = cg_mul(low, 2);
    cg_tensor *z = cg_add(cg_reshape(cg_matmul(x, x), cg_shape(2, 2, 4)), twice);
    CHECK(cg_assign(high, twice) == CG_OK);
    check_equal(z, CG_F32, cg_shape(2, 2, 4), want);
    for (int i = 0; i < 16; i++) want[i] = 2 * i;
    check_equal(twice, CG_F32, cg_shape(2, 2, 4), want);
    check_equal(high, CG_F32, cg_shape(2, 2, 4), want);
}
