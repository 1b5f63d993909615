/* Gradients of weights that stay pending products: an optimizer's step computes them, which no value shows. */
#include "support/device_test.h"

#include <string.h>

#include "tensor/context.h"

enum {
    BATCH = 3,
    IN = 21,
    OUT = 37,
    LARGER = 17,
    STEPS = 3,
    WEIGHT = 0
}; /* the gradient is larger than its operands */

static cg_optimizer *sgd(cg_module *m) { return cg_sgd(m, (cg_sgd_options){.lr = 0.1}); }
static cg_optimizer *momentum(cg_module *m) {
    return cg_sgd(m, (cg_sgd_options){.lr = 0.1, .momentum = 0.9, .weight_decay = 0.1});
}
static cg_optimizer *adam(cg_module *m) { return cg_adam(m, (cg_adam_options){.lr = 0.1, .l1 = 0.01}); }
static cg_optimizer *amsgrad(cg_module *m) {
    return cg_adam(m, (cg_adam_options){.lr = 0.1, .amsgrad = true});
}
static cg_optimizer *grouped(cg_module *m) {
    cg_optimizer *o = cg_adamw(m, (cg_adam_options){.lr = 0.1});
    CHECK(cg_optimizer_group(o, "weight", (cg_optimizer_group_options){.lr_factor = 0.5}) == CG_OK);
    return o;
}

typedef struct training {
    cg_module *layer;
    cg_optimizer *optimizer;
    cg_tensor *x;
} training;

static training training_of(cg_device *dev, int batch, int in, int out, cg_optimizer *(*make)(cg_module *)) {
    cg_seed(dev, 5);
    training t = {.layer = cg_linear_module(dev, in, out, CG_INIT_HE)};
    t.optimizer = make(t.layer);
    t.x = cg_retain(cg_eval(cg_uniform(dev, CG_F32, cg_shape(batch, in), -1, 1)));
    return t;
}

static training training_new(cg_device *dev, cg_optimizer *(*make)(cg_module *)) {
    return training_of(dev, BATCH, IN, OUT, make);
}

static void training_free(training *t) {
    cg_release(t->x);
    cg_optimizer_free(t->optimizer);
    cg_module_free(t->layer);
}

static cg_tensor *gradient(const training *t) { return cg_grad_of(cg_parameter(t->layer, WEIGHT, NULL)); }

static void backward(const training *t) {
    cg_scope *scope = cg_scope_begin(cg_device_of(t->x));
    CHECK(cg_backward(cg_sum(cg_square(cg_forward(t->layer, t->x)), CG_ALL_AXES, false)) == CG_OK);
    cg_scope_end(scope);
}

static void step(const training *t) { CHECK(cg_optimizer_step(t->optimizer) == CG_OK); }

static void check_same(const training *a, const training *b) {
    for (int i = 0; i < cg_parameter_count(a->layer); i++)
        check_same_bits(cg_parameter(a->layer, i, NULL), cg_parameter(b->layer, i, NULL));
    for (int i = 0; i < cg_optimizer_state_count(a->optimizer); i++)
        check_same_bits(cg_optimizer_state(a->optimizer, i, NULL), cg_optimizer_state(b->optimizer, i, NULL));
    CHECK(cg_optimizer_steps(a->optimizer) == cg_optimizer_steps(b->optimizer));
}

static uint64_t products(cg_device *dev) { return cg_device_statistics(dev).work[CG_WORK_MATMUL]; }

static void compare(cg_device *dev, int batch, int in, int out, cg_optimizer *(*make)(cg_module *)) {
    training a = training_of(dev, batch, in, out, make), b = training_of(dev, batch, in, out, make);
    for (int i = 0; i < STEPS; i++) {
        backward(&a);
        backward(&b);
        CHECK(cg_eval(gradient(&b)) != NULL);
        step(&a);
        step(&b);
        check_same(&a, &b);
    }
    training_free(&a);
    training_free(&b);
}

/* Every kind of step, against the gradient computed before it. */
DEVICE_TEST(small_step_product, same_bits) {
    static const struct {
        const char *name;
        cg_optimizer *(*make)(cg_module *m);
    } kinds[] = {
        {"sgd", sgd}, {"momentum", momentum}, {"adam", adam}, {"amsgrad", amsgrad}, {"grouped", grouped}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        check_case("%s", kinds[k].name);
        compare(dev, BATCH, IN, OUT, kinds[k].make);
    }
}

/* So large that the threads share the product: by its rows, by its columns where it has few rows, and by both. */
CPU_TEST(step_product, same_bits_in_pieces) {
    compare(dev, LARGER * BATCH, LARGER * IN, LARGER * OUT, adam);
    compare(dev, 2, 8, 100003, adam);
    compare(dev, 2, 200, 20001, adam);
}

/* On a backend whose products may have many outputs nothing but the product is there of the gradient, before and after. */
CPU_TEST(small_step_product, the_gradient_takes_no_memory) {
    training t = training_new(dev, adam);
    uint64_t before = products(dev);
    CHECK(cg_matmul(t.x, cg_transpose(t.x, 0, 1)) != NULL);
    const bool deferred = products(dev) == before;
    backward(&t);
    step(&t);
    const uint64_t start = cg_device_statistics(dev).bytes_in_use;
    backward(&t);
    const uint64_t held = cg_device_statistics(dev).bytes_in_use - start;
    before = products(dev);
    step(&t);
    if (deferred) CHECK(products(dev) == before + 1 && held < IN * OUT * sizeof(float));
    training_free(&t);
}

/* Whoever else looks at the gradient finds it, whatever happens to what it is made of. */
DEVICE_TEST(small_step_product, other_readers) {
    for (int i = 0; i < 4; i++) {
        check_case("reader %d", i);
        training t = training_new(dev, sgd), other = training_new(dev, sgd);
        backward(&other);
        cg_tensor *want = cg_eval(cg_mul(gradient(&other), 1)), *zeros = cg_zeros_like(t.x);
        step(&other);
        backward(&t);
        cg_tensor *kept = i == 0 ? cg_retain(gradient(&t)) : NULL;
        cg_tensor *view = i == 1 ? cg_transpose(gradient(&t), 0, 1) : NULL;
        cg_tensor *row = i == 2 ? cg_mul(gradient(&t), 2) : NULL;
        if (i == 3) CHECK(cg_assign(t.x, zeros) == CG_OK);
        step(&t);
        CHECK(cg_assign(t.x, zeros) == CG_OK);
        if (kept) check_same_bits(kept, want);
        if (view) check_same_bits(cg_transpose(view, 0, 1), want);
        if (row) check_same_bits(row, cg_mul(want, 2));
        cg_release(kept);
        check_same(&t, &other);
        training_free(&t);
        training_free(&other);
    }
}

/* A second backward adds to the first one's. */
DEVICE_TEST(small_step_product, gradients_that_add_up) {
    training a = training_new(dev, adam), b = training_new(dev, adam);
    for (int i = 0; i < 2; i++) {
        backward(&a);
        backward(&b);
        CHECK(cg_eval(gradient(&b)) != NULL);
    }
    check_same_bits(gradient(&a), gradient(&b));
    step(&a);
    step(&b);
    check_same(&a, &b);
    training_free(&a);
    training_free(&b);
}

/* Of two operands larger than the gradient neither is held after the walk: also not of the left operand's gradient. */
DEVICE_TEST(small_step_product, larger_operands_are_let_go_of) {
    enum { LONG = 4000 }; /* below what has its kernels measured: a simulator would take minutes */
    cg_tensor *w = cg_require_grad(cg_eval(cg_ones(dev, CG_F32, cg_shape(4, 4))), true);
    const uint64_t before = device_bytes(dev);
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = cg_eval(cg_mul(cg_ones(dev, CG_F32, cg_shape(4, LONG)), 2));
    CHECK(cg_backward(cg_sum(cg_square(cg_matmul(w, x)), CG_ALL_AXES, false)) == CG_OK);
    cg_scope_end(scope);
    CHECK_MSG(device_bytes(dev) - before < LONG, "%llu bytes more",
              (unsigned long long)(device_bytes(dev) - before));
}

static cg_status refuse(cg_hw *hw, const cg_map_many_request *r) {
    (void)hw, (void)r;
    return CG_ERROR_MEMORY;
}

/* A step whose last request fails has stepped the product; called again it steps the others, and only those. */
DEVICE_TEST(small_step_product, a_step_that_fails_halfway) {
    training a = training_new(dev, adam), b = training_new(dev, adam);
    const cg_backend *whole = dev->hw->backend;
    cg_backend broken = *whole;
    broken.map_many = refuse;
    for (int i = 0; i < STEPS; i++) {
        backward(&a);
        backward(&b);
        dev->hw->backend = &broken;
        CHECK(cg_optimizer_step(a.optimizer) != CG_OK);
        dev->hw->backend = whole;
        cg_error_clear(dev);
        step(&a);
        step(&b);
        check_same(&a, &b);
    }
    training_free(&a);
    training_free(&b);
}
